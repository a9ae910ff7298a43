/* The JSON schema of study files. */
#ifndef LORE_MANIFEST_SCHEMA_H
#define LORE_MANIFEST_SCHEMA_H

#include <stdio.h>

/* Prints the schema (draft 2020-12), made from the table of settings: names, types, ranges,
 * choices, defaults, meanings; sweeps, experiments, starts. What it refuses, lore check refuses
 * too; it does not know of settings that contradict each other, lists that do not ascend, or files
 * that are missing. */
void lore_study_schema(FILE *stream);

#endif
