/* What the decoder needs to know of a mixer. Each mixer's entry is in its own file. */
#ifndef LORE_MODEL_MIXER_OPS_H
#define LORE_MODEL_MIXER_OPS_H

#include "lore/base/arena.h"
#include "lore/base/status.h"
#include "lore/model/gemm_shape.h"
#include "lore/model/mixer.h"
#include "lore/model/tensor.h"

struct lore_layer_state;
struct lore_model;
struct lore_model_config;
struct lore_pass;
struct lore_workspace;

enum { LORE_MIXER_GEMM_SHAPES_MAX = 9 };

/* T tokens of a shard, d width. A member that may be NULL says so. */
typedef struct {
  bool attends; /* leaves attention probabilities in each layer's state */

  /* Of one layer, from the norm before the mixer to the bias of its linear map into the residual
   * stream; at most LORE_MIXER_TENSORS_MAX that have no name in lore_layer_tensors. */
  int tensors;
  const lore_tensor_row *tensor;

  /* The lengths of its own dimensions. */
  void (*measure)(const struct lore_model_config *config, int64_t length[LORE_SIDES]);

  /* The width of its own that it has by default. NULL: it has none. */
  int (*default_width)(int width, int heads);

  /* LORE_USER if the settings contradict each other. NULL: they cannot. */
  lore_status (*check)(const struct lore_model_config *config);

  /* Multiplications of its matrix products for a token of one layer, forward. */
  double (*products)(const struct lore_model_config *config);

  /* The matrix products of all layers, forward and backward, at most LORE_MIXER_GEMM_SHAPES_MAX.
   * Returns the entry behind the last. */
  lore_gemm_shape *(*gemm_shapes)(const struct lore_model_config *config, int tokens,
                                  lore_gemm_shape *shape);

  /* Parts of a workspace, cut out of an arena that may be a counting one: activations of a layer;
   * what a layer keeps of its own where all share one set of activations (NULL: nothing); tables
   * (NULL: none); temporaries of each thread; gradients of the activations. `sequences` of at most
   * `tokens` tokens together. */
  void (*take_state)(struct lore_layer_state *state, lore_arena *arena,
                     const struct lore_model *model, int tokens);
  void (*take_own)(struct lore_layer_state *state, lore_arena *arena,
                   const struct lore_model *model, int tokens, int sequences);
  void (*take_tables)(real **table, lore_arena *arena, const struct lore_model *model);
  void (*take_scratch)(real **scratch, lore_arena *arena, const struct lore_model *model);
  void (*take_gradients)(struct lore_workspace *workspace, lore_arena *arena,
                         const struct lore_model *model, int tokens);

  /* From the normed stream (state->normed) to the mixed one (state->mixed), the linear map into the
   * residual stream left out; and from workspace->dmixed to workspace->dnormed. Of the member's own
   * rows; a backward pass may need the crew to meet in between. */
  void (*forward)(const struct lore_pass *pass, int layer);
  void (*backward)(const struct lore_pass *pass, int layer);

  /* After backward by all members: the member's part of the gradients of its tensors. */
  void (*slopes)(const struct lore_pass *pass, int layer);

  /* The attention probabilities alone: the same bits. NULL unless it attends. */
  void (*attend)(const struct lore_pass *pass, int layer);
} lore_mixer_ops;

const lore_mixer_ops *lore_mixer_ops_of(lore_mixer mixer);

#define X(mixer, name, entry) extern const lore_mixer_ops entry;
LORE_MIXER_LIST(X)
#undef X

#endif
