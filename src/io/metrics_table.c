/* What a metrics file holds: the table of its record variables, how a record becomes their values,
 * and the definition of the file. */
#include "metrics_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL /* makes the state a complete type */
#include <xxhash.h>

#define STEP(field, member, type, units, long_name)                                                \
  {                                                                                                \
#field, long_name, units, type, LORE_BY_STEP, member, offsetof(lore_metrics_record, field),    \
        false                                                                                      \
  }
#define DRAW(field, member, type, long_name)                                                       \
  {                                                                                                \
    "draw_" #field, long_name, "1", type, LORE_BY_STEP, member,                                    \
        offsetof(lore_metrics_record, draw.field), false                                           \
  }
#define GROUP(field, shape, units, long_name)                                                      \
  {                                                                                                \
#field, long_name, units, NC_DOUBLE, shape, LORE_MEMBER_DOUBLE,                                \
        offsetof(lore_group_metrics, field), false                                                 \
  }
/* By group; files of earlier versions lack it. */
#define LATER(field, units, long_name)                                                             \
  {                                                                                                \
#field, long_name, units, NC_DOUBLE, LORE_BY_GROUP, LORE_MEMBER_DOUBLE,                        \
        offsetof(lore_group_metrics, field), true                                                  \
  }
/* By group and bin; files of earlier versions lack it. Rounded to float, as there are many. */
#define BINNED(what, field, units, long_name)                                                      \
  {                                                                                                \
#what "_" #field, long_name, units, NC_FLOAT, LORE_BY_GROUP_AND_BIN, LORE_MEMBER_DOUBLE,       \
        offsetof(lore_group_metrics, what.field), true                                             \
  }
#define LAYER(field, long_name)                                                                    \
  {                                                                                                \
    "attention_" #field, long_name, "1", NC_DOUBLE, LORE_BY_LAYER, LORE_MEMBER_DOUBLE,             \
        offsetof(lore_attention_metrics, field), false                                             \
  }

const lore_metric lore_metric_table[] = {
    STEP(step, LORE_MEMBER_INT64, NC_INT, "1", "optimiser updates made so far"),
    STEP(train_loss, LORE_MEMBER_DOUBLE, NC_DOUBLE, "nats token-1",
         "training cross-entropy per token, mean over the tokens since the previous record"),
    STEP(learning_rate, LORE_MEMBER_DOUBLE, NC_DOUBLE, "1", "learning rate of the last update"),
    STEP(gradient_norm, LORE_MEMBER_DOUBLE, NC_DOUBLE, "1",
         "Euclidean norm of the gradient of the mean training loss, before clipping"),
    STEP(tokens_seen, LORE_MEMBER_INT64, NC_DOUBLE, "1", "training tokens seen so far"),
    STEP(wall_time, LORE_MEMBER_DOUBLE, NC_DOUBLE, "s", "time since the run began"),
    STEP(phase, LORE_MEMBER_INT, NC_INT, "1", "phase of learning"),
    DRAW(first, LORE_MEMBER_INT64, NC_DOUBLE, "first individual that the next step can draw"),
    DRAW(count, LORE_MEMBER_INT64, NC_DOUBLE, "individuals that the next step can draw"),
    DRAW(alpha, LORE_MEMBER_DOUBLE, NC_DOUBLE, "exponent of a power law"),
    GROUP(attribute_loss, LORE_BY_GROUP, "nats",
          "cross-entropy of an attribute value, summed over its tokens, mean over attributes"),
    GROUP(attribute_accuracy, LORE_BY_GROUP, "1",
          "share of attribute values whose tokens are all predicted"),
    GROUP(max_probability, LORE_BY_GROUP, "1",
          "probability of the most likely token, mean over value tokens"),
    GROUP(entropy, LORE_BY_GROUP, "nats",
          "entropy of the predictive distribution, mean over value tokens"),
    GROUP(attribute_loss_by_attribute, LORE_BY_GROUP_AND_ATTRIBUTE, "nats",
          "cross-entropy of the value of each attribute, summed over its tokens"),
    GROUP(attribute_accuracy_by_attribute, LORE_BY_GROUP_AND_ATTRIBUTE, "1",
          "share of values of each attribute whose tokens are all predicted"),
    LATER(stored_bits, "bits", "what is stored of the values of the group's individuals, at least"),
    LATER(stored_bits_per_parameter, "bits", "the same for each parameter of the model"),
    LATER(stored_bits_per_layer_parameter, "bits",
          "the same for each parameter but those of embeddings and head"),
    LATER(calibration_error, "1",
          "expected calibration error of answers for values, 15 bins of confidence"),
    LATER(confidently_wrong, "1",
          "share of values that are answered wrongly with a confidence above one half"),
    LATER(
        auroc_confidence, "1",
        "area under the ROC curve: values of the first group told from this group's by confidence"),
    LATER(auroc_entropy, "1",
          "area under the ROC curve: values of the first group told from this group's by entropy"),
    BINNED(exposure, values, "1",
           "evaluated values of individuals that training has shown so often"),
    BINNED(exposure, accuracy, "1", "share of these whose tokens are all predicted"),
    BINNED(exposure, loss, "nats", "cross-entropy of these, summed over their tokens, mean"),
    BINNED(recency, values, "1",
           "evaluated values of individuals that training showed last so many steps ago; 0: never"),
    BINNED(recency, accuracy, "1", "share of these whose tokens are all predicted"),
    BINNED(recency, loss, "nats", "cross-entropy of these, summed over their tokens, mean"),
    LATER(question_loss, "nats",
          "cross-entropy of the answer to a question, summed over its tokens, mean over questions"),
    LATER(question_accuracy, "1", "share of answers to questions whose tokens are all predicted"),
    LAYER(name_to_name,
          "attention from the last name token to earlier ones, also of earlier sentences"),
    LAYER(attribute_to_name,
          "attention from the position that predicts the first value token to earlier name tokens"),
    LAYER(attribute_to_text, "attention from the position that predicts the first value token to "
                             "earlier template tokens"),
    LAYER(sharpness, "entropy of attention divided by the log of the number of attendable tokens"),
};

