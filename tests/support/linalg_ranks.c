/* Probes and spectra on the ranks that mpirun started, against LAPACK on each rank:
 *
 *   linalg_ranks BLOCK [SHAPES]    all checks with blocks of BLOCK, on random shapes
 *   linalg_ranks memory            prints the bytes that a large matrix takes on the fullest rank
 *
 * Silent if all is well. */
#include <mpi.h>
#include <unistd.h>

#include "distributed.h"

/* LAPACK, independent of ScaLAPACK's algorithms over ranks. */
void dposv_(const char *triangle, const int *n, const int *targets, double *a, const int *lda,
            double *b, const int *ldb, int *info, size_t);
void dsyevd_(const char *vectors, const char *triangle, const int *n, double *a, const int *lda,
             double *w, double *work, const int *lwork, int *iwork, const int *liwork, int *info,
             size_t, size_t);
void dgesvd_(const char *vectors_u, const char *vectors_v, const int *m, const int *n, double *a,
             const int *lda, double *s, double *u, const int *ldu, double *vt, const int *ldvt,
             double *work, const int *lwork, int *info, size_t, size_t);
void dgels_(const char *transpose, const int *m, const int *n, const int *targets, double *a,
            const int *lda, double *b, const int *ldb, double *work, const int *lwork, int *info,
            size_t);

static const double limit = 1e-10;

typedef struct {
  int rows, columns, targets, seed;
} shape;

static int greater(int a, int b) {
  return a > b ? a : b;
}

static int lesser(int a, int b) {
  return a < b ? a : b;
}

/* --- Filling --- */

static lore_status two_rows(void *context, int first, int count, double *const row[]) {
  const shape *s = context;
  for (int i = 0; i < count; i++) {
    for (int j = 0; j < s->columns; j++)
      row[0][i * s->columns + j] = 1000 * (first + i) + j;
    for (int j = 0; j < s->targets; j++)
      row[1][i * s->targets + j] = -1000 * (first + i) - j;
  }
  return LORE_OK;
}

static void check_fill(const lore_grid *grid, shape s) {
  lore_matrix a, b, *both[] = {&a, &b};
  require_ok(lore_matrix_create(grid, s.rows, s.columns, &a));
  require_ok(lore_matrix_create(grid, s.rows, s.targets, &b));
  require_ok(lore_matrix_fill(2, both, two_rows, &s));
  double *x = gather(&a), *y = gather(&b);
  for (int i = 0; i < s.rows; i++) {
    for (int j = 0; j < s.columns; j++)
      require(x[i * s.columns + j] == 1000 * i + j, "element %d %d", i, j);
    for (int j = 0; j < s.targets; j++)
      require(y[i * s.targets + j] == -1000 * i - j, "element %d %d", i, j);
  }
  free(x), free(y);
  lore_matrix_destroy(&a);
  lore_matrix_destroy(&b);
}

/* --- Ridge regression --- */

/* Subtracts the column means; returns them. */
static double *centre(int rows, int columns, double *x) {
  double *mean = whole_create(1, columns);
  for (int i = 0; i < rows * columns; i++)
    mean[i % columns] += x[i] / rows;
  for (int i = 0; i < rows * columns; i++)
    x[i] -= mean[i % columns];
  return mean;
}

/* z = x' y, all row-major. */
static double *cross(int rows, int a, const double *x, int b, const double *y) {
  double *z = whole_create(a, b);
  for (int k = 0; k < rows; k++)
    for (int i = 0; i < a; i++)
      for (int j = 0; j < b; j++)
        z[i * b + j] += x[k * a + i] * y[k * b + j];
  return z;
}

