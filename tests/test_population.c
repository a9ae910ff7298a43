/* Individuals: names, values, template splits, baselines. */
#include <unistd.h>

#include "data/names.h"
#include "support/people.h"

enum { MANY = 262144 };

static lore_population *many;

static int setup(void **state) {
  if (people_setup(state))
    return 1;
  many = people_create(MANY, 0, PEOPLE_SEED);
  return 0;
}

static int teardown(void **state) {
  lore_population_destroy(many);
  return people_teardown(state);
}

static const lore_individual *person(int64_t index) {
  return lore_population_individual(many, index);
}

static int compare_number(const void *x, const void *y) {
  uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
  return (a > b) - (a < b);
}

static void assert_permutation(uint64_t seed, uint32_t count) {
  char *seen = people_zero(count, 1);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t image = lore_names_permute(seed, count, i);
    assert_true(image < count);
    if (seen[image]++)
      fail_msg("%u of %u occurs twice for seed %llu", image, count, (unsigned long long)seed);
  }
  free(seen);
}

static void permutations(void **state) {
  (void)state;
  static const uint32_t counts[] = {1, 2, 3, 4, 5, 15, 16, 17, 1000, 65536, 65537};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    for (uint64_t seed = 0; seed < 4; seed++)
      assert_permutation(seed << 31, counts[i]);
}

/* All 6 orders of 3 and all 24 of 4 occur equally often. */
static void permutations_are_even(void **state) {
  (void)state;
  for (uint32_t count = 3; count <= 4; count++) {
    int observed[24] = {0};
    for (uint64_t seed = 0; seed < 24000; seed++) {
      int rank = 0;
      uint32_t image[4];
      for (uint32_t i = 0; i < count; i++) {
        image[i] = lore_names_permute(seed, count, i);
        int larger = 0;
        for (uint32_t j = 0; j < i; j++)
          larger += image[j] > image[i];
        rank = rank * (int)(i + 1) + larger;
      }
      observed[rank]++;
    }
    assert_even("orders", observed, count == 3 ? 6 : 24);
  }
}

static void full_names_are_unique(void **state) {
  (void)state;
  uint64_t *name = people_zero(MANY, sizeof *name);
  for (int i = 0; i < MANY; i++)
    name[i] = (uint64_t)person(i)->first << 32 | (uint64_t)person(i)->middle << 16 |
              (uint64_t)person(i)->last;
  qsort(name, MANY, sizeof *name, compare_number);
  for (int i = 1; i < MANY; i++)
    assert_int_not_equal(name[i - 1], name[i]);
  free(name);
}

static void names_are_even(void **state) {
  (void)state;
  int place[8192], first[900] = {0}, middle[900] = {0}, last[1000] = {0}, pairs[100] = {0};
  int firsts[8192], lasts[8192];
  memset(place, -1, sizeof place);
  memcpy(firsts, place, sizeof place);
  memcpy(lasts, place, sizeof place);
  for (uint32_t i = 0; i < 900; i++)
    firsts[lore_vocabulary_first_name(people_vocabulary, i)] = (int)i;
  for (uint32_t i = 0; i < 1000; i++)
    lasts[lore_vocabulary_last_name(people_vocabulary, i)] = (int)i;
  for (int i = 0; i < MANY; i++) {
    int f = firsts[person(i)->first], m = firsts[person(i)->middle], l = lasts[person(i)->last];
    assert_true(f >= 0 && m >= 0 && l >= 0);
    first[f]++, middle[m]++, last[l]++, pairs[f / 90 * 10 + m / 90]++;
  }
  assert_even("first names", first, 900);
  assert_even("middle names", middle, 900);
  assert_even("last names", last, 1000);
  assert_even("pairs of first and middle name", pairs, 100);
}

static void assert_same_people(const lore_population *x, const lore_population *y, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const lore_individual *a = lore_population_individual(x, i);
    const lore_individual *b = lore_population_individual(y, i);
    assert_true(a->first == b->first && a->middle == b->middle && a->last == b->last);
    assert_memory_equal(a->value, b->value, sizeof a->value);
    assert_memory_equal(a->evaluation_templates, b->evaluation_templates,
                        sizeof a->evaluation_templates);
  }
}

