/* How fast the backends are on the shapes at hand. */
#include "lore/model/gemm.h"

#include <stdio.h>

#include "lore/base/arena.h"
#include "lore/base/clock.h"

/* Operands of one thread, large enough for every shape. */
typedef struct {
  real *a, *b, *c;
} lore_operands;

static size_t largest(const lore_gemm_shape *shapes, int count, int which) {
  size_t most = 0;
  for (int i = 0; i < count; i++) {
    size_t m = (size_t)shapes[i].m, n = (size_t)shapes[i].n, k = (size_t)shapes[i].k;
    size_t size = which == 0 ? m * k : which == 1 ? k * n : m * n;
    most = size > most ? size : most;
  }
  return most;
}

static void layout(lore_arena *arena, const lore_gemm_shape *shapes, int count, int threads,
                   lore_operands *operands) {
  for (int t = 0; t < threads; t++) {
    lore_operands o;
    o.a = lore_arena_take(arena, largest(shapes, count, 0), sizeof(real));
    o.b = lore_arena_take(arena, largest(shapes, count, 1), sizeof(real));
    o.c = lore_arena_take(arena, largest(shapes, count, 2), sizeof(real));
    if (operands)
      operands[t] = o;
  }
}

/* One product in each thread at once; seconds until the last is done. */
static double time_once(const lore_gemm_shape *s, int threads, const lore_operands *operands) {
  double begin = 0, end = 0;
#pragma omp parallel num_threads(threads)
  {
#pragma omp barrier
#pragma omp master
    begin = lore_clock_seconds();
#pragma omp for schedule(static, 1)
    for (int t = 0; t < threads; t++)
      lore_gemm(s->ta, s->tb, s->m, s->n, s->k, operands[t].a, s->ta ? s->m : s->k, operands[t].b,
                s->tb ? s->k : s->n, NULL, operands[t].c, s->n);
#pragma omp master
    end = lore_clock_seconds();
  }
  return end - begin;
}

static double time_shapes(const lore_gemm_shape *shapes, int count, int threads, double budget,
                          const lore_operands *operands) {
  double total = 0;
  for (int i = 0; i < count; i++) {
    double stop = lore_clock_seconds() + budget / count, best = 0;
    time_once(&shapes[i], threads, operands);
    do {
      double seconds = time_once(&shapes[i], threads, operands);
      best = best == 0 || seconds < best ? seconds : best;
    } while (lore_clock_seconds() < stop);
    total += best * shapes[i].count;
  }
  return total;
}

lore_status lore_gemm_time(lore_gemm_backend backend, const lore_gemm_shape *shapes, int count,
                           int threads, double budget, double *seconds) {
  lore_gemm_backend before = lore_gemm_selected();
  lore_arena arena = {0};
  LORE_TRY(lore_gemm_select(backend));
  size_t table = (size_t)threads * sizeof(lore_operands);
  lore_arena_take(&arena, 1, table);
  layout(&arena, shapes, count, threads, NULL);
  lore_status status = lore_arena_create(&arena, arena.used);
  if (status == LORE_OK) {
    lore_operands *operands = lore_arena_take(&arena, 1, table);
    layout(&arena, shapes, count, threads, operands);
    *seconds = time_shapes(shapes, count, threads, budget, operands);
    lore_arena_destroy(&arena);
  }
  lore_gemm_select(before);
  return status;
}

static double operations(const lore_gemm_shape *shapes, int count) {
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
    LORE_TRY(lore_gemm_time(backend, shapes, count, threads, budget / backends, &seconds));
    if (best == 0 || seconds * (fastest == LORE_GEMM_BUILTIN ? clearly : 1) < best) {
      best = seconds;
      fastest = backend;
    }
    if (used < size)
      used += (size_t)snprintf(text + used, size - used, "%s %.0f, ", lore_gemm_name(backend),
                               threads * operations(shapes, count) / seconds * 1e-9);
  }
  if (used >= 2 && used < size)
    snprintf(text + used - 2, size - used + 2, " GFLOP/s: %s", lore_gemm_name(fastest));
  return lore_gemm_select(fastest);
}
