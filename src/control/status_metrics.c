/* The last records of a metrics file that somebody may be writing. */
#include <math.h>
#include <netcdf.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lore/control/status_read.h"

/* Speed is taken over so many intervals between records, as single ones are uneven. */
enum { INTERVALS = 4 };

/* One number of variable `name` at `at` (NULL: a scalar); NAN if it is missing or a fill value. */
static double number(int ncid, const char *name, const size_t *at) {
  static const size_t origin[1] = {0};
  int id;
  double value;
  if (nc_inq_varid(ncid, name, &id) || nc_get_var1_double(ncid, id, at ? at : origin, &value) ||
      value == NC_FILL_DOUBLE)
    return NAN;
  return value;
}

static size_t records(int ncid) {
  int dimension;
  size_t length;
  if (nc_inq_dimid(ncid, "step", &dimension) || nc_inq_dimlen(ncid, dimension, &length))
    return 0;
  return length;
}

/* Differences per second between two records; NAN where wall time does not rise. */
static void read_speed(int ncid, size_t last, lore_seen_metrics *metrics) {
  size_t from[1] = {last > INTERVALS ? last - INTERVALS : 0}, to[1] = {last};
  double seconds = number(ncid, "wall_time", to) - number(ncid, "wall_time", from);
  if (!(seconds > 0))
    return;
  metrics->tokens_per_s =
      (number(ncid, "tokens_seen", to) - number(ncid, "tokens_seen", from)) / seconds;
  metrics->steps_per_s = (number(ncid, "step", to) - number(ncid, "step", from)) / seconds;
}

static void read_last(int ncid, size_t last, lore_seen_metrics *metrics) {
  size_t at[2] = {last, 0};
  double step = number(ncid, "step", at), steps = number(ncid, "train_steps", NULL);
  double phase = number(ncid, "phase", at);
  /* Every record has a phase; zeros are what a file that was cut off reads as. */
  if (!(step >= 0 && step < 1e15 && phase >= 1 && phase <= 3))
    return;
  metrics->exists = true;
  metrics->step = (int64_t)step;
  metrics->steps = steps > 0 && steps < 1e15 ? (int64_t)steps : 0;
  metrics->phase = (int)phase;
  metrics->loss = number(ncid, "attribute_loss", at);
  metrics->accuracy = number(ncid, "attribute_accuracy", at);
  read_speed(ncid, last, metrics);
}

void lore_seen_metrics_read(const char *path, lore_seen_metrics *metrics) {
  struct stat about;
  struct timespec now;
  int ncid;
  *metrics = (lore_seen_metrics){
      .loss = NAN, .accuracy = NAN, .tokens_per_s = NAN, .steps_per_s = NAN, .age = NAN};
  if (stat(path, &about) || nc_open(path, NC_NOWRITE, &ncid))
    return;
  size_t count = records(ncid);
  if (count > 0)
    read_last(ncid, count - 1, metrics);
  nc_close(ncid);
  clock_gettime(CLOCK_REALTIME, &now);
  double age = difftime(now.tv_sec, about.st_mtim.tv_sec);
  if (metrics->exists)
    metrics->age = age > 0 ? age : 0;
}
