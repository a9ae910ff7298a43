/* Activations of biographies as rows of matrices. */
#include "reader.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 8 /* biographies that a thread passes over together */ };

struct lore_probe_worker {
  lore_workspace *workspace;
  lore_batch batch;
  int32_t *position, *score_position; /* of the lens; of value tokens */
  double *loss, *top;
  unsigned char *correct;
};

/* One request for rows. */
typedef struct {
  const lore_probe_reader *reader;
  lore_probe_group group;
  lore_probe_use use;
  const int64_t *individual; /* NULL: those of group and use */
  int first_level, levels, matrices;
  bool verdicts;
} request;

/* A chunk of rows while it is computed. */
typedef struct {
  const request *request;
  lore_probe_worker *worker;
  double *const *row; /* of the block */
  int first;          /* of the chunk, in the block */
} chunk;

static int verdict_columns(const request *r) {
  return lore_probe_verdicts(r->individual ? 0 : r->matrices);
}

/* Verdicts of the chunk's sequence `s`. */
static double *verdicts_of(const chunk *c, int s) {
  const request *r = c->request;
  return c->row[r->matrices] + (size_t)(c->first + s) * (size_t)verdict_columns(r);
}

static void layout_reader_worker(lore_probe_worker *worker, lore_arena *arena,
                                 const lore_probe_problem *problem) {
  size_t scores = CHUNK * LORE_ATTRIBUTES * LORE_VALUE_TOKENS_MAX;
  worker->workspace = lore_workspace_layout(arena, problem->model, CHUNK * problem->longest, CHUNK,
                                            LORE_FORWARD_ONLY);
  lore_batch_layout(&worker->batch, arena, CHUNK, problem->longest);
  worker->position = lore_arena_take(arena, scores, sizeof *worker->position);
  worker->score_position = lore_arena_take(arena, scores, sizeof *worker->score_position);
  worker->loss = lore_arena_take(arena, scores, sizeof *worker->loss);
  worker->top = lore_arena_take(arena, scores, sizeof *worker->top);
  worker->correct = lore_arena_take(arena, scores, sizeof *worker->correct);
}

void lore_probe_reader_layout(lore_probe_reader *reader, lore_arena *arena,
                              const lore_probe_problem *problem) {
  reader->problem = problem;
  reader->worker = lore_arena_take(arena, (size_t)problem->threads, sizeof *reader->worker);
  for (int t = 0; t < problem->threads; t++) {
    lore_probe_worker counting;
    layout_reader_worker(reader->worker ? &reader->worker[t] : &counting, arena, problem);
  }
}

static void copy_row(const real *from, int width, double *to) {
  for (int i = 0; i < width; i++)
    to[i] = from[i];
}

/* Tokens of sentence k that are read. */
static int read_token_of(const lore_batch *batch, int k, int position) {
  return position == LORE_PROBE_AT_NAME ? batch->name_at[k] + LORE_NAME_TOKENS - 1
                                        : batch->value_at[k];
}

static int cell_of(const lore_batch *batch, int k, int level, int position) {
  return (level * LORE_PROBE_POSITIONS + position) * LORE_ATTRIBUTES + batch->attribute[k];
}

/* What the model's own norm and head would say at these tokens. */
static void judge_lens(const chunk *c, int level, int position, const real *stream) {
  const lore_probe_reader *reader = c->request->reader;
  lore_probe_worker *worker = c->worker;
  const lore_batch *batch = &worker->batch;
  uint16_t first[CHUNK * LORE_ATTRIBUTES];
  int sentences = batch->sequences * LORE_ATTRIBUTES;
  for (int k = 0; k < sentences; k++) {
    worker->position[k] = read_token_of(batch, k, position);
    first[k] = batch->target[batch->value_at[k]];
  }
  lore_scores scores = {
      .count = sentences, .position = worker->position, .correct = worker->correct};
  lore_decoder_lens(reader->problem->model, reader->parameters, stream, first, worker->workspace,
                    &scores);
  for (int k = 0; k < sentences; k++)
    verdicts_of(c, k / LORE_ATTRIBUTES)[LORE_PROBE_VERDICTS + cell_of(batch, k, level, position)] =
        worker->correct[k];
}

static void copy_sentences(const chunk *c, int level, const real *stream) {
  const lore_batch *batch = &c->worker->batch;
  size_t width = (size_t)c->request->reader->problem->model->config.width;
  for (int position = 0; position < LORE_PROBE_POSITIONS; position++) {
    for (int k = 0; k < batch->sequences * LORE_ATTRIBUTES; k++) {
      size_t row = (size_t)(c->first + k / LORE_ATTRIBUTES) * width;
      copy_row(stream + (size_t)read_token_of(batch, k, position) * width, (int)width,
               c->row[cell_of(batch, k, level, position)] + row);
    }
    if (c->request->verdicts)
      judge_lens(c, level, position, stream);
  }
}

static void copy_keys(const chunk *c, int level, const real *stream) {
  const lore_batch *batch = &c->worker->batch;
  size_t width = (size_t)c->request->reader->problem->model->config.width;
  for (int s = 0; s < batch->sequences; s++) {
    size_t at = (size_t)(batch->name_at[s * LORE_ATTRIBUTES] + LORE_NAME_TOKENS - 1);
    copy_row(stream + at * width, (int)width, c->row[level] + (size_t)(c->first + s) * width);
  }
}

