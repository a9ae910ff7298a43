/* Questions: their words, which sequences are questions, and what evaluation asks. */
#include "support/people.h"

#include <stdbool.h>

enum { KNOWN = 60, ASKED = 20, HELD_OUT = 12, TEMPLATES = 7, BATCH = 32, STEPS = 2000 };

static const lore_population_config people = {.individuals = KNOWN,
                                              .held_out = HELD_OUT,
                                              .questions = true,
                                              .question_templates = TEMPLATES,
                                              .asked = ASKED};
static lore_vocabulary *plain;

static int setup(void **state) {
  (void)state;
  return lore_vocabulary_create(false, &plain) != LORE_OK ||
         lore_vocabulary_create(true, &people_vocabulary) != LORE_OK;
}

static int teardown(void **state) {
  lore_vocabulary_destroy(plain);
  return people_teardown(state);
}

static lore_sampler make_sampler(double share) {
  const lore_distribution_config distribution = {
      .questions = share, .final_fresh = -1, .repeats_in_batch = 1, .repeats_across_steps = 1};
  const lore_curriculum_config none = {0};
  return lore_sampler_create(&distribution, &none, &people, PEOPLE_SEED, STEPS, BATCH, 4);
}

static lore_population *make_people(void) {
  lore_population *population = NULL;
  assert_int_equal(lore_population_create(&people, PEOPLE_SEED, people_vocabulary, &population),
                   LORE_OK);
  return population;
}

/* So weights and files of models without questions mean what they did. */
static void words_of_questions_come_last(void **state) {
  (void)state;
  int size = lore_vocabulary_size(plain), more = lore_vocabulary_size(people_vocabulary);
  assert_false(lore_vocabulary_has_questions(plain));
  assert_true(lore_vocabulary_has_questions(people_vocabulary) && more > size);
  for (int t = 0; t < size; t++)
    assert_string_equal(lore_vocabulary_word(plain, (uint16_t)t),
                        lore_vocabulary_word(people_vocabulary, (uint16_t)t));
  assert_int_equal(lore_vocabulary_longest_biography(plain),
                   lore_vocabulary_longest_biography(people_vocabulary));
}

/* Name, question mark, value, full stop: the answer is all that follows the question mark. */
static void a_question_ends_with_its_answer(void **state) {
  (void)state;
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    for (int q = 0; q < LORE_QUESTIONS; q++) {
      const lore_template *t = lore_vocabulary_question(people_vocabulary, (lore_attribute)a, q);
      assert_true(t->name_at < t->value_at && t->value_at == t->length - 2);
      assert_string_equal(lore_vocabulary_word(people_vocabulary, t->token[t->value_at - 1]), "?");
      assert_string_equal(lore_vocabulary_word(people_vocabulary, t->token[t->length - 1]), ".");
    }
}

static void the_asked_are_asked_their_share(void **state) {
  (void)state;
  static const double shares[] = {0.01, 0.6, 0.97};
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
    int sequences = 0, questions = 0, who[ASKED] = {0};
    lore_sampler s = make_sampler(shares[i]), without = make_sampler(0);
    for (int64_t step = 0; step < STEPS; step++)
      for (int64_t position = 0; position < BATCH; position++) {
        int64_t drawn = lore_sampler_draw(&s, step, position);
        lore_question question;
        bool asks = lore_sampler_question(&s, step, position, drawn, &question);
        assert_int_equal(drawn, lore_sampler_draw(&without, step, position));
        assert_false(lore_sampler_question(&without, step, position, drawn, &question));
        assert_false(asks && drawn >= ASKED);
        sequences += drawn < ASKED;
        questions += asks;
        if (asks)
          who[drawn]++;
      }
    assert_share("questions", questions, sequences, shares[i]);
    assert_even("who is asked about", who, ASKED);
  }
}

static void every_question_is_as_likely(void **state) {
  (void)state;
  int about[LORE_ATTRIBUTES * TEMPLATES] = {0};
  lore_sampler s = make_sampler(1);
  for (int64_t step = 0; step < STEPS; step++)
    for (int64_t position = 0; position < BATCH; position++) {
      lore_question question;
      assert_true(lore_sampler_question(&s, step, position, 0, &question));
      assert_true(question.template >= 0 && question.template <TEMPLATES);
      about[(int)question.attribute * TEMPLATES + question.template]++;
    }
  assert_even("attributes and templates", about, LORE_ATTRIBUTES * TEMPLATES);
}

/* A run that goes on with the weights does not ask the same again. */
static void later_steps_ask_other_questions(void **state) {
  (void)state;
  int same = 0;
  lore_sampler s = make_sampler(0.5), after = s;
  lore_question ignored;
  after.first_step = STEPS;
  for (int64_t position = 0; position < BATCH * 10; position++)
    same += lore_sampler_question(&s, 0, position, 0, &ignored) ==
            lore_sampler_question(&after, 0, position, 0, &ignored);
  assert_share("the same", same, BATCH * 10, 0.5);
  for (int64_t position = 0; position < BATCH; position++)
    assert_true(lore_sampler_question(&s, STEPS, position, 0, &ignored) ==
                lore_sampler_question(&after, 0, position, 0, &ignored));
}

