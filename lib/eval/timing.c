#include "lib/eval/timing.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/table.h"
#include "lib/wire/json.h"

/* A finding that counts. */
struct seen {
    struct arrival *decided; /* of the event that decided it; NULL: not known */
    struct arrival *final;   /* of its line; NULL: not known, or not decided by an interim result */
    int64_t waited_ms;       /* from the decision to the card */
    int64_t end_ms;          /* of the words, or COACH_NO_TIME */
    bool shown, conversation, interim, withdrawn;
};

/* When an event came, on the clock of arrivals; made before it comes where a finding waits for it. */
struct arrival {
    bool known;
    int64_t ms;
};

/* Measurements, in ms. */
struct samples {
    int64_t *ms;
    size_t count, cap;
};

struct timing {
    /* of the recording that is being replayed */
    struct arena memory;
    struct table arrivals; /* call, segment and which event -> struct arrival * */
    struct table by_id;    /* nudge_id of a finding that counts -> struct seen * */
    /* of all */
    struct arena names;
    struct table taken; /* rule -> struct timing_rule * */
    struct samples lead, stood, late, recogniser, own, noticed;
    struct timing_figures figures; /* the spreads are not filled */
};

struct timing *timing_new(void)
{
    struct timing *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    arena_init(&t->memory);
    arena_init(&t->names);
    table_init(&t->arrivals, NULL);
    table_init(&t->by_id, NULL);
    table_init(&t->taken, NULL);
    return t;
}

void timing_free(struct timing *t)
{
    if (t == NULL)
        return;
    struct samples *const all[] = {&t->lead, &t->stood, &t->late, &t->recogniser, &t->own, &t->noticed};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]->ms);
    table_clear(&t->arrivals);
    table_clear(&t->by_id);
    table_clear(&t->taken);
    arena_clear(&t->memory);
    arena_clear(&t->names);
    free(t);
}

/* --- arrivals --- */

/* The place of an event: the final of a segment, or the interim result of it whose words end at `end_ms`. NULL when
 * memory is out. */
static struct arrival *arrival_of(struct timing *t, const char *call, const struct wire_text *segment, bool final,
                                  int64_t end_ms)
{
    struct buf key;
    buf_init(&key, 0);
    struct arrival *a = NULL;
    if (buf_addf(&key, "%s\n%.*s\n%lld", call, (int)segment->len, segment->s, final ? -1 : (long long)end_ms) ==
        COACH_OK)
        a = table_get(&t->arrivals, key.data, key.len);
    if (a == NULL && key.len > 0) {
        a = arena_alloc(&t->memory, sizeof *a);
        if (a != NULL && table_set(&t->arrivals, key.data, key.len, a) != COACH_OK)
            a = NULL;
    }
    buf_clear(&key);
    return a;
}

/* The first of its kind counts: repeats change nothing. */
static int note_arrival(struct timing *t, const struct wire_event *e, int64_t arrival_ms)
{
    if (e->type != WIRE_TRANSCRIPT || e->segment_id.s == NULL)
        return COACH_OK;
    struct arrival *a = arrival_of(t, e->call_id.s, &e->segment_id, e->is_final, e->end_ms);
    if (a == NULL)
        return COACH_ENOMEM;
    if (!a->known)
        *a = (struct arrival){true, arrival_ms};
    return COACH_OK;
}

/* --- findings --- */

static int note_finding(struct timing *t, const struct finding *f)
{
    const struct nudge *n = &f->nudge;
    t->figures.held[f->held]++;
    if (engine_is_limit(f->held))
        return COACH_OK;
    struct seen *s = arena_alloc(&t->memory, sizeof *s);
    if (s == NULL || table_set(&t->by_id, n->nudge_id, NUDGE_ID, s) != COACH_OK)
        return COACH_ENOMEM;
    const struct wire_text segment = {n->segment_id, strlen(n->segment_id)};
    *s = (struct seen){.shown = f->held == ENGINE_SHOWN,
                       .conversation = f->rule->is_conversation,
                       .interim = f->interim,
                       .waited_ms = f->out_ms - f->decided_ms,
                       .end_ms = n->end_ms};
    t->figures.findings++;
    t->figures.shown += s->shown;
    t->figures.by_interim += s->interim;
    s->decided = arrival_of(t, n->call_id, &segment, !f->interim, n->end_ms);
    if (f->interim)
        s->final = arrival_of(t, n->call_id, &segment, true, 0);
    return s->decided == NULL || (f->interim && s->final == NULL) ? COACH_ENOMEM : COACH_OK;
}

