/* Vocabulary, population and model of a run. */
#include "lore/run/assembly.h"

#include <math.h>
#include <string.h>

#include "lore/base/threads.h"
#include "lore/data/batch.h"
#include "lore/settings/groups.h"
#include "lore/train/optimizer.h"

static int find_group(const lore_assembly *a, const char *name) {
  for (int g = 0; g < a->groups; g++)
    if (!strcmp(a->group[g].name, name))
      return g;
  return -1;
}

/* Few people's values are uneven enough to lower the plateau by more than its margin. A sample that
 * an estimate is made from may have no subset. */
static lore_status find_baselines(lore_assembly *a) {
  const lore_group *subset = a->subset >= 0 ? &a->group[a->subset] : NULL;
  a->baseline = a->subset_baseline = lore_population_baseline(a->vocabulary);
  if (subset && subset->count > 0) {
    double nats;
    LORE_TRY(lore_population_plateau_baseline(a->population, subset->first, subset->count, &nats));
    a->subset_baseline = fmin(a->baseline, nats);
  }
  return lore_population_empirical_baseline(a->population, 0, a->settings->population.individuals,
                                            &a->empirical_baseline);
}

lore_status lore_assembly_create(const lore_settings *settings, lore_assembly *a) {
  *a = (lore_assembly){.settings = settings};
  a->threads = settings->compute.threads ? settings->compute.threads : lore_threads_allowed();
  LORE_TRY(lore_vocabulary_create(settings->population.questions, &a->vocabulary));
  a->longest = lore_vocabulary_longest_biography(a->vocabulary);
  LORE_TRY(lore_model_create(&settings->model, lore_vocabulary_size(a->vocabulary), a->longest,
                             &a->model));
  LORE_TRY(
      lore_population_create(&settings->population, settings->seed, a->vocabulary, &a->population));
  a->source = (lore_population_source){
      a->population,
      lore_sampler_create(&settings->distribution, &settings->curriculum, &settings->population,
                          settings->seed, settings->train.steps, settings->train.batch,
                          settings->train.shard)};
  a->groups = lore_groups_of(settings, a->group);
  a->held_out = find_group(a, "held_out");
  a->subset = find_group(a, "subset");
  return find_baselines(a);
}

void lore_assembly_destroy(lore_assembly *a) {
  lore_population_destroy(a->population);
  lore_model_destroy(a->model);
  lore_vocabulary_destroy(a->vocabulary);
  *a = (lore_assembly){0};
}

int64_t lore_assembly_widen(const lore_assembly *a, int64_t before, int64_t step,
                            double subset_loss) {
  const lore_settings *s = a->settings;
  double level = a->subset_baseline * (1 - s->evaluate.plateau_margin);
  bool ends =
      s->curriculum.kind == LORE_CURRICULUM_ADAPTIVE && before == LORE_NEVER && subset_loss < level;
  return ends ? step + s->curriculum.steps : before;
}

double lore_assembly_operations(const lore_model *model, const lore_settings *s, double tokens) {
  double each = lore_model_flops_per_token(model, tokens);
  double layers = each - 6.0 * model->vocabulary * model->config.width;
  double all = tokens * s->train.batch, patched = (double)(s->train.steps - s->train.patch.start);
  return all * ((double)s->train.steps * each +
                (lore_patch_wanted(&s->train.patch) ? patched * layers / 3 : 0)) +
         (double)s->train.steps * lore_optimizer_operations(model, &s->train);
}

enum { SAMPLE = 512 };

static double mean_predicted(const lore_batch *batch) {
  int predicted = 0;
  for (int k = 0; k < batch->sequences * LORE_ATTRIBUTES; k++)
    predicted += batch->value_length[k];
  return (double)predicted / SAMPLE;
}

static void measure_biographies(const lore_assembly *a, lore_batch *batch, lore_lengths *lengths) {
  lore_batch_clear(batch);
  for (int64_t s = 0; s < SAMPLE; s++)
    lore_batch_append(batch, a->population, s % lore_population_known(a->population),
                      LORE_TEMPLATES_TRAINING, 0, (uint64_t)s);
  lengths->biography = (double)batch->tokens / SAMPLE;
  lengths->values = mean_predicted(batch);
}

static void measure_questions(const lore_assembly *a, lore_batch *batch, lore_lengths *lengths) {
  if (!lore_vocabulary_has_questions(a->vocabulary))
    return;
  lore_batch_clear(batch);
  lore_batch_asking(batch, a->population, 0, lore_population_known(a->population), 0, SAMPLE);
  lengths->question = (double)batch->tokens / SAMPLE;
  lengths->answer = mean_predicted(batch);
}

lore_status lore_assembly_lengths(const lore_assembly *a, lore_lengths *lengths) {
  lore_arena arena = {0};
  lore_batch batch;
  lore_batch_layout(&batch, &arena, SAMPLE, a->longest);
  LORE_TRY(lore_arena_create(&arena, arena.used));
  lore_batch_layout(&batch, &arena, SAMPLE, a->longest);
  *lengths = (lore_lengths){0};
  measure_biographies(a, &batch, lengths);
  measure_questions(a, &batch, lengths);
  lore_arena_destroy(&arena);
  return LORE_OK;
}

double lore_assembly_asking(const lore_settings *s) {
  enum { DRAWS = 2048, SPREAD = 1000003 /* a prime, so that all of a batch is looked at */ };
  if (s->distribution.questions <= 0)
    return 0;
  const lore_sampler sampler =
      lore_sampler_create(&s->distribution, &s->curriculum, &s->population, s->seed, s->train.steps,
                          s->train.batch, s->train.shard);
  int asked = 0;
  for (int64_t i = 0; i < DRAWS; i++)
    asked += lore_sampler_draw(&sampler, i * s->train.steps / DRAWS, i * SPREAD % s->train.batch) <
             s->population.asked;
  return s->distribution.questions * asked / DRAWS;
}

double lore_assembly_tokens(const lore_settings *s, lore_lengths lengths) {
  return lengths.biography + lore_assembly_asking(s) * (lengths.question - lengths.biography);
}
