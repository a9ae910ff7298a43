# LORE_MISSING(NAME, PURPOSE, DEBIAN PACKAGE, MODULE OR SPACK PACKAGE)
# Notes that something is missing; LORE_REPORT_MISSING names all of it at once.
AC_DEFUN([LORE_MISSING], [
  lore_missing_count=`expr ${lore_missing_count-0} + 1`
  AS_VAR_APPEND([lore_missing], ["
  $1: $2
      Debian: $3; module or Spack package: $4"])
  AS_VAR_APPEND([lore_missing_packages], [" $3"])
])

# LORE_REPORT_MISSING
# Stops if anything was missing.
AC_DEFUN([LORE_REPORT_MISSING], [
  AS_IF([test -n "$lore_missing"], [
    AC_MSG_ERROR([missing ($lore_missing_count):
$lore_missing

On Debian or Ubuntu: apt-get install$lore_missing_packages
On a cluster: load the modules, or "spack load" the packages, and configure again.
Libraries in unusual places: set CPPFLAGS=-I.../include LDFLAGS=-L.../lib, or PKG_CONFIG_PATH.
config.log tells how each was looked for.])
  ])
])
