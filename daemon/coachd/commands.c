#include "daemon/coachd/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/coachd/coaching.h"
#include "daemon/coachd/connections.h"
#include "daemon/coachd/server.h"
#include "lib/rules/ruleset.h"

enum { CALLS_LISTED = 1000 };

/* ---- status ---- */

static void add_rules(struct json_out *j, const struct server *s)
{
    json_open_object(j, "rules");
    json_text(j, "hash", ruleset_hash(s->rules));
    json_int(j, "rules", (int64_t)ruleset_count(s->rules));
    json_int(j, "phrases", (int64_t)ruleset_phrases(s->rules));
    json_int(j, "need_times", (int64_t)s->timed_rules);
    json_int(j, "generation", (int64_t)s->generation);
    json_open_object(j, "last_reload");
    json_bool(j, "ok", s->reload_error[0] == '\0');
    json_text(j, "error", s->reload_error[0] == '\0' ? NULL : s->reload_error);
    json_close_object(j);
    json_int(j, "reloads", (int64_t)s->counters.reloads_ok);
    json_int(j, "reloads_failed", (int64_t)s->counters.reloads_failed);
    json_open_array(j, "quarantined");
    for (size_t i = 0; engine_quarantined(s->engine, i) != NULL; i++)
        json_text(j, NULL, engine_quarantined(s->engine, i));
    json_close_array(j);
    json_close_object(j);
}

static void add_calls(struct json_out *j, const struct server *s)
{
    struct coaching_sights sights;
    json_open_object(j, "calls");
    json_int(j, "live", (int64_t)calls_count(&s->calls));
    json_int(j, "started", (int64_t)s->counters.calls_started);
    json_open_object(j, "ended");
    for (int i = 0; i < CALL_ENDS; i++)
        json_int(j, call_end_name((enum call_end)i), (int64_t)s->counters.calls_ended[i]);
    json_close_object(j);
    coaching_look(s, &sights);
    json_int(j, "blind", (int64_t)sights.blind);
    json_int(j, "without_times", (int64_t)sights.without_times);
    json_int(j, "clocks_differ", (int64_t)sights.clocks_differ);
    json_int(j, "largest_skew_ms", sights.largest_skew_ms);
    json_close_object(j);
}

static void add_connections(struct json_out *j, const struct server *s)
{
    json_open_object(j, "connections");
    json_int(j, "open", (int64_t)s->conns.count);
    json_int(j, "ingest", (int64_t)s->ingest.count);
    json_int(j, "agent", (int64_t)s->subscribers.count);
    json_int(j, "accepted", (int64_t)s->counters.connections);
    json_int(j, "refused", (int64_t)s->counters.connections_refused);
    json_close_object(j);
    json_int(j, "agents", (int64_t)subscribers_agents(&s->subscribers));
}

static void add_lines(struct json_out *j, const struct counters *c)
{
    json_open_object(j, "lines");
    json_int(j, "ok", (int64_t)c->lines_ok);
    json_int(j, "no_memory", (int64_t)c->lines_no_memory);
    json_int(j, "unknown_fields", (int64_t)c->unknown_fields);
    json_int(j, "interim", (int64_t)c->interim);
    json_int(j, "late", (int64_t)c->late);
    json_int(j, "repeated", (int64_t)c->repeats);
    json_close_object(j);
    json_open_object(j, "errors");
    for (int i = 0; i < WIRE_CODES; i++)
        json_int(j, wire_code_name((enum wire_code)i), (int64_t)c->lines_bad[i]);
    json_close_object(j);
}

static void add_taken_back(struct json_out *j, const struct server *s)
{
    const struct counters *c = &s->counters;
    json_open_object(j, "withdrawn");
    json_int(j, "revised", (int64_t)c->withdrawn[ENGINE_REVISED]);
    json_int(j, "said_already", (int64_t)c->withdrawn[ENGINE_TAKEN_BACK]);
    json_int(j, "findings", (int64_t)c->taken_back);
    json_open_object(j, "rules");
    for (struct table_entry *e = table_next(&s->taken_back, NULL); e != NULL; e = table_next(&s->taken_back, e)) {
        size_t len;
        json_int(j, table_key(e, &len), (int64_t)(uintptr_t)table_value(e));
    }
    json_close_object(j);
    json_close_object(j);
}

