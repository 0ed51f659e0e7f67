"""Alerts by mail and to Slack: one message per channel for a run or a deployment that failed, and
for a run that loaded a day without a feed that is late."""

from __future__ import annotations

import html
import logging
import re
import smtplib
import ssl
import sys
from datetime import date, datetime
from email.message import EmailMessage
from importlib.util import find_spec
from typing import Any

from pydantic import PrivateAttr
from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.notification_target import (
    BasicSMTPNotificationTarget,
    GenericNotificationTarget,
    NotificationEvent,
    NotificationStatus,
)
from sqlmesh.utils.errors import AuditError, ConfigError

from macros.settings import setting
from operations.hooks.failures import keys_found, next_step
from operations.hooks.landing import found
from operations.sqlmesh_internals import StrictSlack, get_console
from operations.terminal import counted
from operations.text import plain

IMPLICIT_TLS = 465  # the port of RFC 8314; on any other the connection is upgraded by STARTTLS
TIMEOUT = 20  # seconds for each answer of the mail server
MOST_AUDITS, MOST_DAYS = 5, 5  # in a message
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Mail(BasicSMTPNotificationTarget):
    """SQLMesh's mail, over a connection whose certificate is verified."""

    host: str

    @property
    def is_configured(self) -> bool:
        """A relay may need no user; `channels` sees to the rest."""
        return True

    def send_text_message(self, notification_status: NotificationStatus, msg: str) -> None:
        """Sends a mail whose subject is the message's first line.

        Raises:
            OSError: the server is not there, or its certificate is not that of its name.
            smtplib.SMTPException: it refuses the mail, or offers no STARTTLS.
        """
        mail = EmailMessage()
        mail["Subject"] = msg.splitlines()[0]
        mail["From"] = self.sender
        mail["To"] = ", ".join(sorted(self.recipients or []))
        mail.set_content(msg)
        tls = ssl.create_default_context()
        server: smtplib.SMTP
        if self.port == IMPLICIT_TLS:
            server = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=tls)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        with server:
            if self.port != IMPLICIT_TLS:
                server.starttls(context=tls)
            if self.user and self.password:
                server.login(self.user, self.password.get_secret_value())
            server.send_message(mail)


class Slack(StrictSlack):
    """A message to a channel of Slack."""

    def send(
        self, notification_status: NotificationStatus, msg: str, *args: Any, **kwargs: Any
    ) -> None:
        """Sends a message, in which Slack shall see no markup of its own."""
        super().send(notification_status, html.escape(msg, quote=False), *args, **kwargs)


class Alerts(GenericNotificationTarget):
    """Collects the audits that failed, and reports them with the run or deployment that they fail.

    SQLMesh tells a target of each failed audit at once, also of one that only warns, and then of
    the failed run without a reason; here the two are one message, and a warning is none.
    A message that cannot be sent is said on the console and changes nothing else.
    """

    channels: tuple[Mail | Slack, ...]
    notify_on: frozenset[NotificationEvent] = frozenset(
        {
            NotificationEvent.APPLY_START,
            NotificationEvent.RUN_START,
            NotificationEvent.AUDIT_FAILURE,
            NotificationEvent.APPLY_FAILURE,
            NotificationEvent.RUN_END,
            NotificationEvent.RUN_FAILURE,
            NotificationEvent.MIGRATION_FAILURE,
        }
    )
    _context: Context = PrivateAttr()
    _environment: str = PrivateAttr("")
    _failed: dict[str, AuditError] = PrivateAttr(default_factory=dict)

    def notify_apply_start(self, environment: str, plan_id: str, *args: Any, **kwargs: Any) -> None:
        """What failed before is no part of this plan."""
        self.notify_run_start(environment)

    def notify_run_start(self, environment: str, *args: Any, **kwargs: Any) -> None:
        """What failed before is no part of this run."""
        self._environment = environment
        self._failed.clear()

    def notify_audit_failure(self, audit_error: AuditError, *args: Any, **kwargs: Any) -> None:
        """Keeps an audit that blocks; once, if SQLMesh starts the run anew."""
        if _blocks(audit_error):
            self._failed[_name(audit_error)] = audit_error

    def notify_apply_failure(
        self, environment: str, plan_id: str, exc: str, *args: Any, **kwargs: Any
    ) -> None:
        """Reports a plan that failed while it was applied."""
        self._report(f"The plan for {environment} failed")

    def notify_run_failure(self, exc: str, *args: Any, **kwargs: Any) -> None:
        """Reports a run that failed."""
        self._report(f"The run of {self._environment} failed")
        self._report_late_days()

    def notify_run_end(self, environment: str, *args: Any, **kwargs: Any) -> None:
        """Reports feeds that were late for what was loaded.

        A day is loaded once, so that it is told once, however often a day is run.
        """
        self._report_late_days()

    def notify_migration_failure(self, exc: str, *args: Any, **kwargs: Any) -> None:
        """Reports that SQLMesh's state could not be brought to SQLMesh's version."""
        self._report("The migration of SQLMesh's state failed")

    def _report(self, what: str) -> None:
        reason = _reason(self._context, list(self._failed.values()))
        landing = found(self._environment)
        told = landing.lines(self._environment) if landing else []
        self._send(NotificationStatus.FAILURE, "\n\n".join([f"{what}: {reason}", *told]))

    def _report_late_days(self) -> None:
        # Not imported above: it is read with the macros, and alerts with config.py before them.
        from operations.landing.ready import loaded_late

        if days := loaded_late():
            self._send(NotificationStatus.WARNING, _late(self._environment, days))

    def _send(self, status: NotificationStatus, message: str) -> None:
        for channel in self.channels:
            try:
                channel.send(status, plain(message))
            except Exception as error:
                get_console().log_error(
                    f"The alert was not sent by {type(channel).__name__}: {error}"
                )


