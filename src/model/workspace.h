/* What a thread needs to compute a shard: activations of every layer and temporaries of the
 * backward pass. */
#ifndef LORE_MODEL_WORKSPACE_H
#define LORE_MODEL_WORKSPACE_H

#include "lore/decoder.h"

/* Activations of one layer that the backward pass reads. T tokens of the shard. */
typedef struct {
  real *x;            /* T x d, residual stream on entry */
  real *normed;       /* T x d, input of qkv */
  real *mean, *scale; /* T */
  real *qkv;          /* T x 3d, after rotation */
  real *probability;  /* of sequence s and head h: probability_at[s] + h * T_s * stride_s */
  real *mixed;        /* T x d, attention output before its linear map */
  real *x_middle;     /* T x d, residual stream between attention and MLP */
  real *mlp_normed;   /* T x d */
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
  real *cosine, *sine; /* context x head size / 2, or NULL */
  real *head;          /* scratch of head.c */
  real *attention;     /* scratch of attention.c */
  real *dx;            /* T x d, gradient of the residual stream */
  real *dnormed;       /* T x d */
  real *dmixed;        /* T x d */
  real *dqkv;          /* T x 3d */
  real *dup;           /* T x hidden */
  uint16_t *target;    /* T, gathered for scoring */
};

#endif
