/* The decoder's gradient of every tensor against finite differences of its loss, for all settings.
 * Built with -DLORE_DOUBLE. */
#include "support/numbers.h"

#include <stdbool.h>
#include <stdio.h>

#include "lore/model/decoder.h"
#include "support/small_model.h"

_Static_assert(sizeof(real) == sizeof(double), "finite differences need -DLORE_DOUBLE");

enum { ENTRIES = SANITIZED ? 20 : 56 }; /* of a tensor that has more */

static const int lengths[] = {1, 7, 3, 10, 1, 2};

enum { SEQUENCES = sizeof lengths / sizeof *lengths };

typedef struct {
  lore_model *model;
  lore_batch shard;
  lore_workspace *workspace;
  int32_t position[64];
  double loss[64];
  real *parameters, *gradient;
} problem;

static double loss_of(problem *p) {
  lore_scores scores = {.count = p->shard.tokens, .position = p->position, .loss = p->loss};
  lore_decoder_score(p->model, p->parameters, &p->shard, p->workspace, NULL, &scores);
  double sum = 0;
  for (int t = 0; t < p->shard.tokens; t++)
    sum += p->loss[t];
  return sum;
}

static double difference(problem *p, real *entry, double step) {
  real start = *entry;
  *entry = start + step;
  double above = loss_of(p), width = *entry;
  *entry = start - step;
  double below = loss_of(p);
  width -= *entry;
  *entry = start;
  return (above - below) / width;
}

/* Richardson extrapolation of central differences. A step that crosses a kink of the activation
 * makes the two differences disagree; then a smaller step is taken, and the best kept. */
static double derivative(problem *p, real *entry) {
  double best = INFINITY, result = NAN, step = 1e-4;
  for (int i = 0; i < 5 && !(best < 1e-7); i++, step /= 10) {
    double whole = difference(p, entry, step), half = difference(p, entry, step / 2);
    double disagreement = fabs(half - whole);
    if (disagreement < best) {
      best = disagreement;
      result = (4 * half - whole) / 3;
    }
  }
  return result;
}

/* Relative error over all entries of small tensors, else over a sample; `scale` of the loss. */
static double tensor_error(problem *p, lore_random *stream, const lore_tensor *tensor,
                           double scale) {
  int64_t size = (int64_t)tensor->rows * tensor->columns;
  int count = size <= ENTRIES ? (int)size : ENTRIES;
  double error = 0, norm = 0;
  for (int i = 0; i < count; i++) {
    int64_t at = size <= ENTRIES ? i : (int64_t)lore_random_below(stream, (uint32_t)size);
    at += tensor->offset;
    double want = scale * derivative(p, &p->parameters[at]), got = p->gradient[at];
    error += (got - want) * (got - want);
    norm += want * want;
  }
  return sqrt(error / norm);
}

static problem make_problem(lore_random *stream, const lore_model_config *config) {
  problem p;
  assert_int_equal(lore_model_create(config, SMALL_VOCABULARY, SMALL_CONTEXT, &p.model), LORE_OK);
  p.shard = small_shard(stream, SEQUENCES, lengths, SMALL_VOCABULARY);
  p.parameters = small_parameters(p.model, stream, 0.4);
  p.gradient = numbers_blank((size_t)p.model->elements);
  p.workspace = small_workspace_for(p.model, &p.shard);
  for (int t = 0; t < p.shard.tokens; t++)
    p.position[t] = t;
  return p;
}

/* Rows of tokens and positions that do not occur. */
static void check_unused_rows(const problem *p) {
  int d = p->model->config.width, longest = 10;
  if (p->model->position_embedding >= 0) {
    const real *rows = p->gradient + p->model->tensor[p->model->position_embedding].offset;
    for (int i = longest * d; i < SMALL_CONTEXT * d; i++)
      assert_true(rows[i] == 0);
  }
  if (p->model->head == p->model->embedding)
    return;
  for (int v = 0; v < SMALL_VOCABULARY; v++) {
    int used = 0;
    for (int t = 0; t < p->shard.tokens; t++)
      used |= p->shard.token[t] == v;
    const real *row = p->gradient + p->model->tensor[p->model->embedding].offset + v * d;
    for (int i = 0; i < d && !used; i++)
      assert_true(row[i] == 0);
  }
}

