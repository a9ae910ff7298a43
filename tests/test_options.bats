#!/usr/bin/env bats
# Options of all commands: what --help shows, what the man page says, what is refused.

setup_file() {
  : "${LORE:?is the program to test}" "${LORE_SOURCE:?is the source tree}"
  export PYTHON=${PYTHON:-/usr/bin/python3}
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# The commands, one a line.
commands() {
  "$LORE" --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'
}

# refused MESSAGE COMMAND...: exit code 2, one message, nothing on stdout.
refused() {
  local code=0 message=$1
  shift
  "$LORE" "$@" >out 2>err || code=$?
  [ "$code" -eq 2 ]
  [ ! -s out ]
  [ "$(cat err)" = "lore: error: $message" ]
}

@test "help of all commands is on stdout, at most 80 columns wide, with an example" {
  [ "$(commands | wc -l)" -eq 14 ]
  ! "$LORE" --help | grep -E '.{81}' || return
  for command in $(commands); do
    "$LORE" "$command" --help >help 2>err
    "$LORE" "$command" -h | cmp - help
    [ ! -s err ]
    grep -q "^usage: lore $command " help
    grep -q '^  -h, --help  *print this text$' help
    grep -q '^examples\?:$' help
    ! grep -E '.{81}| $' help || return
  done
}

@test "arguments that are too many or missing" {
  for command in run check plan submit show export; do
    refused "lore $command needs a study file; see 'lore $command --help'" "$command"
    refused "unexpected argument 'x' (lore $command takes one study file)" "$command" study.yaml x
  done
  for command in status collect probe report; do
    refused "lore $command needs a directory of results; see 'lore $command --help'" "$command"
    refused "unexpected argument 'x' (lore $command takes one directory of results)" "$command" dir x
  done
  for command in run submit; do
    refused "lore $command needs a directory for the results: -o DIR" "$command" study.yaml
  done
}

@test "options that are unknown, or have no value or a wrong one" {
  for command in $(commands); do
    refused "unknown option '--none'; see 'lore $command --help'" "$command" --none
    refused "unknown option '-Z'; see 'lore $command --help'" "$command" -Z
  done
  refused "option '--wave' needs a value; see 'lore run --help'" run --wave
  refused "option '-s' needs a value; see 'lore show --help'" show -s
  refused "option '-o' needs a value; see 'lore run --help'" run -qo
  refused "option '--quiet' takes no value; see 'lore run --help'" run --quiet=3
  refused "option '--help' takes no value; see 'lore run --help'" run --help=3
  refused "-n 1.5: expected a whole number from 0 to 1000000" show -n 1.5
  refused "--individuals -1: expected a whole number from 0 to 1000000" show --individuals -1
  refused "--ranks-per-run 0: expected a whole number from 1 to 16777216" run --ranks-per-run 0
  refused "--nodes many: expected a whole number from 1 to 16777216" submit --nodes many
  refused "--max-hours 0: expected a number of hours above 0 and below 1e+06" run --max-hours 0
  refused "--gflops fast: expected a number of GFLOP/s above 0 and below 1e+09" plan --gflops fast
  refused "--gemm blas: expected auto, builtin, cblas or onednn" bench --gemm blas
  refused "--mixer mlp: expected attention or rg_lru" bench --mixer mlp
  refused "--precision half: expected float32 or bf16" bench --precision half
  refused "--gemm cblas has no effect with --precision bf16, whose products are LORE's own; remove it" bench --gemm cblas --precision bf16
  refused "--chunk 2/2: expected I/N with 0 <= I < N" run --chunk 2/2
  refused "--snapshots 1,b: expected up to 256 steps separated by commas" probe --snapshots 1,b
  refused "--ridge 0: expected up to 32 positive numbers separated by commas" probe --ridge 0
}

@test "help is given before anything else is looked at" {
  "$LORE" run --help --none >out
  grep -q '^usage' out
}

@test "help of a command, in either order" {
  "$LORE" --help >all
  "$LORE" help | cmp - all
  "$LORE" help help | cmp - all
  for command in $(commands); do
    "$LORE" "$command" --help >help
    "$LORE" help "$command" | cmp - help
    "$LORE" --help "$command" | cmp - help
  done
  refused "unknown command 'stat'; did you mean 'status'?" help stat
  refused "unexpected argument 'x' (lore help takes one command)" help run x
}

@test "what was probably meant: the beginning of a name, a letter wrong" {
  refused "unknown command 'stat'; did you mean 'status'?" stat
  refused "unknown command 'sumbit'; did you mean 'submit'?" sumbit
  refused "unknown command 'nonsense'; see 'lore --help'" nonsense
  refused "unknown option '--rank-per-run'; did you mean '--ranks-per-run'?" run --rank-per-run 2
  refused "no setting or section is called 'train.learn'; did you mean 'train.learning_rate'?" settings train.learn
}

@test "the letter is blamed, not the word before; a file that looks like an option" {
  refused "unknown option '-x'; see 'lore check --help'" check -x.yaml
  refused "unknown option '-z'; see 'lore run --help'" run -qz study.yaml
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" ./-x.yaml
  refused "'-x.yaml' looks like an option; if the file is meant, write './-x.yaml'" check -x.yaml
  "$LORE" check ./-x.yaml
}

@test "blanks, a byte order mark and line ends of other editors around an override" {
  cp "$LORE_SOURCE/tests/studies/tiny.yaml" .
  "$LORE" check -s seed=2 tiny.yaml | grep -v "MiB\|^  [a-z]" >plain
  for override in ' seed = 2 ' $'seed=2\r' $'\xEF\xBB\xBFseed=2' $'seed=2\r\n'; do
    "$LORE" check -s "$override" tiny.yaml | grep -v "MiB\|^  [a-z]" | cmp - plain
  done
}
@test "an empty path is refused, as an unset variable of a script would give" {
  local study=$LORE_SOURCE/tests/studies/tiny.yaml
  refused "-o: its value is empty" run "$study" -o ''
  refused "--output: its value is empty" plan "$study" --output=
  refused "-o: its value is empty" submit "$study" -o ''
  refused "-o: its value is empty" collect -o '' .
  refused "lore run needs a study file, and what was given is empty" run '' -o dir
  for command in collect status probe verify report; do
    refused "lore $command needs a directory of results, and what was given is empty" $command ''
  done
}

@test "what would act on a terminal is shown as an escape" {
  printf 'name: a\nmo\xe2\x80\xaedel: {layers: 1}\n' >bidi.yaml
  "$LORE" check bidi.yaml 2>err || true
  grep -qF 'mo\u202edel' err
  not_raw=$(grep -c "$(printf '\xe2\x80\xae')" err || true)
  [ "$not_raw" -eq 0 ]
  "$LORE" status "$(printf 'x\033[31m')" 2>err || true
  grep -qF 'x\u001b[31m' err
}

@test "names on stdout are shown so, too" {
  local mark=$'\xe2\x80\xae' directory=d$'\xe2\x80\xae'ir run
  run=$directory/runs/o$'\xe2\x80\xae'ne
  mkdir -p "$run"
  printf 'state: failed\nstep: 0\nsteps: 4\nranks: 1\nthreads: 1\nattempts: 1\nupdated: 5.000\nhost: "h\xe2\x80\xae"\njob: "1"\nmessage: "why \xe2\x80\xae\\u001b[31m"\n' \
    >"$run/state.yaml"
  "$LORE" status "$directory" >out
  touch "$run/exposure.nc"
  "$LORE" verify "$directory" >>out 2>/dev/null || true
  cat >study.yaml <<'END'
name: a
population: {individuals: 8, held_out: 2}
model: {layers: 1, width: 16, heads: 2, hidden: 32}
train: {steps: 1, batch: 2, shard: 2}
evaluate: {sequences: 4, attention_sequences: 2}
END
  {
    "$LORE" plan study.yaml --gflops 1 -o "$directory/plan"
    "$LORE" run -q study.yaml -o "$directory/plan" -s compute.threads=1
    "$LORE" collect "$directory/plan" -o "$mark.nc"
    "$LORE" report "$directory/plan" -o "$mark.html"
  } >>out
  cat out
  grep -qE '^o\\u202ene +failed .* h\\u202e$' out
  grep -qF 'o\u202ene: failed: why \u202e\u001b[31m' out
  grep -qF '\u202e.nc: 1 of 1 runs collected' out
  grep -qF 'd\u202eir/runs/o\u202ene/exposure.nc' out
  grep -qE '^results +d\\u202eir/plan/runs/a-seed1$' out
  grep -qE '^frozen +d\\u202eir/plan/manifest.tsv$' out
  [ "$(grep -cF "$mark" out)" -eq 0 ]
  [ "$(grep -c $'\x1b' out)" -eq 0 ]
}

@test "marks of text direction in a name and in a table's cell are refused and shown" {
  printf 'name: "a\xe2\x80\xaeb"\n' >name.yaml
  printf 'name: a\nsweep: {table: cells.tsv}\n' >cells.yaml
  printf 'model.mixer\nx\xe2\x80\xaey\n' >cells.tsv
  run "$LORE" check name.yaml
  [ "$status" -eq 2 ]
  [[ $output == *"name.yaml:1:7: 'name' is the text \"a\u202eb\"; it must be "* ]]
  [[ $output != *$'\xe2\x80\xae'* ]]
  run "$LORE" check cells.yaml
  [ "$status" -eq 2 ]
  [[ $output == *"cells.tsv:2:1: 'model.mixer' is the text 'x\u202ey'; it must be one of"* ]]
  [[ $output != *$'\xe2\x80\xae'* ]]
}
