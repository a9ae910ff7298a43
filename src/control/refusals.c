/* Jobs that gave up. */
#include "lore/control/refusals.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/io/path.h"

#define SUFFIX ".refusal"

static int is_refusal(const struct dirent *entry) {
  size_t length = strlen(entry->d_name);
  return length > strlen(SUFFIX) && entry->d_name[0] != '.' &&
         !strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX);
}

/* The code is the first line, the reason the second one, which may quote anything. */
static bool read_refusal(const char *path, const char *name, lore_refusal *refusal) {
  struct stat about;
  FILE *file = stat(path, &about) == 0 && S_ISREG(about.st_mode) ? fopen(path, "r") : NULL;
  bool read = file && fscanf(file, "%d%*1[\n]", &refusal->code) == 1 &&
              fgets(refusal->message, sizeof refusal->message, file);
  if (file)
    fclose(file);
  if (!read)
    return false;
  refusal->message[strcspn(refusal->message, "\n")] = 0;
  snprintf(refusal->job, sizeof refusal->job, "%.*s", (int)(strlen(name) - strlen(SUFFIX)), name);
  return true;
}

/* Reads (refusals) or removes (NULL) those of directory. */
static void visit(const char *directory, lore_refusals *refusals) {
  char jobs[LORE_PATH_MAX], path[LORE_PATH_MAX];
  struct dirent **entry;
  if (lore_path_join(directory, LORE_PATH_JOBS, jobs) != LORE_OK)
    return;
  int count = scandir(jobs, &entry, is_refusal, alphasort);
  for (int i = 0; i < count; i++) {
    if (lore_path_join(jobs, entry[i]->d_name, path) != LORE_OK)
      path[0] = 0;
    if (!refusals)
      unlink(path);
    else if (refusals->count < LORE_REFUSALS_MAX &&
             read_refusal(path, entry[i]->d_name, &refusals->refusal[refusals->count]))
      refusals->count++;
    free(entry[i]);
  }
  if (count >= 0)
    free(entry);
}

void lore_refusals_read(const char *directory, lore_refusals *refusals) {
  refusals->count = 0;
  visit(directory, refusals);
}

void lore_refusals_clear(const char *directory) {
  visit(directory, NULL);
}
