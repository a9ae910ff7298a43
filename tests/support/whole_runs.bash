# shellcheck shell=bash
# For test files that train one study, $STUDY, whole: alone, by several ranks, and killed again and again.

# In setup_file: trains $STUDY by one rank, to $ALONE.
train_alone() {
  export ALONE=$BATS_FILE_TMPDIR/alone
  "$LORE" run -q "$STUDY" -o "$ALONE"
}

# same_by_ranks R [RUN...]: R ranks train every run together, or these.
same_by_ranks() {
  local ranks=$1 all=$ALONE only=() run
  shift
  if [ $# -gt 0 ]; then
    all=some$ranks
    mkdir -p "$all/runs"
  fi
  for run in "$@"; do
    ln -s "$ALONE/runs/$run" "$all/runs"
    only+=(--only "$run")
  done
  mpirun -n "$ranks" "$LORE" run -q --ranks-per-run "$ranks" "$STUDY" -o "ranks$ranks" "${only[@]}"
  same_results "ranks$ranks" "$all"
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
