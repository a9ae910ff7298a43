#!/usr/bin/env bats
# lore run from the outside: files, repeatability, kills, memory, refusals.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/tiny.yaml
  export REFERENCE=$BATS_FILE_TMPDIR/reference
  export RUN=runs/tiny-seed1
  # One thread: what other runs are compared with.
  "$LORE" run -q "$STUDY" -o "$REFERENCE" -s compute.threads=1
}

# again DIRECTORY OPTION...: the reference study once more.
again() {
  local directory=$1
  shift
  "$LORE" run -q "$STUDY" -o "$directory" "$@"
}

@test "a run leaves resolved settings, metrics and weights, and nothing else" {
  cd "$REFERENCE/$RUN"
  diff <(find . -type f | sort) - <<END
./checkpoints/weights_00000000.nc
./checkpoints/weights_00000020.nc
./checkpoints/weights_00000040.nc
./exposure.nc
./lock
./metrics.nc
./state.yaml
./study.yaml
END
}

@test "the resolved settings make the same run" {
  "$LORE" run -q "$REFERENCE/$RUN/study.yaml" -o again
  same_metrics "again/$RUN/metrics.nc" "$REFERENCE/$RUN/metrics.nc"
}

@test "the same study twice gives the same bytes" {
  again twice -s compute.threads=1
  same_metrics "twice/$RUN/metrics.nc" "$REFERENCE/$RUN/metrics.nc"
  for step in 00 20 40; do
    same_weights "twice/$RUN/checkpoints/weights_000000$step.nc" \
      "$REFERENCE/$RUN/checkpoints/weights_000000$step.nc"
  done
}

@test "two and three threads give the same bytes as one" {
  for threads in 2 3; do
    again "threads$threads" -s compute.threads=$threads
    same_metrics "threads$threads/$RUN/metrics.nc" "$REFERENCE/$RUN/metrics.nc" --but compute_threads
    same_weights "threads$threads/$RUN/checkpoints/weights_00000040.nc" \
      "$REFERENCE/$RUN/checkpoints/weights_00000040.nc"
  done
}

@test "another seed gives another run" {
  again other -s seed=2
  run same_metrics other/runs/tiny-seed2/metrics.nc "$REFERENCE/$RUN/metrics.nc" --but seed
  [ "$status" -ne 0 ]
  [[ $output == *attribute_loss* ]]
}

@test "SIGKILL at random moments leaves whole metrics files" {
  options=(-s compute.threads=1 -s evaluate.every=1 -s train.steps=400)
  options+=(-s evaluate.sequences=2 -s evaluate.attention_sequences=2 -s checkpoint.snapshots=[])
  again whole "${options[@]}"
  RANDOM=7
  killed=0 with_records=0 kills=${LORE_KILLS:-50}
  for i in $(seq "$kills"); do
    "$LORE" run -q "$STUDY" -o killed "${options[@]}" &
    child=$! # lore itself, not a shell around it
    # From before the file exists to after many records; a busy machine starts slowly.
    for ((try = 0; i % 2 == 0 && try < 600; try++)); do
      [ ! -s "killed/$RUN/metrics.nc" ] || break
      sleep 0.1
    done
    sleep "0.$(printf %03d $((RANDOM % 700)))"
    kill -KILL $child 2>/dev/null || true
    code=0
    wait $child 2>/dev/null || code=$?
    [ "$code" -ne 137 ] || killed=$((killed + 1))
    if [ ! -e "killed/$RUN/metrics.nc" ]; then
      rm -rf killed
      continue
    fi
    records=$("$PYTHON" "$LORE_SOURCE/tests/support/whole_records.py" "killed/$RUN/metrics.nc" \
      "whole/$RUN/metrics.nc")
    echo "$records records"
    [ "$records" -eq 0 ] || with_records=$((with_records + 1))
    rm -r killed
  done
  echo "killed $killed of $kills, $with_records with records"
  [ $((5 * killed)) -ge $((4 * kills)) ]
  [ $((5 * with_records)) -ge "$kills" ]
}

