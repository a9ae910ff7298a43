/* Parents of a run as coordinates and as attributes. */
#include "origin.h"

#include <math.h>

static lore_scalar run_of(const char *name, const char *long_name, const lore_weights *weights) {
  return (lore_scalar){.name = name,
                       .long_name = long_name,
                       .units = "1",
                       .kind = LORE_SCALAR_TEXT,
                       .text = weights->path ? weights->run : ""};
}

static lore_scalar step_of(const char *name, const char *long_name, const lore_weights *weights) {
  return (lore_scalar){.name = name,
                       .long_name = long_name,
                       .units = "1",
                       .kind = LORE_SCALAR_OPTIONAL,
                       .number = weights->path ? (double)weights->step : NAN};
}

void lore_origin_scalars(const lore_run_options *o, lore_scalar scalar[LORE_ORIGIN_SCALARS]) {
  scalar[0] = run_of("start_run", "run whose weights it starts from", &o->start);
  scalar[1] = step_of("start_step", "steps of that run before", &o->start);
  scalar[2] =
      run_of("start_checksum", "checksum of these weights if they are another study's", &o->start);
  scalar[2].text = o->start.checksum ? o->start.checksum : "";
  scalar[3] = run_of("patch_run", "run whose attention patterns it uses", &o->reference);
  scalar[4] = step_of("patch_step", "steps of that run before", &o->reference);
}

static lore_status add_weights(const lore_weights *weights, const char *run, const char *step,
                               lore_provenance_list *list) {
  if (!weights->path)
    return LORE_OK;
  LORE_TRY(lore_provenance_add(list, run, "%s", weights->run));
  return lore_provenance_add(list, step, "%lld", (long long)weights->step);
}

lore_status lore_origin_add(const lore_run_options *o, const char *id, lore_provenance_list *list) {
  LORE_TRY(lore_provenance_add(list, "run_id", "%s", id));
  LORE_TRY(lore_provenance_add(list, "steps_before", "%lld", (long long)o->first_step));
  LORE_TRY(add_weights(&o->start, "start_run", "start_step", list));
  if (o->start.checksum) {
    LORE_TRY(lore_provenance_add(list, "start_file", "%s", o->start.path));
    LORE_TRY(lore_provenance_add(list, "start_checksum", "%s", o->start.checksum));
  }
  return add_weights(&o->reference, "patch_run", "patch_step", list);
}
