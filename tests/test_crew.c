/* A shard by a crew of threads: the same bits as by one, for any number of them. */
#include "support/levels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "lore/base/barrier.h"
#include "lore/model/gemm.h"
#include "support/small_model.h"

enum { MEMBERS_MAX = 24, SEQUENCES = 23, WORDS = 300, RANGES_MAX = 8 };

/* More members than sequences, and numbers that divide nothing. */
static const int crews[] = {2, 3, 4, 8, 5, MEMBERS_MAX};
enum { CREWS = sizeof crews / sizeof *crews };

typedef struct {
  lore_barrier barrier;
  int threads;
  atomic_int round[MEMBERS_MAX];
  atomic_int wrong;
} meeting;

typedef struct {
  meeting *meeting;
  int index;
} visitor;

static void *meet_often(void *argument) {
  const visitor *v = argument;
  meeting *m = v->meeting;
  for (int round = 1; round <= 100; round++) {
    atomic_store_explicit(&m->round[v->index], round, memory_order_relaxed);
    lore_barrier_wait(&m->barrier, m->threads);
    for (int i = 0; i < m->threads; i++)
      if (atomic_load_explicit(&m->round[i], memory_order_relaxed) != round)
        atomic_fetch_add(&m->wrong, 1);
    lore_barrier_wait(&m->barrier, m->threads);
  }
  return NULL;
}

static void nobody_passes_a_barrier_alone(void **state) {
  (void)state;
  for (int threads = 1; threads <= 5; threads++) {
    meeting m = {.barrier = LORE_BARRIER_NEW, .threads = threads};
    visitor visitors[MEMBERS_MAX];
    pthread_t thread[MEMBERS_MAX];
    for (int i = 0; i < threads; i++) {
      visitors[i] = (visitor){&m, i};
      assert_int_equal(pthread_create(&thread[i], NULL, meet_often, &visitors[i]), 0);
    }
    for (int i = 0; i < threads; i++)
      pthread_join(thread[i], NULL);
    assert_int_equal(m.wrong, 0);
  }
}

/* A model, a shard of it, and what a thread alone makes of them. */
typedef struct {
  lore_model *model;
  const real *parameters, *reference; /* whose attention is used, or NULL */
  lore_batch shard;
  double loss;
  real *gradient;
  int64_t bound[RANGES_MAX];
  int ranges, awaited; /* ranges of the gradient, and how often parameters are waited for */
} problem;

/* A pass by a crew, and what its watch saw. */
typedef struct {
  const problem *problem;
  real *gradient;
  double loss;
  int members;
  int awaited[MEMBERS_MAX], ranges[MEMBERS_MAX]; /* each member's calls */
  atomic_int wrong;                              /* calls too early, or in another order */
} crew_pass;

typedef struct {
  crew_pass *pass;
  int index;
  lore_workspace *workspace, *patterns;
} crew_member;

static void on_needed(void *context, int range) {
  const crew_member *member = context;
  crew_pass *pass = member->pass;
  int expected = pass->problem->ranges - 1 - pass->awaited[member->index]++;
  pass->wrong += range != (expected > 0 ? expected : 0);
}

static void on_ready(void *context, int range, int number, int members) {
  const crew_member *member = context;
  crew_pass *pass = member->pass;
  const problem *p = pass->problem;
  if (range < 0)
    return;
  pass->wrong += number != member->index || members != pass->members;
  pass->wrong += range != pass->ranges[number]++;
  if (p->gradient)
    pass->wrong += memcmp(pass->gradient + p->bound[range + 1], p->gradient + p->bound[range + 1],
                          sizeof(real) * (size_t)(p->bound[range] - p->bound[range + 1])) != 0;
}

static void *compute_part(void *argument) {
  crew_member *member = argument;
  crew_pass *pass = member->pass;
  const problem *p = pass->problem;
  const lore_train_watch watch = {on_needed, on_ready, member};
  if (p->reference)
    lore_decoder_attend(p->model, p->reference, &p->shard, member->patterns);
  lore_workspace_patch(member->workspace, p->reference ? member->patterns : NULL);
  double loss = lore_decoder_train(p->model, p->parameters, &p->shard, 0.5, member->workspace,
                                   pass->gradient, &watch);
  if (member->index == 0)
    pass->loss = loss;
  return NULL;
}

static lore_workspace *make_workspaces(const problem *p, lore_workspace_use use, int members) {
  const lore_batch *s = &p->shard;
  lore_arena arena = {0};
  lore_workspace_layout_crew(&arena, p->model, s->tokens, s->sequences, use, members);
  arena = (lore_arena){.capacity = arena.used, .base = numbers_take(arena.used)};
  memset(arena.base, 0xff, arena.capacity);
  return lore_workspace_layout_crew(&arena, p->model, s->tokens, s->sequences, use, members);
}

/* What a pass leaves must not disturb the next. */
static crew_pass train_by_crew(const problem *p, int members, int turns) {
  crew_pass pass = {.problem = p, .members = members};
  crew_member member[MEMBERS_MAX];
  pthread_t thread[MEMBERS_MAX];
  lore_workspace *workspace = make_workspaces(p, LORE_FORWARD_BACKWARD, members);
  lore_workspace *patterns = make_workspaces(p, LORE_FORWARD_ONLY, members);
  for (int turn = 0; turn < turns; turn++) {
    pass.gradient = numbers_blank((size_t)p->model->elements);
    memset(pass.gradient, 0, sizeof(real) * (size_t)p->model->elements); /* gaps stay */
    memset(pass.ranges, 0, sizeof pass.ranges);
    memset(pass.awaited, 0, sizeof pass.awaited);
    for (int m = 0; m < members; m++) {
      member[m] = (crew_member){&pass, m, lore_workspace_member(workspace, m),
                                lore_workspace_member(patterns, m)};
      assert_int_equal(pthread_create(&thread[m], NULL, compute_part, &member[m]), 0);
    }
    for (int m = 0; m < members; m++)
      pthread_join(thread[m], NULL);
  }
  return pass;
}

