#!/usr/bin/env bats
# lore probe: what it finds against numpy, by any number of ranks, and what it refuses.

load support/common

setup_file() {
  export RESULTS=$BATS_FILE_TMPDIR/results
  cat >"$BATS_FILE_TMPDIR/study.yaml" <<'EOF'
name: looked-at
population: {individuals: 120, held_out: 24}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {steps: 240, batch: 8, shard: 2, learning_rate: 5.0e-03}
evaluate: {every: 30, dense_every: 0, dense_until: 0, sequences: 16, attention_sequences: 8}
checkpoint: {snapshots: [0, 30]}
compute: {threads: 1}
sweep: {grid: {model.mixer: [attention, rg_lru]}}
EOF
  "$LORE" run -q "$BATS_FILE_TMPDIR/study.yaml" -o "$RESULTS" >/dev/null
  "$LORE" probe -q --keys 60 "$RESULTS"
}

setup() {
  "$LORE" --version | grep -Eq 'ScaLAPACK +yes' || skip "built without ScaLAPACK"
  cd "$BATS_TEST_TMPDIR" || return
}

# refused PATTERN COMMAND...: exit code 2 and one message that matches.
refused() {
  local pattern=$1
  shift
  fails 2 "$@"
  grep -Eq "$pattern" <<<"$output"
}

@test "activations, strengths, accuracies, losses and spectra are those of numpy" {
  need_xarray
  for run in "$RESULTS"/runs/*; do
    "$LORE_BUILD/tests/support/write_probe_rows" "$run/study.yaml" 120 24 60 >rows
    "$PYTHON" "$LORE_SOURCE/tests/support/check_probe.py" rows "$run" 240
    "$PYTHON" "$LORE_SOURCE/tests/support/check_definitions.py" probe "$run" rows 120 24
  done
}

@test "3 and 4 ranks, and two groups of two, find the same" {
  need_xarray
  for layout in "3 3 attention" "4 2 *" "4 4 rg_lru"; do # more ranks than processors wait long for each other
    read -r ranks each mixer <<<"$layout"
    rm -rf copy
    cp -r "$RESULTS" copy
    rm copy/runs/*"mixer"$mixer*/probe.nc
    mpirun -n "$ranks" "$LORE" probe -q --keys 60 --ranks-per-run "$each" copy
    for run in copy/runs/*; do
      "$PYTHON" - "$run/probe.nc" "$RESULTS/runs/${run##*/}/probe.nc" <<'EOF'
import sys, numpy as np, xarray as xr
a, b = (xr.load_dataset(path) for path in sys.argv[1:])
for name in a.data_vars:
    x, y = a[name].values, b[name].values
    if x.dtype.kind != "f" or "step" not in a[name].dims:
        continue
    assert (np.isnan(x) == np.isnan(y)).all(), name
    if name in ("condition", "weight_condition"): # directions that carry nothing are rounding
        continue
    scale = np.nanmax(np.abs(y)) if name in ("eigenvalue", "singular_value") else 1
    off = np.abs(x - y) > 1e-8 * np.maximum(scale, np.abs(y))
    assert not off.any(), f"{name}: {off.sum()} of {off.size} differ, by {np.nanmax(np.abs(x - y))}"
EOF
    done
  done
}

@test "what is there is left alone; other snapshots or options are looked at again" {
  cp -r "$RESULTS" copy
  run=copy/runs/looked-at-attention-seed1
  [ -d "$run" ] || run=$(ls -d copy/runs/* | head -1)
  "$LORE" probe -q --keys 60 copy >out
  grep -q '^complete        2 already' out
  rm "$run/checkpoints/weights_00000030.nc"
  "$LORE" probe --keys 60 copy >out 2>err
  grep -q '^probed          1 run (2 snapshots' out
  grep -q "${run##*/}: step 240: best read at level" err
  "$LORE" probe -q --keys 50 --snapshots 240 --run "${run##*/}" copy >out
  grep -q '^probed          1 run (1 snapshots' out
  [ "$(ls "$run" | grep -c probe)" -eq 1 ]
}

