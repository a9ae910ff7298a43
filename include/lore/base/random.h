/* Counter-based random numbers: every draw is a pure function of (seed, purpose, step, sequence,
 * draw). Philox4x32-10 (Salmon et al. 2011) from Random123. So no result depends on ranks, threads,
 * restarts or the order of calls. */
#ifndef LORE_BASE_RANDOM_H
#define LORE_BASE_RANDOM_H

#include <stdint.h>

/* What a stream is for, and with which step and sequence: doc/draws.md. The numbers are part of the
 * data format: never renumber. */
typedef enum {
  LORE_RANDOM_NAMES = 1,          /* permutation that gives unique full names */
  LORE_RANDOM_ATTRIBUTES = 2,     /* values of an individual */
  LORE_RANDOM_TEMPLATE_SPLIT = 3, /* training and evaluation templates of an individual */
  LORE_RANDOM_INDIVIDUALS = 4,    /* which individuals a training batch shows */
  LORE_RANDOM_BIOGRAPHY = 5,      /* sentence order and templates of a training sequence */
  LORE_RANDOM_EVALUATION = 6,     /* the same for evaluation sequences, and their individuals */
  LORE_RANDOM_INITIALISATION = 7, /* initial parameters */
  LORE_RANDOM_FRESH = 8,          /* which training sequences show fresh individuals */
  LORE_RANDOM_QUESTIONS = 9,      /* which training sequences are questions, and which ones */
  LORE_RANDOM_ASKING = 10,        /* questions of an evaluation, and whom they are about */
  LORE_RANDOM_PAIR_KEYS = 20,     /* key of a pair of the toy memory */
  LORE_RANDOM_PAIR_VALUES = 21,   /* and its value */
  LORE_RANDOM_VALUE_VECTORS = 22, /* vector of a value */
  LORE_RANDOM_PAIRS = 23,         /* which pairs a training batch shows */
  LORE_RANDOM_PROBE_CONTROL = 30, /* whose values stand in for whose in a probe's control */
  LORE_RANDOM_TEST = 100
} lore_random_purpose;

/* A stream of 32-bit words; plain data, copy it freely. */
typedef struct {
  uint32_t key[2];     /* the seed */
  uint32_t counter[4]; /* block number, sequence (low), step, purpose and sequence (high) */
  uint32_t words[4];   /* the current block */
  unsigned used;       /* words of the block already given out */
} lore_random;

/* The stream of (seed, purpose, step, sequence), at its first draw.
 * `step` and `sequence` are below 2^32 and 2^48. */
lore_random lore_random_stream(uint64_t seed, lore_random_purpose purpose, uint64_t step,
                               uint64_t sequence);

/* The next word, uniform on 0 .. 2^32-1. */
uint32_t lore_random_word(lore_random *stream);

/* Uniform on 0 .. bound-1, without bias (Lemire 2019); bound >= 1. */
uint32_t lore_random_below(lore_random *stream, uint32_t bound);

/* Uniform on [0, 1) with 53 bits. */
double lore_random_uniform(lore_random *stream);

/* Standard normal (Box-Muller, one of the pair). */
double lore_random_normal(lore_random *stream);

/* Puts 0 .. count-1 in random order into `order` (Fisher-Yates). */
void lore_random_permutation(lore_random *stream, uint32_t count, uint32_t *order);

#endif
