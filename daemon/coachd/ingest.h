/* The writers: lines of their connections to events, and error lines and acks back. */
#ifndef COACH_COACHD_INGEST_H
#define COACH_COACHD_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/conn.h"
#include "daemon/base/log.h"
#include "daemon/coachd/counters.h"
#include "lib/base/error.h"
#include "lib/wire/event.h"

/* The call that a connection's hello bound, for whoever counts the writers of a call. */
struct ingest_binding {
    const char *call_id;           /* NULL: none; valid during the callback */
    uint64_t serial;               /* the handler's: the live call that this connection was counted for; 0: none */
    char counted[WIRE_MAX_ID + 1]; /* the handler's: that call's id */
};

struct ingest_handler {
    /* An event took place. Returns 0, COACH_ELIMIT when there are too many calls, COACH_ENOMEM. */
    int (*event)(void *user, struct ingest_binding *binding, const struct wire_event *event);
    /* The connection has ended. */
    void (*ended)(void *user, struct ingest_binding *binding);
    void *user;
};

struct writer;
struct ingest {
    struct conn_loop *loop;
    struct conn_limits limits;
    struct ingest_handler handler;
    struct counters *counters;
    struct log_limit log_limit;
    struct writer *writers;
    size_t count;
};

void ingest_init(struct ingest *in, struct conn_loop *loop, const struct conn_limits *limits,
                 const struct ingest_handler *handler, struct counters *counters);

/* Takes over a connection's descriptor. */
void ingest_accept(struct ingest *in, int fd);
/* About once a second: tells writers what was suppressed. */
void ingest_tick(struct ingest *in);
/* Everything that writers have sent was taken. */
bool ingest_is_dry(const struct ingest *in);
/* Ends all connections when their acks are out; each is `ended` like any other. */
void ingest_end(struct ingest *in);

#endif
