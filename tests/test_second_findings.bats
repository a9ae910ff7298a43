#!/usr/bin/env bats
# The table of findings, computed a second time by a script that has nothing in common with it but the
# criteria's words: every verdict, p value and interval has to be equal.

load support/common

setup() {
  need_xarray
  "$PYTHON" -c 'import scipy' 2>/dev/null || skip "no python3 with scipy"
  cd "$BATS_TEST_TMPDIR" || return
}

# findings DIRECTORY...: findings.json
findings() {
  "$PYTHON" "$LORE_SOURCE/analysis/findings.py" "$@" -o findings.md --json findings.json >/dev/null
}

# second DIRECTORY...: compares with findings.json
second() {
  run "$PYTHON" -B "$LORE_SOURCE/tests/support/second_findings.py" findings.json "$@"
  echo "$output"
}

# change FILE PYTHON: changes d, the opened file. cut(RUN, N) leaves N records of a run.
change() {
  "$PYTHON" -c "import netCDF4
d = netCDF4.Dataset('$1', 'r+')
def cut(run, records):
    for values in d.variables.values():
        if values.dimensions[:2] == ('run', 'step'):
            values[run, records:] = values._FillValue
$2
d.close()"
}

@test "the stored studies, beside a scale of some of them" {
  mkdir part
  cp "$LORE_SOURCE"/data/small/{fig2,fig3,fig5,figC,figG,figI,figR,figT,throw_away}.nc part
  chmod u+w part/*
  # Fewer seeds, other verdicts; each seed misses another population; parents of which one record is left; a
  # weight of replay with which more is forgotten.
  change part/fig2.nc "for run in (0, 5, 10, 15): cut(run, 0)"
  change part/fig5.nc "d['attribute_accuracy'][9, :, 0] /= 2; cut(12, 0); cut(0, 1)"
  change part/figI.nc "d['attribute_loss'][7] *= 1.3; cut(4, 0)"
  change part/figR.nc "for run in (d['memory_replay_weight'][:] == 0.03125).nonzero()[0]:
    accuracy = d['attribute_accuracy'][run]
    accuracy[1:, 0] *= 0
    d['attribute_accuracy'][run] = accuracy"
  findings "$LORE_SOURCE/data/small" part
  second "$LORE_SOURCE/data/small" part
  [ "$status" -eq 0 ]
  [ "$output" = "all 61 rows agree, in every number, at each of 2 scales" ]
}

@test "planted studies of what goes beyond the paper, both ways round" {
  for kind in bits roomy exposure injection mixture optimizers asking; do
    mkdir $kind other_$kind
    "$PYTHON" "$LORE_SOURCE/tests/support/planted.py" $kind $kind/$kind.nc
    "$PYTHON" "$LORE_SOURCE/tests/support/planted.py" $kind other_$kind/$kind.nc opposite
  done
  findings ./*/
  second ./*/
  [ "$status" -eq 0 ]
  [ "$output" = "all 61 rows agree, in every number, at each of 14 scales" ]
}

@test "a number that was changed afterwards is noticed, and where" {
  mkdir part
  cp "$LORE_SOURCE"/data/small/{fig2,figP,figT}.nc part
  chmod u+w part/*
  findings part
  second part
  [ "$status" -eq 0 ]
  change part/fig2.nc "d['plateau_end'][2] *= 1.0001"
  second part
  [ "$status" -eq 1 ]
  [[ $output == *"Plateau end is a power law in N: "*" against "* ]]
  [[ $output != *"Fine-tuning on rare seen people"* ]]
  cp "$LORE_SOURCE/data/small/fig2.nc" part
  sed 's/"verdict": "holds"/"verdict": "does not hold"/' -i findings.json
  second part
  [ "$status" -eq 1 ]
  [[ $output == *"verdict holds against does not hold"* ]]
}
