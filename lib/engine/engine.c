#include "lib/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/engine/call.h"
#include "lib/engine/quarantine.h"
#include "lib/rules/scanner.h"

enum { PRAISE_PER_CALL = 1 };

struct engine {
    struct scanner *scanner;
    struct quarantine quarantine;
    struct words words;
    struct arena texts; /* of the findings of one step */
    struct finding *findings;
    size_t count, cap;
    char segment_id[32]; /* of a line that came without one */
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

struct engine *engine_new(void)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    words_init(&e->words);
    arena_init(&e->texts);
    e->scanner = scanner_new();
    if (e->scanner == NULL) {
        engine_free(e);
        return NULL;
    }
    return e;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    scanner_free(e->scanner);
    words_clear(&e->words);
    arena_clear(&e->texts);
    free(e->findings);
    free(e);
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

/* Notes which rules gave up on the line that was scanned. */
static void watch_limits(struct engine *e, int64_t now_ms)
{
    size_t count;
    const struct rule *const *limited = scanner_limited(e->scanner, &count);
    for (size_t i = 0; i < count; i++)
        if (quarantine_hit(&e->quarantine, limited[i], now_ms))
            scanner_leave_out(e->scanner, e->quarantine.keys, e->quarantine.count);
}

/* --- the call's clock --- */

/* The time of an event on its call's clock: its source's, or when it arrived after the first. */
static int64_t time_of(struct call *c, const struct wire_event *ev, int64_t arrival)
{
    if (!c->started) {
        c->started = true;
        c->first_arrival = arrival;
    }
    if (ev->end_ms != COACH_NO_TIME)
        return ev->end_ms;
    if (ev->start_ms != COACH_NO_TIME)
        return ev->start_ms;
    return arrival - c->first_arrival;
}

/* --- segments --- */

static uint64_t hash_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
    struct hash_fields h;
    hash_fields_init(&h);
    hash_fields_add(&h, a, a_len);
    hash_fields_add(&h, b, b_len);
    return h.value;
}

/* A segment's scope is the call and who speaks. */
static uint64_t segment_hash(const struct wire_event *ev)
{
    const char *side = ev->channel.s != NULL ? ev->channel.s : wire_role_name(ev->role);
    return hash_of(side, strlen(side), ev->segment_id.s, ev->segment_id.len);
}

static bool fired_on(const struct call_segment *s, uint64_t rule)
{
    uint32_t n = s->fired < CALL_SEGMENT_RULES ? s->fired : CALL_SEGMENT_RULES;
    for (uint32_t i = 0; i < n; i++)
        if (s->rules[i] == rule)
            return true;
    return s->fired > CALL_SEGMENT_RULES; /* more than it can hold: none fires again */
}

static void mark_fired(struct call_segment *s, uint64_t rule)
{
    if (s->fired < CALL_SEGMENT_RULES)
        s->rules[s->fired] = rule;
    s->fired++;
}

/* --- attention: may the agent see it? --- */

static enum engine_held judge(struct call *c, const struct rule_limits *limits, const struct rule *rule, bool duplicate)
{
    const struct call_rule *state = call_find_rule(c, rule->key);
    bool praise = rule->severity == RULE_PRAISE, critical = rule->severity == RULE_CRITICAL;
    if (duplicate)
        return ENGINE_DUPLICATE;
    if (state != NULL && c->now_ms - state->last_ms < rule->cooldown_ms)
        return ENGINE_COOLDOWN;
    if (state != NULL && state->fired >= rule->per_call)
        return ENGINE_PER_CALL;
    if (rule->mode == RULE_SHADOW)
        return ENGINE_SHADOW;
    if (call_is_muted(c, rule->id))
        return ENGINE_MUTED;
    if (praise ? c->praise >= PRAISE_PER_CALL : !critical && c->shown >= limits->per_call)
        return ENGINE_BUDGET;
    if (!critical && c->counts.shown > 0 && c->now_ms - c->last_shown_ms < limits->gap_ms)
        return ENGINE_GAP;
    return ENGINE_SHOWN;
}

/* What a finding changes. A rule cools down and counts whether or not the call's attention let it through, so that
 * findings do not depend on what other rules showed; a duplicate or a cooling rule changes nothing. */
