/* lore init: writes a commented study to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lore/base/shown.h"
#include "lore/base/textfile.h"
#include "lore/settings/nearest.h"
#include "options.h"
#include "starters.h"

typedef struct {
  const char *output;
  bool help;
} lore_arguments;

static const lore_option options[] = {
    {LORE_OPTION_TEXT, 'o', "output", "FILE", LORE_FIELD(lore_arguments, output, const char *),
     .help = "write FILE (default QUESTION.yaml; -: standard output)"},
};

static const char *question_word(int number) {
  return lore_starters[number].name;
}

const lore_command_line lore_line_init = {
    .name = "init",
    .usage = "lore init [-o FILE] QUESTION\n"
             "lore init",
    .about = "Writes a study that asks the question, in a size that a laptop trains in minutes. "
             "Its comments say what the settings mean and what to change for a cluster. Existing "
             "files are left alone. Without a question, lists them.",
    .choice = question_word,
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore init\n"
             "  lore init imbalance -o study.yaml",
};

/* What the study asks: its first line. */
static void print_starters(void) {
  for (const lore_starter *q = lore_starters; q->name; q++)
    printf("%-12s %.*s\n", q->name, (int)strcspn(q->text + 2, "\n"), q->text + 2);
  puts("\n'lore init QUESTION' writes QUESTION.yaml.");
}

static lore_status find_starter(const char *name, const lore_starter **question) {
  const char *names[64] = {NULL};
  int count = 0;
  for (const lore_starter *q = lore_starters; q->name; q++) {
    if (!strcmp(q->name, name)) {
      *question = q;
      return LORE_OK;
    }
    if (count + 1 < (int)(sizeof names / sizeof *names))
      names[count++] = q->name;
  }
  const char *nearest = lore_word_nearest(name, names);
  if (nearest)
    return lore_fail(LORE_USER, "unknown question '%s'; did you mean '%s'?", name, nearest);
  return lore_fail(LORE_USER, "unknown question '%s'; 'lore init' lists them", name);
}

/* A new file, whole or not at all. */
static lore_status write_new(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST)
    return lore_fail(LORE_USER, "%s exists and is left alone; -o FILE names another file", path);
  if (fd < 0)
    return lore_fail(LORE_FILE, "cannot write %s: %s", path, strerror(errno));
  int error = lore_bytes_write(fd, text, strlen(text));
  if (!error && fsync(fd))
    error = errno;
  if (close(fd) && !error)
    error = errno;
  if (!error)
    return LORE_OK;
  unlink(path);
  return lore_fail(LORE_FILE, "cannot write %s: %s", path, strerror(error));
}

static lore_status write_study(const lore_starter *question, const char *output) {
  char path[256];
  if (output && !strcmp(output, "-")) {
    fputs(question->text, stdout);
    return LORE_OK;
  }
  snprintf(path, sizeof path, "%s.yaml", question->name);
  output = output ? output : path;
  LORE_TRY(write_new(output, question->text));
  lore_shown_print(stdout,
                   "written         %s\n"
                   "next            lore check %s\n"
                   "                lore run %s -o results\n",
                   output, output, output);
  return LORE_OK;
}

static lore_status init(const lore_arguments *a, int words, char **word) {
  const lore_starter *question = NULL;
  if (words > 1)
    return lore_fail(LORE_USER, "unexpected argument '%s' (lore init takes one question)", word[1]);
  if (words == 0 && a->output)
    return lore_fail(LORE_USER, "lore init needs a question; 'lore init' lists them");
  if (words == 0) {
    print_starters();
  } else {
    LORE_TRY(find_starter(word[0], &question));
    LORE_TRY(write_study(question, a->output));
  }
  return lore_options_flush();
}

int lore_command_init(int argc, char **argv) {
  lore_arguments arguments = {0};
  lore_status status = lore_options_read(&lore_line_init, argc, argv, &arguments, &arguments.help);
  if (status == LORE_OK && arguments.help)
    status = lore_options_help(&lore_line_init);
  else if (status == LORE_OK)
    status = init(&arguments, argc - optind, argv + optind);
  return lore_options_report(status);
}
