/* What reading axes from YAML and from a table share. */
#ifndef LORE_MANIFEST_AXES_TABLE_H
#define LORE_MANIFEST_AXES_TABLE_H

#include "axes.h"

/* The setting called `key`, if it can be swept and is not yet. */
lore_status lore_axis_find(const lore_axes *axes, const lore_source *source, size_t at,
                           const char *key, int *setting);

/* Another axis, with values to be put; `at` for a message. */
lore_status lore_axes_add(lore_axes *axes, const lore_source *source, size_t at, int keys,
                          int points, lore_axis **axis);

/* Copies `length` bytes of text. */
lore_status lore_axis_put(lore_axis_value *value, const lore_source *source, size_t at,
                          const char *text, size_t length);

/* `table: FILE`: tab-separated, beside the study unless absolute; settings in the first line, a
 * point in each other one. */
lore_status lore_axes_read_table(const lore_yaml *yaml, int node, size_t at, lore_axes *axes);

#endif
