# A Slurm of its own for a test file: munged, slurmctld and two slurmd (n1, n2) on this machine, in a
# temporary directory and on free ports. Slurm of the machine is not touched.
#
#   slurm_start DIRECTORY   in setup_file: sets SLURM_CONF; fails with the reason in $slurm_reason
#   slurm_need              in setup: skips the test where Slurm cannot run
#   slurm_slow              first in a test that takes more than ten seconds: skips it where
#                           LORE_SLURM_TESTS=short
#   slurm_ended SECONDS     waits until no job is left; fails if one is after so long
#   slurm_clear             in teardown: takes back the jobs of a test that failed
#   slurm_stop              in teardown_file
#
# tests/support/slurm/cluster.sh does the work; it also ends everything if the test file is killed.
# shellcheck shell=bash

slurm_start() {
  export slurm_directory=$1 slurm_reason=
  [ "${LORE_SLURM_TESTS:-1}" != 0 ] || {
    slurm_reason="left out by LORE_SLURM_TESTS=$LORE_SLURM_TESTS"
    return 1
  }
  unset "${!SLURM_@}" "${!SBATCH_@}" "${!SALLOC_@}" # of a job that runs the tests
  export SLURM_CONF=$1/slurm.conf
  mkdir -p "$1"
  # In a session of its own, so that an interrupt reaches the tests first; bats waits for whoever
  # holds descriptor 3.
  setsid bash "${BASH_SOURCE[0]%/*}/slurm/cluster.sh" "$1" $$ >"$1/cluster.out" 2>&1 </dev/null 3>&- &
  for _ in $(seq 600); do
    [ ! -e "$1/ready" ] || return 0
    [ ! -e "$1/failed" ] || break
    sleep 0.1
  done
  slurm_reason=$(cat "$1/failed" 2>/dev/null || echo "Slurm does not come up in a minute")
  return 1
}

# Bats 1.8 takes a skip in setup_file for a failure.
slurm_need() {
  [ -z "$slurm_reason" ] || skip "no Slurm: $slurm_reason"
}

slurm_slow() {
  [ "${LORE_SLURM_TESTS:-1}" != short ] || skip "left out by LORE_SLURM_TESTS=short"
}

slurm_ended() {
  for _ in $(seq $(($1 * 5))); do
    [ -n "$(squeue -h)" ] || return 0
    sleep 0.2
  done
  squeue
  return 1
}

slurm_clear() {
  [ -z "$slurm_reason" ] || return 0
  scancel --user="$(id -un)" || true
  tail -n 20 "$@" 2>/dev/null || true
}

slurm_stop() {
  [ -d "$slurm_directory" ] || return 0
  touch "$slurm_directory/stop"
  for _ in $(seq 200); do
    [ ! -e "$slurm_directory/stopped" ] || return 0
    sleep 0.1
  done
  echo "Slurm in $slurm_directory does not end" >&2
  return 1
}
