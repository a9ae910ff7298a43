/* The mixers that there are. */
#include "mixer.h"

#include <string.h>

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
  return mixers[mixer].name;
}

bool lore_mixer_find(const char *name, lore_mixer *mixer) {
  for (int i = 0; i < MIXERS; i++)
    if (!strcmp(mixers[i].name, name)) {
      *mixer = (lore_mixer)i;
      return true;
    }
  return false;
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
