/* The metrics of groups against sums over single sequences. */
#include "support/numbers.h"

#include "lore/eval/answers.h"
#include "lore/eval/evaluate.h"
#include "support/small_model.h"
#include "support/small_world.h"

/* Two groups of a small world; sequences are no multiple of the evaluator's chunks of 16, nor are
 * those whose attention counts. */
enum {
  KNOWN = 3,
  HELD_OUT = 40,
  GROUPS = 2,
  SEQUENCES = 37,
  ATTENTION = 21,
  LAYERS = 2,
  WIDTH = 32
};

static small_world world;
static real *trained, *untrained;

static const lore_group groups[GROUPS] = {{"known", 0, KNOWN}, {"held out", KNOWN, HELD_OUT}};

static lore_evaluate_config evaluate_config(int sequences, int attention) {
  return (lore_evaluate_config){
      .every = 1, .sequences = sequences, .attention_sequences = attention, .plateau_margin = 0.05};
}

static real *keep(const real *from) {
  size_t bytes = (size_t)world.model->elements * sizeof(real);
  real *to = malloc(bytes);
  assert_non_null(to);
  return memcpy(to, from, bytes);
}

/* Trains until the few known people are known in part. */
static int setup(void **state) {
  (void)state;
  const lore_train_config train = {.steps = SANITIZED ? 12 : 120,
                                   .batch = 12,
                                   .shard = 4,
                                   .learning_rate = 0.01,
                                   .schedule = LORE_SCHEDULE_CONSTANT,
                                   .beta1 = 0.9,
                                   .beta2 = 0.95,
                                   .epsilon = 1e-8};
  lore_model_config config = small_world_config(LAYERS, WIDTH);
  lore_trainer *trainer;
  small_world_create(&world, &config, KNOWN, HELD_OUT);
  assert_int_equal(lore_trainer_create(world.model, &train, world.source, world.longest,
                                       lore_team_alone(), 2, 1, &trainer),
                   LORE_OK);
  untrained = keep(lore_trainer_parameters(trainer));
  for (int64_t step = 0; step < train.steps; step++)
    small_world_step(trainer, step);
  trained = keep(lore_trainer_parameters(trainer));
  lore_trainer_destroy(trainer);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  free(trained);
  free(untrained);
  small_world_destroy(&world);
  return 0;
}

typedef struct {
  lore_group_metrics group[GROUPS];
  lore_attention_metrics layer[LAYERS];
} results;

static results evaluate(const real *parameters, int sequences, int attention, int threads) {
  lore_evaluate_config config = evaluate_config(sequences, attention);
  lore_evaluator *evaluator;
  results r, again;
  assert_int_equal(lore_evaluator_create(world.model, world.population, &config, GROUPS, groups,
                                         lore_team_alone(), threads, false, &evaluator),
                   LORE_OK);
  assert_int_equal(lore_evaluator_run(evaluator, parameters, r.group, r.layer), LORE_OK);
  assert_int_equal(lore_evaluator_run(evaluator, parameters, again.group, again.layer), LORE_OK);
  lore_evaluator_destroy(evaluator);
  assert_same_bits("a second run", &r, &again, sizeof r);
  return r;
}

/* What is summed for one attribute, or over all. */
typedef struct {
  double loss, correct, top, entropy, values, tokens;
} sums;

/* The answers of one group, as the sums come by them. */
typedef struct {
  int count;
  lore_answer answer[SEQUENCES * LORE_ATTRIBUTES];
} answers;

/* The sums of one biography, by the roles of its targets: a value begins where a value token
 * follows another role. */
static void add_sequence(const lore_batch *batch, const small_scores *scores, sums *by_attribute,
                         answers *all) {
  int sentence = -1, correct = 1;
  for (int t = 0; t < batch->tokens; t++) {
    if (batch->target_role[t] != LORE_ROLE_VALUE)
      continue;
    if (batch->role[t] != LORE_ROLE_VALUE) {
      sentence++;
      correct = 1;
      all->answer[all->count++] = (lore_answer){1, 0, 0};
    }
    lore_answer *answer = &all->answer[all->count - 1];
    answer->confidence *= scores->top[t];
    answer->entropy += scores->entropy[t];
    sums *s = &by_attribute[batch->attribute[sentence]];
    s->loss += scores->loss[t];
    s->top += scores->top[t];
    s->entropy += scores->entropy[t];
    s->tokens++;
    correct &= scores->correct[t];
    if (t + 1 == batch->tokens || batch->target_role[t + 1] != LORE_ROLE_VALUE) {
      s->values++;
      s->correct += correct;
      answer->correct = correct;
    }
  }
  assert_int_equal(sentence, LORE_ATTRIBUTES - 1);
}

