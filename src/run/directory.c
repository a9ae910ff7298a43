/* Directories of runs. */
#include "lore/run/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/base/textfile.h"
#include "lore/io/path.h"
#include "lore/manifest/manifest.h"
#include "lore/settings/hash.h"

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
