"""Does what `sqlmesh run` would do at another time: `run_at.py <time>`. It has no such option."""

from __future__ import annotations

import sys

from sqlmesh import Context
from sqlmesh.core.console import configure_console


def main(execution_time: str) -> int:
    """Runs prod; gives the exit status."""
    configure_console()
    context = Context(paths=".")
    try:
        return int(context.run("prod", execution_time=execution_time).is_failure)
    finally:
        context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
