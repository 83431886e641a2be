/* The live calls: by id, by agent, by when they began, by when they were last heard of, by when time next has something
 * to do in them. */
#ifndef COACH_COACHD_CALLS_H
#define COACH_COACHD_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/coachd/counters.h"
#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/engine/engine.h"
#include "lib/engine/summary.h"
#include "lib/wire/event.h"

struct record;
struct agent_calls;

struct live_call {
    struct call *call;
    uint64_t serial;                    /* never used twice: tells a call from a later one with its id */
    int64_t began_ms;                   /* on the loop's clock */
    int64_t heard_ms;                   /* last line */
    unsigned writers;                   /* connections whose hello bound it and that are still there */
    struct live_call *longer, *shorter; /* neighbours: not heard of for longer, and for a shorter time */
    struct agent_calls *of_agent;       /* NULL until it has one */
    struct live_call *next_of_agent, *prev_of_agent;
    int64_t wake_ms; /* when the engine wants to be asked; INT64_MAX for never */
    size_t wake_at;  /* its place among the wakes */
    enum wire_state state;
    struct record *record; /* NULL: it is not recorded */
    enum engine_sight told_sight;
    bool told_untimed, told_skew;
    struct call_summary summary; /* since it has its agent */
};

struct calls {
    struct table by_id;                  /* seeded: ids are chosen by peers; walks from the oldest call to the newest */
    struct live_call *stillest, *latest; /* ends of the list by heard_ms */
    struct table by_agent;               /* agent id -> struct agent_calls */
    struct live_call **wakes;            /* a heap of all calls, the earliest wake_ms first */
    size_t wakes_cap;
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
/* Gives the call to an agent. Returns 0, or COACH_ENOMEM with nothing changed. */
int calls_set_agent(struct calls *calls, struct live_call *c, const char *agent_id, size_t len);
/* The first call of an agent, or NULL; the others follow by next_of_agent. */
struct live_call *calls_of_agent(const struct calls *calls, const char *agent_id);
/* Notes when time next has something to do in the call. */
void calls_set_wake(struct calls *calls, struct live_call *c, int64_t wake_ms);
/* Makes it now for every call. */
void calls_wake_all(struct calls *calls, int64_t now_ms);
/* The call with the earliest wake, or NULL when there are no calls. */
struct live_call *calls_earliest(const struct calls *calls);
/* Ends those not heard of for idle_ms and those older than age_ms. */
void calls_expire(struct calls *calls, int64_t now_ms);
size_t calls_count(const struct calls *calls);

#endif
