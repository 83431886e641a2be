/* A rule's own limits, and what the agent's attention lets through: sentences 50 and 55 to 62. */
#include <stdlib.h>
#include <string.h>

#include "lib/engine/step.h"

enum { PRAISE_PER_CALL = 1 };

bool step_room(struct step *s, void *items, size_t count, size_t *cap, size_t size)
{
    void *old;
    if (s->rc != COACH_OK || count < *cap)
        return s->rc == COACH_OK;
    size_t room = *cap == 0 ? 16 : *cap * 2;
    memcpy(&old, items, sizeof old); /* `items` points at a pointer of any type */
    void *grown = realloc(old, room * size);
    if (grown == NULL) {
        s->rc = COACH_ENOMEM;
        return false;
    }
    memcpy(items, &grown, sizeof grown);
    *cap = room;
    return true;
}

/* --- what comes out --- */

static void put_out(struct step *s, const struct nudge *n, const struct rule *rule, enum engine_held held, bool interim,
                    int64_t decided_ms)
{
    struct engine *e = s->e;
    if (!step_room(s, &e->findings, e->count, &e->cap, sizeof *e->findings))
        return;
    struct finding *f = &e->findings[e->count];
    *f = (struct finding){
        .nudge = *n, .rule = rule, .held = held, .interim = interim, .decided_ms = decided_ms, .out_ms = s->c->now_ms};
    f->nudge.held = engine_held_name(held);
    f->nudge.agent_id = NULL;
    if (s->c->agent != NULL && (f->nudge.agent_id = arena_str(&e->texts, s->c->agent)) == NULL) {
        s->rc = COACH_ENOMEM;
        return;
    }
    e->count++;
    s->c->counts.held[held]++;
    s->c->counts.shown += held == ENGINE_SHOWN;
}

static void mark_shown(struct call *c, const char *nudge_id)
{
    for (uint32_t i = 0; i < c->standing_count; i++)
        if (strcmp(c->standing[i].nudge_id, nudge_id) == 0)
            c->standing[i].shown = true;
}

static void show(struct step *s, const struct nudge *n, const struct rule *rule, bool interim, int64_t decided_ms)
{
    struct call *c = s->c;
    c->last_shown_ms = c->now_ms;
    c->any_shown = true;
    c->praise += rule->severity == RULE_PRAISE;
    c->shown += rule->severity != RULE_PRAISE && rule->severity != RULE_CRITICAL;
    mark_shown(c, n->nudge_id);
    put_out(s, n, rule, ENGINE_SHOWN, interim, decided_ms);
}

/* --- cards that wait --- */

static bool add_block(struct step *s, struct blocks *b, char *block)
{
    if (!step_room(s, &b->items, b->count, &b->cap, sizeof *b->items))
        return false;
    b->items[b->count++] = block;
    return true;
}

static const char *place_text(char **at, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t len = strlen(text) + 1;
    char *copy = memcpy(*at, text, len);
    *at += len;
    return copy;
}

/* The texts of a nudge that must outlive the step and the rule set. */
#define WAITING_TEXTS 9
static void waiting_texts(struct nudge *n, const char **texts[WAITING_TEXTS])
{
    const char **all[WAITING_TEXTS] = {&n->rule,       &n->rules_hash, &n->category, &n->title,     &n->message,
                                       &n->suggest[0], &n->suggest[1], &n->said,     &n->segment_id};
    memcpy(texts, all, sizeof all);
}

static bool keep_texts(struct step *s, struct call_pending *p)
{
    const char **texts[WAITING_TEXTS];
    waiting_texts(&p->nudge, texts);
    p->block_size = 1;
    for (size_t i = 0; i < WAITING_TEXTS; i++)
        p->block_size += *texts[i] == NULL ? 0 : strlen(*texts[i]) + 1;
    p->block = malloc(p->block_size);
    if (p->block == NULL) {
        s->rc = COACH_ENOMEM;
        return false;
    }
    if (!add_block(s, &s->e->fresh, p->block)) {
        free(p->block);
        return false;
    }
    char *at = p->block;
    for (size_t i = 0; i < WAITING_TEXTS; i++)
        *texts[i] = place_text(&at, *texts[i]);
    return true;
}

