"""What an environment changes in the data: `python -m operations.changes ENVIRONMENT`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlmesh import Context

from operations import PROJECT
from operations.changes import report as change_report
from operations.changes.between import PROD, ChangesError, changes

FORMATS = {"text": change_report.text, "markdown": change_report.markdown}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The arguments. Exits with 2 on a wrong one."""
    parser = argparse.ArgumentParser(
        prog="python -m operations.changes",
        description="Show what an environment changes in the data, against prod.",
    )
    parser.add_argument("environment", help="an environment that was planned from this checkout")
    parser.add_argument("--against", default=PROD, help="compared with (default: %(default)s)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, help="a file to write; default: the output")
    parser.add_argument("--gateway", help="a gateway of config.py; default: its default")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the report; gives the exit status: 0, or 1 after an error, told on stderr."""
    options = parse(arguments)
    context = Context(paths=PROJECT, gateway=options.gateway)
    try:
        found = changes(context, options.environment, options.against, say=_say)
    except ChangesError as error:
        print(f"changes: {error}", file=sys.stderr)
        return 1
    finally:
        context.close()
    report = FORMATS[options.format](found)
    if options.out:
        options.out.write_text(report, encoding="utf-8")
    else:
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        sys.stdout.write(report)
    return 0


def _say(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
