/* The table of settings: the one place where a setting is described. */
#include "lore/settings/table.h"

#include <assert.h>
#include <string.h>

#define NAMES(list)                                                                                \
  { list(LORE_ENUM_NAME) NULL }

static const char *const mixers[] = NAMES(LORE_MIXER_LIST);
static const char *const tasks[] = NAMES(LORE_TASK_LIST);
static const char *const norms[] = NAMES(LORE_NORM_LIST);
static const char *const positions[] = NAMES(LORE_POSITIONS_LIST);
static const char *const activations[] = NAMES(LORE_ACTIVATION_LIST);
static const char *const optimizers[] = NAMES(LORE_OPTIMIZER_LIST);
static const char *const schedules[] = NAMES(LORE_SCHEDULE_LIST);
static const char *const reductions[] = NAMES(LORE_REDUCTION_LIST);
static const char *const orders[] = NAMES(LORE_ORDER_LIST);
static const char *const presets[] = NAMES(LORE_PRESET_LIST);
static const char *const distributions[] = NAMES(LORE_DISTRIBUTION_LIST);
static const char *const wordings[] = NAMES(LORE_WORDING_LIST);
static const char *const among[] = NAMES(LORE_AMONG_LIST);
static const char *const curricula[] = NAMES(LORE_CURRICULUM_LIST);
static const char *const backends[] = NAMES(LORE_GEMM_BACKEND_LIST);
static const char *const isas[] = NAMES(LORE_ISA_LIST);
static const char *const precisions[] = NAMES(LORE_PRECISION_LIST);

#define STEPS_MAX    1000000000.0 /* random streams take steps below 2^32 */
#define SEQUENCE_MAX 16777216.0
#define PAIRS_MAX    16777216.0
#define EXACT_MAX    9007199254740991.0 /* 2^53 - 1: exact in every reader of the metrics file */

/* Tasks that a setting counts for. */
#define BIT(value) (1u << (value))
#define TEXTS      BIT(LORE_TASK_BIOGRAPHIES)
#define PAIRS      BIT(LORE_TASK_MEMORY)
#define BOTH       (TEXTS | PAIRS)

/* Facts that several rows have in common; those of one row stand in it. */
#define START                   .start = LORE_START_YES
#define SHAPE                   .shape = true, START
#define NEEDS(setting, values_) .needs = {.key = setting, .values = values_}
#define WITH_DISTRIBUTION(kind) NEEDS("distribution.kind", BIT(LORE_DISTRIBUTION_##kind))
#define WITH_CURRICULUM(kinds)  NEEDS("curriculum.kind", kinds)

#define NO_SGD (BIT(LORE_OPTIMIZER_ADAMW) | BIT(LORE_OPTIMIZER_MUON) | BIT(LORE_OPTIMIZER_LION))

/* Curricula that begin with the first individuals, and those that have a length. */
#define NARROW                                                                                     \
  (BIT(LORE_CURRICULUM_WARM_UP) | BIT(LORE_CURRICULUM_ADAPTIVE) | BIT(LORE_CURRICULUM_GROWTH))
#define LASTING                                                                                    \
  (BIT(LORE_CURRICULUM_WARM_UP) | BIT(LORE_CURRICULUM_GROWTH) | BIT(LORE_CURRICULUM_ANNEAL) |      \
   BIT(LORE_CURRICULUM_THROW_AWAY))

/* A row: key, member of lore_settings, tasks, unit, default, range or choices, help; then further
 * facts, if there are any. */
#define ROW(key_, kind_, member, tasks_, unit_, initial_, least_, most_, choices_, ...)            \
  {                                                                                                \
    .key = key_, .kind = kind_, .offset = offsetof(lore_settings, member),                         \
    .size = sizeof(((lore_settings *)0)->member), .tasks = tasks_, .unit = unit_,                  \
    .initial = initial_, .least = least_, .most = most_, .choices = choices_, .help = __VA_ARGS__  \
  }
#define TEXT(key, member, tasks, initial, most, ...)                                               \
  ROW(key, LORE_SETTING_TEXT, member, tasks, "1", initial, 1, most, NULL, __VA_ARGS__)
