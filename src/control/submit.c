/* sbatch commands for a study. */
#include "lore/control/submit.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job_scripts.h"
#include "lore/base/shown.h"
#include "lore/base/textfile.h"
#include "lore/control/refusals.h"
#include "lore/control/slurm.h"
#include "lore/io/path.h"
#include "submit_command.h"

enum { NUMBER = 64 };

/* Array indices end below MaxArraySize; 1,000 where Slurm does not tell. */
static int most_tasks(void) {
  int most = 1001;
  FILE *config = popen("scontrol show config 2>/dev/null", "r");
  char line[1024];
  while (config && fgets(line, sizeof line, config))
    sscanf(line, "MaxArraySize = %d", &most);
  if (config)
    pclose(config);
  return most > 1 ? most - 1 : 1;
}

static int runs_of_wave(const lore_manifest *m, int wave) {
  int runs = 0;
  for (int r = 0; r < m->runs; r++)
    runs += m->run[r].wave == wave;
  return runs;
}

/* Writes directory/jobs/name, with the program's path in its line "program=". */
static lore_status write_script(const char *directory, const char *name, const char *text,
                                const char *program, char *path) {
  static const char mark[] = "\nprogram=";
  char jobs[LORE_PATH_MAX];
  lore_textfile file;
  LORE_TRY(lore_path_join(directory, LORE_PATH_JOBS, jobs));
  LORE_TRY(lore_directory_make(jobs));
  LORE_TRY(lore_path_join(jobs, name, path));
  LORE_TRY(lore_textfile_begin(path, true, &file));
  const char *rest = strstr(text, mark);
  assert(rest);
  rest += strlen(mark);
  fwrite(text, 1, (size_t)(rest - text), file.stream);
  lore_shown_print_word(file.stream, program);
  fputs(rest, file.stream);
  LORE_TRY(lore_textfile_commit(&file));
  if (chmod(path, 0755))
    return lore_fail(LORE_FILE, "cannot make %s executable: %s", path, strerror(errno));
  return LORE_OK;
}

typedef struct {
  const lore_manifest *manifest;
  const lore_submit_options *options;
  char study[LORE_PATH_MAX], directory[LORE_PATH_MAX], run_script[LORE_PATH_MAX],
      collect_script[LORE_PATH_MAX];
  char logs[2 * LORE_PATH_MAX]; /* directory, as sbatch wants it in the names of logs */
  int most_tasks;
  char before[NUMBER];   /* job that the next one comes after; "" for the first */
  char all[LORE_ANSWER]; /* that were submitted, for messages */
} lore_submission;

/* sbatch replaces %a and the like in names of logs, but not %%. */
static void double_percents(const char *from, char *to) {
  for (; *from; from++) {
    if (*from == '%')
      *to++ = '%';
    *to++ = *from;
  }
  *to = 0;
}

static lore_status add_words(lore_command *c, int words, const char *const *word) {
  for (int i = 0; i < words; i++)
    LORE_TRY(lore_command_add(c, word[i]));
  return LORE_OK;
}

/* The wave before must have ended, whatever the user's options say. */
static lore_status add_dependency(const lore_submission *s, lore_command *c) {
  return *s->before ? lore_command_format(c, "--dependency=afterany:%s", s->before) : LORE_OK;
}

/* No more than have a run for each of their groups. */
static int tasks_of_wave(const lore_submission *s, int wave) {
  const lore_submit_options *o = s->options;
  int runs = runs_of_wave(s->manifest, wave);
  int tasks = runs / o->groups + (runs % o->groups > 0);
  if (o->tasks > 0 && o->tasks < tasks)
    tasks = o->tasks;
  return tasks > s->most_tasks ? s->most_tasks : tasks;
}

/* On the command line, as a site's SBATCH_ variables outrank what the scripts say. */
static lore_status add_needs(const lore_submission *s, lore_command *c, const char *log, int wave) {
  LORE_TRY(lore_command_add(c, "--requeue"));
  LORE_TRY(lore_command_add(c, "--open-mode=append"));
  /* Slurm takes a backslash in a log's name for something else: the scripts open their logs. */
  if (strchr(s->directory, '\\'))
    return lore_command_add(c, "--output=/dev/null");
  return lore_command_format(c, log, s->logs, wave);
}

static lore_status add_wave(const lore_submission *s, int wave, lore_command *c) {
  const lore_submit_options *o = s->options;
  LORE_TRY(lore_command_format(c, "--array=0-%d", tasks_of_wave(s, wave) - 1));
  LORE_TRY(add_needs(s, c, "--output=%s/" LORE_PATH_JOBS "/wave%d-%%A_%%a.log", wave));
  LORE_TRY(lore_command_add(c, "--signal=USR1@180"));
  LORE_TRY(add_words(c, o->job_options, o->job_option));
  LORE_TRY(add_words(c, o->sbatch_options, o->sbatch_option));
  LORE_TRY(add_dependency(s, c));
  LORE_TRY(lore_command_add(c, s->run_script));
  LORE_TRY(lore_command_add(c, s->study));
  LORE_TRY(lore_command_add(c, s->directory));
  LORE_TRY(lore_command_format(c, "--wave=%d", wave));
  if (o->ranks_per_run > 0)
    LORE_TRY(lore_command_format(c, "--ranks-per-run=%d", o->ranks_per_run));
  for (int i = 0; i < o->overrides; i++) {
    LORE_TRY(lore_command_add(c, "-s"));
    LORE_TRY(lore_command_add(c, o->override[i]));
  }
  return LORE_OK;
}

