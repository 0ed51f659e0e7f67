"""A pull request from its first push to prod: the workflows with SQLMesh's bot, on DuckDB.

The commands are those of .github/workflows, run on a copy of the project in a git repository of the
stand-in of GitHub. The tests tell one story and build on each other, since each run of the bot
takes some fifteen seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from github_standin import BOT, GitHub
from harness import Platform
from pull_requests import DEPLOYED, ENVIRONMENT, PLAN, TESTS, Stage

pytestmark = pytest.mark.slow

DIM_SHOWS = "models/gold/dim_shows.sql"
DIM_SHOWS_TEST = "tests/unit/test_gold_dim_shows.yaml"
BY_GENRE = "models/analytics/show_ratings_by_genre.sql"
BY_GENRE_TEST = "tests/unit/test_analytics_show_ratings_by_genre.yaml"
FCT_RATINGS = "models/gold/fct_ratings.sql"
FCT_RATINGS_TEST = "tests/unit/test_gold_fct_ratings.yaml"

# The change of pull request 7: another name for a tier of quality.
CHANGE = {DIM_SHOWS: ("'Good'", "'Fine'"), DIM_SHOWS_TEST: (": Good", ": Fine")}
BEFORE = {"Excellent", "Good", "Average", "Poor", "Unrated"}
AFTER = BEFORE - {"Good"} | {"Fine"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Main deployed to prod, as a push to main does it with nothing there before."""
    folder = tmp_path_factory.mktemp("bot")
    with GitHub(folder) as github:
        stage = Stage(github, folder, Platform(folder / "platform", STREAMING_LANDING=""))
        deployed = stage.deploy_main()
        assert deployed.result == "success", deployed.log
        yield stage
        assert not github.unknown


def tiers(stage: Stage, schema: str = "streaming_prod.gold") -> set[str]:
    """The tiers of quality that shows have in an environment."""
    rows = stage.query(f"SELECT DISTINCT quality_tier FROM {schema}.dim_shows")
    return {tier for (tier,) in rows}


def genres(stage: Stage) -> set[str]:
    """The genres by which prod sums up."""
    rows = stage.query("SELECT genre FROM streaming_prod.analytics.show_ratings_by_genre")
    return {genre for (genre,) in rows}


def tables(stage: Stage) -> set[str]:
    """The names of the physical tables."""
    rows = stage.query(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name SIMILAR TO 'sqlmesh__.*'"
    )
    return {name for (name,) in rows}


def test_opened(stage: Stage) -> None:
    """The pull request has its environment, its plan and its report, and prod is as it was.

    Its approval alone does nothing: the bot would deploy here, were the approvers known to it.
    """
    assert tiers(stage) == BEFORE
    sha = stage.push("tiers", CHANGE)
    stage.github.open(7, "tiers")
    stage.github.review(7, "ann")
    jobs = stage.pull_request("opened")
    assert jobs["environment"].result == "success", jobs["environment"].log
    assert jobs["no-environment"].result == jobs["remove"].result == "skipped"
    print(f"from the push to the plan and the report: {jobs['environment'].seconds:.0f} s")

    concluded = stage.github.concluded(sha)
    assert {concluded[name] for name in (ENVIRONMENT, PLAN, TESTS)} == {"success"}
    plan = stage.github.summary(sha, PLAN)
    assert "gold.dim_shows" in plan and "Breaking" in plan and "'Fine'" in plan
    review, report = stage.github.shown(7, BOT)
    assert "`pr_7`" in review and f"{sha:.7}" in report
    assert tiers(stage, "streaming_dev.gold__pr_7") == AFTER
    assert tiers(stage) == BEFORE and not stage.github.pulls[7].merged
    assert stage.environments() == {"prod", "pr_7"}


def test_a_failing_unit_test(stage: Stage) -> None:
    sha = stage.push("tiers", {DIM_SHOWS: ("'Fine'", "'Nice'")}, base=None)
    assert stage.pull_request("synchronize")["environment"].result == "failure"
    concluded = stage.github.concluded(sha)
    assert (concluded[TESTS], concluded[ENVIRONMENT]) == ("failure", "skipped")
    assert concluded[PLAN] == "skipped"
    assert "Nice" in stage.github.summary(sha, TESTS)
    assert tiers(stage, "streaming_dev.gold__pr_7") == AFTER


def test_a_failing_audit(stage: Stage) -> None:
    """The environment stays as it was, and the check names model and audit."""
    changes = {DIM_SHOWS: ("  title, /*", "  CASE WHEN show_id > 1 THEN title END AS title, /*")}
    sha = stage.push("tiers", changes)
    assert stage.pull_request("synchronize")["environment"].result == "failure"
    concluded = stage.github.concluded(sha)
    assert (concluded[ENVIRONMENT], concluded[PLAN]) == ("failure", "skipped")
    said = stage.github.summary(sha, ENVIRONMENT)
    assert "not_null" in said and "dim_shows" in said
    assert tiers(stage, "streaming_dev.gold__pr_7") == AFTER and tiers(stage) == BEFORE


def test_closed(stage: Stage) -> None:
    """The environment is left to the janitor; closed once more, with none there, nothing fails."""
    jobs = stage.pull_request("closed")
    assert jobs["remove"].result == "success", jobs["remove"].log
    assert jobs["checks"].result == jobs["environment"].result == "skipped"
    assert stage.environments() == {"prod"}
    stage.github.open(9, "tiers")
    jobs = stage.pull_request("closed", 9)
    assert jobs["remove"].result == "success", jobs["remove"].log


