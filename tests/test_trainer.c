/* The training step: the same bits for any number of threads, and what it computes. */
#include "support/numbers.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lore/train/adamw.h"
#include "lore/train/trainer.h"
#include "support/small_model.h"
#include "support/small_world.h"
#include "train/crews.h"

enum { STEPS = 5, BATCH = 14, SHARD = 2, THREADS = 3 };

static small_world world;

static int setup(void **state) {
  (void)state;
  lore_model_config config = small_world_config(2, 16);
  small_world_create(&world, &config, 200, 0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  small_world_destroy(&world);
  return 0;
}

/* Seven shards, which no number of threads divides but one and seven. */
static lore_train_config train_config(void) {
  return (lore_train_config){.steps = STEPS,
                             .batch = BATCH,
                             .shard = SHARD,
                             .learning_rate = 3e-3,
                             .final_learning_rate = 1e-4,
                             .schedule = LORE_SCHEDULE_COSINE,
                             .weight_decay = 0.1,
                             .beta1 = 0.9,
                             .beta2 = 0.95,
                             .epsilon = 1e-8,
                             .clip = 1};
}

static lore_trainer *make_trainer(const lore_train_config *config, int threads, uint64_t seed) {
  lore_trainer *trainer;
  assert_int_equal(lore_trainer_create(world.model, config, world.source, world.longest,
                                       lore_team_alone(), threads, seed, &trainer),
                   LORE_OK);
  return trainer;
}

/* Parameters and step results after STEPS steps. */
typedef struct {
  real *parameters;
  lore_step step[STEPS];
} outcome;

static outcome train_with(lore_trainer *trainer) {
  outcome o;
  for (int64_t step = 0; step < STEPS; step++)
    o.step[step] = small_world_step(trainer, step);
  o.parameters = numbers_copy(lore_trainer_parameters(trainer), (size_t)world.model->elements);
  lore_trainer_destroy(trainer);
  return o;
}

static outcome train(const lore_train_config *config, int threads, uint64_t seed) {
  return train_with(make_trainer(config, threads, seed));
}

static void assert_same_outcome(const char *what, const outcome *x, const outcome *y) {
  assert_same_bits(what, x->parameters, y->parameters,
                   (size_t)world.model->elements * sizeof(real));
  for (int s = 0; s < STEPS; s++) {
    assert_same_bits(what, &x->step[s].loss, &y->step[s].loss, sizeof(double));
    assert_same_bits(what, &x->step[s].gradient_norm, &y->step[s].gradient_norm, sizeof(double));
    assert_int_equal(x->step[s].tokens, y->step[s].tokens);
  }
}

static void threads_do_not_change_bits(void **state) {
  (void)state;
  lore_train_config config = train_config();
  outcome alone = train(&config, 1, 5);
  for (int threads = 2; threads <= THREADS; threads++) {
    outcome together = train(&config, threads, 5);
    assert_same_outcome("threads", &together, &alone);
  }
}

static void muon_has_the_same_bits(void **state) {
  (void)state;
  lore_train_config config = train_config(), adamw = config;
  config.optimizer = LORE_OPTIMIZER_MUON;
  config.matrix_learning_rate = 0.02;
  config.momentum = 0.95;
  outcome alone = train(&config, 1, 5), other = train(&adamw, 1, 5);
  assert_memory_not_equal(alone.parameters, other.parameters,
                          (size_t)world.model->elements * sizeof(real));
  for (int threads = 2; threads <= 2 * BATCH; threads *= 3) {
    outcome together = train(&config, threads, 5);
    assert_same_outcome("Muon's threads", &together, &alone);
  }
}

/* More threads than shards work on them in crews, of up to a thread for each sequence. */
static void crews_do_not_change_bits(void **state) {
  (void)state;
  static const int shards[] = {1, 2, 7}, threads[] = {2, 3, 4, 5, 8, BATCH, 2 * BATCH};
  for (size_t s = 0; s < sizeof shards / sizeof *shards; s++) {
    lore_train_config config = train_config();
    config.shard = BATCH / shards[s];
    outcome alone = train(&config, 1, 5);
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
      outcome crew = train(&config, threads[t], 5);
      assert_same_outcome("crews", &crew, &alone);
    }
    numbers_release(0);
  }
}

