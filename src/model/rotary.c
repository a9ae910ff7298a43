/* Rotary positions. */
#include "level.h"

#include <math.h>

#include "lore/model/layers.h"

void lore_rotary_table(int context, int size, double base, real *cosine, real *sine) {
  int half = size / 2;
  for (int t = 0; t < context; t++)
    for (int i = 0; i < half; i++) {
      double angle = t * pow(base, -2.0 * i / size);
      *cosine++ = (real)cos(angle);
      *sine++ = (real)sin(angle);
    }
}

void lore_rotary_apply(int tokens, int heads, int size, int stride, const real *cosine,
                       const real *sine, int inverse, real *x) {
  int half = size / 2;
  real sign = inverse ? -1 : 1;
  for (int t = 0; t < tokens; t++, x += stride, cosine += half, sine += half)
    for (int head = 0; head < heads; head++) {
      real *restrict low = x + head * size, *restrict high = low + half;
      for (int i = 0; i < half; i++) {
        real a = low[i], b = high[i], s = sign * sine[i];
        low[i] = a * cosine[i] - b * s;
        high[i] = a * s + b * cosine[i];
      }
    }
}
