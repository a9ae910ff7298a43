/* Every backend of lore_gemm against a triple loop in double. */
#include "support/numbers.h"

#include <pthread.h>
#include <stdbool.h>

#include "lore/base/clock.h"
#include "lore/base/features.h"
#include "lore/model/gemm.h"
#include "support/levels.h"
#include "support/naive.h"
#include "support/sanitized.h"

#ifdef LORE_DOUBLE
enum { PAIRS_ARE_BUILT = 0 };
static const lore_kernel_table lore_kernels_pairs;
#else
enum { PAIRS_ARE_BUILT = 1 };
extern const lore_kernel_table lore_kernels_pairs; /* tests/local.mk */
#endif

enum { GUARD = 64 }; /* elements before and after C */

typedef enum { ADD_NOTHING, ADD_C, ADD_OTHER, ADDS } add_what;

/* A product with its operands; leading dimensions exceed the rows by 0 .. 7. */
typedef struct {
  lore_transpose ta, tb;
  int m, n, k, lda, ldb, ldc;
  add_what add;
  real *a, *b, *other;
  double *wide_a, *wide_b; /* as the product sees them */
  real *buffer, *c;        /* c lies inside buffer */
} product;

/* What makes the products: a backend in float32, the built-in one in bf16, or its kernels for pairs
 * of bf16, which on a processor without their instructions are made of others. */
typedef enum { BF16 = LORE_GEMM_ONEDNN + 1, PAIRS, WAYS } way_of_products;

static int way = LORE_GEMM_BUILTIN;

static const char *way_name(void) {
  return way == PAIRS ? "pairs" : way == BF16 ? "bf16" : lore_gemm_name(lore_gemm_selected());
}

static const real guard_value = (real)-12345.5;

static size_t buffer_size(const product *p) {
  return 2 * GUARD + (size_t)p->m * (size_t)p->ldc;
}

/* Guards everywhere; C itself holds numbers if they are added, else NaN. */
static void fill_c(product *p, const real *start) {
  p->buffer = numbers_blank(buffer_size(p));
  p->c = p->buffer + GUARD;
  for (size_t i = 0; i < buffer_size(p); i++)
    p->buffer[i] = guard_value;
  for (int i = 0; i < p->m; i++)
    for (int j = 0; j < p->n; j++)
      p->c[(size_t)i * (size_t)p->ldc + (size_t)j] =
          p->add == ADD_C ? start[(size_t)i * (size_t)p->ldc + (size_t)j] : (real)NAN;
}

static double *wide_operand(const real *x, int rows, int columns, int ld) {
  size_t count = (size_t)(rows - 1) * (size_t)ld + (size_t)columns;
  return naive_operands(way >= BF16 ? LORE_BF16 : LORE_FLOAT32, count, numbers_wide(x, count));
}

static product make_product(lore_random *stream, int transposes, int m, int n, int k,
                            add_what add) {
  product p = {.ta = (lore_transpose)(transposes & 1),
               .tb = (lore_transpose)(transposes >> 1),
               .m = m,
               .n = n,
               .k = k,
               .add = add};
  p.lda = (p.ta ? m : k) + numbers_between(stream, 0, 7);
  p.ldb = (p.tb ? k : n) + numbers_between(stream, 0, 7);
  p.ldc = n + numbers_between(stream, 0, 7);
  p.a = numbers_matrix(stream, p.ta ? k : m, p.ta ? m : k, p.lda, 1);
  p.b = numbers_matrix(stream, p.tb ? n : k, p.tb ? k : n, p.ldb, 1);
  p.wide_a = wide_operand(p.a, p.ta ? k : m, p.ta ? m : k, p.lda);
  p.wide_b = wide_operand(p.b, p.tb ? n : k, p.tb ? k : n, p.ldb);
  p.other = numbers_matrix(stream, m, n, p.ldc, 3);
  fill_c(&p, p.other);
  return p;
}

static const real *added(const product *p) {
  return p->add == ADD_NOTHING ? NULL : p->add == ADD_C ? p->c : p->other;
}

static void run(const product *p) {
  if (way == PAIRS)
    lore_kernels_pairs.gemm_builtin(LORE_BF16, p->ta, p->tb, p->m, p->n, p->k, p->a, p->lda, p->b,
                                    p->ldb, added(p), p->c, p->ldc);
  else
    lore_gemm(way == BF16 ? LORE_BF16 : LORE_FLOAT32, p->ta, p->tb, p->m, p->n, p->k, p->a, p->lda,
              p->b, p->ldb, added(p), p->c, p->ldc);
}

