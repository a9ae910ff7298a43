/* Attention patching: given patterns against plain loops; a model patched by itself. */
#include "support/numbers.h"

#include "lore/model/decoder.h"
#include "lore/model/kernels.h"
#include "support/small_model.h"

static const int lengths[] = {5, 1, 70, 33, 1, 12};

enum { SEQUENCES = sizeof lengths / sizeof *lengths, CONTEXT = 100 };

/* Rows of positive numbers that add up to 1, zeros right of the diagonal. */
static real *random_patterns(lore_random *stream, int tokens) {
  int stride = lore_kernels()->attention_stride(tokens);
  real *p = numbers_take(sizeof *p * (size_t)tokens * (size_t)stride);
  memset(p, 0, sizeof *p * (size_t)tokens * (size_t)stride);
  for (int i = 0; i < tokens; i++) {
    double sum = 0;
    for (int j = 0; j <= i; j++)
      sum += (double)(p[i * stride + j] = (real)(0.1 + lore_random_uniform(stream)));
    for (int j = 0; j <= i; j++)
      p[i * stride + j] /= (real)sum;
  }
  return p;
}

static void check_kernel(lore_random *stream, int tokens, int size) {
  int stride = size + 5, out_stride = size + 3, pstride = lore_kernels()->attention_stride(tokens);
  size_t dense = (size_t)tokens * (size_t)size;
  real *p = random_patterns(stream, tokens);
  real *v = numbers_matrix(stream, tokens, size, stride, 1);
  real *dout = numbers_matrix(stream, tokens, size, out_stride, 1);
  real *out = numbers_blank((size_t)tokens * (size_t)out_stride);
  real *dv = numbers_blank((size_t)tokens * (size_t)stride);
  real *scratch = numbers_blank(lore_kernels()->attention_scratch(tokens, size));
  double *want = numbers_zero(dense), *want_dv = numbers_zero(dense);
  for (int i = 0; i < tokens; i++)
    for (int j = 0; j <= i; j++)
      for (int c = 0; c < size; c++) {
        double weight = (double)p[i * pstride + j];
        want[i * size + c] += weight * (double)v[j * stride + c];
        want_dv[j * size + c] += weight * (double)dout[i * out_stride + c];
      }
  lore_kernels()->attention_apply(tokens, size, stride, v, p, out_stride, out, scratch);
  lore_kernels()->attention_apply_backward(tokens, size, p, out_stride, dout, stride, dv, scratch);
  assert_matrix_close("out", tokens, size, out, out_stride, want, 64);
  assert_matrix_close("dv", tokens, size, dv, stride, want_dv, 64);
}

static void kernels(void **state) {
  (void)state;
  static const int tokens[] = {1, 2, 7, 23, 24, 25, 29, 64, 97, 113},
                   sizes[] = {1, 4, 5, 32, 33, 64};
  lore_random stream = numbers_stream(1);
  for (size_t t = 0; t < sizeof tokens / sizeof *tokens; t++)
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      check_kernel(&stream, tokens[t], sizes[s]);
      numbers_release(0);
    }
}

typedef struct {
  lore_model *model;
  lore_batch shard;
  real *parameters;
  lore_workspace *workspace, *patterns;
} problem;

static problem make_problem(int settings) {
  problem p;
  lore_random stream = numbers_stream(50 + (uint64_t)settings);
  lore_model_config config = small_config(settings);
  assert_int_equal(lore_model_create(&config, SMALL_VOCABULARY, CONTEXT, &p.model), LORE_OK);
  p.parameters = small_parameters(p.model, &stream, 0.4);
  p.shard = small_shard(&stream, SEQUENCES, lengths, SMALL_VOCABULARY);
  p.workspace = small_workspace_for(p.model, &p.shard);
  p.patterns = small_workspace(p.model, p.shard.tokens, SEQUENCES, LORE_FORWARD_ONLY, 0xff);
  return p;
}

static void end_problem(problem *p) {
  lore_model_destroy(p->model);
  numbers_release(0);
}

typedef struct {
  double train_loss;
  double loss[CONTEXT * SEQUENCES];
} passes;

static passes pass(const problem *p) {
  passes made = {0};
  int32_t position[CONTEXT * SEQUENCES];
  real *gradient = numbers_blank((size_t)p->model->elements);
  for (int t = 0; t < p->shard.tokens; t++)
    position[t] = t;
  lore_scores scores = {.count = p->shard.tokens, .position = position, .loss = made.loss};
  lore_decoder_score(p->model, p->parameters, &p->shard, p->workspace, NULL, &scores);
  made.train_loss =
      lore_decoder_train(p->model, p->parameters, &p->shard, 1, p->workspace, gradient, NULL);
  return made;
}

/* The patterns are those of an ordinary pass, and with them nothing changes. */
static void patched_by_itself(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_ATTENTION; settings++) {
    problem p = make_problem(settings);
    passes own = pass(&p);
    lore_decoder_attend(p.model, p.parameters, &p.shard, p.patterns);
    for (int l = 0; l < p.model->config.layers; l++)
      for (int h = 0; h < p.model->config.heads; h++)
        for (int s = 0; s < SEQUENCES; s++) {
          int stride;
          const real *a = lore_decoder_attention(p.workspace, l, h, s, &stride);
          const real *b = lore_decoder_attention(p.patterns, l, h, s, &stride);
          assert_same_bits("patterns", a, b, sizeof *a * (size_t)(lengths[s] * stride));
        }
    lore_workspace_patch(p.workspace, p.patterns);
    passes patched = pass(&p);
    assert_same_bits("passes", &own, &patched, sizeof own);
    end_problem(&p);
  }
}

/* Another model's patterns change the outcome; without them all is as before. */
static void patched_by_another(void **state) {
  (void)state;
  problem p = make_problem(3);
  lore_random stream = numbers_stream(9);
  const real *other = small_parameters(p.model, &stream, 0.4);
  int stride;
  passes own = pass(&p);
  lore_decoder_attend(p.model, other, &p.shard, p.patterns);
  lore_workspace_patch(p.workspace, p.patterns);
  passes patched = pass(&p);
  assert_true(fabs(patched.train_loss - own.train_loss) > 1e-3 * own.train_loss);
  assert_ptr_equal(lore_decoder_attention(p.workspace, 1, 2, 3, &stride),
                   lore_decoder_attention(p.patterns, 1, 2, 3, &stride));
  lore_workspace_patch(p.workspace, NULL);
  passes again = pass(&p);
  assert_same_bits("passes", &own, &again, sizeof own);
  end_problem(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {numbers_test(kernels), numbers_test(patched_by_itself),
                                     numbers_test(patched_by_another)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
