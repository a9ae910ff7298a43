#!/usr/bin/env bats
# make install: what it installs is complete, works there, and is uninstalled again.

load support/common

setup_file() {
  unset MAKEFLAGS MAKELEVEL MFLAGS
  export ROOT=$BATS_FILE_TMPDIR/root/usr
  make -C "$LORE_BUILD" -s prefix=/usr "DESTDIR=$BATS_FILE_TMPDIR/root" install >"$BATS_FILE_TMPDIR/log" 2>&1 || {
    cat "$BATS_FILE_TMPDIR/log"
    return 1
  }
}

@test "every page that the man page or a page names, and what the pages show" {
  cd "$ROOT/share/doc/lore"
  for page in $(sed -n '/^.SH SEE ALSO/,$p' "$ROOT/share/man/man1/lore.1" | grep -o '[a-z]*\.md'); do
    [ -f "doc/$page" ]
  done
  diff <(cd "$LORE_SOURCE" && ls README.md CHANGELOG.md CITATION.cff CONTRIBUTING.md COPYING data/README.md doc/*.md doc/pictures/*) \
    <(find . -type f | sed 's|^\./||' | sort)
}

@test "studies of both sizes, and the scripts for Slurm" {
  diff <(cd "$LORE_SOURCE/jobs/studies" && find . -name '*.yaml' | sort) <(cd "$ROOT/share/lore/studies" && find . -type f | sort)
  for script in run collect; do
    cmp "$LORE_SOURCE/jobs/$script.sbatch" "$ROOT/share/lore/jobs/$script.sbatch"
  done
  "$ROOT/bin/lore" check "$ROOT/share/lore/studies/small/figP.yaml"
}

@test "a page for each command, and what shells and editors look for" {
  for command in $("$ROOT/bin/lore" --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'); do
    grep -q "^\.TH LORE.-${command^^} 1 " "$ROOT/share/man/man1/lore-$command.1"
  done
  ls "$ROOT"/share/man/man1/lore.1 "$ROOT"/share/man/man5/lore-study.5 \
    "$ROOT"/share/bash-completion/completions/lore "$ROOT"/share/zsh/site-functions/_lore \
    "$ROOT"/share/fish/vendor_completions.d/lore.fish
  "$ROOT/bin/lore" settings --schema | cmp - "$ROOT/share/lore/study.schema.json"
}

@test "scripts of Python can be called, whatever python3 comes first" {
  /usr/bin/python3 -c 'import xarray, netCDF4, matplotlib' 2>/dev/null || skip "/usr/bin/python3 has no matplotlib, xarray and netCDF4"
  mkdir programs
  cat >programs/python3 <<'END' # one that finds no packages but its own
#!/bin/sh
exec /usr/bin/python3 -S "$@"
END
  chmod +x programs/python3
  for script in "$ROOT"/share/lore/analysis/*.py; do
    PATH=$PWD/programs:$PATH "$script" --help | grep -q "^usage: $(basename "$script")"
  done
  PATH=$PWD/programs:$PATH "$ROOT/share/lore/analysis/figures.py" P "$LORE_SOURCE/data/small/figP.nc" -o figP.png
  [ -s figP.png ]
}

@test "without the packages anywhere: one sentence" {
  code=0
  LORE_PYTHON_CHANGED=1 /usr/bin/python3 -S "$ROOT/share/lore/analysis/quickstart.py" nowhere >out 2>err || code=$?
  cat err
  [ "$code" -eq 1 ]
  [ ! -s out ]
  [ "$(wc -l <err)" -eq 1 ]
  grep -q '^lore: error: no Python package .*python3-xarray' err
}

# with_modules COMMAND...: in a shell that has Environment Modules or Lmod.
with_modules() {
  local place
  for place in /usr/share/modules /usr/share/lmod/lmod; do
    if [ -r $place/init/bash ]; then
      env -u MANPATH -u PYTHONPATH bash -c 'source '$place'/init/bash; "$@"' bash "$@"
      return
    fi
  done
  [ -z "${CI:-}" ] || return 1 # there, missing modules are a failure
  skip "there are neither Environment Modules nor Lmod"
}

loaded() {
  module use "$1/share/modulefiles"
  module load lore
  type -P lore
  echo "$LORE_ROOT $PYTHONPATH ${MANPATH-}"
  module unload lore
  echo "${LORE_ROOT-gone} $(type -P lore)"
}

@test "the whole can be moved: module load, programs, scripts for Slurm and for Python" {
  cp -a "$ROOT" moved
  export -f loaded
  with_modules loaded "$PWD/moved" >out
  cat out
  grep -qx "$PWD/moved/bin/lore" out
  grep -qx "$PWD/moved $PWD/moved/share/lore/analysis " out
  grep -qx "gone *" out
  PATH=$PWD/moved/bin:$PATH
  lore run -q "$LORE_SOURCE/tests/studies/tiny.yaml" -o results -s compute.threads=1
  lore submit "$LORE_SOURCE/tests/studies/tiny.yaml" -o submitted --time 1:00:00 | grep -q "^LORE=$PWD/moved/bin/lore sbatch "
  grep -q "$PWD/moved/bin/lore" submitted/jobs/run.sbatch
  /usr/bin/python3 -c 'import xarray, netCDF4, matplotlib' 2>/dev/null || return 0
  "$PWD"/moved/share/lore/analysis/quickstart.py results -o picture.png
  [ -s picture.png ]
}

@test "a prefix with spaces" {
  local prefix="$PWD/own place/lore 1" build=$LORE_BUILD
  unset MAKEFLAGS MAKELEVEL MFLAGS
  make -C "$build" -s "prefix=$prefix" install-exec install-modulefileDATA >log 2>&1 || { cat log && return 1; }
  "$prefix/bin/lore" --version | grep -q '^lore '
  [ -f "$prefix"/share/modulefiles/lore/* ]
}

@test "recipes for clusters are for this version and know all options" {
  local cluster=$LORE_SOURCE/jobs/cluster version option
  version=$("$ROOT/bin/lore" --version | sed -n '1s/^lore \([^ ]*\).*/\1/p')
  grep -qx "    version(\"$version\")" "$cluster/spack/spack_repo/lore/packages/lore/package.py"
  grep -qx "version = '$version'" "$cluster/easybuild/LORE.eb"
  for file in "$cluster"/spack/spack_repo/lore/packages/lore/package.py "$cluster"/easybuild/*.eb; do
    "$PYTHON" -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' "$file"
  done
  [ -x "$LORE_SOURCE/configure" ] || skip "there is no configure in the source directory"
  "$LORE_SOURCE/configure" --help >help
  for option in $(grep -oh -e '--with\(out\)\{0,1\}-[a-z0-9]*' "$cluster"/easybuild/LORE.eb \
    "$cluster"/spack/spack_repo/lore/packages/lore/package.py "$LORE_SOURCE/doc/install.md" | sed 's/--with\(out\)*-//' | sort -u); do
    grep -q -e "--with-$option\|--without-$option" help || [ "$option" = NAME ]
  done
}

@test "make uninstall leaves nothing" {
  unset MAKEFLAGS MAKELEVEL MFLAGS
  make -C "$LORE_BUILD" -s prefix=/usr "DESTDIR=$BATS_FILE_TMPDIR/root" uninstall
  [ -z "$(find "$ROOT" -type f -o -type l)" ]
}
