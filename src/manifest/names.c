/* Stable ids of runs. */
#include "names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lore/settings/hash.h"
#include "lore/settings/write.h"
#include "pool.h"

/* Index of the axis `key`, which is added if it is new; -1: there are too many. */
static int find_or_add_axis(lore_manifest *m, const char *key) {
  for (int a = 0; a < m->axes; a++)
    if (!strcmp(m->axis[a], key))
      return a;
  if (m->axes == LORE_AXES_MAX)
    return -1;
  snprintf(m->axis[m->axes], sizeof m->axis[0], "%s", key);
  return m->axes++;
}

/* Appends `text` as far as file names go everywhere. */
static void append_text(char *id, size_t size, const char *text) {
  size_t length = strlen(id);
  for (; *text && length + 1 < size; text++)
    id[length++] = isalnum((unsigned char)*text) || strchr("._-+", *text) ? *text : '_';
  id[length] = 0;
}

/* Whether two of the settings have the same name in different sections. */
static bool is_ambiguous(const lore_setting *table, const lore_run_values *values, int index) {
  for (int i = 0; i < values->count; i++)
    if (i != index && !strcmp(lore_setting_leaf(table[values->swept[i].setting].key),
                              lore_setting_leaf(table[values->swept[index].setting].key)))
      return true;
  return false;
}

/* What a run is called by: its swept values as LORE writes them, however the study did. Those of
 * the run before are kept: most are the same. */
typedef struct {
  lore_settings settings;
  char text[LORE_AXES_MAX][LORE_AXIS_VALUE_MAX]; /* in the order of the run's values */
} lore_value_texts;

/* Prints the values of the next run; `begins`: it is the first with these axes. */
static void print_values(const lore_settings *settings, const lore_run_values *values, bool begins,
                         lore_value_texts *texts) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < values->count; i++) {
    const lore_setting *setting = &table[values->swept[i].setting];
    const char *now = (const char *)settings + setting->offset;
    const char *before = (const char *)&texts->settings + setting->offset;
    if (begins || memcmp(now, before, setting->size) != 0)
      lore_setting_print(setting, settings, LORE_AXIS_VALUE_MAX, texts->text[i]);
  }
  memcpy(&texts->settings, settings, sizeof *settings);
}

/* -leaf value of every swept setting, in the order of the table, not of the study. */
static void append_values(const lore_run_values *values, const lore_value_texts *texts, char *text,
                          size_t size) {
  int count, order[LORE_AXES_MAX], sorted = 0;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < values->count; i++) {
    int at = sorted++;
    for (; at > 0 && values->swept[order[at - 1]].setting > values->swept[i].setting; at--)
      order[at] = order[at - 1];
    order[at] = i;
  }
  for (int i = 0; i < sorted; i++) {
    const char *key = table[values->swept[order[i]].setting].key;
    if (!strcmp(key, "seed"))
      continue;
    append_text(text, size, "-");
    append_text(text, size, is_ambiguous(table, values, order[i]) ? key : lore_setting_leaf(key));
    append_text(text, size, texts->text[order[i]]);
  }
}

