/* The three phases of learning (science.md section 2; paper section 3). */
#ifndef LORE_EVAL_PHASES_H
#define LORE_EVAL_PHASES_H

/* Plateau detection over the evaluations so far (science.md section 2). Plain data: can be stored
 * and resumed. */
typedef struct {
  double baseline, margin;           /* nats; share */
  double last_step, last_loss;       /* of the previous evaluation; last_step < 0: none yet */
  double plateau_start, plateau_end; /* steps, interpolated; < 0: not reached */
} lore_phase_detector;

void lore_phase_start(lore_phase_detector *detector, double baseline, double margin);
/* Takes one evaluation and returns the phase that it lies in: 1, 2 or 3. A later return above the
 * band does not undo a phase. */
int lore_phase_update(lore_phase_detector *detector, double step, double loss);

#endif
