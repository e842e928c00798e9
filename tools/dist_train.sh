#!/usr/bin/env bash
# Train on several GPUs, or on several CPU processes where there is none:
#   bash tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# On several machines run it on each, with NNODES, NODE_RANK and MASTER_ADDR set. PORT is
# where the processes meet, 29500. MAX_RESTARTS=3 with --resume goes on up to three times
# when a process dies; each time the next port is used.
set -euo pipefail
if [ $# -lt 2 ]; then sed -n '2,6s/^# //p' "$0"; exit 2; fi
tools=$(dirname "$0")
exec bash "$tools/dist_run.sh" "$2" "$tools/train.py" "$1" --launcher pytorch "${@:3}"
