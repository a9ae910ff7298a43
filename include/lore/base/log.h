/* Messages to the user. Results go to stdout, everything else to stderr; only rank 0 speaks unless
 * the message is about one rank. */
#ifndef LORE_BASE_LOG_H
#define LORE_BASE_LOG_H

/* Tells the log which rank this process is (0 before any call). */
void lore_log_set_rank(int rank);

/* One line on stderr, from rank 0 only: "lore: ...", "lore: warning: ...", "lore: error: ...". */
void lore_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lore_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lore_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line on stderr from whichever rank calls: "lore: ...". */
void lore_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An error of one rank, from whichever it is: "lore: error: rank R: ...". */
void lore_error_rank(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
