"""What was erased goes out of the local files too: what a file no longer needs, it still holds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr
from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.notification_target import GenericNotificationTarget, NotificationEvent

from macros.settings import setting
from operations.hooks import PLANS_AND_RUNS, join
from operations.sqlmesh_internals import say


class Erasing(GenericNotificationTarget):
    """Has the local databases written anew when a plan or run that erased somebody ends or fails.

    One that was cut off before leaves its mark: the next does it when it begins.
    """

    notify_on: frozenset[NotificationEvent] = PLANS_AND_RUNS
    _context: Context = PrivateAttr()

    def notify_apply_start(self, *args: Any, **kwargs: Any) -> None:
        """A plan or run begins or has ended."""
        write_anew(self._context)

    # pydantic's plugin for mypy takes these methods for fields.
    notify_apply_end = notify_run_start = notify_apply_start  # type: ignore[pydantic-field]
    notify_run_end = notify_apply_failure = notify_apply_start  # type: ignore[pydantic-field]
    notify_run_failure = notify_apply_start  # type: ignore[pydantic-field]


def erase_for_good(context: Context) -> None:
    """Has each plan and run see to it that nothing of what was erased stays in the local files."""
    target = Erasing()
    target._context = context
    join(context, target)


def write_anew(context: Context) -> None:
    """Writes the local databases anew if something was erased in them since this was done last."""
    # Not imported above: it is read with the macros, and the hooks with config.py before them.
    from macros.erasure import MARK

    mark = Path(setting("STREAMING_DATA_DIR")) / MARK
    adapter = context.engine_adapter
    if adapter.dialect != "duckdb" or not mark.exists():
        return
    databases = {
        catalog: Path(path)
        for catalog, path in adapter.fetchall(
            "SELECT database_name, path FROM duckdb_databases() WHERE path IS NOT NULL"
        )
    }
    say(["Writing the databases anew, so that nothing is left of what was erased"], style="yellow")
    for catalog, path in databases.items():
        fresh = _fresh(path)
        fresh.unlink(missing_ok=True)
        adapter.execute(f"ATTACH {exp.Literal.string(str(fresh)).sql('duckdb')} AS fresh")
        adapter.execute(f"COPY FROM DATABASE {catalog} TO fresh")
        adapter.execute("DETACH fresh")
        adapter.execute(f"CHECKPOINT {catalog}")
    adapter.close()
    for path in databases.values():
        shutil.copymode(path, _fresh(path))
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        os.replace(_fresh(path), path)
    mark.unlink()


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}.fresh")
