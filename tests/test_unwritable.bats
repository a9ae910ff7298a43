#!/usr/bin/env bats
# Where nothing can be written is said before anything long is computed, once, and nothing is left.
load support/common

setup_file() {
  cat >"$BATS_FILE_TMPDIR/study.yaml" <<'END'
name: shut
population: {individuals: 32, held_out: 8}
model: {layers: 1, width: 16, heads: 2, hidden: 32}
train: {steps: 4, batch: 4, shard: 2, learning_rate: 1.5e-03}
evaluate: {every: 2, sequences: 16, attention_sequences: 4}
compute: {threads: 1}
END
  export STUDY=$BATS_FILE_TMPDIR/study.yaml WHOLE=$BATS_FILE_TMPDIR/whole
  "$LORE" run -q "$STUDY" -o "$WHOLE"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cp -r "$WHOLE" dir
  run_directory=dir/runs/shut-seed1
}

# read_only DIRECTORY COMMAND...: where nobody may write in DIRECTORY, not even root. No effect is left.
read_only() {
  local directory=$1 code=0
  shift
  if [ "$(id -u)" -eq 0 ]; then
    unshare -m true 2>/dev/null || skip "no mounting here"
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare -m sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 99; exec "$@"' "$directory" "$@" ||
      code=$?
    [ $code -ne 99 ] || skip "no mounting here"
  else
    chmod -R a-w "$directory"
    "$@" || code=$?
    chmod -R u+w "$directory"
  fi
  return $code
}

# says_only FILE COMMAND...: exit code 1, and this one message is all.
says_only() {
  local file=$1
  shift
  fails 1 "$@"
  [[ $output =~ ^"lore: error: cannot write $file: "(Read-only file system|Permission denied|Is a directory)$ ]]
}

@test "lore probe says at once that it cannot write, and reads whole results there" {
  "$LORE" --version | grep -Eq 'ScaLAPACK +yes' || skip "built without ScaLAPACK"
  says_only "$run_directory/probe.nc" read_only dir "$LORE" probe --keys 8 dir
  fails 1 read_only dir mpirun -n 2 "$LORE" probe --keys 8 dir
  [[ $(head -n 1 <<<"$output") == "lore: error: cannot write $run_directory/probe.nc: "* ]]
  "$LORE" probe -q --keys 8 dir
  read_only dir "$LORE" probe --keys 8 dir >out
  grep -q '^complete *1 already' out
  rm "$run_directory/probe.nc"
  mkdir "$run_directory/probe.nc"
  says_only "$run_directory/probe.nc" "$LORE" probe --keys 8 dir
}

@test "lore collect and lore report say at once that they cannot write" {
  # A damaged run is warned about where runs are read.
  truncate -s -1 "$run_directory/metrics.nc"
  says_only dir/shut.nc read_only dir "$LORE" collect dir
  mkdir taken
  says_only taken "$LORE" collect dir -o taken
  fails 1 "$LORE" collect dir -o missing/shut.nc
  [ "$output" = "lore: error: cannot write missing/shut.nc: No such file or directory" ]
  says_only dir/report.html read_only dir "$LORE" report dir
  says_only taken "$LORE" report dir -o taken
  [ ! -e missing ]
}

@test "lore plan says at once that it cannot write, and plans what is frozen there" {
  mkdir empty
  says_only empty/new/manifest.tsv read_only empty "$LORE" plan "$STUDY" -o empty/new
  says_only empty/manifest.tsv read_only empty "$LORE" plan "$STUDY" -o empty
  [ -z "$(ls empty)" ]
  "$LORE" plan "$STUDY" --gflops 1 -o frozen
  read_only frozen "$LORE" plan "$STUDY" --gflops 1 -o frozen
}

@test "a run whose weights have no place is not trained first" {
  mkdir -p out/runs/shut-seed1 away
  ln -s "$PWD/away" out/runs/shut-seed1/checkpoints
  fails 1 read_only away "$LORE" run "$STUDY" -o out
  [[ $output == *"lore: error: cannot write out/runs/shut-seed1/checkpoints/weights_00000004.nc: "* ]]
  [ ! -e out/runs/shut-seed1/exposure.nc ]
  "$LORE" status out --json >table
  grep -q '"step": *0,' table
  "$LORE" run -q "$STUDY" -o out
  same_metrics out/runs/shut-seed1/metrics.nc "$run_directory/metrics.nc"
}

@test "figures and findings say at once that they cannot write" {
  need_xarray
  "$PYTHON" -c 'import matplotlib' 2>/dev/null || skip "no matplotlib"
  # A damaged run would be said where runs are read.
  truncate -s -1 "$run_directory/metrics.nc"
  local command
  for command in "figures.py 2" "findings.py" "quickstart.py"; do
    # shellcheck disable=SC2086 # two words
    run read_only dir "$PYTHON" "$LORE_SOURCE"/analysis/$command dir
    echo "$output"
    [ "$status" -eq 1 ]
    [[ ${output##*$'\n'} =~ ^"lore: error: dir/"[a-z2]+"."(png|md)": "(Read-only file system|Permission denied)$ ]]
  done
}
