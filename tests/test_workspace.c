/* Workspaces: the counting pass, and no bit of a result depends on what a workspace held before. */
#include "support/numbers.h"

#include <stdbool.h>

#include "lore/model/decoder.h"
#include "support/small_model.h"

static const int lengths[] = {9, 1, 30, 4};
static const int longer[] = {90, 3, 100, 61, 2};

enum {
  SEQUENCES = sizeof lengths / sizeof *lengths,
  LONGER = sizeof longer / sizeof *longer,
  CONTEXT = 100,
  NAN_BYTES = 0xff
};

/* All that a pass over `shard` gives. */
typedef struct {
  double loss;
  real *gradient;
  small_scores scores;
  real *attention;
  size_t attention_size;
} outcome;

static real *copy_attention(const lore_model *model, const lore_batch *shard,
                            const lore_workspace *workspace, size_t *size) {
  int heads = model->config.heads, stride;
  size_t all = 0;
  for (int s = 0; s < shard->sequences; s++) {
    size_t t = (size_t)(shard->offset[s + 1] - shard->offset[s]);
    all += (size_t)(lore_model_attention_layers(model) * heads) * t * t;
  }
  real *copy = numbers_take(all * sizeof *copy), *to = copy;
  for (int i = 0; i < lore_model_attention_layers(model) * heads; i++)
    for (int s = 0; s < shard->sequences; s++) {
      int t = shard->offset[s + 1] - shard->offset[s];
      const real *p = lore_decoder_attention(workspace, i / heads, i % heads, s, &stride);
      for (int row = 0; row < t; row++, to += t)
        memcpy(to, p + row * stride, sizeof *to * (size_t)t);
    }
  *size = all * sizeof *copy;
  return copy;
}

static outcome compute(const lore_model *model, const real *parameters, const lore_batch *shard,
                       lore_workspace *workspace) {
  outcome o;
  o.gradient = numbers_blank((size_t)model->elements);
  o.loss = lore_decoder_train(model, parameters, shard, 0.1, workspace, o.gradient, NULL);
  o.scores = small_score(model, parameters, shard, workspace);
  o.attention = copy_attention(model, shard, workspace, &o.attention_size);
  return o;
}

static void assert_same_scores(const small_scores *a, const small_scores *b) {
  size_t bytes = (size_t)a->count * sizeof(double);
  assert_same_bits("loss", a->loss, b->loss, bytes);
  assert_same_bits("top", a->top, b->top, bytes);
  assert_same_bits("entropy", a->entropy, b->entropy, bytes);
  assert_same_bits("correct", a->correct, b->correct, (size_t)a->count);
}

static void assert_same_outcome(const lore_model *model, const outcome *a, const outcome *b) {
  if (!(a->loss == b->loss))
    fail_msg("%s: loss %.17g and %.17g", small_text(&model->config), a->loss, b->loss);
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *t = &model->tensor[i];
    for (int64_t j = 0; j < (int64_t)t->rows * t->columns; j++)
      assert_true(isfinite(a->gradient[t->offset + j])); /* written, not added */
    assert_same_bits(t->name, a->gradient + t->offset, b->gradient + t->offset,
                     sizeof(real) * (size_t)t->rows * (size_t)t->columns);
  }
  assert_same_scores(&a->scores, &b->scores);
  assert_int_equal(a->attention_size, b->attention_size);
  assert_same_bits("attention", a->attention, b->attention, a->attention_size);
}

static lore_model *make_model(int settings) {
  lore_model_config config = small_config(settings);
  lore_model *model;
  assert_int_equal(lore_model_create(&config, SMALL_VOCABULARY, CONTEXT, &model), LORE_OK);
  return model;
}

/* For every setting: twice in one workspace, after a longer shard in it, in a fresh workspace of
 * any size, and in memory that held NaN. */
static void bits_do_not_depend_on_history(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings++) {
    lore_random stream = numbers_stream(800 + (uint64_t)settings);
    lore_model *model = make_model(settings);
    real *parameters = small_parameters(model, &stream, 0.4);
    lore_batch shard = small_shard(&stream, SEQUENCES, lengths, SMALL_VOCABULARY);
    lore_batch other = small_shard(&stream, LONGER, longer, SMALL_VOCABULARY);
    outcome fresh = compute(model, parameters, &shard, small_workspace_for(model, &shard));
    lore_workspace *used = small_workspace_for(model, &other);
    outcome roomy = compute(model, parameters, &shard, used);
    outcome again = compute(model, parameters, &shard, used);
    compute(model, parameters, &other, used);
    outcome after = compute(model, parameters, &shard, used);
    assert_same_outcome(model, &fresh, &roomy);
    assert_same_outcome(model, &fresh, &again);
    assert_same_outcome(model, &fresh, &after);
    lore_model_destroy(model);
    numbers_release(0);
  }
}

