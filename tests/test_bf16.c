/* The whole decoder, forward and backward, against a twin in double that rounds operands by hand:
 * scores and the gradient of every tensor, in bf16 and, to test the twin, in float32. */
#include "support/numbers.h"

#include "lore/model/decoder.h"
#include "support/levels.h"
#include "support/naive_backward.h"
#include "support/small_model.h"

#ifndef LORE_DOUBLE
#include "lore/base/features.h"

/* Kernels of pairs of bf16 (tests/local.mk) run in place of a level: the linker turns all calls of
 * lore_kernels to these. */
extern const lore_kernel_table lore_kernels_pairs;
extern __typeof__(lore_kernels) __wrap_lore_kernels, __real_lore_kernels;
static const lore_kernel_table *instead;

const lore_kernel_table *__wrap_lore_kernels(void) {
  return instead ? instead : __real_lore_kernels();
}
#endif

static const int lengths[] = {5, 1, 40, 33, 12};

enum {
  SEQUENCES = sizeof lengths / sizeof *lengths,
  LONGEST = 40,
  EVERY = 5,
  KINDS = 64,
  MOST_TOKENS = 100
};

typedef struct {
  lore_model *model;
  real *parameters;
  lore_batch shard;
  double scale; /* no power of 2: where it is applied matters to rounding */
} problem;

static problem make_problem(int settings, lore_precision precision) {
  problem p;
  lore_random stream = numbers_stream(11700 + (uint64_t)settings);
  lore_model_config config = small_config(settings);
  config.width = 24;
  config.hidden = 52;
  config.precision = precision;
  if (sizeof(real) ==
      sizeof(float)) /* a ReLU's input within rounding of 0 may fall to either side */
    config.activation = LORE_ACTIVATION_GELU;
  if (config.recurrent_width)
    config.recurrent_width = 36;
  assert_int_equal(lore_model_create(&config, SMALL_VOCABULARY, LONGEST, &p.model), LORE_OK);
  p.parameters = small_parameters(p.model, &stream, 0.3);
  p.shard = small_shard(&stream, SEQUENCES, lengths, SMALL_VOCABULARY);
  p.scale = 1.0 / p.shard.tokens;
  return p;
}

/* What both make of a problem. */
typedef struct {
  double loss[MOST_TOKENS], top[MOST_TOKENS], entropy[MOST_TOKENS], sum;
  double *gradient;
} outcome;

static void score_naively(const naive_pass *pass, const uint16_t *target, int from, outcome *o) {
  int vocabulary = pass->model->vocabulary;
  double *p = numbers_zero((size_t)vocabulary);
  for (int t = 0; t < pass->tokens; t++) {
    const double *logits = pass->logits + t * vocabulary;
    o->loss[from + t] = naive_softmax(vocabulary, logits, p) - logits[target[t]];
    o->top[from + t] = numbers_largest(p, (size_t)vocabulary);
    o->entropy[from + t] = naive_entropy(vocabulary, p);
  }
}

static outcome compute_naively(const problem *p) {
  outcome o = {.gradient = numbers_zero((size_t)p->model->elements)};
  int mark = numbers_count;
  for (int s = 0; s < SEQUENCES; s++) {
    int from = p->shard.offset[s];
    const uint16_t *token = p->shard.token + from, *target = p->shard.target + from;
    naive_pass pass = naive_decoder(p->model, p->parameters, lengths[s], token);
    score_naively(&pass, target, from, &o);
    o.sum += naive_backward(&pass, token, target, p->scale, o.gradient);
    numbers_release(mark);
  }
  return o;
}

static outcome compute(const problem *p) {
  outcome o = {.sum = 0};
  lore_workspace *workspace = small_workspace_for(p->model, &p->shard);
  size_t elements = (size_t)p->model->elements, bytes = (size_t)p->shard.tokens * sizeof(double);
  real *gradient = numbers_blank(elements);
  small_scores scores = small_score(p->model, p->parameters, &p->shard, workspace);
  memcpy(o.loss, scores.loss, bytes);
  memcpy(o.top, scores.top, bytes);
  memcpy(o.entropy, scores.entropy, bytes);
  o.sum =
      lore_decoder_train(p->model, p->parameters, &p->shard, p->scale, workspace, gradient, NULL);
  o.gradient = numbers_wide(gradient, elements);
  return o;
}

/* |x - y| / |y| of a tensor. */
static double relative_difference(const lore_tensor *t, const double *x, const double *y) {
  double difference = 0, square = 0;
  for (int64_t i = t->offset; i < t->offset + lore_tensor_size(t); i++) {
    difference += (x[i] - y[i]) * (x[i] - y[i]);
    square += y[i] * y[i];
  }
  return sqrt(difference / square);
}

static double largest_difference(int count, const double *x, const double *y) {
  double largest = 0;
  for (int i = 0; i < count; i++)
    largest = fmax(largest, fabs(x[i] - y[i]));
  return largest;
}