const int lore_metrics_count = sizeof lore_metric_table / sizeof *lore_metric_table;
_Static_assert(sizeof lore_metric_table / sizeof *lore_metric_table <= LORE_METRICS_MOST,
               "lore_metrics_ids has no room");

static double member_value(const char *at, lore_member member) {
  double number;
  int64_t integer;
  int small;
  switch (member) {
  case LORE_MEMBER_INT64:
    memcpy(&integer, at, sizeof integer);
    return integer < 0 ? NC_FILL_DOUBLE : (double)integer;
  case LORE_MEMBER_INT:
    memcpy(&small, at, sizeof small);
    return small;
  default:
    memcpy(&number, at, sizeof number);
    return isnan(number) ? NC_FILL_DOUBLE : number;
  }
}

/* Copies rows x columns members from an array of structs, `stride` bytes apart, to `out`; fill
 * values if there is no array. */
static void gather_values(const void *array, size_t stride, size_t rows, size_t columns,
                          const lore_metric *metric, double *out) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      out[i * columns + j] =
          array
              ? member_value((const char *)array + i * stride + metric->offset + j * sizeof(double),
                             metric->member)
              : NC_FILL_DOUBLE;
}

void lore_metric_extent(const lore_metric *metric, size_t groups, size_t layers, size_t count[3]) {
  count[0] = count[1] = count[2] = 1;
  if (metric->shape == LORE_BY_LAYER)
    count[1] = layers;
  else if (metric->shape != LORE_BY_STEP)
    count[1] = groups;
  if (metric->shape == LORE_BY_GROUP_AND_ATTRIBUTE)
    count[2] = LORE_ATTRIBUTES;
  if (metric->shape == LORE_BY_GROUP_AND_BIN)
    count[2] = LORE_EXPOSURE_BINS;
}

int lore_metric_put(int ncid, int variable, const lore_metric *metric, size_t at, size_t groups,
                    size_t layers, const lore_metrics_record *record, double *scratch,
                    lore_metrics_digest *digest) {
  size_t start[3] = {at, 0, 0}, count[3];
  lore_metric_extent(metric, groups, layers, count);
  switch (metric->shape) {
  case LORE_BY_STEP:
    gather_values(record, 0, 1, 1, metric, scratch);
    break;
  case LORE_BY_GROUP:
  case LORE_BY_GROUP_AND_ATTRIBUTE:
  case LORE_BY_GROUP_AND_BIN:
    gather_values(record->group, sizeof *record->group, groups, count[2], metric, scratch);
    break;
  case LORE_BY_LAYER:
    gather_values(record->attention, sizeof *record->attention, layers, 1, metric, scratch);
    break;
  }
  for (size_t i = 0; metric->type == NC_FLOAT && i < count[1] * count[2]; i++)
    scratch[i] = (double)(float)scratch[i]; /* what will be read back */
  lore_metrics_digest_add(digest, scratch, count[1] * count[2]);
  return nc_put_vara_double(ncid, variable, start, count, scratch);
}