/* A larger population begins with the same people, wherever known ones end. */
static void larger_population_begins_alike(void **state) {
  (void)state;
  lore_population *small = people_create(700, 300, PEOPLE_SEED);
  lore_population *same = people_create(1000, 0, PEOPLE_SEED);
  assert_same_people(small, same, 1000);
  assert_same_people(small, many, 1000);
  assert_int_equal(lore_population_known(small), 700);
  assert_int_equal(lore_population_held_out(small), 300);
  assert_true(lore_population_seed(small) == PEOPLE_SEED);
  assert_ptr_equal(lore_population_vocabulary(small), people_vocabulary);
  lore_population_destroy(small);
  lore_population_destroy(same);
}

static void seeds_give_other_people(void **state) {
  (void)state;
  lore_population *other = people_create(1000, 0, PEOPLE_SEED + (1ull << 32));
  int same_last = 0, same_major = 0;
  for (int i = 0; i < 1000; i++) {
    const lore_individual *individual = lore_population_individual(other, i);
    same_last += individual->last == person(i)->last;
    same_major += individual->value[LORE_MAJOR] == person(i)->value[LORE_MAJOR];
  }
  assert_true(same_last < 10 && same_major < 35); /* 1 and 10 expected */
  lore_population_destroy(other);
}

static void values_are_even(void **state) {
  (void)state;
  int *observed = people_zero(74400, sizeof *observed);
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    int values = (int)lore_vocabulary_values(people_vocabulary, (lore_attribute)a);
    if (a == LORE_BIRTH_DATE)
      continue;
    memset(observed, 0, sizeof *observed * (size_t)values);
    for (int i = 0; i < MANY; i++) {
      assert_true(person(i)->value[a] < (uint32_t)values);
      observed[person(i)->value[a]]++;
    }
    assert_even(lore_attribute_name((lore_attribute)a), observed, values);
  }
  free(observed);
}

static void dates_are_even(void **state) {
  (void)state;
  int day[31] = {0}, month[12] = {0}, year[200] = {0}, day_and_month[31 * 12] = {0};
  for (int i = 0; i < MANY; i++) {
    uint32_t date = person(i)->value[LORE_BIRTH_DATE];
    day[date % 31]++, month[date / 31 % 12]++, day_and_month[date % (31 * 12)]++;
    assert_true(date / (31 * 12) < 200);
    year[date / (31 * 12)]++;
  }
  assert_even("days", day, 31);
  assert_even("months", month, 12);
  assert_even("years", year, 200);
  assert_even("days of a year", day_and_month, 31 * 12);
}

/* The tenth of its list that a value lies in. */
static int tenth(const lore_individual *individual, int attribute) {
  return (int)((uint64_t)individual->value[attribute] * 10 /
               lore_vocabulary_values(people_vocabulary, (lore_attribute)attribute));
}

static void values_are_independent(void **state) {
  (void)state;
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    for (int b = a; b < LORE_ATTRIBUTES; b++) {
      int together[100] = {0}, neighbours[100] = {0};
      for (int i = 1; i < MANY; i++) {
        together[tenth(person(i), a) * 10 + tenth(person(i), b)]++;
        neighbours[tenth(person(i), a) * 10 + tenth(person(i - 1), b)]++;
      }
      if (a != b)
        assert_even("values of one individual", together, 100);
      assert_even("values of two individuals", neighbours, 100);
    }
}

/* Number of a set of 5 among all such sets. */
static int rank_of_set(uint32_t set) {
  int rank = 0, taken = 0;
  for (int i = 0; i < 32; i++)
    if (set >> i & 1) {
      int choices = 1; /* i over taken + 1 */
      taken++;
      for (int j = 0; j < taken; j++)
        choices = choices * (i - j) / (j + 1);
      rank += choices;
    }
  return rank;
}

/* All 25 over 5 sets occur equally often, and those of neighbouring attributes and individuals have
 * nothing to do with each other. */