static void settle(struct call *c, const struct rule *rule, struct call_segment *segment, uint64_t id,
                   enum engine_held held)
{
    c->counts.held[held]++;
    if (held == ENGINE_DUPLICATE || held == ENGINE_COOLDOWN || held == ENGINE_PER_CALL)
        return;
    struct call_rule *state = call_rule_state(c, rule->key);
    state->last_ms = c->now_ms;
    state->fired++;
    mark_fired(segment, id);
    if (held != ENGINE_SHOWN)
        return;
    c->counts.shown++;
    c->last_shown_ms = c->now_ms;
    if (rule->severity == RULE_PRAISE)
        c->praise++;
    else if (rule->severity != RULE_CRITICAL)
        c->shown++;
}

/* --- what the card says --- */

struct fill {
    const struct ruleset *set;
    const struct hit *hit;
    const struct wire_text *text;
    struct arena *arena;
};

/* What stands for a placeholder, found by its name. */
static struct wire_text value_of(const struct fill *f, const char *name, size_t len)
{
    struct scanner_span span = {0, 0};
    if (len == 5 && memcmp(name, "plain", 5) == 0 && f->hit->plain != NULL)
        return (struct wire_text){f->hit->plain, strlen(f->hit->plain)};
    if (len == 4 && memcmp(name, "said", 4) == 0)
        span = f->hit->span;
    for (size_t i = 0; i < SCANNER_CAPTURES; i++) {
        const char *capture = scanner_capture_name(f->set, f->hit->rule, i);
        if (capture != NULL && strlen(capture) == len && memcmp(capture, name, len) == 0)
            span = f->hit->captures[i];
    }
    return (struct wire_text){f->text->s + span.from, span.to - span.from};
}

/* A message with its placeholders filled in, in the arena; NULL when memory is out. Called with `to` NULL to measure.
 */
static size_t fill_in(const struct fill *f, const char *message, char *to)
{
    size_t n = 0;
    while (*message != '\0') {
        const char *close = *message == '{' ? strchr(message, '}') : NULL;
        struct wire_text part = {message, 1};
        if (close != NULL) {
            part = value_of(f, message + 1, (size_t)(close - message) - 1);
            message = close;
        }
        if (to != NULL && part.len > 0)
            memcpy(to + n, part.s, part.len);
        n += part.len;
        message++;
    }
    return n;
}

static const char *filled(const struct fill *f, const char *message)
{
    if (message == NULL || strchr(message, '{') == NULL)
        return message;
    char *text = arena_alloc(f->arena, fill_in(f, message, NULL) + 1);
    if (text != NULL)
        fill_in(f, message, text);
    return text;
}

static int64_t time_on_screen(enum rule_severity severity)
{
    static const int64_t ms[] = {
        [RULE_CRITICAL] = 15000, [RULE_IMPORTANT] = 12000, [RULE_HINT] = 9000, [RULE_PRAISE] = 7000};
    return ms[severity];
}

static void make_id(const struct call *c, const char *rule, const struct wire_text *segment, uint32_t occurrence,
                    char id[NUDGE_ID + 1])
{
    struct hash_fields h;
    hash_fields_init(&h);
    hash_fields_add(&h, c->id, strlen(c->id));
    hash_fields_add(&h, rule, strlen(rule));
    hash_fields_add(&h, segment->s, segment->len);
    unsigned char little[4] = {(unsigned char)occurrence, (unsigned char)(occurrence >> 8),
                               (unsigned char)(occurrence >> 16), (unsigned char)(occurrence >> 24)};
    hash_fields_add(&h, little, sizeof little);
    hash_hex(h.value, id);
}

