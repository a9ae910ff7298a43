# LORE_TRY_BLAS(LIBS)
# CBLAS in LIBS with a header found in the usual places. Sets BLAS_CFLAGS, BLAS_LIBS, lore_found.
AC_DEFUN([LORE_TRY_BLAS], [
  for lore_include in "" $lore_blas_includes; do
    AS_IF([test $lore_found = no], [
      LORE_TRY_LIBRARY([BLAS], [${lore_include:+-I$lore_include}], [$1], [cblas.h], [cblas_sgemm])
    ])
  done
])

# LORE_BLAS
# --with-blas=openblas|blis|mkl|LIBS, --without-blas. Sets BLAS_CFLAGS, BLAS_LIBS and lore_blas (its
# name, "no" without one: LORE has matrix products of its own).
AC_DEFUN([LORE_BLAS], [
  AC_ARG_WITH([blas],
    [AS_HELP_STRING([--with-blas=LIBS],
      [CBLAS: openblas, blis, mkl, or linker flags (the first found, if any)])],
    [], [with_blas=yes])
  # The link in /usr/include that Debian's alternatives keep may be absent; each package has its
  # own copy below the directory of the machine.
  lore_blas_includes=
  lore_multiarch=`$CC -print-multiarch 2>/dev/null`
  for lore_include in /usr/include${lore_multiarch:+/$lore_multiarch} /usr/include; do
    for lore_name in openblas-openmp openblas-pthread openblas-serial openblas blis-openmp \
                     blis-pthread blis-serial blis mkl cblas; do
      AS_IF([test -f $lore_include/$lore_name/cblas.h],
        [AS_VAR_APPEND([lore_blas_includes], [" $lore_include/$lore_name"])])
    done
  done
  AS_CASE([$with_blas],
    [yes], [lore_blas_candidates="openblas blis mkl netlib"],
    [no], [lore_blas_candidates=],
    [openblas|blis|mkl], [lore_blas_candidates=$with_blas],
    [lore_blas_candidates=own])
  lore_found=no
  AC_MSG_CHECKING([for CBLAS])
  for lore_candidate in $lore_blas_candidates; do
    AS_IF([test $lore_found = no], [
      AS_CASE([$lore_candidate],
        [openblas], [lore_blas=OpenBLAS; LORE_TRY_BLAS([-lopenblas])],
        [blis], [lore_blas=BLIS; LORE_TRY_BLAS([-lblis])],
        [mkl], [lore_blas=MKL; LORE_TRY_BLAS([-lmkl_rt])],
        [netlib], [lore_blas=CBLAS
          LORE_TRY_BLAS([-lblas])
          LORE_TRY_BLAS([-lcblas -lblas])],
        [lore_blas=$with_blas; LORE_TRY_BLAS([$with_blas])])
    ])
  done
  AS_IF([test $lore_found = yes],
    [AC_MSG_RESULT([$lore_blas ($BLAS_LIBS)])
     AC_DEFINE([HAVE_CBLAS], [1], [Define to 1 if CBLAS is used.])],
    [AC_MSG_RESULT([no])
     lore_blas=no
     BLAS_CFLAGS= BLAS_LIBS=
     AS_CASE([$with_blas], [yes|no], [],
       [LORE_MISSING([CBLAS, asked for by --with-blas=$with_blas], [matrix products],
          [libopenblas-dev], [openblas])])])
  AC_SUBST([BLAS_CFLAGS])
  AC_SUBST([BLAS_LIBS])
])

# LORE_TRY_SCALAPACK(LIBS)
# ScaLAPACK in LIBS. Sets lore_scalapack and SCALAPACK_LIBS, or lore_foreign (the libraries of MPI)
# if it is made for another MPI: two in one program end in a crash.
AC_DEFUN([LORE_TRY_SCALAPACK], [
  LIBS="$1 $BLAS_LIBS $MPI_LIBS $lore_save_LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[@%:@include <mpi.h>
void pdgesvd_(void);
void dgemm_(void);]], [[MPI_Init(0, 0); pdgesvd_(); dgemm_();]])],
    [lore_found_mpi=`ldd ./conftest$EXEEXT 2>/dev/null |
       sed -n 's/^[[[:space:]]]*\(libmpi\(ch\)\{0,1\}\.so[[.0-9]]*\) .*/\1/p' | sort -u`
     AS_IF([test `AS_ECHO(["$lore_found_mpi"]) | wc -l` -gt 1],
       [lore_foreign=`echo $lore_found_mpi`],
       [lore_scalapack=yes
        SCALAPACK_LIBS="$1"])])
])

