"""The settings: each is described once, read in one place, and no part of any model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness import PROJECT, Platform, checkout
from sqlmesh.utils.errors import ConfigError

from macros.settings import SETTINGS, setting

# Who reads the environment by other means: what GitHub and the jobs set, before the project is
# imported.
OTHERS = {"operations/github.py", "operations/job.py"}


def described() -> dict[str, tuple[str, str]]:
    """What .env.example shows for each setting, and the comment above it."""
    found = {}
    for part in (PROJECT / ".env.example").read_text(encoding="utf-8").split("\n\n"):
        comment = " ".join(re.findall(r"^# (.*)$", part, flags=re.MULTILINE))
        for name, value in re.findall(r"^#(\w+)=(.*)$", part, flags=re.MULTILINE):
            assert name not in found, f"{name} is described twice"
            found[name] = value, comment
    return found


def test_every_setting_is_described_and_nothing_else() -> None:
    assert described().keys() == SETTINGS.keys()
    assert all(comment for _, comment in described().values())


@pytest.mark.parametrize("name", SETTINGS)
def test_the_default_is_the_one_described(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value that is shown, or of an example the one that the comment names."""
    shown, comment = described()[name]
    monkeypatch.setenv(name, "")  # counts as not set
    named = re.search(r"Default: (\w+)", comment)
    if named or "Example" in comment:
        shown = named[1] if named and named[1] in ("prod", "unnamed") else ""
    assert setting(name) == shown


@pytest.mark.parametrize(
    ("name", "value", "must_be"),
    [
        ("STREAMING_LANDING_FORMAT", "CSV", "one of csv, json, parquet"),
        ("STREAMING_MAX_REJECT_SHARE", "1.1", "a number from 0 to 1"),
        ("STREAMING_MAX_REJECT_SHARE", "nan", "a number from 0 to 1"),
        ("STREAMING_DELIVERY_WAIT_HOURS", "12345", "a whole number of hours, 9999 at most"),
        ("STREAMING_MAX_SILENCE_DAYS", "-1", "a whole number of days"),
        ("STREAMING_SMTP_PORT", "smtp", "a whole number"),
        ("STREAMING_STATE_WAIT_MINUTES", "an hour", "a whole number"),
    ],
)
def test_a_wrong_value_is_told(
    name: str, value: str, must_be: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"^{name} is '{value}'; it must be {must_be}"):
        setting(name)


def test_settings_are_read_in_one_place() -> None:
    """Only who writes to the environment, or asks for what is no setting, names it."""
    rooms = ("macros", "operations", "signals", "linter", "dashboard", "documentation")
    files = [PROJECT / "config.py", *(f for room in rooms for f in (PROJECT / room).rglob("*.py"))]
    names = re.compile(r"environ[\[.(\w]*[\"'](STREAMING|DATABRICKS|ALERT)_")
    readers = {
        file.relative_to(PROJECT).as_posix()
        for file in files
        if names.search(file.read_text(encoding="utf-8"))
    }
    assert readers == OTHERS


def test_a_new_setting_is_no_change_of_a_model(tmp_path: Path) -> None:
    project = checkout(tmp_path / "project")
    platform = Platform(tmp_path / "platform", project=project)

    def fingerprints() -> dict[str, tuple[str, str]]:
        with platform.context() as context:
            return {n: (m.data_hash, m.metadata_hash) for n, m in context.models.items()}

    before = fingerprints()
    file = project / "macros" / "settings.py"
    text = file.read_text(encoding="utf-8")
    changed = re.sub(
        r'( +Setting\("STREAMING_DATA_DIR", "data"\),\n)',
        r'\1        Setting("STREAMING_NEW"),\n',
        text,
    )
    assert changed != text
    file.write_text(changed, encoding="utf-8")
    assert fingerprints() == before
