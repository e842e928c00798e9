#!/usr/bin/env bash
# Classify images with several GPUs, or several CPU processes where there is none:
#   bash tools/dist_predict.sh PACK GPUS IMAGES... --out FILE [options of tools/predict.py]
# On several machines run it on each, with NNODES, NODE_RANK and MASTER_ADDR set; all must
# reach the images, and the folder of the table. PORT is where they meet, 29500.
set -euo pipefail
if [ $# -lt 3 ]; then sed -n '2,5s/^# //p' "$0"; exit 2; fi
tools=$(dirname "$0")
exec bash "$tools/dist_run.sh" "$2" "$tools/predict.py" "$1" "${@:3}"
