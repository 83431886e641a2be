#include "lib/coach.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/engine/engine.h"
#include "lib/rules/compile.h"

/* The public names are thin: a rule set, and a call with an engine of its own. */
struct coach_call {
    struct call *call;
    struct engine *engine;
    coach_withdrawn_fn on_withdrawn;
    void *withdrawn_user;
};

static struct ruleset *set_of(coach_rules *rules)
{
    return (struct ruleset *)rules;
}

static struct source *sources_of(const coach_file *files, size_t n)
{
    struct source *sources = calloc(n + 1, sizeof *sources);
    for (size_t i = 0; sources != NULL && i < n; i++)
        sources[i] = (struct source){files[i].name, files[i].text, files[i].len};
    return sources;
}

static void report_all(const struct diags *problems, coach_problem_fn report, void *user)
{
    for (size_t i = 0; report != NULL && i < problems->count; i++) {
        const struct diag *d = &problems->items[i];
        coach_problem p = {.level = diag_level_name(d->level),
                           .code = d->code,
                           .file = d->at.source == NULL ? "" : d->at.source->name,
                           .line = d->at.line,
                           .column = d->at.column,
                           .message = d->message,
                           .hint = d->hint};
        report(user, &p);
    }
}

int coach_rules_build(const coach_file *files, size_t nfiles, const coach_file *languages, size_t nlanguages,
                      coach_rules **ret, coach_problem_fn report, void *user)
{
    struct source *rule_sources = sources_of(files, nfiles), *language_sources = sources_of(languages, nlanguages);
    struct diags problems;
    struct ruleset *set = NULL;
    diags_init(&problems);
    int rc = COACH_ENOMEM;
    if (rule_sources != NULL && language_sources != NULL)
        rc = rules_compile(rule_sources, nfiles, language_sources, nlanguages, NULL, &set, &problems);
    report_all(&problems, report, user);
    diags_clear(&problems);
    free(rule_sources);
    free(language_sources);
    if (rc == COACH_OK)
        *ret = (coach_rules *)set;
    return rc;
}

coach_rules *coach_rules_ref(coach_rules *rules)
{
    return (coach_rules *)ruleset_ref(set_of(rules));
}

void coach_rules_unref(coach_rules *rules)
{
    ruleset_unref(set_of(rules));
}

size_t coach_rules_count(const coach_rules *rules)
{
    return ruleset_count((const struct ruleset *)rules);
}

const char *coach_rules_hash(const coach_rules *rules)
{
    return ruleset_hash((const struct ruleset *)rules);
}

coach_call *coach_call_new(const char *id, const char *agent_id)
{
    coach_call *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->engine = engine_new();
    c->call = call_new(id, strlen(id));
    if (c->engine == NULL || c->call == NULL ||
        call_set_agent(c->call, agent_id == NULL ? "" : agent_id, agent_id == NULL ? 0 : strlen(agent_id)) !=
            COACH_OK) {
        coach_call_free(c);
        return NULL;
    }
    return c;
}

void coach_call_free(coach_call *call)
{
    if (call == NULL)
        return;
    call_free(call->call);
    engine_free(call->engine);
    free(call);
}

static void tell(const struct nudge *n, coach_nudge_fn on_nudge, void *user)
{
    coach_nudge out = {.nudge_id = n->nudge_id,
                       .rule = n->rule,
                       .rev = n->rev,
                       .phrase = n->phrase,
                       .category = n->category,
                       .severity = n->severity,
                       .title = n->title,
                       .message = n->message,
                       .suggest = {n->suggest[0], n->suggest[1]},
                       .said = n->said,
                       .span = {n->span[0], n->span[1]},
                       .at_ms = n->at_ms,
                       .ttl_ms = n->ttl_ms};
    on_nudge(user, &out);
}

void coach_call_on_withdrawn(coach_call *call, coach_withdrawn_fn fn, void *user)
{
    call->on_withdrawn = fn;
    call->withdrawn_user = user;
}

static int tell_all(const coach_call *call, int rc, const struct engine_results *results, coach_nudge_fn on_nudge,
                    void *user)
{
    for (size_t i = 0; i < results->count && on_nudge != NULL; i++)
        if (results->findings[i].held == ENGINE_SHOWN)
            tell(&results->findings[i].nudge, on_nudge, user);
    for (size_t i = 0; i < results->withdrawn_count && call->on_withdrawn != NULL; i++)
        if (results->withdrawn[i].shown)
            call->on_withdrawn(call->withdrawn_user, results->withdrawn[i].nudge_id,
                               engine_reason_name(results->withdrawn[i].reason));
    return rc;
}

int coach_call_step(coach_call *call, coach_rules *rules, const coach_event *event, int64_t now_ms,
                    coach_nudge_fn on_nudge, void *user)
{
    if (utf8_valid(event->text, event->text_len) < event->text_len)
        return COACH_EUTF8;
    if (event->segment_id != NULL && strlen(event->segment_id) > WIRE_MAX_ID)
        return COACH_EINVAL;
    struct wire_event line = wire_event_blank(WIRE_TRANSCRIPT);
    line.text = (struct wire_text){event->text, event->text_len};
    line.role = event->role;
    line.is_final = !event->interim;
    line.append = event->append;
    line.start_ms = event->start_ms;
    line.end_ms = event->end_ms;
    line.stable_len = event->stable_len > 0 ? (int64_t)event->stable_len : -1;
    line.stability = event->stability > 0 ? event->stability : -1;
    if (event->segment_id != NULL)
        line.segment_id = (struct wire_text){event->segment_id, strlen(event->segment_id)};
    struct engine_results results;
    int rc = engine_step(call->engine, set_of(rules), call->call, &line, now_ms, &results);
    return tell_all(call, rc, &results, on_nudge, user);
}

int coach_call_tick(coach_call *call, coach_rules *rules, int64_t now_ms, coach_nudge_fn on_nudge, void *user)
{
    struct engine_results results;
    int rc = engine_tick(call->engine, set_of(rules), call->call, now_ms, &results);
    return tell_all(call, rc, &results, on_nudge, user);
}

int64_t coach_call_wake(const coach_call *call, coach_rules *rules)
{
    return engine_wake(call->engine, set_of(rules), call->call);
}

int coach_call_end(coach_call *call, coach_rules *rules, int64_t now_ms, coach_nudge_fn on_nudge, void *user)
{
    struct engine_results results;
    int rc = engine_end(call->engine, set_of(rules), call->call, now_ms, &results);
    return tell_all(call, rc, &results, on_nudge, user);
}
