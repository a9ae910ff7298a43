/* What this build is made of. */
#ifndef LORE_BASE_BUILD_H
#define LORE_BASE_BUILD_H

#include <stdio.h>

/* "0.1.0". */
const char *lore_build_version(void);

/* The commit of the sources, with "-modified" after it if they differed; "unknown" outside of a
 * checkout or a release. */
const char *lore_build_commit(void);

/* Writes version, commit, compiler and the libraries that were found, one to a line. */
void lore_build_describe(FILE *file);

#endif
