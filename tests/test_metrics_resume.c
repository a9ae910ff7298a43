/* Going on with a metrics file: the bytes of one that was never interrupted, whatever was killed
 * when, and a refusal where the run is another one. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "metrics_check.h"

enum { ALL = 14, SETTINGS = sizeof fixture_setting / sizeof *fixture_setting, KILLS = 40 };

static char directory[64], path[128], reference[128];

/* Two attributes that would otherwise hold the moment of writing. */
static const lore_provenance still[] = {{"history", "then: created by lore"},
                                        {"date_created", "then"},
                                        {"lore_version", "0.1.0"},
                                        {"host", "a"}};

/* What a later job knows of itself: longer, so that a header of its own would be. */
static const lore_provenance later[] = {{"history", "much later: gone on with by lore, elsewhere"},
                                        {"date_created", "much later"},
                                        {"lore_version", "0.1.0-17-modified"},
                                        {"host", "another host"},
                                        {"lore_commit", "0123456789"}};

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_metrics_resume_XXXXXX");
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/metrics.nc", directory);
  snprintf(reference, sizeof reference, "%s/reference.nc", directory);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  unlink(path);
  unlink(reference);
  return rmdir(directory); /* fails if a temporary file was left behind */
}

static lore_metrics_definition definition_now(void) {
  lore_metrics_definition definition = fixture_definition();
  definition.provenances = sizeof still / sizeof *still;
  definition.provenance = still;
  return definition;
}

static lore_metrics_definition definition_later(void) {
  lore_metrics_definition definition = fixture_definition();
  definition.provenances = sizeof later / sizeof *later;
  definition.provenance = later;
  return definition;
}

static void append(lore_metrics *metrics, int from, int to) {
  for (int i = from; i < to; i++) {
    fixture_record f;
    fixture_fill(&f, i);
    assert_int_equal(lore_metrics_append(metrics, &f.record), LORE_OK);
  }
}

static void write_new(const char *at, int records) {
  lore_metrics_definition definition = definition_now();
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_create(at, &definition, &metrics), LORE_OK);
  append(metrics, 0, records);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
}

static void go_on(int from, int to) {
  lore_metrics_definition definition = definition_later();
  lore_metrics *metrics = NULL;
  assert_int_equal(lore_metrics_resume(path, &definition, from, &metrics), LORE_OK);
  assert_int_equal(metrics_check(path), from);
  append(metrics, from, to);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
}

static size_t read_all(const char *at, char **bytes) {
  struct stat file;
  assert_int_equal(stat(at, &file), 0);
  size_t size = (size_t)file.st_size;
  *bytes = malloc(size);
  int fd = open(at, O_RDONLY);
  assert_int_equal(read(fd, *bytes, size), size);
  close(fd);
  return size;
}

static void expect_reference(void) {
  char *a, *b;
  size_t size = read_all(path, &a);
  assert_int_equal(size, read_all(reference, &b));
  assert_memory_equal(a, b, size);
  free(a);
  free(b);
}

/* Interrupted after k records, gone on with after j of them: every pair. */
static void test_same_bytes(void **state) {
  (void)state;
  write_new(reference, ALL);
  for (int k = 0; k <= ALL; k++)
    for (int j = 0; j <= k; j++) {
      write_new(path, k);
      go_on(j, ALL);
      expect_reference();
    }
}

/* Nothing appended: what a run of so many records would have left. */
static void test_cut(void **state) {
  (void)state;
  for (int j = 0; j <= ALL; j++) {
    write_new(reference, j);
    write_new(path, ALL);
    go_on(j, j);
    expect_reference();
  }
}

