/* Where results come from: version, commit, host, command, resolved settings. */
#ifndef LORE_RUN_PROVENANCE_H
#define LORE_RUN_PROVENANCE_H

#include "lore/base/status.h"
#include "lore/io/metrics.h"
#include "lore/run/run.h"
#include "lore/settings/settings.h"

enum { LORE_PROVENANCES = 20 };

typedef struct {
  int count;
  lore_provenance entry[LORE_PROVENANCES];
  char *text[LORE_PROVENANCES]; /* owned */
} lore_provenance_list;

/* Collects the entries; `threads` 0: nothing was computed that depends on kernels. Free with
 * lore_provenance_free, also after a failure. */
lore_status lore_provenance_collect(const lore_settings *settings, const char *command, int threads,
                                    lore_provenance_list *list);

/* Adds one; `name` must outlive the list. */
lore_status lore_provenance_add(lore_provenance_list *list, const char *name, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

void lore_provenance_free(lore_provenance_list *list);

/* --- Where a run's weights, or the attention that it uses, come from --- */

enum { LORE_ORIGIN_SCALARS = 5 };

/* start_run, start_step, start_checksum (of another study's), patch_run, patch_step as coordinates:
 * empty text and NAN for what there is none of. Texts are those of `options`. */
void lore_origin_scalars(const lore_run_options *options, lore_scalar scalar[LORE_ORIGIN_SCALARS]);

/* Adds run_id, steps_before, and those of the five that there are, to the provenance; with a
 * checksum also start_file. */
lore_status lore_origin_add(const lore_run_options *options, const char *id,
                            lore_provenance_list *list);

#endif
