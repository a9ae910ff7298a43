/* The table of one level. */
#include "level.h"

#ifdef HAVE_CONFIG_H
#include "config.h" /* what the level is called */
#endif

#include "lore/base/features.h"
#include "lore/model/kernels.h"

#if defined(__AVX512BF16__)
#define INSTRUCTIONS "AVX-512 with bf16"
#elif defined(__AVX512F__)
#define INSTRUCTIONS "AVX-512"
#elif defined(__AVX2__)
#define INSTRUCTIONS "AVX2"
#elif defined(__AVX__)
#define INSTRUCTIONS "AVX"
#elif defined(__SSE4_2__)
#define INSTRUCTIONS "SSE4.2"
#elif defined(__SSE2__)
#define INSTRUCTIONS "SSE2"
#elif defined(__ARM_FEATURE_SVE)
#define INSTRUCTIONS "SVE"
#elif defined(__ARM_NEON)
#define INSTRUCTIONS "NEON"
#elif defined(__VSX__)
#define INSTRUCTIONS "VSX"
#else
#define INSTRUCTIONS "no vectors"
#endif

#define TEXT_OF(name) #name
#define TEXT(name)    TEXT_OF(name)
#ifdef BUILD_LEVEL
#define NAME BUILD_LEVEL
#else
#define NAME TEXT(LORE_LEVEL)
#endif

extern const lore_kernel_table LORE_AT_LEVEL(lore_kernels);

const lore_kernel_table LORE_AT_LEVEL(lore_kernels) = {.name = NAME,
                                                       .instructions = INSTRUCTIONS,
                                                       .features = LORE_FEATURES_OF_TARGET,
#define X(kernel) .kernel = lore_##kernel,
                                                       LORE_KERNEL_LIST(X)
#undef X
};
