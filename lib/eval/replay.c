#include "lib/eval/replay.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"

struct replay {
    const struct ruleset *set;
    const struct replay_options *options;
    struct engine *engine;
    struct table calls; /* id -> struct call * */
    struct table named; /* ids of calls that name an agent somewhere */
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
    bool named = table_get(&r->named, e->call_id.s, e->call_id.len) != NULL;
    if ((!named && call_set_agent(c, r->options->agent_id, strlen(r->options->agent_id)) != COACH_OK) ||
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

static int end_call(struct replay *r, struct call *c, const struct wire_event *e, int64_t now_ms)
{
    struct engine_results results;
    int rc = engine_end(r->engine, r->set, c, now_ms, &results);
    if (rc == COACH_OK)
        r->fn(r->user, c, e, &results);
    return rc;
}

/* A call that names its agent late had none until then. */
static int find_agents(struct replay *r, const struct recording *recording)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < recording->count && rc == COACH_OK; i++) {
        struct wire_event *e = &recording->events[i];
        if (e->agent_id.s != NULL)
            rc = table_set(&r->named, e->call_id.s, e->call_id.len, e);
    }
    return rc;
}

/* What a desktop or the telephone system said of the call. */
static int apply(struct call *c, const struct wire_event *e, int64_t now_ms)
{
    if (e->type == WIRE_STATE)
        call_set_activity(c, (enum call_activity)e->state, now_ms);
    int rc = e->type == WIRE_MUTE ? call_mute(c, e->rule.s) : COACH_OK;
    return rc == COACH_ELIMIT ? COACH_OK : rc; /* as it was live: the rule was not muted */
}

static int step(struct replay *r, const struct wire_event *e)
{
    struct engine_results results = {0};
    struct call *c = call_of(r, e);
    if (c == NULL)
        return COACH_ENOMEM;
    int64_t arrival = recording_arrival(e);
    if (arrival != COACH_NO_TIME)
        arrival += r->options->lag_ms;
    int rc = arrival == COACH_NO_TIME ? COACH_OK : pass_time(r, c, arrival);
    if (rc == COACH_OK && e->agent_id.s != NULL && e->type != WIRE_CALL_END)
        rc = call_set_agent(c, e->agent_id.s, e->agent_id.len);
    if (rc == COACH_OK && e->type == WIRE_CALL_END) {
        rc = end_call(r, c, e, arrival);
        call_free(table_remove(&r->calls, e->call_id.s, e->call_id.len));
        return rc;
    }
    if (rc == COACH_OK && e->type == WIRE_TRANSCRIPT)
        rc = engine_step(r->engine, r->set, c, e, arrival, &results);
    if (rc == COACH_OK)
        rc = apply(c, e, arrival);
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
    table_init(&r.named, NULL);
    int rc = find_agents(&r, recording);
    for (size_t i = 0; i < recording->count && rc == COACH_OK; i++)
        rc = step(&r, &recording->events[i]);
    for (const struct table_entry *e = table_next(&r.calls, NULL); e != NULL; e = table_next(&r.calls, e)) {
        if (rc == COACH_OK)
            rc = end_call(&r, table_value(e), NULL, COACH_NO_TIME);
        call_free(table_value(e));
    }
    table_clear(&r.calls);
    table_clear(&r.named);
    engine_free(r.engine);
    return rc;
}
