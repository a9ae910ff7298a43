/* Features of an x86 processor: those that a compiler was allowed to use, and those that are there.
 */
#ifndef LORE_BASE_FEATURES_H
#define LORE_BASE_FEATURES_H

#include <stddef.h>

/* X(name in the enum, name that a reader knows) */
#define LORE_FEATURES_LIST(X)                                                                      \
  X(SSE3, "SSE3")                                                                                  \
  X(SSSE3, "SSSE3")                                                                                \
  X(SSE4_1, "SSE4.1")                                                                              \
  X(SSE4_2, "SSE4.2")                                                                              \
  X(POPCNT, "POPCNT")                                                                              \
  X(LZCNT, "LZCNT")                                                                                \
  X(MOVBE, "MOVBE")                                                                                \
  X(F16C, "F16C")                                                                                  \
  X(BMI, "BMI1")                                                                                   \
  X(BMI2, "BMI2")                                                                                  \
  X(AVX, "AVX")                                                                                    \
  X(AVX2, "AVX2")                                                                                  \
  X(FMA, "FMA")                                                                                    \
  X(AVX512F, "AVX512F")                                                                            \
  X(AVX512CD, "AVX512CD")                                                                          \
  X(AVX512BW, "AVX512BW")                                                                          \
  X(AVX512DQ, "AVX512DQ")                                                                          \
  X(AVX512VL, "AVX512VL")                                                                          \
  X(AVX512IFMA, "AVX512_IFMA")                                                                     \
  X(AVX512VBMI, "AVX512_VBMI")                                                                     \
  X(AVX512VBMI2, "AVX512_VBMI2")                                                                   \
  X(AVX512VNNI, "AVX512_VNNI")                                                                     \
  X(AVX512BITALG, "AVX512_BITALG")                                                                 \
  X(AVX512VPOPCNTDQ, "AVX512_VPOPCNTDQ")                                                           \
  X(AVX512BF16, "AVX512_BF16")

enum {
#define X(name, text) LORE_FEATURE_##name,
  LORE_FEATURES_LIST(X)
#undef X
      LORE_FEATURES
};

/* Those that the compiler may use in the file that includes this: bit LORE_FEATURE_x for each; 0 on
 * other processors. */
enum {
  LORE_FEATURES_OF_TARGET = 0
#ifdef __SSE3__
                            | 1 << LORE_FEATURE_SSE3
#endif
#ifdef __SSSE3__
                            | 1 << LORE_FEATURE_SSSE3
#endif
#ifdef __SSE4_1__
                            | 1 << LORE_FEATURE_SSE4_1
#endif
#ifdef __SSE4_2__
                            | 1 << LORE_FEATURE_SSE4_2
#endif
#ifdef __POPCNT__
                            | 1 << LORE_FEATURE_POPCNT
#endif
#ifdef __LZCNT__
                            | 1 << LORE_FEATURE_LZCNT
#endif
#ifdef __MOVBE__
                            | 1 << LORE_FEATURE_MOVBE
#endif
#ifdef __F16C__
                            | 1 << LORE_FEATURE_F16C
#endif
#ifdef __BMI__
                            | 1 << LORE_FEATURE_BMI
#endif
#ifdef __BMI2__
                            | 1 << LORE_FEATURE_BMI2
#endif
#ifdef __AVX__
                            | 1 << LORE_FEATURE_AVX
#endif
#ifdef __AVX2__
                            | 1 << LORE_FEATURE_AVX2
#endif
#ifdef __FMA__
                            | 1 << LORE_FEATURE_FMA
#endif
#ifdef __AVX512F__
                            | 1 << LORE_FEATURE_AVX512F
#endif
#ifdef __AVX512CD__
                            | 1 << LORE_FEATURE_AVX512CD
#endif
#ifdef __AVX512BW__
                            | 1 << LORE_FEATURE_AVX512BW
#endif
#ifdef __AVX512DQ__
                            | 1 << LORE_FEATURE_AVX512DQ
#endif
#ifdef __AVX512VL__
                            | 1 << LORE_FEATURE_AVX512VL
#endif
#ifdef __AVX512IFMA__
                            | 1 << LORE_FEATURE_AVX512IFMA
#endif
#ifdef __AVX512VBMI__
                            | 1 << LORE_FEATURE_AVX512VBMI
#endif
#ifdef __AVX512VBMI2__
                            | 1 << LORE_FEATURE_AVX512VBMI2
#endif
#ifdef __AVX512VNNI__
                            | 1 << LORE_FEATURE_AVX512VNNI
#endif
#ifdef __AVX512BITALG__
                            | 1 << LORE_FEATURE_AVX512BITALG
#endif
#ifdef __AVX512VPOPCNTDQ__
                            | 1 << LORE_FEATURE_AVX512VPOPCNTDQ
#endif
#ifdef __AVX512BF16__
                            | 1 << LORE_FEATURE_AVX512BF16
#endif
};

/* Those that this processor has and whose registers the system keeps. Runs on every processor. */
unsigned lore_features_found(void);

/* Appends the names of `features`, a blank before each, as far as they fit in `text`. */
void lore_features_append(unsigned features, size_t size, char *text);

#endif
