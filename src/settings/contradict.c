/* Messages about settings that contradict each other. */
#include "contradict.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { TEXT_SIZE = 1024 };

static const lore_place *place_of(const lore_study *study, const char *key) {
  int index = lore_setting_find(key);
  assert(index >= 0);
  return &study->place[index];
}

lore_status lore_study_contradict(const lore_study *study, const char *key, const char *other,
                                  const char *format, ...) {
  char text[TEXT_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const lore_place *first = place_of(study, key), *second = place_of(study, other);
  bool override = second->source && second->source->option;
  if (!first->source || (override && !first->source->option))
    first = second;
  if (!first->source)
    return lore_source_fail(study->file, LORE_NOWHERE, "%s", text);
  return lore_source_fail(first->source, first->at, "%s", text);
}

const char *lore_study_origin(const lore_study *study, const char *key) {
  return place_of(study, key)->source ? "" : " (default)";
}
