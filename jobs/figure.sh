#!/usr/bin/env bash
# Trains the small studies of a figure, unless they are finished already, and plots the figure.
#
#   jobs/figure.sh 4            # results/small/fig4.png, and the numbers in it as fig4_numbers.nc
#   jobs/figure.sh 2 F M        # several; a study that they share is trained once
#   jobs/figure.sh all          # all, the open questions, and the table of findings (hours)
#   jobs/figure.sh -s compute.isa=v3 exposure   # with other settings, as for lore run: here on a processor without
#                                               # AVX512_BF16, which the studies beyond the paper name
#
# To do the same at the paper's scale: lore submit jobs/studies/fig4.yaml (doc/figures.md).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The studies in jobs/studies/small that each figure needs.
declare -A studies=(
  [2]="fig2" [3]="fig3" [4]="fig4 figI figG" [5]="fig2 fig5" [A]="figA" [C]="figC fig2" [D]="fig3" [F]="fig2"
  [G]="fig4 figG" [H]="figH fig4" [I]="figI adaptive fig4" [J]="figI figH figG fig4" [K]="figI fig4 figG figK" [L]="figI figG fig4"
  [M]="fig2" [N]="fig5" [O]="fig5" [P]="figP" [Q]="figQ" [R]="figR" [S]="figS" [T]="figT" [U]="figU" [V]="figV"
  [W]="figW" [X]="figS" [questions]="adaptive figI figH throw_away repeats fig4" [precision]="precision precision_power_law"
  [exposure]="exposure" [injection]="injection" [mixture]="mixture" [bits]="stored_bits" [optimizers]="optimizers"
  [asking]="asking"
)
all=(2 3 4 5 A C D F G H I J K L M N O P Q R S T U V W X questions precision exposure injection mixture bits optimizers asking)

lore=${LORE:-build/lore}
results=${RESULTS:-results/small}
python=${PYTHON:-/usr/bin/python3}
cores=$(nproc)

overrides=()
while [ "${1:-}" = -s ] && [ $# -gt 1 ]; do
  overrides+=(-s "$2")
  shift 2
done
[ $# -gt 0 ] || set -- --help
if [ "$1" = --help ] || [ "$1" = -h ]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | grep -v '^set'
  exit 0
fi
[ "$1" != all ] || set -- "${all[@]}"
for figure in "$@"; do
  if [ -z "${studies[$figure]:-}" ]; then
    echo "lore: there is no figure '$figure'; the figures are ${all[*]}" >&2
    exit 2
  fi
done
if ! command -v "$lore" >/dev/null; then
  echo "lore: cannot find $lore; build it first (jobs/setup.sh), or set LORE=/path/to/lore" >&2
  exit 1
fi
# Open MPI 4 and 5: as many ranks as processors, even if it counts cores; as root, in containers.
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# train STUDY: one run per core at a time.
train() {
  local study=jobs/studies/small/$1.yaml ranks=$cores runs
  runs=$("$lore" plan "$study" "${overrides[@]}" --gflops 1 --json | "$python" -c 'import json, sys; print(len(json.load(sys.stdin)["runs"]))')
  [ "$ranks" -le "$runs" ] || ranks=$runs
  echo "lore: $study: $runs runs, $ranks at a time"
  mpirun -n "$ranks" --bind-to none "$lore" run "$study" -o "$results/$1" "${overrides[@]}"
}

directories=()
for figure in "$@"; do
  for study in ${studies[$figure]}; do
    [[ " ${directories[*]} " == *" $results/$study "* ]] && continue
    train "$study"
    directories+=("$results/$study")
  done
  paths=()
  for study in ${studies[$figure]}; do paths+=("$results/$study"); done
  "$python" analysis/figures.py "$figure" "${paths[@]}" -o "$results/fig$figure.png"
done
"$python" analysis/findings.py "${directories[@]}" -o "$results/findings.md"
