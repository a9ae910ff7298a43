#!/usr/bin/env bats
# Other programs read our files: ncdump, xarray, scipy, NCO, R's ncdf4, Octave and ncview find the names, labels, units and
# values that doc/metrics.md, doc/readers.md and doc/checkpoint.md promise, and CDO what doc/readers.md says. A reader that is
# not installed is skipped.

load support/common

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  "$LORE_BUILD/tests/support/write_metrics_example" metrics.nc 12
  "$LORE_BUILD/tests/support/write_checkpoint_example" checkpoint.nc .
  for PYTHON in python3 /usr/bin/python3 none; do
    "$PYTHON" -c 'import xarray, netCDF4' 2>/dev/null && break
  done
  export PYTHON
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return
}

need_ncdf4() {
  need Rscript
  Rscript -e 'library(ncdf4)' 2>/dev/null || skip "R has no ncdf4"
}

@test "ncdump shows dimensions, variables and units" {
  need ncdump
  header=$(ncdump -h metrics.nc)
  for line in "step = UNLIMITED ; // (12 currently)" "group = 2 ;" "attribute = 6 ;" "layer = 3 ;" \
    "double attribute_loss(step, group) ;" 'attribute_loss:units = "nats" ;' \
    "double attribute_accuracy_by_attribute(step, group, attribute) ;" \
    "double attention_sharpness(step, layer) ;" 'train_loss:units = "nats token-1" ;' \
    'wall_time:units = "s" ;' "train_loss:_FillValue = 9.96920996838687e+36 ;" \
    "int step(step) ;" "double train_learning_rate ;" ':Conventions = "CF-1.8 ACDD-1.3" ;' \
    ':host = "nodeé" ;'; do
    grep -qF "$line" <<<"$header" || { echo "missing: $line" && return 1; }
  done
  [ "$(ncdump -k metrics.nc)" = "64-bit offset" ]
  ncdump -v group,attribute,layer metrics.nc | tr -d '\n ' |
    grep -qF 'group="known","held_out";attribute="birth_place","birth_date","university","major","company","location";layer=1,2,3;'
}

@test "xarray makes labels and settings coordinates" {
  need_xarray
  "$PYTHON" -W error - <<'CODE'
import numpy as np
import xarray as xr

ds = xr.open_dataset("metrics.nc")
assert list(ds.group.values) == ["known", "held_out"]
assert list(ds.layer.values) == [1, 2, 3]
assert list(ds.step.values[:3]) == [0, 50, 100] and ds.step.dtype == np.int32
assert np.isnan(ds.train_loss[0]) and ds.train_loss[1] == 1.01
loss = ds.attribute_loss.sel(group="held_out", step=100)
assert np.isclose(loss, 2.1 + 0.145) and loss.attrs["units"] == "nats"
university = ds.attribute_accuracy_by_attribute.sel(group="known", attribute="university", step=50)
assert np.isclose(university, 1.1 + 0.012)
assert np.isclose(ds.attention_sharpness.sel(layer=2, step=0), 0.507)
assert ds.plateau_end.item() == 437.5
assert ds.tokens_seen[-1] == 33e9
for name in "name", "seed", "train_learning_rate", "checkpoint_snapshots", "population_individuals":
    assert name in loss.coords, name
assert loss["name"].item() == "imbalance" and ds["checkpoint_snapshots"].item() == ""
assert loss["train_learning_rate"].item() == 1.5e-3 and loss["seed"].item() == 7
assert "coordinates" not in ds.attrs and ds.attrs["host"] == "nodeé"
for name, variable in ds.variables.items():
    assert "long_name" in variable.attrs, name
    assert "units" in variable.attrs or variable.dtype == object, name
CODE
}

@test "xarray writes what it has read, subsets too, and reads it again" {
  need_xarray
  "$PYTHON" -W error - <<'CODE'
import xarray as xr

for name in ("metrics.nc", "checkpoint.nc", "metrics_collected.nc"):
    if name == "metrics_collected.nc":
        import os, pathlib, shutil, subprocess
        runs = pathlib.Path("study/runs")
        for run in ("a", "b"):
            (runs / run).mkdir(parents=True, exist_ok=True)
            shutil.copy("metrics.nc", runs / run)
        subprocess.run([os.environ["LORE"], "collect", "study", "-o", name], check=True, stdout=subprocess.DEVNULL)
    ds = xr.open_dataset(name)
    ds.to_netcdf("again.nc")
    assert xr.open_dataset("again.nc").identical(ds), name
    if "step" in ds.dims:
        part = ds.isel(step=slice(2), group=[1]).drop_vars("train_loss")
        part.to_netcdf("part.nc")
        assert xr.open_dataset("part.nc").identical(part), name
        assert list(part.group.values) == ["held_out"] and part["name"].values.flat[0] == "imbalance"
CODE
}

