/* lore bench: how fast training steps are, and how near to what their matrix products allow. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "alike.h"
#include "commands.h"
#include "lore/base/json.h"
#include "lore/base/mpi.h"
#include "lore/base/threads.h"
#include "lore/model/kernels.h"
#include "lore/train/bench.h"
#include "options.h"

typedef struct {
  int threads, seconds;
  int backend;   /* lore_gemm_backend */
  int mixer;     /* lore_mixer */
  int precision; /* lore_precision */
  int optimizer; /* lore_optimizer */
  bool json, help;
} lore_arguments;

enum { THREADS_MAX = 1024, SECONDS_MAX = 3600 };

static const char *backend_word(int backend) {
  return backend <= LORE_GEMM_ONEDNN ? lore_gemm_name((lore_gemm_backend)backend) : NULL;
}

static const char *mixer_word(int mixer) {
  return lore_mixer_name((lore_mixer)mixer);
}

static const char *precision_word(int precision) {
  return precision <= LORE_BF16 ? lore_precision_name((lore_precision)precision) : NULL;
}

static const char *optimizer_word(int optimizer) {
  static const char *const names[] = {LORE_OPTIMIZER_LIST(LORE_ENUM_NAME)};
  return optimizer <= LORE_OPTIMIZER_SGD ? names[optimizer] : NULL;
}

static const char *shape_word(int number) {
  int count;
  const lore_bench_shape *shape = lore_bench_shapes(&count);
  return number < count ? shape[number].name : NULL;
}

static const lore_option options[] = {
    {LORE_OPTION_INTEGER, 't', "threads", "N", LORE_FIELD(lore_arguments, threads, int), .least = 1,
     .most = THREADS_MAX, .help = "threads (default: as many as this process may use)"},
    {LORE_OPTION_INTEGER, '\0', "seconds", "N", LORE_FIELD(lore_arguments, seconds, int),
     .least = 1, .most = SECONDS_MAX, .help = "time for each shape (default 6)"},
    {LORE_OPTION_CHOICE, '\0', "mixer", "MIXER", LORE_FIELD(lore_arguments, mixer, int),
     .choice = mixer_word, .help = "attention (default) or rg_lru"},
    {LORE_OPTION_CHOICE, '\0', "precision", "PRECISION", LORE_FIELD(lore_arguments, precision, int),
     .choice = precision_word, .help = "float32 (default) or bf16"},
    {LORE_OPTION_CHOICE, '\0', "optimizer", "OPTIMIZER", LORE_FIELD(lore_arguments, optimizer, int),
     .choice = optimizer_word, .help = "adamw (default), muon, lion or sgd"},
    {LORE_OPTION_CHOICE, '\0', "gemm", "BACKEND", LORE_FIELD(lore_arguments, backend, int),
     .choice = backend_word,
     .help = "builtin (default, as for training), cblas, onednn or auto: the fastest here"},
    {LORE_OPTION_FLAG, '\0', "json", NULL, LORE_FIELD(lore_arguments, json, bool),
     .help = "one JSON object, for programs"},
};

const lore_command_line lore_line_bench = {
    .name = "bench",
    .usage = "lore bench [OPTION ...] [SHAPE ...]\n"
             "mpirun -n N lore bench [OPTION ...] [SHAPE ...]",
    .about = "Times full training steps (data, forward, backward, gradient sum, update) of the "
             "reference shapes and, alternating with them, the matrix products that they contain "
             "alone. 'share' is the best time of the products alone divided by that of a step; 'in "
             "rounds' are the least and the most of it in twelve rounds, far apart if the "
             "machine is disturbed.\n"
             "\n"
             "Under mpirun: the same steps by one rank alone and by all ranks, alternating; the "
             "speed-up, and what exchanging gradients costs with the reproducible sum and with "
             "MPI's own.\n"
             "\n"
             "  S  4 layers, width 128, batch 32     all: sequences of 112 tokens,\n"
             "  M  4 layers, width 256, batch 32     4,608 words, tied embedding\n"
             "  L  8 layers, width 512, batch 16",
    .choice = shape_word,
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore bench\n"
             "  lore bench --mixer rg_lru --seconds 20 S M",
};

