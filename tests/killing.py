"""Commands in a process of their own, each of which can be killed before any of its steps.

A step is a statement to the engine or the state, the end of a transaction, or a file of the data
that is replaced or removed. The process is forked from this one, so that it starts at once, and
is killed by SIGKILL, so that nothing of it tidies up.
"""

from __future__ import annotations

import itertools
import logging
import os
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from typing import Any, NoReturn

import time_machine
from harness import Platform, cache_for_any_folder, forget_macros, morning_after
from sqlmesh.cli.main import cli
from sqlmesh.core.engine_adapter import DatabricksEngineAdapter, DuckDBEngineAdapter
from sqlmesh.utils.connection_pool import _TransactionManagementMixin

import operations
from operations.cli import main

KILLED = -signal.SIGKILL
BEGAN = time.monotonic()
PLAN = ("sqlmesh", "plan", "--auto-apply", "--no-prompts", "--skip-tests", "--skip-linter")
RUN = ("streaming", "run", "--yes")  # the scheduler's; it is told once that late days are meant
NEXT = re.compile(r"\b(?:streaming|sqlmesh) [a-z][\w-]*(?: (?!is\b|or\b|and\b)[\w./=:-]+)*")
TERMINAL = {"COLUMNS": "400", "NO_COLOR": "1"}
READS = re.compile(r"(/\*.*?\*/ *)*(SELECT|DESCRIBE|SHOW|PRAGMA)\b")


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: its exit code; KILLED if it was killed.
        said: what it printed.
        steps: the steps that it came to; before the last of them it was killed.
        seconds: of all cores.
        memory: bytes that it held at its peak.
    """

    code: int
    said: str
    steps: list[str]
    seconds: float
    memory: int

    @property
    def killed(self) -> bool:
        """Whether it came to the step before which it was to be killed."""
        return self.code == KILLED

    def writes(self) -> list[int]:
        """The steps before which a kill leaves something else than before those that came before.

        They are the first, and those that follow one that does not only read.
        """
        return [
            number
            for number in range(1, len(self.steps) + 1)
            if number == 1 or not READS.match(self.steps[number - 2])
        ]

    def next_step(self) -> tuple[str, ...] | None:
        """The command that the last line names, as it is typed where nobody answers."""
        lines = self.said.strip().splitlines()
        named = NEXT.search(lines[-1]) if lines else None
        if not named:
            return None
        words = tuple(named[0].rstrip(".,:").split())
        if words[:2] == PLAN[:2]:
            return (*PLAN, *words[2:])
        return (*words, "--yes") if words[0] == "streaming" else words


def command(platform: Platform, day: date, *words: str, kill_at: int = 0) -> Ended:
    """A command, typed in the platform's checkout on the morning after a day.

    The later it is typed here, the later it is on that morning.

    Args:
        words: `streaming` or `sqlmesh`, and its arguments.
        kill_at: the number of the step, from 1, before which it is killed; 0 lets it end.
    """
    program, *arguments = words
    typed_as = {
        "streaming": (lambda words: main(), arguments),
        # The folder it is typed in SQLMesh knows from when it was imported.
        "sqlmesh": (cli, ["--paths", str(platform.project), *arguments]),
    }
    environment = platform.environment() | TERMINAL
    moment = morning_after(day).replace(tzinfo=timezone.utc)
    moment += timedelta(seconds=time.monotonic() - BEGAN)

    def typed() -> int:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(platform.project)
        logging.getLogger().handlers.clear()  # pytest's; a process of its own has none
        operations.PROJECT = operations.cli.PROJECT = platform.project
        forget_macros()
        with time_machine.travel(moment), cache_for_any_folder(platform.data):
            group, given = typed_as[program]
            sys.argv = [program, *given]
            try:
                group(given)
            except SystemExit as end:
                return int(end.code or 0)
        return 0

    return _apart(typed, kill_at)


def ended(platform: Platform, day: date, *words: str, kill_at: int = 0) -> Ended:
    """As `command`; asserts that it succeeds unless it is killed."""
    found = command(platform, day, *words, kill_at=kill_at)
    assert found.killed or found.code == 0, found.said
    return found


def _apart(work: Callable[[], int], kill_at: int) -> Ended:
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as steps:
        child = os.fork()
        if not child:
            _do(work, kill_at, said.fileno(), steps.fileno())
        _, status, usage = os.wait4(child, 0)
        said.seek(0)
        steps.seek(0)
        return Ended(
            os.waitstatus_to_exitcode(status),
            said.read(),
            steps.read().splitlines(),
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * 1024,
        )


def _do(work: Callable[[], int], kill_at: int, said: int, steps: int) -> NoReturn:
    """What the new process does."""
    code = 1
    try:
        for stream in (1, 2):
            os.dup2(said, stream)
        sys.stdout = sys.stderr = open(1, "w", closefd=False)  # noqa: SIM115
        _count(steps, kill_at)
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _count(steps: int, kill_at: int) -> None:
    """Has each step of this process written down, and one of them kill it."""
    numbers, lock = itertools.count(1), threading.Lock()

    def counted(owner: Any, name: str, told: Callable[..., str | None]) -> None:
        done = getattr(owner, name)

        def step(*arguments: Any, **named: Any) -> Any:
            if text := told(*arguments):
                with lock:  # whoever comes now is as dead
                    os.write(steps, f"{' '.join(text.split())}\n".encode())
                    if next(numbers) == kill_at:
                        os.kill(os.getpid(), signal.SIGKILL)
            return done(*arguments, **named)

        setattr(owner, name, step)

    def file(what: str, path: object) -> str | None:
        of_data = str(path).startswith(os.environ.get("STREAMING_DATA_DIR", os.devnull))
        return f"{what} {path}" if of_data else None

    for adapter in (DuckDBEngineAdapter, DatabricksEngineAdapter):
        counted(adapter, "_execute", lambda adapter, sql, *_: sql)
    counted(_TransactionManagementMixin, "_do_commit", lambda _: "COMMIT")
    counted(os, "replace", lambda _, target: file("replace", target))
    counted(os, "unlink", lambda path: file("unlink", path))
