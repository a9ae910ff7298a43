/* Slurm's environment and tools. */
#include "lore/control/slurm.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/status.h"
#include "submit_command.h"

enum { NAME = 128, NAMES = 512 };

static bool is_listed(const char *name, size_t count, const char *const *list) {
  for (size_t i = 0; i < count; i++)
    if (!strcmp(name, list[i]))
      return true;
  return false;
}

static bool begins(const char *text, const char *with) {
  return !strncmp(text, with, strlen(with));
}

/* Account, partition, time and the like of a user's SBATCH_ variables are meant for all jobs. */
static bool is_harmful(const char *name) {
  static const char *const of_slurm[] = {"SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_CLUSTERS",
                                         "SLURM_JWT"};
  static const char *const of_sbatch[] = {
      "SBATCH_ARRAY_INX", "SBATCH_DEPENDENCY", "SBATCH_ERROR",     "SBATCH_INPUT",
      "SBATCH_JOB_NAME",  "SBATCH_NO_REQUEUE", "SBATCH_OPEN_MODE", "SBATCH_OUTPUT",
      "SBATCH_PARSABLE",  "SBATCH_REQUEUE",    "SBATCH_SIGNAL",    "SBATCH_TEST_ONLY",
      "SBATCH_WAIT",      "SBATCH_WRAP",       "SBATCH_OVERCOMMIT"};
  if (begins(name, "SBATCH_CPU_BIND") || begins(name, "SBATCH_MEM_BIND"))
    return true;
  if (is_listed(name, sizeof of_sbatch / sizeof *of_sbatch, of_sbatch))
    return true;
  return begins(name, "SLURM_") && !is_listed(name, sizeof of_slurm / sizeof *of_slurm, of_slurm);
}

/* The name of the next variable that is harmful; false: there is none. */
static bool find_harmful(char *name) {
  for (char **variable = environ; *variable; variable++) {
    size_t length = strcspn(*variable, "=");
    if (length >= NAME)
      continue;
    memcpy(name, *variable, length);
    name[length] = 0;
    if (is_harmful(name))
      return true;
  }
  return false;
}

void lore_slurm_clear_environment(FILE *file) {
  char name[NAME];
  const char *before = "unset";
  for (; find_harmful(name); before = "") {
    fprintf(file, "%s %s", before, name);
    unsetenv(name);
  }
  if (!*before)
    fputc('\n', file);
}

/* env -u SQUEUE_STATES ...: filters and formats of the user's would hide the job. */
static lore_status add_environment(lore_command *c) {
  LORE_TRY(lore_command_add(c, "env"));
  for (char **variable = environ; *variable && c->count < NAMES; variable++) {
    if (!begins(*variable, "SQUEUE_") && !begins(*variable, "SLURM_CLUSTERS="))
      continue;
    LORE_TRY(lore_command_add(c, "-u"));
    LORE_TRY(lore_command_format(c, "%.*s", (int)strcspn(*variable, "="), *variable));
  }
  return lore_command_add(c, "SLURM_TIME_FORMAT=%s");
}

/* The last task of an array has the array's own number as SLURM_JOB_ID, and a task is named by
 * both. A program that hangs is ended. */
static lore_status add_query(lore_command *c, int patience) {
  static const char *const words[] = {"squeue", "-h", "-o", "%e", "-j"};
  const char *array = getenv("SLURM_ARRAY_JOB_ID"), *task = getenv("SLURM_ARRAY_TASK_ID");
  LORE_TRY(add_environment(c));
  LORE_TRY(lore_command_add(c, "timeout"));
  LORE_TRY(lore_command_add(c, "--signal=KILL"));
  LORE_TRY(lore_command_format(c, "%d", patience));
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    LORE_TRY(lore_command_add(c, words[i]));
  return array && task ? lore_command_format(c, "%s_%s", array, task)
                       : lore_command_add(c, getenv("SLURM_JOB_ID"));
}

double lore_slurm_job_end(int patience) {
  static lore_command command;
  static lore_answer answer;
  char *rest = NULL;
  double end = 0;
  if (!getenv("SLURM_JOB_ID"))
    return 0;
  if (add_query(&command, patience) == LORE_OK &&
      lore_command_capture(&command, &answer) == LORE_OK && answer.code == 0)
    end = strtod(answer.out, &rest);
  lore_command_release(&command);
  return rest && rest != answer.out && !*rest && end > 0 ? end : 0;
}