#define INTEGER(key, member, tasks, unit, initial, least, most, ...)                               \
  ROW(key, LORE_SETTING_INTEGER, member, tasks, unit, initial, least, most, NULL, __VA_ARGS__)
#define UNSIGNED(key, member, tasks, unit, initial, least, most, ...)                              \
  ROW(key, LORE_SETTING_UNSIGNED, member, tasks, unit, initial, least, most, NULL, __VA_ARGS__)
#define REAL(key, member, tasks, unit, initial, least, most, ...)                                  \
  ROW(key, LORE_SETTING_REAL, member, tasks, unit, initial, least, most, NULL, __VA_ARGS__)
#define BOOLEAN(key, member, tasks, initial, ...)                                                  \
  ROW(key, LORE_SETTING_BOOLEAN, member, tasks, "1", initial, 0, 1, NULL, __VA_ARGS__)
#define CHOICE(key, member, tasks, initial, choices, ...)                                          \
  ROW(key, LORE_SETTING_CHOICE, member, tasks, "1", initial, 0,                                    \
      sizeof choices / sizeof *choices - 2, choices, __VA_ARGS__)
#define WORDS(key, member, tasks, ...)                                                             \
  ROW(key, LORE_SETTING_WORD_LIST, member, tasks, "1", "[]", 1, LORE_WORD_MAX - 1, NULL,           \
      __VA_ARGS__)
#define LIST(key, member, tasks, unit, least, most, ...)                                           \
  ROW(key, LORE_SETTING_INTEGER_LIST, member, tasks, unit, "[]", least, most, NULL, __VA_ARGS__)

