/* Child processes of tests that are killed. Include after <cmocka.h>. */
#ifndef LORE_TESTS_CHILD_H
#define LORE_TESTS_CHILD_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* fork, but the child does not outlive a test that fails. */
static inline pid_t fork_child(void) {
  pid_t child = fork();
  if (child == 0)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  return child;
}

/* Kills a child that must not have ended by itself. */
static inline void kill_child(pid_t child) {
  int status;
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

#endif
