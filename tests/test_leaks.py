"""Secrets and values of delivered rows are in no output, log, record, message or cache.

Values may be in the databases, and in what analysts look at.
"""

from __future__ import annotations

import gzip
import json
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

import oracle
import pyarrow as pa
import pyarrow.parquet
import pytest
from harness import FIRST, Platform, checkout, csv_text
from sqlmesh.core.config import DuckDBConnectionConfig
from sqlmesh.utils.errors import SQLMeshError
from test_alerts import mail_server, mail_settings, tls, webhook

from macros.reading.facts import types_of_feed
from macros.reading.look_local import look_at_local

__all__ = ["tls"]  # a fixture
MARK = "qzxpersonqzx"  # in every value of a person, and in nothing else
SECRET = "wvksecretwvk"  # in every secret, and in nothing else
SECRETS = {
    name: f"{SECRET}-{name.lower()}"
    for name in (
        "DATABRICKS_TOKEN",
        "DATABRICKS_SECOND_TOKEN",
        "DATABRICKS_CLIENT_SECRET",
        "STREAMING_STATE_PASSWORD",
        "STREAMING_SMTP_PASSWORD",
    )
}
SECOND = FIRST + timedelta(days=1)
SKIPS = ("--auto-apply", "--no-prompts", "--skip-tests", "--skip-linter")
PERSON = {
    "user_id": "7",
    "name": f"Ann {MARK}name",
    "email": f"ann@{MARK}mail.example",
    "country": "DE",
    "subscription_plan": "free",
    "signed_up_on": "2026-01-01",
    "updated_at": "2026-01-01 00:00:00",
}
ROW = ",".join(PERSON.values())
HEADER = ",".join(PERSON)
LATIN = ROW.replace("Ann", "Änn").encode("latin-1")
UNREADABLE = {
    "no header": f"{ROW}\n{ROW}\n".encode(),
    "no header, no number": f"{MARK}a,{MARK}b\n{MARK}c,{MARK}d\n".encode(),
    "no header, a name of a column": f"{MARK}a,name\n{MARK}c,{MARK}d\n".encode(),
    "no header, another encoding": LATIN,
    "no header, a quote": f'"{PERSON["name"]}" x,2\n'.encode(),
    "for spreadsheets": f"sep=;{MARK}\n{ROW}\n".encode(),
    "semicolons": f"{HEADER};{MARK}".replace(",", ";").encode(),
    "too many": f"{HEADER}\n{ROW},{MARK}\n".encode(),
    "too few": f"{HEADER}\n{MARK}\n".encode(),
    "a quote that does not end": f'{HEADER}\n7,"{PERSON["name"]},{ROW}\n'.encode(),
    "text beside a quote": f'{HEADER}\n7,"{PERSON["name"]}" {MARK},{ROW}\n'.encode(),
    "another encoding": HEADER.encode() + b"\n" + LATIN,
    "a header twice": f"name,name,{MARK}\n{ROW}\n".encode(),
    "cut": gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 99)[:-20],
}
OF_JSON = {
    "no object": json.dumps(list(PERSON.values())).encode(),
    "cut": json.dumps(PERSON).encode()[:-9],
    "single quotes": str(PERSON).encode(),
    "another encoding": json.dumps(PERSON, ensure_ascii=False).encode().replace(b"Ann", b"\xc4nn"),
    "two in a line": (json.dumps(PERSON) * 2 + MARK).encode(),
    "a text": json.dumps(PERSON["name"]).encode(),
}


