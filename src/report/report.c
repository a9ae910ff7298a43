/* Writing the page: a template with the style, the library, the data and the scripts put in. */
#include "lore/report/report.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "describe.h"
#include "lore/base/textfile.h"
#include "page_parts.h"

lore_status lore_report_path(const char *source, char *path) {
  struct stat about;
  if (stat(source, &about) || !S_ISREG(about.st_mode))
    return lore_path_join(source, LORE_PATH_REPORT, path);
  const char *slash = strrchr(source, '/'), *name = slash ? slash + 1 : source;
  const char *dot = strrchr(name, '.');
  int length = (int)(dot && dot > name ? (size_t)(dot - source) : strlen(source));
  if (snprintf(path, LORE_PATH_MAX, "%.*s.html", length, source) >= LORE_PATH_MAX)
    return lore_fail(LORE_USER, "the name of %s is too long", source);
  return LORE_OK;
}

/* Writes to the page, with < as JSON may write it too: "</script>" in a text would end the data. */
static ssize_t write_escaped(void *page, const char *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] == '<')
      fputs("\\u003c", page);
    else
      fputc(bytes[i], page);
  return ferror((FILE *)page) ? 0 : (ssize_t)size;
}

static lore_status put_data(lore_report_study *study, int watch, FILE *page) {
  FILE *stream = fopencookie(page, "w", (cookie_io_functions_t){.write = write_escaped});
  if (!stream)
    return lore_fail(LORE_MEMORY, "cannot allocate a stream for the data of a report");
  lore_status status = lore_report_describe(study, watch, stream);
  fclose(stream);
  return status;
}

/* Lines of the template such as @DATA@ stand for something else. */
static lore_status put_line(const char *line, size_t length, lore_report_study *study, int watch,
                            FILE *page) {
  if (!strncmp(line, "@DATA@\n", length))
    return put_data(study, watch, page);
  if (!strncmp(line, "@STYLE@\n", length))
    fputs(lore_page_css, page);
  else if (!strncmp(line, "@LIBRARY@\n", length))
    fputs(lore_page_library, page);
  else if (!strncmp(line, "@SCRIPT@\n", length))
    fputs(lore_page_js, page);
  else
    fwrite(line, 1, length, page);
  return LORE_OK;
}

static lore_status put_page(lore_report_study *study, int watch, FILE *page) {
  for (const char *line = lore_page_html; *line;) {
    size_t length = strcspn(line, "\n") + 1;
    LORE_TRY(put_line(line, length, study, watch, page));
    line += length;
  }
  return LORE_OK;
}

static bool is_over(const lore_report_study *study) {
  bool over = true;
  for (int i = 0; i < study->runs; i++)
    over &= lore_seen_is_over(study->run[i].stage);
  return over || study->ncid >= 0;
}

static void summarize(const lore_report_study *study, lore_report_result *result) {
  *result = (lore_report_result){.runs = study->runs, .over = is_over(study)};
  for (int i = 0; i < study->runs; i++)
    result->damaged += study->run[i].stage == LORE_SEEN_DAMAGED;
}

static lore_status write_study(lore_report_study *study, const char *path, int watch,
                               lore_report_result *result) {
  lore_textfile file;
  LORE_TRY(lore_textfile_begin(path, true, &file));
  lore_status status = put_page(study, is_over(study) ? 0 : watch, file.stream);
  if (status != LORE_OK) {
    lore_textfile_abandon(&file);
    return status;
  }
  LORE_TRY(lore_textfile_commit(&file));
  struct stat about;
  summarize(study, result);
  result->bytes = stat(path, &about) ? 0 : (double)about.st_size;
  return LORE_OK;
}

lore_status lore_report_write(const char *source, const char *path, int watch,
                              lore_report_result *result) {
  lore_report_study study;
  lore_status status = lore_report_study_read(source, &study);
  if (status == LORE_OK)
    status = write_study(&study, path, watch, result);
  lore_report_study_free(&study);
  return status;
}
