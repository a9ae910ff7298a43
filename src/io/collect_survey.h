/* What the runs to collect have in common, and what they do not: found by reading every file once
 * before anything is written. */
#ifndef LORE_IO_COLLECT_SURVEY_H
#define LORE_IO_COLLECT_SURVEY_H

#include <netcdf.h>
#include <stdbool.h>

#include "lore/eval/evaluate.h"
#include "lore/io/collect.h"

enum { LORE_COLLECT_RANK = 6 };

typedef struct {
  char name[NC_MAX_NAME + 1];
  size_t length; /* the longest */
  int from;      /* first run that has so many */
} lore_collect_dimension;

/* The first dimensions; their labels are joined, all others are numbered from 0 in every run. */
enum { LORE_COLLECT_STEP, LORE_COLLECT_GROUP };

typedef enum {
  LORE_COLLECT_DATA,   /* numbers along dimensions, or one number */
  LORE_COLLECT_LABEL,  /* coordinate of a dimension, the same in every run */
  LORE_COLLECT_NUMBER, /* settings */
  LORE_COLLECT_TEXT,
  LORE_COLLECT_ORIGIN /* where the run was trained: a text attribute of its file */
} lore_collect_kind;

typedef struct {
  char name[NC_MAX_NAME + 1];
  lore_collect_kind kind;
  nc_type type; /* the widest */
  int rank, dimension[LORE_COLLECT_RANK];
  int from; /* first run that has it */
  int seen; /* runs that have it */
  bool differs;
  bool optional; /* a setting that has a fill value of its own, for runs without it */
  double number; /* of a setting in the first run that has it */
  char *text;
  size_t text_length; /* of the longest text, at least 1 */
} lore_collect_variable;

typedef enum {
  LORE_COLLECT_MISSING,
  LORE_COLLECT_READABLE,
  LORE_COLLECT_DAMAGED
} lore_collect_file;

typedef struct {
  const lore_collection *collection;
  lore_collect_file *file; /* per run */
  int collected, damaged;  /* runs */
  size_t steps, groups;
  int64_t *step; /* ascending */
  char (*group)[LORE_GROUP_NAME_MAX];
  int dimensions, variables;
  lore_collect_dimension *dimension;
  lore_collect_variable *variable;
} lore_collect_survey;

/* Warns that the file of run `run` cannot be read, for NetCDF's reason `error`, and marks it. */
void lore_collect_damaged(lore_collect_survey *survey, int run, int error);

/* Reads every run, warns about damaged ones. Free with lore_collect_survey_destroy, also after a
 * failure. */
lore_status lore_collect_survey_read(const lore_collection *collection,
                                     lore_collect_survey *survey);
void lore_collect_survey_destroy(lore_collect_survey *survey);

/* Whether a setting gets a value for each run. */
bool lore_collect_along_run(const lore_collect_survey *survey,
                            const lore_collect_variable *variable);

/* Index of a swept setting among the collection's, or -1. */
int lore_collect_swept(const lore_collection *collection, const char *name);

/* What an origin is, for readers. */
const char *lore_collect_origin_name(const char *attribute);

/* Reads it from a run's file; free it. NULL in files of earlier versions. */
int lore_collect_origin(int ncid, const char *attribute, char **text);

/* Reads the text variable, of any length, as a string; free it. Returns NetCDF's code. */
int lore_collect_text(int ncid, int variable, char **text);

/* The labels of the group dimension, `groups` of them; free them. Returns NetCDF's code. */
int lore_collect_groups(int ncid, size_t *groups, char (**group)[LORE_GROUP_NAME_MAX]);

/* The steps of all records; free them. NC_ERANGE if they do not ascend. */
int lore_collect_steps(int ncid, size_t *steps, int64_t **step);

#endif
