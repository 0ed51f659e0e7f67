"""The landing is looked at before a plan or run writes anything, and told of at its end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydantic import PrivateAttr
from sqlmesh import Context
from sqlmesh.core.notification_target import GenericNotificationTarget, NotificationEvent
from sqlmesh.utils.date import to_date
from sqlmesh.utils.errors import SQLMeshError

from operations.hooks import PLANS_AND_RUNS, join
from operations.sqlmesh_internals import get_console, listen, say

if TYPE_CHECKING:
    from operations.landing.account import Account

logger = logging.getLogger(__name__)

MARK = "_streaming_landing"
IDLE = "No models are ready to run"  # how SQLMesh says that a run has nothing to do

# Of the last plan or run of this process, by its environment.
_found: dict[str, Account] = {}


class LandingAccount(GenericNotificationTarget):
    """Looks at the landing before anything is written, and tells of it at the end."""

    notify_on: frozenset[NotificationEvent] = PLANS_AND_RUNS
    _context: Context = PrivateAttr()
    _environment: str = PrivateAttr("")
    _is_first: bool = PrivateAttr(False)

    def notify_apply_start(self, environment: str, *args: Any, **kwargs: Any) -> None:
        """A plan begins. It may be what loads late days, so it does not look for them."""
        _refuse_earlier_start(self._context, environment)
        self._look(environment, with_late=False)
        state = self._context.state_reader
        self._is_first = environment == "prod" and not state.get_environment(environment)

    def notify_run_start(self, environment: str, *args: Any, **kwargs: Any) -> None:
        """A run begins."""
        _refuse_earlier_start(self._context, environment)
        self._look(environment, with_late=True)

    def notify_apply_end(self, environment: str, *args: Any, **kwargs: Any) -> None:
        """A plan has ended. If it was prod's first, one before may have stopped half way, and what
        that had loaded may have changed since: nothing has compared it.
        """
        if self._is_first:
            self._look(environment, with_late=True)
        _tell(environment)

    def notify_run_end(self, *args: Any, **kwargs: Any) -> None:
        """Tells what of the landing is not loaded."""
        _tell(self._environment)

    # pydantic's plugin for mypy takes these methods for fields.
    notify_run_failure = notify_apply_failure = notify_run_end  # type: ignore[pydantic-field]

    def _look(self, environment: str, with_late: bool) -> None:
        # Not imported above: it is read with the macros, and the hooks with config.py before them.
        from operations.landing.account import look

        self._environment = environment
        _found.pop(environment, None)  # so that it is the last
        _found[environment] = look(self._context, environment, with_late)


def _refuse_earlier_start(context: Context, environment: str) -> None:
    """Raises where models that were computed would now begin earlier than they did.

    The days before would be computed after those that build on them: prod would go back in time.
    """
    from operations.environment.shown import shown

    for name in dict.fromkeys((environment, "prod")):
        for snapshot in shown(context, name)[0].values():
            model = context.get_model(snapshot.name) if snapshot.is_model else None
            if not model or not snapshot.intervals or not (model.start and snapshot.model.start):
                continue
            start, before = to_date(model.start), to_date(snapshot.model.start)
            if start < before:
                raise SQLMeshError(
                    f"The models now start on {start}, and what {name} shows was built from "
                    f"{before} on: the days before cannot be loaded after those that follow. "
                    f"Nothing was changed. Set the start back to {before}; or build all from "
                    f"{start} on into a new STREAMING_DATA_DIR (on Databricks: into new catalogs)."
                )


def _tell(environment: str) -> None:
    lines = _found[environment].lines(environment)
    say(lines, style="yellow")
    for line in lines:
        logger.warning(line)


def _tell_if_idle(message: str) -> None:
    """Tells of the landing after a run with nothing to do, of whose end SQLMesh tells no target."""
    if message.startswith(IDLE):
        _tell(next(reversed(_found)))


def account_for_landing(context: Context) -> None:
    """Has each plan and run look at the landing, and tell of it."""
    console = get_console()
    if not hasattr(console, MARK):
        setattr(console, MARK, True)
        listen("log_status_update", _tell_if_idle)
    target = LandingAccount()
    target._context = context
    join(context, target)


def found(environment: str) -> Account | None:
    """What the last plan or run of an environment found in the landing; None without any."""
    return _found.get(environment)
