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
  sed -n 1p calls | grep -q -- '--parsable|--array=0-2|--requeue|--open-mode=append|.*|--signal=USR1@180|--time=60|--ntasks=4|.*/my lab/out/jobs/run.sbatch|.*/my lab/s.yaml|.*/my lab/out|--wave=0|--ranks-per-run=2|-s|train.batch=64|'
  sed -n 2p calls | grep -q -- '--array=0-4|.*--dependency=afterany:101|.*--wave=1'
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

@test "resources go to the arrays, account, partition, time and the like to every job" {
  "$LORE" submit "my lab/s.yaml" -o out --nodes 2 --ntasks-per-node 4 --cpus-per-task 8 \
    --time 1-12:00:00 --mem 3G --partition long --account "our lab" --ranks-per-run 8 --yes \
    -- --qos=night -Hn8 --mail-user me --gres fast:1 -xn7 --unknown word
  for wave in 1 2; do
    sed -n ${wave}p calls | grep -q -- '|--time=1-12:00:00|--mem=3G|--partition=long|--account=our lab|--qos=night|--mail-user|me|-xn7|--nodes=2|--ntasks-per-node=4|--cpus-per-task=8|-Hn8|--gres|fast:1|--unknown|word|'
  done
  sed -n 3p calls | grep -q -- '|--time=1-12:00:00|--mem=3G|--partition=long|--account=our lab|--qos=night|--mail-user|me|-xn7|--dependency=afterany:102|'
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
  refused "each task of an array has 6 ranks (--nodes 2, --ntasks-per-node 3): 6 ranks cannot be divided into groups of 4" \
    --nodes 2 --ntasks-per-node 3 --ranks-per-run 4
  refused "each task of an array has 1 rank: 1 rank cannot be divided into groups of 2" --ranks-per-run 2
  refused "--nodes 2-4: expected a whole number" --nodes 2-4
  refused "--tasks 0: expected a whole number" --tasks 0
  refused "nodess" --nodess 2
  # Behind "--", however sbatch lets it be written; what comes last counts.
  for form in --ntasks=6 "--ntasks 6" -n6 "-n 6" "-Hn6" "-N2 --ntasks-per-node=3" \
    "--nodes=2-2 --ntasks-per-no 3" "-n 4 -n 6" "-N 6" "-N2-4 -n6"; do
    # shellcheck disable=SC2086
    refused "6 ranks cannot be divided into groups of 4" --ranks-per-run 4 -- $form
  done
  refused "6 ranks" --ntasks 4 --ranks-per-run 4 -- -n6
  refused "40 groups of 1 rank (--ranks-per-run), but the study has 15 runs" -- --ntasks=40
  refused "--ntasks two: expected a whole number" -- --ntasks two
  refused "--nodes 2-: expected a whole number" -- -N 2-
  refused "--nodes with a range: the number of ranks would depend on what Slurm finds" -- -N2-4 --ntasks-per-node=1
  refused "--ntasks needs a value" -- -n
  refused "unexpected 'job.sh' among the options for sbatch" -- --time=5 job.sh
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
  [ "$(cat srun_called)" = "--mpi=pmix|--export=ALL|--wait=60|$PWD/$program|run|s.yaml|-o|out|--wave=0|" ]
  run bare "$PWD/bin:" "my lab/out/jobs/collect.sbatch" "my lab/out"
  [[ $output == *"s: 15 runs: 15 waiting"*"lore: error: nothing to collect"* ]]
  [ -x "my lab/out/jobs/run.sbatch" ]
  LORE_SRUN_MPI=pmi2 PATH=$PWD/bin:$PATH SLURM_JOB_ID=7 bash "my lab/out/jobs/run.sbatch" s.yaml out
  grep -q '^--mpi=pmi2|--export=ALL|' srun_called
  # A program that is gone: the one on PATH.
  rm "$program"
  ln -s "$LORE" bin/lore
  bare "$PWD/bin:" "my lab/out/jobs/run.sbatch" s.yaml out
  [ "$(cat srun_called)" = "--mpi=pmix|--export=ALL|--wait=60|$PWD/bin/lore|run|s.yaml|-o|out|" ]
}

