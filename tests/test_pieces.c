/* Who owns which part of the gradient: pieces cover it once, and halvings lead to them. */
#include "support/numbers.h"

#include <stdlib.h>

#include "train/pieces.h"

enum { RANGES = 6, RANKS_MOST = 70 };

/* Ranges of 300,000, 1,000, 70,000, 5, 64,531 and 30,000 elements. */
static const int64_t bound[RANGES + 1] = {465536, 165536, 164536, 94536, 94531, 30000, 0};

static lore_pieces plan(int rank, int ranks) {
  lore_pieces p;
  lore_pieces_plan(&p, RANGES, bound, rank, ranks, false);
  return p;
}

static void small_ranges_are_joined(void **state) {
  (void)state;
  lore_pieces p = plan(0, 4);
  const int64_t want[] = {465536, 167936, 98304, 0}; /* multiples of a slice */
  const int last[] = {0, 2, 5}, holding[RANGES] = {0, 1, 1, 2, 2, 2};
  assert_int_equal(p.ranges, 3);
  for (int r = 0; r <= p.ranges; r++)
    assert_int_equal(p.bound[r], want[r]);
  for (int r = 0; r < p.ranges; r++)
    assert_int_equal(p.last[r], last[r]);
  for (int r = 0; r < RANGES; r++)
    assert_int_equal(p.holding[r], holding[r]);
}

static void small_models_have_one_range(void **state) {
  (void)state;
  const int64_t small[] = {3000, 2000, 0}, later[] = {80000, 2000, 0};
  lore_pieces p;
  lore_pieces_plan(&p, 2, small, 0, 2, false);
  assert_int_equal(p.ranges, 1);
  assert_int_equal(p.bound[0], 3000);
  assert_int_equal(p.last[0], 1);
  lore_pieces_plan(&p, 2, later, 0, 2, false); /* the last joins the one before */
  assert_int_equal(p.ranges, 1);
  assert_int_equal(p.bound[1], 0);
  assert_int_equal(p.last[0], 1);
}

static void each_rank_has_a_seat(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= RANKS_MOST; ranks++) {
    int sitters[RANKS_MOST] = {0};
    lore_pieces p = plan(0, ranks);
    for (int rank = 0; rank < ranks; rank++) {
      lore_seats seat = lore_pieces_seat(&p, rank);
      assert_true(seat.first >= 0 && seat.last == seat.first + 1 && seat.last <= ranks);
      sitters[seat.first]++;
    }
    for (int seat = 0; seat < ranks; seat++)
      assert_int_equal(sitters[seat], 1);
  }
}

/* Elements of all slices that `rank` owns, which ascend and lie in its pieces. */
static int64_t count_slices(int rank, int ranks) {
  lore_pieces p = plan(rank, ranks);
  int64_t elements = 0, end = 0;
  for (int64_t s = 0; s < p.own_slices; s++) {
    lore_slice slice = lore_pieces_slice(&p, s);
    int64_t from, count = lore_pieces_owned(&p, slice.range, rank, &from);
    assert_true(slice.from >= end && slice.count > 0 && slice.count <= LORE_SLICE);
    assert_true(slice.from >= from && slice.from + slice.count <= from + count);
    assert_int_equal(slice.from % LORE_SLICE, 0);
    assert_int_equal(slice.before, elements);
    end = slice.from + slice.count;
    elements += slice.count;
  }
  assert_int_equal(elements, p.own_elements);
  return elements;
}

/* Pieces are whole slices, but for the end, and as large as each other but for a slice. */
static void pieces_cover_ranges(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= RANKS_MOST; ranks++) {
    lore_pieces p = plan(0, ranks);
    int64_t all = 0;
    for (int r = 0; r < p.ranges; r++) {
      int64_t slices = (p.bound[r] - p.bound[r + 1] + LORE_SLICE - 1) / LORE_SLICE;
      for (int rank = 0; rank < ranks; rank++) {
        int64_t from, count = lore_pieces_owned(&p, r, rank, &from), whole = count / LORE_SLICE;
        assert_true(from % LORE_SLICE == 0 || (count == 0 && from == p.bound[r]));
        assert_true(count % LORE_SLICE == 0 || from + count == p.bound[r]);
        assert_true(whole >= slices / ranks - 1 && whole <= slices / ranks + 1);
      }
    }
    for (int rank = 0; rank < ranks; rank++)
      all += count_slices(rank, ranks);
    assert_int_equal(all, bound[0]);
  }
}

static void halvings_lead_to_pieces(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= RANKS_MOST; ranks++) {
    lore_pieces p = plan(0, ranks);
    for (int rank = 0; rank < ranks; rank++) {
      int party = lore_pieces_party(&p, rank);
      lore_seats held = lore_pieces_held(&p, party, 0), seat = lore_pieces_seat(&p, rank);
      assert_true(held.first == 0 && held.last == ranks);
      for (int k = 0; k < p.levels; k++) {
        lore_seats mine = lore_pieces_held(&p, party, k + 1);
        lore_seats other = lore_pieces_held(&p, party ^ 1 << k, k + 1);
        assert_int_equal(mine.last - mine.first + other.last - other.first, held.last - held.first);
        assert_true(mine.first == held.first ? mine.last == other.first : other.last == mine.first);
        held = mine;
      }
      assert_true(seat.first >= held.first && seat.last <= held.last);
      assert_int_equal(lore_pieces_leader(&p, party) + (lore_pieces_follows(&p, rank) ? 1 : 0),
                       rank);
      assert_true(held.last - held.first <= 2);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(small_ranges_are_joined), numbers_test(small_models_have_one_range),
      numbers_test(each_rank_has_a_seat),    numbers_test(pieces_cover_ranges),
      numbers_test(halvings_lead_to_pieces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