struct lore_metrics_digest {
  XXH3_state_t state;
};

lore_metrics_digest *lore_metrics_digest_create(void) {
  lore_metrics_digest *digest = aligned_alloc(_Alignof(XXH3_state_t), sizeof *digest);
  if (digest) {
    XXH3_INITSTATE(&digest->state);
    XXH3_64bits_reset(&digest->state);
  }
  return digest;
}

void lore_metrics_digest_add(lore_metrics_digest *digest, const double *values, size_t count) {
  XXH3_64bits_update(&digest->state, values, count * sizeof *values);
}

uint64_t lore_metrics_digest_value(const lore_metrics_digest *digest) {
  return XXH3_64bits_digest(&digest->state);
}

void lore_metrics_digest_destroy(lore_metrics_digest *digest) {
  free(digest);
}

enum { LABEL_LENGTH = LORE_GROUP_NAME_MAX, FIXED_ALIGNMENT = 8 };

static const char summary_of_pairs[] =
    "One training run of a toy associative memory, evaluated at steps: loss and accuracy on the "
    "values of keys, and confidence. A pair of key and value stands where a biography has an "
    "attribute, and for one token.";

static const char summary[] =
    "One training run of a language model on synthetic biographies, evaluated at steps: loss and "
    "accuracy on attribute values, confidence, attention signatures and the phases of learning.";

typedef struct {
  int step, group, attribute, bin, layer;
} metrics_dimensions;

/* Ids of the coordinates, and of the scalars that are known from the start. */
typedef struct {
  int group, attribute, bin, layer;
  int no_knowledge_baseline, empirical_baseline;
  int *setting;
} fixed_ids;

static void define_dimensions(lore_ncfile *file, const lore_metrics_definition *definition,
                              metrics_dimensions *d) {
  d->step = lore_ncfile_dimension(file, "step", NC_UNLIMITED);
  d->group = lore_ncfile_dimension(file, "group", (size_t)definition->groups);
  d->attribute = definition->pairs ? -1 : lore_ncfile_dimension(file, "attribute", LORE_ATTRIBUTES);
  d->bin = definition->pairs ? -1 : lore_ncfile_dimension(file, "bin", LORE_EXPOSURE_BINS);
  /* A length of 0 would mean a second unlimited dimension. */
  d->layer = definition->attention_layers
                 ? lore_ncfile_dimension(file, "layer", (size_t)definition->layers)
                 : -1;
}

static int define_real(lore_ncfile *file, const char *name, const char *long_name,
                       const char *units) {
  int id = lore_ncfile_variable(file, name, NC_DOUBLE, 0, NULL, long_name, units);
  lore_ncfile_real(file, id, "_FillValue", NC_FILL_DOUBLE);
  return id;
}

static int define_label(lore_ncfile *file, const char *name, int dimension, const char *long_name) {
  int length = lore_ncfile_text_length(file, name, LABEL_LENGTH);
  return lore_ncfile_variable(file, name, NC_CHAR, 2, (int[]){dimension, length}, long_name, NULL);
}

/* The plateau's variables come first and the fixed part is aligned, so that neither lies across two
 * pages: a rewrite is whole even if the process is killed in it. */
static void define_fixed(lore_ncfile *file, const lore_metrics_definition *definition,
                         const metrics_dimensions *d, lore_metrics_ids *ids, fixed_ids *fixed) {
  ids->plateau_start = define_real(file, "plateau_start", "step at which the plateau begins", "1");
  ids->plateau_end = define_real(file, "plateau_end", "step at which the plateau ends", "1");
  fixed->no_knowledge_baseline =
      define_real(file, "no_knowledge_baseline",
                  "attribute loss of a model that knows how many values are possible", "nats");
  fixed->empirical_baseline =
      define_real(file, "empirical_baseline",
                  "attribute loss of a model that knows how often each value occurs", "nats");
  fixed->group = define_label(file, "group", d->group,
                              definition->pairs ? "set of pairs" : "set of individuals");
  if (d->attribute >= 0)
    fixed->attribute = define_label(file, "attribute", d->attribute, "attribute of an individual");
  if (d->bin >= 0)
    fixed->bin = lore_ncfile_variable(file, "bin", NC_INT, 1, &d->bin,
                                      "smallest number in the bin; the last has no largest", "1");
  if (d->layer >= 0)
    fixed->layer =
        lore_ncfile_variable(file, "layer", NC_INT, 1, &d->layer, "layer, the first is 1", "1");
  lore_scalars_define(file, definition->settings, definition->setting, fixed->setting);
}

