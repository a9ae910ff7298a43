/* Backends made of CBLAS (OpenBLAS, BLIS, MKL) and oneDNN. */
#include "gemm_library.h"

#include <string.h>
#ifdef HAVE_CBLAS
#include <cblas.h>
#endif
#ifdef HAVE_DNNL
#include <dnnl.h>
#endif

extern void openblas_set_num_threads(int) __attribute__((weak));
extern void bli_thread_set_num_threads(long) __attribute__((weak));
extern void MKL_Set_Num_Threads(int) __attribute__((weak));

void lore_gemm_library_one_thread(void) {
  if (openblas_set_num_threads)
    openblas_set_num_threads(1);
  if (bli_thread_set_num_threads)
    bli_thread_set_num_threads(1);
  if (MKL_Set_Num_Threads)
    MKL_Set_Num_Threads(1);
}

#if defined(HAVE_CBLAS) || defined(HAVE_DNNL)
/* The libraries can only add to C itself. Returns beta. */
static real start_sum(int m, int n, const real *add, real *c, int ldc) {
  if (add && add != c)
    for (int i = 0; i < m; i++)
      memcpy(c + (size_t)i * (size_t)ldc, add + (size_t)i * (size_t)ldc, sizeof(real) * (size_t)n);
  return add ? 1 : 0;
}
#endif

#ifdef HAVE_CBLAS
#ifdef LORE_DOUBLE
#define CBLAS_GEMM cblas_dgemm
#else
#define CBLAS_GEMM cblas_sgemm
#endif

void lore_gemm_cblas(lore_transpose ta, lore_transpose tb, int m, int n, int k, const real *a,
                     int lda, const real *b, int ldb, const real *add, real *c, int ldc) {
  real beta = start_sum(m, n, add, c, ldc);
  CBLAS_GEMM(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k,
             1, a, lda, b, ldb, beta, c, ldc);
}
#endif

#if defined(HAVE_DNNL) && !defined(LORE_DOUBLE)
void lore_gemm_onednn(lore_transpose ta, lore_transpose tb, int m, int n, int k, const real *a,
                      int lda, const real *b, int ldb, const real *add, real *c, int ldc) {
  real beta = start_sum(m, n, add, c, ldc);
  dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}
#endif
