/* Distributions over individuals. */
#include "lore/data/distribution.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/random.h"
#include "power_law.h"

/* The first `favoured` of a range with `weight`, the others with 1. */
static int64_t draw_weighted(const lore_draw *draw, lore_random *stream) {
  double heavy = (double)draw->favoured * draw->weight;
  int64_t others = draw->count - draw->favoured;
  if (lore_random_uniform(stream) * (heavy + (double)others) < heavy)
    return lore_random_below(stream, (uint32_t)draw->favoured);
  return draw->favoured + draw->gap + lore_random_below(stream, (uint32_t)others);
}

static int64_t draw_from(const lore_draw *draw, lore_random *stream) {
  assert(draw->count >= 1 && draw->count <= UINT32_MAX);
  switch (draw->kind) {
  case LORE_DISTRIBUTION_POWER_LAW:
    return draw->first + lore_power_law_draw(stream, draw->count, draw->alpha) - 1;
  case LORE_DISTRIBUTION_CELEBRITIES:
  case LORE_DISTRIBUTION_REPLAY:
    return draw->first + draw_weighted(draw, stream);
  default:
    return draw->first + lore_random_below(stream, (uint32_t)draw->count);
  }
}

int64_t lore_sampler_draw(const lore_sampler *s, int64_t step, int64_t sequence) {
  const lore_distribution_config *d = &s->distribution;
  /* Repeats are of the step that first showed them, whatever a curriculum has changed since. */
  lore_draw draw = lore_sampler_at(s, step - step % d->repeats_across_steps, sequence);
  lore_random stream = lore_random_stream(
      s->seed, LORE_RANDOM_INDIVIDUALS, (uint64_t)(s->first_step + step / d->repeats_across_steps),
      (uint64_t)(sequence / d->repeats_in_batch));
  return draw_from(&draw, &stream);
}

/* The number behind "name:" in `text`, or the default if there is no colon; NAN if it is none. */
static double parameter(const char *text, size_t name, double otherwise) {
  char *end;
  if (!text[name])
    return otherwise;
  double value = text[name] == ':' ? strtod(text + name + 1, &end) : NAN;
  return isfinite(value) && end > text + name + 1 && !*end ? value : NAN;
}

static bool is_name(const char *text, size_t length, const char *name) {
  return strlen(name) == length && !memcmp(text, name, length);
}

int lore_draw_parse(const char *text, const lore_distribution_config *d, int64_t known,
                    lore_draw *draw) {
  size_t name = strcspn(text, ":");
  bool power_law = is_name(text, name, "power_law"), first = is_name(text, name, "first");
  double number = parameter(text, name, power_law ? d->alpha : first ? NAN : d->celebrity_weight);
  *draw = (lore_draw){.count = known, .favoured = d->celebrities, .alpha = NAN};
  if (!strcmp(text, "uniform"))
    return 1;
  if (power_law) {
    draw->kind = LORE_DISTRIBUTION_POWER_LAW;
    draw->alpha = number;
    return number >= 0 && number <= LORE_ALPHA_MAX;
  }
  if (is_name(text, name, "celebrities")) {
    draw->kind = LORE_DISTRIBUTION_CELEBRITIES;
    draw->weight = number;
    return number > 0 && d->celebrities >= 1 && d->celebrities < known;
  }
  if (!first || !(number >= 1 && number <= (double)known) || number != floor(number))
    return 0;
  draw->count = (int64_t)number;
  return 1;
}
