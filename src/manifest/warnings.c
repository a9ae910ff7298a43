/* What is allowed, but may not be meant. */
#include "lore/base/log.h"
#include "lore/manifest/manifest.h"

/* Whether the curriculum is still under way when training ends; `length` is set then. */
static bool is_cut(const lore_settings *s, int64_t *length) {
  const lore_curriculum_config *c = &s->curriculum;
  int64_t steps = s->train.steps;
  *length = lore_curriculum_length(c, s->population.individuals, s->train.batch);
  if (s->task != LORE_TASK_BIOGRAPHIES)
    return false;
  if (c->kind == LORE_CURRICULUM_WARM_UP)
    return *length >= steps;
  bool gradual = c->kind == LORE_CURRICULUM_GROWTH || c->kind == LORE_CURRICULUM_ANNEAL;
  return gradual && *length > steps;
}

void lore_manifest_warn(const lore_manifest *manifest) {
  int cut = 0, first = -1;
  int64_t length = 0, each;
  for (int r = 0; r < manifest->runs; r++)
    if (is_cut(&manifest->run[r].settings, &each) && cut++ == 0) {
      first = r;
      length = each;
    }
  if (cut == 0)
    return;
  const lore_manifest_run *run = &manifest->run[first];
  char more[64] = "";
  if (cut > 1)
    snprintf(more, sizeof more, ", and so in %d other run%s", cut - 1, cut == 2 ? "" : "s");
  lore_warn("%s: the curriculum takes %lld steps, but training ends after %lld ('train.steps')%s",
            run->id, (long long)length, (long long)run->settings.train.steps, more);
}