/* Predictions for x by LAPACK's Cholesky solution, with the penalty relative to the diagonal. */
static double *ridge_by_lapack(shape s, const double *x, const double *y, double strength) {
  int d = s.columns, c = s.targets, info;
  double *xc = whole_create(s.rows, d), *yc = whole_create(s.rows, c), scale = 0;
  memcpy(xc, x, sizeof *x * (size_t)(s.rows * d));
  memcpy(yc, y, sizeof *y * (size_t)(s.rows * c));
  double *x_mean = centre(s.rows, d, xc), *y_mean = centre(s.rows, c, yc);
  double *gram = cross(s.rows, d, xc, d, xc), *right = cross(s.rows, d, xc, c, yc);
  double *w = whole_transpose(d, c, right), *out = whole_create(s.rows, c);
  for (int i = 0; i < d; i++)
    scale += gram[i * d + i] / d;
  for (int i = 0; i < d; i++)
    gram[i * d + i] += strength * (scale > 0 ? scale : 1);
  dposv_("L", &d, &c, gram, &d, w, &d, &info, 1);
  require(info == 0, "dposv %d", info);
  for (int k = 0; k < s.rows; k++)
    for (int j = 0; j < c; j++) {
      out[k * c + j] = y_mean[j];
      for (int i = 0; i < d; i++)
        out[k * c + j] += (x[k * d + i] - x_mean[i]) * w[j * d + i];
    }
  free(xc), free(yc), free(x_mean), free(y_mean), free(gram), free(right), free(w);
  return out;
}

static void check_ridge(const lore_grid *grid, shape s) {
  static const double strength[] = {1e-3, 1, 30};
  double *x = whole_noise(s.seed, s.rows, s.columns),
         *y = whole_noise(s.seed + 1, s.rows, s.targets);
  for (int i = 0; i < s.rows * s.columns; i++)
    x[i] += i % s.columns; /* means that matter */
  lore_matrix a, b, raw, out;
  lore_ridge ridge;
  scatter(grid, s.rows, s.columns, x, &a);
  scatter(grid, s.rows, s.columns, x, &raw);
  scatter(grid, s.rows, s.targets, y, &b);
  require_ok(lore_matrix_create(grid, s.rows, s.targets, &out));
  require_ok(lore_ridge_create(&a, &b, &ridge));
  for (int k = 0; k < 3; k++) {
    require_ok(lore_ridge_solve(&ridge, strength[k]));
    lore_ridge_predict(&ridge, &raw, &out);
    double *got = gather(&out), *want = ridge_by_lapack(s, x, y, strength[k]);
    require_close("predictions", s.rows * s.targets, got, want, limit);
    free(got), free(want);
  }
  lore_ridge_destroy(&ridge);
  lore_matrix_destroy(&a), lore_matrix_destroy(&b);
  lore_matrix_destroy(&raw), lore_matrix_destroy(&out);
  free(x), free(y);
}

/* y = x w + b exactly: w and b come back. */
static void check_planted_map(const lore_grid *grid) {
  enum { ROWS = 90, IN = 13, OUT = 7 };
  double *x = whole_noise(5, ROWS, IN), *w = whole_noise(6, IN, OUT), *y = whole_create(ROWS, OUT);
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < OUT; j++) {
      y[i * OUT + j] = j - 3;
      for (int k = 0; k < IN; k++)
        y[i * OUT + j] += x[i * IN + k] * w[k * OUT + j];
    }
  lore_matrix a, b;
  lore_ridge ridge;
  scatter(grid, ROWS, IN, x, &a);
  scatter(grid, ROWS, OUT, y, &b);
  require_ok(lore_ridge_create(&a, &b, &ridge));
  require_ok(lore_ridge_solve(&ridge, 0));
  double *got = gather(&ridge.weights), intercept[OUT];
  for (int j = 0; j < OUT; j++)
    intercept[j] = j - 3;
  require_close("planted weights", IN * OUT, got, w, limit);
  require_close("planted intercept", OUT, ridge.intercept, intercept, limit);
  lore_ridge_destroy(&ridge);
  lore_matrix_destroy(&a), lore_matrix_destroy(&b);
  free(x), free(w), free(y), free(got);
}

