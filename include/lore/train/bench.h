/* Speed of full training steps and of the matrix products that they contain. */
#ifndef LORE_TRAIN_BENCH_H
#define LORE_TRAIN_BENCH_H

#include "lore/base/status.h"
#include "lore/base/team.h"
#include "lore/model/gemm.h"
#include "lore/model/model.h"
#include "lore/train/schedule.h"

/* A reference shape: sequences of `length` random tokens, GELU, tied embedding; rotary attention,
 * or an RG-LRU of the default width. */
typedef struct {
  const char *name;
  int layers, width, heads, batch, length, vocabulary;
  lore_mixer mixer;
  lore_precision precision;
  lore_optimizer optimizer;
} lore_bench_shape;

/* The shapes S, M and L, with attention, in float32 and by AdamW; `count` receives how many. */
const lore_bench_shape *lore_bench_shapes(int *count);

typedef struct {
  int threads, steps;
  double tokens_per_s;      /* median over the steps */
  double best_tokens_per_s; /* fastest step */
  double gflops; /* floating-point operations of a step (see lore_model_flops_per_token) over its
                    time */
  double gemm_gflops;   /* the step's matrix products run alone, at best */
  double share_of_gemm; /* time of the matrix products run alone / time of the step, both at best */
  double least_share, most_share; /* the same in single rounds: far apart on a disturbed machine */
  lore_gemm_backend backend;
} lore_bench_result;

/* Measures full steps (data, forward, backward, gradient sum, AdamW) for about `seconds`, in turns
 * with the bare products. `backend` LORE_GEMM_AUTO takes the fastest. */
lore_status lore_bench_run(const lore_bench_shape *shape, int threads, lore_gemm_backend backend,
                           double seconds, lore_bench_result *result);

/* Strong scaling: the same steps by one rank alone and by all, median over the steps. */
typedef struct {
  int ranks, threads, steps;                     /* steps of each kind */
  double alone_tokens_per_s;                     /* one rank, while the others wait */
  double tokens_per_s;                           /* all ranks, reproducible sum */
  double mpi_tokens_per_s;                       /* all ranks, MPI_Iallreduce */
  double exchange_seconds, mpi_exchange_seconds; /* of a step, not hidden behind backward */
  double bytes;                                  /* of a gradient */
  lore_gemm_backend backend;
} lore_bench_scaling;

/* Measures in turns for about `seconds`. All ranks of the team call it; rank 0 gets the result. */
lore_status lore_bench_ranks(const lore_bench_shape *shape, lore_team team, int threads,
                             lore_gemm_backend backend, double seconds, lore_bench_scaling *result);

#endif
