"""The workflows on GitHub: well formed, with no more rights than they need, and true to the docs.

What their commands do is tested in test_bot.py and test_deployment.py.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from github_standin import git
from harness import PROJECT, Platform, tier_lacks
from ruamel.yaml import YAML
from sqlmesh.core.user import UserRole
from workflows import WORKFLOWS, interpolate, load_all

from operations.cli import streaming
from operations.github import PROD_BRANCH, REQUIRED_CHECKS

ACTIONS = PROJECT / ".github" / "actions"
DOCS = PROJECT / "docs" / "pull-requests.md"
GUARD = ".github/guard.txt"
LOCKS = (GUARD, ".github/sbom.txt")
FILES = [*sorted(WORKFLOWS.glob("*.yml")), *sorted(ACTIONS.glob("*/action.yml"))]
BESIDE_PYTHON = Path(sys.executable).parent
# What changes an environment, or the state of all
APPLIES = re.compile(r"sqlmesh (?:plan|migrate|invalidate)|sqlmesh_cicd|streaming rollback")


def jobs() -> list[Any]:
    """Each job, as the name of its file and its own, and what it says."""
    return [
        pytest.param(job, id=f"{file}:{key}")
        for file, workflow in load_all().items()
        for key, job in workflow["jobs"].items()
    ]


def steps(job: dict[str, Any], key: str) -> list[str]:
    """What the steps of a job say under a key (run, uses)."""
    return [step[key] for step in job["steps"] if key in step]


def tool(name: str) -> str:
    """The path of a program; skips the test, and says how to get it, where it is missing."""
    found = shutil.which(
        name,
        path=os.pathsep.join(map(str, (PROJECT / ".tools", BESIDE_PYTHON, os.environ["PATH"]))),
    )
    if not found:
        tier_lacks(f"{name} is neither in .tools nor on the path; .ci/run installs it")
    return found


def check(*command: str | Path) -> None:
    """Runs a linter, which has to find nothing."""
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint() -> None:
    """With shellcheck for the commands in the workflows."""
    check(tool("actionlint"), "-shellcheck", tool("shellcheck"))


def test_zizmor() -> None:
    """What it need not find stands beside the line or in .github/zizmor.yml, with the reason."""
    check(tool("zizmor"), "--offline", "--quiet", "--no-progress", ".github")


def test_a_rollback_takes_commits_of_main_alone(tmp_path: Path) -> None:
    """The step of the workflow, in a repository whose main has merged a branch."""
    rollback = load_all()["rollback.yml"]["jobs"]
    assert "secrets." not in str(rollback["commit"]) and "environment" not in rollback["commit"]
    assert rollback["rollback"]["needs"] == "commit"
    assert rollback["rollback"]["steps"][0]["with"]["ref"] == "${{ needs.commit.outputs.sha }}"
    (step,) = (step for step in rollback["commit"]["steps"] if "run" in step)
    git(tmp_path, "init", "-q", "-b", "main")
    commit = ("commit", "-q", "--allow-empty", "-m")
    git(tmp_path, *commit, "first")
    git(tmp_path, "switch", "-q", "-c", "branch")
    git(tmp_path, *commit, "never main")
    git(tmp_path, "switch", "-q", "main")
    git(tmp_path, "merge", "-q", "--no-ff", "--no-edit", "branch")
    first, branch, merge = (git(tmp_path, "rev-parse", n) for n in ("main^", "branch", "main"))
    strangers = [branch, "branch", "main", first[:12], "", "-", "0" * 40, f"{first}\nx=y", "$(id)"]
    for given in (first, merge, *strangers):
        output = tmp_path / "output"
        output.write_text("")
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", step["run"]],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "COMMIT": given, "GITHUB_OUTPUT": str(output)},
            capture_output=True,
            text=True,
        )
        taken = given in (first, merge)
        assert done.returncode == (0 if taken else 1), given
        assert output.read_text() == (f"sha={given}\n" if taken else "")
        assert taken or "is no commit of main" in done.stdout


def test_shellcheck() -> None:
    check(tool("shellcheck"), "setup.sh", ".ci/run", ".ci/newest_sqlmesh")


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_actions_are_pinned(file: Path) -> None:
    """By commit, with the release as a comment; one of this project is there."""
    used = re.findall(r"uses: (.*)", file.read_text())
    for action in used:
        if action.startswith("./"):
            assert (PROJECT / action / "action.yml").exists()
        else:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_an_action_has_one_version() -> None:
    used = {line for file in FILES for line in re.findall(r"uses: (\w.*)", file.read_text())}
    assert len(used) == len({line.partition("@")[0] for line in used})


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_text_of_others_becomes_a_command(file: Path) -> None:
    """Expressions reach commands by the environment alone: what they hold is not parsed."""
    content = YAML(typ="safe").load(file)
    all_jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    assert not [run for job in all_jobs for run in steps(job, "run") if "${{" in run]


@pytest.mark.parametrize("file", load_all())
def test_a_workflow_begins_without_rights(file: str) -> None:
    """It has no token and meets no code of others with one: jobs say what they need."""
    workflow = load_all()[file]
    assert workflow["permissions"] == {}
    assert workflow["defaults"] == {"run": {"shell": "bash"}}  # which stops at a failing pipe
    assert not {"pull_request_target", "workflow_run"}.intersection(workflow["on"])


@pytest.mark.parametrize("job", jobs())
def test_a_job_has_what_it_needs_and_no_more(job: dict[str, Any]) -> None:
    assert "permissions" in job and job["timeout-minutes"]
    has_secrets = "secrets." in str(job)
    assert has_secrets == ("environment" in job)
    has_identity = job["permissions"].get("id-token") == "write"
    assert has_identity == ("./.github/actions/databricks-token" in steps(job, "uses"))
    assert has_identity == ("environment" in job)  # which the federation policy names
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_who_may_write_code() -> None:
    """Merging alone."""
    writing = {
        key
        for workflow in load_all().values()
        for key, job in workflow["jobs"].items()
        if job["permissions"].get("contents") == "write"
    }
    assert writing == {"deploy"}


@pytest.mark.parametrize("job", jobs())
def test_nothing_is_cancelled_half_way(job: dict[str, Any]) -> None:
    """What applies something runs to its end; what goes to prod, one at a time, and all of it."""
    if any(APPLIES.search(run) for run in steps(job, "run")):
        assert job["concurrency"]["cancel-in-progress"] is False
        if job["env"]["STREAMING_ENVIRONMENT"] == "prod":
            queue = {"group": "deploy-prod", "queue": "max", "cancel-in-progress": False}
            assert job["concurrency"] == queue and job["environment"] == "prod"


def test_what_goes_to_prod() -> None:
    """Three jobs, of which one migrates, deploying main as it is and not as it was."""
    prod = {
        key: job
        for workflow in load_all().values()
        for key, job in workflow["jobs"].items()
        if job.get("environment") == "prod"
    }
    assert set(prod) == {"deploy", "prod", "rollback"}
    migrating = [key for key, job in prod.items() if "sqlmesh migrate" in steps(job, "run")]
    assert migrating == ["prod"]
    assert prod["prod"]["steps"][0]["with"]["ref"] == PROD_BRANCH


@pytest.mark.parametrize("key", ["dev", "prod", "deploy", "rollback"])
def test_jobs_follow_models(key: str) -> None:
    """The bundle is validated before a model changes, and deployed when all models have."""
    (job,) = (each["jobs"][key] for each in load_all().values() if key in each["jobs"])
    done = [
        step["with"]["command"] if step.get("uses") == "./.github/actions/bundle" else "apply"
        for step in job["steps"]
        if step.get("uses") == "./.github/actions/bundle" or APPLIES.search(step.get("run", ""))
    ]
    assert done[0] == "validate" and done[-1] == "deploy"
    assert set(done[1:-1]) == {"apply"}
    targets = {step["with"]["target"] for step in job["steps"] if "target" in step.get("with", {})}
    assert targets == {job["environment"]}


@pytest.mark.parametrize(
    "command, target, given, arguments, variables",
    [
        ("validate", "prod", {}, "bundle validate --strict --target prod", {}),
        ("deploy", "prod", {"STREAMING_LANDING": ""}, "bundle deploy --target prod", {}),
        (
            "deploy",
            "dev",
            {
                "ALERT_EMAIL": "ann@example.org, ben@example.org",
                "DATABRICKS_CLIENT_ID": "an-id",
                "DATABRICKS_CLIENT_SECRET": "sesame",
                "STREAMING_STATE_HOST": "db.example.org",
            },
            "bundle deploy --target dev",
            {
                "alert_email": "ann@example.org",
                "service_principal": "an-id",
                "state_host": "db.example.org",
            },
        ),
        # prod makes the server of the state itself
        (
            "deploy",
            "prod",
            {"STREAMING_STATE_HOST": "db.example.org"},
            "bundle deploy --target prod",
            {},
        ),
    ],
)
def test_the_bundle_gets_the_settings(
    tmp_path: Path,
    command: str,
    target: str,
    given: dict[str, str],
    arguments: str,
    variables: dict[str, str],
) -> None:
    """The step of the action, with a command line that only says how it was called."""
    said = tmp_path / "databricks"
    said.write_text('#!/bin/sh\necho "$@"\nenv | grep ^BUNDLE_VAR_\ntrue\n')
    said.chmod(0o755)
    action = YAML(typ="safe").load(ACTIONS / "bundle" / "action.yml")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", action["runs"]["steps"][-1]["run"]],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "COMMAND": command, "TARGET": target, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    first, *rest = done.stdout.splitlines()
    assert first == arguments
    assert dict(line.split("=", 1) for line in rest) == {
        f"BUNDLE_VAR_{name}": value for name, value in variables.items()
    }


def test_the_bundle_knows_its_variables() -> None:
    """Each that the action gives is one of databricks.yml, and from a setting that steps have."""
    script = (ACTIONS / "bundle" / "action.yml").read_text()
    given = dict(re.findall(r"give (\w+) (\w+)", script))
    assert set(given) < set(YAML(typ="safe").load(PROJECT / "databricks.yml")["variables"])
    for workflow in ("deploy.yml", "deploy-command.yml", "rollback.yml"):
        assert all(f"  {name}: $" in (WORKFLOWS / workflow).read_text() for name in given.values())


def test_secrets_and_variables_are_documented() -> None:
    """Each that is used, as what it is, and none that is not."""
    text = "".join(path.read_text() for path in FILES)
    used = set(re.findall(r"\b(secrets|vars)\.(\w+)", text))
    table = re.findall(
        r"^\| `([A-Z_]+)` \|.*\| (secret|variable)[^|]*\|$", DOCS.read_text(), flags=re.M
    )
    kinds = {"secret": "secrets", "variable": "vars"}
    assert used == {(kinds[kind], name) for name, kind in table}


class Databricks(BaseHTTPRequestHandler):
    """GitHub, which says who a job is, and Databricks, which gives it a token for that."""

    refuses = False
    asked: dict[str, list[str]] = {}

    def do_GET(self) -> None:
        here = f"http://{self.headers['Host']}"
        if self.path.startswith("/identity?"):
            audience = parse_qs(urlsplit(self.path).query)["audience"]
            self.answer({"value": f"identity for {audience[0]}"})
        elif self.path == "/.well-known/databricks-config":
            self.answer({"oidc_endpoint": f"{here}/oidc", "workspace_id": "1"})
        elif self.path == "/oidc/.well-known/oauth-authorization-server":
            self.answer(
                {"token_endpoint": f"{here}/token", "authorization_endpoint": f"{here}/authorize"}
            )
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        type(self).asked = parse_qs(body)
        if self.refuses:
            self.answer({"error": "invalid_grant", "error_description": "no policy"}, 400)
        else:
            self.answer({"access_token": "sesame", "token_type": "Bearer", "expires_in": 3600})

    def answer(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.mark.parametrize("refuses", [False, True])
def test_a_job_gets_a_token(tmp_path: Path, refuses: bool) -> None:
    """The step of the action, on stand-ins of GitHub's and Databricks' interfaces."""
    action = YAML(typ="safe").load(ACTIONS / "databricks-token" / "action.yml")
    (step,) = action["runs"]["steps"]
    handler = type("Answers", (Databricks,), {"refuses": refuses})
    output = tmp_path / "output"
    output.touch()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        given = {
            "${{ inputs.host }}": url,
            "${{ inputs.client-id }}": "an-id",
            "${{ github.server_url }}/${{ github.repository_owner }}": "https://github.com/us",
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step["run"]],
            env={name: given.get(value, value) for name, value in step["env"].items()}
            | {
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "GITHUB_OUTPUT": str(output),
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/identity?v=1",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-request",
            },
            capture_output=True,
            text=True,
        )
        server.shutdown()
    assert handler.asked["client_id"] == ["an-id"]
    assert handler.asked["subject_token"] == ["identity for https://github.com/us"]
    if refuses:
        assert done.returncode == 1 and output.read_text() == ""
        assert done.stdout.startswith(
            "::error::Databricks gave no token to the service principal 'an-id'."
        )
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "::add-mask::sesame\n"
        assert output.read_text() == "token=sesame\n"


def test_sqlmesh_gets_the_token_unless_there_is_a_secret() -> None:
    """SQLMesh knows one token, which ends after an hour, or a service principal's secret."""
    settings = load_all()["deploy.yml"]["jobs"]["prod"]["steps"][-1]["env"]
    ours = {name: text for name, text in settings.items() if name.startswith("DATABRICKS_C")}
    steps = {"databricks": {"outputs": {"token": "an-hour"}}}
    contexts = {"vars": {"DATABRICKS_CLIENT_ID": "an-id"}, "steps": steps}
    assert interpolate(settings["DATABRICKS_TOKEN"], contexts) == "an-hour"
    assert {interpolate(text, contexts) for text in ours.values()} == {""}
    contexts["secrets"] = {"DATABRICKS_CLIENT_SECRET": "sesame"}
    assert {name: interpolate(text, contexts) for name, text in ours.items()} == {
        "DATABRICKS_CLIENT_ID": "an-id",
        "DATABRICKS_CLIENT_SECRET": "sesame",
    }


