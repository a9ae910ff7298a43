#!/usr/bin/env bats
# lore report: the page's data are those of the files, for every kind of study, and nothing in a
# study can break the page. tests/test_report_browser.bats looks at it with a browser. The case of
# 2,000 runs takes a minute: LORE_MANY=1 runs it.

load support/common

setup_file() {
  cat >"$BATS_FILE_TMPDIR/study.yaml" <<'END'
# Café, "quoted" and 'single'; </script><script>alert("no")</script> <!-- & \ 日本
name: sweep
population: {individuals: 32, held_out: 8}
model: {layers: 2, width: 16, heads: 2, hidden: 32}
train: {steps: 12, batch: 4, shard: 2}
evaluate: {every: 2, sequences: 16, attention_sequences: 4}
compute: {threads: 1}
sweep:
  grid: {train.learning_rate: [1.0e-03, 2.0e-03]}
  seeds: 2
END
  export STUDY=$BATS_FILE_TMPDIR/study.yaml WHOLE=$BATS_FILE_TMPDIR/whole
  "$LORE" run -q "$STUDY" -o "$WHOLE" >/dev/null
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cp -r "$WHOLE" dir
  run_of=dir/runs/sweep-learning_rate
}

check_report() {
  "$PYTHON" "$LORE_SOURCE/tests/support/check_report.py" "$@"
}

# data EXPRESSION: of the page in dir, with `data` and `runs` (by id).
data() {
  check_report --data "${PAGE:-dir/report.html}" | "$PYTHON" -c "import json, sys
data = json.load(sys.stdin)
runs = {run['id']: run for run in data['runs']}
print(($1))"
}

@test "the page has the numbers of the metrics files, and loads nothing" {
  need_xarray
  [ "$("$LORE" report dir | sed 's/[0-9.]* MB/N MB/')" = "dir/report.html: 4 runs, N MB" ]
  [[ $(check_report dir/report.html dir) == "4 runs, 4 with metrics, "* ]]
  [ "$(data "[setting['key'] for setting in data['settings']], [run['values'] for run in data['runs']]")" = \
    "(['train.learning_rate'], [['0.001'], ['0.001'], ['0.002'], ['0.002']])" ]
  [ "$(data "data['study'], data['watch'], data['attention'], {run['state'] for run in data['runs']}")" = \
    "('sweep', 0, 'nothing needs attention\\n', {'done'})" ]
  [ "$(data "data['shared']['model.width'], data['shared']['train.precision'], len(data['grids'])")" = "('16', 'float32', 1)" ]
  [ "$(ls dir | grep -c report)" -eq 1 ]
}

@test "nothing that a study says can end the page's data" {
  need_xarray
  # The name of a directory, of a host, a message: all are texts that others wrote.
  cp -r dir '<b>"é'
  sed -i 's/^state: .*/state: failed/; s|^message: .*|message: "</script> \\"\xe2\x80\xae <!--"|' '<b>"é/'runs/*1.0e-03-seed1/state.yaml
  "$LORE" report '<b>"é' -o page.html
  [ "$(grep -c '</script>' page.html)" -eq 3 ]
  [ "$(PAGE=page.html data "data['source'] == '<b>\"é' and runs['sweep-learning_rate1.0e-03-seed1']['reason'] == '</script> \"\\u202e <!--'")" = True ]
  PAGE=page.html data "data['study_file']" | head -n 1 >line
  head -n 1 "$STUDY" | diff - line
}

@test "failed, diverged, damaged, unfinished and missing runs are there, with the reason" {
  need_xarray
  sed -i 's/^state: .*/state: failed/; s/^message: .*/message: "No space left on device"/' ${run_of}1.0e-03-seed1/state.yaml
  truncate -s 20000 ${run_of}1.0e-03-seed2/metrics.nc
  sed -i 's/^state: .*/state: running/' ${run_of}2.0e-03-seed1/state.yaml
  rm -r ${run_of}2.0e-03-seed2
  [[ $("$LORE" report dir) == "dir/report.html: 4 runs, "*"; 1 damaged" ]]
  [ "$(data "[run['state'] for run in data['runs']]")" = "['failed', 'damaged', 'interrupted', 'waiting']" ]
  [[ $(data "data['runs'][0]['reason'], data['runs'][1]['reason']") == \
    "('No space left on device', 'cannot use dir/"*"metrics.nc: it is "* ]]
  [ "$(data "'curves' in data['runs'][1], data['runs'][3]['values']")" = "(False, ['0.002'])" ]
  [[ $(data "data['attention']") == "needs attention: 1 failed ("*"); 1 damaged ("* ]]
  [[ $(check_report dir/report.html dir) == "4 runs, 2 with metrics, "* ]]
  # A file that is no NetCDF at all, of a run that has not ended.
  head -c 5000 /dev/urandom >${run_of}2.0e-03-seed1/metrics.nc
  "$LORE" report dir
  [ "$(data "data['runs'][2]['state'], data['runs'][2]['reason']")" = "('damaged', 'its metrics cannot be read: it is not a NetCDF file')" ]
}

