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

/* The files of a control group, by version. */
typedef struct {
  const char *limit, *used;
  const char *cache[2]; /* of memory.stat: pages of files, which the system takes back first */
} group_files;

static const group_files version_1 = {
    "memory.limit_in_bytes", "memory.usage_in_bytes", {"total_active_file", "total_inactive_file"}};
static const group_files version_2 = {
    "memory.max", "memory.current", {"active_file", "inactive_file"}};

/* The file `name` of the group that is the folder `group` of `root`; NULL if there is none. */
static FILE *open_group_file(const char *root, const char *group, const char *name) {
  char path[2 * PATH_MAX + 64];
  snprintf(path, sizeof path, "%s%s/%s", root, group, name);
  return fopen(path, "r");
}

/* The number in such a file; `otherwise` for "max" or no file. */
static size_t read_number(const char *root, const char *group, const char *name, size_t otherwise) {
  size_t number;
  FILE *file = open_group_file(root, group, name);
  if (!file)
    return otherwise;
  if (fscanf(file, "%zu", &number) != 1)
    number = otherwise;
  fclose(file);
  return number;
}

static size_t read_cache(const char *root, const char *group, const group_files *files) {
  size_t cache = 0, bytes;
  char line[256], word[128];
  FILE *file = open_group_file(root, group, "memory.stat");
  if (!file)
    return 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "%127s %zu", word, &bytes) == 2 &&
        (!strcmp(word, files->cache[0]) || !strcmp(word, files->cache[1])))
      cache += bytes;
  fclose(file);
  return cache;
}

static size_t group_left(const char *root, const char *group, const group_files *files) {
  size_t limit = read_number(root, group, files->limit, SIZE_MAX);
  if (limit == SIZE_MAX)
    return SIZE_MAX;
  size_t used = read_number(root, group, files->used, 0), cache = read_cache(root, group, files);
  used = used > cache ? used - cache : 0;
  return limit > used ? limit - used : 0;
}

/* The least that `group` and the groups around it leave; shortens `group` on the way up. */
static size_t groups_left(const char *root, char *group, const group_files *files) {
  size_t left = SIZE_MAX;
  for (;;) {
    left = smaller_of(left, group_left(root, group, files));
    char *slash = strrchr(group, '/');
    if (!slash)
      return left;
    *slash = '\0';
  }
}

size_t lore_memory_of_groups(const char *list, const char *root) {
  FILE *file = fopen(list, "r");
  if (!file)
    return SIZE_MAX;
  size_t left = SIZE_MAX;
  char line[PATH_MAX], root_1[PATH_MAX];
  snprintf(root_1, sizeof root_1, "%s/memory", root);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    char *memory = strstr(line, ":memory:");
    if (memory)
      left = smaller_of(left, groups_left(root_1, memory + strlen(":memory:"), &version_1));
    else if (strncmp(line, "0::", 3) == 0)
      left = smaller_of(left, groups_left(root, line + 3, &version_2));
  }
  fclose(file);
  return left;
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
  size_t groups = lore_memory_of_groups("/proc/self/cgroup", "/sys/fs/cgroup");
  return smaller_of(lore_memory_addresses(), smaller_of(system_available(), groups));
}
