/* The division of threads into crews. */
#include "crews.h"

/* Of a shard's work by one thread: what goes by sequences, what goes by elements of gradients, and
 * what a crew loses when it meets. */
static const double by_sequences = 2.0 / 3, by_elements = 1.0 / 3, meeting = 0.04;

/* How much sooner fewer and larger crews must finish. */
static const double clearly = 0.9;

static int64_t divide_up(int64_t count, int64_t parts) {
  return (count + parts - 1) / parts;
}

/* Until all shards are done; a shard by one thread takes 1. */
static double predict_time(int64_t shards, int sequences, lore_crews c) {
  double shard = 1;
  if (c.members > 1)
    shard = by_sequences * (double)divide_up(sequences, c.members) / sequences +
            by_elements / c.members + meeting;
  return shard * (double)divide_up(shards, c.crews);
}

lore_crews lore_crews_plan(int64_t shards, int sequences, int threads, bool divides) {
  int most = threads < shards ? threads : (int)shards;
  lore_crews best = {0};
  for (int crews = most; crews >= 1; crews--) {
    int members = divides ? threads / crews : 1;
    lore_crews c = {crews, members < sequences ? members : sequences};
    if (crews == most ||
        predict_time(shards, sequences, c) < clearly * predict_time(shards, sequences, best))
      best = c;
  }
  return best;
}