@test "xarray sees labels; all runs are collected and drawn" {
  need_xarray
  cp -r "$RESULTS" copy
  "$LORE" collect --probes copy
  "$PYTHON" - copy/looked-at_probe.nc copy/runs/*/probe.nc <<'EOF'
import sys, numpy as np, xarray as xr
all, *runs = (xr.load_dataset(path) for path in sys.argv[1:])
assert all.sizes["run"] == 2 and list(all.step.values) == [0, 30, 240]
for name in ("probe_accuracy", "eigenvalue", "key_distance", "model_loss"):
    for i, one in enumerate(runs):
        np.testing.assert_array_equal(all[name].isel(run=i).values, one[name].values)
one = runs[0]
at = dict(group="other", position="value", target="birth_month")
assert one.probe_accuracy.sel(at).dims == ("step", "level")
assert one.probe_accuracy.attrs["units"] == "1" and one.model_loss.attrs["units"] == "nats"
assert (one.person_group.values == np.repeat([0, 1], [60, 24])).all()
assert 0 <= float(one.chance.sel(group="other", target="birth_month")[0]) < 0.3
assert float(one.ceiling.sel(group="other", target="birth_month")[0]) == 1
EOF
  "$PYTHON" "$LORE_SOURCE/analysis/probe.py" copy >pictures
  [ "$(wc -l <pictures)" -eq 2 ]
  while read -r picture; do
    [ "$(stat -c %s "$picture")" -gt 20000 ]
  done <pictures
  for one in copy/runs/*; do # the pictures' numbers are elsewhere
    cmp "$one/probe.nc" "$RESULTS/runs/${one##*/}/probe.nc"
  done
}

@test "runs without snapshots are left out, and named if nothing else is there" {
  cp -r "$RESULTS" copy
  one=$(ls copy/runs | head -1) two=$(ls copy/runs | tail -1)
  rm copy/runs/*/probe.nc copy/runs/"$two"/checkpoints/weights_*
  "$LORE" probe --keys 60 copy >out 2>err
  grep -q "^no snapshot yet 1" out
  grep -q "$two: left out, it has no snapshot yet" err
  refused 'no run has a snapshot.*checkpoint.snapshots' "$LORE" probe --run "$two" copy
  refused "has no run 'nobody'; 'lore status copy' lists its runs" "$LORE" probe --run nobody copy
  refused 'has no snapshot of step 31; there are: 0, 30, 240' "$LORE" probe --run "$one" --snapshots 31 copy
  refused 'holds no study' "$LORE" probe .
}

@test "snapshots of another model or run, and damaged ones, are told apart" {
  cp -r "$RESULTS" copy
  one=copy/runs/$(ls copy/runs | head -1) two=copy/runs/$(ls copy/runs | tail -1)
  cp "$two"/checkpoints/weights_00000240.nc "$one"/checkpoints/weights_00000240.nc
  refused 'weights_00000240.nc holds another model: model_mixer is' \
    "$LORE" probe --overwrite --run "${one##*/}" --snapshots 240 copy
  "$LORE" run -q "$BATS_FILE_TMPDIR/study.yaml" -o other -s seed=2 -s train.steps=30 >/dev/null
  cp other/runs/"$(ls other/runs | head -1)"/checkpoints/weights_00000030.nc "$one"/checkpoints/
  refused 'is a snapshot of another run: its seed is 2, not 1' \
    "$LORE" probe --overwrite --run "${one##*/}" --snapshots 30 copy
  printf x | dd of="$one"/checkpoints/weights_00000000.nc bs=1 seek=5000 conv=notrunc status=none
  run "$LORE" probe --overwrite --run "${one##*/}" --snapshots 0 copy
  echo "$output"
  [ "$status" -eq 1 ]
  # One run of several: it is reported, the other is looked at.
  run mpirun -n 2 "$LORE" probe --overwrite --keys 60 copy
  echo "$output"
  [ "$status" -eq 3 ]
  grep -q '1 of 2 runs could not be probed' <<<"$output"
  cmp "$one/probe.nc" "$RESULTS/runs/${one##*/}/probe.nc"
}

@test "options that mean nothing" {
  refused "^lore: error: --ridge 0.1,-2: expected .*positive numbers" "$LORE" probe --ridge 0.1,-2 "$RESULTS"
  refused "^lore: error: --snapshots 3,x: expected" "$LORE" probe --snapshots 3,x "$RESULTS"
  refused '^lore: error: --individuals 4: expected a whole number from 8' "$LORE" probe --individuals 4 "$RESULTS"
  refused 'has 120 known individuals' "$LORE" probe --individuals 300 --run "$(ls "$RESULTS/runs" | head -1)" "$RESULTS"
  refused '3 ranks cannot be divided into groups of 2' mpirun -n 3 "$LORE" probe --ranks-per-run 2 "$RESULTS"
}

