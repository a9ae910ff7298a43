/* What the processor must have for this build. Compiled with the flags of everything else, but only
 * data: the check itself has flags of its own. */
#include "needs.h"

const unsigned lore_needs = 0
#ifdef __SSE3__
                            | 1u << LORE_NEED_SSE3
#endif
#ifdef __SSSE3__
                            | 1u << LORE_NEED_SSSE3
#endif
#ifdef __SSE4_1__
                            | 1u << LORE_NEED_SSE4_1
#endif
#ifdef __SSE4_2__
                            | 1u << LORE_NEED_SSE4_2
#endif
#ifdef __POPCNT__
                            | 1u << LORE_NEED_POPCNT
#endif
#ifdef __LZCNT__
                            | 1u << LORE_NEED_LZCNT
#endif
#ifdef __MOVBE__
                            | 1u << LORE_NEED_MOVBE
#endif
#ifdef __F16C__
                            | 1u << LORE_NEED_F16C
#endif
#ifdef __BMI__
                            | 1u << LORE_NEED_BMI
#endif
#ifdef __BMI2__
                            | 1u << LORE_NEED_BMI2
#endif
#ifdef __AVX__
                            | 1u << LORE_NEED_AVX
#endif
#ifdef __AVX2__
                            | 1u << LORE_NEED_AVX2
#endif
#ifdef __FMA__
                            | 1u << LORE_NEED_FMA
#endif
#ifdef __AVX512F__
                            | 1u << LORE_NEED_AVX512F
#endif
#ifdef __AVX512CD__
                            | 1u << LORE_NEED_AVX512CD
#endif
#ifdef __AVX512BW__
                            | 1u << LORE_NEED_AVX512BW
#endif
#ifdef __AVX512DQ__
                            | 1u << LORE_NEED_AVX512DQ
#endif
#ifdef __AVX512VL__
                            | 1u << LORE_NEED_AVX512VL
#endif
#ifdef __AVX512IFMA__
                            | 1u << LORE_NEED_AVX512IFMA
#endif
#ifdef __AVX512VBMI__
                            | 1u << LORE_NEED_AVX512VBMI
#endif
#ifdef __AVX512VBMI2__
                            | 1u << LORE_NEED_AVX512VBMI2
#endif
#ifdef __AVX512VNNI__
                            | 1u << LORE_NEED_AVX512VNNI
#endif
#ifdef __AVX512BITALG__
                            | 1u << LORE_NEED_AVX512BITALG
#endif
#ifdef __AVX512VPOPCNTDQ__
                            | 1u << LORE_NEED_AVX512VPOPCNTDQ
#endif
    ;
