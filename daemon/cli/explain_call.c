/* coach explain --call: a rule in a recorded call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/explain.h"
#include "daemon/cli/recordings.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/screen.h"
#include "lib/eval/callexplain.h"
#include "lib/rules/whentext.h"
#include "lib/wire/json.h"

struct showing {
    const struct explain_values *v;
    const struct loaded_trees *rules;
    const struct rule *rule;
    struct screen screen;
    struct buf condition; /* of the rule, in words; empty for one of phrases */
    struct buf out;       /* one line of JSON */
    char call_id[WIRE_MAX_ID + 1];
    bool fired;
    int rc;
};

/* --- for people --- */

static void put_time(const struct showing *s, int64_t ms)
{
    if (ms == COACH_NO_TIME)
        fprintf(s->screen.to, "%9s", "");
    else
        fprintf(s->screen.to, "%s%02lld:%04.1f  ", ms < 0 ? "-" : "", (long long)(llabs(ms) / 60000),
                (double)(llabs(ms) % 60000 / 100) / 10);
}

static void put_heading(struct showing *s, const char *call_id)
{
    char heading[WIRE_MAX_ID + 200];
    snprintf(s->call_id, sizeof s->call_id, "%s", call_id);
    snprintf(heading, sizeof heading, "%.80s in call %s", s->rule->id, call_id);
    screen_heading(&s->screen, heading);
}

static void put_entry(struct showing *s, const struct callexplain_entry *e)
{
    FILE *to = s->screen.to;
    if (e->kind == CALLEXPLAIN_CALL && s->condition.len > 0)
        fprintf(to, "%s\n\n", s->condition.data);
    if (e->kind == CALLEXPLAIN_CALL)
        return;
    if (e->kind == CALLEXPLAIN_LINE) {
        fputc('\n', to);
        screen_speech(&s->screen, e->event->role, e->at_ms != COACH_NO_TIME ? e->at_ms : e->event->end_ms,
                      e->event->text.s, e->event->text.len);
        return;
    }
    if (e->kind == CALLEXPLAIN_END)
        fputc('\n', to);
    else
        put_time(s, e->at_ms);
    screen_text(&s->screen, e->text, strlen(e->text));
    fputc('\n', to);
}

/* --- for programs: an object for each entry --- */

static void json_values(const struct showing *s, struct json_out *j, const struct callexplain_entry *e)
{
    switch (e->kind) {
    case CALLEXPLAIN_CALL:
        json_int(j, "rev", s->rule->rev);
        json_text(j, "condition", s->condition.len > 0 ? s->condition.data : NULL);
        break;
    case CALLEXPLAIN_LINE:
        json_text(j, "role", wire_role_name(e->event->role));
        json_textn(j, "segment_id", e->event->segment_id.s, e->event->segment_id.len);
        json_bool(j, "is_final", e->event->is_final);
        break;
    case CALLEXPLAIN_MOMENT:
        json_text(j, "moment", engine_moment_name(e->moment));
        json_int(j, "value", e->value);
        break;
    case CALLEXPLAIN_FINDING:
        json_text(j, "nudge_id", e->finding->nudge.nudge_id);
        json_text(j, "held", e->finding->nudge.held);
        json_bool(j, "interim", e->finding->interim);
        json_int(j, "decided_ms", e->finding->decided_ms);
        break;
    case CALLEXPLAIN_END:
        json_int(j, "fired", (int64_t)e->fired);
        json_int(j, "shown", (int64_t)e->shown);
        break;
    case CALLEXPLAIN_NOTE:
    case CALLEXPLAIN_WITHDRAWN:
        break;
    }
}

static void put_json(struct showing *s, const struct callexplain_entry *e)
{
    static const char *const kinds[] = {
        [CALLEXPLAIN_CALL] = "call",     [CALLEXPLAIN_LINE] = "line",       [CALLEXPLAIN_NOTE] = "note",
        [CALLEXPLAIN_MOMENT] = "moment", [CALLEXPLAIN_FINDING] = "finding", [CALLEXPLAIN_WITHDRAWN] = "withdrawn",
        [CALLEXPLAIN_END] = "end"};
    struct json_out j;
    buf_reset(&s->out);
    json_out_begin(&j, &s->out);
    json_open_object(&j, NULL);
    json_text(&j, "kind", kinds[e->kind]);
    json_text(&j, "call_id", e->call_id);
    json_text(&j, "rule", s->rule->id);
    if (e->at_ms != COACH_NO_TIME)
        json_int(&j, "at_ms", e->at_ms);
    json_values(s, &j, e);
    if (e->kind == CALLEXPLAIN_LINE)
        json_textn(&j, "text", e->event->text.s, e->event->text.len);
    else
        json_text(&j, "text", e->text);
    json_close_object(&j);
    s->rc = json_out_end(&j, true);
    if (s->rc == COACH_OK)
        fputs(s->out.data, s->screen.to);
}

/* --- the command --- */

static void on_entry(void *user, const struct callexplain_entry *e)
{
    struct showing *s = user;
    s->fired = s->fired || (e->kind == CALLEXPLAIN_END && e->fired > 0);
    if (s->v->json) {
        put_json(s, e);
        return;
    }
    if (strcmp(s->call_id, e->call_id) != 0)
        put_heading(s, e->call_id);
    put_entry(s, e);
}

static int show(struct showing *s, const struct recording *recording)
{
    const struct ruleset *set = s->rules->loaded.set;
    const struct when_node *node = ruleset_node_of(set, s->rule);
    const struct callexplain_options options = {
        .anatomy = &s->rules->anatomy, .rule = s->rule, .call_id = s->v->call_id, .agent_id = "replay"};
    size_t calls = 0;
    int rc = node == NULL ? COACH_OK : whentext_write(set, node, &s->condition);
    if (rc == COACH_OK)
        rc = callexplain_run(recording, set, &options, on_entry, s, &calls);
    if (rc != COACH_OK || s->rc != COACH_OK)
        return cli_fail("explain", "out of memory");
    if (calls == 0)
        return cli_fail("explain", "%s holds no call %s", s->v->call, s->v->call_id);
    return s->fired ? CLI_FOUND : CLI_OK;
}

int explain_call(const struct explain_values *v, const char *rule)
{
    struct loaded_trees rules;
    struct recording recording = {0};
    uint64_t bad = 0;
    struct showing s = {.v = v, .rules = &rules, .screen = screen_of(stdout)};
    buf_init(&s.condition, 0);
    buf_init(&s.out, 0);
    int code = loaded_read_trees(&rules, "explain", &v->rules, v->languages);
    if (code == CLI_OK)
        code = loaded_named(&rules, "explain", rule, &s.rule);
    if (code == CLI_OK)
        code = recordings_read("explain", v->call, &recording, &bad);
    if (code == CLI_OK)
        code = show(&s, &recording);
    if (code != CLI_UNUSABLE && bad > 0)
        code = cli_fail("explain", "%s: %llu lines could not be read", v->call, (unsigned long long)bad);
    recording_clear(&recording);
    buf_clear(&s.condition);
    buf_clear(&s.out);
    loaded_clear_trees(&rules);
    return code;
}
