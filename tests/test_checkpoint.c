/* Checkpoints: what is written comes back, and everything that is not as written is noticed. */
#include <fcntl.h>
#include <math.h>
#include <netcdf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <xxhash.h>

#include "lore/io/checkpoint.h"
#include "support/attribute.h"

#ifdef LORE_DOUBLE
#define get_reals nc_get_var_double
#else
#define get_reals nc_get_var_float
#endif

enum { CONTEXT = 40 };

static char directory[64], path[128];
static lore_vocabulary *vocabulary;

static const lore_model_config plain = {.layers = 2,
                                        .width = 12,
                                        .heads = 3,
                                        .hidden = 20,
                                        .rotary_base = 10000,
                                        .norm_epsilon = 1e-6,
                                        .initial_scale = 0.02,
                                        .tied_embedding = true};
static const lore_provenance provenance[] = {{"lore_version", "0.1.0"}};

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_checkpoint_XXXXXX");
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/step_7.nc", directory);
  return lore_vocabulary_create(false, &vocabulary);
}

static int remove_directory(void **state) {
  (void)state;
  lore_vocabulary_destroy(vocabulary);
  unlink(path);
  return rmdir(directory); /* fails if a temporary file was left behind */
}

static lore_model *model_of(lore_model_config config) {
  lore_model *model = NULL;
  assert_int_equal(lore_model_create(&config, lore_vocabulary_size(vocabulary), CONTEXT, &model),
                   LORE_OK);
  return model;
}

/* Parameters that are all different, 0 in the gaps. */
static real *parameters_of(const lore_model *model) {
  real *parameters = calloc((size_t)model->elements, sizeof(real));
  for (int t = 0; t < model->tensors; t++)
    for (int64_t i = 0; i < (int64_t)model->tensor[t].rows * model->tensor[t].columns; i++)
      parameters[model->tensor[t].offset + i] = (real)(t + 1) + (real)i / 16384;
  return parameters;
}

static lore_status write_to(const char *at, const lore_model *model) {
  real *parameters = parameters_of(model);
  lore_status status = lore_checkpoint_write(at, model, parameters, vocabulary, 7, 1, provenance);
  free(parameters);
  return status;
}

/* Reads `path` as `model`; true if it came back as written. */
static bool comes_back(const lore_model *model) {
  real *expected = parameters_of(model);
  real *parameters = malloc((size_t)model->elements * sizeof(real));
  int64_t step = -1;
  memset(parameters, 255, (size_t)model->elements * sizeof(real)); /* gaps must become 0 */
  bool same = lore_checkpoint_read(path, model, parameters, &step) == LORE_OK && step == 7 &&
              !memcmp(parameters, expected, (size_t)model->elements * sizeof(real));
  free(parameters);
  free(expected);
  return same;
}

static lore_status read_status(const lore_model *model) {
  real *parameters = malloc((size_t)model->elements * sizeof(real));
  int64_t step;
  lore_status status = lore_checkpoint_read(path, model, parameters, &step);
  free(parameters);
  return status;
}

static void test_all_settings_come_back(void **state) {
  (void)state;
  for (int bits = 0; bits < 48; bits++) {
    lore_model_config config = plain;
    config.norm = bits & 1 ? LORE_NORM_LAYER : LORE_NORM_RMS;
    config.bias = bits & 2;
    config.tied_embedding = bits & 4;
    config.activation = bits & 8 ? LORE_ACTIVATION_RELU : LORE_ACTIVATION_GELU;
    config.positions = (lore_positions)(bits / 16);
    lore_model *model = model_of(config);
    assert_int_equal(write_to(path, model), LORE_OK);
    assert_true(comes_back(model));
    lore_model_destroy(model);
  }
}

