/* How manifest.tsv is laid out: a line "# LORE manifest 1: NAME, N runs", a line of columns, a line
 * per run. */
#ifndef LORE_MANIFEST_FILE_H
#define LORE_MANIFEST_FILE_H

#define LORE_MANIFEST_KIND    "# LORE manifest "
#define LORE_MANIFEST_VERSION "1: "
#define LORE_MANIFEST_COLUMNS                                                                      \
  "id\texperiment\twave\tparent\tparent_step\tseed\tsteps\thash\toperations"

enum { LORE_MANIFEST_FIXED = 9 /* columns before those of the axes */, LORE_RUNS_MAX = 100000 };

#endif