def alert_on_failure(context: Context) -> None:
    """Has the settings' channels told of failures.

    Raises:
        ConfigError: a setting that an alert needs is missing.
    """
    if found := channels():
        alerts = Alerts(channels=found)
        alerts._context = context
        context.config.notification_targets.append(alerts)


def channels() -> tuple[Mail | Slack, ...]:
    """Who is to be told of failures; none where no address and no webhook is set.

    Raises:
        ConfigError: a setting that an alert needs is missing.
    """
    found: list[Mail | Slack] = []
    recipients = [address.strip() for address in setting("ALERT_EMAIL").split(",")]
    if any(recipients):
        if not setting("STREAMING_SMTP_HOST"):
            raise ConfigError(
                "ALERT_EMAIL is set, and STREAMING_SMTP_HOST, the server that sends, is not."
            )
        found.append(
            Mail(
                host=setting("STREAMING_SMTP_HOST"),
                port=setting("STREAMING_SMTP_PORT"),
                user=setting("STREAMING_SMTP_USER"),
                password=setting("STREAMING_SMTP_PASSWORD"),
                sender=setting("STREAMING_SMTP_SENDER") or recipients[0],
                recipients=frozenset(filter(None, recipients)),
            )
        )
    if setting("STREAMING_SLACK_WEBHOOK"):
        if not find_spec("slack_sdk"):
            raise ConfigError(
                "STREAMING_SLACK_WEBHOOK is set, and slack_sdk is not installed: "
                ".venv/bin/pip install -r requirements-deploy.txt"
            )
        # Below a warning its client logs the address of the webhook, which is a secret.
        logging.getLogger("slack_sdk").setLevel(logging.WARNING)
        found.append(Slack(url=setting("STREAMING_SLACK_WEBHOOK")))
    return tuple(found)


def _blocks(error: AuditError) -> bool:
    for audit, arguments in error.model.audits_with_args if error.model else []:
        blocking = arguments.pop("blocking", None)
        if (audit.name, arguments) == (error.audit_name, error.audit_args):
            return blocking == exp.true() if blocking else audit.blocking
    return False


def _name(error: AuditError) -> str:
    """An audit as its model names it, since a model may have it for several columns."""
    arguments = ", ".join(f"{key} := {value.sql()}" for key, value in error.audit_args.items())
    return f"{error.audit_name}{f'({arguments})' if arguments else ''} on {error.model_name}"


def _reason(context: Context, failed: list[AuditError]) -> str:
    """The rest of the first line, and what each audit found."""
    if not failed:
        error = sys.exc_info()[1]
        first_line = str(error).partition("\n")[0] if error else "an error"
        return (
            f"{first_line}\n\nNo audit stopped it. The reason is in the output of the command, and "
            "in logs/ where it ran."
        )
    first, *others = failed
    more = f" and {len(others)} more" if others else ""
    return "\n\n".join(
        [
            f"{first.audit_name} on {first.model_name}{more}",
            "What is built on the audited rows was not run, and is as it was before.",
            *(_finding(context, error) for error in failed[:MOST_AUDITS]),
            "All that failed, and the audits' queries, are in the output of the command, and in "
            "logs/ where it ran.",
        ]
    )


def _late(environment: str, days: list[tuple[date, list[str], datetime]]) -> str:
    """What a run loaded without its feeds, and what to do when they land after all."""
    first, last = days[0][0], days[-1][0]
    feeds = sorted({feed for _, missing, _ in days for feed in missing})
    said = [
        f"{day}: {', '.join(missing)}, waited for until {until:%Y-%m-%d %H:%M UTC}"
        for day, missing, until in days[:MOST_DAYS]
    ]
    if len(days) > MOST_DAYS:
        said.append(f"and {len(days) - MOST_DAYS} days more, up to {last}")
    restated = " ".join(f"--restate-model bronze.delivered_{feed}" for feed in feeds)
    return "\n\n".join(
        [
            f"Late: {', '.join(feeds)} had not delivered what the run of {environment} loaded",
            "\n".join(said),
            "The other feeds of these days are loaded. Rows that name a user, show or watch that "
            "is not known yet are in quarantine, and leave it when it arrives.",
            "Next: ask for the files. When they have landed: "
            f"sqlmesh plan {environment} {restated} --start {first} --end {last}",
        ]
    )


def _finding(context: Context, error: AuditError) -> str:
    return "\n".join(
        [
            f"{_name(error)} found {counted(error.count, 'row')}",
            f"Days: {_days(error)}",
            f"Keys: {keys_found(context, error)}",
            f"Next: {next_step(error.audit_name)}",
        ]
    )


def _days(error: AuditError) -> str:
    """The days that an audit looked at, which its query has as bounds."""
    bounds = [
        day[0]
        for between in error.query.find_all(exp.Between)
        for literal in between.find_all(exp.Literal)
        if (day := DAY.match(literal.name))
    ]
    return f"{min(bounds)} to {max(bounds)}" if bounds else "all"
