#!/usr/bin/env bats
# Probes and spectra over ranks, against LAPACK on one.

load support/common

setup() {
  linalg="$LORE_BUILD/tests/support/linalg_ranks"
  [ -x "$linalg" ] || skip "built without ScaLAPACK, or no LAPACK to compare with"
}

# agrees RANKS BLOCK SHAPES: fails with the first difference.
agrees() {
  run mpirun -n "$1" "$linalg" "$2" "$3"
  echo "$output"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "one rank agrees with LAPACK, in small and in whole blocks" {
  agrees 1 3 20
  agrees 1 64 6
}

@test "so do two ranks" {
  agrees 2 4 5
  agrees 2 64 2
}

@test "so do three ranks, a grid one high" {
  agrees 3 5 5
}

@test "so do four ranks, with blocks of one row and of more than the matrix" {
  agrees 4 1 1
  agrees 4 4 5
  agrees 4 100 2
  agrees 4 64 1
}

@test "so do five ranks, of which one is idle" {
  agrees 5 4 3
}

@test "memory of a rank falls with the number of ranks, and is what was predicted" {
  read -r one predicted <<<"$(mpirun -n 1 "$linalg" memory)"
  read -r two predicted_two <<<"$(mpirun -n 2 "$linalg" memory)"
  read -r four predicted_four <<<"$(mpirun -n 4 "$linalg" memory)"
  echo "$one $two $four of $predicted $predicted_two $predicted_four"
  [ "$predicted" -eq $((4096 * 2560 * 8)) ]
  [ $((2 * predicted_two)) -eq "$predicted" ]
  [ $((4 * predicted_four)) -eq "$predicted" ]
  # Beside the matrix a few blocks of rows, and what MPI takes: at most 4 MiB.
  [ "$one" -lt $((predicted + 4194304)) ]
  [ "$two" -lt $((predicted_two + 4194304)) ]
  [ "$four" -lt $((predicted_four + 4194304)) ]
}
