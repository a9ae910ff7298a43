/* What the environment says of other processes, before MPI or without it. */
#include "launch.h"

#include <stdio.h>
#include <stdlib.h>

#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/team.h"

static int number(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text && *text ? atoi(text) : otherwise;
}

/* Processes of this step as srun counts them; the shell that calls mpirun has no such step. */
static int tasks(void) {
  return number("SLURM_STEP_NUM_TASKS", 1);
}

/* This process among those that were started with it. */
static int rank(void) {
  static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (getenv(names[i]))
      return number(names[i], 0);
  return tasks() > 1 ? number("SLURM_PROCID", 0) : 0;
}

static int ranks(void) {
  return number("OMPI_COMM_WORLD_SIZE", number("PMI_SIZE", tasks()));
}

/* They would all do the same work, or MPI_Init would end them with a riddle. */
lore_status lore_launch_check(void) {
  if (tasks() <= 1 || getenv("PMIX_RANK") || getenv("PMI_RANK") || getenv("OMPI_COMM_WORLD_SIZE"))
    return LORE_OK;
  lore_log_set_rank(rank());
  return lore_fail(
      LORE_USER,
      "srun started %d processes that do not know of each other; start them with 'srun "
      "--mpi=pmix'",
      tasks());
}

void lore_launch_quieten(void) {
  if (rank() == 0)
    return;
  lore_log_set_rank(rank());
  if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
    exit(lore_status_exit_code(LORE_FILE));
}

int lore_launch_lead(lore_command *command, int argc, char **argv) {
  bool mine = false;
  int code = 0;
  if (ranks() <= 1)
    return command(argc, argv);
  lore_status status = lore_mpi_begin(&mine);
  lore_team world = lore_team_of(MPI_COMM_WORLD);
  if (status == LORE_OK && world.rank == 0)
    code = command(argc, argv);
  if (status == LORE_OK)
    lore_team_spread(world, &code, sizeof code);
  return lore_mpi_end(mine, code);
}