/* Takes a card out of those that wait; its texts live until the next step. */
static struct call_pending take(struct step *s, uint32_t i)
{
    struct call *c = s->c;
    struct call_pending p = c->pending[i];
    add_block(s, &s->e->gone, p.block);
    c->pending_count--;
    memmove(&c->pending[i], &c->pending[i + 1], (c->pending_count - i) * sizeof p);
    return p;
}

/* The rule of a card that waited; NULL when a reload took it away. */
static const struct rule *rule_of(const struct step *s, const struct call_pending *p)
{
    return ruleset_find(s->set, p->nudge.rule);
}

static void hold(struct step *s, uint32_t i, enum engine_held held)
{
    struct call_pending p = take(s, i);
    const struct rule *rule = rule_of(s, &p);
    if (rule != NULL && s->rc == COACH_OK)
        put_out(s, &p.nudge, rule, held, p.interim, p.decided_ms);
}

static int64_t gap_end(const struct call *c, const struct rule_limits *limits)
{
    return c->any_shown ? c->last_shown_ms + limits->gap_ms : INT64_MIN;
}

static bool budget_is_used(const struct call *c, const struct rule_limits *limits, enum rule_severity severity)
{
    if (severity == RULE_CRITICAL)
        return false;
    return severity == RULE_PRAISE ? c->praise >= PRAISE_PER_CALL : c->shown >= limits->per_call;
}

static bool agent_speaks(const struct call *c)
{
    for (size_t i = 0; i < CALL_OPEN; i++)
        if (c->open[i].id != 0 && c->open[i].role == COACH_ROLE_AGENT)
            return true;
    return false;
}

/* When a card may go out, as far as is known. */
static int64_t ready_at(const struct call *c, const struct rule_limits *limits, const struct call_pending *p)
{
    if (c->agent == NULL)
        return INT64_MAX;
    if (p->severity == RULE_CRITICAL)
        return p->decided_ms;
    int64_t gap = gap_end(c, limits), turn = agent_speaks(c) ? p->decided_ms + limits->defer_ms : p->decided_ms;
    return gap > turn ? gap : turn;
}

/* The weightier of two cards that wait; of two alike the newer, of one moment the first. */
static bool is_weightier(const struct call_pending *a, const struct call_pending *b)
{
    if (a->severity != b->severity)
        return a->severity < b->severity;
    return a->decided_ms != b->decided_ms ? a->decided_ms > b->decided_ms : a->order < b->order;
}

static uint32_t best_ready(const struct call *c, const struct rule_limits *limits)
{
    uint32_t best = CALL_PENDING;
    for (uint32_t i = 0; i < c->pending_count; i++)
        if (ready_at(c, limits, &c->pending[i]) <= c->now_ms &&
            (best == CALL_PENDING || is_weightier(&c->pending[i], &c->pending[best])))
            best = i;
    return best;
}

/* Holds the cards for which there is no chance any more. */
static void hold_hopeless(struct step *s)
{
    struct call *c = s->c;
    const struct rule_limits *limits = ruleset_limits(s->set);
    for (uint32_t i = 0; i < c->pending_count && s->rc == COACH_OK;) {
        const struct call_pending *p = &c->pending[i];
        bool blocked = p->severity != RULE_CRITICAL && gap_end(c, limits) > p->deadline_ms;
        bool late = c->now_ms > p->deadline_ms;
        if (budget_is_used(c, limits, p->severity))
            hold(s, i, ENGINE_BUDGET);
        else if (late && c->agent == NULL)
            hold(s, i, ENGINE_NO_AGENT);
        else if (blocked)
            hold(s, i, ENGINE_GAP);
        else if (late)
            hold(s, i, ENGINE_STALE);
        else
            i++;
    }
}

