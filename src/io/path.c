/* The paths and file names of a directory of results. */
#include "lore/io/path.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/stop.h"

#define WEIGHTS "weights_"
#define SUFFIX  ".nc"

lore_status lore_path_join(const char *directory, const char *name, char *path) {
  if (snprintf(path, LORE_PATH_MAX, "%s/%s", directory, name) >= LORE_PATH_MAX)
    return lore_fail(LORE_USER, "the path %.40s.../%s is too long", directory, name);
  return LORE_OK;
}

lore_status lore_directory_of_run(const char *directory, const char *id, char *path) {
  char runs[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(directory, LORE_PATH_RUNS, runs));
  return lore_path_join(runs, id, path);
}

lore_status lore_path_of_weights(const char *run, int64_t step, char *path) {
  char name[64];
  snprintf(name, sizeof name, LORE_PATH_CHECKPOINTS "/" WEIGHTS "%08lld" SUFFIX, (long long)step);
  return lore_path_join(run, name, path);
}

lore_status lore_path_of_collection(const char *directory, const char *study, bool probes,
                                    char *path) {
  char name[LORE_PATH_MAX];
  snprintf(name, sizeof name, "%s%s" SUFFIX, study, probes ? "_probe" : "");
  return lore_path_join(directory, name, path);
}

int lore_path_is_weights(const struct dirent *entry) {
  return lore_path_weights_step(entry->d_name) >= 0;
}

int64_t lore_path_weights_step(const char *name) {
  char *end;
  if (strncmp(name, WEIGHTS, strlen(WEIGHTS)))
    return -1;
  name += strlen(WEIGHTS);
  errno = 0;
  int64_t step = strtoll(name, &end, 10);
  return isdigit((unsigned char)*name) && !errno && !strcmp(end, SUFFIX) ? step : -1;
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

/* Reading a directory makes a network file system ask its server what is in it. */
static void refresh_directory(const char *path) {
  char copy[LORE_PATH_MAX];
  snprintf(copy, sizeof copy, "%s", path);
  DIR *directory = opendir(dirname(copy));
  while (directory && readdir(directory))
    ;
  if (directory)
    closedir(directory);
}

bool lore_path_appears(const char *path, const char *who) {
  enum { PAUSE = 250000 /* microseconds */ };
  const char *wait = getenv("LORE_FILE_WAIT");
  double begin = lore_clock_seconds(), most = wait && *wait ? atof(wait) : 60;
  bool there = !access(path, R_OK);
  if (!there)
    lore_say("waiting up to %.0f s for %s, which %s needs (a file system may show it late)", most,
             path, who);
  while (!there && lore_clock_seconds() - begin < most && !lore_stop_wanted(0)) {
    usleep(PAUSE);
    refresh_directory(path);
    there = !access(path, R_OK);
  }
  return there;
}

/* Where the user is, by the name that the shell has for it if that is right. */
static const char *working_directory(char *buffer) {
  const char *name = getenv("PWD");
  struct stat named, here;
  if (name && *name == '/' && !stat(name, &named) && !stat(".", &here) &&
      named.st_dev == here.st_dev && named.st_ino == here.st_ino)
    return name;
  return getcwd(buffer, LORE_PATH_MAX);
}

lore_status lore_path_absolute(const char *path, char *absolute) {
  char buffer[LORE_PATH_MAX];
  const char *here = *path == '/' ? "" : working_directory(buffer);
  if (!here || access(path, F_OK))
    return lore_fail(LORE_FILE, "%s: %s", path, strerror(errno));
  if (snprintf(absolute, LORE_PATH_MAX, "%s%s%s", here, *path == '/' ? "" : "/", path) >=
      LORE_PATH_MAX)
    return lore_fail(LORE_USER, "%s: the path is too long", path);
  return LORE_OK;
}

int lore_path_open(const char *path, int flags) {
  struct stat about;
  int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, 0666);
  if (fd < 0)
    return fd;
  int error = fstat(fd, &about)         ? errno
              : S_ISDIR(about.st_mode)  ? EISDIR
              : !S_ISREG(about.st_mode) ? ENXIO
                                        : 0;
  if (!error)
    return fd;
  close(fd);
  errno = error;
  return -1;
}

const char *lore_path_reason(int error) {
  return error == ENXIO ? "it is not a regular file" : strerror(error);
}
