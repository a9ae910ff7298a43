#!/usr/bin/env bats
# lore init: the studies that it writes are valid and train; nothing is overwritten.

load support/common

questions() {
  ls "$LORE_SOURCE"/jobs/studies/init | sed 's/\.yaml$//'
}

@test "the list has every question, with what it asks" {
  "$LORE" init >list
  cat list
  for question in $(questions); do
    grep -qxF "$(printf '%-12s %s' "$question" "$(sed -n '1s/^# //p' "$LORE_SOURCE/jobs/studies/init/$question.yaml")")" list
  done
  [ "$(sed '/^$/,$d' list | wc -l)" -eq "$(questions | wc -l)" ]
  [ "$(questions | wc -l)" -ge 8 ]
  ! grep -E '.{81}' list || return
}

@test "every study is written as it is, valid, small, and named like its question" {
  for question in $(questions); do
    "$LORE" init "$question" >out
    grep -qx "next            lore check $question.yaml" out
    cmp "$question.yaml" "$LORE_SOURCE/jobs/studies/init/$question.yaml"
    "$LORE" check --json "$question.yaml" >facts
    "$LORE" plan --json --gflops 160 "$question.yaml" >plan
    "$PYTHON" -c '
import json, sys
facts, plan = json.load(open("facts")), json.load(open("plan"))
assert facts["study"] == sys.argv[1], facts["study"]
assert facts["peak_bytes"] < 1 << 30, facts["peak_bytes"]
assert plan["hours"] < 0.2, (sys.argv[1], plan["hours"])  # on 4 cores of a laptop
assert 3 <= len(plan["runs"]) <= 16, len(plan["runs"])
' "$question"
  done
}

# Steps are few, and so are the sequences of evaluations; all else is as it is written.
train_a_step() {
  "$LORE" init "$1" -o whole.yaml >/dev/null
  sed -E 's/train\.steps: \[[0-9, ]*\]/train.steps: [1, 2, 3]/; s/patch\.reference: \[[0-9, ]*\]/patch.reference: [0, 1, 2]/
    s/inject: \[[0-9, ]*\]/inject: [0, 1]/; s/([{ ])steps: [0-9]+/\1steps: 2/' whole.yaml >study.yaml
  "$LORE" run -q study.yaml -o results -s evaluate.sequences=2 -s evaluate.attention_sequences=2 -s compute.threads=1 \
    ${2:+-s "$2"} >out 2>err || {
    cat out err
    return 1
  }
  "$LORE" status --json results | "$PYTHON" -c '
import json, sys
counts = json.load(sys.stdin)["counts"]
assert counts["done"] > 2 and counts["done"] == sum(counts.values()), counts'
}

@test "every study trains: phases" { train_a_step phases; }
@test "every study trains: imbalance" { train_a_step imbalance; }
@test "every study trains: warm-up" { train_a_step warm-up; }
@test "every study trains: fine-tuning" { train_a_step fine-tuning; }
@test "every study trains: capacity" { train_a_step capacity; }
@test "every study trains: patching" { train_a_step patching; }
@test "every study trains: mixer" { train_a_step mixer; }

@test "every study trains: exposure" { train_a_step exposure; }
@test "every study trains: mixture" { train_a_step mixture; }
@test "every study trains: optimizer" { train_a_step optimizer; }
@test "every study trains: asking" { train_a_step asking; }
@test "every study trains: retention" { train_a_step retention; }

@test "every study trains: memory" {
  "$LORE" init memory -o whole.yaml >/dev/null
  sed -E 's/([{ ])steps: [0-9]+/\1steps: 2/' whole.yaml >study.yaml
  "$LORE" run -q study.yaml -o results >out
  grep -q '^complete  *12 ' out
}

@test "all of them are in the test above" {
  for question in $(questions); do
    grep -q "^@test \"every study trains: $question\"" "$BATS_TEST_FILENAME"
  done
}

@test "nothing is overwritten, whatever is in the way" {
  echo mine >study.yaml
  fails 2 "$LORE" init imbalance -o study.yaml
  [[ $output == *"study.yaml exists and is left alone; -o FILE names another file" ]]
  [ "$(cat study.yaml)" = mine ]
  ln -s nowhere imbalance.yaml
  fails 2 "$LORE" init imbalance
  [ ! -e nowhere ]
  mkdir warm-up.yaml
  fails 2 "$LORE" init warm-up
}

@test "on standard output" {
  "$LORE" init imbalance -o - | cmp - "$LORE_SOURCE/jobs/studies/init/imbalance.yaml"
  [ -z "$(ls)" ]
  [ -w /dev/full ] || skip "needs /dev/full"
  fails 1 sh -c '"$0" init imbalance -o - >/dev/full' "$LORE"
}

@test "mistakes" {
  fails 2 "$LORE" init imbalence
  [[ $output == *"unknown question 'imbalence'; did you mean 'imbalance'?" ]]
  fails 2 "$LORE" init nonsense
  [[ $output == *"'lore init' lists them" ]]
  fails 2 "$LORE" init imbalance warm-up
  fails 2 "$LORE" init -o study.yaml
  fails 1 "$LORE" init imbalance -o nowhere/study.yaml
  [[ $output == *"cannot write nowhere/study.yaml: No such file or directory" ]]
  [ -z "$(ls)" ]
}

@test "a disk that is full leaves no half study" {
  [ "$(id -u)" -eq 0 ] || skip "needs to mount a small tmpfs"
  mkdir small
  mount -t tmpfs -o size=4k tmpfs small 2>/dev/null || skip "no tmpfs can be mounted here"
  head -c 4096 /dev/zero >small/fill || true
  run "$LORE" init imbalance -o small/study.yaml
  left=$(ls small)
  umount small
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == "lore: error: cannot write small/study.yaml: No space left on device" ]]
  [ "$left" = fill ]
}
