#!/usr/bin/env bats
# What jobs/run.sbatch and jobs/collect.sbatch do under a real Slurm, mostly with a stand-in for lore.

load support/common
load support/slurm

setup_file() {
  export PROGRAM=$LORE
  export RUN=$LORE_SOURCE/jobs/run.sbatch COLLECT=$LORE_SOURCE/jobs/collect.sbatch
  slurm_start "$BATS_FILE_TMPDIR/slurm" || true
}

teardown_file() {
  slurm_stop
}

# The stand-in writes down how it was called, and ends with the code that its turn has in `codes`,
# after the seconds in `pause`.
setup() {
  cd "$BATS_TEST_TMPDIR" || return
  slurm_need
  mkdir -p "with space/build" "with space/jobs"
  cat >"with space/build/lore" <<'END'
#!/bin/bash
[ "$*" != --version ] || exit 0
printf '%s\n' "$*" >>"calls.${SLURM_ARRAY_TASK_ID:-none}"
turn=$(cat calls.* | wc -l)
sleep "$(cat pause 2>/dev/null || echo 0)"
code=$(cut -d ' ' -f "$turn" codes 2>/dev/null)
[ "${code:-0}" -lt 128 ] || [ "$code" -ge 200 ] || kill -KILL $$
exit "${code:-0}"
END
  chmod +x "with space/build/lore"
  export LORE="$PWD/with space/build/lore"
}

