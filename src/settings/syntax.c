/* libfyaml's diagnostics, captured and given a remedy. */
#include "syntax.h"

#include <libfyaml.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_SIZE = 256 };

/* Remedies for what people do; the first needle found in libfyaml's text counts. */
static const struct {
  const char *needle, *remedy;
} remedies[] = {
    {"tab character", "indent with spaces"},
    {"cannot start with", "put the text in quotes, or write a plain value"},
    {"nested block mapping", "begin the inner setting on a line of its own, or write "
                             "'section: {name: value}'"},
    {"multiline plain key", "every line is 'name: value'"},
    {"multi-line plain key", "every line is 'name: value'"},
    {"invalid indentation", "all settings of a section begin in the same column"},
    {"indentation", "all settings of a section begin in the same column"},
    {"extra closing", "remove it, or add the bracket that opens"},
    {"mismatched", "close the bracket that was opened last"},
    {"missing comma", "separate entries with ',' and close the bracket"},
    {"escape", "use single quotes, or write '\\\\'"},
    {"quoted", "close the quotes on the same line"},
    {"extra comma", "remove it, or add what is missing before it"},
    {"value after mapping", "every line is 'name: value'"},
    {"document end marker", "leave lines that begin with '%' out"},
    {"version", "leave the line '%YAML' out"},
};

static void keep_printed(struct fy_diag *diag, void *user, const char *text, size_t length) {
  (void)diag;
  char *printed = user;
  if (!*printed)
    snprintf(printed, PRINTED_SIZE, "%.*s", (int)strcspn(text, "\n"), length ? text : "");
}

lore_status lore_syntax_create(lore_syntax *syntax) {
  struct fy_diag_cfg config;
  fy_diag_cfg_default(&config);
  syntax->printed = calloc(1, PRINTED_SIZE);
  config.fp = NULL;
  config.output_fn = keep_printed;
  config.user = syntax->printed;
  config.colorize = config.show_source = config.show_position = false;
  config.show_type = config.show_module = false;
  syntax->diag = syntax->printed ? fy_diag_create(&config) : NULL;
  if (!syntax->diag) {
    free(syntax->printed);
    return lore_fail(LORE_MEMORY, "the YAML parser could not be started");
  }
  fy_diag_set_collect_errors(syntax->diag, true);
  return LORE_OK;
}

void lore_syntax_destroy(lore_syntax *syntax) {
  fy_diag_destroy(syntax->diag);
  free(syntax->printed);
}

static const char *remedy_of(const char *text) {
  for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
    if (strstr(text, remedies[i].needle))
      return remedies[i].remedy;
  return "a study is lines of 'name: value', indented with spaces";
}

static struct fy_diag_error *first_error(struct fy_diag *diag) {
  void *previous = NULL;
  struct fy_diag_error *error;
  while ((error = fy_diag_errors_iterate(diag, &previous)))
    if (error->type == FYET_ERROR)
      return error;
  return NULL;
}

static lore_status fail_bracket(const lore_source *source, size_t bracket) {
  char opened = source->text[bracket];
  return lore_source_fail(source, bracket, "YAML syntax: this '%c' is never closed; add the '%c'",
                          opened, opened == '{' ? '}' : ']');
}

lore_status lore_syntax_fail(lore_syntax *syntax, const lore_source *source, size_t bracket) {
  struct fy_diag_error *error = first_error(syntax->diag);
  if (!error) {
    /* The only complaint without a place that a text has been seen to cause. */
    bool version = strstr(syntax->printed, "version");
    const char *text = version ? "unsupported version" : "not YAML";
    return lore_source_fail(source, LORE_NOWHERE, "YAML syntax: %s; %s", text, remedy_of(text));
  }
  const struct fy_mark *mark = error->fyt ? fy_token_start_mark(error->fyt) : NULL;
  size_t at = mark ? mark->input_pos : lore_source_at(source, error->line, error->column);
  /* libfyaml reports an unclosed bracket where the file ends, or where the next line makes no sense
   * inside it: the bracket is the place to look at. */
  if (bracket != LORE_NOWHERE) {
    int opened = lore_source_line(source, bracket), found = lore_source_line(source, at);
    if (strstr(error->msg, "without a closing"))
      return fail_bracket(source, bracket);
    if (found > opened)
      return lore_source_fail(source, at,
                              "YAML syntax: %s; %s (the '%c' of line %d is still open here)",
                              error->msg, remedy_of(error->msg), source->text[bracket], opened);
  }
  return lore_source_fail(source, at, "YAML syntax: %s; %s", error->msg, remedy_of(error->msg));
}