static const lore_setting table[] = {
    TEXT("name", name, BOTH, NULL, LORE_NAME_MAX - 1, "name of the study", .no_sweep = true,
         .example = "imbalance"),
    UNSIGNED("seed", seed, BOTH, "1", "1", 0, EXACT_MAX,
             "everything random follows from it: individuals, batches, initial weights", START),
    CHOICE("task", task, BOTH, "biographies", tasks,
           "what is trained: a transformer on biographies, or a toy associative memory on pairs",
           .shape = true),

    INTEGER("population.individuals", population.individuals, TEXTS, "individuals", "65536", 1,
            LORE_PEOPLE_MAX, "individuals that are trained on", START),
    INTEGER("population.held_out", population.held_out, TEXTS, "individuals", "16384", 0,
            LORE_PEOPLE_MAX, "further individuals that are only evaluated; 0: none", START),
    INTEGER("population.new", population.new_ones, TEXTS, "individuals", "0", 0, LORE_PEOPLE_MAX,
            "further individuals that distribution.kind replay draws besides the known ones: "
            "those of fine-tuning",
            START),
    INTEGER("population.throw_away", population.throw_away, TEXTS, "individuals", "0", 0,
            LORE_PEOPLE_MAX, "further individuals that curriculum.kind throw_away begins with",
            START),
    INTEGER("population.injected", population.injected, TEXTS, "individuals", "0", 0,
            LORE_PEOPLE_MAX,
            "further individuals that training shows at the steps of distribution.inject only",
            START, .later = true),
    INTEGER("population.templates", population.templates, TEXTS, "templates", "20", 1,
            LORE_TRAINING_TEMPLATES,
            "templates of each attribute that training shows of an individual; evaluation has 5 "
            "others",
            START),
    CHOICE("population.sentence_order", population.sentence_order, TEXTS, "random", orders,
           "order of a biography's six sentences", START),

    BOOLEAN("population.questions", population.questions, TEXTS, "false",
            "there are questions about individuals: their words are in the vocabulary, and every "
            "evaluation asks them",
            SHAPE, .later = true),
    INTEGER("population.question_templates", population.question_templates, TEXTS, "templates",
            "10", 1, LORE_QUESTIONS, "templates of questions about each attribute, the first ones",
            START, NEEDS("population.questions", BIT(true)), .later = true),
    INTEGER("population.asked", population.asked, TEXTS, "individuals", "0", 0, LORE_PEOPLE_MAX,
            "how many of the known individuals, the first ones, training asks questions about",
            START, NEEDS("population.questions", BIT(true)), .later = true),

    CHOICE("model.preset", model.preset, TEXTS, "none", presets,
           "layers, width, heads and hidden of one of the paper's models, unless they are given"),
    CHOICE("model.mixer", model.mixer, TEXTS, "attention", mixers,
           "what mixes positions: attention, or Hawk's recurrent block with an RG-LRU", SHAPE),
    INTEGER("model.layers", model.layers, TEXTS, "layers", "8", 1, 128, "transformer layers",
            SHAPE),
    INTEGER("model.width", model.width, TEXTS, "channels", "512", 8, 16384,
            "size of the residual stream; a multiple of model.heads", SHAPE),
    INTEGER("model.heads", model.heads, TEXTS, "heads", "8", 1, 256,
            "attention heads; model.width / model.heads, the head size, is at most 256; with "
            "rg_lru the blocks of each gate",
            SHAPE),
    INTEGER("model.recurrent_width", model.recurrent_width, TEXTS, "channels", "0", 0, 65536,
            "channels of rg_lru, a multiple of model.heads; by default about 4/3 of model.width",
            SHAPE, NEEDS("model.mixer", BIT(LORE_MIXER_RG_LRU)), .off = true),
    INTEGER("model.hidden", model.hidden, TEXTS, "units", "2048", 8, 65536,
            "hidden units of the MLP", SHAPE),
    CHOICE("model.norm", model.norm, TEXTS, "rms", norms, "normalisation before each block", SHAPE),
    CHOICE("model.positions", model.positions, TEXTS, "rotary", positions,
           "how positions enter; rotary needs an even head size; with rg_lru the default is none",
           SHAPE),
    CHOICE("model.activation", model.activation, TEXTS, "gelu", activations,
           "non-linearity of the MLP", SHAPE),
    BOOLEAN("model.bias", model.bias, TEXTS, "false", "bias vectors in linear maps and layer norms",
            SHAPE),
    BOOLEAN("model.tied_embedding", model.tied_embedding, TEXTS, "true",
            "the output head uses the weights of the embedding", SHAPE),
    REAL("model.rotary_base", model.rotary_base, TEXTS, "1", "10000.0", 1, 1e9,
         "base of the rotary wavelengths", SHAPE),
    REAL("model.norm_epsilon", model.norm_epsilon, TEXTS, "1", "1.0e-06", 1e-12, 0.1,
         "added to the variance in normalisation", SHAPE),
    REAL("model.initial_scale", model.initial_scale, TEXTS, "1", "0.02", 1e-6, 10,
         "standard deviation of initial weights", START),

    INTEGER("memory.keys", memory.keys, PAIRS, "dimensions", "64", 2, 4096,
            "task memory: dimensions of keys, and of the vectors that stand for values",
            .shape = true),
    INTEGER("memory.hidden", memory.hidden, PAIRS, "units", "256", 1, 65536,
            "ReLU units of the one hidden layer", .shape = true),
    INTEGER("memory.values", memory.values, PAIRS, "values", "30", 2, 65535, "different values",
            .shape = true),
    INTEGER("memory.pairs", memory.pairs, PAIRS, "pairs", "8192", 1, PAIRS_MAX,
            "known pairs: those of pre-training"),
    INTEGER("memory.new_pairs", memory.new_pairs, PAIRS, "pairs", "0", 0, PAIRS_MAX,
            "further pairs that fine-tuning trains; 0: the known ones are trained"),
    REAL("memory.replay_weight", memory.replay_weight, PAIRS, "1", "0.0", 0, 1e6,
         "how many times as likely as a new pair a known one is; 0: no replay"),
    INTEGER("memory.held_out", memory.held_out, PAIRS, "pairs", "1024", 0, PAIRS_MAX,
            "further pairs that are only evaluated; 0: none"),

    INTEGER("train.steps", train.steps, BOTH, "steps", "16384", 1, STEPS_MAX,
            "updates of the weights", .start = LORE_START_WITH_COURSE),
    INTEGER("train.batch", train.batch, BOTH, "sequences", "128", 1, 1048576, "sequences per step",
            START),
    INTEGER("train.shard", train.shard, TEXTS, "sequences", "8", 1, 65536,
            "sequences whose gradient one thread computes at once; divides train.batch",
            .start = LORE_START_WITH_SHARDS),
    REAL("train.learning_rate", train.learning_rate, BOTH, "1", "4.0e-04", 0, 10,
         "highest learning rate"),
    REAL("train.final_learning_rate", train.final_learning_rate, BOTH, "1", "1.0e-07", 0, 10,
         "where the cosine schedule ends; by default never above train.learning_rate"),
    INTEGER(
        "train.warmup_steps", train.warmup_steps, BOTH, "steps", "0", 0, STEPS_MAX,
        "steps in which the learning rate rises linearly; the first has 1 / warmup_steps of it"),
    CHOICE("train.schedule", train.schedule, BOTH, "cosine", schedules,
           "course of the learning rate after the warm-up"),
    CHOICE(
        "train.optimizer", train.optimizer, TEXTS, "adamw", optimizers,
        "what turns gradients into updates. muon: an orthogonal matrix for each matrix of a layer, "
        "and AdamW for everything else; lion: signs; sgd: with momentum",
        .later = true),
    REAL("train.matrix_learning_rate", train.matrix_learning_rate, TEXTS, "1", "0.02", 0, 10,
         "muon: highest learning rate of the matrices of layers; it follows the schedule of "
         "train.learning_rate, which everything else has",
         NEEDS("train.optimizer", BIT(LORE_OPTIMIZER_MUON)), .later = true),
    REAL("train.momentum", train.momentum, TEXTS, "1", "0.95", 0, 0.999999,
         "muon and sgd: decay of the sum of gradients",
         NEEDS("train.optimizer", BIT(LORE_OPTIMIZER_MUON) | BIT(LORE_OPTIMIZER_SGD)),
         .later = true),
    REAL("train.weight_decay", train.weight_decay, BOTH, "1", "0.1", 0, 10,
         "decoupled weight decay of matrices, times the learning rate"),
    REAL("train.beta1", train.beta1, BOTH, "1", "0.9", 0, 0.999999,
         "AdamW and lion: decay of the first moment, in lion only for the step",
         NEEDS("train.optimizer", NO_SGD)),
    REAL("train.beta2", train.beta2, BOTH, "1", "0.95", 0, 0.999999,
         "AdamW: decay of the second moment; lion: of the mean of gradients that it keeps",
         NEEDS("train.optimizer", NO_SGD)),
    REAL("train.epsilon", train.epsilon, BOTH, "1", "1.0e-08", 1e-16, 1,
         "AdamW: added to the denominator",
         NEEDS("train.optimizer", BIT(LORE_OPTIMIZER_ADAMW) | BIT(LORE_OPTIMIZER_MUON))),
    REAL("train.clip", train.clip, BOTH, "1", "0.0", 0, 1e6,
         "largest global norm of the gradient; 0: gradients are left alone"),
    CHOICE("train.precision", model.precision, TEXTS, "float32", precisions,
           "operands of the linear maps and the head, in training and evaluation. bf16: rounded to "
           "8 significant bits, products added in float32; twice as fast where the processor has "
           "AVX512_BF16"),
    CHOICE("train.reduction", train.reduction, BOTH, "reproducible", reductions,
           "how ranks add gradients; reproducible: the same bits for any number of ranks; mpi: by "
           "MPI_Iallreduce",
           .runtime = true),

    TEXT("patch.from", train.patch.from, TEXTS, "none", LORE_REFERENCE_NAME - 1,
         "experiment whose attention patterns the model uses in place of its own; none: no "
         "patching"),
    INTEGER("patch.reference", train.patch.reference, TEXTS, "steps", "-1", -1, STEPS_MAX,
            "after how many of the reference's steps its patterns are taken; -1: after its last",
            NEEDS("patch.from", 0), .off = true),
    INTEGER("patch.start", train.patch.start, TEXTS, "steps", "0", 0, STEPS_MAX,
            "step from which on they are used; the optimiser's state is reset there",
            NEEDS("patch.from", 0), .off = true),

    CHOICE(
        "distribution.kind", distribution.kind, TEXTS, "uniform", distributions,
        "how individuals are drawn for training: all alike; the i-th as i^-alpha; the first ones "
        "celebrity_weight times as often; known ones replay_weight times as often as new ones",
        START),
    REAL("distribution.alpha", distribution.alpha, TEXTS, "1", "1.0", 0, LORE_ALPHA_MAX,
         "exponent of the power law; 0 is uniform, 1 Zipf's law", START,
         WITH_DISTRIBUTION(POWER_LAW)),
    INTEGER("distribution.celebrities", distribution.celebrities, TEXTS, "individuals", "0", 0,
            LORE_PEOPLE_MAX, "how many of the known individuals, the first ones, are celebrities",
            START),
    REAL("distribution.celebrity_weight", distribution.celebrity_weight, TEXTS, "1", "8.0", 1e-6,
         1e6, "how many times as likely as another individual a celebrity is", START,
         WITH_DISTRIBUTION(CELEBRITIES)),
    REAL("distribution.replay_weight", distribution.replay_weight, TEXTS, "1", "0.0", 0, 1e6,
         "how many times as likely as a new individual a known one is; 0: no replay", START,
         WITH_DISTRIBUTION(REPLAY)),
    CHOICE("distribution.among", distribution.among, TEXTS, "all", among,
           "which of the known individuals are drawn at all", START),
    INTEGER("distribution.repeats_in_batch", distribution.repeats_in_batch, TEXTS, "sequences", "1",
            1, 1048576, "neighbouring sequences of a batch that are about the same individual",
            START),
    INTEGER("distribution.repeats_across_steps", distribution.repeats_across_steps, TEXTS, "steps",
            "1", 1, STEPS_MAX, "neighbouring steps that show the same individuals", START),
    WORDS("distribution.shards", distribution.shards, TEXTS,
          "distributions for equal parts of each batch's shards instead of kind: uniform, "
          "power_law[:ALPHA], celebrities[:WEIGHT], first:COUNT",
          START, .repeats = true, .example = "[uniform, power_law:0.8]"),

    REAL("distribution.fresh", distribution.fresh, TEXTS, "1", "0.0", 0, 1,
         "share of the sequences that are about fresh individuals, each met once and never again",
         START, .later = true),
    REAL("distribution.final_fresh", distribution.final_fresh, TEXTS, "1", "-1.0", -1, 1,
         "that share at the last step, to which it goes linearly; -1: it stays distribution.fresh",
         START, .off = true, .later = true),
    REAL("distribution.questions", distribution.questions, TEXTS, "1", "0.0", 0, 1,
         "share of the sequences about individuals of population.asked that are questions instead "
         "of biographies",
         START, NEEDS("population.questions", BIT(true)), .later = true),
    LIST("distribution.inject", distribution.inject, TEXTS, "steps", 0, STEPS_MAX,
         "steps that show each individual of population.injected once, in the first sequences of "
         "the batch: step K makes update K + 1",
         START, .later = true),
    CHOICE(
        "distribution.inject_wording", distribution.inject_wording, TEXTS, "new", wordings,
        "how an individual is described that is injected again: by a new biography, or always by "
        "the same",
        START, .off = true, .later = true),

    CHOICE("curriculum.kind", curriculum.kind, TEXTS, "none", curricula,
           "how the distribution changes: first few individuals, then all (warm_up; adaptive: when "
           "the "
           "plateau is over); growing numbers; annealed alpha; group after group; first "
           "individuals that are thrown away",
           START),
    INTEGER("curriculum.individuals", curriculum.individuals, TEXTS, "individuals", "0", 0,
            LORE_PEOPLE_MAX, "how many of the known individuals, the first ones, it begins with",
            START, WITH_CURRICULUM(NARROW)),
    REAL("curriculum.epochs", curriculum.epochs, TEXTS, "epochs", "0.0", 0, 1e6,
         "length in epochs of population.individuals / train.batch steps", START,
         WITH_CURRICULUM(LASTING)),
    INTEGER("curriculum.steps", curriculum.steps, TEXTS, "steps", "0", 0, STEPS_MAX,
            "length in steps instead; adaptive: steps that are added after the plateau", START,
            WITH_CURRICULUM(LASTING | BIT(LORE_CURRICULUM_ADAPTIVE))),
    REAL("curriculum.final_alpha", curriculum.final_alpha, TEXTS, "1", "0.0", 0, LORE_ALPHA_MAX,
         "anneal: exponent that distribution.alpha goes to", START,
         WITH_CURRICULUM(BIT(LORE_CURRICULUM_ANNEAL))),
    INTEGER("curriculum.groups", curriculum.groups, TEXTS, "groups", "2", 2, 50,
            "sequential: groups that the known individuals are cut into", START,
            WITH_CURRICULUM(BIT(LORE_CURRICULUM_SEQUENTIAL))),
    INTEGER("curriculum.repeats", curriculum.repeats, TEXTS, "visits", "1", 1, 1000000,
            "sequential: how often all groups are visited", START,
            WITH_CURRICULUM(BIT(LORE_CURRICULUM_SEQUENTIAL))),

    INTEGER("evaluate.every", evaluate.every, BOTH, "steps", "500", 1, STEPS_MAX,
            "steps between evaluations; step 0 and the last step are always evaluated"),
    INTEGER("evaluate.dense_every", evaluate.dense_every, BOTH, "steps", "125", 0, STEPS_MAX,
            "the same until step evaluate.dense_until; 0: no dense part, which is also the default "
            "when evaluate.every is no larger than 125"),
    INTEGER("evaluate.dense_until", evaluate.dense_until, BOTH, "steps", "2000", 0, STEPS_MAX,
            "last step of the dense part; by default 0 without a dense part"),
    INTEGER("evaluate.sequences", evaluate.sequences, TEXTS, "sequences", "16384", 1, SEQUENCE_MAX,
            "sequences per group of individuals"),
    INTEGER("evaluate.attention_sequences", evaluate.attention_sequences, TEXTS, "sequences", "512",
            1, SEQUENCE_MAX,
            "of these, used for attention signatures; by default never more than "
            "evaluate.sequences"),
    REAL("evaluate.plateau_margin", evaluate.plateau_margin, BOTH, "1", "0.05", 0.001, 0.5,
         "share of the no-knowledge baseline within which the loss counts as on the plateau"),
    WORDS("evaluate.groups", evaluate.groups, TEXTS,
          "groups that are evaluated: known, held_out, new, throw_away, injected, celebrities, "
          "others, subset, rest, asked, not_asked, group_K, or NAME:FIRST-LAST with a NAME of your "
          "own; empty: those that the run has",
          .example = "[known, held_out]"),

    INTEGER("checkpoint.every", checkpoint.every, BOTH, "steps", "500", 0, STEPS_MAX,
            "steps between checkpoints, from which a killed run resumes; 0: only when told to stop",
            .runtime = true),
    LIST("checkpoint.snapshots", checkpoint.snapshots, BOTH, "steps", 0, STEPS_MAX,
         "steps after which the weights are written; the final weights always are", .runtime = true,
         .output = true, .example = "[0, 500, 1000]"),

    INTEGER(
        "compute.threads", compute.threads, BOTH, "threads", "0", 0, 1024,
        "threads of this process; 0: as many as it may use, and no more than SLURM_CPUS_PER_TASK "
        "and OMP_NUM_THREADS say. Refused if OpenMP gives fewer",
        .runtime = true),
    CHOICE("compute.gemm", compute.gemm, BOTH, "builtin", backends,
           "library for matrix products. auto: the fastest on the model's own shapes, measured "
           "once for a directory of results and then kept",
           .runtime = true),
    CHOICE("compute.isa", compute.isa, BOTH, "auto", isas,
           "level of x86-64 processors whose instructions are used: v2 (SSE4.2), v3 (AVX2), v4 "
           "(AVX-512), v4_bf16 (AVX-512 with AVX512_BF16). auto: the highest that the processors "
           "of all ranks of a run have",
           .runtime = true),
};

