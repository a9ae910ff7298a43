/* Diagonals of distributed matrices. */
#ifndef LORE_LINALG_DIAGONAL_H
#define LORE_LINALG_DIAGONAL_H

#include "lore/linalg/matrix.h"

/* The diagonal element in local column `j`; NULL if it lies on another rank or there is none. */
double *lore_diagonal_element(const lore_matrix *matrix, int j);

/* Smallest / largest absolute value of the diagonal (of a triangular factor: near 1 / condition);
 * 0 if all are 0. All ranks. */
double lore_diagonal_ratio(const lore_matrix *matrix);

#endif