/* From now on the model uses the attention of another one with parameters of its own. */
static void patch(problem *p, lore_random *stream) {
  const real *other = small_parameters(p->model, stream, 0.4);
  lore_workspace *patterns =
      small_workspace(p->model, p->shard.tokens, p->shard.sequences, LORE_FORWARD_ONLY, 0);
  lore_decoder_attend(p->model, other, &p->shard, patterns);
  lore_workspace_patch(p->workspace, patterns);
}

/* Queries and keys have no part in a patched pass: their gradient is 0, bit for bit. */
static void check_queries_and_keys(const problem *p) {
  int d = p->model->config.width;
  for (int l = 0; l < p->model->config.layers; l++) {
    const real *dweight = p->gradient + small_tensor(p->model, l, "attention/qkv")->offset;
    for (int i = 0; i < d * 3 * d; i++)
      assert_true(i % (3 * d) >= 2 * d || dweight[i] == 0);
    const lore_tensor *bias = small_tensor(p->model, l, "attention/qkv_bias");
    for (int i = 0; bias && i < 2 * d; i++)
      assert_true(p->gradient[bias->offset + i] == 0);
  }
}

/* Returns the largest relative error of a tensor. */
static double check_settings(const lore_model_config *config, uint64_t seed, bool patched) {
  const double scale = 0.3;
  double worst = 0;
  lore_random stream = numbers_stream(seed);
  problem p = make_problem(&stream, config);
  if (patched)
    patch(&p, &stream);
  double loss =
      lore_decoder_train(p.model, p.parameters, &p.shard, scale, p.workspace, p.gradient, NULL);
  if (!(fabs(loss - loss_of(&p)) <= 1e-12 * loss))
    fail_msg("%s: loss %.15g by training, %.15g by scoring", small_text(config), loss, loss_of(&p));
  check_unused_rows(&p);
  if (patched)
    check_queries_and_keys(&p);
  for (int i = 0; i < p.model->tensors; i++) {
    double error = tensor_error(&p, &stream, &p.model->tensor[i], scale);
    if (!(error < 1e-6))
      fail_msg("%s: gradient of %s is off by %.2g", small_text(config), p.model->tensor[i].name,
               error);
    worst = fmax(worst, error);
  }
  lore_model_destroy(p.model);
  return worst;
}

static void all_settings(void **state) {
  (void)state;
  double worst = 0;
  for (int settings = 0; settings < SMALL_SETTINGS; settings += SMALL_EVERY) {
    lore_model_config config = small_config(settings);
    worst = fmax(worst, check_settings(&config, 100 + (uint64_t)settings, false));
    numbers_release(0);
  }
  print_message("largest relative error of a tensor: %.2g\n", worst);
}

/* Every fifth combination: each choice of each setting comes up with each of any other. */
static void all_settings_patched(void **state) {
  (void)state;
  double worst = 0;
  for (int settings = 0; settings < SMALL_ATTENTION; settings += 5) {
    lore_model_config config = small_config(settings);
    worst = fmax(worst, check_settings(&config, 300 + (uint64_t)settings, true));
    numbers_release(0);
  }
  print_message("largest relative error of a tensor: %.2g\n", worst);
}

/* Widths that fill no vector: an odd head size, one head, three layers. */
static void odd_widths(void **state) {
  (void)state;
  lore_model_config config = small_config(SMALL_ATTENTION - 2);
  config.width = 15;
  config.hidden = 7;
  check_settings(&config, 200, false);
  config.heads = 1;
  config.layers = 3;
  config.norm = LORE_NORM_RMS;
  config.positions = LORE_POSITIONS_LEARNED;
  check_settings(&config, 201, false);
  config = small_config(0);
  config.width = 6;
  config.layers = 1;
  check_settings(&config, 202, false);
}

/* One block, blocks of one channel, more channels than a vector has lanes. */
static void odd_recurrent_widths(void **state) {
  (void)state;
  lore_model_config config = small_config(SMALL_SETTINGS - 2);
  config.heads = 1;
  config.width = 5;
  config.recurrent_width = 37;
  check_settings(&config, 210, false);
  config.heads = config.recurrent_width = config.width = 7;
  config.layers = 3;
  check_settings(&config, 211, false);
}

int main(void) {
  const struct CMUnitTest tests[] = {numbers_test(all_settings), numbers_test(all_settings_patched),
                                     numbers_test(odd_widths), numbers_test(odd_recurrent_widths)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