static void define_records(lore_ncfile *file, const metrics_dimensions *d, lore_metrics_ids *ids) {
  static const int rank[] = {1, 2, 3, 3, 2};
  for (int i = 0; i < lore_metrics_count; i++) {
    const lore_metric *metric = &lore_metric_table[i];
    int dimension[3] = {d->step, d->group, d->attribute};
    ids->variable[i] = -1;
    if (metric->shape == LORE_BY_GROUP_AND_ATTRIBUTE && d->attribute < 0)
      continue;
    if (metric->shape == LORE_BY_GROUP_AND_BIN) {
      if (d->bin < 0)
        continue;
      dimension[2] = d->bin;
    }
    if (metric->shape == LORE_BY_LAYER) {
      if (d->layer < 0)
        continue;
      dimension[1] = d->layer;
    }
    int id = lore_ncfile_variable(file, metric->name, metric->type, rank[metric->shape], dimension,
                                  metric->long_name, metric->units);
    if (metric->type == NC_DOUBLE)
      lore_ncfile_real(file, id, "_FillValue", NC_FILL_DOUBLE);
    if (metric->type == NC_FLOAT && !file->error)
      file->error =
          nc_put_att_float(file->ncid, id, "_FillValue", NC_FLOAT, 1, (float[]){NC_FILL_FLOAT});
    if (!strcmp(metric->name, "phase") && !file->error) {
      file->error = nc_put_att_int(file->ncid, id, "flag_values", NC_INT, 3, (int[]){1, 2, 3});
      lore_ncfile_text(file, id, "flag_meanings", "statistics plateau recall");
    }
    ids->variable[i] = id;
  }
}

static void put_double(lore_ncfile *file, int variable, double value) {
  if (!file->error)
    file->error = nc_put_var_double(file->ncid, variable, &value);
}

static void put_fixed(lore_ncfile *file, const lore_metrics_definition *definition,
                      const lore_metrics_ids *ids, const fixed_ids *fixed) {
  put_double(file, ids->plateau_start, NC_FILL_DOUBLE);
  put_double(file, ids->plateau_end, NC_FILL_DOUBLE);
  put_double(file, fixed->no_knowledge_baseline, definition->no_knowledge_baseline);
  put_double(file, fixed->empirical_baseline, definition->empirical_baseline);
  for (int i = 0; i < definition->groups; i++)
    lore_ncfile_put_row(file, fixed->group, (size_t)i, LABEL_LENGTH, definition->group[i].name);
  for (int i = 0; i < LORE_ATTRIBUTES && !definition->pairs; i++)
    lore_ncfile_put_row(file, fixed->attribute, (size_t)i, LABEL_LENGTH,
                        lore_attribute_name((lore_attribute)i));
  for (int i = 0; i < LORE_EXPOSURE_BINS && !definition->pairs && !file->error; i++)
    file->error = nc_put_var1_int(file->ncid, fixed->bin, (size_t[]){(size_t)i},
                                  (int[]){lore_exposure_least(i)});
  for (int i = 0; definition->attention_layers && i < definition->layers && !file->error; i++)
    file->error = nc_put_var1_int(file->ncid, fixed->layer, (size_t[]){(size_t)i}, (int[]){i + 1});
  lore_scalars_put(file, definition->settings, definition->setting, fixed->setting);
}

void lore_metrics_define(lore_ncfile *file, const lore_metrics_definition *definition,
                         size_t alignment, lore_metrics_ids *ids) {
  metrics_dimensions d;
  fixed_ids fixed = {.setting = calloc((size_t)definition->settings + 1, sizeof(int))};
  if (!fixed.setting) {
    file->error = NC_ENOMEM;
    return;
  }
  lore_ncfile_globals(file, definition->title, definition->pairs ? summary_of_pairs : summary,
                      definition->provenances, definition->provenance);
  define_dimensions(file, definition, &d);
  define_fixed(file, definition, &d, ids, &fixed);
  define_records(file, &d, ids);
  if (!file->error)
    file->error = nc__enddef(file->ncid, 0, FIXED_ALIGNMENT, 0, alignment);
  put_fixed(file, definition, ids, &fixed);
  free(fixed.setting);
}