@test "a study that was planned, and not begun" {
  "$LORE" plan "$STUDY" --gflops 1 -o planned >/dev/null
  "$LORE" report planned
  [ "$(PAGE=planned/report.html data "[run['state'] for run in data['runs']], data['grids']")" = "(['waiting', 'waiting', 'waiting', 'waiting'], [])" ]
}

@test "a single run, a toy memory, a model without attention, experiments" {
  need_xarray
  "$LORE" run -q "$LORE_SOURCE/tests/studies/tiny.yaml" -o one -s compute.threads=1 >/dev/null
  "$LORE" run -q "$LORE_SOURCE/tests/studies/memory.yaml" -o memory >/dev/null
  "$LORE" run -q "$LORE_SOURCE/tests/studies/tiny.yaml" -o mixer -s model.mixer=rg_lru -s compute.threads=1 >/dev/null
  for directory in one memory mixer; do
    "$LORE" report "$directory"
    check_report "$directory/report.html" "$directory"
    [[ $(PAGE=$directory/report.html data "data['study_file']") == *name:* ]]
  done
  [ "$(PAGE=memory/report.html data "data['shared']['task']")" = memory ]
  # Without the manifest, the runs are those of the folder.
  rm -f one/manifest.tsv one/study.yaml
  "$LORE" report one
  [[ $(PAGE=one/report.html data "data['study_file'], len(data['runs'])") == *"tiny"*", 1)" ]]
}

@test "a file of lore collect gives the curves of its directory" {
  need_xarray
  "$LORE" collect dir >/dev/null
  "$LORE" report dir
  "$LORE" report dir/sweep.nc -o collected.html
  [ "$(data "[[run[name] for name in ('id', 'seed', 'values', 'state', 'grid', 'records', 'phase', 'plateau_end', 'baseline', 'final', 'curves', 'host', 'isa')] for run in data['runs']], data['settings'], data['grids']")" = \
    "$(PAGE=collected.html data "[[run[name] for name in ('id', 'seed', 'values', 'state', 'grid', 'records', 'phase', 'plateau_end', 'baseline', 'final', 'curves', 'host', 'isa')] for run in data['runs']], data['settings'], data['grids']")" ]
  (cd dir && "$LORE" report sweep.nc)
  [ -s dir/sweep.html ]
  for study in fig5 figQ; do
    "$LORE" report "$LORE_SOURCE/data/small/$study.nc" -o $study.html
  done
  [ "$(PAGE=fig5.html data "sorted({run['experiment'] for run in data['runs']})")" = "['pretrain', 'replay', 'tune']" ]
  # Steps that only other runs of the file have are not this one's.
  [ "$(PAGE=fig5.html data "{(run['steps'], run['last_step'], run['records']) for run in data['runs']} == {(2000, 2000, 41), (400, 400, 25)}")" = True ]
}

