/* The studies of jobs/studies/init, as they were when LORE was built (starters.c is generated). */
#ifndef LORE_CLI_STARTERS_H
#define LORE_CLI_STARTERS_H

typedef struct {
  const char *name; /* "warm-up" */
  const char *text; /* the study; its first line is the question, behind "# " */
} lore_starter;

/* Ends with one without a name. */
extern const lore_starter lore_starters[];

#endif
