#include "daemon/coachd/coaching.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/coachd/server.h"
#include "lib/engine/engine.h"
#include "lib/eval/record.h"
#include "lib/rules/ruleset.h"

enum {
    TICKS_PER_TURN = 256, /* calls that time is let pass in before connections have their go */
    NO_MEMORY_MS = 1000,  /* until time is tried again in a call for which there was no memory */
    RULES_COUNTED = 10000 /* rule ids whose findings taken back are counted one by one */
};

_Static_assert((int)CALL_TALKING == (int)WIRE_TALKING && (int)CALL_ON_HOLD == (int)WIRE_HOLD &&
                   (int)CALL_LOOKING_UP == (int)WIRE_LOOKUP,
               "states on the wire are the engine's activities");

static int64_t now_of(const struct server *s)
{
    return (int64_t)uv_now(&s->loop);
}

/* ---- the wall clock, for people and for nothing else ---- */

static void write_clock(int64_t ago_ms, char out[32])
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - ago_ms;
    time_t seconds = (time_t)(ms / 1000);
    gmtime_r(&seconds, &tm);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, 32 - n, ".%03dZ", (int)(ms % 1000));
}

/* ---- recording ---- */

bool coaching_records_all(const struct config *c)
{
    for (size_t i = 0; i < c->record_queues.count; i++)
        if (strcmp(c->record_queues.items[i], "*") == 0)
            return true;
    return false;
}

/* What a call's first event says of its queue decides. */
static bool is_to_record(const struct server *s, const struct wire_event *first)
{
    const struct option_list *queues = &s->config->record_queues;
    if (s->recorder == NULL || coaching_records_all(s->config))
        return s->recorder != NULL;
    for (size_t i = 0; i < queues->count && first->queue.s != NULL; i++)
        if (strcmp(queues->items[i], first->queue.s) == 0)
            return true;
    return false;
}

/* Keeps what happened in a call, with when it did. */
static void record(struct server *s, struct live_call *c, const struct wire_event *event)
{
    if (c->record == NULL)
        return;
    struct wire_event e = *event;
    struct buf line;
    e.recv_ms = now_of(s) - c->began_ms;
    e.seq = -1; /* the connection's, not the call's */
    buf_init(&line, 0);
    if (wire_event_write(&e, &line) != COACH_OK)
        buf_clear(&line);
    if (!recorder_add(s->recorder, c->record, &line))
        c->record = NULL;
}

static struct wire_text text_of(const char *s)
{
    return (struct wire_text){s, strlen(s)};
}

/* An event that no writer sent. */
static struct wire_event event_of(const struct live_call *c, enum wire_type type)
{
    struct wire_event e = wire_event_blank(type);
    e.call_id = text_of(call_id(c->call));
    return e;
}

/* ---- what the engine found, to the agents ---- */

static void show(struct server *s, const struct finding *f)
{
    char received[32], sent[32];
    int64_t waited = f->out_ms > f->decided_ms ? f->out_ms - f->decided_ms : 0;
    write_clock(waited, received);
    write_clock(0, sent);
    struct nudge_clocks clocks = {.ts = sent, .received = received, .sent = sent};
    if (subscribers_nudge(&s->subscribers, &f->nudge, (int)f->rule->severity, &clocks) != COACH_OK)
        s->counters.overflowed++;
}

static void take_back(struct server *s, const struct withdrawal *w)
{
    size_t len = strlen(w->rule);
    uintptr_t n = (uintptr_t)table_get(&s->taken_back, w->rule, len);
    s->counters.taken_back++;
    if (n > 0 || table_count(&s->taken_back) < RULES_COUNTED)
        (void)table_set(&s->taken_back, w->rule, len, (void *)(n + 1)); /* out of memory: the total still counts it */
    if (!w->shown || w->agent_id == NULL)
        return;
    s->counters.withdrawn[w->reason]++;
    if (subscribers_withdraw(&s->subscribers, w->agent_id, w->nudge_id, engine_reason_name(w->reason)) != COACH_OK)
        s->counters.overflowed++;
}

/* Tells the agent what was not told yet. */
static void tell_sight(struct server *s, struct live_call *c)
{
    enum engine_sight sight = call_sight(c->call);
    if (call_agent(c->call) == NULL || c->told_sight == sight)
        return;
    c->told_sight = sight;
    subscribers_sight(&s->subscribers, call_agent(c->call), call_id(c->call), engine_sight_name(sight));
}

