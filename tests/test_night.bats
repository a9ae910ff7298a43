#!/usr/bin/env bats
# A night of a sweep under a real Slurm, in minutes: variables of another job and of a site, a run that
# kills its process, a full quota, a task that is preempted, a node that goes down. Everything that can
# finish finishes, with the bits of an undisturbed sweep, and lore status tells the rest.
# The whole night (LORE_NIGHT=1, tests/run.sh night) takes minutes; its worst half is always tested.

load support/common
load support/slurm

setup_file() {
  export LORE KILLER=night-pretrain-seed2
  # LD_PRELOAD is a list that spaces separate, and the build may be in a directory with one.
  cp "$LORE_BUILD/tests/support/file_fault.so" "$BATS_FILE_TMPDIR"
  slurm_start "$BATS_FILE_TMPDIR/slurm" || true
}

teardown_file() {
  slurm_stop
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  slurm_need
}

# study STEPS SEEDS: night.yaml, and its undisturbed results.
study() {
  cat >night.yaml <<END
name: night
population: {individuals: 64, held_out: 32}
model: {layers: 1, width: 32, heads: 2, hidden: 64}
train: {steps: $1, batch: 8, shard: 2}
evaluate: {every: 100, sequences: 24, attention_sequences: 8}
checkpoint: {every: 100}
compute: {threads: 1}
experiments:
  pretrain: {sweep: {seeds: $2}}
  tune: {start_from: {experiment: pretrain, step: 100}, train: {steps: 40}}
END
  "$LORE" run -q night.yaml -o undisturbed 3>&-
}

teardown() {
  touch cured
  slurm_clear dir/jobs/*.log
}

# As from a shell inside another job, on a site that means well.
hostile() {
  env SBATCH_NO_REQUEUE=1 SBATCH_SIGNAL=B:USR1@590 SBATCH_ARRAY_INX=0-4 SBATCH_OPEN_MODE=truncate \
    SLURM_CPU_BIND=quiet,mask_cpu:0x1 SLURM_MEM_PER_CPU=10 SLURM_NTASKS=7 SLURM_CPUS_PER_TASK=9 \
    SLURM_JOB_ID=1 SLURM_TIMELIMIT=1 SLURM_TIME_FORMAT=%H:%M SQUEUE_STATES=PD SQUEUE_USERS=nobody "$@"
}

# Kills whatever trains the killer, by the name in its lock, until there is a file called cured.
kill_killer() {
  local name
  while [ ! -e cured ]; do
    read -r _ name _ <dir/runs/$KILLER/lock && [ -n "$name" ] && kill -KILL "$name" || true
    sleep 0.02
  done 2>/dev/null
}

# appears SECONDS COMMAND...: until it succeeds.
appears() {
  local try seconds=$1
  shift
  for ((try = 0; try < seconds * 10; try++)); do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  echo "not within $seconds s: $*"
  return 1
}

has_node() {
  [ -n "$(squeue -h -j "$1" -o %N)" ]
}

# same_runs [EXCEPT]: the runs are done and as in the undisturbed sweep; but one, and its child.
same_runs() {
  local run
  for run in undisturbed/runs/*/; do
    run=$(basename "$run")
    [ "$run" != "${1:-}" ] && [ "$run" != "${1/pretrain/tune}" ] || continue
    grep -Hx 'state: done' "dir/runs/$run/state.yaml"
    same_metrics {dir,undisturbed}/runs/"$run"/metrics.nc
  done
}

# The killer has been set aside and its child could not begin; the rest is done and collected. Without
# the cause one command finishes both.
ends_well() {
  local done=$(($(ls undisturbed/runs | wc -l) - 2))
  "$LORE" status dir | tee status
  grep -q "^$KILLER: failed: its process died 3 times in a row, .*--retry-failed" status
  grep -q "^night: $((done + 2)) runs: 1 waiting, $done done, 1 failed" status
  same_runs "$KILLER"
  # The killer is collected too, without a record, if one of its processes began its file.
  grep -q "/night.nc: \($done\|$((done + 1))\) of $((done + 2)) runs collected ($done done)" dir/jobs/collect-*.log
  touch cured
  wait
  "$LORE" run night.yaml -o dir --retry-failed
  "$LORE" status dir | grep -q "^night: $((done + 2)) runs: $((done + 2)) done"
  same_runs
}

@test "variables of another job and of a site, and a run that kills its process" {
  study 200 3
  kill_killer 3>&- &
  hostile "$LORE" submit night.yaml -o dir --tasks 2 --ntasks 1 --time 10 --yes
  slurm_ended 120
  [ "$(ls dir/jobs/collect-*.log | wc -l)" -eq 1 ]
  ends_well
}

@test "a whole night" {
  [ "${LORE_NIGHT:-0}" = 1 ] || skip "takes minutes; LORE_NIGHT=1 runs it"
  study 600 8
  kill_killer 3>&- &
  # Three writes of each process find the quota full, as long as there is a file called full.
  LD_PRELOAD=$BATS_FILE_TMPDIR/file_fault.so LORE_FILE_FAULT=write:1-3:EDQUOT:dir/runs/ \
    LORE_FAULT_WHILE=$PWD/full hostile "$LORE" submit night.yaml -o dir --tasks 2 --ntasks 2 --time 10 --yes >said
  job=$(sed -n 's/^submitted *job //p' said | head -n 1)
  first=dir/jobs/wave0-${job}_0.log
  appears 60 eval 'ls dir/runs/*/checkpoints/resume*'
  touch full
  appears 60 grep 'Disk quota exceeded' dir/jobs/wave0-*.log
  rm full
  scontrol requeue "${job}_0"
  appears 60 grep ', start 2,' "$first"
  # Somebody works in the same directory, with other settings.
  not sbatch --wait -o other.log --time=5 "$LORE_SOURCE/jobs/run.sbatch" night.yaml dir -s seed=5
  appears 60 has_node "${job}_0"
  node=$(squeue -h -j "${job}_0" -o %N)
  scontrol update NodeName="$node" State=DOWN Reason=test
  sleep 5
  scontrol update NodeName="$node" State=RESUME || true # it may have come back by itself
  slurm_ended 400
  grep ', start [3-9],' "$first"
  ends_well
  grep '^job [0-9]* gave up (exit code 2): lore: error: .* give another directory' status
  [ "$(grep -c '^job .* gave up' status)" -eq 1 ]
}
