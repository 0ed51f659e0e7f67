"""The pages that the site makes of the project, without MkDocs; tests/browser looks at the site."""

from __future__ import annotations

import hashlib
import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any

import pytest
from harness import PROJECT, SEEDS_LAST, Platform, checkout
from mkdocs.config import load_config
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from documentation.catalog import Catalog
from documentation.graph import of_catalog
from documentation.history import MOST, History
from documentation.hooks import on_page_markdown
from documentation.pages import model_page, pages
from macros import rules
from operations.hooks import records
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


def unbroken(text: str) -> str:
    """A page without the places at which names may be broken."""
    return text.replace("<wbr>", "")


def fact(text: str, name: str) -> str:
    """What the head of a model's page says of it."""
    [said] = re.findall(rf"<dt>{name}</dt><dd>(.*?)</dd>", unbroken(text))
    return said


def table_rows(text: str) -> list[str]:
    """The rows of a page's tables, as HTML."""
    return re.findall(r"<tr.*?</tr>", unbroken(text), re.DOTALL)


def column_row(text: str, column: str) -> str:
    """The row of a column on its model's page."""
    [row] = [row for row in table_rows(text) if f'<h3 id="{column}">' in row]
    return row


def test_every_model_has_a_page_with_all_that_its_header_says(
    catalog: Catalog, texts: dict[str, str]
) -> None:
    for model in catalog.models.values():
        text = texts[f"models/{model.schema_name}/{model.view_name}.md"]
        assert model.description and as_markdown(model.description) in text
        assert model.owner and fact(text, "Owner") == model.owner
        assert fact(text, "Tags") == ", ".join(model.tags)
        assert fact(text, "Schedule") == model.cron
        assert fact(text, "Kind") == model.kind.model_kind_name.value
        for grain in model.grains:
            assert grain.sql() in fact(text, "Grain")
        for column, type_ in model.columns_to_types.items():
            row = column_row(text, column)
            assert f'class="type">{escape(type_.sql("databricks"))}<' in row
            assert as_markdown(model.column_descriptions[column]) in row
        for audit, _ in model.audits_with_args:
            assert f"<code>{audit.name}</code>" in unbroken(text)
        assert "MODEL (" in text or model.kind.is_seed


def test_personal_data_is_marked(texts: dict[str, str]) -> None:
    rows = table_rows(texts["models/silver/users.md"])
    marked = [re.findall(r'<h3 id="(\w+)"', row) for row in rows if 'class="personal"' in row]
    assert marked == [["name"], ["email"]]


def test_rows_are_those_of_prod(
    seeds_in_prod: Platform, catalog: Catalog, texts: dict[str, str]
) -> None:
    listed = texts["models/index.md"]
    for name in ("bronze.watches", "silver.watches", "gold.fct_watches", "quarantine.users"):
        [(rows,)] = seeds_in_prod.query(f"SELECT COUNT(*) FROM streaming_prod.{name}")
        assert rows > 0
        assert fact(texts[f"models/{name.replace('.', '/')}.md"], "Rows in prod") == f"{rows:,}"
        [row] = [row for row in table_rows(listed) if f">{name}</a>" in row]
        assert f">{rows:,}</td>" in row
    assert fact(texts["models/gold/fct_watches.md"], "Fresh to") == str(SEEDS_LAST)


def trail(graph: dict[str, Any], column: str) -> list[str]:
    """A column and all that it is computed from, as the page of the lineage follows it."""
    found = [column]
    for each in found:
        model, _, name = each.rpartition(".")
        found += [above for above in graph[model]["columns"][name] if above not in found]
    return found