/* Lengths from 1 to the context's, all so that a chunk of the head's rows ends inside a sequence.
 */
static problem make_problem(int settings, lore_precision precision, bool patched) {
  problem p = {0};
  lore_random stream = numbers_stream(700 + (uint64_t)settings);
  lore_model_config config = small_config(settings);
  int length[SEQUENCES];
  config.width = 60;
  config.hidden = 100;
  config.recurrent_width = config.mixer == LORE_MIXER_RG_LRU ? 54 : 0;
  config.precision = precision;
  for (int s = 0; s < SEQUENCES; s++)
    length[s] = s % 7 == 3 ? 1 : numbers_between(&stream, SMALL_CONTEXT - 3, SMALL_CONTEXT);
  assert_int_equal(lore_model_create(&config, WORDS, SMALL_CONTEXT, &p.model), LORE_OK);
  p.parameters = small_parameters(p.model, &stream, 0.2);
  p.reference = patched ? small_parameters(p.model, &stream, 0.4) : NULL;
  p.shard = small_shard(&stream, SEQUENCES, length, WORDS);
  p.ranges = lore_decoder_ranges(p.model, p.bound);
  assert_in_range(p.shard.tokens, LORE_HEAD_ROWS + 1, 2 * LORE_HEAD_ROWS - 1);
  crew_pass alone = train_by_crew(&p, 1, 1);
  assert_int_equal(alone.wrong, 0);
  p.awaited = alone.awaited[0];
  p.loss = alone.loss;
  p.gradient = alone.gradient;
  return p;
}

static void end_problem(problem *p) {
  lore_model_destroy(p->model);
  numbers_release(0);
}

static void assert_same_pass(const problem *p, const char *what, int members, int turns) {
  crew_pass pass = train_by_crew(p, members, turns);
  char text[96];
  snprintf(text, sizeof text, "%s by %d", what, members);
  assert_same_bits(text, pass.gradient, p->gradient, sizeof(real) * (size_t)p->model->elements);
  assert_same_bits(text, &pass.loss, &p->loss, sizeof p->loss);
  if (pass.wrong)
    fail_msg("%s: a range was told before it was complete, or in another order", text);
  for (int m = 0; m < members; m++) {
    assert_int_equal(pass.ranges[m], p->ranges);
    assert_int_equal(pass.awaited[m], p->awaited);
  }
}

/* Every fifth combination has all pairs of choices. */
static void members_do_not_change_bits(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings += 5) {
    lore_precision precision = settings % 3 == 0 ? LORE_BF16 : LORE_FLOAT32;
    problem p = make_problem(settings, precision, false);
    assert_same_pass(&p, small_text(&p.model->config), crews[settings % CREWS], 1);
    end_problem(&p);
  }
}

static void any_number_of_members(void **state) {
  (void)state;
  static const int settings[] = {10, SMALL_ATTENTION + 10}; /* layer norm, biases */
  for (int i = 0; i < 2 * LORE_BF16 + 2; i++) {
    problem p = make_problem(settings[i / 2], (lore_precision)(i % 2), false);
    for (int c = 0; c < CREWS; c++)
      assert_same_pass(&p, small_text(&p.model->config), crews[c], 2);
    end_problem(&p);
  }
}

static void patched_crews(void **state) {
  (void)state;
  for (int settings = 1; settings < SMALL_ATTENTION; settings += 5) {
    problem p = make_problem(settings, (lore_precision)(settings % 2), true);
    assert_same_pass(&p, "patched", crews[settings % CREWS], 1);
    end_problem(&p);
  }
}

/* Whose products may not be made in parts: the first member computes alone. */
static void library_works_alone(void **state) {
  (void)state;
  if (!lore_gemm_has(LORE_GEMM_CBLAS))
    skip();
  assert_int_equal(lore_gemm_select(LORE_GEMM_CBLAS), LORE_OK);
  assert_false(lore_gemm_divides(LORE_FLOAT32, LORE_GEMM_CBLAS));
  assert_true(lore_gemm_divides(LORE_BF16, LORE_GEMM_CBLAS));
  problem p = make_problem(7, LORE_FLOAT32, false);
  crew_pass pass = train_by_crew(&p, 3, 1);
  assert_same_bits("cblas", pass.gradient, p.gradient, sizeof(real) * (size_t)p.model->elements);
  assert_int_equal(pass.awaited[0], p.awaited);
  assert_int_equal(pass.awaited[1] + pass.awaited[2], 0);
  end_problem(&p);
  assert_int_equal(lore_gemm_select(LORE_GEMM_BUILTIN), LORE_OK);
}

int main(void) {
  const struct CMUnitTest barrier[] = {numbers_test(nobody_passes_a_barrier_alone)};
  const struct CMUnitTest tests[] = {
      numbers_test(members_do_not_change_bits),
      numbers_test(any_number_of_members),
      numbers_test(patched_crews),
      numbers_test(library_works_alone),
  };
  return cmocka_run_group_tests(barrier, NULL, NULL) + levels_run_group_tests(tests);
}
