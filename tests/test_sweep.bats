#!/usr/bin/env bats
# Studies of several runs: expansion, groups of ranks, parents, failures, several jobs.

load support/common

setup_file() {
  export BASE="population: {individuals: 64, held_out: 32}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
evaluate: {every: 10, dense_every: 0, dense_until: 0, sequences: 24, attention_sequences: 8}
compute: {threads: 1}"
}

# study NAME TEXT: NAME.yaml, the base with TEXT below.
study() {
  printf 'name: %s\n%s\n%s\n' "$1" "$BASE" "$2" >"$1.yaml"
}

ids() {
  awk -F'\t' 'NR > 2 { print $1 }' "$1/manifest.tsv"
}

@test "grid, zip, table, ranges and seeds make the runs that they say" {
  printf 'train.beta1\ttrain.beta2\n# two points\n0.8\t0.9\n0.9\t0.95\n' >points.tsv
  study all 'seed: 7
train: {steps: 10, batch: 8, shard: 2}
sweep:
  grid: {train.learning_rate: {from: 1.0e-04, to: 1.0e-02, count: 3, scale: log}}
  zip: {model.width: [32, 64], model.heads: [2, 4]}
  table: points.tsv
  seeds: 2'
  "$LORE" plan all.yaml -o dir >plan
  cat plan
  [ "$(ids dir | wc -l)" -eq 24 ]
  [ "$(ids dir | sort -u | wc -l)" -eq 24 ]
  "$PYTHON" - dir/manifest.tsv <<'END'
import csv, itertools, sys
lines = [l for l in open(sys.argv[1]) if not l.startswith("#")]
got = {(float(r["train.learning_rate"]), r["model.width"], r["model.heads"], r["train.beta1"],
        r["train.beta2"], r["seed"]) for r in csv.DictReader(lines, delimiter="\t")}
want = {(rate, *shape, *beta, seed) for rate, shape, beta, seed in itertools.product(
    (1e-4, 1e-3, 1e-2), (("32", "2"), ("64", "4")), (("0.8", "0.9"), ("0.9", "0.95")), "78")}
assert got == want, got ^ want
END
}

@test "ids do not depend on the order in the study, and more seeds add runs" {
  study one 'train: {steps: 10, batch: 8, shard: 2}
sweep: {grid: {train.beta1: [0.8, 0.9]}, seeds: 2}'
  "$LORE" plan one.yaml -o dir >/dev/null
  ids dir | sort >before
  study one 'train: {steps: 10, batch: 8, shard: 2}
sweep: {seeds: [2, 1, 3], grid: {train.beta1: [0.9, 0.8]}}'
  "$LORE" plan one.yaml -o dir >/dev/null
  ids dir | sort >after
  [ "$(comm -13 before after | wc -l)" -eq 2 ]
  [ -z "$(comm -23 before after)" ]
}

@test "a frozen study refuses changed or missing runs, with the difference" {
  study f 'train: {steps: 10, batch: 8, shard: 2}
sweep: {seeds: 2}'
  "$LORE" run -q f.yaml -o dir
  run "$LORE" run f.yaml -o dir -s train.steps=12
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == *"train.steps: 10 before, 12 now"* ]]
  study f 'train: {steps: 10, batch: 8, shard: 2}
sweep: {seeds: [1, 5]}'
  run "$LORE" plan f.yaml -o dir
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == *"not in the study any more:"*f-seed2* ]]
}

@test "a single run that was planned is as frozen; one that was not is free" {
  study single 'train: {steps: 10, batch: 8, shard: 2}'
  "$LORE" plan --gflops 1 single.yaml -o planned >/dev/null
  run "$LORE" run single.yaml -o planned -s train.steps=4
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == *"planned holds this study with other settings in 1 of its 1 runs"* ]]
  [ -z "$(ls planned/runs)" ]
  "$LORE" run -q single.yaml -o planned
  "$LORE" run -q single.yaml -o free -s train.steps=4
  "$LORE" run -q single.yaml -o free -s seed=2
  [ ! -e free/manifest.tsv ]
}

