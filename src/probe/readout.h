/* The steps of probing one snapshot, for levels [first_level, first_level + levels). */
#ifndef LORE_PROBE_READOUT_H
#define LORE_PROBE_READOUT_H

#include "codes.h"
#include "lore/linalg/spectra.h"
#include "reader.h"
#include "result.h"

/* What lives while a snapshot is probed. */
typedef struct {
  const lore_probe_problem *problem;
  const lore_grid *grid;
  lore_probe_sizes sizes;
  lore_probe_reader reader;
  lore_probe_shuffle shuffle;
  int64_t *individual; /* [persons] */
  lore_probe_result *result;
  int first_level, levels; /* of this pass */
  int cells;               /* levels * positions * attributes */
  lore_ridge *ridge;       /* [cells], in the order of lore_probe_read */
  lore_matrix *x;          /* [cells], activations that are being worked on */
} lore_probe_work;

/* `count` matrices of rows x columns; free with lore_probe_matrices_destroy, also after a failure.
 */
lore_status lore_probe_matrices_create(const lore_grid *grid, int count, int rows, int columns,
                                       lore_matrix *matrix);
void lore_probe_matrices_destroy(int count, lore_matrix *matrix);

/* Ridge regressions of this pass, and spectra of what they were fitted on. */
lore_status lore_probe_fit(lore_probe_work *work);
/* Their strengths, by group. */
lore_status lore_probe_choose(lore_probe_work *work, lore_probe_group group);
/* How well they read `group`. */
lore_status lore_probe_judge(lore_probe_work *work, lore_probe_group group);

/* The same with activations that are in work->x already. */
lore_status lore_probe_fit_cells(lore_probe_work *work);
lore_status lore_probe_choose_cells(lore_probe_work *work, lore_probe_group group);
lore_status lore_probe_judge_cells(lore_probe_work *work, lore_probe_group group);

/* Nearest neighbours of names at the levels of this pass. */
lore_status lore_probe_compare_keys(lore_probe_work *work);

/* Singular values of all weight matrices. */
lore_status lore_probe_weights(lore_probe_work *work);

/* Puts a spectrum's summary where it belongs. */
static inline void lore_probe_put_spectrum(int count, const double *value, double *effective_rank,
                                           double *participation, double *condition) {
  lore_spectrum spectrum = lore_spectrum_of(count, value);
  *effective_rank = spectrum.effective_rank;
  *participation = spectrum.participation;
  *condition = spectrum.condition;
}

#endif
