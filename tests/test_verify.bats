#!/usr/bin/env bats
# Results that were complete and are damaged: status, run, collect and verify say so, and one command trains one
# run again.
load support/common

setup_file() {
  cat >"$BATS_FILE_TMPDIR/study.yaml" <<'END'
name: hurt
population: {individuals: 32, held_out: 8}
model: {layers: 1, width: 16, heads: 2, hidden: 32}
train: {steps: 4, batch: 4, shard: 2, learning_rate: 1.5e-03}
evaluate: {every: 2, sequences: 16, attention_sequences: 4}
compute: {gemm: builtin, threads: 1}
sweep: {seeds: 3}
END
  export STUDY=$BATS_FILE_TMPDIR/study.yaml WHOLE=$BATS_FILE_TMPDIR/whole
  "$LORE" run -q "$STUDY" -o "$WHOLE"
  "$LORE" collect "$WHOLE"
  "$LORE" probe -q --keys 8 "$WHOLE"
  "$LORE" collect --probes "$WHOLE"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cp -r "$WHOLE" dir
  run_directory=dir/runs/hurt-seed2
}

# flip FILE OFFSET: one bit is another one; a negative offset counts from the end.
flip() {
  "$PYTHON" - "$@" <<'CODE'
import sys

with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]), 0 if int(sys.argv[2]) >= 0 else 2)
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 4]))
CODE
}

# verify_names FILE REMEDY [COUNT]: that file alone is damaged.
verify_names() {
  run "$LORE" verify dir
  echo "$output"
  [ "$status" -eq 3 ]
  grep -qxF "$1" <<<"$output"
  grep -qF "  remedy  $2" <<<"$output"
  grep -qE "files checked, ${3:-1} damaged" <<<"$output"
}

@test "nothing is wrong with a whole directory" {
  run "$LORE" verify dir
  echo "$output"
  [ "$status" -eq 0 ]
  # The manifest and its study; settings, state, metrics, weights, draws and probes of three runs; two collected files.
  [ "$output" = "22 files checked, 0 damaged" ]
  fails 2 "$LORE" verify nowhere
}

@test "a lost, a cut and a changed metrics file: status, run, collect, verify, and trained again" {
  local how
  for how in lost cut shorter changed; do
    rm -rf dir
    cp -r "$WHOLE" dir
    case $how in
    lost) rm $run_directory/metrics.nc ;;
    cut) truncate -s -1 $run_directory/metrics.nc ;;
    # One record of three, as two writers under lying locks would leave it.
    shorter) printf '\0\0\0\1' | dd of=$run_directory/metrics.nc bs=1 seek=4 conv=notrunc status=none ;;
    changed) flip $run_directory/metrics.nc -9 ;;
    esac
    verify_names $run_directory/metrics.nc "lore run STUDY -o dir --only hurt-seed2 --overwrite"
    run "$LORE" collect dir
    echo "$output"
    [ "$status" -eq 3 ]
    grep -q "2 of 3 runs collected" <<<"$output"
    ncdump -v run_state dir/hurt.nc | grep -q 'run_state = 4, 7, 4 ;'
    if [ $how != changed ]; then
      "$LORE" status dir >status
      cat status
      grep -q '^hurt-seed2 *damaged' status
      grep -q '3 runs: 2 done, 1 damaged' status
      run "$LORE" run "$STUDY" -o dir
      echo "$output"
      [ "$status" -eq 3 ]
      grep -q 'the run was complete, but now: .*; lore run STUDY -o DIR --only hurt-seed2 --overwrite trains it again' <<<"$output"
    fi
    touch before
    "$LORE" run -q "$STUDY" -o dir --only hurt-seed2 --overwrite
    same_metrics $run_directory/metrics.nc "$WHOLE/runs/hurt-seed2/metrics.nc"
    [ -z "$(find dir/runs/hurt-seed[13] -newer before)" ]
    "$LORE" collect dir
    "$LORE" verify dir
  done
}