static void print_result_json(const lore_bench_shape *shape, const lore_bench_result *r,
                              lore_json *json) {
  lore_json_begin_object(json, NULL);
  lore_json_text(json, "name", shape->name);
  lore_json_decimal(json, "tokens_per_s", 1, r->tokens_per_s);
  lore_json_decimal(json, "best_tokens_per_s", 1, r->best_tokens_per_s);
  lore_json_decimal(json, "gflops", 2, r->gflops);
  lore_json_decimal(json, "gemm_gflops", 2, r->gemm_gflops);
  lore_json_decimal(json, "share_of_gemm", 4, r->share_of_gemm);
  lore_json_decimal(json, "least_share", 4, r->least_share);
  lore_json_decimal(json, "most_share", 4, r->most_share);
  lore_json_integer(json, "steps", r->steps);
  lore_json_integer(json, "threads", r->threads);
  lore_json_text(json, "precision", lore_precision_name(shape->precision));
  lore_json_text(json, "optimizer", optimizer_word((int)shape->optimizer));
  lore_json_text(json, "backend", lore_gemm_name(r->backend));
  lore_json_text(json, "isa", lore_kernels()->name);
  lore_json_end(json);
}

static void print_result_text(const lore_bench_shape *shape, const lore_bench_result *r) {
  printf("%-5s %10.0f %10.0f %9.1f %13.1f %6.2f %6.2f-%-6.2f %-7s  %s\n", shape->name,
         r->tokens_per_s, r->best_tokens_per_s, r->gflops, r->gemm_gflops, r->share_of_gemm,
         r->least_share, r->most_share, lore_gemm_name(r->backend), lore_kernels()->name);
}

static double speedup(const lore_bench_scaling *r) {
  return r->tokens_per_s / r->alone_tokens_per_s;
}

static void print_scaling_json(const lore_bench_shape *shape, const lore_bench_scaling *r,
                               lore_json *json) {
  lore_json_begin_object(json, NULL);
  lore_json_text(json, "name", shape->name);
  lore_json_integer(json, "ranks", r->ranks);
  lore_json_integer(json, "threads", r->threads);
  lore_json_integer(json, "steps", r->steps);
  lore_json_decimal(json, "alone_tokens_per_s", 1, r->alone_tokens_per_s);
  lore_json_decimal(json, "tokens_per_s", 1, r->tokens_per_s);
  lore_json_decimal(json, "mpi_tokens_per_s", 1, r->mpi_tokens_per_s);
  lore_json_decimal(json, "speedup", 4, speedup(r));
  lore_json_decimal(json, "exchange_seconds", 6, r->exchange_seconds);
  lore_json_decimal(json, "mpi_exchange_seconds", 6, r->mpi_exchange_seconds);
  lore_json_decimal(json, "gradient_bytes", 0, r->bytes);
  lore_json_text(json, "precision", lore_precision_name(shape->precision));
  lore_json_text(json, "backend", lore_gemm_name(r->backend));
  lore_json_text(json, "isa", lore_kernels()->name);
  lore_json_end(json);
}

static void print_scaling_text(const lore_bench_shape *shape, const lore_bench_scaling *r) {
  printf("%-5s %5d %10.0f %10.0f %8.3f %11.2f %10.0f %11.2f  %-7s  %s\n", shape->name, r->ranks,
         r->alone_tokens_per_s, r->tokens_per_s, speedup(r), 1e3 * r->exchange_seconds,
         r->mpi_tokens_per_s, 1e3 * r->mpi_exchange_seconds, lore_gemm_name(r->backend),
         lore_kernels()->name);
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

static lore_status check_backend(const lore_arguments *a) {
  if (a->precision == LORE_FLOAT32 || a->backend <= LORE_GEMM_BUILTIN)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "--gemm %s has no effect with --precision %s, whose products are LORE's own; "
                   "remove it",
                   lore_gemm_name((lore_gemm_backend)a->backend), precision_word(a->precision));
}

