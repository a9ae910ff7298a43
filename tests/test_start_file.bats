#!/usr/bin/env bats
# Runs that start from weights of another study: the same bits as within one study, for any number
# of ranks and when killed; weights that do not fit, or are others than before, are refused.

load support/common
load support/whole_runs

setup_file() {
  export STUDY=$BATS_FILE_TMPDIR/studies/tune.yaml FAMILY=$BATS_FILE_TMPDIR/family
  export PRE=$BATS_FILE_TMPDIR/pre TOY=$BATS_FILE_TMPDIR/toy
  export WEIGHTS=$PRE/runs/pre-seed1/checkpoints/weights_00000020.nc
  mkdir "$BATS_FILE_TMPDIR/studies"
  cd "$BATS_FILE_TMPDIR" || return
  study pre >pre.yaml
  "$LORE" run -q pre.yaml -o "$PRE"
  "$LORE" run -q "$LORE_SOURCE/tests/studies/memory.yaml" -o "$TOY"
  study family 'experiments:
  pretrain: {train: {steps: 20}}
  tune: {start_from: pretrain, train: {steps: 10, schedule: constant},
         sweep: {grid: {train.learning_rate: [1.0e-04, 3.0e-03]}}}
  more: {start_from: {experiment: tune, step: 10}, train: {steps: 7}}
  patched: {train: {steps: 20}, patch: {from: pretrain, start: 5}}' >family.yaml
  "$LORE" run -q family.yaml -o "$FAMILY"
  study studies 'experiments:
  tune: {start_from: {file: ../pre/runs/pre-seed1/checkpoints/weights_00000020.nc},
         train: {steps: 10, schedule: constant},
         sweep: {grid: {train.learning_rate: [1.0e-04, 3.0e-03]}}}
  more: {start_from: {experiment: tune, step: 10}, train: {steps: 7}}
  last:
    start_from:
      file: '"'../pre/runs/pre-seed1/checkpoints/weights_00000020.nc'"' # and no step
    train: {steps: 7}
    seed: 5' >"$STUDY"
  train_alone
}

# study NAME [REST]: a study of tiny models.
study() {
  cat <<END
name: $1
population: {individuals: 64, held_out: 16}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {batch: 8, shard: 2, steps: ${3:-20}}
evaluate: {every: 5, dense_every: 0, dense_until: 0, sequences: 24, attention_sequences: 8}
checkpoint: {every: 4}
compute: {threads: 1}
$2
END
}

# same A B [VARIABLE ...]: directories of two runs, which differ in names and these variables.
same() {
  local weights
  same_metrics "$1/metrics.nc" "$2/metrics.nc" \
    --but name start_run start_checksum checkpoint_snapshots "${@:3}"
  weights=("$1"/checkpoints/weights_*.nc)
  same_weights "${weights[-1]}" "$2/checkpoints/${weights[-1]##*/}"
}

# refused TEXT COMMAND...: exit code 2 and one message with TEXT in it.
refused() {
  local text=$1
  shift
  fails 2 "$@"
  grep -qF "$text" <<<"$output"
}

@test "nobody is held out or new on whom the file's run was trained" {
  study other "start_from: {file: $WEIGHTS}" >other.yaml
  refused "individuals 32 to 47 are held_out here, but 'pre-seed1' trained the weights on them" \
    "$LORE" check other.yaml -s population.individuals=32
  [[ $output == *"other.yaml:8:20: "* ]]
  refused "individuals 60 to 63 are new here, but 'pre-seed1' trained" "$LORE" check other.yaml \
    -s population.individuals=60 -s population.held_out=0 -s population.new=8
  "$LORE" check other.yaml -s population.individuals=32 -s seed=2
  "$LORE" check other.yaml -s population.individuals=32 -s population.held_out=0
  toy=("$TOY"/runs/*tune*/checkpoints/weights_*.nc)
  printf 'name: t\ntask: memory\nmemory: {keys: 16, hidden: 64, values: 8, pairs: 200, held_out: 50}\nstart_from: {file: %s}\n' \
    "${toy[0]}" >toy.yaml
  "$LORE" check toy.yaml
  refused "pairs 250 to 349 are held_out here" "$LORE" check toy.yaml -s memory.held_out=250
}

@test "sealed weights with wild numbers are refused where the study names them" {
  local value
  study hostile "start_from: {file: hostile.nc}" >hostile.yaml
  for value in -5 nan 1e300 9007199254740992 9223372036854775807; do
    cp "$WEIGHTS" hostile.nc
    "$LORE_BUILD"/tests/support/change_attribute hostile.nc step number $value
    refused "hostile.yaml:8:20: cannot read step of hostile.nc: it is not a whole number from 0" \
      "$LORE" check hostile.yaml
    refused "cannot read step of" "$LORE" run hostile.yaml -o out
  done
  for value in -1 9223372036854775807 1e3; do
    cp "$WEIGHTS" hostile.nc
    "$LORE_BUILD"/tests/support/change_attribute hostile.nc steps_before text $value
    refused "cannot read steps_before of hostile.nc: " "$LORE" check hostile.yaml
  done
  [ ! -e out ]
  "$LORE_BUILD"/tests/support/change_attribute hostile.nc steps_before text 0
  "$LORE" check hostile.yaml
}

