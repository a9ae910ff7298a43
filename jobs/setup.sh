#!/usr/bin/env bash
# Installs what LORE needs, configures it and builds it. Quick if all of this is done already.
#
#   jobs/setup.sh [-p SECTION]... [-b DIRECTORY] [CONFIGURE OPTION]...
#
# -p SECTION    also installs the packages of this section of jobs/packages.txt ("run" always)
# -b DIRECTORY  where to build (default: build)
# LORE_NO_INSTALL=1 installs nothing; LORE_JOBS=N compiles with N processes.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
sections=(run)
jobs=${LORE_JOBS:-$(nproc)}

say() {
  printf 'lore: %s\n' "$*"
}

stop() {
  printf 'lore: error: %s\n' "$*" >&2
  exit 1
}

# step WHAT LOG COMMAND...: sends the output to LOG, and shows it only if the command fails.
step() {
  local what=$1 log=$2 start=$SECONDS
  shift 2
  say "$what ..."
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 60 "$log" >&2
    stop "$what failed; the full log is $log"
  fi
  say "$what: done in $((SECONDS - start)) s"
}

# The packages of the chosen sections that are not installed.
packages_missing() {
  local section package
  for section in "${sections[@]}"; do
    awk -v section="[$section]" '{ sub(/[ \t\r]+$/, "") } /^\[/ { on = $0 == section; next } on && !/^#/ && NF' \
      "$root/jobs/packages.txt"
  done | sort -u | while read -r package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || echo "$package"
  done
}

install_packages() {
  local missing
  [ "${LORE_NO_INSTALL:-0}" = 1 ] && return
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    check_tools
    return
  fi
  mapfile -t missing < <(packages_missing)
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      stop "these packages are missing: ${missing[*]}
Ask your administrator to install them (apt-get install ${missing[*]}),
or set LORE_NO_INSTALL=1 if they are available in another way."
    as_root=(sudo)
    sudo -v
  fi
  say "${#missing[@]} packages are missing: ${missing[*]}"
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  step "updating the package list" "$build/apt.log" "${as_root[@]}" apt-get update
  step "installing packages (some minutes)" "$build/apt.log" \
    "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
  rm -f "$build/configure-options" # so that configure looks again
}

# Not Debian: checks for what configure itself needs. configure lists missing libraries.
check_tools() {
  local tool missing=()
  for tool in autoreconf automake make pkg-config; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] ||
    stop "these programs are missing: ${missing[*]}
Packages are installed automatically on Debian and Ubuntu only. Install or load (module load,
spack load) autoconf, automake, make and pkg-config; configure then lists every missing library."
}

# Automake refuses a source directory with a space in its name, but accepts a link to one.
source_directory() {
  local path
  path=$(realpath --relative-to=. "$root")
  if [[ $path == *[[:space:]]* ]]; then
    ln -sfn "$root" source
    path=./source
  fi
  printf '%s' "$path"
}

configure_and_build() {
  local options
  options=$(printf '%q ' "$@")
  cd "$root"
  if [ ! -f configure ] || [ ! -f Makefile.in ] ||
    [ -n "$(find configure.ac Makefile.am m4 ./*/local.mk -newer configure)" ]; then
    step "generating configure" "$build/autogen.log" ./autogen.sh
  fi
  cd "$build"
  if [ ! -f Makefile ] || [ "$root/configure" -nt config.status ] ||
    [ "$options" != "$(cat configure-options 2>/dev/null)" ]; then
    rm -f configure-options
    step "configuring" "$build/configure.log" "$(source_directory)/configure" "$@"
    printf '%s' "$options" >configure-options
  fi
  step "compiling" "$build/make.log" make -j "$jobs"
}

while [[ ${1:-} == -[pb] && $# -ge 2 ]]; do
  case $1 in
    -p) sections+=("$2") ;;
    -b) build=$2 ;;
  esac
  shift 2
done
mkdir -p "$build"
build=$(cd "$build" && pwd)

install_packages
configure_and_build "$@"
