#!/usr/bin/env bats
# Calls on files that fail with EIO or EDQUOT, by a library that is preloaded (tests/support/file_fault.c):
# one message with the system's reason, nothing lost, and after a rerun the same bytes as if nothing had
# happened.
load support/common

setup_file() {
  cat >"$BATS_FILE_TMPDIR/study.yaml" <<'END'
name: full
population: {individuals: 32, held_out: 8}
model: {layers: 1, width: 16, heads: 2, hidden: 32}
train: {steps: 6, batch: 4, shard: 2, learning_rate: 1.5e-03}
evaluate: {every: 2, sequences: 16, attention_sequences: 4}
checkpoint: {every: 2, snapshots: [2]}
compute: {gemm: builtin, threads: 1}
END
  # LD_PRELOAD is a list that spaces separate, and the build may be in a directory with one.
  cp "$LORE_BUILD/tests/support/file_fault.so" "$BATS_FILE_TMPDIR"
  export FAULTS=$BATS_FILE_TMPDIR/file_fault.so STUDY=$BATS_FILE_TMPDIR/study.yaml ALONE=$BATS_FILE_TMPDIR/alone
  "$LORE" run -q "$STUDY" -o "$ALONE"
}

# breaks FAULT COMMAND...: if the fault happens (some files need fewer calls; $happened is then empty), the command
# ends with exit code 1 and one message with the file system's reason and the file; after a fault that passes (N-N),
# lore run succeeds on its retry. All is called bare: after || a failed check would not end a test.
breaks() {
  local fault=$1 code=0 reason='Input/output error'
  shift
  [[ $fault != *EDQUOT* ]] || reason='Disk quota exceeded'
  rm -f mark
  LD_PRELOAD=$FAULTS LORE_FILE_FAULT=$fault LORE_FAULT_FILE=$PWD/mark "$@" >out 2>err || code=$?
  happened=
  [ -e mark ] || return 0
  happened=yes
  count=$((count + 1))
  echo "$fault: exit code $code"
  cat err
  if [[ $fault == *:*-*:* ]]; then
    [ "$code" -eq 0 ]
    grep -aq "^lore: .*${fault##*:}.*: $reason; to be retried once" err
    return 0
  fi
  [ "$code" -eq 1 ]
  [ "$(grep -ac 'lore: error:' err)" -eq 1 ]
  # What was lost in a close that nobody heard is found by reading.
  grep -aq -e "lore: error: .*${fault##*:}.*: $reason" -e "lore: error: .*${fault##*:}.*\(damaged\|truncated\|does not hold\)" err
}

# A run with the fault, and then without: the same bytes.
resumes() {
  local run=full-seed1 step one
  rm -rf dir
  breaks "$1" "$LORE" run -q "$STUDY" -o dir
  find dir -name '*.partial*' ! -name 'resume_*' >left
  not grep -q . left
  if [[ $happened && $1 != *:*-*:* ]]; then
    "$LORE" status dir >status
    not grep -q "^$run *done" status
  fi
  "$LORE" run -q "$STUDY" -o dir
  same_metrics dir/runs/$run/metrics.nc "$ALONE/runs/$run/metrics.nc"
  for step in 2 6; do
    same_weights dir/runs/$run/checkpoints/weights_0000000$step.nc "$ALONE/runs/$run/checkpoints/weights_0000000$step.nc"
  done
  for one in dir "$ALONE"; do
    ncdump -v draws,first_step,last_step "$one/runs/$run/exposure.nc" | sed '1,/^data:/d' >"draws$(basename "$one")"
  done
  cmp drawsdir drawsalone
  "$LORE" status dir | grep -q "^$run *done"
  find dir -name '*.partial*' >left
  not grep -q . left
}

