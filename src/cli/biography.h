/* Biographies for people to read: names, values and template text told apart by colour or marks. */
#ifndef LORE_CLI_BIOGRAPHY_H
#define LORE_CLI_BIOGRAPHY_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/enum.h"
#include "lore/data/batch.h"
#include "lore/data/vocabulary.h"

#define LORE_COLOUR_LIST(X)                                                                        \
  X(LORE_COLOUR_AUTO, "auto")                                                                      \
  X(LORE_COLOUR_ALWAYS, "always")                                                                  \
  X(LORE_COLOUR_NEVER, "never")

typedef enum { LORE_COLOUR_LIST(LORE_ENUM_VALUE) } lore_colour_choice;

/* How to print. */
typedef struct {
  bool colour; /* else marks: [name], <value> */
  int width;   /* columns of a line */
} lore_paint;

/* Colour and width that fit stdout. Automatic colour needs a terminal that is not "dumb" and no
 * NO_COLOR in the environment; a width other than a terminal's comes from COLUMNS. */
lore_paint lore_paint_choose(lore_colour_choice colour);

/* Prints a line that explains colours or marks. */
void lore_paint_legend(const lore_paint *paint);

/* Prints `count` tokens of one role, without a line end. */
void lore_paint_words(const lore_paint *paint, const lore_vocabulary *vocabulary, lore_role role,
                      int count, const uint16_t *token);

/* Prints a sequence of `batch` as text, in lines of at most paint->width columns that begin with
 * `indent` blanks. */
void lore_paint_biography(const lore_paint *paint, const lore_vocabulary *vocabulary,
                          const lore_batch *batch, int sequence, int indent);

#endif
