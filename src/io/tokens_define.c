/* The dimensions, variables and labels of a file of tokens. */
#include "tokens_define.h"

#include <stdlib.h>
#include <string.h>

#include "lore/io/whole.h"
#include "words.h"

enum { LABEL_LENGTH = LORE_GROUP_NAME_MAX, TEXT_MAX = 512 };

const lore_tokens_variable lore_tokens_table[LORE_TOKENS_VARIABLES] = {
#define ROW(number, name, type, shape, flags, long_name) {name, type, shape, flags, long_name},
    LORE_TOKENS_LIST(ROW)
#undef ROW
};

static const char summary_of_steps[] =
    "What training shows at some of its steps: sequences of tokens, one after the other, without "
    "padding. Each is a biography or a question; every token has a target, and the loss of a step "
    "is "
    "the mean cross-entropy over all its tokens.";

static const char summary_of_groups[] =
    "What every evaluation of a run shows of each group of individuals: sequences of tokens, one "
    "after the other, without padding. Biographies come first; attribute loss and accuracy are of "
    "their targets that belong to a value. Then come questions, if the run has any.";

typedef struct {
  int part, sequence, sentence, position, vocabulary, attribute, template, question;
} token_dimensions;

/* Ids of what is written once. */
typedef struct {
  int part, learning_rate, first, count; /* of a step or group */
  int sequence, attribute, template_text, question_text, word;
  int *setting;
} label_ids;

size_t lore_tokens_bytes(const lore_tokens_variable *variable) {
  switch (variable->type) {
  case NC_BYTE:
    return 1;
  case NC_USHORT:
    return sizeof(uint16_t);
  case NC_INT:
    return sizeof(int32_t);
  default:
    return sizeof(int64_t);
  }
}

int64_t lore_tokens_parts(const lore_tokens *tokens) {
  return tokens->groups > 0 ? tokens->groups : tokens->steps;
}

static void define_dimensions(lore_ncfile *file, const lore_tokens *tokens, int64_t positions,
                              token_dimensions *d) {
  d->part = lore_ncfile_dimension(file, tokens->groups > 0 ? "group" : "step",
                                  (size_t)lore_tokens_parts(tokens));
  d->sequence = lore_ncfile_dimension(file, "sequence", (size_t)tokens->sequences);
  d->sentence = lore_ncfile_dimension(file, "sentence", LORE_ATTRIBUTES);
  d->position = lore_ncfile_dimension(file, "position", (size_t)positions);
  d->vocabulary =
      lore_ncfile_dimension(file, "vocabulary", (size_t)lore_vocabulary_size(tokens->vocabulary));
  d->attribute = lore_ncfile_dimension(file, "attribute", LORE_ATTRIBUTES);
  d->template = lore_ncfile_dimension(file, "template", LORE_TEMPLATES);
  if (lore_vocabulary_has_questions(tokens->vocabulary))
    d->question = lore_ncfile_dimension(file, "question_template", LORE_QUESTIONS);
}

static int define_text(lore_ncfile *file, const char *name, int rank, const int *dimension,
                       size_t length, const char *long_name) {
  int all[3];
  memcpy(all, dimension, sizeof *all * (size_t)rank);
  all[rank] = lore_ncfile_text_length(file, name, length);
  return lore_ncfile_variable(file, name, NC_CHAR, rank + 1, all, long_name, NULL);
}

/* Words with blanks between them; the placeholders as lore show marks what they stand for. */
static void print_template(const lore_vocabulary *vocabulary, const lore_template *template,
                           char text[TEXT_MAX]) {
  int length = 0;
  for (int i = 0; i < template->length && length < TEXT_MAX; i++)
    length +=
        snprintf(text + length, (size_t)(TEXT_MAX - length), "%s%s", i ? " " : "",
                 i == template->name_at    ? "[name]"
                 : i == template->value_at ? "<value>"
                                           : lore_vocabulary_word(vocabulary, template->token[i]));
}

