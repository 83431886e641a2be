#include "lib/eval/replay.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"

struct replay {
    const struct ruleset *set;
    const char *agent_id;
    struct engine *engine;
    struct table calls; /* id -> struct call * */
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
    if (call_set_agent(c, r->agent_id, strlen(r->agent_id)) != COACH_OK ||
        table_set(&r->calls, e->call_id.s, e->call_id.len, c) != COACH_OK) {
        call_free(c);
        return NULL;
    }
    return c;
}

static int step(struct replay *r, const struct wire_event *e)
{
    const struct finding *findings = NULL;
    size_t count = 0;
    struct call *c = call_of(r, e);
    if (c == NULL || (e->agent_id.s != NULL && call_set_agent(c, e->agent_id.s, e->agent_id.len) != COACH_OK))
        return COACH_ENOMEM;
    int rc = COACH_OK;
    if (e->type == WIRE_TRANSCRIPT)
        rc = engine_step(r->engine, r->set, c, e, recording_arrival(e), &findings, &count);
    if (rc == COACH_OK)
        r->fn(r->user, e, findings, count);
    if (e->type == WIRE_CALL_END)
        call_free(table_remove(&r->calls, e->call_id.s, e->call_id.len));
    return rc;
}

int replay_run(const struct recording *recording, const struct ruleset *set, const char *agent_id, replay_fn fn,
               void *user)
{
    struct replay r = {.set = set, .agent_id = agent_id, .engine = engine_new(), .fn = fn, .user = user};
    if (r.engine == NULL)
        return COACH_ENOMEM;
    table_init(&r.calls, NULL);
    int rc = COACH_OK;
    for (size_t i = 0; i < recording->count && rc == COACH_OK; i++)
        rc = step(&r, &recording->events[i]);
    for (const struct table_entry *e = table_next(&r.calls, NULL); e != NULL; e = table_next(&r.calls, e))
        call_free(table_value(e));
    table_clear(&r.calls);
    engine_free(r.engine);
    return rc;
}
