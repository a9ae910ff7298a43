/* probe.nc of a toy memory. */
#include "memory_file.h"

#include <assert.h>

#include "file.h"
#include "lore/io/whole.h"

enum { LABEL_LENGTH = LORE_GROUP_NAME_MAX };

static const char summary[] =
    "The best linear associative memory of one toy run's known pairs, in closed form, beside the "
    "trained memory.";

static const char *const code_names[] = {LORE_LINEAR_CODE_LIST(LORE_ENUM_NAME)};

typedef struct {
  int step, group, code, accuracy, loss, linear_accuracy, linear_residual;
  int setting[LORE_PROBE_SETTINGS_MAX];
} variables;

static void define_memory_file(lore_ncfile *file, const lore_linear_content *c, variables *v) {
  int step = lore_ncfile_dimension(file, "step", (size_t)c->snapshots);
  int group = lore_ncfile_dimension(file, "group", (size_t)c->groups);
  int code = lore_ncfile_dimension(file, "code", LORE_LINEAR_CODES);
  int group_length = lore_ncfile_text_length(file, "group", LABEL_LENGTH);
  int code_length = lore_ncfile_text_length(file, "code", LABEL_LENGTH);
  v->step =
      lore_ncfile_variable(file, "step", NC_INT, 1, &step, "optimiser updates made so far", "1");
  v->group = lore_ncfile_variable(file, "group", NC_CHAR, 2, (int[]){group, group_length},
                                  "set of pairs", NULL);
  v->code = lore_ncfile_variable(file, "code", NC_CHAR, 2, (int[]){code, code_length},
                                 "what a linear map is fitted to: vectors of values, one-hot codes",
                                 NULL);
  lore_scalars_define(file, c->settings, c->setting, v->setting);
  v->accuracy = lore_ncfile_variable(file, "model_accuracy", NC_DOUBLE, 2, (int[]){step, group},
                                     "share of values that the trained memory says", "1");
  v->loss = lore_ncfile_variable(file, "model_loss", NC_DOUBLE, 2, (int[]){step, group},
                                 "cross-entropy of the trained memory", "nats");
  v->linear_accuracy =
      lore_ncfile_variable(file, "linear_accuracy", NC_DOUBLE, 2, (int[]){code, group},
                           "share of values that the best linear map says", "1");
  v->linear_residual =
      lore_ncfile_variable(file, "linear_residual", NC_DOUBLE, 1, &code,
                           "mean squared length of what the map leaves of known targets", "1");
}

static void put_real(lore_ncfile *file, int variable, size_t row, size_t column, double value) {
  if (!file->error)
    file->error = nc_put_var1_double(file->ncid, variable, (size_t[]){row, column}, &value);
}

static void put_linear(lore_ncfile *file, const lore_linear_content *c, const variables *v) {
  for (size_t code = 0; code < LORE_LINEAR_CODES; code++) {
    lore_ncfile_put_row(file, v->code, code, LABEL_LENGTH, code_names[code]);
    put_real(file, v->linear_residual, code, 0, c->linear->residual[code]);
    for (size_t g = 0; g < (size_t)c->groups; g++)
      put_real(file, v->linear_accuracy, code, g, c->linear->accuracy[code][g]);
  }
}

static void fill_memory_file(lore_ncfile *file, void *content) {
  const lore_linear_content *c = content;
  variables v;
  assert(c->settings <= LORE_PROBE_SETTINGS_MAX);
  lore_ncfile_globals(file, c->title, summary, c->provenances, c->provenance);
  lore_ncfile_text(file, NC_GLOBAL, "probe_options", c->options);
  define_memory_file(file, c, &v);
  lore_ncfile_end(file);
  lore_scalars_put(file, c->settings, c->setting, v.setting);
  for (size_t g = 0; g < (size_t)c->groups; g++)
    lore_ncfile_put_row(file, v.group, g, LABEL_LENGTH, c->group[g].name);
  for (size_t s = 0; s < (size_t)c->snapshots; s++) {
    put_real(file, v.step, s, 0, (double)c->step[s]);
    for (size_t g = 0; g < (size_t)c->groups; g++) {
      const lore_group_metrics *metrics = &c->metrics[s * LORE_PAIR_GROUPS_MAX + g];
      put_real(file, v.accuracy, s, g, metrics->attribute_accuracy);
      put_real(file, v.loss, s, g, metrics->attribute_loss);
    }
  }
  put_linear(file, c, &v);
}

lore_status lore_linear_file_write(const char *path, lore_linear_content *content) {
  return lore_ncfile_make(path, NC_64BIT_OFFSET, true, fill_memory_file, content);
}
