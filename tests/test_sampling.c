/* What batches draw: individuals, order of sentences, templates. */
#include "support/biography.h"

enum { KNOWN = 500, HELD_OUT = 120, SEQUENCES = 64, ORDERS = 720 };

static lore_sampler uniform;
static lore_population *people;
static int longest;

static int setup(void **state) {
  if (people_setup(state))
    return 1;
  people = people_create(KNOWN, HELD_OUT, PEOPLE_SEED);
  uniform = people_sampler(lore_population_settings(people));
  longest = lore_vocabulary_longest_biography(people_vocabulary);
  return 0;
}

static int teardown(void **state) {
  lore_population_destroy(people);
  return people_teardown(state);
}

static int rank_of_order(const uint8_t *order) {
  int rank = 0;
  for (int i = 0; i < LORE_ATTRIBUTES; i++) {
    int smaller = 0;
    for (int j = i + 1; j < LORE_ATTRIBUTES; j++)
      smaller += order[j] < order[i];
    rank = rank * (LORE_ATTRIBUTES - i) + smaller;
  }
  return rank;
}

static void sentence_orders_are_even(void **state) {
  (void)state;
  lore_arena arena;
  lore_batch b = people_batch(&arena, SEQUENCES, longest);
  static int training[ORDERS], evaluation[ORDERS];
  for (int64_t step = 0; step < 600; step++) {
    lore_batch_training(&b, people, &uniform, step, 0, SEQUENCES);
    for (int s = 0; s < SEQUENCES; s++)
      training[rank_of_order(b.attribute + s * LORE_ATTRIBUTES)]++;
    lore_batch_evaluation(&b, people, 0, KNOWN, step * SEQUENCES, SEQUENCES);
    for (int s = 0; s < SEQUENCES; s++)
      evaluation[rank_of_order(b.attribute + s * LORE_ATTRIBUTES)]++;
  }
  assert_even("orders in training", training, ORDERS);
  assert_even("orders in evaluation", evaluation, ORDERS);
  lore_arena_destroy(&arena);
}

static void fixed_order(void **state) {
  (void)state;
  const lore_population_config config = {
      .individuals = 10, .held_out = 10, .sentence_order = LORE_ORDER_FIXED};
  lore_population *same = NULL;
  lore_arena arena;
  lore_batch b = people_batch(&arena, SEQUENCES, longest);
  assert_int_equal(lore_population_create(&config, PEOPLE_SEED, people_vocabulary, &same), LORE_OK);
  lore_sampler sampler = people_sampler(&config);
  lore_batch_training(&b, same, &sampler, 3, 0, SEQUENCES);
  for (int k = 0; k < SEQUENCES * LORE_ATTRIBUTES; k++)
    assert_int_equal(b.attribute[k], k % LORE_ATTRIBUTES);
  lore_batch_clear(&b);
  lore_batch_evaluation(&b, same, 10, 10, 0, SEQUENCES);
  for (int k = 0; k < SEQUENCES * LORE_ATTRIBUTES; k++)
    assert_int_equal(b.attribute[k], k % LORE_ATTRIBUTES);
  lore_population_destroy(same);
  lore_arena_destroy(&arena);
}

/* Packs the counts of those templates that the set holds; returns how many. */
static int pack(const int *count, uint32_t evaluation, lore_template_set set, int *packed) {
  int used = 0;
  for (int t = 0; t < LORE_TEMPLATES; t++) {
    if ((evaluation >> t & 1) == (set == LORE_TEMPLATES_EVALUATION))
      packed[used++] = count[t];
    else
      assert_int_equal(count[t], 0);
  }
  return used;
}