@pytest.mark.parametrize("job", jobs())
def test_commands_exist(job: dict[str, Any]) -> None:
    for run in steps(job, "run"):
        for called in re.findall(r"^ *streaming (.+?)(?: >.*)?$", run, re.MULTILINE):
            assert CliRunner().invoke(streaming, [*shlex.split(called), "--help"]).exit_code == 0
        for script in re.findall(r"bash (\S+)", run):
            assert (PROJECT / script).exists()


@pytest.mark.parametrize(
    "file", ["requirements.txt", "requirements-dev.txt", "requirements-deploy.txt", *LOCKS]
)
def test_what_is_installed_has_hashes(file: str) -> None:
    """Each pin; pip takes all or none of a file for hashed."""
    text = (PROJECT / file).read_text()
    pins = re.findall(r"^[\w.-]+==.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)*", text, flags=re.M)
    assert pins and all("--hash=" in pin for pin in pins)
    assert "--generate-hashes" in text.partition("==")[0]


def test_what_the_workflows_install_is_what_is_tested() -> None:
    """The versions are those of requirements-dev.txt, with which the tests run."""
    tested = set(re.findall(r"^[\w.-]+==\S+", (PROJECT / "requirements-dev.txt").read_text(), re.M))
    for file in ("requirements.txt", "requirements-deploy.txt", GUARD):
        assert set(re.findall(r"^[\w.-]+==\S+", (PROJECT / file).read_text(), re.M)) <= tested


