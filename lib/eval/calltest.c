#include "lib/eval/calltest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/eval/replay.h"

static const char call_name[] = "test";

/* --- the recording of a screenplay --- */

/* A line without its end ends after its words, or where the same side speaks again. */
static int64_t end_of(const struct screenplay *play, size_t i)
{
    const struct screenplay_line *line = &play->lines[i];
    if (line->end_ms != COACH_NO_TIME)
        return line->end_ms;
    int64_t end = line->start_ms + recording_speaking_ms(line->text, line->text_len);
    for (size_t k = i + 1; k < play->line_count; k++) {
        const struct screenplay_line *next = &play->lines[k];
        if (next->kind != SCREENPLAY_SAYS || next->role != line->role)
            continue;
        return next->start_ms >= end ? end : next->start_ms > line->start_ms ? next->start_ms : line->start_ms;
    }
    return end;
}

static struct wire_event event_of(enum wire_type type)
{
    struct wire_event e = wire_event_blank(type);
    e.call_id = (struct wire_text){call_name, sizeof call_name - 1};
    return e;
}

static enum wire_state state_of(enum screenplay_kind kind)
{
    return kind == SCREENPLAY_HOLD ? WIRE_HOLD : kind == SCREENPLAY_LOOKUP ? WIRE_LOOKUP : WIRE_TALKING;
}

/* Adds a line of speech; it arrives when it ends, or with the line above where that is later. */
static int stage_speech(const struct screenplay *play, size_t i, struct recording *r, int64_t *heard_ms)
{
    const struct screenplay_line *line = &play->lines[i];
    struct wire_event *e = &r->events[r->count++];
    *e = event_of(WIRE_TRANSCRIPT);
    const char *id = arena_fmt(&r->memory, "s%zu", i + 1);
    const char *text = arena_strn(&r->memory, line->text, line->text_len);
    if (id == NULL || text == NULL)
        return COACH_ENOMEM;
    e->segment_id = (struct wire_text){id, strlen(id)};
    e->text = (struct wire_text){text, line->text_len};
    e->role = line->role;
    e->is_final = true;
    e->start_ms = line->start_ms;
    e->end_ms = end_of(play, i);
    *heard_ms = e->end_ms > *heard_ms ? e->end_ms : *heard_ms;
    e->recv_ms = *heard_ms;
    return COACH_OK;
}

static int stage(const struct screenplay *play, struct recording *r)
{
    int64_t heard_ms = 0;
    *r = (struct recording){0};
    arena_init(&r->memory);
    r->events = arena_alloc(&r->memory, (play->line_count + 1) * sizeof *r->events);
    int rc = r->events == NULL ? COACH_ENOMEM : COACH_OK;
    for (size_t i = 0; i < play->line_count && rc == COACH_OK; i++) {
        const struct screenplay_line *line = &play->lines[i];
        if (line->kind == SCREENPLAY_SAYS) {
            rc = stage_speech(play, i, r, &heard_ms);
            continue;
        }
        heard_ms = line->start_ms > heard_ms ? line->start_ms : heard_ms;
        if (line->kind == SCREENPLAY_CALL_END)
            continue;
        struct wire_event *e = &r->events[r->count++];
        *e = event_of(WIRE_STATE);
        e->state = state_of(line->kind);
        e->recv_ms = heard_ms;
    }
    if (rc != COACH_OK)
        return rc;
    struct wire_event end = event_of(WIRE_CALL_END);
    end.recv_ms = heard_ms;
    r->events[r->count++] = end;
    return COACH_OK;
}

/* --- the run --- */

struct run {
    struct calltest *test;
    int rc;
};

static void keep(struct run *run, const struct finding *f)
{
    struct calltest *t = run->test;
    if (f->nudge.segment_id == NULL || f->held == ENGINE_QUARANTINED || run->rc != COACH_OK)
        return;
    run->rc = arena_grow(&t->memory, &t->findings, t->finding_count, &t->finding_cap, sizeof *t->findings);
    if (run->rc != COACH_OK)
        return;
    struct calltest_finding *kept = &t->findings[t->finding_count++];
    *kept = (struct calltest_finding){
        .line = strtoul(f->nudge.segment_id + 1, NULL, 10) - 1, .rule = f->rule, .held = f->held};
    memcpy(kept->nudge_id, f->nudge.nudge_id, sizeof kept->nudge_id);
}

static void take_back(struct calltest *t, const struct withdrawal *w)
{
    for (size_t i = 0; i < t->finding_count; i++)
        if (strcmp(t->findings[i].nudge_id, w->nudge_id) == 0)
            t->findings[i].taken_back = true;
}

static void on_results(void *user, const struct call *call, const struct wire_event *event,
                       const struct engine_results *results)
{
    struct run *run = user;
    (void)call;
    (void)event;
    for (size_t i = 0; i < results->count; i++)
        keep(run, &results->findings[i]);
    for (size_t i = 0; i < results->withdrawn_count; i++)
        take_back(run->test, &results->withdrawn[i]);
}

int calltest_find(const struct screenplay *play, const struct ruleset *set, struct calltest *ret)
{
    *ret = (struct calltest){0};
    arena_init(&ret->memory);
    struct recording recording;
    struct run run = {.test = ret};
    const struct replay_options options = {.agent_id = call_name, .ignore_attention = play->attention.value == 0};
    int rc = stage(play, &recording);
    if (rc == COACH_OK)
        rc = replay_run(&recording, set, &options, on_results, &run);
    recording_clear(&recording);
    return rc != COACH_OK ? rc : run.rc;
}