# all_resume LEAST FILE CALL...: resumes, for each call; so many must have happened.
all_resume() {
  local least=$1 file=$2 call
  shift 2
  count=0
  for call in "$@"; do
    resumes "$call:$file"
  done
  echo "$count of $# faults happened"
  [ "$count" -ge "$least" ]
}

@test "the metrics file" {
  all_resume 7 metrics.nc open:1:EIO write:1:EIO write:3:EDQUOT write:9-9:EIO fsync:1:EIO fsync:3:EDQUOT close:2:EIO rename:1:EDQUOT
}

@test "resume points" {
  all_resume 5 resume_ write:1:EDQUOT write:2-2:EIO close:1:EIO fsync:1:EIO rename:2:EDQUOT
}

@test "weights" {
  all_resume 5 weights_ open:1:EIO write:2:EDQUOT close:1:EIO fsync:3:EDQUOT rename:2:EIO
}

# same_runs: all runs of dir/ are those of whole/.
same_runs() {
  local one run
  for one in whole/runs/*/; do
    run=$(basename "$one")
    same_metrics "dir/runs/$run/metrics.nc" "whole/runs/$run/metrics.nc"
    same_weights "dir/runs/$run/checkpoints/weights_00000006.nc" "whole/runs/$run/checkpoints/weights_00000006.nc"
  done
}

# A quota that is full for some of the first writes of each process.
@test "runs that the environment failed are retried once" {
  { cat "$STUDY" && echo 'experiments: {base: {sweep: {seeds: 3}}, tune: {start_from: {experiment: base, step: 2}}}'; } >sweep.yaml
  "$LORE" run -q sweep.yaml -o whole
  local ranks start failed
  for ranks in 1 2; do
    rm -rf dir
    start=("$LORE")
    [ "$ranks" -eq 1 ] || start=(mpirun -n "$ranks" "$LORE")
    LD_PRELOAD=$FAULTS LORE_FILE_FAULT=write:2-4:EDQUOT:dir/runs/ "${start[@]}" run sweep.yaml -o dir >out 2>err
    cat out err
    failed=$(grep -c '^lore: full-.*: Disk quota exceeded; to be retried once' err)
    [ "$failed" -ge "$ranks" ]
    [ "$(grep -c '^lore: full-.*: complete, on the retry$' err)" -eq "$failed" ]
    grep -q "^retried  *$failed ($failed of them complete now)$" out
    grep -q '^complete  *6 ' out
    same_runs
  done
}

@test "a run that is to be retried is not called failed meanwhile" {
  { cat "$STUDY" && echo 'sweep: {seeds: 2}'; } >sweep.yaml
  rm -rf dir
  LORE_RETRY_WAIT=600 LD_PRELOAD=$FAULTS LORE_FILE_FAULT=write:1:EDQUOT:full-seed1/checkpoints/weights_ "$LORE" run sweep.yaml -o dir >out 2>err &
  until grep -q '^lore: \[.*full-seed2' err; do sleep 0.05; done
  "$LORE" status dir >status || true
  kill -TERM $!
  local code=0
  wait $! || code=$?
  cat status out err
  [ "$code" -eq 75 ] # so that a job comes back
  grep -q '^unfinished  *1; rerun to resume' out
  grep -q '^full-seed1 *stopped' status
  grep -q 'Disk quota exceeded; to be retried' status
  grep -qx 'nothing needs attention' status
}

@test "a retry that fails, too; none with --fail-fast or of a complete run that is damaged" {
  { cat "$STUDY" && echo 'sweep: {seeds: 2}'; } >sweep.yaml
  local full=(env LD_PRELOAD="$FAULTS" LORE_FILE_FAULT=write:1:EDQUOT:full-seed1/) ranks start
  for ranks in 1 2; do
    rm -rf dir
    start=("$LORE")
    [ "$ranks" -eq 1 ] || start=(mpirun -n "$ranks" "$LORE")
    run "${full[@]}" "${start[@]}" run sweep.yaml -o dir
    echo "exit $status: $output"
    [ "$status" -eq 3 ]
    [ "$(grep -c 'full-seed1: .*Disk quota exceeded; to be retried once' <<<"$output")" -eq 1 ]
    grep -q '^retried  *1 (0 of them complete now)$' <<<"$output"
    grep -q '^failed  *1$' <<<"$output"
    grep -q '^complete  *1 ' <<<"$output"
    [ "$ranks" -eq 2 ] || sed -n '/seed1: .*to be retried once/,/seed1: the retry failed, too$/p' <<<"$output" | grep -q 'full-seed2: attribute loss'
    [ "$(grep -c 'full-seed1: the retry failed, too$' <<<"$output")" -eq 1 ]
  done
  run "${full[@]}" "$LORE" run sweep.yaml -o dir --fail-fast
  [ "$status" -ne 0 ]
  not grep -q retr <<<"$output"
  "$LORE" run -q sweep.yaml -o dir
  truncate -s 900 dir/runs/full-seed1/metrics.nc
  fails 3 "$LORE" run sweep.yaml -o dir
  grep -q 'full-seed1: .*the run was complete' <<<"$output"
  not grep -q retr <<<"$output"
}

@test "a stop ends the wait for a retry" {
  LORE_RETRY_WAIT=600 LD_PRELOAD=$FAULTS LORE_FILE_FAULT=write:1-1:EIO:study.yaml "$LORE" run "$STUDY" -o dir 2>err 3>&- &
  local lore=$! code=0
  for _ in {1..200}; do
    grep -q 'to be retried once.*after 600 s' err && break
    sleep 0.05
  done
  kill -USR1 "$lore"
  wait "$lore" || code=$?
  cat err
  [ "$code" -eq 1 ]
  grep -q '^lore: error: .*Input/output error' err
  "$LORE" run -q "$STUDY" -o dir
}

@test "draws" {
  all_resume 5 exposure.nc open:1:EDQUOT write:1:EIO close:1:EDQUOT fsync:1:EIO rename:1:EDQUOT
}

@test "states and settings" {
  all_resume 4 state.yaml open:2:EDQUOT write:4:EIO close:3:EDQUOT rename:4:EIO
  all_resume 2 study.yaml write:1:EIO rename:1:EDQUOT
}

@test "a sweep's manifest, job scripts, probes and the collected file" {
  local sweep="-s train.steps=2" fault
  { cat "$STUDY" && echo 'sweep: {seeds: 2}'; } >sweep.yaml
  count=0
  for fault in write:1:EDQUOT:manifest.tsv rename:1:EIO:manifest.tsv close:1:EIO:study.yaml fsync:1:EDQUOT:study.yaml; do
    rm -rf dir
    breaks "$fault" "$LORE" run -q sweep.yaml -o dir $sweep
  done
  "$LORE" run -q sweep.yaml -o dir $sweep
  for fault in write:1:EDQUOT:run.sbatch close:1:EIO:collect.sbatch; do
    breaks "$fault" "$LORE" submit sweep.yaml -o dir $sweep
  done
  "$LORE" submit sweep.yaml -o dir $sweep
  for fault in open:1:EDQUOT:full.nc write:1:EIO:full.nc close:1:EDQUOT:full.nc fsync:1:EIO:full.nc rename:1:EDQUOT:full.nc; do
    breaks "$fault" "$LORE" collect dir
    [ ! -e dir/full.nc ]
  done
  "$LORE" collect dir
  for fault in write:1:EIO:probe.nc close:1:EDQUOT:probe.nc rename:1:EIO:probe.nc; do
    breaks "$fault" "$LORE" probe -q --run full-seed1 --keys 8 dir
    [ ! -e dir/runs/full-seed1/probe.nc ]
  done
  [ "$count" -ge 13 ]
  "$LORE" probe -q --keys 8 dir
  find dir -name '*.partial*' >left
  not grep -q . left
}
