/* The queue of runs: of more runs than it reads at once, every one is taken once, in order, after
 * its parent, with what belongs to it. */
#include "support/mpi_test.h"
#include "support/settings_file.h"

#include "lore/base/mpi.h"
#include "lore/manifest/expand.h"
#include "run/queue.h"

enum { PARENTS = 1500, CHILDREN = 2, RUNS = PARENTS * (1 + CHILDREN), CHUNK = 1, CHUNKS = 3 };

static lore_manifest manifest;

/* What MPI keeps for windows it allocates with the first one. */
static lore_status begin_mpi(void) {
  MPI_Win window;
  void *memory;
  mpi_test_leak_check(false);
  LORE_TRY(lore_mpi_begin(NULL));
  LORE_TRY_MPI(MPI_Win_allocate(64, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window));
  LORE_TRY_MPI(MPI_Win_free(&window));
  mpi_test_leak_check(true);
  return LORE_OK;
}

static int expand_study(void **state) {
  FILE *stream;
  if (open_path(state) || begin_mpi() || !(stream = fopen(path, "w")))
    return -1;
  fprintf(stream,
          "name: s\n"
          "population: {individuals: 64, held_out: 32}\n"
          "train: {steps: 20}\n"
          "experiments:\n"
          "  base: {sweep: {seeds: %d}}\n"
          "  tune:\n"
          "    start_from: {experiment: base, step: 5}\n"
          "    sweep: {grid: {train.learning_rate: [1.0e-03, 2.0e-03]}}\n",
          PARENTS);
  fclose(stream);
  if (lore_manifest_expand(path, 0, NULL, &manifest) != LORE_OK)
    fail_msg("%s", lore_fail_message());
  for (int r = 0; r < manifest.runs; r++)
    manifest.run[r].operations = (double)((unsigned)r * 2654435761u % 1000);
  return manifest.runs == RUNS ? 0 : -1;
}

static int end(void **state) {
  lore_manifest_destroy(&manifest);
  mpi_test_leak_check(false);
  return lore_mpi_end(true, 0) | close_path(state);
}

static double chain_of(int run) {
  double longest = 0;
  for (int r = run + 1; r < RUNS; r++)
    if (manifest.run[r].parent == run && manifest.run[r].operations > longest)
      longest = manifest.run[r].operations;
  return manifest.run[run].operations + longest;
}

/* Longest chain first, then by index; of that order the CHUNK-th of every CHUNKS runs before the
 * next ones. */
static void order_runs(int *order) {
  static double chain[RUNS];
  static int sorted[RUNS];
  int count = 0;
  for (int r = 0; r < RUNS; r++) {
    chain[r] = chain_of(r);
    int at = r;
    for (; at > 0 && chain[sorted[at - 1]] < chain[r]; at--)
      sorted[at] = sorted[at - 1];
    sorted[at] = r;
  }
  for (int part = 0; part < CHUNKS; part++)
    for (int i = (CHUNK + part) % CHUNKS; i < RUNS; i += CHUNKS)
      order[count++] = sorted[i];
}

static lore_queue_state became[RUNS];

/* The first run in the order that can be taken; -1: none. */
static int next_of(const int *order) {
  for (int i = 0; i < RUNS; i++) {
    int parent = manifest.run[order[i]].parent;
    if (became[order[i]] == LORE_QUEUE_WAITING && (parent < 0 || became[parent] == LORE_QUEUE_DONE))
      return order[i];
  }
  return -1;
}

static void assert_assignment(const lore_assignment *a, int r) {
  static lore_settings settings;
  const lore_manifest_run *run = &manifest.run[r];
  lore_manifest_settings(&manifest, r, &settings);
  assert_string_equal(a->id, run->id);
  assert_string_equal(a->parent, run->parent < 0 ? "" : manifest.run[run->parent].id);
  assert_int_equal(a->hash, run->hash);
  assert_int_equal(a->first_step, run->parent < 0 ? 0 : 5);
  assert_int_equal(a->weights_step, run->parent_step);
  assert_false(a->patched);
  assert_string_equal(a->path, "");
  assert_memory_equal(&a->settings, &settings, sizeof settings);
}

/* Every seventh parent fails: its children cannot begin. */
static void test_all_are_taken(void **state) {
  (void)state;
  static int order[RUNS];
  static lore_assignment assignment;
  const lore_team world = lore_team_of(MPI_COMM_WORLD);
  int taken = 0, place = 0, later = 0, count[LORE_QUEUE_STATES], failed = 0;
  lore_queue queue;
  bool stopped = true;
  order_runs(order);
  assert_int_equal(lore_queue_create(world, true, &manifest, "/nowhere", -1, CHUNK, CHUNKS, &queue),
                   LORE_OK);
  while (place != LORE_QUEUE_EMPTY) {
    assert_int_equal(lore_queue_take(&queue, &place), LORE_OK);
    later += place == LORE_QUEUE_LATER;
    assert_true(later < 10);
    if (place < 0)
      continue;
    int expected = next_of(order);
    assert_true(expected >= 0);
    assert_int_equal(lore_queue_read(&queue, place, &assignment), LORE_OK);
    assert_assignment(&assignment, expected);
    bool fails = manifest.run[expected].parent < 0 && expected % 7 == 0;
    became[expected] = fails ? LORE_QUEUE_FAILED : LORE_QUEUE_DONE;
    failed += fails;
    assert_int_equal(lore_queue_set(&queue, place, became[expected]), LORE_OK);
    taken++;
  }
  assert_int_equal(next_of(order), -1);
  assert_int_equal(lore_queue_count(&queue, count), LORE_OK);
  assert_int_equal(taken, RUNS - CHILDREN * failed);
  assert_int_equal(count[LORE_QUEUE_DONE], taken - failed);
  assert_int_equal(count[LORE_QUEUE_FAILED], failed);
  assert_int_equal(count[LORE_QUEUE_BLOCKED], CHILDREN * failed);
  assert_int_equal(count[LORE_QUEUE_WAITING] + count[LORE_QUEUE_TAKEN], 0);
  assert_int_equal(lore_queue_stopped(&queue, &stopped), LORE_OK);
  assert_false(stopped);
  assert_int_equal(lore_queue_stop(&queue), LORE_OK);
  assert_int_equal(lore_queue_stopped(&queue, &stopped), LORE_OK);
  assert_true(stopped);
  assert_int_equal(lore_queue_destroy(&queue), LORE_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_are_taken)};
  return cmocka_run_group_tests(tests, expand_study, end);
}
