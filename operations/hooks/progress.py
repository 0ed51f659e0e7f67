"""What a terminal shows of a plan or run: a line a model, or a line a layer where models are many.

The log has a line for each.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmesh.core.snapshot import Snapshot

from operations.changes.rules import with_rules_alone
from operations.sqlmesh_internals import (
    Interval,
    Plan,
    PlanBuilder,
    say,
    show_computed,
    show_diffs,
    show_instead,
    show_signals_that_hold_back,
)
from operations.terminal import counted

logger = logging.getLogger(__name__)

MOST_LINES = 20  # models that have a line each
NAME = 33  # characters of the longest name
WHAT = 10
DAY = 24 * 60 * 60 * 1000  # milliseconds
PARTIAL = re.compile(r"Model '([\w.]+)' is '\w+' which does not support partial restatement")


def show_in_short() -> None:
    """Has plans and runs from now on say on a terminal what they do in few lines."""
    progress = Progress()
    show_computed(progress.begin, progress.lines, progress.lines_left)
    show_signals_that_hold_back()
    show_diffs(with_rules_alone)
    show_instead("plan", _plan)


def take_over(warning: str) -> bool:
    """Takes over that SQLMesh restates all days of a model, which the plan then says of all.

    Gives whether the warning says so.
    """
    if found := PARTIAL.match(warning):
        _whole.append(found[1])
    return bool(found)


_whole: list[str] = []  # models of which a restatement computes all days


def _plan(
    shown: Callable[..., None],
    plan_builder: PlanBuilder,
    auto_apply: bool,
    *arguments: Any,
    no_prompts: bool = False,
    **named: Any,
) -> None:
    """Says of a restatement what it computes whole, and of a new environment only how much."""
    if _whole:
        say([f"All days, as rows are kept by key: {', '.join(_whole)}."], style="")
        _whole.clear()
    plan = plan_builder.build()
    diff = plan.context_diff
    if diff.is_new_environment and not diff.create_from_env_exists and auto_apply and no_prompts:
        say([_new(plan)], style="")
        plan_builder.apply()
    else:
        shown(plan_builder, auto_apply, *arguments, no_prompts=no_prompts, **named)


def _new(plan: Plan) -> str:
    models = [snapshot for snapshot in plan.snapshots.values() if snapshot.is_model]
    return (
        f"{plan.environment.name} is new: {counted(len(models), 'model')}, one line each in logs/"
    )


@dataclass
class _Layer:
    """What was computed of a layer's models."""

    models: set[str]
    left: int  # models and their batches
    passed: int = 0
    found: int = 0
    seconds: float = 0.0


class Progress:
    """Says what is computed."""

    def __init__(self) -> None:
        self._layers: dict[str, _Layer] = {}

    def begin(
        self, batched_intervals: Mapping[Snapshot, Sequence[Interval]], *_: Any, **__: Any
    ) -> None:
        """Models are about to be computed."""
        self._layers = {}
        if len(batched_intervals) <= MOST_LINES:
            return
        left: Counter[str] = Counter()
        models: dict[str, set[str]] = defaultdict(set)
        for snapshot, intervals in batched_intervals.items():
            left[_layer(snapshot)] += len(intervals)
            models[_layer(snapshot)].add(snapshot.name)
        self._layers = {layer: _Layer(models[layer], left[layer]) for layer in left}

    def lines(
        self,
        snapshot: Snapshot,
        interval: Interval,
        duration_ms: int | None,
        passed: int,
        found: int,
    ) -> list[str]:
        """What is said of a model that was computed; without a duration it failed."""
        if duration_ms is None:
            return []
        seconds = duration_ms / 1000
        line = _line(_name(snapshot), _what(snapshot, interval), passed, found, seconds)
        logger.info(line)
        if not self._layers:
            return [line]
        layer = self._layers[_layer(snapshot)]
        layer.left -= 1
        layer.passed += passed
        layer.found += found
        layer.seconds += seconds
        return [] if layer.left else [_of_layer(_layer(snapshot), layer)]

    def lines_left(self) -> list[str]:
        """What is said at the end of layers that were not computed whole."""
        layers, self._layers = self._layers, {}
        return [
            f"{_of_layer(name, layer)}, not all" for name, layer in layers.items() if layer.left
        ]


def _of_layer(name: str, layer: _Layer) -> str:
    models = counted(len(layer.models), "model")
    return _line(name, models, layer.passed, layer.found, layer.seconds)


def _line(name: str, what: str, passed: int, found: int, seconds: float) -> str:
    audits = f"audits {passed} passed" + (f", {found} warned" if found else "")
    return f"{name:<{NAME}} {what:>{WHAT}}  {audits:<25} {seconds:5.1f} s"


def _name(snapshot: Snapshot) -> str:
    return str(snapshot.model.name) if snapshot.is_model else str(snapshot.name)


def _layer(snapshot: Snapshot) -> str:
    return _name(snapshot).partition(".")[0]


def _what(snapshot: Snapshot, interval: Interval) -> str:
    """Of what a model was computed."""
    if not snapshot.is_model:
        return ""
    kind = snapshot.model.kind
    for name, is_so in (("seed", kind.is_seed), ("view", kind.is_view), ("whole", kind.is_full)):
        if is_so:
            return name
    return counted((interval[1] - interval[0]) // DAY, "day")