void attention_release(struct step *s)
{
    struct call *c = s->c;
    const struct rule_limits *limits = ruleset_limits(s->set);
    for (;;) {
        hold_hopeless(s);
        uint32_t best = s->rc == COACH_OK ? best_ready(c, limits) : CALL_PENDING;
        if (best == CALL_PENDING)
            return;
        struct call_pending p = take(s, best);
        const struct rule *rule = rule_of(s, &p);
        if (rule != NULL && s->rc == COACH_OK)
            show(s, &p.nudge, rule, p.interim, p.decided_ms);
    }
}

void attention_end(struct step *s)
{
    while (s->c->pending_count > 0 && s->rc == COACH_OK)
        hold(s, 0, s->c->agent == NULL ? ENGINE_NO_AGENT : ENGINE_GAP);
}

int64_t attention_wake(const struct call *c, const struct rule_limits *limits)
{
    int64_t wake = INT64_MAX;
    for (uint32_t i = 0; i < c->pending_count; i++) {
        int64_t ready = ready_at(c, limits, &c->pending[i]), over = c->pending[i].deadline_ms + 1;
        int64_t at = ready < over ? ready : over;
        wake = at < wake ? at : wake;
    }
    return wake;
}

/* --- the rule's own limits --- */

static enum engine_held limit_of(struct call *c, const struct candidate *f)
{
    const struct rule *rule = f->rule;
    const struct call_rule *state = call_find_rule(c, rule->key);
    if (call_has_fired(c, f->latch))
        return ENGINE_DUPLICATE;
    if (state == NULL)
        return ENGINE_SHOWN;
    if (state->last_ms != COACH_NO_TIME && rule->cooldown_ms > 0 && f->timed_ms - state->last_ms < rule->cooldown_ms)
        return ENGINE_COOLDOWN;
    if (state->fired >= rule->per_call)
        return ENGINE_PER_CALL;
    return state->quiet_ms != COACH_NO_TIME && f->timed_ms < state->quiet_ms ? ENGINE_QUIETED : ENGINE_SHOWN;
}

static void quiet_others(struct step *s, const struct candidate *f)
{
    const struct rule *rule = f->rule;
    for (size_t i = 0; i < rule->quiet_count && rule->mode == RULE_LIVE; i++) {
        struct call_rule *other = call_rule_state(s->c, ruleset_rule(s->set, rule->quiets[i])->key);
        int64_t until = f->timed_ms + rule->cooldown_ms;
        if (other == NULL)
            s->rc = COACH_ENOMEM;
        else if (other->quiet_ms == COACH_NO_TIME || other->quiet_ms < until)
            other->quiet_ms = until;
    }
}

static void let_stand(struct call *c, const struct candidate *f, int64_t before_ms)
{
    if (!f->interim && !f->undoable)
        return;
    if (c->standing_count == CALL_STANDING) {
        memmove(&c->standing[0], &c->standing[1], (CALL_STANDING - 1) * sizeof c->standing[0]);
        c->standing_count--;
    }
    struct call_standing *t = &c->standing[c->standing_count++];
    *t = (struct call_standing){.rule_key = f->rule->key,
                                .segment = f->interim ? f->segment : 0,
                                .node = f->node == NULL ? 0 : f->node->key,
                                .latch = f->latch,
                                .opened = f->opened,
                                .fired_ms = f->timed_ms,
                                .before_ms = before_ms};
    memcpy(t->nudge_id, f->nudge.nudge_id, sizeof t->nudge_id);
    size_t len = strlen(f->rule->id);
    memcpy(t->rule, f->rule->id, len < sizeof t->rule ? len + 1 : sizeof t->rule - 1);
}

/* The rule fired: it cools down and counts whether or not the call's attention lets it through, so that findings do not
 * depend on what other rules showed. */
