"""All settings: environment variables, which may stand in `.env`. .env.example describes them.

Macros import `setting` inside the function that reads one. SQLMesh stores with a model what its
macros name at the top of their files, so a new setting would be a change of every model.
This file defines no macro: config.py imports it before SQLMesh loads the macros.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlmesh.utils.errors import ConfigError

from macros.feeds import REQUESTS

FORMATS = ("csv", "json", "parquet")
HOST = r"[A-Za-z0-9.-]+(:[0-9]+)?"
# What somebody puts into the host's name that may be a secret.
SECRET_IN_HOST = r"dapi\w+|^.*@|[?#].*"


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _is_hours(text: str) -> bool:
    return text.isdecimal() and len(text) <= 4


def _is_address(text: str) -> bool:
    return text.startswith("https://")


@dataclass(frozen=True)
class Setting:
    """A setting. `must_be` says in words which values `fits` accepts; `spelled` is its one form."""

    name: str
    default: str = ""
    must_be: str = "a text"
    fits: Callable[[str], bool] = bool
    spelled: Callable[[str], str] = str


def _number(name: str, default: str, must_be: str = "a whole number") -> Setting:
    return Setting(name, default, must_be, str.isdecimal)


SETTINGS = {
    each.name: each
    for each in (
        # Files are known by their paths, so a folder must have one.
        Setting("STREAMING_LANDING", spelled=os.path.normpath),
        Setting(
            "STREAMING_LANDING_FORMAT",
            "csv",
            f"one of {', '.join(FORMATS)}",
            FORMATS.__contains__,
        ),
        Setting(
            "STREAMING_DELIVERY_WAIT_HOURS",
            "",
            "a whole number of hours, 9999 at most, or empty so that no delivery is waited for",
            _is_hours,
        ),
        Setting("STREAMING_STRAY_FILES", "tell", "tell or stop", ("tell", "stop").__contains__),
        Setting("STREAMING_LATE_FILES", "load", "load or tell", ("load", "tell").__contains__),
        _number("STREAMING_LATE_DAYS", "35", "a whole number of days"),
        Setting("STREAMING_DATA_DIR", "data"),
        Setting("STREAMING_SHOW_NAMES"),
        Setting("STREAMING_DASHBOARD_ENVIRONMENT", "prod"),
        Setting("STREAMING_DOCS_ENVIRONMENT", "prod"),
        Setting(
            "STREAMING_DOCS_REPOSITORY", "", "an address that begins with https://", _is_address
        ),
        Setting("STREAMING_MAX_REJECT_SHARE", "0.2", "a number from 0 to 1", _is_share),
        _number(
            "STREAMING_MAX_SILENCE_DAYS",
            "",
            "a whole number of days, or empty so that silence is not judged",
        ),
        Setting("ALERT_EMAIL"),
        Setting("STREAMING_SMTP_HOST"),
        _number("STREAMING_SMTP_PORT", "465"),
        Setting("STREAMING_SMTP_USER"),
        Setting("STREAMING_SMTP_PASSWORD"),
        Setting("STREAMING_SMTP_SENDER"),
        Setting("STREAMING_SLACK_WEBHOOK"),
        Setting("DATABRICKS_HOST"),
        Setting("DATABRICKS_HTTP_PATH"),
        Setting("DATABRICKS_TOKEN"),
        Setting("DATABRICKS_CLIENT_ID"),
        Setting("DATABRICKS_CLIENT_SECRET"),
        Setting("DATABRICKS_SECOND_TOKEN"),
        _number("DATABRICKS_CONCURRENT_TASKS", "4"),
        Setting("STREAMING_ENVIRONMENT", "unnamed"),
        Setting("STREAMING_ANALYSTS"),
        Setting("STREAMING_STATE_HOST"),
        _number("STREAMING_STATE_PORT", "5432"),
        Setting("STREAMING_STATE_DATABASE", "sqlmesh"),
        Setting("STREAMING_STATE_USER"),
        Setting("STREAMING_STATE_PASSWORD"),
        _number("STREAMING_STATE_WAIT_MINUTES", "60"),
    )
}


def setting(name: str) -> str:
    """The value of a setting: as text, its default where it is empty or not set.

    Raises:
        ConfigError: The value does not fit; says which values do.
    """
    known = SETTINGS[name]
    value = os.environ.get(name, "")
    if value and not known.fits(value):
        raise ConfigError(f"{name} is '{value}'; it must be {known.must_be}.")
    return known.spelled(value) if value else known.default


def landing_of(feed: str, dialect: str) -> tuple[str, str]:
    """Where a feed's deliveries lie, and their format; an empty path: its seed is the delivery.

    Requests have no seed. Without a landing they lie beside the local data, as csv.

    Raises:
        ConfigError: A setting does not fit.
    """
    landing, files_format = setting("STREAMING_LANDING"), setting("STREAMING_LANDING_FORMAT")
    if landing or feed != REQUESTS or dialect == "databricks":
        return landing, files_format
    return setting("STREAMING_DATA_DIR"), "csv"


def databricks_host() -> str:
    """The workspace's name alone, as the driver wants it: DATABRICKS_HOST may be an address.

    The driver speaks https, whatever the address begins with.

    Raises:
        ConfigError: It has more, such as a path or a token.
    """
    host = re.sub("^https?://", "", setting("DATABRICKS_HOST")).strip("/")
    if host and not re.fullmatch(HOST, host):
        raise ConfigError(
            f"DATABRICKS_HOST is '{shown_host(host)}': it must be the workspace's name alone, "
            "without what follows it in a browser, such as adb-123.4.azuredatabricks.net."
        )
    return host


def shown_host(host: str) -> str:
    """A host's name without what may be a secret in it."""
    return re.sub(SECRET_IN_HOST, "...", host, flags=re.DOTALL)
