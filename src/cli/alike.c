/* Ranks that were asked for different things would train a mixture of them. What each rank takes
 * from its command line, and what is compiled in (word lists, templates, kernels), is compared; the
 * rest is read by the first rank and told to the others. */
#include "alike.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "lore/base/build.h"
#include "options.h"

/* A number for the bytes of this program; 0 if the system does not show them. */
static uint64_t hash_program(void) {
  enum { BLOCK = 1 << 16 };
  static char block[BLOCK];
  FILE *file = fopen("/proc/self/exe", "re");
  uint64_t hash = 0;
  size_t length;
  while (file && (length = fread(block, 1, sizeof block, file)) > 0)
    hash = XXH3_64bits_withSeed(block, length, hash);
  if (file)
    fclose(file);
  return hash;
}

static lore_status compare_builds(lore_team world) {
  char text[256];
  snprintf(text, sizeof text, "lore %s (commit %s, program %016llx)", lore_build_version(),
           lore_build_commit(), (unsigned long long)hash_program());
  return lore_team_same(world, text, "is another build", "start the same program on all nodes");
}

lore_status lore_alike_check(lore_team world, int argc, char **argv) {
  if (world.ranks == 1)
    return LORE_OK;
  char *line = lore_options_join(argc, argv);
  lore_status status =
      lore_team_agree(world, line ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate a line"));
  if (status == LORE_OK)
    status = lore_team_same(world, line, "was started with another command line",
                            "all ranks of a job need the same");
  free(line);
  LORE_TRY(status);
  return compare_builds(world);
}