enum { COUNT = sizeof table / sizeof *table };

_Static_assert((int)COUNT < (int)LORE_SETTINGS_CAPACITY, "arrays per setting are too short");

const lore_setting *lore_settings_table(int *count) {
  *count = COUNT;
  return table;
}

int lore_setting_find(const char *key) {
  for (int i = 0; i < COUNT; i++)
    if (strcmp(table[i].key, key) == 0)
      return i;
  return -1;
}

bool lore_setting_counts(const lore_setting *setting, const lore_settings *settings) {
  return setting->tasks >> settings->task & 1;
}

bool lore_setting_is_swept(const lore_setting *setting) {
  return !setting->no_sweep && !lore_setting_is_list(setting);
}

bool lore_setting_is_list(const lore_setting *setting) {
  return setting->kind == LORE_SETTING_INTEGER_LIST || setting->kind == LORE_SETTING_WORD_LIST;
}

int lore_setting_section(const char *key) {
  const char *dot = strchr(key, '.');
  return dot ? (int)(dot - key) : 0;
}

bool lore_setting_is_in(const lore_setting *setting, const char *section, size_t length) {
  return length > 0 && (size_t)lore_setting_section(setting->key) == length &&
         strncmp(setting->key, section, length) == 0;
}

const char *lore_setting_leaf(const char *key) {
  const char *dot = strchr(key, '.');
  return dot ? dot + 1 : key;
}