static void template_splits(void **state) {
  (void)state;
  enum { SETS = 53130 };
  int *observed = people_zero(SETS, sizeof *observed);
  int same_attribute = 0, same_individual = 0;
  for (int i = 0; i < MANY; i++)
    for (int a = 0; a < LORE_ATTRIBUTES; a++) {
      uint32_t set = person(i)->evaluation_templates[a];
      assert_int_equal(__builtin_popcount(set), LORE_TEMPLATES - LORE_TRAINING_TEMPLATES);
      assert_true(set < 1u << LORE_TEMPLATES);
      observed[rank_of_set(set)]++;
      same_attribute += a && set == person(i)->evaluation_templates[a - 1];
      same_individual += i && set == person(i - 1)->evaluation_templates[a];
    }
  assert_even("sets of evaluation templates", observed, SETS);
  assert_in_range(same_attribute, 5, 50);  /* 25 expected */
  assert_in_range(same_individual, 8, 60); /* 30 expected */
  free(observed);
}

/* Three training templates: any of the twenty that evaluation leaves, which stay as they were. */
static void few_templates(void **state) {
  (void)state;
  const lore_population_config config = {.individuals = 5000, .templates = 3};
  lore_population *few = NULL;
  int observed[LORE_TEMPLATES] = {0}, all = (1 << LORE_TEMPLATES) - 1;
  assert_int_equal(lore_population_create(&config, PEOPLE_SEED, people_vocabulary, &few), LORE_OK);
  for (int i = 0; i < 5000; i++)
    for (int a = 0; a < LORE_ATTRIBUTES; a++) {
      const lore_individual *who = lore_population_individual(few, i);
      uint32_t set = who->training_templates[a];
      assert_int_equal(who->evaluation_templates[a], person(i)->evaluation_templates[a]);
      assert_int_equal(person(i)->training_templates[a], all & ~(int)who->evaluation_templates[a]);
      assert_int_equal(__builtin_popcount(set), 3);
      assert_int_equal(set & who->evaluation_templates[a], 0);
      for (int t = 0; t < LORE_TEMPLATES; t++)
        observed[t] += set >> t & 1;
    }
  assert_even("training templates", observed, LORE_TEMPLATES);
  lore_population_destroy(few);
}

static void bytes(void **state) {
  (void)state;
  lore_population_config config = {.individuals = MANY, .held_out = 16384};
  assert_int_equal(sizeof(lore_individual), 80);
  assert_int_equal(lore_population_bytes(&config), 80 * (MANY + 16384));
}

static void refused_sizes(void **state) {
  (void)state;
  static const lore_population_config configs[] = {
      {.individuals = 0},
      {.individuals = -1, .held_out = 5},
      {.individuals = 1, .held_out = -1},
      {.individuals = 810000001},
      {.individuals = 800000000, .held_out = 10000001},
      {.individuals = INT64_MAX, .held_out = 1},
      {.individuals = 1, .held_out = INT64_MAX},
      {.individuals = 800000000, .new_ones = 10000001},
      {.individuals = 1, .new_ones = -1},
      {.individuals = 800000000, .throw_away = 10000001},
      {.individuals = 1, .throw_away = -1},
  };
  for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
    lore_population *population = NULL;
    assert_int_equal(
        lore_population_create(&configs[i], PEOPLE_SEED, people_vocabulary, &population),
        LORE_USER);
    assert_null(population);
    assert_non_null(strstr(lore_fail_message(), "810000000"));
  }
}

static void too_little_memory(void **state) {
  (void)state;
  lore_population_config config = {.individuals = 800000000};
  lore_population *population = NULL;
  if ((double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) > 40e9)
    skip();
  assert_int_equal(lore_population_create(&config, PEOPLE_SEED, people_vocabulary, &population),
                   LORE_MEMORY);
  assert_null(population);
  assert_non_null(strstr(lore_fail_message(), "800000000"));
}

static void baseline(void **state) {
  (void)state;
  double nats = lore_population_baseline(people_vocabulary);
  assert_true(
      fabs(nats - (2 * log(800) + log(200) + log(100) + log(500) + log(200) + log(12) + log(31)) /
                      6) < 1e-12);
  assert_true(fabs(nats - 6.78) < 0.005);
}

