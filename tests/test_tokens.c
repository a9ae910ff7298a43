/* Files of tokens hold what the trainer and the evaluator have seen: their batches are recorded
 * where they are made, while runs are trained, and compared with what is exported afterwards. */
#include "support/settings_file.h"

#include <netcdf.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "lore/data/batch.h"
#include "lore/io/path.h"
#include "lore/manifest/expand.h"
#include "lore/run/export.h"
#include "lore/run/run.h"
#include "run/assignment.h"

enum { STEPS = 14, BATCH = 8, SEQUENCES = 20, GROUPS = 8, POSITIONS_MAX = 128 };

static const char shown[] =
    "name: shown\n"
    "population: {individuals: 24, held_out: 8}\n"
    "model: {layers: 1, width: 16, heads: 2, hidden: 32}\n"
    "train: {steps: 14, batch: 8, shard: 2, learning_rate: 1.0e-02}\n"
    "evaluate: {every: 7, dense_every: 0, dense_until: 0, sequences: 20, attention_sequences: 4}\n"
    "compute: {threads: 1}\n"
    "experiments:\n"
    "  plain: {compute: {threads: 3}}\n"
    "  mixed: {distribution: {shards: [uniform, \"first:3\"], repeats_in_batch: 2}}\n"
    "  turns: {curriculum: {kind: sequential, groups: 3}, population: {sentence_order: fixed}}\n"
    "  growth: {curriculum: {kind: growth, individuals: 2, steps: 9},\n"
    "           distribution: {repeats_across_steps: 3}}\n"
    "  thrown: {population: {throw_away: 16}, curriculum: {kind: throw_away, steps: 4}}\n"
    "  tune: {start_from: plain, population: {new: 8},\n"
    "         distribution: {kind: replay, replay_weight: 0.25}}\n"
    "  further: {start_from: {experiment: tune, step: 14}, population: {new: 8}}\n"
    "  patched: {patch: {from: plain, start: 3}}\n";

/* --- what was seen: a hash of each sequence --- */

static struct {
  bool on;
  uint64_t training[STEPS][BATCH];
  int groups;
  int64_t first[GROUPS], count[GROUPS];
  uint64_t evaluation[GROUPS][SEQUENCES];
} seen;

/* What a sequence is, wherever it stands: the same in a batch and in a file. */
typedef struct {
  int32_t individual, length;
  uint8_t attribute[LORE_ATTRIBUTES], template[LORE_ATTRIBUTES], value_length[LORE_ATTRIBUTES];
  int32_t name_at[LORE_ATTRIBUTES], value_at[LORE_ATTRIBUTES];
  uint16_t token[POSITIONS_MAX], target[POSITIONS_MAX];
  uint8_t role[POSITIONS_MAX], target_role[POSITIONS_MAX];
} sequence;

static uint64_t hash_of(const lore_batch *b, int s) {
  static _Thread_local sequence one;
  int at = b->offset[s], k = s * LORE_ATTRIBUTES;
  memset(&one, 0, sizeof one);
  one.individual = (int32_t)b->individual[s];
  one.length = b->offset[s + 1] - at;
  size_t length = (size_t)one.length;
  assert_true(length <= POSITIONS_MAX);
  memcpy(one.attribute, b->attribute + k, sizeof one.attribute);
  memcpy(one.template, b->template + k, sizeof one.template);
  memcpy(one.value_length, b->value_length + k, sizeof one.value_length);
  for (int i = 0; i < LORE_ATTRIBUTES; i++) {
    one.name_at[i] = b->name_at[k + i] - at;
    one.value_at[i] = b->value_at[k + i] - at;
  }
  memcpy(one.token, b->token + at, length * sizeof *one.token);
  memcpy(one.target, b->target + at, length * sizeof *one.target);
  memcpy(one.role, b->role + at, length);
  memcpy(one.target_role, b->target_role + at, length);
  return XXH3_64bits(&one, sizeof one);
}

