/* What this build is made of: facts of configure, the compiler and the MPI library. */
#include "config.h"

#include "lore/base/build.h"

#include <string.h>

#include "commit.h"
#include "lore/base/mpi.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

#ifdef NDEBUG
#define ASSERTIONS "no"
#else
#define ASSERTIONS "yes"
#endif

static const struct {
  const char *name, *value;
} facts[] = {
    {"compiler", COMPILER},         {"flags", BUILD_CFLAGS},    {"processor", BUILD_ARCH},
    {"kernels", BUILD_LEVELS},      {"CBLAS", BUILD_BLAS},      {"oneDNN", BUILD_ONEDNN},
    {"ScaLAPACK", BUILD_SCALAPACK}, {"NetCDF", BUILD_NETCDF},   {"libfyaml", BUILD_FYAML},
    {"Chart.js", BUILD_CHARTJS},    {"assertions", ASSERTIONS},
};

const char *lore_build_version(void) {
  return PACKAGE_VERSION;
}

const char *lore_build_commit(void) {
  return LORE_COMMIT;
}

void lore_build_describe(FILE *file) {
  fprintf(file, "lore %s (commit %s)\n", lore_build_version(), lore_build_commit());
  /* "Open MPI v4.1.4, package: ...": what follows the comma names the builder. */
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING] = "unknown";
  int length;
  (void)LORE_MPI_DO(MPI_Get_library_version(mpi, &length));
  mpi[strcspn(mpi, ",\n")] = '\0';
  fprintf(file, "  %-12s%s\n", "MPI", mpi);
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
    fprintf(file, "  %-12s%s\n", facts[i].name, facts[i].value);
}
