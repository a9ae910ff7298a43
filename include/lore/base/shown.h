/* Text as it is shown to people: names, paths and messages may hold characters that would act on a
 * terminal instead of being seen, controls and what changes the direction of text. They are shown
 * as \u202e is here. New lines and tabs stay. */
#ifndef LORE_BASE_SHOWN_H
#define LORE_BASE_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The length of the first character of `text`, UTF-8, its code, and whether it `acts`. */
size_t lore_shown_find(const char *text, unsigned *code, bool *acts);

/* The text as it is to be shown; free it. NULL without memory. */
char *lore_shown_text(const char *text);

/* Prints so. What is for programs is not printed so. */
void lore_shown_print(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints a word of a command, quoted where a shell needs it; the rest as it is. */
void lore_shown_print_word(FILE *stream, const char *word);

#endif
