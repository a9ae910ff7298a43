/* Probes: who is in which group, codes of values, activations that are read, planted codes and
 * noise. */
#include <math.h>

#include "lore/base/random.h"
#include "probe/probe.h"
#include "probe/readout.h"
#include "support/mpi_test.h"
#include "support/small_world.h"

enum { SEED = 5, KNOWN = 800, USED = 602, HELD_OUT = 60, WIDTH = 128, LAYERS = 2 };

static lore_vocabulary *vocabulary;
static lore_population *population;
static lore_grid grid;

/* Weights are large, so that levels and tokens differ. */
static lore_model *model_of(int width, int layers) {
  lore_model_config config = small_world_config(layers, width);
  config.tied_embedding = config.bias = false;
  config.initial_scale = 0.3;
  lore_model *model;
  assert_int_equal(lore_model_create(&config, lore_vocabulary_size(vocabulary),
                                     lore_vocabulary_longest_biography(vocabulary), &model),
                   LORE_OK);
  return model;
}

static lore_probe_problem problem_of(const lore_model *model) {
  return (lore_probe_problem){.model = model,
                              .population = population,
                              .longest = lore_vocabulary_longest_biography(vocabulary),
                              .threads = 2,
                              .config = {.individuals = USED,
                                         .held_out = HELD_OUT,
                                         .keys = 100,
                                         .strengths = 2,
                                         .strength = {1e-6, 1}}};
}

/* Everything that a pass needs, with all levels in it. */
static lore_probe_work work_of(const lore_probe_problem *problem, lore_arena *arena,
                               lore_probe_result *result) {
  lore_probe_work work = {
      .problem = problem, .grid = &grid, .sizes = lore_probe_sizes_of(problem), .result = result};
  work.levels = work.sizes.levels;
  work.cells = work.levels * LORE_PROBE_POSITIONS * LORE_ATTRIBUTES;
  for (int real = 0; real < 2; real++) {
    lore_probe_reader_layout(&work.reader, arena, problem);
    lore_probe_shuffle_layout(&work.shuffle, arena, problem);
    work.ridge = lore_arena_take(arena, (size_t)work.cells, sizeof *work.ridge);
    work.x = lore_arena_take(arena, (size_t)work.cells, sizeof *work.x);
    lore_probe_result_layout(result, arena, work.sizes);
    if (!real)
      assert_int_equal(lore_arena_create(arena, arena->used), LORE_OK);
  }
  return work;
}

static int rows_of(const lore_probe_problem *p, int group, int use) {
  return lore_probe_rows(&p->config, (lore_probe_group)group, (lore_probe_use)use);
}

