# LORE_TRY_LIBRARY(PREFIX, CFLAGS, LIBS, HEADER, FUNCTION, [INCLUDES THAT HEADER NEEDS])
# Sets PREFIX_CFLAGS, PREFIX_LIBS and lore_found=yes if HEADER compiles and FUNCTION links.
AC_DEFUN([LORE_TRY_LIBRARY], [
  lore_save_CPPFLAGS=$CPPFLAGS lore_save_LIBS=$LIBS
  CPPFLAGS="$CPPFLAGS $2" LIBS="$3 $LIBS"
  AC_LINK_IFELSE(
    [AC_LANG_PROGRAM([$6
@%:@include <$4>], [[return (void (*)(void))$5 == 0;]])],
    [lore_found=yes
     $1_CFLAGS="$2"
     $1_LIBS="$3"])
  CPPFLAGS=$lore_save_CPPFLAGS LIBS=$lore_save_LIBS
])

# LORE_LIBRARY(PREFIX, PKG-CONFIG NAME, LIBS, HEADER, FUNCTION, [INCLUDES THAT HEADER NEEDS])
# Looks for a library by PREFIX_CFLAGS and PREFIX_LIBS of the user, pkg-config, then LIBS.
# Sets PREFIX_CFLAGS, PREFIX_LIBS, PREFIX_VERSION ("" if unknown) and lore_found.
AC_DEFUN([LORE_LIBRARY], [
  AC_ARG_VAR([$1_CFLAGS], [compiler flags for $2])
  AC_ARG_VAR([$1_LIBS], [linker flags for $2])
  $1_VERSION=
  lore_found=no
  AC_MSG_CHECKING([for $2])
  AS_IF([test -n "${$1_LIBS}"],
    [LORE_TRY_LIBRARY([$1], [${$1_CFLAGS}], [${$1_LIBS}], [$4], [$5], [$6])],
    [AS_IF([test -n "$PKG_CONFIG" && $PKG_CONFIG --exists $2 2>&AS_MESSAGE_LOG_FD], [
       lore_pkg_cflags=`$PKG_CONFIG --cflags $2`
       lore_pkg_libs=`$PKG_CONFIG --libs $2`
       LORE_TRY_LIBRARY([$1], [$lore_pkg_cflags], [$lore_pkg_libs], [$4], [$5], [$6])
       AS_IF([test $lore_found = yes], [$1_VERSION=`$PKG_CONFIG --modversion $2`])])
     AS_IF([test $lore_found = no],
       [LORE_TRY_LIBRARY([$1], [${$1_CFLAGS}], [$3], [$4], [$5], [$6])])])
  AC_MSG_RESULT([$lore_found${$1_VERSION:+, version ${$1_VERSION}}])
  AC_SUBST([$1_CFLAGS])
  AC_SUBST([$1_LIBS])
])
