/* How the threads of a rank share its shards. */
#ifndef LORE_TRAIN_CREWS_H
#define LORE_TRAIN_CREWS_H

#include <stdbool.h>
#include <stdint.h>

/* `crews` crews of `members` threads each compute whole shards, one after the other. */
typedef struct {
  int crews, members;
} lore_crews;

/* The division of at most `threads` threads that should finish `shards` shards of `sequences`
 * sequences first. Threads that make it no faster are left out. Unless products may be made in
 * parts (lore_gemm_divides), a crew has one member. */
lore_crews lore_crews_plan(int64_t shards, int sequences, int threads, bool divides);

#endif
