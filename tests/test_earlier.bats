#!/usr/bin/env bats
# Files of earlier versions. tests/earlier/metrics.nc.gz was written by version 0.1.0 at commit 8da8f03, for the
# study beside it, when all texts of a file shared the dimension text_length.
load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  STUDY=$LORE_SOURCE/tests/earlier/study.yaml
  run_directory=dir/runs/early-seed1
  # LD_PRELOAD is a list that spaces separate, and the build may be in a directory with one.
  cp "$LORE_BUILD/tests/support/file_fault.so" .
}

# A run that has a checkpoint of step 20, and the earlier version's metrics file.
begin() {
  fails 1 env LD_PRELOAD="$PWD/file_fault.so" LORE_FILE_FAULT=write:1:EIO:weights_ \
    "$LORE" run -q "$STUDY" -o dir
  [ -e "$run_directory/checkpoints/resume_00000020.nc" ]
  gzip -dc "$LORE_SOURCE/tests/earlier/metrics.nc.gz" >"$run_directory/metrics.nc"
  # What the earlier version wrote beside it: all settings, but none that came later.
  cp "$LORE_SOURCE/tests/earlier/resolved.yaml" "$run_directory/study.yaml"
  ! grep -q 'optimizer\|fresh\|inject' "$run_directory/study.yaml" || return
  # Earlier checkpoints do not know the checksum of the records.
  "$LORE_BUILD/tests/support/change_attribute" "$run_directory/checkpoints/resume_00000020.nc" \
    resume_records_checksum text ''
  ncdump -h "$run_directory/metrics.nc" | grep -q 'char name(text_length) ;'
}

@test "a metrics file of an earlier version is collected" {
  need ncdump
  begin
  "$LORE" collect dir
  ncdump -v name,step dir/early.nc >text
  grep -q '"early"' text
  grep -q 'step = 0, 20, 40 ;' text
}

@test "the settings of an earlier version's run are a study" {
  "$LORE" check "$LORE_SOURCE/tests/earlier/resolved.yaml"
}

@test "a metrics file of an earlier version is resumed" {
  need ncdump
  begin
  ncdump -p 9,17 -v attribute_loss "$run_directory/metrics.nc" | sed -n '/^data:/,$p' | head -n 4 >before
  "$LORE" run -q "$STUDY" -o dir >out
  grep -q '^resumed from *step 20$' out
  "$LORE" verify dir
  ncdump -p 9,17 -v attribute_loss "$run_directory/metrics.nc" | sed -n '/^data:/,$p' | head -n 4 >after
  # The records up to the checkpoint are the earlier version's own.
  [ "$(wc -l <before)" -eq 4 ]
  cmp before after
  "$LORE" run -q "$STUDY" -o new
  # A new file in every respect, and no record more or less.
  ncdump -h "$run_directory/metrics.nc" | grep -E '^	(char|double|int|float|byte)|currently' >resumed
  ncdump -h new/runs/early-seed1/metrics.nc | grep -E '^	(char|double|int|float|byte)|currently' >fresh
  grep -q currently fresh
  cmp resumed fresh
}
