/* What completion by shells asks: "lore complete WORD ..." prints what the last word, which may be
 * empty, could become. One candidate is on each line, with its meaning behind a tab; a line
 * ":study", ":file" or ":directory" leaves names of files to the shell. Mistakes in the words
 * before are no error: there is nothing to offer then. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lore/io/path.h"
#include "lore/manifest/expand.h"
#include "lore/manifest/runs.h"
#include "lore/settings/table.h"
#include "table.h"

/* What the words before the last one say. */
typedef struct {
  const lore_command_line *line;
  const lore_option *pending; /* whose value the last word is; NULL: none */
  bool raw;                   /* behind "--" */
  int arguments;
  const char *argument, *directory; /* the first argument; the value of -o DIR; NULL: none */
  lore_overrides overrides;
} lore_typed;

static void print_candidate(const char *before, const char *candidate, const char *after,
                            const char *meaning) {
  printf("%s%s%s", before, candidate, after);
  if (meaning && *meaning)
    printf("\t%.*s", (int)strcspn(meaning, "\n"), meaning);
  putchar('\n');
}

static bool begins_with(const char *text, const char *beginning) {
  return !strncmp(text, beginning, strlen(beginning));
}

static void offer(const char *before, const char *candidate, const char *meaning,
                  const char *word) {
  if (begins_with(candidate, word))
    print_candidate(before, candidate, "", meaning);
}

/* A word as the shell would hand it over: without quotes, and with the home directory for "~/". */
static char *unquote(const char *word) {
  const char *home = begins_with(word, "~/") ? getenv("HOME") : NULL;
  char *text = malloc(strlen(word) + (home ? strlen(home) : 0) + 1), *to = text, quote = 0;
  if (!text)
    return NULL;
  if (home) {
    to = stpcpy(to, home);
    word++;
  }
  for (; *word; word++) {
    if (*word == '\\' && quote != '\'' && word[1])
      *to++ = *++word;
    else if (quote ? *word == quote : (*word == '"' || *word == '\''))
      quote = quote ? 0 : *word;
    else
      *to++ = *word;
  }
  *to = 0;
  return text;
}

/* --- the words before --- */

/* The option called `name`, of `length` letters or the beginning of one option alone; NULL: none.
 */
static const lore_option *find_long(const lore_command_line *line, const char *name,
                                    size_t length) {
  const lore_option *found = NULL;
  int count = 0;
  for (int i = 0; i < line->options; i++) {
    const lore_option *option = &line->option[i];
    if (!option->name || strncmp(option->name, name, length) != 0)
      continue;
    if (!option->name[length])
      return option;
    found = option;
    count++;
  }
  return count == 1 ? found : NULL;
}

static const lore_option *find_letter(const lore_command_line *line, char letter) {
  for (int i = 0; i < line->options; i++)
    if (line->option[i].letter == letter)
      return &line->option[i];
  return NULL;
}

static bool is_valued(const lore_option *option) {
  return option && option->kind != LORE_OPTION_FLAG && option->kind != LORE_OPTION_HEADING;
}

static bool is_called(const lore_option *option, const char *value) {
  return option->value && !strcmp(option->value, value);
}

static void take_value(lore_typed *typed, const lore_option *option, const char *value) {
  if (is_called(option, "DIR"))
    typed->directory = value;
  else if (is_called(option, "KEY=VALUE") && strchr(value, '='))
    lore_overrides_add(option, value, &typed->overrides);
}

/* The option of `word` that takes a value, and where that begins in the word; NULL: in the next
 * one. */
static const lore_option *find_valued(const lore_command_line *line, const char *word,
                                      const char **value) {
  *value = NULL;
  if (word[1] == '-') {
    size_t length = strcspn(word + 2, "=");
    if (word[2 + length])
      *value = word + 2 + length + 1;
    const lore_option *option = find_long(line, word + 2, length);
    return is_valued(option) ? option : NULL;
  }
  for (const char *letter = word + 1; *letter; letter++) {
    const lore_option *option = find_letter(line, *letter);
    if (is_valued(option)) {
      *value = letter[1] ? letter + 1 : NULL;
      return option;
    }
  }
  return NULL;
}

static void take_word(lore_typed *typed, const char *word) {
  const char *value;
  if (typed->pending) {
    take_value(typed, typed->pending, word);
    typed->pending = NULL;
  } else if (typed->raw) {
    return;
  } else if (!strcmp(word, "--")) {
    typed->raw = true;
  } else if (word[0] == '-' && word[1]) {
    const lore_option *option = find_valued(typed->line, word, &value);
    if (option && value)
      take_value(typed, option, value);
    else
      typed->pending = option;
  } else if (typed->arguments++ == 0) {
    typed->argument = word;
  }
}

/* --- what the last word may be --- */

static void offer_choices(const char *before, const char *(*choice)(int number), const char *word) {
  for (int i = 0; choice(i); i++)
    offer(before, choice(i), NULL, word);
}

/* A word of a list: what stands before its last comma stays. */
static void offer_listed(const char *before, const char *(*choice)(int number), const char *word) {
  char start[512];
  const char *comma = strrchr(word, ',');
  size_t length = comma ? (size_t)(comma + 1 - word) : 0;
  if (snprintf(start, sizeof start, "%s%.*s", before, (int)length, word) < (int)sizeof start)
    offer_choices(start, choice, word + length);
}