# LORE_SCALAPACK
# --with-scalapack=LIBS, --without-scalapack. Sets SCALAPACK_LIBS and lore_scalapack. Without any, lore probe is left out.
AC_DEFUN([LORE_SCALAPACK], [
  AC_ARG_WITH([scalapack],
    [AS_HELP_STRING([--with-scalapack=LIBS], [linker flags for ScaLAPACK (the first found, if any)])],
    [], [with_scalapack=yes])
  lore_scalapack=no
  SCALAPACK_LIBS=
  AS_IF([test "$with_scalapack" != no], [
    AC_MSG_CHECKING([for ScaLAPACK for this MPI ($lore_mpi)])
    lore_save_LIBS=$LIBS lore_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $MPI_CFLAGS"
    lore_foreign=
    lore_package=libscalapack-openmpi-dev
    AS_CASE([$lore_mpi],
      [openmpi], [set dummy -lscalapack-openmpi -lscalapack "-lmkl_scalapack_lp64 -lmkl_blacs_openmpi_lp64"],
      [lore_package=libscalapack-mpich-dev
       set dummy -lscalapack-mpich -lscalapack -lsci_gnu_mpi "-lmkl_scalapack_lp64 -lmkl_blacs_intelmpi_lp64"])
    AS_IF([test "$with_scalapack" != yes], [set dummy "$with_scalapack"])
    shift
    for lore_candidate in "$[]@"; do
      for lore_blas_below in "" -lblas; do # for dgemm_, if there is no CBLAS that has it
        AS_IF([test $lore_scalapack = no],
          [LORE_TRY_SCALAPACK([$lore_candidate${lore_blas_below:+ $lore_blas_below}])])
      done
    done
    LIBS=$lore_save_LIBS CFLAGS=$lore_save_CFLAGS
    AC_MSG_RESULT([$lore_scalapack${SCALAPACK_LIBS:+ ($SCALAPACK_LIBS)}])
    lore_scalapack_found=
    AS_IF([test -n "$lore_foreign"],
      [lore_scalapack_found=" for this MPI (what was found is made for another: $lore_foreign)"])
    AS_CASE([$lore_scalapack,$with_scalapack],
      [yes,*], [],
      [no,yes], [AC_MSG_WARN([no ScaLAPACK$lore_scalapack_found: 'lore probe' is left out])],
      [LORE_MISSING([ScaLAPACK$lore_scalapack_found], [probes and spectra; --without-scalapack builds without them],
         [$lore_package], [netlib-scalapack])])
  ])
  AS_IF([test $lore_scalapack = yes],
    [AC_DEFINE([HAVE_SCALAPACK], [1], [Define to 1 if ScaLAPACK is used.])])
  AC_SUBST([SCALAPACK_LIBS])
  AM_CONDITIONAL([HAVE_SCALAPACK], [test $lore_scalapack = yes])
  # Only for make check, which compares with it: many CBLAS libraries hold it too.
  lore_lapack=no
  LAPACK_LIBS=
  AC_MSG_CHECKING([for LAPACK])
  lore_save_LIBS=$LIBS
  for lore_candidate in "" -llapack; do
    AS_IF([test $lore_lapack = no], [
      LIBS="$lore_candidate $BLAS_LIBS $lore_save_LIBS"
      AC_LINK_IFELSE([AC_LANG_CALL([], [dsyevd_])],
        [lore_lapack=yes
         LAPACK_LIBS=$lore_candidate])
    ])
  done
  LIBS=$lore_save_LIBS
  AC_MSG_RESULT([$lore_lapack])
  AC_SUBST([LAPACK_LIBS])
  AM_CONDITIONAL([HAVE_LAPACK], [test $lore_lapack = yes])
])
