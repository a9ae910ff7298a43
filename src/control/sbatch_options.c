/* Options of sbatch. */
#include "lore/control/sbatch_options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef enum { NONE, VALUE, OPTIONAL } lore_sbatch_value;

/* Whom an option is for, or which number it gives. */
typedef enum {
  ARRAYS,
  EVERY_JOB,
  NODES,
  NTASKS,
  NTASKS_PER_NODE,
  CPUS_PER_TASK,
  RANKS_OF_SLURM /* decides about ranks in a way that depends on the nodes */
} lore_sbatch_use;

typedef struct {
  const char *name;
  char letter;
  lore_sbatch_value value;
  lore_sbatch_use use;
} lore_sbatch_option;

/* As `sbatch --help` of Slurm 22.05 lists them, and later ones that the collecting job needs, too.
 */
static const lore_sbatch_option known[] = {
    {"account", 'A', VALUE, EVERY_JOB},
    {"acctg-freq", 0, VALUE, EVERY_JOB},
    {"array", 'a', VALUE, ARRAYS},
    {"batch", 0, VALUE, ARRAYS},
    {"bb", 0, VALUE, ARRAYS},
    {"bbf", 0, VALUE, ARRAYS},
    {"begin", 'b', VALUE, ARRAYS},
    {"chdir", 'D', VALUE, EVERY_JOB},
    {"cluster-constraint", 0, VALUE, EVERY_JOB},
    {"clusters", 'M', VALUE, EVERY_JOB},
    {"comment", 0, VALUE, EVERY_JOB},
    {"constraint", 'C', VALUE, EVERY_JOB},
    {"container", 0, VALUE, EVERY_JOB},
    {"contiguous", 0, NONE, ARRAYS},
    {"core-spec", 'S', VALUE, ARRAYS},
    {"cores-per-socket", 0, VALUE, ARRAYS},
    {"cpu-freq", 0, VALUE, ARRAYS},
    {"cpus-per-gpu", 0, VALUE, ARRAYS},
    {"cpus-per-task", 'c', VALUE, CPUS_PER_TASK},
    {"deadline", 0, VALUE, ARRAYS},
    {"delay-boot", 0, VALUE, EVERY_JOB},
    {"dependency", 'd', VALUE, ARRAYS},
    {"distribution", 'm', VALUE, ARRAYS},
    {"error", 'e', VALUE, ARRAYS},
    {"exclude", 'x', VALUE, EVERY_JOB},
    {"exclusive", 0, OPTIONAL, ARRAYS},
    {"export", 0, VALUE, EVERY_JOB},
    {"export-file", 0, VALUE, EVERY_JOB},
    {"extra", 0, VALUE, EVERY_JOB},
    {"extra-node-info", 'B', VALUE, ARRAYS},
    {"get-user-env", 0, OPTIONAL, EVERY_JOB},
    {"gid", 0, VALUE, EVERY_JOB},
    {"gpu-bind", 0, VALUE, ARRAYS},
    {"gpu-freq", 0, VALUE, ARRAYS},
    {"gpus", 'G', VALUE, ARRAYS},
    {"gpus-per-node", 0, VALUE, ARRAYS},
    {"gpus-per-socket", 0, VALUE, ARRAYS},
    {"gpus-per-task", 0, VALUE, RANKS_OF_SLURM},
    {"gres", 0, VALUE, ARRAYS},
    {"gres-flags", 0, VALUE, ARRAYS},
    {"hint", 0, VALUE, ARRAYS},
    {"hold", 'H', NONE, ARRAYS},
    {"ignore-pbs", 0, NONE, EVERY_JOB},
    {"input", 'i', VALUE, ARRAYS},
    {"job-name", 'J', VALUE, ARRAYS},
    {"kill-on-invalid-dep", 0, VALUE, ARRAYS},
    {"licenses", 'L', VALUE, EVERY_JOB},
    {"mail-type", 0, VALUE, EVERY_JOB},
    {"mail-user", 0, VALUE, EVERY_JOB},
    {"mcs-label", 0, VALUE, EVERY_JOB},
    {"mem", 0, VALUE, EVERY_JOB},
    {"mem-bind", 0, VALUE, ARRAYS},
    {"mem-per-cpu", 0, VALUE, EVERY_JOB},
    {"mem-per-gpu", 0, VALUE, ARRAYS},
    {"mincpus", 0, VALUE, ARRAYS},
    {"network", 0, VALUE, ARRAYS},
    {"nice", 0, OPTIONAL, EVERY_JOB},
    {"no-kill", 'k', OPTIONAL, ARRAYS},
    {"no-requeue", 0, NONE, ARRAYS},
    {"nodefile", 'F', VALUE, ARRAYS},
    {"nodelist", 'w', VALUE, ARRAYS},
    {"nodes", 'N', VALUE, NODES},
    {"ntasks", 'n', VALUE, NTASKS},
    {"ntasks-per-core", 0, VALUE, ARRAYS},
    {"ntasks-per-gpu", 0, VALUE, RANKS_OF_SLURM},
    {"ntasks-per-node", 0, VALUE, NTASKS_PER_NODE},
    {"ntasks-per-socket", 0, VALUE, RANKS_OF_SLURM},
    {"open-mode", 0, VALUE, ARRAYS},
    {"output", 'o', VALUE, ARRAYS},
    {"overcommit", 'O', NONE, ARRAYS},
    {"oversubscribe", 's', NONE, ARRAYS},
    {"parsable", 0, NONE, ARRAYS},
    {"partition", 'p', VALUE, EVERY_JOB},
    {"power", 0, VALUE, ARRAYS},
    {"prefer", 0, VALUE, ARRAYS},
    {"priority", 0, VALUE, EVERY_JOB},
    {"profile", 0, VALUE, ARRAYS},
    {"propagate", 0, OPTIONAL, EVERY_JOB},
    {"qos", 'q', VALUE, EVERY_JOB},
    {"quiet", 'Q', NONE, EVERY_JOB},
    {"reboot", 0, NONE, ARRAYS},
    {"requeue", 0, NONE, ARRAYS},
    {"reservation", 0, VALUE, EVERY_JOB},
    {"signal", 0, VALUE, ARRAYS},
    {"sockets-per-node", 0, VALUE, ARRAYS},
    {"spread-job", 0, NONE, ARRAYS},
    {"switches", 0, VALUE, ARRAYS},
    {"test-only", 0, NONE, EVERY_JOB},
    {"thread-spec", 0, VALUE, ARRAYS},
    {"threads-per-core", 0, VALUE, ARRAYS},
    {"time", 't', VALUE, EVERY_JOB},
    {"time-min", 0, VALUE, ARRAYS},
    {"tmp", 0, VALUE, ARRAYS},
    {"tres-per-task", 0, VALUE, RANKS_OF_SLURM},
    {"uid", 0, VALUE, EVERY_JOB},
    {"use-min-nodes", 0, NONE, ARRAYS},
    {"verbose", 'v', NONE, EVERY_JOB},
    {"wait", 'W', NONE, ARRAYS},
    {"wait-all-nodes", 0, VALUE, ARRAYS},
    {"wckey", 0, VALUE, EVERY_JOB},
};
enum { KNOWN = sizeof known / sizeof *known, RANKS_MAX = 1 << 24 };

