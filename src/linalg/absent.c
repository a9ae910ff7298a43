/* Stands in for ScaLAPACK in a build without it: lore_grid_create refuses before any of these. */
#include "config.h"

#include <stdlib.h>

#define ABSENT(name)                                                                               \
  void name(void);                                                                                 \
  void name(void) {                                                                                \
    abort();                                                                                       \
  }

ABSENT(Csys2blacs_handle)
ABSENT(Cfree_blacs_system_handle)
ABSENT(Cblacs_gridmap)
ABSENT(Cblacs_gridexit)
ABSENT(pdsyrk_)
ABSENT(pdgemm_)
ABSENT(pdpotrf_)
ABSENT(pdpotrs_)
ABSENT(pdsyevd_)
ABSENT(pdgesvd_)
ABSENT(pdgels_)
#ifndef HAVE_CBLAS /* a library with CBLAS has it */
ABSENT(dgemm_)
#endif