/* study[-experiment][-leaf value ...]-seedN, shortened if need be by a hash of the whole. */
static void make_id(const char *experiment, const lore_run_values *values,
                    const lore_value_texts *texts, char *id) {
  enum { LONG = 4096, HASH = 17 };
  char text[LONG] = "", seed[32];
  append_text(text, sizeof text, texts->settings.name);
  if (*experiment) {
    append_text(text, sizeof text, "-");
    append_text(text, sizeof text, experiment);
  }
  append_values(values, texts, text, sizeof text);
  snprintf(seed, sizeof seed, "-seed%llu", (unsigned long long)texts->settings.seed);
  size_t room = LORE_RUN_ID_MAX - strlen(seed) - 1;
  if (strlen(text) > room)
    snprintf(text + room - HASH, HASH + 1, "-%016llx",
             (unsigned long long)XXH3_64bits(text, strlen(text)));
  append_text(text, sizeof text, seed);
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

static bool have_same_settings(const lore_manifest *m, const lore_manifest_run *a,
                               const lore_manifest_run *b) {
  lore_settings first, second;
  lore_manifest_settings(m, (int)(a - m->run), &first);
  lore_manifest_settings(m, (int)(b - m->run), &second);
  return lore_settings_same(&first, &second);
}

/* Runs with different names that would do the same. */
static lore_status check_settings(const lore_source *file, const lore_manifest *m,
                                  lore_manifest_run **order) {
  qsort(order, (size_t)m->runs, sizeof *order, by_hash);
  for (int r = 1; r < m->runs; r++)
    if (order[r]->hash == order[r - 1]->hash && have_same_settings(m, order[r], order[r - 1]))
      return lore_source_fail(file, LORE_NOWHERE,
                              "two runs have the same settings: %s and %s; leave one of them out",
                              order[r - 1]->id, order[r]->id);
  return LORE_OK;
}

static lore_status check_runs(const lore_source *file, lore_manifest *m) {
  lore_manifest_run **order = calloc((size_t)m->runs + 1, sizeof *order);
  if (!order)
    return lore_fail(LORE_MEMORY, "cannot allocate %d runs", m->runs);
  for (int r = 0; r < m->runs; r++)
    order[r] = &m->run[r];
  lore_status status = check_ids(file, m->runs, order);
  if (status == LORE_OK)
    status = check_settings(file, m, order);
  free(order);
  return status;
}

/* All axes, before the first run gets its values. Runs of an experiment have the same ones. */
static lore_status add_axes(const lore_source *file, lore_manifest *m,
                            const lore_run_values *values) {
  int count, seed = lore_setting_find("seed"); /* has a column of its own */
  const lore_setting *table = lore_settings_table(&count);
  for (int r = 0; r < m->runs; r++)
    for (int i = 0; i < values[r].count && (r == 0 || m->run[r].base != m->run[r - 1].base); i++)
      if (values[r].swept[i].setting != seed &&
          find_or_add_axis(m, table[values[r].swept[i].setting].key) < 0)
        return lore_source_fail(file, LORE_NOWHERE, "at most %d settings can be swept",
                                LORE_AXES_MAX);
  return LORE_OK;
}

/* `text` as the run before has it, if that is the same, or a copy. */
static const char *share_text(lore_manifest *m, const char *before, const char *text) {
  return before && !strcmp(before, text) ? before : lore_pool_copy(&m->pool, text);
}

/* Fills value[m->axes]; `before` are those of the run before, or NULL. */
static bool put_values(lore_manifest *m, const lore_run_values *values,
                       const lore_value_texts *texts, const char *const *before,
                       const char **value) {
  int count, seed = lore_setting_find("seed");
  const lore_setting *table = lore_settings_table(&count);
  bool complete = true;
  for (int a = 0; a < m->axes; a++)
    value[a] = "";
  for (int i = 0; i < values->count; i++) {
    if (values->swept[i].setting == seed)
      continue;
    int axis = find_or_add_axis(m, table[values->swept[i].setting].key);
    value[axis] = share_text(m, before ? before[axis] : NULL, texts->text[i]);
    complete &= value[axis] != NULL;
  }
  return complete;
}

static lore_status name_run(lore_manifest *m, int r, const lore_run_values *values,
                            lore_value_texts *texts) {
  lore_manifest_run *run = &m->run[r];
  lore_settings settings;
  char id[LORE_RUN_ID_MAX];
  lore_manifest_settings(m, r, &settings);
  print_values(&settings, values, r == 0 || run->base != run[-1].base, texts);
  make_id(run->experiment, values, texts, id);
  const char **value =
      lore_pool_take(&m->pool, ((size_t)m->axes + 1) * sizeof *value, _Alignof(const char *));
  run->id = lore_pool_copy(&m->pool, id);
  run->value = value;
  bool complete =
      value && run->id && put_values(m, values, texts, r > 0 ? run[-1].value : NULL, value);
  return complete ? LORE_OK
                  : lore_fail(LORE_MEMORY, "cannot allocate the names of %d runs", m->runs);
}

lore_status lore_manifest_name_runs(const lore_source *file, lore_manifest *m,
                                    const lore_run_values *values) {
  lore_value_texts texts;
  LORE_TRY(add_axes(file, m, values));
  for (int r = 0; r < m->runs; r++)
    LORE_TRY(name_run(m, r, &values[r], &texts));
  return check_runs(file, m);
}
