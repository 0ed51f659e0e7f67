"""What many days leave behind, drawn: `python -m benchmarks.soak`.

The days are those of tests/test_soak.py, which writes benchmarks/results/soak.json. Draws
benchmarks/results/soak.svg from it, seconds and memory of the scheduler's run and what grows, and
prints some of the days as a table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt  # noqa: E402

from benchmarks.day_after import START  # noqa: E402

RESULTS = Path(__file__).parent / "results"
MIB = 2**20
COLOUR, PROMOTION = "#0b6e4f", "#edae49"
# Each panel: its title, and what it shows of a day.
PANELS: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "run, seconds of all cores": lambda day: day["seconds"],
    "run, MiB at the peak": lambda day: day["memory"] / MIB,
    "delivered files": lambda day: day["landed"],
    "data and state, MiB": lambda day: day["size"] / MIB,
    "files of data and state": lambda day: day["files"],
    "physical tables": lambda day: day["tables"],
    "rows of the state": lambda day: sum(day["state_rows"].values()),
    "logs, MiB": lambda day: day["logs"] / MIB,
    "cache, MiB": lambda day: day["cache"] / MIB,
}
ACROSS = 3
TOLD = 7  # days in the table


def draw(results: Mapping[str, Any], path: Path) -> None:
    """Draws a panel for each measure, over the days; a line marks each deployment."""
    # The same results give the same bytes; letters stay text, which is small and can be searched.
    matplotlib.rcParams |= {"svg.hashsalt": "soak", "svg.fonttype": "none"}
    days = results["days"]
    deployed = [
        _number(day) for day in days if any(event.startswith("deployed") for event in day["events"])
    ]
    down = -(-len(PANELS) // ACROSS)
    figure, axes = plt.subplots(
        down, ACROSS, figsize=(4 * ACROSS, 2.5 * down), squeeze=False, layout="constrained"
    )
    for axis, (title, measure) in zip(axes.flat, PANELS.items(), strict=True):
        for number in deployed:
            axis.axvline(number, color=PROMOTION, linewidth=0.5)
        axis.plot(list(map(_number, days)), list(map(measure, days)), color=COLOUR)
        axis.set_ylim(bottom=0)
        axis.set(title=title, xlabel="day")
        axis.title.set_fontsize("medium")
        axis.grid(True, linewidth=0.3)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _number(day: Mapping[str, Any]) -> int:
    """Which day of the history it is, from 1."""
    return (date.fromisoformat(day["day"]) - START).days + 1


def markdown(results: Mapping[str, Any]) -> str:
    """Some days with a run as a table, a column a day, and what happened in all of them."""
    days = results["days"]
    numbers = sorted({round(n * (len(days) - 1) / (TOLD - 1)) for n in range(TOLD)})
    lines = [
        f"| day | {' | '.join(str(_number(days[number])) for number in numbers)} |",
        f"|---|{'--:|' * len(numbers)}",
        *(
            f"| {title} | {' | '.join(f'{measure(days[number]):,.4g}' for number in numbers)} |"
            for title, measure in PANELS.items()
        ),
        "",
        f"Seed {results['seed']}: "
        + ", ".join(f"{count} {name}" for name, count in results["counts"].items()),
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    results = json.loads((RESULTS / "soak.json").read_text(encoding="utf-8"))
    draw(results, RESULTS / "soak.svg")
    print(markdown(results))


if __name__ == "__main__":
    main()
