/* What the environment says of other processes, before MPI or without it. */
#include "launch.h"

#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/team.h"
#include "options.h"

static int environment_number(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text && *text ? atoi(text) : otherwise;
}

/* Processes of this step as srun counts them; the shell that calls mpirun has no such step. */
static int step_tasks(void) {
  return environment_number("SLURM_STEP_NUM_TASKS", 1);
}

/* This process among those that were started with it. */
static int own_rank(void) {
  static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (getenv(names[i]))
      return environment_number(names[i], 0);
  return step_tasks() > 1 ? environment_number("SLURM_PROCID", 0) : 0;
}

static int count_ranks(void) {
  return environment_number("OMPI_COMM_WORLD_SIZE", environment_number("PMI_SIZE", step_tasks()));
}

#ifdef OPEN_MPI
/* Open MPI 4 can be built with the older protocols, as its components s1 and s2, whose variables
 * can be seen before MPI begins. */
static bool is_older_pmi_known(void) {
  static const char *const names[] = {"pmix_s1_priority", "pmix_s2_priority"};
  int provided, index;
  bool known = false;
  if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided))
    return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    known = known || MPI_T_cvar_get_index(names[i], &index) == MPI_SUCCESS;
  MPI_T_finalize();
  return known;
}
#else
static bool is_older_pmi_known(void) {
  return true;
}
#endif

/* They would all do the same work, or MPI_Init would end them with a riddle. */
lore_status lore_launch_check(void) {
  if (step_tasks() <= 1 || getenv("PMIX_RANK") || getenv("OMPI_COMM_WORLD_SIZE"))
    return LORE_OK;
  bool older = getenv("PMI_RANK") != NULL;
  if (older && is_older_pmi_known())
    return LORE_OK;
  lore_log_set_rank(own_rank());
  return lore_fail(LORE_USER,
                   "srun started %d independent processes (%s); start them with 'srun "
                   "--mpi=pmix'",
                   step_tasks(), older ? "this MPI does not know PMI or PMI2" : "no PMI");
}

void lore_launch_quieten(void) {
  if (own_rank() == 0)
    return;
  lore_log_set_rank(own_rank());
  if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
    exit(lore_status_exit_code(LORE_FILE));
}

int lore_launch_lead(lore_command *command, int argc, char **argv) {
  bool mine = false;
  int code = 0;
  if (count_ranks() <= 1)
    return command(argc, argv);
  lore_status status = lore_mpi_begin(&mine);
  lore_team world = lore_team_of(MPI_COMM_WORLD);
  if (status == LORE_OK && world.rank == 0)
    code = command(argc, argv);
  if (status == LORE_OK)
    status = lore_team_spread(world, &code, sizeof code);
  return lore_mpi_end(mine, status == LORE_OK ? code : lore_options_report(status));
}
