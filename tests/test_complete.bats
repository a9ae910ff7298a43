#!/usr/bin/env bats
# Completion: what lore offers, and what bash, zsh and fish make of it.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  # Shells look for a program of this name.
  mkdir bin && ln -s "$LORE" bin/lore
  export PATH=$PWD/bin:$PATH
  mkdir results studies "two words" && touch other.txt
  cat >study.yaml <<'END'
name: facts
sweep: {grid: {model.norm: [rms, layer]}, seeds: 2}
END
  cp study.yaml studies/inner.yml
}

# offered WORD...: what lore offers for the last word, without meanings, on one line.
offered() {
  lore complete "$@" | cut -f 1 | paste -sd' '
}

# in_bash LINE: what bash offers at the end of the line, sorted, on one line. As Bash itself splits it.
in_bash() {
  bash --norc -c '
    . "$LORE_SOURCE/src/cli/completion/bash/lore"
    COMP_LINE=$1 COMP_POINT=${#1}
    # Readline breaks words at these, and gives each = and : a word of its own.
    mapfile -t COMP_WORDS < <(grep -oE "[=:]+|[^[:blank:]=:]+" <<<"$1")
    [[ $1 != *[[:blank:]] ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _lore lore
    printf "%s\n" "${COMPREPLY[@]}"' bash "$1" | LC_ALL=C sort | paste -sd' '
}

@test "commands, options and words" {
  [ "$(offered st)" = status ]
  [ "$(offered "" | wc -w)" -eq $(($(lore --help | grep -c '^  [a-z]') + 1)) ]
  [[ "$(offered --)" == "--help --version" ]]
  [ "$(offered run --re)" = --retry-failed ]
  [[ "$(offered run -)" == *"--output -s --ranks-per-run"*" --help" ]]
  [ "$(offered bench --gemm "")" = "auto builtin cblas onednn" ]
  [ "$(offered bench --gemm=b)" = --gemm=builtin ]
  [ "$(offered bench "")" = "S M L" ]
  [ "$(offered status --state failed,d)" = "failed,done failed,diverged failed,damaged" ]
  [ "$(offered help s)" = "submit show settings status" ]
  [ "$(offered init f)" = fine-tuning ]
  [ "$(offered settings train.b)" = "train.batch train.beta1 train.beta2" ]
  [ "$(offered settings compute)" = "compute.threads compute.gemm compute.isa compute" ]
  lore complete run --fail | grep -qx -- "--fail-fast$(printf '\t')stop all runs when one fails"
}

@test "settings and their values after -s" {
  [ "$(offered run -s train.ba)" = train.batch= ]
  [ "$(offered check -s model.norm=)" = "model.norm=rms model.norm=layer" ]
  [ "$(offered check -s model.norm=l)" = model.norm=layer ]
  [ "$(offered check -s model.bias=)" = "model.bias=false model.bias=true" ]
  [ "$(offered check -s train.steps=)" = "" ]
  [ "$(offered check -s nonsense=)" = "" ]
  [ "$(offered check -s "" | wc -w)" -eq "$(lore settings --json | grep -c '"key"')" ]
}

@test "files and directories where they are expected, and nothing after them" {
  [ "$(offered run "")" = :study ]
  [ "$(offered run -o "")" = :directory ]
  [ "$(offered run --output=r)" = :directory ]
  [ "$(offered run study.yaml -qo "")" = :directory ]
  [ "$(offered status r)" = :directory ]
  [ "$(offered collect -o "")" = :file ]
  [ "$(offered run study.yaml "")" = "" ]
  [ "$(offered submit study.yaml -o results -- --qos=)" = "" ]
  [ "$(offered run --max-hours "")" = "" ]
  [ "$(offered nonsense "")" = "" ]
  [ "$(offered)" = "" ]
}

@test "names of runs, of a directory or of a study" {
  ids=$(lore plan --json --gflops 1 study.yaml | "$PYTHON" -c 'import json, sys
print(*(run["id"] for run in json.load(sys.stdin)["runs"]))')
  [ "$(wc -w <<<"$ids")" -eq 4 ]
  [ "$(offered run study.yaml --only "")" = "$ids" ]
  [ "$(offered run study.yaml -s name=other --only "")" = "${ids//facts/other}" ]
  [ "$(offered run study.yaml -o results --only "")" = "$ids" ] # nothing is there yet
  lore plan --gflops 1 study.yaml -o results >/dev/null
  rm study.yaml
  [ "$(offered run study.yaml -o results --only "")" = "$ids" ]
  [ "$(offered probe results --run "${ids%% *}")" = "${ids%% *}" ]
  [ "$(offered probe "'results'" --run=x)" = "" ]
  [ "$(HOME=$PWD offered probe '~/results' --run "" | wc -w)" -eq 4 ]
  mv results "two words/r"
  [ "$(offered probe 'two\ words/r' --run "" | wc -w)" -eq 4 ]
  # No mistake is told, and there is nothing to offer.
  run lore complete run nowhere.yaml --only ""
  [ "$status" -eq 0 ] && [ -z "$output" ]
  echo 'name: [' >broken.yaml
  run lore complete run broken.yaml --only ""
  [ "$status" -eq 0 ] && [ -z "$output" ]
}

@test "two thousand runs are offered at once" {
  echo 'name: many
sweep: {seeds: 2000}' >many.yaml
  start=$SECONDS
  [ "$(offered run many.yaml --only many-seed19 | wc -w)" -eq 111 ]
  [ $((SECONDS - start)) -le 3 ]
}

@test "bash" {
  [ "$(in_bash 'lore st')" = status ]
  [ "$(in_bash 'lore run --re')" = --retry-failed ]
  [ "$(in_bash 'lore check -s model.no')" = "model.norm= model.norm_epsilon=" ]
  # Bash replaces only what is behind the =.
  [ "$(in_bash 'lore check -s model.norm=')" = "layer rms" ]
  [ "$(in_bash 'lore check -s model.norm=l')" = layer ]
  [ "$(in_bash 'lore bench --gemm=b')" = builtin ]
  [ "$(in_bash 'lore bench  --gemm   au')" = auto ]
  [ "$(in_bash 'lore run ')" = "bin results studies study.yaml two words" ]
  [ "$(in_bash 'lore run studies/')" = studies/inner.yml ]
  [ "$(in_bash 'lore run study.yaml -o re')" = results ]
  [ "$(in_bash 'lore run study.yaml --output=re')" = results ]
  [ "$(in_bash 'lore collect results -o o')" = other.txt ]
  [ "$(in_bash 'lore run study.yaml --only ' | wc -w)" -eq 4 ]
  [ "$(in_bash 'lore run study.yaml ')" = "" ]
  [ "$(in_bash './bin/lore st')" = status ]
}

# typed SETUP SHELL...: types the lines of stdin into the shell.
typed() {
  "$PYTHON" "$LORE_SOURCE/tests/support/typed_lines.py" "$@"
}

@test "bash as it is used" {
  typed '. "$LORE_SOURCE/src/cli/completion/bash/lore"' bash --norc --noprofile -i <<'END'
lore stat|lore status 
lore run st|lore run stud
lore run study.yaml -s train.bat|-s train.batch=
lore check -s model.norm=la|-s model.norm=layer 
lore check two|two\ words/
lore run study.yaml --only facts-norml|facts-normlayer-seed
END
}

@test "zsh as it is used" {
  need zsh
  typed 'fpath=("$LORE_SOURCE/src/cli/completion/zsh" $fpath); autoload -Uz compinit; compinit -D -u' zsh -f -i <<'END'
lore stat|lore status 
lore run st|lore run stud
lore run study.yaml -s train.bat|-s train.batch=
lore check -s model.norm=la|-s model.norm=layer 
lore bench --gemm b|--gemm builtin 
lore bench --gemm=b|--gemm=builtin 
lore run study.yaml --max-d|--max-deaths 
lore check two|two\ words/
lore run study.yaml --only facts-norml|facts-normlayer-seed
END
}

@test "fish" {
  need fish
  export HOME=$PWD
  in_fish() {
    fish --no-config -c 'source $LORE_SOURCE/src/cli/completion/fish/lore.fish; complete -C $argv[1]' "$1" |
      cut -f 1 | LC_ALL=C sort | paste -sd' '
  }
  [ "$(in_fish 'lore st')" = status ]
  [ "$(in_fish 'lore run --re')" = --retry-failed ]
  [ "$(in_fish 'lore check -s model.norm=')" = "model.norm=layer model.norm=rms" ]
  [ "$(in_fish 'lore run study.yaml --only ' | wc -w)" -eq 4 ]
  [ "$(in_fish 'lore run study.yaml -o re')" = results/ ]
  [[ " $(in_fish 'lore run st') " == *" study.yaml "* ]]
  fish --no-config -c 'source $LORE_SOURCE/src/cli/completion/fish/lore.fish; complete -C "lore run --fail"' |
    grep -qx -- "--fail-fast$(printf '\t')stop all runs when one fails"
}
