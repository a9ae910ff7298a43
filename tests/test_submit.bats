#!/usr/bin/env bats
# lore submit without Slurm: a stand-in for sbatch writes down how it is called.

load support/common

setup() {
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
  for script in run.sbatch collect.sbatch; do
    grep '^program=' "my lab/out/jobs/$script" >line
    [ "$(. ./line && echo "$program")" = "$LORE" ] # quoted if it needs to be
    diff <(sed 's/^program=.* #/program= #/' "my lab/out/jobs/$script") "$LORE_SOURCE/jobs/$script"
  done
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

@test "what sbatch says beside the number is passed on and is no number" {
  sed -i '2i echo "sbatch: lua: your job goes to the long queue" >&2' bin/sbatch
  "$LORE" submit "my lab/s.yaml" -o out --yes 2>said
  sed -n 2p calls | grep -q -- '|--dependency=afterany:101|'
  [ "$(grep -c 'long queue' said)" -eq 3 ]
  sed -i 's/^echo "10.*/echo thanks/' bin/sbatch
  run "$LORE" submit "my lab/s.yaml" -o out --yes
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == *"instead of its number said: thanks"* ]]
  [ "$(wc -l <calls)" -eq 4 ]
}

@test "resources go to the arrays, account and partition to every job" {
  "$LORE" submit "my lab/s.yaml" -o out --nodes 2 --ntasks-per-node 4 --cpus-per-task 8 \
    --time 1-12:00:00 --mem 3G --partition long --account "our lab" --ranks-per-run 8 --yes \
    -- --qos=night
  for wave in 1 2; do
    sed -n ${wave}p calls | grep -q -- '|--partition=long|--account=our lab|--nodes=2|--ntasks-per-node=4|--cpus-per-task=8|--time=1-12:00:00|--mem=3G|--qos=night|'
  done
  sed -n 3p calls | grep -q -- '|--partition=long|--account=our lab|--dependency=afterany:102|'
}

@test "a dependency of the user's does not unchain the waves" {
  "$LORE" submit "my lab/s.yaml" -o out --yes -- --dependency=afterok:7
  sed -n 1p calls | grep -q -- '|--dependency=afterok:7|.*run.sbatch'
  sed -n 2p calls | grep -q -- '|--dependency=afterok:7|--dependency=afterany:101|.*run.sbatch'
}

@test "the commands that are printed are the ones that are run" {
  "$LORE" submit "my lab/s.yaml" -o "my lab/it's 50%d" -s 'train.batch=64' --yes >said
  mv calls run_by_lore
  rm count
  grep '^LORE=' said | sed "s/^/export /;s/ sbatch /; sbatch /" >again
  bash again >/dev/null
  diff calls run_by_lore
  grep -q "/my lab/it's 50%%d/jobs/wave0-%A_%a.log|" calls
  grep -qx 'to cancel       scancel 101 102 103' said
}

@test "mistakes are found before anything is written or submitted" {
  refused() {
    run "$LORE" submit "my lab/s.yaml" -o out --yes "${@:2}"
    echo "$output"
    [ "$status" -eq 2 ]
    [[ $output == *"$1"* ]]
    [ ! -e calls ]
    [ ! -e out ]
  }
  refused "6 ranks (--nodes 2, --ntasks-per-node 3) cannot be divided into groups of --ranks-per-run 4" \
    --nodes 2 --ntasks-per-node 3 --ranks-per-run 4
  refused "--nodes 2-4: expected a whole number" --nodes 2-4
  refused "--tasks 0: expected a whole number" --tasks 0
  refused "nodess" --nodess 2
}

@test "jobs that get no environment find the program that submitted them" {
  program="my lab/it's \$HOME/lore"
  mkdir "my lab/it's \$HOME"
  cp "$LORE" "$program"
  "$program" submit "my lab/s.yaml" -o "my lab/out" --yes
  printf '#!/bin/sh\nprintf "%%s|" "$@" >srun_called\n' >bin/srun
  chmod +x bin/srun
  bare() { # as --export=NONE and SBATCH_EXPORT=NONE leave it
    env -i PATH="$1/usr/bin:/bin" SLURM_JOB_ID=7 bash "${@:2}"
  }
  bare "$PWD/bin:" "my lab/out/jobs/run.sbatch" s.yaml out --wave=0
  cat srun_called
  [ "$(cat srun_called)" = "--mpi=pmix|--wait=60|$PWD/$program|run|s.yaml|-o|out|--wave=0|" ]
  run bare "$PWD/bin:" "my lab/out/jobs/collect.sbatch" "my lab/out"
  [[ $output == *"s: 15 runs: 15 waiting"*"lore: error: nothing to collect"* ]]
  # A program that is gone: the one on PATH.
  rm "$program"
  ln -s "$LORE" bin/lore
  bare "$PWD/bin:" "my lab/out/jobs/run.sbatch" s.yaml out
  [ "$(cat srun_called)" = "--mpi=pmix|--wait=60|$PWD/bin/lore|run|s.yaml|-o|out|" ]
}
