/* The decoder against an independent forward pass, and what must hold whatever the weights. */
#include "support/numbers.h"

#include <stdbool.h>

#include "lore/model/decoder.h"
#include "lore/model/gemm.h"
#include "lore/train/adamw.h"
#include "support/naive_decoder.h"
#include "support/small_model.h"

enum { LONG_CONTEXT = 300, MOST_UPDATES = 600 };

static const int lengths[] = {5, 1, 70, 33, 1, 12};

enum { SEQUENCES = sizeof lengths / sizeof *lengths };

/* A model with parameters of a trained kind and a shard for it. */
typedef struct {
  lore_model *model;
  real *parameters;
  lore_batch shard;
  lore_workspace *workspace;
} problem;

static problem make_problem(lore_random *stream, int settings, int sequences, const int *length) {
  problem p;
  lore_model_config config = small_config(settings);
  assert_int_equal(lore_model_create(&config, SMALL_VOCABULARY, LONG_CONTEXT, &p.model), LORE_OK);
  p.parameters = small_parameters(p.model, stream, 0.4);
  p.shard = small_shard(stream, sequences, length, SMALL_VOCABULARY);
  p.workspace = small_workspace_for(p.model, &p.shard);
  return p;
}

static void end_problem(problem *p) {
  lore_model_destroy(p->model);
  numbers_release(0);
}

static real *train(const problem *p, const lore_batch *shard, double scale, double *loss) {
  real *gradient = numbers_blank((size_t)p->model->elements);
  *loss = lore_decoder_train(p->model, p->parameters, shard, scale, p->workspace, gradient, NULL);
  return gradient;
}

static void untrained_model_knows_nothing(void **state) {
  (void)state;
  enum { VOCABULARY = 1000 };
  static const int length[] = {40, 60, 50};
  for (int settings = 0; settings < SMALL_SETTINGS; settings += SMALL_EVERY) {
    lore_model_config config = small_config(settings);
    config.width = 48;
    config.hidden = 192;
    config.layers = 4;
    lore_model *model;
    lore_random stream = numbers_stream(41);
    assert_int_equal(lore_model_create(&config, VOCABULARY, 64, &model), LORE_OK);
    real *parameters = numbers_blank((size_t)model->elements);
    lore_model_initialise(model, 7, parameters);
    lore_batch shard = small_shard(&stream, 3, length, VOCABULARY);
    real *gradient = numbers_blank((size_t)model->elements);
    double loss = lore_decoder_train(model, parameters, &shard, 1,
                                     small_workspace_for(model, &shard), gradient, NULL);
    double each = loss / shard.tokens;
    if (!(fabs(each / log(VOCABULARY) - 1) < 0.01))
      fail_msg("%s: untrained loss %.4f", small_text(&config), each);
    lore_model_destroy(model);
    numbers_release(0);
  }
}

static void assert_near(const char *what, int position, double got, double want, double limit) {
  if (!(fabs(got - want) <= limit))
    fail_msg("%s at position %d: %.9g, not %.9g", what, position, got, want);
}

/* Score number `i`, of token `t` of the sequence that `naive` is about. */
static void check_score(const lore_scores *scores, int i, const naive_pass *naive, int t,
                        uint16_t target) {
  const double limit = 400 * real_epsilon;
  int vocabulary = naive->model->vocabulary;
  const double *logits = naive->logits + t * vocabulary;
  double *p = numbers_zero((size_t)vocabulary), sum = naive_softmax(vocabulary, logits, p);
  int best = naive_arg_max(vocabulary, p), at = scores->position[i];
  assert_near("loss", at, scores->loss[i], sum - logits[target], limit);
  assert_near("top", at, scores->top[i], p[best], limit);
  assert_near("entropy", at, scores->entropy[i], naive_entropy(vocabulary, p), limit);
  if (best == target || p[best] - p[target] > limit)
    assert_int_equal(scores->correct[i], best == target);
}

