/* Text in double quotes, read alike by YAML 1.2 and JSON. */
#ifndef LORE_IO_QUOTE_H
#define LORE_IO_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes `text` in quotes on one line. Bytes that are not UTF-8 become U+FFFD. */
void lore_quote_write(FILE *file, const char *text);

/* Undoes it: `quoted` from the opening to the closing quote, after which nothing may follow. The
 * part that fits goes to the `size` bytes at `text`. False if it was not written by the above. */
bool lore_quote_read(const char *quoted, size_t size, char *text);

#endif