/* A resumed run may turn out to have been begun with a library, when its crews are made already. */
static void crews_yield_to_a_library(void **state) {
  (void)state;
  lore_train_config config = train_config();
  if (!lore_gemm_has(LORE_GEMM_CBLAS))
    skip();
  lore_trainer *crews = make_trainer(&config, 2 * BATCH, 5);
  assert_int_equal(lore_gemm_select(LORE_GEMM_CBLAS), LORE_OK);
  outcome alone = train(&config, 1, 5), later = train_with(crews);
  assert_int_equal(lore_gemm_select(LORE_GEMM_BUILTIN), LORE_OK);
  assert_same_outcome("a library", &later, &alone);
}

static void assert_plan(int shards, int sequences, int threads, int crews, int members) {
  lore_crews plan = lore_crews_plan(shards, sequences, threads, true);
  if (plan.crews != crews || plan.members != members)
    fail_msg("%d threads, %d shards of %d: %d crews of %d, not %d of %d", threads, shards,
             sequences, plan.crews, plan.members, crews, members);
  plan = lore_crews_plan(shards, sequences, threads, false);
  assert_int_equal(plan.members, 1);
  assert_int_equal(plan.crews, threads < shards ? threads : shards);
}

static void threads_are_shared_out(void **state) {
  (void)state;
  for (int threads = 1; threads <= 8; threads *= 2)
    assert_plan(8, 8, threads, threads, 1);
  assert_plan(8, 8, 16, 8, 2);
  assert_plan(8, 8, 64, 8, 8);
  assert_plan(8, 8, 100, 8, 8); /* no more than sequences */
  assert_plan(8, 1, 100, 8, 1);
  assert_plan(1, 8, 3, 1, 3);
  assert_plan(8, 8, 9, 8, 1);  /* a crew of two would be no help: seven have one member */
  assert_plan(8, 8, 12, 4, 3); /* twice a third, not once a whole */
  assert_plan(2, 8, 3, 1, 3);
  assert_plan(3, 8, 2, 1, 2); /* three halves, not two */
  assert_plan(7, 8, 6, 3, 2);
}

static void seed_decides(void **state) {
  (void)state;
  lore_train_config config = train_config();
  outcome first = train(&config, 2, 5), again = train(&config, 2, 5), other = train(&config, 2, 6);
  size_t bytes = (size_t)world.model->elements * sizeof(real);
  assert_same_outcome("the same seed", &first, &again);
  assert_int_not_equal(memcmp(first.parameters, other.parameters, bytes), 0);
  assert_true(first.step[0].loss != other.step[0].loss);
}

static real *initial_parameters(uint64_t seed) {
  real *parameters = numbers_blank((size_t)world.model->elements);
  lore_model_initialise(world.model, seed, parameters);
  return parameters;
}

/* Adds up gradients of `step` over sequences taken one by one. */
static double *sum_of_gradients(const real *parameters, int64_t step, double *loss,
                                int64_t *tokens) {
  size_t elements = (size_t)world.model->elements;
  lore_batch batch = small_world_batch(&world, 1);
  lore_workspace *workspace =
      small_workspace(world.model, world.longest, 1, LORE_FORWARD_BACKWARD, 0);
  double *sum = numbers_zero(elements);
  real *gradient = numbers_blank(elements);
  memset(gradient, 0, elements * sizeof *gradient); /* gaps between tensors stay */
  *loss = 0;
  *tokens = 0;
  for (int s = 0; s < BATCH; s++) {
    lore_batch_training(&batch, world.population, &world.people.sampler, step, s, 1);
    *loss += lore_decoder_train(world.model, parameters, &batch, 1, workspace, gradient, NULL);
    *tokens += batch.tokens;
    for (size_t i = 0; i < elements; i++)
      sum[i] += (double)gradient[i];
  }
  return sum;
}

static double length(const double *x, size_t count) {
  double square = 0;
  for (size_t i = 0; i < count; i++)
    square += x[i] * x[i];
  return sqrt(square);
}

