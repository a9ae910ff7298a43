#!/usr/bin/env bats
# lore collect: one file of all runs, as xarray and NCO see it.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/tiny.yaml
  export RESULTS=$BATS_FILE_TMPDIR/results
  mkdir -p "$RESULTS/runs"
  for rate in 1.0e-03 2.0e-03; do
    for seed in 1 2 3; do
      train "$RESULTS" "rate$rate-seed$seed" -s train.learning_rate=$rate -s seed=$seed
    done
  done
  "$LORE" collect "$RESULTS"
}

# train DIRECTORY RUN OPTION...: a tiny run, put into DIRECTORY under the name RUN.
train() {
  local directory=$1 run=$2 one=$BATS_FILE_TMPDIR/one
  shift 2
  rm -rf "$one"
  "$LORE" run -q "$STUDY" -o "$one" -s train.steps=20 -s compute.threads=1 \
    "$@" >/dev/null
  mkdir -p "$directory/runs"
  mv "$one"/runs/* "$directory/runs/$run"
}

# refused COMMAND...: exit code 2 and one message on stderr.
refused() {
  fails 2 "$@"
}

@test "the file says what it is, is compressed, and nothing else is left" {
  need ncdump
  [ "$(ls "$RESULTS")" = "$(printf 'runs\ntiny.nc')" ]
  [ "$(ncdump -k "$RESULTS/tiny.nc")" = netCDF-4 ]
  header=$(ncdump -hs "$RESULTS/tiny.nc")
  for line in 'run = 6 ;' 'step = 3 ;' 'double attribute_loss(run, step, group) ;' \
    'double attention_sharpness(run, step, layer) ;' 'double train_learning_rate(run) ;' \
    'int seed(run) ;' 'double plateau_start(run) ;' 'int model_width ;' 'byte run_state(run) ;' \
    ':flag_meanings = "waiting running interrupted stopped done diverged failed damaged" ;' \
    'attribute_loss:_DeflateLevel = 4 ;' 'attribute_loss:_Shuffle = "true" ;' \
    'attribute_loss:_FillValue = 9.96920996838687e+36 ;' 'phase:_FillValue = -2147483647 ;' \
    ':swept_settings = "seed train_learning_rate" ;' ':Conventions = "CF-1.8 ACDD-1.3" ;' \
    ':title = "runs of the study tiny" ;'; do
    grep -qF "$line" <<<"$header" || { echo "missing: $line" && return 1; }
  done
}

@test "xarray picks runs by swept settings and finds what their own files hold" {
  need_xarray
  "$PYTHON" -W error - <<'CODE'
import os

import numpy as np
import xarray as xr

results = os.environ["RESULTS"]
ds = xr.open_dataset(f"{results}/tiny.nc")
for name in ("train_learning_rate", "seed", "run_id", "experiment"):
    assert ds[name].dims == ("run",) and name in ds.coords, name
assert "model_width" in ds.coords and ds.model_width.dims == ()
assert list(ds.group.values) == ["known", "held_out"] and list(ds.layer.values) == [1, 2]
runs = ds.set_index(run=["train_learning_rate", "seed"])
for rate in (1e-3, 2e-3):
    for seed in (1, 2, 3):
        own = xr.open_dataset(f"{results}/runs/rate{rate:.1e}-seed{seed}/metrics.nc")
        one = runs.sel(run=(rate, seed))
        assert str(one.run_id.values) == f"rate{rate:.1e}-seed{seed}"
        for name, values in own.data_vars.items():
            np.testing.assert_array_equal(one[name].values, values.values, err_msg=name)
assert runs.sel(train_learning_rate=2e-3).sizes["seed"] == 3
assert ds.sel(run=(ds.seed == 2) & (ds.train_learning_rate == 1e-3)).run_id == "rate1.0e-03-seed2"
assert ds.where(ds.seed == 3, drop=True).sizes["run"] == 2
mean = ds.attribute_loss.groupby("train_learning_rate").mean("run")
assert mean.dims == ("train_learning_rate", "step", "group")
CODE
}

@test "NCO's average over run is the mean of the seeds" {
  need ncwa
  need_xarray
  ncks -d run,0,2 "$RESULTS/tiny.nc" seeds.nc
  ncwa -a run seeds.nc mean.nc
  ncwa -a run -v attribute_loss -B 'train_learning_rate == 0.001' "$RESULTS/tiny.nc" masked.nc
  "$PYTHON" - <<'CODE'
import os

import netCDF4
import numpy as np

runs = [netCDF4.Dataset(f"{os.environ['RESULTS']}/runs/rate1.0e-03-seed{seed}/metrics.nc")
        for seed in (1, 2, 3)]
mean = netCDF4.Dataset("mean.nc")
names = [n for n, v in runs[0].variables.items()
         if "step" in v.dimensions and v.dtype == float or n == "no_knowledge_baseline"]
assert len(names) == 28, names
for name in names:
    expected = np.ma.stack([run[name][...] for run in runs]).mean(axis=0)
    found = mean[name][...]
    np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
    np.testing.assert_allclose(np.ma.filled(found, 0), np.ma.filled(expected, 0), rtol=1e-14)
assert mean["train_loss"][0] is np.ma.masked and mean["train_loss"][1] > 0
assert (netCDF4.Dataset("masked.nc")["attribute_loss"][...] == mean["attribute_loss"][...]).all()
CODE
  xarray_opens='import xarray; assert "train_learning_rate" in xarray.open_dataset("mean.nc").coords'
  "$PYTHON" -W error -c "$xarray_opens"
}

@test "unequal runs are filled: steps, groups, layers, text settings" {
  need_xarray
  train unequal a -s seed=1
  train unequal b -s seed=2 -s evaluate.every=4 -s model.layers=1 -s population.held_out=0 \
    -s train.schedule=constant
  mkdir unequal/runs/c
  run "$LORE" collect unequal -o all.nc
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$output" = "all.nc: 2 of 3 runs collected (2 done), 7 steps, 2 groups; 0 warnings" ]
  [ ! -e unequal/tiny.nc ]
  "$PYTHON" -W error - <<'CODE'
import numpy as np
import xarray as xr

ds = xr.open_dataset("all.nc")
assert list(ds.step.values) == [0, 4, 8, 10, 12, 16, 20]
assert [str(s) for s in ds.train_schedule.values[:2]] == ["cosine", "constant"]
have = np.isfinite(ds.attribute_loss)
assert list(have[0, :, 0].values) == [True, False, False, True, False, False, True]
assert list(have[1, :, 0].values) == [True, True, True, False, True, True, True]
assert not have[1, :, 1].any() and not have[2].any()
assert np.isfinite(ds.attention_sharpness[1, 0]).values.tolist() == [True, False]
for run in "ab":
    own = xr.open_dataset(f"unequal/runs/{run}/metrics.nc")
    there = ds.isel(run="ab".index(run)).sel(step=own.step, group=own.group, layer=own.layer)
    for name, values in own.data_vars.items():
        np.testing.assert_array_equal(there[name].values, values.values, err_msg=name)
CODE
}

@test "a damaged run is marked, the rest collected" {
  need ncdump
  mkdir study
  cp -r "$RESULTS/runs" study
  head -c 20000 /dev/urandom >study/runs/rate1.0e-03-seed1/metrics.nc
  truncate -s 17000 study/runs/rate1.0e-03-seed2/metrics.nc
  run "$LORE" collect study
  echo "$output"
  [ "$status" -eq 3 ]
  [ "$(grep -c 'lore: warning: study/runs/rate1.0e-03-seed[12]/metrics.nc cannot be read' <<<"$output")" -eq 2 ]
  grep -q '4 of 6 runs collected ([46] done), 3 steps, 2 groups; 2 warnings$' <<<"$output"
  ncdump -v run_state study/tiny.nc | grep -q 'run_state = 7, 7, 4, 4, 4, 4 ;'
}

@test "collecting again replaces the file; a failure leaves the old one" {
  mkdir study
  cp -r "$RESULTS/runs" study
  "$LORE" collect study
  before=$(stat -c %i study/tiny.nc)
  "$LORE" collect study
  [ "$(stat -c %i study/tiny.nc)" != "$before" ]
  before=$(sha256sum study/tiny.nc)
  run bash -c 'trap "" XFSZ; ulimit -f 4; "$LORE" collect study'
  echo "$output"
  [ "$status" -eq 1 ]
  [ "$output" = "lore: error: cannot write study/tiny.nc: File too large" ]
  [ "$(ls study)" = "$(printf 'runs\ntiny.nc')" ]
  [ "$(sha256sum study/tiny.nc)" = "$before" ]
}

@test "nothing to collect is refused" {
  mkdir -p empty study/runs/a
  refused "$LORE" collect empty
  refused "$LORE" collect study
  [[ "$output" == *"nothing to collect: 1 run, none with a record yet" ]]
  refused "$LORE" collect
  refused "$LORE" collect a b
}
