/* Stable ids of runs. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "expand.h"
#include "lore/settings/hash.h"

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

/* Whether two of the settings have the same name in different sections. */
static bool is_ambiguous(const lore_setting *table, const lore_run_values *values, int index) {
  for (int i = 0; i < values->count; i++)
    if (i != index && !strcmp(lore_setting_leaf(table[values->setting[i]].key),
                              lore_setting_leaf(table[values->setting[index]].key)))
      return true;
  return false;
}

/* -leaf value of every swept setting, in the order of the table, not of the study, and as LORE
 * writes it, however the study did. */
static void append_values(const lore_manifest_run *run, const lore_run_values *values, char *text,
                          size_t size) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int setting = 0; setting < count; setting++)
    for (int i = 0; i < values->count; i++) {
      char value[LORE_AXIS_VALUE_MAX];
      const char *key = table[setting].key;
      if (values->setting[i] != setting || !strcmp(key, "seed"))
        continue;
      lore_setting_print(&table[setting], &run->settings, LORE_AXIS_VALUE_MAX, value);
      append(text, size, "-");
      append(text, size, is_ambiguous(table, values, i) ? key : lore_setting_leaf(key));
      append(text, size, value);
    }
}

/* study[-experiment][-leaf value ...]-seedN, shortened if need be by a hash of the whole. */
static void make_id(const lore_manifest_run *run, const lore_run_values *values, char *id) {
  enum { LONG = 4096, HASH = 17 };
  char text[LONG] = "", seed[32];
  append(text, sizeof text, run->settings.name);
  if (*run->experiment) {
    append(text, sizeof text, "-");
    append(text, sizeof text, run->experiment);
  }
  append_values(run, values, text, sizeof text);
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

static int by_hash(const void *a, const void *b) {
  const lore_manifest_run *x = *(const lore_manifest_run *const *)a,
                          *y = *(const lore_manifest_run *const *)b;
  return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : strcmp(x->id, y->id);
}

/* Runs whose ids are the same: because they are the same, or only look alike. */
static lore_status check_ids(const lore_source *file, int runs, lore_manifest_run **order) {
  qsort(order, (size_t)runs, sizeof *order, by_id);
  for (int r = 1; r < runs; r++)
    if (!strcmp(order[r]->id, order[r - 1]->id))
      return lore_source_fail(file, LORE_NOWHERE,
                              "two runs are the same, or cannot be told apart by name: %s",
                              order[r]->id);
  return LORE_OK;
}

/* Runs with different names that would do the same. */
static lore_status check_settings(const lore_source *file, int runs, lore_manifest_run **order) {
  qsort(order, (size_t)runs, sizeof *order, by_hash);
  for (int r = 1; r < runs; r++)
    if (order[r]->hash == order[r - 1]->hash &&
        lore_settings_same(&order[r]->settings, &order[r - 1]->settings))
      return lore_source_fail(file, LORE_NOWHERE,
                              "two runs have the same settings: %s and %s; leave one of them out",
                              order[r - 1]->id, order[r]->id);
  return LORE_OK;
}

static lore_status check_runs(const lore_source *file, lore_manifest *m) {
  lore_manifest_run **order = calloc((size_t)m->runs + 1, sizeof *order);
  if (!order)
    return lore_fail(LORE_MEMORY, "no memory for %d runs", m->runs);
  for (int r = 0; r < m->runs; r++)
    order[r] = &m->run[r];
  lore_status status = check_ids(file, m->runs, order);
  if (status == LORE_OK)
    status = check_settings(file, m->runs, order);
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
      lore_setting_print(&table[values[r].setting[i]], &m->run[r].settings, LORE_AXIS_VALUE_MAX,
                         m->run[r].value[axis]);
    }
    make_id(&m->run[r], &values[r], m->run[r].id);
  }
  return check_runs(file, m);
}