@test "the last job says what needs attention, in the last line of its log and by its exit code" {
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" two.yaml
  echo 'sweep: {seeds: 2}' >>two.yaml
  "$LORE" run -q two.yaml -o two --only tiny-seed1 -s train.steps=2 -s 'checkpoint.snapshots=[0]' >/dev/null
  collected() {
    code=0
    LORE=$LORE bash "$LORE_SOURCE/jobs/collect.sbatch" two >log 2>&1 || code=$?
    tail -n 1 log
  }
  [ "$(collected)" = "nothing needs attention" ]
  collected >/dev/null
  [ "$code" -eq 0 ]
  mkdir -p two/runs/tiny-seed2
  printf 'state: failed\nstep: 1\nsteps: 2\nranks: 1\nthreads: 1\nattempts: 1\nupdated: 5.000\nhost: "n"\njob: ""\nmessage: "no"\n' \
    >two/runs/tiny-seed2/state.yaml
  collected >line
  cat log
  [ "$code" -eq 4 ]
  [ "$(cat line)" = "needs attention: 1 failed (tiny-seed2)" ]
  [ -s two/tiny.nc ]
  grep -q '^two/report.html: 2 runs, ' log
  grep -q 'needs attention: 1 failed (tiny-seed2)' two/report.html
}

@test "a study of one run takes no more ranks than its batch has shards" {
  printf 'name: one\ntrain: {steps: 100, batch: 8, shard: 8}\n' >one.yaml
  run "$LORE" submit one.yaml -o out --yes -- --ntasks=2
  echo "$output"
  [ "$status" -eq 2 ]
  [[ $output == *"each task of an array has 2 ranks (--ntasks 2): "*shard* ]]
  [ ! -e calls ] && [ ! -e out ]
}

@test "arrays have no more tasks than give each run a group of ranks" {
  "$LORE" submit "my lab/s.yaml" -o out --yes -- -n4
  sed -n 1p calls | grep -q -- '--array=0-1|' # 5 runs
  sed -n 2p calls | grep -q -- '--array=0-2|' # 10 runs
}

@test "what the environment of another job or of a site says is not handed on" {
  cat >>bin/sbatch <<'END'
env | grep -E '^(SLURM|SBATCH)_' | sort >>environment
END
  export SLURM_CPU_BIND=quiet,mask_cpu:0x1 SLURM_MEM_PER_CPU=100 SLURM_NTASKS=4 SLURM_CONF=/etc/mine
  export SBATCH_NO_REQUEUE=1 SBATCH_SIGNAL=B:TERM@60 SBATCH_ARRAY_INX=0-4 SBATCH_OPEN_MODE=truncate
  export SBATCH_ACCOUNT=lab SBATCH_CPU_BIND=none
  "$LORE" submit "my lab/s.yaml" -o out --yes >said
  sort -u environment | diff - <(printf '%s\n' SBATCH_ACCOUNT=lab SLURM_CONF=/etc/mine)
  grep '^unset ' said >cleared
  . ./cleared
  [ -z "${SLURM_MEM_PER_CPU+x}${SBATCH_ARRAY_INX+x}" ] && [ -n "$SLURM_CONF" ]
  [ "$(grep -c -- '|--requeue|--open-mode=append|' calls)" -eq 3 ]
  [ "$(grep -c -- '|--signal=USR1@180|' calls)" -eq 2 ]
}

@test "--mail: who is told when everything has ended" {
  "$LORE" submit "my lab/s.yaml" -o out --mail me@lab --yes
  [ "$(grep -c mail calls)" -eq 1 ]
  sed -n 3p calls | grep -q -- '|--mail-user=me@lab|--mail-type=END,FAIL|'
}

@test "links and names stay as they are; a name that Slurm cannot write a log to" {
  mkdir real 'back\slash'
  mv "my lab/s.yaml" real/
  ln -s real linked
  ln -s real/s.yaml here.yaml
  cd linked
  PATH=$OLDPWD/bin:$PATH "$LORE" submit ../here.yaml -o out --yes
  grep -q '/linked/../here.yaml|.*/linked/out|' calls
  "$LORE" submit s.yaml -o '../back\slash/out' --yes
  tail -n 1 calls | grep -qF '|--output=/dev/null|'
  ln -s "$LORE" called
  ./called submit s.yaml -o out --yes
  tail -n 1 calls | grep -q 'LORE=.*/linked/./called$'
}