static void bits_do_not_depend_on_memory(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings++) {
    lore_random stream = numbers_stream(900 + (uint64_t)settings);
    lore_model *model = make_model(settings);
    real *parameters = small_parameters(model, &stream, 0.4);
    lore_batch shard = small_shard(&stream, SEQUENCES, lengths, SMALL_VOCABULARY);
    lore_workspace *dirty =
        small_workspace(model, shard.tokens, shard.sequences, LORE_FORWARD_BACKWARD, NAN_BYTES);
    outcome clean = compute(model, parameters, &shard, small_workspace_for(model, &shard));
    outcome other = compute(model, parameters, &shard, dirty);
    assert_same_outcome(model, &clean, &other);
    lore_model_destroy(model);
    numbers_release(0);
  }
}

/* A workspace that keeps less gives the same scores and the attention of all layers. */
static void forward_only_is_enough_to_score(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings++) {
    lore_random stream = numbers_stream(1000 + (uint64_t)settings);
    lore_model *model = make_model(settings);
    real *parameters = small_parameters(model, &stream, 0.4);
    lore_batch shard = small_shard(&stream, SEQUENCES, lengths, SMALL_VOCABULARY);
    lore_workspace *both = small_workspace_for(model, &shard);
    lore_workspace *forward =
        small_workspace(model, shard.tokens, shard.sequences, LORE_FORWARD_ONLY, NAN_BYTES);
    small_scores a = small_score(model, parameters, &shard, both);
    small_scores b = small_score(model, parameters, &shard, forward);
    assert_same_scores(&a, &b);
    size_t size, other_size;
    const real *attention = copy_attention(model, &shard, both, &size);
    const real *other = copy_attention(model, &shard, forward, &other_size);
    assert_int_equal(size, other_size);
    assert_same_bits("attention", attention, other, size);
    lore_model_destroy(model);
    numbers_release(0);
  }
}

static size_t counted(const lore_model *model, int tokens, int sequences, lore_workspace_use use) {
  lore_arena arena = {0};
  assert_null(lore_workspace_layout(&arena, model, tokens, sequences, use));
  return arena.used;
}

static void counting_equals_taking(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings += 3)
    for (int use = LORE_FORWARD_ONLY; use <= LORE_FORWARD_BACKWARD; use++) {
      lore_model *model = make_model(settings);
      lore_arena arena = {0};
      size_t size = counted(model, 157, 5, (lore_workspace_use)use);
      assert_int_equal(lore_arena_create(&arena, size), LORE_OK);
      assert_non_null(lore_workspace_layout(&arena, model, 157, 5, (lore_workspace_use)use));
      assert_int_equal(arena.used, size);
      lore_arena_destroy(&arena);
      lore_model_destroy(model);
    }
  lore_model *model = make_model(0);
  assert_true(counted(model, 157, 5, LORE_FORWARD_ONLY) <
              counted(model, 157, 5, LORE_FORWARD_BACKWARD));
  assert_true(counted(model, 157, 5, LORE_FORWARD_BACKWARD) <
              counted(model, 200, 5, LORE_FORWARD_BACKWARD));
  lore_model_destroy(model);
}

/* Room for the most that (tokens, sequences) promises, whatever the mixture of lengths; tools see a
 * step beyond the memory. */
static void any_mixture_of_lengths_fits(void **state) {
  (void)state;
  enum { TOKENS = 150, MOST = 12 };
  lore_model *model = make_model(3);
  lore_random stream = numbers_stream(45);
  real *parameters = small_parameters(model, &stream, 0.4);
  int mark = numbers_count;
  for (int round = 0; round < 40; round++) {
    int length[MOST], sequences = 0, tokens = 0;
    while (sequences < MOST && tokens < TOKENS) {
      int left = TOKENS - tokens, most = left < CONTEXT ? left : CONTEXT;
      length[sequences] = round % 2 ? most : numbers_between(&stream, 1, most);
      tokens += length[sequences++];
    }
    lore_batch shard = small_shard(&stream, sequences, length, SMALL_VOCABULARY);
    outcome o = compute(model, parameters, &shard, small_workspace_for(model, &shard));
    assert_true(isfinite(o.loss));
    numbers_release(mark);
  }
  lore_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(bits_do_not_depend_on_history),   numbers_test(bits_do_not_depend_on_memory),
      numbers_test(forward_only_is_enough_to_score), numbers_test(counting_equals_taking),
      numbers_test(any_mixture_of_lengths_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
