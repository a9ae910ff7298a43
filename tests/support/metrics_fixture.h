/* A small metrics file whose every value is a function of the record's number, for several tests.
 */
#ifndef LORE_TESTS_METRICS_FIXTURE_H
#define LORE_TESTS_METRICS_FIXTURE_H

#include <math.h>
#include <stdlib.h>

#include "lore/io/metrics.h"

enum { FIXTURE_GROUPS = 2, FIXTURE_LAYERS = 3, FIXTURE_PLATEAU_FROM = 4, FIXTURE_PLATEAU_TO = 9 };

static const lore_group fixture_group[FIXTURE_GROUPS] = {{"known", 0, 4096},
                                                         {"held_out", 4096, 1024}};

static const lore_scalar fixture_setting[] = {
    {"name", "name of the study", "1", LORE_SCALAR_TEXT, 0, 0, "imbalance", false, false},
    {"seed", "seed of everything random", "1", LORE_SCALAR_INTEGER, 7, 0, NULL, false, false},
    {"data_seed", "a number that 53 bits cannot hold", "1", LORE_SCALAR_INTEGER,
     INT64_C(9007199254740993), 0, NULL, false, false},
    {"population_individuals", "individuals", "1", LORE_SCALAR_INTEGER, INT64_C(5000000000), 0,
     NULL, false, false},
    {"model_tied_embedding", "the head uses the embedding", "1", LORE_SCALAR_INTEGER, 1, 0, NULL,
     false, false},
    {"train_learning_rate", "learning rate", "1", LORE_SCALAR_REAL, 0, 1.5e-3, NULL, false, false},
    {"checkpoint_snapshots", "steps with weights", "1", LORE_SCALAR_TEXT, 0, 0, "", true, false},
};

static const lore_provenance fixture_provenance[] = {{"lore_version", "0.1.0"},
                                                     {"host", "node\xc3\xa9"}};

static inline lore_metrics_definition fixture_definition(void) {
  return (lore_metrics_definition){
      .title = "example",
      .groups = FIXTURE_GROUPS,
      .layers = FIXTURE_LAYERS,
      .attention_layers = FIXTURE_LAYERS,
      .group = fixture_group,
      .settings = sizeof fixture_setting / sizeof *fixture_setting,
      .setting = fixture_setting,
      .provenances = 2,
      .provenance = fixture_provenance,
      .no_knowledge_baseline = 6.78,
      .empirical_baseline = 6.5,
  };
}

typedef struct {
  lore_metrics_record record;
  lore_group_metrics group[FIXTURE_GROUPS];
  lore_attention_metrics attention[FIXTURE_LAYERS];
} fixture_record;

/* Record i. Its doubles are all different: i + (a thousandth for each). */
static inline void fixture_fill(fixture_record *f, int64_t i) {
  double *groups = (double *)f->group, *attention = (double *)f->attention;
  for (size_t j = 0; j < sizeof f->group / (sizeof(double)); j++)
    groups[j] = (double)i + 0.1 + 0.001 * (double)j;
  for (size_t j = 0; j < sizeof f->attention / (sizeof(double)); j++)
    attention[j] = (double)i + 0.5 + 0.001 * (double)j;
  f->record = (lore_metrics_record){
      .step = 50 * i,
      .train_loss = i ? (double)i + 0.01 : NAN,
      .learning_rate = (double)i + 0.02,
      .gradient_norm = (double)i + 0.03,
      .tokens_seen = INT64_C(3000000000) * i,
      .wall_time = (double)i + 0.04,
      .phase = 1 + (i >= FIXTURE_PLATEAU_FROM) + (i >= FIXTURE_PLATEAU_TO),
      .group = f->group,
      .attention = f->attention,
      .plateau_start = i >= FIXTURE_PLATEAU_FROM ? 50 * FIXTURE_PLATEAU_FROM - 12.5 : -1,
      .plateau_end = i >= FIXTURE_PLATEAU_TO ? 50 * FIXTURE_PLATEAU_TO - 12.5 : -1,
  };
}

/* Appends records [from, to). */
static inline lore_status fixture_append(lore_metrics *metrics, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; i++) {
    fixture_record f;
    fixture_fill(&f, i);
    LORE_TRY(lore_metrics_append(metrics, &f.record));
  }
  return LORE_OK;
}

#endif
