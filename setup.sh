#!/usr/bin/env bash
# The one entry: sets .venv up when it has to, then does the job. `bash setup.sh help` lists the jobs.
# On Windows it runs in WSL.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'TEXT'
usage: bash setup.sh [run | dev | test [pytest arguments]]

  bash setup.sh        set up: .venv with the exact pins of requirements.txt
  bash setup.sh run    set up, apply the project to prod (seeds to gold), show what is where
  bash setup.sh dev    set up with requirements-dev.txt, which docs, dashboard and ui need too
  bash setup.sh test   the same; then linters, formats, types, unit tests, pytest

Then .venv/bin/sqlmesh and .venv/bin/streaming do the rest; each has --help.
On Windows this runs in WSL.
TEXT
}

fail() {
    printf 'setup.sh: %s\n' "$@" >&2
    exit 1
}

# Prints the first Python that is new enough.
find_python() {
    local name version found=""
    for name in python3 python python3.14 python3.13 python3.12 python3.11 python3.10; do
        version=$("$name" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
            echo "$name"
            return
        fi
        found="$found${found:+, }$name is $version"
    done
    fail "Python 3.10 or later is needed; found: ${found:-no Python at all}." \
        "  Debian, Ubuntu: sudo apt-get install python3 python3-venv" \
        "  Fedora:         sudo dnf install python3" \
        "  macOS:          brew install python3, or the installer of python.org"
}

# What a finished .venv looks like: its folder (scripts hold its path), its Python, the pins, and
# what writes the command `streaming`.
fingerprint() {
    echo "folder $PWD"
    .venv/bin/python -c 'import sys; print("python %d.%d" % sys.version_info[:2])'
    cksum requirements.txt requirements-dev.txt operations/launcher.py
}

# set_up default|dev. The stamp is written last and taken away first, so a .venv without one is
# what an interrupted set-up left.
set_up() {
    local stamp=.venv/setup.stamp pins=requirements.txt now="" before="" python
    now=$(fingerprint 2>/dev/null) || now=""
    if [ -f "$stamp" ]; then before=$(<"$stamp"); fi
    case "$before" in
        "$now"$'\ndev') return ;; # dev holds all of default
        "$now"$'\n'"$1") return ;;
    esac

    # Another folder or Python, or nothing finished: anew. Only other pins: on top of what is there.
    if [ -z "$before" ] || [ "$(sed 2q <<<"$now")" != "$(sed 2q <<<"$before")" ]; then
        python=$(find_python)
        "$python" -c 'import ensurepip, venv' 2>/dev/null || fail \
            "$python ($("$python" -V 2>&1)) has no venv module." \
            "  Debian, Ubuntu: sudo apt-get install python3-venv"
        if [ -d .venv ]; then echo "setup.sh: .venv is unfinished or of another place or Python; making it anew"; fi
        rm -rf .venv
        "$python" -m venv .venv
    fi

    rm -f "$stamp"
    if [ "$1" = dev ]; then pins=requirements-dev.txt; fi
    echo "setup.sh: installing $pins into .venv with $(.venv/bin/python -V); the first time takes about a minute"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$pins" ||
        fail "pip could not install $pins (its reason is above; offline, or behind a proxy?). Then again: bash setup.sh"
    .venv/bin/python operations/launcher.py
    { fingerprint && echo "$1"; } >"$stamp.new"
    mv "$stamp.new" "$stamp"
    echo "setup.sh: .venv is ready"
}

# step COMMAND...: stops the script at the first failure, with the command's exit code.
step() {
    local code=0
    echo "setup.sh: ${*#.venv/bin/}"
    "$@" || code=$?
    if [ "$code" -ne 0 ]; then
        echo "setup.sh: failed with exit code $code: $*" >&2
        exit "$code"
    fi
}

case "$(uname -s)" in
    MINGW* | MSYS* | CYGWIN*)
        fail "On Windows this runs in WSL: once \`wsl --install\`, then in a WSL shell: bash setup.sh"
        ;;
esac

if [ "${1-}" != test ] && [ $# -gt 1 ]; then
    usage >&2
    exit 2
fi

case "${1-}" in
    "")
        set_up default
        echo "setup.sh: ready. Next: bash setup.sh run, bash setup.sh test, .venv/bin/sqlmesh or .venv/bin/streaming"
        ;;
    run)
        set_up default
        # The unit tests, which a plan runs first, belong to `test`.
        step .venv/bin/sqlmesh plan prod --run --skip-tests --auto-apply --no-prompts
        step .venv/bin/streaming status --brief
        ;;
    dev)
        set_up dev
        echo "setup.sh: ready. Next: .venv/bin/streaming docs, dashboard or ui; bash setup.sh test"
        ;;
    test)
        shift
        set_up dev
        step .venv/bin/ruff check --quiet
        step .venv/bin/ruff format --check --quiet
        step .venv/bin/mypy
        step .venv/bin/sqlmesh lint
        step .venv/bin/sqlmesh format --check
        step .venv/bin/sqlmesh test
        step .venv/bin/python -m pytest "$@"
        ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
