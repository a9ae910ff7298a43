/* Attribute loss, accuracy and confidence of groups of individuals, and attention signatures. */
#include "lore/eval/evaluate.h"

#include <assert.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/arena.h"
#include "lore/base/mpi.h"
#include "lore/data/batch.h"
#include "lore/eval/answers.h"
#include "lore/model/decoder.h"

enum { CHUNK = 16 }; /* sequences that a thread evaluates at a time */

typedef struct {
  double values, correct, loss;
} bin_sums;

/* Sums over a chunk; chunks are added in order, so threads and ranks do not change bits. Doubles
 * throughout, counts too: ranks add them as one vector. */
typedef struct {
  double values[LORE_ATTRIBUTES], correct[LORE_ATTRIBUTES], tokens;
  double loss[LORE_ATTRIBUTES], top, entropy;
  bin_sums exposure[LORE_EXPOSURE_BINS], recency[LORE_EXPOSURE_BINS], questions;
} score_sums;

/* Sums over heads and sentences of one layer (paper figures 3 and F); doubles, as ranks add them.
 */
typedef struct {
  double name_to_name, attribute_to_name, attribute_to_text, sharpness;
  double sentences; /* heads x sentences counted */
} signature_sums;

typedef struct {
  lore_workspace *workspace, *patterns; /* of a reference, or NULL */
  lore_batch batch;
  int32_t *position; /* scored positions; these five have one entry per value token of a chunk */
  double *loss, *top, *entropy;
  unsigned char *correct;
} evaluation_worker;

struct lore_evaluator {
  const lore_model *model;
  const lore_population *population;
  lore_evaluate_config config;
  lore_team team;
  int groups, threads, chunks, values; /* chunks and values per group */
  double parameters, layer_parameters;
  bool patched, asks;
  const lore_exposure *exposure; /* NULL: not known */
  const real *reference;         /* parameters whose attention is used now; NULL: the model's own */
  int attention_layers;
  lore_arena arena;
  lore_group *group;
  evaluation_worker *worker;
  score_sums *sums;           /* groups x chunks */
  lore_answer *answer;        /* groups x values */
  double *first, *other;      /* values of two groups, to be sorted */
  signature_sums *signatures; /* chunks x layers, of the first group */
};

int lore_evaluate_due(const lore_evaluate_config *config, int64_t step, int64_t steps) {
  if (step == 0 || step == steps)
    return 1;
  if (config->dense_every > 0 && step <= config->dense_until)
    return step % config->dense_every == 0;
  return step % config->every == 0;
}

int64_t lore_evaluate_count(const lore_evaluate_config *config, int64_t steps) {
  int64_t dense = config->dense_every > 0 ? config->dense_until : 0;
  dense = dense < steps ? dense : steps;
  int64_t count = 1 + steps / config->every - dense / config->every;
  if (dense > 0)
    count += dense / config->dense_every;
  bool regular =
      dense == steps && dense > 0 ? steps % config->dense_every == 0 : steps % config->every == 0;
  return count + (steps > 0 && !regular);
}

static void layout_evaluation_worker(lore_evaluator *e, evaluation_worker *worker, int longest) {
  size_t scores = CHUNK * LORE_ATTRIBUTES * LORE_VALUE_TOKENS_MAX;
  worker->workspace =
      lore_workspace_layout(&e->arena, e->model, CHUNK * longest, CHUNK, LORE_FORWARD_ONLY);
  worker->patterns = e->patched ? lore_workspace_layout(&e->arena, e->model, CHUNK * longest, CHUNK,
                                                        LORE_FORWARD_ONLY)
                                : NULL;
  lore_batch_layout(&worker->batch, &e->arena, CHUNK, longest);
  worker->position = lore_arena_take(&e->arena, scores, sizeof *worker->position);
  worker->loss = lore_arena_take(&e->arena, scores, sizeof *worker->loss);
  worker->top = lore_arena_take(&e->arena, scores, sizeof *worker->top);
  worker->entropy = lore_arena_take(&e->arena, scores, sizeof *worker->entropy);
  worker->correct = lore_arena_take(&e->arena, scores, sizeof *worker->correct);
}

