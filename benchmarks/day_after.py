"""Builds prod from a generated history, and runs the day after it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlmesh import Context

from generator.generate import append_day, write_landing
from generator.population import Settings

PROJECT = Path(__file__).parent.parent
START = date(2026, 1, 1)


@contextmanager
def built(
    watches: int, days: int, folder: Path, gateway: str | None = None
) -> Iterator[tuple[Context, Callable[[], None]]]:
    """Builds prod in `folder`; gives its context, and a function that runs one day more.

    Args:
        watches: of the history.
        days: of the history.
        gateway: of config.py; None for the default.

    Raises:
        RuntimeError: that run did not succeed.
    """
    landing, data = folder / "landing", folder / "data"
    settings = Settings(watches, days, "parquet", 1, START, 0.01, 0.005)
    write_landing(settings, landing)
    data.mkdir()
    os.environ |= {
        "STREAMING_LANDING": str(landing),
        "STREAMING_LANDING_FORMAT": settings.format,
        "STREAMING_DATA_DIR": str(data),
    }
    morning = datetime.combine(START + timedelta(days=days), time(6))
    context = Context(paths=PROJECT, gateway=gateway)

    def run_day_after() -> None:
        append_day(landing)
        with_day = morning + timedelta(days=1)
        status = context.run("prod", execution_time=with_day, skip_janitor=True)
        if not status.is_success:
            raise RuntimeError(f"The run of {with_day} ended with {status}: see above")

    try:
        context.plan(
            "prod", auto_apply=True, no_prompts=True, skip_tests=True, execution_time=morning
        )
        yield context, run_day_after
    finally:
        context.close()
        context.engine_adapter.close()