teardown() {
  slurm_clear ./*.log
}

# ended_with CODES CODE CALLS: with these exit codes of lore the job ends with CODE after CALLS calls.
ended_with() {
  echo "$1" >codes
  rm -f calls.*
  run sbatch --wait -o job.log --time=5 "$RUN" s.yaml dir
  echo "$output"
  [ "$status" -eq "$2" ]
  [ "$(wc -l <calls.none)" -eq "$3" ]
}

@test "codes 0 to 3 end the job with the same code" {
  for code in 0 1 2 3; do
    ended_with $code $code 1
  done
}

@test "a processor that is too old is no killed rank: one try" {
  ended_with "200 0" 200 1
}

@test "75 queues the job again until it is done" {
  slurm_slow
  ended_with "75 75 0" 0 3
  [ "$(grep -c 'queueing job' job.log)" -eq 2 ]
  [ "$(grep -c ', start 3,' job.log)" -eq 1 ]
}

@test "the number of restarts has a limit" {
  slurm_slow
  export LORE_RESTARTS=1
  ended_with "75 75 75 0" 75 2
}

@test "two starts in a row that gain no step end it, and lore status says so" {
  slurm_slow
  mkdir dir
  ended_with "75 75 75 0" 75 2
  grep -q 'not queued again: 2 starts in a row gained no step' job.log
  cat dir/jobs/*.refusal
  [ "$(head -n 1 dir/jobs/*.refusal)" -eq 75 ]
}

@test "what a site's and another job's environment say changes nothing" {
  mkdir dir
  cat >"with space/build/lore" <<'END'
#!/bin/bash
echo "rank $SLURM_PROCID of $SLURM_NTASKS, $FROM_SCRIPT"
[ "$SLURM_PROCID" -ne 0 ] || echo >>calls
taskset -cp $$
trap 'echo told; exit 75' USR1
[ "$(wc -l <calls)" -gt 1 ] || { sleep 60 & wait; }
END
  export SBATCH_NO_REQUEUE=1 SLURM_CPU_BIND=quiet,mask_cpu:0x1
  export SLURM_MEM_PER_CPU=10 SLURM_NTASKS=7 SLURM_CPUS_PER_TASK=9 SLURM_TIME_FORMAT=%H:%M SLURM_TIMELIMIT=1
  export SQUEUE_STATES=PD SQUEUE_USERS=nobody SQUEUE_PARTITION=other SQUEUE_FORMAT=%u
  export SLURM_STDOUTMODE=none FROM_SCRIPT=seen
  job=$(sbatch --parsable -o job.log --time=5 --mem=100 --ntasks=2 --export=NONE,LORE="$LORE",FROM_SCRIPT,SBATCH_NO_REQUEUE,SQUEUE_STATES,SQUEUE_USERS,SQUEUE_PARTITION,SLURM_CPU_BIND,SLURM_MEM_PER_CPU,SLURM_NTASKS,SLURM_CPUS_PER_TASK,SLURM_TIME_FORMAT,SLURM_TIMELIMIT,SLURM_STDOUTMODE "$RUN" s.yaml dir)
  for _ in $(seq 100); do
    [ ! -s calls ] || break
    sleep 0.1
  done
  sleep 1
  scancel --batch --signal=USR1 "$job" # as a site's SBATCH_SIGNAL=B:USR1 does
  unset "${!SQUEUE_@}"
  slurm_ended 40
  cat job.log
  [ "$(grep -c ', start' job.log)" -eq 2 ]
  [ "$(grep -c '^rank [01] of 2, seen' job.log)" -eq 4 ]
  grep -q '^told' job.log
  not grep -q 'error: SLURM_MEM\|list: 0$' job.log
}

@test "what a job refuses is seen in lore status, until it succeeds" {
  printf 'name: two\npopulation: {individuals: 64}\nmodel: {layers: 1, width: 32, heads: 2, hidden: 32}\ntrain: {steps: 2}\nexperiments: {a: {sweep: {seeds: 2}}}\n' >two.yaml
  "$PROGRAM" plan --gflops 1 two.yaml -o dir >/dev/null
  export LORE=$PROGRAM
  run sbatch --wait -o job.log --time=5 --ntasks=2 "$RUN" two.yaml dir -s seed=5
  [ "$status" -ne 0 ]
  "$PROGRAM" status dir | tee said
  grep -q '^job [0-9]* gave up (exit code 2): lore: error: dir holds .*: two-a-seed1 two-a-seed2 give another directory' said
  "$PROGRAM" status --json dir | grep -q '"refusals": *\[{"job": *"[0-9]*"'
  rm dir/jobs/*.refusal
}

@test "a backslash in the directory's name" {
  mkdir 'a\b'
  unset LORE
  "$PROGRAM" submit "$LORE_SOURCE/tests/studies/tiny.yaml" -o 'a\b/dir' --time 5 --yes
  slurm_ended 60
  tail -n 20 'a\b/dir/jobs/'*.log
  grep -qx 'state: done' 'a\b/dir/runs/tiny-seed1/state.yaml'
  ls 'a\b/dir/jobs/'*_0.log 'a\b/dir/jobs/collect-'*.log
}

@test "no matplotlib: one sentence, and collecting that worked is a success" {
  export LORE=$PROGRAM PYTHON=$PWD/python
  printf '#!/bin/sh\necho "ModuleNotFoundError: No module named matplotlib" >&2\nexit 1\n' >python
  chmod +x python
  "$LORE" run -q "$LORE_SOURCE/tests/studies/tiny.yaml" -o dir
  sed "s|/usr/bin/python3|'$PYTHON'|" "$COLLECT" >collect.sbatch
  mkdir analysis && ln -s "$LORE_SOURCE/analysis/quickstart.py" analysis
  mkdir build && ln -s "$PROGRAM" build/lore
  LORE=$PWD/build/lore sbatch --wait -o job.log --time=5 collect.sbatch dir
  cat job.log
  [ -s dir/tiny.nc ]
  [ "$(grep -c 'nothing is plotted: .*matplotlib' job.log)" -eq 1 ]
  not grep -q Traceback job.log
}

@test "a job whose rank was killed tries again, ten times unless told otherwise" {
  slurm_slow
  ended_with "137 137 137 137 0" 0 5
  export LORE_TRIES=2
  ended_with "137 137 137 0" 137 2
}

@test "every task of an array has its part" {
  sbatch --wait -o job.log --time=5 --array=3-6 "$RUN" "a study.yaml" "my dir" -s a.b="c d"
  for task in 3 4 5 6; do
    [ "$(cat calls.$task)" = "run a study.yaml -o my dir --chunk $((task - 3))/4 -s a.b=c d" ]
  done
}

@test "an array with gaps has no parts" {
  sbatch --wait -o job.log --time=5 --array=0,4 "$RUN" s.yaml dir
  [ "$(cat calls.4)" = "run s.yaml -o dir" ]
}

@test "lore is found beside the script" {
  cp "$RUN" "with space/jobs"
  unset LORE
  sbatch --wait -o job.log --time=5 "with space/jobs/run.sbatch" s.yaml dir
  [ -s calls.none ]
}

@test "jobs without the environment of lore submit" {
  unset LORE
  SBATCH_EXPORT=NONE "$PROGRAM" submit "$LORE_SOURCE/tests/studies/tiny.yaml" -o dir --time 5 --yes
  slurm_ended 60
  tail -n 20 dir/jobs/*.log
  grep -qx 'state: done' dir/runs/tiny-seed1/state.yaml
  [ -s dir/tiny.nc ]
}

@test "a task of an array is queued again without the others" {
  echo "0 75 0 0" >codes
  sbatch --wait -o job.log --time=5 --array=0-1%1 "$RUN" s.yaml dir
  [ "$(wc -l <calls.0)" -eq 1 ]
  [ "$(wc -l <calls.1)" -eq 2 ]
}

@test "a job that is cancelled leaves a checkpoint and does not come back" {
  export LORE=$PROGRAM
  job=$(sbatch --parsable -o job.log --time=5 "$RUN" "$LORE_SOURCE/tests/studies/tiny.yaml" dir \
    -s train.steps=1000000 -s checkpoint.every=100000)
  for _ in $(seq 200); do
    [ ! -s dir/runs/tiny-seed1/metrics.nc ] || break
    sleep 0.1
  done
  scancel "$job"
  slurm_ended 20
  scontrol show job "$job" | grep -q 'JobState=CANCELLED'
  grep -qx 'state: stopped' dir/runs/tiny-seed1/state.yaml
  [ "$(grep -c ', start' job.log)" -eq 1 ]
}

@test "SIGKILL of a rank: the same job goes on, and nothing is different" {
  export LORE=$PROGRAM
  options=(-s train.steps=400 -s checkpoint.every=20)
  study=$LORE_SOURCE/tests/studies/tiny.yaml
  job=$(sbatch --parsable -o job.log --time=5 "$RUN" "$study" dir "${options[@]}")
  for _ in $(seq 300); do
    [ -z "$(ls dir/runs/tiny-seed1/checkpoints/resume* 2>/dev/null)" ] || break
    sleep 0.05
  done
  for process in $(pgrep -x lore); do
    if grep -qzx "SLURM_JOB_ID=$job" "/proc/$process/environ" &&
      grep -qzxF "SLURM_CONF=$SLURM_CONF" "/proc/$process/environ"; then
      kill -KILL "$process"
    fi
  done
  slurm_ended 60
  grep -q 'try 1: a rank was killed' job.log
  "$LORE" run -q "$study" -o undisturbed "${options[@]}"
  grep -qx 'state: done' dir/runs/tiny-seed1/state.yaml
  same_metrics {dir,undisturbed}/runs/tiny-seed1/metrics.nc
  same_weights {dir,undisturbed}/runs/tiny-seed1/checkpoints/weights_00000400.nc
}

@test "the last job collects and draws" {
  "$PYTHON" -c 'import xarray, matplotlib' 2>/dev/null || skip "no python3 with xarray and matplotlib"
  export LORE=$PWD/build/lore
  mkdir build
  ln -s "$PROGRAM" build/lore
  ln -s "$LORE_SOURCE/analysis" analysis
  "$LORE" run -q "$LORE_SOURCE/tests/studies/tiny.yaml" -o "my dir"
  sbatch --wait -o job.log --time=5 "$COLLECT" "my dir"
  [ -s "my dir/tiny.nc" ]
  [ -s "my dir/report.html" ]
  grep -q '1 done' job.log
  [ "$(tail -n 1 job.log)" = "nothing needs attention" ]
  [ -n "$(find "my dir" -name '*.png')" ]
}
