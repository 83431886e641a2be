/* Error lines to a peer, at most one per second and code; those left out are counted and told later. */
#ifndef COACH_DAEMON_COMPLAINTS_H
#define COACH_DAEMON_COMPLAINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum { COMPLAINT_KINDS = 16, COMPLAINT_EVERY_MS = 1000 };

struct complaint {
    const char *code; /* NULL: never used */
    int64_t said_ms;
    uint64_t line;
    uint64_t suppressed;
    char message[200];
};

/* Of one connection; costs a pointer until there is something to complain about. */
struct complaints {
    struct complaint *kinds;
    unsigned waiting; /* kinds with something suppressed */
};

void complaints_clear(struct complaints *c);

/* Complains of `line` (from 1) at `now_ms`: adds the error line to `out` and returns true, or counts it and returns
 * false. `kind` is below COMPLAINT_KINDS and stands for `code`, a text that lives as long as the program. */
bool complaints_add(struct complaints *c, unsigned kind, const char *code, uint64_t line, const char *message,
                    int64_t now_ms, struct buf *out);
/* Adds an error line for each kind that has had something suppressed for a second, so that the last one of a run
 * is told too. Call it about once a second. */
void complaints_tell_rest(struct complaints *c, int64_t now_ms, struct buf *out);

#endif