/* Fills a finding; every text it needs is made before anything of the call changes. */
static int describe(struct engine *e, const struct ruleset *set, const struct call *c, const struct wire_event *ev,
                    const struct hit *hit, struct finding *ret)
{
    const struct rule *r = hit->rule;
    struct fill f = {set, hit, &ev->text, &e->texts};
    struct nudge *n = &ret->nudge;
    *ret = (struct finding){.rule = r};
    make_id(c, r->id, &ev->segment_id, 1, n->nudge_id);
    n->call_id = c->id;
    n->agent_id = c->agent == NULL ? NULL : arena_str(&e->texts, c->agent);
    n->rule = r->id;
    n->rev = r->rev;
    n->phrase = hit->phrase;
    n->rules_hash = ruleset_hash(set);
    n->category = r->category;
    n->severity = rule_severity_name(r->severity);
    n->title = r->title;
    n->message = filled(&f, r->message);
    n->suggest[0] = filled(&f, r->suggest[0]);
    n->suggest[1] = filled(&f, r->suggest[1]);
    n->said = arena_strn(&e->texts, ev->text.s + hit->span.from, hit->span.to - hit->span.from);
    n->segment_id = arena_strn(&e->texts, ev->segment_id.s, ev->segment_id.len);
    n->span[0] = hit->span.from;
    n->span[1] = hit->span.to;
    n->at_ms = ev->start_ms != COACH_NO_TIME ? ev->start_ms : c->now_ms;
    n->end_ms = ev->end_ms;
    n->ttl_ms = time_on_screen(r->severity);
    bool failed = (c->agent != NULL && n->agent_id == NULL) || n->message == NULL || n->said == NULL ||
                  n->segment_id == NULL || (r->suggest[0] != NULL && n->suggest[0] == NULL) ||
                  (r->suggest[1] != NULL && n->suggest[1] == NULL);
    return failed ? COACH_ENOMEM : COACH_OK;
}

/* --- one line --- */

static uint64_t term_of(const struct hit *hit)
{
    return hit->rule->key ^ (uint64_t)hit->phrase * 0x9e3779b97f4a7c15u;
}

/* Whether an agent's hit becomes a finding. */
static bool counts(const struct engine *e, const struct call *c, const struct hit *hit, const struct wire_event *ev)
{
    const struct rule *r = hit->rule;
    if (r->is_swap && call_has_term(c, term_of(hit)))
        return false;
    if (r->min_confidence > 0 && ev->confidence >= 0 && ev->confidence < r->min_confidence)
        return false;
    return e->count == 0 || e->findings[e->count - 1].rule != r; /* of a swap rule the first term speaks */
}

static int keep(struct engine *e, const struct ruleset *set, const struct call *c, const struct wire_event *ev,
                const struct hit *hit)
{
    if (e->count == e->cap) {
        size_t cap = e->cap == 0 ? 16 : e->cap * 2;
        struct finding *findings = realloc(e->findings, cap * sizeof *findings);
        if (findings == NULL)
            return COACH_ENOMEM;
        e->findings = findings;
        e->cap = cap;
    }
    int rc = describe(e, set, c, ev, hit, &e->findings[e->count]);
    e->count += rc == COACH_OK;
    return rc;
}

/* The weightiest first, so that the best one wins the slot; then the order of the rules. */
static int by_weight(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->rule->severity != y->rule->severity)
        return x->rule->severity < y->rule->severity ? -1 : 1;
    return x->rule->index < y->rule->index ? -1 : x->rule->index > y->rule->index;
}

/* What the scanner made of a line. */
struct heard {
    const struct hit *hits;
    size_t count;
    size_t terms;      /* swap terms in it that a customer used */
    uint64_t left_out; /* rules in quarantine that might have matched */
};

/* Finds what the line holds; the call does not change. */
static int find(struct engine *e, const struct ruleset *set, const struct call *c, const struct wire_event *ev,
                int64_t arrival, struct heard *heard)
{
    uint64_t before = scanner_left_out(e->scanner);
    int rc = words_read(&e->words, ruleset_language(set), ev->text.s, ev->text.len);
    if (rc == COACH_OK)
        rc = scanner_scan(e->scanner, set, &e->words, ev->role, 0, &heard->hits, &heard->count);
    if (rc == COACH_OK)
        watch_limits(e, arrival);
    heard->left_out = scanner_left_out(e->scanner) - before;
    for (size_t i = 0; rc == COACH_OK && i < heard->count; i++) {
        if (heard->hits[i].rule->is_signal)
            continue;
        if (heard->hits[i].by_customer)
            heard->terms++;
        else if (counts(e, c, &heard->hits[i], ev))
            rc = keep(e, set, c, ev, &heard->hits[i]);
    }
    if (rc == COACH_OK && e->count > 1)
        qsort(e->findings, e->count, sizeof *e->findings, by_weight);
    return rc;
}

