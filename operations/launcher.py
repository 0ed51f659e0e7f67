"""Writes the command `streaming` beside the Python that runs this file.

`setup.sh` calls it for .venv, and the workflows' action for theirs. The command works from every
folder, and it is this checkout that it runs, whose path may have blanks.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# In the place of the folder where it is called, whose files are not to be taken for modules
START = "import sys; sys.path[0] = {!r}; from operations.cli import main; main()"


def call(project: Path = PROJECT) -> list[str]:
    """What runs the command of a checkout, with this Python; its arguments follow."""
    return [sys.executable, "-c", START.format(str(project))]


def write(folder: Path, project: Path = PROJECT) -> Path:
    """Writes the command of a checkout into a folder; gives its path."""
    command = folder / "streaming"
    command.write_text(f'#!/bin/sh\nexec {shlex.join(call(project))} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return command


if __name__ == "__main__":
    write(Path(sys.executable).parent)
