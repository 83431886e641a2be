#include "lib/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/engine/conversation.h"
#include "lib/engine/hearing.h"
#include "lib/engine/step.h"

enum {
    JUMP_MS = 60 * 1000,      /* the source's clock went that much further than ours */
    ONE_SIDED_MS = 60 * 1000, /* and of so many lines none was of the other side */
    ONE_SIDED_LINES = 10
};

const char *engine_held_name(enum engine_held held)
{
    static const char *const names[ENGINE_HELD_COUNT] = {NULL,    "shadow",   "cooldown",   "per_call",     "budget",
                                                         "gap",   "stale",    "duplicate",  "said_already", "quieted",
                                                         "muted", "no_agent", "quarantined"};
    return names[held];
}

bool engine_is_limit(enum engine_held held)
{
    return held == ENGINE_DUPLICATE || held == ENGINE_COOLDOWN || held == ENGINE_PER_CALL || held == ENGINE_QUIETED;
}

const char *engine_reason_name(enum engine_reason reason)
{
    return reason == ENGINE_REVISED ? "revised" : "said_already";
}

const char *engine_sight_name(enum engine_sight sight)
{
    static const char *const names[] = {NULL, "no lines for 20 s", "only one side is heard", "the clock jumped"};
    return names[sight];
}

struct engine *engine_new(void)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    words_init(&e->words);
    words_init(&e->turn_words);
    words_init(&e->own_words);
    buf_init(&e->text, 0);
    buf_init(&e->saved, 0);
    arena_init(&e->texts);
    e->scanner = scanner_new();
    if (e->scanner == NULL) {
        engine_free(e);
        return NULL;
    }
    return e;
}

static void free_blocks(struct blocks *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->items[i]);
    b->count = 0;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    scanner_free(e->scanner);
    words_clear(&e->words);
    words_clear(&e->turn_words);
    words_clear(&e->own_words);
    buf_clear(&e->text);
    buf_clear(&e->saved);
    arena_clear(&e->texts);
    free_blocks(&e->gone);
    free(e->gone.items);
    free(e->fresh.items);
    free(e->candidates);
    free(e->findings);
    free(e->withdrawn);
    free(e);
}

void engine_ignore_attention(struct engine *e, bool ignore)
{
    e->ignore_attention = ignore;
}

void engine_observe(struct engine *e, engine_observer fn, void *user)
{
    e->observer = fn;
    e->observer_user = user;
}

/* --- rules that cost too much --- */

const char *engine_quarantined(const struct engine *e, size_t index)
{
    return index < e->quarantine.count ? e->quarantine.ids[index] : NULL;
}

void engine_end_quarantine(struct engine *e)
{
    quarantine_clear(&e->quarantine);
    scanner_leave_out(e->scanner, NULL, 0);
}

uint64_t engine_left_out(const struct engine *e)
{
    return scanner_left_out(e->scanner);
}

/* --- a step as a whole: all of it, or nothing --- */

static struct step begin(struct engine *e, const struct ruleset *set, struct call *c, int64_t arrival_ms,
                         struct engine_results *ret)
{
    struct step s = {.e = e, .set = set, .c = c, .arrival_ms = arrival_ms};
    *ret = (struct engine_results){.sight = c->sight};
    free_blocks(&e->gone);
    e->fresh.count = e->candidate_count = e->count = e->withdrawn_count = 0;
    e->sight_changed = false;
    arena_clear(&e->texts);
    s.rc = call_adopt(c, set);
    if (s.rc == COACH_OK)
        s.rc = call_save(c, &e->saved) == COACH_OK ? COACH_OK : COACH_ENOMEM;
    if (s.rc != COACH_OK)
        buf_reset(&e->saved); /* nothing to put back */
    return s;
}

static int finish(struct step *s, struct engine_results *ret)
{
    struct engine *e = s->e;
    if (s->rc != COACH_OK) {
        if (e->saved.len > 0)
            call_restore(s->c, &e->saved);
        e->gone.count = 0; /* they wait again */
        free_blocks(&e->fresh);
        return COACH_ENOMEM;
    }
    *ret = (struct engine_results){.findings = e->findings,
                                   .count = e->count,
                                   .withdrawn = e->withdrawn,
                                   .withdrawn_count = e->withdrawn_count,
                                   .sight_changed = e->sight_changed,
                                   .sight = s->c->sight};
    return COACH_OK;
}

static void see(struct step *s, enum engine_sight sight)
{
    s->e->sight_changed = s->e->sight_changed || s->c->sight != sight;
    s->c->sight = sight;
}

/* --- time --- */

enum cause { CAUSE_NONE, CAUSE_TURN, CAUSE_CONDITION, CAUSE_OPEN, CAUSE_CARD, CAUSE_BLIND };