/* By its name or the beginning of only one name, as sbatch reads it; NULL: not known. */
static const lore_sbatch_option *find_by_name(const char *name, size_t length) {
  const lore_sbatch_option *found = NULL;
  int several = 0;
  for (int i = 0; i < KNOWN; i++)
    if (!strncmp(known[i].name, name, length)) {
      if (known[i].name[length] == 0)
        return &known[i];
      found = &known[i];
      several++;
    }
  return several == 1 ? found : NULL;
}

static const lore_sbatch_option *find_by_letter(char letter) {
  for (int i = 0; i < KNOWN; i++)
    if (known[i].letter == letter)
      return &known[i];
  return NULL;
}

/* "4", "4-4"; of nodes also "2-4" (*range). */
static lore_status read_number(const lore_sbatch_option *option, const char *text, long *number,
                               bool *range) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10), most = value;
  bool wrong = errno || end == text || value <= 0;
  if (!wrong && option->use == NODES && *end == '-') {
    const char *upper = end + 1;
    most = strtol(upper, &end, 10);
    wrong = errno || end == upper || most < value;
  }
  if (wrong || *end || most > RANKS_MAX)
    return lore_fail(LORE_USER, "--%s %s: expected a whole number from 1 on", option->name, text);
  *number = most;
  *range = most != value;
  return LORE_OK;
}

