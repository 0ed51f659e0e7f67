"""What SQLMesh is given: the loader, and what it does before, during and after plans and runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import PrivateAttr
from sqlmesh import Context
from sqlmesh.core.notification_target import GenericNotificationTarget, NotificationEvent

STARTS = frozenset(
    {
        NotificationEvent.APPLY_START,
        NotificationEvent.RUN_START,
        NotificationEvent.MIGRATION_START,
    }
)
# Of which a target is told that sees plans and runs begin and end.
PLANS_AND_RUNS = frozenset(
    {
        NotificationEvent.APPLY_START,
        NotificationEvent.APPLY_END,
        NotificationEvent.APPLY_FAILURE,
        NotificationEvent.RUN_START,
        NotificationEvent.RUN_END,
        NotificationEvent.RUN_FAILURE,
    }
)


class InOrder(GenericNotificationTarget):
    """Tells targets what SQLMesh tells it. SQLMesh keeps targets in a set, so in no order.

    They are told in the order in which they joined that something begins, and the other way round
    that it has ended: whoever holds the lock takes it first and frees it last.
    """

    notify_on: frozenset[NotificationEvent] = frozenset(NotificationEvent)
    _targets: list[GenericNotificationTarget] = PrivateAttr(default_factory=list)

    @property
    def targets(self) -> Sequence[GenericNotificationTarget]:
        """Those that joined, in their order."""
        return self._targets

    def add(self, target: GenericNotificationTarget) -> None:
        """Lets a target join."""
        self._targets.append(target)


def _telling(event: NotificationEvent) -> Callable[..., None]:
    def tell(self: InOrder, *args: Any, **kwargs: Any) -> None:
        for target in self.targets if event in STARTS else reversed(self.targets):
            if event in target.notify_on:
                getattr(target, f"notify_{event.value}")(*args, **kwargs)

    return tell


for _event in NotificationEvent:
    setattr(InOrder, f"notify_{_event.value}", _telling(_event))


def join(context: Context, target: GenericNotificationTarget) -> None:
    """Has a target told of what a context does, after those that joined before."""
    order = _order(context)
    if order is None:
        order = InOrder()
        context.config.notification_targets.append(order)
    order.add(target)


def joined(context: Context) -> Sequence[GenericNotificationTarget]:
    """The targets of a context that joined, in their order."""
    order = _order(context)
    return order.targets if order else ()


def _order(context: Context) -> InOrder | None:
    targets = context.config.notification_targets
    return next((target for target in targets if isinstance(target, InOrder)), None)
