/* The training step of one replica: shards, sums over threads and ranks, update. */
#include "lore/train/trainer.h"

#include <assert.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "lore/base/arena.h"
#include "lore/base/clock.h"
#include "lore/base/mpi.h"
#include "lore/model/decoder.h"
#include "lore/train/adamw.h"

enum {
  SLICE = 4096, /* elements that the update pass keeps in cache */
  RANGES_MAX = 256
};

typedef struct {
  lore_trainer *trainer;
  int index;
  lore_workspace *workspace, *patterns; /* of the reference, or NULL */
  lore_batch batch;
  int64_t shard; /* that it computes now */
} lore_worker;

struct lore_trainer {
  const lore_model *model;
  lore_train_config config;
  lore_batch_source source;
  lore_team team;
  int threads, shards;
  int64_t first_shard, last_shard; /* of this rank */
  int ranges;
  int64_t bound[RANGES_MAX];
  lore_arena arena;
  real *parameters, *first_moment, *second_moment;
  real *reference;     /* parameters whose attention is used, or NULL */
  lore_worker *worker; /* `threads` entries */
  lore_sum sum;
  lore_pieces pieces;
  lore_exchange exchange;
  real *gradient;       /* of all ranks */
  double *report;       /* per shard loss and tokens, then the votes: added over ranks */
  double *slice_square; /* sum of squares of each slice of the gradient */
  int vote;
};

static void fill_from_population(const void *context, lore_batch *batch, uint64_t step,
                                 int64_t first, int count) {
  const lore_population_source *source = context;
  lore_batch_training(batch, source->population, &source->sampler, (int64_t)step, first, count);
}

lore_batch_source lore_batch_source_of_population(const lore_population_source *population) {
  return (lore_batch_source){fill_from_population, population};
}

static int64_t count_slices(const lore_model *model) {
  return (model->elements + SLICE - 1) / SLICE;
}

static int used_threads(int64_t shards, int threads) {
  return threads < shards ? threads : (int)shards;
}

static size_t report_length(const lore_trainer *t) {
  return 2 * (size_t)t->shards + 1;
}

/* Runs over a counting arena first, then over the real one. */
static void layout_trainer(lore_trainer *t, int longest) {
  const lore_train_config *c = &t->config;
  size_t elements = (size_t)t->model->elements, threads = (size_t)t->threads;
  bool whole = t->team.ranks == 1 || c->reduction == LORE_REDUCTION_MPI;
  t->parameters = lore_arena_take(&t->arena, elements, sizeof(real));
  t->first_moment = lore_arena_take(&t->arena, elements, sizeof(real));
  t->second_moment = lore_arena_take(&t->arena, elements, sizeof(real));
  t->reference =
      lore_patch_wanted(&c->patch) ? lore_arena_take(&t->arena, elements, sizeof(real)) : NULL;
  t->worker = lore_arena_take(&t->arena, threads, sizeof *t->worker);
  t->report = lore_arena_take(&t->arena, report_length(t), sizeof *t->report);
  t->slice_square =
      lore_arena_take(&t->arena, (size_t)count_slices(t->model), sizeof *t->slice_square);
  lore_sum_layout(&t->sum, &t->arena, t->first_shard, t->last_shard, t->threads, t->model->elements,
                  t->ranges, t->bound, whole);
  lore_pieces_plan(&t->pieces, t->ranges, t->bound, t->team.rank, t->team.ranks, whole);
  lore_exchange_layout(&t->exchange, &t->arena, t->shards, c->reduction, &t->pieces, &t->sum);
  t->gradient = t->worker ? t->sum.left.block[0].sum : NULL;
  for (int w = 0; w < t->threads; w++) {
    lore_worker counting, *worker = t->worker ? &t->worker[w] : &counting;
    worker->trainer = t;
    worker->index = w;
    worker->workspace = lore_workspace_layout(&t->arena, t->model, c->shard * longest, c->shard,
                                              LORE_FORWARD_BACKWARD);
    if (lore_patch_wanted(&c->patch))
      worker->patterns = lore_workspace_layout(&t->arena, t->model, c->shard * longest, c->shard,
                                               LORE_FORWARD_ONLY);
    lore_batch_layout(&worker->batch, &t->arena, c->shard, longest);
  }
}

static lore_trainer describe_trainer(const lore_model *model, const lore_train_config *config,
                                     lore_team team, int threads) {
  lore_trainer t = {
      .model = model, .config = *config, .team = team, .shards = config->batch / config->shard};
  assert(model->config.layers + 3 <= RANGES_MAX && team.ranks <= t.shards);
  t.ranges = lore_decoder_ranges(model, t.bound);
  lore_sum_share(t.shards, team.rank, team.ranks, &t.first_shard, &t.last_shard);
  t.threads = used_threads(t.last_shard - t.first_shard, threads);
  return t;
}

