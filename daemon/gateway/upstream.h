/* The one connection to coachd's ingest.sock. Events that it has not acknowledged are kept, up to a limit, and sent
 * again on the next connection when this one breaks. */
#ifndef COACH_GATEWAY_UPSTREAM_H
#define COACH_GATEWAY_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/conn.h"
#include "daemon/base/log.h"
#include "daemon/gateway/counters.h"
#include "daemon/gateway/naming.h"
#include "lib/wire/event.h"

/* Somebody who waits until an event took effect. */
struct upstream_wait {
    struct upstream_wait *next, *prev;
    uint64_t first; /* of its events; set by who waits */
    uint64_t seq;   /* of the last of them; 0: not waiting */
    unsigned refused;
    char code[24], why[128]; /* of the last that was refused */
    void (*done)(void *user);
    void *user;
};

struct upstream {
    struct conn_loop *conns;
    struct counters *counters;
    const char *path;
    size_t max;
    uv_timer_t retry;
    struct conn *conn; /* NULL while coachd is away */
    struct naming *naming;
    struct buf window; /* lines that were not acknowledged, the first being `first_seq` */
    size_t sent;       /* bytes of it given to `conn` */
    uint64_t first_seq;
    uint64_t next_seq;
    struct upstream_wait *waits, *last_wait; /* by seq */
    int64_t away_since_ms;
    int64_t away_told_ms; /* when the log was told; 0: not yet */
    int64_t begun_ms;     /* the connection */
    int64_t backoff_ms;
    struct log_limit errors;
    struct log_limit losses;
    bool full; /* somebody was told that there is no room */
    bool closing;
    void (*on_room)(void *user); /* there is room again */
    void *user;
};

/* Connects to the socket `path`, now and whenever the connection is lost. `max` bytes may wait. `naming` is kept. */
void upstream_open(struct upstream *u, struct conn_loop *conns, const char *path, size_t max, struct counters *counters,
                   struct naming *naming, void (*on_room)(void *user), void *user);
/* Closes at once; nobody is told anything more. */
void upstream_close(struct upstream *u);
/* After the loop has ended. */
void upstream_clear(struct upstream *u);

bool upstream_is_connected(const struct upstream *u);
/* For how long coachd has been away; 0 when it is there. */
int64_t upstream_away_ms(const struct upstream *u);
/* Whether a message may be taken. When not, on_room is called later. What one message holds is always taken whole. */
bool upstream_has_room(struct upstream *u);
/* Nothing waits to be acknowledged. */
bool upstream_is_empty(const struct upstream *u);

/* Queues the event under a seq of its own, and a transcript that has no segment id under one: sent again it is then
 * known for what it is. Returns 0; COACH_ELIMIT when its line is longer than coachd takes; COACH_ENOMEM. */
int upstream_add(struct upstream *u, const struct wire_event *event);
/* Calls `w->done` once everything that was added up to now took effect: at once when it has. */
void upstream_wait(struct upstream *u, struct upstream_wait *w);
void upstream_forget(struct upstream *u, struct upstream_wait *w); /* without effect on one that does not wait */

#endif