@test "long curves are thinned, and keep their peaks" {
  need_xarray
  sed '/^sweep/,$d' "$STUDY" >one.yaml
  "$LORE" run -q one.yaml -o long -s train.steps=300 -s evaluate.every=1 -s evaluate.sequences=2 -s evaluate.attention_sequences=1 \
    -s evaluate.dense_every=0 -s evaluate.dense_until=0 -s population.individuals=8 >/dev/null
  "$LORE" report long
  check_report long/report.html long
  [ "$(PAGE=long/report.html data "max(len(curve['at']) for run in data['runs'] for curve in run['curves'].values() if isinstance(curve, dict)) in range(150, 201)")" = True ]
}

@test "no study, no place, a full disk: one message, and the old page stays" {
  mkdir empty
  for directory in empty nowhere; do
    fails 2 "$LORE" report "$directory"
    [[ $output == *"$directory holds no study"* ]]
  done
  : >empty.nc
  for file in dir/runs/sweep-learning_rate1.0e-03-seed1/metrics.nc "$STUDY" empty.nc; do
    fails 2 "$LORE" report "$file"
    [[ $output == *"$file is not a file of lore collect: it is not a NetCDF-4 file; give such a file or a directory "* ]]
  done
  fails 1 "$LORE" report dir -o nowhere/page.html
  [[ $output == *"cannot write nowhere/page.html: No such file or directory"* ]]
  fails 1 "$LORE" report dir -o empty
  echo old >page.html
  cp "$LORE_BUILD/tests/support/file_fault.so" .
  for fault in open:1:EDQUOT write:2:EDQUOT close:1:EDQUOT fsync:1:EDQUOT rename:1:EDQUOT; do
    LD_PRELOAD=$PWD/file_fault.so LORE_FILE_FAULT=$fault:page.html fails 1 "$LORE" report dir -o page.html
    [[ $output == *"page.html: Disk quota exceeded"* ]]
    [ "$(cat page.html)" = old ]
    [ "$(ls | grep -c page)" -eq 1 ]
  done
}

@test "--watch writes again and again, until all runs have ended" {
  need_xarray
  mv ${run_of}2.0e-03-seed2 away
  "$LORE" report --watch 1 dir >out 3>&- &
  for _ in $(seq 100); do
    ! grep -q 'report.html' out || break
    sleep 0.1
  done
  [ "$(data "data['watch'], data['runs'][3]['state']")" = "(1, 'waiting')" ]
  mv away ${run_of}2.0e-03-seed2
  wait $!
  [ "$(data "data['watch'], data['runs'][3]['state']")" = "(0, 'done')" ]
  [ "$(grep -c 'report.html: 4 runs' out)" -ge 2 ]
  fails 2 "$LORE" report --watch 0 dir
}

@test "2,000 runs: less than 15 MB and a minute" {
  [ -n "${LORE_MANY:-}" ] || skip "takes a minute; LORE_MANY=1 runs it"
  sed '/^compute/,$d' "$STUDY" >one.yaml
  "$LORE" run -q one.yaml -o one -s train.steps=240 -s evaluate.every=4 -s train.learning_rate=1.0e-03 -s seed=1 -s compute.threads=1 >/dev/null
  {
    sed 's/steps: 12,/steps: 240,/; s/every: 2,/every: 4,/; /^compute/,$d' "$STUDY"
    echo 'sweep: {grid: {train.learning_rate: [5.0e-04, 1.0e-03, 2.0e-03, 4.0e-03, 8.0e-03], model.hidden: [32, 64, 128, 256]}, seeds: 100}'
  } >many.yaml
  "$LORE" plan many.yaml --gflops 1 -o many >/dev/null
  "$PYTHON" "$LORE_SOURCE/tests/support/many_runs.py" many one/runs/*
  SECONDS=0
  "$LORE" report many
  [ $SECONDS -lt 60 ]
  [ "$(stat -c %s many/report.html)" -lt 15000000 ]
  [[ $(check_report many/report.html many) == "2000 runs, 1980 with metrics, "* ]]
}
