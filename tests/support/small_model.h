/* Small models, shards made by hand and workspaces, for the tests of the decoder. */
#ifndef LORE_TESTS_SMALL_MODEL_H
#define LORE_TESTS_SMALL_MODEL_H

#include <stdio.h>

#include "lore/data/vocabulary.h"
#include "lore/model/decoder.h"
#include "numbers.h"
#include "sanitized.h"

enum {
  SMALL_VOCABULARY = 37,
  SMALL_CONTEXT = 16,
  SMALL_ATTENTION = 48,
  SMALL_SETTINGS = 80,
  SMALL_NAME = 64
};

/* Every fifth combination has all pairs of choices; more would say nothing new of memory. */
enum { SMALL_EVERY = SANITIZED ? 5 : 1 };

/* Combination 0 .. SMALL_SETTINGS-1 of norm, positions, activation, bias and tied embedding; from
 * SMALL_ATTENTION on of an RG-LRU, which rotary positions do not suit. */
static inline lore_model_config small_config(int settings) {
  lore_model_config c = {.mixer = LORE_MIXER_ATTENTION,
                         .layers = 2,
                         .width = 12,
                         .heads = 3,
                         .hidden = 20,
                         .rotary_base = 50,
                         .norm_epsilon = 1e-5,
                         .initial_scale = 0.02};
  c.tied_embedding = settings % 2;
  c.bias = settings / 2 % 2;
  c.activation = settings / 4 % 2 ? LORE_ACTIVATION_RELU : LORE_ACTIVATION_GELU;
  c.norm = settings / 8 % 2 ? LORE_NORM_LAYER : LORE_NORM_RMS;
  c.positions = (lore_positions)(settings / 16);
  if (settings >= SMALL_ATTENTION) {
    c.mixer = LORE_MIXER_RG_LRU;
    c.recurrent_width = 18;
    c.positions = (lore_positions)(settings / 16 - 2);
  }
  return c;
}

static inline const char *small_text(const lore_model_config *c) {
  static const char *const norms[] = {"rms", "layer"};
  static const char *const positions[] = {"rotary", "learned", "none"};
  static const char *const activations[] = {"gelu", "relu"};
  static char text[SMALL_NAME];
  snprintf(text, sizeof text, "%s%s %s %s%s%s", c->mixer == LORE_MIXER_RG_LRU ? "rg_lru " : "",
           norms[c->norm], positions[c->positions], activations[c->activation],
           c->bias ? " bias" : "", c->tied_embedding ? " tied" : "");
  return text;
}

/* Tensor `name` ("attention/qkv") of a layer; NULL if the model has none. */
static inline const lore_tensor *small_tensor(const lore_model *model, int layer,
                                              const char *name) {
  char whole[LORE_TENSOR_NAME_MAX];
  snprintf(whole, sizeof whole, "layer_%d/%s", layer + 1, name);
  int index = lore_model_find(model, whole);
  return index < 0 ? NULL : &model->tensor[index];
}

/* Parameters of a trained kind: nothing near 0, gains about 1, decays about 0.98. */
static inline real *small_parameters(const lore_model *model, lore_random *stream,
                                     double deviation) {
  real *parameters = numbers_take((size_t)model->elements * sizeof *parameters);
  memset(parameters, 0, (size_t)model->elements * sizeof *parameters);
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *t = &model->tensor[i];
    double mean = t->row->kind == LORE_GAIN ? 1 : t->row->kind == LORE_DRAWN ? 4 : 0;
    for (int64_t j = 0; j < (int64_t)t->rows * t->columns; j++)
      parameters[t->offset + j] = (real)(mean + deviation * lore_random_normal(stream));
  }
  return parameters;
}

/* A shard of sequences of the given lengths; random tokens after the begin token. Only what the
 * decoder reads is there. */