/* Says once in a call what a rule's author would otherwise wonder about. */
static void note_stand_downs(struct server *s, struct live_call *c)
{
    if (!c->told_untimed && call_is_untimed(c->call)) {
        c->told_untimed = true;
        if (s->timed_rules > 0 && log_allow(&s->stand_downs, now_of(s)))
            log_notice("call=%s: lines come without times: %zu rules that need them are left out", call_id(c->call),
                       s->timed_rules);
    }
    if (!c->told_skew && call_skew(c->call) != 0) {
        c->told_skew = true;
        if (log_allow(&s->stand_downs, now_of(s)))
            log_notice("call=%s: the clocks of its two sides seem to differ by %" PRId64
                       " ms: that much is taken off before an interruption counts",
                       call_id(c->call), call_skew(c->call));
    }
}

/* A health event: a rule that costs too much coaches nobody from here on. Its id, and no text of the call. */
static void watch_quarantine(struct server *s)
{
    const char *id;
    s->counters.held[ENGINE_QUARANTINED] = engine_left_out(s->engine);
    while ((id = engine_quarantined(s->engine, s->quarantined)) != NULL) {
        s->quarantined++;
        s->counters.rules_quarantined++;
        log_error(
            "rule %s: quarantined: its regular expression gave up three times in ten minutes; it is left out until "
            "the next reload",
            id);
    }
}

/* ---- what the engine does ---- */

void coaching_on_moment(void *user, const struct engine_trace *trace)
{
    struct server *s = user;
    explain_moment(s->explain, trace);
    summary_hear(&s->ear, trace);
}

/* The next step of the engine is of this call. */
static void begin_step(struct server *s, const struct live_call *c)
{
    explain_call(s->explain, s->rules, c->call);
    s->ear.count = 0;
}

/* Findings first: one that came out and was taken back in the same step is seen and withdrawn, in this order. */
static void deliver(struct server *s, struct live_call *c, const struct engine_results *results,
                    const struct call_counts *before)
{
    const struct call_counts *after = call_counts(c->call);
    explain_keep(s->explain, s->rules, results);
    (void)summary_add(&c->summary, s->rules, c->call, &s->ear, results); /* out of memory: the record counts it */
    watch_quarantine(s);
    for (size_t i = 0; i < results->count; i++) {
        s->counters.held[results->findings[i].held] += results->findings[i].held != ENGINE_QUARANTINED;
        if (results->findings[i].held == ENGINE_SHOWN)
            show(s, &results->findings[i]);
    }
    for (size_t i = 0; i < results->withdrawn_count; i++)
        take_back(s, &results->withdrawn[i]);
    if (results->sight_changed)
        tell_sight(s, c);
    s->counters.interim += after->interim - before->interim;
    s->counters.late += after->late - before->late;
    s->counters.repeats += after->repeats - before->repeats;
    note_stand_downs(s, c);
}

/* ---- time ---- */

static void on_wake(uv_timer_t *timer);

/* Has the timer go off no later than the earliest wake; when it goes off early it is set again. */
static void set_timer(struct server *s)
{
    const struct live_call *c = calls_earliest(&s->calls);
    if (c == NULL || c->wake_ms >= s->wake_ms || s->phase > SERVER_TAKING)
        return;
    s->wake_ms = c->wake_ms;
    int64_t left = c->wake_ms - now_of(s);
    uv_timer_start(&s->wake, on_wake, left > 1 ? (uint64_t)left : 1, 0); /* 0 would not let others have their go */
}

static void schedule(struct server *s, struct live_call *c)
{
    calls_set_wake(&s->calls, c, engine_wake(s->engine, s->rules, c->call));
    set_timer(s);
}

/* Lets time pass up to the call's wake. */
static void tick(struct server *s, struct live_call *c)
{
    struct engine_results results;
    const struct call_counts before = *call_counts(c->call);
    int64_t at = c->wake_ms;
    begin_step(s, c);
    int rc = engine_tick(s->engine, s->rules, c->call, at, &results);
    if (rc == COACH_OK)
        deliver(s, c, &results, &before);
    calls_set_wake(&s->calls, c, rc == COACH_OK ? engine_wake(s->engine, s->rules, c->call) : now_of(s) + NO_MEMORY_MS);
}

/* What time alone brought about before now, each thing in its moment, whatever the timer was late by: a recording of
 * the call then replays to the same. */
static void pass_time(struct server *s, struct live_call *c)
{
    while (c->wake_ms < now_of(s))
        tick(s, c);
}

static void on_wake(uv_timer_t *timer)
{
    struct server *s = timer->data;
    struct live_call *c;
    s->wake_ms = INT64_MAX;
    for (int n = 0; n < TICKS_PER_TURN && (c = calls_earliest(&s->calls)) != NULL && c->wake_ms <= now_of(s); n++)
        tick(s, c);
    set_timer(s);
}

/* ---- rules ---- */

/* Whether nothing comes of a condition in a call without times, since it or what it hangs on needs them. */
static bool needs_times(const struct ruleset *set, const struct when_node *node);

