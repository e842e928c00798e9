#!/usr/bin/env bash
# Test on several GPUs, or on several CPU processes where there is none:
#   bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
# On several machines run it on each, with NNODES, NODE_RANK and MASTER_ADDR set; the
# checkpoint need only be on the first. PORT is where the processes meet, 29500.
set -euo pipefail
if [ $# -lt 3 ]; then sed -n '2,5s/^# //p' "$0"; exit 2; fi
tools=$(dirname "$0")
exec bash "$tools/dist_run.sh" "$3" "$tools/test.py" "$1" "$2" --launcher pytorch "${@:4}"
