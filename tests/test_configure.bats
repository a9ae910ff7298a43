#!/usr/bin/env bats
# configure: what is optional, and what it refuses.

load support/common

# What all configurations with a compiler find alike is looked for once.
configure() {
  [ -x "$LORE_SOURCE/configure" ] || skip "there is no configure in the source directory"
  ln -sfn "$LORE_SOURCE" source # configure refuses a source directory with a space in its name
  local common=$BATS_FILE_TMPDIR/${CC:-default}.cache
  [ -e "$common" ] || not source/configure --cache-file="$common" --without-blas --without-onednn --without-scalapack --with-fyaml=here
  cp "$common" cache
  source/configure --cache-file=cache --disable-dependency-tracking "$@" >log 2>&1
}

@test "no CBLAS: LORE has matrix products of its own" {
  configure --without-blas --without-onednn --without-scalapack
  grep -qx '  CBLAS  *no' log
  grep -q 'define HAVE_CBLAS' config.h && return 1
  not configure --with-blas=-lnowhere
  grep -q 'CBLAS, asked for by --with-blas=-lnowhere' log
}

@test "Chart.js: none, one in a directory with a space, one that is none" {
  configure --without-blas --without-onednn --without-scalapack --without-chartjs
  grep -qx '  Chart.js  *no' log
  mkdir "my lib"
  printf '/*!\n * Chart.js v4.4.1\n */\n!function(){typeof define.amd}();var Chart=1;\n' >"my lib/chart.umd.js"
  configure --without-blas --without-onednn --without-scalapack "--with-chartjs=$PWD/my lib/chart.umd.js"
  grep -qx "  Chart.js  *4.4.1 ($PWD/my lib/chart.umd.js)" log
  make -s src/report/page_parts.c >/dev/null
  grep -q 'Chart.js v4.4.1' src/report/page_parts.c
  echo 'export class Chart {}' >module.js
  not configure --without-blas --without-onednn --without-scalapack --with-chartjs=module.js
  grep -q 'Chart.js 3 or 4 as one file for browsers, asked for by --with-chartjs' log
}

@test "libraries in directories of their own" {
  local prefix=$PWD/own header
  mkdir -p "$prefix/include" "$prefix/lib"
  for header in libfyaml.h xxhash.h Random123; do
    [ -e "/usr/include/$header" ] || skip "there is no /usr/include/$header to link to"
    ln -s "/usr/include/$header" "$prefix/include"
  done
  ln -s /usr/lib/*/lib{fyaml,xxhash}.so "$prefix/lib"
  configure --without-blas --without-onednn --without-scalapack --without-cmocka \
    --with-fyaml="$prefix" --with-xxhash="$prefix" --with-random123="$prefix"
  for name in FYAML XXHASH RANDOM123; do
    grep -qx "${name}_CFLAGS = -I$prefix/include" Makefile
  done
  for name in FYAML XXHASH; do
    grep -q "^${name}_LIBS = -L$prefix/lib -Wl,-rpath,$prefix/lib" Makefile
  done
  grep -qx '  C tests  *no (cmocka)' log
}

@test "directories that are none, and what LORE cannot do without" {
  refused() {
    not configure --without-blas --without-scalapack "$1"
    grep -q "^configure: error: $1: $2" log || {
      tail -n 3 log
      return 1
    }
  }
  refused --with-fyaml=here 'expected the absolute path of the directory where libfyaml was installed'
  refused --with-xxhash=/nowhere 'there is no /nowhere/include/xxhash.h'
  refused --with-random123=/nowhere 'there is no /nowhere/include/Random123/philox.h'
  refused --without-netcdf 'LORE cannot do without netcdf'
  mkdir -p own/include
  touch own/include/dnnl.h # and no library, which must not be the system's
  not configure --without-blas --without-scalapack --with-onednn="$PWD/own"
  grep -q "oneDNN, asked for by --with-onednn=$PWD/own: " log
}

@test "without a ScaLAPACK for this MPI, lore probe is left out, which is said" {
  need mpicc.mpich
  [ -z "$(ls /usr/lib/*/libscalapack-mpich.so 2>/dev/null)" ] || skip "there is a ScaLAPACK of MPICH"
  export CC=mpicc.mpich
  configure --without-onednn
  grep -q "WARNING: no ScaLAPACK.*: 'lore probe' is left out" log
  grep -qx '  ScaLAPACK  *no' log
}

@test "the ScaLAPACK of another MPI is refused" {
  need mpicc.mpich
  for library in /usr/lib/*/libscalapack-openmpi.so; do
    [ -e "$library" ] || skip "there is no ScaLAPACK of Open MPI"
  done
  export CC=mpicc.mpich
  not configure --with-scalapack=-lscalapack-openmpi
  cat log
  grep -q 'ScaLAPACK for this MPI (what was found is made for another: libmpi.*libmpich' log
  grep -q 'apt-get install.* libscalapack-mpich-dev' log
}
