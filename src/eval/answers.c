/* Calibration, detection and stored bits. */
#include "lore/eval/answers.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Of a model that has diverged nothing can be said. Rounding may make a probability exceed 1. */
static bool all_probabilities(int answers, const lore_answer *answer) {
  for (int i = 0; i < answers; i++)
    if (!(answer[i].confidence >= 0 && answer[i].confidence < 1.01))
      return false;
  return true;
}

double lore_answers_calibration_error(int answers, const lore_answer *answer) {
  struct {
    double confidence, correct;
  } bin[LORE_CALIBRATION_BINS] = {{0}};
  double error = 0;
  if (answers <= 0 || !all_probabilities(answers, answer))
    return NAN;
  for (int i = 0; i < answers; i++) {
    int b = (int)(answer[i].confidence * LORE_CALIBRATION_BINS);
    b = b < LORE_CALIBRATION_BINS ? b : LORE_CALIBRATION_BINS - 1;
    bin[b].confidence += answer[i].confidence;
    bin[b].correct += answer[i].correct;
  }
  for (int b = 0; b < LORE_CALIBRATION_BINS; b++)
    error += fabs(bin[b].correct - bin[b].confidence);
  return error / answers;
}

double lore_answers_confidently_wrong(int answers, const lore_answer *answer) {
  int wrong = 0;
  if (answers <= 0 || !all_probabilities(answers, answer))
    return NAN;
  for (int i = 0; i < answers; i++)
    wrong += answer[i].correct == 0 && answer[i].confidence > 0.5;
  return (double)wrong / answers;
}

static int ascending(const void *a, const void *b) {
  double x, y;
  x = *(const double *)a;
  y = *(const double *)b;
  return (x > y) - (x < y);
}

static bool any_nan(int count, const double *x) {
  for (int i = 0; i < count; i++)
    if (isnan(x[i]))
      return true;
  return false;
}

double lore_answers_auroc(int highs, double *high, int lows, double *low) {
  if (highs <= 0 || lows <= 0 || any_nan(highs, high) || any_nan(lows, low))
    return NAN;
  qsort(high, (size_t)highs, sizeof *high, ascending);
  qsort(low, (size_t)lows, sizeof *low, ascending);
  double pairs = 0;
  int below = 0, up_to = 0; /* of `low`: smaller than high[i]; not larger */
  for (int i = 0; i < highs; i++) {
    while (below < lows && low[below] < high[i])
      below++;
    while (up_to < lows && low[up_to] <= high[i])
      up_to++;
    pairs += (below + up_to) / 2.0;
  }
  return pairs / highs / lows;
}

double lore_stored_bits(int attributes, const double *values, const double *loss, double count) {
  double nats = 0;
  for (int a = 0; a < attributes; a++) {
    double known = log(values[a]) - loss[a];
    nats += known < 0 ? 0 : known; /* NAN stays */
  }
  return count * nats / log(2);
}
