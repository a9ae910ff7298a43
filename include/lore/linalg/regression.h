/* Ridge regression, scores of classes and least squares on ScaLAPACK.
 *
 * All calls are for all ranks of the grid's team. Memory is predicted before it is allocated
 * (LORE_MEMORY tells how many ranks would do); what ScaLAPACK reports is LORE_NUMERICS on all
 * ranks; LORE_MPI. Vectors of results are the same on all ranks. Matrices of one call share one
 * grid. */
#ifndef LORE_LINALG_REGRESSION_H
#define LORE_LINALG_REGRESSION_H

#include "lore/linalg/matrix.h"

/* Ridge regression: minimises |X W + 1 b' - Y|^2 + penalty |W|^2, the intercept b free. */
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

/* out (rows x outputs) = x W + intercept; x as it was before any means were subtracted. Without
 * communication but that of PBLAS. */
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

/* solution (columns of a x columns of b): minimises |a solution - b|, or with fewer rows than
 * columns the shortest exact solution. b has max(rows, columns of a) rows, of which the first
 * `rows of a` are the targets. residual[columns of b]: the squared length of each column of what is
 * left. Destroys a and b. LORE_NUMERICS if a has not full rank. */
lore_status lore_least_squares(lore_matrix *a, lore_matrix *b, lore_matrix *solution,
                               double *residual);

size_t lore_least_squares_bytes(lore_grid_shape shape, int block, int rows, int columns,
                                int targets);

#endif
