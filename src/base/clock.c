/* Time. */
#include "lore/base/clock.h"

#include <time.h>

double lore_clock_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void lore_clock_utc(char *text, size_t size) {
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  if (strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0 && size > 0)
    text[0] = '\0';
}

double lore_clock_unix(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