/* lore_vocabulary_template or lore_vocabulary_question. */
typedef const lore_template *template_maker(const lore_vocabulary *vocabulary,
                                            lore_attribute attribute, int number);

static size_t longest_template(const lore_vocabulary *vocabulary, template_maker *make,
                               int templates) {
  char text[TEXT_MAX];
  size_t longest = 1;
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    for (int t = 0; t < templates; t++) {
      print_template(vocabulary, make(vocabulary, (lore_attribute)a, t), text);
      longest = strlen(text) > longest ? strlen(text) : longest;
    }
  return longest;
}

static int define_templates(lore_ncfile *file, const char *name, const char *long_name,
                            const lore_vocabulary *vocabulary, template_maker *make,
                            const token_dimensions *d, int dimension, int templates) {
  return define_text(file, name, 2, (int[]){d->attribute, dimension},
                     longest_template(vocabulary, make, templates), long_name);
}

static void define_steps(lore_ncfile *file, const token_dimensions *d, label_ids *ids) {
  ids->part = lore_ncfile_variable(file, "step", NC_INT, 1, &d->part,
                                   "optimiser updates made before this step", "1");
  ids->learning_rate = lore_ncfile_variable(file, "learning_rate", NC_DOUBLE, 1, &d->part,
                                            "learning rate of the update that the step makes", "1");
  ids->sequence = lore_ncfile_variable(file, "sequence", NC_INT, 1, &d->sequence,
                                       "place of the sequence in the batch of its step", "1");
}

static void define_groups(lore_ncfile *file, const token_dimensions *d, label_ids *ids) {
  ids->part = define_text(file, "group", 1, &d->part, LABEL_LENGTH, "set of individuals");
  ids->first = lore_ncfile_variable(file, "group_first", NC_INT, 1, &d->part,
                                    "first individual of the group", "1");
  ids->count =
      lore_ncfile_variable(file, "group_individuals", NC_INT, 1, &d->part,
                           "individuals of the group, numbered from its first one on", "1");
  ids->sequence = lore_ncfile_variable(file, "sequence", NC_INT, 1, &d->sequence,
                                       "number of the sequence in its group", "1");
}

static void define_labels(lore_ncfile *file, const lore_tokens *tokens, const token_dimensions *d,
                          label_ids *ids) {
  (tokens->groups > 0 ? define_groups : define_steps)(file, d, ids);
  ids->attribute =
      define_text(file, "attribute", 1, &d->attribute, LABEL_LENGTH, "attribute of an individual");
  ids->template_text = define_templates(
      file, "template_text", "words of a template, and what fills it", tokens->vocabulary,
      lore_vocabulary_template, d, d->template, LORE_TEMPLATES);
  if (lore_vocabulary_has_questions(tokens->vocabulary))
    ids->question_text = define_templates(
        file, "question_text", "words of a question and its answer, and what fills them",
        tokens->vocabulary, lore_vocabulary_question, d, d->question, LORE_QUESTIONS);
  ids->word = lore_words_define(file, d->vocabulary, tokens->vocabulary);
  lore_scalars_define(file, tokens->settings, tokens->setting, ids->setting);
}

static void define_flags(lore_ncfile *file, int variable, const char *meanings) {
  signed char value[LORE_ATTRIBUTES];
  size_t values = 1;
  for (const char *at = meanings; (at = strchr(at, ' ')); at++)
    values++;
  for (size_t i = 0; i < values; i++)
    value[i] = (signed char)i;
  if (!file->error)
    file->error = nc_put_att_schar(file->ncid, variable, "flag_values", NC_BYTE, values, value);
  lore_ncfile_text(file, variable, "flag_meanings", meanings);
}

/* In one piece each: a step is read without what lies before it, and the file's size is known
 * before it is written. */
