/* The writers: lines of their connections to events, and error lines and acks back. Each is counted, by itself and
 * with all of its format. */
#ifndef COACH_COACHD_INGEST_H
#define COACH_COACHD_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/conn.h"
#include "daemon/base/linestats.h"
#include "daemon/base/log.h"
#include "daemon/coachd/counters.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
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

/* All lines so far that came in one format. */
struct format_total {
    struct format_total *next;
    struct linecounts counts;
    char format[]; /* "coachd", "auto" until it is recognised, or a vendor's */
};

/* What writers are taken to have said before their first line. */
struct ingest_defaults {
    struct formats *formats; /* vendor formats; NULL: coachd's own only */
    struct buf hello;        /* a hello line; empty: none */
};
void ingest_defaults_clear(struct ingest_defaults *d);

struct writer;
struct ingest {
    struct conn_loop *loop;
    struct conn_limits limits;
    struct ingest_handler handler;
    struct counters *counters;
    struct log_limit log_limit;
    struct ingest_defaults defaults;
    struct format_total *totals;
    struct writer *writers;
    size_t count;
    uint64_t accepted;
    uint8_t seed[HASH_SEED];
};

void ingest_init(struct ingest *in, struct conn_loop *loop, const struct conn_limits *limits,
                 const struct ingest_handler *handler, struct counters *counters);
/* When no writer is left. */
void ingest_clear(struct ingest *in);

/* Takes over what `defaults` holds, for the writers that come from now on; those that are there keep what they have. */
void ingest_set_defaults(struct ingest *in, struct ingest_defaults *defaults);

/* Takes over a connection's descriptor. */
void ingest_accept(struct ingest *in, int fd);
/* One writer, for reports; valid until it is gone. */
struct ingest_view {
    uint64_t id; /* of its connection, as in the log */
    pid_t pid;   /* of the process that connected; 0: unknown */
    uid_t uid;
    const char *format;
    const char *call_id; /* that its hello bound, or NULL */
    int64_t opened_ms;   /* on the loop's clock */
    int64_t heard_ms;    /* its last line */
    uint64_t unknown_fields;
    const struct linestats *stats;
};
/* Walks the writers: start with NULL, ends with NULL. */
const struct writer *ingest_next(const struct ingest *in, const struct writer *w);
const struct linestats *ingest_stats(const struct writer *w);
struct ingest_view ingest_look(const struct writer *w);

/* About once a second: tells writers what was suppressed. */
void ingest_tick(struct ingest *in);
/* Everything that writers have sent was taken. */
bool ingest_is_dry(const struct ingest *in);
/* Ends all connections when their acks are out; each is `ended` like any other. */
void ingest_end(struct ingest *in);

#endif
