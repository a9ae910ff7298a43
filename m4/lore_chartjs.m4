# LORE_CHARTJS
# --with-chartjs=FILE, --without-chartjs: the library that draws in the page of lore report. Sets
# CHARTJS (the file, or nothing) and lore_chartjs (its version and file, "no" without one).
AC_DEFUN([LORE_CHARTJS], [
  AC_ARG_WITH([chartjs],
    [AS_HELP_STRING([--with-chartjs=FILE],
      [Chart.js 3 or 4 as one file for browsers (chart.min.js, chart.umd.js): pictures in the page of lore report])],
    [], [with_chartjs=auto])
  CHARTJS=
  lore_chartjs=no
  AS_CASE([$with_chartjs],
    [auto|yes], [set dummy /usr/share/javascript/chart.js/chart.min.js \
                   /usr/share/javascript/chart.js/chart.umd.js \
                   /usr/share/nodejs/chart.js/dist/chart.min.js \
                   /usr/share/nodejs/chart.js/dist/chart.umd.js],
    [no], [set dummy],
    [set dummy "$with_chartjs"])
  shift
  AC_MSG_CHECKING([for Chart.js])
  for lore_candidate in "$[]@"; do
    AS_IF([test -z "$CHARTJS" && test -f "$lore_candidate"], [
      # "Chart.js v3.9.1" in its first lines; modules (import, export) are no scripts of a page.
      lore_version=`sed -n -e 's/.*Chart\.js v\([[34]]\.[[0-9.]]*\).*/\1/p' -e 10q "$lore_candidate" | head -n 1`
      AS_IF([test -n "$lore_version" && grep -q 'define.amd' "$lore_candidate"], [
        CHARTJS=$lore_candidate
        lore_chartjs="$lore_version ($lore_candidate)"])])
  done
  AC_MSG_RESULT([$lore_chartjs])
  AS_CASE([$lore_chartjs,$with_chartjs],
    [no,auto|no,no], [],
    [no,*], [LORE_MISSING([Chart.js 3 or 4 as one file for browsers, asked for by --with-chartjs], [pictures in the page of lore report],
      [libjs-chart.js], [none; --with-chartjs=FILE])])
  # make has no names with spaces: a link in the build directory stands for them.
  AS_CASE([$CHARTJS], [*[[[:space:]]]*], [
    ln -sf "$CHARTJS" chartjs-library.js
    CHARTJS=chartjs-library.js])
  AC_SUBST([CHARTJS])
])
