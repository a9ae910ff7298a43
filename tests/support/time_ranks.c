/* How long ranks wait for each other's gradients and parameters:
 *
 *   time_ranks WIDTH STEPS
 *
 * Trains a small model with a shard for every rank. Of each step the least wait of all ranks
 * counts: the rank that comes last waits for messages alone. Prints the least and the median of
 * that, and of whole steps, in milliseconds. tests/delay.sh builds it with earlier versions too. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "lore/model/gemm.h"
#include "lore/train/trainer.h"
#include "small_world.h"

enum { LAYERS = 3, STEPS_MAX = 1000, WARM_UP = 3 };

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_times(const char *what, int count, double *seconds) {
  qsort(seconds, (size_t)count, sizeof *seconds, compare);
  printf("%s %.3f %.3f\n", what, 1e3 * seconds[0], 1e3 * seconds[count / 2]);
}

static void time_steps(const small_world *world, lore_team team, int steps) {
  const lore_train_config config = {.steps = steps,
                                    .batch = team.ranks,
                                    .shard = 1,
                                    .learning_rate = 1e-3,
                                    .schedule = LORE_SCHEDULE_CONSTANT,
                                    .beta1 = 0.9,
                                    .beta2 = 0.95,
                                    .epsilon = 1e-8,
                                    .clip = 1};
  static double wait[STEPS_MAX], whole[STEPS_MAX];
  lore_trainer *trainer;
  if (lore_trainer_create(world->model, &config, world->source, world->longest, team, 1, 1,
                          &trainer) != LORE_OK)
    abort();
  for (int step = 0; step < steps; step++) {
    lore_step result;
    double begin = MPI_Wtime();
    if (lore_trainer_step(trainer, step, &result) != LORE_OK)
      abort();
    whole[step] = MPI_Wtime() - begin;
    wait[step] = result.exchange_seconds;
  }
  lore_trainer_destroy(trainer);
  MPI_Allreduce(MPI_IN_PLACE, wait, steps, MPI_DOUBLE, MPI_MIN, team.comm);
  MPI_Allreduce(MPI_IN_PLACE, whole, steps, MPI_DOUBLE, MPI_MIN, team.comm);
  if (team.rank > 0)
    return;
  print_times("wait", steps - WARM_UP, wait + WARM_UP);
  print_times("step", steps - WARM_UP, whole + WARM_UP);
}

int main(int argc, char **argv) {
  int provided;
  small_world world;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  int width = argc > 1 ? atoi(argv[1]) : 0, steps = argc > 2 ? atoi(argv[2]) : 0;
  if (width < 1 || steps <= WARM_UP || steps > STEPS_MAX) {
    fputs("usage: time_ranks WIDTH STEPS\n", stderr);
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  lore_model_config config = small_world_config(LAYERS, width);
  config.tied_embedding = true;
  lore_gemm_select(LORE_GEMM_BUILTIN);
  small_world_create(&world, &config, 200, 0);
  time_steps(&world, lore_team_of(MPI_COMM_WORLD), steps);
  small_world_destroy(&world);
  MPI_Finalize();
  return 0;
}