static void define_table(lore_ncfile *file, const token_dimensions *d, int *id) {
  const int sentences[] = {d->part, d->sequence, d->sentence}, *positions = &d->position;
  for (int i = 0; i < LORE_TOKENS_VARIABLES; i++) {
    const lore_tokens_variable *v = &lore_tokens_table[i];
    int rank = v->shape == LORE_BY_POSITION ? 1 : v->shape == LORE_BY_SEQUENCE ? 2 : 3;
    id[i] = lore_ncfile_variable(file, v->name, v->type, rank, rank == 1 ? positions : sentences,
                                 v->long_name, "1");
    if (v->flags)
      define_flags(file, id[i], v->flags);
    if (!file->error)
      file->error = nc_def_var_chunking(file->ncid, id[i], NC_CONTIGUOUS, NULL);
  }
}

static void put_integer(lore_ncfile *file, int variable, size_t at, int64_t value) {
  if (!file->error)
    file->error = nc_put_var1_longlong(file->ncid, variable, &at, (long long[]){value});
}

static void put_steps(lore_ncfile *file, const lore_tokens *tokens, const label_ids *ids) {
  for (int64_t i = 0; i < tokens->steps && !file->error; i++) {
    size_t at = (size_t)i;
    double rate = tokens->learning_rate(tokens->context, tokens->first_step + i);
    put_integer(file, ids->part, at, tokens->first_step + i);
    if (!file->error)
      file->error = nc_put_var1_double(file->ncid, ids->learning_rate, &at, &rate);
  }
}

static void put_groups(lore_ncfile *file, const lore_tokens *tokens, const label_ids *ids) {
  for (int g = 0; g < tokens->groups; g++) {
    lore_ncfile_put_row(file, ids->part, (size_t)g, LABEL_LENGTH, tokens->group[g].name);
    put_integer(file, ids->first, (size_t)g, tokens->group[g].first);
    put_integer(file, ids->count, (size_t)g, tokens->group[g].count);
  }
}

static void put_templates(lore_ncfile *file, const lore_vocabulary *vocabulary, int variable,
                          template_maker *make, size_t templates) {
  for (size_t a = 0; a < LORE_ATTRIBUTES; a++)
    for (size_t t = 0; t < templates && !file->error; t++) {
      char text[TEXT_MAX];
      print_template(vocabulary, make(vocabulary, (lore_attribute)a, (int)t), text);
      file->error = nc_put_vara_text(file->ncid, variable, (size_t[]){a, t, 0},
                                     (size_t[]){1, 1, strlen(text)}, text);
    }
}

static void put_labels(lore_ncfile *file, const lore_tokens *tokens, const label_ids *ids) {
  (tokens->groups > 0 ? put_groups : put_steps)(file, tokens, ids);
  for (int i = 0; i < tokens->sequences; i++)
    put_integer(file, ids->sequence, (size_t)i, i);
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    lore_ncfile_put_row(file, ids->attribute, (size_t)a, LABEL_LENGTH,
                        lore_attribute_name((lore_attribute)a));
  put_templates(file, tokens->vocabulary, ids->template_text, lore_vocabulary_template,
                LORE_TEMPLATES);
  if (lore_vocabulary_has_questions(tokens->vocabulary))
    put_templates(file, tokens->vocabulary, ids->question_text, lore_vocabulary_question,
                  LORE_QUESTIONS);
  lore_words_put(file, ids->word, tokens->vocabulary);
  lore_scalars_put(file, tokens->settings, tokens->setting, ids->setting);
}

void lore_tokens_define(lore_ncfile *file, const lore_tokens *tokens, int64_t positions, int *id) {
  token_dimensions d;
  label_ids ids = {.setting = calloc((size_t)tokens->settings + 1, sizeof *ids.setting)};
  if (!ids.setting) {
    file->error = NC_ENOMEM;
    return;
  }
  lore_ncfile_globals(file, tokens->title,
                      tokens->groups > 0 ? summary_of_groups : summary_of_steps,
                      tokens->provenances, tokens->provenance);
  define_dimensions(file, tokens, positions, &d);
  define_labels(file, tokens, &d, &ids);
  define_table(file, &d, id);
  lore_ncfile_end(file);
  put_labels(file, tokens, &ids);
  free(ids.setting);
}