static void assert_ratio(const char *what, double got, double want, double limit) {
  if (!(fabs(got - want) <= limit * fabs(want)))
    fail_msg("%s: %.9g, not %.9g", what, got, want);
}

static void step_sums_over_sequences(void **state) {
  (void)state;
  lore_train_config config = train_config();
  lore_trainer *trainer = make_trainer(&config, 2, 5);
  for (int64_t step = 0; step < 3; step++) {
    int mark = numbers_count;
    double loss;
    int64_t tokens;
    double *want = sum_of_gradients(lore_trainer_parameters(trainer), step, &loss, &tokens);
    lore_step result = small_world_step(trainer, step);
    const real *gradient = lore_trainer_gradient(trainer);
    for (int i = 0; i < world.model->tensors; i++) {
      const lore_tensor *t = &world.model->tensor[i];
      assert_matrix_close(t->name, t->rows, t->columns, gradient + t->offset, t->columns,
                          want + t->offset, 300);
    }
    assert_int_equal(result.tokens, tokens);
    assert_ratio("loss", result.loss, loss / (double)tokens, 1e-6);
    double norm = length(want, (size_t)world.model->elements) / (double)tokens;
    assert_ratio("gradient norm", result.gradient_norm, norm, 1e-5);
    numbers_release(mark);
  }
  lore_trainer_destroy(trainer);
}

/* The AdamW update `step` of all tensors by hand. `state` is weights, first and second moments. */
static void update_by_hand(const lore_train_config *config, int64_t step, double scale,
                           const real *gradient, real *const state[3]) {
  for (int i = 0; i < world.model->tensors; i++) {
    const lore_tensor *t = &world.model->tensor[i];
    double decay = t->row->kind == LORE_WEIGHT ? config->weight_decay : 0;
    lore_adamw_update(config, step + 1, lore_learning_rate(config, step), decay, scale,
                      (int64_t)t->rows * t->columns, gradient + t->offset, state[0] + t->offset,
                      state[1] + t->offset, state[2] + t->offset);
  }
}

/* Follows STEPS steps; `clip` in units of the first step's gradient norm. A large epsilon lets the
 * size of gradients show. */
static void check_clip(double clip, int *clipped) {
  size_t elements = (size_t)world.model->elements;
  lore_train_config config = train_config();
  config.epsilon = 0.01;
  config.clip = 0;
  lore_trainer *trainer = make_trainer(&config, 1, 5);
  config.clip = clip * small_world_step(trainer, 0).gradient_norm;
  lore_trainer_destroy(trainer);
  real *const by_hand[3] = {initial_parameters(5), numbers_blank(elements),
                            numbers_blank(elements)};
  memset(by_hand[1], 0, elements * sizeof(real));
  memset(by_hand[2], 0, elements * sizeof(real));
  trainer = make_trainer(&config, 2, 5);
  for (int64_t step = 0; step < STEPS; step++) {
    lore_step result = small_world_step(trainer, step);
    int clips = config.clip > 0 && result.gradient_norm > config.clip;
    double scale = clips ? config.clip / result.gradient_norm : 1;
    *clipped += clips;
    update_by_hand(&config, step, scale / (double)result.tokens, lore_trainer_gradient(trainer),
                   by_hand);
    const double *want = numbers_wide(by_hand[0], elements);
    assert_matrix_near("parameter", 1, (int)elements, lore_trainer_parameters(trainer), 0, want,
                       2e-7);
  }
  lore_trainer_destroy(trainer);
  numbers_release(0);
}

static void clip_scales_the_gradient(void **state) {
  (void)state;
  int clipped = 0;
  check_clip(0, &clipped);
  check_clip(100, &clipped);
  assert_int_equal(clipped, 0);
  check_clip(0.1, &clipped);
  assert_int_equal(clipped, STEPS);
}

static void first_loss_is_a_guess(void **state) {
  (void)state;
  lore_train_config config = train_config();
  lore_trainer *trainer = make_trainer(&config, 2, 5);
  lore_step first = small_world_step(trainer, 0);
  double guess = log(lore_vocabulary_size(world.vocabulary));
  lore_trainer_destroy(trainer);
  if (!(fabs(first.loss / guess - 1) < 0.01))
    fail_msg("the first loss is %.4f, not about %.4f", first.loss, guess);
}

