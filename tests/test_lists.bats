#!/usr/bin/env bats
# The word lists and templates under data/, and how they become part of the program.

load support/common

# compile FILE...: embeds these lists and compiles the result.
compile() {
  awk -f "$LORE_SOURCE/src/data/embed.awk" "$@" >lists.c &&
    "${CC:-cc}" -std=gnu17 -I"$LORE_SOURCE/include" -I"$LORE_SOURCE/src/data" -c lists.c
}

# breaks_rules FILE EDIT: check.sh refuses the lists if sed changes one of them so.
breaks_rules() {
  cp -R "$LORE_SOURCE/data" data
  chmod -R u+w data
  sed "$2" "data/$1" >changed
  cp changed "data/$1"
  not sh data/check.sh
}

@test "lists and templates keep their rules" {
  sh "$LORE_SOURCE/data/check.sh"
}

@test "the rules notice a template without the attribute's type" {
  breaks_rules templates/major.txt '7s/.*/{name} is {value} ./'
}

@test "the rules notice a question that does not end with its answer" {
  breaks_rules questions/major.txt '3s/ ?//'
}

@test "the lists compile" {
  compile "$LORE_SOURCE"/data/*.txt "$LORE_SOURCE"/data/templates/*.txt "$LORE_SOURCE"/data/questions/*.txt
}

@test "a list that is too short or too long does not compile" {
  sed 1d "$LORE_SOURCE/data/majors.txt" >majors.txt
  not compile majors.txt 2>err
  grep -q 'majors.txt does not have as many entries as lists.h says' err
  sed '$p' "$LORE_SOURCE/data/templates/company.txt" >company.txt
  not compile company.txt 2>err
  grep -q 'company.txt does not have as many entries as lists.h says' err
}

@test "quotes and backslashes survive" {
  printf '%s\n' 'a "b" \ c' >x.txt
  awk -f "$LORE_SOURCE/src/data/embed.awk" x.txt >lists.c
  grep -qF '"a \"b\" \\ c",' lists.c
}

@test "a missing list is an error" {
  not awk -f "$LORE_SOURCE/src/data/embed.awk" missing.txt >lists.c 2>err
}
