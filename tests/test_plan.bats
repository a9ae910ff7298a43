#!/usr/bin/env bats
# lore plan: the runs of a study and what they will cost.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cat >study.yaml <<'END'
name: s
population: {individuals: 64, held_out: 32}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {steps: 40, batch: 8, shard: 2, learning_rate: 2.0e-03}
evaluate: {every: 10, dense_every: 0, dense_until: 0, sequences: 24, attention_sequences: 8}
checkpoint: {snapshots: [0, 20]}
compute: {threads: 2}
sweep: {grid: {population.individuals: [64, 262144], train.batch: [8, 64]}, seeds: 2}
experiments:
  pretrain: {}
  tune:
    start_from: {experiment: pretrain, step: 30}
    train: {steps: 10}
    checkpoint: {snapshots: []}
END
}

# refused CODE COMMAND...: the exit code, one message, nothing on stdout.
refused() {
  local wanted=$1 code=0
  shift
  "$@" >out 2>err || code=$?
  cat err
  [ "$code" -eq "$wanted" ] && [ ! -s out ] && grep -q '^lore: error: ' err
}

@test "questions and optimisers cost in a sweep what they cost alone" {
  cat >asking.yaml <<'END'
name: s
population: {individuals: 2048, held_out: 64}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {steps: 40, batch: 8, shard: 2}
evaluate: {every: 10, dense_every: 0, dense_until: 0, sequences: 1024, attention_sequences: 8}
experiments:
  plain: {}
  read: {population: {questions: true, asked: 1536}}
  mixed: {population: {questions: true, asked: 1536}, distribution: {questions: 0.9}}
  muon: {train: {optimizer: muon}}
END
  "$LORE" plan --gflops 1 --json asking.yaml >plan.json
  sed '/^experiments:/,$d' asking.yaml >alone.yaml
  local ask=(-s population.questions=true -s population.asked=1536)
  "$LORE" check --json alone.yaml >plain.json
  "$LORE" check --json alone.yaml "${ask[@]}" >read.json
  "$LORE" check --json alone.yaml "${ask[@]}" -s distribution.questions=0.9 >mixed.json
  "$LORE" check --json alone.yaml -s train.optimizer=muon >muon.json
  "$PYTHON" - <<'END'
import json

planned = {run["experiment"]: run for run in json.load(open("plan.json"))["runs"]}
for name, run in planned.items():
    alone = json.load(open(f"{name}.json"))
    for what in ("tokens", "operations"):
        assert abs(run[what] / alone[what] - 1) < 0.01, (name, what, run[what], alone[what])
tokens = {name: run["tokens"] / (40 * 8) for name, run in planned.items()}
assert tokens["plain"] == tokens["read"] == tokens["muon"] and 75 < tokens["plain"] < 90, tokens
assert abs(tokens["mixed"] / tokens["plain"] - (1 - 0.675 + 0.675 * 13 / 83)) < 0.05, tokens  # 0.9 of three quarters
assert planned["muon"]["operations"] > 1.01 * planned["plain"]["operations"]
# Two groups more, and questions beside biographies; the same ones, whatever training shows.
evaluation = {name: run["evaluation_operations"] for name, run in planned.items()}
assert 2.2 < evaluation["read"] / evaluation["plain"] < 2.5 and evaluation["read"] == evaluation["mixed"], evaluation
END
}

@test "shards that name more individuals than a sample has" {
  for shards in '[uniform, "first:4096"]' '[celebrities, uniform]'; do
    cat >mixed.yaml <<END
name: mixed
population: {individuals: 8192, held_out: 64}
model: {layers: 1, width: 32, heads: 2, hidden: 64}
train: {steps: 10, batch: 8, shard: 2}
distribution: {shards: $shards, celebrities: 2048}
sweep: {seeds: 2}
END
    "$LORE" plan --gflops 1 --json mixed.yaml >plan.json
    "$LORE" check --json mixed.yaml >check.json
    "$PYTHON" - <<'END'
import json
check = json.load(open("check.json"))
for run in json.load(open("plan.json"))["runs"]:
    assert abs(run["operations"] / check["operations"] - 1) < 0.01, (run, check)
END
  done
}

