/* What LORE calls of BLACS, PBLAS, ScaLAPACK and the BLAS below them. Indices into matrices count
 * from 1. Integers are 32 bits wide (LP64). The size_t at the end of Fortran routines are the
 * lengths of the strings. */
#ifndef LORE_LINALG_SCALAPACK_H
#define LORE_LINALG_SCALAPACK_H

#include <mpi.h>
#include <stddef.h>

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridmap(int *context, int *map, int stride, int rows, int columns);
void Cblacs_gridexit(int context);

void dgemm_(const char *transpose_a, const char *transpose_b, const int *m, const int *n,
            const int *k, const double *alpha, const double *a, const int *stride_a,
            const double *b, const int *stride_b, const double *beta, double *c,
            const int *stride_c, size_t, size_t);
void pdsyrk_(const char *triangle, const char *transpose, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja, const int *desca,
             const double *beta, double *c, const int *ic, const int *jc, const int *descc);
void pdgemm_(const char *transpose_a, const char *transpose_b, const int *m, const int *n,
             const int *k, const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desca, const double *b, const int *ib, const int *jb, const int *descb,
             const double *beta, double *c, const int *ic, const int *jc, const int *descc);

void pdpotrf_(const char *triangle, const int *n, double *a, const int *ia, const int *ja,
              const int *desca, int *info, size_t);
void pdpotrs_(const char *triangle, const int *n, const int *targets, const double *a,
              const int *ia, const int *ja, const int *desca, double *b, const int *ib,
              const int *jb, const int *descb, int *info, size_t);
void pdsyevd_(const char *vectors, const char *triangle, const int *n, double *a, const int *ia,
              const int *ja, const int *desca, double *w, double *z, const int *iz, const int *jz,
              const int *descz, double *work, const int *lwork, int *iwork, const int *liwork,
              int *info, size_t, size_t);
void pdgesvd_(const char *vectors_u, const char *vectors_v, const int *m, const int *n, double *a,
              const int *ia, const int *ja, const int *desca, double *s, double *u, const int *iu,
              const int *ju, const int *descu, double *vt, const int *ivt, const int *jvt,
              const int *descvt, double *work, const int *lwork, int *info, size_t, size_t);
void pdgels_(const char *transpose, const int *m, const int *n, const int *targets, double *a,
             const int *ia, const int *ja, const int *desca, double *b, const int *ib,
             const int *jb, const int *descb, double *work, const int *lwork, int *info, size_t);

#endif
