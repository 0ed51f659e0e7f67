"""The pages that the site makes of the project, without MkDocs; tests/browser looks at the site."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import pytest
from harness import PROJECT, SEEDS_LAST, Platform, checkout

from documentation.catalog import Catalog
from documentation.diagram import draw, without_nodes, without_shortcuts
from documentation.pages import model_page, pages
from macros import rules
from operations.text import as_markdown

RATING = ('"streaming_prod"."gold"."fct_watches"', "rating")


@pytest.fixture(scope="module")
def made(seeds_in_prod: Platform) -> tuple[Catalog, dict[str, str]]:
    """The catalog, and the text of each page by its path."""
    with seeds_in_prod.context() as context:
        catalog = Catalog(context, "prod")
        return catalog, dict(pages(catalog))


@pytest.fixture
def catalog(made: tuple[Catalog, dict[str, str]]) -> Catalog:
    return made[0]


@pytest.fixture
def texts(made: tuple[Catalog, dict[str, str]]) -> dict[str, str]:
    return made[1]


def test_every_model_has_a_page_with_all_that_its_header_says(
    catalog: Catalog, texts: dict[str, str]
) -> None:
    for model in catalog.models.values():
        text = texts[f"models/{model.schema_name}/{model.view_name}.md"]
        assert model.description and as_markdown(model.description) in text
        assert model.owner and f"| Owner | {model.owner} |" in text
        assert f"| Tags | {', '.join(model.tags)} |" in text
        assert f"| Schedule | {model.cron} |" in text
        assert model.kind.model_kind_name.value in text
        for grain in model.grains:
            assert grain.sql() in text
        for column, type_ in model.columns_to_types.items():
            [row] = [line for line in text.splitlines() if f'<span id="{column}">' in line]
            assert f"| `{type_.sql('databricks')}` |" in row
            assert as_markdown(model.column_descriptions[column]) in row
        for audit, _ in model.audits_with_args:
            assert f"| `{audit.name}` |" in text
        assert "MODEL (" in text or model.kind.is_seed


def test_personal_data_is_marked(texts: dict[str, str]) -> None:
    marked = re.findall(
        r'id="(\w+)"></span>`\w+` <span class="personal">', texts["models/silver/users.md"]
    )
    assert marked == ["name", "email"]


def test_rows_are_those_of_prod(
    seeds_in_prod: Platform, catalog: Catalog, texts: dict[str, str]
) -> None:
    listed = texts["models/index.md"]
    for name in ("bronze.watches", "silver.watches", "gold.fct_watches", "quarantine.users"):
        [(rows,)] = seeds_in_prod.query(f"SELECT COUNT(*) FROM streaming_prod.{name}")
        assert rows > 0
        assert f"| Rows in prod | {rows:,} |" in texts[f"models/{name.replace('.', '/')}.md"]
        [row] = [line for line in listed.splitlines() if f"[`{name}`]" in line]
        assert f"| {rows:,} |" in row
    assert f"| Fresh to | {SEEDS_LAST} |" in texts["models/gold/fct_watches.md"]


def test_a_column_leads_back_to_what_was_delivered(catalog: Catalog, texts: dict[str, str]) -> None:
    trail = catalog.trail(RATING)
    assert trail[0] == [RATING]
    assert trail[-1] == [('"streaming_prod"."bronze"."raw_ratings"', "rating")]
    assert RATING in catalog.used_by(trail[1][0])
    text = texts["models/gold/fct_watches.md"]
    [row] = [line for line in text.splitlines() if '<span id="rating">' in line]
    assert "[`silver.ratings.rating`](../silver/ratings.md#rating)" in row


def test_all_columns_but_those_of_the_run_lead_to_a_delivery(catalog: Catalog) -> None:
    """What has no trail is a count, a time of the run, or a name that SQL itself gives."""
    lost = {
        (model.schema_name, column)
        for model in catalog.models.values()
        if model.schema_name in ("silver", "gold") and not model.kind.is_seed
        for column in model.columns_to_types
        if len(catalog.trail((model.fqn, column))) == 1
    }
    assert lost <= {
        ("silver", "valid_from"),
        ("silver", "valid_to"),
        ("silver", "_accepted_deliveries"),
    }


def test_links_between_columns_lead_to_columns_that_are_there(texts: dict[str, str]) -> None:
    linked = 0
    for path, text in texts.items():
        for target, anchor in re.findall(r"\]\(([\w./]+\.md)#(\w+)\)", text):
            found = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if (PROJECT / "docs" / found).exists():
                continue  # tests/browser/test_site.py follows links to pages that are written
            assert f'<span id="{anchor}"></span>' in texts[found], f"{path}: {target}#{anchor}"
            linked += 1
    assert linked > 500


def test_audits_and_unit_tests_have_their_last_outcome(texts: dict[str, str]) -> None:
    watches = texts["models/gold/fct_watches.md"]
    [row] = [
        line for line in watches.splitlines() if "`assert_completed_watches_have_ratings`" in line
    ]
    assert "| warned |" in row
    [row] = [line for line in watches.splitlines() if "`grain_is_unique`" in line]
    assert "| passed | 0 |" in row
    assert len(re.findall(r"^\| .* \| passed \|$", watches, re.MULTILINE)) > 3


def test_a_unit_test_that_fails_is_said_to(tmp_path: Path) -> None:
    project = checkout(tmp_path / "checkout")
    (project / "tests").mkdir()
    (project / "tests" / "test_wrong.yaml").write_text(
        """
