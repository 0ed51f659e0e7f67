"""The dashboard as a page of pictures, without any script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import vl_convert
from sqlmesh import Context

from dashboard import figures
from dashboard.charts import Figure
from dashboard.data import Frames, read
from dashboard.key_figures import key_figures
from dashboard.words import data_up_to
from operations.pages import render

SHOWS = 6  # those watched most have a section of their own
INK = {"light": "#1c1c22", "dark": "#f2f3f7"}


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    said: str
    figures: list[Figure]


def export(context: Context, environment: str, folder: Path) -> None:
    """Writes index.html, and each chart as SVG for light and for dark.

    Raises:
        NoEnvironment: The environment is not there.
    """
    frames = read(context, environment)
    parts = list(sections(frames))
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in pictures(parts):
        (folder / name).write_text(svg, encoding="utf-8")
    text = render(
        "dashboard/export.html.j2",
        sections=parts,
        environment=environment,
        up_to=data_up_to(frames),
    )
    (folder / "index.html").write_text(text, encoding="utf-8")


def sections(frames: Frames) -> Iterator[Section]:
    """All that the dashboard shows, from top to bottom."""
    period, keys = key_figures(frames)
    numbers = (f"{k.name} {k.value}{k.change and f' ({k.change})'}" for k in keys)
    said = f"{period}: {'; '.join(numbers)}."
    yield Section("Viewing", said, [f(frames) for f in figures.VIEWING])
    yield Section("Users", "", [f(frames) for f in figures.USERS])
    for row in frames["shows"].head(SHOWS).itertuples():
        said, about = figures.show(frames, row.show_id)
        yield Section(f"Show: {row.title}", said, about)
    yield Section("Data quality", "", [f(frames) for f in figures.QUALITY])


def pictures(parts: Iterable[Section]) -> Iterator[tuple[str, str]]:
    """The file names and the SVG of all charts, for light and for dark."""
    for figure in (figure for part in parts for figure in part.figures):
        if figure.chart is not None:
            for ground, ink in INK.items():
                yield f"{figure.name}-{ground}.svg", picture(figure, ink)


def picture(figure: Figure, ink: str) -> str:
    """A chart as SVG, with texts and lines in a colour, on no ground."""
    assert figure.chart is not None
    words = {"labelColor": ink, "titleColor": ink}
    drawn = figure.chart.configure(background="transparent", font="sans-serif")
    drawn = drawn.configure_axis(**words, domainColor=ink, tickColor=ink, gridColor="#8888884d")
    drawn = drawn.configure_header(**words, labelFontWeight="bold").configure_text(color=ink)
    drawn = drawn.configure_view(stroke=None)
    return vl_convert.vegalite_to_svg(drawn.to_json())
