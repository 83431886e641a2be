#include "lib/eval/replay.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"

struct replay {
    const struct ruleset *set;
    const struct replay_options *options;
    struct engine *engine;
    struct table calls; /* id -> struct call * */
    size_t activities;  /* of the recording, heard so far */
    replay_fn fn;
    void *user;
};

static struct call *call_of(struct replay *r, const struct wire_event *e)
{
    struct call *c = table_get(&r->calls, e->call_id.s, e->call_id.len);
    if (c != NULL)
        return c;
    c = call_new(e->call_id.s, e->call_id.len);
    if (c == NULL)
        return NULL;
    if (call_set_agent(c, r->options->agent_id, strlen(r->options->agent_id)) != COACH_OK ||
        table_set(&r->calls, e->call_id.s, e->call_id.len, c) != COACH_OK) {
        call_free(c);
        return NULL;
    }
    return c;
}

/* What time alone brings about before `until_ms`, each in its moment. */
static int pass_time(struct replay *r, struct call *c, int64_t until_ms)
{
    int64_t wake;
    while ((wake = engine_wake(r->engine, r->set, c)) < until_ms) {
        struct engine_results results;
        int rc = engine_tick(r->engine, r->set, c, wake, &results);
        if (rc != COACH_OK)
            return rc;
        r->fn(r->user, c, NULL, &results);
    }
    return COACH_OK;
}

/* What the desktop said before event `i` of the recording, each at its time. */
static int hear_activities(struct replay *r, const struct recording *recording, size_t i)
{
    int rc = COACH_OK;
    for (; r->activities < recording->activity_count && recording->activities[r->activities].before <= i &&
           rc == COACH_OK;
         r->activities++) {
        const struct recording_activity *a = &recording->activities[r->activities];
        struct call *c = call_of(r, &recording->events[i]);
        int64_t at_ms = a->at_ms + r->options->lag_ms;
        rc = c == NULL ? COACH_ENOMEM : pass_time(r, c, at_ms);
        if (rc == COACH_OK)
            call_set_activity(c, a->activity, at_ms);
    }
    return rc;
}

static int end_call(struct replay *r, struct call *c, const struct wire_event *e, int64_t now_ms)
{
    struct engine_results results;
    int rc = engine_end(r->engine, r->set, c, now_ms, &results);
    if (rc == COACH_OK)
        r->fn(r->user, c, e, &results);
    return rc;
}

static int step(struct replay *r, const struct wire_event *e)
{
    struct engine_results results = {0};
    struct call *c = call_of(r, e);
    if (c == NULL || (e->agent_id.s != NULL && call_set_agent(c, e->agent_id.s, e->agent_id.len) != COACH_OK))
        return COACH_ENOMEM;
    int64_t arrival = recording_arrival(e);
    if (arrival != COACH_NO_TIME)
        arrival += r->options->lag_ms;
    int rc = arrival == COACH_NO_TIME ? COACH_OK : pass_time(r, c, arrival);
    if (rc == COACH_OK && e->type == WIRE_CALL_END) {
        rc = end_call(r, c, e, arrival);
        call_free(table_remove(&r->calls, e->call_id.s, e->call_id.len));
        return rc;
    }
    if (rc == COACH_OK && e->type == WIRE_TRANSCRIPT)
        rc = engine_step(r->engine, r->set, c, e, arrival, &results);
    if (rc == COACH_OK)
        r->fn(r->user, c, e, &results);
    return rc;
}

int replay_run(const struct recording *recording, const struct ruleset *set, const struct replay_options *options,
               replay_fn fn, void *user)
{
    struct replay r = {.set = set, .options = options, .engine = engine_new(), .fn = fn, .user = user};
    if (r.engine == NULL)
        return COACH_ENOMEM;
    engine_ignore_attention(r.engine, options->ignore_attention);
    engine_observe(r.engine, options->observer, options->observer_user);
    table_init(&r.calls, NULL);
    int rc = COACH_OK;
    for (size_t i = 0; i < recording->count && rc == COACH_OK; i++) {
        rc = hear_activities(&r, recording, i);
        if (rc == COACH_OK)
            rc = step(&r, &recording->events[i]);
    }
    for (const struct table_entry *e = table_next(&r.calls, NULL); e != NULL; e = table_next(&r.calls, e)) {
        if (rc == COACH_OK)
            rc = end_call(&r, table_value(e), NULL, COACH_NO_TIME);
        call_free(table_value(e));
    }
    table_clear(&r.calls);
    engine_free(r.engine);
    return rc;
}
