/* The log of a program: one line each, to the terminal, to the journal, or to standard error with the priority
 * prefix that service managers read. Never the text of a transcript, at any level. */
#ifndef COACH_DAEMON_LOG_H
#define COACH_DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* "error" ... in the order above, NULL ended. */
extern const char *const log_level_names[];

/* Chooses where lines go: the journal when JOURNAL_STREAM says that standard error leads there, else standard
 * error. `program` is what the journal calls it and lives as long as the process. `journal` is the path of the
 * journal's socket; NULL for the usual one. The log is one per process, used from one thread. */
void log_open(const char *program, const char *journal);
void log_close(void);

void log_set_level(enum log_level level); /* at first LOG_LEVEL_INFO */
enum log_level log_get_level(void);
/* Whether `name` is a level; if so `*ret` is set. */
bool log_level_read(const char *name, enum log_level *ret);

/* Writes one line if `level` is on. Control characters become spaces, so that no peer can forge a line; a line
 * is cut at 2,000 bytes. Never waits: a line that standard error cannot take now is dropped, and the number of
 * those is said with the next one that can be written. */
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Keeps what peers can cause from filling the log: at most `LOG_BURST` lines of a kind per second. */
enum { LOG_BURST = 10 };
struct log_limit {
    int64_t window_ms;
    unsigned count;
};
/* Whether one more line of this kind may be written at `now_ms`, of any clock that only goes forward. */
bool log_allow(struct log_limit *l, int64_t now_ms);

#endif
