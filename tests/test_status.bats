#!/usr/bin/env bats
# lore status: what it says of runs in every state, from files alone.

load support/common

setup_file() {
  export HELPERS=$LORE_BUILD/tests/support
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  holder='' mounted=''
}

teardown() {
  [ -z "$holder" ] || kill -KILL "$holder" 2>/dev/null || true
  [ -z "$mounted" ] || umount "$mounted"
}

# put_state RUN STATE STEP STEPS [MESSAGE]
put_state() {
  mkdir -p "dir/runs/$1"
  printf 'state: %s\nstep: %s\nsteps: %s\nranks: 1\nthreads: 2\nattempts: 1\nupdated: 5.000\nhost: "node-1"\njob: "12_3"\nmessage: "%s"\n' \
    "$2" "$3" "$4" "${5:-}" >"dir/runs/$1/state.yaml"
}

# hold RUN STEP STEPS: a process that has the run, in $holder.
hold() {
  "$HELPERS"/hold_run "dir/runs/$1" "$2" "$3" >holding &
  holder=$!
  for _ in $(seq 100); do
    [ -s holding ] && return
    sleep 0.05
  done
  return 1
}

# state_of RUN: its state, by --json.
state_of() {
  "$LORE" status --json dir |
    "$PYTHON" -c 'import json, sys
print(next(r["state"] for r in json.load(sys.stdin)["runs"] if r["id"] == sys.argv[1]))' "$1"
}

@test "a directory without a study is refused with one message" {
  mkdir empty
  for directory in empty nowhere; do
    run "$LORE" status "$directory"
    [ "$status" -eq 2 ]
    [[ "$output" == "lore: error: $directory holds no study"* ]]
  done
  run "$LORE" status
  [ "$status" -eq 2 ]
  run "$LORE" status --watch 0 empty
  [ "$status" -eq 2 ]
}

@test "every state has its name, and the totals add up" {
  put_state a "done" 40 40
  put_state b diverged 10 40 "the loss is not a number"
  put_state c failed 20 40 'cannot write \"x\"'
  put_state d stopped 20 40
  put_state e running 10 40
  mkdir dir/runs/f
  run "$LORE" status dir
  echo "$output"
  [ "$status" -eq 0 ]
  for line in 'a +damaged +40/40 .*12_3 +node-1' 'b +diverged +10/40 ' 'c +failed +20/40 ' \
    'd +stopped +20/40 ' 'e +interrupted +10/40 ' 'f +waiting +0/0 ' \
    'b: diverged: the loss is not a number' 'c: failed: cannot write "x"' \
    'a: damaged: cannot use dir/runs/a/metrics.nc: No such file or directory; lore run STUDY -o DIR --only a --overwrite ' \
    '.*: 6 runs: 1 waiting, 1 interrupted, 1 stopped, 1 diverged, 1 failed, 1 damaged' \
    'steps: 100 of 170 \(58.8 %\); time left: -' \
    'needs attention: 1 failed \(c\); 1 diverged \(b\); 1 damaged \(a\); 1 stalled \(e, .* without a record\)$'; do
    grep -qE "^$line" <<<"$output" || { echo "missing: $line" && return 1; }
  done
}

@test "a run is running while somebody holds it, and interrupted when the holder is killed" {
  mkdir -p dir/runs/a
  [ "$(state_of a)" = waiting ]
  hold a 10 40
  [ "$(state_of a)" = running ]
  kill -KILL "$holder"
  wait "$holder" || true
  [ "$(state_of a)" = interrupted ]
}

@test "speed, time left and the last record come from the metrics file" {
  mkdir -p dir/runs/a
  "$HELPERS"/write_metrics_example dir/runs/a/metrics.nc 12
  hold a 0 10000550
  "$LORE" status --json dir | "$PYTHON" -c '
import json, sys
study = json.load(sys.stdin)
run, = study["runs"]
# The example makes 50 steps, 3e9 tokens and one record per second; its last record is step 550.
assert (run["state"], run["step"], run["steps"], run["phase"]) == ("running", 550, 10000550, 3)
assert abs(run["tokens_per_second"] - 3e9) < 1e3, run
assert abs(run["attribute_loss"] - 11.1) < 1e-6 and abs(run["attribute_accuracy"] - 11.101) < 1e-6
assert 0 <= run["record_age"] < 60
assert abs(run["seconds_left"] + run["record_age"] - 200000) < 1, run
assert (run["job"], run["host"]) == ("99_3", "node-7")
assert study["counts"]["running"] == 1 and sum(study["counts"].values()) == 1
assert abs(study["seconds_left"] - 200000) < 100 and study["steps"] == 10000550
'
  run "$LORE" status dir
  [[ "$output" =~ "2d 07:33" ]]
}