@pytest.mark.parametrize(
    ("files_format", "content"),
    [
        *(pytest.param("csv", content, id=f"csv: {name}") for name, content in UNREADABLE.items()),
        *(pytest.param("json", content, id=f"json: {name}") for name, content in OF_JSON.items()),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(
    tmp_path: Path, files_format: str, content: bytes
) -> None:
    """The error that is shown, and those below it, which the log has."""
    packed = ".gz" if content[:2] == b"\x1f\x8b" else ""
    path = tmp_path / f"u.{files_format}{packed}"
    path.write_bytes(content)
    adapter = DuckDBConnectionConfig().create_engine_adapter()
    with pytest.raises(SQLMeshError, match=str(path)) as raised:
        look_at_local(adapter, [str(path)], files_format, types_of_feed("users"))
    assert MARK not in "".join(traceback.format_exception(raised.value))


def test_a_parquet_file_that_cannot_be_read_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "u.parquet"
    pyarrow.parquet.write_table(
        pa.table({name: [value] * 9 for name, value in PERSON.items()}), path
    )
    adapter = DuckDBConnectionConfig().create_engine_adapter()
    for content in (path.read_bytes(), path.read_bytes()[:-30], ROW.encode() * 9):
        path.write_bytes(content)
        with pytest.raises(SQLMeshError, match=str(path)) as raised:
            look_at_local(adapter, [str(path)], "parquet", types_of_feed("users"))
        assert MARK not in "".join(traceback.format_exception(raised.value))


def rows_of(feed: str, number: int, bad: bool) -> dict[str, Any]:
    """A row whose texts all have the mark; of a bad one so do the columns that are no texts."""
    row = {}
    for column, type_ in oracle.FEEDS[feed].items():
        if column.endswith("_id"):
            row[column] = str(number)
        elif type_ == "TIMESTAMP":
            row[column] = f"{FIRST} 00:00:00"
        elif type_ == "STRING":
            row[column] = f"{MARK}{feed}{column}"
    row |= {
        "users": {"email": f"a@{MARK}.example", "country": "DE", "subscription_plan": "free"},
        "shows": {},
        "watches": {"completion_pct": "1", "status": "completed"},
        "ratings": {"rating": "5"},
    }[feed]
    if bad:
        key = next(iter(oracle.FEEDS[feed]))
        row = {c: f"{MARK}{feed}{c}" for c in oracle.FEEDS[feed]} | {key: str(number)}
    return row


def deliver(platform: Platform, day: Any, rows: int) -> None:
    for feed in oracle.FEEDS:
        good = [rows_of(feed, n, False) for n in range(1, rows + 1)]
        platform.file(feed, day).write_text(
            csv_text(list(oracle.FEEDS[feed]), [*good, rows_of(feed, 99, True)]), encoding="utf-8"
        )


@pytest.mark.slow
@pytest.mark.drawn(1)
@pytest.mark.parametrize("debug", [False, True])
def test_no_command_tells(
    tmp_path: Path, tls: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    """Plans, runs and what looks at them; they succeed, fail at an audit, and at a file."""
    project = checkout(tmp_path / "project")
    platform = Platform(tmp_path / "platform", project=project)
    flag = ["--debug"] if debug else []
    told: list[str] = []

    def said(*arguments: str, failed: bool = False) -> None:
        done = platform.command(*flag, *arguments)
        told.append(done.stdout + done.stderr)
        assert bool(done.returncode) == failed, told[-1]

    def looked(*arguments: str, **settings: str) -> None:
        told.append(platform.streaming(*arguments, **settings).output)

    deliver(platform, FIRST, 3)
    with mail_server(tls[1]) as (mailbox, port), webhook() as (messages, url):
        platform.settings |= {
            **mail_settings(port),
            **SECRETS,
            "STREAMING_SMTP_PASSWORD": mail_settings(port)["STREAMING_SMTP_PASSWORD"],
            "STREAMING_SLACK_WEBHOOK": f"{url}/{SECRET}",
            "SSL_CERT_FILE": str(tls[0]),
            "DATABRICKS_HOST": "127.0.0.1:1",
            "DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/1",
            "STREAMING_MAX_REJECT_SHARE": "0.9",
        }
        said("plan", "prod", *SKIPS, "--execution-time", f"{SECOND} 06:00:00")
        for command in ("status", "last-run", "landing"):
            looked(command)
            looked(command, "--format", "json")
        deliver(platform, SECOND, 1200)
        platform.settings["STREAMING_MAX_REJECT_SHARE"] = "0"
        said("run", "--end", str(SECOND), failed=True)
        looked("last-run")
        broken = platform.file("users", SECOND, "broken")
        broken.write_bytes(UNREADABLE["too many"])
        said("run", "--end", str(SECOND), failed=True)
        looked("last-run", "--format", "html")
        broken.unlink()
        platform.settings["STREAMING_MAX_REJECT_SHARE"] = "0.9"
        said("run", "--end", str(SECOND))
        deliver(platform, FIRST, 4)
        looked("run")  # loads the day again
        said("plan", "dev", *SKIPS, "--include-unmodified")
        looked("changes", "dev")
        looked("changes", "dev", "--format", "markdown")
        looked("check")
        said("--gateway", "databricks", "plan", "prod", "--no-prompts", failed=True)
        platform.settings |= {"STREAMING_STATE_HOST": "127.0.0.1", "STREAMING_STATE_PORT": "1"}
        platform.settings |= {"STREAMING_STATE_USER": "robot"}
        said("--gateway", "databricks", "run", failed=True)
    assert mailbox.mails and messages
    told += [str(mail) for mail in mailbox.mails] + [json.dumps(each) for each in messages]
    for word in (MARK, SECRET, mail_settings(0)["STREAMING_SMTP_PASSWORD"]):
        assert not [text for text in told if word in text.lower()]
        found = [
            path
            for folder in (platform.folder, project)
            for path in folder.rglob("*")
            if path.is_file() and word.encode() in path.read_bytes().lower()
        ]
        assert {path.name.split(".")[0] for path in found} <= (
            {"streaming_prod", "streaming_dev", "part-0"} if word == MARK else set()
        ), found
