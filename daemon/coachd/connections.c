#include "daemon/coachd/connections.h"

#include <inttypes.h>
#include <stdlib.h>

#include "daemon/base/metrics.h"

/* ---- which ---- */

/* Most errors first, then most lines, then the oldest. */
struct rank {
    const struct writer *writer;
    uint64_t errors, lines;
    size_t place; /* the newest is 0 */
};

static int by_rank(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->errors != y->errors)
        return x->errors < y->errors ? 1 : -1;
    if (x->lines != y->lines)
        return x->lines < y->lines ? 1 : -1;
    return x->place < y->place ? 1 : -1;
}

static struct rank *ranked(const struct ingest *in)
{
    struct rank *ranks = malloc((in->count + 1) * sizeof *ranks);
    const struct writer *w = NULL;
    if (ranks == NULL)
        return NULL;
    for (size_t i = 0; i < in->count && (w = ingest_next(in, w)) != NULL; i++) {
        const struct linecounts *c = &ingest_stats(w)->counts;
        ranks[i] = (struct rank){.writer = w, .errors = linecounts_errors(c), .lines = c->lines, .place = i};
    }
    qsort(ranks, in->count, sizeof *ranks, by_rank);
    return ranks;
}

/* ---- what is said of one ---- */

static void add_counts(struct json_out *j, const struct linecounts *c)
{
    json_int(j, "lines", (int64_t)c->lines);
    json_int(j, "ok", (int64_t)c->ok);
    if (c->no_memory > 0)
        json_int(j, "no_memory", (int64_t)c->no_memory);
    json_int(j, "events", (int64_t)c->events);
    json_int(j, "interim", (int64_t)c->interim);
    json_int(j, "final", (int64_t)c->finals);
    json_int(j, "ignored", (int64_t)c->ignored);
    json_open_object(j, "errors");
    for (int i = 0; i < WIRE_CODES; i++)
        if (c->errors[i] > 0)
            json_int(j, wire_code_name((enum wire_code)i), (int64_t)c->errors[i]);
    json_close_object(j);
}

static void add_lag(struct json_out *j, const struct linestats *stats)
{
    struct lag lag = linestats_lag(stats);
    if (lag.basis == LAG_UNKNOWN)
        return;
    json_open_object(j, "lag");
    json_text(j, "basis", lag_basis_name(lag.basis));
    json_int(j, "p50_ms", lag.p50_ms);
    json_int(j, "max_ms", lag.max_ms);
    json_int(j, "finals", lag.finals);
    if (lag.both_sides)
        json_int(j, "skew_ms", lag.skew_ms);
    json_close_object(j);
}

static void add_connection(struct json_out *j, const struct writer *w, int64_t now_ms)
{
    struct ingest_view v = ingest_look(w);
    json_open_object(j, NULL);
    json_int(j, "connection", (int64_t)v.id);
    if (v.pid > 0) {
        json_int(j, "pid", v.pid);
        json_int(j, "uid", (int64_t)v.uid);
    }
    json_text(j, "format", v.format);
    json_text(j, "call_id", v.call_id);
    json_int(j, "age_ms", now_ms - v.opened_ms);
    json_int(j, "idle_ms", now_ms - v.heard_ms);
    add_counts(j, &v.stats->counts);
    json_int(j, "unknown_fields", (int64_t)v.unknown_fields);
    add_lag(j, v.stats);
    json_close_object(j);
}

int connections_reply(const struct ingest *in, int64_t limit, int64_t now_ms, struct buf *out)
{
    struct json_out j;
    struct rank *ranks = ranked(in);
    if (ranks == NULL)
        return COACH_ENOMEM;
    size_t listed = limit < 0 ? 0 : limit > CONNECTIONS_MOST ? CONNECTIONS_MOST : (size_t)limit;
    listed = listed < in->count ? listed : in->count;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "connections");
    json_int(&j, "open", (int64_t)in->count);
    json_open_array(&j, "connections");
    for (size_t i = 0; i < listed; i++)
        add_connection(&j, ranks[i].writer, now_ms);
    json_close_array(&j);
    json_int(&j, "left_out", (int64_t)(in->count - listed));
    json_close_object(&j);
    free(ranks);
    return json_out_end(&j, true) == COACH_OK ? COACH_OK : COACH_ENOMEM;
}

/* ---- formats ---- */

void connections_add_formats(struct json_out *j, const char *key, const struct ingest *in)
{
    json_open_object(j, key);
    for (const struct format_total *t = in->totals; t != NULL; t = t->next) {
        json_open_object(j, t->format);
        add_counts(j, &t->counts);
        json_close_object(j);
    }
    json_close_object(j);
}

int connections_add_metrics(struct buf *out, const struct ingest *in)
{
    static const char lines[] = "coachd_format_lines", events[] = "coachd_format_events";
    static const char errors[] = "coachd_format_errors";
    const struct format_total *t;
    int rc = metrics_counter(out, lines, "Lines from writers by format");
    for (t = in->totals; t != NULL && rc == COACH_OK; t = t->next)
        rc = metrics_sample(out, true, lines, "format", t->format, t->counts.lines);
    if (rc == COACH_OK)
        rc = metrics_counter(out, events, "Events from writers by format");
    for (t = in->totals; t != NULL && rc == COACH_OK; t = t->next)
        rc = metrics_sample(out, true, events, "format", t->format, t->counts.events);
    if (rc == COACH_OK)
        rc = metrics_counter(out, errors, "What was wrong with lines from writers by format and code");
    for (t = in->totals; t != NULL && rc == COACH_OK; t = t->next)
        for (int i = 0; i < WIRE_CODES && rc == COACH_OK; i++)
            rc = metrics_sample_pair(out, true, errors, "format", t->format, "code", wire_code_name((enum wire_code)i),
                                     t->counts.errors[i]);
    return rc;
}
