/* What a thread needs to compute a shard: activations of every layer and temporaries of the
 * backward pass. */
#ifndef LORE_MODEL_WORKSPACE_H
#define LORE_MODEL_WORKSPACE_H

#include "lore/model/decoder.h"

/* Activations of a recurrent block; w recurrent width. */
typedef struct {
  real *branches;           /* T x 2w: gating branch, recurrent branch */
  real *convolved;          /* T x w, the recurrent branch after its convolution */
  real *recurrence, *input; /* T x w, gates */
  real *h;                  /* T x w, state */
} lore_recurrent_state;

/* Activations of one layer that the backward pass reads. T tokens of the shard. What the mixer does
 * not need is NULL. */
typedef struct {
  real *x;            /* T x d, residual stream on entry */
  real *normed;       /* T x d, input of the mixer */
  real *mean, *scale; /* T */
  real *qkv;          /* T x 3d, after rotation */
  real *probability;  /* of sequence s and head h: probability_at[s] + h * T_s * stride_s */
  lore_recurrent_state recurrent;
  real *mixed;      /* T x d (attention) or T x w, the mixer's output before its linear map */
  real *x_middle;   /* T x d, residual stream between mixer and MLP */
  real *mlp_normed; /* T x d */
  real *mlp_mean, *mlp_scale;
  real *up;        /* T x hidden */
  real *activated; /* T x hidden */
} lore_layer_state;

struct lore_workspace {
  lore_workspace_use use;
  int tokens, sequences;          /* capacity */
  lore_layer_state *layer;        /* `layers` entries */
  const lore_workspace *patterns; /* whose attention this one uses; NULL: its own */
  int sequences_used;             /* of the shard that was computed last */
  int32_t *length;                /* per sequence */
  size_t *probability_at;         /* per sequence */
  real *x;                        /* T x d, residual stream after the last layer */
  real *final_normed;             /* T x d */
  real *final_mean, *final_scale;
  real *cosine, *sine;             /* context x head size / 2, or NULL */
  real *head;                      /* scratch of head.c */
  real *attention;                 /* scratch of attention.c */
  real *dx;                        /* T x d, gradient of the residual stream */
  real *dnormed;                   /* T x d */
  real *dmixed;                    /* like mixed */
  real *dqkv;                      /* T x 3d */
  lore_recurrent_state drecurrent; /* without h */
  real *rate;                      /* w */
  real *carry;                     /* w, scratch of recurrent.c */
  real *dup;                       /* T x hidden */
  uint16_t *target;                /* T, gathered for scoring */
};

#endif
