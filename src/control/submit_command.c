/* Commands that lore submit prints and runs. */
#include "submit_command.h"

#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

lore_status lore_command_add(lore_command *c, const char *word) {
  if (c->count == LORE_COMMAND_WORDS)
    return lore_fail(LORE_USER, "too many options for %s: %d words at the most", c->word[0],
                     LORE_COMMAND_WORDS);
  c->word[c->count++] = word;
  return LORE_OK;
}

lore_status lore_command_format(lore_command *c, const char *format, ...) {
  va_list arguments;
  char *text;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0 || c->texts == LORE_COMMAND_TEXTS)
    return lore_fail(LORE_MEMORY, "cannot allocate a command");
  c->text[c->texts++] = text;
  return lore_command_add(c, text);
}

void lore_command_release(lore_command *c) {
  for (int i = 0; i < c->texts; i++)
    free(c->text[i]);
  *c = (lore_command){0};
}

static void take_text(FILE *file, char *text) {
  rewind(file);
  size_t length = fread(text, 1, LORE_ANSWER - 1, file);
  while (length > 0 && text[length - 1] == '\n')
    length--;
  text[length] = 0;
}

/* Waits for the command; its outputs are the open files. */
static lore_status run(const lore_command *c, FILE *out, FILE *error, lore_answer *answer) {
  posix_spawn_file_actions_t actions;
  pid_t child;
  int state = 0;
  fflush(NULL);
  if (posix_spawn_file_actions_init(&actions))
    return lore_fail(LORE_MEMORY, "cannot allocate a command");
  int failed = posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
  failed =
      failed ? failed : posix_spawn_file_actions_adddup2(&actions, fileno(error), STDERR_FILENO);
  failed = failed
               ? failed
               : posix_spawnp(&child, c->word[0], &actions, NULL, (char *const *)c->word, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT)
    return lore_fail(LORE_USER, "there is no %s: is Slurm on the PATH?", c->word[0]);
  if (failed)
    return lore_fail(LORE_FILE, "%s cannot be started: %s", c->word[0], strerror(failed));
  while (waitpid(child, &state, 0) < 0)
    if (errno != EINTR)
      return lore_fail(LORE_FILE, "%s: %s", c->word[0], strerror(errno));
  answer->code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  take_text(out, answer->out);
  take_text(error, answer->error);
  return LORE_OK;
}

/* Files, not pipes: whatever a command says and wherever, it cannot block. */
lore_status lore_command_capture(const lore_command *c, lore_answer *answer) {
  FILE *out = tmpfile(), *error = tmpfile();
  lore_status status =
      out && error ? run(c, out, error, answer)
                   : lore_fail(LORE_FILE, "a temporary file cannot be made: %s", strerror(errno));
  if (out)
    fclose(out);
  if (error)
    fclose(error);
  return status;
}
