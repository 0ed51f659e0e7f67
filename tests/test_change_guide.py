"""docs/change-guide.md, followed case by case: its edits are made, its commands typed, and what
they print is what the guide shows.

Each case `## Add a column` has a test `test_add_a_column`, which follows it on a copy of one small
prod and asserts on the tables what the prose says. STREAMING_WRITE_GOLDEN=1 writes what was printed
into the guide; read the difference in review.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

import oracle
import pytest
from harness import (
    PROJECT,
    Platform,
    Row,
    assert_equal,
    checkout,
    json_text,
    morning_after,
)
from sqlmesh import Context
from sqlmesh.core.snapshot import SnapshotChangeCategory
from sqlmesh.utils.concurrency import NodeExecutionFailedError

from generator.generate import write_landing
from generator.population import Settings

GUIDE = PROJECT / "docs" / "change-guide.md"
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 14)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
# What a person at a wide terminal without colours has.
TERMINAL = {"SQLMESH_RUNTIME_ENVIRONMENT": "terminal", "COLUMNS": "400", "NO_COLOR": "1"}
WRITE = bool(os.environ.get("STREAMING_WRITE_GOLDEN"))
of_the_guide = pytest.mark.drawn(100 if WRITE else 4, of="guide")

CASE = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.M)
BLOCK = re.compile(r"^```(diff|console)\n(.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.M)
PROMPT = re.compile(
    r"(\[y/n\]|but not indirectly modified children|or blank to .+?(?:history|now|')): ?"
)
COMPUTED = re.compile(r"^([\w.]+) +([\d,]+ \w+|seed|view|whole)  (audits .*?) +[\d.]+ s\b")
# Lines that stand in the order in which models were done, or in none.
BY_CHANCE = re.compile(r"^[\w.]+ \[.+, audits |^As expected, |^  \"streaming_prod\"")
LEFT_OUT = re.compile(
    r"^$|━|^[.]+$|^[=-]{20,}$|^(Successfully Ran|Skipped) \d+ tests|^Metadata Updated: | 100\.0$"
)
# A plan names what is modified twice, the second time with the category.
MODIFIED = re.compile(r"^[├└]── (?:D|Ind)irectly Modified:\n(?:[│ ] .*\n)+", re.M)
BRANCH = re.compile(r"^([│ ]*)([├└])── (.+)$")
CASES = CASE.findall(GUIDE.read_text(encoding="utf-8"))


class Case:
    """A case of the guide, followed on a prod of its own.

    Args:
        name: The heading.
        platform: The project, its landing and its data, in the working directory.
    """

    def __init__(self, name: str, platform: Platform) -> None:
        self.text = dict(CASE.findall(GUIDE.read_text(encoding="utf-8")))[name]
        self.platform = platform
        self.steps: list[tuple[str, str]] = []  # a command and what it prints; or "" and a diff
        for kind, block in BLOCK.findall(self.text):
            self.steps += COMMAND.findall(block) if kind == "console" else [("", block)]
        self.edits = [shown for command, shown in self.steps if not command]
        self.printed: list[str] = []

    def follow(self, last: str) -> str:
        """Follows the case up to its next command that begins so; returns what that printed."""
        while self.steps:
            command, shown = self.steps.pop(0)
            if not command:
                apply(shown)
                continue
            self.printed.append(self.type(command, shown))
            if command.startswith(last):
                return self.printed[-1]
        raise AssertionError(f"The case has no further command that begins with '{last}'.")

    def type(self, command: str, shown: str) -> str:
        """Runs a command, with the answers that the guide gives, on the morning after the last
        delivery, and asserts that it prints what the guide shows."""
        last = max(date.fromisoformat(day.name[3:]) for day in Path("landing").glob("*/dt=*"))
        now = f" --execution-time '{morning_after(last)}'"
        typed = re.sub("^sqlmesh plan", rf"\g<0>{now}", command)
        typed = re.sub("^sqlmesh run", rf"\g<0> --end {last}", typed)
        answers = [answer.split("\n")[0] for answer in PROMPT.split(shown)[2::2]]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        process = subprocess.run(
            ["bash", "-c", typed],
            env={**self.platform.environment(), **TERMINAL, "PATH": path},
            input="".join(f"{answer}\n" for answer in answers),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        printed = without_what_changes(process.stdout, answers)
        assert process.returncode == ("Error: " in printed), f"$ {typed}\n{process.stdout}"
        assert WRITE or printed == shown, f"$ {command}\n{printed}"
        return printed

    def write(self) -> None:
        """Puts what was printed in the place of what the guide shows."""
        printed = iter(self.printed)

        def command(match: re.Match[str]) -> str:
            return f"$ {match[1]}\n{next(printed)}"

        def block(match: re.Match[str]) -> str:
            text = COMMAND.sub(command, match[2]) if match[1] == "console" else match[2]
            return f"```{match[1]}\n{text}```"

        guide = GUIDE.read_text(encoding="utf-8")
        GUIDE.write_text(guide.replace(self.text, BLOCK.sub(block, self.text)), encoding="utf-8")


def without_what_changes(output: str, answers: list[str]) -> str:
    """What a command printed, with the answers, and without what is by chance or says nothing.

    Left out are progress, durations, names of log files, unit tests, rulers and empty lines; of a
    plan its diff of the queries, its list of what is modified without the categories and what it
    updates in the metadata alone; of a table diff what it compares and the columns that match in
    all rows. What was done at once and the leaves of a branch are sorted; `...` stands for leaves
    of which SQLMesh shows only the first and the last.
    """
    typed = iter(answers)
    text = PROMPT.sub(lambda prompt: f"{prompt[1]}: {next(typed, '')}\n", output)
    text = re.sub(r"logs/sqlmesh_\w+\.log", "logs/sqlmesh.log", text.replace(f"{Path.cwd()}/", ""))
    text = re.sub(r"^--- *\n.*?(?=^Directly Modified)", "", text, flags=re.M | re.S)
    text = re.sub(r"^Models to compare:.*?(?=^Schema Diff )", "", text, flags=re.M | re.S)
    text = re.sub(r"^Models:\n(?![├└])", "", MODIFIED.sub("", text), flags=re.M)
    text = re.sub(r"^ {40,}", "", text, flags=re.M)
    lines = [COMPUTED.sub(r"\1 [\2, \3]", line.rstrip()) for line in text.splitlines()]
    lines = [line for line in lines if not LEFT_OUT.search(line)]
    return "".join(f"{line}\n" for line in _leaves_sorted(_runs_sorted(lines)))


def _runs_sorted(lines: list[str]) -> Iterator[str]:
    for by_chance, run in groupby(lines, lambda line: bool(BY_CHANCE.match(line))):
        found = list(run)
        yield from sorted(found) if by_chance else found


def _leaves_sorted(lines: Iterable[str]) -> Iterator[str]:
    for branch, run in groupby(lines, lambda line: (found := BRANCH.match(line)) and found[1]):
        if branch is None:
            yield from run
            continue
        *_, end = leaves = [BRANCH.match(line).groups()[1:] for line in run]
        names = sorted(name for _, name in leaves)
        if any(re.match(r"\.{4} \d+ more", name) for name in names):
            names = ["..."]
        yield from (f"{branch}├── {name}" for name in names[:-1])
        yield f"{branch}{end[0]}── {names[-1]}"


def name_of_test(heading: str) -> str:
    """The name of the test that follows a case."""
    return "test_" + re.sub(r"\W+", "_", heading.lower())


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A checkout of the project, in git, with a landing of fourteen days that prod has loaded."""
    folder = checkout(tmp_path_factory.mktemp("guide") / "checkout")
    for part in (".gitignore", "docs/new-feed", "tests/unit"):
        source = PROJECT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    git = ["git", "-c", "user.name=engineer", "-c", "user.email=engineer@example.com"]
    git += ["-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "As prod has it"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)
    generated = tmp_path_factory.mktemp("generated") / "landing"
    settings = Settings(
        watches=1200, days=len(DAYS), format="json", seed=7, start=FIRST, dirt=0.05, late=0.1
    )
    write_landing(settings, generated)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        platform = Platform(Path(), "json", project=folder)
        platform.receive(generated, DAYS)
        platform.plan(LAST)
    return platform


@pytest.fixture
def case(
    request: pytest.FixtureRequest,
    prod: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Case]:
    """The case that a test is named after, on a copy of prod in the working directory."""
    platform = copy.copy(prod)
    platform.project = shutil.copytree(prod.project, tmp_path / "checkout")
    platform.deliveries = list(prod.deliveries)
    monkeypatch.chdir(platform.project)
    headings = {name_of_test(heading): heading for heading, _ in CASES}
    case = Case(headings[request.node.name], platform)
    yield case
    if WRITE and not case.steps:
        case.write()
    assert not case.steps, "the test does not follow its case to the end"


def apply(diff: str, *options: str) -> None:
    """Makes the edit of a unified diff in the working directory."""
    subprocess.run(["git", "apply", *options, "-"], input=diff, check=True, text=True)


def filled(platform: Platform, before: set[str]) -> set[str]:
    """The models of the tables that were not there `before`."""
    names = (re.match(r"(\w+?)__(\w+?)__\d+", name) for name in platform.stored() - before)
    return {f"{name[1]}.{name[2]}" for name in names if name}


def planned(context: Context, model: str, day: date) -> tuple[SnapshotChangeCategory | None, int]:
    """A plan's category of a model that changed, and how many of its days are to be computed."""
    plan = context.plan_builder(
        "dev", execution_time=morning_after(day), skip_tests=True, skip_linter=True
    ).build()
    key = context.get_snapshot(model, raise_if_missing=True).snapshot_id
    days = {missing.snapshot_id: len(missing.intervals) for missing in plan.missing_intervals}
    return plan.snapshots[key].change_category, days.get(key, 0)


def columns(platform: Platform, view: str) -> set[str]:
    """The columns of a view or table."""
    return {name for (name,) in platform.query(f"SELECT column_name FROM (DESCRIBE {view})")}


def delivery(feed: str, day: date, text: str) -> oracle.Delivery:
    """What the oracle has to know of a delivered file of JSON lines."""
    lines = text.splitlines()
    rows = tuple(json.loads(line, parse_int=str, parse_float=str) for line in lines)
    return oracle.Delivery(feed, day, f"landing/{feed}/dt={day}/part-0.json", rows)


def replace_deliveries(platform: Platform, *deliveries: oracle.Delivery) -> None:
    """Lets the oracle know deliveries in the place of those of the same feed and day."""
    new = {(delivery.feed, delivery.dt) for delivery in deliveries}
    kept = [d for d in platform.deliveries if (d.feed, d.dt) not in new]
    platform.deliveries = [*kept, *deliveries]


def test_every_case_has_a_test() -> None:
    tests = {name for name in globals() if name.startswith("test_")}
    assert tests - {"test_every_case_has_a_test"} == {name_of_test(name) for name, _ in CASES}
    linked = re.findall(r"^\| \[.+?\]\(#(.+?)\)", GUIDE.read_text(encoding="utf-8"), re.M)
    assert linked == [re.sub(r"\W+", "-", heading.lower()) for heading, _ in CASES]


@of_the_guide
def test_add_a_column(case: Case) -> None:
    platform = case.platform
    before, prod = platform.stored(), platform.tables()
    case.follow("sqlmesh plan dev")
    assert filled(platform, before) == {"gold.fct_watches"}
    assert platform.tables() == prod
    assert "watch_quarter" not in columns(platform, "streaming_prod.gold.fct_watches")

    before = platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == before
    platform.check()
    quarters = platform.query("SELECT DISTINCT watch_quarter FROM streaming_prod.gold.fct_watches")
    assert quarters == [(1,)]


@of_the_guide
def test_rename_a_column(case: Case) -> None:
    platform = case.platform
    genres = "SELECT * FROM streaming_prod.analytics.show_ratings_by_genre ORDER BY genre"
    case.follow("git checkout")
    before, prod, by_genre = platform.stored(), platform.tables(), platform.query(genres)
    case.follow("sqlmesh plan dev")
    assert filled(platform, before) == {"gold.fct_ratings"}
    assert platform.tables() == prod

    before = platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == before
    platform.check()
    both = "SELECT COUNT_IF(genre IS DISTINCT FROM show_genre), COUNT(genre)"
    ((different, known),) = platform.query(f"{both} FROM streaming_prod.gold.fct_ratings")
    assert known and not different

    case.follow("sqlmesh plan dev")
    assert filled(platform, before) == {"gold.fct_ratings"}
    assert "show_genre" in columns(platform, "streaming_prod.gold.fct_ratings")
    before = platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == before
    left = columns(platform, "streaming_prod.gold.fct_ratings")
    assert "genre" in left and "show_genre" not in left
    assert platform.query(genres) == by_genre


@of_the_guide
def test_change_a_rule(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = case.platform
    before = platform.stored()
    case.follow("sqlmesh plan dev")
    assert filled(platform, before) == {
        *(f"quarantine.{name}" for name in ("held_watches", "watches", "held_ratings", "ratings")),
        *("silver.watches", "silver.ratings", "quality.deliveries", "quality.reconciliation"),
        *("gold.dim_shows", "gold.fct_watches", "gold.fct_ratings"),
    }
    platform.check()

    before = platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == before
    monkeypatch.setitem(oracle.CHOICES, "status", {*oracle.CHOICES["status"], "paused"})
    platform.check()
    paused = "SELECT COUNT(*) FROM streaming_prod.gold.fct_watches WHERE status = 'paused'"
    assert platform.query(paused) == [(3,)]


@of_the_guide
def test_change_a_grain(case: Case) -> None:
    platform = case.platform
    view = "analytics.monthly_viewing_trend"
    before, prod = platform.stored(), platform.tables()
    case.follow("sqlmesh plan dev")
    assert platform.tables() == prod
    with platform.context() as context:
        (diff,) = context.table_diff("prod", "dev", select_models=[view], show=False)
        with pytest.raises(KeyError, match="country"):
            diff.row_diff()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == before
    grain = f"SELECT COUNT(*), COUNT(DISTINCT (month, country)) FROM streaming_prod.{view}"
    ((rows, keys),) = platform.query(grain)
    assert rows == keys > len(prod[view])
    sums = "SELECT month, SUM(watches)::BIGINT, SUM(minutes_watched)::BIGINT"
    assert platform.query(f"{sums} FROM streaming_prod.{view} GROUP BY month ORDER BY month") == [
        (row["month"], row["watches"], row["minutes_watched"]) for row in prod[view]
    ]

    model = platform.project / "models" / "gold" / "fct_watches.sql"
    text = model.read_text(encoding="utf-8")
    model.write_text(text.replace("unique_key watch_id", "unique_key (watch_id, user_id)"))
    with platform.context() as context:
        planned_anew = SnapshotChangeCategory.NON_BREAKING, len(DAYS)
        assert planned(context, "gold.fct_watches", LAST) == planned_anew


@of_the_guide
def test_forward_only_on_a_large_table(case: Case) -> None:
    platform = case.platform
    quarters = "SELECT watch_quarter, COUNT(*) FROM {}.fct_watches GROUP BY ALL ORDER BY ALL"
    before, prod = platform.stored(), platform.tables()
    case.follow("sqlmesh plan dev")
    assert filled(platform, before) == {"gold.fct_watches"}
    assert platform.tables() == prod
    ((_, previewed),) = platform.query(quarters.format("streaming_dev.gold__dev"))
    old = len(prod["gold.fct_watches"])
    assert 0 < previewed < old

    before = platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == before
    assert platform.query(quarters.format("streaming_prod.gold")) == [(None, old)]
    platform.check()

    next_day = LAST + timedelta(days=1)
    known = prod["silver.watches"][0]
    watch = {"watch_id": "900001", "watched_at": f"{next_day} 20:00:00", "status": "completed"}
    watch |= {key: str(known[key]) for key in ("user_id", "show_id", "completion_pct")}
    platform.deliver("watches", next_day, [watch])
    platform.run(next_day)
    assert platform.query(quarters.format("streaming_prod.gold")) == [(1, 1), (None, old)]
    before = platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == before
    assert platform.query(quarters.format("streaming_prod.gold")) == [(1, old + 1)]
    platform.check()

    apply(case.edits[0], "--reverse")
    with platform.context() as context:
        planned_anew = SnapshotChangeCategory.BREAKING, len(DAYS) + 1
        assert planned(context, "gold.fct_watches", next_day) == planned_anew


@of_the_guide
def test_a_new_feed(case: Case) -> None:
    platform = case.platform
    for day, rows in {
        date(2026, 1, 5): [(1, " Television "), (2, "Mobile phone"), (3, None)],
        date(2026, 1, 8): [(2, "Phone")],
    }.items():
        moment = f"{day} 08:00:00"
        devices = [{"device_id": key, "name": name, "updated_at": moment} for key, name in rows]
        platform.file("devices", day).write_text(json_text(devices), encoding="utf-8")
    before, prod = platform.stored(), platform.tables()
    case.follow("git apply")
    with platform.context() as context:
        assert context.format(check=True)
        planned_anew = SnapshotChangeCategory.INDIRECT_BREAKING, len(DAYS)
        assert planned(context, "gold.fct_watches", LAST) == planned_anew

    case.follow("sqlmesh plan dev")
    assert filled(platform, before) == {
        *("bronze.raw_devices", "bronze.delivered_devices", "quarantine.devices"),
        *("silver.accepted_devices", "silver.devices"),
        *("quality.files", "quality.deliveries", "quality.reconciliation"),
    }
    assert platform.tables() == prod
    before = platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == before
    case.follow("sqlmesh fetchdf")
    devices = "SELECT device_id, name FROM streaming_prod.silver.devices ORDER BY device_id"
    assert platform.query(devices) == [(1, "Television"), (2, "Phone")]
    rejected = "SELECT device_id, _rejected_for FROM streaming_prod.quarantine.devices"
    assert platform.query(rejected) == [(3, ["name_missing"])]
    tables = platform.tables()
    *four, fifth = sorted(
        tables.pop("quality.reconciliation"), key=lambda row: row["feed"] == "devices"
    )
    tables["quality.reconciliation"] = four
    assert_equal(tables, oracle.build(platform.deliveries))
    assert fifth == {
        "feed": "devices",
        "delivered": 4,
        "accepted": 2,
        "superseded": 1,
        "quarantined": 1,
        "unaccounted": 0,
    }


@of_the_guide
def test_restate_a_week(case: Case) -> None:
    platform = case.platform
    for day in DAYS[4:11]:
        text = platform.file("watches", day).read_text(encoding="utf-8")
        text = re.sub(r'"minutes_watched":(\d+)', lambda m: m[0] + "0", text)
        corrected = Path("corrected", "watches", f"dt={day}", "part-0.json")
        corrected.parent.mkdir(parents=True)
        corrected.write_text(text, encoding="utf-8")
        replace_deliveries(platform, delivery("watches", day, text))
    shown = "SELECT * FROM streaming_prod.silver.users_snapshot ORDER BY ALL"
    before, snapshot = platform.tables(), platform.query(shown)
    stored = platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.stored() == stored
    platform.check()
    for table in ("bronze.watches", "silver.watches", "gold.fct_watches"):
        assert len(platform.tables()[table]) == len(before[table])
        assert platform.tables()[table] != before[table]
    assert platform.query(shown) == snapshot


@of_the_guide
def test_a_hotfix(case: Case) -> None:
    platform = case.platform
    (fix,) = case.edits
    apply(fix, "--reverse")
    platform.plan(LAST)
    with platform.context() as context:
        context.run_janitor(ignore_ttl=True)  # the right table is as good as never made
    draft = platform.project / "models" / "gold" / "dim_shows.sql"
    text = draft.read_text(encoding="utf-8")
    draft.write_text(text.replace("\nSELECT\n", "\nSELECT\n  1 AS draft, /* A draft. */\n"))
    platform.plan(LAST, "dev")
    completed = "SELECT COUNT_IF(is_completed) FROM {}.fct_watches"
    ((wrong,),) = platform.query(completed.format("streaming_prod.gold"))

    before = platform.stored()
    case.follow("sqlmesh plan prod")
    assert filled(platform, before) == {"gold.fct_watches"}
    platform.check()
    right = platform.query(completed.format("streaming_prod.gold"))
    assert right < [(wrong,)]
    assert "draft" not in columns(platform, "streaming_prod.gold.dim_shows")

    before = platform.stored()
    case.follow("sqlmesh plan dev")
    assert platform.stored() == before
    assert platform.query(completed.format("streaming_dev.gold__dev")) == right
    assert "draft" in columns(platform, "streaming_dev.gold__dev.dim_shows")

    draft.write_text(text)
    model = platform.project / "models" / "gold" / "fct_watches.sql"
    text = model.read_text(encoding="utf-8")
    model.write_text(text.replace("watches.status = 'completed'", "FALSE"))
    with pytest.raises(NodeExecutionFailedError):
        platform.plan(LAST, select_models=["gold.fct_watches"])
    rate = "SELECT MAX(completion_rate) > 0 FROM streaming_prod.analytics.monthly_viewing_trend"
    assert platform.query(completed.format("streaming_prod.gold")) == [(0,)]
    assert platform.query(rate) == [(True,)], "the views below are on the new table"
    model.write_text(text)
    before = platform.stored()
    platform.plan(LAST)
    assert platform.stored() == before, "a revert computes something"
    platform.check()


@of_the_guide
def test_drop_a_model(case: Case) -> None:
    platform = case.platform
    shown = "SELECT * FROM streaming_prod.silver.users_snapshot ORDER BY ALL"
    views = "SELECT view_name FROM duckdb_views() WHERE view_name = 'users_snapshot'"
    snapshot, before = platform.query(shown), platform.stored()
    case.follow("sqlmesh plan prod")
    assert platform.query(views) == []
    with platform.context() as context:
        context.run_janitor(ignore_ttl=False)
    assert platform.stored() == before
    case.follow("sqlmesh plan prod")
    assert platform.query(shown) == snapshot
    assert platform.stored() == before

    (platform.project / "models" / "silver" / "users_snapshot.sql").unlink()
    platform.plan(LAST)
    with platform.context() as context:
        context.run_janitor(ignore_ttl=True)
    (dropped,) = before - platform.stored()
    assert dropped.startswith("silver__users_snapshot__")


@of_the_guide
def test_fix_a_bad_delivery(case: Case) -> None:
    platform = case.platform
    first, second = LAST + timedelta(days=1), LAST + timedelta(days=2)
    watch = platform.tables()["silver.watches"][0]
    keys = {"watch_id": watch["watch_id"], **{k: watch[k] for k in ("user_id", "show_id")}}
    rating = {**keys, "review": None, "rated_at": f"{first} 10:00:00"}
    rows = [
        {**rating, "rating_id": 900001, "rating": 1},
        {**rating, "rating_id": 900002, "rating": 4},
    ]
    gone = {**rating, "rating_id": 900003, "rating": 3}
    again = {**rows[0], "rating": 5}
    corrected = {"ratings": [*rows, gone], "again": [again], "without": rows}
    texts = {name: json_text(rows) for name, rows in corrected.items()}
    Path("corrected").mkdir()
    for name, text in texts.items():
        Path("corrected", f"{name}.json").write_text(text, encoding="utf-8")
    platform.file("ratings", first).write_text(texts["ratings"][:-20], encoding="utf-8")

    def gold() -> dict[str, list[Row]]:
        return {name: rows for name, rows in platform.tables().items() if name.startswith("gold.")}

    before = gold()
    case.follow("sqlmesh run")
    assert gold() == before
    case.follow("sqlmesh run")
    replace_deliveries(platform, delivery("ratings", first, texts["ratings"]))
    platform.check()
    case.follow("sqlmesh run")
    replace_deliveries(platform, delivery("ratings", second, texts["again"]))
    platform.check()
    ratings = "SELECT rating_id - 900000, rating FROM streaming_prod.gold.fct_ratings"
    ratings += " WHERE rating_id > 900000 AND rating_id < 910000 ORDER BY rating_id"
    assert platform.query(ratings) == [(1, 5), (2, 4), (3, 3)]
    case.follow("sqlmesh plan prod")
    replace_deliveries(platform, delivery("ratings", first, texts["without"]))
    platform.check()
    assert platform.query(ratings) == [(1, 5), (2, 4)]
