"""The works that are measured, and the steps that each peer takes for them.

A scenario begins with a copy of each peer's kept state, which is a full build of the history, or
with nothing. Each of its steps begins where the step before ended: a promotion begins after the
change in dev.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from benchmarks.data import DAYS_AFTER, FIRST, Deliveries
from benchmarks.measure import Command, run
from benchmarks.peers import Dbt, Peer, Plain, SqlMesh

FULL_BUILD = "full build"
NEXT_DAY = "next day"
EVENTFUL_DAY = "next day, late rows and changed users"
PLAN_NOTHING = "plan with nothing to do"
RUN_NOTHING = "run with nothing to do"
NEW_ENVIRONMENT = "new dev environment"
CHANGE_IN_DEV = "one gold model changed in dev"
PROMOTION = "promotion"
ROLLBACK = "rollback"
RESTATEMENT = "restating one day"
TESTS = "start of the test suite"
HISTORY = "history of users rebuilt"
LOADS = (FULL_BUILD, NEXT_DAY, EVENTFUL_DAY)


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        work: what it is measured as.
        command: what is run.
        before: what is done before, outside the measured time.
        variant: how the contestant is called, where a peer has another way to do the work.
    """

    work: str
    command: Command
    before: Callable[[], object] = lambda: None
    variant: str = ""


@dataclass(frozen=True)
class Turn:
    """A peer's part of a scenario: its steps, from its kept state or from nothing."""

    peer: Peer
    steps: list[Step]
    from_nothing: bool = False

    def contestant(self, step: Step) -> str:
        """How the results call who did the step."""
        return step.variant or self.peer.name


@dataclass(frozen=True)
class Scenario:
    """What the peers do in turn.

    Attributes:
        works: what is measured in it.
        turns: the peers, in their order.
        once: measured once, not in every run.
    """

    works: tuple[str, ...]
    turns: list[Turn] = field(default_factory=list)
    once: bool = False


def scenarios(deliveries: Deliveries, sqlmesh: SqlMesh, dbt: Dbt, plain: Plain) -> list[Scenario]:
    """All scenarios on these deliveries, the full build first."""
    last, following = deliveries.last, deliveries.day_after(1)
    peers: tuple[Peer, ...] = (sqlmesh, dbt, plain)

    def loads(work: str, source: Path) -> Scenario:
        turns = [
            Turn(
                peer,
                [Step(work, peer.load(following), lambda: deliveries.deliver(source, following))],
            )
            for peer in peers
        ]
        return Scenario((work,), turns)

    def nothing(work: str, command: Command) -> Scenario:
        ls = Turn(dbt, [Step(work, dbt.dbt("ls", "--quiet"), variant="dbt ls")])
        return Scenario((work,), [Turn(sqlmesh, [Step(work, command)]), ls])

    restated = FIRST + timedelta(days=deliveries.days // 2)
    clone = dbt.dbt("clone", "--state", "prod", *dbt.dev)
    return [
        Scenario(
            (FULL_BUILD,),
            [Turn(peer, [Step(FULL_BUILD, peer.build(last))], from_nothing=True) for peer in peers],
        ),
        loads(NEXT_DAY, deliveries.quiet),
        loads(EVENTFUL_DAY, deliveries.eventful),
        nothing(PLAN_NOTHING, sqlmesh.plan("prod", last)),
        nothing(RUN_NOTHING, sqlmesh.load(last)),
        Scenario(
            (NEW_ENVIRONMENT,),
            [
                Turn(
                    sqlmesh,
                    [Step(NEW_ENVIRONMENT, sqlmesh.plan("dev", last, "--include-unmodified"))],
                ),
                Turn(dbt, [Step(NEW_ENVIRONMENT, dbt.dbt("build", *dbt.data, *dbt.dev))]),
                Turn(dbt, [Step(NEW_ENVIRONMENT, clone, variant="dbt clone")]),
            ],
        ),
        Scenario(
            (CHANGE_IN_DEV, PROMOTION, ROLLBACK),
            [
                Turn(
                    sqlmesh,
                    [
                        Step(CHANGE_IN_DEV, sqlmesh.plan("dev", last), sqlmesh.change_fact),
                        Step(PROMOTION, sqlmesh.plan("prod", last)),
                        Step(ROLLBACK, sqlmesh.rollback(), sqlmesh.take_back),
                    ],
                ),
                Turn(
                    dbt,
                    [
                        Step(
                            CHANGE_IN_DEV, dbt.build_changed("--defer", *dbt.dev), dbt.change_fact
                        ),
                        Step(PROMOTION, dbt.build_changed("--full-refresh")),
                        Step(ROLLBACK, dbt.build_changed("--full-refresh"), dbt.take_back),
                    ],
                ),
            ],
        ),
        Scenario(
            (RESTATEMENT,),
            [Turn(peer, [Step(RESTATEMENT, peer.restate(restated, last))]) for peer in peers],
        ),
        Scenario(
            (TESTS,),
            [
                Turn(sqlmesh, [Step(TESTS, sqlmesh.one_unit_test())]),
                Turn(dbt, [Step(TESTS, dbt.dbt("test", "--select", "test_type:unit"))]),
            ],
        ),
        _history(deliveries, sqlmesh, dbt),
    ]


def _history(deliveries: Deliveries, sqlmesh: SqlMesh, dbt: Dbt) -> Scenario:
    """The history of the users computed anew, and snapshots on the days after the history."""
    rebuilt = Step(HISTORY, sqlmesh.plan("dev", deliveries.last), sqlmesh.add_to_history)

    def users_of(number: int) -> Callable[[], object]:
        def load() -> None:
            deliveries.deliver(deliveries.eventful, deliveries.day_after(number), ["users"])
            run(dbt.new_users())

        return load

    snapshots = [
        Step(HISTORY, dbt.dbt("snapshot"), users_of(number), "dbt snapshot")
        for number in range(1, DAYS_AFTER + 1)
    ]
    return Scenario((HISTORY,), [Turn(sqlmesh, [rebuilt]), Turn(dbt, snapshots)], once=True)