static void groups_are_apart(void **state) {
  (void)state;
  lore_model *model = model_of(16, 1);
  const lore_probe_problem p = problem_of(model);
  char *seen = numbers_take(KNOWN + HELD_OUT);
  memset(seen, 0, KNOWN + HELD_OUT);
  assert_int_equal(rows_of(&p, LORE_PROBE_FITTED, LORE_PROBE_FIT), USED - USED / 4);
  assert_int_equal(rows_of(&p, LORE_PROBE_OTHER, LORE_PROBE_FIT), 0);
  assert_int_equal(rows_of(&p, LORE_PROBE_OTHER, LORE_PROBE_JUDGE), USED / 4);
  assert_int_equal(rows_of(&p, LORE_PROBE_FITTED, LORE_PROBE_JUDGE), USED / 4);
  assert_int_equal(rows_of(&p, LORE_PROBE_HELD_OUT, LORE_PROBE_JUDGE), HELD_OUT);
  const struct {
    lore_probe_group group;
    lore_probe_use use;
    int64_t least, most;
  } all[] = {{LORE_PROBE_FITTED, LORE_PROBE_FIT, 0, KNOWN},
             {LORE_PROBE_OTHER, LORE_PROBE_JUDGE, 0, KNOWN},
             {LORE_PROBE_HELD_OUT, LORE_PROBE_JUDGE, KNOWN, KNOWN + HELD_OUT}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (int row = 0; row < rows_of(&p, (int)all[i].group, (int)all[i].use); row++) {
      int64_t who = lore_probe_individual(&p, all[i].group, all[i].use, row);
      assert_in_range(who, all[i].least, all[i].most - 1);
      assert_int_equal(seen[who]++, 0);
    }
  for (int row = 0; row < USED / 4; row++) /* who is judged as fitted was fitted */
    assert_int_equal(seen[lore_probe_individual(&p, LORE_PROBE_FITTED, LORE_PROBE_JUDGE, row)]++,
                     1);
  lore_model_destroy(model);
}

/* Each row has one 1 for each target, where the individual's value is; the control deals the same
 * values out in another order. */
static void codes_of_values(void **state) {
  (void)state;
  lore_model *model = model_of(16, 1);
  const lore_probe_problem p = problem_of(model);
  lore_arena arena = {0};
  lore_probe_result result;
  lore_probe_work work = work_of(&p, &arena, &result);
  lore_probe_codes codes = lore_probe_codes_of(vocabulary, LORE_BIRTH_DATE);
  int rows = rows_of(&p, LORE_PROBE_OTHER, LORE_PROBE_JUDGE), moved = 0;
  lore_matrix y;
  assert_int_equal(codes.parts, 3);
  assert_int_equal(codes.columns, 2 * (31 + 12 + 200));
  assert_string_equal(lore_probe_target_name(codes.first_target + 2), "birth_year");
  assert_int_equal(lore_matrix_create(&grid, rows, codes.columns, &y), LORE_OK);
  lore_probe_codes_put(&p, &work.shuffle, LORE_BIRTH_DATE, LORE_PROBE_OTHER, LORE_PROBE_JUDGE, &y);
  for (int row = 0; row < rows; row++) {
    double sum = 0;
    const lore_individual *person = lore_population_individual(
        population, lore_probe_individual(&p, LORE_PROBE_OTHER, LORE_PROBE_JUDGE, row));
    uint32_t value = person->value[LORE_BIRTH_DATE];
    const int expected[] = {(int)(value % 31), 31 + (int)(value / 31 % 12),
                            31 + 12 + (int)(value / (31 * 12))};
    for (int j = 0; j < codes.columns; j++)
      sum += y.element[(size_t)j * (size_t)y.stride + (size_t)row];
    assert_true(sum == 6);
    for (int part = 0; part < 3; part++) {
      assert_true(y.element[(size_t)expected[part] * (size_t)y.stride + (size_t)row] == 1);
      moved += y.element[(size_t)(243 + expected[part]) * (size_t)y.stride + (size_t)row] == 0;
    }
  }
  /* Chance alone leaves 1/31, 1/12 and 1/200 of them where they were. */
  assert_in_range(moved, 3 * rows * 9 / 10, 3 * rows - 1);
  lore_matrix_destroy(&y);
  lore_arena_destroy(&arena);
  lore_model_destroy(model);
}

/* Accuracy decides, then the loss; losses that differ by rounding leave it to the strength,
 * whatever the order. */
static void strength_is_chosen(void **state) {
  (void)state;
  static const struct {
    double accuracy[3], loss[3];
    int best;
  } cases[] = {
      {{0.5, 0.6, 0.5}, {1, 3, 0.5}, 1},
      {{0.5, 0.5, 0.5}, {1, 0.9999, 2}, 1},
      {{0.5, 0.5, 0.5}, {1, 1, 1}, 2},
      {{0.5, 0.5, 0.5},
       {0.7, 0.7 * (1 + 1e-12), 0.7 * (1 + 1e-9)},
       2}, /* the strongest is no worse */
      {{0.5, 0.5, 0.5}, {0.7, 0.7 * (1 + 1e-12), 0.7 * (1 + 1e-5)}, 1},
      {{0.5, 0.5, 0.4}, {0.7, 0.7 * (1 - 1e-12), 0.1}, 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int turned = 0; turned < 2; turned++) {
      lore_probe_config config = {.strengths = 3};
      lore_class_score score[6] = {{0}};
      for (int s = 0; s < 3; s++) {
        int at = turned ? 2 - s : s;
        config.strength[at] = pow(10, s);
        score[2 * at].accuracy = cases[i].accuracy[s];
        score[2 * at].squared_error = cases[i].loss[s];
      }
      int best = lore_probe_best_strength(&config, 2, score);
      assert_int_equal(turned ? 2 - best : best, cases[i].best);
    }
}

/* The model's answer from a row of the last level: norm and head by plain loops. */
static int answer(const lore_model *model, const real *parameters, const double *x) {
  const real *gain = parameters + model->tensor[model->final_norm].offset;
  const real *head = parameters + model->tensor[model->head].offset;
  int width = model->config.width, best = 0;
  double square = 0, most = -INFINITY;
  for (int i = 0; i < width; i++)
    square += x[i] * x[i];
  for (int v = 0; v < model->vocabulary; v++) {
    double sum = 0;
    for (int i = 0; i < width; i++)
      sum += x[i] / sqrt(square / width + model->config.norm_epsilon) * (double)gain[i] *
             (double)head[(size_t)v * (size_t)width + (size_t)i];
    best = sum > most ? v : best;
    most = sum > most ? sum : most;
  }
  return best;
}

/* Leaves the head only days to say, so that it is right now and then. */
static void say_days(const lore_model *model, real *parameters) {
  enum { DAYS = 31 };
  const lore_tensor *head = &model->tensor[model->head];
  for (int v = 0; v < head->rows; v++) {
    bool day = false;
    for (uint32_t d = 0; d < DAYS; d++)
      day |= lore_vocabulary_value(vocabulary, LORE_BIRTH_DATE, d).token[0] == v;
    for (int i = 0; i < head->columns && !day; i++)
      parameters[head->offset + (int64_t)v * head->columns + i] = 0;
  }
}

static void row_of(const lore_matrix *x, int row, double *values) {
  for (int j = 0; j < x->columns; j++)
    values[j] = x->element[(size_t)j * (size_t)x->stride + (size_t)row];
}

/* At level 0 the last name token is its embedding; at the last level the token before the value
 * says what the verdict says it does. */
static void activations_are_where_they_should_be(void **state) {
  (void)state;
  enum { SMALL = 16 };
  lore_model *model = model_of(SMALL, LAYERS);
  const lore_probe_problem p = problem_of(model);
  lore_arena arena = {0};
  lore_probe_result result;
  lore_probe_work work = work_of(&p, &arena, &result);
  real *parameters = numbers_take((size_t)model->elements * sizeof *parameters);
  lore_model_initialise(model, SEED, parameters);
  say_days(model, parameters);
  work.reader.parameters = parameters;
  int rows = rows_of(&p, LORE_PROBE_OTHER, LORE_PROBE_JUDGE), agreed = 0, right = 0;
  const real *embedding = parameters + model->tensor[model->embedding].offset;
  lore_matrix verdicts;
  assert_int_equal(lore_probe_matrices_create(&grid, work.cells, rows, SMALL, work.x), LORE_OK);
  assert_int_equal(lore_matrix_create(&grid, rows, lore_probe_verdicts(work.cells), &verdicts),
                   LORE_OK);
  assert_int_equal(lore_probe_read(&work.reader, LORE_PROBE_OTHER, LORE_PROBE_JUDGE, 0, work.levels,
                                   work.x, &verdicts),
                   LORE_OK);
  for (int row = 0; row < rows; row++) {
    const lore_individual *person = lore_population_individual(
        population, lore_probe_individual(&p, LORE_PROBE_OTHER, LORE_PROBE_JUDGE, row));
    double x[SMALL], verdict[LORE_PROBE_VERDICTS + 128];
    for (int a = 0; a < LORE_ATTRIBUTES; a++) {
      row_of(&work.x[a], row, x);
      for (int i = 0; i < SMALL; i++)
        assert_true(x[i] == (double)embedding[person->last * SMALL + i]);
    }
    /* A birth date's first token is its day. */
    lore_value date =
        lore_vocabulary_value(vocabulary, LORE_BIRTH_DATE, person->value[LORE_BIRTH_DATE]);
    int cell =
        (LAYERS * LORE_PROBE_POSITIONS + LORE_PROBE_AT_VALUE) * LORE_ATTRIBUTES + LORE_BIRTH_DATE;
    row_of(&work.x[cell], row, x);
    row_of(&verdicts, row, verdict);
    bool said = answer(model, parameters, x) == date.token[0];
    right += said;
    agreed += said == (verdict[LORE_BIRTH_DATE] == 1) &&
              said == (verdict[LORE_PROBE_VERDICTS + cell] == 1);
    /* The lens at a lower level is the same head on that level's rows. */
    int lower = cell - LORE_PROBE_POSITIONS * LORE_ATTRIBUTES;
    row_of(&work.x[lower], row, x);
    agreed -= (answer(model, parameters, x) == date.token[0]) !=
              (verdict[LORE_PROBE_VERDICTS + lower] == 1);
  }
  assert_int_equal(agreed, rows);
  assert_in_range(right, 1, rows / 8);
  lore_matrix_destroy(&verdicts);
  lore_probe_matrices_destroy(work.cells, work.x);
  lore_arena_destroy(&arena);
  lore_model_destroy(model);
}

typedef void plant(const lore_probe_problem *p, const lore_probe_work *work, int group, int use,
                   int attribute, int row, double *x);

/* A random vector for each class: its own for each part, added up. */
static void plant_code(const lore_probe_problem *p, const lore_probe_work *work, int group, int use,
                       int attribute, int row, double *x) {
  (void)work;
  int64_t who = lore_probe_individual(p, (lore_probe_group)group, (lore_probe_use)use, row);
  const lore_individual *person = lore_population_individual(population, who);
  int parts = lore_probe_codes_of(vocabulary, (lore_attribute)attribute).parts;
  for (int part = 0; part < parts; part++) {
    int class = lore_probe_class(person, (lore_attribute)attribute, part);
    lore_random stream = lore_random_stream(SEED, LORE_RANDOM_TEST,
                                            (uint64_t)(attribute * 8 + part), (uint64_t) class);
    for (int i = 0; i < WIDTH; i++)
      x[i] += 3 + lore_random_normal(&stream);
  }
}

static void plant_noise(const lore_probe_problem *p, const lore_probe_work *work, int group,
                        int use, int attribute, int row, double *x) {
  (void)p;
  (void)work;
  lore_random stream =
      lore_random_stream(SEED, LORE_RANDOM_TEST, (uint64_t)(1000 + 100 * group + 10 * use),
                         (uint64_t)(row * LORE_ATTRIBUTES + attribute));
  for (int i = 0; i < WIDTH; i++)
    x[i] = lore_random_normal(&stream);
}

static void plant_all(lore_probe_work *work, plant *sow, int group, int use) {
  int rows = rows_of(work->problem, group, use);
  assert_int_equal(lore_probe_matrices_create(&grid, work->cells, rows, WIDTH, work->x), LORE_OK);
  for (int cell = 0; cell < work->cells; cell++)
    for (int row = 0; row < rows; row++) {
      double x[WIDTH] = {0};
      sow(work->problem, work, group, use, cell % LORE_ATTRIBUTES, row, x);
      for (int j = 0; j < WIDTH; j++)
        work->x[cell].element[(size_t)j * (size_t)work->x[cell].stride + (size_t)row] = x[j];
    }
}

/* Fits, chooses and judges what `sow` plants. One level. */
static void probe_planted(lore_probe_work *work, plant *sow) {
  work->levels = 1;
  work->cells = LORE_PROBE_POSITIONS * LORE_ATTRIBUTES;
  memset(work->ridge, 0, sizeof *work->ridge * (size_t)work->cells);
  plant_all(work, sow, LORE_PROBE_FITTED, LORE_PROBE_FIT);
  assert_int_equal(lore_probe_fit_cells(work), LORE_OK);
  lore_probe_matrices_destroy(work->cells, work->x);
  for (int g = LORE_PROBE_FITTED; g <= LORE_PROBE_OTHER; g++) {
    plant_all(work, sow, g, LORE_PROBE_CHOOSE);
    assert_int_equal(lore_probe_choose_cells(work, (lore_probe_group)g), LORE_OK);
    lore_probe_matrices_destroy(work->cells, work->x);
  }
  for (int g = LORE_PROBE_FITTED; g <= LORE_PROBE_HELD_OUT; g++) {
    plant_all(work, sow, g, LORE_PROBE_JUDGE);
    assert_int_equal(lore_probe_judge_cells(work, (lore_probe_group)g), LORE_OK);
    lore_probe_matrices_destroy(work->cells, work->x);
  }
  for (int cell = 0; cell < work->cells; cell++)
    lore_ridge_destroy(&work->ridge[cell]);
}

/* Codes of no more classes than there are dimensions are read without a mistake as far as the
 * classes were met; what was dealt out at random is not, of others. */
static void planted_codes_are_recovered(void **state) {
  (void)state;
  static const int targets[] = {1, 2, 5}; /* day, month, major: 31, 12 and 100 classes */
  lore_model *model = model_of(WIDTH, LAYERS);
  const lore_probe_problem p = problem_of(model);
  lore_arena arena = {0};
  lore_probe_result r;
  lore_probe_work work = work_of(&p, &arena, &r);
  probe_planted(&work, plant_code);
  assert_string_equal(lore_probe_target_name(targets[2]), "major");
  for (int group = LORE_PROBE_FITTED; group <= LORE_PROBE_HELD_OUT; group++)
    for (int position = 0; position < LORE_PROBE_POSITIONS; position++)
      for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        size_t at = lore_probe_at(work.sizes, group, 0, position, targets[i]);
        bool major = targets[i] == 5;
        double chance, ceiling;
        assert_int_equal(lore_probe_limits(&p, (lore_probe_group)group,
                                           major ? LORE_MAJOR : LORE_BIRTH_DATE,
                                           major ? 0 : targets[i] - 1, &chance, &ceiling),
                         LORE_OK);
        assert_true(r.accuracy[at] >= ceiling && ceiling > 0.95);
        if (major && group == LORE_PROBE_FITTED)
          assert_true(r.loss[at] < 1e-6);
        if (group != LORE_PROBE_FITTED)
          assert_true(r.control_accuracy[at] < 0.25);
      }
  lore_arena_destroy(&arena);
  lore_model_destroy(model);
}

/* Noise says nothing of others: accuracy within five standard deviations of the most that a
 * constant answer could have. Fitted individuals it can remember. */
static void noise_stays_at_chance(void **state) {
  (void)state;
  lore_model *model = model_of(WIDTH, LAYERS);
  const lore_probe_problem p = problem_of(model);
  lore_arena arena = {0};
  lore_probe_result r;
  lore_probe_work work = work_of(&p, &arena, &r);
  static const int classes[LORE_PROBE_TARGETS] = {800, 31, 12, 200, 200, 100, 500, 800};
  probe_planted(&work, plant_noise);
  for (int target = 0; target < LORE_PROBE_TARGETS; target++)
    for (int group = LORE_PROBE_OTHER; group <= LORE_PROBE_HELD_OUT; group++) {
      double rows = rows_of(&p, group, LORE_PROBE_JUDGE), chance = 1.0 / classes[target];
      double most = chance + 5 * sqrt(chance * (1 - chance) / rows) + 1 / rows;
      size_t at = lore_probe_at(work.sizes, group, 0, LORE_PROBE_AT_VALUE, target);
      assert_true(r.accuracy[at] <= most);
      assert_true(r.control_accuracy[at] <= most);
      assert_true(r.loss[at] > 0.5);
    }
  lore_arena_destroy(&arena);
  lore_model_destroy(model);
}

/* A whole snapshot: limits hold, spectra have their size, memory falls with the ranks. */
static void whole_snapshot(void **state) {
  (void)state;
  lore_model *model = model_of(16, LAYERS);
  const lore_probe_problem p = problem_of(model);
  lore_arena arena = {0};
  lore_probe_result r;
  lore_probe_work work = work_of(&p, &arena, &r);
  real *parameters = numbers_take((size_t)model->elements * sizeof *parameters);
  lore_model_initialise(model, SEED, parameters);
  assert_int_equal(lore_probe_snapshot(&p, &grid, parameters, &r), LORE_OK);
  for (int group = 0; group < LORE_PROBE_GROUPS; group++)
    for (int target = 0; target < LORE_PROBE_TARGETS; target++) {
      int at = group * LORE_PROBE_TARGETS + target;
      assert_true(r.chance[at] >= 0 && r.chance[at] <= r.ceiling[at] && r.ceiling[at] <= 1);
    }
  for (int level = 0; level < work.sizes.levels; level++)
    for (int a = 0; a < LORE_ATTRIBUTES; a++) {
      size_t at = lore_probe_spectrum_at(level, LORE_PROBE_AT_NAME, a);
      double sum = 0;
      for (int i = 0; i < 16; i++)
        sum += r.eigenvalue[at * 16 + (size_t)i];
      assert_true(sum > 0 && r.effective_rank[at] <= 16 + 1e-9);
    }
  for (int i = 0; i < work.sizes.persons; i++)
    assert_true(r.person_confidence[i] > 0 && r.person_loss[i] > 0);
  assert_true(r.weight_condition[0] > 1);
  lore_arena_destroy(&arena);
  lore_model_destroy(model);
}

/* Matrices are divided, however narrow; what every rank has, its workspaces and a few blocks of
 * rows, is not. */
static void memory_falls_with_ranks(void **state) {
  (void)state;
  enum { LAYERS_THEN = 8, CELLS = (LAYERS_THEN + 1) * LORE_PROBE_POSITIONS * LORE_ATTRIBUTES };
  for (int width = 64; width <= 512; width *= 8) {
    lore_model *model = model_of(width, LAYERS_THEN);
    lore_probe_problem p = problem_of(model);
    p.config.individuals = 1 << 18;
    p.config.keys = 4096;
    int columns[CELLS];
    for (int i = 0; i < CELLS; i++)
      columns[i] = width;
    double before = 0;
    for (int ranks = 1; ranks <= 16; ranks *= 2) {
      lore_grid_shape shape = lore_grid_shape_of(ranks);
      int block = lore_probe_block(width, ranks);
      size_t bytes = lore_probe_bytes(&p, shape, block);
      double share = (double)bytes - (double)lore_probe_work_bytes(&p) -
                     (double)lore_matrix_fill_bytes(ranks, block, CELLS, columns);
      assert_true(bytes < SIZE_MAX);
      assert_true(lore_probe_bytes_least(&p, shape, block) < bytes);
      if (before > 0)
        assert_true(share < before / 1.9);
      before = share;
    }
    lore_model_destroy(model);
  }
}

static int make_people(void **state) {
  (void)state;
  const lore_population_config config = {
      .individuals = KNOWN, .held_out = HELD_OUT, .sentence_order = LORE_ORDER_RANDOM};
  if (lore_vocabulary_create(false, &vocabulary) != LORE_OK ||
      lore_population_create(&config, SEED, vocabulary, &population) != LORE_OK)
    return -1;
  return lore_grid_create(lore_team_alone(), LORE_GRID_BLOCK, &grid) == LORE_OK ? 0 : -1;
}

static int remove_people(void **state) {
  (void)state;
  lore_grid_destroy(&grid);
  lore_population_destroy(population);
  lore_vocabulary_destroy(vocabulary);
  return 0;
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      numbers_test(groups_are_apart),
      numbers_test(codes_of_values),
      numbers_test(strength_is_chosen),
      numbers_test(activations_are_where_they_should_be),
      numbers_test(planted_codes_are_recovered),
      numbers_test(noise_stays_at_chance),
      numbers_test(whole_snapshot),
      numbers_test(memory_falls_with_ranks),
  };
  mpi_test_begin(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, make_people, remove_people);
  mpi_test_end();
  return failed;
}
