/* A command's options: one table, from which its --help, the reading of its command line and the
 * messages about it come. */
#ifndef LORE_CLI_OPTIONS_H
#define LORE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "lore/base/status.h"

typedef enum {
  LORE_OPTION_FLAG,     /* bool: becomes true; takes no value */
  LORE_OPTION_INTEGER,  /* int, from `least` to `most` */
  LORE_OPTION_POSITIVE, /* double, above 0 and below `most`, in `unit` */
  LORE_OPTION_TEXT,     /* const char *, not copied */
  LORE_OPTION_CHOICE,   /* int: the number of one of the words of `choice` */
  LORE_OPTION_OTHER,    /* whatever `take` makes of it */
  LORE_OPTION_HEADING   /* no option, but `help` as a line above the following ones */
} lore_option_kind;

typedef struct lore_option lore_option;
struct lore_option {
  lore_option_kind kind;
  char letter;        /* '\0': none */
  const char *name;   /* the long form without "--"; NULL: none */
  const char *value;  /* what --help calls its value */
  size_t offset;      /* of the field in the command's struct of arguments: LORE_FIELD */
  double least, most; /* bounds of a number */
  const char *unit;   /* of LORE_OPTION_POSITIVE, for messages: "hours" */
  const char *help;   /* a phrase; wrapped where it is printed */

  /* The words from number 0 on; NULL behind the last. Of LORE_OPTION_OTHER: several may be given
   * with commas between them. */
  const char *(*choice)(int number);

  /* Puts `text` into the field; called each time the option is given. LORE_USER with a message. */
  lore_status (*take)(const lore_option *option, const char *text, void *field);
};

/* The offset of `member`, which must be of C type `is`. */
#define LORE_FIELD(type, member, is) (_Generic(((type *)0)->member, is : offsetof(type, member)))

/* A command as its --help shows it. Lines that are too long for the terminal's 80 columns are
 * wrapped; line breaks in texts stay. -h, --help is added to every table. */
typedef struct {
  const char *name;
  const char *usage;    /* the ways to call it, one a line */
  const char *about;    /* what it does */
  const char *argument; /* what its one argument is, "study file"; NULL: it has others */
  const char *(*choice)(int number); /* the words that its arguments may be; NULL: not such */
  const lore_option *option;
  int options;
  const char *notes; /* what stands below the options; NULL: nothing */
} lore_command_line;

/* What `argument` is called where it is a file or directory. */
#define LORE_ARGUMENT_STUDY   "study file"
#define LORE_ARGUMENT_RESULTS "directory of results"

/* The members `option` and `options` for a table. */
#define LORE_OPTIONS(table) .option = (table), .options = sizeof(table) / sizeof *(table)

/* Reads the options into `arguments`, the struct that their offsets are of; optind is the first
 * argument behind them. *help: help was asked for, and what follows it was not read. LORE_USER
 * for an option that is unknown, lacks its value or has a wrong one. */
lore_status lore_options_read(const lore_command_line *command, int argc, char **argv,
                              void *arguments, bool *help);

/* The command's one argument at argv[optind]; LORE_USER if there is none, or another one. */
lore_status lore_options_argument(const lore_command_line *command, int argc, char **argv,
                                  const char **argument);

/* -h, --help, which every table has besides its own. */
extern const lore_option lore_option_help;

/* Prints what --help says. */
lore_status lore_options_help(const lore_command_line *command);

/* A whole number from option->least to option->most, for functions that take an option. */
lore_status lore_options_integer(const lore_option *option, const char *text, int *value);

/* Reports a failure, whose message is recorded; returns the exit code of `status`, also of LORE_OK.
 */
int lore_options_report(lore_status status);

/* Flushes stdout; LORE_FILE if what was printed could not be written. */
lore_status lore_options_flush(void);

/* `argc` words joined by spaces, quoted where a shell needs it; malloc'ed, NULL without memory. */
char *lore_options_join(int argc, char **argv);

/* -s KEY=VALUE, given any number of times: what several commands have in common. */
enum { LORE_OVERRIDES_MAX = 256 };

typedef struct {
  int count;
  const char *value[LORE_OVERRIDES_MAX];
} lore_overrides;

lore_status lore_overrides_add(const lore_option *option, const char *text, void *overrides);

#define LORE_OPTION_OVERRIDES(type, member)                                                        \
  {                                                                                                \
    LORE_OPTION_OTHER, 's', NULL, "KEY=VALUE", LORE_FIELD(type, member, lore_overrides),           \
        .take = lore_overrides_add, .help = "override a setting (seed=2); may be repeated"         \
  }

/* --ranks-per-run R */
enum { LORE_RANKS_PER_RUN_MAX = 1 << 24 };

#define LORE_OPTION_RANKS(type, member, text)                                                      \
  {                                                                                                \
    LORE_OPTION_INTEGER, '\0', "ranks-per-run", "R", LORE_FIELD(type, member, int),                \
        .least = 1, .most = LORE_RANKS_PER_RUN_MAX, .help = (text)                                 \
  }

#endif