@test "patterns of a reference are computed in evaluations, too" {
  cat >patched.yaml <<'END'
name: s
population: {individuals: 64, held_out: 32}
model: {layers: 8, width: 64, heads: 2, hidden: 256}
train: {steps: 40, batch: 8, shard: 2}
evaluate: {every: 10, dense_every: 0, dense_until: 0, sequences: 1024, attention_sequences: 8}
experiments:
  own: {}
  patched: {patch: {from: own}, sweep: {grid: {patch.start: [0, 20]}}}
END
  "$LORE" plan --gflops 1 --json patched.yaml >plan.json
  "$PYTHON" - <<'END'
import json
own, whole, half = (run["evaluation_operations"] for run in json.load(open("plan.json"))["runs"])
assert 1.8 < whole / own < 2 and abs((whole - own) / (half - own) - 2) < 1e-6, (own, whole, half)
END
}

@test "questions are counted over all steps and all of a batch" {
  cat >asking.yaml <<'END'
name: s
population: {individuals: 2048, held_out: 64, questions: true, asked: 64}
model: {layers: 1, width: 32, heads: 2, hidden: 64}
train: {steps: 400, batch: 8, shard: 2}
distribution: {questions: 1.0}
evaluate: {every: 400, dense_every: 0, dense_until: 0, sequences: 24, attention_sequences: 8}
END
  "$LORE" check --json asking.yaml >uniform.json
  "$LORE" check --json asking.yaml -s curriculum.kind=warm_up -s curriculum.individuals=64 -s curriculum.steps=200 >warm.json
  "$LORE" check --json asking.yaml -s train.batch=8192 -s 'distribution.shards=[first:64,uniform]' >shards.json
  "$PYTHON" - <<'END'
import json

def questions(name, batch):
    """The share that the predicted tokens stand for: a question has 13 tokens."""
    facts = json.load(open(name + ".json"))
    each = facts["tokens"] / (400 * batch)
    return (facts["tokens_per_biography"] - each) / (facts["tokens_per_biography"] - 13)

few = 64 / 2048
for name, batch, share in ("uniform", 8, few), ("warm", 8, (1 + few) / 2), ("shards", 8192, (1 + few) / 2):
    assert abs(questions(name, batch) - share) < 0.03, (name, questions(name, batch), share)
END
}

@test "memory of groups that a sample of the people lacks" {
  sed 's/individuals: 64/individuals: 4096/' study.yaml | sed '/^sweep:/,$d' >alone.yaml
  for groups in "population.questions=true population.asked=2048" "distribution.kind=celebrities distribution.celebrities=2048"; do
    # shellcheck disable=SC2086 # two settings
    set -- $groups
    "$LORE" plan --gflops 1 --json alone.yaml -s "$1" -s "$2" -s evaluate.sequences=65536 >plan.json
    "$LORE" check --json alone.yaml -s "$1" -s "$2" -s evaluate.sequences=65536 >check.json
    "$PYTHON" -c '
import json
planned, facts = (json.load(open(name)) for name in ("plan.json", "check.json"))
assert abs(planned["runs"][0]["peak_bytes"] / facts["peak_bytes"] - 1) < 0.03, (planned["runs"][0], facts)'
  done
}

@test "held-out and new people whom no ancestor was trained on" {
  cat >people.yaml <<'END'
name: s
population: {individuals: 64, held_out: 16}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {steps: 40, batch: 8, shard: 2}
experiments:
  pretrain: {}
  thrown: {population: {new: 8, throw_away: 16}, curriculum: {kind: throw_away, steps: 20}}
  fewer: {start_from: pretrain, population: {individuals: 32, held_out: 0}}
  another_seed: {start_from: pretrain, seed: 7, population: {individuals: 32}}
  initial: {start_from: {experiment: pretrain, step: 0}, population: {individuals: 32}}
  patched: {patch: {from: pretrain}}
  new: {start_from: thrown, population: {new: 8}, distribution: {kind: replay}}
  further: {start_from: new, population: {new: 8}, distribution: {kind: replay}}
  newer: {start_from: new, population: {individuals: 104, new: 8}, distribution: {kind: replay}}
  of_patched: {start_from: patched, population: {individuals: 64, new: 8}}
END
  "$LORE" plan --gflops 1 people.yaml
  sed 's/new: 8, throw_away/throw_away/' people.yaml >thrown.yaml
  refused 2 "$LORE" plan --gflops 1 thrown.yaml
  grep -qF "individuals 80 to 87 are new here, but 'thrown'" err
  sed '/of_patched/s/64/16/' people.yaml >patched.yaml
  refused 2 "$LORE" plan --gflops 1 patched.yaml
  grep -qF "individuals 16 to 31 are held_out here, but 'patched'" err
}

