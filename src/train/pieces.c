/* Ranges, parties, seats. */
#include "pieces.h"

#include <assert.h>

static int64_t slices_of(int64_t elements) {
  return (elements + LORE_SLICE - 1) / LORE_SLICE;
}

/* A slice that lies in two ranges belongs to the one that is final later. */
static void join_ranges(lore_pieces *p, int ranges, const int64_t *bound) {
  p->bound[0] = bound[0];
  for (int r = 1; r < ranges; r++) {
    int64_t end = slices_of(bound[r]) * LORE_SLICE;
    if (p->bound[p->ranges] - end >= LORE_RANGE_LEAST)
      p->bound[++p->ranges] = end;
  }
  if (p->ranges == 0 || p->bound[p->ranges] >= LORE_RANGE_LEAST)
    p->ranges++;
  p->bound[p->ranges] = 0;
}

void lore_pieces_plan(lore_pieces *p, int ranges, const int64_t *bound, int rank, int ranks,
                      bool whole) {
  assert(ranges < LORE_RANGES_MAX);
  *p = (lore_pieces){.rank = rank, .ranks = ranks, .whole = whole};
  while (2 << p->levels <= ranks)
    p->levels++;
  join_ranges(p, ranges, bound);
  for (int r = 0; r < p->ranges; r++)
    while (p->last[r] + 1 < ranges && bound[p->last[r] + 1] > p->bound[r + 1])
      p->last[r]++;
  for (int r = 0; r < ranges; r++)
    while (p->bound[p->holding[r] + 1] >= bound[r])
      p->holding[r]++;
  for (int r = p->ranges - 1; r >= 0; r--) {
    int64_t count = lore_pieces_owned(p, r, rank, &p->own_from[r]);
    p->own_at[r] = p->own_elements;
    p->own_elements += count;
    p->own_slices += slices_of(count);
  }
}

/* Pairs are the first of the parties. */
static int count_pairs(const lore_pieces *p) {
  return p->ranks - (1 << p->levels);
}

int lore_pieces_party(const lore_pieces *p, int rank) {
  int pairs = count_pairs(p);
  return rank < 2 * pairs ? rank / 2 : rank - pairs;
}

int lore_pieces_leader(const lore_pieces *p, int party) {
  int pairs = count_pairs(p);
  return party < pairs ? 2 * party : party + pairs;
}

bool lore_pieces_follows(const lore_pieces *p, int rank) {
  return rank < 2 * count_pairs(p) && rank % 2;
}

/* Halving 0 decides the highest bit of a party's place. */
static int reverse_bits(int number, int bits) {
  int reversed = 0;
  for (int b = 0; b < bits; b++)
    reversed |= (number >> b & 1) << (bits - 1 - b);
  return reversed;
}

/* Seats of the parties at places before `place`: one for each, and one more for each pair. Places
 * that agree with `place` above bit b and have 0 where it has 1 there hold parties that are equal
 * modulo 2^(levels - b). */
static int seats_before(const lore_pieces *p, int place) {
  int seats = place, pairs = count_pairs(p);
  if (place == 1 << p->levels)
    return p->ranks;
  for (int b = 0; b < p->levels; b++) {
    int modulus = 1 << (p->levels - b);
    if (!(place >> b & 1))
      continue;
    int least = reverse_bits((place >> b) - 1, p->levels - b);
    seats += pairs > least ? (pairs - least + modulus - 1) / modulus : 0;
  }
  return seats;
}

lore_seats lore_pieces_held(const lore_pieces *p, int party, int halvings) {
  int shift = p->levels - halvings, group = reverse_bits(party, p->levels) >> shift;
  return (lore_seats){seats_before(p, group << shift), seats_before(p, (group + 1) << shift)};
}

lore_seats lore_pieces_seat(const lore_pieces *p, int rank) {
  int seat = lore_pieces_held(p, lore_pieces_party(p, rank), p->levels).first +
             (lore_pieces_follows(p, rank) ? 1 : 0);
  return (lore_seats){seat, seat + 1};
}

static int64_t cut_range(const lore_pieces *p, int range, int seat) {
  int64_t low = p->bound[range + 1], high = p->bound[range];
  int64_t at = low + slices_of(high - low) * seat / p->ranks * LORE_SLICE;
  return at < high ? at : high;
}

int64_t lore_pieces_span(const lore_pieces *p, int range, lore_seats seats, int64_t *from) {
  *from = cut_range(p, range, seats.first);
  return cut_range(p, range, seats.last) - *from;
}

int64_t lore_pieces_owned(const lore_pieces *p, int range, int rank, int64_t *from) {
  return lore_pieces_span(p, range,
                          p->whole ? (lore_seats){0, p->ranks} : lore_pieces_seat(p, rank), from);
}

/* Elements of this rank's piece of `range`. */
static int64_t own_count(const lore_pieces *p, int range) {
  return (range > 0 ? p->own_at[range - 1] : p->own_elements) - p->own_at[range];
}

lore_slice lore_pieces_slice(const lore_pieces *p, int64_t slice) {
  int range = p->ranges - 1;
  while (slice >= slices_of(own_count(p, range)))
    slice -= slices_of(own_count(p, range--));
  int64_t before = slice * LORE_SLICE, left = own_count(p, range) - before;
  return (lore_slice){.range = range,
                      .from = p->own_from[range] + before,
                      .count = left < LORE_SLICE ? left : LORE_SLICE,
                      .before = p->own_at[range] + before};
}