def test_a_fork(stage: Stage) -> None:
    """It gets the checks and a word why there is no environment, and no step with secrets."""
    stage.github.open(8, "tiers", repository="mallory/streaming", author="mallory")
    jobs = stage.pull_request("opened", 8)
    ran = {key for key, job in jobs.items() if job.result != "skipped"}
    assert ran == {"checks", "no-environment"}
    assert "a fork gets no secrets" in jobs["no-environment"].log
    assert stage.environments() == {"prod"}


def test_a_comment_that_is_no_command(stage: Stage) -> None:
    asked = len(stage.github.requests)
    jobs = stage.comment("dora", "Looks good")
    assert {job.result for job in jobs.values()} == {"skipped"}
    assert len(stage.github.requests) == asked


def test_a_stranger_does_not_deploy(stage: Stage) -> None:
    """Who has nothing to do with the repository starts no runner; who may read it, is refused."""
    asked = len(stage.github.requests)
    jobs = stage.comment("somebody", "/deploy")
    assert {job.result for job in jobs.values()} == {"skipped"}
    assert len(stage.github.requests) == asked
    jobs = stage.comment("mallory", "/deploy")
    assert (jobs["guard"].result, jobs["deploy"].result) == ("failure", "skipped")
    assert "`mallory` has no write access" in stage.github.shown(7, BOT)[-1]


def test_main_moves(stage: Stage) -> None:
    """A hotfix reaches prod by a push to main; the pull request, now behind, is refused."""
    stage.push("main", {BY_GENRE: ("'unknown'", "'none'"), BY_GENRE_TEST: (": unknown", ": none")})
    deployed = stage.deploy_main()
    assert deployed.result == "success", deployed.log
    assert "none" in genres(stage) and "unknown" not in genres(stage)
    assert stage.comment("dora", "/deploy")["deploy"].result == "skipped"
    assert "`main` is 1 commit(s) ahead of the branch" in stage.github.shown(7, BOT)[-1]


def test_synchronised(stage: Stage) -> None:
    """The branch updated, its environment is there again, and its comments are no second ones."""
    shown = stage.github.shown(7, BOT)
    sha = stage.push("tiers", CHANGE)
    jobs = stage.pull_request("synchronize")
    assert jobs["environment"].result == "success", jobs["environment"].log
    assert tiers(stage, "streaming_dev.gold__pr_7") == AFTER
    assert stage.environments() == {"prod", "pr_7"}
    now = stage.github.shown(7, BOT)
    assert len(now) == len(shown) and now[0] == shown[0]
    assert f"{sha:.7}" in now[1] and f"{sha:.7}" not in shown[1]
    assert "show_ratings_by_genre" not in stage.github.summary(sha, PLAN).split("Indirectly")[0]


def test_an_approval_of_an_earlier_commit_does_not_deploy(stage: Stage) -> None:
    assert stage.comment("dora", "/deploy")["deploy"].result == "skipped"
    (reason,) = stage.github.shown(7, BOT)[-1].strip().splitlines()[2:]
    assert f"`{stage.github.sha('tiers'):.7}`, is not approved (approved: " in reason
    assert tiers(stage) == BEFORE


def test_deploy(stage: Stage) -> None:
    """Prod takes over what the environment has, main gets the commit, the hotfix stays."""
    sha, before = stage.github.sha("tiers"), tables(stage)
    stage.github.review(7, "ann")
    jobs = stage.comment("dora", "/deploy")
    assert jobs["deploy"].result == "success", jobs["guard"].log + jobs["deploy"].log
    assert tiers(stage) == AFTER and "none" in genres(stage)
    assert tables(stage) == before
    assert stage.github.concluded(sha)[DEPLOYED] == "success"
    assert stage.github.pulls[7].merged
    assert "'Fine'" in stage.github.file("main", DIM_SHOWS)
    assert "'none'" in stage.github.file("main", BY_GENRE)
    assert stage.environments() == {"prod"}


def test_what_was_deployed_is_not_deployed_twice(stage: Stage) -> None:
    """A deployment of main after the merge finds nothing to do, and neither does the command."""
    deployed = stage.deploy_main()
    assert deployed.result == "success" and "No changes to plan" in deployed.log, deployed.log
    assert stage.comment("dora", "/deploy")["deploy"].result == "skipped"
    assert "is not open" in stage.github.shown(7, BOT)[-1]


def test_a_destructive_change(stage: Stage) -> None:
    """A forward-only change that would drop a column of prod's table is stopped, with a reason."""
    branch = "no-plans-forward-only"
    text = stage.github.file("main", FCT_RATINGS)
    line = next(line for line in text.splitlines() if " AS user_subscription_plan" in line)
    kept = "AS user_country /* Country of the user at the time of the rating. */"
    changes = {FCT_RATINGS: (f"{kept.replace(' /*', ', /*')}\n{line}", kept)}
    stage.push(branch, changes)
    sha = stage.push(branch, {FCT_RATINGS_TEST: ("user_subscription_plan:", "#")}, base=None)
    stage.github.open(10, branch)
    jobs = stage.pull_request("opened", 10)
    assert jobs["environment"].result == "failure"
    assert stage.github.concluded(sha)[ENVIRONMENT] == "failure"
    said = stage.github.summary(sha, ENVIRONMENT)
    assert "destructive" in said and "fct_ratings" in said and "user_subscription_plan" in said
    assert stage.environments() == {"prod"}
    assert stage.query("SELECT user_subscription_plan FROM streaming_prod.gold.fct_ratings")
