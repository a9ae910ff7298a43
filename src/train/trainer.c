/* The training step of one replica on one rank. */
#include "lore/trainer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lore/arena.h"
#include "lore/decoder.h"
#include "reduction.h"

enum {
  SLICE = 4096,        /* elements that the update pass keeps in cache */
  ADDITIONS_MAX = 1024 /* of the merge of all workers' blocks */
};

typedef struct {
  int64_t first_shard, last_shard; /* [first, last) */
  lore_workspace *workspace;
  lore_batch batch;
  int buffers_free;
  real *buffer[LORE_BLOCKS_MAX]; /* gradient buffers that hold nothing now */
} lore_worker;

struct lore_trainer {
  const lore_model *model;
  lore_train_config config;
  lore_source source;
  int threads, shards;
  lore_arena arena;
  real *parameters, *first_moment, *second_moment;
  lore_worker *worker;     /* `threads` entries */
  lore_blocks *blocks;     /* `threads` entries */
  double *shard_loss;      /* `shards` entries */
  int64_t *shard_tokens;   /* `shards` entries */
  double *slice_square;    /* sum of squares of each slice of the gradient */
  lore_addition *addition; /* ADDITIONS_MAX entries */
  int additions;
  real *gradient; /* where the sum of the last step is */
};

static void fill_from_population(const void *context, lore_batch *batch, uint64_t step,
                                 int64_t first, int count) {
  const lore_population_source *source = context;
  lore_batch_training(batch, source->population, &source->distribution, step, first, count);
}

lore_source lore_source_of_population(const lore_population_source *population) {
  return (lore_source){fill_from_population, population};
}

static int64_t slices(const lore_model *model) {
  return (model->elements + SLICE - 1) / SLICE;
}

static int used_threads(const lore_train_config *config, int threads) {
  int shards = config->batch / config->shard;
  return threads < shards ? threads : shards;
}

static void layout_worker(lore_trainer *t, int w, lore_worker *worker, int longest) {
  const lore_train_config *c = &t->config;
  worker->first_shard = (int64_t)t->shards * w / t->threads;
  worker->last_shard = (int64_t)t->shards * (w + 1) / t->threads;
  worker->workspace = lore_workspace_layout(&t->arena, t->model, c->shard * longest, c->shard,
                                            LORE_FORWARD_BACKWARD);
  lore_batch_layout(&worker->batch, &t->arena, c->shard, longest);
  worker->buffers_free = lore_blocks_needed(worker->first_shard, worker->last_shard);
  for (int b = 0; b < worker->buffers_free; b++)
    worker->buffer[b] = lore_arena_take(&t->arena, (size_t)t->model->elements, sizeof(real));
}

/* Runs over a counting arena first, then over the real one. */
static void layout(lore_trainer *t, int longest) {
  size_t elements = (size_t)t->model->elements, threads = (size_t)t->threads;
  t->parameters = lore_arena_take(&t->arena, elements, sizeof(real));
  t->first_moment = lore_arena_take(&t->arena, elements, sizeof(real));
  t->second_moment = lore_arena_take(&t->arena, elements, sizeof(real));
  t->worker = lore_arena_take(&t->arena, threads, sizeof *t->worker);
  t->blocks = lore_arena_take(&t->arena, threads, sizeof *t->blocks);
  t->shard_loss = lore_arena_take(&t->arena, (size_t)t->shards, sizeof *t->shard_loss);
  t->shard_tokens = lore_arena_take(&t->arena, (size_t)t->shards, sizeof *t->shard_tokens);
  t->slice_square = lore_arena_take(&t->arena, (size_t)slices(t->model), sizeof *t->slice_square);
  t->addition = lore_arena_take(&t->arena, ADDITIONS_MAX, sizeof *t->addition);
  for (int w = 0; w < t->threads; w++) {
    lore_worker counting;
    layout_worker(t, w, t->worker ? &t->worker[w] : &counting, longest);
  }
}

static lore_trainer describe(const lore_model *model, const lore_train_config *config,
                             int threads) {
  return (lore_trainer){.model = model,
                        .config = *config,
                        .threads = used_threads(config, threads),
                        .shards = config->batch / config->shard};
}

size_t lore_trainer_bytes(const lore_model *model, const lore_train_config *config, int longest,
                          int threads) {
  lore_trainer t = describe(model, config, threads);
  layout(&t, longest);
  return lore_arena_mapped(t.arena.used);
}

lore_status lore_trainer_create(const lore_model *model, const lore_train_config *config,
                                lore_source source, int longest, int threads, uint64_t seed,
                                lore_trainer **out) {
  assert(config->batch % config->shard == 0 && threads >= 1);
  lore_trainer *t = malloc(sizeof *t);
  if (!t)
    return lore_fail(LORE_MEMORY, "no memory for a trainer");
  *t = describe(model, config, threads);
  t->source = source;
  lore_status status =
      lore_arena_create(&t->arena, lore_trainer_bytes(model, config, longest, threads));
  if (status != LORE_OK) {
    free(t);
    return status;
  }
  lore_arena_touch(&t->arena, t->threads);
  layout(t, longest);
  lore_model_initialise(model, seed, t->parameters);
  *out = t;
  return LORE_OK;
}