enum { FIXED_SEQUENCES = 4 };

/* The same sequences at every step. Their first tokens differ, so all targets can be known. */
static void fill_fixed(const void *context, lore_batch *batch, uint64_t step, int64_t first,
                       int count) {
  (void)context;
  (void)step;
  for (int64_t s = first; s < first + count; s++) {
    lore_random stream = lore_random_stream(1, LORE_RANDOM_TEST, 0, (uint64_t)s);
    uint16_t token = (uint16_t)s;
    for (int t = 0; t < SMALL_CONTEXT; t++) {
      batch->token[batch->tokens] = token;
      token = (uint16_t)lore_random_below(&stream, SMALL_VOCABULARY);
      batch->target[batch->tokens++] = token;
    }
    batch->offset[++batch->sequences] = batch->tokens;
  }
}

static void fixed_batch_is_learnt_by_heart(void **state) {
  (void)state;
  lore_train_config config = train_config();
  config.steps = 600;
  config.batch = FIXED_SEQUENCES;
  config.shard = 1;
  config.learning_rate = 0.01;
  lore_model_config shape = small_config(0);
  lore_model *model;
  lore_trainer *trainer;
  assert_int_equal(lore_model_create(&shape, SMALL_VOCABULARY, SMALL_CONTEXT, &model), LORE_OK);
  assert_int_equal(lore_trainer_create(model, &config, (lore_batch_source){fill_fixed, NULL},
                                       SMALL_CONTEXT, lore_team_alone(), 2, 3, &trainer),
                   LORE_OK);
  double first = small_world_step(trainer, 0).loss, last = first;
  for (int64_t step = 1; step < config.steps; step++)
    last = small_world_step(trainer, step).loss;
  lore_trainer_destroy(trainer);
  lore_model_destroy(model);
  assert_true(first > 3);
  if (!(last < 0.01))
    fail_msg("the loss is %.4f after %lld steps", last, (long long)config.steps);
}

/* Bytes of address space and those resident, from /proc/self/statm. */
static void read_memory(int64_t bytes[2]) {
  FILE *file = fopen("/proc/self/statm", "r");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%" SCNd64 " %" SCNd64, &bytes[0], &bytes[1]), 2);
  fclose(file);
  for (int i = 0; i < 2; i++)
    bytes[i] *= sysconf(_SC_PAGESIZE);
}

/* What a trainer adds to the process: bytes mapped and touched. One made before leaves threads and
 * their stacks behind. */
static void measure_trainer(const lore_train_config *config, int threads, int64_t added[2]) {
  int64_t before[2];
  lore_trainer_destroy(make_trainer(config, threads, 5));
  read_memory(before);
  lore_trainer *trainer = make_trainer(config, threads, 5);
  read_memory(added);
  lore_trainer_destroy(trainer);
  for (int i = 0; i < 2; i++)
    added[i] -= before[i];
}

/* Threads that start late, and a sanitizer's own memory, can disturb a measurement, so one of a
 * few must agree: a number that is wrong agrees with none. */
static void check_bytes(lore_optimizer optimizer) {
  enum { ATTEMPTS = 5 };
  const int64_t slack = (int64_t)1 << 20;
  lore_train_config config = train_config();
  config.optimizer = optimizer;
  for (int threads = 1; threads <= BATCH; threads = threads < THREADS ? threads + 1 : 2 * threads) {
    int64_t said = (int64_t)lore_trainer_bytes(world.model, &config, world.longest,
                                               lore_team_alone(), threads, LORE_GEMM_BUILTIN);
    assert_true(said > world.model->elements * 4 * (int64_t)sizeof(real));
    int64_t added[2];
    int agrees = 0;
    for (int attempt = 0; attempt < ATTEMPTS && !agrees; attempt++) {
      measure_trainer(&config, threads, added);
      agrees = llabs(added[0] - said) <= slack && llabs(added[1] - said) <= slack;
    }
    if (!agrees)
      fail_msg("%d threads: mapped %lld and touched %lld bytes, said %lld", threads,
               (long long)added[0], (long long)added[1], (long long)said);
  }
}

