#!/usr/bin/env bats
# Distributions, curricula, groups and fine-tuning in whole runs: whom they show; the same bits for any
# number of ranks, and when killed and gone on with.

load support/common
load support/whole_runs

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/distributions.yaml
  train_alone
}

@test "every distribution and curriculum shows whom it says" {
  "$LORE" show -n 4 "$STUDY" >people
  "$PYTHON" "$LORE_SOURCE/tests/support/exposure_checks.py" "$ALONE" people
  "$PYTHON" "$LORE_SOURCE/tests/support/check_definitions.py" exposure "$ALONE"
}

@test "two ranks, and four, make the same bits" {
  same_by_ranks 2
  same_by_ranks 4
}

@test "killed at random moments and gone on with: the same bits" {
  same_when_killed "${LORE_KILLS:-12}" 4
}
