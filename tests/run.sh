#!/usr/bin/env bash
# Builds LORE and runs its tests. The last line of the output counts them.
#
#   tests/run.sh         gcc, all tests (36 minutes on two cores)
#   tests/run.sh ci      gcc with -Werror, all tests but slow ones with Slurm (LORE_SLURM_TESTS=short), with fewer
#                        kills (LORE_KILLS=4), three tests side by side (LORE_TEST_JOBS=3); clang builds with -Werror;
#                        C tests with sanitizers (about half an hour on two cores)
#   tests/run.sh full    all of that and the whole night, all tests with clang too, valgrind, shellcheck, make distcheck
#                        (and sums over 64 ranks, LORE_RANKS=1, a report of 2,000 runs, LORE_MANY=1, and a release,
#                        LORE_RELEASE=1)
#   tests/run.sh night   a sweep on a Slurm of its own with hostile variables, a run that kills its process, a full
#                        quota, a preempted task and a node that goes down (LORE_NIGHT=1 tests/test_night.bats; minutes)
#   tests/run.sh torture 1,000 random kills, 2,000 mutated studies, 1,000 mutated weights, 300 damaged directories
#                        (hours; LORE_TORTURE=0.1 makes it a tenth; LORE_TORTURE_SEED draws others; on a machine that
#                        does something else, too, LORE_TORTURE_PATIENCE=6 gives commands 6 times the time; logs and
#                        what was found are in build-sanitizers/torture)
#
# tests/delay.sh BUILD COMMIT, as root and on a quiet machine: how long 16 ranks wait for each other over links with
# 1 ms of delay, now and at an earlier commit.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

level=${1:-default}
jobs=${LORE_JOBS:-$(nproc)}
passed=0 failed=0 skipped=0
beside=() # parts of ci

say() {
  printf 'lore: %s\n' "$*"
}

# Automake keeps one log for test_x.c and test_x.bats, and so runs only one of them.
twice=$(cd tests && printf '%s\n' test_*.c test_*.bats | sed 's/\.[a-z]*$//' | sort | uniq -d)
if [ -n "$twice" ]; then
  say "these are names of two tests each; rename one of them: ${twice//$'\n'/ }"
  exit 1
fi

# count PASSED FAILED SKIPPED WHAT: adds to the totals.
count() {
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
  say "$4: $1 passed, $2 failed, $3 skipped"
}

# Prints "passed failed skipped" of one test program from its log (cmocka's totals or TAP lines).
# A program that reports nothing, or that died, counts as one test.
tally() {
  local result
  result=$(sed -n 's/^:test-result: //p' "$1")
  awk -v result="$result" '
    /^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
    /^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
    /^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }
    /^ok [0-9]+ .*# skip/ { skipped++; next }
    /^ok [0-9]+ / { passed++ }
    /^not ok [0-9]+ / { failed++ }
    END {
      if (result == "PASS" && passed + skipped == 0) passed = 1
      if (result == "SKIP") skipped++
      if (result != "PASS" && result != "SKIP" && failed == 0) failed = 1
      print passed + 0, failed + 0, skipped + 0
    }' "${1%.trs}.log"
}

# slowest BUILD: the command-line tests that took longest, with their seconds, as their logs tell.
slowest() {
  grep -oHE '^(not )?ok .* in [0-9]+ms' "$1"/tests/test_*.log |
    sed -E 's/^.*\/test_([a-z_]+)\.log:.* in ([0-9]+)ms$/\1 \2/' |
    awk '{ sum[$1] += $2 } END { for (test in sum) printf "%d %s\n", sum[test] / 1000, test }' |
    sort -rn | awk 'NR <= 12 { printf("%s%s %s s", (NR > 1 ? ", " : ""), $2, $1) }'
}

# Tests that kill, that watch clocks and Slurm, or whose ranks wait busily: each has the machine for itself.
alone=(tests/test_{deaths,kill,launch,night,probe_command,run,slurm,slurm_jobs,threads}.bats)

# Prints the other command-line tests.
others() {
  local test
  for test in tests/test_*.bats; do
    [[ " ${alone[*]} " == *" $test "* ]] || printf '%s ' "$test"
  done
}

