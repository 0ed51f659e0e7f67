"""The pages say what is so: links, names of files, commands and settings, tables, figures."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import click
import oracle
import pytest
import yaml
from harness import PROJECT, SEEDS_LAST, Platform

from macros import rules
from macros.feeds import ERASURES_COLUMNS
from macros.settings import SETTINGS
from operations import cli

README = PROJECT / "README.md"
DOCS = PROJECT / "docs"
CONTRACT = DOCS / "contract.md"
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted(DOCS.glob("*.md"))]
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which names what is gone
MOST_WORDS = 2_000

# What the pages name and git does not hold: what commands make, and why there is no config.yaml.
NOT_HERE = re.compile(r"(data|logs|site|\.venv|\.warehouse)(/.*)?|benchmarks/\.work|config\.yaml")
ENDINGS = "bat|csv|java|json|jsonl|j2|md|py|sh|sql|toml|txt|yaml|yml"
# Variables of tests and workflows, which are no settings of the platform.
OTHER_VARIABLES = {
    "STREAMING_APPROVERS",
    *("STREAMING_TEST_DRAWS", "STREAMING_TEST_SEED"),
    *("STREAMING_WRITE_PICTURES", "STREAMING_WRITE_SOAK"),
}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
by_current_page = pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def code(page: Path) -> list[str]:
    """What a page sets as code: the lines of its blocks, and what stands in backticks."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^ *```.*?\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", prose(page))
    return [*spans, *(line for block in blocks for line in block.splitlines())]


def anchors(page: Path) -> set[str]:
    """The places of a page that a link can lead to, as GitHub and MkDocs name them."""
    heads = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    texts = (re.sub(r"[^\w\s-]", "", head).strip().lower() for head in heads)
    return {re.sub(r"\s+", "-", text) for text in texts}


def tables(text: str, *header: str) -> Iterator[list[list[str]]]:
    """The rows of each table with these headings."""
    heading = re.escape(f"| {' | '.join(header)} |")
    for body in re.findall(rf"^{heading}\n\|[-|: ]+\n((?:\|.*\n)+)", text, re.MULTILINE):
        yield [[cell.strip() for cell in row.strip("|").split("|")] for row in body.splitlines()]


# ------------------------------------------------------------------ README and pages


def test_readme_is_short() -> None:
    assert len(README.read_text("utf-8").split()) <= MOST_WORDS


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = page.parent / path if path else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert not broken


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    text = (PROJECT / "mkdocs.yml").read_text("utf-8")
    listed = re.findall(r"(?<![\w/-])[\w-]+\.md", str(yaml.safe_load(text)["nav"]))
    assert len(listed) == len(set(listed))
    assert {page.name for page in DOCS.glob("*.md")} == set(listed) - {
        *("index.md", "guide.md", "rules.md", "landing.md", "last-run.md", "lineage.md"),
    }


@by_current_page
def test_files_that_are_named_are_there(page: Path) -> None:
    text = prose(page)
    if page.name == "from-dbt.md":  # its first column names files of dbt
        text = re.sub(r"^\| [^|]* \|", "|", text, flags=re.MULTILINE)
    missing = []
    for span in re.findall(r"`([^`\s]+)`", text):
        path = re.sub(r"<[^>]*>", "*", span).removesuffix("/")
        top, _, below = path.partition("/")
        is_path = bool(top and below) and (PROJECT / top).is_dir()
        is_file = re.fullmatch(rf"[\w.*/-]+\.({ENDINGS})", path)
        if not (is_path or is_file) or NOT_HERE.fullmatch(path):
            continue
        places = (PROJECT, DOCS / "new-feed")  # which the change guide adds
        if not any(next(place.glob(path), None) for place in places):
            missing.append(span)
    assert not missing


