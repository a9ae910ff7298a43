/* Products of whole distributed matrices. Idle ranks do nothing. */
#ifndef LORE_LINALG_MULTIPLY_H
#define LORE_LINALG_MULTIPLY_H

#include "lore/linalg/matrix.h"

/* c = factor * x'x, lower triangle. */
void lore_matrix_gram(double factor, const lore_matrix *x, lore_matrix *c);

/* c = a' b. */
void lore_matrix_cross(const lore_matrix *a, const lore_matrix *b, lore_matrix *c);

/* c = a b. */
void lore_matrix_product(const lore_matrix *a, const lore_matrix *b, lore_matrix *c);

/* Subtracts the column means, which go to mean[columns]. All ranks. */
void lore_matrix_centre(lore_matrix *matrix, double *mean);

#endif