/* Killed after the plateau's bound was written, before the record that reaches it. */
static void test_bound_without_record(void **state) {
  (void)state;
  int ncid, id;
  write_new(reference, ALL);
  write_new(path, FIXTURE_PLATEAU_FROM);
  assert_int_equal(nc_open(path, NC_WRITE, &ncid), 0);
  nc_inq_varid(ncid, "plateau_start", &id);
  assert_int_equal(nc_put_var_double(ncid, id, &(double){187.5}), 0);
  nc_close(ncid);
  lore_metrics_definition definition = definition_later();
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_resume(path, &definition, FIXTURE_PLATEAU_FROM, &metrics), LORE_OK);
  double bound;
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  nc_get_var_double(ncid, id, &bound);
  nc_close(ncid);
  assert_true(bound == NC_FILL_DOUBLE);
  append(metrics, FIXTURE_PLATEAU_FROM, ALL);
  assert_int_equal(lore_metrics_flush(metrics), LORE_OK);
  lore_metrics_close(metrics);
  expect_reference();
}

static void test_no_attention(void **state) {
  (void)state;
  lore_metrics_definition definition = definition_now();
  lore_metrics *metrics;
  definition.attention_layers = 0;
  assert_int_equal(lore_metrics_create(reference, &definition, &metrics), LORE_OK);
  append(metrics, 0, ALL);
  lore_metrics_close(metrics);
  assert_int_equal(lore_metrics_create(path, &definition, &metrics), LORE_OK);
  append(metrics, 0, 6);
  lore_metrics_close(metrics);
  assert_int_equal(lore_metrics_resume(path, &definition, 5, &metrics), LORE_OK);
  append(metrics, 5, ALL);
  lore_metrics_close(metrics);
  expect_reference();
}

/* A refusal with this message, the part after the path, that leaves the file as it is. */
static void refused(const lore_metrics_definition *definition, int64_t records, lore_status status,
                    const char *message) {
  char *before, *after, expected[512];
  lore_metrics *metrics;
  size_t size = read_all(path, &before);
  assert_int_equal(lore_metrics_resume(path, definition, records, &metrics), status);
  snprintf(expected, sizeof expected, "%s %s", path, message);
  assert_string_equal(lore_fail_message(), expected);
  assert_int_equal(read_all(path, &after), size);
  assert_memory_equal(before, after, size);
  free(before);
  free(after);
}

static void test_other_dimensions(void **state) {
  (void)state;
  write_new(path, 3);
  lore_metrics_definition d = definition_now();
  d.groups = 1;
  refused(&d, 3, LORE_USER, "is of another run: its dimension group is 2 there and 1 here");
  d = definition_now();
  d.layers = d.attention_layers = 4;
  refused(&d, 3, LORE_USER, "is of another run: its dimension layer is 3 there and 4 here");
  d.attention_layers = 0;
  refused(&d, 3, LORE_USER, "is of another run: its dimension layer is 3 there and 0 here");
  lore_group group[FIXTURE_GROUPS];
  memcpy(group, fixture_group, sizeof group);
  strcpy(group[1].name, "tail");
  d = definition_now();
  d.group = group;
  refused(&d, 3, LORE_USER, "is of another run: group 2 is held_out there and tail here");
}

static void other_setting(int index, lore_scalar changed, const char *message) {
  lore_scalar setting[SETTINGS];
  lore_metrics_definition d = definition_now();
  memcpy(setting, fixture_setting, sizeof setting);
  changed.long_name = "changed";
  changed.units = "1";
  setting[index] = changed;
  d.setting = setting;
  refused(&d, 3, LORE_USER, message);
}

