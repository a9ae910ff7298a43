/* Study, overrides and tables beside a manifest. */
#include "inputs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/textfile.h"
#include "lore/io/path.h"
#include "lore/io/quote.h"

#define STUDY     LORE_PATH_STUDY
#define OVERRIDES LORE_PATH_OVERRIDES

static lore_status keep_input(lore_manifest *m, const char *name, const char *text, size_t length) {
  lore_manifest_input *more = realloc(m->input, ((size_t)m->inputs + 1) * sizeof *more);
  if (more)
    m->input = more;
  lore_manifest_input input = {strdup(name), malloc(length + 1), length};
  if (!more || !input.name || !input.text) {
    free(input.name);
    free(input.text);
    return lore_fail(LORE_MEMORY, "cannot allocate a copy of %s", name);
  }
  memcpy(input.text, text, length);
  m->input[m->inputs++] = input;
  return LORE_OK;
}

lore_status lore_manifest_keep_study(lore_manifest *manifest, const lore_source *study) {
  return keep_input(manifest, STUDY, study->text, study->length);
}

lore_status lore_manifest_place_weights(lore_manifest *m, size_t from, size_t to,
                                        const char *path) {
  lore_manifest_input *study = &m->input[0];
  char *text = NULL;
  size_t length = 0;
  assert(m->inputs > 0 && !strcmp(study->name, STUDY) && from <= to && to <= study->length);
  FILE *stream = open_memstream(&text, &length);
  if (stream) {
    fwrite(study->text, 1, from, stream);
    lore_quote_write(stream, path);
    fwrite(study->text + to, 1, study->length - to, stream);
  }
  if (!stream || fclose(stream) != 0) {
    free(text);
    return lore_fail(LORE_MEMORY, "cannot allocate a copy of the study");
  }
  free(study->text);
  study->text = text;
  study->length = length;
  return LORE_OK;
}

lore_status lore_manifest_keep_overrides(lore_manifest *manifest, int overrides,
                                         const char *const *override) {
  char *text = NULL;
  size_t length = 0;
  if (overrides == 0)
    return LORE_OK;
  FILE *stream = open_memstream(&text, &length);
  if (!stream)
    return lore_fail(LORE_MEMORY, "cannot allocate %d overrides", overrides);
  for (int i = 0; i < overrides; i++) {
    for (const char *at = override[i]; *at; at++)
      fputc(*at == '\n' ? ' ' : *at, stream); /* the same to YAML */
    fputc('\n', stream);
  }
  lore_status status = fclose(stream) == 0
                           ? keep_input(manifest, OVERRIDES, text, length)
                           : lore_fail(LORE_MEMORY, "cannot allocate %d overrides", overrides);
  free(text);
  return status;
}

/* Whether a relative name goes through "..", or a name is absolute. */
static bool leads_out(const char *name) {
  bool out = *name == '/';
  for (const char *part = name; part && !out;) {
    const char *slash = strchr(part, '/');
    out = strncmp(part, "..", 2) == 0 && (part[2] == '/' || !part[2]);
    part = slash ? slash + 1 : NULL;
  }
  return out;
}

static bool is_same_text(const lore_manifest_input *input, const lore_source *source) {
  return input->length == source->length && memcmp(input->text, source->text, input->length) == 0;
}

lore_status lore_manifest_keep_table(lore_manifest *m, const char *name, const lore_source *table) {
  if (leads_out(name))
    name = strrchr(name, '/') + 1;
  while (strncmp(name, "./", 2) == 0)
    name += 2;
  for (int i = 0; i < m->inputs; i++)
    if (strcmp(m->input[i].name, name) == 0 && is_same_text(&m->input[i], table))
      return LORE_OK;
  return keep_input(m, name, table->text, table->length);
}

lore_status lore_manifest_check_inputs(const lore_manifest *m) {
  for (int i = 1; i < m->inputs; i++) {
    const char *name = m->input[i].name;
    bool taken = strcmp(name, LORE_PATH_MANIFEST) == 0;
    for (int j = 0; j < i; j++)
      taken |= strcmp(name, m->input[j].name) == 0;
    if (taken)
      return lore_fail(LORE_USER,
                       "the study has a table called %s, but another file of that name is to be "
                       "put beside its copy; give the table another name",
                       name);
  }
  return LORE_OK;
}

/* *same: the file has these bytes; *there: there is a file, or what cannot be read as one. */
static void compare_file(const char *path, const lore_manifest_input *input, bool *there,
                         bool *same) {
  int fd = lore_path_open(path, O_RDONLY);
  *there = fd >= 0 || errno != ENOENT;
  FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
  size_t matched = 0;
  int next = EOF;
  while (file && (next = getc(file)) != EOF && matched < input->length &&
         next == (unsigned char)input->text[matched])
    matched++;
  *same = file && next == EOF && matched == input->length;
  if (file)
    fclose(file);
}

lore_status lore_manifest_check_place(const lore_manifest *m, const char *directory) {
  char path[LORE_PATH_MAX];
  bool there, same, overrides = false;
  for (int i = 0; i < m->inputs; i++) {
    overrides |= strcmp(m->input[i].name, OVERRIDES) == 0;
    LORE_TRY(lore_path_join(directory, m->input[i].name, path));
    compare_file(path, &m->input[i], &there, &same);
    if (there && !same)
      return lore_fail(LORE_USER,
                       "%s is there already, and is not what the study's copy of that name would "
                       "be; remove it if it is an old copy, else give another directory with -o",
                       path);
  }
  LORE_TRY(lore_path_join(directory, OVERRIDES, path));
  if (!overrides && access(path, F_OK) == 0)
    return lore_fail(LORE_USER,
                     "%s is there already, and no manifest that it belongs to; remove it, or give "
                     "another directory with -o",
                     path);
  return LORE_OK;
}

static lore_status put_input(const char *path, const lore_manifest_input *input) {
  lore_textfile file;
  LORE_TRY(lore_textfile_begin(path, true, &file));
  fwrite(input->text, 1, input->length, file.stream);
  return lore_textfile_commit(&file);
}

/* Makes the directories that a name goes through. */
static lore_status make_directories(char *path) {
  char *slash = strrchr(path, '/');
  *slash = 0;
  lore_status status = lore_directory_make(path);
  *slash = '/';
  return status;
}

lore_status lore_manifest_put_inputs(const lore_manifest *m, const char *directory) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(directory, OVERRIDES, path));
  if (unlink(path) && errno != ENOENT) /* of a call before */
    return lore_fail(LORE_FILE, "cannot remove %s: %s", path, strerror(errno));
  for (int i = 0; i < m->inputs; i++) {
    LORE_TRY(lore_path_join(directory, m->input[i].name, path));
    bool there, same;
    compare_file(path, &m->input[i], &there, &same);
    if (same) /* perhaps the user's own */
      continue;
    LORE_TRY(make_directories(path));
    LORE_TRY(put_input(path, &m->input[i]));
  }
  return LORE_OK;
}