size_t lore_trainer_bytes(const lore_model *model, const lore_train_config *config, int longest,
                          lore_team team, int threads) {
  lore_trainer t = describe_trainer(model, config, team, threads);
  layout_trainer(&t, longest);
  return lore_arena_mapped(t.arena.used);
}

/* Without communication; `t` is described. */
static lore_status allocate_trainer(lore_trainer *t, size_t bytes, int longest, uint64_t seed) {
  LORE_TRY(lore_arena_create(&t->arena, bytes));
  lore_arena_touch(&t->arena, t->threads);
  layout_trainer(t, longest);
  lore_model_initialise(t->model, seed, t->parameters);
  return LORE_OK;
}

lore_status lore_trainer_create(const lore_model *model, const lore_train_config *config,
                                lore_batch_source source, int longest, lore_team team, int threads,
                                uint64_t seed, lore_trainer **out) {
  assert(config->batch % config->shard == 0 && threads >= 1);
  lore_status status = LORE_OK;
  lore_trainer *t = malloc(sizeof *t);
  if (t) {
    *t = describe_trainer(model, config, team, threads);
    t->source = source;
    t->exchange.comm = MPI_COMM_NULL;
    status = allocate_trainer(t, lore_trainer_bytes(model, config, longest, team, threads), longest,
                              seed);
  } else {
    status = lore_fail(LORE_MEMORY, "cannot allocate a trainer");
  }
  status = lore_team_agree(team, status);
  if (status == LORE_OK)
    status = lore_exchange_open(&t->exchange, team.comm);
  if (status != LORE_OK) {
    lore_trainer_destroy(t);
    return status;
  }
  *out = t;
  return LORE_OK;
}

void lore_trainer_destroy(lore_trainer *trainer) {
  if (!trainer)
    return;
  lore_exchange_close(&trainer->exchange);
  if (!lore_mpi_failed()) /* else messages under way may still write into it */
    lore_arena_destroy(&trainer->arena);
  free(trainer);
}

/* What a worker does whenever the decoder has finished a range of a gradient. */
static void on_range_ready(void *context, int range) {
  lore_worker *worker = context;
  lore_trainer *t = worker->trainer;
  if (range >= 0)
    lore_sum_add(&t->sum, worker->index, worker->shard, range);
  bool complete;
  if (worker->index == 0 && t->team.ranks > 1) /* a failure is met again in finish_exchange */
    (void)lore_exchange_poll(&t->exchange, &complete);
}

static void compute_shards(lore_trainer *t, int w, int64_t step) {
  lore_worker *worker = &t->worker[w];
  const lore_sum_worker *share = &t->sum.worker[w];
  const lore_gradient_watch watch = {on_range_ready, worker};
  bool patched = lore_patch_active(&t->config.patch, step, t->config.steps);
  lore_workspace_patch(worker->workspace, patched ? worker->patterns : NULL);
  for (int64_t shard = share->first_shard; shard < share->last_shard; shard++) {
    lore_batch_clear(&worker->batch);
    t->source.fill(t->source.context, &worker->batch, (uint64_t)step, shard * t->config.shard,
                   t->config.shard);
    worker->shard = shard;
    if (patched)
      lore_decoder_attend(t->model, t->reference, &worker->batch, worker->patterns);
    t->report[2 * shard] =
        lore_decoder_train(t->model, t->parameters, &worker->batch, 1.0, worker->workspace,
                           t->sum.shard[shard - t->first_shard].gradient, &watch);
    t->report[2 * shard + 1] = worker->batch.tokens;
  }
}

/* By the thread that may use MPI, after its shards. *seconds: that the step waits only because
 * ranks exchange gradients. */
static lore_status finish_exchange(lore_trainer *t, double *seconds) {
  double begin = -1;
  bool complete = false;
  LORE_TRY(lore_exchange_poll(&t->exchange, &complete));
  while (!complete) {
    if (begin < 0 && lore_sum_done(&t->sum, t->ranges - 1))
      begin = lore_clock_seconds();
    sched_yield(); /* to threads that still compute, or to other ranks on the same processor */
    LORE_TRY(lore_exchange_poll(&t->exchange, &complete));
  }
  for (int r = 0; r < t->pieces.ranges; r++) {
    int64_t from, count = lore_pieces_owned(&t->pieces, r, t->team.rank, &from);
    const real *sum = lore_exchange_sum(&t->exchange, r);
    if (sum != t->gradient + from)
      memcpy(t->gradient + from, sum, sizeof(real) * (size_t)count);
  }
  LORE_TRY(lore_exchange_copy(&t->exchange, t->gradient));
  do {
    LORE_TRY(lore_exchange_poll(&t->exchange, &complete));
    sched_yield();
  } while (!complete);
  LORE_TRY(lore_exchange_add(&t->exchange, (int)report_length(t), t->report));
  *seconds = begin < 0 ? 0 : lore_clock_seconds() - begin;
  return LORE_OK;
}

