/* All commands. */
#include "table.h"

#include <string.h>

#include "commands.h"
#include "lore/settings/nearest.h"

static const lore_command_entry commands[] = {
    {&lore_line_init, LORE_FIRST, lore_command_init, "write a commented study for a question",
     "guide.md, study.md"},
    {&lore_line_run, LORE_TOGETHER, lore_command_run,
     "train a study and write its metrics and weights",
     "study.md, sweeps.md, metrics.md, checkpoint.md"},
    {&lore_line_check, LORE_FIRST, lore_command_check,
     "validate a study; parameters, memory, tokens, steps", "study.md, distributions.md"},
    {&lore_line_plan, LORE_FIRST, lore_command_plan,
     "list a study's runs and their predicted cost; freeze them", "study.md"},
    {&lore_line_submit, LORE_FIRST, lore_command_submit,
     "write a study's Slurm jobs and submit them", "slurm.md, sweeps.md"},
    {&lore_line_show, LORE_ANY, lore_command_show,
     "print a few individuals and biographies of a study", "science.md, draws.md, memory.md"},
    {&lore_line_settings, LORE_ANY, lore_command_settings,
     "list every setting: type, default, range, meaning", "study.md"},
    {&lore_line_status, LORE_ANY, lore_command_status, "show the progress of a study's runs",
     "status.md"},
    {&lore_line_collect, LORE_FIRST, lore_command_collect,
     "collect all runs of a study in one NetCDF file", "collect.md, metrics.md"},
    {&lore_line_report, LORE_FIRST, lore_command_report, "write a study as one page for a browser",
     "report.md, status.md"},
    {&lore_line_verify, LORE_FIRST, lore_command_verify,
     "check every file of a directory of results", "sweeps.md"},
    {&lore_line_export, LORE_FIRST, lore_command_export,
     "write what a run's training or evaluation shows", "export.md, checkpoint.md"},
    {&lore_line_probe, LORE_TOGETHER, lore_command_probe,
     "examine snapshots: linear probes, spectra, distances", "probe.md"},
    {&lore_line_bench, LORE_TOGETHER, lore_command_bench,
     "time training steps and their matrix products", "performance.md"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

const lore_command_entry *lore_command_table(int *count) {
  *count = COMMANDS;
  return commands;
}

const lore_command_entry *lore_command_find(const char *name) {
  for (int i = 0; i < COMMANDS; i++)
    if (!strcmp(name, commands[i].line->name))
      return &commands[i];
  return NULL;
}

lore_status lore_command_refuse(const char *name) {
  const char *names[COMMANDS + 1] = {NULL};
  for (int i = 0; i < COMMANDS; i++)
    names[i] = commands[i].line->name;
  const char *nearest = lore_word_nearest(name, names);
  if (nearest)
    return lore_fail(LORE_USER, "unknown command '%s'; did you mean '%s'?", name, nearest);
  return lore_fail(LORE_USER, "unknown command '%s'; see 'lore --help'", name);
}