static void check_attention(const problem *p, const naive_pass *naive, int sequence) {
  const lore_model_config *c = &p->model->config;
  int t = naive->tokens, stride;
  for (int i = 0; i < lore_model_attention_layers(p->model) * c->heads; i++) {
    const real *got =
        lore_decoder_attention(p->workspace, i / c->heads, i % c->heads, sequence, &stride);
    assert_matrix_near("attention", t, t, got, stride, naive->attention + i * t * t,
                       200 * real_epsilon);
    for (int row = 0; row < t; row++) {
      double sum = 0;
      for (int j = 0; j < t; j++) {
        assert_true(j <= row || got[row * stride + j] == 0);
        sum += (double)got[row * stride + j];
      }
      assert_near("sum of attention", row, sum, 1, 32 * real_epsilon);
    }
  }
}

/* Scores at every third position, then attention after scoring and after training. */
static void check_against_naive(problem *p) {
  enum { MOST = 200 };
  const lore_batch *shard = &p->shard;
  int32_t position[MOST];
  double loss[MOST], top[MOST], entropy[MOST], sum;
  unsigned char correct[MOST];
  lore_scores scores = {0, position, loss, correct, top, entropy};
  for (int t = 1; t < shard->tokens; t += 3)
    position[scores.count++] = t;
  lore_decoder_score(p->model, p->parameters, shard, p->workspace, NULL, &scores);
  for (int after_training = 0; after_training < 2; after_training++) {
    int mark = numbers_count, i = 0;
    for (int s = 0; s < shard->sequences; s++) {
      int start = shard->offset[s], end = shard->offset[s + 1];
      naive_pass naive = naive_decoder(p->model, p->parameters, end - start, shard->token + start);
      check_attention(p, &naive, s);
      for (; !after_training && i < scores.count && position[i] < end; i++)
        check_score(&scores, i, &naive, position[i] - start, shard->target[position[i]]);
    }
    train(p, shard, 1, &sum);
    numbers_release(mark);
  }
}

static void agrees_with_naive_decoder(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings += SMALL_EVERY) {
    lore_random stream = numbers_stream(300 + (uint64_t)settings);
    problem p = make_problem(&stream, settings, SEQUENCES, lengths);
    check_against_naive(&p);
    end_problem(&p);
  }
}

static void long_sequences_agree_too(void **state) {
  (void)state;
  static const int length[] = {3, LONG_CONTEXT, 260};
  for (int settings = 0; settings < SMALL_SETTINGS; settings += 10) {
    lore_random stream = numbers_stream(400 + (uint64_t)settings);
    problem p = make_problem(&stream, settings, 3, length);
    check_against_naive(&p);
    end_problem(&p);
  }
}

/* Relative to the norm of each tensor's gradient. */
static void assert_gradients_close(const lore_model *model, const real *got, const double *want) {
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *t = &model->tensor[i];
    double error = 0, norm = 0;
    for (int64_t j = t->offset; j < t->offset + (int64_t)t->rows * t->columns; j++) {
      error += ((double)got[j] - want[j]) * ((double)got[j] - want[j]);
      norm += want[j] * want[j];
    }
    if (!(sqrt(error) <= 100 * real_epsilon * sqrt(norm)))
      fail_msg("gradient of %s is off by %.2g", t->name, sqrt(error / norm));
  }
}

static void shard_is_sum_of_sequences(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings += 5) {
    lore_random stream = numbers_stream(500 + (uint64_t)settings);
    problem p = make_problem(&stream, settings, SEQUENCES, lengths);
    size_t elements = (size_t)p.model->elements;
    double together, sum = 0, *want = numbers_zero(elements);
    real *gradient = train(&p, &p.shard, 0.5, &together);
    for (int s = 0; s < SEQUENCES; s++) {
      double alone;
      lore_batch one = small_selection(&p.shard, 1, &s);
      real *part = train(&p, &one, 0.5, &alone);
      sum += alone;
      for (size_t i = 0; i < elements; i++)
        want[i] += (double)part[i];
    }
    assert_near("loss", 0, together, sum, 50 * real_epsilon * sum);
    assert_gradients_close(p.model, gradient, want);
    end_problem(&p);
  }
}

