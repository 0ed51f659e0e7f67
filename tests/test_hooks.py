"""What the project adds to a command begins in the order of the loader, and ends in the other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pydantic import PrivateAttr
from sqlmesh.core.notification_target import GenericNotificationTarget, NotificationEvent

from operations.hooks import PLANS_AND_RUNS, join


class Told(GenericNotificationTarget):
    """Writes down that it is told."""

    notify_on: frozenset[NotificationEvent] = PLANS_AND_RUNS
    _name: str = PrivateAttr()
    _told: list[str] = PrivateAttr()

    def notify_run_start(self, *args: Any, **kwargs: Any) -> None:
        self._told.append(self._name)

    notify_run_failure = notify_run_start


def test_targets_are_told_in_order() -> None:
    """SQLMesh keeps targets in a set, whose order is another one in each process."""
    told: list[str] = []
    names = [str(number) for number in range(20)]
    context: Any = SimpleNamespace(config=SimpleNamespace(notification_targets=[]))
    for name in names:
        target = Told()
        target._name, target._told = name, told
        join(context, target)
    [order] = context.config.notification_targets
    order.notify_run_start(environment="prod")
    assert told == names
    order.notify_run_failure("it failed")
    assert told == names + names[::-1]
    order.notify_migration_start()
    assert len(told) == 2 * len(names)