void calltest_clear(struct calltest *t)
{
    arena_clear(&t->memory);
    *t = (struct calltest){0};
}

/* --- the verdict --- */

bool calltest_counts(const struct calltest_finding *f)
{
    return !f->taken_back && !engine_is_limit(f->held);
}

/* Whether it is what a listed finding asks for, beside its rule and its line. */
static bool is_as_asked(const struct screenplay *play, const struct calltest_finding *f, const char *held)
{
    if (!calltest_counts(f))
        return false;
    if (play->attention.value == 0)
        return true;
    const char *found = engine_held_name(f->held);
    return held == NULL ? found == NULL : found != NULL && strcmp(found, held) == 0;
}

/* What became of a listed finding that was not found. */
static void explain(const struct screenplay *play, struct calltest *t, const struct rule *rule,
                    struct calltest_item *item)
{
    if (rule != NULL && rule->mode == RULE_DISABLED)
        item->why = "the rule is disabled";
    for (size_t i = 0; i < t->finding_count; i++) {
        const struct calltest_finding *f = &t->findings[i];
        if (f->rule != rule || f->listed)
            continue;
        if (f->line != item->line) {
            item->elsewhere = is_as_asked(play, f, item->held) ? f : item->elsewhere;
            continue;
        }
        const char *held = engine_held_name(f->held);
        item->why = f->taken_back ? "taken back" : held != NULL ? arena_fmt(&t->memory, "held: %s", held) : "shown";
        return;
    }
}

static int add_item(struct calltest *t, const struct calltest_item *item)
{
    int rc = arena_grow(&t->memory, &t->items, t->item_count, &t->item_cap, sizeof *t->items);
    if (rc != COACH_OK)
        return rc;
    t->items[t->item_count++] = *item;
    t->failures += item->kind == CALLTEST_MISSING || item->kind == CALLTEST_UNLISTED;
    t->notes += item->kind == CALLTEST_HELD;
    return COACH_OK;
}

/* Marks the finding that a listed one stands for. */
static bool meet(const struct screenplay *play, struct calltest *t, size_t line,
                 const struct screenplay_finding *listed)
{
    for (size_t i = 0; i < t->finding_count; i++) {
        struct calltest_finding *f = &t->findings[i];
        if (f->listed || f->line != line || strcmp(f->rule->id, listed->rule) != 0 ||
            !is_as_asked(play, f, listed->held))
            continue;
        f->listed = true;
        return true;
    }
    return false;
}

static bool is_listed(const struct screenplay *play, const struct screenplay_line *line, const char *rule)
{
    for (size_t i = 0; i < line->findings; i++)
        if (strcmp(play->findings[line->first + i].rule, rule) == 0)
            return true;
    return false;
}

/* What a finding that nothing stands for is: CALLTEST_AS_LISTED where it is of no interest. */
static enum calltest_kind kind_of(const struct screenplay *play, const struct calltest_finding *f)
{
    if (f->listed || f->taken_back)
        return CALLTEST_AS_LISTED;
    if (f->held == ENGINE_COOLDOWN || f->held == ENGINE_PER_CALL)
        return is_listed(play, &play->lines[f->line], f->rule->id) ? CALLTEST_AS_LISTED : CALLTEST_HELD;
    return is_as_asked(play, f, NULL) ? CALLTEST_UNLISTED : CALLTEST_AS_LISTED;
}

/* What stands under a line in the file. */
static int judge_listed(const struct screenplay *play, const struct ruleset *set, struct calltest *t, size_t line,
                        const bool *met)
{
    const struct screenplay_line *l = &play->lines[line];
    int rc = COACH_OK;
    for (size_t i = l->first; i < l->first + l->findings && rc == COACH_OK; i++) {
        const struct screenplay_finding *listed = &play->findings[i];
        struct calltest_item item = {.line = line, .rule = listed->rule, .held = listed->held, .listed = listed};
        item.kind = met[i] ? CALLTEST_AS_LISTED : CALLTEST_MISSING;
        if (!met[i])
            explain(play, t, ruleset_find(set, listed->rule), &item);
        rc = add_item(t, &item);
    }
    return rc;
}

/* What was found under it beside that. */
static int judge_found(const struct screenplay *play, struct calltest *t, size_t line)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < t->finding_count && rc == COACH_OK; i++) {
        const struct calltest_finding *f = &t->findings[i];
        struct calltest_item item = {.line = line, .rule = f->rule->id, .held = engine_held_name(f->held)};
        item.kind = f->line == line ? kind_of(play, f) : CALLTEST_AS_LISTED;
        if (item.kind != CALLTEST_AS_LISTED)
            rc = add_item(t, &item);
    }
    return rc;
}

int calltest_run(const struct screenplay *play, const struct ruleset *set, struct calltest *ret)
{
    int rc = calltest_find(play, set, ret);
    bool *met = rc == COACH_OK ? arena_alloc(&ret->memory, play->finding_count + 1) : NULL;
    if (met == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < play->line_count; i++)
        for (size_t k = play->lines[i].first; k < play->lines[i].first + play->lines[i].findings; k++)
            met[k] = meet(play, ret, i, &play->findings[k]);
    for (size_t i = 0; i < play->line_count && rc == COACH_OK; i++) {
        rc = judge_listed(play, set, ret, i, met);
        if (rc == COACH_OK)
            rc = judge_found(play, ret, i);
    }
    return rc;
}
