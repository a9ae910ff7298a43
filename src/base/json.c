/* Writing JSON. */
#include "lore/base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "lore/base/shown.h"

/* Bytes of the UTF-8 character at `text`, 0 if there is none (RFC 3629). */
static size_t character_length(const unsigned char *text) {
  unsigned first = text[0], second = text[1];
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                  : first >= 0xE0 && first <= 0xEF ? 3
                  : first >= 0xF0 && first <= 0xF4 ? 4
                                                   : 0;
  for (size_t i = 1; i < length; i++)
    if ((text[i] & 0xC0) != 0x80)
      return 0;
  bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

void lore_json_quote(FILE *stream, const char *text) {
  fputc('"', stream);
  while (*text) {
    size_t length = character_length((const unsigned char *)text);
    unsigned code;
    bool acts;
    lore_shown_find(text, &code, &acts);
    if (length == 0)
      fputs("\xEF\xBF\xBD", stream);
    else if (*text == '"' || *text == '\\')
      fprintf(stream, "\\%c", *text);
    else if (*text == '\n')
      fputs("\\n", stream);
    else if (acts || *text == '\t')
      fprintf(stream, "\\u%04x", code);
    else
      fwrite(text, 1, length, stream);
    text += length ? length : 1;
  }
  fputc('"', stream);
}

lore_json lore_json_begin(FILE *stream) {
  return (lore_json){.stream = stream};
}

static void break_line(const lore_json *json) {
  fprintf(json->stream, "\n%*s", 2 * json->depth, "");
}

/* What stands before a value: a comma if there is another one before it, and its name. */
static void begin_value(lore_json *json, const char *name) {
  assert(!json->ended);
  if (json->depth == 0) {
    assert(!name);
    return;
  }
  bool object = json->level[json->depth - 1].object, lines = json->level[json->depth - 1].lines;
  assert(object == (name != NULL));
  if (json->level[json->depth - 1].filled)
    fputs(lines ? "," : ", ", json->stream);
  json->level[json->depth - 1].filled = true;
  if (lines)
    break_line(json);
  if (!object)
    return;
  lore_json_quote(json->stream, name);
  fputs(": ", json->stream);
}

static void end_value(lore_json *json) {
  if (json->depth > 0)
    return;
  json->ended = true;
  fputc('\n', json->stream);
}

static void begin_level(lore_json *json, const char *name, bool object, bool lines) {
  begin_value(json, name);
  assert(json->depth < LORE_JSON_DEPTH);
  fputc(object ? '{' : '[', json->stream);
  json->level[json->depth].object = object;
  json->level[json->depth].lines = lines;
  json->level[json->depth++].filled = false;
}

void lore_json_begin_object(lore_json *json, const char *name) {
  begin_level(json, name, true, false);
}

void lore_json_begin_array(lore_json *json, const char *name) {
  begin_level(json, name, false, false);
}

void lore_json_begin_lines(lore_json *json, const char *name) {
  begin_level(json, name, false, true);
}

void lore_json_end(lore_json *json) {
  assert(json->depth > 0);
  json->depth--;
  if (json->level[json->depth].lines && json->level[json->depth].filled)
    break_line(json);
  fputc(json->level[json->depth].object ? '}' : ']', json->stream);
  end_value(json);
}

void lore_json_literal(lore_json *json, const char *name, const char *value) {
  begin_value(json, name);
  fputs(value, json->stream);
  end_value(json);
}

void lore_json_null(lore_json *json, const char *name) {
  lore_json_literal(json, name, "null");
}

void lore_json_boolean(lore_json *json, const char *name, bool value) {
  lore_json_literal(json, name, value ? "true" : "false");
}

void lore_json_text(lore_json *json, const char *name, const char *text) {
  begin_value(json, name);
  if (text)
    lore_json_quote(json->stream, text);
  else
    fputs("null", json->stream);
  end_value(json);
}

void lore_json_integer(lore_json *json, const char *name, int64_t value) {
  begin_value(json, name);
  fprintf(json->stream, "%" PRId64, value);
  end_value(json);
}

void lore_json_unsigned(lore_json *json, const char *name, uint64_t value) {
  begin_value(json, name);
  fprintf(json->stream, "%" PRIu64, value);
  end_value(json);
}

void lore_json_real(lore_json *json, const char *name, int digits, double value) {
  begin_value(json, name);
  if (isfinite(value))
    fprintf(json->stream, "%.*g", digits, value);
  else
    fputs("null", json->stream);
  end_value(json);
}

void lore_json_decimal(lore_json *json, const char *name, int places, double value) {
  begin_value(json, name);
  if (isfinite(value))
    fprintf(json->stream, "%.*f", places, value);
  else
    fputs("null", json->stream);
  end_value(json);
}
