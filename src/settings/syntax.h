/* What libfyaml says about broken YAML, in the form of all other messages. */
#ifndef LORE_SETTINGS_SYNTAX_H
#define LORE_SETTINGS_SYNTAX_H

#include "lore/settings/source.h"

struct fy_diag;

typedef struct {
  struct fy_diag *diag;
  char *printed; /* what libfyaml would have printed because it has no place; 256 bytes */
} lore_syntax;

/* A collector to give to a parser, which prints nothing by itself. */
lore_status lore_syntax_create(lore_syntax *syntax);
void lore_syntax_destroy(lore_syntax *syntax);

/* LORE_USER with the first error collected. `bracket` is the innermost '{' or '[' that was open
 * then, or LORE_NOWHERE. */
lore_status lore_syntax_fail(lore_syntax *syntax, const lore_source *source, size_t bracket);

#endif