static void assert_about(const char *what, double got, double want) {
  if (!(fabs(got - want) <= 1e-5 * fmax(fabs(want), 1e-3)))
    fail_msg("%s: %.9g, not %.9g", what, got, want);
}

/* The bits of a group, whose losses are known, by their definition. */
static void check_bits(const lore_group_metrics *got, const lore_group *group) {
  static const double values[LORE_ATTRIBUTES] = {800, 200 * 12 * 31, 200, 100, 500, 800};
  double bits = 0, layers = 0;
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    if (got->attribute_loss_by_attribute[a] < log(values[a]))
      bits += log2(values[a] / exp(got->attribute_loss_by_attribute[a]));
  bits *= (double)group->count;
  for (int t = 0; t < world.model->tensors; t++)
    if (world.model->tensor[t].in_layer || strstr(world.model->tensor[t].name, "norm"))
      layers += (double)lore_tensor_size(&world.model->tensor[t]);
  assert_about("bits", got->stored_bits, bits);
  assert_about("bits of a parameter", got->stored_bits_per_parameter,
               bits / (double)world.model->parameters);
  assert_about("bits of a layer's", got->stored_bits_per_layer_parameter, bits / layers);
}

static void check_group(const lore_group_metrics *got, const lore_group *group,
                        const real *parameters, answers *answered) {
  sums by_attribute[LORE_ATTRIBUTES] = {{0}}, all = {0};
  lore_batch batch = small_world_batch(&world, 1);
  lore_workspace *workspace = small_workspace(world.model, world.longest, 1, LORE_FORWARD_ONLY, 0);
  for (int s = 0; s < SEQUENCES; s++) {
    int mark = numbers_count;
    lore_batch_evaluation(&batch, world.population, group->first, group->count, s, 1);
    assert_true(batch.individual[0] >= group->first &&
                batch.individual[0] < group->first + group->count);
    small_scores scores = small_score(world.model, parameters, &batch, workspace);
    add_sequence(&batch, &scores, by_attribute, answered);
    numbers_release(mark);
  }
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    const sums *s = &by_attribute[a];
    assert_true(s->values == SEQUENCES);
    assert_about("loss", got->attribute_loss_by_attribute[a], s->loss / SEQUENCES);
    assert_about("accuracy", got->attribute_accuracy_by_attribute[a], s->correct / SEQUENCES);
    all.loss += s->loss;
    all.correct += s->correct;
    all.top += s->top;
    all.entropy += s->entropy;
    all.tokens += s->tokens;
  }
  assert_about("mean loss", got->attribute_loss, all.loss / SEQUENCES / LORE_ATTRIBUTES);
  assert_about("mean accuracy", got->attribute_accuracy, all.correct / SEQUENCES / LORE_ATTRIBUTES);
  assert_about("top", got->max_probability, all.top / all.tokens);
  assert_about("entropy", got->entropy, all.entropy / all.tokens);
  check_bits(got, group);
  assert_about("calibration", got->calibration_error,
               lore_answers_calibration_error(answered->count, answered->answer));
  assert_about("confidently wrong", got->confidently_wrong,
               lore_answers_confidently_wrong(answered->count, answered->answer));
}

/* Every pair of values of two groups, one by one. */
static void check_detection(const lore_group_metrics *got, const answers *first,
                            const answers *other) {
  double sure = 0, plain = 0, pairs = (double)first->count * other->count;
  for (int i = 0; i < first->count; i++)
    for (int j = 0; j < other->count; j++) {
      sure += first->answer[i].confidence > other->answer[j].confidence;
      plain += first->answer[i].entropy < other->answer[j].entropy;
    }
  assert_true(fabs(got->auroc_confidence - sure / pairs) < 1e-4);
  assert_true(fabs(got->auroc_entropy - plain / pairs) < 1e-4);
}

