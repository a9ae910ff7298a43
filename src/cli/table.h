/* The table of commands: what main, help, man pages and completion know of them. */
#ifndef LORE_CLI_TABLE_H
#define LORE_CLI_TABLE_H

#include "launch.h"
#include "options.h"

/* What a command does when it is one of several processes. */
typedef enum {
  LORE_TOGETHER, /* all work: it starts MPI itself */
  LORE_FIRST,    /* the first works, and may write files */
  LORE_ANY       /* nothing but reading and printing */
} lore_command_kind;

typedef struct {
  const lore_command_line *line; /* its name, among others */
  lore_command_kind kind;
  lore_command *function;
  const char *help;  /* one line */
  const char *pages; /* of doc/ that tell more, for its man page: "study.md, sweeps.md" */
} lore_command_entry;

/* The table, in the order in which they are listed. */
const lore_command_entry *lore_command_table(int *count);

/* The command called `name`, or NULL. */
const lore_command_entry *lore_command_find(const char *name);

/* LORE_USER: there is no command called `name`; with the nearest one. */
lore_status lore_command_refuse(const char *name);

#endif