/* Of one kind of tensor, over all models and layers. */
typedef struct {
  const char *name;
  double worst;           /* largest relative error of a gradient */
  double error, distance; /* sums of squares: of relative errors, and of relative differences from
                             the gradient without rounding */
} kind_of_tensor;

typedef struct {
  double score; /* largest error of a score */
  kind_of_tensor kind[KINDS];
} comparison;

static kind_of_tensor *find_kind(comparison *c, const char *name) {
  kind_of_tensor *k = c->kind;
  while (k->name && strcmp(k->name, name))
    k++;
  assert_true(k - c->kind + 1 < KINDS);
  k->name = name;
  return k;
}

static void compare_gradients(comparison *c, const lore_model *model, const outcome *got,
                              const outcome *want, const outcome *unrounded) {
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *t = &model->tensor[i];
    double error = relative_difference(t, got->gradient, want->gradient);
    double distance = relative_difference(t, unrounded->gradient, want->gradient);
    kind_of_tensor *k = find_kind(c, t->row->name);
    k->worst = fmax(k->worst, error);
    k->error += error * error;
    k->distance += distance * distance;
  }
}

static void compare_scores(comparison *c, int tokens, const outcome *got, const outcome *want) {
  c->score = fmax(c->score, largest_difference(tokens, got->loss, want->loss));
  c->score = fmax(c->score, largest_difference(tokens, got->top, want->top));
  c->score = fmax(c->score, largest_difference(tokens, got->entropy, want->entropy));
  c->score = fmax(c->score, fabs(got->sum / want->sum - 1));
}

static comparison compare(lore_precision precision) {
  comparison c = {.score = 0};
  for (int settings = 0; settings < SMALL_SETTINGS; settings += EVERY) {
    problem p = make_problem(settings, precision), plain = make_problem(settings, LORE_FLOAT32);
    outcome got = compute(&p), want = compute_naively(&p), unrounded = compute_naively(&plain);
    compare_gradients(&c, p.model, &got, &want, &unrounded);
    compare_scores(&c, p.shard.tokens, &got, &want);
    lore_model_destroy(p.model);
    lore_model_destroy(plain.model);
    numbers_release(0);
  }
  return c;
}

/* How many times closer gradients are than those without rounding. */
static double margin_of(double error, double distance) {
  return sqrt(distance / fmax(error, DBL_MIN));
}

/* No score is off by more than `score` and no gradient by more than `limit`. All together are at
 * least `margin` times closer than those without rounding, those of a kind of tensor half of that.
 */
static void assert_agree(const comparison *c, double score, double limit, double margin) {
  double error = 0, distance = 0, worst = 0;
  if (!(c->score <= score))
    fail_msg("a score is off by %.2g, allowed %.2g", c->score, score);
  for (const kind_of_tensor *k = c->kind; k->name; k++) {
    double times = margin_of(k->error, k->distance);
    print_message("%-32s off by at most %.1e", k->name, k->worst);
    print_message(margin > 0 ? ", %.2g times closer than without rounding\n" : "\n", times);
    if (!(k->worst <= limit))
      fail_msg("a gradient of %s is off by %.2g, allowed %.2g", k->name, k->worst, limit);
    if (!(times >= margin / 2))
      fail_msg("gradients of %s are only %.2g times closer than without rounding", k->name, times);
    error += k->error;
    distance += k->distance;
    worst = fmax(worst, k->worst);
  }
  double times = margin_of(error, distance);
  print_message("%-32s off by at most %.1e", "all", worst);
  print_message(margin > 0 ? ", %.2g times closer than without rounding\n" : "\n", times);
  if (!(times >= margin))
    fail_msg("gradients are only %.2g times closer than without rounding", times);
}

static void passes_in_float32(void **state) {
  (void)state;
  comparison c = compare(LORE_FLOAT32);
  assert_agree(&c, 400 * real_epsilon, 100 * real_epsilon, 0);
}

/* In double all operands fall to the same side as the twin's. In float those that lie within a
 * float's rounding of a tie may not: they differ by 1/128 to 1/256, and what follows from them
 * makes others fall, too. Found: gradients off by 1/330 (with other seeds 1/90), and 10 to 40 times
 * closer than without rounding. */
static void passes_in_bf16(void **state) {
  (void)state;
  comparison c = compare(LORE_BF16);
  if (sizeof(real) == sizeof(double))
    assert_agree(&c, 400 * real_epsilon, 100 * real_epsilon, 1e6);
  else
    assert_agree(&c, 1.0 / 16, 1.0 / 64, 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {numbers_test(passes_in_float32), numbers_test(passes_in_bf16)};
  int failures = levels_run_group_tests(tests);
#ifndef LORE_DOUBLE
  if (lore_kernels_pairs.features & ~lore_features_found())
    return failures;
  print_message("pairs\n");
  instead = &lore_kernels_pairs;
  failures += cmocka_run_group_tests(tests, NULL, NULL);
#endif
  return failures;
}