# run_tests BUILD JOBS MAKE-ARGUMENTS...: prints a line for each test.
run_tests() {
  local build=$1 parallel=$2
  shift 2
  make -C "$build" -j "$parallel" check "$@" 2>&1 | tee "$build/check.log" |
    grep --line-buffered -E '^(PASS|FAIL|SKIP|ERROR): '
  return "${PIPESTATUS[0]}"
}

# show_failures NAME LOG: where each test of it failed, and how the log ends.
show_failures() {
  say "$1: $2 says"
  grep -A 5 "^not ok " "$2"
  say "and ends with"
  tail -n 40 "$2"
}

# suite NAME DIRECTORY MAKE-ARGUMENTS...: make check in an existing build. Two tests run side by side (or
# LORE_TEST_JOBS), as most of them wait for processes more often than for a processor.
suite() {
  local name=$1 build=$2 parallel=${LORE_TEST_JOBS:-2} status=0 trs p f s sums=(0 0 0)
  shift 2
  find "$build" -name '*.trs' -delete
  say "$name: compiling the tests ..."
  if ! make -C "$build" -j "$jobs" check TESTS= "$@" >"$build/check.log" 2>&1; then
    tail -n 40 "$build/check.log"
    count 0 1 0 "$name: compiling the tests"
    return
  fi
  say "$name: running the tests ..."
  run_tests "$build" "$parallel" shell_tests= "$@" || status=$?
  if [[ " $* " != *" shell_tests= "* ]]; then
    run_tests "$build" "$parallel" TESTS="$(others)" "$@" || status=$?
    begin_beside
    run_tests "$build" 1 TESTS="${alone[*]}" "$@" || status=$?
  fi
  while IFS= read -r -d '' trs; do
    read -r p f s < <(tally "$trs")
    sums=($((sums[0] + p)) $((sums[1] + f)) $((sums[2] + s)))
    if [ "$f" -gt 0 ]; then
      show_failures "$name" "${trs%.trs}.log"
    fi
  done < <(find "$build" -name '*.trs' -print0 | sort -z)
  if [ "$status" -ne 0 ] && [ "${sums[1]}" -eq 0 ]; then
    tail -n 40 "$build/check.log"
    sums[1]=1
  fi
  [[ " $* " == *" shell_tests= "* ]] || say "$name: longest: $(slowest "$build")"
  count "${sums[@]}" "$name"
}

run_beside() {
  local part
  renice -n 19 -p "$BASHPID" >/dev/null
  passed=0 failed=0 skipped=0
  for part in "${beside[@]}"; do
    "$part"
  done
  echo "$passed $failed $skipped" >build-beside/count
}

# begin_beside: what $beside lists runs from here on behind us at low priority, beside tests that mostly wait.
begin_beside() {
  [ ${#beside[@]} -gt 0 ] || return
  mkdir build-beside
  run_beside >build-beside/log 2>&1 &
}

# end_beside: waits for it, prints what it printed and adds its counts.
end_beside() {
  local p=0 f=1 s=0 part
  if [ ! -d build-beside ]; then # the tests that it waits beside were not reached
    for part in "${beside[@]}"; do
      "$part"
    done
    return
  fi
  wait
  cat build-beside/log
  read -r p f s <build-beside/count
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  rm -r build-beside
}

# check NAME COMMAND...: one test that is a command.
check() {
  local name=$1
  shift
  say "$name ..."
  if "$@"; then
    count 1 0 0 "$name"
  else
    count 0 1 0 "$name"
    return 1
  fi
}

quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 || {
    tail -n 60 "$log"
    return 1
  }
}

# setup NAME DIRECTORY OPTION...: a build; a failure counts as a test, a success does not.
setup() {
  local name=$1 build=$2 sections=(-p tests)
  shift 2
  case $level in
    default | night) ;;
    torture) sections+=(-p torture) ;;
    *) sections+=(-p full -p browser) ;;
  esac
  [ -z "${CI:-}" ] || set -- --disable-dependency-tracking "$@" # in a tree that is built once
  say "$name: building in $build"
  jobs/setup.sh "${sections[@]}" -b "$build" "$@" || {
    count 0 1 0 "$name: building"
    return 1
  }
}

