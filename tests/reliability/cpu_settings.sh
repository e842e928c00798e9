#!/usr/bin/env bash
# Run the numeric tests as other processors and numbers of threads compute them:
#   bash tests/reliability/cpu_settings.sh [options of pytest]
# One line for each setting, and the tests that failed. Newer instructions than those of
# this processor are not tried: it ignores such settings.
set -uo pipefail
cd "$(dirname "$0")/../.."
tests=(
    tests/test_models tests/test_evaluation tests/test_cost/test_speed.py
    tests/test_weights/test_{families,official,pretrained_vit,timm_vit}.py
    tests/test_features
    tests/test_engine/test_{hooks/test_key_init_hook,distributed_gradients}.py
)
settings=(
    OMP_NUM_THREADS={1,2}
    ATEN_CPU_CAPABILITY={default,avx2} # elementwise operations
    ONEDNN_MAX_CPU_ISA={SSE41,AVX2,AVX512_CORE} # convolutions and bfloat16
    MKL_CBWR=COMPATIBLE # matrix products
)
status=0
for setting in "${settings[@]}"; do
    SECONDS=0 result=pass
    out="$(env "$setting" python -m pytest -q "${tests[@]}" "$@" 2>&1)" || result=FAIL
    printf '%-30s %s %4d s\n' "$setting" "$result" "$SECONDS"
    [ "$result" = pass ] && continue
    status=1
    grep -E '^(FAILED|ERROR)' <<<"$out" || tail -n 3 <<<"$out"
done
exit $status
