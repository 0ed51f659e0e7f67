"""The comment /deploy on a pull request, and what is said on GitHub about it and about the data.

    streaming github may-deploy [--sha SHA]
    streaming github merge SHA
    streaming github comment FILE

run in the workflows of .github/workflows, where GITHUB_EVENT_PATH is the event's file and
GITHUB_TOKEN may ask GITHUB_API_URL. They stand where SQLMesh's bot has a way of its own, which
deploys for whoever comments, merges whatever the branch holds by then, and, once there are required
approvers, deploys any later push to a branch that one of them approved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from github import Auth, Github
from github.GithubException import GithubException
from github.PullRequest import PullRequest
from github.PullRequestReview import PullRequestReview
from github.Repository import Repository
from github.WorkflowJob import WorkflowJob

from operations import CommandError

COMMAND = "/deploy"
PROD_BRANCH = "main"
MAY_WRITE = {"admin", "maintain", "write"}
# Whoever may write checks could give one these names: only jobs of this workflow count.
CHECKS_WORKFLOW = "pull-request.yml"
REQUIRED_CHECKS = ("checks", "environment")
BASE_CHANGED = {"base_ref_changed", "automatic_base_change_succeeded"}
VERDICTS = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}
REPORT_MARK = "<!-- streaming-platform: what changes in the data -->"
LONGEST_COMMENT = 65_536  # characters

Event = dict[str, Any]


@contextmanager
def current_event() -> Iterator[Event]:
    """The event that started the workflow.

    Raises:
        CommandError: GitHub refused a request that was made with it.
    """
    try:
        yield json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    except GithubException as error:
        raise CommandError(
            f"GitHub refused a request: {error}. Look at the permissions of the job in the "
            "workflow, and whether GitHub has an incident."
        ) from error


def may_deploy(event: Event, judged: str | None = None) -> None:
    """Answers a comment: whether the pull request's head may be deployed to prod.

    The outputs `deploy` (yes or no) and `sha` (the commit that was judged) are for the jobs that
    follow; the person gets a reaction and, when refused, the reasons, each with the way out. A
    comment that is no command gets `deploy=no` and no word.

    Args:
        event: an `issue_comment` event.
        judged: the commit of an earlier yes; another head by now is a refusal.

    Raises:
        CommandError: The command is refused.
    """
    body = event["comment"]["body"]
    if body.split()[:1] != [COMMAND] or "pull_request" not in event["issue"]:
        set_outputs(deploy="no")
        return
    repository, pull = asked_about(event)
    reasons = list(refusals(repository, pull, event, judged))
    answered = pull.get_issue_comment(event["comment"]["id"])
    if not reasons:
        set_outputs(deploy="yes", sha=pull.head.sha)
        answered.create_reaction("rocket")
        print(f"Commit {pull.head.sha} of pull request {pull.number} may be deployed.")
        return
    set_outputs(deploy="no")
    text = "Not deployed to prod:\n\n" + "".join(f"- {reason}\n" for reason in reasons)
    answered.create_reaction("confused")
    pull.create_issue_comment(text)
    raise CommandError(text)


def refusals(
    repository: Repository, pull: PullRequest, event: Event, judged: str | None
) -> Iterator[str]:
    """Why a pull request may not be deployed, each with the way out; nothing when it may."""
    head, base = pull.head, pull.base
    writer = event["comment"]["user"]["login"]
    permission = permission_of(repository, writer)
    if permission not in MAY_WRITE:
        yield (
            f"`{writer}` has no write access to this repository (but: {permission})."
            " Someone who has it can comment the command."
        )
        return  # the rest is nothing to them
    if event["comment"]["body"].strip() != COMMAND:
        yield f"Nothing may follow the command. Comment `{COMMAND}` alone."
    if pull.state != "open":
        yield "The pull request is not open. Reopen it, or open another one."
    if pull.draft:
        yield "The pull request is a draft. Mark it as ready for review."
    if base.ref != PROD_BRANCH:
        yield f"It goes into `{base.ref}`, and prod is `{PROD_BRANCH}`. Change its base."
    if head.repo is None or head.repo.full_name != base.repo.full_name:
        yield (
            "The branch is in a fork. Push it to this repository and open the pull request from"
            " there."
        )
    if judged and head.sha != judged:
        yield (
            f"A push came in between: `{judged:.7}` was judged, the branch is at `{head.sha:.7}`."
            f" Have that approved and comment `{COMMAND}` again."
        )
    yield from missing_approval(pull)
    yield from missing_checks(repository, head.sha)
    behind = repository.compare(PROD_BRANCH, head.sha).behind_by
    if behind:
        yield (
            f"`{PROD_BRANCH}` is {behind} commit(s) ahead of the branch; deployed now, it would"
            " take them back from prod. Update the branch, have it approved, and comment again."
        )


def permission_of(repository: Repository, login: str) -> str:
    """What someone may do here: admin, write, read or none; an app is no user and has none."""
    try:
        return repository.get_collaborator_permission(login)
    except GithubException as error:
        if error.status == 404:
            return "none"
        raise


def missing_approval(pull: PullRequest) -> Iterator[str]:
    """What an approval of the head by someone of STREAMING_APPROVERS, not the author, lacks."""
    named = os.environ.get("STREAMING_APPROVERS", "").lower().split(",")
    approvers = {name.strip() for name in named} - {"", pull.user.login.lower()}
    if not approvers:
        yield (
            "STREAMING_APPROVERS names nobody who could approve it. Name people there other than"
            " the author, as a variable of the repository: their names on GitHub, with commas."
        )
        return
    moved = max(
        (e.created_at for e in pull.get_issue_events() if e.event in BASE_CHANGED), default=None
    )
    newest: dict[str, PullRequestReview] = {}
    for review in pull.get_reviews():
        login = review.user.login if review.user else ""
        if login.lower() in approvers and review.state in VERDICTS:
            newest[login] = review
    for login, review in newest.items():
        if review.state == "CHANGES_REQUESTED":
            yield f"`{login}` asks for changes. Make them, and ask for another review."
    approved = [review for review in newest.values() if review.state == "APPROVED"]
    of_head = [review for review in approved if review.commit_id == pull.head.sha]
    if any(moved is None or review.submitted_at > moved for review in of_head):
        return
    if of_head:
        yield (
            f"Its base was changed to `{pull.base.ref}` after it was approved. Ask for another"
            f" review by {_names(review.user.login for review in of_head)}."
        )
        return
    names = _names(sorted(approvers))
    earlier = ", ".join(f"`{review.commit_id:.7}`" for review in approved)
    yield (
        f"The newest commit, `{pull.head.sha:.7}`, is not approved"
        + (f" (approved: {earlier})" if earlier else "")
        + f". Ask for a review by one of {names}."
    )


def missing_checks(repository: Repository, sha: str) -> Iterator[str]:
    """Which required jobs of the workflow of pull requests are not there, not done or not green."""
    workflow = repository.get_workflow(CHECKS_WORKFLOW)
    newest: dict[str, WorkflowJob] = {}
    for run in workflow.get_runs(event="pull_request", head_sha=sha):
        for job in run.jobs():
            if job.name not in newest or job.id > newest[job.name].id:
                newest[job.name] = job
    for name in REQUIRED_CHECKS:
        if name not in newest:
            yield f"The check `{name}` has not run on `{sha:.7}`. Run the workflow, or push again."
        elif newest[name].status != "completed":
            yield f"The check `{name}` is not done. Wait for it, and comment again."
        elif newest[name].conclusion != "success":
            yield f"The check `{name}` ended with {newest[name].conclusion}. Make it pass."


def _names(logins: Iterable[str]) -> str:
    return ", ".join(f"`{login}`" for login in logins)


def merge(event: Event, sha: str) -> None:
    """Merges the deployed pull request, if its head is still `sha`.

    Raises:
        CommandError: It is not, or GitHub does not merge; says what to do, as a comment does.
    """
    _, pull = asked_about(event)
    try:
        pull.merge(merge_method="squash", sha=sha)
    except GithubException as error:
        text = (
            f"Prod shows commit `{sha:.7}`, but it was not merged: {error.message or error}\n\n"
            f"As long as it is not in `{PROD_BRANCH}`, the next deployment takes it back from prod."
            f" If the branch has moved on, have the newest commit approved and comment `{COMMAND}`"
            " again; else do what GitHub asks for and merge by hand."
        )
        pull.create_issue_comment(text)
        raise CommandError(text) from error
    print(f"Merged commit {sha} of pull request {pull.number}.")


def comment(event: Event, file: Path) -> None:
    """Shows a report as the one comment of its kind on the pull request of the event."""
    _, pull = asked_about(event)
    report = file.read_text(encoding="utf-8")
    head = f"{REPORT_MARK}\n"
    foot = f"\n\n<sub>Commit {pull.head.sha:.7}</sub>\n"
    room = LONGEST_COMMENT - len(head) - len(foot)
    if len(report) > room:
        head += "The report is too long for a comment; the job's summary has all of it.\n\n"
        room = LONGEST_COMMENT - len(head) - len(foot)
        report = report[:room].rpartition("\n")[0]
    body = head + report.rstrip() + foot
    for shown in pull.get_issue_comments():
        if shown.user.type == "Bot" and shown.body.startswith(REPORT_MARK):
            shown.edit(body)
            return
    pull.create_issue_comment(body)


def asked_about(event: Event) -> tuple[Repository, PullRequest]:
    """The repository and the pull request of an event, as GitHub has them now."""
    client = Github(
        base_url=os.environ["GITHUB_API_URL"],
        auth=Auth.Token(os.environ["GITHUB_TOKEN"]),
        lazy=True,
        # A dozen requests at most: no need to spread them.
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    repository = client.get_repo(event["repository"]["full_name"])
    number = (event.get("issue") or event["pull_request"])["number"]
    return repository, repository.get_pull(number)


def set_outputs(**values: str) -> None:
    """Gives the step's outputs to what follows in the workflow."""
    with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
