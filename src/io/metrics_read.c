/* Reading a metrics file. */
#include "lore/io/metrics_read.h"

#include <stdlib.h>
#include <string.h>

#include "collect_survey.h"
#include "lore/io/ncfile.h"

/* The group's number; the number of groups if there is none of that name. */
static int find_group(int ncid, const char *name, size_t *number) {
  char(*group)[LORE_GROUP_NAME_MAX];
  size_t groups;
  int error = lore_collect_groups(ncid, &groups, &group);
  for (*number = 0; !error && *number < groups; ++*number)
    if (!strncmp(group[*number], name, LORE_GROUP_NAME_MAX))
      break;
  free(group);
  return !error && *number == groups ? NC_ENOTVAR : error;
}

static int read_open(int ncid, size_t group, lore_metrics_losses *losses) {
  int id, error = lore_collect_steps(ncid, &losses->records, &losses->step);
  if (!error)
    error = nc_inq_varid(ncid, "attribute_loss", &id);
  if (!error && !(losses->loss = calloc(losses->records + 1, sizeof *losses->loss)))
    error = NC_ENOMEM;
  return error ? error
               : nc_get_vara_double(ncid, id, (size_t[]){0, group}, (size_t[]){losses->records, 1},
                                    losses->loss);
}

lore_status lore_metrics_read_losses(const char *path, const char *group,
                                     lore_metrics_losses *losses) {
  int ncid;
  size_t number;
  *losses = (lore_metrics_losses){0};
  LORE_TRY(lore_netcdf_status(lore_netcdf_open(path, 0, &ncid), "read", path));
  int error = find_group(ncid, group, &number);
  lore_status status = LORE_OK;
  if (error == NC_ENOTVAR)
    status = lore_fail(LORE_USER, "%s has no group %s", path, group);
  else
    status = lore_netcdf_status(error ? error : read_open(ncid, number, losses), "read", path);
  nc_close(ncid);
  return status;
}

void lore_metrics_losses_free(lore_metrics_losses *losses) {
  free(losses->step);
  free(losses->loss);
  *losses = (lore_metrics_losses){0};
}