static void print_header(lore_team team) {
  if (team.ranks > 1)
    printf("%-5s %5s %10s %10s %8s %11s %10s %11s  %-7s  %s\n", "shape", "ranks", "1: tok/s",
           "tokens/s", "speed-up", "exchange ms", "MPI: tok/s", "exchange ms", "backend", "isa");
  else
    printf("%-5s %10s %10s %9s %13s %6s %13s %-7s  %s\n", "shape", "tokens/s", "best", "GFLOP/s",
           "GEMM GFLOP/s", "share", "in rounds", "backend", "isa");
}

/* Times one shape; rank 0 prints the result, to `json` unless that is NULL. */
static lore_status bench_shape(const lore_arguments *a, const lore_bench_shape *shape,
                               lore_team team, lore_json *json) {
  lore_bench_result result;
  lore_bench_scaling scaling;
  lore_gemm_backend backend = lore_gemm_for(shape->precision, (lore_gemm_backend)a->backend);
  if (team.ranks > 1)
    LORE_TRY(lore_bench_ranks(shape, team, a->threads, backend, a->seconds, &scaling));
  else
    LORE_TRY(lore_bench_run(shape, a->threads, backend, a->seconds, &result));
  if (team.rank > 0)
    return LORE_OK;
  if (team.ranks > 1 && json)
    print_scaling_json(shape, &scaling, json);
  else if (team.ranks > 1)
    print_scaling_text(shape, &scaling);
  else if (json)
    print_result_json(shape, &result, json);
  else
    print_result_text(shape, &result);
  fflush(stdout); /* whether that failed is asked at the end */
  return LORE_OK;
}

static lore_status bench_shapes(const lore_arguments *arguments, lore_team team, int words,
                                char **word, lore_json *json) {
  int count;
  const lore_bench_shape *shape = lore_bench_shapes(&count);
  for (int i = 0; i < count; i++) {
    lore_bench_shape mixed = shape[i];
    mixed.mixer = (lore_mixer)arguments->mixer;
    mixed.precision = (lore_precision)arguments->precision;
    mixed.optimizer = (lore_optimizer)arguments->optimizer;
    if (is_wanted(mixed.name, words, word))
      LORE_TRY(bench_shape(arguments, &mixed, team, json));
  }
  return LORE_OK;
}

static lore_status bench(const lore_arguments *arguments, lore_team team, int words, char **word) {
  int level;
  lore_json json = lore_json_begin(stdout);
  bool prints_json = arguments->json && team.rank == 0;
  LORE_TRY(check_names(words, word));
  LORE_TRY(check_backend(arguments));
  LORE_TRY_TOGETHER(team, lore_threads_pin(arguments->threads));
  LORE_TRY(lore_level_agree(team, LORE_ISA_AUTO, &level));
  lore_level_select(level);
  if (prints_json) {
    lore_json_begin_object(&json, NULL);
    lore_json_begin_array(&json, "shapes");
  } else if (team.rank == 0)
    print_header(team);
  LORE_TRY(bench_shapes(arguments, team, words, word, prints_json ? &json : NULL));
  if (prints_json) {
    lore_json_end(&json);
    lore_json_end(&json);
  }
  return lore_options_flush();
}

int lore_command_bench(int argc, char **argv) {
  bool mine = false;
  lore_status status = lore_mpi_begin(&mine);
  lore_team team = lore_team_of(MPI_COMM_WORLD);
  if (status == LORE_OK)
    status = lore_alike_check(team, argc, argv);
  if (status == LORE_OK)
    status = lore_team_share_processors(team);
  lore_arguments arguments = {
      .threads = lore_threads_allowed(), .seconds = 6, .backend = LORE_GEMM_BUILTIN};
  if (status == LORE_OK)
    status = lore_options_read(&lore_line_bench, argc, argv, &arguments, &arguments.help);
  if (status == LORE_OK && arguments.help)
    status = team.rank == 0 ? lore_options_help(&lore_line_bench) : LORE_OK;
  else if (status == LORE_OK)
    status = bench(&arguments, team, argc - optind, argv + optind);
  return lore_mpi_end(mine, lore_options_report(status));
}
