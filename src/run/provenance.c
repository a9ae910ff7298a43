/* Where results come from: attributes and coordinates of result files. */
#include "lore/run/provenance.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lore/base/build.h"
#include "lore/base/clock.h"
#include "lore/model/gemm.h"
#include "lore/model/kernels.h"
#include "lore/settings/write.h"

static lore_status no_memory(void) {
  return lore_fail(LORE_MEMORY, "cannot allocate provenance attributes");
}

lore_status lore_provenance_add(lore_provenance_list *list, const char *name, const char *format,
                                ...) {
  va_list arguments;
  assert(list->count < LORE_PROVENANCES);
  va_start(arguments, format);
  char *text = NULL;
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0)
    return no_memory();
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
    return no_memory();
  if (settings)
    lore_settings_write(settings, stream);
  else
    lore_build_describe(stream);
  if (fclose(stream)) {
    free(text);
    return no_memory();
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
  if (threads > 0) {
    LORE_TRY(lore_provenance_add(list, "threads", "%d", threads));
    LORE_TRY(lore_provenance_add(list, "gemm_backend", "%s", lore_gemm_name(lore_gemm_selected())));
    LORE_TRY(lore_provenance_add(list, "isa", "%s", lore_kernels()->name));
  }
  LORE_TRY(lore_provenance_add(list, "random_seed", "%llu", (unsigned long long)settings->seed));
  return add_stream(list, "lore_settings", settings);
}

void lore_provenance_free(lore_provenance_list *list) {
  for (int i = 0; i < list->count; i++)
    free(list->text[i]);
  list->count = 0;
}

static lore_scalar weights_run(const char *name, const char *long_name,
                               const lore_weights *weights) {
  return (lore_scalar){.name = name,
                       .long_name = long_name,
                       .units = "1",
                       .kind = LORE_SCALAR_TEXT,
                       .text = weights->path ? weights->run : ""};
}

static lore_scalar weights_step(const char *name, const char *long_name,
                                const lore_weights *weights) {
  return (lore_scalar){.name = name,
                       .long_name = long_name,
                       .units = "1",
                       .kind = LORE_SCALAR_OPTIONAL,
                       .number = weights->path ? (double)weights->step : NAN};
}

void lore_origin_scalars(const lore_run_options *o, lore_scalar scalar[LORE_ORIGIN_SCALARS]) {
  scalar[0] = weights_run("start_run", "run whose weights it starts from", &o->start);
  scalar[1] = weights_step("start_step", "steps of that run before", &o->start);
  scalar[2] = weights_run("start_checksum", "checksum of these weights if they are another study's",
                          &o->start);
  scalar[2].text = o->start.checksum ? o->start.checksum : "";
  scalar[3] = weights_run("patch_run", "run whose attention patterns it uses", &o->reference);
  scalar[4] = weights_step("patch_step", "steps of that run before", &o->reference);
}

static lore_status add_weights_origin(const lore_weights *weights, const char *run,
                                      const char *step, lore_provenance_list *list) {
  if (!weights->path)
    return LORE_OK;
  LORE_TRY(lore_provenance_add(list, run, "%s", weights->run));
  return lore_provenance_add(list, step, "%lld", (long long)weights->step);
}

lore_status lore_origin_add(const lore_run_options *o, const char *id, lore_provenance_list *list) {
  LORE_TRY(lore_provenance_add(list, "run_id", "%s", id));
  LORE_TRY(lore_provenance_add(list, "steps_before", "%lld", (long long)o->first_step));
  LORE_TRY(add_weights_origin(&o->start, "start_run", "start_step", list));
  if (o->start.checksum) {
    LORE_TRY(lore_provenance_add(list, "start_file", "%s", o->start.path));
    LORE_TRY(lore_provenance_add(list, "start_checksum", "%s", o->start.checksum));
  }
  return add_weights_origin(&o->reference, "patch_run", "patch_step", list);
}
