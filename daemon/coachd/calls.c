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
    table_init(&calls->by_agent, seed);
    return COACH_OK;
}

/* ---- by agent ---- */

struct agent_calls {
    struct live_call *first;
    size_t len;
    char id[];
};

static struct agent_calls *agent_calls_get(struct calls *calls, const char *id, size_t len)
{
    struct agent_calls *a = table_get(&calls->by_agent, id, len);
    if (a != NULL || (a = calloc(1, sizeof *a + len + 1)) == NULL)
        return a;
    a->len = len;
    memcpy(a->id, id, len);
    if (table_set(&calls->by_agent, id, len, a) == COACH_OK)
        return a;
    free(a);
    return NULL;
}

static void drop_if_empty(struct calls *calls, struct agent_calls *a)
{
    if (a->first != NULL)
        return;
    table_remove(&calls->by_agent, a->id, a->len);
    free(a);
}

static void leave_agent(struct calls *calls, struct live_call *c)
{
    struct agent_calls *a = c->of_agent;
    if (a == NULL)
        return;
    *(c->prev_of_agent != NULL ? &c->prev_of_agent->next_of_agent : &a->first) = c->next_of_agent;
    if (c->next_of_agent != NULL)
        c->next_of_agent->prev_of_agent = c->prev_of_agent;
    c->of_agent = NULL;
    c->next_of_agent = c->prev_of_agent = NULL;
    drop_if_empty(calls, a);
}

int calls_set_agent(struct calls *calls, struct live_call *c, const char *agent_id, size_t len)
{
    struct agent_calls *a = agent_calls_get(calls, agent_id, len);
    if (a == NULL)
        return COACH_ENOMEM;
    if (call_set_agent(c->call, agent_id, len) != COACH_OK) {
        drop_if_empty(calls, a);
        return COACH_ENOMEM;
    }
    if (c->of_agent == a)
        return COACH_OK;
    leave_agent(calls, c);
    c->of_agent = a;
    c->next_of_agent = a->first;
    if (a->first != NULL)
        a->first->prev_of_agent = c;
    a->first = c;
    return COACH_OK;
}

struct live_call *calls_of_agent(const struct calls *calls, const char *agent_id)
{
    const struct agent_calls *a = table_get(&calls->by_agent, agent_id, strlen(agent_id));
    return a == NULL ? NULL : a->first;
}

/* ---- by wake ---- */

static void put_wake(struct calls *calls, size_t at, struct live_call *c)
{
    calls->wakes[at] = c;
    c->wake_at = at;
}

/* Moves the call at `at` to where it belongs among `count`. */
static void sift(struct calls *calls, size_t at, size_t count)
{
    struct live_call *c = calls->wakes[at];
    while (at > 0 && calls->wakes[(at - 1) / 2]->wake_ms > c->wake_ms) {
        put_wake(calls, at, calls->wakes[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && calls->wakes[child + 1]->wake_ms < calls->wakes[child]->wake_ms)
            child++;
        if (calls->wakes[child]->wake_ms >= c->wake_ms)
            break;
        put_wake(calls, at, calls->wakes[child]);
    }
    put_wake(calls, at, c);
}

static bool has_room_for_wake(struct calls *calls)
{
    if (calls_count(calls) < calls->wakes_cap)
        return true;
    size_t cap = calls->wakes_cap == 0 ? 64 : calls->wakes_cap * 2;
    struct live_call **wakes = realloc(calls->wakes, cap * sizeof(struct live_call *));
    if (wakes == NULL)
        return false;
    calls->wakes = wakes;
    calls->wakes_cap = cap;
    return true;
}

/* `count`: how many are left. */
static void remove_wake(struct calls *calls, struct live_call *c, size_t count)
{
    struct live_call *last = calls->wakes[count];
    if (last == c)
        return;
    put_wake(calls, c->wake_at, last);
    sift(calls, last->wake_at, count);
}

void calls_set_wake(struct calls *calls, struct live_call *c, int64_t wake_ms)
{
    c->wake_ms = wake_ms;
    sift(calls, c->wake_at, calls_count(calls));
}

void calls_wake_all(struct calls *calls, int64_t now_ms)
{
    for (size_t i = 0; i < calls_count(calls); i++)
        calls->wakes[i]->wake_ms = now_ms; /* all alike: any order is a heap */
}

struct live_call *calls_earliest(const struct calls *calls)
{
    return calls_count(calls) == 0 ? NULL : calls->wakes[0];
}

/* ---- all ---- */

static void live_call_free(struct live_call *c)
{
    call_free(c->call);
    summary_clear(&c->summary);
    free(c);
}

void calls_clear(struct calls *calls)
{
    for (struct table_entry *e = table_next(&calls->by_id, NULL); e != NULL; e = table_next(&calls->by_id, e))
        live_call_free(table_value(e));
    for (struct table_entry *e = table_next(&calls->by_agent, NULL); e != NULL; e = table_next(&calls->by_agent, e))
        free(table_value(e));
    table_clear(&calls->by_id);
    table_clear(&calls->by_agent);
    free(calls->wakes);
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
    if (c->call == NULL || !has_room_for_wake(calls) || table_set(&calls->by_id, id, len, c) != COACH_OK) {
        live_call_free(c);
        return coach_fail_nomem(err);
    }
    c->serial = ++calls->last_serial;
    c->began_ms = c->heard_ms = now_ms;
    c->wake_ms = INT64_MAX;
    put_wake(calls, calls_count(calls) - 1, c);
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
    calls->on_end(calls->user, c, why);
    table_remove(&calls->by_id, id, strlen(id));
    unlink_call(calls, c);
    remove_wake(calls, c, calls_count(calls));
    leave_agent(calls, c);
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