@test "a child of a step that its finished parent has not kept is refused before training" {
  study late 'train: {steps: 20, batch: 8, shard: 2}
experiments:
  pretrain: {checkpoint: {snapshots: [0, 10]}}
  plain: {train: {steps: 5}}'
  "$LORE" run -q late.yaml -o dir
  find dir | sort >before
  cp dir/manifest.tsv manifest
  cat >>late.yaml <<'END'
  tune: {start_from: {experiment: pretrain, step: 15}, train: {steps: 5}}
END
  for command in "plan --gflops 1" submit run; do
    code=0
    "$LORE" $command late.yaml -o dir >out 2>err || code=$?
    cat out err
    [ "$code" -eq 2 ] && [ ! -s out ]
    grep -q '^lore: error: dir/runs/late-pretrain-seed1 is complete and has kept no weights after step 15, which late-tune-seed1 needs; there are: 0, 10, 20$' err
    find dir | sort | diff before -
    cmp dir/manifest.tsv manifest
  done
  "$LORE" plan --gflops 1 late.yaml >/dev/null # says nothing of a directory
  rm -r dir/runs/late-pretrain-seed1           # trained again, with the step that is needed
  "$LORE" run -q late.yaml -o dir
  rm dir/runs/late-pretrain-seed1/checkpoints/weights_00000015.nc
  "$LORE" run -q late.yaml -o dir # the child is done
}

@test "weights that a file system shows late are waited for, and nobody is told to remove them" {
  study slow 'train: {steps: 20, batch: 8, shard: 2}
experiments:
  pretrain: {}
  tune: {start_from: {experiment: pretrain, step: 10}, train: {steps: 5}}'
  "$LORE" run -q slow.yaml -o dir --wave 0
  folder=dir/runs/slow-pretrain-seed1/checkpoints
  mv $folder away
  export LORE_FILE_WAIT=1
  for options in "" "--wave 1"; do
    code=0
    "$LORE" run -q slow.yaml -o dir $options >log 2>&1 || code=$?
    cat log
    [ "$code" -eq 1 ]
    [ "$(grep -c 'lore: error:' log)" -eq 1 ]
    grep -q 'weights_00000010.nc, which slow-tune-seed1 needs, cannot be read' log
    not grep -qi 'remove \|overwrite' log
  done
  unset LORE_FILE_WAIT
  (timeout 55 sh -c "until grep -qs 'waiting up to' late; do sleep 0.1; done"; mv away $folder) 3>&- &
  mpirun -n 2 "$LORE" run slow.yaml -o dir --wave 1 --ranks-per-run 2 >late 2>&1
  cat late
  [ "$(grep -c 'waiting up to 60 s for .*weights_00000010.nc, which slow-tune-seed1 needs' late)" -eq 1 ]
  "$LORE" status dir | grep -q '2 runs: 2 done'
}

