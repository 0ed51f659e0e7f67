"""The notebook and the page on other tools say how prod is opened: they are followed here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import PROJECT, Platform

NOTEBOOK = PROJECT / "examples" / "first-look.ipynb"
FRAMES = ("feeds", "months", "genres")
PAGE = (PROJECT / "docs" / "open-the-data.md").read_text("utf-8")


def looked_at(environment: Mapping[str, str]) -> dict[str, Any]:
    """What comes of the notebook, whose cells run where it lies."""
    script = Path(__file__).with_name("notebook.py")
    done = subprocess.run(
        [sys.executable, script, NOTEBOOK, *FRAMES],
        cwd=NOTEBOOK.parent,
        env=dict(environment),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_notebook_shows_what_is_in_prod(seeds_in_prod: Platform) -> None:
    found = looked_at(seeds_in_prod.environment())
    assert found["titles"] == [
        "Watches and viewers by month",
        "Share of watches that were completed, by genre",
    ]
    watches = seeds_in_prod.query("SELECT COUNT(*) FROM streaming_prod.gold.fct_watches")[0][0]
    assert sum(int(row[1]) for row in found["months"]) == watches
    assert sum(int(row[1]) for row in found["genres"]) == watches
    assert {row[-1] for row in found["feeds"]} == {"0"}


def test_the_notebook_keeps_nothing_that_it_showed() -> None:
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.fixture
def opened(
    seeds_in_prod: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Prod, opened as the page says; its COPY writes into `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    with duckdb.connect(seeds_in_prod.data / "streaming_prod.duckdb", read_only=True) as prod:
        yield prod


def test_the_queries_of_the_page_are_answered(
    opened: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (block,) = re.findall(r"^```sql\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    statements = [text for text in block.split(";\n") if text]
    assert len(statements) == 3
    for statement in statements:
        assert opened.execute(statement).fetchall()
    exported = (tmp_path / "fct_watches.csv").read_text("utf-8").splitlines()
    (watches,) = opened.execute("SELECT COUNT(*) FROM gold.fct_watches").fetchone() or (0,)
    assert len(exported) == 1 + watches > 1
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        opened.execute("CREATE TABLE gold.other AS SELECT 1")
