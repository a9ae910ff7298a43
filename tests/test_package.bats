#!/usr/bin/env bats
# The Python package for reading, `import lore`: on results of lore run, whole and broken, and on stored studies; what
# doc/python.md shows; that it can be installed.

load support/common

setup_file() {
  : "${LORE:?is the program to test}" "${LORE_SOURCE:?is the source tree}"
  for PYTHON in python3 /usr/bin/python3 none; do
    "$PYTHON" -c 'import xarray, netCDF4, matplotlib' 2>/dev/null && break
  done
  export PYTHON ANALYSIS=$LORE_SOURCE/analysis MPLCONFIGDIR=$BATS_FILE_TMPDIR RESULTS=$BATS_FILE_TMPDIR/results
  { [ "$PYTHON" != none ] && command -v ncks && command -v ncdump; } >/dev/null || return 0
  mkdir "$RESULTS" "$RESULTS/empty"
  cd "$RESULTS" || return
  make_studies
  "$LORE" run -q demo.yaml -o whole
  "$LORE" run -q other.yaml -o other
  "$LORE" run -q toy.yaml -o toy
  break_some whole broken
  "$LORE" collect whole && "$LORE" collect other && "$LORE" collect toy
  "$LORE" collect broken || [ $? -eq 3 ]
}

setup() {
  [ "$PYTHON" != none ] || skip "no python3 with xarray, netCDF4 and matplotlib"
  need ncks
  need ncdump
  cd "$BATS_TEST_TMPDIR" || return
}

make_studies() {
  cat >demo.yaml <<'YAML'
name: demo
population: {individuals: 32, held_out: 16}
model: {layers: 2, width: 16, heads: 2, hidden: 32}
train: {steps: 8, batch: 4, shard: 2, schedule: constant}
evaluate: {every: 2, dense_every: 0, dense_until: 0, sequences: 4, attention_sequences: 2}
distribution: {kind: power_law}
sweep:
  grid: {train.learning_rate: [1.0e-3, 2.0e-3], distribution.alpha: [0.5, 1.0]}
  seeds: 2
YAML
  sed -e 's/^name: demo/name: other/' -e 's/layers: 2/layers: 3/' -e 's/every: 2/every: 3/' -e 's/steps: 8/steps: 6/' \
    -e 's/held_out: 16/held_out: 16, new: 16/' -e '/^  grid/d' demo.yaml >other.yaml
  printf 'name: toy\ntask: memory\nmemory: {keys: 16, hidden: 16}\ntrain: {steps: 8}\nsweep: {seeds: 2}\n' >toy.yaml
}

# A copy in which one run is damaged, one has not begun, one was interrupted, and one lacks records.
break_some() {
  cp -R "$1" "$2"
  local run=("$2"/runs/*)
  head -c 3000 "${run[2]}/metrics.nc" >"${run[1]}/metrics.nc"
  rm -r "${run[3]}"
  sed -i 's/^state: done/state: running/' "${run[5]}/state.yaml"
  local i
  for i in 5 6; do
    ncks -O -3 -d step,0,2 "${run[i]}/metrics.nc" "${run[i]}/metrics.nc"
  done
}

# Seconds that a run takes, which is as long as the machine likes: it is stopped.
@test "runs that are being trained are read, by scipy too" {
  sed -e 's/steps: 8/steps: 1000000/' -e '/^sweep/,$d' "$RESULTS/demo.yaml" >long.yaml
  "$LORE" run -q long.yaml -o long 3>&- &
  local pid=$! file=long/runs/demo-seed1/metrics.nc
  for _ in {1..300}; do
    if ncdump -h $file 2>/dev/null | grep -q '(\([3-9]\|[0-9][0-9]\+\) currently)'; then break; fi
    sleep 0.1
  done
  "$PYTHON" -W error - "$ANALYSIS" <<'CODE'
import sys

sys.path.insert(0, sys.argv[1])
import lore
import xarray as xr

ds = lore.open("long")
assert ds.state.item() == "running", ds.state.item()
assert ds.sizes["step"] >= 3 and lore.phases(ds).state.tolist() == ["running"]
try:
    import scipy  # noqa: F401
except ImportError:
    sys.exit()
for _ in range(20):
    with xr.open_dataset("long/runs/demo-seed1/metrics.nc", engine="scipy", backend_kwargs={"mmap": False}) as own:
        assert own.sizes["step"] >= ds.sizes["step"] and (own.phase >= 1).all()
        assert (own.attribute_loss[:3] == ds.attribute_loss[0, :3]).all()
CODE
  kill -KILL $pid
  wait $pid || true
  PYTHONPATH=$ANALYSIS "$PYTHON" -c 'import lore; assert lore.open("long").state.item() == "interrupted"'
}

@test "doc/python.md prints what it shows" {
  ln -s "$LORE_SOURCE/data" data
  "$PYTHON" "$LORE_SOURCE/tests/support/check_example.py" "$ANALYSIS" "$LORE_SOURCE/doc/python.md"
  [ -s curves.png ]
  # The checker finds a page that says something else.
  printf '```python\n1 + 1\n```\n\n```text\n3\n```\n' >page.md
  run "$PYTHON" "$LORE_SOURCE/tests/support/check_example.py" "$ANALYSIS" page.md
  [ "$status" -eq 1 ]
  [[ $output == *"1 with another output" ]]
}

@test "pip installs it without network" {
  "$PYTHON" -c 'import setuptools, wheel, venv, pip' 2>/dev/null || skip "no python3 with pip, setuptools, wheel and venv"
  cp -R "$ANALYSIS" tree
  chmod -R u+w tree
  rm -rf tree/build tree/*.egg-info
  "$PYTHON" -m venv --system-site-packages --without-pip place
  "$PYTHON" -m pip --python place/bin/python install -q --no-index --no-build-isolation --no-warn-script-location ./tree
  rm -r tree
  cat >use.py <<'CODE'
import sys

import lore

print(lore.open(sys.argv[1]).sizes["run"], lore.__file__, lore.plot.curves.__name__)
CODE
  run place/bin/python use.py "$LORE_SOURCE/data/small/figP.nc"
  [[ $output == "9 "*"/place/lib/"*"/lore/__init__.py curves" ]]
  diff <(cd "$ANALYSIS" && find lore -name '*.py' -o -name py.typed | sort) \
    <(cd place/lib/python3*/site-packages && find lore -name '*.py' -o -name py.typed | sort)
}

@test "open, phases, compare, plot" {
  "$PYTHON" -W error "$LORE_SOURCE/tests/support/check_package.py" "$ANALYSIS" "$RESULTS" "$LORE_SOURCE/data/small"
}