/* What another program sees: names, dimensions, attributes and values. */
static void test_layout(void **state) {
  (void)state;
  lore_model_config config = plain;
  config.bias = true;
  config.positions = LORE_POSITIONS_LEARNED;
  lore_model *model = model_of(config);
  assert_int_equal(write_to(path, model), LORE_OK);
  int ncid, id, format, rank, dimension[2];
  char name[NC_MAX_NAME + 1];
  size_t length;
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  nc_inq_format(ncid, &format);
  assert_int_equal(format, NC_FORMAT_64BIT_OFFSET);
  assert_int_equal(nc_inq_varid(ncid, "layer_2_attention_qkv", &id), 0);
  assert_int_equal(nc_inq_var(ncid, id, NULL, NULL, &rank, dimension, NULL), 0);
  assert_int_equal(rank, 2);
  nc_inq_dim(ncid, dimension[0], name, &length);
  assert_string_equal(name, "width");
  assert_int_equal(length, 12);
  nc_inq_dim(ncid, dimension[1], name, &length);
  assert_string_equal(name, "qkv");
  assert_int_equal(length, 36);
  real value[12 * 36], *parameters = parameters_of(model);
  const lore_tensor *tensor = &model->tensor[lore_model_find(model, "layer_2/attention/qkv")];
  assert_int_equal(get_reals(ncid, id, value), 0);
  assert_memory_equal(value, parameters + tensor->offset, sizeof value);
  free(parameters);
  char text[256] = "";
  nc_get_att_text(ncid, id, "long_name", text);
  assert_string_equal(text, "layer 2: maps to queries, keys and values, side by side");
  memset(text, 0, sizeof text);
  assert_int_equal(nc_get_att_text(ncid, NC_GLOBAL, "model_positions", text), 0);
  assert_string_equal(text, "learned");
  assert_int_equal(nc_inq_dimid(ncid, "context", &id), 0);
  assert_int_equal(nc_inq_varid(ncid, "head", &id), NC_ENOTVAR); /* tied */
  nc_inq_dimid(ncid, "word_length", &id);
  nc_inq_dimlen(ncid, id, &length);
  nc_inq_varid(ncid, "word", &id);
  memset(text, 0, sizeof text);
  assert_true(length < sizeof text);
  for (int i = 0; i < lore_vocabulary_size(vocabulary); i++) {
    nc_get_vara_text(ncid, id, (size_t[]){(size_t)i, 0}, (size_t[]){1, length}, text);
    assert_string_equal(text, lore_vocabulary_word(vocabulary, (uint16_t)i));
  }
  nc_close(ncid);
  lore_model_destroy(model);
}

static void expect_other_model(const lore_model_config *config, const char *difference) {
  char message[512];
  lore_model *model = model_of(*config);
  assert_int_equal(read_status(model), LORE_USER);
  snprintf(message, sizeof message, "%s holds another model: %s", path, difference);
  assert_string_equal(lore_fail_message(), message);
  assert_int_equal(lore_checkpoint_check(path, model, vocabulary), LORE_USER);
  assert_string_equal(lore_fail_message(), message);
  lore_model_destroy(model);
}

