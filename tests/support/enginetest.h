/* For unit tests of the engine: one call, stepped line by line. */
#ifndef COACH_TESTS_ENGINETEST_H
#define COACH_TESTS_ENGINETEST_H

#include "lib/engine/engine.h"
#include "tests/support/ruletest.h"

static struct ruletest t;
static struct engine *engine;
static struct call *call;
static struct engine_results results;

RULETEST void enginetest_begin(const char *rules)
{
    ruletest_good(&t, rules);
    engine = engine_new();
    call = call_new("c-1", 3);
    ck_assert(engine != NULL && call != NULL);
    ck_assert_int_eq(call_set_agent(call, "sam", 3), COACH_OK);
}

RULETEST void enginetest_end(void)
{
    call_free(call);
    engine_free(engine);
    ruletest_clear(&t);
}

/* A final of `role` with its times; segment NULL for none. */
RULETEST struct wire_event enginetest_line(coach_role role, const char *segment, const char *text, int64_t start_ms,
                                           int64_t end_ms)
{
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    e.text = (struct wire_text){text, strlen(text)};
    e.role = role;
    e.is_final = true;
    e.start_ms = start_ms;
    e.end_ms = end_ms;
    if (segment != NULL)
        e.segment_id = (struct wire_text){segment, strlen(segment)};
    return e;
}

/* Steps an event that arrives when its words end. */
RULETEST void enginetest_step(const struct wire_event *e)
{
    ck_assert_int_eq(engine_step(engine, t.set, call, e, e->end_ms, &results), COACH_OK);
}

RULETEST void enginetest_tick(int64_t now_ms)
{
    ck_assert_int_eq(engine_tick(engine, t.set, call, now_ms, &results), COACH_OK);
}

/* What came of the last step, as "rule" or "rule:held" and "-rule:reason" for what was taken back, by spaces. */
RULETEST const char *enginetest_came(void)
{
    static char text[1024];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < results.count && n < sizeof text - 200; i++) {
        const struct nudge *f = &results.findings[i].nudge;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s%s%s", n > 0 ? " " : "", f->rule,
                              f->held == NULL ? "" : ":", f->held == NULL ? "" : f->held);
    }
    for (size_t i = 0; i < results.withdrawn_count && n < sizeof text - 200; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s-%s:%s", n > 0 ? " " : "", results.withdrawn[i].rule,
                              engine_reason_name(results.withdrawn[i].reason));
    return text;
}

#define enginetest_gives(expected) ck_assert_str_eq(enginetest_came(), expected)

#endif
