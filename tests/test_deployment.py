"""Who may deploy by /deploy, and what is said about it, on a stand-in of GitHub."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from github_standin import BOT, TOKEN, GitHub

from operations import github as deployment
from operations.cli import streaming


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """Pull request 7 of dora, green and approved by ann: nothing speaks against it."""
    with GitHub(tmp_path) as github:
        github.push("main", {"model.sql": "as it was"})
        github.push("feature", {"model.sql": "changed"}, base="main")
        github.people = {"dora": "write", "ann": "admin", "mallory": "read"}
        github.open(7, "feature")
        make_ready(github)
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("STREAMING_APPROVERS", "Ann, bob")
        yield github
        assert not github.unknown


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, dict[str, str]]]:
    """Runs a command on an event as a step of a workflow: its exit code and its outputs."""

    def run(event: Any, *arguments: str) -> tuple[int, dict[str, str]]:
        files = tmp_path / "event.json", tmp_path / "outputs"
        files[0].write_text(json.dumps(event))
        files[1].write_text("")
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(files[0]))
        monkeypatch.setenv("GITHUB_OUTPUT", str(files[1]))
        told = CliRunner().invoke(streaming, ["github", *arguments])
        sys.stderr.write(told.stderr)
        outputs = dict(line.split("=", 1) for line in files[1].read_text().splitlines())
        return told.exit_code, outputs

    return run


def make_ready(github: GitHub) -> None:
    """The newest commit of the branch is green, and approved by ann."""
    for name in deployment.REQUIRED_CHECKS:
        github.check(github.sha("feature"), name)
    github.review(7, "ann")


def test_yes(github: GitHub, command: Any) -> None:
    event = github.comment(7, "dora", "/deploy\n")
    assert command(event, "may-deploy") == (0, {"deploy": "yes", "sha": github.sha("feature")})
    assert github.reactions == [(event["comment"]["id"], "rocket")]
    assert not github.shown(7, BOT)


@pytest.mark.parametrize("body", ["Looks good", "see /deploy", "/deployment is slow", "\n"])
def test_a_comment_that_is_no_command_costs_nothing(
    github: GitHub, command: Any, body: str
) -> None:
    assert command(github.comment(7, "mallory", body), "may-deploy") == (0, {"deploy": "no"})
    assert not github.requests


def test_a_command_on_an_issue_costs_nothing(github: GitHub, command: Any) -> None:
    event = github.comment(7, "dora", "/deploy")
    del event["issue"]["pull_request"]
    assert command(event, "may-deploy") == (0, {"deploy": "no"})
    assert not github.requests


def close(github: GitHub) -> None:
    github.pulls[7].state = "closed"


def draft(github: GitHub) -> None:
    github.pulls[7].draft = True


def into_develop(github: GitHub) -> None:
    github.push("develop", {"other.sql": "1"}, base="main")
    github.pulls[7].base = "develop"


def fork(github: GitHub) -> None:
    github.pulls[7].repository = "mallory/streaming"


def deleted_fork(github: GitHub) -> None:
    github.pulls[7].repository = ""


def without_reviews(github: GitHub) -> None:
    github.pulls[7].reviews.clear()


def approved_by_someone_else(github: GitHub) -> None:
    without_reviews(github)
    github.review(7, "mallory")


def approved_by_the_author(github: GitHub) -> None:
    """bob's own approval; GitHub would not take it, whoever calls its API with a token may."""
    without_reviews(github)
    github.pulls[7].author = "bob"
    github.review(7, "bob")


def only_commented(github: GitHub) -> None:
    without_reviews(github)
    github.review(7, "ann", "COMMENTED")


def dismissed(github: GitHub) -> None:
    github.review(7, "ann", "DISMISSED")


def push_after_approval(github: GitHub) -> None:
    sha = github.push("feature", {"model.sql": "changed again"})
    for name in deployment.REQUIRED_CHECKS:
        github.check(sha, name)


def changes_requested(github: GitHub) -> None:
    github.review(7, "bob", "CHANGES_REQUESTED")


def red_check(github: GitHub) -> None:
    github.check(github.sha("feature"), "checks", "failure")


def running_check(github: GitHub) -> None:
    github.check(github.sha("feature"), "environment", None)


def no_check(github: GitHub) -> None:
    github.checks = [run for run in github.checks if run["name"] != "environment"]


