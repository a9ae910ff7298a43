/* Linear probes at the levels of a pass: fitting, choosing their ridge strength, judging them. All
 * ranks. */
#ifndef LORE_PROBE_READOUT_H
#define LORE_PROBE_READOUT_H

#include "work.h"

/* Ridge regressions of this pass, and spectra of what they were fitted on. */
lore_status lore_probe_fit(lore_probe_work *work);
/* Their strengths, by group. */
lore_status lore_probe_choose(lore_probe_work *work, lore_probe_group group);
/* How well they read `group`. */
lore_status lore_probe_judge(lore_probe_work *work, lore_probe_group group);

/* The most accurate strength; of several the one with the least loss; of several whose losses are
 * the same but for rounding the strongest, so that any number of ranks chooses alike. Returns its
 * index; score[s * stride] is strength s's. */
int lore_probe_best_strength(const lore_probe_config *config, int stride,
                             const lore_class_score *score);

/* The same with activations that are in work->x already. */
lore_status lore_probe_fit_cells(lore_probe_work *work);
lore_status lore_probe_choose_cells(lore_probe_work *work, lore_probe_group group);
lore_status lore_probe_judge_cells(lore_probe_work *work, lore_probe_group group);

#endif
