/* Rules that hit the match limit again and again: after QUARANTINE_HITS within QUARANTINE_WINDOW_MS a rule is left out
 * until the rules are loaded anew. Belongs to one engine; the caller gives the time. */
#ifndef COACH_ENGINE_QUARANTINE_H
#define COACH_ENGINE_QUARANTINE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/rules/ruleset.h"

enum {
    QUARANTINE_HITS = 3,
    QUARANTINE_WINDOW_MS = 10 * 60 * 1000,
    QUARANTINE_RULES = 64,   /* left out at once; of further ones each line goes on to cost its limit */
    QUARANTINE_WATCHED = 64, /* with fewer hits; the one whose last hit is oldest is forgotten */
    QUARANTINE_ID = 65
};

struct quarantine_watch {
    uint64_t key;
    int64_t at_ms[QUARANTINE_HITS]; /* of its hits, the latest last */
    int hits;
};

struct quarantine {
    uint64_t keys[QUARANTINE_RULES]; /* struct rule's, of what is left out, in the order it came */
    char ids[QUARANTINE_RULES][QUARANTINE_ID];
    size_t count;
    struct quarantine_watch watched[QUARANTINE_WATCHED];
    size_t watched_count;
};

/* Notes that `rule` hit the limit at `now_ms`, on a clock that only goes forward. Returns whether that put it into
 * quarantine. */
bool quarantine_hit(struct quarantine *q, const struct rule *rule, int64_t now_ms);
/* Forgets everything. */
void quarantine_clear(struct quarantine *q);

#endif