static void test_other_models(void **state) {
  (void)state;
  lore_model *model = model_of(plain);
  assert_int_equal(write_to(path, model), LORE_OK);
#define OTHER(member, value, difference)                                                           \
  do {                                                                                             \
    lore_model_config other = plain;                                                               \
    other.member = (value);                                                                        \
    expect_other_model(&other, difference);                                                        \
  } while (0)
  OTHER(layers, 3, "model_layers is 2 there and 3 here");
  OTHER(width, 24, "model_width is 12 there and 24 here");
  OTHER(heads, 6, "model_heads is 3 there and 6 here");
  OTHER(hidden, 24, "model_hidden is 20 there and 24 here");
  OTHER(norm, LORE_NORM_LAYER, "model_norm is rms there and layer here");
  OTHER(positions, LORE_POSITIONS_NONE, "model_positions is rotary there and none here");
  OTHER(activation, LORE_ACTIVATION_RELU, "model_activation is gelu there and relu here");
  OTHER(bias, true, "model_bias is 0 there and 1 here");
  OTHER(tied_embedding, false, "model_tied_embedding is 1 there and 0 here");
  OTHER(rotary_base, 500, "model_rotary_base is 10000 there and 500 here");
  OTHER(norm_epsilon, 1e-5, "model_norm_epsilon is 1e-06 there and 1e-05 here");
  lore_model_config recurrent = plain;
  recurrent.mixer = LORE_MIXER_RG_LRU;
  recurrent.positions = LORE_POSITIONS_NONE;
  recurrent.recurrent_width = 15;
  expect_other_model(&recurrent, "model_mixer is attention there and rg_lru here");
  lore_model *hawk = model_of(recurrent);
  assert_int_equal(write_to(path, hawk), LORE_OK);
  assert_int_equal(read_status(hawk), LORE_OK);
  lore_model_destroy(hawk);
  recurrent.recurrent_width = 18;
  expect_other_model(&recurrent, "model_recurrent_width is 15 there and 18 here");
  assert_int_equal(write_to(path, model), LORE_OK);
  lore_model *larger = NULL;
  int words = lore_vocabulary_size(vocabulary);
  assert_int_equal(lore_model_create(&plain, words + 1, CONTEXT, &larger), LORE_OK);
  char message[512];
  snprintf(message, sizeof message,
           "%s holds another model: embedding is %d (vocabulary) there and %d (vocabulary) here",
           path, words, words + 1);
  assert_int_equal(read_status(larger), LORE_USER);
  assert_string_equal(lore_fail_message(), message);
  lore_model_destroy(larger);
  lore_model_destroy(model);
}

static void flip(off_t at) {
  unsigned char byte;
  int fd = open(path, O_RDWR);
  assert_int_equal(pread(fd, &byte, 1, at), 1);
  byte ^= 1;
  assert_int_equal(pwrite(fd, &byte, 1, at), 1);
  close(fd);
}

static void expect_damage(const lore_model *model) {
  char message[512];
  snprintf(message, sizeof message,
           "%s is truncated, damaged or no checkpoint: its checksum is wrong", path);
  assert_int_equal(read_status(model), LORE_NETCDF);
  assert_string_equal(lore_fail_message(), message);
}

static void test_flipped_bytes(void **state) {
  (void)state;
  lore_model *model = model_of(plain);
  assert_int_equal(write_to(path, model), LORE_OK);
  struct stat size;
  stat(path, &size);
  for (off_t at = 0; at < size.st_size; at += at < 8192 ? 1 : 211) {
    flip(at);
    expect_damage(model);
    flip(at);
  }
  assert_true(comes_back(model));
  lore_model_destroy(model);
}

static void test_truncated_files(void **state) {
  (void)state;
  lore_model *model = model_of(plain);
  assert_int_equal(write_to(path, model), LORE_OK);
  struct stat size;
  stat(path, &size);
  for (off_t length = size.st_size - 1; length >= 0; length -= length < 8192 ? 1 : 211) {
    assert_int_equal(truncate(path, length), 0);
    expect_damage(model);
  }
  lore_model_destroy(model);
}

