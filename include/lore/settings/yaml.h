/* A small tree of YAML nodes with places, made of libfyaml's events. */
#ifndef LORE_SETTINGS_YAML_H
#define LORE_SETTINGS_YAML_H

#include <stdbool.h>

#include "lore/settings/source.h"

typedef enum { LORE_YAML_SCALAR, LORE_YAML_LIST, LORE_YAML_MAPPING } lore_yaml_kind;

typedef struct {
  lore_yaml_kind kind;
  bool quoted;  /* a scalar in quotes or a block of text */
  char *text;   /* of a scalar, else NULL */
  size_t at;    /* byte in the source; LORE_NOWHERE: left out, or a block of text */
  size_t end;   /* of a scalar with a place: the byte after it, quotes included */
  size_t parts; /* children; a mapping has its keys and values in turn */
  int first;    /* first child, or -1 */
  int next;     /* next child of the same parent, or -1 */
} lore_yaml_node;

typedef struct {
  const lore_source *source;
  int count, capacity;
  lore_yaml_node *node; /* the root is node 0; no node at all: an empty document */
} lore_yaml;

/* Parses `source`, which must outlive the tree. LORE_USER: not YAML, more than one document, or
 * what studies do not use (anchors, aliases, tags, deep nesting). Free with lore_yaml_destroy, also
 * after a failure. */
lore_status lore_yaml_read(const lore_source *source, lore_yaml *yaml);
void lore_yaml_destroy(lore_yaml *yaml);

#endif