@test "the same bits as from an experiment of the same study" {
  for rate in 1.0e-04 3.0e-03; do
    same "$ALONE/runs/studies-tune-learning_rate$rate-seed1" \
      "$FAMILY/runs/family-tune-learning_rate$rate-seed1"
    same "$ALONE/runs/studies-more-learning_rate$rate-seed1" \
      "$FAMILY/runs/family-more-learning_rate$rate-seed1"
  done
}

@test "a study of one run, from a file whose run started from a file: the data go on behind all" {
  study one "start_from: {file: '$WEIGHTS'}" 10 >one.yaml
  "$LORE" run -q one.yaml -o one -s train.learning_rate=3.0e-03 -s train.schedule=constant
  same one/runs/one-seed1 "$FAMILY/runs/family-tune-learning_rate3.0e-03-seed1"
  study two 'start_from: {file: one/runs/one-seed1/checkpoints/weights_00000010.nc}' 7 >two.yaml
  "$LORE" run -q two.yaml -o two -s train.learning_rate=3.0e-03
  same two/runs/two-seed1 "$FAMILY/runs/family-more-learning_rate3.0e-03-seed1"
  ncdump -h two/runs/two-seed1/metrics.nc >header
  grep -q 'start_run = "one-seed1" ;' header
  grep -q 'steps_before = "30" ;' header
}

@test "files say where the weights are from" {
  "$PYTHON" - "$ALONE" "$WEIGHTS" <<'END'
import sys
import xarray as xr

run, weights = xr.open_dataset(f"{sys.argv[1]}/runs/studies-last-seed5/metrics.nc"), xr.open_dataset(sys.argv[2])
assert run.start_run.item() == weights.attrs["run_id"] == "pre-seed1"
assert run.start_step.item() == weights.attrs["step"] == 20
assert run.start_checksum.item() == run.attrs["start_checksum"] == weights.attrs["checksum_xxh3_128"]
assert run.attrs["start_file"] == sys.argv[2]
END
}

@test "the manifest and the copy of the study have the absolute path" {
  grep -q "^studies-last-seed5	last	0	$WEIGHTS	20	" "$ALONE/manifest.tsv"
  [ "$(grep -c "file: \"$WEIGHTS\"" "$ALONE/study.yaml")" -eq 2 ]
  diff <(sed "s|\"$WEIGHTS\"|F|" "$ALONE/study.yaml") \
    <(sed "s|'*../pre/runs/pre-seed1/checkpoints/weights_00000020.nc'*|F|" "$STUDY")
  "$LORE" plan --gflops 10 "$ALONE/study.yaml" -o "$ALONE"
  "$LORE" plan --gflops 10 --json "$STUDY" >plan.json
  "$PYTHON" -c '
import json, sys
runs = json.load(open("plan.json"))["runs"]
assert [(r["parent"], r["start_file"], r["parent_step"]) for r in runs if r["wave"] == 0] == \
    [(None, sys.argv[1], 20)] * 3, runs' "$WEIGHTS"
  "$LORE" submit "$STUDY" -o submitted
  cmp submitted/manifest.tsv "$ALONE/manifest.tsv"
}

@test "patterns of a file: one step of a run that starts from it is the reference" {
  study patching "experiments:
  reference: {start_from: {file: $WEIGHTS}, train: {steps: 1}, evaluate: {every: 1}}
  patched: {patch: {from: reference, reference: 0, start: 5}}" >patching.yaml
  "$LORE" run -q patching.yaml -o patching
  same patching/runs/patching-patched-seed1 "$FAMILY/runs/family-patched-seed1" \
    patch_run patch_step patch_from patch_reference
}

@test "a toy memory starts from a file" {
  sed '/^experiments:/,$d; s/^name: .*/name: again/' "$LORE_SOURCE/tests/studies/memory.yaml" >again.yaml
  cat >>again.yaml <<END
start_from: {file: $TOY/runs/toy-pretrain-seed1/checkpoints/weights_00001000.nc}
sweep: {grid: {memory.replay_weight: [0.0, 0.5]}}
END
  "$LORE" run -q again.yaml -o again -s train.steps=400 -s train.learning_rate=2.0e-03 \
    -s train.schedule=constant -s memory.new_pairs=100
  for weight in 0.0 0.5; do
    same "again/runs/again-replay_weight$weight-seed1" \
      "$TOY/runs/toy-tune-replay_weight$weight-seed1"
  done
  refused 'holds another memory: its dimension hidden is 64 there and 32 here' \
    "$LORE" check again.yaml -s memory.hidden=32
}

