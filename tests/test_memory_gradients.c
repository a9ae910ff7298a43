/* The toy memory's gradient of every parameter against finite differences of its loss, and its
 * scores against a naive forward pass. Built with -DLORE_DOUBLE. */
#include "support/numbers.h"

#include "lore/model/memory.h"

_Static_assert(sizeof(real) == sizeof(double), "finite differences need -DLORE_DOUBLE");

static const lore_memory_config shape = {
    .keys = 5, .hidden = 7, .values = 11, .pairs = 40, .held_out = 3};

enum { ROWS = 33 };

typedef struct {
  lore_pairs pairs;
  lore_arena arena;
  lore_memory_workspace workspace;
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  int64_t elements;
  real *parameters, *gradient;
} problem;

static problem make_problem(uint64_t seed) {
  problem p = {0};
  assert_int_equal(lore_pairs_create(&shape, seed, &p.pairs), LORE_OK);
  lore_memory_workspace_layout(&shape, ROWS, &p.arena, &p.workspace);
  size_t used = p.arena.used;
  p.arena = (lore_arena){0};
  assert_int_equal(lore_arena_create(&p.arena, used), LORE_OK);
  lore_memory_workspace_layout(&shape, ROWS, &p.arena, &p.workspace);
  p.elements = lore_memory_layout(&shape, p.tensor);
  p.parameters = numbers_blank((size_t)p.elements);
  p.gradient = numbers_blank((size_t)p.elements);
  lore_memory_initialise(&shape, seed, p.parameters);
  lore_random stream = lore_random_stream(seed, LORE_RANDOM_TEST, 0, 0);
  for (int64_t i = 0; i < p.elements; i++) /* biases too, and logits that differ */
    p.parameters[i] = 2 * p.parameters[i] + 0.3 * lore_random_normal(&stream);
  memcpy(p.workspace.key, p.pairs.key, sizeof(real) * ROWS * (size_t)shape.keys);
  memcpy(p.workspace.value, p.pairs.value, sizeof *p.pairs.value * ROWS);
  return p;
}

static void destroy_problem(problem *p) {
  lore_pairs_destroy(&p->pairs);
  lore_arena_destroy(&p->arena);
}

/* The logits of one key, written out. */
static void naive_logits(const problem *p, const real *key, double *logit) {
  const real *up = p->parameters + p->tensor[0].offset, *b1 = p->parameters + p->tensor[1].offset;
  const real *down = p->parameters + p->tensor[2].offset, *b2 = p->parameters + p->tensor[3].offset;
  int d = shape.keys, units = shape.hidden;
  double out[8];
  for (int i = 0; i < d; i++)
    out[i] = b2[i];
  for (int h = 0; h < units; h++) {
    double u = b1[h];
    for (int i = 0; i < d; i++)
      u += key[i] * up[i * units + h];
    for (int i = 0; i < d && u > 0; i++)
      out[i] += u * down[h * d + i];
  }
  for (int v = 0; v < shape.values; v++) {
    logit[v] = 0;
    for (int i = 0; i < d; i++)
      logit[v] += out[i] * p->pairs.value_vector[v * d + i];
  }
}

static double naive_loss(const problem *p) {
  double logit[16], loss = 0;
  for (int r = 0; r < ROWS; r++) {
    double sum = 0;
    naive_logits(p, p->workspace.key + r * shape.keys, logit);
    for (int v = 0; v < shape.values; v++)
      sum += exp(logit[v]);
    loss += log(sum) - logit[p->workspace.value[r]];
  }
  return loss;
}

/* Central difference; smaller steps where one crosses a kink of the ReLU. */
static double difference(problem *p, int64_t at, double step) {
  real start = p->parameters[at];
  p->parameters[at] = start + step;
  double above = naive_loss(p);
  p->parameters[at] = start - step;
  double below = naive_loss(p);
  p->parameters[at] = start;
  return (above - below) / (2 * step) / ROWS;
}

static void gradients(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 5; seed++) {
    problem p = make_problem(seed);
    double loss = lore_memory_train(&shape, p.parameters, p.pairs.value_vector, ROWS, &p.workspace,
                                    p.gradient);
    assert_true(fabs(loss - naive_loss(&p)) < 1e-12 * loss);
    for (int t = 0; t < LORE_MEMORY_TENSORS; t++)
      for (int j = 0; j < p.tensor[t].rows * p.tensor[t].columns; j++) {
        int64_t at = p.tensor[t].offset + j;
        double got = p.gradient[at], error = INFINITY;
        for (double step = 1e-5; step > 1e-9 && error > 1e-7; step /= 10)
          error = fmin(error, fabs(got - difference(&p, at, step)));
        if (error > 1e-7)
          fail_msg("seed %d, %s[%d]: %.9g, off by %g", (int)seed, p.tensor[t].name, j, got, error);
      }
    destroy_problem(&p);
  }
}

static void scores(void **state) {
  (void)state;
  problem p = make_problem(9);
  double logit[16];
  lore_memory_score(&shape, p.parameters, p.pairs.value_vector, ROWS, p.workspace.key,
                    p.workspace.value, &p.workspace);
  for (int r = 0; r < ROWS; r++) {
    double sum = 0, entropy = 0;
    int best = 0;
    naive_logits(&p, p.workspace.key + r * shape.keys, logit);
    for (int v = 0; v < shape.values; v++) {
      sum += exp(logit[v]);
      best = logit[v] > logit[best] ? v : best;
    }
    for (int v = 0; v < shape.values; v++)
      entropy -= exp(logit[v]) / sum * (logit[v] - log(sum));
    assert_true(fabs(p.workspace.loss[r] - (log(sum) - logit[p.workspace.value[r]])) < 1e-12);
    assert_true(fabs(p.workspace.top[r] - exp(logit[best]) / sum) < 1e-12);
    assert_true(fabs(p.workspace.entropy[r] - entropy) < 1e-12);
    assert_int_equal(p.workspace.correct[r], best == p.workspace.value[r]);
  }
  destroy_problem(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {numbers_test(gradients), numbers_test(scores)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
