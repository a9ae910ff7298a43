#!/usr/bin/env bats
# Commands for one process that are started as several: the first speaks and writes, all agree.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" .
}

# same COMMAND...: two processes say what one says, and each exits with its code.
same() {
  local code=0
  "$LORE" "$@" >out 2>err || code=$?
  # $0: mpirun ends a job at the first bad code, so each process keeps its own in a file.
  mpirun -n 2 bash -c '"$0" "$@"; echo $? >code$OMPI_COMM_WORLD_RANK' "$LORE" "$@" >out2 2>err2
  echo "$*: $code, $(cat code0), $(cat code1)"
  diff out out2
  diff err err2
  [ "$(cat code0)" -eq "$code" ] && [ "$(cat code1)" -eq "$code" ]
}

@test "what is read and printed is printed once" {
  "$LORE" plan --gflops 1 tiny.yaml -o dir >/dev/null
  same settings seed
  same settings nothing
  same show -n 1 --color never tiny.yaml # mpirun gives the first a terminal
  same show none.yaml
  same status dir
  same status none
  same --version
  same
}

@test "unknown commands and options are refused once" {
  same nonsense
  same check --nonsense tiny.yaml
  same collect
}

@test "what is worked out or written is worked out once" {
  mpirun -n 2 "$LORE" check tiny.yaml >out # memory, after MPI's start, is not the same in both
  grep '^study\|^curriculum\|^steps' out | wc -l | grep -qx 3
  same check -s model.heads=5 tiny.yaml
  "$LORE" plan --gflops 1 tiny.yaml -o alone >/dev/null
  mpirun -n 2 "$LORE" plan --gflops 1 tiny.yaml -o dir >out
  [ "$(grep -c '^frozen' out)" -eq 1 ]
  cmp alone/manifest.tsv dir/manifest.tsv
  same collect dir
  mkdir bin
  printf '#!/bin/sh\necho "$@" >>calls\necho 7\n' >bin/sbatch
  chmod +x bin/sbatch
  PATH=$PWD/bin:$PATH mpirun -n 2 "$LORE" submit tiny.yaml -o dir --yes >out
  [ "$(grep -c '^submitted' out)" -eq 2 ] # an array, and the job that collects
  [ "$(wc -l <calls)" -eq 2 ]
}

@test "processes of srun without MPI: the first speaks" {
  for task in 0 1; do
    SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=$task "$LORE" settings seed >"out$task"
    code=0
    SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=$task "$LORE" plan tiny.yaml -o dir 2>"err$task" || code=$?
    [ "$code" -eq 2 ]
  done
  [ -s out0 ] && [ ! -s out1 ]
  grep -q -- '--mpi=pmix' err0 && [ ! -s err1 ]
  [ ! -e dir ]
}

@test "without HOME, as in jobs that inherit no environment" {
  env -u HOME "$LORE" run -q tiny.yaml -o dir
  env -u HOME "$LORE" check tiny.yaml
}

@test "processes of srun --mpi=pmi2: refused where MPI does not know it" {
  ompi_info >info 2>/dev/null || skip "not Open MPI"
  ! grep -q 'MCA pmix: s[12] ' info || skip "this Open MPI knows PMI"
  run env SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 PMI_RANK=0 PMI_SIZE=2 PMI_FD=5 "$LORE" run tiny.yaml -o dir
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == *"does not know PMI"*"--mpi=pmix"* ]]
}

# slurm_says SECONDS...: squeue says that the job ends in so many seconds; the first answer first.
slurm_says() {
  mkdir -p bin
  printf '%s\n' "$@" >answers
  cat >bin/squeue <<'END'
#!/bin/sh
[ "$SLURM_TIME_FORMAT" = %s ] && [ -z "$SQUEUE_STATES" ] || exit 1
echo "$*" >>asked
answer=$(head -n 1 answers)
sed -i 1d answers
echo $(($(date +%s) + answer))
END
  chmod +x bin/squeue
  export PATH=$PWD/bin:$PATH SLURM_TIME_FORMAT=%H:%M SQUEUE_STATES=PD
}

@test "lore run asks Slurm when the job ends, which older ones do not tell" {
  slurm_says 5 5 5
  code=0
  SLURM_JOB_ID=7 SLURM_ARRAY_JOB_ID=6 SLURM_ARRAY_TASK_ID=1 "$LORE" run -q tiny.yaml -o dir \
    -s train.steps=100000 || code=$?
  [ "$code" -eq 75 ]
  grep -qx 'state: stopped' dir/runs/tiny-seed1/state.yaml
  grep -q -- '-j 6_1$' asked
}

@test "of ranks that train a run together, the first asks Slurm for all" {
  slurm_says 5 5 5 5
  code=0
  mpirun -n 2 -x SLURM_JOB_ID=7 "$LORE" run -q tiny.yaml -o dir -s train.steps=100000 || code=$?
  [ "$code" -eq 75 ]
  grep -qx 'state: stopped' dir/runs/tiny-seed1/state.yaml
  [ "$(wc -l <asked)" -eq 2 ] # when it begins, and when the end is near
}

@test "of groups that train runs of their own, one asks Slurm for all" {
  slurm_says 5 5 5 5 5 5
  code=0
  { cat tiny.yaml && echo 'sweep: {seeds: 4}'; } >four.yaml
  mpirun -n 4 -x SLURM_JOB_ID=7 "$LORE" run -q four.yaml -o dir -s train.steps=100000 || code=$?
  [ "$code" -eq 75 ]
  [ "$(cat dir/runs/*/state.yaml | grep -c '^state: stopped')" -eq 4 ]
  cat asked
  [ "$(wc -l <asked)" -eq 2 ] # when they begin, and when the end is near
}

@test "the end of a job that was suspended is later than it was; one that is past is ignored" {
  slurm_says 1000 1000
  SLURM_JOB_ID=7 SLURM_JOB_END_TIME=$(($(date +%s) + 5)) "$LORE" run -q tiny.yaml -o later
  grep -qx 'state: done' later/runs/tiny-seed1/state.yaml
  slurm_says -9 -9
  SLURM_JOB_ID=7 SLURM_JOB_END_TIME=1000 "$LORE" run -q tiny.yaml -o past 2>said
  grep -q 'in the past' said
  grep -qx 'state: done' past/runs/tiny-seed1/state.yaml
}
