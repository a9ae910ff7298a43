/* Which of the three phases an evaluation lies in. */
#include "lore/eval/phases.h"

void lore_phase_start(lore_phase_detector *detector, double baseline, double margin) {
  *detector = (lore_phase_detector){.baseline = baseline,
                                    .margin = margin,
                                    .last_step = -1,
                                    .plateau_start = -1,
                                    .plateau_end = -1};
}

/* The step at which the loss went below `level`, interpolated since the last evaluation. */
static double crossing_step(const lore_phase_detector *detector, double step, double loss,
                            double level) {
  if (detector->last_step < 0)
    return step;
  double part = (detector->last_loss - level) / (detector->last_loss - loss);
  return detector->last_step + part * (step - detector->last_step);
}

int lore_phase_update(lore_phase_detector *detector, double step, double loss) {
  double upper = detector->baseline * (1 + detector->margin);
  double lower = detector->baseline * (1 - detector->margin);
  if (detector->plateau_start < 0 && loss <= upper)
    detector->plateau_start = crossing_step(detector, step, loss, upper);
  if (detector->plateau_end < 0 && loss < lower)
    detector->plateau_end = crossing_step(detector, step, loss, lower);
  detector->last_step = step;
  detector->last_loss = loss;
  if (detector->plateau_end >= 0)
    return 3;
  return detector->plateau_start >= 0 ? 2 : 1;
}
