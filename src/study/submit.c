/* sbatch commands for a study. */
#include "lore/submit.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "directory.h"
#include "job_scripts.h"

enum { WORDS_MAX = 1024, ANSWER = 4096, NUMBER = 64 };

/* A command under construction; words that are made here live in `text`. */
typedef struct {
  int count;
  const char *word[WORDS_MAX + 1];
  char *text[16];
  int texts;
} lore_command;

static void add(lore_command *c, const char *word) {
  if (c->count < WORDS_MAX)
    c->word[c->count++] = word;
}

static lore_status add_text(lore_command *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static lore_status add_text(lore_command *c, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&c->text[c->texts], format, arguments);
  va_end(arguments);
  if (length < 0)
    return lore_fail(LORE_MEMORY, "no memory for a command");
  add(c, c->text[c->texts++]);
  return LORE_OK;
}

static void release(lore_command *c) {
  for (int i = 0; i < c->texts; i++)
    free(c->text[i]);
  *c = (lore_command){0};
}

/* A word as a shell needs it. */
static void print_word(const char *word) {
  if (*word && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                            "_-+=./:,@%") == strlen(word)) {
    fputs(word, stdout);
    return;
  }
  putchar('\'');
  for (; *word; word++)
    if (*word == '\'')
      fputs("'\\''", stdout);
    else
      putchar(*word);
  putchar('\'');
}

static void print_command(const lore_command *c, const char *program) {
  printf("LORE=");
  print_word(program);
  for (int i = 0; i < c->count; i++) {
    putchar(' ');
    print_word(c->word[i]);
  }
  putchar('\n');
}

/* Runs a command without a shell; its first ANSWER bytes of output, without the last newline.
 * Returns its exit code, 127 if it could not be started. */
static int capture(const char *const *word, char *answer) {
  int pipes[2], state;
  size_t length = 0;
  ssize_t got;
  *answer = 0;
  fflush(NULL);
  if (pipe(pipes))
    return 127;
  pid_t child = fork();
  if (child == 0) {
    dup2(pipes[1], STDOUT_FILENO);
    dup2(pipes[1], STDERR_FILENO);
    close(pipes[0]);
    close(pipes[1]);
    execvp(word[0], (char *const *)word);
    _exit(127);
  }
  close(pipes[1]);
  while (child > 0 && (got = read(pipes[0], answer + length, ANSWER - 1 - length)) > 0)
    length += (size_t)got;
  close(pipes[0]);
  if (child < 0 || waitpid(child, &state, 0) < 0)
    return 127;
  answer[length] = 0;
  answer[strcspn(answer, "\n")] = 0;
  return WIFEXITED(state) ? WEXITSTATUS(state) : 127;
}

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

static lore_status absolute(const char *path, char *to) {
  if (realpath(path, to))
    return LORE_OK;
  return lore_fail(LORE_FILE, "%s: %s", path, strerror(errno));
}

static lore_status write_script(const char *directory, const char *name, const char *text,
                                char *path) {
  char jobs[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(directory, "jobs", jobs));
  LORE_TRY(lore_directory_make(jobs));
  LORE_TRY(lore_path_join(jobs, name, path));
  FILE *file = fopen(path, "w");
  int failed = !file || fputs(text, file) < 0;
  if (file)
    failed |= fclose(file) != 0;
  if (failed)
    return lore_fail(LORE_FILE, "%s: cannot be written: %s", path, strerror(errno));
  chmod(path, 0755);
  return LORE_OK;
}

typedef struct {
  const lore_manifest *manifest;
  const lore_submit_options *options;
  char study[PATH_MAX], directory[PATH_MAX], run_script[LORE_PATH_MAX],
      collect_script[LORE_PATH_MAX];
  int most_tasks;
  char before[NUMBER]; /* job that the next one comes after; "" for the first */
  char all[ANSWER];    /* that were submitted, for messages */
} lore_submission;

