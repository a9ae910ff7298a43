#!/usr/bin/env bats
# One program for every x86-64 processor from v2 on: emulated ones compute with what they have, and on an older one
# lore says so before anything else.

load support/common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  [ "$(uname -m)" = x86_64 ] || skip "for x86-64 only"
  need qemu-x86_64-static
  unset LORE_ISA
  "$LORE" --version | grep -q '^  kernels  *v2 v3 v4 v4_bf16$' || skip "this build has one level"
}

# on PROCESSOR COMMAND...: exit code and output as of `run`.
on() {
  run qemu-x86_64-static -cpu "$@"
  output=$(grep -v "TCG doesn't support" <<<"$output")
  echo "exit $status: $output"
}

# A study for a processor that is emulated.
write_study() {
  cat >study.yaml <<END
name: small
population: {individuals: 16, held_out: 8}
model: {layers: 1, width: 16, heads: 2, hidden: 32}
train: {steps: 2, batch: 4, shard: 2}
evaluate: {every: 2, sequences: 4, attention_sequences: 2}
compute: {threads: 1}
END
}

@test "what is missing and what to do, with a code of its own" {
  on core2duo "$LORE" --version
  [ "$status" -eq 200 ]
  [ "$output" = "lore: error: the processor of $(uname -n) lacks what this program was compiled for: SSE4.1 SSE4.2 POPCNT; use a newer node, or build lore again for this one: ./configure --with-arch=x86-64" ]
  on Conroe "$LORE" run "$LORE_SOURCE/tests/studies/tiny.yaml" -o r
  [ "$status" -eq 200 ]
  [ ! -e r ]
  on qemu64 "$LORE"
  [ "$status" -eq 200 ]
  [[ "$output" == *" SSSE3 SSE4.1 SSE4.2 POPCNT; "* ]]
}

@test "once for each node, whatever the number of ranks" {
  fails 200 mpirun -n 3 qemu-x86_64-static -cpu Conroe "$LORE" run "$LORE_SOURCE/tests/studies/tiny.yaml" -o r
  [ ! -e r ]
}

@test "Nehalem computes with v2 and Haswell with v3: the bits of this processor at these levels" {
  write_study
  on Nehalem "$LORE" run study.yaml -o nehalem
  [ "$status" -eq 0 ]
  [[ "$output" == *"; v2 (SSE4.2)"* ]]
  on Haswell-noTSX "$LORE" run study.yaml -o haswell
  [ "$status" -eq 0 ]
  [[ "$output" == *"; v3 (AVX2)"* ]]
  LORE_ISA=v2 "$LORE" run -q study.yaml -o v2
  same_weights {nehalem,v2}/runs/small-seed1/checkpoints/weights_00000002.nc
  on Nehalem "$LORE" run study.yaml -o nehalem16 -s train.precision=bf16
  [ "$status" -eq 0 ]
  LORE_ISA=v2 "$LORE" run -q study.yaml -o v216 -s train.precision=bf16
  same_weights {nehalem,v2}16/runs/small-seed1/checkpoints/weights_00000002.nc
  not same_weights {nehalem16,v2}/runs/small-seed1/checkpoints/weights_00000002.nc
}

@test "a level that the processor lacks is refused" {
  write_study
  LORE_ISA=v3 on Nehalem "$LORE" run study.yaml -o r
  [ "$status" -eq 2 ]
  [[ "$output" == "lore: error: LORE_ISA is v3, but the processor of $(uname -n) lacks LZCNT MOVBE F16C BMI1 BMI2 AVX AVX2 FMA; use auto or v2" ]]
  on Haswell-noTSX "$LORE" run study.yaml -o r -s compute.isa=v4
  [ "$status" -eq 2 ]
  [[ "$output" == *"'compute.isa' is v4, but the processor of $(uname -n) lacks AVX512F "*"; use auto or v3" ]]
  on Haswell-noTSX "$LORE" run study.yaml -o r -s compute.isa=v4_bf16
  [ "$status" -eq 2 ]
  [[ "$output" == *"'compute.isa' is v4_bf16, but the processor of $(uname -n) lacks AVX512F "*" AVX512_BF16; use auto or v3" ]]
  [ ! -e r ]
  on Haswell-noTSX,-avx2 "$LORE" --version
  [[ "$output" == *"  here        v2 (SSE4.2)"* ]]
}
