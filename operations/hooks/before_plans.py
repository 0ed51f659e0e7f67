"""Has steps done before a plan writes. SQLMesh tells a console the plan alone, not whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import PrivateAttr
from sqlmesh import Context
from sqlmesh.core.notification_target import GenericNotificationTarget, NotificationEvent

from operations.hooks import join
from operations.sqlmesh_internals import EvaluatablePlan, before

_planning: dict[str, Context] = {}  # by the id of the plan that is about to begin


class PlanBegins(GenericNotificationTarget):
    """Keeps in mind which context a plan is of."""

    notify_on: frozenset[NotificationEvent] = frozenset({NotificationEvent.APPLY_START})
    _context: Context = PrivateAttr()

    def notify_apply_start(self, environment: str, plan_id: str, *args: Any, **kwargs: Any) -> None:
        """A plan begins."""
        _planning.clear()  # of one that did not come so far
        _planning[plan_id] = self._context


def look_before_plans(context: Context, *steps: Callable[[Context, EvaluatablePlan], None]) -> None:
    """Has each plan of a context take steps before it writes; one that raises stops the plan."""

    def take(plan: EvaluatablePlan) -> None:
        planning = _planning.pop(plan.plan_id, None)
        if planning is not None:  # else it is of a project without these hooks
            for step in steps:
                step(planning, plan)

    before("start_plan_evaluation", take)
    target = PlanBegins()
    target._context = context
    join(context, target)


def is_rollback(plan: EvaluatablePlan) -> bool:
    """Whether a plan brings back what prod had: it computes nothing, and makes no version."""
    return plan.skip_backfill and not plan.new_snapshots and not plan.is_dev
