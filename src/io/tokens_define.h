/* What a file of tokens is made of. */
#ifndef LORE_IO_TOKENS_DEFINE_H
#define LORE_IO_TOKENS_DEFINE_H

#include <stddef.h>

#include "lore/io/tokens.h"

/* One value for each sequence of a part, for each sentence of it, or for each token of the file. */
typedef enum { LORE_BY_SEQUENCE, LORE_BY_SENTENCE, LORE_BY_POSITION } lore_tokens_shape;

/* X(number, name, type, shape, meanings of flags or NULL, long name) */
#define LORE_TOKENS_LIST(X)                                                                        \
  X(INDIVIDUAL, "individual", NC_INT, LORE_BY_SEQUENCE, NULL,                                      \
    "individual that the sequence is about")                                                       \
  X(OFFSET, "offset", NC_INT64, LORE_BY_SEQUENCE, NULL, "position of the sequence's first token")  \
  X(LENGTH, "length", NC_INT, LORE_BY_SEQUENCE, NULL, "tokens of the sequence")                    \
  X(QUESTION, "question", NC_BYTE, LORE_BY_SEQUENCE, LORE_TOKENS_KINDS, "what the sequence is")    \
  X(SENTENCE_ATTRIBUTE, "sentence_attribute", NC_BYTE, LORE_BY_SENTENCE, LORE_TOKENS_ATTRIBUTES,   \
    "attribute that the sentence is about; -1: there is no such sentence")                         \
  X(SENTENCE_TEMPLATE, "sentence_template", NC_BYTE, LORE_BY_SENTENCE, NULL,                       \
    "template of the attribute from which the sentence is made; of a question, its question; -1: " \
    "none")                                                                                        \
  X(NAME_AT, "name_at", NC_INT, LORE_BY_SENTENCE, NULL,                                            \
    "first token of the name, counted from the sequence's first token")                            \
  X(VALUE_AT, "value_at", NC_INT, LORE_BY_SENTENCE, NULL,                                          \
    "token whose target is the first token of the value, counted from the sequence's first token") \
  X(VALUE_LENGTH, "value_length", NC_BYTE, LORE_BY_SENTENCE, NULL, "tokens of the value")          \
  X(TOKEN, "token", NC_USHORT, LORE_BY_POSITION, NULL, "token, a place in the vocabulary")         \
  X(TARGET, "target", NC_USHORT, LORE_BY_POSITION, NULL,                                           \
    "token to be predicted here: the next one of the sequence")                                    \
  X(ROLE, "role", NC_BYTE, LORE_BY_POSITION, LORE_TOKENS_ROLES, "what the token is a part of")     \
  X(TARGET_ROLE, "target_role", NC_BYTE, LORE_BY_POSITION, LORE_TOKENS_ROLES,                      \
    "what the target is a part of")

#define LORE_TOKENS_KINDS             "biography question"
#define LORE_TOKENS_ROLES             "template name value" /* by lore_role */
#define LORE_TOKENS_WORD(value, text) " " text
#define LORE_TOKENS_ATTRIBUTES        &(LORE_ATTRIBUTE_LIST(LORE_TOKENS_WORD))[1]

enum {
#define LORE_TOKENS_NUMBER(number, ...) LORE_TOKENS_##number,
  LORE_TOKENS_LIST(LORE_TOKENS_NUMBER)
#undef LORE_TOKENS_NUMBER
      LORE_TOKENS_VARIABLES
};

typedef struct {
  const char *name;
  nc_type type;
  lore_tokens_shape shape;
  const char *flags; /* what 0, 1, ... mean; NULL: a number */
  const char *long_name;
} lore_tokens_variable;

extern const lore_tokens_variable lore_tokens_table[LORE_TOKENS_VARIABLES];

/* Bytes of a value. */
size_t lore_tokens_bytes(const lore_tokens_variable *variable);

/* Steps or groups. */
int64_t lore_tokens_parts(const lore_tokens *tokens);

/* Defines a file of `positions` tokens in all, leaves define mode, and writes everything but the
 * variables of the table, whose ids go to id[LORE_TOKENS_VARIABLES]. */
void lore_tokens_define(lore_ncfile *file, const lore_tokens *tokens, int64_t positions, int *id);

#endif
