/* Provenance attributes of result files. */
#include "lore/run/provenance.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lore/base/build.h"
#include "lore/base/clock.h"
#include "lore/model/gemm.h"

lore_status lore_provenance_add(lore_provenance_list *list, const char *name, const char *format,
                                ...) {
  va_list arguments;
  assert(list->count < LORE_PROVENANCES);
  va_start(arguments, format);
  char *text = NULL;
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0)
    return lore_fail(LORE_MEMORY, "no memory for provenance");
  list->text[list->count] = text;
  list->entry[list->count++] = (lore_provenance){name, text};
  return LORE_OK;
}

/* What a writer of FILE streams writes, as a string of its own. */
static lore_status add_stream(lore_provenance_list *list, const char *name,
                              const lore_settings *settings) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (!stream)
    return lore_fail(LORE_MEMORY, "no memory for provenance");
  if (settings)
    lore_settings_write(settings, stream);
  else
    lore_build_describe(stream);
  if (fclose(stream)) {
    free(text);
    return lore_fail(LORE_MEMORY, "no memory for provenance");
  }
  list->text[list->count] = text;
  list->entry[list->count++] = (lore_provenance){name, text};
  return LORE_OK;
}

lore_status lore_provenance_collect(const lore_settings *settings, const char *command, int threads,
                                    lore_provenance_list *list) {
  char host[256] = "unknown", date[32];
  gethostname(host, sizeof host - 1);
  lore_clock_utc(date, sizeof date);
  LORE_TRY(lore_provenance_add(list, "history", "%s: %s", date, command));
  LORE_TRY(lore_provenance_add(list, "lore_version", "%s", lore_build_version()));
  LORE_TRY(lore_provenance_add(list, "lore_commit", "%s", lore_build_commit()));
  LORE_TRY(add_stream(list, "lore_build", NULL));
  LORE_TRY(lore_provenance_add(list, "host", "%s", host));
  LORE_TRY(lore_provenance_add(list, "threads", "%d", threads));
  LORE_TRY(lore_provenance_add(list, "gemm_backend", "%s", lore_gemm_name(lore_gemm_selected())));
  LORE_TRY(lore_provenance_add(list, "random_seed", "%llu", (unsigned long long)settings->seed));
  return add_stream(list, "lore_settings", settings);
}

void lore_provenance_free(lore_provenance_list *list) {
  for (int i = 0; i < list->count; i++)
    free(list->text[i]);
  list->count = 0;
}
