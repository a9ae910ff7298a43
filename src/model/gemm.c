/* One name for the matrix product, several backends behind it. */
#include "lore/model/gemm.h"

#include "gemm_kernel.h"
#include "gemm_library.h"

#include <assert.h>

typedef void gemm_function(lore_transpose ta, lore_transpose tb, int m, int n, int k, const real *a,
                           int lda, const real *b, int ldb, const real *add, real *c, int ldc);

static const struct {
  const char *name;
  gemm_function *function; /* NULL: not in this build */
} backends[] = {
    [LORE_GEMM_AUTO] = {"auto", NULL},
    [LORE_GEMM_BUILTIN] = {"builtin", lore_gemm_builtin},
#ifdef HAVE_CBLAS
    [LORE_GEMM_CBLAS] = {"cblas", lore_gemm_cblas},
#else
    [LORE_GEMM_CBLAS] = {"cblas", NULL},
#endif
#if defined(HAVE_DNNL) && !defined(LORE_DOUBLE)
    [LORE_GEMM_ONEDNN] = {"onednn", lore_gemm_onednn},
#else
    [LORE_GEMM_ONEDNN] = {"onednn", NULL},
#endif
};

static lore_gemm_backend selected = LORE_GEMM_BUILTIN;

void lore_gemm(lore_transpose ta, lore_transpose tb, int m, int n, int k, const real *a, int lda,
               const real *b, int ldb, const real *add, real *c, int ldc) {
  backends[selected].function(ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc);
}

int lore_gemm_has(lore_gemm_backend backend) {
  return backend == LORE_GEMM_AUTO || backends[backend].function != NULL;
}

const char *lore_gemm_name(lore_gemm_backend backend) {
  return backends[backend].name;
}

lore_status lore_gemm_select(lore_gemm_backend backend) {
  if (!backends[backend].function)
    return lore_fail(LORE_USER, "this build has no GEMM backend '%s'", backends[backend].name);
  lore_gemm_library_one_thread();
  selected = backend;
  return LORE_OK;
}

lore_gemm_backend lore_gemm_selected(void) {
  return selected;
}
