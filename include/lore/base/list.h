/* Lists that a study gives. */
#ifndef LORE_BASE_LIST_H
#define LORE_BASE_LIST_H

#include <stdint.h>

enum { LORE_LIST_MAX = 256, LORE_WORDS_MAX = 32, LORE_WORD_MAX = 32 };

typedef struct {
  int count;
  int64_t value[LORE_LIST_MAX];
} lore_integer_list;

typedef struct {
  int count;
  char value[LORE_WORDS_MAX][LORE_WORD_MAX];
} lore_word_list;

#endif
