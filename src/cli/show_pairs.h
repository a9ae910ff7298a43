/* What lore show prints of a toy memory. */
#ifndef LORE_CLI_SHOW_PAIRS_H
#define LORE_CLI_SHOW_PAIRS_H

#include "lore/settings/settings.h"

/* Prints facts and `count` pairs, known or held-out ones, or as many as there are. */
lore_status lore_show_pairs(const lore_settings *settings, bool held_out, int count);

#endif