static void offer_setting_value(const lore_setting *setting, const char *word) {
  char before[128];
  const char *const *values = lore_setting_values(setting);
  snprintf(before, sizeof before, "%s=", setting->key);
  for (int i = 0; values && values[i]; i++)
    offer(before, values[i], NULL, word);
}

/* KEY=VALUE */
static void offer_override(const char *word) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  size_t length = strcspn(word, "=");
  for (int i = 0; i < count; i++)
    if (word[length] && strlen(table[i].key) == length && !strncmp(table[i].key, word, length))
      offer_setting_value(&table[i], word + length + 1);
    else if (!word[length] && begins_with(table[i].key, word))
      print_candidate("", table[i].key, "=", table[i].help);
}

/* Of the directory that is named, or else of the study. */
static lore_status list_runs(const lore_typed *typed, lore_manifest *manifest) {
  const char *directory = typed->directory;
  const char *argument = typed->line->argument;
  if (!directory && argument && !strcmp(argument, LORE_ARGUMENT_RESULTS))
    directory = typed->argument;
  *manifest = (lore_manifest){0};
  if (directory && lore_runs_list(directory, manifest) == LORE_OK)
    return lore_runs_add_unlisted(directory, manifest);
  lore_manifest_destroy(manifest);
  *manifest = (lore_manifest){0};
  if (!typed->argument || directory == typed->argument)
    return LORE_USER;
  return lore_manifest_expand(typed->argument, typed->overrides.count, typed->overrides.value,
                              manifest);
}

static void offer_runs(const lore_typed *typed, const char *before, const char *word) {
  lore_manifest manifest;
  if (list_runs(typed, &manifest) == LORE_OK)
    for (int i = 0; i < manifest.runs; i++)
      offer(before, manifest.run[i].id, manifest.run[i].experiment, word);
  lore_manifest_destroy(&manifest);
}

/* What the value is called says what it is. */
static void offer_value(const lore_typed *typed, const lore_option *option, const char *before,
                        const char *word) {
  if (option->choice)
    (option->kind == LORE_OPTION_CHOICE ? offer_choices : offer_listed)(before, option->choice,
                                                                        word);
  else if (is_called(option, "KEY=VALUE"))
    offer_override(word);
  else if (is_called(option, "ID"))
    offer_runs(typed, before, word);
  else if (is_called(option, "DIR"))
    puts(":directory");
  else if (is_called(option, "FILE"))
    puts(":file");
}

/* In its long form, if it has one. */
static void offer_option(const lore_option *option, const char *word) {
  char text[64];
  if (option->name)
    snprintf(text, sizeof text, "--%s", option->name);
  else
    snprintf(text, sizeof text, "-%c", option->letter);
  offer("", text, option->help, word);
}

static void offer_options(const lore_command_line *line, const char *word) {
  for (int i = 0; i < line->options; i++)
    if (line->option[i].kind != LORE_OPTION_HEADING)
      offer_option(&line->option[i], word);
  offer_option(&lore_option_help, word);
}

static void offer_argument(const lore_typed *typed, const char *word) {
  const lore_command_line *line = typed->line;
  if (line->choice)
    offer_choices("", line->choice, word);
  else if (line->argument && typed->arguments == 0)
    puts(strcmp(line->argument, LORE_ARGUMENT_STUDY) == 0     ? ":study"
         : strcmp(line->argument, LORE_ARGUMENT_RESULTS) == 0 ? ":directory"
                                                              : ":file");
}

static void offer_word(const lore_typed *typed, const char *word) {
  char before[128];
  const char *value = NULL;
  const lore_option *option = typed->pending;
  if (option) {
    offer_value(typed, option, "", word);
  } else if (typed->raw) {
    return; /* sbatch's */
  } else if (word[0] == '-') {
    if (word[1] == '-')
      option = find_valued(typed->line, word, &value);
    if (!option || !value) {
      offer_options(typed->line, word);
    } else {
      snprintf(before, sizeof before, "%.*s", (int)(value - word), word);
      offer_value(typed, option, before, value);
    }
  } else {
    offer_argument(typed, word);
  }
}

static void offer_commands(const char *word) {
  int count;
  const lore_command_entry *table = lore_command_table(&count);
  for (int i = 0; i < count; i++)
    offer("", table[i].line->name, table[i].help, word);
  offer("", "help", "describe a command", word);
  if (*word == '-') {
    offer("", "--help", "list the commands", word);
    offer("", "--version", "say how this build was made", word);
  }
}

static void complete(int words, char **word) {
  static lore_typed typed;
  const lore_command_entry *command = words > 1 ? lore_command_find(word[0]) : NULL;
  if (words == 1)
    offer_commands(word[0]);
  if (words > 1 && !strcmp(word[0], "help"))
    typed.line = &lore_line_help;
  else if (command)
    typed.line = command->line;
  if (!typed.line)
    return;
  for (int i = 1; i < words - 1; i++)
    take_word(&typed, word[i]);
  offer_word(&typed, word[words - 1]);
}

int lore_command_complete(int argc, char **argv) {
  char **word = calloc((size_t)argc + 1, sizeof *word);
  int words = argc - 1;
  for (int i = 0; word && i < words; i++)
    if (!(word[i] = unquote(argv[i + 1])))
      words = 0;
  if (word && words > 0)
    complete(words, word);
  for (int i = 0; word && i < words; i++)
    free(word[i]);
  free(word);
  return lore_options_report(lore_options_flush());
}