/* The next thing that time brings about. */
struct next {
    enum cause cause;
    int64_t at_ms;
    struct timer timer;
    uint32_t open;
};

static void consider(struct next *n, enum cause cause, int64_t at_ms)
{
    if (at_ms < n->at_ms) {
        n->at_ms = at_ms;
        n->cause = cause;
    }
}

static int64_t turn_end(const struct call *c, int64_t evidence_ms)
{
    if (!c->turn.open)
        return INT64_MAX;
    int64_t due = c->turn.end_ms + CALL_TURN_GAP_MS;
    return due < evidence_ms ? due : conversation_ripe(c, 1u << call_side(c->turn.role), due);
}

/* `evidence_ms`: somebody began to speak then, and nothing is heard of before any more. */
static struct next next_of(const struct call *c, const struct ruleset *set, int64_t evidence_ms)
{
    struct next n = {.at_ms = INT64_MAX};
    consider(&n, CAUSE_TURN, turn_end(c, evidence_ms));
    if (conversation_next(c, set, evidence_ms, &n.timer))
        consider(&n, CAUSE_CONDITION, n.timer.ripe_ms);
    for (uint32_t i = 0; i < CALL_OPEN; i++)
        if (c->open[i].id != 0 && c->open[i].heard_ms + CALL_OPEN_GAP_MS < n.at_ms) {
            n.open = i;
            consider(&n, CAUSE_OPEN, c->open[i].heard_ms + CALL_OPEN_GAP_MS);
        }
    if (evidence_ms == INT64_MIN) /* else they wait for the line */
        consider(&n, CAUSE_CARD, attention_wake(c, ruleset_limits(set)));
    if (c->started && c->sight == ENGINE_SEES && c->activity == CALL_TALKING)
        consider(&n, CAUSE_BLIND, c->heard_ms + CALL_BLIND_MS);
    return n;
}

static void end_turn(struct step *s)
{
    const struct call_turn turn = s->c->turn;
    if (!turn.open)
        return;
    s->c->turn.open = false;
    conversation_turn_ended(s, &turn);
}

/* Room for one more line. Returns false, and sets `rc`, when memory is out. */
static bool reserve_line(struct step *s)
{
    if (call_reserve(s->c, ARRAY_SEGMENTS, 1, CALL_SEGMENTS) != COACH_OK ||
        call_reserve(s->c, ARRAY_LINES, 1, CALL_LINES) != COACH_OK)
        s->rc = COACH_ENOMEM;
    return s->rc == COACH_OK;
}

static void bring_about(struct step *s, const struct next *n)
{
    struct call *c = s->c;
    if (!reserve_line(s))
        return;
    if (n->cause == CAUSE_TURN)
        end_turn(s);
    else if (n->cause == CAUSE_CONDITION)
        conversation_decide(s, &n->timer);
    else if (n->cause == CAUSE_OPEN)
        hearing_close(s, &c->open[n->open]);
    else if (n->cause == CAUSE_BLIND)
        see(s, ENGINE_NO_LINES);
    attention_settle(s);
}

/* Lets time go on to `clock_ms`, each thing in its moment. */
static void pass(struct step *s, int64_t clock_ms, int64_t evidence_ms)
{
    struct call *c = s->c;
    while (s->rc == COACH_OK) {
        const struct next n = next_of(c, s->set, evidence_ms);
        if (n.cause == CAUSE_NONE || n.at_ms > clock_ms)
            break;
        c->now_ms = n.at_ms > c->now_ms ? n.at_ms : c->now_ms;
        bring_about(s, &n);
    }
    c->now_ms = clock_ms > c->now_ms ? clock_ms : c->now_ms;
}

/* --- an event --- */

/* Its times on the call's clock; a source may give one of them, or a beginning after the end. */
static void settle_times(const struct call *c, const struct wire_event *e, int64_t arrival_ms, struct hearing *h)
{
    int64_t end = e->end_ms != COACH_NO_TIME ? e->end_ms : e->start_ms;
    h->end_ms = end != COACH_NO_TIME ? end : call_clock(c, arrival_ms);
    h->start_ms = e->start_ms != COACH_NO_TIME && e->start_ms < h->end_ms ? e->start_ms : h->end_ms;
    h->timed = e->start_ms != COACH_NO_TIME && e->end_ms != COACH_NO_TIME && !e->made_up_times;
}

static void set_anchor(struct call *c, int64_t clock_ms, int64_t arrival_ms)
{
    c->anchor_ms = clock_ms;
    c->anchor_arrival = arrival_ms;
}

static void note_arrival(struct step *s, const struct hearing *h)
{
    struct call *c = s->c;
    const int64_t ahead = (h->end_ms - c->anchor_ms) - (h->arrival_ms - c->anchor_arrival);
    if (ahead > JUMP_MS && c->heard_ms + JUMP_MS < h->end_ms)
        see(s, ENGINE_CLOCK_JUMPED);
    else if (c->sight == ENGINE_NO_LINES || c->sight == ENGINE_CLOCK_JUMPED)
        see(s, ENGINE_SEES);
    if (h->end_ms >= c->anchor_ms)
        set_anchor(c, h->end_ms, h->arrival_ms);
}