def test_a_column_leads_back_to_what_was_delivered(catalog: Catalog, texts: dict[str, str]) -> None:
    assert "bronze.raw_ratings.rating" in trail(of_catalog(catalog), "gold.fct_watches.rating")
    assert RATING in catalog.used_by(('"streaming_prod"."silver"."ratings"', "rating"))
    row = column_row(texts["models/gold/fct_watches.md"], "rating")
    assert '<a href="../silver/ratings.html#rating">silver.ratings.rating</a>' in row
    assert '<a class="trace" href="../../lineage.html#gold.fct_watches.rating"' in row


def test_all_columns_but_those_of_the_run_lead_to_a_delivery(catalog: Catalog) -> None:
    """What has no trail is a count, a time of the run, or a name that SQL itself gives."""
    graph = of_catalog(catalog)
    lost = {
        (model.schema_name, column)
        for model in catalog.models.values()
        if model.schema_name in ("silver", "gold") and not model.kind.is_seed
        for column in model.columns_to_types
        if len(trail(graph, f"{model.schema_name}.{model.view_name}.{column}")) == 1
    }
    assert lost <= {
        ("silver", "valid_from"),
        ("silver", "valid_to"),
        ("silver", "_accepted_deliveries"),
    }


def test_the_graph_has_every_model_what_it_reads_and_its_columns(catalog: Catalog) -> None:
    graph = of_catalog(catalog)
    assert len(graph) == len(catalog.models)
    assert "quality.reconciliation" in graph["gold.fct_watches"]["reads"]
    assert list(graph)[-1].startswith(("gold.", "analytics.", "quality."))
    for position, (name, model) in enumerate(graph.items()):
        assert set(model["reads"]) <= set(list(graph)[:position]), name
        for above in (above for found in model["columns"].values() for above in found):
            of, _, column = above.rpartition(".")
            assert column in graph[of]["columns"], above


def test_links_between_columns_lead_to_columns_that_are_there(texts: dict[str, str]) -> None:
    linked = 0
    for path, text in texts.items():
        if not path.startswith("models/") or path == "models/index.md":
            continue  # tests/browser/test_site.py follows the links of all pages
        for target, anchor in re.findall(r'href="(\.\./\w+/\w+)\.html#(\w+)"', text):
            found = posixpath.normpath(posixpath.join(posixpath.dirname(path), f"{target}.md"))
            assert f'<h3 id="{anchor}">' in texts[found], f"{path}: {target}#{anchor}"
            linked += 1
    assert linked > 500


def test_audits_and_unit_tests_have_their_last_outcome(texts: dict[str, str]) -> None:
    watches = texts["models/gold/fct_watches.md"]
    rows = table_rows(watches)
    [row] = [row for row in rows if "assert_completed_watches_have_ratings" in row]
    assert ">warned</span>" in row
    [row] = [row for row in rows if "<code>grain_is_unique</code>" in row]
    assert ">passed</span>" in row and ">0</td>" in row
    assert len([row for row in rows if ">passed</span>" in row and "Unit test" in row]) > 3


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
        catalog, history = Catalog(context, "prod"), History(context, "prod", {})
        text = model_page(catalog, context.get_model("analytics.monthly_viewing_trend"), history)
    [row] = [row for row in table_rows(text) if "months are of the watches" in row]
    assert ">failed</span>" in row
    assert fact(text, "Rows in prod") == "not in prod yet"
    assert ">not run</span>" in text
    assert "## Ten rows" not in text and "## History" not in text


def test_sql_is_there_as_written_and_for_each_engine(texts: dict[str, str]) -> None:
    text = texts["models/gold/fct_watches.md"]
    [macro] = re.findall(r"<code>@is_touched</code>.*?```python\n(.*?)```", text, re.DOTALL)
    assert macro.startswith("@macro()\ndef is_touched(")
    assert macro.strip() in (PROJECT / "macros" / "increments.py").read_text()
    written, databricks, duckdb = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    assert "@IS_TOUCHED(" in written
    assert "EXPLODE" in databricks and "UNNEST" not in databricks
    assert "UNNEST" in duckdb and "@" not in duckdb


