#!/usr/bin/env bats
# Man pages: made from what --help shows, complete, and without a mistake of their language.

load support/common

setup_file() {
  export PAGES=$LORE_BUILD/doc/man
}

# The commands, one a line.
commands() {
  "$LORE" --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'
}

@test "every command has a page, and lore(1) lists them" {
  diff <(commands | sort) <(ls "$PAGES" | sed -n 's/^lore-\(.*\)\.1$/\1/p' | sort)
  diff <(commands) <(sed -n 's/^\.BR lore\\-\([a-z]*\) (1)$/\1/p' "$PAGES/lore.1")
  for command in $(commands); do
    "$LORE" help --man "$command" | cmp - "$PAGES/lore-$command.1"
  done
  [ "$(grep -c '@[A-Z]*@' "$PAGES/lore.1" "$PAGES/lore-study.5" | grep -c ':0$')" -eq 2 ]
}

@test "a page has every option of its command, with the same words, and names none that does not exist" {
  for command in $(commands); do
    "$LORE" "$command" --help >"$command.help"
  done
  "$PYTHON" - "$PAGES" <<'END'
import pathlib, re, sys

pages = pathlib.Path(sys.argv[1])
option = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
forms = {}
for file in pathlib.Path().glob("*.help"):
    shown = re.findall(r"(?m)^  (?:    )?(-\w(?:, --[\w-]+)?|--[\w-]+)(?: ([A-Z][\w/=:]*))?", file.read_text())
    forms[file.stem] = {(names, value) for names, value in shown}
everything = {name for all_of_one in forms.values() for names, _ in all_of_one for name in names.split(", ")}
everything |= {"--man", "--version"}  # of lore itself

def plain(text):
    return re.sub(r"\\f[A-Z]", "", text).replace(r"\-", "-").replace(r"\&", "").replace(r"\e", "\\")

def words(text):
    return " ".join(re.sub(r"(?m)^\.(TP|PP|br|RS.*|RE|nf|fi|SS.*)$", "", plain(text)).split())

for command, known in forms.items():
    page = (pages / f"lore-{command}.1").read_text()
    defined = re.findall(r"(?m)^\.TP\n(.*)\n((?:(?!\.).*\n)+)", page)
    heads = {tuple(plain(head).rsplit(" ", 1)) if head.endswith(r"\fR") and " \\fI" in head else (plain(head), "")
             for head, _ in defined}
    assert heads == known, (command, heads ^ known)
    text = " ".join(pathlib.Path(f"{command}.help").read_text().split())
    for head, meaning in defined:
        assert words(meaning) in text, (command, head, meaning)
for page in pages.glob("lore*.[15]"):
    text = plain(page.read_text().split(".SH SEE ALSO")[0])
    rest = set(option.findall(re.sub(r"-- \[SBATCH.*|--qos=\w+|--mail-user|--time\b", "", text))) - everything
    rest = {name for name in rest if name.startswith("--")}
    allowed = {"--qos"}  # sbatch's
    assert rest <= allowed, (page.name, rest - allowed)
END
}

@test "lore-study(5) has every setting, and no other" {
  "$LORE" settings --json >settings.json
  "$PYTHON" - "$PAGES/lore-study.5" <<'END'
import json, pathlib, re, sys

page = pathlib.Path(sys.argv[1]).read_text()
listed = [key.replace("\\-", "-") for key in re.findall(r"(?m)^\.TP\n\\fB([\w.]+)\\fR: ", page)]
assert listed == [setting["key"] for setting in json.load(open("settings.json"))], listed
END
}

@test "groff and mandoc format the pages without a warning" {
  command -v groff >/dev/null || command -v mandoc >/dev/null || skip "needs groff or mandoc"
  for page in "$PAGES"/*.[15]; do
    ! command -v groff >/dev/null || groff -man -Tutf8 -ww -z "$page" 2>>warnings
    ! command -v mandoc >/dev/null || mandoc -man -Tlint "$page" >>warnings 2>&1 || true
  done
  cat warnings
  [ ! -s warnings ]
}

@test "a page as it is read" {
  command -v groff >/dev/null || skip "needs groff"
  groff -man -Tascii "$PAGES/lore-run.1" | sed $'s/.\b//g; s/\x1b\\[[0-9;]*m//g' >page
  cat page
  grep -q '^LORE-RUN(1) *User Commands *LORE-RUN(1)$' page
  grep -q '^ *lore-run - train a study and write its metrics and weights$' page
  grep -q '^ *mpirun -n N lore run \[OPTION \.\.\.\] STUDY -o DIR$' page
  grep -q '^ *-s KEY=VALUE$' page
  grep -q '^ *lore run study.yaml -o results$' page
}

@test "help --man: mistakes" {
  fails 2 "$LORE" help --man stat
  [[ $output == *"did you mean 'status'?" ]]
  fails 2 "$LORE" help --mna run
  [[ $output == *"did you mean '--man'?" ]]
}

@test "where the program cannot run, make goes on with almost empty pages" {
  printf '#!/bin/sh\nexit 200\n' >old && chmod +x old
  printf '#!/bin/sh\necho half; exit 1\n' >broken && chmod +x broken
  sh "$LORE_SOURCE/src/cli/generate.sh" ./old page.1 '.so man1/lore.1' help --man run 2>err
  [ "$(cat page.1)" = ".so man1/lore.1" ]
  grep -q 'cannot run on this machine' err
  run sh "$LORE_SOURCE/src/cli/generate.sh" ./broken page.1 x help --man run
  [ "$status" -eq 1 ]
  [ "$(cat page.1)" = ".so man1/lore.1" ] && [ ! -e page.1.new ]
}
