/* Which individuals a training batch shows (science.md section 4; paper sections 2.2 and 4): a
 * distribution over individuals. Drawing takes constant time at any population size. */
#ifndef LORE_DATA_DISTRIBUTION_H
#define LORE_DATA_DISTRIBUTION_H

#include <stdint.h>

#include "lore/base/enum.h"
#include "lore/base/list.h"
#include "lore/base/random.h"
#include "lore/data/population.h"

#define LORE_ALPHA_MAX 10.0

/* power_law: p(i) proportional to i^-alpha, i = 1 .. known; celebrities: the first ones are
 * celebrity_weight times as likely; replay: known ones with replay_weight, new ones with 1. */
#define LORE_DISTRIBUTION_LIST(X)                                                                  \
  X(LORE_DISTRIBUTION_UNIFORM, "uniform")                                                          \
  X(LORE_DISTRIBUTION_POWER_LAW, "power_law")                                                      \
  X(LORE_DISTRIBUTION_CELEBRITIES, "celebrities")                                                  \
  X(LORE_DISTRIBUTION_REPLAY, "replay")

typedef enum { LORE_DISTRIBUTION_LIST(LORE_ENUM_VALUE) } lore_distribution_kind;

/* Of the known individuals, those that are drawn at all. */
#define LORE_AMONG_LIST(X)                                                                         \
  X(LORE_AMONG_ALL, "all")                                                                         \
  X(LORE_AMONG_CELEBRITIES, "celebrities")                                                         \
  X(LORE_AMONG_OTHERS, "others")                                                                   \
  X(LORE_AMONG_ASKED, "asked")

typedef enum { LORE_AMONG_LIST(LORE_ENUM_VALUE) } lore_among;

/* How an individual that is injected again is described. */
#define LORE_WORDING_LIST(X)                                                                       \
  X(LORE_WORDING_NEW, "new")                                                                       \
  X(LORE_WORDING_SAME, "same")

typedef enum { LORE_WORDING_LIST(LORE_ENUM_VALUE) } lore_wording;

typedef struct {
  lore_distribution_kind kind;
  double alpha;
  int64_t celebrities; /* individuals 0 .. celebrities-1 */
  double celebrity_weight, replay_weight;
  lore_among among;
  int repeats_in_batch;         /* neighbouring sequences of a batch that show one individual */
  int64_t repeats_across_steps; /* neighbouring steps that show the same individuals */
  lore_word_list shards;        /* distributions that take turns over shards; empty: `kind` */
  double fresh;                 /* share of sequences about individuals that are met once */
  double final_fresh;           /* that it goes to, linearly, until the last step; -1: it stays */
  double questions;             /* share of the sequences about asked individuals */
  lore_integer_list inject;     /* steps that show all injected individuals, ascending */
  lore_wording inject_wording;
} lore_distribution_config;

/* A range of individuals and how they are drawn from it. */
typedef struct {
  lore_distribution_kind kind;
  int64_t first, count;
  double alpha;     /* NAN: no power law */
  int64_t favoured; /* celebrities or, in a replay, known ones: the first of the range */
  double weight;    /* of each of these, where another one has 1 */
  int64_t gap;      /* indices that lie between the favoured ones and the others */
} lore_draw;

/* What `distribution` draws from as long as no curriculum changes it; its shards are left out. */
lore_draw lore_draw_create(const lore_distribution_config *distribution,
                           const lore_population_config *population);

/* Reads an entry of distribution.shards: "uniform", "power_law:ALPHA", "celebrities:WEIGHT" or
 * "first:COUNT". 0 if it is none of these, or out of range. */
int lore_draw_parse(const char *text, const lore_distribution_config *distribution, int64_t known,
                    lore_draw *draw);

/* An individual, drawn with the next numbers of `stream`. */
int64_t lore_draw_individual(const lore_draw *draw, lore_random *stream);

#endif
