#!/usr/bin/env bats
# Which library makes the matrix products: the built-in one by default; with `auto` the one that was
# fastest when a directory of results was begun, for every run, rank and restart in it.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/tiny.yaml RUN=runs/tiny-seed1
}

# backend FILE: the library that made the products of a metrics file.
backend() {
  ncdump -h "$1" | sed -n 's/^\t\t:gemm_backend = "\(.*\)" ;/\1/p'
}

# other_backend: one that `auto` would not choose here, and that this build has.
other_backend() {
  local name fastest
  fastest=$(sed -n 's/^gemm: //p' "$1")
  for name in cblas onednn builtin; do
    [ "$name" = "$fastest" ] || ! "$LORE" check "$STUDY" -s compute.gemm="$name" >/dev/null 2>&1 ||
      { echo "$name" && return; }
  done
  skip "this build has one backend"
}

@test "by default nothing is measured" {
  need ncdump
  "$LORE" run "$STUDY" -o default >log 2>&1
  cat log
  not grep -q 'matrix products' log
  [ ! -e default/gemm.yaml ]
  [ "$(backend default/$RUN/metrics.nc)" = builtin ]
  [ "$("$LORE" settings --json | grep -c '"builtin"')" -ge 1 ]
}

@test "auto is measured once and kept by other runs, ranks and restarts" {
  need ncdump
  "$LORE" run "$STUDY" -o kept -s compute.gemm=auto >log 2>&1
  cat log kept/gemm.yaml
  [ "$(grep -c 'matrix products: .* GFLOP/s: .* (kept in kept/gemm.yaml)' log)" -eq 1 ]
  [ "$(backend kept/$RUN/metrics.nc)" = "$(sed -n 's/^gemm: //p' kept/gemm.yaml)" ]

  # Had it come out otherwise, all that follows would, too.
  other=$(other_backend kept/gemm.yaml)
  sed -i "s/^gemm: .*/gemm: $other/" kept/gemm.yaml
  cat >sweep.yaml <<END
name: sweep
population: {individuals: 64, held_out: 32}
model: {layers: 1, width: 32, heads: 2, hidden: 64}
train: {steps: 20, batch: 8, shard: 2}
evaluate: {every: 10, sequences: 24, attention_sequences: 8}
compute: {gemm: auto, threads: 1}
sweep: {seeds: 3}
END
  mkdir sweep whole
  cp kept/gemm.yaml sweep
  cp kept/gemm.yaml whole
  mpirun -n 2 "$LORE" run sweep.yaml -o sweep >log 2>&1
  cat log
  not grep -q 'matrix products' log
  for seed in 1 2 3; do
    [ "$(backend sweep/runs/sweep-seed$seed/metrics.nc)" = "$other" ]
  done

  rm -r kept/$RUN
  code=0
  "$LORE" run -q "$STUDY" -o kept -s compute.gemm=auto --max-hours 0.0001 || code=$?
  [ "$code" -eq 75 ]
  mpirun -n 2 "$LORE" run -q "$STUDY" -o kept -s compute.gemm=auto
  [ "$(backend kept/$RUN/metrics.nc)" = "$other" ]
  "$LORE" run -q "$STUDY" -o whole -s compute.gemm=auto
  same_metrics {kept,whole}/$RUN/metrics.nc
}

@test "several jobs that begin at once measure once" {
  for job in 1 2 3; do
    "$LORE" run "$STUDY" -o shared -s compute.gemm=auto -s seed=$job >log$job 2>&1 3>&- &
  done
  wait
  cat log? shared/gemm.yaml
  [ "$(cat log? | grep -c 'matrix products')" -eq 1 ]
  [ "$(grep -c '^gemm: ' shared/gemm.yaml)" -eq 1 ]
}

@test "a file of another build or a damaged one: one message; half of one is measured anew" {
  mkdir bad
  printf '# x\ngemm: cuda\n' >bad/gemm.yaml
  fails 2 "$LORE" run "$STUDY" -o bad -s compute.gemm=auto
  grep -q "bad/gemm.yaml is damaged: no line 'gemm: ' with builtin, cblas or onednn" <<<"$output"
  [ ! -e bad/runs ]
  printf '# x\ngemm: cbl' >bad/gemm.yaml
  "$LORE" run -q "$STUDY" -o bad -s compute.gemm=auto
  [ "$(grep -c '^gemm: ' bad/gemm.yaml)" -eq 1 ]
}

@test "a library for which ulimit -v leaves too little is not touched" {
  "$LORE" --version | grep -q 'CBLAS *OpenBLAS' || skip "no OpenBLAS"
  study=$LORE_SOURCE/tests/studies/tiny.yaml
  for gemm in cblas auto; do
    run bash -c "ulimit -v 700000; export OMP_NUM_THREADS=2; timeout -s KILL 20 '$LORE' run '$study' -o '$gemm' -s compute.gemm=$gemm -s train.steps=2 -s checkpoint.snapshots=[]"
    echo "$gemm: exit $status: $output"
    [[ $output == *"compute.gemm: cblas needs "*" GiB of addresses, but the limit (ulimit -v) leaves "* ]]
    [ "$status" -eq "$([ $gemm = auto ] && echo 0 || echo 1)" ]
  done
}
