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

# LORE_PREFIX(OPTION, PREFIX, NAME, HEADER, [optional])
# --with-OPTION=DIRECTORY: where it was installed. Sets with_OPTION (a directory, "yes" or, of what is optional, "no"), and from a
# directory lore_asked (", asked for by ..."), PREFIX_CFLAGS and lore_prefix_libs (linker flags, by which the program finds
# the library there, too).
AC_DEFUN([LORE_PREFIX], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIRECTORY], [where $3 was installed])], [], [with_$1=auto])
  lore_asked= lore_prefix_libs=
  AS_CASE([$with_$1],
    [yes|auto], [],
    [no], [m4_if([$5], [optional], [], [AC_MSG_ERROR([--without-$1: LORE cannot do without $3])])],
    [/*], [
      AS_IF([test ! -f "$with_$1/include/$4"],
        [AC_MSG_ERROR([--with-$1=$with_$1: there is no $with_$1/include/$4])])
      lore_asked=", asked for by --with-$1=$with_$1"
      $2_CFLAGS=-I$with_$1/include
      for lore_directory in lib lib64 lib/`$CC -print-multiarch 2>/dev/null`; do
        AS_IF([test -d $with_$1/$lore_directory],
          [AS_VAR_APPEND([lore_prefix_libs], ["-L$with_$1/$lore_directory -Wl,-rpath,$with_$1/$lore_directory "])])
      done],
    [AC_MSG_ERROR([--with-$1=$with_$1: expected the absolute path of the directory where $3 was installed])])
])

# LORE_LIBRARY(OPTION, PREFIX, PKG-CONFIG NAME, LIBS, HEADER, FUNCTION, [optional], [INCLUDES THAT HEADER NEEDS])
# Looks for a library by --with-OPTION, PREFIX_CFLAGS and PREFIX_LIBS of the user, pkg-config, then LIBS.
# Sets PREFIX_CFLAGS, PREFIX_LIBS, PREFIX_VERSION ("" if unknown), lore_asked as above and lore_found.
AC_DEFUN([LORE_LIBRARY], [
  AC_ARG_VAR([$2_CFLAGS], [compiler flags for $3])
  AC_ARG_VAR([$2_LIBS], [linker flags for $3])
  LORE_PREFIX([$1], [$2], [$3], [$5], [$7])
  $2_VERSION=
  lore_found=no
  AC_MSG_CHECKING([for $3])
  AS_CASE(["$with_$1: ${$2_LIBS}"],
    [no:*], [$2_CFLAGS= $2_LIBS=],
    [/*:*], [LORE_TRY_LIBRARY([$2], [${$2_CFLAGS}], [$lore_prefix_libs$4], [$5], [$6], [$8])],
    [*": "], [
      AS_IF([test -n "$PKG_CONFIG" && $PKG_CONFIG --exists $3 2>&AS_MESSAGE_LOG_FD], [
        lore_pkg_cflags=`$PKG_CONFIG --cflags $3`
        lore_pkg_libs=`$PKG_CONFIG --libs $3`
        LORE_TRY_LIBRARY([$2], [$lore_pkg_cflags], [$lore_pkg_libs], [$5], [$6], [$8])
        AS_IF([test $lore_found = yes], [$2_VERSION=`$PKG_CONFIG --modversion $3`])])
      AS_IF([test $lore_found = no],
        [LORE_TRY_LIBRARY([$2], [${$2_CFLAGS}], [$4], [$5], [$6], [$8])])],
    [LORE_TRY_LIBRARY([$2], [${$2_CFLAGS}], [${$2_LIBS}], [$5], [$6], [$8])])
  AC_MSG_RESULT([$lore_found${$2_VERSION:+, version ${$2_VERSION}}])
  AC_SUBST([$2_CFLAGS])
  AC_SUBST([$2_LIBS])
])
