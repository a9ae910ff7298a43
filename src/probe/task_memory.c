/* Task memory: a toy memory beside the best linear one. */
#include <stdio.h>
#include <stdlib.h>

#include "lore/base/log.h"
#include "lore/io/memory_checkpoint.h"
#include "lore/model/gemm.h"
#include "lore/train/memory_trainer.h"
#include "memory_file.h"
#include "task.h"

static lore_status describe_memory_options(lore_probed *run) {
  snprintf(run->options_text, sizeof run->options_text, "linear memory");
  return LORE_OK;
}

static int memory_width(const lore_settings *settings) {
  return settings->memory.keys;
}

/* What the trained memory knows at each snapshot; one rank reads, all know. */
static lore_status score_snapshots(const lore_probed *run, lore_memory_trainer *trainer, int groups,
                                   const lore_group *group, lore_group_metrics *metrics) {
  for (int s = 0; s < run->steps.count; s++) {
    char path[LORE_PATH_MAX];
    LORE_TRY(lore_path_of_weights(run->folder, run->steps.value[s], path));
    LORE_TRY(lore_memory_checkpoint_read(path, &run->settings.memory, trainer->parameters));
    for (int g = 0; g < groups; g++)
      lore_pair_scores(&trainer->pairs, &group[g], trainer->parameters, trainer->rows,
                       &trainer->workspace, &metrics[s * LORE_PAIR_GROUPS_MAX + g]);
  }
  return LORE_OK;
}

static lore_status write_memory_file(lore_probed *run, int groups, const lore_group *group,
                                     const lore_group_metrics *metrics,
                                     const lore_linear_memory *linear) {
  LORE_TRY(lore_probed_describe(run, 1));
  lore_linear_content content = {.title = run->settings.name,
                                 .options = run->options_text,
                                 .snapshots = run->steps.count,
                                 .step = run->steps.value,
                                 .groups = groups,
                                 .group = group,
                                 .metrics = metrics,
                                 .linear = linear,
                                 .settings = run->scalars,
                                 .setting = run->scalar,
                                 .provenances = run->provenance.count,
                                 .provenance = run->provenance.entry};
  return lore_linear_file_write(run->path, &content);
}

static lore_status compare_memories(lore_probed *run, lore_memory_trainer *trainer,
                                    lore_group_metrics *metrics) {
  const lore_settings *s = &run->settings;
  const lore_team team = run->team;
  lore_group group[LORE_PAIR_GROUPS_MAX];
  lore_linear_memory linear;
  int groups = lore_pair_groups(&s->memory, group);
  lore_status status = lore_memory_trainer_create(&s->memory, &s->train, s->seed, 0, trainer);
  LORE_TRY_TOGETHER(team, status);
  if (team.rank == 0)
    status = score_snapshots(run, trainer, groups, group, metrics);
  LORE_TRY_TOGETHER(team, status);
  LORE_TRY(lore_linear_memory_fit(&trainer->pairs, &run->grid, &linear));
  const lore_group_metrics *last = &metrics[(run->steps.count - 1) * LORE_PAIR_GROUPS_MAX];
  if (team.rank == 0 && !run->options->quiet)
    lore_say("%s: %lld pairs: accuracy %.4f, of the best linear map %.4f (to vectors), %.4f (to "
             "one-hot codes)",
             run->id, (long long)s->memory.pairs, last->attribute_accuracy,
             linear.accuracy[LORE_LINEAR_VECTORS][0], linear.accuracy[LORE_LINEAR_ONE_HOT][0]);
  return lore_team_agree(
      team, team.rank == 0 ? write_memory_file(run, groups, group, metrics, &linear) : LORE_OK);
}

static lore_status probe_memory(lore_probed *run, int *snapshots) {
  lore_memory_trainer trainer = {0};
  size_t records = (size_t)run->steps.count * LORE_PAIR_GROUPS_MAX;
  lore_group_metrics *metrics = calloc(records, sizeof *metrics);
  lore_status status = metrics ? lore_gemm_select(LORE_GEMM_BUILTIN)
                               : lore_fail(LORE_MEMORY, "cannot allocate %zu records", records);
  status = lore_team_agree(run->team, status);
  if (status == LORE_OK)
    status = compare_memories(run, &trainer, metrics);
  *snapshots = status == LORE_OK ? run->steps.count : 0;
  lore_memory_trainer_destroy(&trainer);
  free(metrics);
  return status;
}

const lore_probe_task lore_probe_memory = {
    .describe_options = describe_memory_options, .width = memory_width, .probe = probe_memory};
