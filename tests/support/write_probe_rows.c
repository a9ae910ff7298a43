/* Prints the biographies that `lore probe` looks at, for a twin of it in numpy (check_probe.py):
 *
 *   write_probe_rows STUDY INDIVIDUALS HELD_OUT KEYS
 *
 * One line each: group (3: names that are compared), use, values of the individual, values of
 * whoever stands in for it, then for each sentence attribute, last name token, token before the
 * value and the value's tokens, then the tokens. */
#include <stdio.h>
#include <stdlib.h>

#include "lore/data/batch.h"
#include "lore/run/assembly.h"
#include "lore/settings/read.h"
#include "probe/problem.h"

static void print_values(const lore_population *population, int64_t who) {
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    printf(" %u", lore_population_individual(population, who)->value[a]);
}

static void print_row(const lore_probe_problem *p, lore_batch *batch, int group, lore_probe_use use,
                      int64_t who, int64_t stand_in) {
  lore_batch_clear(batch);
  lore_batch_append(batch, p->population, who,
                    use == LORE_PROBE_JUDGE ? LORE_TEMPLATES_EVALUATION : LORE_TEMPLATES_TRAINING,
                    UINT32_MAX - (uint64_t)use, (uint64_t)who);
  printf("%d %d", group, (int)use);
  print_values(p->population, who);
  print_values(p->population, stand_in);
  for (int k = 0; k < LORE_ATTRIBUTES; k++)
    printf(" %d %d %d %d", batch->attribute[k], batch->name_at[k] + LORE_NAME_TOKENS - 1,
           batch->value_at[k], batch->value_length[k]);
  for (int t = 0; t < batch->tokens; t++)
    printf(" %d", batch->token[t]);
  printf("\n");
}

static void print_group(const lore_probe_problem *p, const lore_probe_shuffle *shuffle,
                        lore_batch *batch, lore_probe_group group, lore_probe_use use) {
  for (int row = 0; row < lore_probe_rows(&p->config, group, use); row++)
    print_row(p, batch, (int)group, use, lore_probe_individual(p, group, use, row),
              lore_probe_stand_in(p, shuffle, group, use, row));
}

static lore_status print_all(const char *path, int individuals, int held_out, int keys) {
  enum { PERSONS_MOST = 4096 };
  static int64_t person[PERSONS_MOST];
  static lore_settings settings;
  lore_assembly assembly;
  lore_arena arena = {0};
  lore_probe_shuffle shuffle;
  lore_batch batch;
  LORE_TRY(lore_settings_read(path, 0, NULL, &settings));
  LORE_TRY(lore_assembly_create(&settings, &assembly));
  const lore_probe_problem p = {
      .model = assembly.model,
      .population = assembly.population,
      .config = {.individuals = individuals, .held_out = held_out, .keys = keys}};
  for (int real = 0; real < 2; real++) {
    lore_probe_shuffle_layout(&shuffle, &arena, &p);
    lore_batch_layout(&batch, &arena, 1, assembly.longest);
    if (!real)
      LORE_TRY(lore_arena_create(&arena, arena.used));
  }
  for (int group = 0; group < LORE_PROBE_GROUPS; group++)
    for (int use = LORE_PROBE_FIT; use <= LORE_PROBE_JUDGE; use++)
      print_group(&p, &shuffle, &batch, (lore_probe_group)group, (lore_probe_use)use);
  lore_probe_persons(&p, person);
  for (int i = 0; i < lore_probe_sizes_of(&p).persons; i++)
    print_row(&p, &batch, LORE_PROBE_GROUPS, LORE_PROBE_JUDGE, person[i], person[i]);
  lore_arena_destroy(&arena);
  lore_assembly_destroy(&assembly);
  return LORE_OK;
}

int main(int count, char **argument) {
  if (count != 5 ||
      print_all(argument[1], atoi(argument[2]), atoi(argument[3]), atoi(argument[4])) != LORE_OK) {
    fprintf(stderr, "%s\n", lore_fail_message());
    return 1;
  }
  return 0;
}
