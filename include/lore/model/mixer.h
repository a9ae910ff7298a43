/* What mixes the tokens of a sequence in each layer.
 *
 * A mixer is a file of src/model with its entry (src/model/mixer.h), a line here, and its settings.
 */
#ifndef LORE_MODEL_MIXER_H
#define LORE_MODEL_MIXER_H

#include <stdbool.h>

/* X(mixer, its name in settings and checkpoints, its entry) */
#define LORE_MIXER_LIST(X)                                                                         \
  X(LORE_MIXER_ATTENTION, "attention", lore_attention_mixer)                                       \
  X(LORE_MIXER_RG_LRU, "rg_lru", lore_recurrent_mixer)

typedef enum {
#define X(mixer, name, entry) mixer,
  LORE_MIXER_LIST(X)
#undef X
} lore_mixer;

/* Its name; NULL beyond the last mixer. */
const char *lore_mixer_name(lore_mixer mixer);

/* Whether it has attention probabilities: signatures, patching and rotary positions need them. */
bool lore_mixer_attends(lore_mixer mixer);

/* Whether it has a width of its own (model.recurrent_width), and the one that it has by default: 0
 * if it has none. */
bool lore_mixer_has_width(lore_mixer mixer);
int lore_mixer_default_width(lore_mixer mixer, int width, int heads);

#endif