@test "files that cannot be read yet are no error" {
  put_state a running 10 40
  head -c 20000 /dev/urandom >dir/runs/a/metrics.nc
  put_state b running 10 40
  : >dir/runs/b/metrics.nc
  put_state c "done" 40 40
  "$HELPERS"/write_metrics_example dir/runs/c/metrics.nc 0
  put_state d running 10 40
  "$HELPERS"/write_metrics_example dir/runs/d/metrics.nc 5
  truncate -s 16500 dir/runs/d/metrics.nc
  mkdir dir/runs/e
  echo 'state: happy' >dir/runs/e/state.yaml
  run "$LORE" status dir
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -cE '^[a-d] +(interrupted|damaged) +[14]0/[0-9]+ +- +- +-' <<<"$output")" -eq 4 ]
  grep -q "^e: waiting: dir/runs/e/state.yaml, line 1: 'happy' is not a value of 'state'" <<<"$output"
}

@test "--watch ends when every run is done, diverged or damaged" {
  put_state a running 10 40
  put_state b diverged 10 40
  timeout 20 "$LORE" status --watch 1 dir >watched &
  watcher=$!
  sleep 1.5
  kill -0 "$watcher"
  put_state a "done" 40 40
  wait "$watcher"
  grep -q '^a  *interrupted' watched
  tail -n 3 watched | grep -q '2 runs: 1 diverged, 1 damaged'
}