/* The text of a sequence as data/questions/ and the individual give it. */
static void check_question(const lore_population *population, const lore_batch *b, int s) {
  char text[PEOPLE_TEXT], expected[PEOPLE_TEXT], part[PEOPLE_TEXT];
  int k = s * LORE_ATTRIBUTES, used = 0, first = b->offset[s];
  lore_attribute attribute = (lore_attribute)b->attribute[k];
  const lore_individual *who = lore_population_individual(population, b->individual[s]);
  const lore_template *t = lore_vocabulary_question(people_vocabulary, attribute, b->template[k]);
  lore_value value = lore_vocabulary_value(people_vocabulary, attribute, who->value[attribute]);
  for (int i = 0; i < t->length; i++) {
    const uint16_t name[] = {who->first, who->middle, who->last};
    const char *words = i == t->name_at    ? people_text(LORE_NAME_TOKENS, name, part)
                        : i == t->value_at ? people_text(value.length, value.token, part)
                                           : people_text(1, &t->token[i], part);
    used += snprintf(expected + used, sizeof expected - (size_t)used, "%s%s", i ? " " : "", words);
  }
  people_text(b->offset[s + 1] - first, b->target + first, text);
  assert_string_equal(text, expected);
  assert_int_equal(b->token[first], LORE_TOKEN_BEGIN);
  assert_int_equal(b->value_length[k], value.length);
  assert_memory_equal(b->target + b->value_at[k], value.token, value.length * sizeof *value.token);
  assert_int_equal(b->token[b->name_at[k]], who->first);
  for (int i = 1; i < LORE_ATTRIBUTES; i++)
    assert_int_equal(b->value_length[k + i], 0);
}

static void a_batch_has_both(void **state) {
  (void)state;
  int32_t position[BATCH * LORE_ATTRIBUTES * LORE_VALUE_TOKENS_MAX];
  int questions = 0;
  lore_arena arenas[2];
  lore_population *population = make_people();
  int longest = lore_vocabulary_longest_biography(people_vocabulary);
  lore_batch mixed = people_batch(&arenas[0], BATCH, longest);
  lore_batch alone = people_batch(&arenas[1], BATCH, longest);
  lore_sampler s = make_sampler(0.5), without = make_sampler(0);
  for (int64_t step = 0; step < 20; step++) {
    int values = 0;
    lore_batch_training(&mixed, population, &s, step, 0, BATCH);
    lore_batch_training(&alone, population, &without, step, 0, BATCH);
    for (int i = 0; i < BATCH; i++) {
      int length = alone.offset[i + 1] - alone.offset[i];
      assert_int_equal(mixed.individual[i], alone.individual[i]);
      questions += mixed.question[i];
      if (mixed.question[i])
        check_question(population, &mixed, i);
      else
        assert_memory_equal(mixed.token + mixed.offset[i], alone.token + alone.offset[i],
                            (size_t)length * sizeof *mixed.token);
      for (int k = 0; k < LORE_ATTRIBUTES; k++)
        values += mixed.value_length[i * LORE_ATTRIBUTES + k];
    }
    assert_int_equal(lore_batch_value_positions(&mixed, position), values);
    for (int i = 0; i < values; i++)
      assert_int_equal(mixed.target_role[position[i]], LORE_ROLE_VALUE);
  }
  assert_share("questions", questions, 20 * BATCH, 0.5 * ASKED / KNOWN);
  lore_arena_destroy(&arenas[0]);
  lore_arena_destroy(&arenas[1]);
  lore_population_destroy(population);
}

static void an_evaluation_asks_each_attribute_in_turn(void **state) {
  (void)state;
  enum { NUMBER = 6000, PART = 100 };
  int who[HELD_OUT] = {0}, template[TEMPLATES] = {0};
  lore_arena arena;
  lore_population *population = make_people();
  lore_batch b = people_batch(&arena, PART, lore_vocabulary_longest_biography(people_vocabulary));
  for (int first = 0; first < NUMBER; first += PART) {
    lore_batch_clear(&b);
    lore_batch_asking(&b, population, KNOWN, HELD_OUT, first, PART);
    for (int s = 0; s < PART; s++) {
      check_question(population, &b, s);
      assert_int_equal(b.attribute[s * LORE_ATTRIBUTES], (first + s) % LORE_ATTRIBUTES);
      assert_in_range(b.individual[s], KNOWN, KNOWN + HELD_OUT - 1);
      who[b.individual[s] - KNOWN]++;
      template[b.template[s * LORE_ATTRIBUTES]]++;
    }
  }
  assert_even("whom an evaluation asks about", who, HELD_OUT);
  assert_even("templates of an evaluation", template, TEMPLATES);
  lore_arena_destroy(&arena);
  lore_population_destroy(population);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_of_questions_come_last),
      cmocka_unit_test(a_question_ends_with_its_answer),
      cmocka_unit_test(the_asked_are_asked_their_share),
      cmocka_unit_test(every_question_is_as_likely),
      cmocka_unit_test(later_steps_ask_other_questions),
      cmocka_unit_test(a_batch_has_both),
      cmocka_unit_test(an_evaluation_asks_each_attribute_in_turn),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
