/* Values as classes. */
#include "codes.h"

#include <stdlib.h>
#include <string.h>

enum { DAYS = 31, MONTHS = 12 };

static int count_classes(const lore_vocabulary *vocabulary, lore_attribute attribute, int part) {
  int values = (int)lore_vocabulary_values(vocabulary, attribute);
  if (attribute != LORE_BIRTH_DATE)
    return values;
  return part == 0 ? DAYS : part == 1 ? MONTHS : values / (DAYS * MONTHS);
}

lore_probe_codes lore_probe_codes_of(const lore_vocabulary *vocabulary, lore_attribute attribute) {
  bool date = attribute == LORE_BIRTH_DATE;
  lore_probe_codes codes = {.parts = date ? LORE_PROBE_PARTS_MAX : 1,
                            .first_target = (int)attribute};
  if (attribute > LORE_BIRTH_DATE)
    codes.first_target += LORE_PROBE_PARTS_MAX - 1;
  for (int g = 0; g < 2 * codes.parts; g++) {
    codes.group[g] =
        (lore_classes){codes.columns, count_classes(vocabulary, attribute, g % codes.parts)};
    codes.columns += codes.group[g].count;
  }
  return codes;
}

int lore_probe_class(const lore_individual *individual, lore_attribute attribute, int part) {
  int value = (int)individual->value[attribute];
  if (attribute != LORE_BIRTH_DATE)
    return value;
  return part == 0 ? value % DAYS : part == 1 ? value / DAYS % MONTHS : value / (DAYS * MONTHS);
}

/* Sets the element if it is held here; `i` is the local row. */
static void set_code(lore_matrix *y, int i, int column) {
  const lore_grid *grid = y->grid;
  if (lore_cyclic_place(column, grid->block, grid->shape.columns) != grid->column)
    return;
  int j = lore_cyclic_local(column, grid->block, grid->shape.columns);
  y->element[(size_t)j * (size_t)y->stride + (size_t)i] = 1;
}

void lore_probe_codes_put(const lore_probe_problem *problem, const lore_probe_shuffle *shuffle,
                          lore_attribute attribute, lore_probe_group group, lore_probe_use use,
                          lore_matrix *y) {
  const lore_grid *grid = y->grid;
  const lore_population *population = problem->population;
  lore_probe_codes codes = lore_probe_codes_of(lore_population_vocabulary(population), attribute);
  if (y->local_columns > 0)
    memset(y->element, 0, sizeof(double) * (size_t)y->stride * (size_t)y->local_columns);
  for (int i = 0; i < y->local_rows; i++) {
    int row = lore_cyclic_global(i, grid->block, grid->row, grid->shape.rows);
    const lore_individual *truth =
        lore_population_individual(population, lore_probe_individual(problem, group, use, row));
    const lore_individual *control = lore_population_individual(
        population, lore_probe_stand_in(problem, shuffle, group, use, row));
    for (int part = 0; part < codes.parts; part++) {
      set_code(y, i, codes.group[part].first + lore_probe_class(truth, attribute, part));
      set_code(y, i,
               codes.group[codes.parts + part].first + lore_probe_class(control, attribute, part));
    }
  }
}

static int class_of_row(const lore_probe_problem *problem, lore_probe_group group,
                        lore_probe_use use, int row, lore_attribute attribute, int part) {
  int64_t who = lore_probe_individual(problem, group, use, row);
  return lore_probe_class(lore_population_individual(problem->population, who), attribute, part);
}

lore_status lore_probe_limits(const lore_probe_problem *problem, lore_probe_group group,
                              lore_attribute attribute, int part, double *chance, double *ceiling) {
  int classes = count_classes(lore_population_vocabulary(problem->population), attribute, part);
  int fitted = lore_probe_rows(&problem->config, LORE_PROBE_FITTED, LORE_PROBE_FIT);
  int judged = lore_probe_rows(&problem->config, group, LORE_PROBE_JUDGE);
  int *count = calloc((size_t)classes, sizeof *count), common = 0, right = 0, met = 0;
  if (!count)
    return lore_fail(LORE_MEMORY, "cannot allocate counts of values");
  for (int row = 0; row < fitted; row++)
    count[class_of_row(problem, LORE_PROBE_FITTED, LORE_PROBE_FIT, row, attribute, part)]++;
  for (int i = 1; i < classes; i++)
    common = count[i] > count[common] ? i : common;
  for (int row = 0; row < judged; row++) {
    int class = class_of_row(problem, group, LORE_PROBE_JUDGE, row, attribute, part);
    right += class == common;
    met += count[class] > 0;
  }
  free(count);
  *chance = (double)right / judged;
  *ceiling = (double)met / judged;
  return LORE_OK;
}
