/* Trains one run and writes its files. */
#include "lore/run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assembly.h"
#include "lore/checkpoint.h"
#include "lore/clock.h"
#include "lore/decoder.h"
#include "lore/log.h"
#include "lore/threads.h"
#include "progress.h"
#include "provenance.h"

enum { PATH_MAX_LENGTH = 4096, LAYERS_MAX = 256 };

/* Everything that lives as long as the run. */
typedef struct {
  const lore_settings *settings;
  const lore_run_options *options;
  lore_run_result *result;
  lore_assembly assembly;
  lore_trainer *trainer;
  lore_evaluator *evaluator;
  lore_metrics *metrics;
  lore_provenance_list provenance;
  lore_progress progress;
  lore_phase_detector detector;
  lore_group_metrics group[LORE_GROUPS_MAX];
  lore_attention_metrics *attention; /* `layers` entries */
  double begin;
  double loss_sum; /* nats and tokens since the last record */
  int64_t loss_tokens, tokens_seen;
  lore_step last;
} lore_run_state;

void lore_run_id(const lore_settings *settings, size_t size, char *id) {
  snprintf(id, size, "%s-seed%llu", settings->name, (unsigned long long)settings->seed);
}

static lore_status make_directory(const char *path) {
  if (mkdir(path, 0777) == 0 || errno == EEXIST)
    return LORE_OK;
  return lore_fail(LORE_FILE, "%s: cannot make this directory: %s", path, strerror(errno));
}

/* `directory`/`name`, which must fit. */
static lore_status join(const char *directory, const char *name, char *path) {
  if (snprintf(path, PATH_MAX_LENGTH, "%s/%s", directory, name) >= PATH_MAX_LENGTH)
    return lore_fail(LORE_USER, "the path %.40s.../%s is too long", directory, name);
  return LORE_OK;
}

/* Makes every directory of `path`. */
static lore_status make_directories(const char *path) {
  char part[PATH_MAX_LENGTH];
  if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
    return lore_fail(LORE_USER, "the path %.40s... is too long", path);
  for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    LORE_TRY(make_directory(part));
    *slash = '/';
  }
  return make_directory(part);
}

static lore_status write_resolved(const lore_settings *settings, const char *directory) {
  char path[PATH_MAX_LENGTH];
  LORE_TRY(join(directory, "study.yaml", path));
  FILE *file = fopen(path, "w");
  if (!file)
    return lore_fail(LORE_FILE, "%s: cannot be written: %s", path, strerror(errno));
  lore_settings_write(settings, file);
  int failed = ferror(file);
  if (fclose(file) || failed)
    return lore_fail(LORE_FILE, "%s: cannot be written: %s", path, strerror(errno));
  return LORE_OK;
}

/* directory/runs/<id>, empty of results unless they may be replaced. */
static lore_status prepare_directory(lore_run_state *run) {
  char id[LORE_NAME_MAX + 32], runs[PATH_MAX_LENGTH], path[PATH_MAX_LENGTH];
  char *directory = run->result->directory;
  lore_run_id(run->settings, sizeof id, id);
  LORE_TRY(join(run->options->directory, "runs", runs));
  LORE_TRY(join(runs, id, directory));
  LORE_TRY(join(directory, "metrics.nc", path));
  if (access(path, F_OK) == 0 && !run->options->overwrite)
    return lore_fail(LORE_USER,
                     "%s holds results already; give another directory with -o, another name or "
                     "seed with -s, or replace them with --overwrite",
                     directory);
  LORE_TRY(join(directory, "checkpoints", path));
  LORE_TRY(make_directories(path));
  return write_resolved(run->settings, directory);
}

