/* The parts of a workspace. T tokens of the shard, d width. */
#ifndef LORE_MODEL_WORKSPACE_PARTS_H
#define LORE_MODEL_WORKSPACE_PARTS_H

#include "lore/base/barrier.h"
#include "lore/model/kernels.h"
#include "lore/model/workspace.h"

enum { LORE_MIXER_STATES_MAX = 6, LORE_MIXER_TABLES_MAX = 2, LORE_MIXER_SCRATCH_MAX = 2 };

/* Activations of one layer that the backward pass reads. */
typedef struct lore_layer_state {
  real *x;                            /* T x d, residual stream on entry */
  real *normed;                       /* T x d, input of the mixer */
  real *mean, *scale;                 /* T */
  real *mixer[LORE_MIXER_STATES_MAX]; /* of the mixer, in an order that only its file knows */
  real *probability; /* of sequence s and head h: probability_at[s] + h * T_s * stride_s; NULL:
                        the mixer has none */
  real *mixed;       /* T x the mixer's width, its output before its linear map */
  real *x_middle;    /* T x d, residual stream between mixer and MLP */
  real *mlp_normed;  /* T x d */
  real *mlp_mean, *mlp_scale;
  real *up;        /* T x hidden */
  real *activated; /* T x hidden */
} lore_layer_state;

/* Of a crew, all but `member`, `patterns`, `sequences_used` and `scratch` are the same in each
 * member's. */
struct lore_workspace {
  lore_workspace_use use;
  int member, members;            /* number in the crew, and how many it has */
  lore_barrier *barrier;          /* of the crew */
  int tokens, sequences;          /* capacity */
  lore_layer_state *layer;        /* `layers` entries */
  const lore_workspace *patterns; /* whose attention this one uses; NULL: its own */
  int sequences_used;             /* of the shard that was computed last */
  int32_t *length;                /* per sequence */
  size_t *probability_at;         /* per sequence */
  real *x;                        /* T x d, residual stream after the last layer */
  real *final_normed;             /* T x d */
  real *final_mean, *final_scale;
  real *head;       /* scratch of head.c */
  double *row_loss; /* LORE_HEAD_ROWS */
  /* Of the mixer, in orders that only its file knows: */
  real *table[LORE_MIXER_TABLES_MAX];
  real *scratch[LORE_MIXER_SCRATCH_MAX];
  real *dx;                            /* T x d, gradient of the residual stream */
  real *dnormed;                       /* T x d */
  real *dmixed;                        /* like mixed */
  real *dmixer[LORE_MIXER_STATES_MAX]; /* like a layer's mixer[] */
  real *dup;                           /* T x hidden */
  uint16_t *target;                    /* T, gathered for scoring */
};

/* rows x columns reals out of an arena that may be a counting one. */
static inline real *lore_workspace_reals(lore_arena *arena, int rows, int columns) {
  return lore_arena_take(arena, (size_t)rows * (size_t)columns, sizeof(real));
}

/* Columns of `mixed`: the mixer's width. */
static inline int lore_workspace_mixed_width(const lore_model *model) {
  return model->tensor[model->layer[0].output].rows;
}

/* Attention probabilities of one head and sequence. */
static inline real *lore_workspace_probability(const lore_workspace *w, int layer, int head,
                                               int sequence) {
  int length = w->length[sequence];
  size_t matrix = (size_t)length * (size_t)lore_kernels()->attention_stride(length);
  return w->layer[layer].probability + w->probability_at[sequence] + (size_t)head * matrix;
}

#endif
