/* Shared parts of the command line. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/log.h"
#include "lore/base/mpi.h"

/* What getopt_long just refused: ':' a value is missing, '?' unknown. */
static lore_status refuse(const char *command, int option, char **argv) {
  const char *what = argv[optind - 1];
  if (option == ':')
    return lore_fail(LORE_USER, "option '%s' needs a value; see 'lore %s --help'", what, command);
  return lore_fail(LORE_USER, "unknown option '%s'; see 'lore %s --help'", what, command);
}

lore_status lore_options_read(const lore_command_options *o, int argc, char **argv, void *arguments,
                              bool *help) {
  int option;
  optind = 0; /* the main program may have scanned before */
  opterr = 0;
  *help = false;
  while ((option = getopt_long(argc, argv, o->letters, o->options, NULL)) != -1) {
    if (option == '?' || option == ':')
      return refuse(o->name, option, argv);
    if (option == 'h') {
      *help = true;
      return LORE_OK;
    }
    LORE_TRY(o->take(option, arguments));
  }
  return LORE_OK;
}

lore_status lore_options_help(const char *usage) {
  fputs(usage, stdout);
  return lore_options_flush();
}

int lore_options_report(lore_status status) {
  if (status != LORE_OK && !lore_mpi_failed()) /* lore_mpi_end says that */
    lore_error("%s", lore_fail_message());
  return lore_status_exit_code(status);
}

lore_status lore_overrides_add(lore_overrides *overrides, const char *value) {
  if (overrides->count == LORE_OVERRIDES_MAX)
    return lore_fail(LORE_USER, "more than %d settings on the command line", LORE_OVERRIDES_MAX);
  overrides->value[overrides->count++] = value;
  return LORE_OK;
}

lore_status lore_options_study(const char *command, int argc, char **argv, const char **study) {
  if (argc - optind < 1)
    return lore_fail(LORE_USER, "lore %s needs a study file; see 'lore %s --help'", command,
                     command);
  if (argc - optind > 1)
    return lore_fail(LORE_USER, "lore %s takes one study file; '%s' is too much", command,
                     argv[optind + 1]);
  *study = argv[optind];
  return LORE_OK;
}

lore_status lore_options_directory(const char *command, int argc, char **argv,
                                   const char **directory) {
  if (argc - optind < 1)
    return lore_fail(LORE_USER, "lore %s needs a directory of results; see 'lore %s --help'",
                     command, command);
  if (argc - optind > 1)
    return lore_fail(LORE_USER, "lore %s takes one directory; '%s' is too much", command,
                     argv[optind + 1]);
  *directory = argv[optind];
  return LORE_OK;
}

lore_status lore_options_integer(const char *option, const char *text, long least, long most,
                                 int *value) {
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (end == text || *end || errno || number < least || number > most)
    return lore_fail(LORE_USER, "%s %s: a whole number from %ld to %ld is needed", option, text,
                     least, most);
  *value = (int)number;
  return LORE_OK;
}

lore_status lore_options_ranks(const char *text, int *ranks) {
  enum { RANKS_MAX = 1 << 24 };
  return lore_options_integer("--ranks-per-run", text, 1, RANKS_MAX, ranks);
}

lore_status lore_options_positive(const char *option, const char *unit, const char *text,
                                  double limit, double *value) {
  char *end;
  *value = strtod(text, &end);
  if (*text && !*end && *value > 0 && *value < limit)
    return LORE_OK;
  return lore_fail(LORE_USER, "%s '%s' is not a positive number of %s", option, text, unit);
}

lore_status lore_options_flush(void) {
  if (fflush(stdout))
    return lore_fail(LORE_FILE, "standard output: %s", strerror(errno));
  return LORE_OK;
}

static int is_plain(const char *word) {
  return *word && !word[strcspn(word, " \t\n\"'\\$`*?[](){};&|<>~#!")];
}

char *lore_options_join(int argc, char **argv) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (!stream)
    return NULL;
  for (int i = 0; i < argc; i++)
    fprintf(stream, is_plain(argv[i]) ? "%s%s" : "%s'%s'", i ? " " : "", argv[i]);
  fclose(stream);
  return text;
}
