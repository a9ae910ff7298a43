/* The decoder's shape and its parameters: one buffer, one table of named tensors (science.md
 * section 3). */
#ifndef LORE_MODEL_MODEL_H
#define LORE_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lore/base/enum.h"
#include "lore/base/real.h"
#include "lore/base/status.h"
#include "lore/model/gemm_shape.h"
#include "lore/model/mixer.h"
#include "lore/model/tensor.h"

/* X(value, its name in settings and checkpoints) */
#define LORE_NORM_LIST(X)                                                                          \
  X(LORE_NORM_RMS, "rms")                                                                          \
  X(LORE_NORM_LAYER, "layer")
#define LORE_POSITIONS_LIST(X)                                                                     \
  X(LORE_POSITIONS_ROTARY, "rotary")                                                               \
  X(LORE_POSITIONS_LEARNED, "learned")                                                             \
  X(LORE_POSITIONS_NONE, "none")
#define LORE_ACTIVATION_LIST(X)                                                                    \
  X(LORE_ACTIVATION_GELU, "gelu")                                                                  \
  X(LORE_ACTIVATION_RELU, "relu")

typedef enum { LORE_NORM_LIST(LORE_ENUM_VALUE) } lore_norm;
typedef enum { LORE_POSITIONS_LIST(LORE_ENUM_VALUE) } lore_positions;
typedef enum { LORE_ACTIVATION_LIST(LORE_ENUM_VALUE) } lore_activation;

const char *lore_norm_name(lore_norm norm);
const char *lore_positions_name(lore_positions positions);
const char *lore_activation_name(lore_activation activation);
const char *lore_precision_name(lore_precision precision);

/* The paper's sizes (section 2.1, appendix C), named after their parameters with its vocabulary of
 * 32,000 tokens. */
#define LORE_PRESET_LIST(X)                                                                        \
  X(LORE_PRESET_NONE, "none")                                                                      \
  X(LORE_PRESET_44M, "44M")                                                                        \
  X(LORE_PRESET_163M, "163M")                                                                      \
  X(LORE_PRESET_400M, "400M")

typedef enum { LORE_PRESET_LIST(LORE_ENUM_VALUE) } lore_model_preset;

typedef struct lore_model_config {
  lore_model_preset preset; /* what the shape was taken from; has no effect any longer */
  lore_mixer mixer;
  int layers;
  int width; /* d, a multiple of heads */
  int heads;
  int hidden;          /* MLP units */
  int recurrent_width; /* w, channels of the RG-LRU, a multiple of heads; 0 if the mixer has none */
  lore_norm norm;
  lore_positions positions;
  lore_activation activation;
  bool bias;                /* bias vectors in all linear maps (and in layer norm) */
  bool tied_embedding;      /* the head uses the embedding's weights */
  lore_precision precision; /* of the operands of linear maps and the head, in every pass */
  double rotary_base;
  double norm_epsilon;
  double initial_scale; /* standard deviation of initial weights; maps into the residual stream get
                           initial_scale / sqrt(2 * layers) (Radford et al. 2019) */
} lore_model_config;

enum { LORE_MIXER_TENSORS_MAX = 12 };

/* Which tensors a layer has: numbers into lore_model.tensor, -1 where the settings leave one out.
 */
typedef struct {
  int mixer_norm, mixer_norm_bias;
  int mixer[LORE_MIXER_TENSORS_MAX]; /* of the mixer, in an order that only its file knows */
  int output, output_bias;           /* from the mixer into the residual stream: its width x d */
  int mlp_norm, mlp_norm_bias;
  int up, up_bias;     /* d x hidden */
  int down, down_bias; /* hidden x d */
} lore_layer_tensors;

typedef struct lore_model {
  lore_model_config config;
  int vocabulary; /* V */
  int context;    /* longest sequence, in tokens */
  int tensors;
  lore_tensor *tensor;       /* `tensors` entries */
  lore_layer_tensors *layer; /* config.layers entries */
  int embedding;             /* V x d */
  int position_embedding;    /* context x d, or -1 */
  int final_norm, final_norm_bias;
  int head;           /* V x d; equals `embedding` when tied */
  int head_bias;      /* V, or -1 */
  int64_t parameters; /* sum of rows * columns */
  int64_t elements;   /* length of the buffer; gaps for alignment stay 0 */
} lore_model;

/* Lays out the tensors. No parameter memory is allocated. LORE_USER names a contradiction (for
 * example width not a multiple of heads, odd head size with rotary positions). */
lore_status lore_model_create(const lore_model_config *config, int vocabulary, int context,
                              lore_model **model);
void lore_model_destroy(lore_model *model);

/* Writes the initial parameters into `parameters` (model->elements reals) as the rows of the table
 * say. */
void lore_model_initialise(const lore_model *model, uint64_t seed, real *parameters);

/* Layers that have attention probabilities: all, or none. */
int lore_model_attention_layers(const lore_model *model);

/* Index of the tensor called `name`, or -1. */
int lore_model_find(const lore_model *model, const char *name);

/* Floating-point operations of forward plus backward for one token of a sequence of `length`
 * tokens, counted as in PaLM, appendix B: 6 (L (4 d^2 + 2 d H) + V d) + 6 L T d, as attention
 * is causal; with RG-LRU 6 (L (3 d w + 2 w^2 / heads + 2 d H) + V d), the matrix products. */
double lore_model_flops_per_token(const lore_model *model, double length);

#endif