def test_the_front_page_says_how_fresh_and_how_good_prod_is(
    seeds_in_prod: Platform, texts: dict[str, str]
) -> None:
    text = unbroken(texts["index.md"])
    [(newest,)] = seeds_in_prod.query(
        "SELECT MAX(_ingest_date) FROM streaming_prod.quality.deliveries"
    )
    assert f"<dt>Fresh to</dt><dd>{newest}</dd>" in text
    [(quarantined, delivered)] = seeds_in_prod.query(
        "SELECT SUM(quarantined), SUM(delivered) FROM streaming_prod.quality.reconciliation"
    )
    assert f"{quarantined:,} of {delivered:,} delivered rows" in text
    assert ">0 failed</a>" in text and "1 warned" in text
    assert '<dt>Files not read</dt><dd><a href="landing.html">0</a></dd>' in text
    assert text.index(">fct_watches</a>") < text.index('class="layer-silver"')
    rows = table_rows(text)
    [row] = [row for row in rows if "assert_completed_watches_have_ratings" in row]
    assert ">warned</span>" in row and ">gold.fct_watches</a>" in row


def test_the_queries_of_the_five_tables_to_know_can_be_run(
    seeds_in_prod: Platform, texts: dict[str, str]
) -> None:
    found = re.findall(r"^```sql\n(.*?)^```", texts["index.md"], re.DOTALL | re.MULTILINE)
    assert len(found) == 5
    with seeds_in_prod.context() as context:
        for query in found:
            assert len(context.fetchdf(query)) > 0, query


def test_ten_rows_are_shown_and_personal_data_is_not(
    seeds_in_prod: Platform, catalog: Catalog, texts: dict[str, str]
) -> None:
    everything = "".join(texts.values())
    for name, email in seeds_in_prod.query("SELECT name, email FROM streaming_prod.silver.users"):
        assert name not in everything and email not in everything
    for (review,) in seeds_in_prod.query(
        "SELECT review FROM streaming_prod.silver.ratings WHERE LENGTH(review) > 12"
    ):
        assert as_markdown(review) not in everything and review not in everything
    with seeds_in_prod.context() as context:
        preview = Catalog(context, "prod").preview(context.get_model("silver.users"))
    assert preview and len(preview.rows) == 10
    assert {"name", "email"} <= set(preview.masked)
    shown = [dict(zip(preview.columns, row, strict=True)) for row in preview.rows]
    users = dict(seeds_in_prod.query("SELECT user_id, country FROM streaming_prod.silver.users"))
    for row in shown:
        assert row["name"] in ("***", None) and row["email"] in ("***", None)
        assert row["country"] in (users[int(row["user_id"])], "***")
    assert "personal data or free text: " in texts["models/silver/users.md"]


