"""A pull request from its first push to prod, on the stand-in of Databricks."""

from __future__ import annotations

from pathlib import Path

import pytest
from engines import engines
from github_standin import BOT, GitHub
from pull_requests import AFTER, BEFORE, CHANGE, DEPLOYED, DIM_SHOWS, PLAN, Stage

pytestmark = pytest.mark.slow


def test_from_push_to_prod(tmp_path: Path) -> None:
    """Its environment and plan are there, prod as it was; then prod takes over what it has."""
    with GitHub(tmp_path) as github, engines(tmp_path, STREAMING_LANDING="") as both:
        stage = Stage(github, tmp_path, both.databricks)
        first = stage.deploy_main()
        assert first.result == "success", first.log
        sha = stage.push("tiers", CHANGE)
        github.open(7, "tiers")
        opened = stage.pull_request("opened")["environment"]
        assert opened.result == "success", opened.log
        print(f"from the push to the plan and the report: {opened.seconds:.0f} s")
        assert "'Fine'" in github.summary(sha, PLAN)
        assert "`pr_7`" in github.shown(7, BOT)[0]
        assert stage.tiers("streaming_dev.gold__pr_7") == AFTER and stage.tiers() == BEFORE

        github.review(7, "ann")
        deployed = stage.comment("dora", "/deploy")["deploy"]
        assert deployed.result == "success", deployed.log
        print(f"from /deploy to prod and main: {deployed.seconds:.0f} s")
        assert stage.tiers() == AFTER
        assert github.concluded(sha)[DEPLOYED] == "success"
        assert "'Fine'" in github.file("main", DIM_SHOWS)
        assert not github.unknown
