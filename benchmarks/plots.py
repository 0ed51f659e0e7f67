"""The results as plots: how each work grows with the history, on log axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.ticker import LogLocator, NullLocator  # noqa: E402

# Each measure: what stands at the axis, and by what its values are divided.
MEASURES = {
    "wall": ("seconds", 1),
    "cpu": ("seconds of all cores", 1),
    "memory": ("MiB at the peak", 2**20),
}
COLOURS = {"sqlmesh": "#0b6e4f", "dbt": "#d1495b", "plain": "#5c6b73"}
OTHER_COLOUR = "#edae49"
ACROSS = 3


def draw(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draws one file for each measure; gives the files. There are none without parquet."""
    medians = [m for m in results["medians"] if m["format"] == "parquet"]
    if not medians:
        return []
    # The same results give the same bytes; letters stay text, which is small and can be searched.
    matplotlib.rcParams |= {"svg.hashsalt": "peers", "svg.fonttype": "none"}
    return [_growth(medians, measure, folder / f"peers_{measure}.svg") for measure in MEASURES]


def _growth(medians: Sequence[Mapping[str, Any]], measure: str, path: Path) -> Path:
    """A panel for each work, a line for each contestant."""
    label, unit = MEASURES[measure]
    works = list(dict.fromkeys(m["work"] for m in medians))
    down = -(-len(works) // ACROSS)
    figure, axes = plt.subplots(
        down, ACROSS, figsize=(4 * ACROSS, 3 * down), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(works) :]:
        axis.set_visible(False)
    for axis, work in zip(axes.flat, works, strict=False):
        of_work = [m for m in medians if m["work"] == work]
        for contestant in dict.fromkeys(m["contestant"] for m in of_work):
            points = sorted(
                (m["watches"], m[measure] / unit) for m in of_work if m["contestant"] == contestant
            )
            colour = COLOURS.get(contestant, OTHER_COLOUR)
            axis.plot(*zip(*points, strict=True), marker="o", label=contestant, color=colour)
        axis.set(xscale="log", yscale="log", title=work, xlabel="watches", ylabel=label)
        axis.yaxis.set_major_formatter("{x:,g}")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.set_ylim(*_decade(axis.get_ylim()))
        axis.title.set_fontsize("medium")
        axis.grid(True, linewidth=0.3)
        axis.legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path


def _decade(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits of a log axis, made wider where they are so near that noise would look like growth."""
    low, high = limits
    wider = max(1.0, (10 * low / high) ** 0.5)
    return low / wider, high * wider
