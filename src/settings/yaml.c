/* libfyaml's events become a tree; its diagnostics get a place and a remedy; what studies do not
 * use is refused where it stands. */
#include "lore/settings/yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_SIZE = 256 };

/* What libfyaml says about broken YAML, to be put in the form of all other messages. */
typedef struct {
  struct fy_diag *diag;
  char *printed; /* what libfyaml would have printed because it has no place; PRINTED_SIZE bytes */
} syntax_errors;

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
    {"document end marker", "remove lines that begin with '%'"},
    {"version", "remove the line '%YAML'"},
};

static void record_printed(struct fy_diag *diag, void *user, const char *text, size_t length) {
  (void)diag;
  char *printed = user;
  if (!*printed)
    snprintf(printed, PRINTED_SIZE, "%.*s", (int)strcspn(text, "\n"), length ? text : "");
}

/* A collector to give to a parser, which prints nothing by itself. */
static lore_status create_syntax(syntax_errors *syntax) {
  struct fy_diag_cfg config;
  fy_diag_cfg_default(&config);
  syntax->printed = calloc(1, PRINTED_SIZE);
  config.fp = NULL;
  config.output_fn = record_printed;
  config.user = syntax->printed;
  config.colorize = config.show_source = config.show_position = false;
  config.show_type = config.show_module = false;
  syntax->diag = syntax->printed ? fy_diag_create(&config) : NULL;
  if (!syntax->diag) {
    free(syntax->printed);
    return lore_fail(LORE_MEMORY, "cannot start the YAML parser");
  }
  fy_diag_set_collect_errors(syntax->diag, true);
  return LORE_OK;
}

