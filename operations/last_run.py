"""What the last run did: as text, as data (`Report`), or as a page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from sqlmesh import Context

from macros.feeds import FEEDS
from operations import CommandError, terminal
from operations.environment.shown import Rows, fetch, rejected, rows, shown
from operations.hooks import records
from operations.pages import render
from operations.terminal import Table, counted, first_of, short_name

SLOWEST = 5
MOST_REASONS = 10
FAILED_NEXT = (
    "What failed and what to do stands in the output of the command, in logs/ where it ran, and as "
    "`Next:` at the head of the audit's file in audits/. Then: sqlmesh run"
)
NEXT = "streaming status shows what prod holds; streaming changes dev what dev changes."
# Of a command that was cut off, unless it is still under way.
AGAIN = {
    "run": "sqlmesh run computes what is left.",
    "restatement": "sqlmesh run finishes it: it computes these models again.",
    "rollback": "streaming rollback brings it to its end.",
    "erasure": "sqlmesh run does what is left.",
}
PLAN_AGAIN = "the same sqlmesh plan brings it to its end."


class NoRecord(CommandError):
    """No command has left a record; says how one comes to be."""


@dataclass(frozen=True)
class ModelRun:
    """What became of a model in the run.

    Attributes:
        rows_in: Rows that the models it reads hold now; None where one is not shown.
        rows_out: Rows that it holds now.
    """

    name: str
    first_day: str
    last_day: str
    seconds: float
    rows_in: int | None
    rows_out: int | None
    audits_passed: int
    audits_failed: int


@dataclass(frozen=True)
class Feed:
    """What a feed delivered in the days of the run, and how much of it is rejected."""

    feed: str
    delivered: int
    rejected: int


@dataclass(frozen=True)
class Reject:
    """Rows of the run's days that are in quarantine for a reason; a row counts once for each."""

    feed: str
    reason: str
    rows: int


@dataclass(frozen=True)
class NotRead:
    """Files of the landing that were not read, for what reason, and the first of them."""

    not_read: str
    files: int
    first: str


@dataclass(frozen=True)
class LateFiles:
    """Files of a day that were no longer what was loaded of them when the run began."""

    late: str
    feed: str
    day: str
    files: int
    first: str


@dataclass(frozen=True)
class Failure:
    """A model that failed, and the first line of the reason."""

    model: str
    reason: str


@dataclass(frozen=True)
class Report:
    """A command. Times are of UTC, ISO 8601.

    Attributes:
        command: run, plan, promotion, rollback, restatement or erasure.
        ended: None while it is under way, and if it was cut off.
        first_day: That a model was computed for; empty where none was.
    """

    environment: str
    command: str
    began: str
    ended: str | None
    succeeded: bool | None
    first_day: str
    last_day: str
    models: list[ModelRun]
    feeds: list[Feed]
    rejects: list[Reject]
    not_read: list[NotRead]
    late: list[LateFiles]
    failed: list[Failure]
    next: str

    @property
    def outcome(self) -> str:
        """How it ended, in a word or two."""
        ends = {True: "succeeded", False: "failed", None: "was cut off, or is under way"}
        return ends[self.succeeded]

    @property
    def days(self) -> str:
        """The days that models were computed for, as they are told; empty where none was."""
        days = {self.first_day, self.last_day} - {""}
        return f" for {' to '.join(sorted(days))}" if days else ""

    @property
    def frequent(self) -> list[Reject]:
        """The most frequent reasons of rejects."""
        return self.rejects[:MOST_REASONS]

    @property
    def more_reasons(self) -> str:
        """How many reasons are less frequent, in words; empty if none is."""
        left = len(self.rejects) - len(self.frequent)
        return f"and {counted(left, 'more reason')}: quarantine has them" if left else ""

    @property
    def slowest(self) -> list[ModelRun]:
        """The models that took longest, the longest first."""
        return sorted(self.models, key=lambda model: -model.seconds)[:SLOWEST]


