# shellcheck shell=bash
# For test files that train one study, $STUDY, whole: alone, by several ranks, and killed again and again.

# In setup_file: trains $STUDY by one rank, to $ALONE.
train_alone() {
  export ALONE=$BATS_FILE_TMPDIR/alone
  "$LORE" run -q "$STUDY" -o "$ALONE"
}

# same_by_ranks R: R ranks train every run together.
same_by_ranks() {
  mpirun -n "$1" "$LORE" run -q --ranks-per-run "$1" "$STUDY" -o "ranks$1"
  same_results "ranks$1" "$ALONE"
}

# same_when_killed TIMES SECONDS: SIGKILL at random moments of at most SECONDS, then to the end.
same_when_killed() {
  local job
  RANDOM=11
  for _ in $(seq "$1"); do
    "$LORE" run -q --max-deaths 0 "$STUDY" -o killed >killed.log 2>&1 3>&- &
    job=$!
    sleep "$((RANDOM % $2)).$((RANDOM % 10))"
    kill -KILL "$job" 2>/dev/null || true
    wait "$job" || true
  done
  "$LORE" run -q --max-deaths 0 "$STUDY" -o killed # three kills in a row without a checkpoint are not its fault
  same_results killed "$ALONE"
}
