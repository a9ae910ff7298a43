/* Biographies in lore check and lore show. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lore/base/shown.h"
#include "lore/run/assembly.h"
#include "lore/settings/sampling.h"
#include "options.h"
#include "task.h"

enum { WORDS_MAX = 4096, INDIVIDUALS_DEFAULT = 3 };

/* The other kinds are part of how individuals are drawn; these may be never shown. */
static const char *injected_text(const lore_population_config *population) {
  static char text[64];
  if (population->injected > 0)
    snprintf(text, sizeof text, ", %lld injected", (long long)population->injected);
  return population->injected > 0 ? text : "";
}

/* How many training asks about. */
static int64_t count_asked(const lore_settings *s) {
  return s->distribution.questions > 0 ? s->population.asked : 0;
}

static const char *asked_text(const lore_settings *s) {
  static char text[64];
  if (count_asked(s) > 0)
    snprintf(text, sizeof text, ", %lld asked about", (long long)count_asked(s));
  return count_asked(s) > 0 ? text : "";
}

static void print_facts(const lore_settings *s, const lore_estimate *e) {
  char text[WORDS_MAX];
  printf("individuals        %lld known, %lld held out%s%s\n", (long long)s->population.individuals,
         (long long)s->population.held_out, injected_text(&s->population), asked_text(s));
  printf("distribution       %s\n", lore_distribution_describe(s, sizeof text, text));
  printf("curriculum         %s\n", lore_curriculum_describe(s, sizeof text, text));
  printf("vocabulary         %d tokens, longest biography %d, mean %.1f tokens\n", e->vocabulary,
         e->context, e->tokens_per_biography);
}

static void write_sampling(const lore_settings *s, lore_json *json) {
  char text[WORDS_MAX];
  lore_json_text(json, "distribution", lore_distribution_describe(s, sizeof text, text));
  lore_json_text(json, "curriculum", lore_curriculum_describe(s, sizeof text, text));
}

static const char *attribute_label(int attribute) {
  static char label[32];
  snprintf(label, sizeof label, "%s", lore_attribute_name((lore_attribute)attribute));
  for (char *at = label; (at = strchr(at, '_'));)
    *at = ' ';
  return label;
}

static void print_population(const lore_assembly *a, lore_lengths lengths) {
  const lore_vocabulary *v = a->vocabulary;
  long long firsts = lore_vocabulary_first_names(v), lasts = lore_vocabulary_last_names(v);
  lore_shown_print(stdout, "study         %s (seed %llu)\n", a->settings->name,
                   (unsigned long long)a->settings->seed);
  printf("individuals   %lld known, %lld held out%s%s\n",
         (long long)lore_population_known(a->population),
         (long long)lore_population_held_out(a->population),
         injected_text(&a->settings->population), asked_text(a->settings));
  printf("full names    %lld possible: %lld first, %lld middle, %lld last\n",
         firsts * firsts * lasts, firsts, firsts, lasts);
  printf("vocabulary    %d tokens\n", lore_vocabulary_size(v));
  printf("biography     %.1f tokens on average, %d at most\n", lengths.biography, a->longest);
  printf("templates     %d per attribute: %d for training, %d for evaluation\n", LORE_TEMPLATES,
         a->settings->population.templates, LORE_TEMPLATES - LORE_TRAINING_TEMPLATES);
  if (lore_vocabulary_has_questions(v))
    printf("questions     %d per attribute, %.1f tokens on average\n",
           a->settings->population.question_templates, lengths.question);
  printf("baseline      %.3f nats without knowledge, %.3f empirical\n", a->baseline,
         a->empirical_baseline);
  for (int i = 0; i < LORE_ATTRIBUTES; i++) {
    unsigned values = lore_vocabulary_values(v, (lore_attribute)i);
    printf("  %-11s %6u values, %6.3f nats\n", attribute_label(i), values, log(values));
  }
}

static void print_values(const lore_assembly *a, const lore_individual *individual,
                         const lore_paint *paint) {
  for (int i = 0; i < LORE_ATTRIBUTES; i++) {
    lore_value value =
        lore_vocabulary_value(a->vocabulary, (lore_attribute)i, individual->value[i]);
    printf("  %-12s", attribute_label(i));
    lore_paint_words(paint, a->vocabulary, LORE_ROLE_VALUE, value.length, value.token);
    putchar('\n');
  }
}

