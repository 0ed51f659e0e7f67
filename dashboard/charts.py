"""What figures are made of: a chart, a sentence, the numbers. Nothing is told by colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import altair as alt
import pandas as pd

WIDTH = 420  # pixels, as all below; two figures stand side by side in 1280
ROW = 26
STARS = 5  # the most of a rating
# Apart also for the colour-blind (after Okabe and Ito), with a contrast of 3 to both grounds.
COLOURS = {
    "accepted": "#0072b2",
    "superseded": "#7f7f7f",
    "quarantined": "#d55e00",
    "unaccounted": "#c04b8c",
}
MAIN = COLOURS["accepted"]


@dataclass(frozen=True)
class Figure:
    """A chart, the sentence above it, and the numbers in it.

    Attributes:
        name: Tells it apart: letters and `-`.
        title: What it shows, with the unit.
        rows: The numbers, as they are drawn.
        chart: None where there are no rows; then the title says so.
    """

    name: str
    title: str
    rows: pd.DataFrame
    chart: alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart | None

    @property
    def csv(self) -> str:
        """The numbers as csv, as an address that a browser can save."""
        return f"data:text/csv;charset=utf-8,{quote(self.rows.to_csv(index=False))}"


def nothing(name: str, title: str, rows: pd.DataFrame) -> Figure:
    """A figure that says that there are no rows."""
    return Figure(name, f"{title}.", rows, None)


def bars(
    rows: pd.DataFrame, by: str, value: str, unit: str, end: float | None = None
) -> alt.LayerChart:
    """Bars from left to right in the rows' order, with a label each.

    Args:
        end: Where the axis ends, if the value can be no larger; the labels stand behind it.
    """
    most = end or (float(rows[value].max()) or 1.0) * 1.6  # room for the labels beside the bars
    base = alt.Chart(rows).encode(
        x=alt.X(f"{value}:Q", title=unit, scale=alt.Scale(domain=(0, most), nice=False)),
        y=alt.Y(f"{by}:N", title=None, sort=list(rows[by]), axis=alt.Axis(labelLimit=220)),
    )
    labels = base.mark_text(align="left", dx=6, fontSize=12).encode(text="label:N")
    if end:
        labels = labels.encode(x=alt.datum(end))
    bars = base.mark_bar(color=MAIN, height={"band": 0.7})
    return (bars + labels).properties(width=WIDTH - 120, height=ROW * len(rows))


def columns(
    rows: pd.DataFrame, by: str, title: str, value: str, unit: str, label: str = ""
) -> alt.LayerChart:
    """Columns in the rows' order, each with its value above, or with a label."""
    base = alt.Chart(rows).encode(
        x=alt.X(f"{by}:O", title=title, sort=list(rows[by]), axis=alt.Axis(labelAngle=0)),
        y=alt.Y(f"{value}:Q", title=unit, axis=alt.Axis(tickMinStep=1)),
    )
    labels = base.mark_text(dy=-8, fontSize=12).encode(text=label or f"{value}:Q")
    return (base.mark_bar(color=MAIN) + labels).properties(width=WIDTH / 2 + 40, height=180)


def cells(
    rows: pd.DataFrame,
    x: alt.X,
    y: alt.Y,
    shade: str,
    text: str = "",
    colour: str = MAIN,
    size: int = 12,
) -> alt.LayerChart:
    """A cell for each row, with its number in it and the darker the more.

    Args:
        shade: The column that shades a cell.
        text: The column that is written in it, if it is another one.
        size: Of these signs, in pixels.
    """
    base = alt.Chart(rows).encode(x=x, y=y)
    grounds = base.mark_rect(color=colour).encode(
        opacity=alt.Opacity(f"{shade}:Q", legend=None, scale=alt.Scale(range=(0.15, 0.45)))
    )
    return grounds + base.mark_text(fontSize=size).encode(text=text or f"{shade}:Q")
