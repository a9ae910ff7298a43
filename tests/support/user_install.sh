#!/usr/bin/env bash
# Shows what doc/install.md says of machines without root: a system gets a compiler, MPI, NetCDF,
# modules and Slurm and nothing else that LORE can use; a user installs libraries of her own and the
# release that this file is part of in her home directory, loads the module, submits a study to a
# Slurm of her own, moves the installation, and submits again.
#
#   tests/support/bare.sh RELEASE DIRECTORY tests/support/user_install.sh
#
# As root, and only in a system that may be spoiled.
set -euo pipefail

release=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
user=reader
places=/srv/lore # what root gives to the user: the release, and sources of libraries

say() {
  printf 'lore: %s\n' "$*"
}

# step WHAT COMMAND...: shows the output only if the command fails.
step() {
  local what=$1 start=$SECONDS
  shift
  "$@" >log 2>&1 </dev/null || {
    tail -n 60 log >&2
    say "$what failed"
    return 1
  }
  say "$what: done in $((SECONDS - start)) s"
}

# --- as root ---

prepare() {
  export DEBIAN_FRONTEND=noninteractive
  cd /tmp
  grep -h '^deb ' /etc/apt/sources.list | sed 's/^deb /deb-src /' >/etc/apt/sources.list.d/sources.list
  step "package list" apt-get update
  step "compiler, MPI, NetCDF, modules, Slurm" apt-get install -y --no-install-recommends gcc libc6-dev make \
    pkg-config libopenmpi-dev openmpi-bin libnetcdf-dev environment-modules munge slurm-client slurmctld slurmd procps xz-utils
  mkdir -p $places/libraries
  cd $places/libraries
  [ "$(find . -name '*.orig.tar.*' | wc -l)" -eq 3 ] || # they may be there already
    step "sources of three libraries" apt-get source --download-only --tar-only libfyaml xxhash librandom123
  rm -rf $places/release
  cp -a "$release" $places/release
  ! id $user >/dev/null 2>&1 || userdel --remove $user 2>/dev/null # of an earlier call
  useradd --create-home --shell /bin/bash $user
}

# --- as the user ---

unpack() { # PREFIX: the only directory in the archive PREFIX_*.orig.tar.*
  mkdir -p "$1" && tar -xf $places/libraries/"$1"_*.orig.tar.* -C "$1" --strip-components=1
}

install_libraries() (
  own=$HOME/lore-libraries
  unpack libfyaml && (cd libfyaml && ./configure --prefix="$own" && make -j 2 install) &&
    unpack xxhash && (cd xxhash && make install PREFIX="$own") &&
    unpack librandom123 && mkdir -p "$own/include" && cp -r librandom123/include/Random123 "$own/include/"
)

install_lore() (
  own=$HOME/lore-libraries
  rm -rf build && mkdir build && cd build &&
    $places/release/configure --prefix="$HOME/lore" --with-fyaml="$own" --with-xxhash="$own" \
      --with-random123="$own" && make -j 2 && make install
)

# use PLACE RESULTS: what a user does then. Both ways of running end with the same three numbers.
use() {
  local study=$places/release/tests/studies/tiny.yaml
  module use "$1/share/modulefiles"
  module load lore
  [ "$(command -v lore)" = "$1/bin/lore" ]
  lore --version | head -n 1
  lore run -q -s compute.threads=1 "$study" -o "$2-alone" | tail -n 3 >"$2-alone.log"
  sbatch --wait --time=5 --ntasks=2 -o "$2.log" "$LORE_ROOT/share/lore/jobs/run.sbatch" "$study" "$2" -s compute.threads=1
  tail -n 3 "$2.log" | diff - "$2-alone.log"
  cat "$2-alone.log"
  lore verify "$2"
  lore report "$2" -o "$2.html"
  if lore probe "$2" >probe.out 2>&1; then
    say "lore probe ran without ScaLAPACK"
    return 1
  fi
  cat probe.out
  module unload lore
}

as_user() {
  cd "$HOME"
  step "libraries of her own" install_libraries
  step "LORE" install_lore
  # shellcheck disable=SC1091
  source /usr/share/modules/init/bash
  # shellcheck source=tests/support/slurm.bash
  source $places/release/tests/support/slurm.bash
  slurm_start "$HOME/slurm" || {
    say "no Slurm: ${slurm_reason:-}"
    return 1
  }
  trap slurm_stop EXIT
  use "$HOME/lore" first
  mkdir "$HOME/elsewhere"
  mv "$HOME/lore" "$HOME/elsewhere/lore-moved"
  use "$HOME/elsewhere/lore-moved" second
}

if [ "${1:-}" = --user ]; then
  as_user
else
  [ "$(id -u)" -eq 0 ] || { say "error: this needs root, to install packages and add a user"; exit 1; }
  prepare
  setpriv --reuid=$user --regid=$user --init-groups env -i HOME=/home/$user USER=$user PATH=/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 bash $places/release/tests/support/user_install.sh --user
fi
