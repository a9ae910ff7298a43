#!/usr/bin/env bash
# Makes the release tarball of the commit that is checked out, builds and tests LORE from it, and prints its checksum.
# The same commit gives the same bytes.
#
#   jobs/release.sh [--snapshot] [--tests TESTS] [DIRECTORY]
#
# DIRECTORY         where the tarball goes (default: the current one)
# --snapshot        no release: uncommitted changes are left out, and versions and changelog may disagree
# --tests "A B"     these tests instead of all ("tests/test_base"); "" builds only
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
snapshot=0
tests=(check)
directory=.

stop() {
  printf 'lore: error: %s\n' "$*" >&2
  exit "${code:-1}"
}

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | grep -v '^set'
}

while [ $# -gt 0 ]; do
  case $1 in
    --snapshot) snapshot=1 ;;
    --tests)
      [ $# -gt 1 ] || code=2 stop "--tests needs the names of tests"
      tests=()
      [ -z "$2" ] || tests=(check "TESTS=$2")
      shift
      ;;
    -h | --help)
      usage
      exit
      ;;
    -*) code=2 stop "unknown option '$1'; options are --snapshot and --tests" ;;
    *) directory=$1 ;;
  esac
  shift
done
[ -d "$directory" ] || code=2 stop "$directory: no such directory"
directory=$(cd "$directory" && pwd)

version=$(sed -n 's/^AC_INIT(\[lore\], \[\(.*\)\])$/\1/p' "$root/configure.ac")

# What a release must agree on.
check_release() {
  [ -z "$(git -C "$root" status --porcelain)" ] ||
    stop "there are uncommitted changes (git status); commit them, or say --snapshot"
  grep -qx "version: $version" "$root/CITATION.cff" ||
    stop "CITATION.cff does not have 'version: $version', which configure.ac has"
  grep -q "^## \[$version\] - " "$root/CHANGELOG.md" ||
    stop "CHANGELOG.md has no section '## [$version] - DATE'; configure.ac has this version"
}

# step WHAT COMMAND...: shows the output only if the command fails.
step() {
  local what=$1 start=$SECONDS
  shift
  printf 'lore: %s ...\n' "$what"
  if ! "$@" >"$work/log" 2>&1 </dev/null; then
    tail -n 60 "$work/log" >&2
    stop "$what failed"
  fi
  printf 'lore: %s: done in %d s\n' "$what" $((SECONDS - start))
}

git -C "$root" rev-parse --verify -q HEAD >/dev/null || stop "$root is no git checkout; a release is made from a commit"
[ "$snapshot" = 1 ] || check_release
unset MAKEFLAGS MAKELEVEL MFLAGS # of a make that calls this
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
step "checking out" git clone -q --no-local "$root" "$work/source"
cd "$work/source"
# Times, owners and the order of files come from the commit, not from this machine.
time=$(git log -1 --format=%ct)
export TAR_OPTIONS="--sort=name --mtime=@$time --owner=0 --group=0 --numeric-owner" GZIP_ENV=-9n
step "generating configure" ./autogen.sh
step "configuring" ./configure
step "packing" make dist
unset TAR_OPTIONS GZIP_ENV
mkdir "$work/unpacked" "$work/build"
step "unpacking" tar -xf "lore-$version.tar.gz" -C "$work/unpacked"
cd "$work/build"
step "configuring from the tarball" "$work/unpacked/lore-$version/configure"
step "building from the tarball" make -j "${LORE_JOBS:-$(nproc)}"
[ ${#tests[@]} -eq 0 ] || step "testing from the tarball" make "${tests[@]}"
cp "$work/source/lore-$version.tar.gz" "$directory/"
cd "$directory"
sha256sum "lore-$version.tar.gz"
