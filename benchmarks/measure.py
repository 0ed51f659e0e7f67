"""What a process costs, as the operating system counts it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

OWN_SETTINGS = ("STREAMING_", "DATABRICKS_", "ALERT_", "BENCHMARK_", "DBT_")


@dataclass(frozen=True)
class Command:
    """A command, the folder it is typed in, and the variables that it needs."""

    arguments: tuple[str, ...]
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """What a process and those it waited for cost.

    Attributes:
        wall: seconds from start to end.
        cpu: seconds of all cores, of the user and of the system.
        memory: bytes that the largest of the processes held at its peak.
    """

    wall: float
    cpu: float
    memory: int


class CommandFailed(Exception):
    """A command ended with an error; says which, and the end of what it printed."""


def run(command: Command) -> Cost:
    """Runs a command to its end; gives what it cost.

    Raises:
        CommandFailed: its exit status is not 0.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(OWN_SETTINGS)}
    with tempfile.TemporaryFile() as printed:
        began = time.monotonic()
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env={**inherited, "NO_COLOR": "1", **command.settings},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(max(0, printed.seek(0, os.SEEK_END) - 4000))
            told = printed.read().decode(errors="replace")
            raise CommandFailed(
                f"{' '.join(command.arguments)} in {command.folder} ended with "
                f"{process.returncode}:\n{told}"
            )
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