@by_current_page
def test_commands_that_are_named_are_there(page: Path) -> None:
    names = set(cli.streaming.list_commands(click.Context(cli.streaming)))
    named = {
        name
        for line in code(page)
        for name in re.findall(r"(?:^|[\s/;(])streaming ([a-z][a-z-]*)", line)
    }
    assert named <= names


@by_current_page
def test_modules_that_are_named_can_be_run(page: Path) -> None:
    text = page.read_text("utf-8")
    gone = []
    for module in set(re.findall(r"python3? -m ([\w.]+)", text)):
        path = PROJECT / module.replace(".", "/")
        is_ours = path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
        if not is_ours and (path.is_dir() or "." in module or not importlib.util.find_spec(module)):
            gone.append(module)
    assert not gone


@by_current_page
def test_audits_that_are_named_are_there(page: Path) -> None:
    layers = "bronze|silver|quarantine|quality|gold"
    form = rf"\b([a-z]+_\w+) on (?:{layers})\.\w|'([a-z]+_\w+)' audit error"
    named = {one or other for one, other in re.findall(form, page.read_text("utf-8"))}
    assert named <= {audit.stem for audit in (PROJECT / "audits").glob("*.sql")}


@by_page
def test_settings_that_are_named_are_there(page: Path) -> None:
    named = set(re.findall(r"\bSTREAMING_[A-Z_]*[A-Z]\b(?!_?\*)", page.read_text("utf-8")))
    assert named - OTHER_VARIABLES <= set(SETTINGS)


# ------------------------------------------------------------------ what the README shows


def shown_by_the_readme() -> list[str]:
    """The lines of output in the README."""
    return "\n".join(re.findall(r"```text\n(.*?)```", README.read_text("utf-8"), re.DOTALL)).split(
        "\n"
    )


def test_the_readme_shows_what_the_seeds_give(seeds_in_prod: Platform) -> None:
    told = seeds_in_prod.streaming("status", "--brief")
    given = told.stdout.replace(f"{seeds_in_prod.data}/", "data/").replace(str(SEEDS_LAST), "DAY")
    given = re.sub(r"\S*bin/", ".venv/bin/", given)
    lines = [line.rstrip() for line in given.splitlines() if line.strip()]
    shown = [re.sub(r"(up to) [\d-]+:", r"\1 DAY:", line) for line in shown_by_the_readme() if line]
    at = shown.index("setup.sh: streaming status --brief") + 1
    assert shown[at : at + len(lines)] == lines


def test_the_query_of_the_readme_gives_what_it_shows(seeds_in_prod: Platform) -> None:
    [query] = set(re.findall(r'fetchdf "(SELECT.*?)"', README.read_text("utf-8"), re.DOTALL))
    assert max(map(len, query.splitlines())) < 80
    shown = [line.split()[1:] for line in shown_by_the_readme() if re.match(r"\d+ \d{4}-", line)]
    assert [[str(value) for value in row] for row in seeds_in_prod.query(query)] == shown


@pytest.mark.parametrize(
    ("row", "parse"),
    [
        (0, oracle.parse_date),
        (1, oracle.parse_timestamp),
        (2, lambda text: oracle.parse_integer(text, "BIGINT")),
        (3, oracle.parse_number),
    ],
)
def test_the_forms_of_values_in_the_readme_are_those_that_load(row: int, parse) -> None:
    [forms] = tables(README.read_text("utf-8"), "value", "accepted", "not accepted")
    _, accepted, refused = forms[row]
    assert [text for text in re.findall("`(.+?)`", accepted) if parse(text) is None] == []
    assert [text for text in re.findall("`(.+?)`", refused) if parse(text) is not None] == []


# ------------------------------------------------------------------ the contract


@pytest.fixture(scope="module")
def columns(seeds_in_prod: Platform) -> dict[str, dict[str, str]]:
    """The type of each column, by model, for those that are not `internal`."""
    with seeds_in_prod.context() as context:
        return {
            f"{model.schema_name}.{model.view_name}": {
                name: type_.sql("databricks") for name, type_ in model.columns_to_types.items()
            }
            for model in context.models.values()
            if "internal" not in model.tags and not model.kind.is_seed
        }


