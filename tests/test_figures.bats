#!/usr/bin/env bats
# Figures and findings: statistics on planted data, the commands on real runs.

load support/common

setup_file() {
  for PYTHON in python3 /usr/bin/python3 none; do
    "$PYTHON" -c 'import xarray, netCDF4, matplotlib' 2>/dev/null && break
  done
  export PYTHON ANALYSIS=$LORE_SOURCE/analysis MPLCONFIGDIR=$BATS_FILE_TMPDIR
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
}

setup() {
  [ "$PYTHON" != none ] || skip "no python3 with xarray, netCDF4 and matplotlib"
  cd "$BATS_FILE_TMPDIR" || return
}

# A sweep of tiny runs over populations, in results/.
train() {
  [ -d results ] && return
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" sweep.yaml
  echo 'sweep: {grid: {population.individuals: [32, 64]}, seeds: 2}' >>sweep.yaml
  "$LORE" run -q sweep.yaml -o results -s compute.threads=1 >/dev/null
}

@test "statistics, findings and figures on planted data" {
  run "$PYTHON" "$LORE_SOURCE/tests/support/check_analysis.py" "$ANALYSIS"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "run directories and the collected file give the same figure" {
  train
  "$LORE" collect results
  "$PYTHON" "$ANALYSIS/figures.py" 2 results
  "$PYTHON" "$ANALYSIS/figures.py" 2 results/tiny.nc -o collected.png
  [ -s results/fig2.png ]
  "$PYTHON" - <<'CODE'
import xarray as xr
one, two = (xr.load_dataset(path) for path in ("results/fig2_numbers.nc", "collected_numbers.nc"))
assert len(one) > 5 and one.equals(two)
CODE
}

@test "missing and unfinished runs are named, the others drawn" {
  train
  rm -rf part && cp -r results part
  "$LORE" collect part # what is gone is missed though the collected file has it
  rm -r part/runs/*individuals64-seed2
  run "$PYTHON" "$ANALYSIS/figures.py" fig2 part
  echo "$output"
  [ "$status" -eq 0 ]
  grep -q 'not begun: tiny-individuals64-seed2' <<<"$output"
  [ -s part/fig2.png ]
}

@test "wrong figures, directories and studies get one message" {
  train
  mkdir -p empty
  refused() {
    run "$PYTHON" "$ANALYSIS/figures.py" "$@"
    echo "$output"
    [ "$status" -eq 2 ] && [ "$(wc -l <<<"$output")" -eq 1 ] && [[ "$output" == "lore: error: "* ]]
  }
  refused Z results
  [[ "$output" == *"no figure 'Z'"*questions* ]]
  refused 2 nowhere
  [[ "$output" == *"nowhere: no such file"* ]]
  refused 2 empty
  [[ "$output" == *"no run has a record yet"* ]]
  refused 3 results
  [[ "$output" == *patch.from* ]]
  refused 2 "$LORE_SOURCE/tests/studies/tiny.yaml"
  [[ "$output" == *"tiny.yaml cannot be read as NetCDF"* ]]
  refused 2 results -o picture.foo
  [[ "$output" == *"picture.foo: a picture is a .png"* ]]
  run "$PYTHON" "$ANALYSIS/figures.py" 2 results -o nowhere/picture.png
  [ "$status" -eq 1 ]
  [[ "$output" == *"nowhere/picture.png: No such file or directory" ]]
}

@test "a damaged metrics file is named, the other runs drawn" {
  train
  rm -rf broken && cp -r results broken
  local damaged=broken/runs/tiny-individuals64-seed2/metrics.nc
  for bytes in 0 900 100000; do # nothing, half a header, no NetCDF
    head -c "$bytes" /dev/urandom >"$damaged"
    [ "$bytes" -ne 900 ] || head -c 900 results/runs/tiny-individuals64-seed2/metrics.nc >"$damaged"
    run "$PYTHON" "$ANALYSIS/figures.py" 2 broken
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c 'cannot be read: tiny-individuals64-seed2' <<<"$output")" -eq 1 ]
    [ "$(wc -l <<<"$output")" -le 4 ]
  done
}

@test "the table of findings is Markdown and says what cannot be decided" {
  train
  run "$PYTHON" "$ANALYSIS/findings.py" results
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -c '^|.*| \*\*' results/findings.md)" -ge 30 ]
  grep -q '^| Three phases.*no population of which two finished runs learnt enough' results/findings.md
  grep -q '^| results | 4 | 0 | 32, 64 |' results/findings.md
  grep -q 'not decidable here' results/findings.md
  "$PYTHON" "$ANALYSIS/findings.py" --criteria | grep -q 'Lack of fit: F test'
}

@test "the numbers of a picture never replace a study" {
  mkdir mine
  cp "$LORE_SOURCE/data/small/figP.nc" mine
  "$PYTHON" "$ANALYSIS/figures.py" P mine/figP.nc
  "$PYTHON" "$ANALYSIS/figures.py" P mine
  cmp "$LORE_SOURCE/data/small/figP.nc" mine/figP.nc
  [ "$(cd mine && LC_ALL=C ls | xargs)" = "figP.nc figP.png figP_numbers.nc" ]
}

@test "directories of studies are scales, side by side in one table" {
  train
  mkdir -p scales/small scales/night
  cp -a results scales/small/tiny
  cp "$LORE_SOURCE"/data/small/fig[PQ].nc scales/night
  "$PYTHON" "$ANALYSIS/figures.py" P scales/night/figP.nc -o scales/night/picture.png # its numbers are no study
  "$PYTHON" "$ANALYSIS/findings.py" scales/small/ scales/night -o two.md --json two.json >log
  "$PYTHON" -c 'import json; assert len([1 for row in json.load(open("two.json")) if row["verdict"] == "holds"]) == 2'
  grep -q '^| finding | figure | paper | small | verdict | p | night | verdict | p | difference | criterion |' two.md
  grep -q '^| Fine-tuning on rare .* | runs only at night | before |' two.md
  [ "$(grep -c '^| small/tiny |\|^| night/fig[PQ].nc |' two.md)" -eq 3 ]
  ! grep -q picture two.md
  grep -q '^At small scale: decided are 0 of ' two.md
  grep -q '^At one scale or another: decided are 2 of ' two.md
  "$PYTHON" "$ANALYSIS/findings.py" scales/night >log
  "$PYTHON" "$ANALYSIS/findings.py" scales/night/fig?.nc -o list.md >log
  cmp scales/night/findings.md list.md
  run "$PYTHON" "$ANALYSIS/findings.py" scales/night scales/night/figP.nc
  echo "$output"
  [ "$status" -eq 2 ]
  [ "$(wc -l <<<"$output")" -eq 1 ]
  [[ $output == "lore: error: scales/night/figP.nc is one study, scales/night a directory of several: give either "* ]]
  "$PYTHON" "$ANALYSIS/figures.py" P scales/night -o whole.png
  run "$PYTHON" "$ANALYSIS/findings.py" scales/night nowhere
  [ "$status" -eq 2 ]
  [ "$output" = "lore: error: nowhere: no such file or directory" ]
}

@test "every study of a figure can be planned" {
  for study in "$LORE_SOURCE"/jobs/studies/*.yaml; do
    "$LORE" plan "$study" --gflops 100 >/dev/null || { echo "$study" && return 1; }
  done
}

@test "an adaptive curriculum ends where the run began to draw from all" {
  "$LORE" run -q "$LORE_SOURCE/tests/studies/tiny.yaml" -o adaptive -s train.steps=400 -s curriculum.kind=adaptive \
    -s curriculum.individuals=16 -s curriculum.steps=5 -s 'evaluate.groups=[known, subset]' -s evaluate.every=7 \
    -s train.learning_rate=1.0e-02 -s compute.threads=1
  "$PYTHON" - "$ANALYSIS" <<'CODE'
import sys
sys.path.insert(0, sys.argv[1])
from lore.files import open_study
from lore.selections.curricula import curriculum_end
run = open_study("adaptive").runs[0]
steps, drawn = run.curve("draw_count")
first = int((drawn == 64).argmax())
assert drawn[0] == 16 and first > 1, drawn
assert steps[first - 1] < curriculum_end(run) <= steps[first], (curriculum_end(run), steps[first])
CODE
}

@test "the table in doc/findings.md is what findings.py makes of the stored results" {
  "$PYTHON" "$ANALYSIS/findings.py" "$LORE_SOURCE"/data/small/*.nc -o table.md >log
  grep '^|' table.md >fresh
  sed -n '/^## The table$/,$p' "$LORE_SOURCE/doc/findings.md" | grep '^|' >stored
  [ "$(wc -l <fresh)" -ge 30 ]
  diff stored fresh
}

@test "the commands of doc/gallery.md draw the pictures that it shows" {
  mkdir -p gallery/doc/pictures
  ln -sfn "$LORE_SOURCE/data" gallery/data
  cd gallery
  PYTHONPATH=$ANALYSIS "$PYTHON" - "$LORE_SOURCE/doc" <<'CODE'
import re
import sys
from pathlib import Path

from matplotlib.image import imread

from lore import files
from lore.figures import draw

doc = Path(sys.argv[1])
text = (doc / "gallery.md").read_text()
drawn = re.findall(r"^analysis/figures.py (\S+) (.*) -o doc/(\S+)$", text, re.MULTILINE)
shown = re.findall(r"^!\[.*\]\((\S+)\)$", text, re.MULTILINE)
assert [picture for _, _, picture in drawn] == shown[:-1], (drawn, shown)  # the last is a page of lore report
for name, studies, picture in drawn:
    draw(name, files.open_study(*map(Path, studies.split())), Path("doc", picture))
    height, width = imread(doc / picture).shape[:2]
    assert abs(imread(f"doc/{picture}").shape[0] / height - 1) < 0.1, picture
    assert abs(imread(f"doc/{picture}").shape[1] / width - 1) < 0.1, picture
print(len(drawn), "pictures")
CODE
}

@test "figure.sh starts as many ranks as nproc says, even if Open MPI counts fewer cores, with settings" {
  mkdir -p programs
  printf '#!/bin/sh\necho 7\n' >programs/nproc
  cat >programs/lore <<'END'
#!/bin/sh
case $1 in
  plan) echo '{"runs": [1, 2, 3, 4, 5, 6, 7, 8, 9]}' ;;
  run) echo "rank of $OMPI_COMM_WORLD_SIZE: $*" >>"$RANKS" ;;
esac
END
  printf '#!/bin/sh\n[ "$1" != -c ] || exec /usr/bin/python3 "$@"\n' >programs/python
  chmod +x programs/*
  env -u OMPI_MCA_rmaps_base_oversubscribe -u PRTE_MCA_rmaps_default_mapping_policy \
    PATH="$PWD/programs:$PATH" LORE=$PWD/programs/lore PYTHON=$PWD/programs/python RESULTS=$PWD/small RANKS=$PWD/ranks \
    "$LORE_SOURCE/jobs/figure.sh" -s compute.isa=v3 -s evaluate.every=50 P
  [ "$(grep -c 'rank of 7: run .* -s compute.isa=v3 -s evaluate.every=50$' ranks)" -eq 7 ]
}

@test "a directory is read from its collected file while that is fresh" {
  train
  rm -rf fresh && cp -a results fresh
  "$LORE" collect fresh >/dev/null
  metrics=$(ls fresh/runs/*/metrics.nc | head -n 1)
  touch -r "$metrics" old
  "$PYTHON" "$ANALYSIS/findings.py" fresh -o before.md
  echo garbage >"$metrics"
  touch -r old "$metrics" # as if it had not changed: only who reads it finds out
  "$PYTHON" "$ANALYSIS/findings.py" fresh -o same.md
  cmp before.md same.md
  touch "$metrics"
  run "$PYTHON" -c 'import sys; sys.path.insert(0, sys.argv[1]); from lore.files import open_study; print(open_study("fresh").damaged)' "$ANALYSIS"
  [ "$output" = "['$(basename "$(dirname "$metrics")")']" ]
}
