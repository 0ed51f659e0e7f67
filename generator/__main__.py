"""The command line: ``python -m generator``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from generator.generate import append_day, write_landing
from generator.population import FORMATS, MAX_DIRT, MAX_LATE, DeliveriesError, Settings

DEFAULTS: dict[str, Any] = {"seed": 42, "start": date(2026, 1, 1), "dirt": 0.01, "late": 0.005}
NEEDED = ("watches", "days", "format")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The arguments; what was not given of a landing is absent. Exits with 2 on a wrong one."""
    parser = argparse.ArgumentParser(
        prog="python -m generator", description="Generate deliveries of the four feeds."
    )
    given = parser.add_argument_group(
        "what a new landing is made from (an appended day reads it back)"
    )

    def add(name: str, type: Callable[[str], object], text: str, **more: object) -> None:
        more |= {"type": type, "help": text, "default": argparse.SUPPRESS}
        given.add_argument(f"--{name}", **more)  # type: ignore[arg-type]

    add("watches", int, "watches that take place in these days")
    add("days", int, "delivery days")
    add("format", str, "file format", choices=FORMATS)
    add("seed", int, f"another seed is another population (default {DEFAULTS['seed']})")
    add(
        "start", date.fromisoformat, f"first delivery day, YYYY-MM-DD (default {DEFAULTS['start']})"
    )
    add(
        "dirt",
        float,
        f"share of rows with a bad value, 0 to {MAX_DIRT} (default {DEFAULTS['dirt']})",
    )
    add(
        "late",
        float,
        f"share of watches delivered late, 0 to {MAX_LATE} (default {DEFAULTS['late']})",
    )
    parser.add_argument("--out", type=Path, required=True, help="the landing's root")
    parser.add_argument(
        "--append-day", action="store_true", help="add the next day to the landing in --out"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; gives the exit status: 0, or 1 after an error, told on stderr."""
    values = vars(parse(arguments))
    root, append = values.pop("out"), values.pop("append_day")
    try:
        if append and values:
            raise DeliveriesError(
                f"--append-day with --{', --'.join(values)}: leave these out, "
                "the landing's own settings are read back"
            )
        if not append and (absent := [name for name in NEEDED if name not in values]):
            raise DeliveriesError(
                f"a new landing needs --{', --'.join(absent)}: give them, or --append-day"
            )
        written = (
            append_day(root) if append else write_landing(Settings(**(DEFAULTS | values)), root)
        )
    except (DeliveriesError, OSError, duckdb.IOException) as error:
        print(f"deliveries: {error}", file=sys.stderr)
        return 1
    print(written.summary())
    if append:
        print("Next: sqlmesh run, with STREAMING_LANDING as before")
    else:
        landing = f"STREAMING_LANDING={root} STREAMING_LANDING_FORMAT={values['format']}"
        print(f"Next: mkdir mine && STREAMING_DATA_DIR=mine {landing} bash setup.sh run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
