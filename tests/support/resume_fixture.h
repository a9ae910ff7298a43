/* A directory with resume points of a small model, every bit of which follows from the step. */
#ifndef LORE_TESTS_RESUME_FIXTURE_H
#define LORE_TESTS_RESUME_FIXTURE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/data/sampler.h"
#include "lore/io/resume.h"

static char directory[64];
static lore_vocabulary *vocabulary;
static lore_model *model;

static const lore_model_config fixture_config = {.layers = 2,
                                                 .width = 12,
                                                 .heads = 3,
                                                 .hidden = 20,
                                                 .bias = true,
                                                 .rotary_base = 10000,
                                                 .norm_epsilon = 1e-6,
                                                 .initial_scale = 0.02,
                                                 .tied_embedding = true};
static const lore_provenance fixture_source[] = {{"lore_version", "0.1.0"},
                                                 {"gemm_backend", "builtin"}};

typedef struct {
  lore_training_state all;
} fixture_state;

static inline int fixture_begin(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_resume_XXXXXX");
  return !mkdtemp(directory) || lore_vocabulary_create(false, &vocabulary) != LORE_OK ||
         lore_model_create(&fixture_config, lore_vocabulary_size(vocabulary), 40, &model) !=
             LORE_OK;
}

static inline int fixture_end(void **state) {
  (void)state;
  lore_resume_remove(directory);
  lore_model_destroy(model);
  lore_vocabulary_destroy(vocabulary);
  return rmdir(directory); /* fails if anything else was left behind */
}

/* Bits of all kinds, infinities and NaNs with any payload among them; 0 in the gaps. */
static inline void vector_fill(real *vector, uint32_t seed) {
  uint64_t bits = seed + 1;
  memset(vector, 0, (size_t)model->elements * sizeof *vector);
  for (int t = 0; t < model->tensors; t++)
    for (int64_t i = 0; i < (int64_t)model->tensor[t].rows * model->tensor[t].columns; i++) {
      bits = bits * 6364136223846793005u + 1442695040888963407u;
      uint64_t mixed = bits ^ bits >> 29;
      if (i % 64 == 0) /* an exponent of ones */
        mixed |= sizeof(real) == 4 ? UINT64_C(0xff) << 23 : UINT64_C(0x7ff) << 52;
      memcpy(vector + model->tensor[t].offset + i, &mixed, sizeof(real));
    }
}

static inline fixture_state state_make(int64_t step) {
  real *vector[3];
  for (uint32_t v = 0; v < 3; v++) {
    vector[v] = malloc((size_t)model->elements * sizeof(real));
    vector_fill(vector[v], 3 * (uint32_t)step + v);
  }
  return (fixture_state){{vector[0], {.memory = vector[1]}, {.memory = vector[2]}}};
}

static inline void state_free(fixture_state *state) {
  free(state->all.parameters);
  free(state->all.first_moment.memory);
  free(state->all.second_moment.memory);
}

static inline bool state_same(const fixture_state *a, const fixture_state *b) {
  size_t size = (size_t)model->elements * sizeof(real);
  return !memcmp(a->all.parameters, b->all.parameters, size) &&
         !memcmp(a->all.first_moment.memory, b->all.first_moment.memory, size) &&
         !memcmp(a->all.second_moment.memory, b->all.second_moment.memory, size);
}

static inline lore_resume resume_make(int64_t step) {
  lore_resume resume;
  memset(&resume, 0, sizeof resume); /* padding too: compared as bytes */
  resume.step = step;
  resume.tokens_seen = step * 48000001;
  resume.loss_sum = 1.0 / 3 * (double)step;
  resume.loss_tokens = step + 1;
  resume.gradient_norm = step % 2 ? 0.1 : INFINITY;
  resume.detector.baseline = 6.1;
  resume.detector.margin = 0.05;
  resume.detector.last_step = (double)step - 1;
  resume.detector.last_loss = step % 3 ? 5e-324 : -NAN;
  resume.detector.plateau_start = step > 100 ? 77.7 : -1;
  resume.detector.plateau_end = -1;
  resume.seconds = 1e-3 * (double)step;
  resume.records = step / 5;
  resume.widened_at = step % 2 ? LORE_NEVER : step / 3;
  resume.settings_hash = UINT64_C(0xfedcba9876543210) ^ (uint64_t)step;
  strcpy(resume.gemm_backend, step % 2 ? "builtin" : "fifteen letters");
  return resume;
}

static inline lore_status put_status(const char *at, int64_t step) {
  fixture_state state = state_make(step);
  lore_resume resume = resume_make(step);
  lore_status status =
      lore_resume_write(at, model, &state.all, vocabulary, &resume,
                        sizeof fixture_source / sizeof *fixture_source, fixture_source);
  state_free(&state);
  return status;
}

/* What is read from `at`: the step if it came back as it was written, 0 if there is nothing, -1 if
 * anything is wrong. */
static inline int64_t get(const char *at) {
  fixture_state state = state_make(1), untouched = state_make(1);
  lore_resume resume, expected;
  bool found;
  int64_t result = -1;
  memset(&resume, 0, sizeof resume);
  if (lore_resume_read(at, model, &state.all, &resume, &found) == LORE_OK) {
    if (!found) {
      result = state_same(&state, &untouched) ? 0 : -1;
    } else {
      fixture_state written = state_make(resume.step);
      expected = resume_make(resume.step);
      if (!memcmp(&resume, &expected, sizeof resume) && state_same(&state, &written))
        result = resume.step;
      state_free(&written);
    }
  }
  state_free(&untouched);
  state_free(&state);
  return result;
}

static inline void path_of(int64_t step, char path[128]) {
  snprintf(path, 128, "%s/resume_%08lld.nc", directory, (long long)step);
}

static inline off_t size_of(const char *path) {
  struct stat file;
  assert_int_equal(stat(path, &file), 0);
  return file.st_size;
}

#define put(step)         assert_int_equal(put_status(directory, step), LORE_OK)
#define expect_step(step) assert_int_equal(get(directory), step)

#endif
