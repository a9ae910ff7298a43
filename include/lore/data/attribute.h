/* The six atomic attributes of an individual and the roles of tokens (paper section 2; science.md
 * 1). */
#ifndef LORE_DATA_ATTRIBUTE_H
#define LORE_DATA_ATTRIBUTE_H

#include "lore/base/enum.h"

#define LORE_ATTRIBUTE_LIST(X)                                                                     \
  X(LORE_BIRTH_PLACE, "birth_place")                                                               \
  X(LORE_BIRTH_DATE, "birth_date")                                                                 \
  X(LORE_UNIVERSITY, "university")                                                                 \
  X(LORE_MAJOR, "major")                                                                           \
  X(LORE_COMPANY, "company")                                                                       \
  X(LORE_LOCATION, "location")

typedef enum {
  LORE_ATTRIBUTE_LIST(LORE_ENUM_VALUE) LORE_ATTRIBUTES /* how many */
} lore_attribute;

/* The name in the list. */
const char *lore_attribute_name(lore_attribute attribute);

typedef enum { LORE_ROLE_TEMPLATE, LORE_ROLE_NAME, LORE_ROLE_VALUE } lore_role;

enum {
  LORE_NAME_TOKENS = 3,         /* first, middle, last */
  LORE_VALUE_TOKENS_MAX = 8,    /* words of the longest value */
  LORE_TEMPLATES = 25,          /* of sentences, per attribute */
  LORE_TRAINING_TEMPLATES = 20, /* of these, shown in training; the rest is for evaluation */
  LORE_QUESTIONS = 10           /* templates of questions, per attribute */
};

#endif
