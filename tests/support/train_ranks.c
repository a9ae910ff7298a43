/* Trains a small model on all ranks that mpirun started and prints what must not depend on them:
 *
 *   train_ranks BATCH SHARD THREADS reproducible|mpi [untied|rg_lru|wide [muon]]
 *
 * (wide: several ranges of the gradient, some of which are joined), in float32 and then in bf16.
 * One line per step with loss, gradient norm and tokens, one with checksums of parameters and of an
 * evaluation, in hexadecimal; rank 0 also checks that all ranks have the same. With LORE_MESSAGES=1
 * in the environment, a line tells instead how many messages a rank sent and received at most for a
 * range in a step, and how many ranges there are, as counted through MPI's profiling interface. */
#include <inttypes.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lore/eval/evaluate.h"
#include "lore/model/gemm.h"
#include "lore/train/trainer.h"
#include "small_world.h"

enum { STEPS = 3, SEQUENCES = 40, GROUPS = 2, LAYERS = 3 };

static small_world world;

/* Messages of this step by their tag, which is the range. */
enum { TAGS = 64 };
static int sent[TAGS], received[TAGS];

int MPI_Isend(const void *buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
              MPI_Request *request) {
  sent[tag % TAGS]++;
  return PMPI_Isend(buffer, count, type, to, tag, comm, request);
}

int MPI_Irecv(void *buffer, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
              MPI_Request *request) {
  received[tag % TAGS]++;
  return PMPI_Irecv(buffer, count, type, from, tag, comm, request);
}

/* Most messages sent, most received, and ranges, so far; begins a new step. */
static void count_messages(int most[3]) {
  for (int tag = 0; tag < TAGS; tag++) {
    most[0] = sent[tag] > most[0] ? sent[tag] : most[0];
    most[1] = received[tag] > most[1] ? received[tag] : most[1];
    most[2] = sent[tag] + received[tag] && tag + 1 > most[2] ? tag + 1 : most[2];
    sent[tag] = received[tag] = 0;
  }
}

static lore_train_config train_config(int arguments, char **argument) {
  bool muon = arguments > 6 && !strcmp(argument[6], "muon");
  return (lore_train_config){.steps = STEPS,
                             .batch = atoi(argument[1]),
                             .shard = atoi(argument[2]),
                             .learning_rate = 3e-3,
                             .schedule = LORE_SCHEDULE_CONSTANT,
                             .weight_decay = 0.1,
                             .beta1 = 0.9,
                             .beta2 = 0.95,
                             .epsilon = 1e-8,
                             .clip = 1,
                             .optimizer = muon ? LORE_OPTIMIZER_MUON : LORE_OPTIMIZER_ADAMW,
                             .matrix_learning_rate = 0.02,
                             .momentum = 0.95,
                             .reduction = strcmp(argument[4], "mpi") ? LORE_REDUCTION_REPRODUCIBLE
                                                                     : LORE_REDUCTION_MPI};
}

static uint64_t evaluate(lore_team team, int threads, const real *parameters) {
  const lore_evaluate_config config = {.sequences = SEQUENCES, .attention_sequences = 24};
  const lore_group group[GROUPS] = {{"known", 0, 200}, {"held_out", 200, 50}};
  struct {
    lore_group_metrics group[GROUPS];
    lore_attention_metrics layer[LAYERS];
  } result;
  lore_evaluator *evaluator;
  memset(&result, 0, sizeof result);
  if (lore_evaluator_create(world.model, world.population, &config, GROUPS, group, team, threads,
                            false, &evaluator) != LORE_OK)
    abort();
  if (lore_evaluator_run(evaluator, parameters, result.group, result.layer) != LORE_OK)
    abort();
  lore_evaluator_destroy(evaluator);
  return XXH3_64bits(&result, sizeof result);
}

/* Ends everything if a rank has another number than rank 0. */
static void compare(lore_team team, const char *what, uint64_t number) {
  uint64_t first = number;
  MPI_Bcast(&first, 1, MPI_UINT64_T, 0, team.comm);
  if (first != number) {
    fprintf(stderr, "rank %d has another %s than rank 0\n", team.rank, what);
    MPI_Abort(team.comm, 1);
  }
}

static void print_messages(lore_team team, int most[3]) {
  MPI_Allreduce(MPI_IN_PLACE, most, 3, MPI_INT, MPI_MAX, team.comm);
  if (team.rank == 0)
    printf("sent %d received %d ranges %d\n", most[0], most[1], most[2]);
}

static void print_model(lore_team team, int threads, const real *parameters) {
  uint64_t sum = XXH3_64bits(parameters, sizeof(real) * (size_t)world.model->elements);
  uint64_t metrics = evaluate(team, threads, parameters);
  compare(team, "model", sum);
  compare(team, "evaluation", metrics);
  if (team.rank == 0)
    printf("%016" PRIx64 " %016" PRIx64 "\n", sum, metrics);
}

static void train(lore_team team, int arguments, char **argument) {
  const lore_train_config config = train_config(arguments, argument);
  int threads = atoi(argument[3]), most[3] = {0};
  bool counts = getenv("LORE_MESSAGES") != NULL;
  lore_trainer *trainer;
  if (lore_trainer_create(world.model, &config, world.source, world.longest, team, threads, 1,
                          &trainer) != LORE_OK)
    abort();
  for (int64_t step = 0; step < STEPS; step++) {
    if (step == 1 && team.rank == team.ranks - 1)
      lore_trainer_vote(trainer);
    lore_step result;
    if (lore_trainer_step(trainer, step, &result) != LORE_OK)
      abort();
    if (counts) {
      if (lore_trainer_wait(trainer) != LORE_OK)
        abort();
      count_messages(most);
    }
    if (team.rank == 0 && !counts)
      printf("%.17g %.17g %" PRId64 " %d\n", result.loss, result.gradient_norm, result.tokens,
             result.votes);
  }
  if (lore_trainer_wait(trainer) != LORE_OK)
    abort();
  if (counts)
    print_messages(team, most);
  else
    print_model(team, threads, lore_trainer_parameters(trainer));
  lore_trainer_destroy(trainer);
}

static lore_model_config model_config(const char *kind, lore_precision precision) {
  bool wide = !strcmp(kind, "wide");
  lore_model_config config = small_world_config(LAYERS, wide ? 64 : 16);
  config.precision = precision;
  config.tied_embedding = !wide && strcmp(kind, "untied") != 0;
  if (!strcmp(kind, "rg_lru")) {
    config.mixer = LORE_MIXER_RG_LRU;
    config.positions = LORE_POSITIONS_NONE;
    config.recurrent_width = 24;
  }
  return config;
}

int main(int argc, char **argv) {
  int provided;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  if (argc < 5) {
    fputs("usage: train_ranks BATCH SHARD THREADS reproducible|mpi [untied|rg_lru|wide [muon]]\n",
          stderr);
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  lore_gemm_select(LORE_GEMM_BUILTIN);
  for (int precision = LORE_FLOAT32; precision <= LORE_BF16; precision++) {
    lore_model_config config = model_config(argc > 5 ? argv[5] : "", (lore_precision)precision);
    small_world_create(&world, &config, 200, 50);
    train(lore_team_of(MPI_COMM_WORLD), argc, argv);
    small_world_destroy(&world);
  }
  MPI_Finalize();
  return 0;
}