/* `batch` has room for one sequence. */
static void print_biography(const lore_assembly *a, int64_t who, lore_template_set templates,
                            lore_batch *batch, const lore_paint *paint) {
  printf("  biography in %s\n", templates == LORE_TEMPLATES_TRAINING ? "training" : "evaluation");
  lore_batch_clear(batch);
  lore_batch_append(batch, a->population, who, templates, 0, (uint64_t)who);
  lore_paint_biography(paint, a->vocabulary, batch, 0, 4);
}

/* One of each attribute; each further individual shows the next template. */
static void print_questions(const lore_assembly *a, int64_t who, lore_batch *batch,
                            const lore_paint *paint) {
  int template = (int)(who % a->settings->population.question_templates);
  printf("  questions%s\n", who < count_asked(a->settings) ? "" : ", which training does not ask");
  for (int i = 0; i < LORE_ATTRIBUTES; i++) {
    lore_batch_clear(batch);
    lore_batch_append_question(batch, a->population, who,
                               (lore_question){(lore_attribute)i, template});
    lore_paint_biography(paint, a->vocabulary, batch, 0, 4);
  }
}

static void print_individual(const lore_assembly *a, int64_t who, bool held_out, lore_batch *batch,
                             const lore_paint *paint) {
  const lore_individual *individual = lore_population_individual(a->population, who);
  const uint16_t name[LORE_NAME_TOKENS] = {individual->first, individual->middle, individual->last};
  printf("\nindividual %lld%s: ", (long long)who, held_out ? ", never trained on" : "");
  lore_paint_words(paint, a->vocabulary, LORE_ROLE_NAME, LORE_NAME_TOKENS, name);
  putchar('\n');
  print_values(a, individual, paint);
  if (!held_out)
    print_biography(a, who, LORE_TEMPLATES_TRAINING, batch, paint);
  print_biography(a, who, LORE_TEMPLATES_EVALUATION, batch, paint);
  if (lore_vocabulary_has_questions(a->vocabulary))
    print_questions(a, who, batch, paint);
}

/* How many individuals to print; by default a few, or all if there are fewer. */
static lore_status choose_count(const lore_assembly *a, const lore_show_options *options,
                                int *count) {
  int64_t available = options->held_out ? lore_population_held_out(a->population)
                                        : lore_population_known(a->population);
  if (available == 0)
    return lore_fail(
        LORE_USER, "--held-out: the study has no held-out individuals (population.held_out is 0)");
  *count = available < INDIVIDUALS_DEFAULT ? (int)available : INDIVIDUALS_DEFAULT;
  if (options->count == LORE_SHOW_DEFAULT)
    return LORE_OK;
  *count = options->count;
  if (*count > available)
    return lore_fail(LORE_USER, "-n %d: the study has %lld %s individuals (population.%s)", *count,
                     (long long)available, options->held_out ? "held-out" : "known",
                     options->held_out ? "held_out" : "individuals");
  return LORE_OK;
}

static lore_status print_individuals(const lore_assembly *a, const lore_show_options *options,
                                     int count) {
  lore_paint paint = lore_paint_choose(options->colour);
  int64_t first = options->held_out ? lore_population_known(a->population) : 0;
  lore_arena arena = {0};
  lore_batch batch;
  lore_batch_layout(&batch, &arena, 1, a->longest);
  LORE_TRY(lore_arena_create(&arena, arena.used));
  lore_batch_layout(&batch, &arena, 1, a->longest);
  if (count > 0)
    lore_paint_legend(&paint);
  for (int i = 0; i < count; i++)
    print_individual(a, first + i, options->held_out, &batch, &paint);
  lore_arena_destroy(&arena);
  return LORE_OK;
}

static lore_status print_assembly(const lore_assembly *a, const lore_show_options *options) {
  lore_lengths lengths;
  int count = 0;
  LORE_TRY(choose_count(a, options, &count));
  LORE_TRY(lore_assembly_lengths(a, &lengths));
  print_population(a, lengths);
  LORE_TRY(print_individuals(a, options, count));
  return lore_options_flush();
}

static lore_status show_biographies(const lore_settings *settings,
                                    const lore_show_options *options) {
  lore_assembly assembly;
  lore_status status = lore_assembly_create(settings, &assembly);
  if (status == LORE_OK)
    status = print_assembly(&assembly, options);
  lore_assembly_destroy(&assembly);
  return status;
}

const lore_cli_task lore_cli_biographies = {
    .print_facts = print_facts, .write_sampling = write_sampling, .show = show_biographies};
