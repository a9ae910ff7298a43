/* What commands print of a task: one entry for each, in its own file. */
#ifndef LORE_CLI_TASK_H
#define LORE_CLI_TASK_H

#include "biography.h"
#include "lore/base/json.h"
#include "lore/cost/estimate.h"
#include "lore/settings/settings.h"

enum { LORE_SHOW_DEFAULT = -1 /* a few, or as many as there are */ };

/* What lore show was asked for. */
typedef struct {
  int count; /* individuals or pairs, or LORE_SHOW_DEFAULT */
  bool held_out;
  lore_colour_choice colour;
} lore_show_options;

typedef struct {
  /* What there is to learn, and in which words: lines of lore check. */
  void (*print_facts)(const lore_settings *settings, const lore_estimate *estimate);

  /* The sampling distribution over training, as members of the object that `json` is in. */
  void (*write_sampling)(const lore_settings *settings, lore_json *json);

  /* Facts, then a few individuals or pairs. LORE_USER if more are asked for than there are. */
  lore_status (*show)(const lore_settings *settings, const lore_show_options *options);
} lore_cli_task;

extern const lore_cli_task lore_cli_biographies, lore_cli_memory;

const lore_cli_task *lore_cli_task_of(lore_task task);

#endif
