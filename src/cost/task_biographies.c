/* What runs of task biographies cost. */
#include <stdlib.h>
#include <string.h>

#include "lore/base/threads.h"
#include "lore/model/decoder.h"
#include "lore/model/gemm.h"
#include "lore/run/run.h"
#include "lore/settings/groups.h"
#include "task.h"

/* Of the rank that needs most. Their shares of the shards make different subtrees, which come again
 * after some. */
static size_t trainer_bytes(const lore_assembly *a, const lore_settings *s, int ranks,
                            int threads) {
  enum { RANKS_TRIED = 64 };
  size_t most = 0;
  for (int rank = 0; rank < ranks && rank < RANKS_TRIED; rank++) {
    lore_team team = {MPI_COMM_NULL, rank, ranks};
    size_t bytes =
        lore_trainer_bytes(a->model, &s->train, a->longest, team, threads, s->compute.gemm);
    most = bytes > most ? bytes : most;
  }
  return most;
}

/* A sample may lack some. */
static int count_groups(const lore_settings *s) {
  lore_group group[LORE_GROUPS_MAX];
  return lore_groups_of(s, group);
}

static void estimate_memory(const lore_assembly *a, const lore_settings *s, int ranks,
                            size_t before, lore_estimate *e) {
  lore_gemm_shape shapes[LORE_GEMM_SHAPES_MAX];
  int count = lore_decoder_gemm_shapes(a->model, s->train.shard * a->longest, shapes);
  e->process_bytes = before;
  e->population_bytes = lore_population_bytes(&s->population) +
                        lore_exposure_bytes(lore_population_total(&s->population));
  e->trainer_bytes = trainer_bytes(a, s, ranks, e->threads);
  e->evaluator_bytes = lore_evaluator_bytes(a->model, &s->evaluate, count_groups(s), a->longest,
                                            e->threads, lore_patch_wanted(&s->train.patch));
  e->scratch_bytes = (size_t)e->threads * lore_gemm_scratch_bytes(count, shapes);
  e->peak_bytes = e->process_bytes + e->population_bytes + e->trainer_bytes + e->evaluator_bytes +
                  e->scratch_bytes;
  e->checkpoint_bytes = (size_t)a->model->parameters * sizeof(real);
}

/* A third of those of training; of the head, only what predicts values. */
static double forward_operations(const lore_model *model, double tokens, double predicted) {
  double head = 6.0 * model->vocabulary * model->config.width;
  return (tokens * (lore_model_flops_per_token(model, tokens) - head) + predicted * head) / 3;
}

/* What is done for a token besides products of the run's precision, in sequences of `length`:
 * normalisation, GELU and so on for each layer and unit of width; attention's softmax; its own
 * products, float32 whatever the precision, in tiles of so many units of a head. Constants:
 * doc/performance.md. */
static double token_operations(const lore_model *model, double length) {
  const double unit = 4400, softmax = 190, product = 9;
  enum { TILE = 32 };
  const lore_model_config *c = &model->config;
  const int size = c->width / c->heads, padded = (size + TILE - 1) / TILE * TILE;
  return unit * c->layers * c->width +
         lore_model_attention_layers(model) * c->heads * length * (softmax + product * padded);
}

/* Attention's own products, as the model's operations count them. */
static double attention_operations(const lore_model *model, double length) {
  return 6.0 * lore_model_attention_layers(model) * length * model->config.width;
}

/* Of `e`, whose tokens of training are known: attention_operations and other_operations.
 * Evaluations pass over `evaluated` biographies and questions, and score `scored` values' tokens.
 */
static void fill_other(const lore_model *model, const lore_lengths *lengths, double evaluated,
                       double scored, lore_estimate *e) {
  const double word = 45, scored_word = 60, parameter = 200; /* of the head; of each update */
  double length = lengths->biography;
  double tokens = e->tokens + evaluated * (length + lengths->question) / 3; /* forward only */
  e->attention_operations = tokens * attention_operations(model, length);
  e->other_operations = tokens * token_operations(model, length) +
                        model->vocabulary * (word * e->tokens + scored_word * scored) +
                        parameter * (double)model->parameters * (double)e->steps;
}