@test "NCO joins runs whose texts have different lengths without mixing them up" {
  need ncecat
  need_xarray
  "$PYTHON" - <<'CODE'
import netCDF4

a = netCDF4.Dataset("metrics.nc")
texts = [v for v in a.variables.values() if v.dtype == "S1"]
names = [v.dimensions[-1] for v in texts]
assert len(set(names)) == len(names) > 3, names
assert all(v.dimensions[-1] == f"{v.name}_length" for v in texts)
CODE
  cp metrics.nc other.nc
  "$PYTHON" -c 'import netCDF4
with netCDF4.Dataset("other.nc", "a") as other: other["seed"][...] = 8'
  ncecat -O -u run metrics.nc other.nc both.nc
  "$PYTHON" -W error - <<'CODE'
import netCDF4

both = netCDF4.Dataset("both.nc")
both.set_auto_mask(False)
both.set_auto_chartostring(False)
names = [n.tobytes().rstrip(b"\0").decode() for n in both["name"][...]]
assert list(both["seed"][...]) == [7, 8] and names == ["imbalance"] * 2, names
CODE
}

@test "xarray joins runs and keeps their settings, with the announced defaults too" {
  need_xarray
  cp metrics.nc second.nc
  "$PYTHON" -W error::FutureWarning - "$LORE_SOURCE/doc/readers.md" <<'CODE'
import re
import sys

import netCDF4
import xarray as xr

with netCDF4.Dataset("second.nc", "a") as second:
    second["seed"][...] = 8
    second["population_individuals"][...] = 8192
page = open(sys.argv[1], encoding="utf-8").read()
example = next(code for code in re.findall(r"```python\n(.*?)```", page, re.S) if "xr.concat" in code)
assert "data_vars=" in example and "coords=" in example and "compat=" in example and "join=" in example
known = "use_new_combine_kwarg_defaults"
for new in (False, True) if known in xr.get_options() else (False,):
    with xr.set_options(**({known: new} if new else {})):
        names = {"xr": xr, "paths": ["metrics.nc", "second.nc"]}
        exec(example, names)
        ds = names["ds"]
        assert list(ds.seed.values) == [7, 8] and ds.attribute_loss.dims == ("run", "step", "group")
        assert ds.population_individuals.dims == ("run",) and ds.plateau_end.dims == ("run",)
CODE
}

@test "xarray reads a metrics file with scipy" {
  "$PYTHON" -c 'import xarray, scipy' 2>/dev/null || skip "no python3 with xarray and scipy"
  "$PYTHON" -W error - "$LORE_SOURCE/doc/readers.md" <<'CODE'
import re
import sys

import numpy as np
import xarray as xr

page = open(sys.argv[1], encoding="utf-8").read()
exec(next(line for line in page.splitlines() if 'engine="scipy"' in line))
assert list(ds.group.values) == ["known", "held_out"] and np.isnan(ds.train_loss[0]) and ds.train_loss[1] == 1.01
assert np.isclose(ds.attribute_loss.sel(group="held_out", step=100), 2.245) and ds["name"].item() == "imbalance"
ds.close()
try:
    import netCDF4  # noqa: F401
except ImportError:
    sys.exit()
with xr.open_dataset("metrics.nc", engine="netcdf4") as other:
    assert ds.equals(other.load())
CODE
}

@test "NCO cuts and averages" {
  need ncra
  ncks -O -H -C -v attribute_loss -d group,1 -d step,2 -s '%.3f\n' metrics.nc >value
  [ "$(head -1 value)" = 2.245 ]
  # The fill value of record 0 stays out of the mean.
  ncra -O -v train_loss,attribute_accuracy metrics.nc mean.nc
  [ "$(ncks -H -C -v train_loss -s '%.3f\n' mean.nc | head -1)" = 6.010 ]
  ncecat -O metrics.nc metrics.nc both.nc
  ncrcat -O metrics.nc metrics.nc twice.nc
  [ "$(ncks -m -M twice.nc | grep -c 'step = UNLIMITED ; // (24 currently)')" = 1 ]
}

