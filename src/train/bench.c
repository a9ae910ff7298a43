/* Measures training steps of the reference shapes: on one rank, beside the matrix products that
 * they contain, and how they scale over ranks. */
#include "lore/train/bench.h"

#include <stdlib.h>
#include <unistd.h>

#include "lore/base/clock.h"
#include "lore/base/mpi.h"
#include "lore/base/random.h"
#include "lore/model/decoder.h"
#include "lore/train/trainer.h"

enum { ROUNDS = 5, STEP_ROUNDS = 12, STEPS_MAX = 4096 /* that are measured */ };

static const lore_bench_shape shapes[] = {
    {"S", 4, 128, 4, 32, 112, 4608, LORE_MIXER_ATTENTION, LORE_FLOAT32, LORE_OPTIMIZER_ADAMW},
    {"M", 4, 256, 8, 32, 112, 4608, LORE_MIXER_ATTENTION, LORE_FLOAT32, LORE_OPTIMIZER_ADAMW},
    {"L", 8, 512, 8, 16, 112, 4608, LORE_MIXER_ATTENTION, LORE_FLOAT32, LORE_OPTIMIZER_ADAMW},
};

const lore_bench_shape *lore_bench_shapes(int *count) {
  *count = (int)(sizeof shapes / sizeof *shapes);
  return shapes;
}

