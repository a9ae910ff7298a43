/* Resume points: everything comes back bit for bit, and two are kept. */
#include <fcntl.h>
#include <netcdf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lore/io/checkpoint.h"
#include "support/resume_fixture.h"

static void test_nothing(void **state) {
  (void)state;
  char missing[128];
  fixture_state s = state_make(1);
  lore_resume resume;
  bool found = true;
  assert_int_equal(lore_resume_read(directory, model, &s.all, &resume, &found), LORE_OK);
  assert_false(found);
  snprintf(missing, sizeof missing, "%s/missing", directory);
  found = true;
  assert_int_equal(lore_resume_read(missing, model, &s.all, &resume, &found), LORE_OK);
  assert_false(found);
  lore_resume_remove(missing);
  state_free(&s);
}

static void test_round_trip(void **state) {
  (void)state;
  for (int64_t step = 7; step < 200000000; step *= 5) {
    lore_resume_remove(directory);
    put(step);
    expect_step(step);
  }
}

static bool there(int64_t step) {
  char path[128];
  path_of(step, path);
  return access(path, F_OK) == 0;
}

static void test_two_are_kept(void **state) {
  (void)state;
  put(10);
  put(20);
  assert_true(there(10) && there(20));
  put(30);
  assert_true(!there(10) && there(20) && there(30));
  put(25); /* 30 was damaged, the run went on from 20 and was stopped at 25 */
  assert_true(there(20) && there(25) && !there(30));
  put(25);
  assert_true(there(20) && there(25));
  expect_step(25);
  put(100000000); /* nine digits, so not the last by name */
  put(99999999);
  put(100000000);
  expect_step(100000000);
  lore_resume_remove(directory);
  expect_step(0);
}

/* Files with other names are not ours to read or remove. */
static void test_other_names(void **state) {
  (void)state;
  static const char *const names[] = {"resume_5.nc", "resume_0000000x.nc", "resume_00000005.nc.old",
                                      "weights_00000005.nc", "resume_.nc"};
  char path[160];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", directory, names[i]);
    close(open(path, O_CREAT | O_WRONLY, 0666));
  }
  expect_step(0);
  put(1);
  put(2);
  put(3);
  expect_step(3);
  lore_resume_remove(directory);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", directory, names[i]);
    assert_int_equal(unlink(path), 0);
  }
}

static void test_stale_temporary(void **state) {
  (void)state;
  char path[160], partial[192];
  put(3);
  path_of(4, path);
  snprintf(partial, sizeof partial, "%s.partial", path);
  close(open(partial, O_CREAT | O_WRONLY, 0666));
  expect_step(3);
  assert_int_not_equal(access(partial, F_OK), 0);
}

/* What Python and lore_checkpoint_read see. */
static void test_is_a_checkpoint(void **state) {
  (void)state;
  char path[128], text[128] = "";
  int ncid, id;
  int64_t step;
  put(7);
  path_of(7, path);
  fixture_state written = state_make(7), read = state_make(1);
  assert_int_equal(lore_checkpoint_read(path, model, read.all.parameters, &step), LORE_OK);
  assert_int_equal(step, 7);
  size_t size = (size_t)model->elements * sizeof(real);
  assert_memory_equal(read.all.parameters, written.all.parameters, size);
  const lore_tensor *tensor = &model->tensor[lore_model_find(model, "layer_2/mlp/up")];
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  assert_int_equal(nc_inq_varid(ncid, "second_moment_layer_2_mlp_up", &id), 0);
  assert_int_equal(nc_get_var_float(ncid, id, read.all.parameters), 0);
  assert_memory_equal(read.all.parameters, written.all.second_moment.memory + tensor->offset,
                      (size_t)tensor->rows * (size_t)tensor->columns * sizeof(real));
  nc_get_att_text(ncid, id, "long_name", text);
  assert_string_equal(text,
                      "mean of the squared gradient that AdamW keeps of layer 2: map to the hidden "
                      "units of the MLP");
  memset(text, 0, sizeof text);
  assert_int_equal(nc_get_att_text(ncid, NC_GLOBAL, "resume_settings_hash", text), 0);
  assert_string_equal(text, "fedcba9876543217");
  nc_close(ncid);
  state_free(&written);
  state_free(&read);
}

static void test_other_model(void **state) {
  (void)state;
  char message[256];
  put(7);
  lore_model_config config = fixture_config;
  lore_model *mine = model;
  config.width = 24;
  assert_int_equal(lore_model_create(&config, lore_vocabulary_size(vocabulary), 40, &model),
                   LORE_OK);
  assert_int_equal(get(directory), -1);
  snprintf(message, sizeof message,
           "%s/resume_00000007.nc holds another model: model_width is 12 there and 24 here",
           directory);
  assert_string_equal(lore_fail_message(), message);
  lore_model_destroy(model);
  model = mine;
}

/* A file of weights in the place of a resume point costs a warning, as damage does. */
static void test_only_weights(void **state) {
  (void)state;
  char path[128], message[256];
  path_of(7, path);
  fixture_state s = state_make(7);
  assert_int_equal(lore_checkpoint_write(path, model, s.all.parameters, vocabulary, 7, 0, NULL),
                   LORE_OK);
  state_free(&s);
  assert_int_equal(get(directory), 0);
  snprintf(message, sizeof message,
           "cannot read resume_tokens_seen of %s: NetCDF: Attribute not found", path);
  assert_string_equal(lore_fail_message(), message);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
  const struct CMUnitTest tests[] = {
      TEST(test_nothing),     TEST(test_round_trip),      TEST(test_two_are_kept),
      TEST(test_other_names), TEST(test_stale_temporary), TEST(test_is_a_checkpoint),
      TEST(test_other_model), TEST(test_only_weights),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