def test_the_contract_lists_every_model_with_its_columns(
    columns: dict[str, dict[str, str]],
) -> None:
    listed = {}
    for table in tables(CONTRACT.read_text("utf-8"), "model", "columns"):
        for name, cell in table:
            for feed in oracle.FEEDS if "<feed>" in name else ("",):
                parts = cell.split(", ")
                if parts[0] == "the delivered columns":
                    parts[:1] = [f"{c} {t}" for c, t, *_ in delivered(feed)]
                listed[name.strip("`").replace("<feed>", feed)] = dict(p.split() for p in parts)
    # Further columns of silver and quality begin with _ and belong to the platform.
    own = {"_rows_in_file", "_content", "_unerased"}
    promised = {
        model: {
            c: t
            for c, t in types.items()
            if not (model[:6] == "silver" and c[0] == "_") and c not in own
        }
        for model, types in columns.items()
    }
    assert {m: list(c.items()) for m, c in listed.items()} == {
        m: list(c.items()) for m, c in promised.items()
    }


def test_the_contract_has_the_columns_of_requests() -> None:
    section = CONTRACT.read_text("utf-8").split("\n### Requests for erasure\n")[1]
    [*columns] = next(tables(section, "column", "type"))
    assert [(column.strip("`"), type_) for column, type_ in columns] == [*ERASURES_COLUMNS]


def delivered(feed: str) -> list[list[str]]:
    """What the contract says of a feed's columns: name, type, reasons, allowed values."""
    section = CONTRACT.read_text("utf-8").split(f"\n#### {feed}\n")[1]
    table = next(tables(section, "column", "type", "reasons", "allowed"))
    return [[column.strip("`"), *cells] for column, *cells in table]


@pytest.mark.parametrize("feed", oracle.FEEDS)
def test_the_rules_in_the_contract_are_those_that_are_applied(
    feed: str, columns: dict[str, dict[str, str]]
) -> None:
    applied = getattr(rules, feed.upper())
    parents = oracle.FOREIGN_KEYS.get(feed, {})
    listed = delivered(feed)
    assert [row[0] for row in listed] == list(columns[f"bronze.{feed}"])[: len(listed)]
    assert [row[0] for row in listed] == list(oracle.FEEDS[feed])
    for column, type_, reasons, allowed in listed:
        assert type_ == columns[f"bronze.{feed}"][column]
        own = [what for name, what, _ in applied if name == column]
        assert reasons == ", ".join([*own, *(["unknown"] if column in parents else [])]), column
        said = [values for name, what, condition in applied if name == column
                for values in [in_words(what, condition)] if values]  # fmt: skip
        if column in parents:
            said.append(f"in silver.{parents[column]}")
        if said:
            assert allowed == "; ".join(said), column
        else:  # a form that only words describe
            has_form = any("RLIKE" in condition for name, _, condition in applied if name == column)
            assert bool(allowed) == has_form, column


def in_words(what: str, condition: str) -> str:
    """What a rule lets pass, in the words of the contract; nothing for a form."""
    if between := re.fullmatch(r"value NOT BETWEEN (\S+) AND (\S+)", condition):
        return f"{between[1]} to {between[2]}"
    if least := re.fullmatch(r"value < (\S+)", condition):
        return f"{least[1]} or more"
    if words := re.fullmatch(r"NOT one_of\((.*)\)", condition):
        return words[1].replace("'", "")
    assert what in ("missing", "malformed"), f"no words for: {condition}"
    return ""


def test_the_settings_in_the_contract_have_their_defaults() -> None:
    [settings] = tables(CONTRACT.read_text("utf-8"), "setting", "default", "meaning")
    for name, default, _ in settings:
        assert default.strip("`") == SETTINGS[name.strip("`")].default, name
