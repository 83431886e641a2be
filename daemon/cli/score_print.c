#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/score.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/screen.h"
#include "lib/base/error.h"
#include "lib/wire/json.h"

static const char *const titles[] = {[SCORE_LINES] = "lines",
                                     [SCORE_EXAMPLES] = "examples of the pack",
                                     [SCORE_FINDINGS] = "calls: findings, before attention",
                                     [SCORE_NUDGES] = "calls: nudges, after attention",
                                     [SCORE_FREE] = "calls without labels: findings, before attention",
                                     [SCORE_FREE_NUDGES] = "calls without labels: nudges, after attention",
                                     [SCORE_SIGNALS] = "signals"};

static bool is_free(enum score_kind kind)
{
    return kind == SCORE_FREE || kind == SCORE_FREE_NUDGES;
}

static bool is_empty(const struct score_counts *c)
{
    return c->tally.hits + c->tally.missed + c->tally.wrong + c->neither + c->unsure == 0;
}

/* --- text --- */

static void put_share(struct share s)
{
    if (!s.known)
        printf("  %-21s", "-");
    else
        printf("  %.3f (%.3f to %.3f)", s.value, s.low, s.high);
}

static void put_row(enum score_kind kind, const char *name, const struct score_counts *c)
{
    struct share f1 = tally_f1(&c->tally);
    printf("  %-26.26s %6" PRIu64 " %6" PRIu64 " %6" PRIu64 " %7" PRIu64 " %6" PRIu64, name, c->tally.hits,
           c->tally.wrong, c->tally.missed, c->neither, c->unsure);
    put_share(tally_precision(&c->tally));
    put_share(tally_recall(&c->tally));
    if (f1.known)
        printf("  %.3f", f1.value);
    else
        printf("  %-5s", "-");
    if ((kind == SCORE_FINDINGS || kind == SCORE_NUDGES) && c->tally.hits > 0)
        printf("  %4.1f", (double)c->late_turns / (double)c->tally.hits);
    putchar('\n');
}

static void put_free(const struct score_table *t)
{
    for (size_t i = 0; i < t->row_count; i++) {
        struct score_counts c = score_count_row(t, i);
        if (!is_empty(&c))
            printf("  %-40.40s %6" PRIu64 "  %7.3f\n", t->rows[i].name, c.tally.wrong,
                   score_per_100_turns(t, c.tally.wrong));
    }
    struct score_counts all = score_count(t, NULL);
    printf("  %-40s %6" PRIu64 "  %7.3f per 100 agent turns\n", "all", all.tally.wrong,
           score_per_100_turns(t, all.tally.wrong));
}

static void put_rows(enum score_kind kind, const struct score_table *t)
{
    bool calls = kind == SCORE_FINDINGS || kind == SCORE_NUDGES;
    printf("  %-26s %6s %6s %6s %7s %6s  %-22s %-22s %s%s\n", "", "right", "wrong", "missed", "neither", "unsure",
           "precision (95 %)", "recall (95 %)", "F1", calls ? "     late" : "");
    for (size_t i = 0; i < t->row_count; i++) {
        struct score_counts c = score_count_row(t, i);
        if (!is_empty(&c))
            put_row(kind, t->rows[i].name, &c);
    }
    struct score_counts all = score_count(t, NULL);
    put_row(kind, "all", &all);
    if (calls)
        printf("  %" PRIu64 " wrong in %" PRIu64
               " calls where nothing is expected; %.3f wrong per 100 agent turns (%" PRIu64 " turns)\n",
               t->wrong_in_clean, t->clean_calls, score_per_100_turns(t, all.tally.wrong), t->agent_turns);
}

static bool is_listed(const struct score_listing *l, enum score_outcome outcome)
{
    return (l->missed && outcome == SCORE_MISSED) || (l->wrong && outcome == SCORE_WRONG) ||
           (l->neither && (outcome == SCORE_NEITHER || outcome == SCORE_UNSURE));
}