@test "a toy memory is compared with the best linear one, by any number of ranks" {
  need_xarray
  cat >toy.yaml <<'EOF'
name: toy
task: memory
memory: {keys: 24, hidden: 64, values: 6, held_out: 500}
train: {steps: 400, batch: 32, learning_rate: 3.0e-02}
evaluate: {every: 200}
checkpoint: {snapshots: [0]}
sweep: {grid: {memory.pairs: [20, 300]}}
EOF
  "$LORE" run -q toy.yaml -o toy >/dev/null
  "$LORE" probe -q toy
  cp -r toy ranks
  rm ranks/runs/*/probe.nc
  mpirun -n 3 "$LORE" probe -q ranks
  "$LORE" collect --probes toy
  "$PYTHON" "$LORE_SOURCE/analysis/probe.py" toy
  [ "$(stat -c %s toy/probe.png)" -gt 20000 ]
  "$PYTHON" - toy/toy_probe.nc ranks/runs/*/probe.nc <<'EOF'
import sys, numpy as np, xarray as xr
all = xr.load_dataset(sys.argv[1]).swap_dims(run="memory_pairs").sortby("memory_pairs")
ranks = {int(p.memory_pairs): p for p in map(xr.load_dataset, sys.argv[2:])}
for pairs, one in ranks.items():
    for name in ("linear_accuracy", "linear_residual", "model_accuracy", "model_loss"):
        np.testing.assert_allclose(one[name], all[name].sel(memory_pairs=pairs), rtol=1e-9, atol=1e-12, err_msg=name)
few, many = (all.sel(memory_pairs=n) for n in (20, 300))
assert (few.linear_accuracy.sel(group="known") == 1).all() and (few.linear_residual < 1e-12).all()
known = many.linear_accuracy.sel(group="known")
assert (known < 0.9).all() and (known > 0.3).all() and (many.linear_accuracy.sel(group="held_out") < 0.25).all()
assert float(many.model_accuracy.sel(group="known").isel(step=-1)) > float(known.max())
EOF
}

@test "too little memory is said before anything is computed, with the ranks that would do" {
  cat >wide.yaml <<'EOF'
name: wide
population: {individuals: 150000, held_out: 100}
model: {layers: 1, width: 64, heads: 2, hidden: 64}
train: {steps: 1, batch: 8, shard: 2}
evaluate: {every: 1, sequences: 8, attention_sequences: 4}
compute: {threads: 1}
EOF
  "$LORE" run -q wide.yaml -o wide >/dev/null
  run bash -c 'ulimit -v 2000000; "$LORE" probe wide'
  echo "$output"
  [ "$status" -eq 1 ]
  grep -Eq 'probing one level at a time needs [0-9.]+ GiB, of which [0-9.]+ GiB are available, on each of 1 rank' <<<"$output"
  grep -Eq '[0-9]+ ranks with as much memory each would do' <<<"$output"
  [ ! -e wide/runs/wide-seed1/probe.nc ]
}

@test "a limit of addresses that BLAS cannot live with is no endless loop" {
  "$LORE" run -q "$LORE_SOURCE/tests/studies/tiny.yaml" -o few >/dev/null
  refused=0
  for limit in 400000 450000 500000 550000; do
    run bash -c "ulimit -v $limit; timeout -s KILL 60 '$LORE' probe --overwrite few"
    echo "$limit: $status $output"
    [ "$status" -le 1 ]
    [[ $status -eq 0 || $output != *"ScaLAPACK needs 0.25 GiB of addresses, but the limit (ulimit -v) leaves "* ]] ||
      refused=$((refused + 1))
  done
  [ $refused -gt 0 ]
}

@test "a full disk leaves the file that was there" {
  [ "$(id -u)" -eq 0 ] || skip "needs to mount a small tmpfs"
  mkdir small
  mount -t tmpfs -o size=3m tmpfs small 2>/dev/null || skip "mounting is not allowed"
  one=$(ls "$RESULTS/runs" | head -1)
  mkdir -p small/runs
  cp -r "$RESULTS/runs/$one" small/runs/
  cp small/runs/"$one"/probe.nc before.nc
  dd if=/dev/zero of=small/filler bs=4096 status=none || true
  run "$LORE" probe --overwrite --keys 50 small
  cmp small/runs/"$one"/probe.nc before.nc && same=1 || same=0
  left=$(ls small/runs/"$one")
  umount small
  echo "$output"
  [ "$status" -eq 1 ]
  [ "$same" -eq 1 ]
  grep -q 'No space left on device' <<<"$output"
  ! grep -q partial <<<"$left"
}

@test "lore plan knows what probing takes" {
  "$LORE" plan --gflops 1 --probes 4 "$BATS_FILE_TMPDIR/study.yaml" >out
  grep -Eq '^probes +6 snapshots of 2 runs, 4 ranks for each run: [0-9.]+ (s|min|h)$' out
  grep -Eq '^probes, MiB +[0-9]+ of each rank for all levels at once, [0-9]+ for one at a time' out
  "$LORE" plan --gflops 1 --probes 4 --json "$BATS_FILE_TMPDIR/study.yaml" |
    "$PYTHON" -c 'import json, sys; p = json.load(sys.stdin)["probes"]; assert p["snapshots"] == 6 and p["peak_bytes"] > p["least_bytes"] > 0'
}
