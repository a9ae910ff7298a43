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
