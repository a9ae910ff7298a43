#!/usr/bin/env bats
# jobs/release.sh: what it refuses; that the same commit gives the same tarball, from which LORE builds (two minutes:
# LORE_RELEASE=1 runs it).

load support/common

# A checkout of its own, as the test commits to it.
setup() {
  git -C "$LORE_SOURCE" rev-parse --verify -q HEAD >/dev/null || skip "not a git checkout"
  git clone -q "$LORE_SOURCE" "$BATS_TEST_TMPDIR/a checkout"
  cd "$BATS_TEST_TMPDIR/a checkout" || return
  cp "$LORE_SOURCE/jobs/release.sh" jobs/ # with changes that are not committed yet
  git config user.name test && git config user.email test@localhost
  git add -A && { git diff --cached --quiet || git commit -q -m release; }
}

# version TEXT: the version everywhere.
version() {
  sed -i "s/^AC_INIT(.*/AC_INIT([lore], [$1])/" configure.ac
  sed -i "s/^version: .*/version: $1/" CITATION.cff
  sed -i "s/^## \[Unreleased\]/&\n\n## [$1] - 2026-01-31/" CHANGELOG.md
}

@test "options and directories that do not exist" {
  fails 2 jobs/release.sh --sanpshot
  [[ $output == *"unknown option '--sanpshot'"* ]]
  fails 2 jobs/release.sh --tests
  fails 2 jobs/release.sh nowhere
  [[ $output == *"nowhere: no such directory"* ]]
}

@test "changes that are not committed" {
  version 9.9.9
  fails 1 jobs/release.sh
  [[ $output == *"uncommitted changes"* ]]
}

@test "versions that disagree" {
  version 9.9.9
  sed -i 's/^version: .*/version: 9.9.8/' CITATION.cff
  git commit -q -a -m "version 9.9.9"
  fails 1 jobs/release.sh
  [[ $output == *"CITATION.cff does not have 'version: 9.9.9'"* ]]
  git checkout -q HEAD~ CHANGELOG.md
  sed -i 's/^version: .*/version: 9.9.9/' CITATION.cff
  git commit -q -a -m "no changelog"
  fails 1 jobs/release.sh
  [[ $output == *"CHANGELOG.md has no section '## [9.9.9] - DATE'"* ]]
}

@test "the same commit gives the same tarball, and LORE builds from it" {
  [ -n "${LORE_RELEASE:-}" ] || skip "takes two minutes; LORE_RELEASE=1 runs it"
  version 9.9.9
  git commit -q -a -m "version 9.9.9"
  mkdir "../with tests" ../again
  run jobs/release.sh --tests "tests/test_base" "../with tests"
  echo "$output"
  [ "$status" -eq 0 ]
  grep -q "^[0-9a-f]\{64\}  lore-9.9.9.tar.gz$" <<<"$output"
  echo "not committed" >>README.md
  jobs/release.sh --snapshot --tests "" ../again
  cmp "../with tests/lore-9.9.9.tar.gz" ../again/lore-9.9.9.tar.gz
  [ "$(tar -xOf ../again/lore-9.9.9.tar.gz lore-9.9.9/commit.txt)" = "$(git rev-parse --short=12 HEAD)" ]
}
