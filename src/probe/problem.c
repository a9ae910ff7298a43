/* What is probed, who is read, and how much is found. */
#include "problem.h"

#include "lore/base/random.h"

enum { SHARE = 4 }; /* one in so many is not fitted on */

const char *lore_probe_position_name(int position) {
  static const char *const names[LORE_PROBE_POSITIONS] = {"name", "value"};
  return names[position];
}

const char *lore_probe_group_name(int group) {
  static const char *const names[LORE_PROBE_GROUPS] = {"fitted", "other", "held_out"};
  return names[group];
}

const char *lore_probe_target_name(int target) {
  static const char *const date[] = {"birth_day", "birth_month", "birth_year"};
  if (target < LORE_BIRTH_DATE)
    return lore_attribute_name((lore_attribute)target);
  if (target < LORE_BIRTH_DATE + LORE_PROBE_PARTS_MAX)
    return date[target - LORE_BIRTH_DATE];
  return lore_attribute_name((lore_attribute)(target - LORE_PROBE_PARTS_MAX + 1));
}

static bool is_matrix(const lore_tensor *tensor) {
  return tensor->row->kind == LORE_WEIGHT && tensor->rows > 1;
}

int lore_probe_tensor(const lore_model *model, int tensor) {
  int index = 0;
  while (!is_matrix(&model->tensor[index]) || tensor-- > 0)
    index++;
  return index;
}

lore_probe_sizes lore_probe_sizes_of(const lore_probe_problem *problem) {
  const lore_model *model = problem->model;
  const lore_probe_config *config = &problem->config;
  int held_out = config->held_out < config->keys ? config->held_out : config->keys;
  lore_probe_sizes sizes = {.levels = model->config.layers + 1,
                            .width = model->config.width,
                            .persons = config->keys + held_out,
                            .known_persons = config->keys};
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *tensor = &model->tensor[i];
    int values = tensor->rows < tensor->columns ? tensor->rows : tensor->columns;
    if (is_matrix(tensor)) {
      sizes.tensors++;
      sizes.singular = values > sizes.singular ? values : sizes.singular;
    }
  }
  return sizes;
}

int lore_probe_rows(const lore_probe_config *config, lore_probe_group group, lore_probe_use use) {
  enum { CHOOSE_MOST = 8192 }; /* a strength needs no more to be chosen well */
  int others = config->individuals / SHARE;
  if (group == LORE_PROBE_HELD_OUT)
    return use == LORE_PROBE_JUDGE ? config->held_out : 0;
  if (use == LORE_PROBE_FIT)
    return group == LORE_PROBE_FITTED ? config->individuals - others : 0;
  return use == LORE_PROBE_CHOOSE && others > CHOOSE_MOST ? CHOOSE_MOST : others;
}

/* Place of the row among all individuals that are used. */
static int64_t place_of_row(const lore_probe_config *config, lore_probe_group group,
                            lore_probe_use use, int row) {
  int64_t all = group == LORE_PROBE_FITTED ? lore_probe_rows(config, group, LORE_PROBE_FIT)
                                           : config->individuals / SHARE;
  if (group == LORE_PROBE_HELD_OUT)
    return row;
  int64_t spread = row * all / lore_probe_rows(config, group, use);
  if (group == LORE_PROBE_OTHER)
    return SHARE * spread + SHARE - 1;
  return spread / (SHARE - 1) * SHARE + spread % (SHARE - 1);
}

/* Individuals are spread over the whole group: under a power law the first are the frequent ones.
 */
static int64_t individual_at(const lore_probe_problem *problem, lore_probe_group group,
                             int64_t place) {
  bool held_out = group == LORE_PROBE_HELD_OUT;
  lore_range range = lore_population_range(lore_population_settings(problem->population),
                                           held_out ? LORE_PEOPLE_HELD_OUT : LORE_PEOPLE_KNOWN);
  int64_t used = held_out ? problem->config.held_out : problem->config.individuals;
  return range.first + place * range.count / used;
}

int64_t lore_probe_individual(const lore_probe_problem *problem, lore_probe_group group,
                              lore_probe_use use, int row) {
  return individual_at(problem, group, place_of_row(&problem->config, group, use, row));
}

static uint32_t *draw_order(lore_arena *arena, const lore_probe_problem *problem, int count,
                            uint64_t stream) {
  uint32_t *order = lore_arena_take(arena, (size_t)count, sizeof *order);
  lore_random random = lore_random_stream(lore_population_seed(problem->population),
                                          LORE_RANDOM_PROBE_CONTROL, 0, stream);
  if (order)
    lore_random_permutation(&random, (uint32_t)count, order);
  return order;
}

void lore_probe_shuffle_layout(lore_probe_shuffle *shuffle, lore_arena *arena,
                               const lore_probe_problem *problem) {
  shuffle->known = draw_order(arena, problem, problem->config.individuals, 0);
  shuffle->held_out = draw_order(arena, problem, problem->config.held_out, 1);
}

int64_t lore_probe_stand_in(const lore_probe_problem *problem, const lore_probe_shuffle *shuffle,
                            lore_probe_group group, lore_probe_use use, int row) {
  const uint32_t *order = group == LORE_PROBE_HELD_OUT ? shuffle->held_out : shuffle->known;
  return individual_at(problem, group, order[place_of_row(&problem->config, group, use, row)]);
}

void lore_probe_persons(const lore_probe_problem *problem, int64_t *individual) {
  const lore_population_config *population = lore_population_settings(problem->population);
  lore_probe_sizes sizes = lore_probe_sizes_of(problem);
  const lore_range known = lore_population_range(population, LORE_PEOPLE_KNOWN),
                   others = lore_population_range(population, LORE_PEOPLE_HELD_OUT);
  int held_out = sizes.persons - sizes.known_persons;
  for (int64_t i = 0; i < sizes.known_persons; i++)
    individual[i] = known.first + i * known.count / sizes.known_persons;
  for (int64_t i = 0; i < held_out; i++)
    individual[sizes.known_persons + i] = others.first + i * others.count / held_out;
}
