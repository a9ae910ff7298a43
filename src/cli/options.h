/* What the subcommands share in reading their command lines. */
#ifndef LORE_CLI_OPTIONS_H
#define LORE_CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "lore/base/status.h"
#include "lore/settings/settings.h"

enum { LORE_OVERRIDES_MAX = 256 };

/* -s key=value, given any number of times. */
typedef struct {
  int count;
  const char *value[LORE_OVERRIDES_MAX];
} lore_overrides;

/* The options of a command. */
typedef struct {
  const char *name;                                 /* of the command */
  const char *letters;                              /* and */
  const struct option *options;                     /* as getopt_long wants them; 'h' is help */
  lore_status (*take)(int option, void *arguments); /* takes one but 'h', its value in optarg */
} lore_command_options;

/* Reads the options; optind is the first argument behind them. *help: help was asked for, and what
 * follows was not looked at. LORE_USER for what is unknown, lacks its value or is not taken. */
lore_status lore_options_read(const lore_command_options *options, int argc, char **argv,
                              void *arguments, bool *help);

/* Prints what --help says. */
lore_status lore_options_help(const char *usage);

/* Reports a failure, whose message is recorded; returns the exit code of `status`, also of LORE_OK.
 */
int lore_options_report(lore_status status);

lore_status lore_overrides_add(lore_overrides *overrides, const char *value);

/* The one STUDY argument at argv[optind]. */
lore_status lore_options_study(const char *command, int argc, char **argv, const char **study);

/* The one DIR argument at argv[optind]: a directory of results. */
lore_status lore_options_directory(const char *command, int argc, char **argv,
                                   const char **directory);

/* A whole number in least .. most, given for `option`. */
lore_status lore_options_integer(const char *option, const char *text, long least, long most,
                                 int *value);

/* The value of --ranks-per-run. */
lore_status lore_options_ranks(const char *text, int *ranks);

/* A positive number of `unit` below `limit`, given for `option`. */
lore_status lore_options_positive(const char *option, const char *unit, const char *text,
                                  double limit, double *value);

/* Flushes stdout; LORE_FILE if what was printed could not be written. */
lore_status lore_options_flush(void);

/* `argc` words joined by spaces, quoted where a shell needs it; malloc'ed, NULL without memory. */
char *lore_options_join(int argc, char **argv);

#endif