static bool fire(struct step *s, const struct candidate *f)
{
    struct call *c = s->c;
    struct call_rule *state = call_rule_state(c, f->rule->key);
    if (state == NULL || call_reserve(c, ARRAY_FIRED, 2, CALL_FIRED) != COACH_OK) {
        s->rc = COACH_ENOMEM;
        return false;
    }
    let_stand(c, f, state->last_ms);
    state->last_ms = f->timed_ms;
    state->fired++;
    call_add_fired(c, f->latch);
    call_add_fired(c, f->identity);
    quiet_others(s, f);
    return s->rc == COACH_OK;
}

/* --- attention --- */

/* The one that matters least, of the card at hand and those that wait, gives way. Returns whether there is room. */
static bool make_room(struct step *s, const struct call_pending *p)
{
    struct call *c = s->c;
    if (c->pending_count < CALL_PENDING)
        return true;
    uint32_t least = 0;
    for (uint32_t i = 1; i < c->pending_count; i++)
        if (is_weightier(&c->pending[least], &c->pending[i]))
            least = i;
    if (is_weightier(&c->pending[least], p))
        return false;
    hold(s, least, ENGINE_GAP);
    return s->rc == COACH_OK;
}

static void offer(struct step *s, const struct candidate *f)
{
    struct call *c = s->c;
    const struct rule_limits *limits = ruleset_limits(s->set);
    struct call_pending p = {.nudge = f->nudge,
                             .severity = f->rule->severity,
                             .without = f->node == NULL ? WHEN_NONE : f->node->without,
                             .interim = f->interim,
                             .decided_ms = c->now_ms,
                             .deadline_ms = f->due_ms + limits->stale_ms,
                             .order = c->pending_order++};
    if (ready_at(c, limits, &p) <= c->now_ms && c->now_ms <= p.deadline_ms && p.severity == RULE_CRITICAL)
        show(s, &f->nudge, f->rule, p.interim, p.decided_ms);
    else if (budget_is_used(c, limits, p.severity))
        put_out(s, &f->nudge, f->rule, ENGINE_BUDGET, p.interim, p.decided_ms);
    else if (c->now_ms > p.deadline_ms)
        put_out(s, &f->nudge, f->rule, c->agent == NULL ? ENGINE_NO_AGENT : ENGINE_STALE, p.interim, p.decided_ms);
    else if (p.severity != RULE_CRITICAL && gap_end(c, limits) > p.deadline_ms)
        put_out(s, &f->nudge, f->rule, ENGINE_GAP, p.interim, p.decided_ms);
    else if (!make_room(s, &p))
        put_out(s, &f->nudge, f->rule, ENGINE_GAP, p.interim, p.decided_ms);
    else if (keep_texts(s, &p))
        c->pending[c->pending_count++] = p;
}

static void judge(struct step *s, const struct candidate *f)
{
    enum engine_held held = limit_of(s->c, f);
    if (held != ENGINE_SHOWN) {
        if (!f->interim && !(f->undoable && held == ENGINE_DUPLICATE)) /* the final will say it */
            put_out(s, &f->nudge, f->rule, held, false, s->c->now_ms);
        return;
    }
    if (!fire(s, f))
        return;
    if (f->rule->mode == RULE_SHADOW)
        put_out(s, &f->nudge, f->rule, ENGINE_SHADOW, f->interim, s->c->now_ms);
    else if (call_is_muted(s->c, f->rule->id))
        put_out(s, &f->nudge, f->rule, ENGINE_MUTED, f->interim, s->c->now_ms);
    else if (s->e->ignore_attention)
        show(s, &f->nudge, f->rule, f->interim, s->c->now_ms);
    else
        offer(s, f);
}

/* The weightiest first, so that the best one wins the slot; then the order of the rules. */
static int by_weight(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->rule->severity != y->rule->severity)
        return x->rule->severity < y->rule->severity ? -1 : 1;
    return x->rule->index < y->rule->index ? -1 : x->rule->index > y->rule->index;
}

void attention_settle(struct step *s)
{
    struct engine *e = s->e;
    if (e->candidate_count > 1)
        qsort(e->candidates, e->candidate_count, sizeof *e->candidates, by_weight);
    for (size_t i = 0; i < e->candidate_count && s->rc == COACH_OK; i++)
        judge(s, &e->candidates[i]);
    e->candidate_count = 0;
    if (s->rc == COACH_OK && !s->line_comes)
        attention_release(s);
}