@test "what was given for another kind is forgotten where an experiment, an override or the sweep wins" {
  study kinds 'train: {steps: 5, batch: 8, shard: 2}
distribution: {kind: power_law, alpha: 0.8}
curriculum: {kind: sequential, groups: 4}
experiments:
  even: {distribution: {kind: uniform}, curriculum: {kind: none}}
  swept: {sweep: {zip: {distribution.kind: [uniform, power_law], distribution.alpha: [1.0, 0.5]}}}
  kind: {train: {steps: 6}, sweep: {grid: {distribution.kind: [uniform, power_law]}}}'
  "$LORE" run -q kinds.yaml -o dir
  "$LORE" run -q kinds.yaml -o dir | grep -q '^complete  *5 (0 trained'
  grep -A1 'kind: uniform' dir/runs/kinds-even-seed1/study.yaml | grep -q 'alpha: 1.0'
  grep -A1 'kind: power_law' dir/runs/kinds-kind-kindpower_law-seed1/study.yaml | grep -q 'alpha: 0.8'
  # LORE's own copies read back, also with overrides.
  for copy in dir/runs/*/study.yaml; do
    "$LORE" check "$copy" -s distribution.repeats_in_batch=2 >/dev/null
  done
  "$LORE" check dir/runs/kinds-even-seed1/study.yaml >out
  grep -qx 'distribution       uniform over 64' out
  grep -qx 'curriculum         none' out
  study plain 'distribution: {kind: power_law, alpha: 0.8}
curriculum: {kind: sequential, groups: 4}'
  "$LORE" check --json plain.yaml -s distribution.kind=uniform >out
  grep -q '"distribution": "uniform over 64", "curriculum": "sequential: 4 groups,' out
  "$LORE" check plain.yaml -s curriculum.kind=warm_up -s curriculum.individuals=8 -s curriculum.steps=4 >out
  grep -qx 'curriculum         warm_up: 8 individuals until step 4' out
}

@test "a curriculum that training ends before costs one warning" {
  study cut 'train: {steps: 5, batch: 8, shard: 2}
curriculum: {kind: warm_up, individuals: 8, steps: 5}
sweep: {seeds: 2}'
  warning="lore: warning: cut-seed1: the curriculum takes 5 steps, but training ends after 5 ('train.steps'), and so in 1 other run"
  for command in check "plan --gflops 1" "submit -o dir"; do
    "$LORE" $command cut.yaml 2>err >/dev/null
    diff err <(echo "$warning")
  done
  mpirun -n 2 "$LORE" run -q cut.yaml -o dir >out 2>&1
  [ "$(grep -cxF "$warning" out)" -eq 1 ]
  for fits in curriculum.steps=4 curriculum.kind=growth; do # growth has just reached all
    "$LORE" check cut.yaml -s "$fits" 2>err >/dev/null
    [ ! -s err ]
  done
}

@test "24 runs on 2 groups: both busy at least 95 % of the time, each run trained once" {
  study busy 'train: {steps: 30, batch: 8, shard: 2}
sweep: {grid: {train.learning_rate: [1.0e-03, 2.0e-03], population.individuals: [32, 64, 128]}, seeds: 4}'
  mpirun -n 2 "$LORE" run busy.yaml -o dir >out 2>log
  cat out log
  grep -q '^complete  *24 (24 trained by this job' out
  [ "$(grep -c 'attribute loss' log)" -eq 24 ]
  [ "$(awk '/^groups busy/ { print ($3 >= 95) }' out)" -eq 1 ]
  [ "$(cat dir/runs/*/state.yaml | grep -c '^attempts: 1$')" -eq 24 ]
  mpirun -n 2 "$LORE" run busy.yaml -o dir | grep -q '^complete  *24 (0 trained'
}

