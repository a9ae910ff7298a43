/* Directories of runs. */
#include "directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/manifest.h"
#include "lore/textfile.h"

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

lore_status lore_directory_check(const char *directory, const lore_settings *settings) {
  char path[LORE_PATH_MAX], differences[2048];
  LORE_TRY(lore_path_join(directory, "study.yaml", path));
  if (access(path, F_OK))
    return LORE_OK;
  lore_settings *before = malloc(sizeof *before);
  if (!before)
    return lore_fail(LORE_MEMORY, "no memory for settings");
  lore_status status = lore_settings_read(path, 0, NULL, before);
  int count = status == LORE_OK
                  ? lore_settings_differences(before, settings, sizeof differences, differences)
                  : 0;
  free(before);
  LORE_TRY(status);
  if (count == 0)
    return LORE_OK;
  return lore_fail(
      LORE_USER,
      "%s was begun with other settings:\n%s\ngive another directory with -o or another "
      "name, or begin it again with --overwrite",
      directory, differences);
}

lore_status lore_directory_put_settings(const char *directory, const lore_settings *settings) {
  char path[LORE_PATH_MAX];
  lore_textfile file;
  LORE_TRY(lore_path_join(directory, "study.yaml", path));
  LORE_TRY(lore_textfile_begin(path, false, &file));
  lore_settings_write(settings, file.stream);
  return lore_textfile_commit(&file);
}