# predicted RANKS OPTION...: peak memory of a run is what lore check says, within 10 %.
predicted() {
  local ranks=$1 predicted peak
  shift
  set -- "$@" -s checkpoint.snapshots=[]
  predicted=$("$LORE" check --json --ranks-per-run "$ranks" "$@" "$STUDY" |
    "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["peak_bytes"])')
  set -- "$LORE" run -q "$@" "$STUDY" -o memory --overwrite
  [ "$ranks" -eq 1 ] || set -- mpirun -n "$ranks" "$@"
  peak=$("$PYTHON" "$LORE_SOURCE/tests/support/peak_memory.py" "$@")
  echo "$*: predicted $predicted, peak $peak"
  [ $((peak * 10)) -lt $((predicted * 11)) ]
  [ $((peak * 10)) -gt $((predicted * 9)) ]
}

@test "peak memory is what lore check predicts, within 10 %" {
  predicted 1 -s train.steps=20 -s model.width=32
  predicted 1 -s train.steps=20 -s model.width=256 -s model.hidden=1024 -s model.heads=4
  predicted 1 -s train.steps=20 -s train.batch=64 -s train.shard=16 -s model.width=128 \
    -s model.hidden=512 -s train.precision=bf16
}

@test "peak memory of crews of threads" {
  predicted 1 -s train.steps=4 -s train.shard=8 -s model.width=128 -s model.hidden=512 \
    -s compute.threads=4
}

@test "peak memory of two ranks, of which one alone would need a fifth more" {
  predicted 2 -s train.steps=4 -s model.width=256 -s model.hidden=1024 -s model.heads=4 \
    -s compute.threads=4
  predicted 2 -s train.steps=4 -s train.batch=6 -s train.shard=1 -s model.width=256 \
    -s model.hidden=1024 -s model.heads=4 -s compute.threads=1
  fails 2 "$LORE" check --ranks-per-run 5 "$STUDY"
  [[ $output == *"5 ranks cannot share a batch of 4 shards"* ]]
}

@test "a complete run is left alone unless it is to be overwritten" {
  again here
  cp "here/$RUN/metrics.nc" before.nc
  run again here
  [ "$status" -eq 0 ]
  [[ $output == *"already; --overwrite trains it again"* ]]
  cmp before.nc "here/$RUN/metrics.nc"
  again here --overwrite
  ! cmp before.nc "here/$RUN/metrics.nc"
}

@test "changed settings are refused with what has changed" {
  again here
  fails 2 again here -s train.steps=80 -s train.clip=1
  [[ $output == *"train.steps: 40 before, 80 now"*"train.clip: 0.0 before, 1.0 now"* ]]
  run again here -s checkpoint.every=7 -s compute.threads=1
  [ "$status" -eq 0 ]
}

@test "a diverging run says so, exits with 3 and keeps its records" {
  fails 3 again diverge -s train.learning_rate=10 -s train.weight_decay=10 -s evaluate.every=1
  [[ $output == *"training diverged"* ]]
  "$PYTHON" -c 'import netCDF4, sys; sys.exit(netCDF4.Dataset(sys.argv[1]).dimensions["step"].size < 1)' \
    "diverge/$RUN/metrics.nc"
  fails 3 again diverge -s train.learning_rate=10 -s train.weight_decay=10 -s evaluate.every=1
  [[ $output == *"training diverged"*"in an earlier job; --overwrite"* ]]
}

@test "ranks that do not fit are refused once, by all together" {
  fails 2 timeout 60 mpirun -n 3 "$LORE" run "$STUDY" -o ranks --ranks-per-run 2
  [[ $output == *"3 ranks cannot be divided into groups of 2"* ]]
  fails 2 timeout 60 mpirun -n 4 "$LORE" run "$STUDY" -o ranks --ranks-per-run 2
  [[ $output == *"2 groups of 2 ranks"*"1 run;"* ]]
  fails 2 timeout 60 mpirun -n 5 "$LORE" run "$STUDY" -o ranks
  [[ $output == *"5 ranks cannot share a batch of 4 shards"* ]]
  cp "$STUDY" two.yaml
  echo 'sweep: {seeds: 2}' >>two.yaml
  fails 2 timeout 60 mpirun -n 5 "$LORE" run two.yaml -o ranks --ranks-per-run 5
  [[ $output == *"run "*"-seed1: 5 ranks cannot share a batch of 4 shards"* ]]
  [ "$(grep -c cannot <<<"$output")" -eq 1 ]
  fails 2 "$LORE" submit two.yaml -o ranks --ranks-per-run 5
  fails 2 "$LORE" submit "$STUDY" -o ranks --ntasks-per-node 5
  fails 2 "$LORE" submit two.yaml -o ranks --ntasks-per-node 3
  [[ $output == *"3 groups of 1 rank "*"2 runs;"* ]]
  [ ! -e ranks ]
  SLURM_STEP_NUM_TASKS=4 fails 2 "$LORE" run "$STUDY" -o ranks
  [[ $output == *"--mpi=pmix"* ]]
}

@test "fewer threads than asked for are refused, once, before training" {
  export OMP_THREAD_LIMIT=1
  for ranks in 1 2; do
    fails 2 timeout -k 1 60 mpirun -n $ranks "$LORE" run -q "$STUDY" -o limited -s compute.threads=2
    [[ $output == *"asked for 2 threads and gives 1"*"OMP_THREAD_LIMIT (here 1)"* ]]
    [ ! -e "limited/$RUN/metrics.nc" ]
  done
  fails 2 timeout -k 1 60 "$LORE" check "$STUDY" -s compute.threads=2
  fails 2 timeout -k 1 60 "$LORE" bench --threads 2 --seconds 1 S
  timeout -k 1 60 "$LORE" run -q "$STUDY" -o limited -s compute.threads=1
}

@test "mistakes on the command line" {
  fails 2 "$LORE" run "$STUDY"
  fails 2 "$LORE" run -o somewhere
  fails 2 "$LORE" run "$STUDY" extra -o somewhere
  fails 2 "$LORE" run --outptu x "$STUDY"
  fails 2 "$LORE" run missing.yaml -o somewhere
  fails 2 "$LORE" rnu "$STUDY"
  [[ $output == *"did you mean 'run'"* ]]
  fails 2 "$LORE" check -s model.widht=3 "$STUDY"
  fails 2 "$LORE" bench Q
  [ ! -e somewhere ]
}

@test "a directory that cannot be written" {
  touch file
  fails 1 again file/below
  [[ $output == *"file/below"* || $output == *"file:"* ]]
}

@test "a full disk: one message, earlier records whole" {
  [ "$(id -u)" -eq 0 ] || skip "mounting needs root"
  mkdir small
  mount -t tmpfs -o size=96k tmpfs small || skip "no tmpfs can be mounted here"
  run again small/out -s evaluate.every=1 -s train.steps=2000 -s checkpoint.snapshots=[]
  code=$status message=$output
  records=$("$PYTHON" -c 'import netCDF4, sys; print(netCDF4.Dataset(sys.argv[1]).dimensions["step"].size)' \
    "small/out/$RUN/metrics.nc" || echo none)
  umount small
  echo "exit $code: $message; records $records"
  [ "$code" -eq 1 ]
  [[ $message == *"No space left on device"* ]]
  [ "$records" -ge 1 ]
}

@test "numpy rebuilds the forward pass from the weights" {
  "$PYTHON" "$LORE_SOURCE/analysis/forward.py" "$REFERENCE/$RUN/checkpoints/weights_00000040.nc" \
    "<begin> James" | grep -q .
}

@test "the quick start's figure is drawn from the files" {
  "$PYTHON" "$LORE_SOURCE/analysis/quickstart.py" "$REFERENCE" -o picture.png
  [ "$(wc -c <picture.png)" -gt 20000 ]
  run "$PYTHON" "$LORE_SOURCE/analysis/quickstart.py" nowhere
  [ "$status" -ne 0 ]
  [[ $output == *"no metrics.nc"* ]]
}
