"""A stand-in of GitHub: one repository, its pull requests, and the requests about them that the
project makes.

Its branches are those of a real bare git repository, so that what is behind, what conflicts and
what a merge brings are git's own answers. It is served on a free port of this machine. A request
that it does not know is answered with 404 and kept in `unknown`.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

REPOSITORY = "acme/streaming"
BOT = "github-actions[bot]"
TOKEN = "token-of-the-job"

Json = dict[str, Any]
Reply = tuple[int, Any]


@dataclass
class Pull:
    """A pull request; `repository` is where its branch is, and empty for a fork that is gone."""

    number: int
    head: str
    base: str = "main"
    author: str = "dora"
    repository: str = REPOSITORY
    state: str = "open"
    draft: bool = False
    merged: bool = False
    merge_state: str = "CLEAN"
    reviews: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)


class GitHub:
    """The repository and its server; a context manager, which stops the server."""

    def __init__(self, folder: Path) -> None:
        self.remote, self.clone = folder / "remote.git", folder / "clone"
        git(folder, "init", "-q", "--bare", "-b", "main", str(self.remote))
        git(folder, "clone", "-q", str(self.remote), str(self.clone))
        self.people: dict[str, str] = {}
        self.pulls: dict[int, Pull] = {}
        self.comments: dict[int, Json] = {}
        self.checks: list[Json] = []
        self.reactions: list[tuple[int, str]] = []
        self.requests: list[tuple[str, str]] = []
        self.unknown: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._seconds = 0
        self._asked: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> GitHub:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sha(self, branch: str) -> str:
        """The commit at which a branch is."""
        return git(self.remote, "rev-parse", f"refs/heads/{branch}")

    def file(self, branch: str, path: str) -> str:
        """The text of a file on a branch."""
        return git(self.remote, "show", f"refs/heads/{branch}:{path}")

    # What people do

    def push(self, branch: str, files: Mapping[str, str], base: str | None = None) -> str:
        """Someone pushes a commit with these files, by force on top of `base`, or of the branch.

        What lies in `clone` besides is part of the first commit. Returns the commit.
        """
        git(self.clone, "fetch", "-q")
        if git(self.remote, "branch", "--list"):
            git(self.clone, "switch", "-q", "--detach", f"origin/{base or branch}")
        for name, text in files.items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_text(text, encoding="utf-8")
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "-q", "-m", f"{branch}: {', '.join(files)}")
        git(self.clone, "push", "-q", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return self.sha(branch)

    def open(self, number: int, head: str, **options: Any) -> Pull:
        """Opens a pull request."""
        self.pulls[number] = Pull(number, head, **options)
        return self.pulls[number]

    def review(self, number: int, login: str, state: str = "APPROVED") -> None:
        """Someone reviews the newest commit of a pull request."""
        pull = self.pulls[number]
        pull.reviews.append(
            {
                "id": len(pull.reviews) + 1,
                "user": user(login),
                "state": state,
                "commit_id": self.sha(pull.head),
                "submitted_at": self._now(),
            }
        )

    def change_base(self, number: int, base: str) -> None:
        """Someone has a pull request go into another branch; its reviews stay as they are."""
        self.pulls[number].base = base
        self.pulls[number].events.append({"event": "base_ref_changed", "created_at": self._now()})

    def comment(self, number: int, login: str, body: str) -> Json:
        """Someone writes on a pull request; returns the event that GitHub makes of it."""
        comment = self._comment(number, body, login)
        association = "COLLABORATOR" if login in self.people else "NONE"
        comment = comment | {"author_association": association}
        issue = {"number": number, "pull_request": {"url": self._pull_url(number)}}
        return {
            "action": "created",
            "comment": comment,
            "issue": issue,
            "repository": repository(REPOSITORY),
            "sender": user(login),
        }

    def pull_request_event(self, number: int, action: str) -> Json:
        """The event of something that happened to a pull request."""
        return {
            "action": action,
            "number": number,
            "pull_request": self._pull(number),
            "repository": repository(REPOSITORY),
            "sender": user(self.pulls[number].author),
        }

    def check(
        self,
        sha: str,
        name: str,
        conclusion: str | None = "success",
        workflow: str = "pull-request.yml",
    ) -> None:
        """A check of a commit by a job, done or, without a conclusion, still running.

        Without a workflow it is another app's.
        """
        status = "completed" if conclusion else "in_progress"
        run = {"head_sha": sha, "name": name, "status": status, "conclusion": conclusion}
        self._add_check(run | {"workflow": workflow})

    # What there is to see

    def shown(self, number: int, login: str = BOT) -> list[str]:
        """The comments that someone made on a pull request."""
        return [
            comment["body"]
            for comment in self.comments.values()
            if comment["number"] == number and comment["user"]["login"] == login
        ]

    def concluded(self, sha: str) -> dict[str, str]:
        """What the newest checks of a commit ended with, by their names."""
        return {run["name"]: run["conclusion"] for run in self.checks if run["head_sha"] == sha}

    def summary(self, sha: str, name: str) -> str:
        """What the newest check of a commit by this name says."""
        runs = [run for run in self.checks if (run["head_sha"], run["name"]) == (sha, name)]
        return runs[-1]["output"]["summary"]

    # The requests

    def _handler(github) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # headers and body in one packet, or the client waits for the second

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                if TOKEN not in self.headers.get("Authorization", ""):
                    status, reply = 401, {"message": "Bad credentials"}
                else:
                    with github._lock:
                        status, reply = github._reply(self.command, self.path, body)
                content = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = answer

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        return Handler

    def _reply(self, method: str, address: str, body: Json) -> Reply:
        path = urlsplit(address).path
        self._asked = dict(parse_qsl(urlsplit(address).query))
        self.requests.append((method, path))
        for (known, pattern), answer in ROUTES.items():
            found = re.fullmatch(pattern.replace("{repository}", f"/repos/{REPOSITORY}"), path)
            if known == method and found:
                return answer(self, *found.groups(), **({"body": body} if method != "GET" else {}))
        self.unknown.append((method, path))
        return 404, {"message": "Not Found"}

    def _pull_url(self, number: int) -> str:
        return f"{self.url}/repos/{REPOSITORY}/pulls/{number}"

    def _pull(self, number: int) -> Json:
        pull = self.pulls[number]
        url = self._pull_url(number)
        return {
            "url": url,
            "issue_url": url.replace("/pulls/", "/issues/"),
            "_links": {"self": {"href": url}},
            "number": number,
            "title": pull.head,
            "state": pull.state,
            "draft": pull.draft,
            "merged": pull.merged,
            "user": user(pull.author),
            "head": self._side(pull.head, pull.repository),
            "base": self._side(pull.base, REPOSITORY),
        }

    def _side(self, branch: str, name: str) -> Json:
        return {"ref": branch, "sha": self.sha(branch), "repo": repository(name) if name else None}

    def _comment(self, number: int, body: str, login: str) -> Json:
        key = len(self.comments) + 1
        self.comments[key] = {
            "id": key,
            "url": f"{self.url}/repos/{REPOSITORY}/issues/comments/{key}",
            "number": number,
            "body": body,
            "user": user(login),
        }
        return self.comments[key]

    def _add_check(self, run: Json) -> Json:
        key = len(self.checks) + 1
        url = f"{self.url}/repos/{REPOSITORY}/check-runs/{key}"
        self.checks.append({"conclusion": None, **run, "id": key, "url": url})
        return self.checks[-1]

    def _get_pull(self, number: str) -> Reply:
        return 200, self._pull(int(number))

    def _get_issue(self, number: str) -> Reply:
        url = f"{self.url}/repos/{REPOSITORY}/issues/{number}"
        return 200, {"url": url, "number": int(number), "title": self.pulls[int(number)].head}

    def _get_reviews(self, number: str) -> Reply:
        return 200, self.pulls[int(number)].reviews

    def _get_comments(self, number: str) -> Reply:
        return 200, [c for c in self.comments.values() if c["number"] == int(number)]

    def _post_comment(self, number: str, body: Json) -> Reply:
        return 201, self._comment(int(number), body["body"], BOT)

    def _get_comment(self, key: str) -> Reply:
        return 200, self.comments[int(key)]

    def _patch_comment(self, key: str, body: Json) -> Reply:
        self.comments[int(key)]["body"] = body["body"]
        return 200, self.comments[int(key)]

    def _post_reaction(self, key: str, body: Json) -> Reply:
        self.reactions.append((int(key), body["content"]))
        return 201, {"id": len(self.reactions), "content": body["content"]}

    def _post_check(self, body: Json) -> Reply:
        return 201, self._add_check(body)

    def _patch_check(self, key: str, body: Json) -> Reply:
        self.checks[int(key) - 1].update(body)
        return 200, self.checks[int(key) - 1]

    def _get_permission(self, login: str) -> Reply:
        if login not in self.people:
            return 404, {"message": f"{login} is not a user"}
        return 200, {"permission": self.people[login], "user": user(login)}

    def _get_issue_events(self, number: str) -> Reply:
        return 200, self.pulls[int(number)].events

    def _get_workflow(self, name: str) -> Reply:
        url = f"{self.url}/repos/{REPOSITORY}/actions/workflows/{name}"
        return 200, {"id": 1, "path": f".github/workflows/{name}", "url": url}

    def _get_runs(self, workflow: str) -> Reply:
        """One run for each job: its number is that of the check."""
        assert self._asked["event"] == "pull_request"
        url = f"{self.url}/repos/{REPOSITORY}/actions/runs"
        runs = [
            {"id": check["id"], "jobs_url": f"{url}/{check['id']}/jobs"}
            for check in self.checks
            if (check.get("workflow"), check["head_sha"]) == (workflow, self._asked["head_sha"])
        ]
        return 200, {"total_count": len(runs), "workflow_runs": runs}

    def _get_jobs(self, key: str) -> Reply:
        return 200, {"total_count": 1, "jobs": [self.checks[int(key) - 1]]}

    def _now(self) -> str:
        """A time after all before."""
        self._seconds += 1
        return f"2026-01-01T00:{self._seconds // 60:02}:{self._seconds % 60:02}Z"

    def _get_comparison(self, base: str, head: str) -> Reply:
        counted = git(self.remote, "rev-list", "--left-right", "--count", f"{base}...{head}")
        behind, ahead = map(int, counted.split())
        return 200, {"behind_by": behind, "ahead_by": ahead, "total_commits": ahead}

    def _put_merge(self, number: str, body: Json) -> Reply:
        pull = self.pulls[int(number)]
        head = self.sha(pull.head)
        if body.get("sha", head) != head:
            return 409, {"message": "Head branch was modified. Review and try the merge again."}
        tree = git(self.remote, "merge-tree", "--write-tree", pull.base, head, accept=(0, 1))
        if pull.merge_state == "BLOCKED" or "\n" in tree or body["merge_method"] != "squash":
            return 405, {"message": "Pull Request is not mergeable"}
        parent = self.sha(pull.base)
        message = f"{pull.head} (#{number})"
        commit = git(self.remote, "commit-tree", tree, "-p", parent, "-m", message)
        git(self.remote, "update-ref", f"refs/heads/{pull.base}", commit)
        pull.merged, pull.state = True, "closed"
        return 200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}

    def _post_query(self, body: Json) -> Reply:
        asked = re.search(r"pullRequest\(number: (\d+)\)", body["query"])
        assert asked and "mergeStateStatus" in body["query"], body
        status = {"mergeStateStatus": self.pulls[int(asked[1])].merge_state}
        return 200, {"data": {"repository": {"pullRequest": status}}}


def git(folder: Path, *arguments: str, accept: tuple[int, ...] = (0,)) -> str:
    """What a git command says in a folder; fails at an exit code that is not accepted."""
    done = subprocess.run(
        ["git", "-c", "user.name=Dora", "-c", "user.email=dora@example.com", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode in accept, done.stderr
    return done.stdout.strip()


def user(login: str) -> Json:
    """Someone on GitHub."""
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


def repository(name: str) -> Json:
    """A repository, as events and pull requests name it."""
    return {"full_name": name, "default_branch": "main"}


ROUTES: dict[tuple[str, str], Callable[..., Reply]] = {
    ("GET", r"{repository}/pulls/(\d+)"): GitHub._get_pull,
    ("GET", r"{repository}/pulls/(\d+)/reviews"): GitHub._get_reviews,
    ("PUT", r"{repository}/pulls/(\d+)/merge"): GitHub._put_merge,
    ("GET", r"{repository}/issues/(\d+)"): GitHub._get_issue,
    ("GET", r"{repository}/issues/(\d+)/comments"): GitHub._get_comments,
    ("POST", r"{repository}/issues/(\d+)/comments"): GitHub._post_comment,
    ("GET", r"{repository}/issues/comments/(\d+)"): GitHub._get_comment,
    ("PATCH", r"{repository}/issues/comments/(\d+)"): GitHub._patch_comment,
    ("POST", r"{repository}/issues/comments/(\d+)/reactions"): GitHub._post_reaction,
    ("POST", r"{repository}/check-runs"): GitHub._post_check,
    ("PATCH", r"{repository}/check-runs/(\d+)"): GitHub._patch_check,
    ("GET", r"{repository}/collaborators/([\w-]+)/permission"): GitHub._get_permission,
    ("GET", r"{repository}/issues/(\d+)/events"): GitHub._get_issue_events,
    ("GET", r"{repository}/actions/workflows/([\w-]+\.yml)"): GitHub._get_workflow,
    ("GET", r"{repository}/actions/workflows/([\w-]+\.yml)/runs"): GitHub._get_runs,
    ("GET", r"{repository}/actions/runs/(\d+)/jobs"): GitHub._get_jobs,
    ("GET", r"{repository}/compare/(\w+)\.\.\.([0-9a-f]{40})"): GitHub._get_comparison,
    ("POST", r"/graphql"): GitHub._post_query,
}
