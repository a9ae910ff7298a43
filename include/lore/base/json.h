/* Writing JSON (RFC 8259) as a stream: what every command prints with --json.
 *
 * One document is begun, written in order and ended:
 *
 *   lore_json json = lore_json_begin(stdout);
 *   lore_json_begin_object(&json, NULL);
 *   lore_json_text(&json, "study", name);
 *   lore_json_begin_lines(&json, "runs");
 *   ...
 *   lore_json_end(&json);
 *   lore_json_end(&json);
 *
 * Each call takes the name of the member if the value stands in an object, and NULL if it stands in
 * an array or is the document itself. A missing or superfluous name, an end without a beginning and
 * anything after the document are bugs: assertions. Nothing is allocated; whether the stream could
 * be written is its owner's to check, as after any print. */
#ifndef LORE_BASE_JSON_H
#define LORE_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { LORE_JSON_DEPTH = 16 };

typedef struct {
  FILE *stream;
  int depth;
  bool ended;
  struct {
    bool object, lines, filled;
  } level[LORE_JSON_DEPTH];
} lore_json;

/* A document that will be written to `stream`, which stays the caller's. */
lore_json lore_json_begin(FILE *stream);

/* An object, or an array, on one line. */
void lore_json_begin_object(lore_json *json, const char *name);
void lore_json_begin_array(lore_json *json, const char *name);

/* An array with each of its elements on a line. */
void lore_json_begin_lines(lore_json *json, const char *name);

/* Ends the innermost object or array; after the outermost one there is a line break. */
void lore_json_end(lore_json *json);

/* Text, in quotes as lore_json_quote writes them; null if `text` is NULL. */
void lore_json_text(lore_json *json, const char *name, const char *text);

void lore_json_integer(lore_json *json, const char *name, int64_t value);
void lore_json_unsigned(lore_json *json, const char *name, uint64_t value);
void lore_json_boolean(lore_json *json, const char *name, bool value);
void lore_json_null(lore_json *json, const char *name);

/* A number with `digits` significant digits (%.*g; 17 read back to the same bits) or with `places`
 * after the point (%.*f). Null if it is not finite, for which JSON has no number. */
void lore_json_real(lore_json *json, const char *name, int digits, double value);
void lore_json_decimal(lore_json *json, const char *name, int places, double value);

/* A value that is JSON already. */
void lore_json_literal(lore_json *json, const char *name, const char *value);

/* `text` in quotes, on one line: " and \ get a \, other control characters than line breaks, and
 * what changes the direction of text (lore/base/shown.h), become \uxxxx, bytes that are not UTF-8
 * become U+FFFD. YAML 1.2 reads it alike. */
void lore_json_quote(FILE *stream, const char *text);

#endif
