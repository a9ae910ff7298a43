/* Measures training steps of the reference shapes. */
#include "bench_parts.h"

#include <stdlib.h>

#include "lore/base/clock.h"
#include "lore/base/random.h"
#include "lore/model/decoder.h"

enum { ROUNDS = 5 };

static const lore_bench_shape shapes[] = {
    {"S", 4, 128, 4, 32, 112, 4608, LORE_MIXER_ATTENTION},
    {"M", 4, 256, 8, 32, 112, 4608, LORE_MIXER_ATTENTION},
    {"L", 8, 512, 8, 16, 112, 4608, LORE_MIXER_ATTENTION},
};

const lore_bench_shape *lore_bench_shapes(int *count) {
  *count = (int)(sizeof shapes / sizeof *shapes);
  return shapes;
}

void lore_bench_fill(const void *context, lore_batch *batch, uint64_t step, int64_t first,
                     int count) {
  const lore_bench_shape *shape = context;
  for (int s = 0; s < count; s++) {
    lore_random stream = lore_random_stream(1, LORE_RANDOM_TEST, step, (uint64_t)(first + s));
    for (int t = 0; t < shape->length; t++) {
      batch->token[batch->tokens] =
          (uint16_t)lore_random_below(&stream, (uint32_t)shape->vocabulary);
      batch->target[batch->tokens++] =
          (uint16_t)lore_random_below(&stream, (uint32_t)shape->vocabulary);
    }
    batch->offset[++batch->sequences] = batch->tokens;
  }
}

lore_model_config lore_bench_model(const lore_bench_shape *shape) {
  bool attends = shape->mixer == LORE_MIXER_ATTENTION;
  return (lore_model_config){.mixer = shape->mixer,
                             .recurrent_width =
                                 attends ? 0 : lore_recurrent_width(shape->width, shape->heads),
                             .layers = shape->layers,
                             .width = shape->width,
                             .heads = shape->heads,
                             .hidden = 4 * shape->width,
                             .norm = LORE_NORM_RMS,
                             .positions = attends ? LORE_POSITIONS_ROTARY : LORE_POSITIONS_NONE,
                             .activation = LORE_ACTIVATION_GELU,
                             .tied_embedding = true,
                             .rotary_base = 10000,
                             .norm_epsilon = 1e-6,
                             .initial_scale = 0.02};
}

lore_train_config lore_bench_train(const lore_bench_shape *shape, int threads) {
  int shard = shape->batch / threads > 0 ? shape->batch / threads : 1;
  while (shape->batch % shard)
    shard--;
  return (lore_train_config){.steps = LORE_BENCH_STEPS,
                             .batch = shape->batch,
                             .shard = shard,
                             .learning_rate = 1e-4,
                             .schedule = LORE_SCHEDULE_CONSTANT,
                             .weight_decay = 0.1,
                             .beta1 = 0.9,
                             .beta2 = 0.95,
                             .epsilon = 1e-8};
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double lore_bench_median(int count, double *values) {
  qsort(values, (size_t)count, sizeof *values, ascending);
  return values[count / 2];
}

/* Steps until `stop`; appends their seconds. */
static int time_steps(lore_trainer *trainer, int64_t *step, double stop, int count,
                      double *seconds) {
  do {
    double begin = lore_clock_seconds();
    lore_trainer_step(trainer, (*step)++);
    seconds[count++] = lore_clock_seconds() - begin;
  } while (lore_clock_seconds() < stop && count < LORE_BENCH_STEPS - 2);
  return count;
}

static lore_status measure(const lore_bench_shape *shape, const lore_model *model,
                           const lore_train_config *train, lore_trainer *trainer, int threads,
                           double seconds, lore_bench_result *result) {
  lore_gemm_shape gemm[LORE_GEMM_SHAPES_MAX];
  static double step_seconds[LORE_BENCH_STEPS];
  double gemm_seconds[ROUNDS];
  int64_t step = 0;
  int steps = 0, shards = train->batch / train->shard, rounds = (shards + threads - 1) / threads;
  int products = lore_decoder_gemm_shapes(model, train->shard * shape->length, gemm);
  for (int i = 0; i < 2; i++)
    lore_trainer_step(trainer, step++);
  for (int round = 0; round < ROUNDS; round++) {
    double stop = lore_clock_seconds() + 0.7 * seconds / ROUNDS;
    steps = time_steps(trainer, &step, stop, steps, step_seconds);
    LORE_TRY(lore_gemm_time(lore_gemm_selected(), gemm, products, threads, 0.3 * seconds / ROUNDS,
                            &gemm_seconds[round]));
  }
  double tokens = (double)shape->batch * shape->length,
         each = lore_bench_median(steps, step_seconds);
  double alone = lore_bench_median(ROUNDS, gemm_seconds) * rounds, operations = 0;
  for (int i = 0; i < products; i++)
    operations += 2.0 * gemm[i].m * gemm[i].n * gemm[i].k * gemm[i].count;
  *result = (lore_bench_result){
      .threads = threads,
      .steps = steps,
      .tokens_per_s = tokens / each,
      .best_tokens_per_s = tokens / step_seconds[0],
      .gflops = tokens * lore_model_flops_per_token(model, shape->length) / each * 1e-9,
      .gemm_gflops = operations * shards / alone * 1e-9,
      .share_of_gemm = alone / each,
      .backend = lore_gemm_selected()};
  return LORE_OK;
}

lore_status lore_bench_run(const lore_bench_shape *shape, int threads, lore_gemm_backend backend,
                           double seconds, lore_bench_result *result) {
  lore_model_config config = lore_bench_model(shape);
  lore_train_config train = lore_bench_train(shape, threads);
  lore_model *model;
  lore_trainer *trainer = NULL;
  LORE_TRY(lore_model_create(&config, shape->vocabulary, shape->length, &model));
  lore_status status;
  if (backend == LORE_GEMM_AUTO) {
    lore_gemm_shape gemm[LORE_GEMM_SHAPES_MAX];
    char text[128];
    int products = lore_decoder_gemm_shapes(model, train.shard * shape->length, gemm);
    status = lore_gemm_choose(gemm, products, threads, 1.0, sizeof text, text);
  } else {
    status = lore_gemm_select(backend);
  }
  if (status == LORE_OK)
    status = lore_trainer_create(model, &train, (lore_source){lore_bench_fill, shape},
                                 shape->length, lore_team_alone(), threads, 1, &trainer);
  if (status == LORE_OK)
    status = measure(shape, model, &train, trainer, threads, seconds, result);
  lore_trainer_destroy(trainer);
  lore_model_destroy(model);
  return status;
}
