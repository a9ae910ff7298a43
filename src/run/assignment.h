/* What a group has to know of the run it takes. Rank 0 packs it for all runs of a study; the leader
 * of a group unpacks one, and gives it to its group. */
#ifndef LORE_RUN_ASSIGNMENT_H
#define LORE_RUN_ASSIGNMENT_H

#include <limits.h>

#include "lore/manifest/manifest.h"
#include "lore/run/run.h"

/* Plain data: it is sent as it is. */
typedef struct {
  char id[LORE_RUN_ID_MAX];
  uint64_t hash;
  int64_t first_step;           /* steps of all ancestors that led to the weights it starts from */
  bool patched;                 /* the weights are its reference's */
  char parent[LORE_RUN_ID_MAX]; /* whose weights it needs; "": of no run of this study */
  char path[PATH_MAX];          /* of weights of another study; "": none */
  char writer[LORE_RUN_ID_MAX]; /* the run that wrote these */
  char checksum[LORE_CHECKSUM_TEXT]; /* of these */
  int64_t weights_step;              /* of the parent's or these weights */
  lore_settings settings;
} lore_assignment;

/* Length in bytes of run `run`, packed. */
size_t lore_assignment_length(const lore_manifest *manifest, int run);

/* Packs run `run` into so many bytes. */
void lore_assignment_pack(const lore_manifest *manifest, int run, unsigned char *packed);

/* The base, by its index in the manifest, from which a packed run's settings differ; and its id. */
int lore_assignment_base(const unsigned char *packed);
const char *lore_assignment_id(const unsigned char *packed);

void lore_assignment_unpack(const unsigned char *packed, const lore_settings *base,
                            lore_assignment *assignment);

/* The options that say what the run is and starts from; the parent's weights, if it has one, are at
 * `path`. Points into both. */
lore_run_options lore_assignment_options(const lore_assignment *run, const char *path);

#endif
