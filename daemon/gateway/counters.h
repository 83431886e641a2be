/* What the gateway counts, and how it shows. */
#ifndef COACH_GATEWAY_COUNTERS_H
#define COACH_GATEWAY_COUNTERS_H

#include <stdint.h>

#include "daemon/gateway/access.h"
#include "lib/base/buf.h"
#include "lib/wire/reader.h"

struct counters {
    uint64_t connections;
    uint64_t connections_refused; /* over the limit */
    uint64_t timeouts;            /* hung up on for being slow */
    uint64_t answers[6];          /* by the first digit of their status */
    uint64_t access[ACCESS_OUTCOMES];
    uint64_t websockets;
    uint64_t posts;
    uint64_t messages; /* of WebSockets */
    uint64_t events;   /* handed to coachd */
    uint64_t ignored;  /* messages that hold no event */
    uint64_t problems[WIRE_CODES];
    uint64_t upstream_connects;
    uint64_t upstream_resent;
    uint64_t upstream_errors; /* error lines from coachd */
    uint64_t turned_away;     /* queue full, or coachd away */
};

/* What is so now. */
struct gauges {
    uint64_t connections;
    uint64_t websockets;
    uint64_t queue_bytes;
    uint64_t no_descriptors; /* a counter, kept by the listener */
    bool upstream;
};

/* Adds everything as OpenMetrics. Returns 0 or an error of buf_add. */
int counters_write(const struct counters *c, const struct gauges *g, struct buf *out);

#endif
