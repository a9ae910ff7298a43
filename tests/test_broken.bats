#!/usr/bin/env bats
# Broken studies and their exact messages: those of the case files in tests/broken, and those that have no
# place in a text file.

load support/common

# refuse STUDY MESSAGE: lore check refuses STUDY within 5 s with exactly this message on stderr, nothing
# on stdout, exit code 2, and leaves no file behind.
refuse() {
  local study=$1 before after code=0
  before=$(find . | sort)
  timeout -k 1 5 "$LORE" check "$study" >"$BATS_FILE_TMPDIR/out" 2>"$BATS_FILE_TMPDIR/err" ||
    code=$?
  after=$(find . | sort)
  if [ "$code" -ne 2 ] || [ -s "$BATS_FILE_TMPDIR/out" ] || [ "$before" != "$after" ] ||
    ! diff -u --label expected --label printed <(printf 'lore: error: %s\n' "$2") "$BATS_FILE_TMPDIR/err"; then
    echo "$study: exit code $code, $(wc -c <"$BATS_FILE_TMPDIR/out") bytes on stdout, files: $after"
    return 1
  fi
}

# cases FILE...: runs the cases of these files.
cases() {
  "$PYTHON" "$LORE_SOURCE/tests/support/refused_studies.py" "$LORE" "$@"
}

# one_case: a case file with one case that is as it should be.
one_case() {
  printf '%s\n' '=== tabs escaped' 'name: imbalance' 'model:' '\tlayers: 2' '--- message' \
    'lore: error: tabs.yaml:3:1: YAML syntax: tab character may not be used as indentation; indent with spaces' \
    '    3 | \tlayers: 2' '      | ^'
}