/* The rounding error of any order of summation is below (k + 1) epsilon sum |terms|. */
static void check_entry(const product *p, int i, int j) {
  double sum = p->add ? (double)p->other[i * p->ldc + j] : 0, size = fabs(sum);
  for (int l = 0; l < p->k; l++) {
    double x = p->ta ? p->wide_a[l * p->lda + i] : p->wide_a[i * p->lda + l];
    double y = p->tb ? p->wide_b[j * p->ldb + l] : p->wide_b[l * p->ldb + j];
    sum += x * y;
    size += fabs(x * y);
  }
  double got = (double)p->c[i * p->ldc + j], limit = real_epsilon * (sqrt(p->k) + 2) * size;
  if (!(fabs(got - sum) <= limit))
    fail_msg("%s %c%c m %d n %d k %d add %d: C(%d, %d) is %.9g, not %.9g", way_name(),
             p->ta ? 'T' : 'N', p->tb ? 'T' : 'N', p->m, p->n, p->k, (int)p->add, i, j, got, sum);
}

static void check_guards(const product *p) {
  for (size_t i = 0; i < buffer_size(p); i++) {
    size_t at = i - GUARD;
    bool inside =
        i >= GUARD && at < (size_t)p->m * (size_t)p->ldc && at % (size_t)p->ldc < (size_t)p->n;
    if (!inside && p->buffer[i] != guard_value)
      fail_msg("%s: m %d n %d k %d ldc %d: written outside C, at element %ld", way_name(), p->m,
               p->n, p->k, p->ldc, (long)at);
  }
}

static void check_product(lore_random *stream, int m, int n, int k) {
  for (int transposes = 0; transposes < 4; transposes++)
    for (int add = 0; add < ADDS; add++) {
      int mark = numbers_count;
      product p = make_product(stream, transposes, m, n, k, (add_what)add);
      size_t bytes = ((size_t)(m - 1) * (size_t)p.ldc + (size_t)n) * sizeof(real);
      const real *before = numbers_copy(p.other, bytes / sizeof(real));
      run(&p);
      for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
          check_entry(&p, i, j);
      check_guards(&p);
      assert_same_bits("D", before, p.other, bytes);
      numbers_release(mark);
    }
}

/* Whether this build has it; selects the backend. */
static bool begin_way(void) {
  if (way == PAIRS)
    return PAIRS_ARE_BUILT && lore_kernels() == lore_level(0) && /* once is enough */
           !(lore_kernels_pairs.features & ~lore_features_found());
  if (way == BF16)
    return true;
  if (!lore_gemm_has((lore_gemm_backend)way))
    return false;
  assert_int_equal(lore_gemm_select((lore_gemm_backend)way), LORE_OK);
  assert_int_equal(lore_gemm_selected(), way);
  return true;
}

/* Each way in turn: for (way = 0; next_way();) */
static bool next_way(void) {
  while (++way < WAYS)
    if (begin_way())
      return true;
  way = LORE_GEMM_BUILTIN;
  lore_gemm_select(LORE_GEMM_BUILTIN);
  return false;
}

static void small_sizes(void **state) {
  (void)state;
  for (way = 0; next_way();) {
    lore_random stream = numbers_stream(1);
    for (int i = 0; i < (SANITIZED ? 15 : 60); i++) {
      int m = numbers_between(&stream, 1, 40), n = numbers_between(&stream, 1, 40);
      check_product(&stream, m, n, numbers_between(&stream, 1, 40));
    }
  }
}

