/* Error codes and the message that explains the last error (doc/architecture.md, "Errors").
 *
 * Three tiers: a bug is an assertion; a failing environment (file, NetCDF, MPI, memory) is a status
 * with a context message that all ranks agree on before anyone leaves; a user's mistake is
 * LORE_USER. */
#ifndef LORE_BASE_STATUS_H
#define LORE_BASE_STATUS_H

#include <stdbool.h>

/* X(name, exit code of the command, text) */
#define LORE_STATUS_LIST(X)                                                                        \
  X(LORE_OK, 0, "done")                                                                            \
  X(LORE_USER, 2, "wrong input")                                                                   \
  X(LORE_FILE, 1, "file error")                                                                    \
  X(LORE_NETCDF, 1, "NetCDF error")                                                                \
  X(LORE_MPI, 1, "MPI error")                                                                      \
  X(LORE_MEMORY, 1, "out of memory")                                                               \
  X(LORE_NUMERICS, 1, "numerical failure")                                                         \
  X(LORE_DIVERGED, 3, "training diverged")                                                         \
  X(LORE_ASIDE, 3, "set aside")                                                                    \
  X(LORE_RUNS_FAILED, 3, "some runs failed")                                                       \
  X(LORE_ATTENTION, 4, "something needs attention")                                                \
  X(LORE_STOPPED, 75, "stopped before the end")

typedef enum {
#define X(name, code, text) name,
  LORE_STATUS_LIST(X)
#undef X
} lore_status;

/* Records a printf-style message as the explanation of `status` and returns `status`.
 * A message that is already recorded is replaced. Not for use inside a parallel region. */
lore_status lore_fail(lore_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the recorded message (context added on the way up); returns `status`. */
lore_status lore_fail_context(lore_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The recorded message, "" if none. Owned by the library, valid until the next lore_fail. */
const char *lore_fail_message(void);

/* The exit code that the list above gives to `status`. */
int lore_status_exit_code(lore_status status);

/* The short English text of `status`. */
const char *lore_status_text(lore_status status);

/* Whether another try may succeed, as a full quota, an error of a file system and too many that
 * want memory may pass. */
bool lore_status_may_pass(lore_status status);

/* Leaves the calling function with the status of `call` unless it is LORE_OK. */
#define LORE_TRY(call)                                                                             \
  do {                                                                                             \
    lore_status lore_try_status_ = (call);                                                         \
    if (lore_try_status_ != LORE_OK)                                                               \
      return lore_try_status_;                                                                     \
  } while (0)

#endif
