/* Forward and backward passes of the decoder over one shard of packed sequences.
 *
 * A shard is computed by one thread, or by the members of a crew, who all make the same calls, each
 * with its own workspace (lore_workspace_layout_crew). Its bits do not depend on their number.
 * Where products must not be made in parts (lore_gemm_divides), the first member computes it alone.
 */
#ifndef LORE_MODEL_DECODER_H
#define LORE_MODEL_DECODER_H

#include "lore/data/batch.h"
#include "lore/model/gemm_shape.h"
#include "lore/model/model.h"
#include "lore/model/workspace.h"

/* Forward as far as the attention probabilities of the last layer, for lore_workspace_patch; of a
 * model that has attention. */
void lore_decoder_attend(const lore_model *model, const real *parameters, const lore_batch *shard,
                         lore_workspace *workspace);

/* needed() is called before parameters of range `range` (lore_decoder_ranges) are read, in the
 * order of the forward pass, from the last range to range 0. ready() is called when a range of the
 * gradient is final, and at moments in between, in both passes (range -1), so that communication
 * can continue. Each member calls both; its number tells which part of a range it may see to. */
typedef struct {
  void (*needed)(void *context, int range);
  void (*ready)(void *context, int range, int member, int members);
  void *context;
} lore_train_watch;

/* Backward finishes the gradient in ranges of whole tensors, range r being elements
 * [bound[r + 1], bound[r]): the head's side first, then layer by layer downwards, the embedding
 * last. Returns their number, at most layers + 2; `bound` has one entry more. */
int lore_decoder_ranges(const lore_model *model, int64_t *bound);

/* Forward and backward over `shard`: writes (does not add) d loss / d parameters into `gradient`
 * (model->elements reals), where loss = scale * sum of the cross-entropies of all targets. Returns
 * that sum without the scale (nats), to the first member. `watch` may be NULL. */
double lore_decoder_train(const lore_model *model, const real *parameters, const lore_batch *shard,
                          double scale, lore_workspace *workspace, real *gradient,
                          const lore_train_watch *watch);

/* Called with the residual stream, tokens x width, at each level of a forward pass: level 0 enters
 * the first layer, level l leaves layer l. Valid during the call. */
typedef struct {
  void (*level)(void *context, int level, const real *stream);
  void *context;
} lore_stream_watch;

/* Forward only; logits only where asked. For `count` positions of the shard, `position` ascending:
 * loss[i] cross-entropy of target (nats), correct[i] whether the target is the arg-max, top[i]
 * probability of the most likely token, entropy[i] of the predictive distribution (nats). Any
 * output may be NULL. */
typedef struct {
  int count;
  const int32_t *position;
  double *loss;
  unsigned char *correct;
  double *top;
  double *entropy;
} lore_scores;

/* `watch` may be NULL. */
void lore_decoder_score(const lore_model *model, const real *parameters, const lore_batch *shard,
                        lore_workspace *workspace, const lore_stream_watch *watch,
                        lore_scores *scores);

/* For a lore_stream_watch: what the final norm and the head make of rows scores->position[i] of a
 * level's stream, as if it were the last one's; target[i] is the right token. Scores as above, at
 * most as many as the workspace, a forward-only one, has tokens (the "logit lens", nostalgebraist
 * 2020). */
void lore_decoder_lens(const lore_model *model, const real *parameters, const real *stream,
                       const uint16_t *target, lore_workspace *workspace, lore_scores *scores);

/* After lore_decoder_score or _train, of a model that has attention: the attention probabilities of
 * `layer`, `head`, `sequence`, a row-major T x *stride matrix (row = query); entries right of the
 * diagonal are 0. Valid until the next call. */
const real *lore_decoder_attention(const lore_workspace *workspace, int layer, int head,
                                   int sequence, int *stride);

enum { LORE_GEMM_SHAPES_MAX = 18 };

/* The matrix products of forward and backward over a shard of `tokens` tokens; `shape` has room for
 * LORE_GEMM_SHAPES_MAX entries. Returns how many there are. */
int lore_decoder_gemm_shapes(const lore_model *model, int tokens, lore_gemm_shape *shape);

#endif
