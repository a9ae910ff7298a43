/* Holds a run as training does: locks it, writes its state, says so and waits to be killed. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lore/io/state.h"

int main(int count, char **argument) {
  char holder[LORE_STATE_TEXT];
  int lock;
  if (count != 4) {
    fprintf(stderr, "usage: %s DIRECTORY STEP STEPS\n", argument[0]);
    return 2;
  }
  lore_state state = {.stage = LORE_RUN_RUNNING,
                      .step = atoll(argument[2]),
                      .steps = atoll(argument[3]),
                      .ranks = 2,
                      .threads = 1,
                      .attempts = 1,
                      .host = "node-7",
                      .job = "99_3"};
  if (lore_state_lock(argument[1], &lock, holder) != LORE_OK || lock < 0 ||
      lore_state_write(argument[1], &state) != LORE_OK) {
    fprintf(stderr, "%s\n", lore_fail_message());
    return 1;
  }
  puts("holding");
  fflush(stdout);
  for (;;)
    pause();
}