static inline lore_batch small_shard(lore_random *stream, int sequences, const int *length,
                                     int vocabulary) {
  lore_batch shard = {.sequences = sequences, .sequences_capacity = sequences};
  shard.offset = numbers_take(sizeof *shard.offset * (size_t)(sequences + 1));
  shard.offset[0] = 0;
  for (int s = 0; s < sequences; s++)
    shard.offset[s + 1] = shard.offset[s] + length[s];
  shard.tokens = shard.tokens_capacity = shard.offset[sequences];
  shard.token = numbers_take(sizeof *shard.token * (size_t)shard.tokens);
  shard.target = numbers_take(sizeof *shard.target * (size_t)shard.tokens);
  for (int s = 0; s < sequences; s++)
    for (int t = shard.offset[s]; t < shard.offset[s + 1]; t++) {
      uint16_t next = (uint16_t)(1 + lore_random_below(stream, (uint32_t)vocabulary - 1));
      if (t == shard.offset[s])
        shard.token[t] = LORE_TOKEN_BEGIN;
      shard.target[t] = next;
      if (t + 1 < shard.offset[s + 1])
        shard.token[t + 1] = next;
    }
  return shard;
}

/* Sequences of `shard` in the order order[0 .. count-1], as a shard of their own. */
static inline lore_batch small_selection(const lore_batch *shard, int count, const int *order) {
  lore_batch part = {.sequences = count, .sequences_capacity = count};
  part.offset = numbers_take(sizeof *part.offset * (size_t)(count + 1));
  part.token = numbers_take(sizeof *part.token * (size_t)shard->tokens);
  part.target = numbers_take(sizeof *part.target * (size_t)shard->tokens);
  for (int s = 0; s < count; s++) {
    int from = shard->offset[order[s]], length = shard->offset[order[s] + 1] - from;
    part.offset[s] = part.tokens;
    memcpy(part.token + part.tokens, shard->token + from, sizeof *part.token * (size_t)length);
    memcpy(part.target + part.tokens, shard->target + from, sizeof *part.target * (size_t)length);
    part.tokens += length;
  }
  part.offset[count] = part.tokens;
  part.tokens_capacity = part.tokens;
  return part;
}

/* A workspace of exactly the bytes that the counting pass finds, which hold `fill` at first. */
static inline lore_workspace *small_workspace(const lore_model *model, int tokens, int sequences,
                                              lore_workspace_use use, int fill) {
  lore_arena arena = {0};
  assert_null(lore_workspace_layout(&arena, model, tokens, sequences, use));
  arena.capacity = arena.used;
  arena.used = 0;
  arena.base = numbers_take(arena.capacity);
  memset(arena.base, fill, arena.capacity);
  lore_workspace *workspace = lore_workspace_layout(&arena, model, tokens, sequences, use);
  assert_non_null(workspace);
  assert_int_equal(arena.used, arena.capacity);
  return workspace;
}

static inline lore_workspace *small_workspace_for(const lore_model *model,
                                                  const lore_batch *shard) {
  return small_workspace(model, shard->tokens, shard->sequences, LORE_FORWARD_BACKWARD, 0);
}

/* Scores of every position of a shard. */
typedef struct {
  int count;
  double *loss, *top, *entropy;
  unsigned char *correct;
} small_scores;

static inline small_scores small_score(const lore_model *model, const real *parameters,
                                       const lore_batch *shard, lore_workspace *workspace) {
  size_t count = (size_t)shard->tokens;
  small_scores s = {.count = shard->tokens,
                    .loss = numbers_zero(count),
                    .top = numbers_zero(count),
                    .entropy = numbers_zero(count),
                    .correct = numbers_take(count)};
  int32_t *position = numbers_take(count * sizeof *position);
  for (int t = 0; t < shard->tokens; t++)
    position[t] = t;
  lore_scores scores = {s.count, position, s.loss, s.correct, s.top, s.entropy};
  lore_decoder_score(model, parameters, shard, workspace, NULL, &scores);
  return s;
}

#endif
