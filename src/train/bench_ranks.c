/* Measures how a step scales over ranks. */
#include <stdlib.h>
#include <unistd.h>

#include "bench_parts.h"
#include "lore/base/clock.h"
#include "lore/model/decoder.h"

enum { ROUNDS = 5, ALONE = 0, TREE, MPI_OWN, KINDS };

/* One kind of step and its measurements. */
typedef struct {
  lore_trainer *trainer; /* NULL: another rank works alone */
  int steps;
  double seconds[LORE_BENCH_STEPS], exchange[LORE_BENCH_STEPS];
} lore_bench_kind;

/* Like MPI_Barrier, but leaves the processor to others. */
static void wait_quietly(MPI_Comm comm) {
  MPI_Request request;
  int done = 0;
  MPI_Ibarrier(comm, &request);
  for (MPI_Test(&request, &done, MPI_STATUS_IGNORE); !done;
       MPI_Test(&request, &done, MPI_STATUS_IGNORE))
    usleep(200);
}

static lore_status create(const lore_bench_shape *shape, const lore_model *model, lore_team team,
                          int threads, lore_bench_kind *kind) {
  lore_train_config config = lore_bench_train(shape, team.ranks * threads);
  lore_source source = {lore_bench_fill, shape};
  for (int k = 0; k < KINDS; k++) {
    config.reduction = k == MPI_OWN ? LORE_REDUCTION_MPI : LORE_REDUCTION_REPRODUCIBLE;
    if (k != ALONE || team.rank == 0)
      LORE_TRY(lore_trainer_create(model, &config, source, shape->length,
                                   k == ALONE ? lore_team_alone() : team, threads, 1,
                                   &kind[k].trainer));
  }
  return LORE_OK;
}

/* `count` steps; those who do not work wait for the end of them. */
static void make_steps(lore_bench_kind *kind, lore_team team, int count) {
  wait_quietly(team.comm);
  for (int i = 0; i < count && kind->trainer; i++) {
    double begin = lore_clock_seconds();
    lore_step step = lore_trainer_step(kind->trainer, kind->steps);
    kind->seconds[kind->steps] = lore_clock_seconds() - begin;
    kind->exchange[kind->steps] = step.exchange_seconds;
    kind->steps++;
  }
  wait_quietly(team.comm);
}

/* Steps of each kind in a round, as rank 0 finds from a first step that is not counted. */
static int plan_steps(lore_bench_kind *kind, lore_team team, double seconds) {
  double spent = 0;
  for (int k = 0; k < KINDS; k++) {
    for (int i = 0; i < 2; i++)
      make_steps(&kind[k], team, 1);
    spent += kind[k].trainer ? kind[k].seconds[1] : 0;
    kind[k].steps = 0;
  }
  int count = (int)(seconds / ROUNDS / spent);
  count = count < 1 ? 1 : count;
  count = count < LORE_BENCH_STEPS / ROUNDS ? count : LORE_BENCH_STEPS / ROUNDS;
  MPI_Bcast(&count, 1, MPI_INT, 0, team.comm);
  return count;
}

static void measure(const lore_bench_shape *shape, lore_bench_kind *kind, lore_team team,
                    int threads, double seconds, lore_bench_scaling *result) {
  double rate[KINDS], exchange[KINDS], tokens = (double)shape->batch * shape->length;
  int count = plan_steps(kind, team, seconds);
  for (int round = 0; round < ROUNDS; round++)
    for (int k = 0; k < KINDS; k++)
      make_steps(&kind[(k + round) % KINDS], team, count);
  if (team.rank > 0)
    return;
  for (int k = 0; k < KINDS; k++) {
    rate[k] = tokens / lore_bench_median(kind[k].steps, kind[k].seconds);
    exchange[k] = lore_bench_median(kind[k].steps, kind[k].exchange);
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
  MPI_Bcast(&chosen, 1, MPI_INT, 0, team.comm);
  return lore_gemm_select((lore_gemm_backend)chosen);
}

lore_status lore_bench_ranks(const lore_bench_shape *shape, lore_team team, int threads,
                             lore_gemm_backend backend, double seconds,
                             lore_bench_scaling *result) {
  lore_model_config config = lore_bench_model(shape);
  lore_model *model = NULL;
  lore_bench_kind *kind = calloc(KINDS, sizeof *kind);
  lore_status status = kind ? lore_model_create(&config, shape->vocabulary, shape->length, &model)
                            : lore_fail(LORE_MEMORY, "no memory for measurements");
  status = lore_team_agree(team, status);
  if (status == LORE_OK && team.ranks * threads > shape->batch)
    status = lore_fail(LORE_USER, "%d ranks of %d threads are too many for a batch of %d sequences",
                       team.ranks, threads, shape->batch);
  if (status == LORE_OK)
    status = lore_team_agree(team, select_backend(model, team, threads, backend));
  if (status == LORE_OK)
    status = lore_team_agree(team, create(shape, model, team, threads, kind));
  if (status == LORE_OK) {
    measure(shape, kind, team, threads, seconds, result);
    result->bytes = (double)model->elements * sizeof(real);
  }
  for (int k = 0; k < KINDS && kind; k++)
    lore_trainer_destroy(kind[k].trainer);
  free(kind);
  lore_model_destroy(model);
  return status;
}