with_gcc() {
  if [ "$level" = default ]; then
    setup gcc build && suite gcc build
  else
    setup gcc build-gcc --enable-werror && suite gcc build-gcc
  fi
}

with_clang() {
  local options=(--enable-werror CC=clang)
  [ "$level" = full ] || options+=(CFLAGS=-O0) # only warnings are wanted then
  setup clang build-clang "${options[@]}" || return
  if [ "$level" = full ]; then
    suite clang build-clang
  else
    check "clang compiles all without a warning" \
      quietly build-clang/check.log make -C build-clang -j "$jobs" check TESTS=
  fi
}

with_sanitizers() {
  setup sanitizers build-sanitizers --enable-werror --enable-sanitizers &&
    suite sanitizers build-sanitizers shell_tests=
}

# Valgrind knows no AVX-512, so not the processor at hand; oneDNN's generated code reads beyond its own
# buffers.
with_valgrind() {
  local options=(--without-onednn) command="valgrind -q --error-exitcode=99 --child-silent-after-fork=yes \
--leak-check=full --errors-for-leak-kinds=definite --num-callers=40 --suppressions='$PWD/tests/support/valgrind.supp'"
  local known=/usr/share/openmpi/openmpi-valgrind.supp
  [ -f $known ] && command+=" --suppressions=$known"
  [ "$(uname -m)" = x86_64 ] && options+=(--with-arch=x86-64-v3)
  setup valgrind build-valgrind "${options[@]}" CFLAGS='-O1 -g' &&
    suite valgrind build-valgrind shell_tests= LOG_COMPILER="$command"
}

# Without "make all" before, which makes the generated files first.
make_lore_alone() {
  rm -rf build-fresh && mkdir build-fresh && cd build-fresh && ../configure && make -j "$jobs" lore && ./lore --version &&
    cd .. && rm -rf build-fresh
}

# torture NAME BUILD COUNT: a script of tests/torture with a share of its trials.
torture() {
  local name=$1 lore=$PWD/$2/lore count work=$PWD/build-sanitizers/torture/$1
  count=$(awk -v count="$3" -v share="${LORE_TORTURE:-1}" 'BEGIN { print int(count * share + 0.5) }')
  mkdir -p "$work"
  check "torture: $count $name" env PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 "tests/torture/$name.py" "$lore" "$count" "$work" "${LORE_TORTURE_SEED:-1}"
}

with_torture() {
  setup gcc build && setup sanitizers build-sanitizers --enable-werror --enable-sanitizers || return
  torture kills build 1000
  torture studies build-sanitizers 2000
  torture weights build-sanitizers 1000
  torture results build-sanitizers 300
}

start=$SECONDS
case $level in
  default) with_gcc ;;
  ci)
    rm -rf build-beside
    beside=(with_clang with_sanitizers)
    LORE_SLURM_TESTS=short LORE_KILLS=4 LORE_TEST_JOBS=${LORE_TEST_JOBS:-3} with_gcc
    end_beside
    ;;
  full)
    LORE_NIGHT=1 LORE_RANKS=1 LORE_MANY=1 LORE_RELEASE=1 with_gcc
    with_clang
    with_sanitizers
    with_valgrind
    check shellcheck shellcheck autogen.sh jobs/*.sh jobs/*.sbatch tests/*.sh tests/support/*.bash tests/support/*.sh tests/support/slurm/*.sh src/*/*.sh src/cli/completion/bash/lore .ci/run
    check "make lore in a fresh directory" quietly build-gcc/fresh.log make_lore_alone
    check distcheck quietly build-gcc/distcheck.log make -C build-gcc -j "$jobs" distcheck
    ;;
  night) setup gcc build && LORE_NIGHT=1 suite night build TESTS=tests/test_night.bats ;;
  torture) with_torture ;;
  *)
    echo "tests/run.sh: '$level' is none of: default, ci, full, night, torture" >&2
    exit 2
    ;;
esac
say "$((SECONDS - start)) s"
summary="$passed passed, $failed failed"
[ "$skipped" -gt 0 ] && summary+=", $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
