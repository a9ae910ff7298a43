#!/usr/bin/env bats
# The Python package: its types, its commands, and that it works where it is installed.

setup_file() {
  : "${LORE_SOURCE:?is the source tree}" "${LORE_BUILD:?is the build}"
  for PYTHON in python3 /usr/bin/python3 none; do
    "$PYTHON" -c 'import xarray, netCDF4, matplotlib' 2>/dev/null && break
  done
  export PYTHON ANALYSIS=$LORE_SOURCE/analysis MPLCONFIGDIR=$BATS_FILE_TMPDIR
}

setup() {
  [ "$PYTHON" != none ] || skip "no python3 with xarray, netCDF4 and matplotlib"
  cd "$BATS_TEST_TMPDIR" || return
}

@test "types" {
  # Continuous integration sets CI: there, a missing checker is a failure.
  command -v mypy || [ -n "${CI:-}" ] || skip "mypy is not installed"
  cd "$ANALYSIS" || return
  mypy --python-executable "$PYTHON" --cache-dir "$BATS_FILE_TMPDIR"
}

@test "the checker of types finds a mistake" {
  command -v mypy || [ -n "${CI:-}" ] || skip "mypy is not installed"
  cp -R --preserve=timestamps "$ANALYSIS" analysis # what the test above has found of the other files counts
  chmod -R u+w analysis
  cd analysis || return
  sed -i 's/paired(table\[more\], table\[least\])/paired(table[more], "least")/' lore/findings/phases.py
  run mypy --python-executable "$PYTHON" --cache-dir "$BATS_FILE_TMPDIR"
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *'lore/findings/phases.py'*'incompatible type "str"'* ]]
}

@test "python3 -m lore does what the scripts do" {
  "$PYTHON" "$ANALYSIS/figures.py" P "$LORE_SOURCE/data/small/figP.nc" -o script.png
  PYTHONPATH=$ANALYSIS "$PYTHON" -m lore figures P "$LORE_SOURCE/data/small/figP.nc" -o module.png
  cmp script.png module.png
  cmp script_numbers.nc module_numbers.nc
  export PYTHONPATH=$ANALYSIS
  run "$PYTHON" -m lore figures Z nowhere
  [ "$status" -eq 2 ]
  [[ $output == "lore: error: there is no figure 'Z'"* ]]
  run "$PYTHON" -m lore --help
  [ "$status" -eq 0 ]
  for command in figures findings probe quickstart forward; do
    grep -Eq "^  $command +[A-Z]" <<<"$output"
    "$PYTHON" "$ANALYSIS/$command.py" --help | grep -q "^usage: $command.py "
  done
  "$PYTHON" -m lore probe --help | grep -q "^usage: python3 -m lore probe "
  run "$PYTHON" -m lore nonsense
  [ "$status" -eq 2 ]
}

@test "a forward pass and a table need no matplotlib" {
  mkdir -p without/matplotlib
  echo 'raise ImportError("not here")' >without/matplotlib/__init__.py
  export PYTHONPATH=$PWD/without
  run "$PYTHON" "$ANALYSIS/figures.py" P "$LORE_SOURCE/data/small/figP.nc" -o picture.png
  [[ $output == *"not here"* ]]
  "$PYTHON" "$ANALYSIS/findings.py" "$LORE_SOURCE/data/small/figP.nc" -o table.md | grep -q '^| finding'
  "$PYTHON" "$ANALYSIS/forward.py" --help | grep -q checkpoint
}

@test "every module is installed, works there, and is uninstalled with its bytecode" {
  local place=$PWD/root/share/lore/analysis each=nobase_dist_analysis
  unset MAKEFLAGS MAKELEVEL MFLAGS
  make -C "$LORE_BUILD" -s "prefix=$PWD/root" install-${each}SCRIPTS install-${each}DATA
  diff <(cd "$ANALYSIS" && find . -name '*.py' ! -path './build/*' | sort) <(cd "$place" && find . -name '*.py' | sort)
  [ -x "$place/findings.py" ]
  "$PYTHON" "$place/findings.py" "$LORE_SOURCE/data/small/figP.nc" -o table.md | grep -q '^| finding'
  PYTHONPATH=$place "$PYTHON" -c 'import lore, sys; assert lore.open(sys.argv[1]).sizes["run"] == 9' \
    "$LORE_SOURCE/data/small/figP.nc"
  make -C "$LORE_BUILD" -s "prefix=$PWD/root" uninstall-${each}SCRIPTS uninstall-${each}DATA uninstall-hook
  [ ! -e "$place" ]
}

@test "settings that files of earlier versions lack have the defaults of the schema" {
  "$LORE" settings --schema >schema.json
  PYTHONPATH=$ANALYSIS "$PYTHON" - "$LORE_SOURCE/data/small/fig2.nc" <<'PY'
import json, sys
import netCDF4
from lore.findings.rules import RULES
from lore.records import LATER
from lore.study import ASIDE
schema = json.load(open("schema.json"))
with netCDF4.Dataset(sys.argv[1]) as file:
    lacks = {key.replace(".", "_"): about["default"] for key, about in schema["$defs"].items()
             if "default" in about and key.replace(".", "_") not in file.variables}
lacks = {name: "".join(value) if isinstance(value, list) else value for name, value in lacks.items()
         if not name.startswith(("memory_", *ASIDE))}
assert lacks == LATER, (lacks, LATER)
assert [name for name in LATER if name not in RULES] == []  # which other programs are written by
PY
}
