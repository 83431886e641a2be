/* Nudges, and findings that were held back, on the wire. */
#ifndef COACH_WIRE_NUDGE_H
#define COACH_WIRE_NUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"

enum { NUDGE_SUGGESTIONS = 2, NUDGE_ID = 16 };

/* All texts belong to whoever filled it. Field meanings: packaging/schema/nudge.schema.json. */
struct nudge {
    char nudge_id[NUDGE_ID + 1];
    const char *call_id;
    const char *agent_id; /* NULL: nobody yet */
    const char *rule;
    int rev;
    int phrase; /* from 1, in file order; 0: a condition, whose span is empty and which has said nothing */
    const char *rules_hash;
    const char *category;
    const char *severity;
    const char *title;
    const char *message;
    const char *suggest[NUDGE_SUGGESTIONS]; /* NULL where there is none */
    const char *said;                       /* NULL where no words are quoted */
    const char *segment_id;
    size_t span[2];   /* half open, bytes of the text that was sent */
    int64_t at_ms;    /* on the call's clock */
    int64_t end_ms;   /* of the deciding line, or COACH_NO_TIME */
    int64_t ttl_ms;   /* time on screen */
    const char *held; /* NULL for a nudge; else the reason it was held back, and it is a finding */
};

/* Wall clocks, RFC 3339 UTC, or NULL; replay has none, which makes its output the same on every run. */
struct nudge_clocks {
    const char *ts;
    const char *received;
    const char *sent;
};

/* Adds one line with its newline. Returns 0 or an error of buf_add, `out` then unchanged. */
int nudge_write(const struct nudge *n, const struct nudge_clocks *clocks, struct buf *out);

#endif
