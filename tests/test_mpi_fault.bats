#!/usr/bin/env bats
# MPI calls that fail, by a library that is preloaded (tests/support/mpi_fault.c): all ranks end with one
# message and exit code 1, whichever call it is.
load support/common

setup_file() {
  # Two experiments: one waits for the other, and two groups share them.
  cat >"$BATS_FILE_TMPDIR/study.yaml" <<'END'
name: faulty
population: {individuals: 32, held_out: 8}
model: {layers: 1, width: 16, heads: 2, hidden: 32}
train: {steps: 4, batch: 4, shard: 2, learning_rate: 1.5e-03}
evaluate: {every: 2, sequences: 16, attention_sequences: 4}
compute: {threads: 1}
END
  cat "$BATS_FILE_TMPDIR/study.yaml" - >"$BATS_FILE_TMPDIR/sweep.yaml" <<'END'
sweep: {seeds: 3}
END
  # LD_PRELOAD is a list that spaces separate, and the build may be in a directory with one.
  cp "$LORE_BUILD/tests/support/mpi_fault.so" "$BATS_FILE_TMPDIR"
  export FAULTS=$BATS_FILE_TMPDIR/mpi_fault.so STUDY=$BATS_FILE_TMPDIR/study.yaml SWEEP=$BATS_FILE_TMPDIR/sweep.yaml
}

# breaks FUNCTION:CALL:RANK RANKS COMMAND...: the command on so many ranks ends within a minute with exit code 1 and one message,
# which names the function, because of that fault and no other.
breaks() {
  local fault=$1 ranks=$2 code=0
  shift 2
  rm -f happened
  LORE_FAULT=$fault LORE_FAULT_FILE=$PWD/happened \
    timeout -k 1 60 mpirun -n "$ranks" -x LD_PRELOAD="$FAULTS" -x LORE_FAULT -x LORE_FAULT_FILE "$@" >out 2>err ||
    code=$?
  echo "$fault: exit code $code"
  grep -a 'lore:' err || true
  [ -e happened ]
  [ "$code" -eq 1 ]
  [ "$(grep -ac 'lore: error:' err)" -eq 1 ]
  grep -aq "lore: error: rank [0-9]*: ${fault%%:*} failed: " err
}

@test "each call of a run on two ranks" {
  for fault in MPI_Comm_split_type:1:0 MPI_Comm_split:1:1 MPI_Allreduce:1:1 MPI_Bcast:2:0 MPI_Win_allocate:1:1 \
    MPI_Comm_dup:1:0 MPI_Isend:3:1 MPI_Irecv:2:0 MPI_Testall:5:1 MPI_Barrier:1:0; do
    breaks "$fault" 2 "$LORE" run -q "$STUDY" -o "${fault//:/_}" --ranks-per-run 2
  done
}

@test "MPI's own gradient sum" {
  breaks MPI_Iallreduce:2:1 2 "$LORE" run -q "$STUDY" -o out.d -s train.reduction=mpi
}

@test "each call of the queue, by a leader of a group" {
  for fault in MPI_Win_lock_all:1:0 MPI_Compare_and_swap:1:1 MPI_Win_flush:2:1 MPI_Get_accumulate:1:0 \
    MPI_Fetch_and_op:1:0; do
    breaks "$fault" 2 "$LORE" run -q "$SWEEP" -o "${fault//:/_}" --ranks-per-run 1
  done
}

@test "a call that fails on all ranks at once is said once" {
  breaks MPI_Allreduce:4:-1 4 "$LORE" run -q "$STUDY" -o all --ranks-per-run 4 -s train.batch=8
  breaks MPI_Testall:1:-1 2 "$LORE" run -q "$STUDY" -o all2 --ranks-per-run 2
}

@test "the calls of a probe" {
  "$LORE" run -q "$STUDY" -o probed
  for fault in MPI_Alltoallv:1:1 MPI_Allreduce:3:0 MPI_Comm_split:1:1; do
    breaks "$fault" 2 "$LORE" probe -q probed --keys 8
  done
}

@test "what the directory holds after a fault is resumed to the same bits" {
  "$LORE" run -q "$STUDY" -o undisturbed
  breaks MPI_Isend:6:1 2 "$LORE" run -q "$STUDY" -o broken --ranks-per-run 2
  "$LORE" status broken | grep -Eq 'interrupted|failed'
  mpirun -n 2 "$LORE" run -q "$STUDY" -o broken --ranks-per-run 2
  same_metrics undisturbed/runs/faulty-seed1/metrics.nc broken/runs/faulty-seed1/metrics.nc
}
