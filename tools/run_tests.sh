#!/usr/bin/env bash
# Set up an environment and run all checks: style, docstrings, tests.
#   bash tools/run_tests.sh [options of pytest]
set -euo pipefail
cd "$(dirname "$0")/.."
options=("$@")
source tools/setup_env.sh test
echo "== ruff"
ruff check .
ruff format --check .
echo "== pydoclint"
pydoclint --quiet lpt_mm tools
echo "== pytest"
exec python -m pytest ${options[@]+"${options[@]}"}
