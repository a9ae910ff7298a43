/* A spectrum in a few numbers. */
#include <float.h>
#include <math.h>

#include "lore/linalg/linalg.h"

static double positive(double value) {
  return value > 0 ? value : 0;
}

lore_spectrum lore_spectrum_of(int count, const double *value) {
  lore_spectrum spectrum = {.condition = INFINITY};
  double largest = 0, smallest = INFINITY, squares = 0, entropy = 0;
  for (int i = 0; i < count; i++) {
    double x = positive(value[i]);
    spectrum.total += x;
    squares += x * x;
    largest = fmax(largest, x);
    smallest = fmin(smallest, x);
  }
  if (spectrum.total == 0)
    return spectrum;
  for (int i = 0; i < count; i++) {
    double p = positive(value[i]) / spectrum.total;
    entropy -= p > 0 ? p * log(p) : 0;
    spectrum.rank += value[i] > largest * count * DBL_EPSILON;
  }
  spectrum.effective_rank = exp(entropy);
  spectrum.participation = spectrum.total * spectrum.total / squares;
  if (spectrum.rank == count)
    spectrum.condition = largest / smallest;
  return spectrum;
}