/* Runs over a counting arena first, then over the real one. */
static void layout_evaluator(lore_evaluator *e, int longest) {
  size_t chunks = (size_t)e->chunks;
  e->group = lore_arena_take(&e->arena, (size_t)e->groups, sizeof *e->group);
  e->worker = lore_arena_take(&e->arena, (size_t)e->threads, sizeof *e->worker);
  e->sums = lore_arena_take(&e->arena, (size_t)e->groups * chunks, sizeof *e->sums);
  e->answer = lore_arena_take(&e->arena, (size_t)e->groups * (size_t)e->values, sizeof *e->answer);
  e->first = lore_arena_take(&e->arena, (size_t)e->values, sizeof *e->first);
  e->other = lore_arena_take(&e->arena, (size_t)e->values, sizeof *e->other);
  e->signatures =
      lore_arena_take(&e->arena, chunks * (size_t)e->attention_layers, sizeof *e->signatures);
  for (int w = 0; w < e->threads; w++) {
    evaluation_worker counting;
    layout_evaluation_worker(e, e->worker ? &e->worker[w] : &counting, longest);
  }
}

/* Parameters but those of embeddings and head. */
static double count_layer_parameters(const lore_model *model) {
  const int outside[] = {model->embedding, model->position_embedding,
                         model->head == model->embedding ? -1 : model->head, model->head_bias};
  double count = (double)model->parameters;
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
    if (outside[i] >= 0)
      count -= (double)lore_tensor_size(&model->tensor[outside[i]]);
  return count;
}

static lore_evaluator describe_evaluator(const lore_model *model,
                                         const lore_evaluate_config *config, int groups,
                                         int threads, bool patched) {
  return (lore_evaluator){.model = model,
                          .team = lore_team_alone(),
                          .config = *config,
                          .groups = groups,
                          .threads = threads,
                          .patched = patched,
                          .chunks = (config->sequences + CHUNK - 1) / CHUNK,
                          .values = config->sequences * LORE_ATTRIBUTES,
                          .parameters = (double)model->parameters,
                          .layer_parameters = count_layer_parameters(model),
                          .attention_layers = lore_model_attention_layers(model)};
}

size_t lore_evaluator_bytes(const lore_model *model, const lore_evaluate_config *config, int groups,
                            int longest, int threads, bool patched) {
  lore_evaluator e = describe_evaluator(model, config, groups, threads, patched);
  layout_evaluator(&e, longest);
  return lore_arena_mapped(e.arena.used);
}

lore_status lore_evaluator_create(const lore_model *model, const lore_population *population,
                                  const lore_evaluate_config *config, int groups,
                                  const lore_group *group, lore_team team, int threads,
                                  bool patched, lore_evaluator **out) {
  int longest = lore_vocabulary_longest_biography(lore_population_vocabulary(population));
  lore_evaluator *e = malloc(sizeof *e);
  if (!e)
    return lore_fail(LORE_MEMORY, "cannot allocate an evaluator");
  *e = describe_evaluator(model, config, groups, threads, patched);
  lore_status status = lore_arena_create(
      &e->arena, lore_evaluator_bytes(model, config, groups, longest, threads, patched));
  if (status != LORE_OK) {
    free(e);
    return status;
  }
  lore_arena_touch(&e->arena, e->threads);
  layout_evaluator(e, longest);
  e->population = population;
  e->asks = lore_vocabulary_has_questions(lore_population_vocabulary(population));
  e->team = team;
  for (int g = 0; g < groups; g++)
    e->group[g] = group[g];
  *out = e;
  return LORE_OK;
}

void lore_evaluator_destroy(lore_evaluator *evaluator) {
  if (!evaluator)
    return;
  lore_arena_destroy(&evaluator->arena);
  free(evaluator);
}

void lore_evaluator_patch(lore_evaluator *evaluator, const real *reference) {
  assert(evaluator->patched || !reference);
  evaluator->reference = reference;
}

void lore_evaluator_expose(lore_evaluator *evaluator, const lore_exposure *exposure) {
  evaluator->exposure = exposure;
}

/* Adds a value of an individual to its bins. */
static void add_to_bins(const lore_exposure *exposure, int64_t individual, double correct,
                        double loss, score_sums *sums) {
  bin_sums *bin[] = {&sums->exposure[lore_exposure_bin(exposure->draws[individual])],
                     &sums->recency[lore_exposure_bin(lore_exposure_age(exposure, individual))]};
  for (int i = 0; i < 2; i++) {
    bin[i]->values++;
    bin[i]->correct += correct;
    bin[i]->loss += loss;
  }
}

/* Of the answers to the questions of a chunk. */
static bin_sums sum_questions(const evaluation_worker *worker) {
  const lore_batch *batch = &worker->batch;
  bin_sums sums = {.values = batch->sequences};
  int at = 0;
  for (int s = 0; s < batch->sequences; s++) {
    int all_correct = 1;
    for (int j = 0; j < batch->value_length[s * LORE_ATTRIBUTES]; j++, at++) {
      sums.loss += worker->loss[at];
      all_correct &= worker->correct[at];
    }
    sums.correct += all_correct;
  }
  return sums;
}