/* A batch source: random tokens of the shape that is its context. */
static void fill_with_noise(const void *context, lore_batch *batch, uint64_t step, int64_t first,
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

static lore_model_config model_of_shape(const lore_bench_shape *shape) {
  bool attends = lore_mixer_attends(shape->mixer);
  return (lore_model_config){.mixer = shape->mixer,
                             .recurrent_width =
                                 lore_mixer_default_width(shape->mixer, shape->width, shape->heads),
                             .layers = shape->layers,
                             .width = shape->width,
                             .heads = shape->heads,
                             .hidden = 4 * shape->width,
                             .norm = LORE_NORM_RMS,
                             .positions = attends ? LORE_POSITIONS_ROTARY : LORE_POSITIONS_NONE,
                             .activation = LORE_ACTIVATION_GELU,
                             .tied_embedding = true,
                             .precision = shape->precision,
                             .rotary_base = 10000,
                             .norm_epsilon = 1e-6,
                             .initial_scale = 0.02};
}

/* With as many shards as `parts`, or more. */
static lore_train_config training_of_shape(const lore_bench_shape *shape, int parts) {
  int shard = shape->batch / parts > 0 ? shape->batch / parts : 1;
  while (shape->batch % shard)
    shard--;
  return (lore_train_config){.steps = STEPS_MAX,
                             .batch = shape->batch,
                             .shard = shard,
                             .learning_rate = 1e-4,
                             .schedule = LORE_SCHEDULE_CONSTANT,
                             .optimizer = shape->optimizer,
                             .matrix_learning_rate = 1e-4,
                             .momentum = 0.95,
                             .weight_decay = 0.1,
                             .beta1 = 0.9,
                             .beta2 = 0.95,
                             .epsilon = 1e-8};
}

static int compare_numbers(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts `values`. */
static double median_of(int count, double *values) {
  qsort(values, (size_t)count, sizeof *values, compare_numbers);
  return values[count / 2];
}

/* A step, and more until `stop` as long as *count is below `most`; appends their seconds to *count
 * of them. */
static lore_status time_steps(lore_trainer *trainer, int64_t *step, double stop, int most,
                              int *count, double *seconds) {
  lore_step result;
  do {
    double begin = lore_clock_seconds();
    LORE_TRY(lore_trainer_step(trainer, (*step)++, &result));
    seconds[(*count)++] = lore_clock_seconds() - begin;
  } while (lore_clock_seconds() < stop && *count < most);
  return LORE_OK;
}

static double least_of(int count, const double *values) {
  double least = values[0];
  for (int i = 1; i < count; i++)
    least = values[i] < least ? values[i] : least;
  return least;
}

/* Rounds of steps and of their products, which stand side by side: a disturbance that lasts meets
 * both, and one that does not leaves the best of each alone. */
static lore_status measure_rounds(const lore_model *model, lore_trainer *trainer,
                                  const lore_gemm_shape *gemm, int products, int threads,
                                  double seconds, int *steps, double *step_seconds,
                                  double *gemm_seconds, double *ratio) {
  int64_t step = 0;
  lore_step warm_up;
  *steps = 0;
  for (int i = 0; i < 2; i++)
    LORE_TRY(lore_trainer_step(trainer, step++, &warm_up));
  for (int round = 0; round < STEP_ROUNDS; round++) {
    int before = *steps;
    double stop = lore_clock_seconds() + 0.7 * seconds / STEP_ROUNDS;
    int most = STEPS_MAX - 2 - (STEP_ROUNDS - 1 - round); /* a round has a step at least */
    LORE_TRY(time_steps(trainer, &step, stop, most, steps, step_seconds));
    LORE_TRY(lore_gemm_time(model->config.precision, lore_gemm_selected(), gemm, products, threads,
                            0.3 * seconds / STEP_ROUNDS, &gemm_seconds[round]));
    ratio[round] = gemm_seconds[round] / least_of(*steps - before, step_seconds + before);
  }
  return LORE_OK;
}

static lore_status measure_shape(const lore_bench_shape *shape, const lore_model *model,
                                 const lore_train_config *train, lore_trainer *trainer, int threads,
                                 double seconds, lore_bench_result *result) {
  lore_gemm_shape gemm[LORE_GEMM_SHAPES_MAX];
  static double step_seconds[STEPS_MAX];
  double gemm_seconds[STEP_ROUNDS], ratio[STEP_ROUNDS], operations = 0;
  int steps, shards = train->batch / train->shard, turns = (shards + threads - 1) / threads;
  int products = lore_decoder_gemm_shapes(model, train->shard * shape->length, gemm);
  LORE_TRY(measure_rounds(model, trainer, gemm, products, threads, seconds, &steps, step_seconds,
                          gemm_seconds, ratio));
  double tokens = (double)shape->batch * shape->length, each = median_of(steps, step_seconds);
  double alone = least_of(STEP_ROUNDS, gemm_seconds) * turns;
  median_of(STEP_ROUNDS, ratio); /* sorts them */
  for (int i = 0; i < products; i++)
    operations += 2.0 * gemm[i].m * gemm[i].n * gemm[i].k * gemm[i].count;
  *result = (lore_bench_result){
      .threads = threads,
      .steps = steps,
      .tokens_per_s = tokens / each,
      .best_tokens_per_s = tokens / step_seconds[0],
      .gflops = tokens * lore_model_flops_per_token(model, shape->length) / each * 1e-9,
      .gemm_gflops = operations * shards / alone * 1e-9,
      .share_of_gemm = alone / step_seconds[0],
      .least_share = ratio[0] * turns,
      .most_share = ratio[STEP_ROUNDS - 1] * turns,
      .backend = lore_gemm_selected()};
  return LORE_OK;
}

lore_status lore_bench_run(const lore_bench_shape *shape, int threads, lore_gemm_backend backend,
                           double seconds, lore_bench_result *result) {
  lore_model_config config = model_of_shape(shape);
  lore_train_config train = training_of_shape(shape, threads);
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
    status = lore_trainer_create(model, &train, (lore_batch_source){fill_with_noise, shape},
                                 shape->length, lore_team_alone(), threads, 1, &trainer);
  if (status == LORE_OK)
    status = measure_shape(shape, model, &train, trainer, threads, seconds, result);
  lore_trainer_destroy(trainer);
  lore_model_destroy(model);
  return status;
}

enum { ALONE, TREE, MPI_OWN, KINDS };

/* One kind of step and its measurements. */
typedef struct {
  lore_trainer *trainer; /* NULL: another rank works alone */
  int steps;
  double seconds[STEPS_MAX], exchange[STEPS_MAX];
} bench_kind;

/* Like MPI_Barrier, but leaves the processor to others. */
static lore_status wait_quietly(MPI_Comm comm) {
  MPI_Request request;
  int done = 0;
  LORE_TRY_MPI(MPI_Ibarrier(comm, &request));
  LORE_TRY_MPI(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
  while (!done) {
    usleep(200);
    LORE_TRY_MPI(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
  }
  return LORE_OK;
}

/* All ranks leave with the same status. */
static lore_status create_kinds(const lore_bench_shape *shape, const lore_model *model,
                                lore_team team, int threads, bench_kind *kind) {
  lore_train_config config = training_of_shape(shape, team.ranks * threads);
  lore_batch_source source = {fill_with_noise, shape};
  for (int k = 0; k < KINDS; k++) {
    lore_status status = LORE_OK;
    config.reduction = k == MPI_OWN ? LORE_REDUCTION_MPI : LORE_REDUCTION_REPRODUCIBLE;
    if (k != ALONE || team.rank == 0)
      status =
          lore_trainer_create(model, &config, source, shape->length,
                              k == ALONE ? lore_team_alone() : team, threads, 1, &kind[k].trainer);
    LORE_TRY_TOGETHER(team, status);
  }
  return LORE_OK;
}

/* `count` steps; ranks without a trainer wait until they are made. */
static lore_status make_steps(bench_kind *kind, lore_team team, int count) {
  LORE_TRY(wait_quietly(team.comm));
  for (int i = 0; i < count && kind->trainer; i++) {
    lore_step step;
    double begin = lore_clock_seconds();
    LORE_TRY(lore_trainer_step(kind->trainer, kind->steps, &step));
    kind->seconds[kind->steps] = lore_clock_seconds() - begin;
    kind->exchange[kind->steps] = step.exchange_seconds;
    kind->steps++;
  }
  return wait_quietly(team.comm);
}

/* *count: steps of each kind in a round, as rank 0 finds from a first step that is not counted. */
static lore_status plan_steps(bench_kind *kind, lore_team team, double seconds, int *count) {
  double spent = 0;
  for (int k = 0; k < KINDS; k++) {
    for (int i = 0; i < 2; i++)
      LORE_TRY(make_steps(&kind[k], team, 1));
    spent += kind[k].trainer ? kind[k].seconds[1] : 0;
    kind[k].steps = 0;
  }
  *count = (int)(seconds / ROUNDS / spent);
  *count = *count < 1 ? 1 : *count;
  *count = *count < STEPS_MAX / ROUNDS ? *count : STEPS_MAX / ROUNDS;
  return lore_team_spread(team, count, sizeof *count);
}

static lore_status measure_scaling(const lore_bench_shape *shape, bench_kind *kind, lore_team team,
                                   int threads, double seconds, lore_bench_scaling *result) {
  int count;
  double rate[KINDS], exchange[KINDS], tokens = (double)shape->batch * shape->length;
  LORE_TRY(plan_steps(kind, team, seconds, &count));
  for (int round = 0; round < ROUNDS; round++)
    for (int k = 0; k < KINDS; k++)
      LORE_TRY(make_steps(&kind[(k + round) % KINDS], team, count));
  if (team.rank > 0)
    return LORE_OK;
  for (int k = 0; k < KINDS; k++) {
    rate[k] = tokens / median_of(kind[k].steps, kind[k].seconds);
    exchange[k] = median_of(kind[k].steps, kind[k].exchange);
  }
  *result = (lore_bench_scaling){.ranks = team.ranks,
                                 .threads = threads,
                                 .steps = ROUNDS * count,
                                 .alone_tokens_per_s = rate[ALONE],
                                 .tokens_per_s = rate[TREE],
                                 .mpi_tokens_per_s = rate[MPI_OWN],
                                 .exchange_seconds = exchange[TREE],
                                 .mpi_exchange_seconds = exchange[MPI_OWN],
                                 .backend = lore_gemm_selected()};
  return LORE_OK;
}

/* Rank 0 times the backends, and all take the same. */
static lore_status select_backend(const lore_model *model, lore_team team, int threads,
                                  lore_gemm_backend backend) {
  lore_gemm_shape gemm[LORE_GEMM_SHAPES_MAX];
  char text[128];
  int chosen = (int)backend;
  lore_status status = LORE_OK;
  int shapes = lore_decoder_gemm_shapes(model, 512, gemm);
  if (backend == LORE_GEMM_AUTO && team.rank == 0) {
    status = lore_gemm_choose(gemm, shapes, threads, 1.0, sizeof text, text);
    chosen = (int)lore_gemm_selected();
  }
  LORE_TRY_TOGETHER(team, status);
  LORE_TRY(lore_team_spread(team, &chosen, sizeof chosen));
  return lore_gemm_select((lore_gemm_backend)chosen);
}

lore_status lore_bench_ranks(const lore_bench_shape *shape, lore_team team, int threads,
                             lore_gemm_backend backend, double seconds,
                             lore_bench_scaling *result) {
  lore_model_config config = model_of_shape(shape);
  lore_model *model = NULL;
  bench_kind *kind = calloc(KINDS, sizeof *kind);
  lore_status status = kind ? lore_model_create(&config, shape->vocabulary, shape->length, &model)
                            : lore_fail(LORE_MEMORY, "cannot allocate measurements");
  status = lore_team_agree(team, status);
  if (status == LORE_OK && team.ranks * threads > shape->batch)
    status = lore_fail(LORE_USER, "%d ranks of %d threads are too many for a batch of %d sequences",
                       team.ranks, threads, shape->batch);
  if (status == LORE_OK)
    status = lore_team_agree(team, select_backend(model, team, threads, backend));
  if (status == LORE_OK)
    status = create_kinds(shape, model, team, threads, kind);
  if (status == LORE_OK)
    status = measure_scaling(shape, kind, team, threads, seconds, result);
  if (status == LORE_OK)
    result->bytes = (double)model->elements * sizeof(real);
  for (int k = 0; k < KINDS && kind; k++)
    lore_trainer_destroy(kind[k].trainer);
  free(kind);
  lore_model_destroy(model);
  return status;
}
