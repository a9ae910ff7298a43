/* Printing durations. */
#include "lore/control/duration.h"

#include <stdio.h>

const char *lore_duration_print(double seconds, char *text) {
  if (!(seconds >= 0) || seconds > 1e9)
    return "-";
  long s = (long)(seconds + 0.5);
  if (s >= 86400)
    snprintf(text, LORE_DURATION_SIZE, "%ldd %02ld:%02ld", s / 86400, s / 3600 % 24, s / 60 % 60);
  else if (s >= 3600)
    snprintf(text, LORE_DURATION_SIZE, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else
    snprintf(text, LORE_DURATION_SIZE, "%ld:%02ld", s / 60, s % 60);
  return text;
}
