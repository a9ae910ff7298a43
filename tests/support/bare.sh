#!/usr/bin/env bash
# Shows that LORE's two commands work on a bare Debian: makes one with debootstrap, copies this tree
# into it and runs both there, in namespaces of their own.
#
#   tests/support/bare.sh RELEASE DIRECTORY [COMMAND]...
#
# RELEASE    bookworm (Debian 12), trixie (Debian 13), ...
# DIRECTORY  where the system is made; one that is there already is used as it is
# COMMAND    what to run in the tree there (default: jobs/quickstart.sh and tests/run.sh)
# MIRROR     Debian packages are taken from here (default: debootstrap's own choice)
# BARE_KEEP_BUILD=1 keeps what an earlier call has built there
#
# Needs root, debootstrap and unshare. Processes and mounts of a command live in its namespaces and
# end with it, however it ends. The log of each command is DIRECTORY/COMMAND.log.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() {
  printf 'lore: %s\n' "$*"
}

stop() {
  printf 'lore: error: %s\n' "$*" >&2
  exit 1
}

# Inside the namespaces: mounts what a running system has, and runs a command in the tree's copy.
enter() {
  local root=$1 command=$2
  mount --make-rprivate /
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 ${LORE_JOBS:+LORE_JOBS="$LORE_JOBS"} /bin/sh -c "cd /root/lore && exec $command"
}

make_system() {
  local release=$1 root=$2
  if [ ! -e "$root/etc/debian_version" ]; then
    say "making $release in $root ..."
    mkdir -p "$root"
    debootstrap --variant=minbase "$release" "$root" ${MIRROR:+"$MIRROR"} >"$root.log" 2>&1 || {
      tail -n 20 "$root.log" >&2
      stop "debootstrap failed; the log is $root.log"
    }
    mv "$root.log" "$root/debootstrap.log"
  fi
  # Names of hosts as outside; daemons of packages do not start by themselves, as in a container.
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  printf '127.0.0.1 localhost %s\n' "$(hostname)" >"$root/etc/hosts"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
}

# The files of a checkout as they are now, without what was built; all files of a release.
copy_tree() {
  local copy=$1/root/lore
  [ "${BARE_KEEP_BUILD:-0}" = 1 ] || rm -rf "$copy"
  mkdir -p "$copy"
  if [ -e "$tree/.git" ]; then
    (cd "$tree" && git ls-files -z | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done)
  else
    (cd "$tree" && find . -path './build*' ! -path './build-aux*' -prune -o -type f -print0)
  fi | tar -C "$tree" --null --files-from=- -cf - | tar -C "$copy" --no-same-owner -xf -
}

# run ROOT COMMAND
run() {
  local root=$1 command=$2 log status=0 start=$SECONDS
  log=$root/$(tr -cs 'A-Za-z0-9\n' '-' <<<"$command").log
  say "$(cat "$root/etc/debian_version"): $command ..."
  unshare --mount --pid --fork --kill-child -- "${BASH_SOURCE[0]}" --inside "$root" "$command" >"$log" 2>&1 </dev/null ||
    status=$?
  tail -n 3 "$log"
  if [ "$status" -ne 0 ]; then
    say "$(cat "$root/etc/debian_version"): $command: FAILED with exit code $status; the log is $log"
    return 1
  fi
  say "$(cat "$root/etc/debian_version"): $command: passed in $((SECONDS - start)) s"
}

if [ "${1:-}" = --inside ]; then
  shift
  enter "$@"
fi
if [ $# -lt 2 ] || [[ $1 == -* ]]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | grep -v '^set'
  [[ ${1:-} == -h || ${1:-} == --help ]] && exit 0
  exit 2
fi
[ "$(id -u)" -eq 0 ] || stop "this needs root, for chroot and mount"
for tool in debootstrap unshare; do
  command -v $tool >/dev/null || stop "this needs $tool"
done

release=$1
mkdir -p "$2"
root=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- jobs/quickstart.sh tests/run.sh
make_system "$release" "$root"
copy_tree "$root"
failed=0
for command in "$@"; do
  run "$root" "$command" || failed=1
done
exit $failed