/* Picks the GEMM backend by timing them on this run's shapes, unless the study names one. */
static lore_status choose_backend(lore_run_state *run) {
  const lore_assembly *a = &run->assembly;
  if (run->settings->compute.gemm != LORE_GEMM_AUTO)
    return lore_gemm_select(run->settings->compute.gemm);
  enum { ROWS_MAX = 512 };
  lore_gemm_shape shapes[LORE_GEMM_SHAPES];
  char text[128];
  int rows = run->settings->train.shard * a->longest;
  double operations = lore_model_flops_per_token(a->model, 0);
  double affordable =
      3e9 / operations; /* rows, so that a pass takes a few hundredths of a second */
  if (rows > affordable)
    rows = affordable > 64 ? (int)affordable : 64;
  lore_decoder_gemm_shapes(a->model, rows < ROWS_MAX ? rows : ROWS_MAX, shapes);
  LORE_TRY(lore_gemm_choose(shapes, LORE_GEMM_SHAPES, a->threads, 0.3, sizeof text, text));
  if (!run->options->quiet)
    lore_info("matrix products: %s", text);
  return LORE_OK;
}

static lore_status open_metrics(lore_run_state *run) {
  enum { SETTINGS_MAX = 128, TEXT_MAX = 65536 };
  const lore_assembly *a = &run->assembly;
  char path[PATH_MAX_LENGTH];
  lore_scalar *setting = calloc(SETTINGS_MAX, sizeof *setting);
  char *text = malloc(TEXT_MAX);
  lore_status status = LORE_OK;
  if (!setting || !text)
    status = lore_fail(LORE_MEMORY, "no memory for the settings of the metrics file");
  if (status == LORE_OK)
    status = join(run->result->directory, "metrics.nc", path);
  if (status == LORE_OK) {
    lore_metrics_definition definition = {
        .title = run->settings->name,
        .groups = a->groups,
        .layers = a->model->config.layers,
        .attention_layers = a->model->config.layers,
        .group = a->group,
        .settings = lore_settings_scalars(run->settings, SETTINGS_MAX, setting, TEXT_MAX, text),
        .setting = setting,
        .provenances = run->provenance.count,
        .provenance = run->provenance.entry,
        .no_knowledge_baseline = a->baseline,
        .empirical_baseline = a->empirical_baseline};
    status = lore_metrics_create(path, &definition, &run->metrics);
  }
  free(setting);
  free(text);
  return status;
}

static lore_status open_run(lore_run_state *run) {
  const lore_settings *s = run->settings;
  lore_assembly *a = &run->assembly;
  LORE_TRY(lore_assembly_create(s, a));
  lore_threads_pin(a->threads);
  LORE_TRY(choose_backend(run));
  run->attention = calloc((size_t)s->model.layers, sizeof *run->attention);
  if (!run->attention)
    return lore_fail(LORE_MEMORY, "no memory for attention signatures");
  LORE_TRY(lore_trainer_create(a->model, &s->train, lore_source_of_population(&a->source),
                               a->longest, a->threads, s->seed, &run->trainer));
  LORE_TRY(lore_evaluator_create(a->model, a->population, &s->evaluate, a->groups, a->group,
                                 a->threads, &run->evaluator));
  LORE_TRY(prepare_directory(run));
  LORE_TRY(lore_provenance_collect(s, run->options->command, a->threads, &run->provenance));
  lore_phase_start(&run->detector, a->baseline, s->evaluate.plateau_margin);
  return open_metrics(run);
}

static lore_status record(lore_run_state *run, int64_t step) {
  const lore_train_config *train = &run->settings->train;
  lore_evaluator_run(run->evaluator, lore_trainer_parameters(run->trainer), run->group,
                     run->attention);
  int phase = lore_phase_update(&run->detector, (double)step, run->group[0].attribute_loss);
  lore_metrics_record record = {.step = step,
                                .train_loss = step ? run->loss_sum / (double)run->loss_tokens : NAN,
                                .learning_rate = lore_learning_rate(train, step ? step - 1 : 0),
                                .gradient_norm = step ? run->last.gradient_norm : NAN,
                                .tokens_seen = run->tokens_seen,
                                .wall_time = lore_clock_seconds() - run->begin,
                                .phase = phase,
                                .group = run->group,
                                .attention = run->attention,
                                .plateau_start = run->detector.plateau_start,
                                .plateau_end = run->detector.plateau_end};
  run->loss_sum = 0;
  run->loss_tokens = 0;
  LORE_TRY(lore_metrics_append(run->metrics, &record));
  lore_progress_record(&run->progress, &record);
  return LORE_OK;
}

