/* What a metrics file holds: one table drives definition, writing and doc/metrics.md. */
#ifndef LORE_IO_METRICS_TABLE_H
#define LORE_IO_METRICS_TABLE_H

#include <netcdf.h>
#include <stddef.h>

#include "lore/io/metrics.h"
#include "lore/io/ncfile.h"

typedef enum {
  LORE_BY_STEP,
  LORE_BY_GROUP,               /* (step, group) */
  LORE_BY_GROUP_AND_ATTRIBUTE, /* (step, group, attribute) */
  LORE_BY_GROUP_AND_BIN,       /* (step, group, bin) */
  LORE_BY_LAYER                /* (step, layer) */
} lore_metric_shape;

typedef enum { LORE_MEMBER_DOUBLE, LORE_MEMBER_INT64, LORE_MEMBER_INT } lore_member;

typedef struct {
  const char *name, *long_name, *units;
  nc_type type;
  lore_metric_shape shape;
  lore_member member;
  size_t offset; /* in lore_metrics_record, lore_group_metrics or lore_attention_metrics */
  bool later;    /* files of earlier versions lack it */
} lore_metric;

extern const lore_metric lore_metric_table[];
extern const int lore_metrics_count;

/* A running checksum of the values of records, one after the other: what was written, and what can
 * be read. */
typedef struct lore_metrics_digest lore_metrics_digest;

lore_metrics_digest *lore_metrics_digest_create(void); /* NULL without memory */
void lore_metrics_digest_add(lore_metrics_digest *digest, const double *values, size_t count);
uint64_t lore_metrics_digest_value(const lore_metrics_digest *digest);
void lore_metrics_digest_destroy(lore_metrics_digest *digest);

enum { LORE_METRICS_MOST = 48 /* entries of the table */ };

/* Ids of what is written after the definition. */
typedef struct {
  int variable[LORE_METRICS_MOST]; /* of lore_metric_table; -1: left out, as there is no attention
                                      or attribute */
  int plateau_start, plateau_end;
} lore_metrics_ids;

/* Defines all dimensions, variables and attributes, leaves define mode and writes everything that
 * does not change. Records begin `alignment` bytes (or a multiple) into the file. */
void lore_metrics_define(lore_ncfile *file, const lore_metrics_definition *definition,
                         size_t alignment, lore_metrics_ids *ids);

/* How many values along (step, group or layer, attribute or bin) a record of `metric` has. */
void lore_metric_extent(const lore_metric *metric, size_t groups, size_t layers, size_t count[3]);

/* Writes the values of metric `index` for record `at`, and adds them to `digest`. `scratch` has
 * room for the largest one. */
int lore_metric_put(int ncid, int variable, const lore_metric *metric, size_t at, size_t groups,
                    size_t layers, const lore_metrics_record *record, double *scratch,
                    lore_metrics_digest *digest);

#endif
