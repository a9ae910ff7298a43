#!/usr/bin/env bats
# The toy associative memory in whole runs: pre-training and fine-tuning; the same bits for any number
# of ranks, and when killed, stopped and begun again.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/memory.yaml ALONE=$BATS_FILE_TMPDIR/alone
  export LONG=$BATS_FILE_TMPDIR/long.yaml WHOLE=$BATS_FILE_TMPDIR/whole
  "$LORE" run -q "$STUDY" -o "$ALONE"
  cat >"$LONG" <<'END'
name: long
task: memory
memory: {keys: 16, hidden: 64, values: 8, pairs: 200, held_out: 50}
train: {steps: 30000, batch: 64, learning_rate: 2.0e-02, final_learning_rate: 0.0}
evaluate: {every: 300}
checkpoint: {snapshots: [300, 600]}
END
  "$LORE" run -q "$LONG" -o "$WHOLE"
}

# begin RANKS DIRECTORY: starts the long run behind us, as $job.
begin() {
  mpirun -n "$1" "$LORE" run -q "$LONG" -o "$2" >"$2.log" 2>&1 3>&- &
  job=$!
}

# pause DIRECTORY: until its run has a record or two, or has ended.
pause() {
  local try
  for try in $(seq 400); do
    kill -0 "$job" 2>/dev/null || return 0
    [ -f "$1/runs/long-seed1/checkpoints/weights_00000300.nc" ] && return 0
    sleep 0.01
  done
}

@test "pairs are learnt; new ones push old ones out, replay keeps more of them" {
  "$PYTHON" - "$ALONE" <<'END'
import sys, numpy as np, xarray as xr
def final(run):
    ds = xr.open_dataset(f"{sys.argv[1]}/runs/{run}/metrics.nc")
    groups = [g.decode() if isinstance(g, bytes) else str(g) for g in ds.group.values]
    last = ds.isel(step=-1)
    return ds, {g: {n: float(last[n][i]) for n in ("attribute_loss", "attribute_accuracy", "max_probability", "entropy")}
                for i, g in enumerate(groups)}
ds, before = final("toy-pretrain-seed1")
assert list(before) == ["known", "held_out"]
assert np.isclose(ds.no_knowledge_baseline, np.log(8))
assert 0 < ds.empirical_baseline <= ds.no_knowledge_baseline
assert ds.sizes["step"] == 11 and ds.tokens_seen[-1] == 64000
assert not {"attribute", "attribute_loss_by_attribute", "attention_sharpness", "model_width"} & set(ds.variables)
for name in "auroc_confidence", "calibration_error", "question_loss", "question_accuracy":  # biographies have these
    assert np.isnan(ds[name]).all(), name
assert ds["memory_pairs"] == 200 and ds["memory_values"] == 8
assert before["known"]["attribute_accuracy"] > 0.9
assert before["held_out"]["attribute_loss"] > np.log(8) and before["held_out"]["max_probability"] > 0.5
_, without = final("toy-tune-replay_weight0.0-seed1")
_, replay = final("toy-tune-replay_weight0.5-seed1")
assert list(without) == ["known", "held_out", "new"]
assert without["new"]["attribute_accuracy"] > 0.7
assert without["known"]["attribute_accuracy"] < before["known"]["attribute_accuracy"] - 0.2
assert replay["known"]["attribute_accuracy"] > without["known"]["attribute_accuracy"] + 0.1
END
}

@test "weights are tensors by name, and a child begins with its parent's" {
  "$PYTHON" - "$ALONE" <<'END'
import sys, numpy as np, xarray as xr
weights = lambda step: xr.open_dataset(f"{sys.argv[1]}/runs/toy-pretrain-seed1/checkpoints/weights_{step:08d}.nc")
w = weights(1000)
assert w.up.dims == ("key", "hidden") and w.down.dims == ("hidden", "key")
assert w.up.shape == (16, 64) and w.up_bias.shape == (64,) and w.down_bias.shape == (16,)
assert np.allclose((w.value_vector ** 2).sum("key"), 1, atol=1e-6) and w.value_vector.shape == (8, 16)
assert w.attrs["step"] == 1000 and w.attrs["task"] == "memory"
assert (weights(0).up_bias == 0).all() and abs(float(weights(0).up.std()) - 0.25) < 0.03
first = lambda run: xr.open_dataset(f"{sys.argv[1]}/runs/{run}/metrics.nc")
parent, child = first("toy-pretrain-seed1"), first("toy-tune-replay_weight0.5-seed1")
for name in ("attribute_loss", "entropy"):
    assert (parent[name][-1, :2].values == child[name][0, :2].values).all()
END
}

@test "two ranks, and four, make the same bits" {
  mpirun -n 2 "$LORE" run -q --ranks-per-run 2 "$STUDY" -o two
  same_results two "$ALONE"
  mpirun -n 4 "$LORE" run -q --ranks-per-run 4 "$STUDY" -o four
  same_results four "$ALONE"
  mpirun -n 2 "$LORE" run -q --ranks-per-run 1 "$STUDY" -o side_by_side
  same_results side_by_side "$ALONE"
}

