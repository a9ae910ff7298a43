/* What a metrics file says about one group of individuals. */
#ifndef LORE_IO_METRICS_READ_H
#define LORE_IO_METRICS_READ_H

#include <stddef.h>
#include <stdint.h>

#include "lore/base/status.h"

/* The attribute loss of a group in all records. */
typedef struct {
  size_t records;
  int64_t *step;
  double *loss; /* nats */
} lore_metrics_losses;

/* Reads `path`, which may still be written. LORE_FILE, LORE_NETCDF, LORE_MEMORY; LORE_USER if it
 * has no such group. Free with lore_metrics_losses_free, also after a failure. */
lore_status lore_metrics_read_losses(const char *path, const char *group,
                                     lore_metrics_losses *losses);
void lore_metrics_losses_free(lore_metrics_losses *losses);

#endif
