"""Fetches and compiles what the stand-in needs, into `.warehouse/` of the project."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
FOLDER = PROJECT / ".warehouse"
REQUIREMENTS = HERE / "requirements.txt"
CLASSES = (HERE / "PlainFiles.java", HERE / "UnityCatalog.java")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
JARS = ("io.delta:delta-spark_4.2_2.13:4.4.0", "io.delta:delta-storage:4.4.0")
JAVA = 17
STAMP = ".finished"


def missing() -> list[str]:
    """What this machine lacks, each with how to get it; empty where the stand-in can run."""
    if os.name == "nt":
        return ["Linux or macOS: the stand-in does not run on Windows itself, but in WSL"]
    lacks = []
    for command in ("java", "javac"):
        version = _java_version(command)
        if version < JAVA:
            found = f" (found {version})" if version else ""
            lacks.append(
                f"{command} {JAVA} or later{found}: on Debian, apt install openjdk-17-jdk-headless"
            )
    if not shutil.which("mvn"):
        lacks.append("mvn, to fetch Delta Lake: on Debian, apt install maven")
    return lacks


def install() -> Path:
    """Makes `.warehouse/`, skipping what is there already and anew what was interrupted."""
    import fcntl  # not on Windows

    FOLDER.mkdir(exist_ok=True)
    versions = "\n".join([sys.version, *JARS, COPY])
    requirements = REQUIREMENTS.read_text()
    classes = "".join(source.read_text() for source in CLASSES)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _step("python", sys.version + requirements, _python)
        _step("delta", versions, _delta)
        _step("catalog", versions + requirements + classes, _catalog)
    return FOLDER


def python() -> Path:
    """The interpreter of the stand-in's own environment."""
    return FOLDER / "python" / "bin" / "python"


def jars() -> list[Path]:
    return sorted([*(FOLDER / "delta").glob("*.jar"), *(FOLDER / "catalog").glob("*.jar")])


def _java_version(command: str) -> int:
    """The major version of `java` or `javac`; 0 where there is none."""
    if not shutil.which(command):
        return 0
    ran = subprocess.run([command, "-version"], capture_output=True, text=True)
    for word in (ran.stdout + ran.stderr).replace('"', "").split():
        if word[0].isdigit():
            return int(word.split(".")[0].split("-")[0])
    return 0


def _step(name: str, inputs: str, make: Callable[[Path], None]) -> None:
    checksum = hashlib.sha256(inputs.encode()).hexdigest()
    folder = FOLDER / name
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text() == checksum:
        return
    print(f"warehouse: setting up {name} in {folder}", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    make(folder)
    stamp.write_text(checksum)


def _run(*command: str | Path) -> None:
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if ran.returncode:
        shown = " ".join(str(part) for part in command)
        raise RuntimeError(f"{shown} failed:\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}")


def _python(folder: Path) -> None:
    _run(sys.executable, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check")
    _run(*pip, "--quiet", "--requirement", REQUIREMENTS)


def _delta(folder: Path) -> None:
    for jar in JARS:
        _run("mvn", "-q", "-B", "-ntp", COPY, f"-Dartifact={jar}", f"-DoutputDirectory={folder}")


def _catalog(folder: Path) -> None:
    classes = folder / "classes"
    classes.mkdir(parents=True)
    (spark,) = (FOLDER / "python" / "lib").glob("python*/site-packages/pyspark/jars")
    _run("javac", "-nowarn", "-Xlint:none", "-d", classes, "-cp", f"{spark}/*", *CLASSES)
    _run("jar", "cf", folder / "unity-catalog.jar", "-C", classes, "warehouse")


if __name__ == "__main__":
    install()
