#!/usr/bin/env bats
# What doc/draws.md, doc/science.md, doc/metrics.md, doc/checkpoint.md and doc/memory.md define, computed again
# in numpy from what runs have written: draws, initial weights, metrics, attention signatures, learning
# rates, plateau bounds, AdamW. If one of these tests fails, a page or the program is wrong.

load support/common

setup_file() {
  export RUNS=$BATS_FILE_TMPDIR/defined/runs SEED=4294967311 # above 2^32: both words of the key
  "$LORE" run -q "$LORE_SOURCE/tests/studies/definitions.yaml" -o "$BATS_FILE_TMPDIR/defined"
}

# recompute WHAT PATH...
recompute() {
  need_xarray
  "$PYTHON" "$LORE_SOURCE/tests/support/check_definitions.py" "$@"
}

run_named() {
  echo "$RUNS/defined-$1-seed$SEED"
}

# stop_run DIRECTORY OPTION...: trains three steps or more and stops; leaves the resume points of the last two.
stop_run() {
  local directory=$1
  shift
  [[ " $* " == *" train.optimizer=sgd "* ]] || set -- "$@" -s train.beta1=0.98 -s train.beta2=0.999
  "$LORE" run -q "$@" -o "$directory" -s checkpoint.every=1 -s 'checkpoint.snapshots=[]' -s train.clip=0.05 3>&- &
  for _ in $(seq 1000); do
    kill -0 $! 2>/dev/null || break
    find "$directory" -name 'resume_*.nc' 2>/dev/null | grep -Eq '_0*([3-9]|[1-9][0-9]+)\.nc$' && break
    sleep 0.01
  done
  kill -USR1 $!
  code=0
  wait $! || code=$?
  [ "$code" -eq 75 ]
}

@test "individuals and biographies: lore show" {
  for seed in 3 $SEED; do
    printf 'name: small\nseed: %s\npopulation: {individuals: 40, held_out: 10}\n' "$seed" >small.yaml
    COLUMNS=1000000 "$LORE" show -n 40 small.yaml >known
    COLUMNS=1000000 "$LORE" show -n 10 --held-out small.yaml >held_out
    recompute people "$seed" known held_out
  done
}

@test "draws, initial weights, losses, attention signatures: a decoder with attention" {
  recompute run "$(run_named plain)"
}

@test "the same with layer norm, learned positions, biases, ReLU, a head of its own and a fixed order" {
  recompute run "$(run_named whole)"
}

@test "the same with a recurrent block" {
  recompute run "$(run_named recurrent)"
}

@test "the same with fresh and injected individuals" {
  recompute run "$(run_named mixture)"
}

@test "the same with questions" {
  recompute run "$(run_named asking)"
}

@test "the same of a run that starts from weights, with replay" {
  recompute run "$(run_named tuned)"
}

@test "attention signatures of a patched run are its reference's" {
  recompute run "$(run_named patched)" "$(run_named plain)"
}

@test "learning rates, phases and plateau bounds" {
  sed '/^experiments:/,$d' "$LORE_SOURCE/tests/studies/definitions.yaml" >one.yaml
  "$LORE" run -q one.yaml -o constant -s train.schedule=constant
  recompute curve "$RUNS"/*/metrics.nc constant/runs/*/metrics.nc >out
  cat out
  [ "$(wc -l <out)" -eq 9 ]
  [ "$(grep -c 'plateau from [0-9.]* to [0-9.]*$' out)" -eq 1 ]
}

@test "an update of a recurrent model: gradient, clipping, AdamW, which tensors decay" {
  sed '/^experiments:/,$d' "$LORE_SOURCE/tests/studies/definitions.yaml" >one.yaml
  stop_run stopped one.yaml -s train.steps=100000 -s train.warmup_steps=100 -s model.mixer=rg_lru -s model.bias=true -s model.norm=layer \
    -s model.tied_embedding=false -s model.positions=learned
  recompute update stopped/runs/*
}

@test "an update by Muon, of an RG-LRU and of attention; by Lion; by SGD" {
  sed '/^experiments:/,$d' "$LORE_SOURCE/tests/studies/definitions.yaml" >one.yaml
  for options in "muon -s model.mixer=rg_lru -s model.bias=true" muon lion sgd; do
    rm -rf stopped
    # shellcheck disable=SC2086 # several options
    stop_run stopped one.yaml -s train.steps=100000 -s train.warmup_steps=100 -s train.optimizer=$options
    recompute update stopped/runs/*
  done
}

@test "an update of a patched run, whose optimiser has begun again" {
  sed '/^experiments:/,$d' "$LORE_SOURCE/tests/studies/definitions.yaml" >two.yaml
  cat >>two.yaml <<'END'
experiments:
  plain: {train: {steps: 2}}
  patched: {train: {steps: 100000, warmup_steps: 100}, patch: {from: plain, reference: 0, start: 2}}
END
  stop_run stopped two.yaml
  recompute update stopped/runs/*-patched-*
}

@test "a toy memory, trained again" {
  cat >toy.yaml <<END
name: toy
seed: $SEED
task: memory
memory: {keys: 8, hidden: 12, values: 5, pairs: 30, held_out: 6}
train: {steps: 12, batch: 16, learning_rate: 3.0e-02, final_learning_rate: 1.0e-03, warmup_steps: 3,
        weight_decay: 2.0, clip: 0.3}
evaluate: {every: 12}
checkpoint: {snapshots: [0]}
experiments:
  first: {}
  tuned:
    start_from: {experiment: first}
    memory: {new_pairs: 10, replay_weight: 0.3}
END
  "$LORE" run -q toy.yaml -o toys
  recompute memory toys/runs/*
}