@test "R reads labels, values and missing values" {
  need_ncdf4
  cat >read.R <<'CODE'
library(ncdf4)
nc <- nc_open("metrics.nc")
stopifnot(ncvar_get(nc, "group") == c("known", "held_out"))
stopifnot(ncvar_get(nc, "attribute")[2] == "birth_date", ncvar_get(nc, "layer") == 1:3)
stopifnot(ncvar_get(nc, "name") == "imbalance", ncvar_get(nc, "seed") == 7)
loss <- ncvar_get(nc, "attribute_loss") # dimensions come in reverse: (group, step)
stopifnot(dim(loss) == c(2, 12), all.equal(loss[2, 3], 2.245))
train <- ncvar_get(nc, "train_loss")
stopifnot(is.na(train[1]), all.equal(train[2], 1.01))
stopifnot(ncatt_get(nc, "train_loss", "units")$value == "nats token-1")
stopifnot(nc$dim$step$vals[2] == 50, nc$dim$step$unlim)
nc_close(nc)
nc <- nc_open("checkpoint.nc")
stopifnot(dim(ncvar_get(nc, "layer_1_attention_qkv")) == c(48, 16))
stopifnot(ncvar_get(nc, "word")[1] == "<begin>", ncatt_get(nc, 0, "step")$value == 7)
CODE
  Rscript read.R
}

