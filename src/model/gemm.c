/* Matrix products: one name, several backends behind it - the built-in one, CBLAS (OpenBLAS, BLIS,
 * MKL) and oneDNN - and the choice of the fastest on the shapes at hand. */
#include "lore/model/gemm.h"

#ifdef HAVE_CONFIG_H
#include "config.h" /* which libraries there are */
#endif

#include <stdio.h>
#include <string.h>
#ifdef HAVE_CBLAS
#include <cblas.h>
#endif
#ifdef HAVE_DNNL
#include <dnnl.h>
#endif

#include "lore/base/arena.h"
#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/memory.h"
#include "lore/base/threads.h"
#include "lore/model/kernels.h"

extern void openblas_set_num_threads(int) __attribute__((weak));
extern void bli_thread_set_num_threads(long) __attribute__((weak));
extern void MKL_Set_Num_Threads(int) __attribute__((weak));

/* Our threads are the parallelism: a library that starts its own inside them only gets in the way.
 */
static void make_libraries_single_threaded(void) {
  if (openblas_set_num_threads)
    openblas_set_num_threads(1);
  if (bli_thread_set_num_threads)
    bli_thread_set_num_threads(1);
  if (MKL_Set_Num_Threads)
    MKL_Set_Num_Threads(1);
}

#if defined(HAVE_CBLAS) || defined(HAVE_DNNL)
/* The libraries can only add to C itself. Returns beta. */
static real library_beta(int m, int n, const real *add, real *c, int ldc) {
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

static void multiply_by_cblas(lore_transpose ta, lore_transpose tb, int m, int n, int k,
                              const real *a, int lda, const real *b, int ldb, const real *add,
                              real *c, int ldc) {
  real beta = library_beta(m, n, add, c, ldc);
  CBLAS_GEMM(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k,
             1, a, lda, b, ldb, beta, c, ldc);
}
#endif

#if defined(HAVE_DNNL) && !defined(LORE_DOUBLE)
static void multiply_by_onednn(lore_transpose ta, lore_transpose tb, int m, int n, int k,
                               const real *a, int lda, const real *b, int ldb, const real *add,
                               real *c, int ldc) {
  real beta = library_beta(m, n, add, c, ldc);
  dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}
#endif

static void multiply_by_kernel(lore_transpose ta, lore_transpose tb, int m, int n, int k,
                               const real *a, int lda, const real *b, int ldb, const real *add,
                               real *c, int ldc) {
  lore_kernels()->gemm_builtin(LORE_FLOAT32, ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc);
}

typedef void gemm_function(lore_transpose ta, lore_transpose tb, int m, int n, int k, const real *a,
                           int lda, const real *b, int ldb, const real *add, real *c, int ldc);

static const char *const names[] = {LORE_GEMM_BACKEND_LIST(LORE_ENUM_NAME)};

/* NULL: not in this build. */
static gemm_function *const functions[sizeof names / sizeof *names] = {
    [LORE_GEMM_BUILTIN] = multiply_by_kernel,
#ifdef HAVE_CBLAS
    [LORE_GEMM_CBLAS] = multiply_by_cblas,
#endif
#if defined(HAVE_DNNL) && !defined(LORE_DOUBLE)
    [LORE_GEMM_ONEDNN] = multiply_by_onednn,
#endif
};

static lore_gemm_backend selected = LORE_GEMM_BUILTIN;

void lore_gemm(lore_precision precision, lore_transpose ta, lore_transpose tb, int m, int n, int k,
               const real *a, int lda, const real *b, int ldb, const real *add, real *c, int ldc) {
  if (precision == LORE_BF16)
    lore_kernels()->gemm_builtin(precision, ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc);
  else
    functions[selected](ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc);
}

int lore_gemm_has(lore_gemm_backend backend) {
  return backend == LORE_GEMM_AUTO || functions[backend] != NULL;
}

const char *lore_gemm_name(lore_gemm_backend backend) {
  return names[backend];
}

/* OpenBLAS maps 128 MiB for each calling thread and tries for ever if it cannot; oneDNN ends the
 * process. So they are not touched where `ulimit -v` leaves too little. */
static lore_status check_addresses(lore_gemm_backend backend) {
  size_t left = lore_memory_addresses();
  size_t needed = ((size_t)lore_threads_allowed() + 2) << 27;
  if (backend == LORE_GEMM_BUILTIN || left >= needed)
    return LORE_OK;
  return lore_fail(LORE_MEMORY,
                   "compute.gemm: %s needs %.2f GiB of addresses, but the limit (ulimit -v) leaves "
                   "%.2f GiB; raise the limit, or use compute.gemm: builtin",
                   names[backend], (double)needed / (1 << 30), (double)left / (1 << 30));
}

lore_gemm_backend lore_gemm_for(lore_precision precision, lore_gemm_backend wanted) {
  return precision == LORE_BF16 ? LORE_GEMM_BUILTIN : wanted;
}

bool lore_gemm_divides(lore_precision precision, lore_gemm_backend backend) {
  return lore_gemm_for(precision, backend) == LORE_GEMM_BUILTIN;
}

lore_status lore_gemm_select(lore_gemm_backend backend) {
  if (!functions[backend])
    return lore_fail(LORE_USER, "this build has no GEMM backend '%s'", names[backend]);
  LORE_TRY(check_addresses(backend));
  make_libraries_single_threaded();
  selected = backend;
  return LORE_OK;
}

lore_gemm_backend lore_gemm_selected(void) {
  return selected;
}

lore_gemm_shape *lore_linear_shapes(lore_gemm_shape *shape, int tokens, int in, int out,
                                    int count) {
  *shape++ = (lore_gemm_shape){LORE_PLAIN, LORE_PLAIN, tokens, out, in, count};
  *shape++ = (lore_gemm_shape){LORE_PLAIN, LORE_TRANSPOSED, tokens, in, out, count};
  *shape++ = (lore_gemm_shape){LORE_TRANSPOSED, LORE_PLAIN, in, out, tokens, count};
  return shape;
}

size_t lore_gemm_scratch_bytes(int count, const lore_gemm_shape *shapes) {
  size_t most = 0;
  for (int i = 0; i < count; i++) {
    size_t elements = lore_kernels()->gemm_builtin_scratch(shapes[i].n);
    most = elements > most ? elements : most;
  }
  return most * sizeof(real);
}

/* Operands of one thread, large enough for every shape. */
typedef struct {
  real *a, *b, *c;
} gemm_operands;

static size_t largest_operand(const lore_gemm_shape *shapes, int count, int which) {
  size_t most = 0;
  for (int i = 0; i < count; i++) {
    size_t m = (size_t)shapes[i].m, n = (size_t)shapes[i].n, k = (size_t)shapes[i].k;
    size_t size = which == 0 ? m * k : which == 1 ? k * n : m * n;
    most = size > most ? size : most;
  }
  return most;
}

static void layout_operands(lore_arena *arena, const lore_gemm_shape *shapes, int count,
                            int threads, gemm_operands *operands) {
  for (int t = 0; t < threads; t++) {
    gemm_operands o;
    o.a = lore_arena_take(arena, largest_operand(shapes, count, 0), sizeof(real));
    o.b = lore_arena_take(arena, largest_operand(shapes, count, 1), sizeof(real));
    o.c = lore_arena_take(arena, largest_operand(shapes, count, 2), sizeof(real));
    if (operands)
      operands[t] = o;
  }
}

/* One product in each thread at once; seconds until the last is done. */
static double time_once(lore_precision precision, const lore_gemm_shape *s, int threads,
                        const gemm_operands *operands) {
  double begin = 0, end = 0;
#pragma omp parallel num_threads(threads)
  {
#pragma omp barrier
#pragma omp master
    begin = lore_clock_seconds();
#pragma omp for schedule(static, 1)
    for (int t = 0; t < threads; t++)
      lore_gemm(precision, s->ta, s->tb, s->m, s->n, s->k, operands[t].a, s->ta ? s->m : s->k,
                operands[t].b, s->tb ? s->k : s->n, NULL, operands[t].c, s->n);
#pragma omp master
    end = lore_clock_seconds();
  }
  return end - begin;
}

static double time_shapes(lore_precision precision, const lore_gemm_shape *shapes, int count,
                          int threads, double budget, const gemm_operands *operands) {
  double total = 0;
  for (int i = 0; i < count; i++) {
    double stop = lore_clock_seconds() + budget / count, best = 0;
    time_once(precision, &shapes[i], threads, operands);
    do {
      double seconds = time_once(precision, &shapes[i], threads, operands);
      best = best == 0 || seconds < best ? seconds : best;
    } while (lore_clock_seconds() < stop);
    total += best * shapes[i].count;
  }
  return total;
}

lore_status lore_gemm_time(lore_precision precision, lore_gemm_backend backend,
                           const lore_gemm_shape *shapes, int count, int threads, double budget,
                           double *seconds) {
  lore_gemm_backend before = lore_gemm_selected();
  lore_arena arena = {0};
  LORE_TRY(lore_gemm_select(backend));
  size_t table = (size_t)threads * sizeof(gemm_operands);
  lore_arena_take(&arena, 1, table);
  layout_operands(&arena, shapes, count, threads, NULL);
  lore_status status = lore_arena_create(&arena, arena.used);
  if (status == LORE_OK) {
    gemm_operands *operands = lore_arena_take(&arena, 1, table);
    layout_operands(&arena, shapes, count, threads, operands);
    *seconds = time_shapes(precision, shapes, count, threads, budget, operands);
    lore_arena_destroy(&arena);
  }
  lore_gemm_select(before);
  return status;
}

static double count_operations(const lore_gemm_shape *shapes, int count) {
  double total = 0;
  for (int i = 0; i < count; i++)
    total += 2.0 * shapes[i].m * shapes[i].n * shapes[i].k * shapes[i].count;
  return total;
}

/* How much faster than our own a library must be: a close race decided by noise would make two runs
 * of one study differ in their last bits. */
static const double clearly = 1.5;

lore_status lore_gemm_choose(const lore_gemm_shape *shapes, int count, int threads, double budget,
                             size_t size, char *text) {
  double best = 0;
  size_t used = 0;
  lore_gemm_backend fastest = LORE_GEMM_BUILTIN;
  int backends = 0;
  for (int b = LORE_GEMM_BUILTIN; b <= LORE_GEMM_ONEDNN; b++)
    backends += lore_gemm_has((lore_gemm_backend)b);
  text[0] = 0;
  for (int b = LORE_GEMM_BUILTIN; b <= LORE_GEMM_ONEDNN; b++) {
    lore_gemm_backend backend = (lore_gemm_backend)b;
    double seconds;
    if (!lore_gemm_has(backend))
      continue;
    if (check_addresses(backend) != LORE_OK) {
      lore_warn("%s; left out", lore_fail_message());
      continue;
    }
    LORE_TRY(
        lore_gemm_time(LORE_FLOAT32, backend, shapes, count, threads, budget / backends, &seconds));
    if (best == 0 || seconds * (fastest == LORE_GEMM_BUILTIN ? clearly : 1) < best) {
      best = seconds;
      fastest = backend;
    }
    if (used < size)
      used += (size_t)snprintf(text + used, size - used, "%s %.0f, ", lore_gemm_name(backend),
                               threads * count_operations(shapes, count) / seconds * 1e-9);
  }
  if (used >= 2 && used < size)
    snprintf(text + used - 2, size - used + 2, " GFLOP/s: %s", lore_gemm_name(fastest));
  return lore_gemm_select(fastest);
}
