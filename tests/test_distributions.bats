#!/usr/bin/env bats
# Distributions, curricula, groups and fine-tuning in whole runs: whom they show; the same bits for any
# number of ranks, and when killed and gone on with.

setup_file() {
  : "${LORE:?is the program to test}" "${LORE_SOURCE:?is the source tree}"
  export PYTHON=${PYTHON:-/usr/bin/python3}
  export STUDY=$LORE_SOURCE/tests/studies/distributions.yaml ALONE=$BATS_FILE_TMPDIR/alone
  "$LORE" run -q "$STUDY" -o "$ALONE"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# same DIRECTORY: all metrics, weights and draws as those of one rank.
same() {
  local run name
  for run in "$ALONE"/runs/*; do
    name=${run##*/}
    "$PYTHON" "$LORE_SOURCE/tests/same_metrics.py" "$1/runs/$name/metrics.nc" "$run/metrics.nc"
    ncdump "$1/runs/$name/exposure.nc" | sed '1,/^data:/d' >a
    ncdump "$run/exposure.nc" | sed '1,/^data:/d' >b
    cmp a b
    for weights in "$run"/checkpoints/weights_*.nc; do
      "$PYTHON" "$LORE_SOURCE/tests/same_weights.py" \
        "$1/runs/$name/checkpoints/${weights##*/}" "$weights"
    done
  done
}

@test "every distribution and curriculum shows whom it says" {
  "$PYTHON" "$LORE_SOURCE/tests/exposure_checks.py" "$ALONE"
}

@test "two ranks, and four, make the same bits" {
  mpirun -n 2 "$LORE" run -q --ranks-per-run 2 "$STUDY" -o two
  same two
  mpirun -n 4 "$LORE" run -q --ranks-per-run 4 "$STUDY" -o four
  same four
}

@test "killed at random moments and gone on with: the same bits" {
  RANDOM=11
  for i in $(seq 12); do
    "$LORE" run -q "$STUDY" -o killed >killed.log 2>&1 3>&- &
    job=$!
    sleep "$((RANDOM % 3)).$((RANDOM % 10))"
    kill -KILL "$job" 2>/dev/null || true
    wait "$job" || true
  done
  "$LORE" run -q "$STUDY" -o killed
  same killed
}