@test "weights that do not fit are refused at their place, before anything is made" {
  study fit "start_from: {file: $WEIGHTS}" >fit.yaml
  at=fit.yaml:8:20:
  refused "$at $WEIGHTS holds another model: model_width is 32 there and 64 here" \
    "$LORE" run fit.yaml -o dir -s model.width=64
  refused "$at $WEIGHTS holds another model: model_bias is" "$LORE" run fit.yaml -o dir -s model.bias=true
  refused 'holds another model: model_layers is 2 there and 3 here' \
    "$LORE" check fit.yaml -s model.layers=3
  refused "$at $WEIGHTS holds another model: model_mixer is attention there and rg_lru here" \
    "$LORE" run fit.yaml -o dir -s model.mixer=rg_lru -s model.recurrent_width=32
  refused "$at $WEIGHTS was trained without population.questions, which this study has; both need the same words" \
    "$LORE" run fit.yaml -o dir -s population.questions=true
  refused "$at $WEIGHTS holds another model: model_width is 32 there and 64 here" \
    "$LORE" run fit.yaml -o dir -s population.questions=true -s model.width=64
  toy=$TOY/runs/toy-pretrain-seed1/checkpoints/weights_00001000.nc
  sed "s|$WEIGHTS|$toy|" fit.yaml >toy.yaml
  refused "toy.yaml:8:20: $toy holds weights of task memory, and this is task biographies" \
    "$LORE" run toy.yaml -o dir
  sed "s|$WEIGHTS|$PRE/runs/pre-seed1/metrics.nc|" fit.yaml >metrics.yaml
  refused "metrics.nc is truncated, damaged or no checkpoint: its checksum is wrong; 'file' is the path" \
    "$LORE" run metrics.yaml -o dir
  sed "s|$WEIGHTS|none.nc|" fit.yaml >none.yaml
  refused 'none.yaml:8:20: cannot open none.nc: No such file or directory' \
    timeout 60 mpirun -n 2 "$LORE" run -o dir none.yaml
  [ ! -e dir ]
}

@test "a grid over the model: the run whose model is another one is named" {
  study grid "start_from: {file: $WEIGHTS}
sweep: {grid: {model.hidden: [64, 128], train.learning_rate: [1.0e-03]}}" >grid.yaml
  refused 'model_hidden is 64 there and 128 here' "$LORE" run grid.yaml -o dir
  grep -q '^in the run with model.hidden 128' <<<"$output"
}

@test "other people are no other model" {
  study people "start_from: {file: $WEIGHTS}" 5 >people.yaml
  "$LORE" run -q people.yaml -o people -s seed=9 -s population.individuals=200
}

@test "two ranks make the same bits" {
  same_by_ranks 2
}

@test "killed at random moments and gone on with: the same bits" {
  same_when_killed "${LORE_KILLS:-8}" 2
}

@test "other weights in the file are other settings; the same weights are not" {
  cp "$WEIGHTS" weights.nc
  study single 'start_from: {file: weights.nc}' >single.yaml
  study several 'start_from: {file: weights.nc}
sweep: {seeds: 2}' >several.yaml
  "$LORE" run -q single.yaml -o complete
  "$LORE" run -q several.yaml -o many
  code=0 # a deadline that is near: it stops after one step
  "$LORE" run -q single.yaml -o begun --max-hours 0.001 || code=$?
  [ "$code" -eq 75 ]
  "$LORE" run -q "$BATS_FILE_TMPDIR/pre.yaml" -o again # written at another time
  cp again/runs/pre-seed1/checkpoints/weights_00000020.nc weights.nc
  if cmp -s "$WEIGHTS" weights.nc; then false; fi
  "$LORE" run -q single.yaml -o complete | grep -q '^complete '
  "$LORE" run -q several.yaml -o many | grep -q '^complete  *2 (0 trained'
  cp "$FAMILY/runs/family-patched-seed1/checkpoints/weights_00000020.nc" weights.nc # the same step
  refused 'complete/runs/single-seed1 was begun from other weights' "$LORE" run -q single.yaml -o complete
  refused 'begun/runs/single-seed1 was begun from other weights' "$LORE" run -q single.yaml -o begun
  refused 'many holds this study with other settings in 2 of its 2 runs' \
    "$LORE" run -q several.yaml -o many
  grep -q "^the weights that it starts from, or is patched from, are others in $PWD/weights.nc" \
    <<<"$output"
  "$LORE" run -q single.yaml -o begun --overwrite
  cp "$WEIGHTS" weights.nc
  refused 'begun from other weights' "$LORE" run -q single.yaml -o begun
}
