/* The valid name that somebody probably meant. */
#ifndef LORE_SETTINGS_NEAREST_H
#define LORE_SETTINGS_NEAREST_H

#include <stddef.h>

/* Letters to insert, remove, replace or swap with the next one to get from `a` to `b`, whatever
 * their case. */
int lore_word_distance(const char *a, const char *b);

/* The nearest of the NULL-terminated `words`, or NULL if none is near: at most a third of the
 * letters differ, or `word` is the beginning of no other. */
const char *lore_word_nearest(const char *word, const char *const *words);

enum { LORE_SUGGESTION_SIZE = 1024 };

/* What to say about an unknown `key` ("model.widht", "widht", "modle"): "did you mean
 * 'model.width'?" or the names that there are. `text` has LORE_SUGGESTION_SIZE bytes; returned. */
char *lore_setting_suggest(const char *key, char *text);

#endif