@test "verify finds one bit in every file" {
  local at
  for at in 12 -20; do
    flip $run_directory/checkpoints/weights_00000004.nc $at
    verify_names $run_directory/checkpoints/weights_00000004.nc "lore run STUDY -o dir --only hurt-seed2 --overwrite"
    flip $run_directory/checkpoints/weights_00000004.nc $at
    flip $run_directory/exposure.nc $at
    verify_names $run_directory/exposure.nc "lore run STUDY -o dir --only hurt-seed2 --overwrite"
    flip $run_directory/exposure.nc $at
    flip $run_directory/probe.nc $at
    verify_names $run_directory/probe.nc "lore probe --overwrite --run hurt-seed2 dir"
    flip $run_directory/probe.nc $at
  done
  cp dir/hurt.nc whole.nc
  truncate -s -100 dir/hurt.nc
  verify_names dir/hurt.nc "lore collect dir"
  cp whole.nc dir/hurt.nc
  truncate -s -100 dir/hurt_probe.nc
  verify_names dir/hurt_probe.nc "lore collect --probes dir"
  "$LORE" collect --probes dir
  rm $run_directory/checkpoints/weights_00000004.nc
  verify_names $run_directory/checkpoints/weights_00000004.nc "lore run STUDY"
  cp "$WHOLE/runs/hurt-seed2/checkpoints/weights_00000004.nc" $run_directory/checkpoints
  sed -i s/attempts:/attempt/ $run_directory/state.yaml
  verify_names $run_directory/state.yaml "lore run STUDY -o dir --only hurt-seed2 --overwrite"
  "$LORE" run -q "$STUDY" -o dir --only hurt-seed2 --overwrite
  sed -i s/4/x/ $run_directory/study.yaml
  verify_names $run_directory/study.yaml "lore run STUDY -o dir --only hurt-seed2 --overwrite"
  cp "$WHOLE/runs/hurt-seed2/study.yaml" $run_directory
  sed -i '4s/^/x/;5d' dir/manifest.tsv
  verify_names dir/manifest.tsv "remove it: "
}

@test "the manifest, its study and the runs are compared" {
  rm -r dir/runs/hurt-seed3
  mkdir dir/runs/other
  run "$LORE" verify dir
  echo "$output"
  [ "$status" -eq 0 ]
  grep -qxF "1 of the manifest's runs without a directory (not begun, or lost): hurt-seed3" <<<"$output"
  grep -qxF '1 in runs/ that the manifest does not have: other' <<<"$output"
  rm -r dir && cp -r "$WHOLE" dir
  # The manifest of another study, the study of another manifest, settings of another run.
  sed -i '4s/\t[0-9a-f]\{16\}\t/\t0123456789abcdef\t/' dir/manifest.tsv
  verify_names dir/study.yaml "put back the study" 2
  grep -qF 'its runs are not those of manifest.tsv: 1 with other settings (hurt-seed2)' <<<"$output"
  grep -qF '(hash ' <<<"$output"
  cp "$WHOLE/manifest.tsv" dir
  sed -i 's/seeds: 3/seeds: 4/' dir/study.yaml
  verify_names dir/study.yaml "put back the study"
  grep -qF ': 1 only in the study (hurt-seed4)' <<<"$output"
  sed -i 's/seeds: 4/seeds: 2/' dir/study.yaml
  verify_names dir/study.yaml "put back the study"
  grep -qF ': 1 only in manifest.tsv (hurt-seed3)' <<<"$output"
  cp "$WHOLE/study.yaml" dir
  sed -i 's/^  learning_rate: .*/  learning_rate: 2.0e-03/' $run_directory/study.yaml
  verify_names $run_directory/study.yaml "lore run STUDY -o dir --only hurt-seed2 --overwrite"
  grep -qF 'train.learning_rate' <<<"$output"
  # Overrides belong to the study.
  "$LORE" plan "$STUDY" -s train.clip=0.5 -o over >plan
  "$LORE" verify over | tee out
  grep -qx '2 files checked, 0 damaged' out
  echo 'train.clip=0.25' >over/study.overrides
  not "$LORE" verify over >out
  grep -q '3 with other settings (hurt-seed1, ...)' out
  rm over/study.overrides
  mkfifo over/study.overrides
  timeout 10 "$LORE" verify over >out || [ $? -ne 124 ]
  grep -q 'over/study.overrides: it is not a regular file' out
}

