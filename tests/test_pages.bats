#!/usr/bin/env bats
# The pages: one width, links, the table of pages, paths of files. Every rule is also broken once.

setup_file() {
  : "${LORE_SOURCE:?is the source tree}"
}

setup() {
  command -v python3 >/dev/null || skip "needs python3"
  cd "$BATS_TEST_TMPDIR" || return
}

check() {
  run python3 "$LORE_SOURCE/tests/support/check_pages.py" "$@"
}

# A tree of two pages besides README.md, without a mistake.
plant() {
  mkdir -p tree/doc/man tree/src/base
  printf '/* Explained in science.md section\n * 1. */\n' >tree/src/base/log.c
  printf '%s\n' '# Title' '' '| page |' '| --- |' '| [doc/page.md](doc/page.md) |' \
    '| [doc/science.md](doc/science.md) |' >tree/README.md
  printf '%s\n' '.SH SEE ALSO' 'page.md' 'science.md' >tree/doc/man/lore.1.in
  printf '%s\n' '# Science' '' '## 1. The task' >tree/doc/science.md
  cat >tree/doc/page.md <<'END'
# A page

This paragraph is about src/base/log.c, src/<room>/ and `src/*/log.c`, as wide as lines may ever get
in pages: see [its end](#the-end), and [the title](../README.md#title).

- An item with `a piece of inline code that stays on one line`, and more words than would fit in one
  line.

| a row of a table may be as long as it wants, because nobody can break the rows of a table anywhere |
| --- |

    short lines of code
    are not filled

```
code is neither wrapped nor searched for links: [a](nowhere.md); its lines may be longer than 100 columns
```

## The end
END
}

# refused TEXT: the tree has one mistake, this one.
refused() {
  check tree
  echo "$output"
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 2 ]
  [[ ${lines[0]} = *"$1"* ]]
  [ "${lines[1]}" = "3 pages, 1 mistakes" ]
}

@test "a tree without a mistake passes" {
  plant
  check tree
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$output" = "3 pages, 0 mistakes" ]
}

@test "a line that is too long is found" {
  plant
  sed -i 's/^This paragraph/This long paragraph/' tree/doc/page.md
  refused "doc/page.md:3: 105 columns; prose has at most 100"
}

@test "a paragraph that is not filled is found" {
  plant
  sed -i 's/^in pages: see/in pages:\nsee/' tree/doc/page.md
  refused "doc/page.md:4: the paragraph is not filled: 'see' of the next line fits here"
}

@test "an item of a list that is not filled is found" {
  plant
  sed -i 's/ in one$/ in\n  one/' tree/doc/page.md
  refused "doc/page.md:6: the paragraph is not filled: 'one' of the next line fits here"
}

@test "inline code on two lines is found" {
  plant
  sed -i 's/^- An item with `a piece of inline /- An item whose first words leave too little room for what is to come: `a piece of inline\n  /' \
    tree/doc/page.md
  refused "doc/page.md:6: not wrapped as --fill wraps it"
}

@test "a link that leads nowhere is found" {
  plant
  sed -i 's/README.md#title/READ.md#title/' tree/doc/page.md
  refused "doc/page.md:4: the link leads nowhere: ../READ.md#title"
}

@test "an anchor that no heading makes is found, in the same page and in another one" {
  plant
  sed -i 's/(#the-end)/(#the-fin)/' tree/doc/page.md
  refused "doc/page.md:4: no heading makes this anchor: #the-fin"
  plant
  sed -i 's/README.md#title/README.md#tilte/' tree/doc/page.md
  refused "doc/page.md:4: no heading makes this anchor: ../README.md#tilte"
}

@test "a page that README.md or the man page does not list is found" {
  plant
  sed -i '/doc\/page.md/d' tree/README.md
  refused "README.md:1: the table of pages does not list doc/page.md"
  plant
  sed -i '/^page.md/d' tree/doc/man/lore.1.in
  refused "doc/man/lore.1.in:1: SEE ALSO does not list page.md"
}

@test "a link outside of the table is no row of it" {
  plant
  sed -i 's/^| \(\[doc.page.*)\) |/\n\1/' tree/README.md
  refused "README.md:1: the table of pages does not list doc/page.md"
}

@test "a path that does not exist is found, in prose, inline code, code blocks and the man page" {
  plant
  sed -i 's,src/base/log.c,src/base/lag.c,' tree/doc/page.md
  refused "doc/page.md:3: there is no such file: src/base/lag.c"
  plant
  sed -i 's,src/\*/log.c,src/*/lag.c,' tree/doc/page.md
  refused "doc/page.md:3: there is no such file: src/*/lag.c"
  plant
  sed -i 's,^code is,cat src/lost.c,' tree/doc/page.md
  refused "doc/page.md:16: there is no such file: src/lost.c"
  plant
  echo 'src/lost.c' >>tree/doc/man/lore.1.in
  refused "doc/man/lore.1.in:4: there is no such file: src/lost.c"
}

@test "a reference to a section of science.md that does not exist is found" {
  plant
  sed -i 's/1\. /2. /' tree/src/base/log.c
  refused "src/base/log.c:1: science.md has no section 2"
}

@test "--fill mends the wrapping and nothing else" {
  plant
  cp -r tree filled
  check --fill filled
  [ "$status" -eq 0 ]
  diff -r tree filled
  sed -i 's/^in pages: see/in pages:\nsee/; s/ stays on one line`/ stays on one\n  line`/' filled/doc/page.md
  run diff -r tree filled
  [ "$status" -eq 1 ]
  check --fill filled
  [ "$status" -eq 0 ]
  diff -r tree filled
}

@test "the pages of this tree have no mistake" {
  check "$LORE_SOURCE"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "${output%% *}" -ge 17 ]
}

@test "CITATION.cff, CHANGELOG.md and the Python package say the version of configure.ac, and the licence" {
  python3 -c 'import yaml' 2>/dev/null || skip "needs python3 with yaml"
  python3 - "$LORE_SOURCE" <<'END'
import pathlib, re, sys
import yaml

root = pathlib.Path(sys.argv[1])
version = re.search(r"AC_INIT\(\[lore\], \[([^]]*)\]\)", (root / "configure.ac").read_text())[1]
citation = yaml.safe_load((root / "CITATION.cff").read_text())
assert {"cff-version", "message", "title", "authors"} <= citation.keys(), "the keys that must be there"
assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
assert f'__version__ = "{version}"' in (root / "analysis/lore/__init__.py").read_text()
assert citation["version"] == version and citation["license"] == "MIT" and "MIT" in (root / "COPYING").read_text()
assert [set(author) for author in citation["authors"]] == [{"name"}], "the project, an entity"
for work in citation["references"]:
    assert {"type", "title", "authors"} <= work.keys(), work
changes = (root / "CHANGELOG.md").read_text()
assert re.search(r"^## \[Unreleased\]$", changes, re.M) and version in changes
assert set(re.findall(r"^### (.*)$", changes, re.M)) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
END
}
