/* Token and learned position embeddings. */
#include "level.h"

#include <string.h>

#include "lore/model/layers.h"

void lore_embedding_forward(int sequences, const int32_t *offset, const uint16_t *token, int width,
                            const real *embedding, const real *position_embedding, real *x) {
  size_t d = (size_t)width;
  for (int s = 0; s < sequences; s++)
    for (int32_t t = offset[s]; t < offset[s + 1]; t++) {
      real *row = x + (size_t)t * d;
      memcpy(row, embedding + token[t] * d, sizeof(real) * d);
      if (position_embedding)
        for (size_t i = 0; i < d; i++)
          row[i] += position_embedding[(size_t)(t - offset[s]) * d + i];
    }
}

void lore_embedding_backward(int sequences, const int32_t *offset, const uint16_t *token, int width,
                             int first, int last, const real *dx, real *dembedding,
                             real *dposition) {
  size_t d = (size_t)width, from = (size_t)first, to = (size_t)last;
  for (int s = 0; s < sequences; s++)
    for (int32_t t = offset[s]; t < offset[s + 1]; t++) {
      const real *row = dx + (size_t)t * d;
      real *sum = dembedding + token[t] * d;
      for (size_t i = from; i < to; i++)
        sum[i] += row[i];
      if (dposition)
        for (size_t i = from; i < to; i++)
          dposition[(size_t)(t - offset[s]) * d + i] += row[i];
    }
}
