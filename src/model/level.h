/* Included first in every kernel source: whatever it exports is called after the level that it is
 * compiled for, as all levels are linked into one program. -DLORE_LEVEL=v3 makes
 * lore_norm_forward_v3 of lore_norm_forward. */
#ifndef LORE_MODEL_LEVEL_H
#define LORE_MODEL_LEVEL_H

#define LORE_JOIN(name, level)   name##_##level
#define LORE_JOINED(name, level) LORE_JOIN(name, level)
#define LORE_AT_LEVEL(name)      LORE_JOINED(name, LORE_LEVEL)

/* Kernels, as in lore/model/kernels.h. */
#define lore_norm_forward             LORE_AT_LEVEL(lore_norm_forward)
#define lore_norm_backward            LORE_AT_LEVEL(lore_norm_backward)
#define lore_norm_slopes              LORE_AT_LEVEL(lore_norm_slopes)
#define lore_linear_forward           LORE_AT_LEVEL(lore_linear_forward)
#define lore_linear_backward          LORE_AT_LEVEL(lore_linear_backward)
#define lore_column_sums              LORE_AT_LEVEL(lore_column_sums)
#define lore_blocks_forward           LORE_AT_LEVEL(lore_blocks_forward)
#define lore_blocks_backward          LORE_AT_LEVEL(lore_blocks_backward)
#define lore_blocks_slopes            LORE_AT_LEVEL(lore_blocks_slopes)
#define lore_rotary_table             LORE_AT_LEVEL(lore_rotary_table)
#define lore_rotary_apply             LORE_AT_LEVEL(lore_rotary_apply)
#define lore_attention_stride         LORE_AT_LEVEL(lore_attention_stride)
#define lore_attention_scratch        LORE_AT_LEVEL(lore_attention_scratch)
#define lore_attention_forward        LORE_AT_LEVEL(lore_attention_forward)
#define lore_attention_patterns       LORE_AT_LEVEL(lore_attention_patterns)
#define lore_attention_backward       LORE_AT_LEVEL(lore_attention_backward)
#define lore_attention_apply          LORE_AT_LEVEL(lore_attention_apply)
#define lore_attention_apply_backward LORE_AT_LEVEL(lore_attention_apply_backward)
#define lore_convolution_forward      LORE_AT_LEVEL(lore_convolution_forward)
#define lore_convolution_backward     LORE_AT_LEVEL(lore_convolution_backward)
#define lore_convolution_slopes       LORE_AT_LEVEL(lore_convolution_slopes)
#define lore_recurrent_rate           LORE_AT_LEVEL(lore_recurrent_rate)
#define lore_recurrent_rate_backward  LORE_AT_LEVEL(lore_recurrent_rate_backward)
#define lore_recurrent_forward        LORE_AT_LEVEL(lore_recurrent_forward)
#define lore_recurrent_backward       LORE_AT_LEVEL(lore_recurrent_backward)
#define lore_activation_forward       LORE_AT_LEVEL(lore_activation_forward)
#define lore_activation_backward      LORE_AT_LEVEL(lore_activation_backward)
#define lore_embedding_forward        LORE_AT_LEVEL(lore_embedding_forward)
#define lore_embedding_backward       LORE_AT_LEVEL(lore_embedding_backward)
#define lore_head_scratch             LORE_AT_LEVEL(lore_head_scratch)
#define lore_head_train               LORE_AT_LEVEL(lore_head_train)
#define lore_head_pack                LORE_AT_LEVEL(lore_head_pack)
#define lore_head_rows                LORE_AT_LEVEL(lore_head_rows)
#define lore_head_slopes              LORE_AT_LEVEL(lore_head_slopes)
#define lore_head_score               LORE_AT_LEVEL(lore_head_score)
#define lore_gemm_builtin             LORE_AT_LEVEL(lore_gemm_builtin)
#define lore_gemm_builtin_scratch     LORE_AT_LEVEL(lore_gemm_builtin_scratch)
#define lore_vector_add               LORE_AT_LEVEL(lore_vector_add)
#define lore_vector_update            LORE_AT_LEVEL(lore_vector_update)

/* What only kernels call. */
#define lore_pack_a            LORE_AT_LEVEL(lore_pack_a)
#define lore_pack_a_transposed LORE_AT_LEVEL(lore_pack_a_transposed)
#define lore_pack_b            LORE_AT_LEVEL(lore_pack_b)
#define lore_packed_whole      LORE_AT_LEVEL(lore_packed_whole)
#define lore_gemm_block        LORE_AT_LEVEL(lore_gemm_block)
#define lore_gemm_pack         LORE_AT_LEVEL(lore_gemm_pack)
#define lore_gemm_prepacked    LORE_AT_LEVEL(lore_gemm_prepacked)

#endif
