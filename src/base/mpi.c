/* Starting and ending MPI, and what its calls return. */
#include "lore/base/mpi.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/log.h"

static bool failed;
static char message[MPI_MAX_ERROR_STRING + 256]; /* of the first failure */

bool lore_mpi_failed(void) {
  return failed;
}

lore_status lore_mpi_check(int code, const char *call, const char *file, int line) {
  char text[MPI_MAX_ERROR_STRING];
  int length;
  if (code == MPI_SUCCESS)
    return LORE_OK;
  failed = true;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS)
    strcpy(text, "unknown MPI error");
  const char *slash = strrchr(file, '/');
  snprintf(message, sizeof message, "%.*s failed: %s (%s:%d)", (int)strcspn(call, "("), call, text,
           slash ? slash + 1 : file, line);
  return lore_fail(LORE_MPI, "%s", message);
}

/* Open MPI 5 does not start without HOME, which jobs may lack (sbatch --export=NONE, cron). */
static void ensure_home(void) {
  if (getenv("HOME"))
    return;
  const struct passwd *user = getpwuid(getuid());
  setenv("HOME", user && user->pw_dir ? user->pw_dir : "/", 1);
}

lore_status lore_mpi_begin(bool *mine) {
  int begun, provided, rank;
  LORE_TRY_MPI(MPI_Initialized(&begun));
  if (mine)
    *mine = !begun;
  if (begun)
    return LORE_OK;
  ensure_home();
  LORE_TRY_MPI(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided));
  /* Communicators made from these inherit the handler; windows have their own. */
  LORE_TRY_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  LORE_TRY_MPI(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
  LORE_TRY_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  lore_log_set_rank(rank);
  return LORE_OK;
}

/* Where the call failed on several ranks at once, the lowest prints the message: it has ended the
 * others before their turn. The launcher does that by SIGTERM, which a command may have handled. */
static void abort_job(void) {
  enum { TURN = 500000 /* microseconds */, LAST = 40, HEAD_START = 4 };
  int rank = 0;
  signal(SIGTERM, SIG_DFL);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank > 0)
    usleep((useconds_t)(TURN * (HEAD_START + (rank < LAST ? rank : LAST))));
  lore_error_rank("%s", message);
  MPI_Abort(MPI_COMM_WORLD, lore_status_exit_code(LORE_MPI));
}

int lore_mpi_end(bool mine, int code) {
  if (failed)
    abort_job();
  if (mine && LORE_MPI_DO(MPI_Finalize()) != LORE_OK)
    abort_job();
  return code;
}
