#!/usr/bin/env bats
# lore show: individuals and biographies for people to read.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  echo 'name: small
seed: 3
population: {individuals: 40, held_out: 10}' >small.yaml
}

# refuse MESSAGE ARGUMENT...: lore show says only this, on stderr, and leaves with 2.
refuse() {
  local message=$1 code=0
  shift
  "$LORE" show "$@" >out 2>err || code=$?
  cat err
  [ "$code" -eq 2 ] && [ ! -s out ] && [ "$(cat err)" = "lore: error: $message" ]
}

# Prints the text of all biographies without marks, every biography on one line.
biographies() {
  tr -d '[]<>' | awk '
    /^    / { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0; next }
    text != "" { print text; text = "" }
    END { if (text != "") print text }'
}

@test "the facts of the population" {
  "$LORE" show -n 0 small.yaml >out
  grep -qx 'study         small (seed 3)' out
  grep -qx 'individuals   40 known, 10 held out' out
  grep -qx 'full names    810000000 possible: 900 first, 900 middle, 1000 last' out
  grep -qx 'baseline      6.784 nats without knowledge, 3.[56][0-9]* empirical' out
  grep -qx '  birth date   74400 values, 11.217 nats' out
  not grep -q 'biography in' out
}

@test "three individuals by default, two biographies each" {
  "$LORE" show small.yaml >out
  [ "$(grep -c '^individual [0-9]*: \[' out)" -eq 3 ]
  [ "$(biographies <out | wc -l)" -eq 6 ]
}

@test "a biography has six sentences that name the individual and hold the values" {
  "$LORE" show -n 40 small.yaml >out
  [ "$(biographies <out | wc -l)" -eq 80 ]
  awk '
    function unmarked(text) { gsub(/[][<>]/, "", text); return text }
    function finish(   i, rest) {
      if (text == "") return
      rest = text
      if (gsub(/\. |\.$/, "", rest) != 6) bad = bad " sentences of " name
      rest = text
      if (gsub("\\[" name "\\]", "", rest) != 6) bad = bad " names of " name
      for (i = 1; i <= 6; i++) if (!index(text, value[i])) bad = bad " " value[i]
      text = ""
    }
    /^individual / { finish(); sub(/^.*: /, ""); name = unmarked($0); values = 0; next }
    /^  biography/ { finish(); next }
    /^  [a-z]/ { sub(/^[^<]*/, ""); value[++values] = $0; next }
    /^    / { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
    END { finish(); if (bad) print "wrong:" bad; exit bad != "" }' out
}

@test "held-out individuals come after the known ones and are only evaluated" {
  "$LORE" show -n 10 --held-out small.yaml >out
  "$LORE" show -n 50 -s population.individuals=50 -s population.held_out=0 small.yaml >all
  [ "$(grep -c '^individual 4[0-9], never trained on: \[' out)" -eq 10 ]
  not grep -q 'biography in training' out
  sed -n 's/^individual 45.*: //p' out >held_out
  sed -n 's/^individual 45.*: //p' all >known
  [ -s known ] && diff held_out known
}

@test "the same every time, and another population with another seed" {
  "$LORE" show small.yaml >one
  "$LORE" show small.yaml >two
  "$LORE" show -s seed=4 small.yaml >other
  diff one two
  [ "$(grep -c '^individual ' other)" -eq 3 ]
  not diff <(grep '^individual ' one) <(grep '^individual ' other)
}

@test "lines keep to the width, whatever it is" {
  COLUMNS=1000000 "$LORE" show -n 40 small.yaml | biographies >expected
  for width in 40 41 57 80 133; do
    COLUMNS=$width "$LORE" show -n 40 small.yaml >out
    [ "$(grep '^    ' out | awk '{ print length($0) }' | sort -n | tail -n 1)" -le "$width" ]
    not grep -q '^    .* $' out
    not grep -qE "^    ([.,]|'s)" out
    biographies <out | diff expected -
  done
}

@test "colours and marks say the same" {
  "$LORE" show --color=always small.yaml >colours
  "$LORE" show --color=never small.yaml >marks
  "$LORE" show small.yaml | diff marks -
  grep -q $'\033\\[1;36m' colours
  not grep -q $'\033' marks
  sed $'s/\033\\[[0-9;]*m//g' colours >bare
  biographies <bare >plain
  biographies <marks | diff plain -
  not grep -q '[][<>]' bare
}

@test "a terminal has colours unless NO_COLOR or TERM refuse them" {
  command -v script || skip "needs script"
  export TERM=xterm
  script -qc "'$LORE' show small.yaml" /dev/null </dev/null | grep -q $'\033\\[1;35m'
  NO_COLOR=1 script -qc "'$LORE' show small.yaml" /dev/null </dev/null >out
  TERM=dumb script -qc "'$LORE' show small.yaml" /dev/null </dev/null >>out
  grep -q biography out
  not grep -q $'\033' out
}

@test "mistakes are refused with one message" {
  refuse "-n 41: the study has 40 known individuals (population.individuals)" -n 41 small.yaml
  refuse "-n 11: the study has 10 held-out individuals (population.held_out)" \
    --held-out -n 11 small.yaml
  refuse "--held-out: the study has no held-out individuals (population.held_out is 0)" \
    --held-out -s population.held_out=0 small.yaml
  refuse "-n some: expected a whole number from 0 to 1000000" -n some small.yaml
  refuse "--color blue: expected auto, always or never" --color=blue small.yaml
  refuse "unknown option '--colour-blind'; see 'lore show --help'" --colour-blind small.yaml
  refuse "lore show needs a study file; see 'lore show --help'"
}

@test "a small population shows all by default" {
  "$LORE" show -s population.individuals=2 small.yaml >out
  [ "$(grep -c '^individual ' out)" -eq 2 ]
}

@test "output that cannot be written is an error" {
  [ -w /dev/full ] || skip "needs /dev/full"
  code=0
  "$LORE" show small.yaml >/dev/full 2>err || code=$?
  [ "$code" -eq 1 ] && grep -q 'standard output' err
}

@test "help goes to stdout" {
  "$LORE" show --help 2>err | grep -q '^usage: lore show'
  [ ! -s err ]
}

@test "questions: one of each attribute, in words that change, and whom training asks" {
  local ask=(-s population.questions=true -s population.asked=2 -s population.templates=4)
  "$LORE" show -n 3 small.yaml "${ask[@]}" -s distribution.questions=0.5 >out
  grep -qx 'individuals   40 known, 10 held out, 2 asked about' out
  grep -qx 'questions     10 per attribute, .* tokens on average' out
  grep -qx 'templates     25 per attribute: 4 for training, 5 for evaluation' out
  [ "$(grep -c '^  questions$' out)" -eq 2 ]
  [ "$(grep -c '^  questions, which training does not ask$' out)" -eq 1 ]
  [ "$(grep -c '?' out)" -eq 18 ]
  grep -q '^    What is the major of \[.*\]? <.*>\.$' out
  grep -q '^    In which subject did \[.*\] major? <.*>\.$' out
  "$LORE" show -n 3 small.yaml "${ask[@]}" >out
  [ "$(grep -c '^  questions, which training does not ask$' out)" -eq 3 ]
  not grep -q 'asked about' out
}
