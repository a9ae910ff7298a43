# LORE_FLAG(FLAG, VARIABLE, [IF NOT])
# Appends FLAG to VARIABLE if the compiler takes it (clang only warns of flags it ignores).
AC_DEFUN([LORE_FLAG], [
  AC_MSG_CHECKING([whether $CC takes $1])
  lore_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM],
    [AC_MSG_RESULT([yes])
     AS_VAR_APPEND([$2], [" $1"])],
    [AC_MSG_RESULT([no])
     $3])
  CFLAGS=$lore_save_CFLAGS
])

# LORE_MPI
# MPI for CC: a wrapper needs nothing, a plain compiler (CC=clang) gets it from pkg-config.
# Sets MPI_CFLAGS, MPI_LIBS and lore_mpi: openmpi, intel, mpich (or one made from it) or other.
AC_DEFUN([LORE_MPI], [
  m4_pushdef([lore_mpi_program],
    [AC_LANG_PROGRAM([[@%:@include <mpi.h>]], [[MPI_Init(0, 0);]])])
  AC_MSG_CHECKING([for MPI])
  lore_have_mpi=no
  AC_LINK_IFELSE([lore_mpi_program], [lore_have_mpi=yes])
  AC_MSG_RESULT([$lore_have_mpi])
  AS_IF([test $lore_have_mpi = no], [
    PKG_CHECK_MODULES([MPI], [ompi-c], [lore_have_mpi=maybe],
      [PKG_CHECK_MODULES([MPI], [mpich], [lore_have_mpi=maybe], [lore_have_mpi=no])])
    AS_IF([test $lore_have_mpi = maybe], [
      AC_MSG_CHECKING([for MPI with $MPI_CFLAGS $MPI_LIBS])
      lore_save_CFLAGS=$CFLAGS lore_save_LIBS=$LIBS
      CFLAGS="$CFLAGS $MPI_CFLAGS" LIBS="$MPI_LIBS $LIBS"
      AC_LINK_IFELSE([lore_mpi_program], [lore_have_mpi=yes], [lore_have_mpi=no])
      CFLAGS=$lore_save_CFLAGS LIBS=$lore_save_LIBS
      AC_MSG_RESULT([$lore_have_mpi])
    ])
  ])
  m4_popdef([lore_mpi_program])
  AS_IF([test $lore_have_mpi = no], [
    LORE_MISSING([MPI C compiler], [data-parallel training and the run queue],
      [libopenmpi-dev], [openmpi])])
  lore_mpi=other
  lore_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS $MPI_CFLAGS"
  for lore_candidate in openmpi:OPEN_MPI intel:I_MPI_VERSION mpich:MPICH_VERSION mpich:MPICH_NAME; do
    lore_macro=${lore_candidate#*:}
    AS_IF([test $lore_mpi = other], [
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[@%:@include <mpi.h>
@%:@ifndef $lore_macro
@%:@error "another MPI"
@%:@endif]])], [lore_mpi=${lore_candidate%:*}])
    ])
  done
  CFLAGS=$lore_save_CFLAGS
])

# LORE_ARCH
# --with-arch=ARCH: -march=ARCH, by default native; "no" leaves the compiler's own default.
# Appends to LORE_CFLAGS and sets lore_arch.
AC_DEFUN([LORE_ARCH], [
  AC_ARG_WITH([arch],
    [AS_HELP_STRING([--with-arch=ARCH], [processor to compile for (native; e.g. x86-64-v3)])],
    [], [with_arch=default])
  AS_CASE([$with_arch],
    [no], [lore_arch=unspecified],
    [default|yes], [lore_arch=native
      LORE_FLAG([-march=native], [LORE_CFLAGS], [lore_arch=unspecified])],
    [lore_arch=$with_arch
     LORE_FLAG([-march=$with_arch], [LORE_CFLAGS],
       [AC_MSG_ERROR([$CC does not know --with-arch=$with_arch; see its -march option])])])
])