enum { CODED = 600, WIDTH = 24, FIRST = 10, SECOND = 6, CODES = FIRST + SECOND };

/* Rows of which a linear code tells two labels (or nothing: only noise), and the labels. */
static void coded_rows(int seed, bool coded, const double *code, double *x, double *y) {
  lore_random stream = lore_random_stream((uint64_t)seed, LORE_RANDOM_TEST, 1, 0);
  for (int i = 0; i < CODED; i++) {
    int label[] = {(int)lore_random_below(&stream, FIRST),
                   FIRST + (int)lore_random_below(&stream, SECOND)};
    for (int k = 0; k < WIDTH; k++) {
      double noise = lore_random_normal(&stream);
      x[i * WIDTH + k] =
          coded ? code[label[0] * WIDTH + k] + code[label[1] * WIDTH + k] + 7 : noise;
    }
    for (int j = 0; j < CODES; j++)
      y[i * CODES + j] = j == label[0] || j == label[1];
  }
}

static void check_codes(const lore_grid *grid, bool coded) {
  static const double strength[] = {1e-8, 1e-2, 1e3};
  static const lore_classes group[] = {{0, FIRST}, {FIRST, SECOND}};
  double *code = whole_noise(17, CODES, WIDTH), *x[2], *y[2];
  lore_matrix a[2], b[2], out;
  lore_ridge ridge;
  lore_class_score score[3][2];
  for (int k = 0; k < 2; k++) { /* 0 learns, 1 validates */
    x[k] = whole_create(CODED, WIDTH), y[k] = whole_create(CODED, CODES);
    coded_rows(20 + k, coded, code, x[k], y[k]);
    scatter(grid, CODED, WIDTH, x[k], &a[k]);
    scatter(grid, CODED, CODES, y[k], &b[k]);
  }
  require_ok(lore_matrix_create(grid, CODED, CODES, &out));
  require_ok(lore_ridge_create(&a[0], &b[0], &ridge));
  require_ok(lore_ridge_path(&ridge, &a[1], &b[1], 3, strength, 2, group, &out, *score));
  for (int g = 0; g < 2; g++) {
    double chance = 1.0 / group[g].count, deviation = sqrt(chance * (1 - chance) / CODED);
    if (coded)
      require(score[0][g].accuracy == 1 && score[0][g].squared_error < 1e-6, "group %d: %g %g", g,
              score[0][g].accuracy, score[0][g].squared_error);
    for (int k = 0; k < 3 && !coded; k++)
      require(fabs(score[k][g].accuracy - chance) < 4 * deviation, "group %d: %g, chance is %g", g,
              score[k][g].accuracy, chance);
    /* All weight on the means: the variance of a uniform label remains. */
    require(fabs(score[2][g].squared_error - (1 - chance)) < 0.1, "group %d: %g", g,
            score[2][g].squared_error);
  }
  lore_ridge_destroy(&ridge);
  lore_matrix_destroy(&out);
  for (int k = 0; k < 2; k++) {
    lore_matrix_destroy(&a[k]), lore_matrix_destroy(&b[k]);
    free(x[k]), free(y[k]);
  }
  free(code);
}

/* Scores by hand, with a tie: the first column wins. */
static void check_compare(const lore_grid *grid) {
  static const double predicted[] = {9, 1, 5, 5, 9, 2, 1, 3, 9, 0, 0, 4, 9, 7, 8, 1};
  static const double truth[] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1};
  lore_matrix a, b;
  lore_class_score score;
  scatter(grid, 4, 4, predicted, &a);
  scatter(grid, 4, 4, truth, &b);
  require_ok(lore_class_compare(&a, &b, (lore_classes){1, 3}, &score));
  require(score.accuracy == 0.5, "accuracy %g", score.accuracy);
  double error = (1 + 16 + 25 + 1 + 1 + 9 + 9 + 49 + 64) / 4.0;
  require(fabs(score.squared_error - error) < 1e-12, "error %g", score.squared_error);
  lore_matrix_destroy(&a), lore_matrix_destroy(&b);
}

