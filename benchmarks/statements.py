"""Statements that the project sends to a SQL warehouse, by work and by kind.

    python -m benchmarks.statements

from the project's root, in its own environment, with Java 17 and Maven: starts the local stand-in
of a Databricks warehouse, and does the works one after the other. What it counts depends neither
on the machine nor on how much is delivered. Prints a table, and writes it as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path

from sqlmesh import Context

from benchmarks.day_after import PROJECT, START
from benchmarks.peers import LEFT_OUT
from generator.generate import append_day, write_landing
from generator.population import Settings
from tests.warehouse.install import missing
from tests.warehouse.start import warehouse

RESULT = Path(__file__).parent / "results" / "statements.json"
DAYS = 10
CHANGED = "models/silver/shows.sql", "deliveries.title, /*", "TRIM(deliveries.title) AS title, /*"
Counts = dict[str, Counter[str]]
# What a statement is for; the first that fits counts.
KINDS = {
    "rows written": (
        r"(WITH .*)?(MERGE|INSERT) INTO"
        r"|CREATE( OR REPLACE)? TABLE (?!.* LIMIT 0$).* AS (WITH|SELECT|\()"
    ),
    "rows counted or read": r"(?!SELECT CURRENT_CATALOG|.*\binformation_schema\b)(WITH|SELECT|\()",
    "landing listed": r"LIST\b",
    "comments": r"ALTER TABLE .* COMMENT '|COMMENT ON\b",
    "keys and tags": r"ALTER TABLE .*( NOT NULL| PRIMARY KEY )|SET TAG\b",
    "catalog asked or set": r"SELECT CURRENT_CATALOG|USE CATALOG",
    "what there is": r"SELECT|DESCRIBE|SHOW",
    "schemas, grants": r"(CREATE|DROP) SCHEMA|GRANT|REVOKE",
    "views": r"(CREATE|DROP)( OR REPLACE)? VIEW",
    "tables created, altered or dropped": r"(CREATE|ALTER|DROP|TRUNCATE)\b.*\bTABLE\b|DELETE FROM",
}


def kind(sent: str) -> str:
    """What a statement is for.

    Raises:
        ValueError: It is of no kind that is known here.
    """
    text = " ".join(re.sub(r"^/\*.*?\*/", "", sent, flags=re.S).replace("`", "").split())
    for name, form in KINDS.items():
        if re.match(form, text):
            return name
    raise ValueError(text)


def works(folder: Path) -> Iterator[tuple[str, Callable[[Context], object]]]:
    """Each work with its name, to be done on the project in `folder` before the next is asked for.

    A command is a context of its own.
    """
    landing = folder / "landing"
    write_landing(Settings(20_000, DAYS, "parquet", 1, START, 0.01, 0.005), landing)
    morning = datetime.combine(START + timedelta(days=DAYS), time(6))

    def plan(context: Context, environment: str = "prod") -> None:
        context.plan(
            environment,
            auto_apply=True,
            no_prompts=True,
            skip_tests=True,
            skip_linter=True,
            execution_time=morning,
        )

    def run(context: Context) -> None:
        status = context.run("prod", execution_time=morning, skip_janitor=True)
        if status.is_failure:
            raise RuntimeError(f"The run of {morning} ended with {status}: see above")

    yield "the first plan of prod", plan
    append_day(landing)
    morning += timedelta(days=1)
    yield "a daily run", run
    yield "a run with nothing new", run
    path, before, after = CHANGED
    model = folder / "project" / path
    text = model.read_text(encoding="utf-8")
    if text.count(before) != 1:
        raise ValueError(f"{path} no longer has one {before!r}: change CHANGED.")
    model.write_text(text.replace(before, after), encoding="utf-8")
    yield "one changed model in dev", lambda context: plan(context, "dev")


def measure(folder: Path) -> Counts:
    """What each work sends to a stand-in in `folder`, by kind."""
    project, data = folder / "project", folder / "data"
    shutil.copytree(PROJECT, project, ignore=LEFT_OUT)
    data.mkdir()
    counts: Counts = {}
    with warehouse(folder / "warehouse", mounted=[folder]) as started:
        os.environ |= started.environment | {
            "STREAMING_LANDING": str(folder / "landing"),
            "STREAMING_LANDING_FORMAT": "parquet",
            "STREAMING_DATA_DIR": str(data),
        }
        for name, work in works(folder):
            before = len(started.statements())
            context = Context(paths=project, gateway="databricks")
            try:
                work(context)
            finally:
                context.close()
                context.engine_adapter.close()
            counts[name] = Counter(kind(s.sent) for s in started.statements()[before:])
            print(f"{name}: {counts[name].total()}", flush=True)
    return counts


def markdown(counts: Mapping[str, Mapping[str, int]]) -> str:
    """The counts as a table, a column a work."""
    lines = [
        f"| statements | {' | '.join(counts)} |",
        f"|---|{'--:|' * len(counts)}",
        *(
            f"| {name} | {' | '.join(str(found.get(name, 0)) for found in counts.values())} |"
            for name in KINDS
        ),
        f"| **all** | {' | '.join(f'**{sum(found.values())}**' for found in counts.values())} |",
    ]
    return "\n".join(lines)


def main() -> int:
    """The command line; gives the exit status: 0, or 2 where the machine lacks something."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statements")
    parser.add_argument("--out", type=Path, default=RESULT, help=f"default {RESULT.name}")
    options = parser.parse_args()
    if lacks := missing():
        print("The stand-in of a warehouse needs " + "; ".join(lacks), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="statements-") as folder:
        counts = measure(Path(folder))
    print(markdown(counts))
    told = {name: dict(found.most_common()) for name, found in counts.items()}
    options.out.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
