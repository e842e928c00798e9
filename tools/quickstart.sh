#!/usr/bin/env bash
# Set up an environment, train both phases of LPT on digits-LT, test them, and show
# phase 1 against phase 2. Everything that is made lies in work_dirs/quickstart.
#   bash tools/quickstart.sh [key=value ...]    (config values: randomness.seed=1)
set -euo pipefail
cd "$(dirname "$0")/.."
options=("$@")
set --
source tools/setup_env.sh
out=work_dirs/quickstart
mkdir -p "$out"

# Run a tool; show its progress, keep the rest in a log.
run() {
    local log="$out/$1.log"
    echo "== $1 (log: $log)"
    shift
    python "$@" ${options[@]+--cfg-options "${options[@]}"} 2>&1 | tee "$log" |
        { grep --line-buffered -oE 'Epoch\((train|val|test)\).*' || true; } || {
        tail -n 20 "$log"
        exit 1
    }
}

for phase in phase1 phase2; do
    config="configs/lpt/${phase}_digits_lt.py"
    start=()
    if [ "$phase" = phase2 ]; then start=(--phase1 "$(cat "$out/phase1/last_checkpoint")"); fi
    run "train_$phase" tools/train.py "$config" --work-dir "$out/$phase" ${start[@]+"${start[@]}"}
    rm -f "$out/$phase.json" # of an earlier quickstart: tools replace nothing
    run "test_$phase" tools/test.py "$config" "$(cat "$out/$phase/last_checkpoint")" \
        --work-dir "$out/$phase" --out "$out/$phase.json"
done
rm -f "$out/accuracy_over_frequency.png"
python tools/analysis_tools/compare.py "$out/phase1.json" "$out/phase2.json" \
    --picture "$out/accuracy_over_frequency.png"