/* --- Spectra --- */

static void check_eigenvalues(const lore_grid *grid, shape s) {
  int n = s.columns, lwork = 1 + 6 * n + 2 * n * n, liwork = 3 + 5 * n, info;
  double *x = whole_noise(s.seed, s.rows, n), *got = whole_create(1, n), *want = whole_create(1, n);
  double *work = whole_create(1, lwork);
  int *iwork = calloc((size_t)liwork, sizeof *iwork);
  lore_matrix a;
  scatter(grid, s.rows, n, x, &a);
  require_ok(lore_covariance_eigenvalues(&a, got));
  free(centre(s.rows, n, x));
  double *covariance = cross(s.rows, n, x, n, x);
  for (int i = 0; i < n * n; i++)
    covariance[i] /= s.rows;
  dsyevd_("N", "L", &n, covariance, &n, want, work, &lwork, iwork, &liwork, &info, 1, 1);
  require(info == 0, "dsyevd %d", info);
  for (int i = 0; i < n / 2; i++) {
    double swap = want[i];
    want[i] = want[n - 1 - i], want[n - 1 - i] = swap;
  }
  if (s.rows > 1)
    require_close("eigenvalues", n, got, want, limit);
  lore_matrix_destroy(&a);
  free(x), free(got), free(want), free(work), free(iwork), free(covariance);
}

static void check_singular_values(const lore_grid *grid, shape s) {
  int m = s.columns, n = s.rows, count = lesser(m, n), lwork = 10 * greater(m, n) + 100, info,
      one = 1;
  double *x = whole_noise(s.seed, s.rows, s.columns), *work = whole_create(1, lwork);
  double *got = whole_create(1, count), *want = whole_create(1, count);
  lore_matrix a;
  scatter(grid, s.rows, s.columns, x, &a);
  require_ok(lore_singular_values(&a, got));
  dgesvd_("N", "N", &m, &n, x, &m, want, NULL, &one, NULL, &one, work, &lwork, &info, 1, 1);
  require(info == 0, "dgesvd %d", info);
  require_close("singular values", count, got, want, limit);
  lore_matrix_destroy(&a);
  free(x), free(got), free(want), free(work);
}

/* --- Least squares --- */

static void check_least_squares(const lore_grid *grid, shape s) {
  int m = s.rows, n = s.columns, c = s.targets, longer = greater(m, n), info;
  int lwork = 100 * (m + n + c);
  double *x = whole_noise(s.seed, m, n), *y = whole_noise(s.seed + 1, longer, c);
  double *residual = whole_create(1, c), *left = whole_create(1, c), *work = whole_create(1, lwork);
  memset(y + m * c, 0, sizeof *y * (size_t)((longer - m) * c));
  lore_matrix a, b, solution;
  scatter(grid, m, n, x, &a);
  scatter(grid, longer, c, y, &b);
  require_ok(lore_matrix_create(grid, n, c, &solution));
  require_ok(lore_least_squares(&a, &b, &solution, residual));
  double *xt = whole_transpose(m, n, x), *yt = whole_transpose(longer, c, y);
  dgels_("N", &m, &n, &c, xt, &m, yt, &longer, work, &lwork, &info, 1);
  require(info == 0, "dgels %d", info);
  double *got = gather(&solution), *want = whole_transpose(c, longer, yt);
  require_close("solution", n * c, got, want, limit);
  for (int i = n * c; i < longer * c; i++)
    left[i % c] += want[i] * want[i];
  require_close("residual", c, residual, left, limit);
  lore_matrix_destroy(&a), lore_matrix_destroy(&b), lore_matrix_destroy(&solution);
  free(x), free(y), free(xt), free(yt), free(residual), free(left), free(work), free(got),
      free(want);
}