bool lore_setting_begins_section(int index) {
  if (index == 0)
    return true;
  int length = lore_setting_section(table[index].key);
  return length != lore_setting_section(table[index - 1].key) ||
         strncmp(table[index].key, table[index - 1].key, (size_t)length) != 0;
}

const char *const *lore_setting_values(const lore_setting *setting) {
  static const char *const booleans[] = {"false", "true", NULL};
  return setting->kind == LORE_SETTING_BOOLEAN ? booleans : setting->choices;
}

static void *field(const lore_setting *setting, const lore_settings *settings) {
  return (char *)settings + setting->offset;
}

int64_t lore_setting_integer(const lore_setting *setting, const lore_settings *settings) {
  const void *at = field(setting, settings);
  int64_t wide;
  int32_t narrow;
  bool flag;
  switch (setting->size) {
  case sizeof wide:
    memcpy(&wide, at, sizeof wide);
    return wide;
  case sizeof narrow:
    memcpy(&narrow, at, sizeof narrow);
    return narrow;
  default:
    assert(setting->size == sizeof flag);
    memcpy(&flag, at, sizeof flag);
    return flag;
  }
}

void lore_setting_set_integer(const lore_setting *setting, lore_settings *settings, int64_t value) {
  void *at = field(setting, settings);
  int32_t narrow = (int32_t)value;
  bool flag = value != 0;
  switch (setting->size) {
  case sizeof value:
    memcpy(at, &value, sizeof value);
    break;
  case sizeof narrow:
    memcpy(at, &narrow, sizeof narrow);
    break;
  default:
    assert(setting->size == sizeof flag);
    memcpy(at, &flag, sizeof flag);
  }
}

double *lore_setting_real(const lore_setting *setting, const lore_settings *settings) {
  assert(setting->kind == LORE_SETTING_REAL);
  return field(setting, settings);
}

char *lore_setting_text(const lore_setting *setting, const lore_settings *settings) {
  assert(setting->kind == LORE_SETTING_TEXT);
  return field(setting, settings);
}

lore_word_list *lore_setting_words(const lore_setting *setting, const lore_settings *settings) {
  assert(setting->kind == LORE_SETTING_WORD_LIST);
  return field(setting, settings);
}

lore_integer_list *lore_setting_list(const lore_setting *setting, const lore_settings *settings) {
  assert(setting->kind == LORE_SETTING_INTEGER_LIST);
  return field(setting, settings);
}