static void add_nudges(struct json_out *j, const struct server *s)
{
    const struct counters *c = &s->counters;
    json_open_object(j, "nudges");
    json_int(j, "shown", (int64_t)c->held[ENGINE_SHOWN]);
    json_int(j, "delivered", (int64_t)c->delivered);
    json_open_object(j, "held");
    for (int i = ENGINE_SHOWN + 1; i < ENGINE_HELD_COUNT; i++)
        json_int(j, engine_held_name((enum engine_held)i), (int64_t)c->held[i]);
    json_close_object(j);
    add_taken_back(j, s);
    json_open_object(j, "dropped");
    json_int(j, "expired", (int64_t)c->expired);
    json_int(j, "overflowed", (int64_t)c->overflowed);
    json_int(j, "misdirected", (int64_t)c->misdirected);
    json_close_object(j);
    json_open_object(j, "feedback");
    json_int(j, "shown", (int64_t)c->shown);
    for (int i = 0; i < VERDICTS; i++)
        json_int(j, verdict_name((enum verdict)i), (int64_t)c->feedback[i]);
    json_int(j, "mutes", (int64_t)c->mutes);
    json_close_object(j);
    json_close_object(j);
}

static void add_recording(struct json_out *j, const struct server *s)
{
    struct recorder_counts counts;
    if (s->recorder == NULL)
        return;
    recorder_count(s->recorder, &counts);
    json_open_object(j, "recording");
    json_text(j, "dir", s->config->record_dir);
    json_open_array(j, "queues");
    for (size_t i = 0; i < s->config->record_queues.count; i++)
        json_text(j, NULL, s->config->record_queues.items[i]);
    json_close_array(j);
    json_int(j, "days", s->config->record_days);
    json_int(j, "calls", (int64_t)counts.calls);
    json_int(j, "lines", (int64_t)counts.lines);
    json_int(j, "given_up", (int64_t)counts.given_up);
    json_int(j, "expired", (int64_t)counts.expired);
    json_close_object(j);
}

static int run_status(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket, coach_error *err)
{
    const struct server *s = user;
    struct json_out j;
    (void)request, (void)ticket;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "status");
    json_text(&j, "version", COACH_VERSION);
    json_int(&j, "pid", getpid());
    json_int(&j, "uptime_ms", (int64_t)uv_now(&s->loop) - s->started_ms);
    json_text(&j, "log_level", log_level_names[log_get_level()]);
    add_rules(&j, s);
    add_calls(&j, s);
    add_connections(&j, s);
    add_lines(&j, &s->counters);
    connections_add_formats(&j, "formats", &s->ingest);
    add_nudges(&j, s);
    add_recording(&j, s);
    json_close_object(&j);
    return json_out_end(&j, true) == COACH_OK ? COACH_OK : coach_fail_nomem(err);
}

/* ---- calls ---- */

static void add_call(struct json_out *j, const struct live_call *c, int64_t now_ms)
{
    const struct call_counts *counts = call_counts(c->call);
    json_open_object(j, NULL);
    json_text(j, "call_id", call_id(c->call));
    json_text(j, "agent_id", call_agent(c->call));
    json_int(j, "age_ms", now_ms - c->began_ms);
    json_int(j, "idle_ms", now_ms - c->heard_ms);
    json_int(j, "lines", (int64_t)counts->lines);
    json_int(j, "interim", (int64_t)counts->interim);
    json_text(j, "state", wire_state_name(c->state));
    json_text(j, "blind", engine_sight_name(call_sight(c->call)));
    json_int(j, "skew_ms", call_skew(c->call));
    json_bool(j, "without_times", call_is_untimed(c->call));
    json_bool(j, "recorded", c->record != NULL);
    json_int(j, "shown", (int64_t)counts->shown);
    json_int(j, "withdrawn", (int64_t)counts->withdrawn);
    json_open_object(j, "held");
    for (int i = ENGINE_SHOWN + 1; i < ENGINE_HELD_COUNT; i++)
        if (counts->held[i] > 0)
            json_int(j, engine_held_name((enum engine_held)i), (int64_t)counts->held[i]);
    json_close_object(j);
    json_int(j, "memory", (int64_t)call_memory(c->call));
    json_close_object(j);
}