static void test_other_settings(void **state) {
  (void)state;
  write_new(path, 3);
  other_setting(0, (lore_scalar){.name = "name", .kind = LORE_SCALAR_TEXT, .text = "balance"},
                "is of another run: the setting name is \"imbalance\" there and \"balance\" here");
  other_setting(1, (lore_scalar){.name = "seed", .kind = LORE_SCALAR_INTEGER, .integer = 8},
                "is of another run: the setting seed is 7 there and 8 here");
  other_setting(2,
                (lore_scalar){.name = "data_seed",
                              .kind = LORE_SCALAR_INTEGER,
                              .integer = INT64_C(9007199254740992)},
                "is of another run: the setting data_seed is 9007199254740993 there and "
                "9007199254740992 here");
  other_setting(5,
                (lore_scalar){.name = "train_learning_rate",
                              .kind = LORE_SCALAR_REAL,
                              .number = 1.5e-3 + 2.2e-19},
                "is of another run: the setting train_learning_rate is 0.0015 there and "
                "0.0015000000000000002 here");
  other_setting(5, (lore_scalar){.name = "new", .kind = LORE_SCALAR_REAL},
                "is of another run: it has the setting train_learning_rate, which is unknown here");
  lore_scalar more[SETTINGS + 1];
  memcpy(more, fixture_setting, sizeof fixture_setting);
  more[SETTINGS] = (lore_scalar){"new", "new", "1", LORE_SCALAR_REAL, 0, 1, NULL};
  lore_metrics_definition d = definition_now();
  d.settings++;
  d.setting = more;
  refused(&d, 3, LORE_USER, "is of another run: it has no setting new");
}

/* Settings that change no result: the file keeps the first sitting's, however long they are now. */
static void test_free_settings(void **state) {
  (void)state;
  enum { FREE = 5 };
  char list[200] = "";
  for (int i = 0; i < 19; i++)
    strcat(list, "123456789 ");
  const lore_scalar first[FREE] = {
      {"checkpoint_every", "a", "1", LORE_SCALAR_INTEGER, 500, 0, NULL},
      {"checkpoint_snapshots", "a", "1", LORE_SCALAR_TEXT, 0, 0, ""},
      {"compute_threads", "a", "1", LORE_SCALAR_INTEGER, 2, 0, NULL},
      {"compute_gemm", "a", "1", LORE_SCALAR_TEXT, 0, 0, "auto"},
      {"train_reduction", "a", "1", LORE_SCALAR_TEXT, 0, 0, "reproducible"}};
  const lore_scalar second[FREE] = {
      {"checkpoint_every", "a", "1", LORE_SCALAR_INTEGER, 5000000000, 0, NULL},
      {"checkpoint_snapshots", "a", "1", LORE_SCALAR_TEXT, 0, 0, list},
      {"compute_threads", "a", "1", LORE_SCALAR_INTEGER, 16, 0, NULL},
      {"compute_gemm", "a", "1", LORE_SCALAR_TEXT, 0, 0, "cblas"},
      {"train_reduction", "a", "1", LORE_SCALAR_TEXT, 0, 0, "mpi"}};
  const char *const at[] = {reference, path};
  lore_metrics_definition d = definition_now();
  d.settings = FREE;
  d.setting = first;
  for (int i = 0; i < 2; i++) {
    lore_metrics *metrics;
    assert_int_equal(lore_metrics_create(at[i], &d, &metrics), LORE_OK);
    append(metrics, 0, i ? 7 : ALL);
    lore_metrics_close(metrics);
  }
  d.setting = second;
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_resume(path, &d, 6, &metrics), LORE_OK);
  append(metrics, 6, ALL);
  lore_metrics_close(metrics);
  expect_reference();
}