static bool signal_needs_times(const struct ruleset *set, int signal)
{
    for (size_t i = 0; signal != WHEN_NONE && i < ruleset_node_count(set); i++) {
        const struct when_node *node = ruleset_node(set, i);
        if (node->of_signal && node->owner == (uint32_t)signal)
            return needs_times(set, node);
    }
    return false;
}

static bool needs_times(const struct ruleset *set, const struct when_node *node)
{
    if (node->verb == WHEN_OVERLAP || node->verb == WHEN_SILENCE || node->verb == WHEN_MONOLOGUE ||
        node->verb == WHEN_PACE)
        return true;
    for (int i = 0; i < node->sequence_count; i++)
        if (signal_needs_times(set, node->sequence[i]))
            return true;
    return signal_needs_times(set, node->opens) || signal_needs_times(set, node->since);
}

void coaching_rules_changed(struct server *s)
{
    s->timed_rules = 0;
    for (size_t i = 0; i < ruleset_node_count(s->rules); i++) {
        const struct when_node *node = ruleset_node(s->rules, i);
        s->timed_rules += !node->of_signal && needs_times(s->rules, node);
    }
    calls_wake_all(&s->calls, now_of(s));
    set_timer(s);
}

/* ---- writers to engine ---- */

static int step(struct server *s, struct live_call *c, const struct wire_event *event)
{
    struct engine_results results;
    const struct call_counts before = *call_counts(c->call);
    begin_step(s, c);
    int rc = engine_step(s->engine, s->rules, c->call, event, now_of(s), &results);
    if (rc == COACH_OK)
        deliver(s, c, &results, &before);
    return rc;
}

static void set_state(const struct server *s, struct live_call *c, enum wire_state state)
{
    c->state = state;
    call_set_activity(c->call, (enum call_activity)state, now_of(s));
}

/* Tells the agent, with the record of what they had of the call. */
static void tell_end(struct server *s, const struct live_call *c, enum call_end why)
{
    struct buf record;
    struct json_out j;
    buf_init(&record, 0);
    json_out_begin(&j, &record);
    record_write(&c->summary, call_counts(c->call), &j, NULL);
    bool whole = json_out_end(&j, false) == COACH_OK;
    subscribers_call_ended(&s->subscribers, call_agent(c->call), call_id(c->call), why, whole ? &record : NULL);
    buf_clear(&record);
}

/* A transfer: from here on not a word of this call for the agent who had it. */
static int change_agent(struct server *s, struct live_call *c, const struct wire_text *agent_id)
{
    const char *id = call_id(c->call), *had = call_agent(c->call);
    if (had != NULL && strlen(had) == agent_id->len && memcmp(had, agent_id->s, agent_id->len) == 0)
        return COACH_OK;
    if (had != NULL) {
        subscribers_forget_call(&s->subscribers, had, id);
        tell_end(s, c, CALL_TRANSFERRED);
        summary_restart(&c->summary, c->call);
        s->counters.calls_ended[CALL_TRANSFERRED]++;
        c->told_sight = ENGINE_SEES;
        c->state = WIRE_TALKING; /* what the one was doing says nothing of the other */
    }
    int rc = calls_set_agent(&s->calls, c, agent_id->s, agent_id->len);
    if (rc != COACH_OK)
        return rc;
    subscribers_call_started(&s->subscribers, call_agent(c->call), id);
    tell_sight(s, c);
    return COACH_OK;
}

static void release(struct server *s, struct ingest_binding *b)
{
    struct live_call *c = b->serial == 0 ? NULL : calls_find(&s->calls, b->counted, strlen(b->counted));
    if (c != NULL && c->serial == b->serial && --c->writers == 0)
        calls_end(&s->calls, c, CALL_DISCONNECTED);
    b->serial = 0;
}

/* Counts the connection as one of the call's writers, once. */
static void bind_writer(struct server *s, struct ingest_binding *b, struct live_call *c)
{
    const char *id = call_id(c->call);
    if (b->call_id == NULL || b->serial == c->serial || strcmp(b->call_id, id) != 0)
        return;
    release(s, b);
    c->writers++;
    b->serial = c->serial;
    snprintf(b->counted, sizeof b->counted, "%s", id);
}

static int begin(struct server *s, const struct wire_event *event, struct live_call **ret)
{
    int rc = calls_begin(&s->calls, event->call_id.s, event->call_id.len, now_of(s), ret, NULL);
    if (rc != COACH_OK)
        return rc;
    s->counters.calls_started++;
    if (is_to_record(s, event))
        (*ret)->record = recorder_begin(s->recorder, call_id((*ret)->call));
    return COACH_OK;
}