static int add_sample(struct samples *s, int64_t ms)
{
    if (s->count == s->cap) {
        size_t cap = s->cap == 0 ? 64 : 2 * s->cap;
        int64_t *grown = realloc(s->ms, cap * sizeof *grown);
        if (grown == NULL)
            return COACH_ENOMEM;
        s->ms = grown;
        s->cap = cap;
    }
    s->ms[s->count++] = ms;
    return COACH_OK;
}

static int count_rule(struct timing *t, const char *rule)
{
    struct timing_rule *r = table_get(&t->taken, rule, strlen(rule));
    if (r == NULL) {
        r = arena_alloc(&t->names, sizeof *r);
        if (r == NULL || (r->rule = arena_str(&t->names, rule)) == NULL ||
            table_set(&t->taken, rule, strlen(rule), r) != COACH_OK)
            return COACH_ENOMEM;
    }
    r->count++;
    return COACH_OK;
}

static int note_withdrawal(struct timing *t, const struct withdrawal *w, bool by_event, int64_t arrival_ms)
{
    struct seen *s = table_get(&t->by_id, w->nudge_id, NUDGE_ID);
    t->figures.withdrawn++;
    t->figures.withdrawn_cards += w->shown;
    int rc = count_rule(t, w->rule);
    if (s == NULL || rc != COACH_OK)
        return rc;
    s->withdrawn = true;
    if (!w->shown || !by_event || !s->decided->known)
        return COACH_OK;
    return add_sample(&t->stood, arrival_ms - s->decided->ms - s->waited_ms);
}

int timing_add(struct timing *t, const struct wire_event *event, int64_t arrival_ms,
               const struct engine_results *results)
{
    int rc = event == NULL || arrival_ms == COACH_NO_TIME ? COACH_OK : note_arrival(t, event, arrival_ms);
    for (size_t i = 0; i < results->count && rc == COACH_OK; i++)
        rc = note_finding(t, &results->findings[i]);
    for (size_t i = 0; i < results->withdrawn_count && rc == COACH_OK; i++)
        rc = note_withdrawal(t, &results->withdrawn[i], event != NULL && arrival_ms != COACH_NO_TIME, arrival_ms);
    return rc;
}

/* --- figures --- */

static int measure_card(struct timing *t, const struct seen *s)
{
    if (!s->shown)
        return COACH_OK;
    if (s->conversation)
        return add_sample(&t->noticed, s->waited_ms);
    if (!s->decided->known || s->end_ms == COACH_NO_TIME)
        return COACH_OK;
    int64_t recogniser = s->decided->ms - s->end_ms, late = recogniser + s->waited_ms;
    t->figures.too_late += late > TIMING_LATE_MS;
    int rc = add_sample(&t->recogniser, recogniser);
    if (rc == COACH_OK)
        rc = add_sample(&t->own, s->waited_ms);
    return rc == COACH_OK ? add_sample(&t->late, late) : rc;
}

static int measure(struct timing *t, const struct seen *s)
{
    int rc = COACH_OK;
    if (s->interim && !s->withdrawn && s->decided->known && s->final->known)
        rc = add_sample(&t->lead, s->final->ms - s->decided->ms);
    return rc == COACH_OK ? measure_card(t, s) : rc;
}

