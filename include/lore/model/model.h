/* The decoder's shape and its parameters: one buffer, one table of named tensors (science.md
 * section 3). */
#ifndef LORE_MODEL_MODEL_H
#define LORE_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lore/base/real.h"
#include "lore/base/status.h"

typedef enum { LORE_MIXER_ATTENTION, LORE_MIXER_RG_LRU } lore_mixer;
typedef enum { LORE_NORM_RMS, LORE_NORM_LAYER } lore_norm;
typedef enum { LORE_POSITIONS_ROTARY, LORE_POSITIONS_LEARNED, LORE_POSITIONS_NONE } lore_positions;
typedef enum { LORE_ACTIVATION_GELU, LORE_ACTIVATION_RELU } lore_activation;

/* The paper's sizes (section 2.1, appendix C), named after their parameters with its vocabulary of
 * 32,000 tokens. */
typedef enum {
  LORE_PRESET_NONE,
  LORE_PRESET_44M,
  LORE_PRESET_163M,
  LORE_PRESET_400M
} lore_model_preset;

typedef struct {
  lore_model_preset preset; /* what the shape was taken from; decides nothing any more */
  lore_mixer mixer;
  int layers;
  int width; /* d, a multiple of heads */
  int heads;
  int hidden;          /* MLP units */
  int recurrent_width; /* w, channels of the RG-LRU, a multiple of heads; not used by attention */
  lore_norm norm;
  lore_positions positions;
  lore_activation activation;
  bool bias;           /* bias vectors in all linear maps (and in layer norm) */
  bool tied_embedding; /* the head uses the embedding's weights */
  double rotary_base;
  double norm_epsilon;
  double initial_scale; /* standard deviation of initial weights; maps into the residual stream get
                           initial_scale / sqrt(2 * layers) (Radford et al. 2019) */
} lore_model_config;

enum { LORE_TENSOR_NAME_MAX = 48, LORE_CONVOLUTION_WIDTH = 4, LORE_RG_LRU_POWER = 8 };

/* Weights are drawn at random and decay; gains begin at 1 and biases at 0. Lambda is what the
 * RG-LRU forgets by. */
typedef enum { LORE_WEIGHT, LORE_GAIN, LORE_BIAS, LORE_LAMBDA } lore_tensor_kind;

/* A named matrix (rows x columns, row-major) or vector (rows == 1) inside the parameter buffer.
 * Linear maps are stored input x output: y = x W + b. */
typedef struct {
  char name[LORE_TENSOR_NAME_MAX]; /* "embedding", "layer_1/attention/qkv", ...: see
                                      doc/checkpoint.md */
  int64_t offset;                  /* elements from the start of the buffer, a multiple of 16 */
  int32_t rows, columns;
  lore_tensor_kind kind;
  int layer; /* 0 .. layers-1; -1 embedding side, `layers` head side */
} lore_tensor;

/* Where the tensors of one layer lie: indices into lore_model.tensor, -1 where the settings leave
 * one out. */
typedef struct {
  int mixer_norm, mixer_norm_bias;
  int qkv, qkv_bias; /* d x 3d: query, key, value side by side, heads contiguous inside each */
  int branches, branches_bias;               /* d x 2w: gating branch, recurrent branch */
  int convolution, convolution_bias;         /* 4 x w: row k weighs the token k places back */
  int recurrence_gate, recurrence_gate_bias; /* w x w/heads: the diagonal's blocks, stacked */
  int input_gate, input_gate_bias;           /* likewise */
  int lambda;                                /* w */
  int output, output_bias;                   /* d x d, or w x d */
  int mlp_norm, mlp_norm_bias;
  int up, up_bias;     /* d x hidden */
  int down, down_bias; /* hidden x d */
} lore_layer_tensors;

typedef struct {
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

/* Writes the initial parameters into `parameters` (model->elements reals): normal weights from
 * LORE_RANDOM_INITIALISATION, norm gains 1, biases 0. In an RG-LRU block, as De et al. (2024,
 * section 2.4): gates with deviation 1 / sqrt(inputs), and Lambda so that a^8 is uniform in [0.9,
 * 0.999]; the convolution with deviation 0.05, a choice of ours. */
void lore_model_initialise(const lore_model *model, uint64_t seed, real *parameters);

/* The recurrent width nearest to 4/3 of `width` that is a multiple of 16 and of `heads`: with it an
 * RG-LRU block has about as many parameters as attention (De et al. 2024, section 2). */
int lore_recurrent_width(int width, int heads);

/* Layers that have attention probabilities: all, or none. */
int lore_model_attention_layers(const lore_model *model);

/* Index of the tensor called `name`, or -1. */
int lore_model_find(const lore_model *model, const char *name);

/* Floating-point operations of forward plus backward for one token of a sequence of `length`
 * tokens, counted as in PaLM, appendix B: 6 (L (4 d^2 + 2 d H) + V d) + 6 L T d, as attention
 * is causal; with RG-LRU 6 (L (3 d w + 2 w^2 / heads + 2 d H) + V d), the matrix products. */
double lore_model_flops_per_token(const lore_model *model, double length);

#endif
