/* The mixers that there are. */
#include "mixer.h"

#include <stddef.h>

static const struct {
  const char *name;
  const lore_mixer_ops *ops;
} mixers[] = {
#define X(mixer, name, entry) [mixer] = {name, &(entry)},
    LORE_MIXER_LIST(X)
#undef X
};

enum { MIXERS = sizeof mixers / sizeof *mixers };

const lore_mixer_ops *lore_mixer_ops_of(lore_mixer mixer) {
  return mixers[mixer].ops;
}

const char *lore_mixer_name(lore_mixer mixer) {
  return (int)mixer < MIXERS ? mixers[mixer].name : NULL;
}

bool lore_mixer_attends(lore_mixer mixer) {
  return mixers[mixer].ops->attends;
}

bool lore_mixer_has_width(lore_mixer mixer) {
  return mixers[mixer].ops->default_width != NULL;
}

int lore_mixer_default_width(lore_mixer mixer, int width, int heads) {
  return lore_mixer_has_width(mixer) ? mixers[mixer].ops->default_width(width, heads) : 0;
}