@test "a shared parent is trained once, before its children, from its weights" {
  study family 'train: {steps: 20, batch: 8, shard: 2}
experiments:
  tune:
    start_from: {experiment: pretrain, step: 10}
    train: {steps: 10, schedule: constant}
    sweep: {grid: {train.learning_rate: [1.0e-04, 1.0e-03, 3.0e-03]}}
  pretrain: {}
  more: {start_from: tune, train: {steps: 10}}'
  for ranks in 1 2 4; do
    mpirun -n $ranks "$LORE" run family.yaml -o "dir$ranks" >out
    cat out
    grep -q '^complete  *7 (7 trained' out
    cat "dir$ranks"/runs/*/state.yaml | grep '^attempts' | sort -u | grep -qx 'attempts: 1'
  done
  same_results dir2 dir1
  same_results dir4 dir1
  [ "$(ids dir1 | head -n 1)" = family-pretrain-seed1 ]
  "$PYTHON" - dir1 <<'END'
import netCDF4, numpy, sys
loss = lambda run, step: (lambda f: f["attribute_loss"][list(f["step"][:]).index(step), 0])(
    netCDF4.Dataset(f"{sys.argv[1]}/runs/family-{run}-seed1/metrics.nc"))
assert loss("pretrain", 10) == loss("tune-learning_rate1.0e-03", 0)
assert loss("tune-learning_rate1.0e-03", 10) == loss("more-learning_rate1.0e-03", 0)
assert loss("tune-learning_rate1.0e-03", 10) != loss("tune-learning_rate1.0e-04", 10)
END
}

@test "a run that diverges is reported; the rest go on; its children cannot begin" {
  study bad 'train: {steps: 20, batch: 8, shard: 2, weight_decay: 10}
experiments:
  pretrain: {sweep: {grid: {train.learning_rate: [1.0e-03, 10]}}}
  tune: {start_from: pretrain, train: {steps: 10}}'
  code=0
  mpirun -n 2 "$LORE" run bad.yaml -o dir >out 2>log || code=$?
  cat out log
  [ "$code" -eq 3 ]
  grep -q '^complete  *2 ' out
  grep -q '^failed  *1$' out
  grep -q '^could not begin 1 ' out
  [ "$(grep -c 'training diverged' log)" -eq 1 ]
  [ "$(grep -c 'lore: error:' log)" -eq 1 ]
  grep -q '^state: diverged' dir/runs/bad-pretrain-learning_rate10.0-seed1/state.yaml
  "$LORE" status dir | grep -qx 'bad-tune-learning_rate10.0-seed1: waiting for bad-pretrain-learning_rate10.0-seed1, which diverged'
}

@test "--fail-fast stops the others" {
  study fast 'train: {steps: 2000, batch: 8, shard: 2, weight_decay: 10}
sweep: {grid: {train.learning_rate: [10, 1.0e-03, 1.1e-03, 1.2e-03]}}'
  code=0
  mpirun -n 2 "$LORE" run fast.yaml -o dir --fail-fast >out 2>log || code=$?
  cat out log
  [ "$code" -eq 3 ] # not 75, after which a job would come back
  grep -q '^lore: error: 1 of 4 runs failed, 3 unfinished (--fail-fast)$' log
  grep -q '^failed  *1$' out
  grep -q '^unfinished  *3; rerun to resume$' out
}

@test "what another job lets go of is trained here, and then what begins from it" {
  study left 'train: {steps: 1200, batch: 8, shard: 2}
experiments:
  pretrain: {}
  tune: {start_from: pretrain, train: {steps: 10}, sweep: {seeds: 2}}'
  "$LORE" run -q left.yaml -o dir --only left-pretrain-seed1 2>first &
  local other=$!
  until grep -qs '^state: running' dir/runs/left-pretrain-seed1/state.yaml; do sleep 0.05; done
  "$LORE" run left.yaml -o dir >out 2>log &
  local mine=$!
  until grep -q '^lore: left-pretrain-seed1: left to process ' log; do sleep 0.05; done
  kill -TERM $other
  local code=0
  wait $other || code=$?
  [ "$code" -eq 75 ]
  wait $mine || { cat out log && return 1; }
  grep -q '^complete  *3 ' out
}

@test "a wave without runs says so" {
  study alone 'train: {steps: 10, batch: 8, shard: 2}'
  [ "$("$LORE" run alone.yaml -o dir --wave 1)" = "runs            0 in this wave" ]
}

@test "a run that is begun again keeps nothing of what it was" {
  study again 'train: {steps: 20, batch: 8, shard: 2}
checkpoint: {snapshots: [0, 10]}'
  "$LORE" run -q again.yaml -o dir
  local run=dir/runs/again-seed1
  touch $run/probe.nc $run/checkpoints/resume_00000010.nc
  [ "$(cd $run/checkpoints && LC_ALL=C ls | xargs)" = "resume_00000010.nc weights_00000000.nc weights_00000010.nc weights_00000020.nc" ]
  "$LORE" run -q again.yaml -o dir # a process that died before it could has left it
  [ ! -e $run/checkpoints/resume_00000010.nc ]
  [ -e $run/probe.nc ]
  "$LORE" run -q again.yaml -o dir --overwrite -s 'checkpoint.snapshots=[]'
  [ ! -e $run/probe.nc ]
  [ "$(cd $run/checkpoints && LC_ALL=C ls | xargs)" = "weights_00000000.nc weights_00000010.nc weights_00000020.nc" ]
  "$LORE" run -q again.yaml -o dir --overwrite -s train.steps=12 -s 'checkpoint.snapshots=[]'
  [ "$(cd $run/checkpoints && LC_ALL=C ls | xargs)" = "weights_00000012.nc" ]
}

@test "the user's own files are not replaced by copies of another study" {
  study sweep 'train: {steps: 10, batch: 8, shard: 2}
sweep: {seeds: 2}'
  echo "name: mine" >study.yaml
  run "$LORE" run -q sweep.yaml -o .
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == "lore: error: ./study.yaml is there already, and is not what "*"give another directory with -o" ]]
  [ "$(cat study.yaml)" = "name: mine" ]
  [ ! -e manifest.tsv ]
  cp sweep.yaml elsewhere.yaml
  ln -sf elsewhere.yaml study.yaml
  echo "train.steps=11" >study.overrides
  run "$LORE" plan --gflops 1 study.yaml -o .
  [ "$status" -eq 2 ]
  [[ $output == *"./study.overrides is there already, and no manifest "* ]]
  rm study.overrides
  mkdir pipe
  mkfifo pipe/study.yaml
  run timeout 20 "$LORE" plan --gflops 1 study.yaml -o pipe
  [ "$status" -eq 2 ] # and does not wait for what nobody writes
  "$LORE" run -q study.yaml -o .
  [ -L study.yaml ]
  "$LORE" status . | grep -q ': 2 runs: 2 done$'
}

@test "two jobs share a study: every run once" {
  study shared 'train: {steps: 40, batch: 8, shard: 2}
sweep: {seeds: 8}'
  "$LORE" run -q shared.yaml -o dir --chunk 0/2 >first &
  "$LORE" run -q shared.yaml -o dir --chunk 1/2 >second
  wait
  cat first second
  cat dir/runs/*/state.yaml | grep '^attempts' | sort | uniq -c | grep -qx ' *8 attempts: 1'
  "$LORE" run -q shared.yaml -o dir | grep -q '^complete  *8 (0 trained'
}

@test "waves: children wait for another job's parents" {
  study waves 'train: {steps: 20, batch: 8, shard: 2}
experiments:
  pretrain: {}
  tune: {start_from: pretrain, sweep: {seeds: [1]}, train: {steps: 10}}'
  sed -i 's/, sweep: {seeds: \[1\]}//' waves.yaml
  code=0
  "$LORE" run -q waves.yaml -o dir --wave 1 >out 2>log || code=$?
  cat out log
  [ "$code" -eq 3 ]
  grep -q '^could not begin 1 ' out
  "$LORE" run -q waves.yaml -o dir --wave 0
  "$LORE" run -q waves.yaml -o dir --wave 1 | grep -q '^complete  *1 (1 trained'
}

@test "groups of several ranks, and a stop in the middle of a sweep" {
  study groups 'train: {steps: 60, batch: 8, shard: 2}
checkpoint: {every: 0}
sweep: {seeds: 6}'
  "$LORE" run -q groups.yaml -o one
  mpirun -n 4 "$LORE" run -q groups.yaml -o dir --ranks-per-run 2 --max-hours 0.0035 >out 2>log || true
  cat out log
  "$LORE" status dir
  mpirun -n 2 "$LORE" run -q groups.yaml -o dir
  same_results dir one
}