static int run_calls(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket, coach_error *err)
{
    const struct server *s = user;
    int64_t limit = json_in_int(request, "limit", CALLS_LISTED);
    struct json_out j;
    (void)ticket;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "calls");
    json_int(&j, "live", (int64_t)calls_count(&s->calls));
    json_open_array(&j, "calls");
    struct table_entry *e = table_next(&s->calls.by_id, NULL);
    for (; e != NULL && limit > 0; e = table_next(&s->calls.by_id, e), limit--)
        add_call(&j, table_value(e), (int64_t)uv_now(&s->loop));
    json_close_array(&j);
    json_close_object(&j);
    return json_out_end(&j, true) == COACH_OK ? COACH_OK : coach_fail_nomem(err);
}

static int run_connections(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket,
                           coach_error *err)
{
    const struct server *s = user;
    int64_t limit = json_in_int(request, "limit", CONNECTIONS_LISTED);
    (void)ticket;
    int rc = connections_reply(&s->ingest, limit, (int64_t)uv_now(&s->loop), out);
    return rc == COACH_OK ? COACH_OK : coach_fail_nomem(err);
}

/* ---- metrics ---- */

/* One family of single samples after another; the first error sticks. */
struct pages {
    struct buf *out;
    int rc;
};

static void counter(struct pages *p, const char *name, const char *help, uint64_t n)
{
    if (p->rc == COACH_OK)
        p->rc = metrics_counter(p->out, name, help);
    if (p->rc == COACH_OK)
        p->rc = metrics_sample(p->out, true, name, NULL, NULL, n);
}

static void gauge(struct pages *p, const char *name, const char *help, uint64_t n)
{
    if (p->rc == COACH_OK)
        p->rc = metrics_gauge(p->out, name, help);
    if (p->rc == COACH_OK)
        p->rc = metrics_sample(p->out, false, name, NULL, NULL, n);
}

static void family(struct pages *p, const char *name, const char *help)
{
    if (p->rc == COACH_OK)
        p->rc = metrics_counter(p->out, name, help);
}

static void sample(struct pages *p, const char *name, const char *label, const char *value, uint64_t n)
{
    if (p->rc == COACH_OK)
        p->rc = metrics_sample(p->out, true, name, label, value, n);
}

static void add_input(struct pages *p, const struct counters *c)
{
    family(p, "coachd_lines", "Lines from writers by result");
    sample(p, "coachd_lines", "result", "ok", c->lines_ok);
    for (int i = 0; i < WIRE_CODES; i++)
        sample(p, "coachd_lines", "result", wire_code_name((enum wire_code)i), c->lines_bad[i]);
    sample(p, "coachd_lines", "result", "no_memory", c->lines_no_memory);
    counter(p, "coachd_interim_results", "Interim results that were run", c->interim);
    counter(p, "coachd_interim_results_late", "Interim results after their final or out of order", c->late);
    counter(p, "coachd_lines_repeated", "Finals that said nothing new", c->repeats);
    counter(p, "coachd_error_lines", "Error lines sent to writers", c->error_lines);
    counter(p, "coachd_unknown_fields", "Fields that nobody knows", c->unknown_fields);
    counter(p, "coachd_connections", "Connections accepted", c->connections);
    counter(p, "coachd_connections_refused", "Connections refused because too many were open", c->connections_refused);
    counter(p, "coachd_calls_started", "Calls started", c->calls_started);
    family(p, "coachd_calls_ended", "Calls ended by reason");
    for (int i = 0; i < CALL_ENDS; i++)
        sample(p, "coachd_calls_ended", "reason", call_end_name((enum call_end)i), c->calls_ended[i]);
}

