/* The table of settings: the one place where a setting is described. */
#include "lore/settings/table.h"

#include <assert.h>
#include <string.h>

static const char *const mixers[] = {"attention", "rg_lru", NULL};
static const char *const tasks[] = {"biographies", "memory", NULL};
static const char *const norms[] = {"rms", "layer", NULL};
static const char *const positions[] = {"rotary", "learned", "none", NULL};
static const char *const activations[] = {"gelu", "relu", NULL};
static const char *const schedules[] = {"cosine", "constant", NULL};
static const char *const reductions[] = {"reproducible", "mpi", NULL};
static const char *const orders[] = {"random", "fixed", NULL};
static const char *const presets[] = {"none", "44M", "163M", "400M", NULL};
static const char *const distributions[] = {"uniform", "power_law", "celebrities", "replay", NULL};
static const char *const among[] = {"all", "celebrities", "others", NULL};
static const char *const curricula[] = {"none",   "warm_up",    "adaptive",   "growth",
                                        "anneal", "sequential", "throw_away", NULL};
static const char *const backends[] = {"auto", "builtin", "cblas", "onednn", NULL};

#define AT(member)   offsetof(lore_settings, member), sizeof(((lore_settings *)0)->member)
#define PEOPLE_MAX   810000000.0  /* unique full names: 900 * 900 * 1000 */
#define STEPS_MAX    1000000000.0 /* random streams take steps below 2^32 */
#define SEQUENCE_MAX 16777216.0
#define PAIRS_MAX    16777216.0
#define EXACT_MAX    9007199254740991.0 /* 2^53 - 1: exact in every reader of the metrics file */

#define TEXT(key, member, initial, least, most, help)                                              \
  { key, LORE_SETTING_TEXT, AT(member), "1", initial, least, most, NULL, help }
#define INTEGER(key, member, initial, least, most, help)                                           \
  { key, LORE_SETTING_INTEGER, AT(member), "1", initial, least, most, NULL, help }
#define UNSIGNED(key, member, initial, least, most, help)                                          \
  { key, LORE_SETTING_UNSIGNED, AT(member), "1", initial, least, most, NULL, help }
#define REAL(key, member, initial, least, most, help)                                              \
  { key, LORE_SETTING_REAL, AT(member), "1", initial, least, most, NULL, help }
#define BOOLEAN(key, member, initial, help)                                                        \
  { key, LORE_SETTING_BOOLEAN, AT(member), "1", initial, 0, 1, NULL, help }
#define CHOICE(key, member, initial, choices, help)                                                \
  {                                                                                                \
    key, LORE_SETTING_CHOICE, AT(member), "1", initial, 0, sizeof choices / sizeof *choices - 2,   \
        choices, help                                                                              \
  }
#define WORDS(key, member, help)                                                                   \
  { key, LORE_SETTING_WORD_LIST, AT(member), "1", "[]", 1, LORE_WORD_MAX - 1, NULL, help }
#define LIST(key, member, initial, least, most, help)                                              \
  { key, LORE_SETTING_INTEGER_LIST, AT(member), "1", initial, least, most, NULL, help }

