"""A failed run is told by mail and to Slack, once and whole; a warning or no setting is silent."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from harness import FIRST, PROJECT, Platform, deliver_day, gold
from sqlglot import exp
from sqlmesh.core.audit.builtin import BUILT_IN_AUDITS
from sqlmesh.core.notification_target import NotificationStatus
from sqlmesh.utils.errors import AuditError, ConfigError

from operations.hooks import alerts, failures
from tests.warehouse import certificate

SECOND = FIRST + timedelta(days=1)
PASSWORD = "not-to-be-printed"


class Mailbox:
    """Keeps the mails that a local server takes from a user who says the password over TLS."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        text = mail.get_content().replace("\r\n", "\n")
        self.mails.append((sorted(envelope.rcpt_tos), mail["Subject"], text))
        return "250 taken"

    def authenticate(self, *arguments: Any) -> AuthResult:
        return AuthResult(success=arguments[-1].password == PASSWORD.encode())


@contextmanager
def mail_server(tls: ssl.SSLContext, implicit: bool = False) -> Iterator[tuple[Mailbox, int]]:
    """A mail server on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mailbox = Mailbox()
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        ssl_context=tls if implicit else None,
        tls_context=None if implicit else tls,
        require_starttls=not implicit,
        auth_required=True,
        auth_require_tls=not implicit,  # implicit TLS needs no further command
        authenticator=mailbox.authenticate,
    )
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """A webhook as Slack has them, which answers with a status; what it got, and its address."""
    messages: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.append(json.loads(body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"ok" if status == 200 else b"no_service")

        def log_message(self, *arguments: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield messages, f"http://127.0.0.1:{server.server_port}/services/hook"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """The certificate of localhost, and a server's context with it."""
    file, key = certificate.make(tmp_path_factory.mktemp("tls"), "localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key)
    return file, context


def mail_settings(port: int) -> dict[str, str]:
    return {
        "ALERT_EMAIL": "team@example.org, duty@example.org",
        "STREAMING_SMTP_HOST": "localhost",
        "STREAMING_SMTP_PORT": str(port),
        "STREAMING_SMTP_USER": "robot",
        "STREAMING_SMTP_PASSWORD": PASSWORD,
    }


def run(platform: Platform, end: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """The scheduled run, up to now or to a day, with these settings beside the platform's."""
    before = platform.settings
    platform.settings = {**before, **settings}
    try:
        return platform.command("run", "prod", *(["--end", end] if end else []))
    finally:
        platform.settings = before


def change_history(platform: Platform, statement: str) -> None:
    """Changes the history of users behind the platform's back; `{}` stands for its table."""
    ((table,),) = platform.query(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE table_name SIMILAR TO 'silver__users_history__[0-9]+'"
    )
    full_name = f"streaming_prod.sqlmesh__silver.{table}"
    platform.query(statement.replace("{}", full_name), "READ_WRITE")


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform whose first day is in prod, and whose next run four audits stop.

    The history has versions, made by hand, of users who are delivered the day after.
    """
    platform = Platform(tmp_path_factory.mktemp("alerts"))
    deliver_day(platform, FIRST, users=7)
    platform.plan(FIRST)
    change_history(
        platform,
        "INSERT INTO {} BY NAME "
        "SELECT * REPLACE (user_id + 10_500 AS user_id, NULL AS email) FROM {}",
    )
    deliver_day(platform, SECOND, users=1000, bad_users=201)
    return platform


def test_a_failed_run_is_one_message_a_channel(
    failing: Platform, tls: tuple[Path, ssl.SSLContext]
) -> None:
    before = gold(failing)
    with mail_server(tls[1]) as (mailbox, port), webhook() as (messages, url):
        settings = {**mail_settings(port), "STREAMING_SLACK_WEBHOOK": url}
        command = run(failing, **settings, SSL_CERT_FILE=str(tls[0]))
    assert command.returncode != 0
    assert "'reject_share_is_within_limit' audit error: 1 row failed" in command.stdout
    assert f"Keys: feed users, _ingest_date {SECOND}\nNext: A day of a feed" in command.stdout
    assert "not sent" not in command.stdout + command.stderr
    assert PASSWORD not in command.stdout + command.stderr
    assert gold(failing) == before

    ((recipients, subject, text),) = mailbox.mails
    assert recipients == ["duty@example.org", "team@example.org"]
    # Folded after "Subject:", as it is longer than a line of a header.
    assert subject.strip().startswith("The run of prod failed: ")
    assert subject.endswith(" and 3 more")
    findings = {part.split(" found ")[0]: part for part in text.split("\n\n") if " found " in part}
    share = findings["reject_share_is_within_limit on quality.deliveries"].splitlines()
    assert share[0].endswith(" found 1 row")
    assert share[1].startswith(f"Days: {SECOND} to ")
    assert share[2] == f"Keys: feed users, _ingest_date {SECOND}"
    assert share[3].startswith("Next: A day of a feed has too many rejects. ")
    assert share[3].endswith("build into a fresh STREAMING_DATA_DIR.")
    version = findings["open_version_is_the_user on silver.users_history"].splitlines()
    assert version[0].endswith(" found 7 rows")
    assert version[1] == "Days: all"
    keys = version[2].removeprefix("Keys: ").split("; ")
    assert len(set(keys)) == 5 and set(keys) <= {f"user_id {n}" for n in range(10_501, 10_508)}
    (missing,) = (part for name, part in findings.items() if name.startswith("not_null("))
    assert "Keys: user_id " in missing and ", valid_from 2026-01-01 00:00:00" in missing
    assert f"Next: {failures.NEXT_STEP_OF_BUILT_IN}" in missing
    assert "validity_does_not_overlap on silver.users_history" in findings
    assert len(findings) == 4
    assert "Ann" not in text and "example.org" not in text

    (message,) = messages
    (section,) = (b["text"]["text"] for b in message["blocks"] if "*Message*" in str(b))
    assert section == "*Message*: " + text.strip().replace("<", "&lt;").replace(">", "&gt;")


def test_an_alert_that_cannot_be_sent_leaves_the_failure_as_it_is(
    failing: Platform, tls: tuple[Path, ssl.SSLContext]
) -> None:
    """The mail server's certificate is not trusted, and Slack refuses."""
    with mail_server(tls[1]) as (mailbox, port), webhook(404) as (messages, url):
        command = run(failing, **mail_settings(port), STREAMING_SLACK_WEBHOOK=url)
    assert command.returncode != 0
    assert "'reject_share_is_within_limit' audit error: 1 row failed" in command.stdout
    said = command.stdout + command.stderr
    assert "The alert was not sent by Mail: " in said and "certificate verify failed" in said
    assert "The alert was not sent by Slack: Slack answered 404: no_service" in said
    assert mailbox.mails == [] and len(messages) == 1
    assert PASSWORD not in said and url not in said


def test_a_failure_without_an_audit_says_where_to_look(
    failing: Platform, tls: tuple[Path, ssl.SSLContext]
) -> None:
    """A setting is wrong, and at Slack's address nobody listens."""
    change_history(failing, "DELETE FROM {} WHERE email IS NULL")
    with webhook() as (_, url):
        pass
    with mail_server(tls[1]) as (mailbox, port):
        settings = {**mail_settings(port), "STREAMING_SLACK_WEBHOOK": url}
        settings["STREAMING_MAX_REJECT_SHARE"] = "high"
        command = run(failing, **settings, SSL_CERT_FILE=str(tls[0]))
    assert command.returncode != 0
    logs = "".join(file.read_text("utf-8") for file in failing.folder.rglob("logs/*"))
    assert "STREAMING_MAX_REJECT_SHARE is 'high'" in logs
    assert PASSWORD not in logs and url not in logs
    assert "STREAMING_MAX_REJECT_SHARE is 'high'" in command.stdout
    assert "The alert was not sent by Slack: " in command.stdout + command.stderr
    ((_, subject, text),) = mailbox.mails
    assert subject.startswith("The run of prod failed")
    assert "No audit stopped it. The reason is in the output of the command" in text


def test_a_warning_sends_nothing(failing: Platform, tls: tuple[Path, ssl.SSLContext]) -> None:
    """A watch without a rating warns at each run; here the run succeeds."""
    with mail_server(tls[1]) as (mailbox, port), webhook() as (messages, url):
        settings = {**mail_settings(port), "STREAMING_SLACK_WEBHOOK": url}
        settings["STREAMING_MAX_REJECT_SHARE"] = "0.201"
        command = run(failing, **settings, SSL_CERT_FILE=str(tls[0]))
    assert command.returncode == 0
    said = " ".join(command.stdout.split())
    assert re.search(r"As expected, people do not rate all that they finish \(\d+ rows?\)\.", said)
    assert mailbox.mails == [] and messages == []
    failing.check()


def test_a_warning_is_no_part_of_a_failure(
    failing: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the audits of gold.fct_watches, all of which found a row, one only warns."""
    sent = []
    monkeypatch.setattr(alerts.Mail, "send_text_message", lambda *arguments: sent.append(arguments))
    for name, value in mail_settings(465).items():
        monkeypatch.setitem(failing.settings, name, value)
    query = exp.select("*").from_("nowhere")
    with failing.context() as context:
        target = next(t for t in context.config.notification_targets if type(t) is alerts.Alerts)
        model = context.get_model("gold.fct_watches", raise_if_missing=True)
        target.notify_apply_start("prod", "a plan")
        for audit, arguments in model.audits_with_args:
            error = AuditError(audit.name, arguments, 1, query, model, "duckdb")
            target.notify_audit_failure(error)
        target.notify_apply_failure("prod", "a plan", "a trace")
    ((_, _, text),) = sent
    assert text.startswith(
        "The plan for prod failed: grain_is_unique on gold.fct_watches and 2 more"
    )
    assert text.count("Keys: could not be read, see logs/") == 3
    assert "assert_completed_watches_have_ratings" not in text


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch, tls: tuple[Path, ssl.SSLContext]) -> Any:
    """Builds the mail of these settings, where the certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))

    def build(port: int, **settings: str) -> alerts.Mail:
        for name, value in {**mail_settings(port), **settings}.items():
            monkeypatch.setenv(name, value)
        (channel,) = alerts.channels()
        assert isinstance(channel, alerts.Mail) and channel.is_configured
        return channel

    return build


def test_implicit_tls(
    mail: Any, monkeypatch: pytest.MonkeyPatch, tls: tuple[Path, ssl.SSLContext]
) -> None:
    with mail_server(tls[1], implicit=True) as (mailbox, port):
        monkeypatch.setattr(alerts, "IMPLICIT_TLS", port)
        mail(port).send(NotificationStatus.FAILURE, "First line\n\nAnd more")
        with pytest.raises(ssl.SSLCertVerificationError, match="127.0.0.1"):
            mail(port, STREAMING_SMTP_HOST="127.0.0.1").send(NotificationStatus.FAILURE, "Lost")
    recipients = ["duty@example.org", "team@example.org"]
    assert mailbox.mails == [(recipients, "First line", "First line\n\nAnd more\n")]


def test_a_server_without_tls_gets_nothing(mail: Any) -> None:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with pytest.raises(Exception, match="STARTTLS extension not supported"):
            mail(port).send(NotificationStatus.FAILURE, "Lost")
    finally:
        controller.stop()
    assert mailbox.mails == []


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert alerts.channels() == ()
    monkeypatch.setenv("ALERT_EMAIL", "team@example.org")
    with pytest.raises(ConfigError, match="STREAMING_SMTP_HOST"):
        alerts.channels()
    monkeypatch.setenv("STREAMING_SMTP_HOST", "mail.example.org")
    (channel,) = alerts.channels()
    assert isinstance(channel, alerts.Mail)
    assert (channel.port, channel.sender) == (465, "team@example.org")


def test_every_audit_says_what_to_do_next() -> None:
    """In a comment above its query, of which an alert takes the text."""
    files = sorted((PROJECT / "audits").glob("*.sql"))
    assert files
    for file in files:
        assert f"\n  name {file.stem}" in file.read_text(encoding="utf-8")
        assert file.stem not in BUILT_IN_AUDITS
        step = failures.next_step(file.stem)
        assert step != failures.NEXT_STEP_OF_BUILT_IN, f"{file.name} has no /* Next: ... */"
        assert step.endswith(".")


def test_alerts_that_are_not_set_cost_nothing() -> None:
    """Slack's client is imported only where it is used."""
    code = "import sys; from operations.hooks import alerts; alerts.channels(); "
    code += "sys.exit('slack_sdk' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)


def test_a_late_feed_is_told_once(
    first_day_in_prod: Platform, tls: tuple[Path, ssl.SSLContext]
) -> None:
    """By the run that loads the day without it; not by the next, nor for a day that is whole."""
    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    third = SECOND + timedelta(days=1)
    with mail_server(tls[1]) as (mailbox, port), webhook() as (messages, url):
        settings = {**mail_settings(port), "STREAMING_SLACK_WEBHOOK": url}
        settings |= {"SSL_CERT_FILE": str(tls[0]), "STREAMING_DELIVERY_WAIT_HOURS": "6"}
        late = run(platform, str(SECOND), **settings)
        assert late.returncode == 0, late.stdout
        ((_, subject, text),) = mailbox.mails
        again = run(platform, str(SECOND), **settings)
        deliver_day(platform, third)
        platform.deliver("ratings", third, [])
        whole = run(platform, str(third), **settings)
        assert again.returncode == whole.returncode == 0
        assert len(mailbox.mails) == len(messages) == 1
    assert subject == "Late: ratings had not delivered what the run of prod loaded"
    assert f"{SECOND}: ratings, waited for until {third} 06:00 UTC" in text
    restated = f"--restate-model bronze.delivered_ratings --start {SECOND} --end {SECOND}"
    assert f"Next: ask for the files. When they have landed: sqlmesh plan prod {restated}" in text


def test_without_a_deadline_nothing_is_late(first_day_in_prod: Platform) -> None:
    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    with webhook() as (messages, url):
        command = run(platform, str(SECOND), STREAMING_SLACK_WEBHOOK=url)
    assert command.returncode == 0 and messages == []


def test_a_late_feed_that_cannot_be_told_changes_nothing(first_day_in_prod: Platform) -> None:
    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    settings = {"STREAMING_DELIVERY_WAIT_HOURS": "6"}
    with webhook(404) as (messages, url):
        command = run(platform, str(SECOND), STREAMING_SLACK_WEBHOOK=url, **settings)
    assert command.returncode == 0 and len(messages) == 1
    assert "The alert was not sent by Slack: Slack answered 404" in command.stdout + command.stderr
    platform.check()
