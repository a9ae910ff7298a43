#!/usr/bin/env bats
# How many threads a rank has by default, what they are tied to, and what the log says of it.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  STUDY=$LORE_SOURCE/tests/studies/tiny.yaml
  [ "$(nproc)" -ge 2 ] || skip "needs two processors"
  unset OMP_NUM_THREADS OMP_PROC_BIND OMP_PLACES SLURM_CPUS_PER_TASK
}

# threads EXPECTED DIRECTORY COMMAND...: runs it; the state and the first line of the log say so.
threads() {
  local expected=$1
  rm -rf r
  "${@:2}" run "$STUDY" -o r -s train.steps=2 -s checkpoint.snapshots=[] >log 2>&1
  cat log
  grep -qx "threads: $expected" r/runs/tiny-seed1/state.yaml
  grep '^lore:' log | head -n 1 | grep -qE "^lore: [0-9]+ ranks? x $expected threads?, (not pinned|pinned|placed by OpenMP); [A-Za-z0-9-]+"
}

@test "as many as processors, and no more than the environment says" {
  threads "$(nproc)" "$LORE"
  grep -q 'not pinned' log
  threads 1 env OMP_NUM_THREADS=1 "$LORE"
  threads 1 env OMP_NUM_THREADS=1,4 "$LORE"
  threads 1 env SLURM_CPUS_PER_TASK=1 "$LORE"
  threads "$(nproc)" env SLURM_CPUS_PER_TASK=1000 OMP_NUM_THREADS=999 "$LORE"
  threads "$(nproc)" env SLURM_CPUS_PER_TASK=x OMP_NUM_THREADS= "$LORE"
  threads 1 taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')" "$LORE"
  grep -q ' pinned' log
  not grep -q warning log
  threads "$(nproc)" env OMP_PROC_BIND=true "$LORE"
  grep -q 'placed by OpenMP' log
  # What the user writes into the study wins.
  rm -r r
  OMP_NUM_THREADS=1 "$LORE" run -q "$STUDY" -o r -s train.steps=2 -s checkpoint.snapshots=[] \
    -s compute.threads=2
  grep -qx 'threads: 2' r/runs/tiny-seed1/state.yaml
}

@test "threads of a process that nobody has bound may move" {
  "$LORE" run -q "$STUDY" -o r -s train.steps=100000 3>&- >/dev/null 2>&1 &
  job=$!
  until grep -qs '^state: running' r/runs/tiny-seed1/state.yaml; do sleep 0.02; done
  grep -h Cpus_allowed_list /proc/$job/task/*/status | sort | uniq -c | tee masks
  kill $job
  wait $job || true
  [ "$(wc -l <masks)" -eq 1 ]
  [ "$(awk '{ print $3 }' masks)" = "$(awk '/Cpus_allowed_list/ { print $2 }' /proc/self/status)" ]
}

@test "one rank that mpirun has bound to one processor of several: a warning" {
  expected="warning: mpirun has bound this rank to 1 of $(nproc) processors, so it trains with 1 thread"
  threads 1 mpirun --bind-to hwthread -n 1 "$LORE"
  grep -q "$expected" log
  threads "$(nproc)" mpirun --bind-to none -n 1 "$LORE"
  not grep -q 'warning' log
  threads 1 mpirun --bind-to hwthread -n 2 "$LORE"
  grep -q '^lore: 2 ranks x 1 thread, pinned' log
  not grep -q 'warning' log
}
