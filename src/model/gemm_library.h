/* Matrix products of the libraries found at configure time. */
#ifndef LORE_MODEL_GEMM_LIBRARY_H
#define LORE_MODEL_GEMM_LIBRARY_H

#ifdef HAVE_CONFIG_H
#include "config.h" /* which libraries there are */
#endif

#include "lore/model/gemm.h"

void lore_gemm_cblas(lore_transpose ta, lore_transpose tb, int m, int n, int k, const real *a,
                     int lda, const real *b, int ldb, const real *add, real *c, int ldc);
void lore_gemm_onednn(lore_transpose ta, lore_transpose tb, int m, int n, int k, const real *a,
                      int lda, const real *b, int ldb, const real *add, real *c, int ldc);

/* Our threads are the parallelism: a library that starts its own inside them only gets in the way.
 */
void lore_gemm_library_one_thread(void);

#endif
