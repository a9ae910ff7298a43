/* Biographies in packed batches. */
#include "support/biography.h"

enum { KNOWN = 500, HELD_OUT = 120, SEQUENCES = 64 };

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

static void assert_batch(const lore_batch *b, int sequences, lore_template_set set) {
  int template[LORE_ATTRIBUTES];
  assert_int_equal(b->sequences, sequences);
  assert_int_equal(b->offset[0], 0);
  assert_int_equal(b->offset[sequences], b->tokens);
  for (int s = 0; s < sequences; s++) {
    assert_in_range(b->offset[s + 1] - b->offset[s], 40, longest);
    assert_biography(people, b, s, set, template);
  }
}

/* Sequences [first, first+count) of `whole` and all of `part` are the same. */
static void assert_same_sequences(const lore_batch *part, const lore_batch *whole, int first) {
  int from = whole->offset[first], count = part->sequences;
  size_t tokens = (size_t)part->tokens;
  assert_int_equal(whole->offset[first + count] - from, part->tokens);
  assert_memory_equal(part->token, whole->token + from, tokens * sizeof *part->token);
  assert_memory_equal(part->target, whole->target + from, tokens * sizeof *part->target);
  assert_memory_equal(part->role, whole->role + from, tokens);
  assert_memory_equal(part->target_role, whole->target_role + from, tokens);
  assert_memory_equal(part->individual, whole->individual + first,
                      (size_t)count * sizeof *part->individual);
  for (int s = 0; s <= count; s++)
    assert_int_equal(part->offset[s], whole->offset[first + s] - from);
  for (int k = 0, l = first * LORE_ATTRIBUTES; k < count * LORE_ATTRIBUTES; k++, l++) {
    assert_int_equal(part->attribute[k], whole->attribute[l]);
    assert_int_equal(part->template[k], whole -> template[l]);
    assert_int_equal(part->name_at[k], whole->name_at[l] - from);
    assert_int_equal(part->value_at[k], whole->value_at[l] - from);
    assert_int_equal(part->value_length[k], whole->value_length[l]);
  }
}

static void training_biographies(void **state) {
  (void)state;
  lore_arena arena;
  lore_batch b = people_batch(&arena, SEQUENCES, longest);
  for (int64_t step = 0; step < 20; step++) {
    lore_batch_training(&b, people, &uniform, step, 0, SEQUENCES);
    assert_batch(&b, SEQUENCES, LORE_TEMPLATES_TRAINING);
    for (int s = 0; s < SEQUENCES; s++)
      assert_int_equal(b.individual[s], lore_sampler_draw(&uniform, step, s));
  }
  lore_arena_destroy(&arena);
}

static void evaluation_biographies(void **state) {
  (void)state;
  lore_arena arena;
  lore_batch b = people_batch(&arena, SEQUENCES, longest);
  for (int64_t first = 0; first < 1280; first += SEQUENCES) {
    lore_batch_evaluation(&b, people, KNOWN, HELD_OUT, first, SEQUENCES);
    assert_batch(&b, SEQUENCES, LORE_TEMPLATES_EVALUATION);
    for (int s = 0; s < SEQUENCES; s++)
      assert_in_range(b.individual[s], KNOWN, KNOWN + HELD_OUT - 1);
  }
  lore_arena_destroy(&arena);
}

/* Longest templates and values fill a batch to its last token and not beyond: SEQUENCES times any
 * length leaves no gap between the arrays. */
static void longest_biography_fits(void **state) {
  (void)state;
  lore_population *one = people_create(1, 0, PEOPLE_SEED);
  lore_individual *who = (lore_individual *)lore_population_individual(one, 0);
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    lore_attribute attribute = (lore_attribute)a;
    int most = 0;
    for (int t = 0; t < LORE_TEMPLATES; t++)
      if (lore_vocabulary_template(people_vocabulary, attribute, t)->length > most) {
        most = lore_vocabulary_template(people_vocabulary, attribute, t)->length;
        who->evaluation_templates[a] = 1u << t;
      }
    most = 0;
    for (uint32_t v = 0; v < lore_vocabulary_values(people_vocabulary, attribute); v++)
      if (lore_vocabulary_value(people_vocabulary, attribute, v).length > most) {
        most = lore_vocabulary_value(people_vocabulary, attribute, v).length;
        who->value[a] = v;
      }
  }
  lore_arena arena;
  lore_batch b = people_batch(&arena, SEQUENCES, longest);
  int template[LORE_ATTRIBUTES];
  for (uint64_t s = 0; s < SEQUENCES; s++)
    lore_batch_append(&b, one, 0, LORE_TEMPLATES_EVALUATION, 0, s);
  assert_int_equal(b.tokens, SEQUENCES * longest);
  assert_int_equal(b.tokens, b.tokens_capacity);
  for (int s = 0; s < SEQUENCES; s++)
    assert_biography(one, &b, s, LORE_TEMPLATES_EVALUATION, template);
  lore_arena_destroy(&arena);
  lore_population_destroy(one);
}