/* Adds the values of a chunk, whose answers go to `answer`. */
static void add_values(const lore_evaluator *e, const evaluation_worker *worker, score_sums *sums,
                       lore_answer *answer) {
  const lore_batch *batch = &worker->batch;
  int at = 0;
  for (int k = 0; k < batch->sequences * LORE_ATTRIBUTES; k++) {
    int attribute = batch->attribute[k], all_correct = 1;
    double confidence = 1, entropy = 0, loss = 0;
    for (int j = 0; j < batch->value_length[k]; j++, at++) {
      sums->loss[attribute] += worker->loss[at];
      loss += worker->loss[at];
      sums->top += worker->top[at];
      sums->entropy += worker->entropy[at];
      all_correct &= worker->correct[at];
      confidence *= worker->top[at];
      entropy += worker->entropy[at];
    }
    sums->tokens += batch->value_length[k];
    sums->values[attribute]++;
    sums->correct[attribute] += all_correct;
    answer[k] = (lore_answer){confidence, entropy, all_correct};
    if (e->exposure)
      add_to_bins(e->exposure, batch->individual[k / LORE_ATTRIBUTES], all_correct, loss, sums);
  }
}

/* Attention of one query row to earlier tokens of `role`; `query` itself is left out. */
static double weight_on(const real *row, const uint8_t *role, int query, lore_role wanted) {
  double sum = 0;
  for (int j = 0; j < query; j++)
    if (role[j] == wanted)
      sum += (double)row[j];
  return sum;
}

/* Entropy of the row over the logarithm of how many tokens it can attend to. */
static double row_sharpness(const real *row, int query) {
  double entropy = 0;
  for (int j = 0; j <= query; j++)
    if (row[j] > 0)
      entropy -= (double)row[j] * log((double)row[j]);
  return entropy / log(query + 1.0);
}

static void add_head(const real *probability, int stride, const lore_batch *batch, int sequence,
                     signature_sums *sums) {
  int start = batch->offset[sequence];
  const uint8_t *role = batch->role + start;
  for (int k = 0; k < LORE_ATTRIBUTES; k++) {
    int sentence = sequence * LORE_ATTRIBUTES + k;
    int name = batch->name_at[sentence] - start + LORE_NAME_TOKENS - 1;
    int attribute = batch->value_at[sentence] - start;
    const real *from_name = probability + (size_t)name * (size_t)stride;
    const real *from_attribute = probability + (size_t)attribute * (size_t)stride;
    sums->name_to_name += weight_on(from_name, role, name, LORE_ROLE_NAME);
    sums->attribute_to_name += weight_on(from_attribute, role, attribute, LORE_ROLE_NAME);
    sums->attribute_to_text += weight_on(from_attribute, role, attribute, LORE_ROLE_TEMPLATE);
    sums->sharpness += row_sharpness(from_attribute, attribute);
    sums->sentences++;
  }
}

/* Adds all heads of `layer` and all sentences of `sequence`, whose attention is in `workspace`.
 *
 * Weights are summed over all earlier tokens of the role: a name counts in every sentence that
 * mentions it. Sharpness is measured at the position that predicts the first value token. */
static void add_sequence(const lore_workspace *workspace, const lore_batch *batch, int sequence,
                         int layer, int heads, signature_sums *sums) {
  for (int head = 0; head < heads; head++) {
    int stride;
    const real *probability = lore_decoder_attention(workspace, layer, head, sequence, &stride);
    add_head(probability, stride, batch, sequence, sums);
  }
}

/* NAN if nothing was counted. */
static lore_attention_metrics mean_signatures(const signature_sums *sums) {
  double n = sums->sentences ? (double)sums->sentences : NAN;
  return (lore_attention_metrics){.name_to_name = sums->name_to_name / n,
                                  .attribute_to_name = sums->attribute_to_name / n,
                                  .attribute_to_text = sums->attribute_to_text / n,
                                  .sharpness = sums->sharpness / n};
}

static void add_signatures(const lore_evaluator *e, const evaluation_worker *worker,
                           int first_sequence, signature_sums *sums) {
  for (int l = 0; l < e->attention_layers; l++) {
    sums[l] = (signature_sums){0};
    for (int s = 0; s < worker->batch.sequences; s++)
      if (first_sequence + s < e->config.attention_sequences)
        add_sequence(worker->workspace, &worker->batch, s, l, e->model->config.heads, &sums[l]);
  }
}

