#!/usr/bin/env bats
# Ranks that were started for different things, or from different programs: refused with one message,
# before anything is read or written. What only one rank reads cannot differ.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" .
}

# together -n N COMMAND... [: [-wdir DIRECTORY] -n N COMMAND...]: as mpirun, but each rank picks its own
# command by itself. The mpirun of Open MPI 5.0.7 crashes where several are given.
together() {
  local ranks=0 count directory command
  echo 'case $OMPI_COMM_WORLD_RANK in' >pick
  while [ $# -gt 0 ]; do
    directory=. command=()
    for (( ; $# > 0; )); do
      case $1 in
        -n) count=$2 && shift ;;
        -wdir) directory=$2 && shift ;;
        :) shift && break ;;
        *) command+=("$1") ;;
      esac
      shift
    done
    for ((; count > 0; count--)); do
      echo "$ranks) cd ${directory@Q} && exec ${command[*]@Q} ;;" >>pick
      ranks=$((ranks + 1))
    done
  done
  echo esac >>pick
  timeout 60 mpirun -n "$ranks" bash "$PWD/pick"
}

# refused EXPECTED ARGUMENT-OF-TOGETHER...
refused() {
  local expected=$1
  shift
  run together "$@"
  echo "exit $status: $output"
  [ "$status" -eq 2 ]
  [ "$(grep -c 'lore: error:' <<<"$output")" -eq 1 ]
  grep -q "lore: error: rank [0-9]* on [^ ]* $expected" <<<"$output"
  [ ! -e r ]
}

@test "other overrides, studies, directories and options than rank 0's" {
  first=("$LORE" run -q tiny.yaml -o r)
  cp tiny.yaml other.yaml
  expected='was started with another command line than rank 0: .*; all ranks of a job need the same'
  refused "$expected" -n 1 "${first[@]}" : -n 1 "${first[@]}" -s seed=5
  refused "$expected" -n 1 "${first[@]}" -s train.steps=20 : -n 2 "${first[@]}"
  refused "$expected" -n 2 "${first[@]}" : -n 1 "$LORE" run -q other.yaml -o r
  refused "$expected" -n 1 "${first[@]}" : -n 1 "$LORE" run -q tiny.yaml -o elsewhere
  refused "$expected" -n 1 "${first[@]}" --ranks-per-run 2 : -n 1 "${first[@]}"
  refused "$expected" -n 1 "${first[@]}" --wave 0 : -n 1 "${first[@]}" --wave 1
  refused "$expected" -n 1 "${first[@]}" : -n 1 "${first[@]}" --nonsense
  refused "$expected" -n 1 "${first[@]}" --help : -n 1 "${first[@]}"
  refused "$expected" -n 1 "$LORE" probe r : -n 1 "$LORE" probe other
  refused "$expected" -n 1 "$LORE" bench S : -n 1 "$LORE" bench M
}

@test "another build" {
  cp "$LORE" other
  echo >>other
  refused "is another build than rank 0: 'lore .* (commit .*, program [0-9a-f]*)', not .*; start the same" \
    -n 1 "$LORE" run -q tiny.yaml -o r : -n 1 ./other run -q tiny.yaml -o r
}

@test "a stale copy of the study or its table before other ranks changes nothing" {
  cat >sweep.yaml <<END
name: sweep
population: {individuals: 64, held_out: 32}
model: {layers: 1, width: 32, heads: 2, hidden: 64}
train: {steps: 20, batch: 8, shard: 2}
evaluate: {every: 10, sequences: 24, attention_sequences: 8}
sweep: {table: t.tsv}
END
  printf 'train.learning_rate\n1.0e-03\n2.0e-03\n' >t.tsv
  mkdir stale
  cp sweep.yaml stale
  printf 'train.learning_rate\n3.0e-03\n4.0e-03\n5.0e-03\n' >stale/t.tsv
  program=("$LORE" run sweep.yaml -q -o "$PWD/r")
  together -n 1 "${program[@]}" : -wdir "$PWD/stale" -n 1 "${program[@]}" >log
  cat log
  "$LORE" run -q sweep.yaml -o alone
  diff <(ls r/runs) <(ls alone/runs)
  same_results r alone
}