/* --- Neighbours --- */

static void check_nearest(const lore_grid *grid, shape s, bool itself) {
  double *x = whole_noise(s.seed, s.rows, s.columns),
         *y = itself ? x : whole_noise(s.seed + 1, s.targets, s.columns);
  int others = itself ? s.rows : s.targets;
  double *distance = whole_create(1, s.rows);
  int *nearest = calloc((size_t)s.rows, sizeof *nearest);
  if (s.rows > 4) /* two rows alike, and two that nearly are, far from 0 */
    for (int k = 0; k < s.columns; k++) {
      x[2 * s.columns + k] = x[k];
      x[3 * s.columns + k] = x[s.columns + k] + 1e-6;
    }
  for (int i = 0; i < s.rows * s.columns; i++)
    x[i] += 50;
  for (int i = 0; i < others * s.columns && !itself; i++)
    y[i] += 50;
  lore_matrix query, reference;
  scatter(grid, s.rows, s.columns, x, &query);
  scatter(grid, others, s.columns, y, &reference);
  require_ok(lore_nearest_rows(&query, itself ? &query : &reference, distance, nearest));
  for (int i = 0; i < s.rows; i++) {
    double best = INFINITY;
    for (int j = 0; j < others; j++) {
      double square = 0;
      for (int k = 0; k < s.columns; k++)
        square += pow(x[i * s.columns + k] - y[j * s.columns + k], 2);
      if (square < best && !(itself && i == j))
        best = square;
    }
    if (isinf(best))
      require(nearest[i] == -1 && isinf(distance[i]), "row %d has a neighbour", i);
    else /* 1e-14 of 50: what centring rounds */
      require(fabs(distance[i] - sqrt(best)) <= limit * sqrt(best) + 1e-13 * s.columns,
              "row %d: %.17g, not %.17g", i, distance[i], sqrt(best));
  }
  if (itself && s.rows > 4)
    require(distance[0] == 0 && nearest[2] == 0, "twins are %g apart", distance[0]);
  lore_matrix_destroy(&query), lore_matrix_destroy(&reference);
  if (!itself)
    free(y);
  free(x), free(distance), free(nearest);
}

/* --- Errors --- */

static void require_failure(lore_status got, lore_status want, const char *part) {
  require(got == want, "status %d (%s)", got, lore_fail_message());
  require(strstr(lore_fail_message(), part), "message: %s", lore_fail_message());
}

static lore_status refuse_rows(void *context, int first, int count, double *const row[]) {
  const shape *s = context;
  (void)row;
  return first + count == s->rows ? lore_fail(LORE_FILE, "no row %d", s->rows - 1) : LORE_OK;
}

static size_t pebibyte(const void *problem, lore_grid_shape shape, int block) {
  (void)problem, (void)block;
  return ((size_t)1 << 50) / (size_t)(shape.rows * shape.columns);
}

