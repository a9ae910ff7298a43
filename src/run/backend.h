/* What `compute.gemm: auto` stands for in a directory of results. */
#ifndef LORE_RUN_BACKEND_H
#define LORE_RUN_BACKEND_H

#include <stdbool.h>

#include "lore/manifest/manifest.h"
#include "lore/model/gemm.h"

/* *backend: what `auto` stands for in `directory`; LORE_GEMM_BUILTIN if no run of the manifest asks
 * for it. The first job that asks times the backends on the shapes of its first such run and writes
 * the fastest to directory/gemm.yaml, locked; everybody else takes what the file says, so that all
 * ranks, restarts and runs have the same. By one rank, after lore_team_share_processors. LORE_USER
 * if the file names what this build lacks, or is damaged; LORE_FILE, LORE_MEMORY. */
lore_status lore_backend_settle(const lore_manifest *manifest, const char *directory, bool quiet,
                                lore_gemm_backend *backend);

#endif
