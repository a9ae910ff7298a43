#!/usr/bin/env bats
# Broken study files and their exact messages. Each case of tests/broken is NNN_name.yaml with the
# message in NNN_name.txt, and in NNN_name.args the options, one a line, where there are any.

setup_file() {
  : "${LORE:?is the program to test}" "${LORE_SOURCE:?is the source tree}"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# refuse STUDY MESSAGE-FILE OPTION...: lore check refuses STUDY within 5 s with exactly this message
# on stderr, nothing on stdout, exit code 2, and leaves no file behind.
refuse() {
  local study=$1 expected=$2 before after code=0
  shift 2
  before=$(find . | sort)
  timeout -k 1 5 "$LORE" check "$@" "$study" >"$BATS_FILE_TMPDIR/out" 2>"$BATS_FILE_TMPDIR/err" ||
    code=$?
  after=$(find . | sort)
  if [ "$code" -ne 2 ] || [ -s "$BATS_FILE_TMPDIR/out" ] || [ "$before" != "$after" ] ||
    ! diff "$expected" "$BATS_FILE_TMPDIR/err"; then
    echo "$study: exit code $code, $(wc -c <"$BATS_FILE_TMPDIR/out") bytes on stdout, files: $after"
    return 1
  fi
}

# say MESSAGE: a message file.
say() {
  printf 'lore: error: %s\n' "$1" >"$BATS_FILE_TMPDIR/expected"
  echo "$BATS_FILE_TMPDIR/expected"
}

@test "at least 45 broken studies are in the table" {
  cases=("$LORE_SOURCE"/tests/broken/*.yaml)
  [ "${#cases[@]}" -ge 45 ]
}

@test "every broken study gets its exact message" {
  cp "$LORE_SOURCE"/tests/broken/*.yaml .
  failed=0
  for study in *.yaml; do
    expected=$LORE_SOURCE/tests/broken/${study%.yaml}
    options=()
    [ -f "$expected.args" ] && mapfile -t options <"$expected.args"
    refuse "$study" "$expected.txt" "${options[@]}" || failed=$((failed + 1))
  done
  [ "$failed" -eq 0 ]
}

@test "a study file that is not there" {
  refuse none.yaml "$(say 'none.yaml: cannot be read (No such file or directory); give the path of a study file')"
}

@test "a directory" {
  mkdir studies
  refuse studies "$(say 'studies: is a directory; give the path of a study file')"
}

@test "a file below a file" {
  touch file
  refuse file/study.yaml "$(say 'file/study.yaml: cannot be read (Not a directory); give the path of a study file')"
}

@test "a named pipe without a writer does not hang" {
  mkfifo pipe
  refuse pipe "$(say 'pipe: is not a regular file; give the path of a study file')"
}

@test "a device" {
  refuse /dev/zero "$(say '/dev/zero: is not a regular file; give the path of a study file')"
}

@test "a file without the permission to read it" {
  [ "$(id -u)" -ne 0 ] || skip "root may read everything"
  echo 'name: secret' >secret.yaml
  chmod 000 secret.yaml
  refuse secret.yaml "$(say 'secret.yaml: cannot be read (Permission denied); give the path of a study file')"
}

@test "a file above 1 MiB" {
  { echo 'name: large' && yes '# a comment' | head -c 1048576; } >large.yaml
  refuse large.yaml "$(say 'large.yaml: has 1048588 bytes; a study file has at most 1048576')"
}

@test "a mebibyte of each kind of nonsense is refused in time" {
  { printf 'name: x\ncheckpoint: {snapshots: [' && yes '1,' | head -n 300000 | tr -d '\n'; } >list.yaml
  yes '[' | head -n 500000 | tr -d '\n' >brackets.yaml
  yes '- ' | head -n 300000 | tr -d '\n' >dashes.yaml
  yes 'word' | head -n 200000 >words.yaml
  { printf 'name: "' && yes 'x' | head -n 500000; } >quoted.yaml
  { yes '# comment' | head -n 100000; } >comments.yaml
  { echo 'name: x' && yes ' ' | head -n 500000 && echo 'seed: x'; } >blanks.yaml
  { printf 'name: x\nmodel: {' && seq -f 'key%.0f: 1, ' 70000 | tr -d '\n'; } >keys.yaml
  for study in *.yaml; do
    code=0
    timeout -k 1 5 "$LORE" check "$study" >out 2>err || code=$?
    echo "$study: $code $(head -c 300 err)"
    [ "$code" -eq 2 ] && [ ! -s out ] && [ "$(wc -c <err)" -lt 2000 ]
  done
}