static void metrics_are_sums_over_sequences(void **state) {
  (void)state;
  static answers answered[GROUPS];
  results r = evaluate(trained, SEQUENCES, ATTENTION, 2);
  for (int g = 0; g < GROUPS; g++) {
    answered[g].count = 0;
    check_group(&r.group[g], &groups[g], trained, &answered[g]);
    assert_int_equal(answered[g].count, SEQUENCES * LORE_ATTRIBUTES);
  }
  assert_true(isnan(r.group[0].auroc_confidence) && isnan(r.group[0].auroc_entropy));
  check_detection(&r.group[1], &answered[0], &answered[1]);
  assert_true(SANITIZED || r.group[1].auroc_confidence > 0.55);
  assert_true(SANITIZED || r.group[0].stored_bits > 0);
  /* Else little would be compared. */
  assert_true(SANITIZED ||
              (r.group[0].attribute_accuracy > 0.05 && r.group[0].attribute_accuracy < 1));
  assert_true(SANITIZED || r.group[0].attribute_loss < r.group[1].attribute_loss);
}

static void threads_do_not_change_bits(void **state) {
  (void)state;
  static const int sequences[] = {1, 15, 16, 17, SEQUENCES};
  for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
    int attention = sequences[i] < ATTENTION ? sequences[i] : ATTENTION;
    results alone = evaluate(trained, sequences[i], attention, 1);
    for (int threads = 2; threads <= 3; threads++) {
      results together = evaluate(trained, sequences[i], attention, threads);
      assert_same_bits("threads", &together, &alone, sizeof alone);
    }
  }
}

/* All tokens about equally likely: a value of n tokens costs n ln V. */
static void untrained_model_guesses(void **state) {
  (void)state;
  results r = evaluate(untrained, SEQUENCES, 1, 2);
  double guess = log(lore_vocabulary_size(world.vocabulary));
  for (int g = 0; g < GROUPS; g++) {
    double tokens[LORE_ATTRIBUTES] = {0}, all = 0;
    lore_batch batch = small_world_batch(&world, SEQUENCES);
    lore_batch_evaluation(&batch, world.population, groups[g].first, groups[g].count, 0, SEQUENCES);
    for (int k = 0; k < SEQUENCES * LORE_ATTRIBUTES; k++)
      tokens[batch.attribute[k]] += batch.value_length[k];
    for (int a = 0; a < LORE_ATTRIBUTES; a++) {
      double ratio = r.group[g].attribute_loss_by_attribute[a] / (tokens[a] / SEQUENCES * guess);
      assert_true(fabs(ratio - 1) < 0.02);
      all += tokens[a] / SEQUENCES / LORE_ATTRIBUTES;
    }
    assert_true(fabs(r.group[g].attribute_loss / (all * guess) - 1) < 0.01);
    assert_true(fabs(r.group[g].entropy / guess - 1) < 0.01);
    assert_true(r.group[g].max_probability < 0.01);
  }
}

/* Attention by definition, from the roles of one biography. Row t of `weight` is the attention of
 * token t; NULL: equal weights. */
static void add_attention(const lore_batch *batch, const real *weight, int stride,
                          lore_attention_metrics *mean, double *names, double *values) {
  for (int t = 0; t < batch->tokens; t++) {
    double on[3] = {0}, entropy = 0;
    for (int j = 0; j <= t; j++) {
      double w = weight ? (double)weight[(size_t)t * (size_t)stride + (size_t)j] : 1.0 / (t + 1);
      on[batch->role[j]] += j < t ? w : 0;
      entropy -= w > 0 ? w * log(w) : 0;
    }
    if (batch->role[t] == LORE_ROLE_NAME && batch->target_role[t] != LORE_ROLE_NAME) {
      mean->name_to_name += on[LORE_ROLE_NAME];
      ++*names;
    }
    if (batch->target_role[t] == LORE_ROLE_VALUE && batch->role[t] != LORE_ROLE_VALUE) {
      mean->attribute_to_name += on[LORE_ROLE_NAME];
      mean->attribute_to_text += on[LORE_ROLE_TEMPLATE];
      mean->sharpness += entropy / log(t + 1);
      ++*values;
    }
  }
}