static bool is_snapshot(const lore_integer_list *snapshots, int64_t step) {
  for (int i = 0; i < snapshots->count; i++)
    if (snapshots->value[i] == step)
      return true;
  return false;
}

static lore_status write_weights(lore_run_state *run, int64_t step) {
  char name[64], path[PATH_MAX_LENGTH];
  snprintf(name, sizeof name, "checkpoints/weights_%08lld.nc", (long long)step);
  LORE_TRY(join(run->result->directory, name, path));
  return lore_checkpoint_write(path, run->assembly.model, lore_trainer_parameters(run->trainer),
                               run->assembly.vocabulary, step, run->provenance.count,
                               run->provenance.entry);
}

static lore_status train_step(lore_run_state *run, int64_t step) {
  run->last = lore_trainer_step(run->trainer, step);
  run->tokens_seen += run->last.tokens;
  run->loss_sum += run->last.loss * (double)run->last.tokens;
  run->loss_tokens += run->last.tokens;
  if (!isfinite(run->last.loss) || !isfinite(run->last.gradient_norm))
    return lore_fail(LORE_DIVERGED,
                     "training diverged: loss %g and gradient norm %g at step %lld; a lower "
                     "train.learning_rate or train.clip may help",
                     run->last.loss, run->last.gradient_norm, (long long)step);
  lore_progress_step(&run->progress, step + 1, run->tokens_seen);
  return LORE_OK;
}

static lore_status train(lore_run_state *run) {
  const lore_settings *s = run->settings;
  for (int64_t step = 0;; step++) {
    if (lore_evaluate_due(&s->evaluate, step, s->train.steps))
      LORE_TRY(record(run, step));
    if (step == s->train.steps || is_snapshot(&s->checkpoint.snapshots, step))
      LORE_TRY(write_weights(run, step));
    if (step == s->train.steps)
      return LORE_OK;
    LORE_TRY(train_step(run, step));
  }
}

static void close_run(lore_run_state *run, lore_status *status) {
  lore_progress_stop(&run->progress);
  if (run->metrics) {
    lore_status closed = lore_metrics_close(run->metrics);
    *status = *status == LORE_OK ? closed : *status;
  }
  lore_evaluator_destroy(run->evaluator);
  lore_trainer_destroy(run->trainer);
  lore_provenance_free(&run->provenance);
  lore_assembly_destroy(&run->assembly);
  free(run->attention);
}

lore_status lore_run_execute(const lore_settings *settings, const lore_run_options *options,
                             lore_run_result *result) {
  lore_run_state run = {.settings = settings, .options = options, .result = result};
  double mean_tokens = 0;
  *result = (lore_run_result){.held_out_loss = NAN};
  run.progress.quiet = true;
  lore_status status = open_run(&run);
  if (status == LORE_OK)
    status = lore_assembly_mean_tokens(&run.assembly, &mean_tokens);
  if (status == LORE_OK) {
    lore_progress_start(&run.progress, options->quiet, run.assembly.groups > 1,
                        settings->train.steps,
                        lore_model_flops_per_token(run.assembly.model, mean_tokens));
    run.begin = lore_clock_seconds();
    status = train(&run);
    result->steps = settings->train.steps;
    result->tokens = run.tokens_seen;
    result->seconds = lore_clock_seconds() - run.begin;
    result->attribute_loss = run.group[0].attribute_loss;
    result->attribute_accuracy = run.group[0].attribute_accuracy;
    result->held_out_loss = run.assembly.groups > 1 ? run.group[1].attribute_loss : NAN;
    result->plateau_start = run.detector.plateau_start;
    result->plateau_end = run.detector.plateau_end;
  }
  close_run(&run, &status);
  return status;
}
