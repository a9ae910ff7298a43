/* Which features the processor has. Compiled for the oldest one (src/local.mk), and called before
 * the C library is initialised (src/cli/processor.c). */
#include "lore/base/features.h"

#include <string.h>

#ifdef __x86_64__

#include <cpuid.h>

static unsigned bit_if(int feature, int bit) {
  return feature ? 1u << bit : 0;
}

/* __builtin_cpu_supports, which also asks whether the system keeps the registers, knows neither
 * LZCNT nor MOVBE nor F16C with every compiler. */
unsigned lore_features_found(void) {
  unsigned a, b, c, d, basic = 0, extended = 0;
  if (__get_cpuid(1, &a, &b, &c, &d))
    basic = c;
  if (__get_cpuid(0x80000001u, &a, &b, &c, &d))
    extended = c;
  __builtin_cpu_init();
#define HAS(name, text) bit_if(__builtin_cpu_supports(text), LORE_FEATURE_##name)
  return HAS(SSE3, "sse3") | HAS(SSSE3, "ssse3") | HAS(SSE4_1, "sse4.1") | HAS(SSE4_2, "sse4.2") |
         HAS(POPCNT, "popcnt") | HAS(BMI, "bmi") | HAS(BMI2, "bmi2") | HAS(AVX, "avx") |
         HAS(AVX2, "avx2") | HAS(FMA, "fma") | HAS(AVX512F, "avx512f") | HAS(AVX512CD, "avx512cd") |
         HAS(AVX512BW, "avx512bw") | HAS(AVX512DQ, "avx512dq") | HAS(AVX512VL, "avx512vl") |
         HAS(AVX512IFMA, "avx512ifma") | HAS(AVX512VBMI, "avx512vbmi") |
         HAS(AVX512VBMI2, "avx512vbmi2") | HAS(AVX512VNNI, "avx512vnni") |
         HAS(AVX512BITALG, "avx512bitalg") | HAS(AVX512VPOPCNTDQ, "avx512vpopcntdq") |
         HAS(AVX512BF16, "avx512bf16") | bit_if(extended & 1u << 5, LORE_FEATURE_LZCNT) |
         bit_if(basic & 1u << 22, LORE_FEATURE_MOVBE) | bit_if(basic & 1u << 29, LORE_FEATURE_F16C);
#undef HAS
}

#else

unsigned lore_features_found(void) {
  return 0;
}

#endif

void lore_features_append(unsigned features, size_t size, char *text) {
  static const char *const names[] = {
#define X(name, text) text,
      LORE_FEATURES_LIST(X)
#undef X
  };
  for (unsigned i = 0; i < LORE_FEATURES; i++) {
    size_t used = strlen(text), length = strlen(names[i]);
    if (!(features & 1u << i) || used + 1 + length >= size)
      continue;
    text[used] = ' ';
    memcpy(text + used + 1, names[i], length + 1);
  }
}