int timing_end(struct timing *t)
{
    int rc = COACH_OK;
    for (const struct table_entry *e = table_next(&t->by_id, NULL); e != NULL && rc == COACH_OK;
         e = table_next(&t->by_id, e))
        rc = measure(t, table_value(e));
    table_clear(&t->arrivals);
    table_clear(&t->by_id);
    arena_clear(&t->memory);
    return rc;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The smallest that so many in a hundred do not exceed. */
static int64_t percentile(const struct samples *s, size_t percent)
{
    return s->count == 0 ? 0 : s->ms[(s->count * percent + 99) / 100 - 1];
}

static struct timing_spread spread_of(struct samples *s)
{
    if (s->count > 0)
        qsort(s->ms, s->count, sizeof *s->ms, by_size);
    return (struct timing_spread){s->count, percentile(s, 50), percentile(s, 90), percentile(s, 99)};
}

static int by_count(const void *a, const void *b)
{
    const struct timing_rule *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->rule, y->rule);
}

static int list_rules(struct timing *t, struct timing_figures *f)
{
    struct timing_rule *rules = arena_alloc(&t->names, (table_count(&t->taken) + 1) * sizeof *rules);
    if (rules == NULL)
        return COACH_ENOMEM;
    for (const struct table_entry *e = table_next(&t->taken, NULL); e != NULL; e = table_next(&t->taken, e))
        rules[f->withdrawn_rule_count++] = *(const struct timing_rule *)table_value(e);
    qsort(rules, f->withdrawn_rule_count, sizeof *rules, by_count);
    f->withdrawn_rules = rules;
    return COACH_OK;
}

int timing_figures(struct timing *t, struct timing_figures *ret)
{
    struct timing_figures f = t->figures;
    f.lead = spread_of(&t->lead);
    f.stood = spread_of(&t->stood);
    f.late = spread_of(&t->late);
    f.recogniser = spread_of(&t->recogniser);
    f.own = spread_of(&t->own);
    f.noticed = spread_of(&t->noticed);
    int rc = list_rules(t, &f);
    if (rc == COACH_OK)
        *ret = f;
    return rc;
}

/* --- JSON --- */

static void put_spread(struct json_out *j, const char *key, const struct timing_spread *s)
{
    json_open_object(j, key);
    json_int(j, "count", (int64_t)s->count);
    json_int(j, "p50", s->p50);
    json_int(j, "p90", s->p90);
    json_int(j, "p99", s->p99);
    json_close_object(j);
}

static void put_withdrawn(struct json_out *j, const struct timing_figures *f)
{
    json_open_object(j, "withdrawn");
    json_int(j, "findings", (int64_t)f->withdrawn);
    json_int(j, "cards", (int64_t)f->withdrawn_cards);
    put_spread(j, "stood_ms", &f->stood);
    json_open_object(j, "rules");
    for (size_t i = 0; i < f->withdrawn_rule_count; i++)
        json_int(j, f->withdrawn_rules[i].rule, (int64_t)f->withdrawn_rules[i].count);
    json_close_object(j);
    json_close_object(j);
}

int timing_write(const struct timing_figures *f, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "timing");
    json_int(&j, "findings", (int64_t)f->findings);
    json_int(&j, "shown", (int64_t)f->shown);
    json_open_object(&j, "held");
    for (int i = ENGINE_SHOWN + 1; i < ENGINE_HELD_COUNT; i++)
        json_int(&j, engine_held_name((enum engine_held)i), (int64_t)f->held[i]);
    json_close_object(&j);
    json_int(&j, "by_interim", (int64_t)f->by_interim);
    put_spread(&j, "lead_ms", &f->lead);
    put_withdrawn(&j, f);
    put_spread(&j, "late_ms", &f->late);
    put_spread(&j, "recogniser_ms", &f->recogniser);
    put_spread(&j, "own_ms", &f->own);
    json_int(&j, "too_late", (int64_t)f->too_late);
    put_spread(&j, "noticed_ms", &f->noticed);
    json_close_object(&j);
    return json_out_end(&j, true);
}
