/* Rejection-inversion for the power law. */
#include "power_law.h"

#include <math.h>

/* (exp(x) - 1) / x and log(1 + x) / x, which tend to 1. */
static double relative_expm1(double x) {
  return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x / 2;
}

static double relative_log1p(double x) {
  return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x / 2;
}

/* The hat: x^-alpha, its integral (0 at x = 1), and that one's inverse. */
static double hat(double x, double alpha) {
  return exp(-alpha * log(x));
}

static double integral(double x, double alpha) {
  double l = log(x);
  return relative_expm1((1 - alpha) * l) * l;
}

static double inverse(double y, double alpha) {
  double t = y * (1 - alpha);
  return exp(relative_log1p(t < -1 ? -1 : t) * y); /* rounding may push t below -1 */
}

int64_t lore_power_law_draw(lore_random *stream, int64_t count, double alpha) {
  double low = integral(1.5, alpha) - 1, high = integral((double)count + 0.5, alpha);
  double sure = 2 - inverse(integral(2.5, alpha) - hat(2, alpha), alpha);
  for (;;) {
    double y = high + lore_random_uniform(stream) * (low - high), x = inverse(y, alpha);
    double rank = floor(x + 0.5);
    rank = rank < 1 ? 1 : rank > (double)count ? (double)count : rank;
    if (rank - x <= sure || y >= integral(rank + 0.5, alpha) - hat(rank, alpha))
      return (int64_t)rank;
  }
}