def read(context: Context, environment: str) -> Report:
    """The report of the last plan of an environment, or run that computed something.

    Rows are those that the environment holds now: neither engine tells SQLMesh how many it wrote.

    Raises:
        NoRecord: There was none.
    """
    record = records.last(context, environment)
    if not record:
        raise NoRecord(
            f"No command has left a record of '{environment}' yet: `sqlmesh plan {environment}` "
            "does, and `sqlmesh run` when it computes something."
        )
    _, views = shown(context, environment)
    counts = rows(context, views)
    models = [
        ModelRun(
            name=entry["name"],
            first_day=entry["first_day"],
            last_day=entry["last_day"],
            seconds=entry["seconds"],
            rows_in=_sum([counts.get(short_name(full)) for full in entry["reads"]]),
            rows_out=counts.get(entry["name"]),
            audits_passed=entry["audits_passed"],
            audits_failed=entry["audits_failed"],
        )
        for entry in record["models"].values()
    ]
    days = record["days"]
    loads = [days[name] for name in days if short_name(name).startswith("bronze.delivered_")]
    first = min((first for first, _ in loads or days.values()), default="")
    last = max((last for _, last in loads or days.values()), default="")
    return Report(
        environment=record["environment"],
        command=record["command"],
        began=record["began"],
        ended=record["ended"],
        succeeded=record["succeeded"],
        first_day=first,
        last_day=last,
        models=models,
        feeds=_feeds(context, views, first, last) if views and first else [],
        rejects=[Reject(*row) for row in rejected(context, views, (first, last))]
        if views and first
        else [],
        not_read=[NotRead(**each) for each in record.get("not_read", ())],
        late=[LateFiles(**each) for each in record.get("late", ())],
        failed=[Failure(short_name(each["model"]), each["reason"]) for each in record["failed"]],
        next=_next(record),
    )


def _next(record: records.Record) -> str:
    if record["succeeded"] is None:
        return AGAIN.get(record["command"], PLAN_AGAIN)
    return NEXT if record["succeeded"] else FAILED_NEXT


def why_failed(context: Context, environment: str) -> str:
    """Why the last command of an environment failed, and the way out."""
    record = records.last(context, environment)
    failed = record["failed"] if record else []
    reasons = [f"{short_name(each['model'])}: {each['reason'].rstrip('.')}." for each in failed]
    said = first_of(reasons, 1) if reasons else "The output above says why."
    command = record["command"] if record else "command"
    return f"The {command} of {environment} failed. {said} Next: mend it, then: streaming run"


def as_html(report: Report) -> str:
    """The report as a page, light or dark as the reader has it, without any script."""
    return render("operations/last_run.html.j2", report=report)


def show(report: Report, out: Console) -> None:
    """Prints the report."""
    out.print(
        f"The {report.command} of {report.environment}{report.days} {report.outcome}: "
        f"{report.began} to {report.ended or 'an unknown end'}",
        style="bold" if report.succeeded else "bold red",
    )
    failed = sum(model.audits_failed for model in report.models)
    passed = sum(model.audits_passed for model in report.models)
    out.print(f"Audits: {passed:,} passed, {failed:,} found rows\n")
    for failure in report.failed:
        out.print(f"Failed: {failure.model}: {failure.reason}", style="red")
    parts: dict[str, Rows] = {
        "feed delivered rejected": [(f.feed, f.delivered, f.rejected) for f in report.feeds],
        "feed reason rejected": [(r.feed, r.reason, r.rows) for r in report.frequent],
        "not_read files first": [(n.not_read, n.files, n.first) for n in report.not_read],
        "late feed day files first": [
            (f.late, f.feed, f.day, f.files, f.first) for f in report.late
        ],
        "model rows_in rows_out audits_passed found_rows": [
            (m.name, m.rows_in, m.rows_out, m.audits_passed, m.audits_failed) for m in report.models
        ],
        "slowest seconds": [(m.name, m.seconds) for m in report.slowest],
    }
    for header, lines in parts.items():
        terminal.show(Table(header.split(), lines), out)
        if header.startswith("feed reason") and report.more_reasons:
            out.print(f"{report.more_reasons}\n")
    out.print(f"Next: {report.next}")


def _feeds(context: Context, views: Mapping[str, str], first: str, last: str) -> list[Feed]:
    query = f"""SELECT feed, SUM(delivered), SUM(rejected) FROM {views["quality.deliveries"]}
        WHERE _ingest_date BETWEEN DATE '{first}' AND DATE '{last}' GROUP BY feed"""
    found = {feed: Feed(feed, int(d), int(r)) for feed, d, r in fetch(context, query)}
    return [found.get(feed, Feed(feed, 0, 0)) for feed in FEEDS]


def _sum(rows: list[int | None]) -> int | None:
    return None if not rows or None in rows else sum(row for row in rows if row)