/* Entropy as the mean of -ln(share of those who have the same value / divisor % modulus). */
static double entropy_by_pairs(int64_t first, int64_t count, int attribute, uint32_t divisor,
                               uint32_t modulus) {
  double nats = 0;
  for (int64_t i = first; i < first + count; i++) {
    int same = 0;
    for (int64_t j = first; j < first + count; j++)
      same += person(i)->value[attribute] / divisor % modulus ==
              person(j)->value[attribute] / divisor % modulus;
    nats -= log((double)same / (double)count) / (double)count;
  }
  return nats;
}

static double whole_entropy_by_pairs(int64_t first, int64_t count, int attribute) {
  return entropy_by_pairs(first, count, attribute, 1, UINT32_MAX);
}

static double empirical(int64_t first, int64_t count) {
  double nats = NAN;
  assert_int_equal(lore_population_empirical_baseline(many, first, count, &nats), LORE_OK);
  return nats;
}

static void empirical_baseline(void **state) {
  (void)state;
  static const int64_t counts[] = {1, 2, 333, 2000};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    double expected = 0, largest = 0;
    for (int a = 0; a < LORE_ATTRIBUTES; a++) {
      expected += whole_entropy_by_pairs(71, counts[i], a) / LORE_ATTRIBUTES;
      largest += log(fmin((double)counts[i],
                          (double)lore_vocabulary_values(people_vocabulary, (lore_attribute)a))) /
                 LORE_ATTRIBUTES;
    }
    assert_true(fabs(empirical(71, counts[i]) - expected) < 1e-10);
    assert_true(empirical(71, counts[i]) <= largest);
  }
}

/* A date is ((year - 1900) * 12 + month - 1) * 31 + day - 1. */
static void plateau_baseline(void **state) {
  (void)state;
  static const int64_t counts[] = {1, 2, 333, 2000};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    double expected = 0, nats = NAN;
    for (int a = 0; a < LORE_ATTRIBUTES; a++)
      if (a == LORE_BIRTH_DATE)
        expected += entropy_by_pairs(71, counts[i], a, 1, 31) +
                    entropy_by_pairs(71, counts[i], a, 31, 12) +
                    entropy_by_pairs(71, counts[i], a, 31 * 12, 200);
      else
        expected += whole_entropy_by_pairs(71, counts[i], a);
    assert_int_equal(lore_population_plateau_baseline(many, 71, counts[i], &nats), LORE_OK);
    assert_true(fabs(nats - expected / LORE_ATTRIBUTES) < 1e-10);
    assert_true(nats > empirical(71, counts[i]) - 1e-10);
  }
}

/* Miller 1955: the entropy of a sample is too small by (values - 1) / (2 count). */
static void empirical_baseline_of_many(void **state) {
  (void)state;
  double missing = (799 * 2 + 199 + 99 + 499) / (2.0 * MANY), date = 74400 / (2.0 * MANY);
  double expected = lore_population_baseline(people_vocabulary) - (missing + date) / 6;
  assert_true(empirical(0, MANY) < lore_population_baseline(people_vocabulary));
  assert_true(fabs(empirical(0, MANY) - expected) < 0.1 * (missing + date) / 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(permutations),
      cmocka_unit_test(permutations_are_even),
      cmocka_unit_test(full_names_are_unique),
      cmocka_unit_test(names_are_even),
      cmocka_unit_test(larger_population_begins_alike),
      cmocka_unit_test(seeds_give_other_people),
      cmocka_unit_test(values_are_even),
      cmocka_unit_test(dates_are_even),
      cmocka_unit_test(values_are_independent),
      cmocka_unit_test(template_splits),
      cmocka_unit_test(few_templates),
      cmocka_unit_test(bytes),
      cmocka_unit_test(refused_sizes),
      cmocka_unit_test(too_little_memory),
      cmocka_unit_test(baseline),
      cmocka_unit_test(empirical_baseline),
      cmocka_unit_test(plateau_baseline),
      cmocka_unit_test(empirical_baseline_of_many),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
