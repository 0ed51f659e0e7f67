"""A pull request from its first push to prod, on the stand-in of Databricks."""

from __future__ import annotations

from pathlib import Path

import pytest
from engines import engines, of_feed
from github_standin import BOT, GitHub
from pull_requests import DEPLOYED, PLAN, Stage

from tests.warehouse import Warehouse

pytestmark = pytest.mark.slow

SHOWS = "models/silver/shows.sql"
SHOWS_TEST = "tests/unit/test_silver_shows.yaml"
CHANGE = {
    SHOWS: ("deliveries.seasons, /*", "deliveries.seasons * 100 AS seasons, /*"),
    SHOWS_TEST: ("        seasons: 3\n", "        seasons: 300\n"),
}
SEASONS = "SELECT SUM(seasons) FROM {}.shows"


def test_from_push_to_prod(running_warehouse: Warehouse, tmp_path: Path) -> None:
    """Its environment and plan are there, prod as it was; then prod takes over what it has."""
    both = engines(running_warehouse, tmp_path, STREAMING_LANDING="")
    with GitHub(tmp_path) as github:
        stage = Stage(github, tmp_path, both.databricks, of_feed("shows"))
        first = stage.deploy_main()
        assert first.result == "success", first.log
        sha = stage.push("seasons", CHANGE)
        github.open(7, "seasons")
        opened = stage.pull_request("opened")["environment"]
        assert opened.result == "success", opened.log
        print(f"from the push to the plan and the report: {opened.seconds:.0f} s")
        assert "deliveries.seasons * 100" in github.summary(sha, PLAN)
        assert "`pr_7`" in github.shown(7, BOT)[0]
        ((before,),) = stage.query(SEASONS.format("streaming_prod.silver"))
        ((after,),) = stage.query(SEASONS.format("streaming_dev.silver__pr_7"))
        assert after == before * 100

        github.review(7, "ann")
        deployed = stage.comment("dora", "/deploy")["deploy"]
        assert deployed.result == "success", deployed.log
        print(f"from /deploy to prod and main: {deployed.seconds:.0f} s")
        assert stage.query(SEASONS.format("streaming_prod.silver")) == [(after,)]
        assert github.concluded(sha)[DEPLOYED] == "success"
        assert "seasons * 100" in github.file("main", SHOWS)
        assert not github.unknown
