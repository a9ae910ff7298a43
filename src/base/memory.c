/* Linux grants mappings that it cannot back, so a request has to be compared with what there is. */
#include "lore/base/memory.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static size_t smaller_of(size_t a, size_t b) {
  return a < b ? a : b;
}

static size_t system_available(void) {
  FILE *file = fopen("/proc/meminfo", "r");
  if (!file)
    return SIZE_MAX;
  size_t available = SIZE_MAX, kibibytes;
  char line[256];
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "MemAvailable: %zu kB", &kibibytes) == 1)
      available = kibibytes * 1024;
  fclose(file);
  return available;
}

/* The number in a limit file; SIZE_MAX for "max" or no file. */
static size_t read_limit(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file)
    return SIZE_MAX;
  size_t limit;
  if (fscanf(file, "%zu", &limit) != 1)
    limit = SIZE_MAX;
  fclose(file);
  return limit;
}

/* The smallest limit of `group` and the groups around it; shortens `group` on the way up. */
static size_t group_limit(const char *root, char *group, const char *name) {
  size_t limit = SIZE_MAX;
  for (;;) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s%s/%s", root, group, name);
    limit = smaller_of(limit, read_limit(path));
    char *slash = strrchr(group, '/');
    if (!slash)
      return limit;
    *slash = '\0';
  }
}

/* Lines of /proc/self/cgroup: "0::/path" (version 2), "7:memory:/path" (version 1). */
static size_t control_group_limit(void) {
  FILE *file = fopen("/proc/self/cgroup", "r");
  if (!file)
    return SIZE_MAX;
  size_t limit = SIZE_MAX;
  char line[PATH_MAX];
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    char *version_1 = strstr(line, ":memory:");
    if (version_1)
      limit = smaller_of(limit, group_limit("/sys/fs/cgroup/memory", version_1 + strlen(":memory:"),
                                            "memory.limit_in_bytes"));
    else if (strncmp(line, "0::", 3) == 0)
      limit = smaller_of(limit, group_limit("/sys/fs/cgroup", line + 3, "memory.max"));
  }
  fclose(file);
  return limit;
}

/* What `ulimit -v` leaves, for schedulers without control groups. */
size_t lore_memory_addresses(void) {
  struct rlimit limit;
  size_t pages;
  if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
    return SIZE_MAX;
  FILE *file = fopen("/proc/self/statm", "r");
  int read = file ? fscanf(file, "%zu", &pages) : 0;
  if (file)
    fclose(file);
  size_t used = read == 1 ? pages * (size_t)sysconf(_SC_PAGESIZE) : 0;
  return used < limit.rlim_cur ? limit.rlim_cur - used : 0;
}

size_t lore_memory_available(void) {
  return smaller_of(lore_memory_addresses(), smaller_of(system_available(), control_group_limit()));
}
