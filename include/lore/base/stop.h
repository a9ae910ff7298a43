/* Requests to stop: signals and the end of the job's time. */
#ifndef LORE_BASE_STOP_H
#define LORE_BASE_STOP_H

#include <stdbool.h>

/* From now on SIGUSR1, SIGUSR2, SIGTERM and SIGINT only ask for a stop; a second SIGINT ends the
 * process at once. */
void lore_stop_listen(void);

/* Training has to have ended by `deadline` (s since 1970). Several calls: the earliest holds. */
void lore_stop_at(double deadline);

/* The job ends at `end` (s since 1970; 0: not known). `ask` is called when that comes near: the end
 * may have been put off since, as that of a suspended job is. It returns 0 if it does not know. */
void lore_stop_at_job_end(double end, double (*ask)(void *context), void *context);

/* `ask` is called too, about once a second, by lore_stop_wanted: whether another process has been
 * asked to stop. NULL: none. */
void lore_stop_ask(bool (*ask)(void *context), void *context);

/* Whether this process should stop: a signal came, less than `margin` seconds are left, or another
 * process was told to (lore_stop_ask, lore_stop_follow). */
bool lore_stop_wanted(double margin);

/* This process has to stop because another one was told to: counts as a request to it, too. */
void lore_stop_follow(void);

/* From now on a request to stop also writes a '!' into file `fd` at `offset`, at once (a signal: in
 * its handler), so that others can tell a process that was told to end from one that died of
 * itself. fd -1: no more. */
void lore_stop_mark(int fd, long offset);

/* "signal USR1", "the time limit", "another process": why; "" if nothing asks for it. */
const char *lore_stop_reason(void);

#endif
