/* Which rank sums and updates which part of the parameters.
 *
 * Ranges of the gradient, as backward finishes them, are cut at slices: runs of LORE_SLICE
 * elements, counted from element 0, whose squares are summed by one rank. A range of fewer than
 * LORE_RANGE_LEAST elements is joined with the next, because its messages would cost more by their
 * number than by their length.
 *
 * Each rank owns a piece of every range. Pieces lie in the order in which recursive halving leaves
 * them; places in that order are called seats. With P = 2^levels the largest power of two that is
 * not above the number of ranks, the first ranks form ranks - P pairs, and pairs and single ranks
 * are the P parties, in the order of the ranks. In halving k, parties p and p xor 2^k share what
 * both hold: so a party of two gets two seats, and every rank one. */
#ifndef LORE_TRAIN_PIECES_H
#define LORE_TRAIN_PIECES_H

#include <stdbool.h>
#include <stdint.h>

enum { LORE_SLICE = 4096, LORE_RANGE_LEAST = 65536 /* elements */, LORE_RANGES_MAX = 256 };

typedef struct {
  int rank, ranks, levels;
  bool whole; /* every rank owns everything */
  int ranges;
  int64_t bound[LORE_RANGES_MAX]; /* range r is elements [bound[r + 1], bound[r]) */
  int last[LORE_RANGES_MAX];      /* range of backward with which each becomes final */
  int holding[LORE_RANGES_MAX];   /* of each range of backward: the first range with a part of it */
  int64_t own_from[LORE_RANGES_MAX]; /* first element of this rank's piece of each range */
  int64_t own_at[LORE_RANGES_MAX];   /* elements that it owns before that */
  int64_t own_elements, own_slices;
} lore_pieces;

/* From the ranges of backward (lore_decoder_ranges). */
void lore_pieces_plan(lore_pieces *pieces, int ranges, const int64_t *bound, int rank, int ranks,
                      bool whole);

/* The party that `rank` belongs to, and its first or only rank. */
int lore_pieces_party(const lore_pieces *pieces, int rank);
int lore_pieces_leader(const lore_pieces *pieces, int party);

/* Whether `rank` is the second of a pair. */
bool lore_pieces_follows(const lore_pieces *pieces, int rank);

/* Seats [first, last). */
typedef struct {
  int first, last;
} lore_seats;

/* What `party` holds after `halvings` halvings. */
lore_seats lore_pieces_held(const lore_pieces *pieces, int party, int halvings);

lore_seats lore_pieces_seat(const lore_pieces *pieces, int rank);

/* The elements of `range` that belong to the seats: their number; *from receives the first. */
int64_t lore_pieces_span(const lore_pieces *pieces, int range, lore_seats seats, int64_t *from);

/* Those that `rank` owns. */
int64_t lore_pieces_owned(const lore_pieces *pieces, int range, int rank, int64_t *from);

/* Elements [from, from + count) of `range`, of which this rank owns `before` more, lower ones. */
typedef struct {
  int range;
  int64_t from, count, before;
} lore_slice;

/* Slice `slice` of the own_slices that this rank owns, by ascending elements. */
lore_slice lore_pieces_slice(const lore_pieces *pieces, int64_t slice);

#endif
