/* What the processor must have for this build, whatever level its kernels run at. */
#ifndef LORE_CLI_NEEDS_H
#define LORE_CLI_NEEDS_H

/* Bit LORE_FEATURE_x (lore/base/features.h) for each feature that the compiler was allowed to use
 * outside of kernels; 0 on other processors. */
extern const unsigned lore_needs;

#endif
