/* Eigenvalues and singular values of distributed matrices on ScaLAPACK.
 *
 * All calls are for all ranks of the grid's team. Memory is predicted before it is allocated
 * (LORE_MEMORY tells how many ranks would do); what ScaLAPACK reports is LORE_NUMERICS on all
 * ranks; LORE_MPI. Vectors of results are the same on all ranks. Matrices of one call share one
 * grid. */
#ifndef LORE_LINALG_SPECTRA_H
#define LORE_LINALG_SPECTRA_H

#include "lore/linalg/matrix.h"

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

#endif
