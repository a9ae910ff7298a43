/* Commands that lore submit prints and runs. */
#ifndef LORE_CONTROL_SUBMIT_COMMAND_H
#define LORE_CONTROL_SUBMIT_COMMAND_H

#include <stdio.h>

#include "lore/base/status.h"

enum { LORE_COMMAND_WORDS = 1024, LORE_COMMAND_TEXTS = 64, LORE_ANSWER = 4096 };

/* A command under construction, zero to begin with; words that are made here live in `text`. */
typedef struct {
  int count;
  const char *word[LORE_COMMAND_WORDS + 1]; /* ends with NULL, as exec wants it */
  char *text[LORE_COMMAND_TEXTS];
  int texts;
} lore_command;

/* Appends a word, which stays the caller's. LORE_USER if there are too many. */
lore_status lore_command_add(lore_command *command, const char *word);

/* Appends a word that is made of a format. */
lore_status lore_command_format(lore_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void lore_command_release(lore_command *command);

/* What a command said: stdout and stderr, the first LORE_ANSWER - 1 bytes of each, without the
 * newlines at the end; code is 128 + the signal that ended it. */
typedef struct {
  int code;
  char out[LORE_ANSWER], error[LORE_ANSWER];
} lore_answer;

/* Runs a command without a shell. LORE_USER if the program is not there. */
lore_status lore_command_capture(const lore_command *command, lore_answer *answer);

#endif
