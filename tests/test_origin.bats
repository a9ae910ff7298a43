#!/usr/bin/env bats
# Files say which run, and which of its steps, a run started from or takes its attention from.

load support/common

setup_file() {
  export RESULTS=$BATS_FILE_TMPDIR/results
  cat >"$BATS_FILE_TMPDIR/family.yaml" <<'END'
name: family
population: {individuals: 64, held_out: 16}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {steps: 20, batch: 8, shard: 2}
evaluate: {every: 10, dense_every: 0, dense_until: 0, sequences: 24, attention_sequences: 8}
compute: {threads: 1}
experiments:
  pretrain: {}
  early: {start_from: {experiment: pretrain, step: 10}}
  late: {start_from: pretrain}
  later: {start_from: {experiment: late, step: 10}}
  patched: {patch: {from: pretrain, reference: 10, start: 10}}
END
  "$LORE" run -q "$BATS_FILE_TMPDIR/family.yaml" -o "$RESULTS"
  "$LORE" collect "$RESULTS"
}

@test "runs that differ in nothing but their parent are told apart by their files" {
  "$PYTHON" - "$RESULTS" <<'END'
import glob
import sys
import numpy as np
import xarray as xr

origins = {"pretrain": ("", None, "", None),
           "early": ("family-pretrain-seed1", 10, "", None),
           "late": ("family-pretrain-seed1", 20, "", None),
           "later": ("family-late-seed1", 10, "", None),
           "patched": ("", None, "family-pretrain-seed1", 10)}
names = "start_run", "start_step", "patch_run", "patch_step"

def value(variable):
    x = variable.item()
    if isinstance(x, bytes):
        x = x.decode()
    return x if isinstance(x, str) else None if np.isnan(x) else int(x)

collected = xr.open_dataset(f"{sys.argv[1]}/family.nc")
assert all(collected[name].dims == ("run",) for name in names), collected
for name, origin in origins.items():
    folder = f"{sys.argv[1]}/runs/family-{name}-seed1"
    metrics = xr.open_dataset(f"{folder}/metrics.nc")
    assert tuple(value(metrics.coords[n]) for n in names) == origin, (name, metrics)
    one = collected.isel(run=collected.run_id.values.tolist().index(f"family-{name}-seed1"))
    assert tuple(value(one.coords[n]) for n in names) == origin, (name, one)
    wanted = {n: str(x) for n, x in zip(names, origin) if x not in ("", None)}
    files = [f"{folder}/metrics.nc", f"{folder}/exposure.nc", *glob.glob(f"{folder}/checkpoints/*.nc")]
    assert len(files) > 2
    for path in files:
        attributes = xr.open_dataset(path).attrs
        assert attributes["run_id"] == f"family-{name}-seed1"
        assert {n: attributes[n] for n in names if n in attributes} == wanted, path
runs = [xr.open_dataset(path) for path in sorted(glob.glob(f"{sys.argv[1]}/runs/*/metrics.nc"))]
both = xr.concat(runs, dim="run")
assert both.start_run.dims == ("run",) and both.start_step.dims == ("run",), both
END
}

@test "a collected file of runs without parents says so once" {
  "$LORE" run -q "$LORE_SOURCE/tests/studies/tiny.yaml" -o tiny -s train.steps=20
  "$LORE" collect tiny
  "$PYTHON" - <<'END'
import numpy as np
import xarray as xr

tiny = xr.open_dataset("tiny/tiny.nc")
assert tiny.start_run.dims == () and tiny.start_run.item() in ("", b"")
assert tiny.patch_step.dims == () and np.isnan(tiny.patch_step.item())
END
}

@test "a run that is gone on with keeps its origin" {
  cp -r "$RESULTS" killed
  rm -r killed/runs/family-early-seed1
  code=0 # a deadline that is near: it stops after one step
  "$LORE" run -q "$BATS_FILE_TMPDIR/family.yaml" -o killed --max-hours 0.001 || code=$?
  [ "$code" -eq 75 ]
  resume=$(echo killed/runs/family-early-seed1/checkpoints/resume_*.nc)
  ncdump -h "$resume" | grep -q 'start_run = "family-pretrain-seed1" ;'
  "$LORE" run -q "$BATS_FILE_TMPDIR/family.yaml" -o killed
  same_metrics killed/runs/family-early-seed1/metrics.nc "$RESULTS/runs/family-early-seed1/metrics.nc"
}
