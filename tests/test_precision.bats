#!/usr/bin/env bats
# train.precision of whole runs: what it decides, and what it does not. Numbers: test_bf16.c; ranks and kills:
# test_ranks.bats, test_patched_runs.bats; memory: test_run.bats, test_mixer.bats.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/tiny.yaml RUN=runs/tiny-seed1
}

# stop DIRECTORY: begins the study in bf16 and stops it early.
stop() {
  local code=0
  "$LORE" run -q "$STUDY" -o "$1" -s train.precision=bf16 --max-hours 0.0001 || code=$?
  [ "$code" -eq 75 ]
}

@test "training and evaluation use the run's precision, which the files keep" {
  need_xarray
  cat - "$STUDY" >both.yaml <<END
sweep: {grid: {train.precision: [float32, bf16]}}
END
  "$LORE" run -q both.yaml -o both -s train.steps=10 -s checkpoint.snapshots=[0]
  "$LORE" collect both
  "$PYTHON" - <<'END'
import numpy as np
import xarray as xr

collected = xr.open_dataset("both/tiny.nc")
assert collected.train_precision.values.tolist() == ["float32", "bf16"]
plain, rounded = (collected.attribute_loss.sel(run=run).values for run in (0, 1))
difference = np.abs(plain - rounded)
# The first record is of initial weights, which are the same: it differs by its own precision.
assert (difference > 0).all() and (difference[0] < 3e-3).all() and difference.max() < 0.1, difference
weights = [xr.open_dataset(f"both/runs/tiny-precision{name}-seed1/checkpoints/weights_00000000.nc")
           for name in ("float32", "bf16")]
assert [file.attrs["train_precision"] for file in weights] == ["float32", "bf16"]
assert (weights[0].embedding.values == weights[1].embedding.values).all()
END
}

@test "a run is not resumed in another precision" {
  stop stopped
  cp -r stopped before
  fails 2 "$LORE" run "$STUDY" -o stopped
  [[ $output == *"stopped/$RUN was begun with other settings:"*"train.precision: bf16 before, float32 now"* ]]
  diff -r before stopped
}

@test "products in bf16 are LORE's own: auto measures nothing" {
  need ncdump
  "$LORE" run "$STUDY" -o auto -s train.precision=bf16 -s compute.gemm=auto -s train.steps=2 -s checkpoint.snapshots=[] >log 2>&1
  cat log
  not grep -q 'matrix products' log
  [ ! -e auto/gemm.yaml ]
  ncdump -h auto/$RUN/metrics.nc | grep -q ':gemm_backend = "builtin" ;'
  "$LORE" plan "$STUDY" -s train.precision=bf16 -s compute.gemm=auto | grep -q 'in matrix products (builtin, '
}

@test "weights of either precision start and patch runs of the other, also those of earlier versions" {
  cat >study.yaml <<'END'
name: s
population: {individuals: 64, held_out: 32}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {steps: 4, batch: 8, shard: 2}
evaluate: {every: 2, sequences: 24, attention_sequences: 8}
experiments:
  plain: {}
  rounded: {train: {precision: bf16}, start_from: plain}
  back: {start_from: rounded}
  patched: {train: {precision: bf16}, patch: {from: plain}}
  patched_back: {patch: {from: rounded}}
END
  "$LORE" run -q study.yaml -o together
  "$LORE" verify together
  weights=checkpoints/weights_00000004.nc
  cp together/runs/s-plain-seed1/$weights earlier.nc
  "$LORE_BUILD/tests/support/change_attribute" earlier.nc train_precision none
  sed -i -e '/^  \(plain\|back\|patched\)/d' -e 's/start_from: plain/start_from: {file: earlier.nc}/' study.yaml
  "$LORE" run -q study.yaml -o earlier
  same_weights {together,earlier}/runs/s-rounded-seed1/$weights
}
