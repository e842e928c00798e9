#!/usr/bin/env bash
# Make or find a Python environment that has everything; to be sourced:
#   source tools/setup_env.sh [extra ...]      (extras: "test", "docs")
# The active environment is used if nothing is missing in it, and is never changed;
# otherwise .venv in the repository is used, and made or completed as needed.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
extras=("$@")
venv="$root/.venv"

# ${array[@]+"${array[@]}"}: bash before 4.4 takes an empty array for an unset one.
is_ready() { "$1/bin/python" "$root/tools/check_env.py" ${extras[@]+"${extras[@]}"}; }

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c \
            'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: lpt_mm needs Python 3.11, 3.12 or 3.13; none was found" >&2
    return 1
}

make_venv() {
    if command -v uv >/dev/null; then
        uv venv --quiet --allow-existing --python ">=3.11,<3.14" "$venv"
        return
    fi
    local python
    python="$(find_python)"
    "$python" -m venv "$venv" && return
    echo "error: $python cannot make a virtual environment;" \
        "on Debian and Ubuntu: apt install python3-venv" >&2
    return 1
}

# Install with uv where it can be had (seconds), else with pip (minutes).
install() {
    if command -v uv >/dev/null; then
        uv pip install --python "$venv/bin/python" --compile-bytecode "$@"
    elif "$venv/bin/python" -m pip install --quiet uv 2>/dev/null; then
        "$venv/bin/uv" pip install --python "$venv/bin/python" --compile-bytecode "$@"
    else
        "$venv/bin/python" -m pip install "$@"
    fi
}

complete_venv() {
    local names
    names="$(IFS=,; echo "${extras[*]-}")"
    install --requirement "$root/requirements.txt" --editable "$root${names:+[$names]}"
    "$venv/bin/python" -c 'import cv2' 2>/dev/null && return
    echo "  this system lacks libraries of opencv-python: installing the headless build"
    local version
    version="$("$venv/bin/python" -c \
        'from importlib.metadata import version; print(version("opencv-python"))')"
    install --force-reinstall --no-deps "opencv-python-headless==$version"
}

active="${VIRTUAL_ENV:-${CONDA_PREFIX:-}}"
if [ -n "$active" ] && [ "$active" != "$venv" ] && is_ready "$active" 2>/dev/null; then
    echo "== environment: the active one, $active"
    venv="$active"
elif [ -x "$venv/bin/python" ] && is_ready "$venv" 2>/dev/null; then
    echo "== environment: .venv"
else
    echo "== environment: installing into .venv (about 6 GB, most of it torch)"
    make_venv
    complete_venv
    is_ready "$venv"
fi
export PATH="$venv/bin:$PATH" PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
