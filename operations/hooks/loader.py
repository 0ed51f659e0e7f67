"""How the project is loaded: as by SQLMesh, with this project's hooks and a faster start.

Of all that a configuration names, SQLMesh gives the context to the loader alone. The lock of the
shared state, the record of runs and the alerts need it.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlmesh import Context

from operations.hooks.alerts import alert_on_failure
from operations.hooks.before_plans import look_before_plans
from operations.hooks.belonging import begin_plan, keep_together
from operations.hooks.erasing import erase_for_good
from operations.hooks.failures import tell_failures_in_words
from operations.hooks.landing import account_for_landing
from operations.hooks.overwriting import refuse_to_overwrite
from operations.hooks.progress import show_in_short
from operations.hooks.run_record import keep_record
from operations.hooks.state_lock import lock_shared_state
from operations.hooks.unfinished import refuse_while_unfinished
from operations.sqlmesh_internals import Loader

# How many new objects Python waits for before it looks for garbage among them.
THRESHOLDS = (200_000, 10, 10)


class ProjectLoader(Loader):
    """SQLMesh's loader; what it loads is not searched for garbage."""

    def __init__(self, context: Context, path: Path) -> None:
        super().__init__(context, path)
        tell_failures_in_words(context)  # first: others listen to what is shown
        show_in_short()
        lock_shared_state(context)
        record = keep_record(context)
        keep_together(context)
        look_before_plans(
            context, refuse_to_overwrite, refuse_while_unfinished, begin_plan, record.begin_plan
        )
        account_for_landing(context)
        alert_on_failure(context)
        erase_for_good(context)

    def load(self, *arguments: Any, **options: Any) -> Any:
        """Loads the project."""
        with without_garbage_collection():
            return super().load(*arguments, **options)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Keeps what the block makes out of Python's search for garbage, until the next such block.

    A load makes a million small objects that live as long as the context. By default Python goes
    through them again and again, and once more at its end: a third of what a command takes.
    """
    if gc.get_freeze_count():  # the objects of the load before, which a new one replaces
        gc.unfreeze()
        gc.collect()
    else:
        atexit.register(gc.freeze)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
        gc.enable()