static void copy_level(void *context, int level, const real *stream) {
  const chunk *c = context;
  int wanted = level - c->request->first_level;
  if (wanted >= 0 && wanted < c->request->levels)
    (c->request->individual ? copy_keys : copy_sentences)(c, wanted, stream);
}

/* A value is said if all its tokens are; a birth date's tokens, day, month and year, count apart.
 */
static void judge_value(const lore_probe_worker *worker, int attribute, int at, int length,
                        double *verdict) {
  bool all = true;
  for (int j = 0; j < length; j++) {
    verdict[LORE_PROBE_VERDICT_LOSS] += worker->loss[at + j] / LORE_ATTRIBUTES;
    all &= worker->correct[at + j];
    if (attribute == LORE_BIRTH_DATE)
      verdict[LORE_BIRTH_DATE + j] = worker->correct[at + j];
  }
  if (attribute < LORE_BIRTH_DATE)
    verdict[attribute] = all;
  if (attribute > LORE_BIRTH_DATE)
    verdict[attribute + LORE_PROBE_TARGETS - LORE_ATTRIBUTES] = all;
}

static void put_verdicts(const chunk *c) {
  const lore_batch *batch = &c->worker->batch;
  for (int s = 0, at = 0; s < batch->sequences; s++) {
    double top = 0, *verdict = verdicts_of(c, s);
    int begin = at;
    memset(verdict, 0, sizeof *verdict * LORE_PROBE_VERDICTS);
    for (int k = s * LORE_ATTRIBUTES; k < (s + 1) * LORE_ATTRIBUTES; k++) {
      judge_value(c->worker, batch->attribute[k], at, batch->value_length[k], verdict);
      for (int j = 0; j < batch->value_length[k]; j++)
        top += c->worker->top[at++];
    }
    verdict[LORE_PROBE_VERDICT_CONFIDENCE] = top / (at - begin);
  }
}

static int64_t individual_of(const request *r, int row) {
  return r->individual ? r->individual[row]
                       : lore_probe_individual(r->reader->problem, r->group, r->use, row);
}

/* `count` rows from `row` of the matrix on, which is row `first` of the block. */
static void read_chunk(const request *r, lore_probe_worker *worker, int row, int first, int count,
                       double *const *rows) {
  const lore_probe_problem *problem = r->reader->problem;
  const lore_template_set templates =
      r->use == LORE_PROBE_JUDGE ? LORE_TEMPLATES_EVALUATION : LORE_TEMPLATES_TRAINING;
  chunk c = {r, worker, rows, first};
  const lore_stream_watch watch = {copy_level, &c};
  lore_batch_clear(&worker->batch);
  for (int i = 0; i < count; i++) {
    int64_t who = individual_of(r, row + i);
    /* The last steps there are: no training shows these biographies. */
    lore_batch_append(&worker->batch, problem->population, who, templates,
                      UINT32_MAX - (uint64_t)r->use, (uint64_t)who);
  }
  lore_scores scores = {.position = worker->score_position,
                        .loss = worker->loss,
                        .correct = worker->correct,
                        .top = worker->top};
  scores.count =
      r->verdicts ? lore_batch_value_positions(&worker->batch, worker->score_position) : 0;
  lore_decoder_score(problem->model, r->reader->parameters, &worker->batch, worker->workspace,
                     &watch, &scores);
  if (r->verdicts)
    put_verdicts(&c);
}

static lore_status read_block(void *context, int first, int count, double *const row[]) {
  const request *r = context;
  int chunks = (count + CHUNK - 1) / CHUNK;
#pragma omp parallel for num_threads(r->reader->problem->threads) schedule(dynamic, 1)
  for (int c = 0; c < chunks; c++) {
    int at = c * CHUNK, rows = count - at < CHUNK ? count - at : CHUNK;
    read_chunk(r, &r->reader->worker[omp_get_thread_num()], first + at, at, rows, row);
  }
  return LORE_OK;
}

static lore_status read_rows(request *r, lore_matrix *matrix, lore_matrix *verdicts) {
  lore_matrix **list = malloc(sizeof(lore_matrix *) * (size_t)(r->matrices + 1));
  LORE_TRY_TOGETHER(matrix->grid->team,
                    list ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate a list"));
  for (int m = 0; m < r->matrices; m++)
    list[m] = &matrix[m];
  list[r->matrices] = verdicts;
  r->verdicts = verdicts != NULL;
  lore_status status = lore_matrix_fill(r->matrices + r->verdicts, list, read_block, r);
  free(list);
  return status;
}

lore_status lore_probe_read(const lore_probe_reader *reader, lore_probe_group group,
                            lore_probe_use use, int first_level, int levels, lore_matrix *matrix,
                            lore_matrix *verdicts) {
  request r = {.reader = reader,
               .group = group,
               .use = use,
               .first_level = first_level,
               .levels = levels,
               .matrices = levels * LORE_PROBE_POSITIONS * LORE_ATTRIBUTES};
  return read_rows(&r, matrix, verdicts);
}

lore_status lore_probe_read_keys(const lore_probe_reader *reader, const int64_t *individual,
                                 int first_level, int levels, lore_matrix *matrix,
                                 lore_matrix *verdicts) {
  request r = {.reader = reader,
               .use = LORE_PROBE_JUDGE,
               .individual = individual,
               .first_level = first_level,
               .levels = levels,
               .matrices = levels};
  return read_rows(&r, matrix, verdicts);
}