/* An option with its value ("": none). */
static lore_status note_option(const lore_sbatch_option *option, const char *value,
                               lore_sbatch_options *o) {
  bool range = false;
  switch (option->use) {
  case NODES:
    LORE_TRY(read_number(option, value, &o->nodes, &range));
    o->nodes_range = range;
    return LORE_OK;
  case NTASKS:
    return read_number(option, value, &o->ntasks, &range);
  case NTASKS_PER_NODE:
    return read_number(option, value, &o->ntasks_per_node, &range);
  case CPUS_PER_TASK:
    return read_number(option, value, &o->cpus_per_task, &range);
  case RANKS_OF_SLURM:
    o->ranks_unknown = true;
    return LORE_OK;
  default:
    return LORE_OK;
  }
}

/* How an option is written: a word, maybe its value in the same or in the next one. */
typedef struct {
  int words;      /* 1 or 2 */
  bool every_job; /* all that the word holds is for every job */
} lore_sbatch_extent;

/* The value behind an option; *extent becomes 2 words if it is the next one. */
static lore_status take_value(const lore_sbatch_option *option, const char *rest, const char *next,
                              const char **value, lore_sbatch_extent *extent) {
  *value = rest ? rest : "";
  if (rest || option->value != VALUE)
    return LORE_OK;
  if (!next)
    return lore_fail(LORE_USER, "sbatch's option --%s needs a value", option->name);
  *value = next;
  extent->words = 2;
  return LORE_OK;
}

static lore_status read_long(const char *word, const char *next, lore_sbatch_options *o,
                             lore_sbatch_extent *extent) {
  size_t length = strcspn(word + 2, "=");
  const char *rest = word[2 + length] ? word + 2 + length + 1 : NULL, *value;
  const lore_sbatch_option *option = find_by_name(word + 2, length);
  /* What follows an unknown option and is none itself can only be its value. */
  extent->words = !option && !rest && next && *next != '-' ? 2 : 1;
  extent->every_job = option && option->use == EVERY_JOB;
  if (!option)
    return LORE_OK;
  LORE_TRY(take_value(option, rest, next, &value, extent));
  return note_option(option, value, o);
}

/* "-n2", "-n", "2", "-Hn2" */
static lore_status read_short(const char *word, const char *next, lore_sbatch_options *o,
                              lore_sbatch_extent *extent) {
  *extent = (lore_sbatch_extent){.words = 1, .every_job = true};
  for (const char *letter = word + 1; *letter; letter++) {
    const lore_sbatch_option *option = find_by_letter(*letter);
    const char *value;
    extent->every_job = extent->every_job && option && option->use == EVERY_JOB;
    if (!option || option->value == NONE)
      continue;
    LORE_TRY(take_value(option, letter[1] ? letter + 1 : NULL, next, &value, extent));
    return note_option(option, value, o);
  }
  return LORE_OK;
}

static lore_status keep_words(lore_sbatch_options *o, const lore_sbatch_extent *extent,
                              const char *const *word) {
  if (o->every_jobs + o->arrays + extent->words > LORE_SBATCH_WORDS)
    return lore_fail(LORE_USER, "more than %d words for sbatch", LORE_SBATCH_WORDS);
  for (int i = 0; i < extent->words; i++)
    if (extent->every_job)
      o->every_job[o->every_jobs++] = word[i];
    else
      o->array[o->arrays++] = word[i];
  return LORE_OK;
}

lore_status lore_sbatch_options_add(lore_sbatch_options *o, int words, const char *const *word) {
  lore_sbatch_extent extent;
  for (int i = 0; i < words; i += extent.words) {
    const char *next = i + 1 < words ? word[i + 1] : NULL;
    if (word[i][0] != '-' || !word[i][1] || !strcmp(word[i], "--"))
      return lore_fail(LORE_USER,
                       "unexpected '%s' among the options for sbatch: LORE adds the job script",
                       word[i]);
    LORE_TRY((word[i][1] == '-' ? read_long : read_short)(word[i], next, o, &extent));
    LORE_TRY(keep_words(o, &extent, word + i));
  }
  if (o->nodes_range && !o->ntasks && !o->ranks_unknown)
    return lore_fail(LORE_USER,
                     "--nodes with a range: the number of ranks would depend on what Slurm "
                     "finds; give one number, or --ntasks");
  return LORE_OK;
}

long lore_sbatch_options_ranks(const lore_sbatch_options *o) {
  long nodes = o->nodes > 0 ? o->nodes : 1;
  if (o->ntasks > 0)
    return o->ntasks;
  if (o->ranks_unknown)
    return 0;
  return o->ntasks_per_node > 0 ? nodes * o->ntasks_per_node : nodes;
}