@test "a run can be looked at all the time while it trains" {
  "$LORE" run -q "$LORE_SOURCE"/tests/studies/tiny.yaml -o dir -s train.steps=60 \
    -s evaluate.every=1 >/dev/null &
  trainer=$!
  until ls dir/runs/*/metrics.nc >/dev/null 2>&1; do sleep 0.02; done
  looks=0
  while kill -0 "$trainer" 2>/dev/null; do
    "$LORE" status --json dir >look
    "$PYTHON" -c 'import json; json.load(open("look"))'
    looks=$((looks + 1))
  done
  wait "$trainer"
  echo "$looks looks"
  [ "$looks" -ge 3 ]
  [ "$(state_of "$(ls dir/runs)")" = "done" ]
}

@test "single runs beside a sweep are listed behind it" {
  mkdir mixed && cd mixed
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" .
  "$LORE" run -q tiny.yaml -o r
  sed 's/^name: .*/name: sweep/' tiny.yaml >sweep.yaml
  echo 'sweep: {seeds: 2}' >>sweep.yaml
  "$LORE" plan --gflops 1 sweep.yaml -o r >/dev/null
  mkdir r/runs/stray
  "$LORE" status r >out
  cat out
  [ "$(awk '/seed/ {print $1, $2}' out)" = "sweep-seed1 waiting
sweep-seed2 waiting
tiny-seed1 done" ]
  grep -q '^sweep: 3 runs: 2 waiting, 1 done' out
}

@test "--state: only these runs, totals of all; many runs: totals above too" {
  mkdir states && cd states
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" .
  echo 'sweep: {seeds: 40}' >>tiny.yaml
  "$LORE" plan --gflops 1 tiny.yaml -o r >/dev/null
  mkdir r/runs/tiny-seed7
  sed 's/^  *//' >r/runs/tiny-seed7/state.yaml <<'END'
    state: failed
    step: 1
    steps: 40
    ranks: 1
    threads: 1
    attempts: 1
    updated: 1700000000.125
    host: "n1"
    job: ""
    message: "no space left"
END
  "$LORE" status r >all
  head -n 1 all | grep -qx 'tiny: 40 runs: 39 waiting, 1 failed'
  [ "$(grep -c 'tiny: 40 runs' all)" -eq 2 ]
  "$LORE" status --state failed r >failed
  cat failed
  [ "$(grep -c '^tiny-seed[0-9]* ' failed)" -eq 1 ]
  grep -qx 'tiny-seed7: failed: no space left' failed
  [ "$(grep -c 'tiny: 40 runs' failed)" -eq 1 ]
  [ "$("$LORE" status --state failed,waiting r | grep -c '^tiny-seed[0-9]* ')" -eq 40 ]
  [ "$("$LORE" status --json --state failed r | grep -o '"id"' | wc -l)" -eq 1 ]
  run "$LORE" status --state fialed r
  [ "$status" -eq 2 ]
  [[ $output == "lore: error: --state fialed: expected waiting, running, "*" failed or damaged, or several "* ]]
  "$LORE" status --state damaged r
}

# Grandchildren, too; a parent that may still end is no reason.
@test "what a waiting run waits for, if that failed" {
  cat >chain.yaml <<'END'
name: chain
population: {individuals: 64, held_out: 32}
train: {steps: 20}
experiments:
  base: {sweep: {seeds: 4}}
  tune: {start_from: {experiment: base}}
  late: {start_from: {experiment: tune}}
END
  "$LORE" plan chain.yaml -o dir >plan
  put_state chain-base-seed1 failed 3 20 'its process died 3 times in a row; set aside until lore run --retry-failed'
  put_state chain-base-seed2 stopped 3 20 'stopped by signal USR1'
  put_state chain-base-seed3 done 20 20 # without a metrics file
  "$LORE" status dir | tee out
  grep -qx 'chain-tune-seed1: waiting for chain-base-seed1, which failed' out
  grep -qx 'chain-late-seed1: waiting for chain-base-seed1, which failed' out
  grep -qx 'chain-tune-seed3: waiting for chain-base-seed3, which is damaged' out
  [ "$(grep -c ': waiting for' out)" -eq 4 ]
  "$LORE" status --state waiting --json dir | "$PYTHON" -c '
import json, sys
runs = {r["id"]: r for r in json.load(sys.stdin)["runs"]}
assert len(runs) == 9
for id in "tune", "late":
    run = runs[f"chain-{id}-seed1"]
    assert run["blocked_by"] == "chain-base-seed1", run
    assert run["message"] == "waiting for chain-base-seed1, which failed", run
    assert runs[f"chain-{id}-seed2"]["blocked_by"] is None
    assert runs[f"chain-{id}-seed2"]["message"] == ""
assert runs["chain-base-seed4"]["blocked_by"] is None'
}

# attention OPTION...: the last line of lore status dir, and its exit code in $code.
attention() {
  code=0
  "$LORE" status --exit-code "$@" dir >out || code=$?
  tail -n 1 out
}

# records RUN COUNT MINUTES: as many records, a second apart, the last one so many minutes ago.
records() {
  "$HELPERS"/write_metrics_example "dir/runs/$1/metrics.nc" "$2"
  touch -d "$3 minutes ago" "dir/runs/$1/metrics.nc"
}

@test "nothing needs attention" {
  put_state a stopped 20 40
  mkdir dir/runs/b
  [ "$(attention)" = "nothing needs attention" ]
  attention >/dev/null
  [ "$code" -eq 0 ]
  "$LORE" status --json dir | "$PYTHON" -c '
import json, sys
attention = json.load(sys.stdin)["attention"]
assert attention["needed"] is False and attention["disk"]["free_bytes"] > 0, attention
assert [attention[kind] for kind in ("failed", "diverged", "damaged", "stalled", "jobs")] == 5 * [[]]'
}

@test "runs that failed need attention, the first three by name; the exit code says so if asked" {
  for run in a b c d; do
    put_state "$run" failed 20 40 "why"
  done
  attention >line
  cat line
  [ "$code" -eq 4 ]
  [ "$(cat line)" = "needs attention: 4 failed (a, b, c, ...)" ]
  "$LORE" status dir >/dev/null
  "$LORE" status --json --state waiting dir | "$PYTHON" -c '
import json, sys
attention = json.load(sys.stdin)["attention"]
assert attention["needed"] is True and attention["failed"] == list("abcd"), attention'
}

@test "a run is stalled if it claims to be running and no record has come for long" {
  for run in a b c d; do
    put_state "$run" running 10 4000
  done
  put_state e stopped 10 4000
  records a 6 30    # the usual interval is 1 s, so 5 minutes are long
  records b 6 4     # these are not
  records c 1 30    # an interval that is not known counts as 10 minutes
  records d 1 130
  records e 6 30    # not running
  attention >line
  cat line
  [ "$code" -eq 4 ]
  [[ "$(cat line)" =~ ^"needs attention: 2 stalled (a, "(30:0.|29:5.)" without a record, d, "2:(10:0.|09:5.)" without a record)"$ ]]
  [[ "$(attention --stalled 14)" =~ ^"needs attention: 1 stalled (a, "[0-9:]*" without a record)"$ ]]
  [ "$(attention --stalled 2000)" = "nothing needs attention" ]
  # It has just been resumed, and its records are old.
  sed -i "s/^updated: .*/updated: $(date +%s).000/" dir/runs/a/state.yaml dir/runs/d/state.yaml
  [ "$(attention)" = "nothing needs attention" ]
  run "$LORE" status --stalled 0 dir
  [ "$status" -eq 2 ]
}

@test "after a dense part, the next record may take longer" {
  "$PYTHON" -c 'import netCDF4' 2>/dev/null || skip "no python3 with netCDF4"
  put_state a running 10 4000
  records a 6 0
  "$PYTHON" -c '
import netCDF4
with netCDF4.Dataset("dir/runs/a/metrics.nc", "a") as data: # of 50 steps/s
    data.createVariable("evaluate_every", "i4")[...] = 50 * 120'
  touch -d "19 minutes ago" dir/runs/a/metrics.nc
  [ "$(attention)" = "nothing needs attention" ]
  touch -d "21 minutes ago" dir/runs/a/metrics.nc
  [[ "$(attention)" == "needs attention: 1 stalled (a, "* ]]
}

@test "a run that somebody holds can be stalled, too" {
  mkdir -p dir/runs/a
  records a 6 30
  hold a 10 4000
  touch -d "30 minutes ago" dir/runs/a/metrics.nc
  [ "$(state_of a)" = running ]
  [[ "$(attention)" == "needs attention: 1 stalled (a, "* ]]
  touch dir/runs/a/metrics.nc
  [ "$(attention)" = "nothing needs attention" ]
}

@test "a run whose loss is no number or beyond all bounds has diverged, before it is said to have" {
  put_state a running 10 4000
  put_state b running 10 4000
  put_state c running 10 4000
  for run in a b c; do
    records "$run" 12 0
  done
  [ "$(attention)" = "nothing needs attention" ]
  "$PYTHON" - dir/runs/a/metrics.nc attribute_loss inf dir/runs/b/metrics.nc train_loss 25.5 \
    dir/runs/c/metrics.nc attribute_loss nan <<'END' || skip "no python3 with scipy or netCDF4"
import sys
import netCDF4
for path, name, value in zip(*[iter(sys.argv[1:])] * 3):
    with netCDF4.Dataset(path, "a") as data:
        data.set_auto_mask(False)
        data[name][-1, ...] = float(value)
END
  attention >line
  cat line
  [ "$(cat line)" = "needs attention: 3 diverged (a, b, c)" ]
}

@test "a job that gave up needs attention" {
  put_state a stopped 20 40
  mkdir dir/jobs
  printf '2\nlore: error: no\n' >dir/jobs/12_0.refusal
  [ "$(attention)" = "needs attention: 1 job gave up (12_0)" ]
}

# The file system of the directory has room for some files of weights, but not for all that are to come.
@test "a disk that is too small for the study, or nearly full" {
  [ "$(id -u)" -eq 0 ] || skip "needs to mount a small tmpfs"
  mkdir dir
  mount -t tmpfs -o size=8m tmpfs dir 2>/dev/null || skip "no tmpfs can be mounted here"
  mounted=$PWD/dir
  "$LORE" plan --json --gflops 1 -o dir -s 'checkpoint.snapshots=[0]' "$LORE_SOURCE/tests/studies/tiny.yaml" >plan
  "$LORE" status --json dir >look
  "$PYTHON" -c '
import json
plan, disk = json.load(open("plan")), json.load(open("look"))["attention"]["disk"]
assert disk["total_bytes"] == 8 << 20, disk
assert disk["needed_bytes"] == round(plan["weights_bytes"] + plan["resume_bytes"]), (disk, plan["weights_bytes"])
print(int((disk["free_bytes"] - disk["needed_bytes"]) / 1024))' >spare
  [ "$(attention)" = "nothing needs attention" ]
  # One KiB less than the study needs.
  head -c "$(($(cat spare) + 1))K" /dev/zero >dir/fill
  attention
  [[ "$(attention)" =~ ^"needs attention: disk nearly full ("[0-9.]+" "[KM]"iB of 8.0 MiB free, about "[0-9.]+" "[KM]"iB more needed)"$ ]]
  attention >/dev/null
  [ "$code" -eq 4 ]
  rm dir/fill
  "$LORE" run -q -o dir -s 'checkpoint.snapshots=[0]' "$LORE_SOURCE/tests/studies/tiny.yaml" >/dev/null
  # A disk that is full does not matter when nothing is left to be done.
  head -c 8M /dev/zero >dir/fill 2>/dev/null || true
  [ "$(attention)" = "nothing needs attention" ]
  rm dir/fill
  # Nothing is known of what a stray run needs, but 1 % is hardly anything.
  put_state stray stopped 20 40
  echo 'name: [' >dir/runs/stray/study.yaml
  [ "$(attention)" = "nothing needs attention" ]
  head -c "$(($(df --output=avail -k dir | tail -n 1) - 60))K" /dev/zero >dir/fill
  [[ "$(attention)" =~ ^"needs attention: disk nearly full ("[0-9.]+" KiB of 8.0 MiB free)"$ ]]
}

@test "a complete run that another process looks at is complete, not left to it" {
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" .
  "$LORE" run -q tiny.yaml -o dir
  cp dir/runs/tiny-seed1/state.yaml done.yaml
  hold tiny-seed1 20 40
  run "$LORE" run -q tiny.yaml -o dir
  [[ $output == *"held by "* ]]
  cp done.yaml dir/runs/tiny-seed1/state.yaml
  run "$LORE" run -q tiny.yaml -o dir
  kill "$holder"
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *"complete        already; --overwrite trains it again"* ]]
}
