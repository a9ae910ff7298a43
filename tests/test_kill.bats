#!/usr/bin/env bats
# Runs that are killed, told to stop or run out of disk, and gone on with: nothing is lost, doubled or
# different.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/tiny.yaml
  export REFERENCE=$BATS_FILE_TMPDIR/reference RUN=runs/tiny-seed1
  export OPTIONS="-q -s compute.threads=1 -s train.steps=120 -s evaluate.every=4 -s checkpoint.every=10"
  "$LORE" run $OPTIONS "$STUDY" -o "$REFERENCE"
}

# same DIRECTORY: metrics and weights as in the undisturbed run.
same() {
  local step
  same_metrics "$1/$RUN/metrics.nc" "$REFERENCE/$RUN/metrics.nc" --but checkpoint_every
  for step in 000 020 120; do
    same_weights "$1/$RUN/checkpoints/weights_00000$step.nc" \
      "$REFERENCE/$RUN/checkpoints/weights_00000$step.nc"
  done
  ls "$1/$RUN/checkpoints" >left
  [ "$(wc -l <left)" -eq 3 ]
}

# begin RANKS DIRECTORY: starts the run behind us, as $job.
begin() {
  mpirun -n "$1" "$LORE" run $OPTIONS "$STUDY" -o "$2" >"$2.log" 2>&1 3>&- &
  job=$!
}

