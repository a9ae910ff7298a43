/* The vocabulary in files. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

size_t lore_words_length(const lore_vocabulary *vocabulary) {
  size_t longest = 1;
  for (int i = 0; i < lore_vocabulary_size(vocabulary); i++) {
    size_t length = strlen(lore_vocabulary_word(vocabulary, (uint16_t)i));
    longest = length > longest ? length : longest;
  }
  return longest;
}

int lore_words_define(lore_ncfile *file, int tokens, const lore_vocabulary *vocabulary) {
  int length = lore_ncfile_dimension(file, "word_length", lore_words_length(vocabulary));
  return lore_ncfile_variable(file, "word", NC_CHAR, 2, (int[]){tokens, length}, "word of a token",
                              NULL);
}

void lore_words_put(lore_ncfile *file, int variable, const lore_vocabulary *vocabulary) {
  size_t words = (size_t)lore_vocabulary_size(vocabulary), length = lore_words_length(vocabulary);
  char *text = calloc(words, length);
  if (!text && !file->error)
    file->error = NC_ENOMEM;
  for (size_t i = 0; i < words && text; i++) {
    const char *word = lore_vocabulary_word(vocabulary, (uint16_t)i);
    memcpy(text + i * length, word, strlen(word));
  }
  if (!file->error)
    file->error = nc_put_var_text(file->ncid, variable, text);
  free(text);
}