def test_who_may_read_is_what_the_grants_say(
    seeds_in_prod: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(seeds_in_prod.settings, "STREAMING_ANALYSTS", "people")
    monkeypatch.setitem(
        seeds_in_prod.settings, "STREAMING_DOCS_REPOSITORY", "https://git.example/r"
    )
    with seeds_in_prod.context() as context:
        catalog, history = Catalog(context, "prod"), History(context, "prod", {})
        pages_ = {
            name: model_page(catalog, context.get_model(name), history)
            for name in ("gold.dim_shows", "silver.shows")
        }
    assert fact(pages_["gold.dim_shows"], "May read it") == "engineers, people"
    assert fact(pages_["silver.shows"], "May read it") == "engineers"
    file = fact(pages_["gold.dim_shows"], "File")
    assert 'href="https://git.example/r/edit/main/models/gold/dim_shows.sql"' in file
    assert 'href="https://git.example/r/issues/new?title=gold.dim_shows%3A%20"' in file


def test_a_written_page_can_be_edited_where_a_repository_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = load_config(str(PROJECT / "mkdocs.yml"))
    files = Files([])

    def edited(path: str) -> str | None:
        file = File(path, str(PROJECT / "docs"), config.site_dir, use_directory_urls=False)
        page = Page(None, file, config)
        on_page_markdown("", page, config, files)
        return page.edit_url

    assert edited("contract.md") is None
    monkeypatch.setenv("STREAMING_DOCS_REPOSITORY", "https://git.example/r")
    assert edited("contract.md") == "https://git.example/r/edit/main/docs/contract.md"
    assert edited("guide.md") == "https://git.example/r/edit/main/README.md"
    assert edited("landing.md") is None  # which is made


def test_a_site_without_a_repository_links_to_none(texts: dict[str, str]) -> None:
    assert "Edit</a>" not in texts["models/gold/dim_shows.md"]


def test_sizes_are_of_tables_alone(texts: dict[str, str]) -> None:
    assert re.fullmatch(r"\d+\.\d [KM]iB", fact(texts["models/gold/fct_watches.md"], "Size"))
    assert "<dt>Size</dt>" not in texts["models/analytics/monthly_viewing_trend.md"]


def test_history_tells_the_newest_runs_with_rows_rejects_audits_and_seconds(
    seeds_in_prod: Platform,
) -> None:
    watches = '"streaming_prod"."quarantine"."watches"'
    views = {"quality.deliveries": "streaming_prod.quality.deliveries"}
    [(rejected,)] = seeds_in_prod.query(
        "SELECT SUM(rejected) FROM streaming_prod.quality.deliveries WHERE feed = 'watches'"
    )
    [(rows,)] = seeds_in_prod.query("SELECT COUNT(*) FROM streaming_prod.quarantine.watches")
    with seeds_in_prod.context() as context:
        model = context.get_model("quarantine.watches")
        [planned] = History(context, "prod", views).runs(model)
        assert planned.rows == rows and planned.outcome == "passed" and planned.audits_passed > 0
        [record] = records.all_of(context, "prod")
        for number in range(MOST + 5):
            began = f"2999-01-01T00:{number // 60:02}:{number % 60:02}"
            ran = dict(record["models"][watches], audits_failed=number % 2, rows=number)
            failed = [{"model": watches, "reason": "tried"}] if number == MOST else []
            new = record | {"id": f"n{number}", "began": began, "failed": failed}
            records.write(context, new | {"models": {watches: ran}})
        history = History(context, "prod", views)
        text = model_page(Catalog(context, "prod"), model, history)
    runs = history.runs(model)
    assert [run.rows for run in runs] == list(range(5, MOST + 5))
    assert [run.outcome for run in runs][-5:] == ["failed", "warned", "passed", "warned", "passed"]
    charts = {chart.title: chart for chart in history.charts(model)}
    assert list(charts) == ["Audits", "Rows", "Rejected of watches", "Seconds"]
    assert charts["Rejected of watches"].points[-1].value == rejected
    assert text.count('class="failed"') == len(charts)  # a bar of each
    assert len(re.findall(r"<rect ", text)) == MOST * len(charts)


def test_what_draws_the_graph_is_what_was_taken_over() -> None:
    folder = PROJECT / "docs" / "javascripts" / "vendor"
    said = dict(
        reversed(line.split())
        for line in (folder / "README.txt").read_text().splitlines()
        if re.fullmatch(r"[0-9a-f]{64}  \S+", line)
    )
    files = {path.name: path.read_bytes() for path in folder.glob("*.js")}
    assert said == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


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
        by_reason = {re.search(r"<code>(\w+)</code>", r)[1]: r for r in table_rows(section)[1:]}
        for column, what, condition in getattr(rules, feed.upper()):
            row = by_reason.pop(f"{column}_{what}")
            assert as_markdown(condition.split("RLIKE")[0]).strip() in row
            assert f">{found.pop(f'{column}_{what}', 0):,}</td>" in row
        for reason, rows in found.items():
            assert f">{rows:,}</td>" in by_reason[reason]
