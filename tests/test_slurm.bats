#!/usr/bin/env bats
# lore under a real Slurm: two slurmd on this machine, started here and stopped at the end.

load support/common
load support/slurm

setup_file() {
  export LORE
  slurm_start "$BATS_FILE_TMPDIR/slurm" || return 0
  export REFERENCE=$BATS_FILE_TMPDIR/reference
  cat >"$BATS_FILE_TMPDIR/night.yaml" <<END
name: night
population: {individuals: 64, held_out: 32}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {steps: 500, batch: 8, shard: 2}
evaluate: {every: 20, dense_every: 0, dense_until: 0, sequences: 24, attention_sequences: 8}
checkpoint: {every: 50}
compute: {threads: 1}
experiments:
  pretrain: {sweep: {seeds: 3}}
  tune: {start_from: {experiment: pretrain, step: 100}, train: {steps: 60}}
END
  [ "${LORE_SLURM_TESTS:-1}" = short ] || "$LORE" run -q "$BATS_FILE_TMPDIR/night.yaml" -o "$REFERENCE" 3>&-
}

teardown_file() {
  slurm_stop
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  slurm_need
  cp "$BATS_FILE_TMPDIR/night.yaml" .
  scontrol update NodeName=n1,n2 State=RESUME 2>/dev/null || true
}

teardown() {
  slurm_clear *.log dir*/jobs/*.log
}

# same DIRECTORY ID: metrics and last weights of a run, as in the undisturbed study.
same() {
  local weights
  same_metrics "$1/runs/$2/metrics.nc" "$REFERENCE/runs/$2/metrics.nc"
  weights=$(ls "$REFERENCE/runs/$2/checkpoints" | tail -n 1)
  same_weights "$1/runs/$2/checkpoints/$weights" "$REFERENCE/runs/$2/checkpoints/$weights"
}

# records DIRECTORY ID COUNT: until the run has as many.
records() {
  local try
  for try in $(seq 300); do
    [ "$("$PYTHON" -c 'import sys
try: print(int.from_bytes(open(sys.argv[1], "rb").read(8)[4:], "big"))
except OSError: print(0)' "$1/runs/$2/metrics.nc")" -ge "$3" ] && return
    sleep 0.1
  done
  return 1
}

@test "lore submit --yes: arrays of two waves share the runs, then they are collected" {
  slurm_slow
  "$LORE" submit night.yaml -o "my 5%a" --tasks 2 --ntasks-per-node 1 --time 10 \
    --partition main --yes
  ln -s "my 5%a" dir
  slurm_ended 90
  for run in "$REFERENCE"/runs/*/; do
    same dir "$(basename "$run")"
  done
  cat dir/runs/*/state.yaml | grep '^attempts' | sort -u | grep -qx 'attempts: 1'
  grep -q '^job: "[0-9]*_[01]"' dir/runs/night-pretrain-seed1/state.yaml
  ls dir/night.nc dir/jobs/wave{0,1}-*_{0,1}.log dir/jobs/collect-*.log
}

@test "lore submit: children wait for parents whose jobs are queued again" {
  slurm_slow
  "$LORE" submit night.yaml -o dir --tasks 2 --ntasks-per-node 1 --time 10 --yes >said
  job=$(sed -n 's/^submitted *job //p' said | head -n 1)
  records dir night-pretrain-seed1 4
  scancel --signal=USR1 "$job"
  slurm_ended 150
  grep -l 'queueing job' dir/jobs/wave0-*.log
  again=$(sed -n 's/^lore: job .*, start 2, //p' dir/jobs/wave0-*.log | sort | tail -n 1)
  child=$(sed -n 's/^lore: job .*, start 1, //p' dir/jobs/wave1-*.log | sort | head -n 1)
  echo "wave 0 again $again, wave 1 $child"
  [[ -n $again && ! $child < $again ]]
  for run in "$REFERENCE"/runs/*/; do
    same dir "$(basename "$run")"
  done
  ls dir/night.nc
}

@test "one run on two ranks of both nodes" {
  slurm_slow
  export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo
  export OMPI_MCA_mpi_yield_when_idle=1 # the nodes share their processors
  sbatch --wait -o both.log --nodes=2 --ntasks-per-node=1 --time=5 \
    "$LORE_SOURCE/jobs/run.sbatch" night.yaml dir --ranks-per-run 2 --wave 0
  same dir night-pretrain-seed1
  grep -q '^ranks: 2' dir/runs/night-pretrain-seed1/state.yaml
}

@test "one processor of two is too old: a single try, and exit code 200" {
  slurm_slow
  cat >mixed <<END
#!/bin/bash
[ "\$SLURMD_NODENAME" != n2 ] || { echo "lore: error: the processor of n2 lacks avx2" >&2; exit 200; }
exec "$LORE" "\$@"
END
  chmod +x mixed
  run env LORE="$PWD/mixed" sbatch --wait -o mixed.log --nodes=2 --ntasks-per-node=1 --time=5 \
    "$LORE_SOURCE/jobs/run.sbatch" night.yaml dir --ranks-per-run 2 --wave 0
  [ "$status" -eq 200 ]
  grep 'the processor of n2 lacks avx2' mixed.log
  ! grep -E 'try [0-9]|queueing job' mixed.log
}

@test "independent processes without PMI are refused" {
  run srun --mpi=none -n 2 "$LORE" run night.yaml -o dir
  [ "$status" -eq 2 ]
  echo "$output" >alone.log
  grep -q -- '--mpi=pmix' alone.log
  [ ! -e dir ]
}

@test "scontrol requeue in the middle" {
  slurm_slow
  job=$(sbatch --parsable -o requeue.log --time=10 "$LORE_SOURCE/jobs/run.sbatch" night.yaml dir)
  records dir night-pretrain-seed1 6
  scontrol requeue "$job"
  slurm_ended 120
  [ "$(grep -c "^lore: job $job, start" requeue.log)" -eq 2 ]
  same dir night-pretrain-seed1
  same dir night-tune-seed3
}

@test "the time limit: told in time, exit code 75, queued again, goes on to the end" {
  slurm_slow
  # Slurm looks at limits every half minute: one run that takes longer than that.
  sed -e 's/steps: 500/steps: 5000/' -e '/^experiments/,$d' night.yaml >long.yaml
  job=$(sbatch --parsable -o limit.log --time=4 --signal=USR1@237 \
    "$LORE_SOURCE/jobs/run.sbatch" long.yaml dir)
  "$LORE" run -q long.yaml -o long
  slurm_ended 180
  grep -q 'stopped by' limit.log
  grep -q "queueing job $job again" limit.log
  REFERENCE=long same dir night-seed1
}

@test "a node set down in the middle: its runs are taken up by another job" {
  slurm_slow
  job=$(sbatch --parsable -o down.log --nodelist=n1 --time=10 \
    "$LORE_SOURCE/jobs/run.sbatch" night.yaml dir)
  records dir night-pretrain-seed1 4
  scontrol update NodeName=n1 State=DOWN Reason=test
  sbatch --wait -o up.log --nodelist=n2 --time=10 "$LORE_SOURCE/jobs/run.sbatch" night.yaml dir
  grep -Eq '^complete .*\([1-9][0-9]* trained by this job' up.log
  slurm_ended 120 # the first job is queued again, and may have taken some of the runs
  for run in "$REFERENCE"/runs/*/; do
    same dir "$(basename "$run")"
  done
}
