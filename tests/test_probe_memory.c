/* The best linear associative memory. */
#include <math.h>

#include "probe/linear_memory.h"
#include "support/mpi_test.h"

enum { SEED = 5 };

/* Residual of the best map without a constant, by normal equations and plain elimination. */
static double naive_residual(const lore_pairs *pairs) {
  enum { D = 5 };
  int count = (int)pairs->config.pairs;
  double gram[D][D] = {{0}}, cross[D][D] = {{0}}, sum = 0;
  for (int p = 0; p < count; p++)
    for (int i = 0; i < D; i++)
      for (int j = 0; j < D; j++) {
        double key = (double)pairs->key[p * D + i];
        gram[i][j] += key * (double)pairs->key[p * D + j];
        cross[i][j] += key * (double)pairs->value_vector[pairs->value[p] * D + j];
      }
  for (int k = 0; k < D; k++)
    for (int i = 0; i < D; i++) {
      double factor = i == k ? 0 : gram[i][k] / gram[k][k];
      for (int j = 0; j < D; j++) {
        gram[i][j] -= factor * gram[k][j];
        cross[i][j] -= factor * cross[k][j];
      }
    }
  for (int p = 0; p < count; p++)
    for (int j = 0; j < D; j++) {
      double left = (double)pairs->value_vector[pairs->value[p] * D + j];
      for (int i = 0; i < D; i++)
        left -= (double)pairs->key[p * D + i] * cross[i][j] / gram[i][i];
      sum += left * left;
    }
  return sum / count;
}

/* Few pairs are held exactly; of many what is left is what elimination leaves. */
static void best_linear_memory(void **state) {
  (void)state;
  lore_grid grid;
  assert_int_equal(lore_grid_create(lore_team_alone(), LORE_GRID_BLOCK, &grid), LORE_OK);
  for (int many = 0; many < 2; many++) {
    const lore_memory_config config = {
        .keys = 5, .hidden = 4, .values = 7, .pairs = many ? 90 : 4, .held_out = 200};
    lore_pairs pairs;
    lore_linear_memory memory;
    assert_int_equal(lore_pairs_create(&config, SEED, &pairs), LORE_OK);
    assert_int_equal(lore_linear_memory_fit(&pairs, &grid, &memory), LORE_OK);
    if (many) {
      assert_true(fabs(memory.residual[LORE_LINEAR_VECTORS] - naive_residual(&pairs)) < 1e-9);
      assert_true(memory.accuracy[LORE_LINEAR_VECTORS][0] < 0.7);
      assert_true(memory.residual[LORE_LINEAR_ONE_HOT] < 1 - 1.0 / config.values);
    }
    for (int code = 0; code < LORE_LINEAR_CODES && !many; code++) {
      assert_true(memory.residual[code] < 1e-20);
      assert_true(memory.accuracy[code][0] == 1);
    }
    assert_true(memory.accuracy[LORE_LINEAR_ONE_HOT][1] < 0.35); /* of strangers nothing */
    lore_pairs_destroy(&pairs);
  }
  lore_grid_destroy(&grid);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {numbers_test(best_linear_memory)};
  mpi_test_begin(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  mpi_test_end();
  return failed;
}