void lore_trainer_destroy(lore_trainer *trainer) {
  if (!trainer)
    return;
  lore_arena_destroy(&trainer->arena);
  free(trainer);
}

static void release_buffer(void *context, real *buffer) {
  lore_worker *worker = context;
  worker->buffer[worker->buffers_free++] = buffer;
}

static void compute_shards(lore_trainer *t, int w, int64_t step) {
  lore_worker *worker = &t->worker[w];
  t->blocks[w].count = 0;
  for (int64_t shard = worker->first_shard; shard < worker->last_shard; shard++) {
    lore_batch_clear(&worker->batch);
    t->source.fill(t->source.context, &worker->batch, (uint64_t)step, shard * t->config.shard,
                   t->config.shard);
    real *gradient = worker->buffer[--worker->buffers_free];
    t->shard_loss[shard] = lore_decoder_train(t->model, t->parameters, &worker->batch, 1.0,
                                              worker->workspace, gradient);
    t->shard_tokens[shard] = worker->batch.tokens;
    lore_blocks_push(&t->blocks[w], shard, gradient, t->model->elements, release_buffer, worker);
  }
}

/* Makes the additions of the merge on slices [first, last) and their sums of squares. */
static void merge_slices(lore_trainer *t, int64_t first, int64_t last) {
  for (int64_t s = first; s < last; s++) {
    int64_t at = s * SLICE, count = t->model->elements - at;
    count = count < SLICE ? count : SLICE;
    for (int a = 0; a < t->additions; a++)
      lore_add(count, t->addition[a].from + at, t->addition[a].to + at);
    real lane[16] = {0}; /* fixed lanes: the same bits at any vector width */
    for (int64_t i = 0; i < count; i += 16)
      for (int j = 0; j < 16; j++)
        lane[j] += t->gradient[at + i + j] * t->gradient[at + i + j];
    double square = 0;
    for (int j = 0; j < 16; j++)
      square += (double)lane[j];
    t->slice_square[s] = square;
  }
}

/* Updates the part of each tensor that lies in elements [first, last). */
static void update_elements(lore_trainer *t, int64_t step, double gradient_scale, int64_t first,
                            int64_t last) {
  double rate = lore_learning_rate(&t->config, step);
  for (int i = 0; i < t->model->tensors; i++) {
    const lore_tensor *tensor = &t->model->tensor[i];
    int64_t end = tensor->offset + (int64_t)tensor->rows * tensor->columns;
    int64_t from = first > tensor->offset ? first : tensor->offset, to = last < end ? last : end;
    if (from < to)
      lore_adamw_update(&t->config, step + 1, rate,
                        tensor->kind == LORE_WEIGHT ? t->config.weight_decay : 0, gradient_scale,
                        to - from, t->gradient + from, t->parameters + from, t->first_moment + from,
                        t->second_moment + from);
  }
}

static lore_step summarise(const lore_trainer *t) {
  lore_step result = {0};
  double square = 0;
  for (int s = 0; s < t->shards; s++) {
    result.loss += t->shard_loss[s];
    result.tokens += t->shard_tokens[s];
  }
  for (int64_t s = 0; s < slices(t->model); s++)
    square += t->slice_square[s];
  result.loss /= (double)result.tokens;
  result.gradient_norm = sqrt(square) / (double)result.tokens;
  return result;
}

/* What each thread of a team does, or one thread without a team. */
static void make_step(lore_trainer *t, int64_t step, lore_step *result) {
  int64_t count = slices(t->model);
#pragma omp for schedule(static, 1)
  for (int w = 0; w < t->threads; w++)
    compute_shards(t, w, step);
#pragma omp single
  t->additions = lore_blocks_merge(t->threads, t->blocks, ADDITIONS_MAX, t->addition, &t->gradient);
#pragma omp for schedule(static)
  for (int64_t s = 0; s < count; s++)
    merge_slices(t, s, s + 1);
#pragma omp single
  *result = summarise(t);
  double clip = t->config.clip;
  double scale = clip > 0 && result->gradient_norm > clip ? clip / result->gradient_norm : 1;
#pragma omp for schedule(static)
  for (int64_t s = 0; s < count; s++)
    update_elements(t, step, scale / (double)result->tokens, s * SLICE, (s + 1) * SLICE);
}

lore_step lore_trainer_step(lore_trainer *t, int64_t step) {
  lore_step result;
  if (t->threads > 1) {
#pragma omp parallel num_threads(t->threads)
    make_step(t, step, &result);
  } else {
    make_step(t, step, &result); /* libgomp allocates for every team of one */
  }
  for (int w = 0; w < t->threads; w++) /* every buffer is free again, the sum's included */
    for (int b = 0; b < t->blocks[w].count; b++)
      release_buffer(&t->worker[w], t->blocks[w].block[b].sum);
  return result;
}

real *lore_trainer_parameters(lore_trainer *trainer) {
  return trainer->parameters;
}

const real *lore_trainer_gradient(const lore_trainer *trainer) {
  return trainer->gradient;
}
