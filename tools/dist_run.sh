#!/usr/bin/env bash
# Start the processes of a tool on this machine, for dist_train.sh and dist_test.sh:
#   bash tools/dist_run.sh GPUS TOOL [arguments of the tool]
set -euo pipefail
if [ "${NNODES:-1}" -gt 1 ]; then
    : "${NODE_RANK:?is not set: 0 on the first machine, then 1, 2, ...}"
    : "${MASTER_ADDR:?is not set: the address of the first machine}"
fi
exec python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node-rank="${NODE_RANK:-0}" \
    --master-addr="${MASTER_ADDR:-127.0.0.1}" --master-port="${PORT:-29500}" \
    --max-restarts="${MAX_RESTARTS:-0}" --nproc-per-node="$1" "${@:2}"
