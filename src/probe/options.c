/* What lore probe is asked for. */
#include "lore/probe/options.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

void lore_probe_options_default(lore_probe_options *options) {
  static const double strength[] = {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10};
  options->keys = 1024;
  options->strengths = sizeof strength / sizeof *strength;
  memcpy(options->strength, strength, sizeof strength);
}

lore_status lore_probe_configure(const lore_probe_options *options, int64_t known, int64_t held_out,
                                 lore_probe_config *config) {
  int64_t used = options->individuals == 0 ? known : options->individuals;
  if (used > known)
    return lore_fail(LORE_USER, "--individuals %lld: the population has %lld known individuals",
                     (long long)used, (long long)known);
  if (used < LORE_PROBE_INDIVIDUALS_LEAST || used > INT_MAX)
    return lore_fail(LORE_USER, "%lld known individuals: probes need %d to %d", (long long)used,
                     LORE_PROBE_INDIVIDUALS_LEAST, INT_MAX);
  *config = (lore_probe_config){.individuals = (int)used,
                                .held_out = (int)(held_out < used / 4 ? held_out : used / 4),
                                .keys = options->keys < used ? options->keys : (int)used,
                                .strengths = options->strengths};
  memcpy(config->strength, options->strength, sizeof config->strength);
  return LORE_OK;
}

void lore_probe_options_text(const lore_probe_config *c, char text[LORE_PROBE_OPTIONS_MAX]) {
  int at = snprintf(text, LORE_PROBE_OPTIONS_MAX, "individuals %d, held_out %d, keys %d, ridge",
                    c->individuals, c->held_out, c->keys);
  for (int i = 0; i < c->strengths; i++)
    at += snprintf(text + at, (size_t)(LORE_PROBE_OPTIONS_MAX - at), " %.17g", c->strength[i]);
}