def test_nothing_is_installed_without_hashes() -> None:
    """Neither by the set-up nor by a workflow; what is newest has none, and is tried at night."""
    texts = [path.read_text() for path in [*FILES, PROJECT / "setup.sh"]]
    installed = [line for text in texts for line in text.splitlines() if " -m pip install " in line]
    assert installed and all("--require-hashes" in line for line in installed)


def test_the_newest_sqlmesh_within_the_range_is_that_of_the_project() -> None:
    job = load_all()["nightly.yml"]["jobs"]["newest-sqlmesh"]
    within, above = job["strategy"]["matrix"]["sqlmesh"]
    assert f'"{within}",' in (PROJECT / "pyproject.toml").read_text() and above == "sqlmesh"
    script = (PROJECT / ".ci" / "newest_sqlmesh").read_text()
    named = re.findall(r"tests/\w+\.py", script)
    assert len(named) > 5 and all((PROJECT / file).exists() for file in named)


def test_the_guard_needs_no_more_than_it_installs(tmp_path: Path) -> None:
    """It judges in seconds, with a client of GitHub and without SQLMesh."""
    steps = load_all()["deploy-command.yml"]["jobs"]["guard"]["steps"]
    assert [s["with"]["pins"] for s in steps if "pins" in s.get("with", {})] == [GUARD]
    installed = re.findall(r"^([\w-]+)==", (PROJECT / GUARD).read_text(), flags=re.M)
    assert {"click", "pygithub"} <= set(installed) and len(installed) < 20
    (tmp_path / "event.json").write_text('{"comment": {"body": "Looks good"}, "issue": {}}')
    called = (
        "import sys\nfor name in 'sqlmesh sqlglot duckdb pandas rich jinja2 dotenv'.split():\n"
        "    sys.modules[name] = None\n"
        "from operations.cli import streaming\nstreaming(['github', 'may-deploy'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", called],
        cwd=PROJECT,
        env={
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text() == "deploy=no\n"


def test_required_checks_are_jobs() -> None:
    """A check has the name of its job."""
    jobs = load_all()["pull-request.yml"]["jobs"]
    assert set(REQUIRED_CHECKS) <= set(jobs)
    assert not any("name" in jobs[name] for name in REQUIRED_CHECKS)


def test_the_bot_deploys_nothing_by_itself(tmp_path: Path) -> None:
    """Any of these three and it would: for a stranger's comment, or on a push after an approval."""
    with Platform(tmp_path).context() as context:
        bot = context.config.cicd_bot
        assert bot and not bot.enable_deploy_command and bot.merge_method is None
        assert not any(UserRole.REQUIRED_APPROVER in user.roles for user in context.config.users)
