/* The training step of one replica: shards, sums over crews and ranks, update. */
#include "lore/train/trainer.h"

#include <assert.h>
#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "crews.h"
#include "exchange.h"
#include "lore/base/arena.h"
#include "lore/base/clock.h"
#include "lore/base/mpi.h"
#include "lore/model/decoder.h"
#include "lore/model/gemm.h"
#include "lore/train/optimizer.h"
#include "moments.h"
#include "muon.h"

/* A thread: member `index` % members of crew `index` / members. */
typedef struct {
  lore_trainer *trainer;
  int index, crew;
  bool leads;                           /* its crew: fills batches */
  lore_workspace *workspace, *patterns; /* of the reference, or NULL */
  lore_batch *batch;                    /* its crew's */
  int64_t shard;                        /* that it computes now */
} lore_worker;

struct lore_trainer {
  const lore_model *model;
  lore_train_config config;
  lore_batch_source source;
  lore_team team;
  int threads, shards;
  lore_crews crews;
  int64_t first_shard, last_shard; /* of this rank */
  int ranges;
  int64_t bound[LORE_RANGES_MAX];
  lore_arena arena;
  real *parameters;
  real *reference;     /* parameters whose attention is used, or NULL */
  lore_worker *worker; /* `threads` entries */
  lore_batch *batch;   /* one for each crew */
  lore_sum sum;
  lore_pieces pieces;
  lore_exchange exchange;
  lore_moments moments;
  lore_muon muon;
  double *report;       /* per shard loss and tokens, then the votes: added over ranks */
  double *slice_square; /* sum of squares of each slice of the gradient, behind the votes */
  int vote;
  bool summing;  /* the exchange is at this step's gradient, no more at parameters */
  double waited; /* s in this step, for other ranks */
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
  return (model->elements + LORE_SLICE - 1) / LORE_SLICE;
}

static size_t report_length(const lore_trainer *t) {
  return 2 * (size_t)t->shards + 1 + (size_t)count_slices(t->model);
}

/* Squares of slices that every rank has computed are not added. */
static size_t added_length(const lore_trainer *t) {
  return t->pieces.whole ? 2 * (size_t)t->shards + 1 : report_length(t);
}

static void layout_crew(lore_trainer *t, int crew, int longest) {
  const lore_train_config *c = &t->config;
  int members = t->crews.members, tokens = c->shard * longest;
  lore_batch counting, *batch = t->batch ? &t->batch[crew] : &counting;
  lore_workspace *patterns = NULL;
  lore_workspace *workspace = lore_workspace_layout_crew(&t->arena, t->model, tokens, c->shard,
                                                         LORE_FORWARD_BACKWARD, members);
  if (lore_patch_wanted(&c->patch))
    patterns = lore_workspace_layout_crew(&t->arena, t->model, tokens, c->shard, LORE_FORWARD_ONLY,
                                          members);
  lore_batch_layout(batch, &t->arena, c->shard, longest);
  for (int m = 0; m < members && workspace; m++)
    t->worker[crew * members + m] =
        (lore_worker){.trainer = t,
                      .index = crew * members + m,
                      .crew = crew,
                      .leads = m == 0,
                      .workspace = lore_workspace_member(workspace, m),
                      .patterns = patterns ? lore_workspace_member(patterns, m) : NULL,
                      .batch = batch};
}

/* Runs over a counting arena first, then over the real one. */
static void layout_trainer(lore_trainer *t, int longest) {
  const lore_train_config *c = &t->config;
  size_t elements = (size_t)t->model->elements, threads = (size_t)t->threads;
  bool whole = t->team.ranks == 1 || c->reduction == LORE_REDUCTION_MPI;
  t->parameters = lore_arena_take(&t->arena, elements, sizeof(real));
  t->reference =
      lore_patch_wanted(&c->patch) ? lore_arena_take(&t->arena, elements, sizeof(real)) : NULL;
  t->worker = lore_arena_take(&t->arena, threads, sizeof *t->worker);
  t->batch = lore_arena_take(&t->arena, (size_t)t->crews.crews, sizeof *t->batch);
  t->report = lore_arena_take(&t->arena, report_length(t), sizeof *t->report);
  t->slice_square = t->report ? t->report + 2 * t->shards + 1 : NULL;
  lore_sum_layout(&t->sum, &t->arena, t->first_shard, t->last_shard, t->crews.crews,
                  t->crews.members, t->model->elements, t->ranges, t->bound, whole);
  lore_pieces_plan(&t->pieces, t->ranges, t->bound, t->team.rank, t->team.ranks, whole);
  lore_exchange_layout(&t->exchange, &t->arena, t->shards, c->reduction, &t->pieces, &t->sum);
  lore_moments_layout(&t->moments, &t->arena, &t->pieces);
  if (c->optimizer == LORE_OPTIMIZER_MUON)
    lore_muon_layout(&t->muon, &t->arena, t->model, &t->pieces, t->threads);
  for (int crew = 0; crew < t->crews.crews; crew++)
    layout_crew(t, crew, longest);
}