static void check_errors(const lore_grid *grid) {
  shape s = {41, 5, 1, 0};
  lore_matrix a, *p = &a, b;
  lore_ridge ridge;
  require_failure(lore_matrix_create(grid, 2000000, 2000000, &a), LORE_MEMORY,
                  "a matrix of 2000000 x 2000000 needs more than 2^31");
  require_failure(lore_grid_afford(grid, "a test", pebibyte, NULL), LORE_MEMORY,
                  "ranks with as much memory each would do");
  require(strstr(lore_fail_message(), "a test needs "), "message: %s", lore_fail_message());
  require_ok(lore_matrix_create(grid, s.rows, s.columns, &a));
  require_failure(lore_matrix_fill(1, &p, refuse_rows, &s), LORE_FILE, "no row 40");
  double *x = whole_noise(3, s.rows, s.columns);
  whole w = {s.columns, x};
  x[37 * s.columns + 2] = NAN;
  require_failure(lore_matrix_fill(1, &p, whole_rows, &w), LORE_NUMERICS, "row 37, column 2");
  lore_matrix_destroy(&a);
  for (int i = 0; i < s.rows; i++) /* column 3 is column 1: no full rank */
    for (int j = 0; j < s.columns; j++)
      x[i * s.columns + j] = j == 3 || j == 1 ? i % 7 : i * (j + 1) % 11;
  scatter(grid, s.rows, s.columns, x, &a);
  scatter(grid, s.rows, 1, x, &b);
  require_ok(lore_ridge_create(&a, &b, &ridge));
  require_failure(lore_ridge_solve(&ridge, 0), LORE_NUMERICS, "use a larger ridge strength");
  require_ok(lore_ridge_solve(&ridge, 1e-6));
  require_ok(lore_matrix_create(grid, s.columns, 1, p = &ridge.cross));
  double residual;
  require_failure(lore_least_squares(&a, &b, p, &residual), LORE_NUMERICS, "not full rank");
  lore_ridge_destroy(&ridge);
  lore_matrix_destroy(&a), lore_matrix_destroy(&b);
  free(x);
}

/* --- Memory --- */

static double resident(void) {
  long total = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  require(file && fscanf(file, "%ld %ld", &total, &pages) == 2, "no /proc/self/statm");
  fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void print_memory(const lore_grid *grid) {
  shape s = {4096, 2560, 1, 0};
  lore_matrix a, b, *both[] = {&a, &b};
  double before = resident();
  require_ok(lore_matrix_create(grid, s.rows, s.columns, &a));
  require_ok(lore_matrix_create(grid, s.rows, s.targets, &b));
  require_ok(lore_matrix_fill(2, both, two_rows, &s));
  double bytes = resident() - before,
         predicted = (double)lore_matrix_bytes(grid->shape, grid->block, s.rows, s.columns);
  MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_MAX, grid->team.comm);
  if (grid->team.rank == 0)
    printf("%.0f %.0f\n", bytes, predicted);
  lore_matrix_destroy(&a), lore_matrix_destroy(&b);
}

static void check_shape(const lore_grid *grid, shape s) {
  check_fill(grid, s);
  check_ridge(grid, s);
  check_eigenvalues(grid, s);
  check_singular_values(grid, s);
  check_least_squares(grid, s);
  check_nearest(grid, s, true);
  check_nearest(grid, s, false);
}

static void check_all(const lore_grid *grid, int shapes) {
  static const shape edge[] = {{1, 1, 1, 1}, {2, 1, 3, 2}, {1, 3, 2, 3}, {3, 2, 1, 4}};
  lore_random stream = lore_random_stream(11, LORE_RANDOM_TEST, 2, 0);
  for (size_t i = 0; i < sizeof edge / sizeof *edge; i++)
    check_shape(grid, edge[i]);
  for (int i = 0; i < shapes; i++)
    check_shape(grid, (shape){1 + (int)lore_random_below(&stream, 90),
                              1 + (int)lore_random_below(&stream, 40),
                              1 + (int)lore_random_below(&stream, 30), 100 + i});
  if (grid->block >= 16) /* several whole blocks, not one message for every element */
    check_shape(grid, (shape){300, 150, 90, 5});
  check_planted_map(grid);
  check_codes(grid, true);
  check_codes(grid, false);
  check_compare(grid);
  check_errors(grid);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  require(argc >= 2, "usage: linalg_ranks BLOCK [SHAPES] | memory");
  lore_grid grid;
  bool memory = !strcmp(argv[1], "memory");
  require_ok(lore_grid_create(lore_team_of(MPI_COMM_WORLD),
                              memory ? LORE_GRID_BLOCK : atoi(argv[1]), &grid));
  if (memory)
    print_memory(&grid);
  else
    check_all(&grid, argc > 2 ? atoi(argv[2]) : 0);
  lore_grid_destroy(&grid);
  MPI_Finalize();
  return 0;
}
