/* Real biographies for small models: vocabulary, population, model and batches of them. */
#ifndef LORE_TESTS_SMALL_WORLD_H
#define LORE_TESTS_SMALL_WORLD_H

#include "lore/data/batch.h"
#include "lore/data/population.h"
#include "lore/data/vocabulary.h"
#include "lore/model/decoder.h"
#include "lore/train/trainer.h"
#include "numbers.h"

typedef struct {
  lore_vocabulary *vocabulary;
  lore_population *population;
  lore_model *model;
  lore_population_source people;
  lore_batch_source source;
  int longest; /* tokens of the longest biography */
} small_world;

static inline lore_model_config small_world_config(int layers, int width) {
  return (lore_model_config){.mixer = LORE_MIXER_ATTENTION,
                             .layers = layers,
                             .width = width,
                             .heads = 2,
                             .hidden = 2 * width,
                             .tied_embedding = true,
                             .bias = true,
                             .rotary_base = 10000,
                             .norm_epsilon = 1e-6,
                             .initial_scale = 0.02};
}

/* `world` must stay where it is: its source points into it. */
static inline void small_world_create(small_world *world, const lore_model_config *config,
                                      int64_t known, int64_t held_out) {
  const lore_population_config people = {.individuals = known, .held_out = held_out};
  const lore_distribution_config uniform = {.repeats_in_batch = 1, .repeats_across_steps = 1};
  const lore_curriculum_config none = {0};
  assert_int_equal(lore_vocabulary_create(false, &world->vocabulary), LORE_OK);
  assert_int_equal(lore_population_create(&people, 11, world->vocabulary, &world->population),
                   LORE_OK);
  world->longest = lore_vocabulary_longest_biography(world->vocabulary);
  assert_int_equal(lore_model_create(config, lore_vocabulary_size(world->vocabulary),
                                     world->longest, &world->model),
                   LORE_OK);
  world->people = (lore_population_source){
      .population = world->population,
      .sampler = lore_sampler_create(&uniform, &none, &people, 11, 1000, 8, 1)};
  world->source = lore_batch_source_of_population(&world->people);
}

static inline void small_world_destroy(small_world *world) {
  lore_model_destroy(world->model);
  lore_population_destroy(world->population);
  lore_vocabulary_destroy(world->vocabulary);
}

static inline lore_step small_world_step(lore_trainer *trainer, int64_t step) {
  lore_step result;
  assert_int_equal(lore_trainer_step(trainer, step, &result), LORE_OK);
  return result;
}

/* An empty batch with room for `sequences` biographies. */
static inline lore_batch small_world_batch(const small_world *world, int sequences) {
  lore_batch batch;
  lore_arena arena = {0};
  lore_batch_layout(&batch, &arena, sequences, world->longest);
  arena = (lore_arena){.capacity = arena.used, .base = numbers_take(arena.used)};
  lore_batch_layout(&batch, &arena, sequences, world->longest);
  lore_batch_clear(&batch);
  return batch;
}

#endif