test_months_are_of_the_watches:
  model: analytics.monthly_viewing_trend
  inputs:
    gold.fct_watches:
      - {watch_date: 2026-01-05, user_id: 1, completion_pct: 1, is_completed: true}
  outputs:
    partial: true
    query:
      - {month: 2026-02-01}
"""
    )
    platform = Platform(tmp_path / "platform", project=project, STREAMING_LANDING="")
    with platform.context() as context:
        catalog = Catalog(context, "prod")
        text = model_page(catalog, context.get_model("analytics.monthly_viewing_trend"))
    assert "months are of the watches | failed |" in text
    assert "| Rows | not in prod yet |" in text
    assert "| not run |" in text


def test_sql_is_there_as_written_and_for_each_engine(texts: dict[str, str]) -> None:
    text = texts["models/gold/fct_watches.md"]
    written, databricks, duckdb = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    assert "@IS_TOUCHED(" in written
    assert "EXPLODE" in databricks and "UNNEST" not in databricks
    assert "UNNEST" in duckdb and "@" not in duckdb


def test_rules_are_those_that_are_applied(
    seeds_in_prod: Platform, catalog: Catalog, texts: dict[str, str]
) -> None:
    text = texts["rules.md"]
    for feed in ("users", "shows", "watches", "ratings"):
        section = text.split(f"\n## {feed}\n")[1].split("\n## ")[0]
        found = dict(
            seeds_in_prod.query(
                "SELECT reason, COUNT(*) FROM (SELECT UNNEST(_rejected_for) AS reason "
                f"FROM streaming_prod.quarantine.{feed}) GROUP BY reason"
            )
        )
        for column, what, condition in getattr(rules, feed.upper()):
            reason = f"{column}_{what}"
            [row] = [line for line in section.splitlines() if f"| `{reason}` |" in line]
            assert condition.split("RLIKE")[0].strip() in row
            assert row.endswith(f"| {found.pop(reason, 0):,} |")
        for reason, rows in found.items():
            assert f"| `{reason}` | | {rows:,} |" in section


def test_the_diagram_draws_what_is_read() -> None:
    edges = {"a.one": [], "b.two": ["a.one"], "c.three": ["a.one", "b.two"]}
    assert without_shortcuts(edges)["c.three"] == ["b.two"]
    assert without_nodes(edges, {"b.two"}) == {"a.one": [], "c.three": ["a.one"]}
    links = {node: f"{node}.html" for node in edges}
    svg = draw("Three", edges, links, here="b.two")
    assert svg.count("<path") == 3 and svg.count("<rect") == 3
    assert 'href="b.two.html" class="box b" aria-current="page"' in svg
    lefts = {
        node: float(x) for node, x in re.findall(r'aria-label="([^"]+)"><rect x="([\d.]+)"', svg)
    }
    assert lefts["a.one"] < lefts["b.two"] < lefts["c.three"]
