#include "daemon/base/linestats.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/date.h"
#include "lib/base/hash.h"

enum { DAY_MS = 24 * 3600 * 1000 };
enum side { AGENT, CUSTOMER, OTHER, SIDES };

struct lags {
    enum lag_basis basis;
    uint64_t call;     /* followed, by its hash */
    int64_t heard_ms;  /* its last final */
    int64_t origin_ms; /* what the others are kept relative to: the first */
    int32_t least[SIDES], ring[LAGS_KEPT];
    uint32_t count[SIDES]; /* finals of each side */
    uint32_t next;         /* in the ring */
};

/* ---- how much ---- */

void linecounts_event(struct linecounts *c, const struct wire_event *event)
{
    c->events++;
    if (event->type == WIRE_TRANSCRIPT)
        *(event->is_final ? &c->finals : &c->interim) += 1;
}

uint64_t linecounts_errors(const struct linecounts *c)
{
    uint64_t sum = 0;
    for (int i = 0; i < WIRE_CODES; i++)
        sum += c->errors[i];
    return sum;
}

/* ---- how late ---- */

const char *lag_basis_name(enum lag_basis basis)
{
    static const char *const names[] = {"unknown", "quickest_line", "ts"};
    return names[basis];
}

void linestats_clear(struct linestats *s)
{
    free(s->lags);
    *s = (struct linestats){0};
}

static uint64_t hash_of(const struct wire_text *id)
{
    static const uint8_t seed[HASH_SEED]; /* a call that is taken for another spoils a figure and nothing else */
    return hash_bytes(seed, id->s, id->len);
}

static enum side side_of(coach_role role)
{
    return role == COACH_ROLE_AGENT ? AGENT : role == COACH_ROLE_CUSTOMER ? CUSTOMER : OTHER;
}

static uint32_t total(const struct lags *l)
{
    return l->count[AGENT] + l->count[CUSTOMER] + l->count[OTHER];
}

static void begin(struct lags *l, enum lag_basis basis, uint64_t call)
{
    *l = (struct lags){.basis = basis, .call = call};
}

static void add(struct lags *l, enum side side, int64_t ms)
{
    if (total(l) == 0)
        l->origin_ms = ms;
    int64_t from_origin = ms - l->origin_ms;
    int32_t kept = from_origin > INT32_MAX ? INT32_MAX : from_origin < -INT32_MAX ? -INT32_MAX : (int32_t)from_origin;
    l->ring[l->next++ % LAGS_KEPT] = kept;
    l->least[side] = l->count[side] == 0 || kept < l->least[side] ? kept : l->least[side];
    l->count[side]++;
}

/* Whether the line has a wall clock that can be believed. */
static bool ts_lag(const struct wire_event *event, int64_t wall_ms, int64_t *ret)
{
    int64_t ts;
    if (event->ts.s == NULL || !date_read(event->ts.s, event->ts.len, &ts))
        return false;
    *ret = wall_ms - ts;
    return *ret >= -DAY_MS && *ret <= DAY_MS;
}

static void add_final(struct lags *l, const struct wire_event *event, int64_t now_ms, int64_t wall_ms)
{
    int64_t late;
    if (ts_lag(event, wall_ms, &late)) {
        if (l->basis != LAG_TS)
            begin(l, LAG_TS, 0);
        add(l, side_of(event->role), late);
        return;
    }
    if (l->basis == LAG_TS || event->end_ms == COACH_NO_TIME)
        return;
    uint64_t call = hash_of(&event->call_id);
    if (l->basis == LAG_UNKNOWN || (call != l->call && (l->call == 0 || now_ms - l->heard_ms >= LAGS_FOLLOW_MS)))
        begin(l, LAG_QUICKEST, call);
    if (call != l->call)
        return;
    l->heard_ms = now_ms;
    add(l, side_of(event->role), now_ms - event->end_ms);
}

void linestats_event(struct linestats *s, const struct wire_event *event, int64_t now_ms, int64_t wall_ms)
{
    bool counts = event->type == WIRE_TRANSCRIPT && event->is_final && !event->made_up_times;
    linecounts_event(&s->counts, event);
    if (counts && s->lags == NULL && (event->ts.s != NULL || event->end_ms != COACH_NO_TIME))
        s->lags = calloc(1, sizeof *s->lags);
    if (s->lags == NULL)
        return;
    if (counts)
        add_final(s->lags, event, now_ms, wall_ms);
    else if (event->type == WIRE_CALL_END && s->lags->call == hash_of(&event->call_id))
        s->lags->call = 0; /* its figures stay until the next call has some */
}

static int by_size(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* What the figures are counted from. */
static int64_t zero_of(const struct lags *l)
{
    int64_t least = INT64_MAX;
    if (l->basis == LAG_TS)
        return -l->origin_ms;
    for (int i = 0; i < SIDES; i++)
        if (l->count[i] > 0 && l->least[i] < least)
            least = l->least[i];
    return least;
}

struct lag linestats_lag(const struct linestats *s)
{
    const struct lags *l = s->lags;
    int32_t sorted[LAGS_KEPT];
    if (l == NULL || total(l) == 0)
        return (struct lag){.basis = LAG_UNKNOWN};
    unsigned n = total(l) < LAGS_KEPT ? total(l) : LAGS_KEPT;
    memcpy(sorted, l->ring, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    struct lag ret = {.basis = l->basis,
                      .finals = n,
                      .p50_ms = sorted[(n - 1) / 2] - zero_of(l),
                      .max_ms = sorted[n - 1] - zero_of(l),
                      .both_sides = l->count[AGENT] > 0 && l->count[CUSTOMER] > 0};
    if (ret.both_sides)
        ret.skew_ms = (int64_t)l->least[CUSTOMER] - l->least[AGENT];
    return ret;
}