static void fills_are_deterministic(void **state) {
  (void)state;
  lore_arena arenas[2];
  lore_batch x = people_batch(&arenas[0], SEQUENCES, longest);
  lore_batch y = people_batch(&arenas[1], 2 * SEQUENCES, longest);
  lore_batch_training(&x, people, &uniform, 9, 0, SEQUENCES);
  lore_batch_evaluation(&y, people, 0, KNOWN, 5, 11);
  lore_batch_training(&y, people, &uniform, 9, 0, SEQUENCES);
  assert_int_equal(x.tokens, y.tokens);
  assert_same_sequences(&x, &y, 0);
  lore_batch_evaluation(&x, people, 0, KNOWN, 0, SEQUENCES);
  lore_batch_training(&y, people, &uniform, 3, 0, SEQUENCES);
  lore_batch_evaluation(&y, people, 0, KNOWN, 0, SEQUENCES);
  assert_int_equal(x.tokens, y.tokens);
  assert_same_sequences(&x, &y, 0);
  lore_arena_destroy(&arenas[0]);
  lore_arena_destroy(&arenas[1]);
}

/* However a batch is cut into shards, and in whatever order these are filled. */
static void shards_are_the_batch(void **state) {
  (void)state;
  static const int sizes[] = {1, 8, 32};
  lore_arena arenas[2];
  lore_batch whole = people_batch(&arenas[0], SEQUENCES, longest);
  lore_batch shard = people_batch(&arenas[1], SEQUENCES, longest);
  for (int i = 0; i < 3; i++) {
    lore_batch_training(&whole, people, &uniform, 12, 0, SEQUENCES);
    for (int first = SEQUENCES - sizes[i]; first >= 0; first -= sizes[i]) {
      lore_batch_training(&shard, people, &uniform, 12, first, sizes[i]);
      assert_same_sequences(&shard, &whole, first);
    }
    lore_batch_evaluation(&whole, people, 0, KNOWN, 0, SEQUENCES);
    for (int first = SEQUENCES - sizes[i]; first >= 0; first -= sizes[i]) {
      lore_batch_evaluation(&shard, people, 0, KNOWN, first, sizes[i]);
      assert_same_sequences(&shard, &whole, first);
    }
  }
  lore_arena_destroy(&arenas[0]);
  lore_arena_destroy(&arenas[1]);
}

static void sequence_alone_is_the_same(void **state) {
  (void)state;
  lore_arena arenas[2];
  lore_batch whole = people_batch(&arenas[0], SEQUENCES, longest);
  lore_batch alone = people_batch(&arenas[1], 1, longest);
  lore_batch_training(&whole, people, &uniform, 4, 0, SEQUENCES);
  lore_batch_append(&alone, people, whole.individual[7], LORE_TEMPLATES_TRAINING, 4, 7);
  assert_same_sequences(&alone, &whole, 7);
  lore_arena_destroy(&arenas[0]);
  lore_arena_destroy(&arenas[1]);
}

/* No biography is shown twice, not even of one individual. */
static void steps_and_sequences_differ(void **state) {
  (void)state;
  lore_arena arena;
  lore_batch b = people_batch(&arena, SEQUENCES, longest);
  for (uint64_t s = 0; s < SEQUENCES; s++)
    lore_batch_append(&b, people, 3, LORE_TEMPLATES_TRAINING, s % 8, s / 8);
  for (int s = 0; s < SEQUENCES; s++)
    for (int r = 0; r < s; r++) {
      int length = b.offset[s + 1] - b.offset[s];
      assert_true(
          length != b.offset[r + 1] - b.offset[r] ||
          memcmp(b.token + b.offset[s], b.token + b.offset[r], (size_t)length * sizeof *b.token));
    }
  lore_arena_destroy(&arena);
}

/* A run that starts from another one's weights goes on with its data: not only whom, but every word
 * of it. New people behind the others change nothing. */
static void child_goes_on_behind_its_parent(void **state) {
  (void)state;
  enum { AFTER = 20, STEPS = 5 };
  lore_population_config config = *lore_population_settings(people);
  lore_population *with_new;
  config.new_ones = 30;
  assert_int_equal(lore_population_create(&config, PEOPLE_SEED, people_vocabulary, &with_new),
                   LORE_OK);
  lore_sampler later = people_sampler(&config);
  later.first_step = AFTER;
  lore_arena arenas[2];
  lore_batch child = people_batch(&arenas[0], SEQUENCES, longest),
             parent = people_batch(&arenas[1], SEQUENCES, longest);
  for (int64_t step = 0; step < STEPS; step++) {
    lore_batch_training(&child, with_new, &later, step, 0, SEQUENCES);
    lore_batch_training(&parent, people, &uniform, AFTER + step, 0, SEQUENCES);
    assert_same_sequences(&child, &parent, 0);
  }
  lore_population_destroy(with_new);
  lore_arena_destroy(&arenas[0]);
  lore_arena_destroy(&arenas[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(training_biographies),
      cmocka_unit_test(evaluation_biographies),
      cmocka_unit_test(longest_biography_fits),
      cmocka_unit_test(fills_are_deterministic),
      cmocka_unit_test(shards_are_the_batch),
      cmocka_unit_test(sequence_alone_is_the_same),
      cmocka_unit_test(steps_and_sequences_differ),
      cmocka_unit_test(child_goes_on_behind_its_parent),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