# pause: until the run in DIRECTORY has at least RECORDS records, or has ended.
pause() {
  local try
  for try in $(seq 400); do
    kill -0 "$job" 2>/dev/null || return 0
    [ "$("$PYTHON" -c 'import sys
try: print(int.from_bytes(open(sys.argv[1], "rb").read(8)[4:], "big"))
except OSError: print(0)' "$1/$RUN/metrics.nc")" -ge "$2" ] && return 0
    sleep 0.02
  done
}

# interrupt DIRECTORY RECORDS: SIGKILL once the run has so many records.
interrupt() {
  "$LORE" run $OPTIONS "$STUDY" -o "$1" 3>&- >/dev/null 2>&1 &
  local job=$!
  pause "$1" "$2"
  kill -KILL $job
  ! wait $job
}

@test "SIGKILL of one random rank at random moments, gone on with: as undisturbed" {
  whole=0 resumed=0 kills=${LORE_KILLS:-20}
  RANDOM=7
  for i in $(seq "$kills"); do
    ranks=$((i % 5 == 0 ? 4 : 2)) # more ranks than cores are slow
    begin $ranks "killed$i"
    pause "killed$i" $((RANDOM % 27))
    sleep "0.0$((RANDOM % 10))"
    victims=($(pgrep -f -- "lore run .*-o killed$i\$" | grep -vx "$job"))
    [ ${#victims[@]} -eq 0 ] || kill -KILL "${victims[RANDOM % ${#victims[@]}]}" || true
    ! wait "$job" || whole=$((whole + 1))
    mpirun -n $((ranks == 2 ? 1 : 2)) "$LORE" run $OPTIONS "$STUDY" -o "killed$i" >again.log 2>&1
    ! grep -q 'resumed from' again.log || resumed=$((resumed + 1))
    same "killed$i"
    rm -r "killed$i"
  done
  echo "$kills of $kills the same; $whole were not hit, $resumed went on from a checkpoint"
  [ $((2 * whole)) -lt "$kills" ]
  [ $((4 * resumed)) -ge "$kills" ]
}

@test "signals: a checkpoint, exit code 75, and on from there" {
  for signal in USR1 USR2 TERM; do
    "$LORE" run $OPTIONS "$STUDY" -o $signal -s checkpoint.every=0 >log 2>&1 3>&- &
    job=$!
    pause $signal 5
    kill -$signal $job
    code=0
    wait $job || code=$?
    cat log
    [ "$code" -eq 75 ]
    grep -q "stopped by signal $signal" log
    grep -q '^state: stopped' "$signal/$RUN/state.yaml"
    [ "$(ls "$signal/$RUN/checkpoints" | grep -c resume)" -eq 1 ]
    "$LORE" run $OPTIONS "$STUDY" -o $signal | grep -q 'resumed from'
    same $signal
  done
}

@test "a signal to one rank of several stops all of them at one step" {
  begin 3 one
  pause one 5
  victim=$(pgrep -f -- "lore run .*-o one\$" | grep -vx "$job" | tail -n 1)
  kill -USR1 "$victim"
  ! wait "$job"
  grep -q '^state: stopped' "one/$RUN/state.yaml"
  mpirun -n 2 "$LORE" run $OPTIONS "$STUDY" -o one | grep -q 'resumed from'
  same one
}

@test "a time limit: stops before it, goes on after" {
  code=0
  "$LORE" run $OPTIONS "$STUDY" -o limit --max-hours 0.0001 >log 2>&1 || code=$?
  cat log
  [ "$code" -eq 75 ]
  grep -q 'the time limit' log
  code=0
  SLURM_JOB_END_TIME=$(($(date +%s) + 5)) "$LORE" run $OPTIONS "$STUDY" -o limit >log 2>&1 || code=$?
  cat log
  [ "$code" -eq 75 ]
  "$LORE" run $OPTIONS "$STUDY" -o limit
  same limit
}

@test "a damaged checkpoint costs a warning; the one before is taken" {
  interrupt damaged 20
  newest=$(ls damaged/$RUN/checkpoints/resume_*.nc | tail -n 1)
  printf 'x' | dd of="$newest" bs=1 seek=5000 conv=notrunc status=none
  "$LORE" run $OPTIONS "$STUDY" -o damaged >log 2>&1
  cat log
  [ "$(grep -c 'warning:' log)" -eq 2 ]
  grep -q "$(basename "$newest")" log
  same damaged
}

@test "a start that is refused leaves the interrupted run's state alone" {
  interrupt refused 10
  cp "refused/$RUN/state.yaml" before.yaml
  grep -q '^state: running' before.yaml
  run "$LORE" run $OPTIONS "$STUDY" -o refused -s train.learning_rate=0.5
  echo "$output"
  [ "$status" -eq 2 ]
  cmp before.yaml "refused/$RUN/state.yaml"
  "$LORE" run $OPTIONS "$STUDY" -o refused
  same refused
}

@test "a full disk while a checkpoint is written: one message, and on when there is room" {
  [ "$(id -u)" -eq 0 ] || skip "mounting needs root"
  mkdir small
  mount -t tmpfs -o size=5500k tmpfs small || skip "no tmpfs can be mounted here"
  code=0
  "$LORE" run $OPTIONS "$STUDY" -o small/out >log 2>&1 || code=$?
  cat log
  mount -o remount,size=64m small
  "$LORE" run $OPTIONS "$STUDY" -o small/out >again.log 2>&1
  same small/out && kept=yes
  umount small
  [ "$code" -eq 1 ]
  [ "$(grep -c 'lore: error:' log)" -eq 1 ]
  grep -q 'No space left on device' log
  [ "$kept" = yes ]
}

# fill DIRECTORY: not a byte is left.
fill() {
  cat /dev/zero >"$1/ballast" 2>/dev/null || true
}

@test "a full disk while a record is appended: one message, and on when there is room" {
  [ "$(id -u)" -eq 0 ] || skip "mounting needs root"
  local options="$OPTIONS -s evaluate.every=1 -s evaluate.sequences=2 -s train.steps=400"
  options+=" -s evaluate.attention_sequences=2 -s checkpoint.snapshots=[] -s checkpoint.every=0"
  mkdir small
  mount -t tmpfs -o size=64m tmpfs small || skip "no tmpfs can be mounted here"
  # A sitting that leaves a checkpoint, and one that goes on from it until the disk is full.
  for sitting in first second; do
    "$LORE" run $options "$STUDY" -o small/out >$sitting.log 2>&1 3>&- &
    job=$!
    pause small/out $([ $sitting = first ] && echo 20 || echo 60)
    [ $sitting = second ] || kill -USR1 $job
    [ $sitting = first ] || { kill -STOP $job && fill small && kill -CONT $job; }
    code=0
    wait $job || code=$?
    echo "$code" >$sitting.code
    cat $sitting.log
  done
  cp small/out/$RUN/metrics.nc full.nc || true
  rm -f small/ballast
  "$LORE" run $options "$STUDY" -o small/out >third.log 2>&1 || cat third.log
  cp -r small/out again || true
  umount small
  "$LORE" run $options "$STUDY" -o whole
  [ "$(cat first.code)" -eq 75 ]
  [ "$(cat second.code)" -eq 1 ]
  [ "$(grep -c 'lore: error:' second.log)" -eq 1 ]
  grep -q 'cannot append record [0-9]* to .*metrics.nc: No space left on device' second.log
  records=$("$PYTHON" "$LORE_SOURCE/tests/support/whole_records.py" full.nc whole/$RUN/metrics.nc)
  [ "$records" -ge 60 ]
  grep -q 'resumed from' third.log
  same_metrics {again,whole}/$RUN/metrics.nc
  same_weights {again,whole}/$RUN/checkpoints/weights_00000400.nc
  [ "$(ls again/$RUN/checkpoints)" = weights_00000400.nc ]
}

@test "two jobs on one run: the second leaves it alone" {
  "$LORE" run $OPTIONS "$STUDY" -o shared 3>&- >/dev/null 2>&1 &
  job=$!
  pause shared 3
  "$LORE" run $OPTIONS "$STUDY" -o shared >log
  cat log
  grep -q "held by .* $job" log
  wait $job
  same shared
}
