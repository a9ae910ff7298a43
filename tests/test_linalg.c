/* What needs no ranks: places of rows in a grid, predicted memory, spectra in closed form. */
#include <limits.h>

#include "lore/linalg/nearest.h"
#include "lore/linalg/regression.h"
#include "lore/linalg/spectra.h"
#include "support/mpi_test.h"

static void shapes_of_grids(void **state) {
  (void)state;
  static const int want[][3] = {{1, 1, 1},    {2, 1, 2},   {3, 1, 3},  {4, 2, 2},  {5, 2, 2},
                                {6, 2, 3},    {7, 2, 3},   {8, 2, 4},  {9, 3, 3},  {11, 2, 5},
                                {12, 3, 4},   {13, 3, 4},  {16, 4, 4}, {64, 8, 8}, {97, 8, 12},
                                {127, 9, 14}, {128, 8, 16}};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    lore_grid_shape shape = lore_grid_shape_of(want[i][0]);
    if (shape.rows != want[i][1] || shape.columns != want[i][2])
      fail_msg("%d ranks: %d x %d", want[i][0], shape.rows, shape.columns);
  }
  for (int ranks = 1; ranks <= 1000; ranks++) {
    lore_grid_shape shape = lore_grid_shape_of(ranks);
    assert_true(shape.rows <= shape.columns && shape.columns <= 3 * shape.rows);
    assert_in_range(shape.rows * shape.columns, 3 * ranks / 4, ranks);
  }
}

/* Every index lies at one place, in order, and comes back. */
static void cyclic_indices(void **state) {
  (void)state;
  for (int block = 1; block <= 5; block++)
    for (int places = 1; places <= 4; places++)
      for (int count = 1; count <= 43; count++) {
        int held[4] = {0};
        for (int i = 0; i < count; i++) {
          int place = lore_cyclic_place(i, block, places);
          int local = lore_cyclic_local(i, block, places);
          assert_int_equal(local, held[place]++);
          assert_int_equal(lore_cyclic_global(local, block, place, places), i);
        }
        for (int place = 0; place < places; place++)
          assert_int_equal(lore_cyclic_count(count, block, place, places), held[place]);
      }
}

static void predicted_memory(void **state) {
  (void)state;
  /* 262144 x 512 activations: a GiB on one rank, an equal share on each of 4 x 4. */
  lore_grid_shape one = {1, 1}, sixteen = {4, 4};
  assert_int_equal(lore_matrix_bytes(one, 64, 262144, 512), (size_t)1 << 30);
  assert_int_equal(lore_matrix_bytes(sixteen, 64, 262144, 512), (size_t)1 << 26);
  /* Too many elements for ScaLAPACK, whatever the memory. */
  assert_int_equal(lore_matrix_bytes(one, 64, 65536, 32768), SIZE_MAX);
  assert_int_equal(lore_matrix_bytes(one, 64, INT_MAX, INT_MAX), SIZE_MAX);
  assert_int_equal(lore_ridge_bytes(one, 64, 65536, 65536), SIZE_MAX);
  assert_int_equal(lore_covariance_bytes(one, 64, 65536), SIZE_MAX);
  assert_int_equal(lore_singular_bytes(one, 64, 65536, 65536), SIZE_MAX);
  assert_int_equal(lore_least_squares_bytes(one, 64, 65536, 65536, 1), SIZE_MAX);
  assert_int_equal(lore_nearest_bytes(one, 64, 65536, 65536, 65536), SIZE_MAX);
}

typedef struct {
  size_t whole, fixed;
} cost;

static size_t cost_bytes(const void *problem, lore_grid_shape shape, int block) {
  const cost *c = problem;
  (void)block;
  return c->whole / (size_t)(shape.rows * shape.columns) + c->fixed;
}

static void ranks_that_would_do(void **state) {
  (void)state;
  const cost even = {1000, 0}, some = {1000, 10}, never = {1000, 101};
  assert_int_equal(lore_grid_ranks_enough(cost_bytes, &even, 1, 1, 1000), 1);
  assert_int_equal(lore_grid_ranks_enough(cost_bytes, &even, 1, 1, 999), 2);
  assert_int_equal(lore_grid_ranks_enough(cost_bytes, &even, 1, 1, 250), 4);
  assert_int_equal(lore_grid_ranks_enough(cost_bytes, &even, 1, 3, 100), 10);
  assert_int_equal(lore_grid_ranks_enough(cost_bytes, &some, 1, 1, 260), 4);
  assert_int_equal(lore_grid_ranks_enough(cost_bytes, &never, 1, 1, 100), 0);
}

static void assert_near(double got, double want) {
  if (!(fabs(got - want) <= 1e-12))
    fail_msg("%.17g, not %.17g", got, want);
}

static void spectra_in_closed_form(void **state) {
  (void)state;
  static const double flat[] = {3, 3, 3, 3}, single[] = {0, 5, 0}, pair[] = {4, 1},
                      rounded[] = {2, -1e-17, 2, 1e-18}, zero[] = {0, 0};
  lore_spectrum s = lore_spectrum_of(4, flat);
  assert_near(s.effective_rank, 4);
  assert_near(s.participation, 4);
  assert_near(s.condition, 1);
  assert_int_equal(s.rank, 4);
  s = lore_spectrum_of(3, single);
  assert_near(s.effective_rank, 1);
  assert_near(s.participation, 1);
  assert_true(isinf(s.condition));
  assert_int_equal(s.rank, 1);
  s = lore_spectrum_of(2, pair);
  assert_near(s.total, 5);
  assert_near(s.effective_rank, 5 / pow(4, 0.8));
  assert_near(s.participation, 25.0 / 17);
  assert_near(s.condition, 4);
  s = lore_spectrum_of(4, rounded);
  assert_near(s.effective_rank, 2);
  assert_true(isinf(s.condition));
  assert_int_equal(s.rank, 2);
  s = lore_spectrum_of(2, zero);
  assert_near(s.effective_rank, 0);
  assert_near(s.participation, 0);
  assert_true(isinf(s.condition));
}

/* A team without MPI's communicator, and the refusal of a build without ScaLAPACK. */
static void grid_of_one(void **state) {
  (void)state;
  lore_grid grid;
  lore_status status = lore_grid_create(lore_team_alone(), 2, &grid);
  if (!lore_grid_available()) {
    assert_int_equal(status, LORE_USER);
    assert_non_null(strstr(lore_fail_message(), "built without ScaLAPACK"));
  } else {
    assert_int_equal(status, LORE_OK);
    assert_int_equal(grid.row, 0);
    assert_int_equal(grid.column, 0);
  }
  lore_grid_destroy(&grid);
  lore_grid_destroy(&grid);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapes_of_grids),        cmocka_unit_test(cyclic_indices),
      cmocka_unit_test(predicted_memory),       cmocka_unit_test(ranks_that_would_do),
      cmocka_unit_test(spectra_in_closed_form), cmocka_unit_test(grid_of_one),
  };
  mpi_test_begin(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  mpi_test_end();
  return failed;
}