static void expect_write_failure(const lore_model *model, const char *at, const char *message) {
  assert_int_equal(write_to(at, model), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
}

static void test_bad_paths(void **state) {
  (void)state;
  lore_model *model = model_of(plain);
  char at[192], message[512];
  snprintf(at, sizeof at, "%s/missing/a.nc", directory);
  snprintf(message, sizeof message, "cannot create %s.partial: No such file or directory", at);
  expect_write_failure(model, at, message);
  snprintf(at, sizeof at, "%s/directory", directory);
  mkdir(at, 0777);
  snprintf(message, sizeof message, "cannot put a new file at %s: Is a directory", at);
  expect_write_failure(model, at, message);
  rmdir(at);
  assert_int_equal(read_status(model), LORE_FILE);
  snprintf(message, sizeof message, "cannot open %s: No such file or directory", path);
  assert_string_equal(lore_fail_message(), message);
  if (geteuid() != 0) { /* root may write anywhere */
    chmod(directory, 0500);
    snprintf(message, sizeof message, "cannot create %s.partial: Permission denied", path);
    expect_write_failure(model, path, message);
    chmod(directory, 0700);
  }
  lore_model_destroy(model);
}

static void test_other_files(void **state) {
  (void)state;
  lore_model *model = model_of(plain);
  int ncid;
  nc_create(path, NC_CLOBBER, &ncid);
  nc_close(ncid);
  expect_damage(model);
  /* A checkpoint of a later format, with a checksum that is right. */
  nc_create(path, NC_CLOBBER, &ncid);
  nc_put_att_int(ncid, NC_GLOBAL, "checkpoint_format", NC_INT, 1, (int[]){2});
  nc_close(ncid);
  char bytes[1024], message[512];
  FILE *file = fopen(path, "r+");
  size_t length = fread(bytes, 1, sizeof bytes, file);
  XXH128_canonical_t checksum;
  XXH128_canonicalFromHash(&checksum, XXH3_128bits(bytes, length));
  fseek(file, 0, SEEK_END);
  fwrite(&checksum, sizeof checksum, 1, file);
  fclose(file);
  assert_int_equal(read_status(model), LORE_USER);
  snprintf(message, sizeof message, "%s has checkpoint format 2; this build reads 1", path);
  assert_string_equal(lore_fail_message(), message);
  lore_model_destroy(model);
}

static void test_about(void **state) {
  (void)state;
  static const lore_provenance origin[] = {{"run_id", "pre-seed1"}, {"steps_before", "5000000000"}};
  lore_model *model = model_of(plain);
  lore_checkpoint_about about;
  char stored[LORE_CHECKSUM_TEXT] = "";
  int ncid;
  assert_int_equal(write_to(path, model), LORE_OK); /* says nothing of its run, as early ones */
  assert_int_equal(lore_checkpoint_describe(path, &about), LORE_OK);
  assert_false(about.memory);
  assert_int_equal(about.step, 7);
  assert_int_equal(about.steps_before, 0);
  assert_string_equal(about.run, "");
  nc_open(path, NC_NOWRITE, &ncid);
  nc_get_att_text(ncid, NC_GLOBAL, "checksum_xxh3_128", stored);
  nc_close(ncid);
  assert_string_equal(about.checksum, stored);
  real *parameters = parameters_of(model);
  assert_int_equal(lore_checkpoint_write(path, model, parameters, vocabulary, 8, 2, origin),
                   LORE_OK);
  free(parameters);
  assert_int_equal(lore_checkpoint_describe(path, &about), LORE_OK);
  assert_int_equal(about.step, 8);
  assert_int_equal(about.steps_before, INT64_C(5000000000));
  assert_string_equal(about.run, "pre-seed1");
  assert_string_equal(about.checksum, stored);
  flip(2000);
  assert_int_equal(lore_checkpoint_describe(path, &about), LORE_NETCDF);
  lore_model_destroy(model);
}

static void test_other_words(void **state) {
  (void)state;
  lore_model *model = model_of(plain);
  char message[512];
  int ncid, id;
  assert_int_equal(write_to(path, model), LORE_OK);
  assert_int_equal(lore_checkpoint_check(path, model, vocabulary), LORE_OK);
  nc_open(path, NC_WRITE, &ncid);
  nc_inq_varid(ncid, "word", &id);
  assert_int_equal(nc_put_var1_text(ncid, id, (size_t[]){17, 0}, "~"), 0);
  nc_close(ncid);
  attribute_seal(path);
  assert_int_equal(read_status(model), LORE_OK);
  assert_int_equal(lore_checkpoint_check(path, model, vocabulary), LORE_USER);
  const char *word = lore_vocabulary_word(vocabulary, 17);
  snprintf(message, sizeof message,
           "%s has another vocabulary: word 17 is '~%s' there and '%s' here", path, word + 1, word);
  assert_string_equal(lore_fail_message(), message);
  lore_model_destroy(model);
}

static void expect_wild(const char *name, const char *reason) {
  lore_checkpoint_about about;
  char message[512];
  attribute_seal(path);
  snprintf(message, sizeof message, "cannot read %s of %s: %s", name, path, reason);
  assert_int_equal(lore_checkpoint_describe(path, &about), LORE_NETCDF);
  assert_string_equal(lore_fail_message(), message);
}

/* A right checksum does not make a number right. */
static void test_wild_numbers(void **state) {
  (void)state;
  static const double wild[] = {-5, -1, 0.5, NAN, INFINITY, -INFINITY, 1e300, 9007199254740992.0};
  static const char *const before[] = {"-1", "9223372036854775807", "9007199254740992", "1e3", ""};
  lore_model *model = model_of(plain);
  lore_checkpoint_about about;
  assert_int_equal(write_to(path, model), LORE_OK);
  for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
    assert_int_equal(attribute_put_number(path, "step", wild[i]), 0);
    expect_wild("step", WILD);
    assert_int_equal(read_status(model), LORE_NETCDF);
  }
  assert_int_equal(attribute_put_number(path, "step", 9007199254740991.0), 0);
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    assert_int_equal(attribute_put_text(path, "steps_before", before[i]), 0);
    expect_wild("steps_before", WILD);
  }
  assert_int_equal(attribute_put_text(path, "steps_before", "9007199254740991"), 0);
  attribute_seal(path);
  assert_int_equal(lore_checkpoint_describe(path, &about), LORE_OK);
  assert_int_equal(about.step, INT64_C(9007199254740991));
  lore_model_destroy(model);
}

