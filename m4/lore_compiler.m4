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
# --with-arch=ARCH: everything with -march=ARCH, and kernels of one level; "no" leaves the compiler's
# own default. Without it, x86-64 gets kernels of several levels, and the rest for the lowest of them;
# others, and compilers that do not know the levels, one level. So does a -march in CFLAGS, which would
# overrule that of every level. Appends to LORE_CFLAGS; sets LORE_V2_CFLAGS and so on, lore_arch (in
# words), lore_level (the name of the one level; empty if there are several) and lore_levels.
AC_DEFUN([LORE_ARCH], [
  AC_ARG_WITH([arch],
    [AS_HELP_STRING([--with-arch=ARCH],
      [compile for this processor alone (native; x86-64-v3; no: the compiler's default)])],
    [], [with_arch=default])
  AS_CASE([$with_arch], [yes], [with_arch=native])
  LORE_V2_CFLAGS= LORE_V3_CFLAGS= LORE_V4_CFLAGS= LORE_V4_BF16_CFLAGS=
  AS_CASE(["$with_arch: $CFLAGS"],
    ["default: "*-march=*|"default: "*-mcpu=*], [
      lore_arch=`AS_ECHO(["$CFLAGS"]) | sed 's/.*-m\(arch\|cpu\)=\([[^ ]]*\).*/\2/'`
      lore_level=$lore_arch],
    [default:*], [
      AC_MSG_CHECKING([whether $CC compiles for x86-64])
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[@%:@ifndef __x86_64__
@%:@error "another architecture"
@%:@endif]])], [lore_level=], [lore_level=default])
      AS_IF([test "$lore_level"], [AC_MSG_RESULT([no])], [
        AC_MSG_RESULT([yes])
        LORE_FLAG([-march=x86-64-v2], [LORE_V2_CFLAGS], [lore_level=default])
        LORE_FLAG([-march=x86-64-v3], [LORE_V3_CFLAGS], [lore_level=default])
        LORE_FLAG([-march=x86-64-v4], [LORE_V4_CFLAGS], [lore_level=default])
        LORE_FLAG([-mavx512bf16], [LORE_V4_BF16_CFLAGS], [lore_level=default])
        LORE_V4_BF16_CFLAGS="$LORE_V4_CFLAGS $LORE_V4_BF16_CFLAGS"
        AS_IF([test "$lore_level"],
          [AC_MSG_WARN([$CC does not know x86-64-v2, -v3, -v4 and AVX512_BF16: kernels for its default alone; see --with-arch])])
      ])
      lore_arch=unspecified
      AS_IF([test -z "$lore_level"], [
        lore_arch=x86-64-v2
        AS_VAR_APPEND([LORE_CFLAGS], ["$LORE_V2_CFLAGS"])])],
    [no:*], [lore_arch=unspecified lore_level=default],
    [lore_arch=$with_arch lore_level=$with_arch
     LORE_FLAG([-march=$with_arch], [LORE_CFLAGS],
       [AC_MSG_ERROR([$CC does not know --with-arch=$with_arch; see its -march option])])])
  AS_CASE([$lore_level],
    [native], [
      lore_native=`$CC -march=native -Q --help=target 2>/dev/null | $AWK '$[]1 == "-march=" {print $[]2; exit}'`
      lore_arch="native${lore_native:+ ($lore_native)}"
      lore_level=${lore_native:-native}],
    [x86-64-v@<:@234@:>@], [lore_level=${lore_level@%:@x86-64-}])
  lore_levels=${lore_level:-v2 v3 v4 v4_bf16}
  AS_IF([test "$lore_level"],
    [AC_DEFINE_UNQUOTED([BUILD_LEVEL], ["$lore_level"],
      [The one level of processors that kernels are compiled for; undefined if there are several.])])
  AM_CONDITIONAL([LORE_ONE_LEVEL], [test "$lore_level"])
  AC_SUBST([LORE_V2_CFLAGS])
  AC_SUBST([LORE_V3_CFLAGS])
  AC_SUBST([LORE_V4_CFLAGS])
  AC_SUBST([LORE_V4_BF16_CFLAGS])
])