/* The values of the batch, which is one of biographies or of questions. */
static void score_batch(const lore_evaluator *e, evaluation_worker *worker,
                        const real *parameters) {
  lore_scores scores = {.count = lore_batch_value_positions(&worker->batch, worker->position),
                        .position = worker->position,
                        .loss = worker->loss,
                        .correct = worker->correct,
                        .top = worker->top,
                        .entropy = worker->entropy};
  if (e->reference)
    lore_decoder_attend(e->model, e->reference, &worker->batch, worker->patterns);
  lore_workspace_patch(worker->workspace, e->reference ? worker->patterns : NULL);
  lore_decoder_score(e->model, parameters, &worker->batch, worker->workspace, NULL, &scores);
}

/* Task = group * chunks + chunk. */
static void evaluate_chunk(lore_evaluator *e, evaluation_worker *worker, const real *parameters,
                           int task) {
  const lore_group *group = &e->group[task / e->chunks];
  int chunk = task % e->chunks, first = chunk * CHUNK;
  int count = e->config.sequences - first < CHUNK ? e->config.sequences - first : CHUNK;
  lore_batch_evaluation(&worker->batch, e->population, group->first, group->count, first, count);
  score_batch(e, worker, parameters);
  e->sums[task] = (score_sums){0};
  add_values(e, worker, &e->sums[task],
             e->answer + (size_t)(task / e->chunks) * (size_t)e->values + first * LORE_ATTRIBUTES);
  if (task < e->chunks)
    add_signatures(e, worker, first, e->signatures + (size_t)chunk * e->attention_layers);
  if (e->asks) { /* last: it overwrites the workspace, whose attention was looked at */
    lore_batch_clear(&worker->batch);
    lore_batch_asking(&worker->batch, e->population, group->first, group->count, first, count);
    score_batch(e, worker, parameters);
    e->sums[task].questions = sum_questions(worker);
  }
}

static void add_bins(int bins, const bin_sums *chunk, bin_sums *sums) {
  for (int b = 0; b < bins; b++) {
    sums[b].values += chunk[b].values;
    sums[b].correct += chunk[b].correct;
    sums[b].loss += chunk[b].loss;
  }
}

static void add_chunk(const score_sums *chunk, score_sums *sums) {
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    sums->loss[a] += chunk->loss[a];
    sums->values[a] += chunk->values[a];
    sums->correct[a] += chunk->correct[a];
  }
  sums->top += chunk->top;
  sums->entropy += chunk->entropy;
  sums->tokens += chunk->tokens;
  add_bins(LORE_EXPOSURE_BINS, chunk->exposure, sums->exposure);
  add_bins(LORE_EXPOSURE_BINS, chunk->recency, sums->recency);
  add_bins(1, &chunk->questions, &sums->questions);
}

static lore_binned_metrics mean_bins(const lore_evaluator *e, const bin_sums *sums) {
  lore_binned_metrics means;
  for (int b = 0; b < LORE_EXPOSURE_BINS; b++) {
    double values = sums[b].values ? sums[b].values : NAN;
    means.values[b] = e->exposure ? sums[b].values : NAN;
    means.accuracy[b] = sums[b].correct / values;
    means.loss[b] = sums[b].loss / values;
  }
  return means;
}

static lore_group_metrics group_metrics(const lore_evaluator *e, const score_sums *chunk) {
  score_sums sums = {0};
  lore_group_metrics metrics = {0};
  for (int c = 0; c < e->chunks; c++)
    add_chunk(&chunk[c], &sums);
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    metrics.attribute_loss_by_attribute[a] = sums.loss[a] / sums.values[a];
    metrics.attribute_accuracy_by_attribute[a] = sums.correct[a] / sums.values[a];
    metrics.attribute_loss += metrics.attribute_loss_by_attribute[a] / LORE_ATTRIBUTES;
    metrics.attribute_accuracy += metrics.attribute_accuracy_by_attribute[a] / LORE_ATTRIBUTES;
  }
  metrics.max_probability = sums.top / sums.tokens;
  metrics.entropy = sums.entropy / sums.tokens;
  metrics.exposure = mean_bins(e, sums.exposure);
  metrics.recency = mean_bins(e, sums.recency);
  double questions = e->asks ? sums.questions.values : NAN;
  metrics.question_loss = sums.questions.loss / questions;
  metrics.question_accuracy = sums.questions.correct / questions;
  return metrics;
}

