/* Matrices of doubles, block-cyclic over a grid of ranks. */
#ifndef LORE_LINALG_MATRIX_H
#define LORE_LINALG_MATRIX_H

#include "lore/base/arena.h"
#include "lore/linalg/grid.h"

typedef struct {
  const lore_grid *grid;
  int rows, columns;
  int local_rows, local_columns; /* here; 0 on idle ranks and where the matrix is too small */
  int stride;                    /* from one local column to the next, at least 1 */
  double *element;               /* column-major: (i, j) at element[j * stride + i]; owned */
  int descriptor[9];             /* for ScaLAPACK */
  lore_arena memory;
} lore_matrix;

/* Gives `count` rows from `first` on: row[m] is count x columns of matrix m, row-major. A status
 * other than LORE_OK ends the fill on all ranks. Called on one rank for each block of rows, so it
 * must not communicate. */
typedef lore_status lore_rows_function(void *context, int first, int count, double *const row[]);

/* Bytes that the fullest rank holds of a rows x columns matrix; SIZE_MAX if ScaLAPACK could not
 * count its elements. */
size_t lore_matrix_bytes(lore_grid_shape shape, int block, int rows, int columns);

/* Zeros; rows and columns at least 1. LORE_MEMORY before anything is allocated. All ranks. */
lore_status lore_matrix_create(const lore_grid *grid, int rows, int columns, lore_matrix *matrix);

/* Each rank by itself. A matrix that was not created (zeroed) is left as it is. */
void lore_matrix_destroy(lore_matrix *matrix);

/* Fills `matrices` matrices of one height together, each block of rows computed once, by blocks in
 * turn on all ranks of the team (idle ones too), and sent where they belong: beside the matrices a
 * rank holds a few blocks of rows. LORE_NUMERICS for a number that is not finite. All ranks. */
lore_status lore_matrix_fill(int matrices, lore_matrix *const matrix[], lore_rows_function *rows,
                             void *context);

/* Bytes that lore_matrix_fill needs on each rank for matrices of columns[matrices] columns. */
size_t lore_matrix_fill_bytes(int ranks, int block, int matrices, const int *columns);

/* mean[columns] of every column, the same on all ranks. All ranks. LORE_MPI. */
lore_status lore_matrix_means(const lore_matrix *matrix, double *mean);

/* Adds factor * row[columns] to every row. */
void lore_matrix_add_row(lore_matrix *matrix, double factor, const double *row);

/* Subtracts the column means, which go to mean[columns]. All ranks. LORE_MPI. */
lore_status lore_matrix_centre(lore_matrix *matrix, double *mean);

/* Products of whole matrices; idle ranks do nothing. c = factor * x'x, lower triangle. */
void lore_matrix_gram(double factor, const lore_matrix *x, lore_matrix *c);

/* c = a' b. */
void lore_matrix_cross(const lore_matrix *a, const lore_matrix *b, lore_matrix *c);

/* c = a b. */
void lore_matrix_product(const lore_matrix *a, const lore_matrix *b, lore_matrix *c);

/* The diagonal element in local column `j`; NULL if it lies on another rank or there is none. */
double *lore_matrix_diagonal(const lore_matrix *matrix, int j);

/* *ratio: smallest / largest absolute value of the diagonal (of a triangular factor: near 1 /
 * condition); 0 if all are 0. All ranks. LORE_MPI. */
lore_status lore_matrix_diagonal_ratio(const lore_matrix *matrix, double *ratio);

#endif
