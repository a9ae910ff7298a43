/* The six atomic attributes of an individual and the roles of tokens (paper section 2; science.md
 * 1). */
#ifndef LORE_DATA_ATTRIBUTE_H
#define LORE_DATA_ATTRIBUTE_H

typedef enum {
  LORE_BIRTH_PLACE,
  LORE_BIRTH_DATE,
  LORE_UNIVERSITY,
  LORE_MAJOR,
  LORE_COMPANY,
  LORE_LOCATION,
  LORE_ATTRIBUTES /* how many */
} lore_attribute;

/* "birth_place", "birth_date", "university", "major", "company", "location". */
const char *lore_attribute_name(lore_attribute attribute);

typedef enum { LORE_ROLE_TEMPLATE, LORE_ROLE_NAME, LORE_ROLE_VALUE } lore_role;

enum {
  LORE_NAME_TOKENS = 3,        /* first, middle, last */
  LORE_VALUE_TOKENS_MAX = 8,   /* words of the longest value */
  LORE_TEMPLATES = 25,         /* per attribute */
  LORE_TRAINING_TEMPLATES = 20 /* of these, shown in training; the rest is for evaluation */
};

#endif
