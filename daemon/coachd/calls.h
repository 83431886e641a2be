/* The live calls: by id, by when they began, by when they were last heard of. */
#ifndef COACH_COACHD_CALLS_H
#define COACH_COACHD_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/coachd/counters.h"
#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/engine/engine.h"

struct live_call {
    struct call *call;
    uint64_t serial;                    /* never used twice: tells a call from a later one with its id */
    int64_t began_ms;                   /* on the loop's clock */
    int64_t heard_ms;                   /* last line */
    unsigned writers;                   /* connections whose hello bound it and that are still there */
    struct live_call *longer, *shorter; /* neighbours: not heard of for longer, and for a shorter time */
};

struct calls {
    struct table by_id;                  /* seeded: ids are chosen by peers; walks from the oldest call to the newest */
    struct live_call *stillest, *latest; /* ends of the list by heard_ms */
    uint64_t last_serial;
    size_t max;
    int64_t idle_ms;
    int64_t age_ms;
    void (*on_end)(void *user, struct live_call *c, enum call_end why); /* just before it is freed */
    void *user;
};

/* Returns 0, or COACH_EINTERNAL when the system gives no random seed. */
int calls_init(struct calls *calls, size_t max, int64_t idle_ms, int64_t age_ms,
               void (*on_end)(void *user, struct live_call *c, enum call_end why), void *user, coach_error *err);
/* Frees all without telling anyone. */
void calls_clear(struct calls *calls);

/* The call, or NULL. */
struct live_call *calls_find(const struct calls *calls, const char *id, size_t len);
/* Adds a call that is not there. Returns 0 and sets `*ret`; COACH_ELIMIT when there are `max`, COACH_ENOMEM. */
int calls_begin(struct calls *calls, const char *id, size_t len, int64_t now_ms, struct live_call **ret,
                coach_error *err);
void calls_heard(struct calls *calls, struct live_call *c, int64_t now_ms);
void calls_end(struct calls *calls, struct live_call *c, enum call_end why);
/* Ends those not heard of for idle_ms and those older than age_ms. */
void calls_expire(struct calls *calls, int64_t now_ms);
size_t calls_count(const struct calls *calls);

#endif