/* Over sequences taken one by one; `parameters` NULL: equal weights. */
static lore_attention_metrics attention_of(const real *parameters, int layer) {
  lore_attention_metrics mean = {0};
  lore_batch batch = small_world_batch(&world, 1);
  lore_workspace *workspace = small_workspace(world.model, world.longest, 1, LORE_FORWARD_ONLY, 0);
  double names = 0, values = 0;
  for (int s = 0; s < ATTENTION; s++) {
    lore_batch_evaluation(&batch, world.population, groups[0].first, groups[0].count, s, 1);
    lore_scores none = {0};
    if (parameters)
      lore_decoder_score(world.model, parameters, &batch, workspace, NULL, &none);
    for (int head = 0; head < world.model->config.heads; head++) {
      int stride = 0;
      const real *weight =
          parameters ? lore_decoder_attention(workspace, layer, head, 0, &stride) : NULL;
      add_attention(&batch, weight, stride, &mean, &names, &values);
    }
  }
  assert_true(names == values && values == ATTENTION * LORE_ATTRIBUTES * world.model->config.heads);
  return (lore_attention_metrics){mean.name_to_name / names, mean.attribute_to_name / values,
                                  mean.attribute_to_text / values, mean.sharpness / values};
}

static void assert_attention(const lore_attention_metrics *got,
                             const lore_attention_metrics *want) {
  assert_about("name to name", got->name_to_name, want->name_to_name);
  assert_about("attribute to name", got->attribute_to_name, want->attribute_to_name);
  assert_about("attribute to text", got->attribute_to_text, want->attribute_to_text);
  assert_about("sharpness", got->sharpness, want->sharpness);
}

static void attention_is_a_mean_over_sequences(void **state) {
  (void)state;
  results r = evaluate(trained, SEQUENCES, ATTENTION, 2);
  for (int layer = 0; layer < LAYERS; layer++) {
    lore_attention_metrics want = attention_of(trained, layer);
    assert_attention(&r.layer[layer], &want);
    assert_true(want.sharpness < 0.999); /* else equal weights would do */
  }
}

/* Without queries and keys, a token attends to itself and all before it alike. */
static void equal_attention_counts_roles(void **state) {
  (void)state;
  real *flat = numbers_copy(trained, (size_t)world.model->elements);
  for (int layer = 0; layer < LAYERS; layer++) {
    const lore_tensor *weight = small_tensor(world.model, layer, "attention/qkv");
    const lore_tensor *bias = small_tensor(world.model, layer, "attention/qkv_bias");
    memset(flat + weight->offset, 0, sizeof(real) * (size_t)weight->rows * (size_t)weight->columns);
    memset(flat + bias->offset, 0, sizeof(real) * (size_t)bias->columns);
  }
  results r = evaluate(flat, SEQUENCES, ATTENTION, 2);
  lore_attention_metrics want = attention_of(NULL, 0);
  assert_about("sharpness", want.sharpness, 1);
  for (int layer = 0; layer < LAYERS; layer++)
    assert_attention(&r.layer[layer], &want);
}

static void no_attention_is_no_number(void **state) {
  (void)state;
  results r = evaluate(trained, SEQUENCES, 0, 2);
  assert_true(isnan(r.layer[0].name_to_name) && isnan(r.layer[LAYERS - 1].sharpness));
}

/* Counted in huge pages, so small differences may not show. */
static void bytes_grow(void **state) {
  (void)state;
  lore_evaluate_config config = evaluate_config(SEQUENCES, ATTENTION);
  lore_evaluate_config more = evaluate_config(4096 * SEQUENCES, ATTENTION);
  size_t bytes = lore_evaluator_bytes(world.model, &config, GROUPS, world.longest, 1, false);
  assert_true(lore_evaluator_bytes(world.model, &config, GROUPS, world.longest, 2, false) > bytes);
  assert_true(lore_evaluator_bytes(world.model, &config, GROUPS, 3 * world.longest, 1, false) >
              bytes);
  assert_true(lore_evaluator_bytes(world.model, &more, GROUPS, world.longest, 1, false) > bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(metrics_are_sums_over_sequences),
      numbers_test(threads_do_not_change_bits),
      numbers_test(untrained_model_guesses),
      numbers_test(attention_is_a_mean_over_sequences),
      numbers_test(equal_attention_counts_roles),
      numbers_test(no_attention_is_no_number),
      numbers_test(bytes_grow),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