static void order_of_sequences_is_free(void **state) {
  (void)state;
  static const int order[SEQUENCES] = {3, 5, 0, 4, 2, 1};
  for (int settings = 0; settings < SMALL_SETTINGS; settings += 7) {
    lore_random stream = numbers_stream(600 + (uint64_t)settings);
    problem p = make_problem(&stream, settings, SEQUENCES, lengths);
    lore_batch other = small_selection(&p.shard, SEQUENCES, order);
    double loss, other_loss;
    real *gradient = train(&p, &p.shard, 1, &loss), *permuted = train(&p, &other, 1, &other_loss);
    assert_near("loss", 0, other_loss, loss, 20 * real_epsilon * loss);
    assert_gradients_close(p.model, permuted, numbers_wide(gradient, (size_t)p.model->elements));
    small_scores a = small_score(p.model, p.parameters, &p.shard, p.workspace);
    small_scores b = small_score(p.model, p.parameters, &other, p.workspace);
    for (int s = 0; s < SEQUENCES; s++)
      for (int t = 0; t < lengths[order[s]]; t++) {
        int at = p.shard.offset[order[s]] + t, to = other.offset[s] + t;
        assert_near("permuted loss", at, b.loss[to], a.loss[at], 100 * real_epsilon);
        assert_near("permuted entropy", at, b.entropy[to], a.entropy[at], 100 * real_epsilon);
      }
    end_problem(&p);
  }
}

/* A changed token changes no score before it and none of another sequence. */
static void later_tokens_are_not_seen(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings += 5) {
    lore_random stream = numbers_stream(700 + (uint64_t)settings);
    problem p = make_problem(&stream, settings, SEQUENCES, lengths);
    small_scores before = small_score(p.model, p.parameters, &p.shard, p.workspace);
    int changed = p.shard.offset[2] + 31, end = p.shard.offset[3], differ = 0;
    p.shard.token[changed] = (uint16_t)(p.shard.token[changed] % (SMALL_VOCABULARY - 1) + 1);
    small_scores after = small_score(p.model, p.parameters, &p.shard, p.workspace);
    for (int t = 0; t < p.shard.tokens; t++) {
      bool same = before.loss[t] == after.loss[t] && before.entropy[t] == after.entropy[t] &&
                  before.top[t] == after.top[t];
      if (t < changed || t >= end)
        assert_true(same);
      else
        differ += !same;
    }
    assert_true(differ > (end - changed) / 2);
    end_problem(&p);
  }
}

static void scale_and_selection_of_scores(void **state) {
  (void)state;
  lore_random stream = numbers_stream(42);
  problem p = make_problem(&stream, 26, SEQUENCES, lengths);
  double loss, quarter_loss;
  real *gradient = train(&p, &p.shard, 1, &loss),
       *quarter = train(&p, &p.shard, 0.25, &quarter_loss);
  assert_true(loss == quarter_loss);
  double *want = numbers_wide(gradient, (size_t)p.model->elements);
  for (int64_t i = 0; i < p.model->elements; i++)
    want[i] /= 4;
  assert_gradients_close(p.model, quarter, want);
  small_scores all = small_score(p.model, p.parameters, &p.shard, p.workspace);
  int32_t position[] = {0, 4, 5, 6, 75, p.shard.tokens - 1};
  double some[6];
  lore_scores scores = {.count = 6, .position = position, .loss = some};
  lore_decoder_score(p.model, p.parameters, &p.shard, p.workspace, NULL, &scores);
  for (int i = 0; i < scores.count; i++)
    assert_near("a selected loss", i, some[i], all.loss[position[i]], 20 * real_epsilon);
  scores.count = 0;
  lore_decoder_score(p.model, p.parameters, &p.shard, p.workspace, NULL, &scores);
  end_problem(&p);
}

static void backends_agree(void **state) {
  (void)state;
  lore_random stream = numbers_stream(43);
  problem p = make_problem(&stream, 10, SEQUENCES, lengths);
  double loss, other_loss;
  real *gradient = train(&p, &p.shard, 1, &loss);
  for (int b = LORE_GEMM_BUILTIN + 1; b <= LORE_GEMM_ONEDNN; b++) {
    if (lore_gemm_select((lore_gemm_backend)b) != LORE_OK)
      continue;
    real *other = train(&p, &p.shard, 1, &other_loss);
    lore_gemm_select(LORE_GEMM_BUILTIN);
    assert_near("loss", 0, other_loss, loss, 20 * real_epsilon * loss);
    assert_gradients_close(p.model, other, numbers_wide(gradient, (size_t)p.model->elements));
  }
  end_problem(&p);
}