@test "complete runs are left alone" {
  before=$(stat -c %Y%i "$WHOLE"/runs/*/metrics.nc)
  "$LORE" run -q "$LONG" -o "$WHOLE" | grep -q 'complete .*already'
  [ "$(stat -c %Y%i "$WHOLE"/runs/*/metrics.nc)" = "$before" ]
}

@test "SIGKILL, then again: as undisturbed" {
  for ranks in 1 2; do
    begin $ranks "killed$ranks"
    pause "killed$ranks"
    victim=$(pgrep -f -- "lore run .*-o killed$ranks\$" | grep -vx "$job" | head -n 1)
    kill -KILL "$victim"
    ! wait "$job"
    grep -q '^state: running' "killed$ranks/runs/long-seed1/state.yaml"
    "$LORE" run -q "$LONG" -o "killed$ranks"
    same_results "killed$ranks" "$WHOLE"
  done
}

@test "a signal, to any rank: exit code 75; then from the beginning" {
  "$LORE" run -q "$LONG" -o one >one.log 2>&1 3>&- &
  job=$!
  pause one
  kill -USR1 "$job"
  code=0
  wait "$job" || code=$?
  [ "$code" -eq 75 ]
  grep -q 'stopped by signal USR1' one.log
  grep -q '^state: stopped' one/runs/long-seed1/state.yaml
  "$LORE" run "$LONG" -o one >again 2>&1
  ! grep -q 'resumed from' again
  same_results one "$WHOLE"
  begin 3 three
  pause three
  victim=$(pgrep -f -- "lore run .*-o three\$" | grep -vx "$job" | tail -n 1)
  kill -USR1 "$victim"
  ! wait "$job"
  grep -q '^state: stopped' three/runs/long-seed1/state.yaml
  "$LORE" run -q "$LONG" -o three
  same_results three "$WHOLE"
}

@test "a time limit" {
  code=0
  "$LORE" run -q "$LONG" -o limit --max-hours 0.0001 >log 2>&1 || code=$?
  [ "$code" -eq 75 ]
  grep -q 'the time limit' log
}

@test "divergence: exit code 3, and not tried again" {
  for attempt in first second; do
    code=0
    "$LORE" run -q -s train.learning_rate=10 -s train.weight_decay=10 -s train.schedule=constant \
      -s train.beta2=0 -s train.beta1=0 "$LONG" -o diverged >log 2>&1 || code=$?
    cat log
    [ "$code" -eq 3 ]
    grep -q 'diverged' log
  done
  grep -q '^state: diverged' diverged/runs/long-seed1/state.yaml
}

@test "damaged weights of a parent are refused" {
  cp -r "$ALONE" damaged
  rm -r damaged/runs/*tune*
  printf 'x' | dd of=damaged/runs/toy-pretrain-seed1/checkpoints/weights_00001000.nc bs=1 seek=4000 \
    conv=notrunc status=none
  code=0
  "$LORE" run -q "$STUDY" -o damaged >log 2>&1 || code=$?
  cat log
  [ "$code" -eq 3 ]
  grep -q 'checksum is wrong' log
}

@test "check, plan, show and collect know what it is" {
  "$LORE" check "$LONG" >out
  grep -q '^pairs  *200 known, 50 held out, 0 new' out
  "$LORE" plan --json --gflops 10 --ranks-per-run 4 "$STUDY" | "$PYTHON" -c '
import json, sys
plan = json.load(sys.stdin)
assert len(plan["runs"]) == 3 and plan["resume_bytes"] == 0
run = plan["runs"][0]
assert run["tokens"] == 64000 and run["threads"] == 1
assert run["operations"] == 64000 * 2 * 16 * (5 * 64 + 2 * 8)
assert abs(run["hours"] - (run["operations"] + run["evaluation_operations"]) / 1e10 / 3600) < 1e-12'
  "$LORE" show -n 2 "$LONG" | grep -c '^pair [01]: value' | grep -qx 2
  "$LORE" show --held-out "$LONG" | grep -q '^pair 200: value'
  code=0
  "$LORE" show --held-out -s memory.held_out=0 "$LONG" 2>err || code=$?
  [ "$code" -eq 2 ] && grep -q 'memory.held_out is 0' err
  "$LORE" collect -o all.nc "$ALONE"
  "$PYTHON" -c '
import xarray as xr
ds = xr.open_dataset("all.nc")
assert ds.sizes["run"] == 3 and ds.sizes["group"] == 3 and "attribute" not in ds.sizes'
}

@test "the resolved study has what counts, and reads back" {
  study=$WHOLE/runs/long-seed1/study.yaml
  ! grep -qE '^(model|population|distribution|curriculum):' "$study"
  "$LORE" check "$study"
  ! grep -q '^memory:' <("$LORE" run -q -s train.steps=1 "$LORE_SOURCE/tests/studies/tiny.yaml" \
    -s 'checkpoint.snapshots=[]' -o tiny >/dev/null && cat tiny/runs/*/study.yaml)
}