/* --- taking back --- */

void attention_said(struct step *s, int number)
{
    for (uint32_t i = 0; i < s->c->pending_count && s->rc == COACH_OK;)
        if (s->c->pending[i].without == number)
            hold(s, i, ENGINE_SAID_ALREADY);
        else
            i++;
}

/* Returns whether it waited: then nobody was told of it, and nobody is told now. */
static bool drop_pending(struct step *s, const char *nudge_id)
{
    for (uint32_t i = 0; i < s->c->pending_count; i++)
        if (strcmp(s->c->pending[i].nudge.nudge_id, nudge_id) == 0) {
            (void)take(s, i);
            return true;
        }
    return false;
}

/* The rules that it quieted may speak again. */
static void unquiet_others(struct step *s, const struct call_standing *t)
{
    const struct rule *rule = ruleset_find(s->set, t->rule);
    for (size_t i = 0; rule != NULL && i < rule->quiet_count; i++) {
        struct call_rule *other = call_find_rule(s->c, ruleset_rule(s->set, rule->quiets[i])->key);
        if (other != NULL && other->quiet_ms == t->fired_ms + rule->cooldown_ms)
            other->quiet_ms = COACH_NO_TIME;
    }
}

/* Its cool-down, its count and what it quieted are again as before (51). */
static void withdraw(struct step *s, uint32_t i, enum engine_reason reason)
{
    struct call *c = s->c;
    struct engine *e = s->e;
    struct call_standing t = c->standing[i];
    c->standing_count--;
    memmove(&c->standing[i], &c->standing[i + 1], (c->standing_count - i) * sizeof t);
    struct call_rule *state = call_find_rule(c, t.rule_key);
    if (state != NULL && state->fired > 0)
        state->fired--;
    if (state != NULL && state->last_ms == t.fired_ms)
        state->last_ms = t.before_ms;
    unquiet_others(s, &t);
    if (t.node != 0) /* what was not said may yet be missed on the same line */
        call_forget_fired(c, t.latch);
    if (drop_pending(s, t.nudge_id) ||
        !step_room(s, &e->withdrawn, e->withdrawn_count, &e->withdrawn_cap, sizeof *e->withdrawn))
        return;
    struct withdrawal *w = &e->withdrawn[e->withdrawn_count++];
    *w = (struct withdrawal){.reason = reason, .shown = t.shown, .rule = arena_str(&e->texts, t.rule)};
    memcpy(w->nudge_id, t.nudge_id, sizeof w->nudge_id);
    w->agent_id = c->agent == NULL ? NULL : arena_str(&e->texts, c->agent);
    if (w->rule == NULL || (c->agent != NULL && w->agent_id == NULL))
        s->rc = COACH_ENOMEM;
    c->counts.withdrawn++;
}

void attention_revise(struct step *s, uint64_t segment, const uint64_t *confirmed, size_t count)
{
    struct call *c = s->c;
    for (uint32_t i = 0; i < c->standing_count && s->rc == COACH_OK;) {
        const struct call_standing *t = &c->standing[i];
        if (t->segment != segment) {
            i++;
        } else if (call_holds(confirmed, count, t->rule_key)) { /* it can be taken back no more */
            c->standing_count--;
            memmove(&c->standing[i], &c->standing[i + 1], (c->standing_count - i) * sizeof *t);
        } else {
            withdraw(s, i, ENGINE_REVISED);
        }
    }
}

void attention_undo(struct step *s, uint32_t standing)
{
    withdraw(s, standing, ENGINE_TAKEN_BACK);
}

bool attention_stands(const struct call *c, uint64_t segment, uint64_t rule_key)
{
    for (uint32_t i = 0; i < c->standing_count; i++)
        if (c->standing[i].segment == segment && c->standing[i].rule_key == rule_key)
            return true;
    return false;
}