static lore_trainer describe_trainer(const lore_model *model, const lore_train_config *config,
                                     lore_team team, int threads, lore_gemm_backend backend) {
  lore_trainer t = {
      .model = model, .config = *config, .team = team, .shards = config->batch / config->shard};
  assert(model->config.layers + 3 <= LORE_RANGES_MAX && team.ranks <= t.shards);
  t.ranges = lore_decoder_ranges(model, t.bound);
  lore_sum_share(t.shards, team.rank, team.ranks, &t.first_shard, &t.last_shard);
  t.crews = lore_crews_plan(t.last_shard - t.first_shard, config->shard, threads,
                            lore_gemm_divides(model->config.precision, backend));
  t.threads = t.crews.crews * t.crews.members;
  return t;
}

size_t lore_trainer_bytes(const lore_model *model, const lore_train_config *config, int longest,
                          lore_team team, int threads, lore_gemm_backend backend) {
  if (lore_gemm_for(model->config.precision, backend) == LORE_GEMM_AUTO) {
    size_t own = lore_trainer_bytes(model, config, longest, team, threads, LORE_GEMM_BUILTIN),
           library = lore_trainer_bytes(model, config, longest, team, threads, LORE_GEMM_CBLAS);
    return own > library ? own : library;
  }
  lore_trainer t = describe_trainer(model, config, team, threads, backend);
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
  const lore_gemm_backend backend = lore_gemm_selected();
  lore_status status = LORE_OK;
  lore_trainer *t = malloc(sizeof *t);
  if (t) {
    *t = describe_trainer(model, config, team, threads, backend);
    t->source = source;
    t->exchange.comm = MPI_COMM_NULL;
    status = allocate_trainer(t, lore_trainer_bytes(model, config, longest, team, threads, backend),
                              longest, seed);
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
  t->moments.comm = t->muon.comm = t->exchange.comm;
  *out = t;
  return LORE_OK;
}

void lore_trainer_destroy(lore_trainer *trainer) {
  if (!trainer)
    return;
  if (trainer->exchange.comm != MPI_COMM_NULL)
    (void)lore_trainer_wait(trainer);
  lore_exchange_close(&trainer->exchange);
  if (!lore_mpi_failed()) /* else messages under way may still write into it */
    lore_arena_destroy(&trainer->arena);
  free(trainer);
}

/* By the thread that may use MPI. What fails here fails again at the end of the step. */
static lore_status poll_exchange(lore_trainer *t, bool *complete) {
  if (!t->summing && lore_exchange_has(&t->exchange, 0)) {
    lore_exchange_begin(&t->exchange);
    t->summing = true;
  }
  return lore_exchange_poll(&t->exchange, complete);
}

/* What a worker does before it reads parameters of a range. */
static void on_range_needed(void *context, int range) {
  lore_worker *worker = context;
  lore_trainer *t = worker->trainer;
  int wanted = t->pieces.holding[range];
  bool complete;
  double begin = -1;
  while (!lore_exchange_has(&t->exchange, wanted)) {
    if (worker->index > 0) {
      sched_yield();
      continue;
    }
    begin = begin < 0 ? lore_clock_seconds() : begin;
    (void)poll_exchange(t, &complete);
    sched_yield();
  }
  if (begin >= 0)
    t->waited += lore_clock_seconds() - begin;
}

/* What a worker does whenever the decoder has finished a range of a gradient. One that computes in
 * place of its whole crew sees to all parts of it. */
static void on_range_ready(void *context, int range, int member, int members) {
  lore_worker *worker = context;
  lore_trainer *t = worker->trainer;
  if (range >= 0)
    lore_sum_add(&t->sum, worker->crew, worker->shard, range, member,
                 members < t->crews.members ? t->crews.members : member + 1);
  bool complete;
  if (worker->index == 0 && t->team.ranks > 1)
    (void)poll_exchange(t, &complete);
}

/* By the worker that leads, before the others of its crew can begin. */
static void fill_batch(lore_trainer *t, const lore_worker *worker, int64_t step) {
  lore_batch_clear(worker->batch);
  t->source.fill(t->source.context, worker->batch, (uint64_t)step, worker->shard * t->config.shard,
                 t->config.shard);
  t->report[2 * worker->shard + 1] = worker->batch->tokens;
}

static void compute_shards(lore_trainer *t, lore_worker *worker, int64_t step) {
  const lore_sum_worker *share = &t->sum.worker[worker->crew];
  const lore_train_watch watch = {on_range_needed, on_range_ready, worker};
  bool patched = lore_patch_active(&t->config.patch, step, t->config.steps);
  lore_workspace_patch(worker->workspace, patched ? worker->patterns : NULL);
  for (int64_t shard = share->first_shard; shard < share->last_shard; shard++) {
    worker->shard = shard;
    if (worker->leads)
      fill_batch(t, worker, step);
    if (patched)
      lore_decoder_attend(t->model, t->reference, worker->batch, worker->patterns);
    double loss = lore_decoder_train(t->model, t->parameters, worker->batch, 1.0, worker->workspace,
                                     t->sum.shard[shard - t->first_shard].gradient, &watch);
    if (worker->leads)
      t->report[2 * shard] = loss;
  }
}

/* By the thread that may use MPI, after its shards. The step waits for other ranks from when all
 * threads of this one have finished. */
static lore_status finish_sums(lore_trainer *t) {
  double begin = -1;
  bool complete = false;
  LORE_TRY(poll_exchange(t, &complete));
  while (!complete) {
    if (begin < 0 && lore_sum_done(&t->sum, t->ranges - 1))
      begin = lore_clock_seconds();
    sched_yield(); /* to threads that still compute, or to other ranks on the same processor */
    LORE_TRY(poll_exchange(t, &complete));
  }
  if (begin >= 0)
    t->waited += lore_clock_seconds() - begin;
  return LORE_OK;
}

static void square_slice(lore_trainer *t, int64_t own) {
  const lore_slice slice = lore_pieces_slice(&t->pieces, own);
  const real *gradient =
      lore_exchange_sum(&t->exchange, slice.range) + (slice.from - t->pieces.own_from[slice.range]);
  real lane[16] = {0}; /* fixed lanes: the same bits at any vector width */
  double square = 0;
  for (int64_t i = 0; i < slice.count; i += 16)
    for (int j = 0; j < 16; j++)
      lane[j] += gradient[i + j] * gradient[i + j];
  for (int j = 0; j < 16; j++)
    square += (double)lane[j];
  t->slice_square[slice.from / LORE_SLICE] = square;
}

static bool by_muon(const lore_trainer *t, int tensor) {
  return t->muon.tensors > 0 && t->muon.number[tensor] >= 0;
}

/* The part of tensor `i` that lies in the slice: its elements, and the first of them. */
static int64_t part_in_slice(const lore_trainer *t, const lore_slice *slice, int i, int64_t *from) {
  const lore_tensor *tensor = &t->model->tensor[i];
  int64_t end = tensor->offset + lore_tensor_size(tensor), to = slice->from + slice->count;
  *from = slice->from > tensor->offset ? slice->from : tensor->offset;
  to = to < end ? to : end;
  return to > *from ? to - *from : 0;
}

/* Updates the part of each tensor that lies in the slice; of matrices that Muon takes, finds the
 * direction. */
static void update_slice(lore_trainer *t, int64_t step, double gradient_scale, int64_t own) {
  const lore_slice slice = lore_pieces_slice(&t->pieces, own);
  const real *gradient =
      lore_exchange_sum(&t->exchange, slice.range) + (slice.from - t->pieces.own_from[slice.range]);
  double rate = lore_learning_rate(&t->config, step);
  bool patched = lore_patch_active(&t->config.patch, step, t->config.steps);
  int64_t update = step + 1 - (patched ? t->config.patch.start : 0); /* since moments were zero */
  for (int i = 0; i < t->model->tensors; i++) {
    int64_t from, count = part_in_slice(t, &slice, i, &from);
    int64_t before = from - slice.from, at = slice.before + before;
    double decay = t->model->tensor[i].row->kind == LORE_WEIGHT ? t->config.weight_decay : 0;
    if (count > 0 && by_muon(t, i))
      lore_muon_direction(t->config.momentum, gradient_scale, count, gradient + before,
                          t->moments.vector[0] + at,
                          lore_muon_place(&t->muon, i, slice.range, from));
    else if (count > 0)
      lore_optimizer_update(&t->config, update, rate, decay, gradient_scale, count,
                            gradient + before, t->parameters + from, t->moments.vector[0] + at,
                            t->moments.vector[1] + at);
  }
}

/* The part of matrices that Muon takes, whose orthogonal directions are there. */
static void turn_slice(lore_trainer *t, int64_t step, int64_t own) {
  const lore_slice slice = lore_pieces_slice(&t->pieces, own);
  double rate = lore_matrix_learning_rate(&t->config, step);
  const real keep = (real)fma(-rate, t->config.weight_decay, 1), by = (real)rate;
  for (int i = 0; i < t->model->tensors; i++) {
    int64_t from, count = part_in_slice(t, &slice, i, &from);
    if (count == 0 || !by_muon(t, i))
      continue;
    const real *direction = lore_muon_place(&t->muon, i, slice.range, from);
    for (int64_t j = 0; j < count; j++)
      t->parameters[from + j] = keep * t->parameters[from + j] - by * direction[j];
  }
}

/* By each thread of the team, after all directions. */
static void turn_matrices(lore_trainer *t, int64_t step, lore_status *status) {
#pragma omp master
  *status = lore_muon_gather(&t->muon);
#pragma omp barrier
  if (*status != LORE_OK)
    return;
  lore_muon_work(&t->muon, omp_get_thread_num());
#pragma omp barrier
#pragma omp master
  *status = lore_muon_scatter(&t->muon);
#pragma omp barrier
  if (*status != LORE_OK)
    return;
#pragma omp for schedule(static)
  for (int64_t s = 0; s < t->pieces.own_slices; s++)
    turn_slice(t, step, s);
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

/* By the thread that may use MPI. */
static lore_status add_reports(lore_trainer *t, lore_step *result) {
  double begin = lore_clock_seconds();
  LORE_TRY(lore_exchange_add(&t->exchange, (int)added_length(t), t->report));
  t->waited += lore_clock_seconds() - begin;
  *result = summarise_step(t);
  return LORE_OK;
}

/* What each thread of a team does, or one thread without a team. Thread 0 computes the first
 * worker's shards: it alone may use MPI, and all threads leave with its *status. Parameters are
 * still under way at the end, and waited for where the next step needs them. */
static void make_step(lore_trainer *t, int64_t step, lore_step *result, lore_status *status) {
#pragma omp for schedule(static, 1)
  for (int w = 0; w < t->threads; w++) {
    compute_shards(t, &t->worker[w], step);
    if (w == 0)
      *status = finish_sums(t);
  }
  if (*status != LORE_OK)
    return;
#pragma omp for schedule(static)
  for (int64_t s = 0; s < t->pieces.own_slices; s++)
    square_slice(t, s);
#pragma omp master
  *status = add_reports(t, result);
#pragma omp barrier
  if (*status != LORE_OK)
    return;
  double clip = t->config.clip;
  double scale = clip > 0 && result->gradient_norm > clip ? clip / result->gradient_norm : 1;
#pragma omp for schedule(static)
  for (int64_t s = 0; s < t->pieces.own_slices; s++)
    update_slice(t, step, scale / (double)result->tokens, s);
  if (t->muon.tensors > 0)
    turn_matrices(t, step, status);
#pragma omp master
  *status = *status == LORE_OK ? lore_exchange_copy(&t->exchange, t->parameters) : *status;
}

lore_status lore_trainer_step(lore_trainer *t, int64_t step, lore_step *result) {
  lore_status status = LORE_OK;
  memset(t->report, 0, sizeof *t->report * report_length(t));
  t->report[2 * t->shards] = t->vote;
  if (lore_patch_active(&t->config.patch, step, t->config.steps) && step == t->config.patch.start)
    lore_moments_reset(&t->moments); /* where patching begins, the optimiser begins again */
  lore_sum_begin(&t->sum);
  t->summing = false;
  t->waited = 0;
  if (t->threads > 1) {
#pragma omp parallel num_threads(t->threads)
    make_step(t, step, result, &status);
  } else {
    /* libgomp allocates for every team of one */
    make_step(t, step, result, &status);
  }
  result->exchange_seconds = t->waited;
  return status;
}

lore_status lore_trainer_wait(lore_trainer *t) {
  bool complete;
  while (!lore_exchange_has(&t->exchange, 0)) {
    LORE_TRY(lore_exchange_poll(&t->exchange, &complete));
    sched_yield();
  }
  return lore_mpi_failed() ? LORE_MPI : LORE_OK;
}

void lore_trainer_vote(lore_trainer *trainer) {
  trainer->vote = 1;
}

lore_training_state lore_trainer_state(lore_trainer *trainer) {
  return (lore_training_state){trainer->parameters, lore_moments_elements(&trainer->moments, 0),
                               lore_moments_elements(&trainer->moments, 1)};
}

lore_status lore_trainer_serve(lore_trainer *trainer) {
  return lore_moments_serve(&trainer->moments);
}

lore_status lore_trainer_dismiss(lore_trainer *trainer) {
  return lore_moments_dismiss(&trainer->moments);
}

real *lore_trainer_parameters(lore_trainer *trainer) {
  return trainer->parameters;
}

real *lore_trainer_reference(lore_trainer *trainer) {
  return trainer->reference;
}

const real *lore_trainer_gradient(const lore_trainer *trainer) {
  assert(trainer->pieces.whole);
  return trainer->sum.left.block[0].sum;
}