/* Block edges of k (256), of m (96 or 224) and of panels of n (4 to 32 columns). */
static void block_edges(void **state) {
  (void)state;
  static const int depths[] = {255, 256, 257, 511, 512, 513, 600};
  static const int rows[] = {1, 6, 7, 14, 15, 95, 96, 97, 191, 192, 193, 223, 224, 225, 450};
  static const int columns[] = {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129};
  for (way = 0; next_way();) {
    lore_random stream = numbers_stream(2);
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
      check_product(&stream, 19, 37, depths[i]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
      check_product(&stream, rows[i], 37, 23);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
      check_product(&stream, 19, columns[i], 23);
    check_product(&stream, 97, 33, 257);
    check_product(&stream, 225, 65, 300);
  }
}

/* Makes the rows [i, i + m) and columns [j, j + n) of `whole` by a product of their own. */
static void run_part(const product *whole, int i, int j, int m, int n) {
  product part = *whole;
  part.m = m;
  part.n = n;
  part.a += whole->ta ? i : i * whole->lda;
  part.b += whole->tb ? j * whole->ldb : j;
  part.c += i * whole->ldc + j;
  part.other += i * whole->ldc + j;
  run(&part);
}

static void splitting_keeps_bits(void **state) {
  (void)state;
  lore_random stream = numbers_stream(3);
  lore_gemm_select(LORE_GEMM_BUILTIN);
  for (int round = 0; round < (SANITIZED ? 1 : 8) * 4 * ADDS; round++) {
    way = round % 3 == 0 ? LORE_GEMM_BUILTIN : BF16;
    int m = numbers_between(&stream, 1, 260), n = numbers_between(&stream, 1, 100);
    int k = numbers_between(&stream, 1, round % 2 ? 60 : 600);
    product p = make_product(&stream, round % 4, m, n, k, (add_what)(round / 4 % ADDS));
    run(&p);
    const real *whole = p.buffer;
    fill_c(&p, p.other);
    for (int i = 0, rows; i < m; i += rows) {
      rows = numbers_between(&stream, 1, m - i);
      for (int j = 0, columns; j < n; j += columns) {
        columns = numbers_between(&stream, 1, n - j);
        run_part(&p, i, j, rows, columns);
      }
    }
    assert_same_bits("a product in parts", whole, p.buffer, buffer_size(&p) * sizeof(real));
    numbers_release(0);
  }
  way = LORE_GEMM_BUILTIN;
}

/* 1 x 1 x 1 products with 1 show what an operand becomes: ties go to the even neighbour. */
static void rounding(void **state) {
  (void)state;
  static const double values[][2] = {{0, 0},
                                     {-0.0, -0.0},
                                     {1, 1},
                                     {1 + 0x1p-8, 1},
                                     {1 + 0x3p-8, 1 + 0x1p-6},
                                     {1 + 0x1p-8 + 0x1p-20, 1 + 0x1p-7},
                                     {-1 - 0x3p-8, -1 - 0x1p-6},
                                     {2 - 0x1p-8, 2},
                                     {3.14159274101257324, 3.140625},
                                     {0x1.fep-126, 0x1.fep-126},
                                     {0x1.fdp100, 0x1.fcp100},
                                     {INFINITY, INFINITY}};
  for (way = BF16 - 1; next_way();)
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
      real a = (real)values[i][0], b = 1, c = 7;
      product p = {.m = 1, .n = 1, .k = 1, .lda = 1, .ldb = 1, .ldc = 1, .a = &a, .b = &b, .c = &c};
      run(&p);
      assert_true((double)c == values[i][1]);
      p.a = &b;
      p.b = &a;
      run(&p);
      assert_true((double)c == values[i][1]);
      assert_true(isinf(c) || naive_bf16((double)a) == values[i][1]);
    }
}

enum { THREADS = 4, PRODUCTS = 24, ROUNDS = SANITIZED ? 4 : 30 };

/* Products of one thread, made again and again; `differ` counts those with other bits. */
typedef struct {
  pthread_barrier_t *start;
  product product[PRODUCTS];
  real *first[PRODUCTS];
  int differ;
} thread_work;

static void *run_rounds(void *of_thread) {
  thread_work *w = of_thread;
  pthread_barrier_wait(w->start);
  for (int round = 0; round < ROUNDS; round++)
    for (int i = 0; i < PRODUCTS; i++) {
      const product *p = &w->product[i];
      run(p);
      if (round == 0)
        memcpy(w->first[i], p->buffer, buffer_size(p) * sizeof(real));
      else
        w->differ += memcmp(w->first[i], p->buffer, buffer_size(p) * sizeof(real)) != 0;
    }
  return NULL;
}

