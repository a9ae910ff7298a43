#!/usr/bin/env bats
# model.mixer rg_lru from the outside: files, repeatability, ranks, memory, and numpy's forward pass.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/tiny.yaml
  export REFERENCE=$BATS_FILE_TMPDIR/reference RUN=runs/tiny-seed1
  export OPTIONS="-q -s model.mixer=rg_lru -s compute.threads=1"
  "$LORE" run $OPTIONS "$STUDY" -o "$REFERENCE"
}

@test "the metrics file has no layers, and the settings are resolved" {
  "$PYTHON" - "$REFERENCE/$RUN/metrics.nc" <<'CODE'
import sys
import numpy as np
import xarray as xr

ds = xr.open_dataset(sys.argv[1])
assert "layer" not in ds.dims and not [name for name in ds if name.startswith("attention_")]
assert ds.model_recurrent_width == 48 and str(ds.model_positions.values) == "none"
assert np.isfinite(ds.attribute_loss).all() and ds.train_loss[-1] < ds.train_loss[1]
CODE
  "$PYTHON" "$LORE_SOURCE/analysis/quickstart.py" "$REFERENCE" -o picture.png
  [ "$(wc -c <picture.png)" -gt 20000 ]
  "$LORE" run $OPTIONS "$REFERENCE/$RUN/study.yaml" -o again
  same_results again "$REFERENCE"
}

@test "1, 2 and 4 ranks and two threads give the same bits" {
  for ranks in 2 4; do
    mpirun -n $ranks "$LORE" run $OPTIONS "$STUDY" -o "ranks$ranks"
    same_results "ranks$ranks" "$REFERENCE"
  done
  "$LORE" run $OPTIONS "$STUDY" -o threads -s compute.threads=2
  same_results threads "$REFERENCE" --but compute_threads
}

@test "stopped and gone on with: as undisturbed" {
  "$LORE" run $OPTIONS "$STUDY" -o stopped -s train.steps=40 3>&- &
  job=$!
  for try in $(seq 200); do
    ! grep -q '^state: running' "stopped/$RUN/state.yaml" 2>/dev/null || break
    sleep 0.01
  done
  kill -USR1 $job
  code=0
  wait $job || code=$?
  [ "$code" -eq 75 ]
  "$LORE" run $OPTIONS "$STUDY" -o stopped | grep -q 'resumed from'
  same_results stopped "$REFERENCE"
}

@test "numpy makes of a sequence what lore does, with either mixer" {
  for mixer in attention rg_lru; do
    "$LORE_BUILD/tests/support/write_scores" $mixer.nc $mixer >$mixer.scores
    "$PYTHON" - $mixer <<'CODE'
import os
import sys

sys.path.insert(0, os.path.join(os.environ["LORE_SOURCE"], "analysis"))
import numpy as np
import xarray as xr
from lore import forward

weights = xr.load_dataset(sys.argv[1] + ".nc")
token, target, loss, top = np.loadtxt(sys.argv[1] + ".scores").T
logits = forward.logits(weights, token.astype(int))
logits -= logits.max(axis=-1, keepdims=True)
probability = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
got = -np.log(probability[np.arange(len(token)), target.astype(int)])
assert len(token) == 60 and np.abs(got - loss).max() < 2e-4, np.abs(got - loss).max()
assert np.abs(probability.max(axis=-1) / top - 1).max() < 2e-4
CODE
  done
}

@test "peak memory is what lore check predicts, within 10 %" {
  for options in "-s model.width=32" \
    "-s model.width=256 -s model.hidden=1024 -s model.heads=4 -s train.precision=bf16"; do
    options="$options -s model.mixer=rg_lru -s train.steps=20 -s checkpoint.snapshots=[]"
    predicted=$("$LORE" check --json $options "$STUDY" |
      "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["peak_bytes"])')
    peak=$("$PYTHON" "$LORE_SOURCE/tests/support/peak_memory.py" "$LORE" run -q $options "$STUDY" \
      -o memory --overwrite)
    echo "$options: predicted $predicted, peak $peak"
    [ $((peak * 10)) -lt $((predicted * 11)) ]
    [ $((peak * 10)) -gt $((predicted * 9)) ]
  done
}

@test "runs with and without attention are collected into one file" {
  cat - "$STUDY" >both.yaml <<END
sweep: {grid: {model.mixer: [attention, rg_lru]}}
END
  "$LORE" run -q -s train.steps=20 -s checkpoint.snapshots=[] both.yaml -o both
  "$LORE" collect both -o all.nc
  "$PYTHON" - <<'CODE'
import numpy as np
import xarray as xr

ds = xr.open_dataset("all.nc")
mixers = [str(mixer) for mixer in ds.model_mixer.values]
assert sorted(mixers) == ["attention", "rg_lru"]
attends = np.isfinite(ds.attention_sharpness).all(("step", "layer")).values
assert list(attends) == [mixer == "attention" for mixer in mixers]
assert np.isfinite(ds.attribute_loss).all()
CODE
}
