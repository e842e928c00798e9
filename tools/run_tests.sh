#!/usr/bin/env bash
# Set up an environment and run all checks: style, types, documentation, tests.
#   bash tools/run_tests.sh [--all] [options of pytest]
# --all also runs the tests that take minutes: hundreds of kills, thousands of bad files.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --all ]; then set -- -m "" "${@:2}"; fi
options=("$@")
source tools/setup_env.sh test docs
echo "== ruff"
ruff check .
ruff format --check .
echo "== pydoclint"
pydoclint --quiet lpt_mm tools
echo "== codespell"
codespell
echo "== mypy"
mypy
echo "== mkdocs"
NO_MKDOCS_2_WARNING=1 mkdocs build --strict  # --quiet hides warnings from it
echo "== pytest"
exec python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder \
    ${options[@]+"${options[@]}"}
