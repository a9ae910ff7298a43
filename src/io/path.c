/* The paths and file names of a directory of results. */
#include "lore/io/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

lore_status lore_path_join(const char *directory, const char *name, char *path) {
  if (snprintf(path, LORE_PATH_MAX, "%s/%s", directory, name) >= LORE_PATH_MAX)
    return lore_fail(LORE_USER, "the path %.40s.../%s is too long", directory, name);
  return LORE_OK;
}

static lore_status make_one(const char *path) {
  if (mkdir(path, 0777) == 0 || errno == EEXIST)
    return LORE_OK;
  return lore_fail(LORE_FILE, "%s: cannot make this directory: %s", path, strerror(errno));
}

lore_status lore_directory_make(const char *path) {
  char part[LORE_PATH_MAX];
  if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
    return lore_fail(LORE_USER, "the path %.40s... is too long", path);
  for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    LORE_TRY(make_one(part));
    *slash = '/';
  }
  return make_one(part);
}

lore_status lore_directory_of_run(const char *study, const char *id, char *path) {
  char runs[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(study, "runs", runs));
  return lore_path_join(runs, id, path);
}
