#!/usr/bin/env bats
# lore submit without Slurm: a stand-in for sbatch writes down how it is called.

setup() {
  : "${LORE:?is the program to test}" "${LORE_SOURCE:?is the source tree}"
  cd "$BATS_TEST_TMPDIR" || return
  mkdir bin "my lab"
  cat >bin/sbatch <<'END'
#!/bin/sh
count=$(cat count 2>/dev/null || echo 0)
[ "$count" -ge "${FAKE_LIMIT:-99}" ] && { echo "sbatch: error: no more jobs"; exit 1; }
echo $((count + 1)) >count
printf '%s|' "$@" >>calls
echo "LORE=$LORE" >>calls
echo "10$((count + 1));cluster"
END
  cat >bin/scontrol <<'END'
#!/bin/sh
echo "MaxArraySize            = ${FAKE_ARRAY:-1001}"
END
  chmod +x bin/*
  PATH=$PWD/bin:$PATH
  cat >"my lab/s.yaml" <<'END'
name: s
train: {steps: 100}
experiments:
  a: {sweep: {seeds: 5}}
  b: {start_from: a, sweep: {grid: {train.learning_rate: [1.0e-04, 1.0e-03]}}}
END
}

@test "without --yes nothing is submitted; scripts and manifest are there" {
  "$LORE" submit "my lab/s.yaml" -o "my lab/out" >said
  cat said
  [ ! -e calls ]
  [ "$(grep -c sbatch said)" -eq 3 ]
  cmp "my lab/out/jobs/run.sbatch" "$LORE_SOURCE/jobs/run.sbatch"
  cmp "my lab/out/jobs/collect.sbatch" "$LORE_SOURCE/jobs/collect.sbatch"
  [ "$(wc -l <"my lab/out/manifest.tsv")" -eq 17 ]
}

@test "--yes: arrays no larger than waves, one after the other, then the collecting job" {
  "$LORE" submit "my lab/s.yaml" -o "my lab/out" --tasks 8 --ranks-per-run 2 -s train.batch=64 --yes \
    -- --time=60 --ntasks=4
  cat calls
  [ "$(wc -l <calls)" -eq 3 ]
  sed -n 1p calls | grep -q -- '--parsable|--array=0-4|.*|--time=60|--ntasks=4|.*/my lab/out/jobs/run.sbatch|.*/my lab/s.yaml|.*/my lab/out|--wave=0|--ranks-per-run=2|-s|train.batch=64|'
  sed -n 2p calls | grep -q -- '--array=0-7|.*--dependency=afterany:101|.*--wave=1'
  sed -n 3p calls | grep -q -- '--dependency=afterany:102|.*/collect.sbatch|.*/my lab/out|'
  ! grep -v "LORE=$LORE" calls
}

@test "arrays respect MaxArraySize" {
  FAKE_ARRAY=4 "$LORE" submit "my lab/s.yaml" -o out --yes
  sed -n 2p calls | grep -q -- '--array=0-2|'
}

@test "a refusal in the middle says what was submitted" {
  FAKE_LIMIT=1 run "$LORE" submit "my lab/s.yaml" -o out --yes
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == *"sbatch refused: sbatch: error: no more jobs"*"submitted before: 101; 'scancel'"* ]]
}

@test "without Slurm: one message" {
  rm bin/sbatch
  PATH=$PWD/bin:/nowhere run "$LORE" submit "my lab/s.yaml" -o out --yes
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == *"is Slurm on the PATH?"* ]]
}
