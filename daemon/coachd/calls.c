#include "daemon/coachd/calls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

int calls_init(struct calls *calls, size_t max, int64_t idle_ms, int64_t age_ms,
               void (*on_end)(void *user, struct live_call *c, enum call_end why), void *user, coach_error *err)
{
    uint8_t seed[HASH_SEED];
    *calls = (struct calls){.max = max, .idle_ms = idle_ms, .age_ms = age_ms, .on_end = on_end, .user = user};
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return coach_fail(err, COACH_EINTERNAL, "getrandom: no seed for the table of calls");
    table_init(&calls->by_id, seed);
    return COACH_OK;
}

static void live_call_free(struct live_call *c)
{
    call_free(c->call);
    free(c);
}

void calls_clear(struct calls *calls)
{
    for (struct table_entry *e = table_next(&calls->by_id, NULL); e != NULL; e = table_next(&calls->by_id, e))
        live_call_free(table_value(e));
    table_clear(&calls->by_id);
    calls->stillest = calls->latest = NULL;
}

struct live_call *calls_find(const struct calls *calls, const char *id, size_t len)
{
    return table_get(&calls->by_id, id, len);
}

static void unlink_call(struct calls *calls, struct live_call *c)
{
    *(c->longer != NULL ? &c->longer->shorter : &calls->stillest) = c->shorter;
    *(c->shorter != NULL ? &c->shorter->longer : &calls->latest) = c->longer;
    c->longer = c->shorter = NULL;
}

static void link_latest(struct calls *calls, struct live_call *c)
{
    c->longer = calls->latest;
    *(c->longer != NULL ? &c->longer->shorter : &calls->stillest) = c;
    calls->latest = c;
}

int calls_begin(struct calls *calls, const char *id, size_t len, int64_t now_ms, struct live_call **ret,
                coach_error *err)
{
    if (calls_count(calls) >= calls->max)
        return coach_fail(err, COACH_ELIMIT, "%zu calls are live, the most that are allowed", calls->max);
    struct live_call *c = calloc(1, sizeof *c);
    if (c == NULL)
        return coach_fail_nomem(err);
    c->call = call_new(id, len);
    if (c->call == NULL || table_set(&calls->by_id, id, len, c) != COACH_OK) {
        live_call_free(c);
        return coach_fail_nomem(err);
    }
    c->serial = ++calls->last_serial;
    c->began_ms = c->heard_ms = now_ms;
    link_latest(calls, c);
    *ret = c;
    return COACH_OK;
}

void calls_heard(struct calls *calls, struct live_call *c, int64_t now_ms)
{
    c->heard_ms = now_ms;
    if (calls->latest == c)
        return;
    unlink_call(calls, c);
    link_latest(calls, c);
}

void calls_end(struct calls *calls, struct live_call *c, enum call_end why)
{
    const char *id = call_id(c->call);
    table_remove(&calls->by_id, id, strlen(id));
    unlink_call(calls, c);
    calls->on_end(calls->user, c, why);
    live_call_free(c);
}

void calls_expire(struct calls *calls, int64_t now_ms)
{
    while (calls->stillest != NULL && now_ms - calls->stillest->heard_ms >= calls->idle_ms)
        calls_end(calls, calls->stillest, CALL_IDLE);
    for (;;) {
        struct table_entry *oldest = table_next(&calls->by_id, NULL);
        struct live_call *c = oldest == NULL ? NULL : table_value(oldest);
        if (c == NULL || now_ms - c->began_ms < calls->age_ms)
            return;
        calls_end(calls, c, CALL_TOO_OLD);
    }
}

size_t calls_count(const struct calls *calls)
{
    return table_count(&calls->by_id);
}
