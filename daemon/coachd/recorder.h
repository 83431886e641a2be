/* Recordings of calls, where a site has asked for them: canonical lines, one file for each call, written by one thread
 * so that no disk can hold up the loop. A recording that cannot be written whole is deleted: half a call replays to
 * something that never was. */
#ifndef COACH_COACHD_RECORDER_H
#define COACH_COACHD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"

enum { RECORDER_QUEUE = 8 * 1024 * 1024 }; /* bytes that may wait for the disk */

struct recorder;
struct record; /* one call's */

struct recorder_counts {
    uint64_t calls;    /* recorded from their first line to their end */
    uint64_t lines;    /* written */
    uint64_t given_up; /* calls that could not be recorded whole */
    uint64_t expired;  /* files deleted because they were too old */
    char why[160];     /* the last was given up */
};

/* Makes `dir` (mode 0700), or checks that nobody else may look into the one that is there, deletes what is older than
 * `days` there, now and every hour, and starts the thread. Returns 0; COACH_EINVAL when the folder will not do,
 * COACH_ENOMEM, COACH_EINTERNAL. */
int recorder_open(struct recorder **ret, const char *dir, int64_t days, coach_error *err);
/* Writes what waits, keeps what was recorded of calls that have not ended, and ends the thread; blocks. NULL is fine.
 */
void recorder_close(struct recorder *r);

/* Begins the recording of a call. NULL when memory is out. */
struct record *recorder_begin(struct recorder *r, const char *call_id);
/* Adds a line; takes the bytes, which leaves `line` empty. Returns false when the recording had to be given up because
 * too much waits or memory is out: `rec` is gone then. */
bool recorder_add(struct recorder *r, struct record *rec, struct buf *line);
/* Ends it well; `rec` is gone. */
void recorder_end(struct recorder *r, struct record *rec);

void recorder_count(struct recorder *r, struct recorder_counts *ret);

#endif