static lore_status add_wave(const lore_submission *s, int wave, lore_command *c) {
  const lore_submit_options *o = s->options;
  int tasks = runs_of_wave(s->manifest, wave);
  if (o->tasks > 0 && o->tasks < tasks)
    tasks = o->tasks;
  if (tasks > s->most_tasks)
    tasks = s->most_tasks;
  add(c, "sbatch");
  add(c, "--parsable");
  LORE_TRY(add_text(c, "--array=0-%d", tasks - 1));
  LORE_TRY(add_text(c, "--output=%s/jobs/wave%d-%%A_%%a.log", s->directory, wave));
  if (*s->before)
    LORE_TRY(add_text(c, "--dependency=afterany:%s", s->before));
  for (int i = 0; i < o->sbatch_options; i++)
    add(c, o->sbatch_option[i]);
  add(c, s->run_script);
  add(c, s->study);
  add(c, s->directory);
  LORE_TRY(add_text(c, "--wave=%d", wave));
  if (o->ranks_per_run > 0)
    LORE_TRY(add_text(c, "--ranks-per-run=%d", o->ranks_per_run));
  for (int i = 0; i < o->overrides; i++) {
    add(c, "-s");
    add(c, o->override[i]);
  }
  return LORE_OK;
}

static lore_status add_collect(const lore_submission *s, lore_command *c) {
  add(c, "sbatch");
  add(c, "--parsable");
  LORE_TRY(add_text(c, "--output=%s/jobs/collect-%%j.log", s->directory));
  LORE_TRY(add_text(c, "--dependency=afterany:%s", s->before));
  add(c, s->collect_script);
  add(c, s->directory);
  return LORE_OK;
}

/* Prints the command and, if asked to, submits it: the job's number goes to s->before. */
static lore_status hand_over(lore_submission *s, const lore_command *c, const char *placeholder) {
  char answer[ANSWER];
  print_command(c, s->options->program);
  if (!s->options->submit) {
    snprintf(s->before, sizeof s->before, "%s", placeholder);
    return LORE_OK;
  }
  setenv("LORE", s->options->program, 1);
  int code = capture(c->word, answer);
  if (code != 0)
    return lore_fail(LORE_USER, "sbatch %s%s%s%s%s",
                     code == 127 ? "could not be started: is Slurm on the PATH?" : "refused: ",
                     answer, *s->all ? "\nsubmitted before: " : "; nothing was submitted", s->all,
                     *s->all ? "; 'scancel' with these numbers takes them back" : "");
  answer[strcspn(answer, ";")] = 0; /* a cluster's name may follow */
  snprintf(s->before, sizeof s->before, "%.*s", NUMBER - 1, answer);
  size_t length = strlen(s->all);
  snprintf(s->all + length, sizeof s->all - length, "%s%s", length ? " " : "", s->before);
  printf("submitted       job %s\n", s->before);
  return LORE_OK;
}

static lore_status submit_all(lore_submission *s) {
  const lore_manifest *m = s->manifest;
  int waves = 0;
  for (int r = 0; r < m->runs; r++)
    waves = m->run[r].wave >= waves ? m->run[r].wave + 1 : waves;
  lore_status status = LORE_OK;
  for (int wave = 0; wave <= waves && status == LORE_OK; wave++) {
    char placeholder[NUMBER];
    lore_command command = {0};
    snprintf(placeholder, sizeof placeholder, "WAVE%d", wave);
    status = wave < waves ? add_wave(s, wave, &command) : add_collect(s, &command);
    if (status == LORE_OK && command.count == WORDS_MAX)
      status = lore_fail(LORE_USER, "too many options");
    if (status == LORE_OK)
      status = hand_over(s, &command, placeholder);
    release(&command);
  }
  return status;
}

lore_status lore_submit(const lore_manifest *manifest, const lore_submit_options *options) {
  lore_submission *s = calloc(1, sizeof *s);
  if (!s)
    return lore_fail(LORE_MEMORY, "no memory for job scripts");
  s->manifest = manifest;
  s->options = options;
  s->most_tasks = most_tasks();
  lore_status status = absolute(options->study, s->study);
  if (status == LORE_OK)
    status = absolute(options->directory, s->directory);
  if (status == LORE_OK)
    status = write_script(s->directory, "run.sbatch", lore_job_run_script, s->run_script);
  if (status == LORE_OK)
    status =
        write_script(s->directory, "collect.sbatch", lore_job_collect_script, s->collect_script);
  if (status == LORE_OK)
    status = submit_all(s);
  free(s);
  return status;
}