static void watch_sides(struct step *s)
{
    const struct call *c = s->c;
    bool one_sided = (c->side_lines[0] == 0 && c->side_lines[1] >= ONE_SIDED_LINES) ||
                     (c->side_lines[1] == 0 && c->side_lines[0] >= ONE_SIDED_LINES);
    if (one_sided && c->sight == ENGINE_SEES && c->now_ms - c->first_ms >= ONE_SIDED_MS)
        see(s, ENGINE_ONE_SIDED);
    else if (!one_sided && c->sight == ENGINE_ONE_SIDED)
        see(s, ENGINE_SEES);
}

/* A line without a segment id is that of the open segment of its side, or one of its own. */
static void name_segment(struct step *s, struct wire_event *e, struct hearing *h)
{
    struct engine *engine = s->e;
    if (e->segment_id.s != NULL)
        return;
    const struct call_open *open = hearing_unnamed(s->c, hearing_side(e));
    h->unnamed = true;
    if (open != NULL)
        snprintf(engine->segment_id, sizeof engine->segment_id, "%.31s", open->segment);
    else
        snprintf(engine->segment_id, sizeof engine->segment_id, "line-%llu", (unsigned long long)++s->c->unnamed);
    e->segment_id = (struct wire_text){engine->segment_id, strlen(engine->segment_id)};
}

static void hear(struct step *s, const struct wire_event *event)
{
    struct call *c = s->c;
    struct wire_event e = *event;
    struct hearing h = {.event = &e, .arrival_ms = s->arrival_ms};
    settle_times(c, &e, s->arrival_ms, &h);
    if (!c->started) {
        c->started = true;
        c->now_ms = c->first_ms = c->heard_ms = h.end_ms;
        set_anchor(c, h.end_ms, s->arrival_ms);
    }
    int64_t clock = call_clock(c, s->arrival_ms);
    clock = h.end_ms > clock ? h.end_ms : clock;
    pass(s, clock, INT64_MIN);
    s->line_comes = true;
    pass(s, clock, h.start_ms);
    s->line_comes = false;
    note_arrival(s, &h);
    c->heard_ms = c->now_ms;
    c->untimed = c->untimed || (e.is_final && !h.timed);
    name_segment(s, &e, &h);
    h.segment = hearing_segment(&e);
    if (s->rc == COACH_OK && reserve_line(s) && e.is_final)
        hearing_final(s, &h);
    else if (s->rc == COACH_OK)
        hearing_interim(s, &h);
    watch_sides(s);
}

int engine_step(struct engine *e, const struct ruleset *set, struct call *c, const struct wire_event *event,
                int64_t now_ms, struct engine_results *ret)
{
    struct step s = begin(e, set, c, now_ms, ret);
    if (s.rc == COACH_OK)
        hear(&s, event);
    return finish(&s, ret);
}

int engine_tick(struct engine *e, const struct ruleset *set, struct call *c, int64_t now_ms, struct engine_results *ret)
{
    struct step s = begin(e, set, c, now_ms, ret);
    if (s.rc == COACH_OK)
        pass(&s, call_clock(c, now_ms), INT64_MIN);
    return finish(&s, ret);
}

int64_t engine_wake(const struct engine *e, const struct ruleset *set, const struct call *c)
{
    (void)e;
    if (!c->started || strcmp(c->rules_hash, ruleset_hash(set)) != 0)
        return c->started ? c->anchor_arrival : INT64_MAX; /* another set: take it up at once */
    const struct next n = next_of(c, set, INT64_MIN);
    return n.cause == CAUSE_NONE ? INT64_MAX : n.at_ms - c->anchor_ms + c->anchor_arrival;
}

int engine_end(struct engine *e, const struct ruleset *set, struct call *c, int64_t now_ms, struct engine_results *ret)
{
    struct step s = begin(e, set, c, now_ms, ret);
    const int64_t clock = call_clock(c, now_ms);
    if (s.rc == COACH_OK)
        pass(&s, clock, INT64_MIN);
    if (s.rc == COACH_OK)
        pass(&s, clock, clock + 1); /* nothing more can come */
    for (size_t i = 0; i < CALL_OPEN && s.rc == COACH_OK; i++)
        if (c->open[i].id != 0 && reserve_line(&s))
            hearing_close(&s, &c->open[i]);
    if (s.rc == COACH_OK) {
        end_turn(&s);
        conversation_ended(&s);
        attention_settle(&s);
    }
    attention_end(&s);
    return finish(&s, ret);
}
