/* Features of an x86 processor that the compiler may have used. */
#ifndef LORE_CLI_NEEDS_H
#define LORE_CLI_NEEDS_H

/* X(name in the enum, name that a reader knows) */
#define LORE_NEEDS_LIST(X)                                                                         \
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
  X(AVX512VPOPCNTDQ, "AVX512_VPOPCNTDQ")

enum {
#define X(name, text) LORE_NEED_##name,
  LORE_NEEDS_LIST(X)
#undef X
      LORE_NEEDS
};

/* Bit LORE_NEED_x for each feature that the compiler was allowed to use; 0 on other processors. */
extern const unsigned lore_needs;

#endif