static void find_stored_bits(const lore_evaluator *e, int group, lore_group_metrics *metrics) {
  const lore_vocabulary *vocabulary = lore_population_vocabulary(e->population);
  double values[LORE_ATTRIBUTES];
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    values[a] = lore_vocabulary_values(vocabulary, (lore_attribute)a);
  metrics->stored_bits = lore_stored_bits(
      LORE_ATTRIBUTES, values, metrics->attribute_loss_by_attribute, (double)e->group[group].count);
  metrics->stored_bits_per_parameter = metrics->stored_bits / e->parameters;
  metrics->stored_bits_per_layer_parameter = metrics->stored_bits / e->layer_parameters;
}

/* Of a number that is larger where the first group is meant, +-confidence or +-entropy. */
static double separation(const lore_evaluator *e, int group, double confidence, double entropy) {
  const lore_answer *first = e->answer, *other = e->answer + (size_t)group * (size_t)e->values;
  for (int i = 0; i < e->values; i++) {
    e->first[i] = confidence * first[i].confidence + entropy * first[i].entropy;
    e->other[i] = confidence * other[i].confidence + entropy * other[i].entropy;
  }
  return lore_answers_auroc(e->values, e->first, e->values, e->other);
}

static void judge_answers(const lore_evaluator *e, int group, lore_group_metrics *metrics) {
  const lore_answer *answer = e->answer + (size_t)group * (size_t)e->values;
  metrics->calibration_error = lore_answers_calibration_error(e->values, answer);
  metrics->confidently_wrong = lore_answers_confidently_wrong(e->values, answer);
  metrics->auroc_confidence = group ? separation(e, group, 1, 0) : NAN;
  metrics->auroc_entropy = group ? separation(e, group, 0, -1) : NAN;
}

static lore_attention_metrics layer_metrics(const lore_evaluator *e, int layer) {
  signature_sums sums = {0};
  for (int c = 0; c < e->chunks; c++) {
    const signature_sums *chunk = &e->signatures[c * e->attention_layers + layer];
    sums.name_to_name += chunk->name_to_name;
    sums.attribute_to_name += chunk->attribute_to_name;
    sums.attribute_to_text += chunk->attribute_to_text;
    sums.sharpness += chunk->sharpness;
    sums.sentences += chunk->sentences;
  }
  return mean_signatures(&sums);
}

/* What other ranks have computed; a sum of one number and zeros, so exact. */
static lore_status share_sums(const lore_evaluator *e) {
  size_t sums = (size_t)e->chunks * sizeof *e->sums / sizeof(double);
  size_t signatures =
      (size_t)e->chunks * (size_t)e->attention_layers * sizeof *e->signatures / sizeof(double);
  size_t answers = (size_t)e->values * sizeof *e->answer / sizeof(double);
  for (int g = 0; g < e->groups; g++) { /* all at once may be more than an int counts */
    LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, e->sums + (size_t)g * (size_t)e->chunks, (int)sums,
                               MPI_DOUBLE, MPI_SUM, e->team.comm));
    LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, e->answer + (size_t)g * (size_t)e->values,
                               (int)answers, MPI_DOUBLE, MPI_SUM, e->team.comm));
  }
  return LORE_MPI_DO(MPI_Allreduce(MPI_IN_PLACE, e->signatures, (int)signatures, MPI_DOUBLE,
                                   MPI_SUM, e->team.comm));
}

lore_status lore_evaluator_run(lore_evaluator *e, const real *parameters,
                               lore_group_metrics *metrics, lore_attention_metrics *attention) {
  int tasks = e->groups * e->chunks, layers = e->attention_layers;
  if (e->team.ranks > 1) {
    memset(e->sums, 0, (size_t)tasks * sizeof *e->sums);
    memset(e->answer, 0, (size_t)e->groups * (size_t)e->values * sizeof *e->answer);
    memset(e->signatures, 0, (size_t)e->chunks * (size_t)layers * sizeof *e->signatures);
  }
#pragma omp parallel for num_threads(e->threads) schedule(dynamic, 1)
  for (int task = e->team.rank; task < tasks; task += e->team.ranks)
    evaluate_chunk(e, &e->worker[omp_get_thread_num()], parameters, task);
  if (e->team.ranks > 1)
    LORE_TRY(share_sums(e));
  for (int g = 0; g < e->groups; g++) {
    metrics[g] = group_metrics(e, e->sums + (size_t)g * e->chunks);
    find_stored_bits(e, g, &metrics[g]);
    judge_answers(e, g, &metrics[g]);
  }
  for (int l = 0; l < layers; l++)
    attention[l] = layer_metrics(e, l);
  return LORE_OK;
}
