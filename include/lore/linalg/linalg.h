/* Probes and spectra: dense linear algebra on ScaLAPACK, for matrices that no rank could hold.
 *
 * All calls are for all ranks of the grid's team. Memory is predicted before it is asked for
 * (LORE_MEMORY tells how many ranks would do); what ScaLAPACK reports is LORE_NUMERICS on all
 * ranks. Vectors of results are the same on all ranks. Matrices of one call share one grid. */
#ifndef LORE_LINALG_LINALG_H
#define LORE_LINALG_LINALG_H

#include "lore/linalg/matrix.h"

/* --- Ridge regression: minimises |X W + 1 b' - Y|^2 + penalty |W|^2, the intercept b free. --- */

typedef struct {
  lore_matrix gram;    /* X'X of centred X, lower triangle; inputs x inputs */
  lore_matrix factor;  /* its Cholesky factor with the penalty */
  lore_matrix cross;   /* X'Y, centred; inputs x outputs */
  lore_matrix weights; /* of the last lore_ridge_solve; inputs x outputs */
  double *input_mean;  /* inputs */
  double *output_mean; /* outputs */
  double *intercept;   /* outputs; of the last lore_ridge_solve */
  double scale;        /* mean diagonal element of gram (1 if X is constant) */
  lore_arena memory;
} lore_ridge;

/* Columns [first, first + count) of a matrix of one-hot codes. */
typedef struct {
  int first, count;
} lore_classes;

typedef struct {
  double accuracy;      /* fraction of rows whose largest score is where the truth's largest is */
  double squared_error; /* mean over rows of the summed squared differences */
} lore_class_score;

/* Forms the normal equations once. Subtracts the column means from x (rows x inputs) and y (rows x
 * outputs) in place. */
lore_status lore_ridge_create(lore_matrix *x, lore_matrix *y, lore_ridge *ridge);
void lore_ridge_destroy(lore_ridge *ridge);

/* Weights and intercept for penalty strength * scale: strengths mean the same for every X.
 * LORE_NUMERICS if the system is singular to working precision (say fewer rows than inputs and no
 * penalty). */
lore_status lore_ridge_solve(lore_ridge *ridge, double strength);

/* out (rows x outputs) = x W + intercept; x as it was before any means were subtracted. */
void lore_ridge_predict(const lore_ridge *ridge, const lore_matrix *x, lore_matrix *out);

/* Solves for each strength, predicts x (rows x inputs) and compares with the one-hot codes y (rows
 * x outputs): score[s * groups + g]. `predicted` is rows x outputs and ends with the last. */
lore_status lore_ridge_path(lore_ridge *ridge, const lore_matrix *x, const lore_matrix *y,
                            int strengths, const double *strength, int groups,
                            const lore_classes *group, lore_matrix *predicted,
                            lore_class_score *score);

/* Scores of `predicted` against `truth`, both rows x columns; among equals the first column. */
lore_status lore_class_compare(const lore_matrix *predicted, const lore_matrix *truth,
                               lore_classes classes, lore_class_score *score);

/* Bytes of a lore_ridge on the fullest rank. */
size_t lore_ridge_bytes(lore_grid_shape shape, int block, int inputs, int outputs);

/* --- Spectra --- */

typedef struct {
  double total;          /* sum of the values */
  double effective_rank; /* exp of the entropy of values / total (Roy and Vetterli 2007) */
  double participation;  /* total^2 / sum of squares */
  double condition;      /* largest / smallest; INFINITY if rank < count */
  int rank;              /* values above largest * count * epsilon */
} lore_spectrum;

/* Of `count` eigenvalues or singular values in any order; what rounding left below 0 counts as 0.
 * All zero: ranks and participation 0, condition INFINITY. */
lore_spectrum lore_spectrum_of(int count, const double *value);

/* value[columns] of the covariance of x's columns, (x - mean)'(x - mean) / rows, largest first.
 * Subtracts the column means from x in place. */
lore_status lore_covariance_eigenvalues(lore_matrix *x, double *value);

/* value[rows] of a symmetric matrix, of which the lower triangle is read, largest first; destroys
 * the matrix. */
lore_status lore_symmetric_eigenvalues(lore_matrix *matrix, double *value);

/* value[min(rows, columns)], largest first; destroys the matrix. */
lore_status lore_singular_values(lore_matrix *matrix, double *value);

/* Bytes beside the matrix itself, on the fullest rank. */
size_t lore_covariance_bytes(lore_grid_shape shape, int block, int columns);
size_t lore_symmetric_bytes(lore_grid_shape shape, int block, int order);
size_t lore_singular_bytes(lore_grid_shape shape, int block, int rows, int columns);

/* --- Least squares --- */

/* solution (columns of a x columns of b): minimises |a solution - b|, or with fewer rows than
 * columns the shortest exact solution. b has max(rows, columns of a) rows, of which the first
 * `rows of a` are the targets. residual[columns of b]: the squared length of each column of what is
 * left. Destroys a and b. LORE_NUMERICS if a has not full rank. */
lore_status lore_least_squares(lore_matrix *a, lore_matrix *b, lore_matrix *solution,
                               double *residual);

size_t lore_least_squares_bytes(lore_grid_shape shape, int block, int rows, int columns,
                                int targets);

/* --- Nearest neighbours --- */

/* For each row of `query` the nearest row of `reference` (of the same columns) and its Euclidean
 * distance; query may be reference, then a row is not its own neighbour. distance[rows of query],
 * nearest[rows of query] (-1 and INFINITY if there is none). Candidates are found by inner
 * products, their distance is computed from differences. Subtracts reference's column means from
 * both in place. */
lore_status lore_nearest_rows(lore_matrix *query, lore_matrix *reference, double *distance,
                              int *nearest);

size_t lore_nearest_bytes(lore_grid_shape shape, int block, int queries, int references,
                          int columns);

#endif
