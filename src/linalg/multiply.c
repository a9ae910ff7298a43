/* Products by PBLAS. */
#include "multiply.h"

#include "scalapack.h"

static const int one = 1;
static const double zero = 0, unit = 1;

void lore_matrix_gram(double factor, const lore_matrix *x, lore_matrix *c) {
  if (x->grid->row >= 0)
    pdsyrk_("L", "T", &x->columns, &x->rows, &factor, x->element, &one, &one, x->descriptor, &zero,
            c->element, &one, &one, c->descriptor);
}

static void multiply(const char *transpose, int inner, const lore_matrix *a, const lore_matrix *b,
                     lore_matrix *c) {
  if (a->grid->row >= 0)
    pdgemm_(transpose, "N", &c->rows, &c->columns, &inner, &unit, a->element, &one, &one,
            a->descriptor, b->element, &one, &one, b->descriptor, &zero, c->element, &one, &one,
            c->descriptor);
}

void lore_matrix_cross(const lore_matrix *a, const lore_matrix *b, lore_matrix *c) {
  multiply("T", a->rows, a, b, c);
}

void lore_matrix_product(const lore_matrix *a, const lore_matrix *b, lore_matrix *c) {
  multiply("N", a->columns, a, b, c);
}

void lore_matrix_centre(lore_matrix *matrix, double *mean) {
  lore_matrix_means(matrix, mean);
  lore_matrix_add_row(matrix, -1, mean);
}