static void add_withdrawn(struct pages *p, const struct server *s)
{
    family(p, "coachd_nudges_withdrawn", "Nudges taken back from agents by reason");
    for (int i = ENGINE_REVISED; i <= ENGINE_TAKEN_BACK; i++)
        sample(p, "coachd_nudges_withdrawn", "reason", engine_reason_name((enum engine_reason)i),
               s->counters.withdrawn[i]);
    counter(p, "coachd_findings_taken_back", "Findings taken back, shown or held", s->counters.taken_back);
    family(p, "coachd_rule_findings_taken_back", "Findings taken back by rule");
    for (struct table_entry *e = table_next(&s->taken_back, NULL); e != NULL; e = table_next(&s->taken_back, e)) {
        size_t len;
        sample(p, "coachd_rule_findings_taken_back", "rule", table_key(e, &len), (uintptr_t)table_value(e));
    }
}

static void add_sights(struct pages *p, const struct server *s)
{
    struct coaching_sights sights;
    coaching_look(s, &sights);
    gauge(p, "coachd_calls_blind", "Live calls that coaching cannot see", sights.blind);
    gauge(p, "coachd_calls_without_times", "Live calls in which a line came without times", sights.without_times);
    gauge(p, "coachd_calls_clocks_differ", "Live calls whose two sides' clocks seem to differ", sights.clocks_differ);
}

static void add_recorder(struct pages *p, const struct server *s)
{
    struct recorder_counts counts = {0};
    if (s->recorder != NULL)
        recorder_count(s->recorder, &counts);
    counter(p, "coachd_recorded_calls", "Calls recorded to their end", counts.calls);
    counter(p, "coachd_recorded_lines", "Lines of calls written to recordings", counts.lines);
    counter(p, "coachd_recordings_given_up", "Calls that could not be recorded whole", counts.given_up);
    counter(p, "coachd_recordings_expired", "Recordings deleted because they were too old", counts.expired);
}

static void add_output(struct pages *p, const struct counters *c)
{
    counter(p, "coachd_nudges", "Nudges that attention let through", c->held[ENGINE_SHOWN]);
    counter(p, "coachd_nudges_delivered", "Nudge lines given to connections of agents", c->delivered);
    family(p, "coachd_findings_held", "Findings held back by reason");
    for (int i = ENGINE_SHOWN + 1; i < ENGINE_HELD_COUNT; i++)
        sample(p, "coachd_findings_held", "reason", engine_held_name((enum engine_held)i), c->held[i]);
    family(p, "coachd_nudges_dropped", "Nudges not delivered by reason");
    sample(p, "coachd_nudges_dropped", "reason", "expired", c->expired);
    sample(p, "coachd_nudges_dropped", "reason", "overflowed", c->overflowed);
    sample(p, "coachd_nudges_dropped", "reason", "misdirected", c->misdirected);
    counter(p, "coachd_agents_slow", "Agent connections closed for not reading", c->agents_slow);
    counter(p, "coachd_agents_refused", "Hellos of agents refused", c->agents_refused);
    counter(p, "coachd_agent_errors", "Error lines sent to agents", c->agent_errors);
    counter(p, "coachd_nudges_seen", "Nudges that desktops said they showed", c->shown);
    family(p, "coachd_feedback", "Verdicts of agents");
    for (int i = 0; i < VERDICTS; i++)
        sample(p, "coachd_feedback", "verdict", verdict_name((enum verdict)i), c->feedback[i]);
    counter(p, "coachd_mutes", "Rules silenced for a call by its agent", c->mutes);
}

