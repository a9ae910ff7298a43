/* What the benchmarks of one rank and of several share. */
#ifndef LORE_TRAIN_BENCH_PARTS_H
#define LORE_TRAIN_BENCH_PARTS_H

#include "lore/train/bench.h"
#include "lore/train/trainer.h"

enum { LORE_BENCH_STEPS = 4096 /* that are measured at most */ };

/* A lore_source's function: random tokens of the shape that is its context. */
void lore_bench_fill(const void *context, lore_batch *batch, uint64_t step, int64_t first,
                     int count);

lore_model_config lore_bench_model(const lore_bench_shape *shape);

/* With as many shards as `parts`, or more. */
lore_train_config lore_bench_train(const lore_bench_shape *shape, int parts);

/* Sorts `values`. */
double lore_bench_median(int count, double *values);

#endif
