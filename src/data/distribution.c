/* Distributions over individuals. */
#include "lore/data/distribution.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "power_law.h"

lore_draw lore_draw_create(const lore_distribution_config *d, const lore_population_config *p) {
  int64_t known = p->individuals;
  lore_draw draw = {.kind = d->kind,
                    .count = known,
                    .alpha = d->kind == LORE_DISTRIBUTION_POWER_LAW ? d->alpha : NAN};
  if (d->kind == LORE_DISTRIBUTION_CELEBRITIES) {
    draw.favoured = d->celebrities;
    draw.weight = d->celebrity_weight;
  }
  if (d->kind == LORE_DISTRIBUTION_REPLAY) {
    lore_range new = lore_population_range(p, LORE_PEOPLE_NEW);
    draw.favoured = known;
    draw.weight = d->replay_weight;
    draw.count = known + new.count;
    draw.gap = new.first - known;
  }
  if (d->among == LORE_AMONG_CELEBRITIES)
    draw.count = d->celebrities;
  if (d->among == LORE_AMONG_ASKED)
    draw.count = p->asked;
  if (d->among == LORE_AMONG_OTHERS) {
    draw.first = d->celebrities;
    draw.count = known - d->celebrities;
  }
  return draw;
}

/* The first `favoured` of a range with `weight`, the others with 1. */
static int64_t draw_weighted(const lore_draw *draw, lore_random *stream) {
  double heavy = (double)draw->favoured * draw->weight;
  int64_t others = draw->count - draw->favoured;
  if (lore_random_uniform(stream) * (heavy + (double)others) < heavy)
    return lore_random_below(stream, (uint32_t)draw->favoured);
  return draw->favoured + draw->gap + lore_random_below(stream, (uint32_t)others);
}

int64_t lore_draw_individual(const lore_draw *draw, lore_random *stream) {
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

/* The number behind "name:" in `text`, or the default if there is no colon; NAN if it is none. */
static double parse_parameter(const char *text, size_t name, double otherwise) {
  char *end;
  if (!text[name])
    return otherwise;
  double value = text[name] == ':' ? strtod(text + name + 1, &end) : NAN;
  return isfinite(value) && end > text + name + 1 && !*end ? value : NAN;
}

static bool is_entry_name(const char *text, size_t length, const char *name) {
  return strlen(name) == length && !memcmp(text, name, length);
}

int lore_draw_parse(const char *text, const lore_distribution_config *d, int64_t known,
                    lore_draw *draw) {
  size_t name = strcspn(text, ":");
  *draw = (lore_draw){.count = known, .favoured = d->celebrities, .alpha = NAN};
  if (!strcmp(text, "uniform"))
    return 1;
  if (is_entry_name(text, name, "power_law")) {
    draw->kind = LORE_DISTRIBUTION_POWER_LAW;
    draw->alpha = parse_parameter(text, name, d->alpha);
    return draw->alpha >= 0 && draw->alpha <= LORE_ALPHA_MAX;
  }
  if (is_entry_name(text, name, "celebrities")) {
    draw->kind = LORE_DISTRIBUTION_CELEBRITIES;
    draw->weight = parse_parameter(text, name, d->celebrity_weight);
    return draw->weight > 0 && d->celebrities >= 1 && d->celebrities < known;
  }
  if (!is_entry_name(text, name, "first"))
    return 0;
  double number = parse_parameter(text, name, NAN);
  if (!(number >= 1 && number <= (double)known) || number != floor(number))
    return 0;
  draw->count = (int64_t)number;
  return 1;
}