@test "every broken study gets its exact message" {
  run cases "$LORE_SOURCE"/tests/broken/*.cases
  echo "$output"
  [ "$status" -eq 0 ]
  [[ -n ${LORE_CASE:-} || ${lines[-1]} =~ ^([0-9]+)" of "([0-9]+)" studies" && ${BASH_REMATCH[1]} -ge 244 ]]
}

@test "a case fails if anything differs from what it says" {
  unset LORE_CASE
  one_case >good.cases
  sed 's/indent with/intend with/' good.cases >message.cases
  sed '$d' good.cases >short.cases
  sed 's/$/\\r/' good.cases | sed 's/^\(===.*\|---.*\)\\r$/\1/' >ends.cases
  printf '%s\n' '=== right' 'name: right' '--- message' '?' >right.cases
  printf '%s\n' '=== options' 'name: a' '--- options' '-s' 'seed=x' '--- message' '?' >options.cases
  (mkdir good && cd good && cases ../good.cases)
  for name in message short ends right options; do
    mkdir "$name" && cd "$name"
    run cases "../$name.cases"
    cd ..
    echo "$name: $output"
    [ "$status" -eq 1 ]
    [[ $output == *"../$name.cases:1: case "* && $output == *"0 of 1 studies"* ]]
    case $name in
      message) [[ $output == *$'\n-lore: error: tabs.yaml:3:1: '*'intend with spaces'$'\n+lore: error: '* ]] ;;
      short) [[ $output == *$'\n+      | ^'* ]] ;;
      right) [[ $output == *"exit code is 0 instead of 2"* && $output == *"it prints on stdout:"* ]] ;;
      options) [[ $output == *"+lore: error: -s seed=x: 'seed' is the text 'x'"* ]] ;;
    esac
  done
}

@test "case files that could hide a case are refused" {
  unset LORE_CASE
  # refused REASON FILE...
  refused() {
    local reason=$1
    shift
    run cases "$@"
    echo "$output"
    [ "$status" -eq 1 ] && [ "$output" = "$reason" ] && [ ! -e tabs ]
  }
  one_case >good.cases
  refused "good.cases:1: case 'tabs' stands in good.cases:1 already" good.cases good.cases
  : >none.cases
  refused "none.cases: has no case" good.cases none.cases
  (echo 'name: a' && one_case) >before.cases
  refused "before.cases:1: 'name: a' stands before the first case" before.cases
  sed 2,4d good.cases >empty.cases
  refused "empty.cases:1: case 'tabs' has no study; an empty one is '\\c' in an escaped case" empty.cases
  sed 5q good.cases >silent.cases
  refused "silent.cases:1: case 'tabs' has no message" silent.cases
  sed 4q good.cases >half.cases
  (echo && one_case) | sed 's/tabs/other/' >>half.cases
  refused "half.cases:1: case 'tabs' has no message" half.cases
  sed 1s/tabs/Tabs/ good.cases >name.cases
  refused "name.cases:1: '=== Tabs escaped' is not '=== name' or '=== name escaped', with a name of a-z, 0-9 and _" \
    name.cases
  (one_case && echo '--- options') >order.cases
  refused "order.cases:9: '--- options' is out of order" order.cases
  sed '2s/$/ /' good.cases >blank.cases
  refused "blank.cases:2: what cannot be seen, such as a tab or a space at the end, is written with escapes" \
    blank.cases
  sed 's/\\t/\\q/' good.cases >escape.cases
  refused "escape.cases:1: case 'tabs' has the unknown escape '\\q'" escape.cases
  LORE_CASE=none refused "LORE_CASE: there is no case 'none'" good.cases
}

@test "a list with 257 elements" {
  printf 'name: imbalance\ncheckpoint: {snapshots: [%s]}\n' "$(seq -s ', ' 0 256)" >list_long.yaml
  refuse list_long.yaml "list_long.yaml:2:25: 'checkpoint.snapshots' has 257 elements; it may have at most 256
    2 | checkpoint: {snapshots: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 1...
      |                         ^"
}

@test "a line of 356 characters" {
  printf 'name: imbalance\nmodel: {layers: 2, width: 128, %150sheads: four, hidden: 512%150s}\n' '' '' >long_line.yaml
  refuse long_line.yaml "long_line.yaml:2:189: 'model.heads' is the text 'four'; it must be an integer from 1 to 256, for example 'heads: 8'
    2 | ...                                     heads: four, hidden: 512                           ...
      |                                                ^"
}

@test "a setting with a name of 300 characters" {
  word=$(printf 'w%.0s' {1..300})
  printf 'name: imbalance\nmodel: {%s: 1}\n' "$word" >long_word.yaml
  refuse long_word.yaml "long_word.yaml:2:9: unknown setting 'model.${word:0:90}...'; section 'model' has preset, mixer, layers, width, heads, recurrent_width, hidden, norm, positions, activation, bias, tied_embedding, rotary_base, norm_epsilon, initial_scale
    2 | model: {${word:0:80}...
      |         ^"
}

@test "a study file that is not there" {
  refuse none.yaml 'none.yaml: cannot be read (No such file or directory); give the path of a study file'
}

@test "a directory" {
  mkdir studies
  refuse studies 'studies: is a directory; give the path of a study file'
}

@test "a file below a file" {
  touch file
  refuse file/study.yaml 'file/study.yaml: cannot be read (Not a directory); give the path of a study file'
}

@test "a named pipe without a writer does not hang" {
  mkfifo pipe
  refuse pipe 'pipe: is not a regular file; give the path of a study file'
}

@test "a device" {
  refuse /dev/zero '/dev/zero: is not a regular file; give the path of a study file'
}

@test "a file without the permission to read it" {
  [ "$(id -u)" -ne 0 ] || skip "root may read everything"
  echo 'name: secret' >secret.yaml
  chmod 000 secret.yaml
  refuse secret.yaml 'secret.yaml: cannot be read (Permission denied); give the path of a study file'
}

@test "a file above 1 MiB" {
  { echo 'name: large' && yes '# a comment' | head -c 1048576; } >large.yaml
  refuse large.yaml 'large.yaml: has 1048588 bytes; a study file has at most 1048576'
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

# socket PATH: a socket that nobody listens at.
socket() {
  "$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

@test "sockets and devices where files are expected are refused, not waited for" {
  local kind file
  printf 'name: a\nstart_from: {file: odd}\n' >start.yaml
  for kind in socket zero fifo; do
    rm -f odd
    case $kind in
    socket) socket odd ;;
    zero) ln -s /dev/zero odd ;;
    fifo) mkfifo odd ;;
    esac
    fails 2 timeout 10 "$LORE" check start.yaml
    fails 2 timeout 10 "$LORE" check odd
    fails 2 timeout 10 "$LORE" run odd -o out
    for file in manifest.tsv runs/a/metrics.nc runs/a/state.yaml; do
      rm -rf dir
      mkdir -p dir/runs/a
      [ $kind != socket ] || socket "dir/$file"
      [ $kind = socket ] || mv odd "dir/$file"
      timeout 10 "$LORE" status dir >out.txt 2>&1 || [ $? -lt 124 ]
      timeout 10 "$LORE" verify dir >out.txt 2>&1 || [ $? -lt 124 ]
      timeout 10 "$LORE" collect dir >out.txt 2>&1 || [ $? -lt 124 ]
      not grep -q 'collected' out.txt
      [ $kind = socket ] || mv "dir/$file" odd
    done
  done
}