static void test_unfit_files(void **state) {
  (void)state;
  lore_metrics_definition d = definition_now();
  lore_metrics *metrics;
  char message[512];
  int ncid;
  snprintf(message, sizeof message, "cannot open %s: No such file or directory", path);
  assert_int_equal(lore_metrics_resume(path, &d, 0, &metrics), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
  write_new(path, 3);
  refused(&d, 4, LORE_NETCDF, "has 3 records; the checkpoint was written after 4");
  struct stat file;
  stat(path, &file);
  truncate(path, file.st_size - 1);
  snprintf(message, sizeof message, "is truncated: %lld bytes, where 3 records need %lld",
           (long long)file.st_size - 1, (long long)file.st_size);
  refused(&d, 3, LORE_NETCDF, message);
  go_on(2, 3); /* the first two are whole */
  nc_create(path, NC_CLOBBER, &ncid);
  nc_close(ncid);
  refused(&d, 0, LORE_NETCDF, "is no metrics file: it has no dimension step");
  int fd = open(path, O_WRONLY | O_TRUNC);
  assert_int_equal(write(fd, "text", 4), 4);
  close(fd);
  assert_int_equal(lore_metrics_resume(path, &d, 0, &metrics), LORE_NETCDF);
}

static void test_full_disk(void **state) {
  (void)state;
  lore_metrics_definition d = definition_now();
  lore_metrics *metrics;
  char message[512];
  write_new(path, ALL);
  struct rlimit limit = {.rlim_cur = 20000, .rlim_max = RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  lore_status status = lore_metrics_resume(path, &d, ALL, &metrics);
  limit.rlim_cur = RLIM_INFINITY;
  setrlimit(RLIMIT_FSIZE, &limit);
  assert_int_equal(status, LORE_FILE);
  snprintf(message, sizeof message, "cannot copy the records of %s: File too large", path);
  assert_string_equal(lore_fail_message(), message);
  assert_int_equal(metrics_check(path), ALL);
}

/* A child that begins or goes on with the file after `from` records and appends up to `to`. */
static pid_t start_writer(int from, int to) {
  pid_t child = fork();
  if (child != 0)
    return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  lore_metrics_definition first = definition_now(), second = definition_later();
  lore_metrics *metrics;
  if ((from < 0 ? lore_metrics_create(path, &first, &metrics)
                : lore_metrics_resume(path, &second, from, &metrics)) != LORE_OK)
    _exit(1);
  for (int i = from < 0 ? 0 : from; i < to; i++) {
    fixture_record f;
    fixture_fill(&f, i);
    if (lore_metrics_append(metrics, &f.record) != LORE_OK)
      _exit(1);
  }
  pause();
  _exit(1);
}

static void kill_writer(pid_t child) {
  int status;
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* One run, killed again and again, each time gone on with after some of its records. */
static void test_killed(void **state) {
  (void)state;
  enum { LONG = 400 };
  unsigned seed = (unsigned)time(NULL);
  int records = -1, from = -1, kept = 0;
  char partial[160];
  print_message("seed %u\n", seed);
  write_new(reference, LONG);
  for (int i = 0; i < KILLS; i++) {
    pid_t child = start_writer(from, LONG);
    usleep((useconds_t)(rand_r(&seed) % 15000));
    kill_writer(child);
    int before = records;
    records = access(path, F_OK) ? -1 : metrics_check(path);
    assert_true(records >= from); /* also that it could be read */
    kept += records == before && from < before;
    if (records > 0) /* a resume point is never much older */
      from = records - rand_r(&seed) % (records < 20 ? records + 1 : 20);
    else
      from = records;
  }
  print_message("%d kills, %d records, %d times before the rename\n", KILLS, records, kept);
  go_on(from < 0 ? 0 : from, LONG);
  expect_reference();
  snprintf(partial, sizeof partial, "%s.partial", path);
  assert_int_not_equal(access(partial, F_OK), 0);
}

static void test_reader_beside(void **state) {
  (void)state;
  write_new(path, ALL);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      go_on(5, ALL);
  }
  for (int i = 0; i < 500; i++) {
    int records = metrics_check(path);
    assert_in_range(records, 5, ALL);
  }
  kill_writer(child);
  char partial[160];
  snprintf(partial, sizeof partial, "%s.partial", path);
  unlink(partial);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
  const struct CMUnitTest tests[] = {
      TEST(test_same_bytes),
      TEST(test_cut),
      TEST(test_bound_without_record),
      TEST(test_no_attention),
      TEST(test_other_dimensions),
      TEST(test_other_settings),
      TEST(test_free_settings),
      TEST(test_unfit_files),
      TEST(test_full_disk),
      TEST(test_killed),
      TEST(test_reader_beside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