static void bytes_are_what_is_mapped(void **state) {
  (void)state;
  check_bytes(LORE_OPTIMIZER_ADAMW);
  check_bytes(LORE_OPTIMIZER_MUON);
}

/* What is said counts in huge pages, so small differences may not show. */
static void bytes_grow(void **state) {
  (void)state;
  lore_train_config config = train_config(), longer = config, wider = config;
  longer.batch = 1024 * BATCH;
  wider.shard = BATCH;
  const lore_gemm_backend backend = LORE_GEMM_CBLAS; /* no crews */
  size_t bytes =
             lore_trainer_bytes(world.model, &config, world.longest, lore_team_alone(), 1, backend),
         last = bytes;
  for (int threads = 2; threads <= BATCH / SHARD; threads++) {
    size_t more = lore_trainer_bytes(world.model, &config, world.longest, lore_team_alone(),
                                     threads, backend);
    assert_true(more >= last);
    last = more;
  }
  assert_true(last > bytes);
  assert_int_equal(
      lore_trainer_bytes(world.model, &config, world.longest, lore_team_alone(), BATCH, backend),
      last);
  assert_true(lore_trainer_bytes(world.model, &config, 32 * world.longest, lore_team_alone(), 1,
                                 backend) > bytes);
  assert_true(lore_trainer_bytes(world.model, &longer, world.longest, lore_team_alone(), 1,
                                 backend) > bytes);
  assert_true(lore_trainer_bytes(world.model, &wider, world.longest, lore_team_alone(), 1,
                                 backend) > bytes);
}

/* Every rank has one shard, so only moments become less when ranks become more: 1/R of them is
 * left.
 */
static void moments_are_shared_by_ranks(void **state) {
  (void)state;
  enum { FEWEST = 2, MOST = 64, PAGES = 3 << 21 };
  lore_model_config shape = small_world_config(8, 512);
  lore_model *model;
  assert_int_equal(
      lore_model_create(&shape, lore_vocabulary_size(world.vocabulary), world.longest, &model),
      LORE_OK);
  int64_t moments = 2 * model->elements * (int64_t)sizeof(real), bytes[MOST + 1];
  for (int ranks = FEWEST; ranks <= MOST; ranks *= 2) {
    lore_train_config config = train_config();
    config.batch = ranks;
    config.shard = 1;
    bytes[ranks] = (int64_t)lore_trainer_bytes(model, &config, world.longest,
                                               (lore_team){MPI_COMM_NULL, ranks - 1, ranks}, 1,
                                               LORE_GEMM_BUILTIN);
    config.reduction = LORE_REDUCTION_MPI; /* every rank has all moments, and nothing of others */
    int64_t whole = (int64_t)lore_trainer_bytes(model, &config, world.longest,
                                                (lore_team){MPI_COMM_NULL, ranks - 1, ranks}, 1,
                                                LORE_GEMM_BUILTIN);
    int64_t more = moments - moments / ranks - moments / 4; /* a half of the gradient is received */
    if (llabs(whole - bytes[ranks] - more) > PAGES)
      fail_msg("%d ranks: %lld bytes fewer, not %lld", ranks, (long long)(whole - bytes[ranks]),
               (long long)more);
    int64_t before = ranks > FEWEST ? bytes[ranks / 2] : bytes[ranks] + moments / ranks;
    if (llabs(before - bytes[ranks] - moments / ranks) > PAGES)
      fail_msg("%d ranks instead of %d: %lld bytes fewer, not %lld", ranks, ranks / 2,
               (long long)(before - bytes[ranks]), (long long)(moments / ranks));
  }
  lore_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(threads_do_not_change_bits),  numbers_test(muon_has_the_same_bits),
      numbers_test(crews_do_not_change_bits),    numbers_test(crews_yield_to_a_library),
      numbers_test(threads_are_shared_out),      numbers_test(seed_decides),
      numbers_test(step_sums_over_sequences),    numbers_test(clip_scales_the_gradient),
      numbers_test(first_loss_is_a_guess),       numbers_test(fixed_batch_is_learnt_by_heart),
      numbers_test(bytes_are_what_is_mapped),    numbers_test(bytes_grow),
      numbers_test(moments_are_shared_by_ranks),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
