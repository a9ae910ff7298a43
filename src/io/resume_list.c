/* Which resume points a directory has. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/io/resume.h"

#define PREFIX "resume_"
#define SUFFIX ".nc"

/* The step in the name of a resume point with `suffix`; -1 if it is none. */
static int64_t step_of(const char *name, const char *suffix) {
  char *end;
  if (strncmp(name, PREFIX, strlen(PREFIX)))
    return -1;
  name += strlen(PREFIX);
  if (strspn(name, "0123456789") < 8)
    return -1;
  errno = 0;
  int64_t step = strtoll(name, &end, 10);
  return errno || strcmp(end, suffix) ? -1 : step;
}

static int is_point(const struct dirent *entry) {
  return step_of(entry->d_name, SUFFIX) >= 0;
}

static int is_partial(const struct dirent *entry) {
  return step_of(entry->d_name, SUFFIX ".partial") >= 0;
}

static int newest_first(const struct dirent **a, const struct dirent **b) {
  int64_t first = step_of((*a)->d_name, SUFFIX), second = step_of((*b)->d_name, SUFFIX);
  return (first < second) - (first > second);
}

static void free_entries(struct dirent **entry, int count) {
  for (int i = 0; i < count; i++)
    free(entry[i]);
  if (count >= 0)
    free(entry);
}

lore_status lore_resume_list(const char *directory, lore_resume_points *points) {
  struct dirent **entry;
  *points = (lore_resume_points){0};
  int count = scandir(directory, &entry, is_point, newest_first);
  if (count < 0)
    return errno == ENOENT ? LORE_OK : lore_netcdf_status(errno, "list", directory);
  points->step = calloc((size_t)count + 1, sizeof *points->step);
  for (int i = 0; i < count && points->step; i++)
    points->step[points->count++] = step_of(entry[i]->d_name, SUFFIX);
  free_entries(entry, count);
  return points->step ? LORE_OK : lore_fail(LORE_MEMORY, "no memory to list %s", directory);
}

static void remove_all(const char *directory, int (*filter)(const struct dirent *)) {
  struct dirent **entry;
  int count = scandir(directory, &entry, filter, NULL);
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < count && fd >= 0; i++)
    unlinkat(fd, entry[i]->d_name, 0);
  if (fd >= 0)
    close(fd);
  free_entries(entry, count);
}

void lore_resume_remove_partial(const char *directory) {
  remove_all(directory, is_partial);
}

void lore_resume_remove(const char *directory) {
  remove_all(directory, is_point);
  remove_all(directory, is_partial);
}

lore_status lore_resume_path(const char *directory, int64_t step, char **path) {
  if (asprintf(path, "%s/" PREFIX "%08lld" SUFFIX, directory, (long long)step) < 0)
    return lore_fail(LORE_MEMORY, "no memory for the name of a checkpoint in %s", directory);
  return LORE_OK;
}
