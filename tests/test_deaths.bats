#!/usr/bin/env bats
# A run that kills its process whenever it is trained, as an out-of-memory killer would: it is set
# aside, all others are trained, and one option puts it back.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cat >sweep.yaml <<END
name: sweep
population: {individuals: 64, held_out: 32}
model: {layers: 1, width: 32, heads: 2, hidden: 64}
train: {steps: 300, batch: 8, shard: 2}
evaluate: {every: 100, sequences: 24, attention_sequences: 8}
compute: {threads: 1}
sweep: {seeds: 6}
END
  POISON=sweep-seed2
}

teardown() {
  touch stop
}

# poison DIRECTORY: kills whatever holds that run, by the name in its lock, until there is a file
# called stop.
poison() {
  local name
  while [ ! -e stop ]; do
    read -r _ name _ <"$1/runs/$POISON/lock" && [ -n "$name" ] && kill -KILL "$name" || true
    sleep 0.02
  done 2>/dev/null
}

# tries DIRECTORY RANKS OPTION...: as jobs/run.sbatch does; sets $tries and $code.
tries() {
  local directory=$1 ranks=$2
  shift 2
  for tries in $(seq 12); do
    code=0
    mpirun -n "$ranks" "$LORE" run sweep.yaml -o "$directory" "$@" >"$directory.log" 2>&1 3>&- || code=$?
    tail -n 4 "$directory.log"
    [ "$code" -ge 128 ] || return 0
  done
}

@test "a run that kills its rank is set aside; the others finish; --retry-failed puts it back" {
  poison results 3>&- &
  tries results 2
  echo "$tries tries, exit code $code"
  [ "$code" -eq 3 ]
  [ "$tries" -le 8 ] # it may also be killed while it is set aside
  grep -q "$POISON: set aside: its process died 3 times in a row" results.log
  "$LORE" status results >status
  cat status
  grep -q '6 runs: 5 done, 1 failed\|6 runs: 1 failed, 5 done' status
  grep -q "$POISON: failed: its process died 3 times in a row, .*--retry-failed" status
  # It is left alone from now on, by any task.
  code=0
  "$LORE" run sweep.yaml -o results >log 2>&1 || code=$?
  [ "$code" -eq 3 ]
  grep -q "$POISON: set aside" log
  touch stop
  wait
  "$LORE" run sweep.yaml -o results --retry-failed
  "$LORE" status results | grep -q '6 runs: 6 done'
  grep -q '^deaths: 0' results/runs/$POISON/state.yaml
  "$LORE" run -q sweep.yaml -o undisturbed
  for seed in 1 2 6; do
    same_metrics {results,undisturbed}/runs/sweep-seed$seed/metrics.nc
  done
}

@test "so is one that several ranks train together" {
  poison results 3>&- &
  tries results 4 --ranks-per-run 2
  echo "$tries tries, exit code $code"
  [ "$code" -eq 3 ]
  "$LORE" status results | tee status
  grep -q '5 done' status
}

# killed AFTER OPTION...: the run begins, and is killed as soon as its state says AFTER; a little
# after signal $told, if there is one.
killed() {
  local after=$1
  shift
  "$LORE" run sweep.yaml -q -s train.steps=100000 "$@" -o one >one.log 2>&1 3>&- &
  job=$!
  until grep -qs " $job\$" one/runs/sweep-seed1/lock; do sleep 0.01; done
  until grep -qsx "$after" one/runs/sweep-seed1/state.yaml; do sleep 0.01; done
  [ -z "${told:-}" ] || { kill "-$told" $job && sleep 0.1; }
  kill -KILL $job
  not wait $job
}

@test "deaths with progress in between, or after a request to end, do not count" {
  sed -i 's/^sweep:.*/seed: 1/' sweep.yaml
  for step in 10 20 30 40 50; do
    killed "step: $step" -s checkpoint.every=10
    grep -x 'deaths: 0' one/runs/sweep-seed1/state.yaml
  done
  rm -r one
  # Steps of seconds: killed before the checkpoint that it was asked for.
  attempt=0
  for told in USR1 TERM INT USR2; do
    attempt=$((attempt + 1))
    killed "attempts: $attempt" -s train.batch=8192
  done
  grep -qx 'deaths: 0' one/runs/sweep-seed1/state.yaml
}

@test "without progress the third death in a row is the last, unless the user says otherwise" {
  sed -i 's/^sweep:.*/seed: 1/' sweep.yaml
  for attempt in 1 2 3; do
    killed "attempts: $attempt"
    "$LORE" status one | tee status
  done
  grep -q 'interrupted: its process died 2 times in a row' status
  fails 3 "$LORE" run sweep.yaml -q -s train.steps=100000 -o one
  grep -q 'lore: error: its process died 3 times in a row' <<<"$output"
  "$LORE" status --json one | grep -q '"deaths": *3'
  code=0
  "$LORE" run sweep.yaml -q -s train.steps=100000 -o one --max-deaths 0 --max-hours 0.0001 || code=$?
  [ "$code" -eq 75 ]
}