def check_of_another_app(github: GitHub) -> None:
    """Whoever may write checks gives one the name that is required."""
    no_check(github)
    github.check(github.sha("feature"), "environment", workflow="")


def check_of_another_workflow(github: GitHub) -> None:
    no_check(github)
    github.check(github.sha("feature"), "environment", workflow="nightly.yml")


def check_of_another_commit(github: GitHub) -> None:
    no_check(github)
    github.check(github.sha("main"), "environment")


def approved_for_another_base(github: GitHub) -> None:
    """What it would bring there was another change."""
    github.push("develop", {"other.sql": "1"}, base="main")
    github.pulls[7].base = "develop"
    without_reviews(github)
    github.review(7, "ann")
    github.change_base(7, "main")


def main_moves(github: GitHub) -> None:
    github.push("main", {"other.sql": "1"})
    github.push("main", {"other.sql": "2"})


@pytest.mark.parametrize(
    ("change", "reason", "way_out"),
    [
        (close, "is not open", "Reopen it"),
        (draft, "is a draft", "ready for review"),
        (into_develop, "It goes into `develop`", "Change its base"),
        (fork, "in a fork", "Push it to this repository"),
        (deleted_fork, "in a fork", "Push it to this repository"),
        (without_reviews, "is not approved", "Ask for a review by one of `ann`, `bob`"),
        (approved_by_someone_else, "is not approved", "`ann`, `bob`"),
        (approved_by_the_author, "is not approved", "by one of `ann`."),
        (only_commented, "is not approved", "`ann`, `bob`"),
        (dismissed, "is not approved", "`ann`, `bob`"),
        (push_after_approval, "is not approved (approved: `", "`ann`, `bob`"),
        (changes_requested, "`bob` asks for changes", "another review"),
        (red_check, "`checks` ended with failure", "Make it pass"),
        (running_check, "`environment` is not done", "Wait for it"),
        (no_check, "`environment` has not run", "push again"),
        (check_of_another_app, "`environment` has not run", "push again"),
        (check_of_another_workflow, "`environment` has not run", "push again"),
        (check_of_another_commit, "`environment` has not run", "push again"),
        (approved_for_another_base, "Its base was changed to `main`", "review by `ann`"),
        (main_moves, "`main` is 2 commit(s) ahead of the branch", "Update the branch"),
    ],
)
def test_no(
    github: GitHub,
    command: Any,
    change: Callable[[GitHub], None],
    reason: str,
    way_out: str,
) -> None:
    change(github)
    event = github.comment(7, "dora", "/deploy")
    assert command(event, "may-deploy") == (1, {"deploy": "no"})
    assert github.reactions == [(event["comment"]["id"], "confused")]
    (said,) = github.shown(7, BOT)
    (line,) = [line for line in said.splitlines() if line.startswith("- ")]
    assert reason in line and way_out in line


@pytest.mark.parametrize("states", [["COMMENTED"], ["CHANGES_REQUESTED", "APPROVED"]])
def test_the_last_verdict_counts(github: GitHub, command: Any, states: list[str]) -> None:
    """A remark takes no approval back; who asked for changes may be content with them."""
    for state in states:
        github.review(7, "ann", state)
    assert command(github.comment(7, "dora", "/deploy"), "may-deploy")[0] == 0


@pytest.mark.parametrize(
    ("login", "body", "reason"),
    [
        ("mallory", "/deploy", "`mallory` has no write access to this repository (but: read)"),
        ("nobody", "/deploy", "`nobody` has no write access to this repository (but: none)"),
        ("dora", "/deploy now", "Comment `/deploy` alone"),
    ],
)
def test_not_for_everyone_and_not_with_more_words(
    github: GitHub, command: Any, login: str, body: str, reason: str
) -> None:
    assert command(github.comment(7, login, body), "may-deploy") == (1, {"deploy": "no"})
    (said,) = github.shown(7, BOT)
    assert said.count("\n- ") == 1 and reason in said


def test_all_reasons_at_once(github: GitHub, command: Any) -> None:
    for change in (draft, main_moves, without_reviews):
        change(github)
    command(github.comment(7, "dora", "/deploy"), "may-deploy")
    assert github.shown(7, BOT)[0].count("\n- ") == 3


def test_of_who_may_not_write_nothing_else_is_asked(github: GitHub, command: Any) -> None:
    draft(github)
    command(github.comment(7, "mallory", "/deploy"), "may-deploy")
    assert github.shown(7, BOT)[0].count("\n- ") == 1
    asked = [path.rpartition("/")[2] for method, path in github.requests if method == "GET"]
    assert asked[:2] == ["7", "permission"]
    assert not {"reviews", "events", "runs"}.intersection(asked)


