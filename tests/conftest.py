"""What the tests share: states of prod that are made once, and which worker takes which file."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import DRAWS, FIRST, SEEDS_LAST, Platform, deliver_day, draws, tier_lacks
from sqlmesh import EngineAdapter
from sqlmesh.core.config.connection import DuckDBConnectionConfig
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, Scheduling

from tests.warehouse import Warehouse, warehouse
from tests.warehouse.install import missing

BuiltOnce = Callable[[str, Callable[[Path], object]], Path]
ON_SPARK = ("tests/on_databricks/", "tests/warehouse/")


class ByFile(LoadFileScheduling):
    """A file's tests stay together, and so do all that run on Spark: they share one server."""

    def _split_scope(self, nodeid: str) -> str:
        return "Spark" if nodeid.startswith(ON_SPARK) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Says in which parts the tests are handed to the workers."""
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)  # what -k leaves out is not drawn from
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the tests marked `drawn(n)`, leaves n to be tried in CI, and all at night.

    Together are the cases of a test, or those tests of a file whose mark says the same `of`.
    """
    groups: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        if mark := item.get_closest_marker("drawn"):
            name = mark.kwargs.get("of", item.name.partition("[")[0])
            groups.setdefault((item.path, name), []).append(item)
    for group in groups.values():
        (in_ci,) = group[0].get_closest_marker("drawn").args
        tried = random.sample(group, min(draws(in_ci), len(group)))
        for item in group:
            if item not in tried:
                reason = f"not drawn this time; {DRAWS}=10 tries all, as the night does"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> BuiltOnce:
    """Makes a folder by its name and a function that fills it, once for all workers."""
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent

    def built(name: str, build: Callable[[Path], object]) -> Path:
        folder, finished = common / name, common / f"{name}.finished"
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not finished.exists():
                shutil.rmtree(folder, ignore_errors=True)
                build(folder)
                finished.touch()
        return folder

    return built


@pytest.fixture(scope="module")
def seeds_in_prod(built_once: BuiltOnce, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform of the file's own whose prod has the seeds, all delivered by SEEDS_LAST."""
    built = built_once(
        "seeds_in_prod", lambda folder: Platform(folder, STREAMING_LANDING="").plan(SEEDS_LAST)
    )
    platform = Platform(tmp_path_factory.mktemp("seeds_in_prod"), STREAMING_LANDING="")
    shutil.copytree(built / "data", platform.data, dirs_exist_ok=True)
    return platform


@pytest.fixture(scope="module")
def first_day_saved(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """What `first_day_in_prod` goes back to."""
    platform = Platform(tmp_path_factory.mktemp("first_day"))
    deliver_day(platform, FIRST)
    platform.plan(FIRST)
    platform.save()
    return platform


@pytest.fixture
def first_day_in_prod(first_day_saved: Platform) -> Platform:
    """A platform of one test at a time: a user, a show and a watch of FIRST are in prod."""
    first_day_saved.restore()
    return first_day_saved


@pytest.fixture(scope="session")
def running_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The stand-in of Databricks, on which one file after another works; skips where it cannot run.

    A file begins with `running_warehouse.emptied(...)`, or `engines(running_warehouse, ...)`.
    """
    if lacks := missing():
        tier_lacks("The Databricks tier needs " + "; ".join(lacks))
    folder = tmp_path_factory.mktemp("warehouse")
    with warehouse(folder, catalogs=(), mounted=[tmp_path_factory.getbasetemp()]) as started:
        yield started


@pytest.fixture(scope="module")
def adapter() -> Iterator[EngineAdapter]:
    """DuckDB with the settings of the gateway `local`, without its files."""
    from config import config

    connection = config.gateways["local"].connection
    assert isinstance(connection, DuckDBConnectionConfig)
    made = DuckDBConnectionConfig(
        connector_config=connection.connector_config
    ).create_engine_adapter()
    yield made
    made.close()
