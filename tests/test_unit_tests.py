"""SQLMesh runs the unit tests that are written, all of them, and no model goes without one.

SQLMesh silently passes over a file of another name than `test*.yaml` and a test of a model that it
does not know, so something else has to count.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from harness import PROJECT, Platform
from ruamel.yaml import YAML
from sqlmesh import Context

TESTS = PROJECT / "tests"
FOUND_BY_SQLMESH = ("test*.yaml", "test*.yml")


def yaml_files(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The YAML files below a folder and what is in them; a key that is there twice is an error."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".yaml", ".yml"):
            content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
            yield path, content if isinstance(content, dict) else {}


def unit_tests(folder: Path) -> dict[str, str]:
    """Every unit test that is written below a folder, as `file::name`, with its model."""
    return {
        f"{path.relative_to(folder)}::{name}": body["model"]
        for path, content in yaml_files(folder)
        for name, body in content.items()
        if name.startswith("test_")
    }


def misnamed(folder: Path) -> list[str]:
    """The files below a folder with unit tests in them, by a name that SQLMesh passes over."""
    return [
        str(path.relative_to(folder))
        for path, content in yaml_files(folder)
        if not any(fnmatchcase(path.name, pattern) for pattern in FOUND_BY_SQLMESH)
        and any(isinstance(body, dict) and "model" in body for body in content.values())
    ]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    with Platform(tmp_path_factory.mktemp("unit") / "platform").context() as context:
        yield context


@pytest.mark.slow
def test_every_unit_test_is_run_and_passes(context: Context) -> None:
    result = context.test()
    failed = [str(test) for test, _ in (*result.failures, *result.errors)]
    assert not failed
    assert result.testsRun == len(unit_tests(TESTS)) > 0


def test_every_unit_test_is_found_once(context: Context) -> None:
    found = [f"{test.path.relative_to(TESTS)}::{test.test_name}" for test in context.select_tests()]
    assert sorted(found) == sorted(unit_tests(TESTS))


def test_every_model_but_the_seeds_has_a_unit_test(context: Context) -> None:
    models = {model.name for model in context.models.values() if not model.kind.is_seed}
    tested = set(unit_tests(TESTS).values())
    assert sorted(models - tested) == []
    assert sorted(tested - models) == []


def test_every_file_of_unit_tests_has_a_name_that_sqlmesh_finds() -> None:
    assert misnamed(TESTS) == []


def test_misnamed_files_are_seen(tmp_path: Path) -> None:
    body = "test_a:\n  model: silver.users\n  outputs: {query: []}\n"
    for name in ("unit/test_a.yaml", "unit/users.yaml", "users_test.yml", "unit/deep/Test_b.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    (tmp_path / "fixture.yaml").write_text("rows: [{user_id: 1}]\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text(body, encoding="utf-8")

    assert misnamed(tmp_path) == ["unit/deep/Test_b.yaml", "unit/users.yaml", "users_test.yml"]
    assert unit_tests(tmp_path)["unit/test_a.yaml::test_a"] == "silver.users"
    assert len(unit_tests(tmp_path)) == 4