static void weigh(struct engine *e, const struct ruleset *set, struct call *c, struct call_segment *segment)
{
    const struct call_segment before = *segment; /* a rule fires once on a line: what others do on it is no repeat */
    for (size_t i = 0; i < e->count; i++) {
        struct finding *f = &e->findings[i];
        uint64_t id = hash_of(f->rule->id, strlen(f->rule->id), "", 0);
        f->held = judge(c, ruleset_limits(set), f->rule, fired_on(&before, id));
        f->nudge.held = engine_held_name(f->held);
        settle(c, f->rule, segment, id, f->held);
    }
}

/* A final: run it unless it says nothing new. `line` has a segment id. Whatever can fail comes before the first change
 * to the call. */
static int step_final(struct engine *e, const struct ruleset *set, struct call *c, const struct wire_event *line,
                      int64_t arrival)
{
    uint64_t id = segment_hash(line), text = hash_of(line->text.s, line->text.len, "", 0);
    struct call_segment *segment = call_find_segment(c, id);
    if (segment != NULL && segment->text == text) {
        c->counts.repeats++;
        return COACH_OK;
    }
    struct heard heard = {0};
    int rc = find(e, set, c, line, arrival, &heard);
    if (rc == COACH_OK)
        rc = call_reserve(c, e->count, heard.terms);
    if (rc != COACH_OK)
        return rc;
    segment = call_find_segment(c, id);
    if (segment == NULL)
        segment = call_add_segment(c, id, text);
    segment->text = text;
    c->counts.lines++;
    c->counts.held[ENGINE_QUARANTINED] += heard.left_out;
    for (size_t i = 0; heard.terms > 0 && i < heard.count; i++)
        if (heard.hits[i].by_customer)
            call_add_term(c, term_of(&heard.hits[i]));
    weigh(e, set, c, segment);
    return COACH_OK;
}

/* The call's clock and what counts its lines, to be put back when a step fails. */
struct clock {
    bool started;
    int64_t first_arrival, now_ms;
    uint64_t unnamed;
};

int engine_step(struct engine *e, const struct ruleset *set, struct call *c, const struct wire_event *event,
                int64_t now_ms, struct engine_results *ret)
{
    const struct clock before = {c->started, c->first_arrival, c->now_ms, c->unnamed};
    e->count = 0;
    *ret = (struct engine_results){0};
    arena_clear(&e->texts);
    int64_t now = time_of(c, event, now_ms);
    c->now_ms = now > c->now_ms ? now : c->now_ms;
    if (!event->is_final) {
        c->counts.interim++;
        return COACH_OK;
    }
    struct wire_event line = *event;
    if (line.segment_id.s == NULL) {
        int n = snprintf(e->segment_id, sizeof e->segment_id, "line-%llu", (unsigned long long)++c->unnamed);
        line.segment_id = (struct wire_text){e->segment_id, (size_t)n};
    }
    int rc = step_final(e, set, c, &line, now_ms);
    if (rc != COACH_OK) {
        c->started = before.started;
        c->first_arrival = before.first_arrival;
        c->now_ms = before.now_ms;
        c->unnamed = before.unnamed;
    }
    ret->findings = e->findings;
    ret->count = rc == COACH_OK ? e->count : 0;
    return rc;
}

int engine_tick(struct engine *e, const struct ruleset *set, struct call *c, int64_t now_ms, struct engine_results *ret)
{
    (void)e, (void)set, (void)c, (void)now_ms;
    *ret = (struct engine_results){0};
    return COACH_OK;
}

int64_t engine_wake(const struct engine *e, const struct ruleset *set, const struct call *c)
{
    (void)e, (void)set, (void)c;
    return INT64_MAX;
}

int engine_end(struct engine *e, const struct ruleset *set, struct call *c, int64_t now_ms, struct engine_results *ret)
{
    return engine_tick(e, set, c, now_ms, ret);
}

void engine_ignore_attention(struct engine *e, bool ignore)
{
    (void)e, (void)ignore;
}

void engine_observe(struct engine *e, engine_observer fn, void *user)
{
    (void)e, (void)fn, (void)user;
}
