#!/usr/bin/env bats
# Which level of kernels a run uses: compute.isa, LORE_ISA, the processors of a group, and what a resumed run was
# begun with. Processors that are not at hand: test_processor.bats.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/tiny.yaml RUN=runs/tiny-seed1
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  unset LORE_ISA
  "$LORE" --version | grep -q '^  kernels  *v2 v3 v4 v4_bf16$' || skip "this build has one level"
  here=$("$LORE" --version | sed -n 's/^  here *\(v[0-9a-z_]*\) .*/\1/p')
  [ "$here" != v2 ] || skip "this processor has one level"
}

# isa FILE: the level that computed a metrics file.
isa() {
  ncdump -h "$1" | sed -n 's/^\t\t:isa = "\(.*\)" ;/\1/p'
}

@test "every symbol of a level's library is named after it" {
  need nm
  for level in v2 v3 v4 v4_bf16; do
    nm -g --defined-only "$LORE_BUILD/libkernels_$level.a" 2>&1 | awk 'NF == 3 { print $3 }' >symbols
    [ "$(wc -l <symbols)" -ge 30 ]
    not grep -v "_$level\$" symbols
  done
}

@test "the highest by default, a lower one by setting or environment; said and kept" {
  need ncdump
  "$LORE" check "$STUDY" | grep -q "^kernels  *$here (.*) here; this build has v2, v3, v4, v4_bf16$"
  "$LORE" check --json "$STUDY" | grep -q "\"isa\": *\"$here\""
  "$LORE" run "$STUDY" -o default >log 2>&1
  cat log
  grep -q "^lore: 1 rank x .*; $here (.*)$" <(head -n 1 log)
  [ "$(isa default/$RUN/metrics.nc)" = "$here" ]
  grep -q "^isa: \"$here\"$" default/$RUN/state.yaml
  LORE_ISA=v2 "$LORE" run "$STUDY" -o environment >log 2>&1
  grep -q '; v2 (SSE4.2)$' <(head -n 1 log)
  "$LORE" run "$STUDY" -o setting -s compute.isa=v2 >log 2>&1
  grep -q '; v2 (SSE4.2)$' <(head -n 1 log)
  LORE_ISA=v2 "$LORE" run -q "$STUDY" -o both -s compute.isa="$here"
  for directory in environment setting both; do
    [ "$(isa $directory/$RUN/metrics.nc)" = v2 ]
    same_metrics {environment,$directory}/$RUN/metrics.nc --but compute_isa
  done
  # It is no part of what a run is: the hash stays.
  [ "$(grep ^hash: default/$RUN/state.yaml)" = "$(grep ^hash: setting/$RUN/state.yaml)" ]
  # Other bits, the same numbers.
  not same_weights {default,setting}/$RUN/checkpoints/weights_00000040.nc
  "$PYTHON" - {default,setting}/$RUN/metrics.nc <<'END' || [ $? -eq 77 ]
import sys
try:
    import netCDF4
except ImportError:
    sys.exit(77)
a, b = (netCDF4.Dataset(path)["attribute_loss"][:] for path in sys.argv[1:])
assert abs(a - b).max() < 1e-4, (a, b)
END
}

@test "names that are none: one message, and nothing is begun" {
  LORE_ISA=avx fails 2 "$LORE" run "$STUDY" -o r
  [[ $output == *"LORE_ISA is 'avx'; this build of lore has kernels for v2, v3, v4, v4_bf16, or use auto" ]]
  LORE_ISA=avx fails 2 mpirun -n 2 "$LORE" run "$STUDY" -o r
  LORE_ISA=V3 fails 2 "$LORE" bench --seconds 1 S
  fails 2 "$LORE" run "$STUDY" -o r -s compute.isa=v9
  [[ $output == *"'compute.isa' is the text 'v9'; it must be one of auto, v2, v3, v4, v4_bf16"* ]]
  [ ! -e r ]
}

@test "at each level, any number of ranks gives the same bits; a group agrees on its lowest" {
  short=(-s compute.threads=1 -s train.steps=8 -s checkpoint.snapshots=[])
  for level in v2 "$here"; do
    for ranks in 1 2 3; do
      LORE_ISA=$level mpirun -n $ranks "$LORE" run -q "$STUDY" -o "$level-$ranks" "${short[@]}"
      same_metrics {$level-1,$level-$ranks}/$RUN/metrics.nc
      same_weights {$level-1,$level-$ranks}/$RUN/checkpoints/weights_00000008.nc
    done
  done
  mpirun -n 1 "$LORE" run "$STUDY" -o mixed "${short[@]}" : \
    -n 1 env LORE_ISA=v2 "$LORE" run "$STUDY" -o mixed "${short[@]}" >log 2>&1
  cat log
  grep -q "; v2 (SSE4.2) to $here (.*), in a group the lowest$" <(head -n 1 log)
  [ "$(isa mixed/$RUN/metrics.nc)" = v2 ]
  same_metrics {v2-1,mixed}/$RUN/metrics.nc
  same_weights {v2-1,mixed}/$RUN/checkpoints/weights_00000008.nc
}

# stop DIRECTORY: begins the study and stops it early.
stop() {
  local code=0
  "$LORE" run -q "$STUDY" -o "$1" --max-hours 0.0001 || code=$?
  [ "$code" -eq 75 ]
}

@test "a resumed run keeps its level; without it, or a record of it, it says so" {
  need ncdump
  LORE_ISA=v2 stop kept
  cp -r kept earlier
  "$LORE" run -q "$STUDY" -o kept >log 2>&1
  not grep -q warning log
  [ "$(isa kept/$RUN/metrics.nc)" = v2 ]
  LORE_ISA=v2 "$LORE" run -q "$STUDY" -o whole
  same_metrics {kept,whole}/$RUN/metrics.nc
  same_weights {kept,whole}/$RUN/checkpoints/weights_00000040.nc

  stop lower
  LORE_ISA=v2 "$LORE" run -q "$STUDY" -o lower >log 2>&1
  cat log
  [ "$(grep -c "warning: tiny-seed1: trained with the instructions of $here before, which not all ranks may use now: with those of v2 from here on, so its last bits will differ" log)" -eq 1 ]
  isa lower/$RUN/metrics.nc | grep -Eq "^$here; v2 from step [0-9]+$"

  # As versions left it that knew no levels.
  sed -i '/^isa: /d' earlier/$RUN/state.yaml
  "$LORE" run -q "$STUDY" -o earlier >log 2>&1
  grep -q '^resumed from *step' log
  not grep -q warning log
  isa earlier/$RUN/metrics.nc | grep -Eq "^v2; $here from step [0-9]+$"
}

@test "lore collect keeps backend, level and host of every run" {
  need ncdump
  cat >sweep.yaml <<END
name: sweep
population: {individuals: 64, held_out: 32}
model: {layers: 1, width: 32, heads: 2, hidden: 64}
train: {steps: 20, batch: 8, shard: 2}
evaluate: {every: 10, sequences: 24, attention_sequences: 8}
compute: {threads: 1}
sweep: {grid: {compute.isa: [v2, $here]}}
END
  "$LORE" run -q sweep.yaml -o sweep
  "$LORE" collect sweep
  ncdump -v isa,host,gemm_backend sweep/sweep.nc | sed -n '/^data:/,$p' | tr -d ' \n' >text
  cat text
  grep -q "isa=\"v2\",\"$here\";" text
  grep -q 'gemm_backend="builtin","builtin";' text
  grep -q "host=\"$(uname -n)\",\"$(uname -n)\";" text
}
