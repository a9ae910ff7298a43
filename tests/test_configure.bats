#!/usr/bin/env bats
# configure: what is optional, and what it refuses.

load support/common

configure() {
  [ -x "$LORE_SOURCE/configure" ] || skip "there is no configure in the source directory"
  ln -sfn "$LORE_SOURCE" source # configure refuses a source directory with a space in its name
  source/configure "$@" >log 2>&1
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
  not configure --with-chartjs=module.js
  grep -q 'Chart.js 3 or 4 as one file for browsers, asked for by --with-chartjs' log
}

@test "the ScaLAPACK of another MPI is refused" {
  need mpicc.mpich
  for library in /usr/lib/*/libscalapack-openmpi.so; do
    [ -e "$library" ] || skip "there is no ScaLAPACK of Open MPI"
  done
  not configure CC=mpicc.mpich --with-scalapack=-lscalapack-openmpi
  cat log
  grep -q 'ScaLAPACK for this MPI (what was found is made for another: libmpi.*libmpich' log
  grep -q 'apt-get install.* libscalapack-mpich-dev' log
}