def test_a_review_after_the_base_was_changed_counts(github: GitHub, command: Any) -> None:
    approved_for_another_base(github)
    github.review(7, "ann")
    assert command(github.comment(7, "dora", "/deploy"), "may-deploy")[0] == 0


@pytest.mark.parametrize("approvers", ["", "dora"])
def test_approvers_have_to_be_named(
    github: GitHub, command: Any, monkeypatch: pytest.MonkeyPatch, approvers: str
) -> None:
    monkeypatch.setenv("STREAMING_APPROVERS", approvers)
    assert command(github.comment(7, "dora", "/deploy"), "may-deploy")[0] == 1
    assert "STREAMING_APPROVERS names nobody who could approve it" in github.shown(7, BOT)[0]


def test_an_update_of_the_branch_and_another_approval_are_the_way_out(
    github: GitHub, command: Any
) -> None:
    main_moves(github)
    assert command(github.comment(7, "dora", "/deploy"), "may-deploy")[0] == 1
    github.push("feature", {"model.sql": "changed"}, base="main")
    make_ready(github)
    assert command(github.comment(7, "dora", "/deploy"), "may-deploy")[0] == 0


def test_a_push_in_between_does_not_slip_in(github: GitHub, command: Any) -> None:
    """Even when it is green and approved: another commit was judged and is checked out."""
    event = github.comment(7, "dora", "/deploy")
    _, outputs = command(event, "may-deploy")
    judged = ("may-deploy", "--sha", outputs["sha"])
    assert command(event, *judged)[0] == 0
    github.push("feature", {"model.sql": "slipped in"})
    make_ready(github)
    assert command(event, *judged) == (1, {"deploy": "no"})
    assert "A push came in between" in github.shown(7, BOT)[0]


def test_merge(github: GitHub, command: Any) -> None:
    """Main gets what was deployed, as one commit."""
    event = github.comment(7, "dora", "/deploy")
    assert command(event, "merge", github.sha("feature")) == (0, {})
    assert github.pulls[7].merged
    assert github.file("main", "model.sql") == "changed"


def test_what_was_not_deployed_is_not_merged(github: GitHub, command: Any) -> None:
    event = github.comment(7, "dora", "/deploy")
    before, deployed = github.sha("main"), github.sha("feature")
    github.push("feature", {"model.sql": "slipped in"})
    assert command(event, "merge", deployed) == (1, {})
    assert not github.pulls[7].merged and github.sha("main") == before
    (said,) = github.shown(7, BOT)
    assert f"Prod shows commit `{deployed:.7}`, but it was not merged" in said
    assert "Head branch was modified" in said and "comment `/deploy` again" in said


def test_the_report_is_one_comment(github: GitHub, command: Any, tmp_path: Path) -> None:
    """It is edited by a later push; what people quote of it is left alone."""
    report = tmp_path / "report.md"
    report.write_text("first\n")
    event = github.pull_request_event(7, "synchronize")
    github.comment(7, "mallory", f"{deployment.REPORT_MARK} mine")
    assert command(event, "comment", str(report))[0] == 0
    report.write_text("second\n")
    sha = github.push("feature", {"model.sql": "changed again"})
    assert command(event, "comment", str(report))[0] == 0
    (shown,) = github.shown(7, BOT)
    assert "second" in shown and "first" not in shown and f"{sha:.7}" in shown
    assert github.shown(7, "mallory") == [f"{deployment.REPORT_MARK} mine"]


def test_a_report_too_long_for_a_comment(github: GitHub, command: Any, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("".join(f"line {number}\n" for number in range(10_000)))
    assert command(github.pull_request_event(7, "opened"), "comment", str(report))[0] == 0
    (shown,) = github.shown(7, BOT)
    assert len(shown) <= 65_536
    assert "too long" in shown and "the job's summary" in shown and "line 0\n" in shown


def test_github_says_no(
    github: GitHub, command: Any, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """A token that may not is an error with a way out, and no yes."""
    monkeypatch.setenv("GITHUB_TOKEN", "another")
    assert command(github.comment(7, "dora", "/deploy"), "may-deploy") == (1, {})
    said = capsys.readouterr().err
    assert "Bad credentials" in said and "permissions of the job" in said
