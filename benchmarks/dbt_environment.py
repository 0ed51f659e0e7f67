"""The environment of dbt, apart from the project's own: `python -m benchmarks.dbt_environment`.

Makes it when it is not there or of other pins; else does nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent
PINS = BENCHMARKS / "requirements-dbt.txt"
FOLDER = BENCHMARKS / "dbt" / ".venv"
STAMP = FOLDER / "pins.sha256"
DBT = FOLDER / "bin" / "dbt"


def ready() -> bool:
    """Whether the environment is there, finished, and of the pins."""
    return DBT.exists() and STAMP.exists() and STAMP.read_text() == _wanted()


def make() -> None:
    """Makes the environment.

    Raises:
        subprocess.CalledProcessError: pip could not install the pins; its reason is above.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
    # The pins are complete, and pip would look for the package that was left out of them.
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([FOLDER / "bin" / "python", *install, "-r", PINS], check=True)
    STAMP.write_text(_wanted())


def _wanted() -> str:
    """What tells one environment from another: the pins, and where it is (scripts hold that)."""
    return hashlib.sha256(PINS.read_bytes() + os.fsencode(FOLDER)).hexdigest()


if __name__ == "__main__":
    if not ready():
        make()
