/* What a manifest holds, kept small: a study may have 100,000 runs. */
#include "lore/manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "lore/manifest/delta.h"
#include "pool.h"

static lore_status add_base(lore_manifest *manifest, const lore_settings *settings) {
  lore_settings *base =
      realloc(manifest->base, ((size_t)manifest->bases + 1) * sizeof *manifest->base);
  if (!base)
    return lore_fail(LORE_MEMORY, "no memory for settings");
  manifest->base = base;
  memcpy(&base[manifest->bases++], settings, sizeof *settings);
  return LORE_OK;
}

lore_status lore_manifest_set_settings(lore_manifest *manifest, int run,
                                       const lore_settings *settings, bool begins) {
  unsigned char delta[LORE_DELTA_MAX];
  lore_manifest_run *r = &manifest->run[run];
  if (begins)
    LORE_TRY(add_base(manifest, settings));
  if (!r->delta)
    r->base = manifest->bases - 1;
  size_t length = lore_delta_make(&manifest->base[r->base], settings, delta);
  unsigned char *copy = lore_pool_take(&manifest->pool, length, 1);
  if (!copy)
    return lore_fail(LORE_MEMORY, "no memory for the settings of %d runs", run + 1);
  r->delta = memcpy(copy, delta, length);
  r->seed = settings->seed;
  r->steps = settings->train.steps;
  return LORE_OK;
}

void lore_manifest_settings(const lore_manifest *manifest, int run, lore_settings *settings) {
  const lore_manifest_run *r = &manifest->run[run];
  lore_delta_apply(&manifest->base[r->base], r->delta, settings);
}

void lore_manifest_destroy(lore_manifest *manifest) {
  lore_pool_destroy(&manifest->pool);
  for (int i = 0; i < manifest->weights; i++) {
    free(manifest->weight[i].name);
    free(manifest->weight[i].path);
    free(manifest->weight[i].settings);
  }
  for (int i = 0; i < manifest->inputs; i++) {
    free(manifest->input[i].name);
    free(manifest->input[i].text);
  }
  free(manifest->run);
  free(manifest->base);
  free(manifest->weight);
  free(manifest->input);
  *manifest = (lore_manifest){0};
}
