/* Segment ids for transcripts that have none. What coachd did not acknowledge is sent again, and only an utterance that
 * has an id is then known to be the same. */
#ifndef COACH_GATEWAY_NAMING_H
#define COACH_GATEWAY_NAMING_H

#include "lib/wire/event.h"
#include "lib/wire/stream.h"

struct naming {
    struct stream calls; /* open: the utterance without an id that was begun on a side */
    uint32_t launch;     /* differs between two gateways */
    uint64_t made;
};

void naming_init(struct naming *n);
void naming_clear(struct naming *n);

/* Gives a transcript without a segment id that of the open utterance of its side, or a new one; it lives until the next
 * call. Returns 0 or COACH_ENOMEM. */
int naming_give(struct naming *n, struct wire_event *event);
/* The event is on its way: a final ends the utterance, and the end of a call all of its. */
void naming_took(struct naming *n, const struct wire_event *event);

#endif