static const char *outcome_name(enum score_outcome outcome)
{
    static const char *const names[] = {[SCORE_HIT] = "right",
                                        [SCORE_MISSED] = "missed",
                                        [SCORE_WRONG] = "wrong",
                                        [SCORE_NEITHER] = "neither",
                                        [SCORE_UNSURE] = "unsure"};
    return names[outcome];
}

static void put_mark(const struct screen *s, const struct score_table *t, const struct score_mark *m)
{
    printf("  %-7s %s  ", outcome_name(m->outcome), t->rows[m->row].name);
    screen_text(s, m->id, strlen(m->id));
    if (m->segment_id != NULL) {
        putchar(' ');
        screen_text(s, m->segment_id, strlen(m->segment_id));
    }
    if (m->rule != NULL)
        printf("  by %s", m->rule);
    fputs(": ", stdout);
    screen_text(s, m->text, strlen(m->text));
    if (m->note != NULL) {
        fputs("  [", stdout);
        screen_text(s, m->note, strlen(m->note));
        putchar(']');
    }
    putchar('\n');
}

static void put_list(const struct score_table *t, const struct score_listing *l)
{
    struct screen screen = screen_of(stdout);
    int64_t left = l->most;
    size_t more = 0;
    for (enum score_outcome o = SCORE_MISSED; o < SCORE_OUTCOMES; o++)
        for (size_t row = 0; row < t->row_count; row++)
            for (size_t i = 0; i < t->mark_count; i++) {
                const struct score_mark *m = &t->marks[i];
                if (m->outcome != o || m->row != row || !is_listed(l, o))
                    continue;
                if (left > 0)
                    put_mark(&screen, t, m);
                more += left <= 0;
                left -= left > 0;
            }
    if (more > 0)
        printf("  ... and %zu more (--list)\n", more);
}

/* Returns whether all is reached. */
static bool put_reach(const struct score *s, const struct reach *reach)
{
    bool all = true;
    if (reach->count > 0)
        puts("\nreach");
    for (size_t i = 0; i < reach->count; i++) {
        const struct reach_goal *g = &reach->goals[i];
        double figure;
        bool known = reach_figure(g, s, &figure), met = known && reach_is_met(g, figure);
        all = all && met;
        printf("  %-8s %s: ", met ? "reached" : "MISSED", g->name);
        if (known)
            printf("%.3f, ", figure);
        else
            fputs("not measured, ", stdout);
        printf("%s %g\n", g->at_most ? "at most" : "at least", g->threshold);
    }
    return all;
}

int score_print_text(const struct score *s, const struct reach *reach, const struct score_listing *listing)
{
    bool first = true;
    for (enum score_kind kind = 0; kind < SCORE_KINDS; kind++) {
        const struct score_table *t = &s->tables[kind];
        if (t->items == 0)
            continue;
        printf("%s%s (%" PRIu64 "%s%s)\n", first ? "" : "\n", titles[kind], t->items,
               kind == SCORE_LINES || kind == SCORE_EXAMPLES ? " lines"
               : kind == SCORE_SIGNALS                       ? " rows"
                                                             : " calls",
               s->half == 'a'   ? ", half a"
               : s->half == 'b' ? ", half b"
                                : "");
        first = false;
        if (is_free(kind))
            put_free(t);
        else
            put_rows(kind, t);
        put_list(t, listing);
    }
    return put_reach(s, reach) ? CLI_OK : CLI_FOUND;
}

/* --- JSON --- */

static void json_share(struct json_out *j, const char *key, struct share s)
{
    if (!s.known)
        return;
    json_open_object(j, key);
    json_decimal(j, "value", s.value);
    json_decimal(j, "low", s.low);
    json_decimal(j, "high", s.high);
    json_close_object(j);
}