static const lore_setting table[] = {
    TEXT("name", name, NULL, 1, LORE_NAME_MAX - 1, "name of the study"),
    UNSIGNED("seed", seed, "1", 0, EXACT_MAX,
             "everything random follows from it: people, batches, initial weights"),
    CHOICE("task", task, "biographies", tasks,
           "what is trained: a transformer on biographies, or a toy associative memory on pairs"),

    INTEGER("population.individuals", population.individuals, "65536", 1, PEOPLE_MAX,
            "individuals that are trained on"),
    INTEGER("population.held_out", population.held_out, "16384", 0, PEOPLE_MAX,
            "further individuals that are only evaluated; 0: none"),
    INTEGER("population.new", population.new_ones, "0", 0, PEOPLE_MAX,
            "further individuals that distribution.kind replay draws besides the known ones: "
            "those of fine-tuning"),
    INTEGER("population.throw_away", population.throw_away, "0", 0, PEOPLE_MAX,
            "further individuals that curriculum.kind throw_away begins with"),
    INTEGER("population.templates", population.templates, "20", 1, LORE_TRAINING_TEMPLATES,
            "templates of each attribute that training shows of an individual; evaluation has 5 "
            "others"),
    CHOICE("population.sentence_order", population.sentence_order, "random", orders,
           "order of a biography's six sentences"),

    CHOICE("model.preset", model.preset, "none", presets,
           "layers, width, heads and hidden of one of the paper's models, unless they are given"),
    CHOICE("model.mixer", model.mixer, "attention", mixers,
           "what mixes positions: attention, or Hawk's recurrent block with an RG-LRU"),
    INTEGER("model.layers", model.layers, "8", 1, 128, "transformer layers"),
    INTEGER("model.width", model.width, "512", 8, 16384,
            "size of the residual stream; a multiple of model.heads"),
    INTEGER("model.heads", model.heads, "8", 1, 256,
            "attention heads; model.width / model.heads, the head size, is at most 256; with "
            "rg_lru the blocks of each gate"),
    INTEGER("model.recurrent_width", model.recurrent_width, "0", 0, 65536,
            "channels of rg_lru, a multiple of model.heads; by default about 4/3 of model.width"),
    INTEGER("model.hidden", model.hidden, "2048", 8, 65536, "hidden units of the MLP"),
    CHOICE("model.norm", model.norm, "rms", norms, "normalisation before each block"),
    CHOICE("model.positions", model.positions, "rotary", positions,
           "how positions enter; rotary needs an even head size; with rg_lru the default is none"),
    CHOICE("model.activation", model.activation, "gelu", activations, "non-linearity of the MLP"),
    BOOLEAN("model.bias", model.bias, "false", "bias vectors in linear maps and layer norms"),
    BOOLEAN("model.tied_embedding", model.tied_embedding, "true",
            "the output head uses the weights of the embedding"),
    REAL("model.rotary_base", model.rotary_base, "10000.0", 1, 1e9,
         "base of the rotary wavelengths"),
    REAL("model.norm_epsilon", model.norm_epsilon, "1.0e-06", 1e-12, 0.1,
         "added to the variance in normalisation"),
    REAL("model.initial_scale", model.initial_scale, "0.02", 1e-6, 10,
         "standard deviation of initial weights"),

    INTEGER("memory.keys", memory.keys, "64", 2, 4096,
            "task memory: dimensions of keys, and of the vectors that stand for values"),
    INTEGER("memory.hidden", memory.hidden, "256", 1, 65536, "ReLU units of the one hidden layer"),
    INTEGER("memory.values", memory.values, "30", 2, 65535, "different values"),
    INTEGER("memory.pairs", memory.pairs, "8192", 1, PAIRS_MAX,
            "known pairs: those of pre-training"),
    INTEGER("memory.new_pairs", memory.new_pairs, "0", 0, PAIRS_MAX,
            "further pairs that fine-tuning trains; 0: the known ones are trained"),
    REAL("memory.replay_weight", memory.replay_weight, "0.0", 0, 1e6,
         "how many times as likely as a new pair a known one is; 0: no replay"),
    INTEGER("memory.held_out", memory.held_out, "1024", 0, PAIRS_MAX,
            "further pairs that are only evaluated; 0: none"),

    INTEGER("train.steps", train.steps, "16384", 1, STEPS_MAX, "updates of the weights"),
    INTEGER("train.batch", train.batch, "128", 1, 1048576, "sequences per step"),
    INTEGER("train.shard", train.shard, "8", 1, 65536,
            "sequences whose gradient one thread computes at once; divides train.batch"),
    REAL("train.learning_rate", train.learning_rate, "4.0e-04", 0, 10, "highest learning rate"),
    REAL("train.final_learning_rate", train.final_learning_rate, "1.0e-07", 0, 10,
         "where the cosine schedule ends; by default never above train.learning_rate"),
    INTEGER("train.warmup_steps", train.warmup_steps, "0", 0, STEPS_MAX,
            "steps in which the learning rate rises linearly from 0"),
    CHOICE("train.schedule", train.schedule, "cosine", schedules,
           "course of the learning rate after the warm-up"),
    REAL("train.weight_decay", train.weight_decay, "0.1", 0, 10,
         "decoupled weight decay of matrices, times the learning rate"),
    REAL("train.beta1", train.beta1, "0.9", 0, 0.999999, "AdamW: decay of the first moment"),
    REAL("train.beta2", train.beta2, "0.95", 0, 0.999999, "AdamW: decay of the second moment"),
    REAL("train.epsilon", train.epsilon, "1.0e-08", 1e-16, 1, "AdamW: added to the denominator"),
    REAL("train.clip", train.clip, "0.0", 0, 1e6,
         "largest global norm of the gradient; 0: gradients are left alone"),

    CHOICE("train.reduction", train.reduction, "reproducible", reductions,
           "how ranks add gradients; reproducible: the same bits for any number of ranks; mpi: by "
           "MPI_Iallreduce"),

    TEXT("patch.from", train.patch.from, "none", 1, LORE_REFERENCE_NAME - 1,
         "experiment whose attention patterns the model uses in place of its own; none: no "
         "patching"),
    INTEGER("patch.reference", train.patch.reference, "-1", -1, STEPS_MAX,
            "after how many of the reference's steps its patterns are taken; -1: after its last"),
    INTEGER("patch.start", train.patch.start, "0", 0, STEPS_MAX,
            "step from which on they are used; the optimiser's state is reset there"),

    CHOICE(
        "distribution.kind", distribution.kind, "uniform", distributions,
        "how individuals are drawn for training: all alike; the i-th as i^-alpha; the first ones "
        "celebrity_weight times as often; known ones replay_weight times as often as new ones"),
    REAL("distribution.alpha", distribution.alpha, "1.0", 0, LORE_ALPHA_MAX,
         "exponent of the power law; 0 is uniform, 1 Zipf's law"),
    INTEGER("distribution.celebrities", distribution.celebrities, "0", 0, PEOPLE_MAX,
            "how many of the known individuals, the first ones, are celebrities"),
    REAL("distribution.celebrity_weight", distribution.celebrity_weight, "8.0", 1e-6, 1e6,
         "how many times as likely as another individual a celebrity is"),
    REAL("distribution.replay_weight", distribution.replay_weight, "0.0", 0, 1e6,
         "how many times as likely as a new individual a known one is; 0: no replay"),
    CHOICE("distribution.among", distribution.among, "all", among,
           "which of the known individuals are drawn at all"),
    INTEGER("distribution.repeats_in_batch", distribution.repeats_in_batch, "1", 1, 1048576,
            "neighbouring sequences of a batch that are about the same individual"),
    INTEGER("distribution.repeats_across_steps", distribution.repeats_across_steps, "1", 1,
            STEPS_MAX, "neighbouring steps that show the same individuals"),
    WORDS("distribution.shards", distribution.shards,
          "distributions for equal parts of each batch's shards instead of kind: uniform, "
          "power_law[:ALPHA], celebrities[:WEIGHT], first:COUNT"),

    CHOICE("curriculum.kind", curriculum.kind, "none", curricula,
           "how the distribution changes: first few people, then all (warm_up; adaptive: when the "
           "plateau is over); growing numbers; annealed alpha; group after group; first people "
           "that are thrown away"),
    INTEGER("curriculum.individuals", curriculum.individuals, "0", 0, PEOPLE_MAX,
            "how many of the known individuals, the first ones, it begins with"),
    REAL("curriculum.epochs", curriculum.epochs, "0.0", 0, 1e6,
         "length in epochs of population.individuals / train.batch steps"),
    INTEGER("curriculum.steps", curriculum.steps, "0", 0, STEPS_MAX,
            "length in steps instead; adaptive: steps that are added after the plateau"),
    REAL("curriculum.final_alpha", curriculum.final_alpha, "0.0", 0, LORE_ALPHA_MAX,
         "anneal: exponent that distribution.alpha goes to"),
    INTEGER("curriculum.groups", curriculum.groups, "2", 2, 50,
            "sequential: groups that the known individuals are cut into"),
    INTEGER("curriculum.repeats", curriculum.repeats, "1", 1, 1000000,
            "sequential: how often all groups are visited"),

    INTEGER("evaluate.every", evaluate.every, "500", 1, STEPS_MAX,
            "steps between evaluations; step 0 and the last step are always evaluated"),
    INTEGER("evaluate.dense_every", evaluate.dense_every, "125", 0, STEPS_MAX,
            "the same until step evaluate.dense_until; 0: no dense part, which is also the default "
            "when evaluate.every is no larger than 125"),
    INTEGER("evaluate.dense_until", evaluate.dense_until, "2000", 0, STEPS_MAX,
            "last step of the dense part; by default 0 without a dense part"),
    INTEGER("evaluate.sequences", evaluate.sequences, "16384", 1, SEQUENCE_MAX,
            "sequences per group of individuals"),
    INTEGER("evaluate.attention_sequences", evaluate.attention_sequences, "512", 1, SEQUENCE_MAX,
            "of these, used for attention signatures; by default never more than "
            "evaluate.sequences"),
    REAL("evaluate.plateau_margin", evaluate.plateau_margin, "0.05", 0.001, 0.5,
         "share of the no-knowledge baseline within which the loss counts as on the plateau"),
    WORDS(
        "evaluate.groups", evaluate.groups,
        "groups that are evaluated: known, held_out, new, throw_away, celebrities, others, "
        "subset, rest, group_K, or NAME:FIRST-LAST with a NAME of your own; empty: those that the "
        "run has"),

    INTEGER("checkpoint.every", checkpoint.every, "500", 0, STEPS_MAX,
            "steps between checkpoints to go on from after a kill; 0: only when told to stop"),
    LIST("checkpoint.snapshots", checkpoint.snapshots, "[]", 0, STEPS_MAX,
         "steps after which the weights are written; the final weights always are"),

    INTEGER("compute.threads", compute.threads, "0", 0, 1024,
            "threads of this process; 0: as many as it may use. Refused if OpenMP gives fewer"),
    CHOICE("compute.gemm", compute.gemm, "auto", backends,
           "library for matrix products; auto: the fastest on the model's own shapes"),
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

bool lore_setting_is_list(const lore_setting *setting) {
  return setting->kind == LORE_SETTING_INTEGER_LIST || setting->kind == LORE_SETTING_WORD_LIST;
}

int lore_setting_section(const char *key) {
  const char *dot = strchr(key, '.');
  return dot ? (int)(dot - key) : 0;
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
