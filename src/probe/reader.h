/* Reads activations off the model while it passes over biographies. */
#ifndef LORE_PROBE_READER_H
#define LORE_PROBE_READER_H

#include "lore/data/batch.h"
#include "lore/linalg/matrix.h"
#include "lore/model/decoder.h"
#include "problem.h"

/* Columns of a matrix of verdicts: whether the model says the value of each target, its attribute
 * loss, its mean largest probability; then, for each cell that is read, whether its norm and head
 * say the first token there. */
enum {
  LORE_PROBE_VERDICT_LOSS = LORE_PROBE_TARGETS,
  LORE_PROBE_VERDICT_CONFIDENCE,
  LORE_PROBE_VERDICTS
};

static inline int lore_probe_verdicts(int cells) {
  return LORE_PROBE_VERDICTS + cells;
}

typedef struct lore_probe_worker lore_probe_worker;

typedef struct {
  const lore_probe_problem *problem;
  const real *parameters;
  lore_probe_worker *worker; /* problem->threads */
} lore_probe_reader;

/* Cuts (or counts) a reader out of `arena`. */
void lore_probe_reader_layout(lore_probe_reader *reader, lore_arena *arena,
                              const lore_probe_problem *problem);

/* Fills matrix[0 .. matrices - 1], levels [first_level, first_level + levels), with the activations
 * of `group` for `use`: index (level * positions + position) * attributes + attribute. `verdicts`
 * (rows x lore_probe_verdicts of so many matrices) may be NULL. All ranks. */
lore_status lore_probe_read(const lore_probe_reader *reader, lore_probe_group group,
                            lore_probe_use use, int first_level, int levels, lore_matrix *matrix,
                            lore_matrix *verdicts);

/* The same of individual[rows] at the first mention of their name, one matrix for each level;
 * verdicts without cells. */
lore_status lore_probe_read_keys(const lore_probe_reader *reader, const int64_t *individual,
                                 int first_level, int levels, lore_matrix *matrix,
                                 lore_matrix *verdicts);

#endif
