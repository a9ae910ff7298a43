/* Stable ids of runs. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "expand.h"
#include "lore/run.h"

/* Index of the axis `key`, which is added if it is new; -1: there are too many. */
static int find_axis(lore_manifest *m, const char *key) {
  for (int a = 0; a < m->axes; a++)
    if (!strcmp(m->axis[a], key))
      return a;
  if (m->axes == LORE_AXES_MAX)
    return -1;
  snprintf(m->axis[m->axes], sizeof m->axis[0], "%s", key);
  return m->axes++;
}

/* Appends `text` as far as file names go everywhere. */
static void append(char *id, size_t size, const char *text) {
  size_t length = strlen(id);
  for (; *text && length + 1 < size; text++)
    id[length++] = isalnum((unsigned char)*text) || strchr("._-+", *text) ? *text : '_';
  id[length] = 0;
}

/* study[-experiment][-leaf value ...]-seedN, shortened if need be by a hash of the whole. */
static void make_id(const lore_manifest_run *run, const lore_run_values *values, char *id) {
  enum { LONG = 4096, HASH = 17 };
  char text[LONG] = "", seed[32];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  append(text, sizeof text, run->settings.name);
  if (*run->experiment) {
    append(text, sizeof text, "-");
    append(text, sizeof text, run->experiment);
  }
  for (int i = 0; i < values->count; i++) {
    const char *key = table[values->setting[i]].key;
    if (!strcmp(key, "seed"))
      continue;
    append(text, sizeof text, "-");
    append(text, sizeof text, lore_setting_leaf(key));
    append(text, sizeof text, values->value[i]->text);
  }
  snprintf(seed, sizeof seed, "-seed%llu", (unsigned long long)run->settings.seed);
  size_t room = LORE_RUN_ID_MAX - strlen(seed) - 1;
  if (strlen(text) > room)
    snprintf(text + room - HASH, HASH + 1, "-%016llx",
             (unsigned long long)XXH3_64bits(text, strlen(text)));
  append(text, sizeof text, seed);
  snprintf(id, LORE_RUN_ID_MAX, "%.*s", LORE_RUN_ID_MAX - 1, text);
}

static int by_id(const void *a, const void *b) {
  return strcmp((*(const lore_manifest_run *const *)a)->id,
                (*(const lore_manifest_run *const *)b)->id);
}

/* Runs whose ids are the same: because they are the same, or only look alike. */
static lore_status check_ids(const lore_source *file, lore_manifest *m) {
  lore_manifest_run **order = calloc((size_t)m->runs + 1, sizeof *order);
  lore_status status = LORE_OK;
  if (!order)
    return lore_fail(LORE_MEMORY, "no memory for %d runs", m->runs);
  for (int r = 0; r < m->runs; r++)
    order[r] = &m->run[r];
  qsort(order, (size_t)m->runs, sizeof *order, by_id);
  for (int r = 1; r < m->runs && status == LORE_OK; r++)
    if (!strcmp(order[r]->id, order[r - 1]->id))
      status = lore_source_fail(file, LORE_NOWHERE,
                                "two runs are the same, or cannot be told apart by name: %s",
                                order[r]->id);
  free(order);
  return status;
}

lore_status lore_manifest_name_runs(const lore_source *file, lore_manifest *m,
                                    const lore_run_values *values) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int r = 0; r < m->runs; r++) {
    for (int i = 0; i < values[r].count; i++) {
      const char *key = table[values[r].setting[i]].key;
      if (!strcmp(key, "seed")) /* has a column of its own */
        continue;
      int axis = find_axis(m, key);
      if (axis < 0)
        return lore_source_fail(file, LORE_NOWHERE, "at most %d settings can be swept",
                                LORE_AXES_MAX);
      snprintf(m->run[r].value[axis], LORE_AXIS_VALUE_MAX, "%s", values[r].value[i]->text);
    }
    make_id(&m->run[r], &values[r], m->run[r].id);
  }
  return check_ids(file, m);
}