static lore_status add_collect(const lore_submission *s, lore_command *c) {
  LORE_TRY(add_needs(s, c, "--output=%s/" LORE_PATH_JOBS "/collect-%%j.log", 0));
  LORE_TRY(add_words(c, s->options->job_options, s->options->job_option));
  if (s->options->mail) {
    LORE_TRY(lore_command_format(c, "--mail-user=%s", s->options->mail));
    LORE_TRY(lore_command_add(c, "--mail-type=END,FAIL"));
  }
  LORE_TRY(add_dependency(s, c));
  LORE_TRY(lore_command_add(c, s->collect_script));
  return lore_command_add(c, s->directory);
}

static void print_command(const lore_command *c, const char *program) {
  fputs("LORE=", stdout);
  lore_shown_print_word(stdout, program);
  for (int i = 0; i < c->count; i++) {
    putchar(' ');
    lore_shown_print_word(stdout, c->word[i]);
  }
  putchar('\n');
}

/* A failure, followed by what is left in the queue. */
static lore_status refuse(const lore_submission *s, const char *what, const char *answer) {
  return lore_fail(LORE_USER, "%s%s%s%s%s", what, answer,
                   *s->all ? "\nsubmitted before: " : "; nothing was submitted", s->all,
                   *s->all ? "; 'scancel' with these numbers takes them back" : "");
}

/* Submits, and puts the job's number into s->before. What sbatch has to say (sites let it say a
 * lot) goes on to stderr. */
static lore_status submit(lore_submission *s, const lore_command *c) {
  static lore_answer answer;
  if (lore_command_capture(c, &answer) != LORE_OK) {
    char message[LORE_ANSWER];
    snprintf(message, sizeof message, "%s", lore_fail_message());
    return refuse(s, "", message);
  }
  if (answer.code != 0)
    return refuse(s, "sbatch refused: ", *answer.error ? answer.error : answer.out);
  if (*answer.error)
    lore_shown_print(stderr, "%s\n", answer.error);
  /* A cluster's name may follow the number. */
  size_t digits = strspn(answer.out, "0123456789");
  if (digits == 0 || digits >= sizeof s->before || !strchr(";", answer.out[digits]))
    return refuse(s, "sbatch took a job, but instead of its number said: ", answer.out);
  snprintf(s->before, sizeof s->before, "%.*s", (int)digits, answer.out);
  size_t length = strlen(s->all);
  snprintf(s->all + length, sizeof s->all - length, "%s%s", length ? " " : "", s->before);
  printf("submitted       job %s\n", s->before);
  return LORE_OK;
}

/* The job of a wave, or, after the last of `waves`, the one that collects. */
static lore_status hand_over(lore_submission *s, int wave, int waves) {
  lore_command command = {0};
  lore_status status = lore_command_add(&command, "sbatch");
  if (status == LORE_OK)
    status = lore_command_add(&command, "--parsable");
  if (status == LORE_OK)
    status = wave < waves ? add_wave(s, wave, &command) : add_collect(s, &command);
  if (status == LORE_OK) {
    print_command(&command, s->options->program);
    if (s->options->submit)
      status = submit(s, &command);
    else
      snprintf(s->before, sizeof s->before, "WAVE%d", wave);
  }
  lore_command_release(&command);
  return status;
}

static lore_status submit_all(lore_submission *s) {
  const lore_manifest *m = s->manifest;
  int waves = 0;
  for (int r = 0; r < m->runs; r++)
    waves = m->run[r].wave >= waves ? m->run[r].wave + 1 : waves;
  lore_slurm_clear_environment(stdout);
  if (s->options->submit)
    lore_refusals_clear(s->directory);
  setenv("LORE", s->options->program, 1);
  for (int wave = 0; wave <= waves; wave++)
    LORE_TRY(hand_over(s, wave, waves));
  if (s->options->submit) {
    fputs("to watch        lore status ", stdout);
    lore_shown_print_word(stdout, s->directory);
    printf("\nto cancel       scancel %s\n", s->all);
  }
  return LORE_OK;
}

lore_status lore_submit(const lore_manifest *manifest, const lore_submit_options *options) {
  lore_submission *s = calloc(1, sizeof *s);
  if (!s)
    return lore_fail(LORE_MEMORY, "cannot allocate job scripts");
  s->manifest = manifest;
  s->options = options;
  s->most_tasks = most_tasks();
  lore_status status = lore_path_absolute(options->study, s->study);
  if (status == LORE_OK)
    status = lore_path_absolute(options->directory, s->directory);
  double_percents(s->directory, s->logs);
  const char *program = options->program;
  if (status == LORE_OK)
    status = write_script(s->directory, "run.sbatch", lore_job_run_script, program, s->run_script);
  if (status == LORE_OK)
    status = write_script(s->directory, "collect.sbatch", lore_job_collect_script, program,
                          s->collect_script);
  if (status == LORE_OK)
    status = submit_all(s);
  free(s);
  return status;
}
