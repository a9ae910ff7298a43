/* lore show: a few individuals and biographies of a study. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "biography.h"
#include "commands.h"
#include "lore/run/assembly.h"
#include "options.h"
#include "show_pairs.h"

enum { INDIVIDUALS_DEFAULT = 3, INDIVIDUALS_MAX = 1000000, NOT_GIVEN = -1 };

typedef struct {
  int individuals; /* or NOT_GIVEN */
  bool held_out, help;
  int colour; /* lore_colour_choice */
  lore_overrides overrides;
  const char *study;
} lore_arguments;

static const char *colour_word(int choice) {
  static const char *const words[] = {[LORE_COLOUR_AUTO] = "auto",
                                      [LORE_COLOUR_ALWAYS] = "always",
                                      [LORE_COLOUR_NEVER] = "never",
                                      NULL};
  return words[choice];
}

static const lore_option options[] = {
    {LORE_OPTION_INTEGER, 'n', "individuals", "N", LORE_FIELD(lore_arguments, individuals, int),
     .most = INDIVIDUALS_MAX, .help = "how many individuals or pairs (default 3)"},
    {LORE_OPTION_FLAG, '\0', "held-out", NULL, LORE_FIELD(lore_arguments, held_out, bool),
     .help = "held-out individuals instead of known ones"},
    LORE_OPTION_OVERRIDES(lore_arguments, overrides),
    {LORE_OPTION_CHOICE, '\0', "color", "WHEN", LORE_FIELD(lore_arguments, colour, int),
     .choice = colour_word, .help = "auto (the default: colours on a terminal), always or never"},
};

static const lore_command_line command_line = {
    .name = "show",
    .usage = "lore show [OPTION ...] STUDY",
    .about = "Prints what the study's population consists of, and a few individuals: name, "
             "attribute values, one biography with a training template and one with an evaluation "
             "template. For a toy memory, prints pairs of a key and a value.",
    .argument = "study file",
    LORE_OPTIONS(options),
    .notes = "Without colours, [names] and <values> are marked.\n"
             "\n"
             "example:\n"
             "  lore show study.yaml -n 5 -s seed=2",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&command_line, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&command_line, argc, argv, &arguments->study);
}

static const char *attribute_label(int attribute) {
  static char label[32];
  snprintf(label, sizeof label, "%s", lore_attribute_name((lore_attribute)attribute));
  for (char *at = label; (at = strchr(at, '_'));)
    *at = ' ';
  return label;
}

static void print_facts(const lore_assembly *a, double mean_tokens) {
  const lore_vocabulary *v = a->vocabulary;
  long long firsts = lore_vocabulary_first_names(v), lasts = lore_vocabulary_last_names(v);
  printf("study         %s (seed %llu)\n", a->settings->name,
         (unsigned long long)a->settings->seed);
  printf("individuals   %lld known, %lld held out\n",
         (long long)lore_population_known(a->population),
         (long long)lore_population_held_out(a->population));
  printf("full names    %lld possible: %lld first, %lld middle, %lld last\n",
         firsts * firsts * lasts, firsts, firsts, lasts);
  printf("vocabulary    %d tokens\n", lore_vocabulary_size(v));
  printf("biography     %.1f tokens on average, %d at the most\n", mean_tokens, a->longest);
  printf("templates     %d per attribute: %d for training, %d for evaluation\n", LORE_TEMPLATES,
         LORE_TRAINING_TEMPLATES, LORE_TEMPLATES - LORE_TRAINING_TEMPLATES);
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
}

/* How many individuals to print; by default a few, if there are as many. */
static lore_status choose_count(const lore_assembly *a, const lore_arguments *arguments,
                                int *count) {
  int64_t available = arguments->held_out ? lore_population_held_out(a->population)
                                          : lore_population_known(a->population);
  if (available == 0)
    return lore_fail(LORE_USER,
                     "--held-out: the study holds nobody out (population.held_out is 0)");
  *count = available < INDIVIDUALS_DEFAULT ? (int)available : INDIVIDUALS_DEFAULT;
  if (arguments->individuals == NOT_GIVEN)
    return LORE_OK;
  *count = arguments->individuals;
  if (*count > available)
    return lore_fail(LORE_USER, "-n %d: the study has %lld %s individuals (population.%s)", *count,
                     (long long)available, arguments->held_out ? "held-out" : "known",
                     arguments->held_out ? "held_out" : "individuals");
  return LORE_OK;
}

static lore_status print_individuals(const lore_assembly *a, const lore_arguments *arguments,
                                     int count) {
  lore_paint paint = lore_paint_choose((lore_colour_choice)arguments->colour);
  int64_t first = arguments->held_out ? lore_population_known(a->population) : 0;
  lore_arena arena = {0};
  lore_batch batch;
  lore_batch_layout(&batch, &arena, 1, a->longest);
  LORE_TRY(lore_arena_create(&arena, arena.used));
  lore_batch_layout(&batch, &arena, 1, a->longest);
  if (count > 0)
    lore_paint_legend(&paint);
  for (int i = 0; i < count; i++)
    print_individual(a, first + i, arguments->held_out, &batch, &paint);
  lore_arena_destroy(&arena);
  return LORE_OK;
}

static lore_status print_all(const lore_assembly *a, const lore_arguments *arguments) {
  double mean_tokens;
  int count = 0;
  LORE_TRY(choose_count(a, arguments, &count));
  LORE_TRY(lore_assembly_mean_tokens(a, &mean_tokens));
  print_facts(a, mean_tokens);
  LORE_TRY(print_individuals(a, arguments, count));
  return lore_options_flush();
}

static lore_status show_study(const lore_arguments *arguments) {
  static lore_settings settings;
  lore_assembly assembly;
  LORE_TRY(lore_settings_read(arguments->study, arguments->overrides.count,
                              arguments->overrides.value, &settings));
  if (settings.task == LORE_TASK_MEMORY)
    return lore_show_pairs(&settings, arguments->held_out,
                           arguments->individuals == NOT_GIVEN ? INDIVIDUALS_DEFAULT
                                                               : arguments->individuals);
  lore_status status = lore_assembly_create(&settings, &assembly);
  if (status == LORE_OK)
    status = print_all(&assembly, arguments);
  lore_assembly_destroy(&assembly);
  return status;
}

int lore_command_show(int argc, char **argv) {
  static lore_arguments arguments;
  arguments = (lore_arguments){.individuals = NOT_GIVEN};
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(&command_line) : show_study(&arguments);
  return lore_options_report(status);
}