static double square_slice(const lore_trainer *t, int64_t slice) {
  int64_t at = slice * SLICE, count = t->model->elements - at;
  real lane[16] = {0}; /* fixed lanes: the same bits at any vector width */
  double square = 0;
  count = count < SLICE ? count : SLICE;
  for (int64_t i = 0; i < count; i += 16)
    for (int j = 0; j < 16; j++)
      lane[j] += t->gradient[at + i + j] * t->gradient[at + i + j];
  for (int j = 0; j < 16; j++)
    square += (double)lane[j];
  return square;
}

/* Updates the part of each tensor that lies in elements [first, last). */
static void update_elements(lore_trainer *t, int64_t step, double gradient_scale, int64_t first,
                            int64_t last) {
  double rate = lore_learning_rate(&t->config, step);
  bool patched = lore_patch_active(&t->config.patch, step, t->config.steps);
  int64_t update = step + 1 - (patched ? t->config.patch.start : 0); /* since moments were zero */
  for (int i = 0; i < t->model->tensors; i++) {
    const lore_tensor *tensor = &t->model->tensor[i];
    int64_t end = tensor->offset + lore_tensor_size(tensor);
    int64_t from = first > tensor->offset ? first : tensor->offset, to = last < end ? last : end;
    if (from < to)
      lore_adamw_update(&t->config, update, rate,
                        tensor->row->kind == LORE_WEIGHT ? t->config.weight_decay : 0,
                        gradient_scale, to - from, t->gradient + from, t->parameters + from,
                        t->first_moment + from, t->second_moment + from);
  }
}

static lore_step summarise_step(const lore_trainer *t) {
  lore_step result = {.votes = (int)t->report[2 * t->shards]};
  double square = 0;
  for (int s = 0; s < t->shards; s++) {
    result.loss += t->report[2 * s];
    result.tokens += (int64_t)t->report[2 * s + 1];
  }
  for (int64_t s = 0; s < count_slices(t->model); s++)
    square += t->slice_square[s];
  result.loss /= (double)result.tokens;
  result.gradient_norm = sqrt(square) / (double)result.tokens;
  return result;
}

/* What each thread of a team does, or one thread without a team. Thread 0 computes the first
 * worker's shards: it alone may use MPI, and all threads leave with its *status. */
static void make_step(lore_trainer *t, int64_t step, double *exchange_seconds, lore_step *result,
                      lore_status *status) {
  int64_t count = count_slices(t->model);
#pragma omp for schedule(static, 1)
  for (int w = 0; w < t->threads; w++) {
    compute_shards(t, w, step);
    if (w == 0)
      *status = finish_exchange(t, exchange_seconds);
  }
  if (*status != LORE_OK)
    return;
#pragma omp for schedule(static)
  for (int64_t s = 0; s < count; s++)
    t->slice_square[s] = square_slice(t, s);
#pragma omp single
  *result = summarise_step(t);
  double clip = t->config.clip;
  double scale = clip > 0 && result->gradient_norm > clip ? clip / result->gradient_norm : 1;
#pragma omp for schedule(static)
  for (int64_t s = 0; s < count; s++)
    update_elements(t, step, scale / (double)result->tokens, s * SLICE, (s + 1) * SLICE);
}

/* Where patching begins, the optimiser begins again. */
static void reset_moments(lore_trainer *t) {
  memset(t->first_moment, 0, sizeof(real) * (size_t)t->model->elements);
  memset(t->second_moment, 0, sizeof(real) * (size_t)t->model->elements);
}

lore_status lore_trainer_step(lore_trainer *t, int64_t step, lore_step *result) {
  double exchange_seconds = 0;
  lore_status status = LORE_OK;
  memset(t->report, 0, sizeof *t->report * report_length(t));
  t->report[2 * t->shards] = t->vote;
  if (lore_patch_active(&t->config.patch, step, t->config.steps) && step == t->config.patch.start)
    reset_moments(t);
  lore_sum_begin(&t->sum);
  lore_exchange_begin(&t->exchange);
  if (t->threads > 1) {
#pragma omp parallel num_threads(t->threads)
    make_step(t, step, &exchange_seconds, result, &status);
  } else {
    /* libgomp allocates for every team of one */
    make_step(t, step, &exchange_seconds, result, &status);
  }
  result->exchange_seconds = exchange_seconds;
  return status;
}

void lore_trainer_vote(lore_trainer *trainer) {
  trainer->vote = 1;
}

lore_training_state lore_trainer_state(lore_trainer *trainer) {
  return (lore_training_state){trainer->parameters, trainer->first_moment, trainer->second_moment};
}

real *lore_trainer_parameters(lore_trainer *trainer) {
  return trainer->parameters;
}

real *lore_trainer_reference(lore_trainer *trainer) {
  return trainer->reference;
}

const real *lore_trainer_gradient(const lore_trainer *trainer) {
  return trainer->gradient;
}