/* Of what makes no call and ends none. */
static int take(struct server *s, struct live_call *c, const struct wire_event *event)
{
    int rc = event->agent_id.s != NULL ? change_agent(s, c, &event->agent_id) : COACH_OK;
    if (rc == COACH_OK && event->type == WIRE_TRANSCRIPT)
        rc = step(s, c, event);
    else if (rc == COACH_OK && event->type == WIRE_STATE)
        set_state(s, c, event->state);
    else if (rc == COACH_OK && event->type == WIRE_MUTE && call_mute(c->call, event->rule.s) == COACH_ENOMEM)
        rc = COACH_ENOMEM;
    if (rc == COACH_OK)
        record(s, c, event);
    schedule(s, c);
    return rc;
}

int coaching_on_event(void *user, struct ingest_binding *b, const struct wire_event *event)
{
    struct server *s = user;
    if (event->type == WIRE_HELLO)
        return COACH_OK;
    struct live_call *c = calls_find(&s->calls, event->call_id.s, event->call_id.len);
    bool begins = event->type == WIRE_CALL_START || event->type == WIRE_TRANSCRIPT;
    int rc = c == NULL && begins ? begin(s, event, &c) : COACH_OK;
    if (rc != COACH_OK || c == NULL)
        return rc;
    pass_time(s, c);
    if (event->type == WIRE_CALL_END) {
        record(s, c, event);
        calls_end(&s->calls, c, CALL_ENDED);
        return COACH_OK;
    }
    if (begins) {
        calls_heard(&s->calls, c, now_of(s));
        bind_writer(s, b, c);
    }
    return take(s, c, event);
}

void coaching_on_writer_ended(void *user, struct ingest_binding *b)
{
    struct server *s = user;
    if (s->phase == SERVER_RUNNING) /* stopping ends connections, not calls */
        release(s, b);
}

static void end_recording(struct server *s, struct live_call *c, enum call_end why)
{
    struct wire_event end = event_of(c, WIRE_CALL_END);
    end.reason = text_of(call_end_name(why));
    if (why != CALL_ENDED) /* else its writer's own line is there */
        record(s, c, &end);
    if (c->record != NULL)
        recorder_end(s->recorder, c->record);
    c->record = NULL;
}

void coaching_on_call_end(void *user, struct live_call *c, enum call_end why)
{
    struct server *s = user;
    struct engine_results results;
    pass_time(s, c);
    const struct call_counts before = *call_counts(c->call);
    begin_step(s, c);
    if (engine_end(s->engine, s->rules, c->call, now_of(s), &results) == COACH_OK)
        deliver(s, c, &results, &before);
    end_recording(s, c, why);
    s->counters.calls_ended[why]++;
    if (call_agent(c->call) != NULL)
        tell_end(s, c, why);
}

/* ---- what desktops say ---- */

int coaching_on_mute(void *user, const char *agent_id, const char *id, const char *rule, coach_error *err)
{
    struct server *s = user;
    struct live_call *c = calls_find(&s->calls, id, strlen(id));
    if (c == NULL || call_agent(c->call) == NULL || strcmp(call_agent(c->call), agent_id) != 0)
        return coach_fail(err, COACH_EINVAL, "call_id: is no call of yours");
    pass_time(s, c);
    int rc = call_mute(c->call, rule);
    if (rc == COACH_ELIMIT)
        return coach_fail(err, rc, "too many rules are muted in this call");
    if (rc != COACH_OK)
        return coach_fail_nomem(err);
    struct wire_event event = event_of(c, WIRE_MUTE);
    event.rule = text_of(rule);
    record(s, c, &event);
    schedule(s, c);
    return COACH_OK;
}

void coaching_on_state(void *user, const char *agent_id, enum wire_state state)
{
    struct server *s = user;
    for (struct live_call *c = calls_of_agent(&s->calls, agent_id); c != NULL; c = c->next_of_agent) {
        struct wire_event event = event_of(c, WIRE_STATE);
        event.state = state;
        pass_time(s, c);
        set_state(s, c, state);
        record(s, c, &event);
        schedule(s, c);
    }
}

/* ---- for whoever asks ---- */

void coaching_look(const struct server *s, struct coaching_sights *ret)
{
    *ret = (struct coaching_sights){0};
    const struct table *all = &s->calls.by_id;
    for (struct table_entry *e = table_next(all, NULL); e != NULL; e = table_next(all, e)) {
        const struct call *c = ((const struct live_call *)table_value(e))->call;
        int64_t skew = call_skew(c) < 0 ? -call_skew(c) : call_skew(c);
        ret->blind += call_sight(c) != ENGINE_SEES;
        ret->without_times += call_is_untimed(c);
        ret->clocks_differ += skew != 0;
        ret->largest_skew_ms = skew > ret->largest_skew_ms ? skew : ret->largest_skew_ms;
    }
}
