/* The vocabulary as a variable of a file: "word", one row for each token. */
#ifndef LORE_IO_WORDS_H
#define LORE_IO_WORDS_H

#include "lore/data/vocabulary.h"
#include "lore/io/ncfile.h"

/* Characters of the longest word. */
size_t lore_words_length(const lore_vocabulary *vocabulary);

/* Defines the variable (`tokens`, the dimension of the vocabulary, x word_length); returns its id.
 */
int lore_words_define(lore_ncfile *file, int tokens, const lore_vocabulary *vocabulary);

/* Fills it. Data mode. */
void lore_words_put(lore_ncfile *file, int variable, const lore_vocabulary *vocabulary);

#endif