static int add_pages(const struct server *s, struct buf *text)
{
    struct pages p = {.out = text, .rc = COACH_OK};
    gauge(&p, "coachd_uptime_seconds", "Since the daemon was started",
          (uint64_t)((int64_t)uv_now(&s->loop) - s->started_ms) / 1000);
    gauge(&p, "coachd_calls", "Calls that are live", calls_count(&s->calls));
    gauge(&p, "coachd_connections_open", "Connections that are open", s->conns.count);
    gauge(&p, "coachd_agents", "Agents with a connection", subscribers_agents(&s->subscribers));
    gauge(&p, "coachd_rules", "Rules that are live", ruleset_count(s->rules));
    gauge(&p, "coachd_ruleset_generation", "How often the rules were replaced, from 1", s->generation);
    family(&p, "coachd_ruleset_reload", "Reloads by result");
    sample(&p, "coachd_ruleset_reload", "result", "ok", s->counters.reloads_ok);
    sample(&p, "coachd_ruleset_reload", "result", "error", s->counters.reloads_failed);
    counter(&p, "coachd_rules_quarantined", "Rules left out because they gave up three times in ten minutes",
            s->counters.rules_quarantined);
    add_input(&p, &s->counters);
    if (p.rc == COACH_OK)
        p.rc = connections_add_metrics(text, &s->ingest);
    add_output(&p, &s->counters);
    add_withdrawn(&p, s);
    add_sights(&p, s);
    add_recorder(&p, s);
    return p.rc == COACH_OK ? metrics_end(text) : p.rc;
}

static int run_metrics(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket, coach_error *err)
{
    struct buf text;
    struct json_out j;
    (void)request, (void)ticket;
    buf_init(&text, 0);
    int rc = add_pages(user, &text);
    if (rc == COACH_OK) {
        json_out_begin(&j, out);
        json_open_object(&j, NULL);
        json_text(&j, "type", "metrics");
        json_textn(&j, "metrics", text.data, text.len);
        json_close_object(&j);
        rc = json_out_end(&j, true);
    }
    buf_clear(&text);
    return rc == COACH_OK ? COACH_OK : coach_fail_nomem(err);
}

/* ---- the others ---- */

int commands_reload_reply(const struct server *s, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "reload");
    json_bool(&j, "ok", s->reload_error[0] == '\0');
    json_text(&j, "error", s->reload_error[0] == '\0' ? NULL : s->reload_error);
    json_text(&j, "hash", ruleset_hash(s->rules));
    json_int(&j, "rules", (int64_t)ruleset_count(s->rules));
    json_int(&j, "generation", (int64_t)s->generation);
    json_close_object(&j);
    return json_out_end(&j, true);
}

static int run_reload(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket, coach_error *err)
{
    struct server *s = user;
    (void)request, (void)out, (void)err;
    *ticket = reload_ask(&s->reload);
    return COACH_OK;
}

static int run_explain(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket, coach_error *err)
{
    const struct server *s = user;
    const char *id = json_in_text(request, "nudge_id");
    (void)ticket;
    if (id == NULL)
        return coach_fail(err, COACH_EINVAL, "nudge_id: is missing");
    int rc = explain_reply(s->explain, id, out);
    if (rc == COACH_EINVAL)
        return coach_fail(err, rc, "nudge_id: is none of the last %d findings", EXPLAIN_FINDINGS);
    return rc == COACH_OK ? COACH_OK : coach_fail_nomem(err);
}

static int reply_log_level(struct buf *out, coach_error *err)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "log_level");
    json_text(&j, "level", log_level_names[log_get_level()]);
    json_close_object(&j);
    return json_out_end(&j, true) == COACH_OK ? COACH_OK : coach_fail_nomem(err);
}

static int run_log_level(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket, coach_error *err)
{
    const char *name = json_in_text(request, "level");
    enum log_level level;
    (void)user, (void)ticket;
    if (name != NULL && !log_level_read(name, &level))
        return coach_fail(err, COACH_EINVAL, "level: takes error, warning, notice, info or debug");
    if (name != NULL) {
        log_set_level(level);
        log_notice("log level is %s", name);
    }
    return reply_log_level(out, err);
}

static int run_drain(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket, coach_error *err)
{
    struct json_out j;
    (void)request, (void)ticket;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "drain");
    json_bool(&j, "ok", true);
    json_close_object(&j);
    if (json_out_end(&j, true) != COACH_OK)
        return coach_fail_nomem(err);
    server_stop(user);
    return COACH_OK;
}

const struct control_command server_commands[] = {
    {"status", run_status},       {"calls", run_calls},     {"connections", run_connections},
    {"reload", run_reload},       {"metrics", run_metrics}, {"explain", run_explain},
    {"log-level", run_log_level}, {"drain", run_drain},     {NULL, NULL}};
