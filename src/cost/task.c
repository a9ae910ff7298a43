/* The tasks whose costs are predicted, and what their files share. */
#include "task.h"

#include <stdio.h>

const lore_cost_task *lore_cost_task_of(lore_task task) {
  static const lore_cost_task *const tasks[] = {
      [LORE_TASK_BIOGRAPHIES] = &lore_cost_biographies, [LORE_TASK_MEMORY] = &lore_cost_memory};
  return tasks[task];
}

/* Resident memory of this process now, in bytes; 0 where /proc does not tell. */
static size_t resident_bytes(void) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  size_t kibibytes = 0;
  if (!file)
    return 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %zu kB", &kibibytes) == 1)
      break;
  fclose(file);
  return kibibytes * 1024;
}

/* Code of libraries and their buffers that a run touches later than this point; measured. */
static const size_t touched_later = (size_t)7 << 20;

size_t lore_process_bytes(void) {
  return resident_bytes() + touched_later;
}

void lore_cost_sample(lore_settings *s) {
  enum { INDIVIDUALS = 1024 };
  int64_t *count[] = {&s->population.individuals, &s->population.held_out, &s->population.new_ones,
                      &s->population.throw_away, &s->population.injected};
  for (size_t i = 0; i < sizeof count / sizeof *count; i++)
    if (*count[i] > INDIVIDUALS)
      *count[i] = INDIVIDUALS;
  s->distribution.shards.count = 0; /* they may name more individuals than are left */
}
