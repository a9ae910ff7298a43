/* lore bench: how fast training steps are, and how near to what their matrix products allow. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/threads.h"
#include "lore/train/bench.h"
#include "options.h"

static const char usage[] =
    "usage: lore bench [OPTION ...] [SHAPE ...]\n"
    "\n"
    "Times full training steps (data, forward, backward, gradient sum, AdamW) of the\n"
    "reference shapes, and the matrix products that they contain run alone in turns with\n"
    "them. share is the time of the products alone over the time of the step.\n"
    "\n"
    "Under mpirun: the same steps by one rank alone and by all ranks, in turns; how much\n"
    "faster all are, and what exchanging gradients costs, with the reproducible sum and with\n"
    "MPI's own.\n"
    "\n"
    "  S  4 layers, width 128, batch 32     all: sequences of 112 tokens,\n"
    "  M  4 layers, width 256, batch 32     4,608 words, tied embedding\n"
    "  L  8 layers, width 512, batch 16\n"
    "\n"
    "  -t, --threads N     threads (default: as many as this process may use)\n"
    "      --seconds N     time for each shape (default 6)\n"
    "      --mixer MIXER   attention (default) or rg_lru\n"
    "      --gemm BACKEND  auto (default: the fastest), builtin, cblas or onednn\n"
    "      --json          one JSON object, for programs\n"
    "  -h, --help          this text\n";

typedef struct {
  int threads, seconds;
  lore_gemm_backend backend;
  lore_mixer mixer;
  bool json;
} lore_bench_options;

static lore_status parse_backend(const char *name, lore_gemm_backend *backend) {
  for (int b = LORE_GEMM_AUTO; b <= LORE_GEMM_ONEDNN; b++)
    if (!strcmp(name, lore_gemm_name((lore_gemm_backend)b))) {
      *backend = (lore_gemm_backend)b;
      return LORE_OK;
    }
  return lore_fail(LORE_USER, "--gemm %s: auto, builtin, cblas or onednn is needed", name);
}

static lore_status parse_mixer(const char *name, lore_mixer *mixer) {
  if (!lore_mixer_find(name, mixer))
    return lore_fail(LORE_USER, "--mixer %s: attention or rg_lru is needed", name);
  return LORE_OK;
}

static void print_result(const lore_bench_shape *shape, const lore_bench_result *r, bool json,
                         bool first) {
  if (json)
    printf("%s{\"name\": \"%s\", \"tokens_per_s\": %.1f, \"best_tokens_per_s\": %.1f, "
           "\"gflops\": %.2f, \"gemm_gflops\": %.2f, \"share_of_gemm\": %.4f, \"steps\": %d, "
           "\"threads\": %d, \"backend\": \"%s\"}",
           first ? "" : ", ", shape->name, r->tokens_per_s, r->best_tokens_per_s, r->gflops,
           r->gemm_gflops, r->share_of_gemm, r->steps, r->threads, lore_gemm_name(r->backend));
  else
    printf("%-5s %10.0f %10.0f %9.1f %13.1f %8.3f  %s\n", shape->name, r->tokens_per_s,
           r->best_tokens_per_s, r->gflops, r->gemm_gflops, r->share_of_gemm,
           lore_gemm_name(r->backend));
  fflush(stdout);
}

static void print_scaling(const lore_bench_shape *shape, const lore_bench_scaling *r, bool json,
                          bool first) {
  double faster = r->tokens_per_s / r->alone_tokens_per_s;
  if (json)
    printf("%s{\"name\": \"%s\", \"ranks\": %d, \"threads\": %d, \"steps\": %d, "
           "\"alone_tokens_per_s\": %.1f, \"tokens_per_s\": %.1f, \"mpi_tokens_per_s\": %.1f, "
           "\"speedup\": %.4f, \"exchange_seconds\": %.6f, \"mpi_exchange_seconds\": %.6f, "
           "\"gradient_bytes\": %.0f, \"backend\": \"%s\"}",
           first ? "" : ", ", shape->name, r->ranks, r->threads, r->steps, r->alone_tokens_per_s,
           r->tokens_per_s, r->mpi_tokens_per_s, faster, r->exchange_seconds,
           r->mpi_exchange_seconds, r->bytes, lore_gemm_name(r->backend));
  else
    printf("%-5s %5d %10.0f %10.0f %8.3f %11.2f %10.0f %11.2f  %s\n", shape->name, r->ranks,
           r->alone_tokens_per_s, r->tokens_per_s, faster, 1e3 * r->exchange_seconds,
           r->mpi_tokens_per_s, 1e3 * r->mpi_exchange_seconds, lore_gemm_name(r->backend));
  fflush(stdout);
}

static bool is_wanted(const char *name, int words, char **word) {
  for (int i = 0; i < words; i++)
    if (!strcmp(name, word[i]))
      return true;
  return words == 0;
}

static lore_status check_names(int words, char **word) {
  int count;
  const lore_bench_shape *shape = lore_bench_shapes(&count);
  for (int i = 0; i < words; i++) {
    bool known = false;
    for (int j = 0; j < count; j++)
      known |= !strcmp(word[i], shape[j].name);
    if (!known)
      return lore_fail(LORE_USER, "unknown shape '%s'; there are S, M and L", word[i]);
  }
  return LORE_OK;
}

static void print_header(const lore_bench_options *options, lore_team team) {
  if (options->json)
    printf("{\"shapes\": [");
  else if (team.ranks > 1)
    printf("%-5s %5s %10s %10s %8s %11s %10s %11s  %s\n", "shape", "ranks", "1: tok/s", "tokens/s",
           "speed-up", "exchange ms", "MPI: tok/s", "exchange ms", "backend");
  else
    printf("%-5s %10s %10s %9s %13s %8s  %s\n", "shape", "tokens/s", "best", "GFLOP/s",
           "GEMM GFLOP/s", "share", "backend");
}

static lore_status bench(const lore_bench_options *options, lore_team team, int words,
                         char **word) {
  int count;
  bool first = true;
  const lore_bench_shape *shape = lore_bench_shapes(&count);
  LORE_TRY(check_names(words, word));
  LORE_TRY_TOGETHER(team, lore_threads_pin(options->threads));
  if (team.rank == 0)
    print_header(options, team);
  for (int i = 0; i < count; i++) {
    lore_bench_result result;
    lore_bench_scaling scaling;
    lore_bench_shape mixed = shape[i];
    mixed.mixer = options->mixer;
    if (!is_wanted(mixed.name, words, word))
      continue;
    if (team.ranks > 1) {
      LORE_TRY(lore_bench_ranks(&mixed, team, options->threads, options->backend, options->seconds,
                                &scaling));
      if (team.rank == 0)
        print_scaling(&mixed, &scaling, options->json, first);
    } else {
      LORE_TRY(
          lore_bench_run(&mixed, options->threads, options->backend, options->seconds, &result));
      print_result(&mixed, &result, options->json, first);
    }
    first = false;
  }
  if (options->json && team.rank == 0)
    printf("]}\n");
  return lore_options_flush();
}

static lore_status take_option(int option, void *arguments) {
  lore_bench_options *chosen = arguments;
  switch (option) {
  case 't':
    return lore_options_integer("--threads", optarg, 1, 1024, &chosen->threads);
  case 'n':
    return lore_options_integer("--seconds", optarg, 1, 3600, &chosen->seconds);
  case 'g':
    return parse_backend(optarg, &chosen->backend);
  case 'm':
    return parse_mixer(optarg, &chosen->mixer);
  default:
    chosen->json |= option == 'j';
    return LORE_OK;
  }
}

static lore_status parse(int argc, char **argv, lore_bench_options *chosen, bool *help) {
  static const struct option options[] = {{"threads", required_argument, NULL, 't'},
                                          {"seconds", required_argument, NULL, 'n'},
                                          {"gemm", required_argument, NULL, 'g'},
                                          {"mixer", required_argument, NULL, 'm'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  static const lore_command_options bench = {"bench", ":t:h", options, take_option};
  return lore_options_read(&bench, argc, argv, chosen, help);
}

int lore_command_bench(int argc, char **argv) {
  bool help = false, mine = false;
  lore_status status = lore_mpi_begin(&mine);
  lore_team team = lore_team_of(MPI_COMM_WORLD);
  if (status == LORE_OK)
    status = lore_team_share_processors(team);
  lore_bench_options chosen = {.threads = lore_threads_allowed(), .seconds = 6};
  if (status == LORE_OK)
    status = parse(argc, argv, &chosen, &help);
  if (status == LORE_OK && help)
    status = team.rank == 0 ? lore_options_help(usage) : LORE_OK;
  else if (status == LORE_OK)
    status = bench(&chosen, team, argc - optind, argv + optind);
  return lore_mpi_end(mine, lore_options_report(status));
}
