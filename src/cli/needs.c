/* What the processor must have for this build. Compiled with the flags of everything else, but only
 * data: the check itself has flags of its own. */
#include "needs.h"

#include "lore/base/features.h"

const unsigned lore_needs = LORE_FEATURES_OF_TARGET;