static void destroy_syntax(syntax_errors *syntax) {
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

/* LORE_USER with the first error collected. `bracket` is the innermost '{' or '[' that was open
 * then, or LORE_NOWHERE. */
static lore_status fail_syntax(syntax_errors *syntax, const lore_source *source, size_t bracket) {
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

enum {
  DEPTH_MAX = 7
}; /* study, experiments, experiment, sweep, grid, list; one more for a clear type error */

typedef struct {
  lore_yaml *yaml;
  int documents;
  int depth;
  int parent[DEPTH_MAX]; /* open collections, outermost first */
  int last[DEPTH_MAX];   /* their last children, or -1 */
} builder;

static size_t token_at(struct fy_token *token) {
  const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
  return mark ? mark->input_pos : LORE_NOWHERE;
}

/* libfyaml marks what follows an opening quote, '&' or '*'; people look at that character. */
static size_t token_at_sign(const lore_source *source, struct fy_token *token) {
  size_t at = token_at(token);
  bool sign = at != LORE_NOWHERE && at > 0 && at <= source->length && source->text[at - 1] &&
              strchr("\"'&*", source->text[at - 1]);
  return sign ? at - 1 : at;
}

/* A block of text is best found by its key; so is a value that was left empty, which each version
 * of libfyaml marks elsewhere. */
static size_t scalar_at(const lore_source *source, struct fy_token *value) {
  switch (fy_token_scalar_style(value)) {
  case FYSS_SINGLE_QUOTED:
  case FYSS_DOUBLE_QUOTED:
    return token_at_sign(source, value);
  case FYSS_PLAIN:
    return fy_token_get_text_length(value) > 0 ? token_at(value) : LORE_NOWHERE;
  default:
    return LORE_NOWHERE;
  }
}

/* The byte after a scalar; libfyaml's mark leaves out the closing quote. */
static size_t scalar_end(const lore_source *source, struct fy_token *value) {
  const struct fy_mark *mark = fy_token_end_mark(value);
  size_t end = mark ? mark->input_pos : LORE_NOWHERE;
  bool quoted = fy_token_scalar_style(value) != FYSS_PLAIN && end < source->length;
  return quoted && strchr("\"'", source->text[end]) ? end + 1 : end;
}

static lore_status add_node(builder *b, lore_yaml_node node) {
  lore_yaml *yaml = b->yaml;
  if (yaml->count == yaml->capacity) {
    int capacity = yaml->capacity ? 2 * yaml->capacity : 64;
    lore_yaml_node *grown = realloc(yaml->node, (size_t)capacity * sizeof *grown);
    if (!grown) {
      free(node.text);
      return lore_fail(LORE_MEMORY, "cannot allocate %d YAML nodes", capacity);
    }
    yaml->node = grown;
    yaml->capacity = capacity;
  }
  int index = yaml->count++;
  yaml->node[index] = node;
  if (b->depth > 0) {
    int level = b->depth - 1, previous = b->last[level];
    if (previous < 0)
      yaml->node[b->parent[level]].first = index;
    else
      yaml->node[previous].next = index;
    yaml->node[b->parent[level]].parts++;
    b->last[level] = index;
  }
  return LORE_OK;
}

static lore_status refuse_decorations(const builder *b, struct fy_token *anchor,
                                      struct fy_token *tag) {
  if (anchor)
    return lore_source_fail(
        b->yaml->source, token_at_sign(b->yaml->source, anchor),
        "anchors ('&...') are not supported; write the value wherever it is needed");
  if (tag)
    return lore_source_fail(b->yaml->source, token_at(tag),
                            "tags ('!...') are not supported; write the value alone: its form "
                            "tells its type");
  return LORE_OK;
}

static lore_status add_scalar(builder *b, const struct fy_event *event) {
  LORE_TRY(refuse_decorations(b, event->scalar.anchor, event->scalar.tag));
  size_t length = 0;
  const char *text = fy_token_get_text(event->scalar.value, &length);
  char *copy = malloc(length + 1);
  if (!copy)
    return lore_fail(LORE_MEMORY, "cannot allocate %zu bytes of YAML", length);
  for (size_t i = 0; i < length; i++)
    copy[i] = text[i] ? text[i] : '\1'; /* the escape "\0" must not hide what follows */
  copy[length] = '\0';
  bool quoted = fy_token_scalar_style(event->scalar.value) != FYSS_PLAIN;
  size_t at = scalar_at(b->yaml->source, event->scalar.value);
  const lore_yaml_node *parent = b->depth > 0 ? &b->yaml->node[b->parent[b->depth - 1]] : NULL;
  if (at == LORE_NOWHERE && parent && parent->kind == LORE_YAML_LIST) /* it has no key */
    at = parent->at;
  return add_node(b, (lore_yaml_node){.kind = LORE_YAML_SCALAR,
                                      .quoted = quoted,
                                      .text = copy,
                                      .at = at,
                                      .end = scalar_end(b->yaml->source, event->scalar.value),
                                      .first = -1,
                                      .next = -1});
}

static lore_status open_collection(builder *b, lore_yaml_kind kind, struct fy_token *start,
                                   struct fy_token *anchor, struct fy_token *tag) {
  LORE_TRY(refuse_decorations(b, anchor, tag));
  size_t at = token_at(start);
  if (b->depth == DEPTH_MAX)
    return lore_source_fail(b->yaml->source, at,
                            "nested too deeply; a study has sections, sections have settings, and "
                            "a setting is at most a list");
  LORE_TRY(add_node(b, (lore_yaml_node){.kind = kind, .at = at, .first = -1, .next = -1}));
  b->parent[b->depth] = b->yaml->count - 1;
  b->last[b->depth++] = -1;
  return LORE_OK;
}

static lore_status open_document(builder *b, const struct fy_event *event) {
  if (b->documents++ == 0)
    return LORE_OK;
  return lore_source_fail(b->yaml->source, token_at(event->document_start.document_start),
                          "a second YAML document begins here; a study file holds one");
}

static lore_status read_event(builder *b, const struct fy_event *event) {
  switch (event->type) {
  case FYET_DOCUMENT_START:
    return open_document(b, event);
  case FYET_MAPPING_START:
    return open_collection(b, LORE_YAML_MAPPING, event->mapping_start.mapping_start,
                           event->mapping_start.anchor, event->mapping_start.tag);
  case FYET_SEQUENCE_START:
    return open_collection(b, LORE_YAML_LIST, event->sequence_start.sequence_start,
                           event->sequence_start.anchor, event->sequence_start.tag);
  case FYET_MAPPING_END:
  case FYET_SEQUENCE_END:
    b->depth--;
    return LORE_OK;
  case FYET_SCALAR:
    return add_scalar(b, event);
  case FYET_ALIAS:
    return lore_source_fail(
        b->yaml->source, token_at_sign(b->yaml->source, event->alias.anchor),
        "aliases ('*...') are not supported; write the value wherever it is needed");
  default:
    return LORE_OK;
  }
}

/* The innermost '{' or '[' that is still open, or LORE_NOWHERE. */
static size_t open_bracket(const builder *b) {
  const lore_source *source = b->yaml->source;
  for (int level = b->depth - 1; level >= 0; level--) {
    size_t at = b->yaml->node[b->parent[level]].at;
    if (at < source->length && (source->text[at] == '{' || source->text[at] == '['))
      return at;
  }
  return LORE_NOWHERE;
}

static lore_status read_events(builder *b, struct fy_parser *parser) {
  lore_status status = LORE_OK;
  struct fy_event *event;
  while (status == LORE_OK && (event = fy_parser_parse(parser))) {
    status = read_event(b, event);
    fy_parser_event_free(parser, event);
  }
  return status;
}

lore_status lore_yaml_read(const lore_source *source, lore_yaml *yaml) {
  *yaml = (lore_yaml){.source = source};
  builder b = {.yaml = yaml};
  syntax_errors syntax;
  LORE_TRY(create_syntax(&syntax));
  struct fy_parse_cfg config = {
      .flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_ALLOW_DUPLICATE_KEYS,
      .diag = syntax.diag,
  };
  struct fy_parser *parser = fy_parser_create(&config);
  lore_status status = LORE_OK;
  if (!parser || fy_parser_set_string(parser, source->text, source->length) != 0)
    status = lore_fail(LORE_MEMORY, "cannot start the YAML parser");
  if (status == LORE_OK)
    status = read_events(&b, parser);
  if (status == LORE_OK && fy_parser_get_stream_error(parser))
    status = fail_syntax(&syntax, source, open_bracket(&b));
  if (parser)
    fy_parser_destroy(parser);
  destroy_syntax(&syntax);
  return status;
}

void lore_yaml_destroy(lore_yaml *yaml) {
  for (int i = 0; i < yaml->count; i++)
    free(yaml->node[i].text);
  free(yaml->node);
  *yaml = (lore_yaml){0};
}
