"""A platform that lives for many days, of which each may bring anything; and what it becomes.

Each morning the scheduler runs. Before it files come, come late, are corrected or vanish; after it
somebody may deploy a change, take one back, have a user erased or clean up. Every command may be
killed at any of its steps. Then the scheduler goes on as it does, and whoever typed the command
types it again.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import oracle
from harness import FIRST, Platform, Row, checkout
from killing import PLAN, RUN, Ended, command

from generator.generate import write_landing
from generator.population import Settings

WATCHES_A_DAY = 8
# What may change in a model: its text, and one of the same values; the number makes it another.
CHANGES = {
    "gold/fct_watches": (
        "watches.status = 'completed' AS",
        "COALESCE(watches.status = 'completed', {0} = 0) AS",
    ),
    "silver/watches": ("LOWER(@CLEAN(status)) AS", "COALESCE(LOWER(@CLEAN(status)), '{0}') AS"),
    "silver/users": ("\n  email, /*", "\n  COALESCE(email, '{0}') AS email, /*"),
    "bronze/delivered_shows": (
        "\n  title, /*",
        "\n  COALESCE(title, CAST(NULLIF('{0}', '{0}') AS STRING)) AS title, /*",
    ),
}


class Defect(AssertionError):
    """The platform is not as it should be; says since when, and how to have it again."""


@dataclass(frozen=True)
class Day:
    """What a day left behind.

    Attributes:
        events: of the day, and of those before on which nothing ran.
        seconds: of the scheduler's run, of all cores.
        memory: bytes that it held at its peak.
        files: files in the folder of the data.
        size: their bytes.
        state_rows: rows of each table of the state.
        tables: physical tables.
        logs, cache: bytes of SQLMesh's logs and of its cache.
        landed: delivered files.
    """

    day: str
    events: list[str]
    seconds: float
    memory: int
    files: int
    size: int
    state_rows: dict[str, int]
    tables: int
    logs: int
    cache: int
    landed: int


class Soak:
    """A platform in `folder` for so many days, by a seed: the same seed draws the same events."""

    def __init__(self, folder: Path, days: int, seed: int) -> None:
        self.seed = seed
        self.days = [FIRST + timedelta(days=n) for n in range(days + 1)]
        self.drawn = random.Random(seed)
        self.platform = Platform(folder / "platform", "json")
        self.platform.project = checkout(folder / "checkout")
        self.generated = folder / "generated"
        write_landing(
            Settings(
                watches=WATCHES_A_DAY * len(self.days),
                days=len(self.days),
                format="json",
                seed=seed,
                start=FIRST,
                dirt=0.05,
                late=0.1,
            ),
            self.generated,
        )
        self.steps: dict[str, int] = {}  # of each command, when it ended last
        self.counts: Counter[str] = Counter()
        self.held_back: dict[date, list[oracle.Delivery]] = {}
        self.version = 0
        self.events: list[str] = []
        self.record: list[Day] = []

    def begin(self) -> None:
        """Prod with the first day."""
        self.platform.receive(self.generated, self.days[:1])
        self._do(self.days[0], "plan", *PLAN, "prod")

    def live(self, day: date, is_idle: bool = False) -> None:
        """One day more.

        Args:
            is_idle: Whether nothing runs, also not the scheduler; files come all the same.

        Raises:
            Defect: A command ended as it should not.
        """
        if self.record and self.record[-1].events is self.events:
            self.events = []
        self._deliver(day)
        if is_idle:
            return
        ended = self._do(day, "run", *RUN)
        for chance, happening in (
            (0.08, self._deploy),
            (0.05, self._roll_back),
            (0.06, self._erase),
            (0.06, self._restate),
            (0.06, self._clean_up),
        ):
            if self.drawn.random() < chance:
                happening(day)
        self.record.append(self._left(day, ended))

    def check(self, day: date) -> None:
        """Asserts that every table is the oracle's, and that users_snapshot shows what it owes.

        Raises:
            Defect: Something is not.
        """
        try:
            self.platform.check()
            shown = self.platform.query(
                "SELECT user_id, valid_from, valid_to FROM streaming_prod.silver.users_snapshot "
                "ORDER BY user_id, valid_from"
            )
            users = self.platform.query("SELECT user_id FROM streaming_prod.silver.users")
            assert sorted(user for user, _, end in shown if not end) == sorted(u for (u,) in users)
            for (user, _, end), (following, begin, _) in zip(shown, shown[1:], strict=False):
                assert user != following or (end and end <= begin), f"versions of {user} overlap"
        except AssertionError as error:
            raise Defect(f"{self._when(day)}: {error}") from error

    def _when(self, day: date) -> str:
        return f"seed {self.seed}, {day}, since the run before: {self.events}"

    # ------------------------------------------------------------------ what comes

    def _deliver(self, day: date) -> None:
        """The files of a day, less those that come late; and what changes in those of before."""
        platform = self.platform
        known = len(platform.deliveries)
        if self.drawn.random() < 0.95:
            platform.receive(self.generated, [day])
        for delivery in platform.deliveries[known:]:
            if self.drawn.random() < 0.05:
                self.events.append(f"{delivery.feed} of {day} comes late")
                arrives = day + timedelta(days=self.drawn.randint(1, 12))
                self.held_back.setdefault(arrives, []).append(self._take_away(delivery))
        for delivery in self.held_back.pop(day, []):
            self.events.append(f"late: {delivery.feed} of {delivery.dt}")
            self._write(delivery)
        if self.drawn.random() < 0.06:
            delivery = self._any_of(platform.deliveries)
            rows = [self._corrected(row) for row in delivery.rows if self.drawn.random() < 0.8]
            self.events.append(f"corrected: {delivery.feed} of {delivery.dt}")
            self._write(replace(self._take_away(delivery), rows=tuple(rows)))
        if self.drawn.random() < 0.03:
            delivery = self._take_away(self._any_of(platform.deliveries))
            self.events.append(f"vanished: {delivery.feed} of {delivery.dt}")
        if self.drawn.random() < 0.03:
            user = self.drawn.randint(1, 30)
            self.events.append(f"request: user {user}")
            asked = [{"user_id": str(user), "requested_at": f"{day} 01:00:00"}]
            platform.deliver("erasures", day, asked, name="asked")

    def _any_of(self, deliveries: Sequence[oracle.Delivery]) -> oracle.Delivery:
        return self.drawn.choice([each for each in deliveries if each.feed in oracle.FEEDS])

    def _corrected(self, row: Row) -> dict[str, object]:
        texts = {
            key: text for key, text in row.items() if key in ("name", "title", "device", "review")
        }
        return {**row, **{key: f"{text} corrected" for key, text in texts.items() if text}}

    def _take_away(self, delivery: oracle.Delivery) -> oracle.Delivery:
        Path(delivery.source).unlink()
        self.platform.deliveries.remove(delivery)
        return delivery

    def _write(self, delivery: oracle.Delivery) -> None:
        name = Path(delivery.source).stem
        self.platform.deliver(delivery.feed, delivery.dt, delivery.rows, name)

    # ------------------------------------------------------------------ what is done

    def _do(self, day: date, name: str, *words: str) -> Ended:
        """A command; one that is killed is followed by the scheduler's, and typed again.

        Raises:
            Defect: It failed, and named no command that mends it.
        """
        known = self.steps.get(name)
        if known and self.drawn.random() < 0.2:
            kill_at = 1 + int(self.drawn.random() * known)
            ended = command(self.platform, day, *words, kill_at=kill_at)
            if ended.killed:
                self.counts[f"{name} killed"] += 1
                self.events.append(f"{name} killed at {kill_at}: {ended.steps[-1][:80]}")
                ended = self._follow(day, "run after a kill", *RUN)
                if name in ("run", "rollback"):  # a second one would bring back the first
                    return ended
            elif not ended.code:
                return ended
        ended = self._follow(day, name, *words)
        self.steps[name] = len(ended.steps)
        return ended

    def _follow(self, day: date, name: str, *words: str) -> Ended:
        """A command; where it refuses and names another, that one and then itself."""
        ended = command(self.platform, day, *words)
        if ended.code:
            mending = ended.next_step()
            if not mending:
                raise Defect(f"{self._when(day)}: {' '.join(words)} failed:\n{ended.said[-3000:]}")
            said = ended.said.strip().splitlines()[-1]
            self.counts[f"{name} refused"] += 1
            self.events.append(f"{name} refused: {said[:200]}")
            for again in (mending, words):
                ended = command(self.platform, day, *again)
                if ended.code:
                    raise Defect(
                        f"{self._when(day)}: {' '.join(words)} said: {said}\n"
                        f"then {' '.join(again)} failed:\n{ended.said[-3000:]}"
                    )
        return ended

    def _deploy(self, day: date) -> None:
        """Another version of a model, sometimes seen in dev before."""
        self.version += 1
        name = self.drawn.choice(sorted(CHANGES))
        model = self.platform.project / "models" / f"{name}.sql"
        original = (Path(__file__).parent.parent / "models" / f"{name}.sql").read_text()
        text, other = CHANGES[name]
        assert original.count(text) == 1, f"{name} has no longer one {text!r}: change CHANGES"
        model.write_text(original.replace(text, other.format(self.version)))
        self.events.append(f"deployed: {name}, version {self.version}")
        if self.drawn.random() < 0.5:
            self._do(day, "plan dev", *PLAN, "dev")
        self._do(day, "promotion", *PLAN, "prod")
        self.counts["promotions"] += 1

    def _roll_back(self, day: date) -> None:
        """The last deployment, where it can be taken back."""
        asked = command(self.platform, day, "streaming", "rollback")
        if "A rollback is not possible" in asked.said:
            self.counts["rollbacks not possible"] += 1
            return
        self.events.append("rolled back")
        self._do(day, "rollback", "streaming", "rollback", "--yes")
        self.counts["rollbacks"] += 1

    def _erase(self, day: date) -> None:
        """A user, by the command."""
        user = self.drawn.randint(1, 30)
        self.events.append(f"erased: user {user}")
        before = {*self.platform.landing.glob("erasures/*/*")}
        self._do(day, "erasure", "streaming", "erase", "--yes", str(user))
        for file in {*self.platform.landing.glob("erasures/*/*")} - before:
            asked = date.fromisoformat(file.parent.name.removeprefix("dt="))
            rows = ({"user_id": str(user)},)
            self.platform.deliveries.append(oracle.Delivery("erasures", asked, str(file), rows))
        self.counts["erasures"] += 1

    def _restate(self, day: date) -> None:
        """Some days of a feed, though nothing changed in them."""
        feed = self.drawn.choice([*oracle.FEEDS])
        first = self.drawn.choice([each for each in self.days if each <= day])
        last = min(day, first + timedelta(days=2))
        self.events.append(f"restated: {feed} of {first} to {last}")
        days = ("--start", str(first), "--end", str(last))
        self._do(
            day, "restatement", *PLAN, "prod", "--restate-model", f"bronze.delivered_{feed}", *days
        )
        self.counts["restatements"] += 1

    def _clean_up(self, day: date) -> None:
        self.events.append("cleaned up")
        self._do(day, "janitor", "sqlmesh", "janitor")

    # ------------------------------------------------------------------ what is left

    def _left(self, day: date, run: Ended) -> Day:
        platform = self.platform
        data = [path for path in platform.data.rglob("*") if path.is_file()]
        tables = platform.query("SELECT COUNT(*) FROM duckdb_tables() WHERE NOT internal")[0][0]
        with duckdb.connect(str(platform.data / "state.duckdb"), read_only=True) as state:
            names = state.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'sqlmesh'"
            ).fetchall()
            rows = {
                name: state.execute(f'SELECT COUNT(*) FROM sqlmesh."{name}"').fetchall()[0][0]
                for (name,) in names
            }
        return Day(
            str(day),
            self.events,
            round(run.seconds, 2),
            run.memory,
            len(data),
            sum(path.stat().st_size for path in data),
            rows,
            tables,
            _size(platform.project / "logs"),
            _size(platform.project / ".cache"),
            sum(1 for path in platform.landing.rglob("*.json")),
        )

    def written(self) -> str:
        """All of it, as JSON."""
        told = {"seed": self.seed, "counts": dict(sorted(self.counts.items()))}
        return json.dumps(told | {"days": [asdict(day) for day in self.record]}, indent=1) + "\n"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
