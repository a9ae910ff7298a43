#!/usr/bin/env bats
# On a processor that lacks what it was compiled for, lore says so before anything else.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  [ "$(uname -m)" = x86_64 ] || skip "for x86-64 only"
  need qemu-x86_64-static
  # shellcheck disable=SC2046 # the flags of the build
  "${CC:-cc}" $("$LORE" --version | grep -o -- '-march=[^ ]*') -dM -E -x c /dev/null >macros
  grep -q __AVX2__ macros || skip "this build does without AVX2"
}

# on PROCESSOR COMMAND...: exit code and output as of `run`.
on() {
  run qemu-x86_64-static -cpu "$@"
  output=$(grep -v "TCG doesn't support" <<<"$output")
  echo "exit $status: $output"
}

@test "what is missing and what to do, with a code of its own" {
  on Haswell-noTSX,-avx2 "$LORE" --version
  [ "$status" -eq 200 ]
  [ "$output" = "lore: error: the processor of $(uname -n) lacks what this program was compiled for: AVX2; use a newer node, or build lore again for this one: ./configure --with-arch=x86-64-v2" ]
  on Nehalem "$LORE" run "$LORE_SOURCE/tests/studies/tiny.yaml" -o r
  [ "$status" -eq 200 ]
  [[ "$output" == *" LZCNT MOVBE F16C BMI1 BMI2 AVX AVX2 FMA; "*"=x86-64-v2" ]]
  [ ! -e r ]
  on qemu64 "$LORE"
  [ "$status" -eq 200 ]
  [[ "$output" == *" SSSE3 SSE4.1 SSE4.2 POPCNT "*"=x86-64" ]]
}

@test "once for each node, whatever the number of ranks" {
  fails 200 mpirun -n 3 qemu-x86_64-static -cpu Nehalem "$LORE" run "$LORE_SOURCE/tests/studies/tiny.yaml" -o r
  [ ! -e r ]
}

@test "a processor that has all is no obstacle" {
  grep -q __AVX512F__ macros && skip "no emulator knows AVX-512"
  on max "$LORE" help
  [ "$status" -eq 0 ]
  [[ "$output" == *"200 the processor lacks"* ]]
}
