/* Signals and deadlines. */
#include "lore/base/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/clock.h"

static volatile sig_atomic_t caught;
static double deadline; /* 0: none */
static double job_end;  /* 0: none */
static double (*ask_job_end)(void *context);
static void *job_end_context;
static bool late, asked;
static bool (*ask_others)(void *context);
static void *ask_context;
static double last_asked;
static volatile sig_atomic_t mark_file = -1;
static volatile long mark_offset;
static bool marked;

/* In a signal's handler, too. */
static void put_mark(void) {
  int error = errno;
  if (mark_file >= 0)
    (void)!pwrite(mark_file, "!", 1, mark_offset);
  errno = error;
}

static void note_signal(int number) {
  if (number == SIGINT && caught == SIGINT) {
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
  }
  caught = number;
  put_mark();
}

void lore_stop_listen(void) {
  static const int signals[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    sigaction(signals[i], &action, NULL);
}

void lore_stop_at(double seconds) {
  if (deadline == 0 || seconds < deadline)
    deadline = seconds;
}

void lore_stop_at_job_end(double end, double (*ask)(void *context), void *context) {
  job_end = end;
  ask_job_end = ask;
  job_end_context = context;
}

static bool is_near(double end, double margin) {
  return end > 0 && lore_clock_unix() + margin > end;
}

/* Asks anew each time that the end seems to have come near. */
static bool job_ends(double margin) {
  if (is_near(job_end, margin) && ask_job_end) {
    double end = ask_job_end(job_end_context);
    job_end = end > job_end ? end : job_end;
  }
  return is_near(job_end, margin);
}

void lore_stop_mark(int fd, long offset) {
  mark_file = -1; /* a signal may come between the two */
  mark_offset = offset;
  mark_file = fd;
  marked = caught || late || asked;
  if (marked)
    put_mark();
}

void lore_stop_ask(bool (*ask)(void *context), void *context) {
  ask_others = ask;
  ask_context = context;
}

static void note_request(void) {
  if ((late || asked) && !marked) {
    marked = true;
    put_mark();
  }
}

void lore_stop_follow(void) {
  asked = true;
  note_request();
}

bool lore_stop_wanted(double margin) {
  double now = lore_clock_seconds();
  if (ask_others && now - last_asked > 1) {
    last_asked = now;
    asked = asked || ask_others(ask_context);
  }
  if (!caught && !asked)
    late = late || is_near(deadline, margin) || job_ends(margin);
  note_request();
  return caught || late || asked;
}

const char *lore_stop_reason(void) {
  static char text[32];
  if (caught) {
    const char *name = sigabbrev_np(caught);
    snprintf(text, sizeof text, "signal %s", name ? name : "?");
    return text;
  }
  return late ? "the time limit" : asked ? "another process" : "";
}