void __real_lore_batch_training(lore_batch *batch, const lore_population *population,
                                const lore_sampler *sampler, int64_t step, int64_t first,
                                int count);
void __wrap_lore_batch_training(lore_batch *batch, const lore_population *population,
                                const lore_sampler *sampler, int64_t step, int64_t first,
                                int count);
void __real_lore_batch_evaluation(lore_batch *batch, const lore_population *population,
                                  int64_t group_first, int64_t group_count, int64_t first,
                                  int count);
void __wrap_lore_batch_evaluation(lore_batch *batch, const lore_population *population,
                                  int64_t group_first, int64_t group_count, int64_t first,
                                  int count);

/* Several threads at once, each its own sequences. */
void __wrap_lore_batch_training(lore_batch *batch, const lore_population *population,
                                const lore_sampler *sampler, int64_t step, int64_t first,
                                int count) {
  __real_lore_batch_training(batch, population, sampler, step, first, count);
  for (int s = 0; s < count && seen.on; s++)
    seen.training[step][first + s] = hash_of(batch, s);
}

static int number_of_group(int64_t first, int64_t count) {
  int g = 0;
  while (g < seen.groups && (seen.first[g] != first || seen.count[g] != count))
    g++;
  if (g == seen.groups) {
    assert_true(g < GROUPS);
    seen.first[g] = first;
    seen.count[g] = count;
    seen.groups++;
  }
  return g;
}

void __wrap_lore_batch_evaluation(lore_batch *batch, const lore_population *population,
                                  int64_t group_first, int64_t group_count, int64_t first,
                                  int count) {
  __real_lore_batch_evaluation(batch, population, group_first, group_count, first, count);
  if (!seen.on)
    return;
  int group;
#pragma omp critical
  group = number_of_group(group_first, group_count);
  for (int s = 0; s < count; s++)
    seen.evaluation[group][first + s] = hash_of(batch, s);
}

/* --- training --- */

static lore_manifest manifest;
static char folder[] = "/tmp/lore_test_tokens_XXXXXX";

static int setup(void **state) {
  if (open_path(state) || !mkdtemp(folder))
    return -1;
  put(shown);
  return lore_manifest_expand(path, 0, NULL, &manifest) != LORE_OK;
}

static int teardown(void **state) {
  char command[64];
  lore_manifest_destroy(&manifest);
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) || close_path(state);
}

static void check(lore_status status) {
  if (status != LORE_OK)
    fail_msg("%s", lore_fail_message());
}

/* As lore run does. */
static void train(int run) {
  static unsigned char packed[1 << 16];
  static lore_assignment assignment;
  char parent[LORE_PATH_MAX], weights[LORE_PATH_MAX] = "";
  lore_run_result result;
  lore_assignment_pack(&manifest, run, packed);
  lore_assignment_unpack(packed, &manifest.base[lore_assignment_base(packed)], &assignment);
  if (*assignment.parent) {
    check(lore_directory_of_run(folder, assignment.parent, parent));
    check(lore_path_of_weights(parent, assignment.weights_step, weights));
  }
  lore_run_options options = lore_assignment_options(&assignment, weights);
  options.directory = folder;
  options.command = "test";
  options.team = lore_team_alone();
  options.quiet = true;
  memset(&seen, 0, sizeof seen);
  seen.on = true;
  check(lore_run_execute(&assignment.settings, &options, &result));
  seen.on = false;
}

/* --- files --- */

static char exported[64];

static lore_tokens_size export(int run, bool evaluation, int64_t first, int64_t last) {
  lore_tokens_size size;
  snprintf(exported, sizeof exported, "%s/tokens.nc", folder);
  lore_export_options options = {.evaluation = evaluation,
                                 .first = first,
                                 .last = last,
                                 .results = folder,
                                 .output = exported,
                                 .command = "test"};
  check(lore_export_run(&manifest, run, &options, &size));
  return size;
}