@test "a lost parent, and a resume point that counts more than there is" {
  { sed /^sweep/d "$STUDY" && echo 'experiments: {base: {}, tune: {start_from: base}}'; } >chain.yaml
  "$LORE" run -q chain.yaml -o chain
  rm -r chain/runs/hurt-base-seed1
  code=0
  "$LORE" verify chain >out || code=$?
  cat out
  [ "$code" -eq 3 ]
  grep -qx 'chain/runs/hurt-base-seed1' out
  grep -qx '  damage  it is missing, but hurt-tune-seed1 was begun from it' out
  rm -r dir
  "$LORE" run -q "$STUDY" -o dir -s train.steps=4000 -s evaluate.every=500 -s checkpoint.every=500 2>err &
  local lore=$!
  for _ in {1..400}; do
    compgen -G 'dir/runs/*/checkpoints/resume_*' >/dev/null && break
    sleep 0.05
  done
  kill -USR1 "$lore"
  wait "$lore" || true
  "$LORE" verify dir
  run_directory=$(dirname "$(dirname "$(compgen -G 'dir/runs/*/checkpoints/resume_*.nc' | head -n 1)")")
  # The file of records as it was when it began.
  "$LORE" run -q "$STUDY" -o short -s train.steps=1 -s evaluate.every=1000
  cp short/runs/hurt-seed1/metrics.nc "$run_directory/metrics.nc"
  code=0
  "$LORE" verify dir >out || code=$?
  cat out
  [ "$code" -eq 3 ]
  grep -q '  damage  it counts [0-9]* records, but metrics.nc has' out
}

@test "states of earlier versions are read: without records and checksum" {
  sed -i '/^records:\|^metrics_checksum:/d' dir/runs/*/state.yaml
  "$LORE" verify dir
  "$LORE" run -q "$STUDY" -o dir
  "$LORE" collect dir
  rm $run_directory/metrics.nc
  fails 3 "$LORE" run -q "$STUDY" -o dir
}

@test "only the runs that are named are trained" {
  rm -rf dir
  fails 2 "$LORE" run -q "$STUDY" -o dir --only hurt-seed4
  [[ $output == *"--only hurt-seed4: the study has no such run"* ]]
  "$LORE" run -q "$STUDY" -o dir --only hurt-seed3 --only hurt-seed1
  "$LORE" status dir | grep -q '3 runs: 1 waiting, 2 done'
}

@test "pipes and sockets where files are expected are refused, not waited for" {
  local file
  for file in runs/hurt-seed2/metrics.nc runs/hurt-seed2/state.yaml runs/hurt-seed2/probe.nc \
    runs/hurt-seed2/checkpoints/weights_00000004.nc manifest.tsv; do
    rm "dir/$file"
    mkfifo "dir/$file"
    run timeout 10 "$LORE" verify dir
    echo "$output"
    [ "$status" -eq 3 ]
    grep -qxF "dir/$file" <<<"$output"
    for command in status collect "run -q $STUDY -o" "probe -q --keys 8"; do
      code=0
      timeout 10 "$LORE" $command dir >out 2>&1 || code=$?
      cat out
      [ "$code" -ne 124 ]
    done
    rm "dir/$file"
    cp "$WHOLE/$file" "dir/$file"
  done
}

@test "a record number that the file cannot hold is refused at once" {
  sed -i 's/^state: done/state: running/;/^records:/d;/^metrics_checksum/d' $run_directory/state.yaml
  printf '\177\377\377\377' | dd of=$run_directory/metrics.nc bs=1 seek=4 conv=notrunc status=none
  ulimit -v 4000000
  run timeout 10 "$LORE" collect dir
  echo "$output"
  [ "$status" -eq 3 ]
  grep -q "hurt-seed2/metrics.nc cannot be read (it is truncated" <<<"$output"
  timeout 10 "$LORE" status dir
}

@test "collecting probes that nobody has made is said" {
  rm dir/runs/*/probe.nc
  fails 2 "$LORE" collect --probes dir
  [[ $output == *"nothing to collect: 3 runs, none with probes yet; 'lore probe' makes them" ]]
}

@test "a full disk is said by collect, which leaves the old file; two at once both succeed" {
  local before job
  mkdir full
  mount -t tmpfs -o size=4m tmpfs full 2>/dev/null || skip "only root may mount"
  cp -r dir full
  before=$(sha256sum full/dir/hurt.nc)
  dd if=/dev/zero of=full/filler bs=4k status=none || true
  run "$LORE" collect full/dir
  after=$(sha256sum full/dir/hurt.nc)
  ls full/dir >names
  umount full
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *"cannot write full/dir/hurt.nc: No space left on device" ]]
  [ "$before" = "$after" ]
  not grep -q partial names
  for _ in 1 2 3 4 5; do
    "$LORE" collect dir >one 2>&1 &
    job=$!
    "$LORE" collect dir
    wait "$job"
  done
  "$LORE" verify dir
}
