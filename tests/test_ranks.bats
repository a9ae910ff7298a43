#!/usr/bin/env bats
# Gradient sums over ranks: the same bits for any number of ranks and threads, in float32 and in bf16.

load support/common

setup() {
  train="$LORE_BUILD/tests/support/train_ranks"
}

# same RANKS BATCH SHARD THREADS [untied|rg_lru|wide [muon]]: as one rank with one thread.
same() {
  local ranks=$1 batch=$2 shard=$3 threads=$4
  shift 4
  diff <(mpirun -n 1 "$train" "$batch" "$shard" 1 reproducible "$@") \
    <(mpirun -n "$ranks" "$train" "$batch" "$shard" "$threads" reproducible "$@")
}

@test "1, 2, 4 and 8 ranks give the same bits" {
  for ranks in 2 4 8; do
    same "$ranks" 16 2 1
  done
}

@test "so do 3 and 5 ranks with two threads, of 7 and of 13 shards" {
  same 3 7 1 2
  same 5 13 1 2 untied
  same 3 26 2 3
}

@test "so do 16 ranks, and 11 of which some pair up, with several ranges" {
  for ranks in 16 11; do
    same "$ranks" 16 1 1 wide
  done
}

@test "so do 64 ranks" {
  [ -n "${LORE_RANKS:-}" ] || skip "64 processes; LORE_RANKS=1 runs it"
  same 64 128 1 1 wide
  same 64 67 1 1
}

@test "so do 2 and 4 ranks with an RG-LRU" {
  same 2 16 2 1 rg_lru
  same 4 16 2 2 rg_lru
}

@test "so do ranks that share Muon's matrices" {
  same 2 16 2 2 untied muon
  same 3 7 1 1 rg_lru muon
  same 11 16 1 1 wide muon
  same 1 8 8 3 wide muon
  [ "$(mpirun -n 1 "$train" 8 2 1 reproducible wide muon)" != "$(mpirun -n 1 "$train" 8 2 1 reproducible wide)" ]
}

@test "so do ranks whose threads form crews" {
  same 1 8 8 3
  same 2 14 7 5 untied
  same 2 16 8 4 rg_lru
  same 3 24 6 8 wide
}

# messages RANKS BATCH: at most 2 ceil(log2 RANKS) messages of a rank for a range, either way.
messages() {
  local most=0 power=1
  while [ "$power" -lt "$1" ]; do
    power=$((2 * power)) most=$((most + 2))
  done
  LORE_MESSAGES=1 mpirun -n "$1" -x LORE_MESSAGES "$train" "$2" 1 1 reproducible wide >counted
  cat counted
  awk -v most="$most" '$2 == most && $4 == most && $6 == 3 { right++ } END { exit right != 2 }' counted
}

@test "a rank sends 2 ceil(log2 R) messages a range, whatever shards it has" {
  cd "$BATS_TEST_TMPDIR"
  messages 2 4
  messages 3 3
  messages 5 13
  messages 8 8
  messages 8 13 # several subtrees travel in one message
}

@test "a rank's vote reaches all at the same step" {
  run mpirun -n 3 "$train" 6 1 1 reproducible
  [ "$status" -eq 0 ]
  [ "$(awk 'NF == 4 { print $4 }' <<<"$output" | xargs)" = "0 1 1 0 1 1" ]
}

# stops RANKS CALL OPTION...: the study's run in `stopped`, until the CALL-th message of rank 1.
stops() {
  local ranks=$1 call=$2
  shift 2
  fails 1 env LORE_FAULT="MPI_Isend:$call:1" mpirun -n "$ranks" -x LD_PRELOAD="$PWD/mpi_fault.so" -x LORE_FAULT \
    "$LORE" run -q "$@" study.yaml -o stopped
}

write_shared_study() {
  cp "$LORE_BUILD/tests/support/mpi_fault.so" .
  cat >study.yaml <<'END'
name: shared
population: {individuals: 32, held_out: 8}
model: {layers: 1, width: 64, heads: 2, hidden: 128}
train: {steps: 6, batch: 16, shard: 1, learning_rate: 1.5e-03, clip: 0.5}
evaluate: {every: 6, sequences: 16, attention_sequences: 4}
checkpoint: {every: 2}
compute: {threads: 1}
END
  run=runs/shared-seed1
}

# same_as_stopped DIRECTORY [--but VARIABLE]
same_as_stopped() {
  same_metrics {"$1",stopped}/$run/metrics.nc "${@:2}"
  same_weights {"$1",stopped}/$run/checkpoints/weights_00000006.nc
}

@test "a run goes on with any other number of ranks, which share its moments: the same bits" {
  cd "$BATS_TEST_TMPDIR"
  write_shared_study
  "$LORE" run -q study.yaml -o alone
  stops 8 15 # six messages a step
  [ -e stopped/$run/checkpoints/resume_00000002.nc ]
  stops 3 6 # the second of a pair: two a step
  [ -e stopped/$run/checkpoints/resume_00000004.nc ]
  mpirun -n 16 "$LORE" run study.yaml -o stopped | grep -q 'resumed from *step 4$'
  same_as_stopped alone
}

@test "so it does with Muon, and in bf16" {
  cd "$BATS_TEST_TMPDIR"
  write_shared_study
  for setting in train.optimizer=muon train.precision=bf16; do
    rm -rf alone stopped
    "$LORE" run -q -s $setting study.yaml -o alone
    stops 3 6 -s $setting
    mpirun -n 4 "$LORE" run -s $setting study.yaml -o stopped | grep -q 'resumed from *step [24]$'
    same_as_stopped alone
  done
}

@test "so it does with crews of any size" {
  cd "$BATS_TEST_TMPDIR"
  write_shared_study
  shards=(-s train.shard=4)
  "$LORE" run -q "${shards[@]}" study.yaml -o alone
  stops 2 6 "${shards[@]}" -s compute.threads=5 # crews of two
  [ -e stopped/$run/checkpoints/resume_00000002.nc ]
  stops 3 6 "${shards[@]}" -s compute.threads=4 # of four and, for two shards, of two
  [ -e stopped/$run/checkpoints/resume_00000004.nc ]
  mpirun -n 2 "$LORE" run "${shards[@]}" -s compute.threads=8 study.yaml -o stopped | grep -q 'resumed from *step 4$'
  same_as_stopped alone --but compute_threads
}

@test "MPI's own allreduce gives nearly the same, and not the same bits" {
  one=$(mpirun -n 1 "$train" 16 2 1 mpi)
  tree=$(mpirun -n 3 "$train" 16 2 1 reproducible)
  mpi=$(mpirun -n 3 "$train" 16 2 1 mpi)
  [ "$one" = "$tree" ]
  [ "$mpi" != "$tree" ]
  paste <(printf '%s\n' "$tree") <(printf '%s\n' "$mpi") | awk '
    NF == 8 && ($1 - $5 > 1e-4 * $1 || $5 - $1 > 1e-4 * $1 || $3 != $7) { exit 1 }'
}