static void get(int ncid, const char *name, const size_t *start, const size_t *count, void *to) {
  int id;
  assert_int_equal(nc_inq_varid(ncid, name, &id), NC_NOERR);
  assert_int_equal(nc_get_vara(ncid, id, start, count, to), NC_NOERR);
}

static uint64_t hash_in_file(int ncid, size_t row, size_t s, int64_t *next) {
  static sequence one;
  int64_t offset;
  size_t start[] = {row, s, 0}, one_each[] = {1, 1, LORE_ATTRIBUTES};
  memset(&one, 0, sizeof one);
  get(ncid, "individual", start, one_each, &one.individual);
  get(ncid, "length", start, one_each, &one.length);
  get(ncid, "offset", start, one_each, &offset);
  assert_int_equal(offset, *next);
  *next = offset + one.length;
  get(ncid, "sentence_attribute", start, one_each, one.attribute);
  get(ncid, "sentence_template", start, one_each, one.template);
  get(ncid, "value_length", start, one_each, one.value_length);
  get(ncid, "name_at", start, one_each, one.name_at);
  get(ncid, "value_at", start, one_each, one.value_at);
  size_t from = (size_t)offset, length = (size_t)one.length;
  assert_true(length <= POSITIONS_MAX);
  get(ncid, "token", &from, &length, one.token);
  get(ncid, "target", &from, &length, one.target);
  get(ncid, "role", &from, &length, one.role);
  get(ncid, "target_role", &from, &length, one.target_role);
  return XXH3_64bits(&one, sizeof one);
}

static void compare_steps(int run, int64_t first, int64_t last) {
  int ncid;
  int64_t next = 0;
  lore_tokens_size size = export(run, false, first, last);
  assert_int_equal(size.sequences, (last - first) * BATCH);
  assert_int_equal(nc_open(exported, NC_NOWRITE, &ncid), NC_NOERR);
  for (int64_t step = first; step < last; step++) {
    int stored;
    size_t row = (size_t)(step - first);
    get(ncid, "step", &row, (size_t[]){1}, &stored);
    assert_int_equal(stored, step);
    for (size_t s = 0; s < BATCH; s++)
      if (hash_in_file(ncid, row, s, &next) != seen.training[step][s])
        fail_msg("%s: sequence %zu of step %lld is not what was trained on", manifest.run[run].id,
                 s, (long long)step);
  }
  assert_int_equal(next, size.tokens);
  nc_close(ncid);
}

static void compare_groups(int run) {
  int ncid;
  int64_t next = 0;
  lore_tokens_size size = export(run, true, 0, 0);
  assert_int_equal(size.sequences, seen.groups * SEQUENCES);
  assert_int_equal(nc_open(exported, NC_NOWRITE, &ncid), NC_NOERR);
  for (size_t row = 0; row < (size_t)seen.groups; row++) {
    int first, count;
    get(ncid, "group_first", &row, (size_t[]){1}, &first);
    get(ncid, "group_individuals", &row, (size_t[]){1}, &count);
    int group = number_of_group(first, count), groups = seen.groups;
    assert_int_equal(groups * SEQUENCES, size.sequences); /* it was evaluated */
    for (size_t s = 0; s < SEQUENCES; s++)
      if (hash_in_file(ncid, row, s, &next) != seen.evaluation[group][s])
        fail_msg("%s: sequence %zu of group %zu is not what was evaluated", manifest.run[run].id, s,
                 row);
  }
  nc_close(ncid);
}

static void files_hold_what_runs_see(void **state) {
  (void)state;
  for (int run = 0; run < manifest.runs; run++) {
    train(run);
    for (int step = 0; step < STEPS; step++)
      for (int s = 0; s < BATCH; s++)
        assert_true(seen.training[step][s] != 0);
    compare_steps(run, 0, STEPS);
    compare_steps(run, 5, 6);
    compare_steps(run, 9, STEPS);
    compare_groups(run);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(files_hold_what_runs_see)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
