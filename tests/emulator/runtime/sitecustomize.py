"""Gives the emulator's tasks what Databricks gives its own: `dbutils`, here its secrets alone, and
their output while they run."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

SECRETS = Path(os.environ["EMULATED_SECRETS"])
OUTPUT = Path(os.environ["EMULATED_OUTPUT"])


def listed(scope: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(key=path.name) for path in (SECRETS / scope).iterdir()]


def get(scope: str, key: str) -> str:
    return (SECRETS / scope / key).read_text()


runtime = ModuleType("databricks.sdk.runtime")
runtime.dbutils = SimpleNamespace(secrets=SimpleNamespace(list=listed, get=get))  # type: ignore
sys.modules["databricks.sdk.runtime"] = runtime


def write(text: str, to_pipe: Callable[[str], int] = sys.stdout.write) -> int:
    with OUTPUT.open("a") as output:
        output.write(text)
    return to_pipe(text)


sys.stdout.write = write  # type: ignore[method-assign]