static void json_counts(struct json_out *j, const char *name, const struct score_counts *c)
{
    struct share f1 = tally_f1(&c->tally);
    json_text(j, "name", name);
    json_int(j, "right", (int64_t)c->tally.hits);
    json_int(j, "wrong", (int64_t)c->tally.wrong);
    json_int(j, "missed", (int64_t)c->tally.missed);
    json_int(j, "neither", (int64_t)c->neither);
    json_int(j, "unsure", (int64_t)c->unsure);
    json_share(j, "precision", tally_precision(&c->tally));
    json_share(j, "recall", tally_recall(&c->tally));
    if (f1.known)
        json_decimal(j, "f1", f1.value);
    json_int(j, "late_turns", (int64_t)c->late_turns);
}

static void json_mark(struct json_out *j, const struct score_table *t, const struct score_mark *m)
{
    json_open_object(j, NULL);
    json_text(j, "outcome", outcome_name(m->outcome));
    json_text(j, "name", t->rows[m->row].name);
    json_text(j, "id", m->id);
    json_text(j, "segment_id", m->segment_id);
    json_text(j, "rule", m->rule);
    json_text(j, "text", m->text);
    json_text(j, "note", m->note);
    json_close_object(j);
}

static void json_table(struct json_out *j, enum score_kind kind, const struct score_table *t,
                       const struct score_listing *l)
{
    struct score_counts all = score_count(t, NULL);
    json_open_object(j, score_kind_name(kind));
    json_int(j, "items", (int64_t)t->items);
    if (t->agent_turns > 0) {
        json_int(j, "agent_turns", (int64_t)t->agent_turns);
        json_decimal(j, "wrong_per_100_agent_turns", score_per_100_turns(t, all.tally.wrong));
        json_int(j, "clean_calls", (int64_t)t->clean_calls);
        json_int(j, "wrong_in_clean_calls", (int64_t)t->wrong_in_clean);
    }
    json_open_object(j, "all");
    json_counts(j, NULL, &all);
    json_close_object(j);
    json_open_array(j, "rows");
    for (size_t i = 0; i < t->row_count; i++) {
        struct score_counts c = score_count_row(t, i);
        if (is_empty(&c))
            continue;
        json_open_object(j, NULL);
        json_counts(j, t->rows[i].name, &c);
        json_close_object(j);
    }
    json_close_array(j);
    json_open_array(j, "list");
    int64_t left = l->most;
    for (size_t i = 0; i < t->mark_count && left > 0; i++)
        if (is_listed(l, t->marks[i].outcome)) {
            json_mark(j, t, &t->marks[i]);
            left--;
        }
    json_close_array(j);
    json_close_object(j);
}

/* Returns whether all is reached. */
static bool json_reach(struct json_out *j, const struct score *s, const struct reach *reach)
{
    bool all = true;
    json_open_array(j, "reach");
    for (size_t i = 0; i < reach->count; i++) {
        const struct reach_goal *g = &reach->goals[i];
        double figure;
        bool known = reach_figure(g, s, &figure), met = known && reach_is_met(g, figure);
        all = all && met;
        json_open_object(j, NULL);
        json_text(j, "measure", g->name);
        if (known)
            json_decimal(j, "figure", figure);
        json_decimal(j, g->at_most ? "at_most" : "at_least", g->threshold);
        json_bool(j, "reached", met);
        json_close_object(j);
    }
    json_close_array(j);
    return all;
}

int score_print_json(const struct score *s, const struct reach *reach, const struct score_listing *listing)
{
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "rules_hash", ruleset_hash(s->set));
    json_text(&j, "half", s->half == 'a' ? "a" : s->half == 'b' ? "b" : NULL);
    for (enum score_kind kind = 0; kind < SCORE_KINDS; kind++)
        if (s->tables[kind].items > 0)
            json_table(&j, kind, &s->tables[kind], listing);
    bool reached = json_reach(&j, s, reach);
    json_close_object(&j);
    int rc = json_out_end(&j, true);
    if (rc == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
    return rc != COACH_OK ? cli_fail("score", "out of memory") : reached ? CLI_OK : CLI_FOUND;
}
