/* What the subcommands share in reading their command lines. */
#ifndef LORE_CLI_OPTIONS_H
#define LORE_CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "lore/settings.h"
#include "lore/status.h"

enum { LORE_OVERRIDES_MAX = 256 };

/* -s key=value, given any number of times. */
typedef struct {
  int count;
  const char *value[LORE_OVERRIDES_MAX];
} lore_overrides;

/* Begins a new scan for getopt_long that keeps quiet about errors. */
void lore_options_start(void);

/* Reports the option that getopt_long just refused ('?' or ':'); returns the exit code. */
int lore_options_refuse(const char *command, int option, char **argv);

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

/* Flushes stdout; LORE_FILE if what was printed could not be written. */
lore_status lore_options_flush(void);

/* `argc` words joined by spaces, quoted where a shell needs it; malloc'ed, NULL without memory. */
char *lore_options_join(int argc, char **argv);

#endif
