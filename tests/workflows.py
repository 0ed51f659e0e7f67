"""Runs the jobs of .github/workflows as GitHub would: those that an event starts, step by step.

Of GitHub's expressions it knows what the workflows use. Actions are not run: a checkout is one of
the stand-in's repository, and what sets Python up is passed over, since the tests' Python is there.
Folders stay between jobs, so that SQLMesh's cache does; a runner of GitHub begins with none.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from github_standin import REPOSITORY, TOKEN, GitHub, git
from harness import PROJECT, SETTINGS
from ruamel.yaml import YAML

from operations import launcher

WORKFLOWS = PROJECT / ".github" / "workflows"
WORDS = re.compile(r"\s*(?:('[^']*')|(&&|\|\||==|!=|!|[(),])|([\w.-]+))")
OPERATORS = {"&&": " and ", "||": " or ", "!": " not "}

Workflow = dict[str, Any]


@dataclass
class Job:
    """What became of a job: success, failure or skipped; its outputs, log, and time in seconds."""

    result: str
    outputs: dict[str, str]
    log: str = ""
    seconds: float = 0.0


def load_all() -> dict[str, Workflow]:
    """The workflows, by the names of their files. YAML 1.2, in which `on` is no boolean."""
    yaml = YAML(typ="safe")
    return {path.name: yaml.load(path) for path in sorted(WORKFLOWS.glob("*.yml"))}


class Runner:
    """Runs jobs on a stand-in of GitHub in `folder`.

    Args:
        settings: variables of each step that win over those of the workflows, such as the gateway.
        variables: the repository's variables (`vars`); it has no secrets.
        left_out: jobs that are not run, and count as successful.
    """

    def __init__(
        self,
        github: GitHub,
        folder: Path,
        settings: Mapping[str, str],
        variables: Mapping[str, str],
        left_out: tuple[str, ...] = (),
    ) -> None:
        self.github = github
        self.workspace, self.event, self.output = (
            folder / name for name in ("workspace", "event.json", "output")
        )
        git(folder, "clone", "-q", str(github.remote), str(self.workspace))
        self.commands = folder / "commands"
        self.commands.mkdir()
        launcher.write(self.commands, self.workspace)
        self.settings = settings
        self.variables = variables
        self.left_out = left_out

    def dispatch(self, name: str, event: Mapping[str, Any], branch: str = "main") -> dict[str, Job]:
        """Runs all jobs that an event starts; what they end with is a check of a pull request."""
        contexts: dict[str, Any] = {
            "github": {
                "event": event,
                "event_name": name,
                "ref": f"refs/heads/{branch}",
                "repository": REPOSITORY,
                "token": TOKEN,
            },
            "vars": self.variables,
        }
        self.event.write_text(json.dumps(event))
        jobs: dict[str, Job] = {}
        for workflow in load_all().values():
            if not starts(workflow["on"], name, event, branch):
                continue
            for key, job in workflow["jobs"].items():
                jobs[key] = self._run(key, job, {**contexts, "needs": needs(jobs)})
                if name == "pull_request" and jobs[key].result != "skipped":
                    sha = event["pull_request"]["head"]["sha"]
                    self.github.check(sha, key, jobs[key].result)
        return jobs

    def _run(self, key: str, job: Mapping[str, Any], contexts: dict[str, Any]) -> Job:
        if "needs" in job and contexts["needs"][job["needs"]]["result"] != "success":
            return Job("skipped", {})
        if not evaluate(job.get("if", "true"), contexts):
            return Job("skipped", {})
        if key in self.left_out:
            return Job("success", {})
        begun, log = time.monotonic(), ""
        contexts["steps"] = {}
        for step in job["steps"]:
            assert "if" not in step, "conditions of steps are not known here"
            if "uses" in step:
                if step["uses"].startswith("actions/checkout@"):
                    self._check_out(step["with"].get("ref"), contexts)
                continue
            self.output.write_text("")
            environment = {**job.get("env", {}), **step.get("env", {})}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.workspace,
                env={
                    **self._environment(contexts),
                    **{k: interpolate(v, contexts) for k, v in environment.items()},
                    **self.settings,
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=600,
            )
            log += f"$ {step['run']}\n{done.stdout}"
            outputs = dict(line.split("=", 1) for line in self.output.read_text().splitlines())
            contexts["steps"][step.get("id")] = {"outputs": outputs}
            if done.returncode:
                return Job("failure", {}, log, time.monotonic() - begun)
        outputs = {k: interpolate(v, contexts) for k, v in job.get("outputs", {}).items()}
        return Job("success", outputs, log, time.monotonic() - begun)

    def _check_out(self, ref: str | None, contexts: Mapping[str, Any]) -> None:
        git(self.workspace, "fetch", "-q", "--prune")
        if ref:
            wanted = interpolate(ref, contexts)
        elif contexts["github"]["event_name"] == "pull_request":
            # As GitHub does, the merge of the head into its base.
            pull = contexts["github"]["event"]["pull_request"]
            git(self.workspace, "checkout", "-q", "--detach", f"origin/{pull['base']['ref']}")
            git(self.workspace, "merge", "-q", "--no-edit", pull["head"]["sha"])
            return
        else:
            wanted = contexts["github"]["ref"].removeprefix("refs/heads/")
        if not re.fullmatch("[0-9a-f]{40}", wanted):
            wanted = f"origin/{wanted}"
        git(self.workspace, "checkout", "-q", "--detach", wanted)

    def _environment(self, contexts: Mapping[str, Any]) -> dict[str, str]:
        """The variables that each step has on GitHub, and this machine's own but for settings."""
        own = (*SETTINGS, "GITHUB_", "SQLMESH_", "ALERT_")
        python = Path(sys.executable).parent
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith(own)},
            "PATH": os.pathsep.join(map(str, [self.commands, python, os.environ["PATH"]])),
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_GRAPHQL_URL": f"{self.github.url}/graphql",
            "GITHUB_EVENT_NAME": contexts["github"]["event_name"],
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.output.with_name("summary.md")),
        }


def needs(jobs: Mapping[str, Job]) -> dict[str, Any]:
    """The context `needs`."""
    return {key: {"result": job.result, "outputs": job.outputs} for key, job in jobs.items()}


def starts(on: Mapping[str, Any], name: str, event: Mapping[str, Any], branch: str) -> bool:
    """Whether an event starts a workflow."""
    if name not in on:
        return False
    only = on[name] or {}
    if event.get("action", "") not in only.get("types", [event.get("action", "")]):
        return False
    return branch in only.get("branches", [branch])


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The value of an expression of GitHub, without its braces."""

    def value(path: str) -> Any:
        found: Any = contexts
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def starts_with(text: str, start: str) -> bool:
        return text.lower().startswith(start.lower())

    python, position = "", 0
    while expression[position:].strip():
        word = WORDS.match(expression, position)
        assert word, f"{expression!r} is not understood from {expression[position:]!r}"
        text, operator, name = word.groups()
        if name:
            python += {"startsWith": "starts_with", "true": "True"}.get(name, f"value({name!r})")
        else:
            python += text or OPERATORS.get(operator, operator)
        position = word.end()
    return eval(python, {"__builtins__": {}, "value": value, "starts_with": starts_with})


def interpolate(text: Any, contexts: Mapping[str, Any]) -> str:
    """A text with its expressions in braces replaced by their values; none is empty."""
    return re.sub(
        r"\$\{\{(.+?)\}\}",
        lambda found: str(evaluate(found[1], contexts) or ""),
        str(text),
    )