@test "Octave reads labels, values and missing values" {
  need octave-cli
  octave-cli -q --norc --eval 'pkg load netcdf' 2>/dev/null || skip "Octave has no netcdf"
  cat >read.m <<'CODE'
pkg load netcdf
texts = @(characters) cellstr(char(max(characters', " "))); % of doc/readers.md: they are filled up with zeros
groups = texts(ncread("metrics.nc", "group"));
assert(groups, {"known"; "held_out"});
loss = ncread("metrics.nc", "attribute_loss"); % dimensions come in reverse: (group, step)
assert(size(loss), [2 12]); assert(loss(2, 3), 2.245, 1e-12);
train = ncread("metrics.nc", "train_loss");
assert(isnan(train(1)) && train(2) == 1.01);
step = ncread("metrics.nc", "step"); assert(step(2), int32(50));
assert(ncreadatt("metrics.nc", "train_loss", "units"), "nats token-1");
assert(texts(ncread("metrics.nc", "name")), {"imbalance"}); assert(ncread("metrics.nc", "seed") == 7);
loss = ncread("results.nc", "attribute_loss"); assert(size(loss), [2 12 2]);
runs = texts(ncread("results.nc", "run_id")); assert(runs, {"a"; "b"});
assert(ncread("results.nc", "seed")', int32([7 7]));
assert(size(ncread("checkpoint.nc", "layer_1_attention_qkv")), [48 16]);
disp("read")
CODE
  collect_two >/dev/null
  run octave-cli -q --norc read.m
  echo "$output"
  [[ $output == read* ]] # some versions fail when they end
}

# results.nc: two runs, a and b.
collect_two() {
  mkdir -p pair/runs/a pair/runs/b
  cp metrics.nc pair/runs/a
  cp metrics.nc pair/runs/b
  "$LORE" collect pair -o results.nc
}

@test "ncview opens a metrics file and a collected file" {
  need ncview
  need Xvfb
  collect_two
  Xvfb -displayfd 7 -screen 0 800x600x24 7>display 2>/dev/null 3>&- &
  local screen=$! file code
  for _ in {1..100}; do [ -s display ] && break || sleep 0.1; done
  for file in metrics.nc results.nc; do
    code=0
    DISPLAY=:$(<display) timeout 2 ncview "$file" >"$file.log" 2>&1 3>&- || code=$?
    cat "$file.log"
    [ "$code" -eq 124 ] || break # its window stays open
  done
  kill "$screen"
  [ "$code" -eq 124 ]
  not grep -qi "segmentation\|cannot\b.*file\|no displayable" metrics.nc.log results.nc.log
}

@test "CDO reads curves of one run, and little else, as doc/readers.md says" {
  need cdo
  collect_two
  cdo -s -timmean -selname,attribute_loss,train_loss metrics.nc mean.nc >cdo.log 2>&1
  [ "$(ncdump -v train_loss mean.nc | sed -n 's/^ train_loss = \(.*\) ;/\1/p')" = 6.01 ] # the fill value stays out
  grep -q 'Unsupported data type (char/string), skipped variable group' cdo.log
  grep -q 'Unsupported TIMEUNIT: 1' cdo.log
  cdo -s showname metrics.nc >names 2>/dev/null
  for name in train_loss attribute_loss attention_sharpness; do grep -qw $name names; done
  for name in step seed train_learning_rate plateau_end group; do not grep -qw $name names; done
  cdo -s showname results.nc >names 2>cdo.log
  grep -q 'Unsupported array structure, skipped variable train_loss' cdo.log
  grep -qw plateau_end names
  for name in train_loss learning_rate seed run_id attribute_loss_by_attribute; do not grep -qw $name names; done
}

@test "R writes what it has read, with the same values" {
  need_ncdf4
  need_xarray
  cat >copy.R <<'CODE'
library(ncdf4)
from <- nc_open("metrics.nc")
# ncdf4 cannot write a dimension whose coordinate is text.
plain <- function(d) if (is.character(d$vals)) ncdim_def(d$name, "", seq_len(d$len), create_dimvar = FALSE) else d
variables <- lapply(from$var, function(v) { v$dim <- lapply(v$dim, plain); v })
to <- nc_create("again.nc", variables)
for (variable in variables) ncvar_put(to, variable, ncvar_get(from, variable$name, raw_datavals = TRUE))
nc_close(to)
CODE
  Rscript copy.R
  "$PYTHON" - <<'CODE'
import netCDF4

with netCDF4.Dataset("metrics.nc") as a, netCDF4.Dataset("again.nc") as b:
    for file in (a, b):
        file.set_auto_mask(False)
        file.set_auto_chartostring(False)
    names = set(a.variables) - {"group", "attribute"}
    assert names == set(b.variables) and "attribute_loss" in names
    for name in names:
        assert a[name].dimensions == b[name].dimensions, name
        x, y = (file[name][...].tobytes() for file in (a, b))
        if a[name].dtype == "S1":  # ncdf4 fills up texts with whatever lies behind them in memory
            x, y = (text.split(b"\0")[0] for text in (x, y))
        assert x == y, name
CODE
}

@test "xarray reads a checkpoint by names" {
  need_xarray
  "$PYTHON" -W error - <<'CODE'
import xarray as xr

ds = xr.open_dataset("checkpoint.nc")
assert ds.layer_2_mlp_up.dims == ("width", "hidden") and ds.layer_2_mlp_up.shape == (16, 24)
assert ds.layer_1_attention_qkv.dims == ("width", "qkv")
assert ds.layer_1_attention_output.dims == ("attention", "width")
assert ds.embedding.dims == ("vocabulary", "width") and "word" in ds.embedding.coords
assert ds.word.values[0] == "<begin>"
assert (ds.layer_1_attention_norm == 1).all() and abs(float(ds.embedding.std()) - 0.5) < 0.02
assert ds.attrs["step"] == 7 and ds.attrs["model_heads"] == 2 and ds.attrs["model_norm"] == "layer"
CODE
}

@test "xarray reads weights, moments and progress of a resume point" {
  need_xarray
  "$PYTHON" -W error - <<'CODE'
import numpy as np
import xarray as xr

ds = xr.open_dataset("resume_00000007.nc")
weights = xr.open_dataset("checkpoint.nc")
for name in weights.data_vars:
    if name == "file_checksum":
        continue
    assert (ds[name] == weights[name]).all(), name
    first, second = ds["first_moment_" + name], ds["second_moment_" + name]
    assert first.dims == second.dims == ds[name].dims and first.dtype == np.float32
    assert (first == ds[name] / 2).all() and (second == ds[name] ** 2).all(), name
assert ds.layer_1_attention_qkv.dims == ("width", "qkv") and ds.word.values[0] == "<begin>"
assert ds.attrs["step"] == 7 and ds.attrs["resume_tokens_seen"] == 3e9
assert ds.attrs["resume_loss_sum"] == 0.1 and ds.attrs["resume_records"] == 3
assert ds.attrs["resume_settings_hash"] == "fedcba9876543210"
assert ds.attrs["resume_gemm_backend"] == "builtin"

# The example of doc/checkpoint.md.
step = ds.first_moment_layer_1_mlp_up / (np.sqrt(ds.second_moment_layer_1_mlp_up) + 1e-8)
assert float(abs(step).max()) <= 0.5
CODE
}

@test "forward.py predicts from a checkpoint and names an unknown word" {
  need_xarray
  run "$PYTHON" "$LORE_SOURCE"/analysis/forward.py checkpoint.nc "James, Mary's."
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 10 ]
  [[ ${lines[0]} =~ ^0\.[0-9]{4}\ \  ]]
  prediction=$output
  run "$PYTHON" "$LORE_SOURCE"/analysis/forward.py resume_00000007.nc "James, Mary's."
  [ "$output" = "$prediction" ]
  run "$PYTHON" "$LORE_SOURCE"/analysis/forward.py checkpoint.nc "Jamess"
  [ "$status" -eq 1 ]
  [[ $output = "lore: error: 'Jamess' is not in the vocabulary; near it: James"* ]]
}