static void assert_even_templates(int64_t individual, lore_template_set set, int expected) {
  enum { STEPS = 40 };
  const lore_individual *who = lore_population_individual(people, individual);
  int count[LORE_ATTRIBUTES][LORE_TEMPLATES] = {{0}}, template[LORE_ATTRIBUTES];
  int packed[LORE_TEMPLATES];
  lore_arena arena;
  lore_batch b = people_batch(&arena, SEQUENCES, longest);
  for (uint64_t step = 0; step < STEPS; step++) {
    lore_batch_clear(&b);
    for (uint64_t s = 0; s < SEQUENCES; s++)
      lore_batch_append(&b, people, individual, set, step, s);
    for (int s = 0; s < SEQUENCES; s++) {
      assert_biography(people, &b, s, set, template);
      for (int a = 0; a < LORE_ATTRIBUTES; a++)
        count[a][template[a]]++;
    }
  }
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    assert_int_equal(pack(count[a], who->evaluation_templates[a], set, packed), expected);
    assert_even("templates", packed, expected);
  }
  lore_arena_destroy(&arena);
}

/* Training shows 20 templates of an attribute, evaluation the 5 others. */
static void templates_are_even(void **state) {
  (void)state;
  static const int64_t individuals[] = {0, 1, KNOWN};
  for (int i = 0; i < 3; i++) {
    assert_even_templates(individuals[i], LORE_TEMPLATES_TRAINING, 20);
    assert_even_templates(individuals[i], LORE_TEMPLATES_EVALUATION, 5);
  }
}

static void uniform_distribution(void **state) {
  (void)state;
  enum { STEPS = 2000, BATCH = 100, FEW = 12 };
  static int observed[KNOWN], in_steps[FEW * FEW], in_sequences[FEW * FEW];
  lore_sampler of_few = people_sampler(&(lore_population_config){.individuals = FEW});
  lore_sampler of_one = people_sampler(&(lore_population_config){.individuals = 1});
  for (int64_t step = 0; step < STEPS; step++)
    for (int64_t s = 0; s < BATCH; s++) {
      int64_t who = lore_sampler_draw(&uniform, step, s);
      assert_in_range(who, 0, KNOWN - 1);
      observed[who]++;
      int64_t few = lore_sampler_draw(&of_few, step, s);
      in_steps[few * FEW + lore_sampler_draw(&of_few, step + 1, s)]++;
      in_sequences[few * FEW + lore_sampler_draw(&of_few, step, s + 1)]++;
    }
  assert_even("individuals", observed, KNOWN);
  assert_even("individuals of neighbouring steps", in_steps, FEW * FEW);
  assert_even("individuals of neighbouring sequences", in_sequences, FEW * FEW);
  assert_int_equal(lore_sampler_draw(&of_one, 0, 0), 0);
}

/* Whom an evaluation sequence is about has nothing to do with its order of sentences. */
static void evaluation_is_even(void **state) {
  (void)state;
  lore_arena arena;
  lore_batch b = people_batch(&arena, SEQUENCES, longest);
  int known[KNOWN] = {0}, held_out[HELD_OUT] = {0}, with_order[60 * LORE_ATTRIBUTES] = {0};
  for (int64_t first = 0; first < 500 * SEQUENCES; first += SEQUENCES) {
    lore_batch_evaluation(&b, people, 0, KNOWN, first, SEQUENCES);
    for (int s = 0; s < SEQUENCES; s++)
      known[b.individual[s]]++;
    lore_batch_evaluation(&b, people, KNOWN, HELD_OUT, first, SEQUENCES);
    for (int s = 0; s < SEQUENCES; s++) {
      int64_t who = b.individual[s] - KNOWN;
      held_out[who]++;
      with_order[who / 2 * LORE_ATTRIBUTES + b.attribute[s * LORE_ATTRIBUTES]]++;
    }
  }
  assert_even("known", known, KNOWN);
  assert_even("held out", held_out, HELD_OUT);
  assert_even("individual and first sentence", with_order, 60 * LORE_ATTRIBUTES);
  lore_arena_destroy(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sentence_orders_are_even), cmocka_unit_test(fixed_order),
      cmocka_unit_test(templates_are_even),       cmocka_unit_test(uniform_distribution),
      cmocka_unit_test(evaluation_is_even),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
