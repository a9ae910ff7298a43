# shellcheck shell=bash
# What most test files share: they begin with `load support/common`. make check sets the variables.

: "${LORE:?is the program to test}" "${LORE_SOURCE:?is the source tree}"
export LORE_BUILD=${LORE_BUILD:-$(dirname "$LORE")} PYTHON=${PYTHON:-/usr/bin/python3}
# No fault of a test passes by waiting.
export LORE_RETRY_WAIT=0

# A file that needs more than an empty directory for each test has a setup of its own.
setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# need COMMAND: skips the test without it.
need() {
  command -v "$1" >/dev/null || skip "$1 is not installed"
}

need_xarray() {
  "$PYTHON" -c 'import xarray, netCDF4' 2>/dev/null || skip "no python3 with xarray and netCDF4"
}

# not COMMAND...: the command fails. (A bare "!" would not end a test.)
not() {
  if "$@"; then
    return 1
  fi
}

# fails CODE COMMAND...: the command fails with CODE and one message, in $output.
fails() {
  local code=$1
  shift
  run "$@"
  # shellcheck disable=SC2154 # run sets both
  echo "exit $status: $output"
  [ "$status" -eq "$code" ]
  [ "$(grep -c 'lore: error:' <<<"$output")" -eq 1 ]
}

# same_metrics A B [--but VARIABLE...]: two metrics files have the same values, times aside.
same_metrics() {
  "$PYTHON" "$LORE_SOURCE/tests/support/same_metrics.py" "$@"
}

# same_weights A B: two files of weights have the same values.
same_weights() {
  "$PYTHON" "$LORE_SOURCE/tests/support/same_weights.py" "$@"
}

# same_results DIRECTORY REFERENCE [--but VARIABLE...]: so have all runs of two directories, draws included.
same_results() {
  "$PYTHON" "$LORE_SOURCE/tests/support/same_results.py" "$@"
}