/* Weights of one precision are good for the other; earlier versions did not write which it was. */
static void test_precision(void **state) {
  (void)state;
  char text[8] = "";
  int ncid;
  lore_model_config rounded = plain;
  rounded.precision = LORE_BF16;
  lore_model *model = model_of(rounded), *other = model_of(plain);
  assert_int_equal(write_to(path, model), LORE_OK);
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  nc_get_att_text(ncid, NC_GLOBAL, "train_precision", text);
  nc_close(ncid);
  assert_string_equal(text, "bf16");
  assert_true(comes_back(model) && comes_back(other));
  assert_int_equal(attribute_remove(path, "train_precision"), 0);
  attribute_seal(path);
  assert_true(comes_back(model) && comes_back(other));
  lore_model_destroy(model);
  lore_model_destroy(other);
}

/* A full disk leaves the previous checkpoint as it was. */
static void test_full_disk(void **state) {
  (void)state;
  lore_model_config large = plain;
  large.width = 96;
  lore_model *model = model_of(plain), *more = model_of(large);
  assert_int_equal(write_to(path, model), LORE_OK);
  struct rlimit limit = {.rlim_cur = 100000, .rlim_max = RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  lore_status status = write_to(path, more);
  limit.rlim_cur = RLIM_INFINITY;
  setrlimit(RLIMIT_FSIZE, &limit);
  char message[512];
  snprintf(message, sizeof message, "cannot write %s.partial: File too large", path);
  assert_int_equal(status, LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
  assert_true(comes_back(model));
  lore_model_destroy(model);
  lore_model_destroy(more);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
  const struct CMUnitTest tests[] = {
      TEST(test_all_settings_come_back),
      TEST(test_layout),
      TEST(test_other_models),
      TEST(test_flipped_bytes),
      TEST(test_truncated_files),
      TEST(test_bad_paths),
      TEST(test_other_files),
      TEST(test_about),
      TEST(test_other_words),
      TEST(test_wild_numbers),
      TEST(test_precision),
      TEST(test_full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