/* Updates on one batch until the loss per token is below 0.01 nats; returns how many it took. */
static int learn(problem *p, real *moments) {
  const lore_train_config config = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8};
  int64_t elements = p->model->elements;
  double loss;
  for (int update = 1; update <= MOST_UPDATES; update++) {
    int mark = numbers_count;
    real *gradient = train(p, &p->shard, 1.0 / p->shard.tokens, &loss);
    if (loss / p->shard.tokens < 0.01)
      return update;
    for (int i = 0; i < p->model->tensors; i++) {
      const lore_tensor *t = &p->model->tensor[i];
      lore_adamw_update(&config, update, 4e-3, 0, 1, (int64_t)t->rows * t->columns,
                        gradient + t->offset, p->parameters + t->offset, moments + t->offset,
                        moments + elements + t->offset);
    }
    numbers_release(mark);
  }
  fail_msg("%s: loss %.4f per token after %d updates", small_text(&p->model->config),
           loss / p->shard.tokens, MOST_UPDATES);
  return 0;
}

static void one_batch_is_learned_by_heart(void **state) {
  (void)state;
  enum { OTHERS = SMALL_VOCABULARY - 4 };
  static const int length[] = {9, 14, 1, 11};
  int most = 0;
  for (int settings = 0; settings < SMALL_SETTINGS; settings += SMALL_EVERY) {
    lore_random stream = numbers_stream(44);
    problem p = make_problem(&stream, settings, 4, length);
    /* Sequences can be told apart by a first token that never comes again: without absolute
     * positions, one that is repeated would look the same twice. */
    p.shard = small_shard(&stream, 4, length, OTHERS);
    for (int s = 0; s < 4; s++)
      p.shard.token[p.shard.offset[s]] = (uint16_t)(OTHERS + s);
    p.model->config.initial_scale = 0.1;
    lore_model_initialise(p.model, 3, p.parameters);
    real *moments = numbers_take(2 * (size_t)p.model->elements * sizeof *moments);
    memset(moments, 0, 2 * (size_t)p.model->elements * sizeof *moments);
    int updates = learn(&p, moments);
    most = updates > most ? updates : most;
    end_problem(&p);
  }
  print_message("learned by heart in at most %d updates\n", most);
}

/* Products cover what lore_model_flops_per_token counts outside of attention. */
static void gemm_shapes_add_up(void **state) {
  (void)state;
  static const int tokens[] = {1, 255, 256, 512, 768};
  for (int settings = 0; settings < SMALL_SETTINGS; settings += SMALL_ATTENTION) {
    lore_model_config config = small_config(settings);
    lore_model *model;
    lore_gemm_shape shape[LORE_GEMM_SHAPES_MAX];
    assert_int_equal(lore_model_create(&config, SMALL_VOCABULARY, 64, &model), LORE_OK);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
      int count = lore_decoder_gemm_shapes(model, tokens[i], shape);
      double sum = 0;
      for (int j = 0; j < count; j++)
        sum += 2.0 * shape[j].m * shape[j].n * shape[j].k * shape[j].count;
      assert_near("operations", tokens[i], sum, lore_model_flops_per_token(model, 0) * tokens[i],
                  1e-9 * sum);
    }
    lore_model_destroy(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(untrained_model_knows_nothing), numbers_test(agrees_with_naive_decoder),
      numbers_test(long_sequences_agree_too),      numbers_test(shard_is_sum_of_sequences),
      numbers_test(order_of_sequences_is_free),    numbers_test(later_tokens_are_not_seen),
      numbers_test(scale_and_selection_of_scores), numbers_test(backends_agree),
      numbers_test(one_batch_is_learned_by_heart), numbers_test(gemm_shapes_add_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
