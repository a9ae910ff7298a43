/* The record variables of a metrics file and how a record becomes their values. */
#include "metrics_table.h"

#include <math.h>
#include <string.h>

#define STEP(field, member, type, units, long_name)                                                \
  { #field, long_name, units, type, LORE_BY_STEP, member, offsetof(lore_metrics_record, field) }
#define DRAW(field, member, type, long_name)                                                       \
  {                                                                                                \
    "draw_" #field, long_name, "1", type, LORE_BY_STEP, member,                                    \
        offsetof(lore_metrics_record, draw.field)                                                  \
  }
#define GROUP(field, shape, units, long_name)                                                      \
  {                                                                                                \
#field, long_name, units, NC_DOUBLE, shape, LORE_MEMBER_DOUBLE,                                \
        offsetof(lore_group_metrics, field)                                                        \
  }
#define LAYER(field, long_name)                                                                    \
  {                                                                                                \
    "attention_" #field, long_name, "1", NC_DOUBLE, LORE_BY_LAYER, LORE_MEMBER_DOUBLE,             \
        offsetof(lore_attention_metrics, field)                                                    \
  }

const lore_metric lore_metric_table[] = {
    STEP(step, LORE_MEMBER_INT64, NC_INT, "1", "optimiser updates made so far"),
    STEP(train_loss, LORE_MEMBER_DOUBLE, NC_DOUBLE, "nats token-1",
         "training cross-entropy per token, mean over the steps since the previous record"),
    STEP(learning_rate, LORE_MEMBER_DOUBLE, NC_DOUBLE, "1", "learning rate"),
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
    LAYER(name_to_name, "attention from the last name token to the other name tokens"),
    LAYER(attribute_to_name,
          "attention from the position that predicts the first value token to the name tokens"),
    LAYER(attribute_to_text,
          "attention from the position that predicts the first value token to template tokens"),
    LAYER(sharpness, "entropy of attention divided by the log of the number of attendable tokens"),
};

const int lore_metrics_count = sizeof lore_metric_table / sizeof *lore_metric_table;

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
static void gather(const void *array, size_t stride, size_t rows, size_t columns,
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
}

int lore_metric_put(int ncid, int variable, const lore_metric *metric, size_t at, size_t groups,
                    size_t layers, const lore_metrics_record *record, double *scratch) {
  size_t start[3] = {at, 0, 0}, count[3];
  lore_metric_extent(metric, groups, layers, count);
  switch (metric->shape) {
  case LORE_BY_STEP:
    gather(record, 0, 1, 1, metric, scratch);
    break;
  case LORE_BY_GROUP:
    gather(record->group, sizeof *record->group, groups, 1, metric, scratch);
    break;
  case LORE_BY_GROUP_AND_ATTRIBUTE:
    gather(record->group, sizeof *record->group, groups, LORE_ATTRIBUTES, metric, scratch);
    break;
  case LORE_BY_LAYER:
    gather(record->attention, sizeof *record->attention, layers, 1, metric, scratch);
    break;
  }
  return nc_put_vara_double(ncid, variable, start, count, scratch);
}
