"""What is delivered is text wherever a person reads it: a corpus, and each kind of output.

tests/browser/test_hostile_pages.py looks at the pages.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import Any

import marimo
import pytest
from click.testing import CliRunner
from harness import FIRST, Platform
from hostile import HOSTILE, of_site, seen
from sqlmesh.core.console import MarkdownConsole, set_console
from sqlmesh.core.notification_target import NotificationStatus

from operations import CommandError, cli, terminal
from operations.changes.report import _value
from operations.hooks import alerts
from operations.last_run import Failure, Report, as_html
from operations.sqlmesh_internals import say, show_failed_models
from operations.text import as_markdown, plain

TAG = re.compile(r"</?([a-z0-9]+)[^>]*>")
# Steers a terminal, turns the direction of what follows, or is not seen.
NOT_SEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
FILE_NAMES = ("title of the terminal", "markup of rich", "line of the log")
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def of_dashboard(text: str) -> str:
    """Markdown as marimo makes HTML of it."""
    return marimo.md(text).text


@hostile
@pytest.mark.parametrize("page", [of_site, of_dashboard])
def test_markdown_shows_it_sign_by_sign(page: Callable[[str], str], text: str) -> None:
    for around, tags in {"{}": {"p", "span"}, "### {}": {"h3", "span", "a"}}.items():
        made = page(around.format(as_markdown(text)))
        assert set(TAG.findall(made)) <= tags
        assert "stranger.example" not in "".join(re.findall(r"<[^>]*>", made))
        assert html.unescape(TAG.sub("", made)).strip(" \n¶") == seen(text)


@hostile
def test_a_terminal_shows_it_and_does_nothing(text: str) -> None:
    file = StringIO()
    out = terminal.console(file)
    terminal.show(terminal.Table(("name",), [(text,)]), out)
    out.print(f"Failed: {text}", style="red")
    shown = file.getvalue()
    assert not NOT_SEEN.search(shown)
    assert f"Failed: {plain(text)}" in shown
    cell = re.sub(" +\n", "\n", shown.partition("Failed")[0])
    assert plain(text[:500]) in cell


@hostile
def test_an_error_shows_it_and_does_nothing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**given: Any) -> None:
        raise CommandError(f"{text}: cannot be read")

    monkeypatch.setattr(cli.streaming.commands["jobs"], "callback", refused)
    told = CliRunner().invoke(cli.streaming, "jobs").stderr
    assert told == f"Error: {plain(text)}: cannot be read\n"
    assert not NOT_SEEN.search(told)


@hostile
def test_sqlmesh_shows_it_and_does_nothing(text: str) -> None:
    """On the terminal, and in the check that SQLMesh's bot writes, which is Markdown."""
    console = MarkdownConsole()
    console.console.file = file = StringIO()
    set_console(console)
    say([f"Not read: {text}"], style="yellow")
    show_failed_models(lambda _: [f"{text}: cannot be read"])
    console.log_failed_models([])
    assert not NOT_SEEN.search(re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue().replace(text, "")))
    assert plain(text) in file.getvalue()
    of_check = console.consume_captured_errors()
    assert re.search("^> `[^`]*`$", of_check, flags=re.MULTILINE) and of_check.count("`") == 2


@hostile
def test_a_report_on_a_pull_request_shows_it_as_code(text: str) -> None:
    """GitHub finds no mention, link or markup in code."""
    value = _value(text)
    assert re.fullmatch("`[^`\n]+`", value) and not NOT_SEEN.search(value)
    assert len(value) < 40


@hostile
def test_slack_makes_no_link_and_mentions_nobody(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []

    def send(**message: Any) -> SimpleNamespace:
        sent.append(message)
        return SimpleNamespace(status_code=200)

    monkeypatch.setattr(alerts.Slack, "client", SimpleNamespace(send=send))
    channel = alerts.Slack(url="https://example.org")
    alerts.Alerts(channels=(channel,))._send(NotificationStatus.FAILURE, f"The run failed: {text}")
    [message] = sent
    said = [b["text"] for b in message["blocks"] if b["type"] == "section"]
    assert said and all(each["verbatim"] for each in said)
    for words in (message["text"], *(each["text"] for each in said)):
        assert not re.search("[<>]", words) and not NOT_SEEN.search(words)
        assert len(words) <= 3000
        assert len(text) > 3000 or plain(text) in html.unescape(words)


@hostile
def test_a_mail_is_text_and_its_subject_one_line(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    class Server:
        def __init__(self, *_: Any, **named: Any) -> None: ...
        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: Any) -> None: ...
        def send_message(self, mail: Any) -> None:
            sent.append(mail)

    monkeypatch.setattr(alerts.smtplib, "SMTP_SSL", Server)
    channel = alerts.Mail(host="h", port=465, sender="a@b.c", recipients=frozenset({"d@b.c"}))
    alerts.Alerts(channels=(channel,))._send(NotificationStatus.FAILURE, f"The run failed: {text}")
    [mail] = sent
    assert mail.get_content_type() == "text/plain"
    assert mail["To"] == "d@b.c" and mail["From"] == "a@b.c"
    assert mail.get_content().rstrip("\n") == f"The run failed: {plain(text)}"
    assert not NOT_SEEN.search(mail["Subject"]) and "\n" not in mail["Subject"]


@hostile
def test_the_page_of_the_last_run_shows_it(text: str) -> None:
    failed = [Failure("silver.users", text)]
    report = Report("prod", "run", "", None, False, "", "", [], [], [], [], [], failed, text)
    page = as_html(report)
    assert page.count(html.escape(text, quote=False).replace('"', "&#34;")) == 2
    assert "<script" not in page and "<img" not in page and "<svg" not in page


def test_names_of_files_do_nothing_to_a_terminal(first_day_in_prod: Platform) -> None:
    """Three, as many as are named of a kind."""
    folder = first_day_in_prod.file("users", FIRST).parent
    names = [HOSTILE[name].replace("/", "|") for name in FILE_NAMES]
    for name in names:
        (folder / name).touch()
    run = first_day_in_prod.command("run")
    landing = first_day_in_prod.streaming("last-run")
    for told in (run.stdout + run.stderr, landing.output):
        assert not NOT_SEEN.search(told)
        for name in names:
            assert plain(name).replace("\n", "\\n") in told
    (log,) = (first_day_in_prod.data.parent / "logs").glob("*.log")
    assert "\n2026-01-01 00:00:00 - ERROR" not in log.read_text(encoding="utf-8")
    for name in names:
        (folder / name).unlink()