static void make_work(lore_random *stream, pthread_barrier_t *start, thread_work *w) {
  w->start = start;
  w->differ = 0;
  for (int i = 0; i < PRODUCTS; i++) {
    int m = numbers_between(stream, 1, 120), n = numbers_between(stream, 1, 70);
    w->product[i] = make_product(stream, i % 4, m, n, numbers_between(stream, 1, 300), ADD_NOTHING);
    w->first[i] = numbers_blank(buffer_size(&w->product[i]));
  }
}

static void check_work(const thread_work *w) {
  assert_int_equal(w->differ, 0);
  for (int i = 0; i < PRODUCTS; i++) {
    const product *p = &w->product[i];
    for (int e = 0; e < p->m * p->n; e++)
      check_entry(p, e / p->n, e % p->n);
    check_guards(p);
  }
}

static void threads_do_not_meet(void **state) {
  (void)state;
  static thread_work work[THREADS];
  for (way = 0; next_way();) {
    pthread_t thread[THREADS];
    pthread_barrier_t start;
    lore_random stream = numbers_stream(4);
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int t = 0; t < THREADS; t++)
      make_work(&stream, &start, &work[t]);
    for (int t = 0; t < THREADS; t++)
      assert_int_equal(pthread_create(&thread[t], NULL, run_rounds, &work[t]), 0);
    for (int t = 0; t < THREADS; t++)
      pthread_join(thread[t], NULL);
    pthread_barrier_destroy(&start);
    for (int t = 0; t < THREADS; t++)
      check_work(&work[t]);
    numbers_release(0);
  }
}

static void backends_by_name(void **state) {
  (void)state;
  assert_true(lore_gemm_has(LORE_GEMM_BUILTIN));
  assert_string_equal(lore_gemm_name(LORE_GEMM_BUILTIN), "builtin");
  assert_string_equal(lore_gemm_name(LORE_GEMM_CBLAS), "cblas");
  assert_string_equal(lore_gemm_name(LORE_GEMM_ONEDNN), "onednn");
  lore_gemm_select(LORE_GEMM_BUILTIN);
  for (int b = LORE_GEMM_BUILTIN; b <= LORE_GEMM_ONEDNN; b++)
    if (!lore_gemm_has((lore_gemm_backend)b)) {
      assert_int_equal(lore_gemm_select((lore_gemm_backend)b), LORE_USER);
      assert_non_null(strstr(lore_fail_message(), lore_gemm_name((lore_gemm_backend)b)));
      assert_int_equal(lore_gemm_selected(), LORE_GEMM_BUILTIN);
    }
}

static void timing_and_choice(void **state) {
  (void)state;
  static const lore_gemm_shape shapes[] = {{LORE_PLAIN, LORE_PLAIN, 64, 48, 32, 3},
                                           {LORE_TRANSPOSED, LORE_PLAIN, 32, 48, 64, 1},
                                           {LORE_PLAIN, LORE_TRANSPOSED, 64, 32, 48, 1}};
  double seconds = -1, begin = lore_clock_seconds();
  char text[128], tiny[8];
  lore_gemm_select(LORE_GEMM_BUILTIN);
  assert_int_equal(lore_gemm_time(LORE_FLOAT32, LORE_GEMM_BUILTIN, shapes, 3, 2, 0.02, &seconds),
                   LORE_OK);
  assert_true(seconds > 0 && seconds < 1);
  assert_int_equal(lore_gemm_choose(shapes, 3, 1, 0.05, sizeof text, text), LORE_OK);
  assert_true(lore_clock_seconds() - begin < 10);
  assert_true(lore_gemm_has(lore_gemm_selected()));
  assert_non_null(strstr(text, "builtin "));
  const char *chosen = strstr(text, " GFLOP/s: ");
  assert_non_null(chosen);
  assert_string_equal(chosen + strlen(" GFLOP/s: "), lore_gemm_name(lore_gemm_selected()));
  assert_int_equal(lore_gemm_choose(shapes, 3, 1, 0.02, sizeof tiny, tiny), LORE_OK);
  assert_non_null(memchr(tiny, 0, sizeof tiny));
  lore_gemm_select(LORE_GEMM_BUILTIN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(small_sizes),
      numbers_test(block_edges),
      numbers_test(rounding),
      numbers_test(splitting_keeps_bits),
      numbers_test(threads_do_not_meet),
      numbers_test(backends_by_name),
      numbers_test(timing_and_choice),
  };
  return levels_run_group_tests(tests);
}
