/* A plan for people and for programs. */
#ifndef LORE_CLI_PLAN_PRINT_H
#define LORE_CLI_PLAN_PRINT_H

#include "lore/cost/plan.h"
#include "lore/probe/plan.h"

typedef struct {
  lore_manifest *manifest;
  const lore_plan_run *run; /* one per run */
  lore_plan_totals totals;
  lore_plan_speed speed;
  int ranks;              /* per run */
  const char *directory;  /* where it was frozen; NULL: nowhere */
  lore_probe_plan probes; /* ranks 0: not asked for */
} lore_plan_print;

void lore_plan_print_text(const lore_plan_print *plan);
void lore_plan_print_json(const lore_plan_print *plan);

#endif