@test "costs add up" {
  "$LORE" plan --json --gflops 2.5 --ranks-per-run 2 study.yaml >plan.json
  sed '/^sweep/,$d' study.yaml >alone.yaml
  "$LORE" export alone.yaml -s evaluate.sequences=64 -o tokens.nc --evaluation
  "$PYTHON" - <<'END'
import json, math
import netCDF4
with netCDF4.Dataset("tokens.nc") as tokens:
    roles = tokens["role"]
    value = list(roles.flag_values)[roles.flag_meanings.split().index("value")]
    exported = (roles[:] == value).sum() / (2 * 64)
plan = json.load(open("plan.json"))
runs = plan["runs"]
by_id = {run["id"]: run for run in runs}
assert len(by_id) == 16 and plan["waves"] == 2 and not plan["measured"]
assert [run["wave"] for run in runs] == [0] * 8 + [1] * 8
same = lambda a, b: math.isclose(a, b, rel_tol=1e-9)
assert same(plan["operations"], sum(run["operations"] for run in runs))
assert same(plan["weights_bytes"], sum(run["weights_bytes"] for run in runs))
assert plan["peak_bytes"] == max(run["peak_bytes"] for run in runs)
hours = lambda run: run["hours"] + (hours(by_id[run["parent"]]) if run["parent"] else 0)
for run in runs:
    work = run["operations"] + run["evaluation_operations"]
    assert same(run["hours"], work / 2.5e9 / 2 / 3600)
    # Per evaluation two groups of 24 sequences, forward: a third of training's work, and the head's
    # (3,868 words, width 32) for value tokens only.
    each = run["operations"] / run["tokens"]
    sequences = (run["steps"] // 10 + 1) * 2 * 24
    tokens = run["tokens"] / (run["steps"] * int(run["axes"]["train.batch"]))
    head = 6 * 3868 * 32
    predicted = (3 * run["evaluation_operations"] / sequences - tokens * (each - head)) / head
    assert abs(predicted / exported - 1) < 0.05, (predicted, exported)
    assert (run["parent"] is None) == (run["experiment"] == "pretrain")
    assert run["parent_step"] in (None, 30)
assert same(plan["chain_hours"], max(map(hours, runs)))
assert same(plan["core_hours"], sum(run["hours"] for run in runs) * 2 * 2)
assert same(plan["node_hours"], plan["core_hours"] / plan["cores_per_node"])
# Four times the batch or the steps are as much more work.
find = lambda text: next(run for run in runs if text in run["id"])
ratio = lambda a, b: find(a)["operations"] / find(b)["operations"]
assert same(ratio("pretrain-individuals64-batch64", "pretrain-individuals64-batch8"), 8)
assert same(ratio("pretrain-individuals64-batch8", "tune-individuals64-batch8"), 4)
# Snapshots 0, 20, the 30 that the child starts from, and the last.
assert find("pretrain")["weights_bytes"] == 4 * find("tune")["weights_bytes"]
assert plan["resume_bytes"] == 9 * find("tune")["weights_bytes"]
END
}

@test "what a plan says of a run is what lore check says of it" {
  sed -i '/^sweep/,$d' study.yaml
  for people in 64 262144; do
    options=(-s population.individuals=$people study.yaml)
    "$LORE" check --json "${options[@]}" >check.json
    "$LORE" plan --json --gflops 1 "${options[@]}" >plan.json
    "$PYTHON" - <<'END'
import json
check, plan = json.load(open("check.json")), json.load(open("plan.json"))
run = plan["runs"][0]
assert abs(run["operations"] / check["operations"] - 1) < 0.02
assert abs(run["tokens"] / check["tokens"] - 1) < 0.02
assert abs(run["peak_bytes"] - check["peak_bytes"]) < 6 << 20, (run, check)
assert run["weights_bytes"] == 3 * check["checkpoint_bytes"]
assert run["id"] == "s-seed1" and run["threads"] == check["threads"]
END
  done
}

@test "a thousand runs with many people are planned in seconds" {
  cat >many.yaml <<'END'
name: many
population: {individuals: 262144, held_out: 65536}
sweep:
  grid: {train.learning_rate: {from: 1.0e-04, to: 1.0e-02, count: 10, scale: log}}
  seeds: 100
END
  begin=$(date +%s%N)
  timeout 20 "$LORE" plan --gflops 100 many.yaml -o dir >plan
  taken=$((($(date +%s%N) - begin) / 1000000))
  echo "$taken ms"
  [ "$taken" -lt 8000 ]
  [ "$(grep -c '^many-learning_rate' plan)" -eq 1000 ]
  grep -q '^runs  *1000 in 1 wave, 1 rank each$' plan
  [ "$(wc -l <dir/manifest.tsv)" -eq 1002 ]
}

@test "without --gflops the speed is measured and said to be" {
  "$LORE" plan study.yaml >plan
  grep -qE '^speed .* GFLOP/s of each rank: [1-9][0-9] % of .* in matrix products \(.*, 2 threads, timed here' plan
  "$LORE" plan --json study.yaml | "$PYTHON" -c 'import json, sys
plan = json.load(sys.stdin)
assert plan["measured"] and 0.1 < plan["gflops"] < 1e5
largest = max(plan["runs"], key=lambda run: run["operations"])
work = largest["operations"] + largest["evaluation_operations"]
assert abs(largest["hours"] * 3600e9 * plan["gflops"] / work - 1) < 1e-6, (largest, plan["gflops"])'
}

@test "narrow models take longer for the same work" {
  for width in 32 256; do
    "$LORE" plan study.yaml -s model.width=$width | sed -n 's/^speed .*: \([0-9]*\) % of .*/\1/p' >$width
  done
  [ "$(<32)" -lt "$(<256)" ]
}

@test "the runs are frozen only when asked, and what is not valid freezes nothing" {
  "$LORE" plan --gflops 1 study.yaml >plan
  [ "$(ls | tr '\n' ' ')" = "plan study.yaml " ]
  "$LORE" plan --gflops 1 study.yaml -o a/b | tail -n 1 | grep -q '^frozen  *a/b/manifest.tsv$'
  [ "$(find a -type f | sort | tr '\n' ' ')" = "a/b/manifest.tsv a/b/study.yaml " ]
  [ -d a/b/runs ]
  cmp study.yaml a/b/study.yaml
  cp a/b/manifest.tsv before
  "$LORE" plan --gflops 1 study.yaml -o a/b >/dev/null
  cmp before a/b/manifest.tsv
  refused 2 "$LORE" plan --gflops 1 study.yaml -o a/b -s model.layers=3
  grep -q 'other settings in 16 of its 16 runs' err
  cmp before a/b/manifest.tsv
  refused 2 "$LORE" plan --gflops 1 study.yaml -o c --ranks-per-run 5
  grep -q '5 ranks cannot share a batch of 4 shards' err
  refused 2 "$LORE" plan --gflops 1 study.yaml -o c -s model.heads=5
  [ ! -e c ]
  refused 1 "$LORE" plan --gflops 1 study.yaml -o /proc/c
}

@test "options are checked" {
  refused 2 "$LORE" plan
  refused 2 "$LORE" plan study.yaml --gflops fast
  refused 2 "$LORE" plan study.yaml --gflops 0
  refused 2 "$LORE" plan study.yaml --ranks-per-run 0
  refused 2 "$LORE" plan study.yaml --wave
  refused 2 "$LORE" plan study.yaml other.yaml
  "$LORE" plan --help | grep -q '^usage: lore plan'
}
