/* Kernels: the functions in which a run spends its time. Their sources are compiled once for each
 * level of processors, and one level runs.
 *
 * A level is one of the x86-64 architecture: v2 (SSE4.2), v3 (AVX2 with FMA), v4 (AVX-512), or
 * v4_bf16 (with AVX512_BF16, too). A build for one processor (--with-arch) and one for another
 * architecture have a single level, named after it. Levels differ in the last bits of results, as
 * vectors are added up in other lanes and v2 has no fused multiply-add; each gives the same bits
 * for any number of ranks and threads.
 *
 * Who calls a kernel from outside writes lore_kernels()->norm_forward(...). Kernels call each other
 * directly, inside their level. */
#ifndef LORE_MODEL_KERNELS_H
#define LORE_MODEL_KERNELS_H

#include <stdbool.h>

#include "lore/base/enum.h"
#include "lore/base/status.h"
#include "lore/base/team.h"
#include "lore/model/layers.h"

/* What compute.isa may be. */
#define LORE_ISA_LIST(X)                                                                           \
  X(LORE_ISA_AUTO, "auto")                                                                         \
  X(LORE_ISA_V2, "v2")                                                                             \
  X(LORE_ISA_V3, "v3")                                                                             \
  X(LORE_ISA_V4, "v4")                                                                             \
  X(LORE_ISA_V4_BF16, "v4_bf16")

typedef enum { LORE_ISA_LIST(LORE_ENUM_VALUE) } lore_isa;

const char *lore_isa_name(lore_isa isa);

/* All kernels, as lore/model/layers.h describes them: X(name without lore_). A new one has a line
 * in src/model/level.h, too. */
#define LORE_KERNEL_LIST(X)                                                                        \
  X(norm_forward)                                                                                  \
  X(norm_backward)                                                                                 \
  X(norm_slopes)                                                                                   \
  X(linear_forward)                                                                                \
  X(linear_backward)                                                                               \
  X(column_sums)                                                                                   \
  X(blocks_forward)                                                                                \
  X(blocks_backward)                                                                               \
  X(blocks_slopes)                                                                                 \
  X(rotary_table)                                                                                  \
  X(rotary_apply)                                                                                  \
  X(attention_stride)                                                                              \
  X(attention_scratch)                                                                             \
  X(attention_forward)                                                                             \
  X(attention_patterns)                                                                            \
  X(attention_backward)                                                                            \
  X(attention_apply)                                                                               \
  X(attention_apply_backward)                                                                      \
  X(convolution_forward)                                                                           \
  X(convolution_backward)                                                                          \
  X(convolution_slopes)                                                                            \
  X(recurrent_rate)                                                                                \
  X(recurrent_rate_backward)                                                                       \
  X(recurrent_forward)                                                                             \
  X(recurrent_backward)                                                                            \
  X(activation_forward)                                                                            \
  X(activation_backward)                                                                           \
  X(embedding_forward)                                                                             \
  X(embedding_backward)                                                                            \
  X(head_scratch)                                                                                  \
  X(head_train)                                                                                    \
  X(head_pack)                                                                                     \
  X(head_rows)                                                                                     \
  X(head_slopes)                                                                                   \
  X(head_score)                                                                                    \
  X(gemm_builtin)                                                                                  \
  X(gemm_builtin_scratch)                                                                          \
  X(vector_add)                                                                                    \
  X(vector_update)

typedef struct {
  const char *name;         /* "v3"; of a single level, its processor: "znver3", "default" */
  const char *instructions; /* "AVX2" */
  unsigned features;        /* that a processor must have (lore/base/features.h) */
#define X(kernel) __typeof__(lore_##kernel) *kernel;
  LORE_KERNEL_LIST(X)
#undef X
} lore_kernel_table;

/* The level that runs: the one that was selected, else the highest that the processor has and
 * LORE_ISA allows. */
const lore_kernel_table *lore_kernels(void);

/* The levels of this build, lowest first; NULL beyond the last. And the number of one by its name,
 * -1 if the build has none of that name. */
const lore_kernel_table *lore_level(int level);
int lore_level_find(const char *name);

/* Whether the processor has it. */
bool lore_level_runs(int level);

/* *level: the highest that this process may run: that the processor has, and that is not above
 * `isa` and the LORE_ISA of the environment; if neither names one, the highest that is worth it on
 * this processor. LORE_USER if one of these names a level that this
 * build or the processor lacks. */
lore_status lore_level_limit(lore_isa isa, int *level);

/* The same for all ranks of `team`, which call it together: the lowest of theirs. Also LORE_MPI. */
lore_status lore_level_agree(lore_team team, lore_isa isa, int *level);

/* Runs `level` from now on, which the processor has. Not while a kernel is running; what was laid
 * out for kernels of another level (workspaces, trainers) is not for these. */
void lore_level_select(int level);

#endif