static lore_status fill_estimate(const lore_assembly *a, const lore_settings *s, int ranks,
                                 size_t before, lore_estimate *e) {
  lore_lengths lengths;
  LORE_TRY(lore_assembly_lengths(a, &lengths));
  double tokens = lore_assembly_tokens(s, lengths);
  e->tokens_per_biography = lengths.biography;
  e->vocabulary = a->model->vocabulary;
  e->context = a->longest;
  e->threads = a->threads;
  e->parameters = a->model->parameters;
  e->baseline = a->baseline;
  e->empirical_baseline = a->empirical_baseline;
  e->steps = s->train.steps;
  e->evaluations = lore_evaluate_count(&s->evaluate, s->train.steps);
  e->tokens = tokens * s->train.batch * (double)s->train.steps;
  e->operations = lore_assembly_operations(a->model, s, tokens);
  double evaluated = (double)e->evaluations * s->evaluate.sequences * count_groups(s);
  double patched = lore_patch_wanted(&s->train.patch)
                       ? 1 - (double)s->train.patch.start / (double)s->train.steps
                       : 0;
  e->evaluation_operations =
      evaluated * (forward_operations(a->model, lengths.biography, lengths.values) +
                   forward_operations(a->model, lengths.question, lengths.answer) +
                   patched * (forward_operations(a->model, lengths.biography, 0) +
                              forward_operations(a->model, lengths.question, 0)));
  fill_other(a->model, &lengths, (1 + patched) * evaluated,
             evaluated * (lengths.values + lengths.answer), e);
  estimate_memory(a, s, ranks, before, e);
  return LORE_OK;
}

/* As for `settings`, from the individuals of `sample`. */
static lore_status estimate_from(const lore_settings *sample, const lore_settings *settings,
                                 int ranks, lore_estimate *e) {
  lore_assembly assembly;
  *e = (lore_estimate){0};
  LORE_TRY(lore_run_check_ranks(settings, ranks));
  lore_status status = lore_assembly_create(sample, &assembly);
  if (status == LORE_OK)
    status = lore_threads_pin(assembly.threads); /* their stacks count too */
  size_t before = lore_process_bytes() - lore_population_bytes(&sample->population);
  if (status == LORE_OK)
    status = fill_estimate(&assembly, settings, ranks, before, e);
  lore_assembly_destroy(&assembly);
  return status;
}

static lore_status estimate_biographies(const lore_settings *settings, int ranks, bool sampled,
                                        lore_estimate *e) {
  if (!sampled)
    return estimate_from(settings, settings, ranks, e);
  lore_settings *sample = malloc(sizeof *sample);
  if (!sample)
    return lore_fail(LORE_MEMORY, "cannot allocate settings");
  *sample = *settings;
  lore_cost_sample(sample);
  lore_status status = estimate_from(sample, settings, ranks, e);
  free(sample);
  return status;
}

static lore_status count_operations(lore_operation_counter *c, const lore_settings *s,
                                    double *operations) {
  const lore_vocabulary *v = c->sample.vocabulary;
  int words = s->population.questions ? lore_vocabulary_size(v) : lore_vocabulary_plain_size(v);
  if (!c->model || c->model->vocabulary != words ||
      memcmp(&c->model->config, &s->model, sizeof s->model) != 0) {
    lore_model_destroy(c->model);
    c->model = NULL;
    LORE_TRY(lore_model_create(&s->model, words, c->sample.longest, &c->model));
  }
  *operations = lore_assembly_operations(c->model, s, lore_assembly_tokens(s, c->lengths));
  return LORE_OK;
}

/* The model without a population; destroy it, also after a failure. */
static lore_status make_model(const lore_settings *s, int *longest, lore_model **model) {
  lore_vocabulary *vocabulary = NULL;
  *model = NULL;
  lore_status status = lore_vocabulary_create(s->population.questions, &vocabulary);
  if (status == LORE_OK) {
    *longest = lore_vocabulary_longest_biography(vocabulary);
    status = lore_model_create(&s->model, lore_vocabulary_size(vocabulary), *longest, model);
  }
  lore_vocabulary_destroy(vocabulary);
  return status;
}

static lore_status measure_checkpoint(const lore_settings *s, size_t *bytes) {
  lore_model *model;
  int longest;
  lore_status status = make_model(s, &longest, &model);
  if (status == LORE_OK)
    *bytes = (size_t)model->parameters * sizeof(real);
  lore_model_destroy(model);
  return status;
}

/* A shard's products. */
static lore_status make_shapes(const lore_settings *s, int *count, lore_gemm_shape *shape) {
  enum { ROWS_MIN = 64, ROWS_MAX = 512 };
  lore_model *model;
  int longest;
  lore_status status = make_model(s, &longest, &model);
  if (status == LORE_OK) {
    double affordable = 3e9 / lore_model_flops_per_token(model, 0);
    double rows = (double)s->train.shard * longest;
    rows = rows > ROWS_MAX ? ROWS_MAX : rows;
    rows = rows > affordable ? affordable : rows;
    *count = lore_decoder_gemm_shapes(model, rows < ROWS_MIN ? ROWS_MIN : (int)rows, shape);
  }
  lore_model_destroy(model);
  return status;
}

const lore_cost_task lore_cost_biographies = {.sharded = true,
                                              .estimate = estimate_biographies,
                                              .checkpoint = measure_checkpoint,
                                              .operations = count_operations,
                                              .shapes = make_shapes};
