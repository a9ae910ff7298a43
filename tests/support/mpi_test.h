/* Test programs that need MPI, on one rank. */
#ifndef LORE_TESTS_MPI_TEST_H
#define LORE_TESTS_MPI_TEST_H

#include <mpi.h>
#include <stdbool.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "numbers.h"

/* What MPI's plugins keep cannot be told from leaks of ours once they are unloaded. */
static inline void mpi_test_leak_check(bool on) {
#ifdef __SANITIZE_ADDRESS__
  (on ? __lsan_enable : __lsan_disable)();
#endif
  (void)on;
}

static inline void mpi_test_begin(int *argc, char ***argv) {
  mpi_test_leak_check(false);
  MPI_Init(argc, argv);
  mpi_test_leak_check(true);
}

static inline void mpi_test_end(void) {
  mpi_test_leak_check(false);
  MPI_Finalize();
}

#endif
