#!/usr/bin/env bash
# Set up an environment, train four models on digits-LT, test them, and show what LPT
# gains. Everything that is made lies in work_dirs/quickstart; what is done is kept.
#   bash tools/quickstart.sh [SWEEP]
set -euo pipefail
cd "$(dirname "$0")/.."
sweep="${1:-configs/sweeps/quickstart.py}"
set --
source tools/setup_env.sh
out=work_dirs/quickstart
python tools/analysis_tools/sweep.py "$sweep" --processes 2 --work-dir "$out"
rm -rf "$out/pictures" # of an earlier quickstart: tools replace nothing
python tools/analysis_tools/draw_sweep.py "$sweep" --work-dir "$out" --out "$out/pictures" \
    --rows "linear probe" "VPT-deep" "phase 1" "phase 2"
echo "pictures: $out/pictures/accuracy_over_frequency.png and others"
