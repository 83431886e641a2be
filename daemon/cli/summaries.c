/* coach replay --summary: the record of each call, and the figures of all together. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/recordings.h"
#include "daemon/cli/replay.h"
#include "lib/eval/record.h"
#include "lib/eval/replay.h"
#include "lib/eval/summaries.h"

enum { QUOTE = 60, MOST_BEFORE = 5 };

struct local {
    const struct ruleset *set;
    struct summaries summaries;
    int rc;
};

static void on_step(void *user, const struct call *call, const struct wire_event *e,
                    const struct engine_results *results)
{
    struct local *l = user;
    int rc = summaries_add(&l->summaries, l->set, call, e, results);
    l->rc = l->rc == COACH_OK ? rc : l->rc;
}

/* --- one call --- */

static void print_clock(FILE *to, int64_t ms)
{
    fprintf(to, "%02" PRId64 ":%02" PRId64, ms / 60000, ms / 1000 % 60);
}

/* What was said in a segment, from the recording. */
static void print_quote(const struct screen *s, const struct recording *r, const char *call_id, const char *segment_id)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct wire_event *e = &r->events[i];
        if (e->type != WIRE_TRANSCRIPT || !e->is_final || e->segment_id.s == NULL ||
            strcmp(e->call_id.s, call_id) != 0 || strcmp(e->segment_id.s, segment_id) != 0)
            continue;
        size_t len = e->text.len;
        for (len = len < QUOTE ? len : QUOTE; len < e->text.len && len > 0 && e->text.s[len] != ' ';)
            len--;
        fputs("  \"", s->to);
        screen_text(s, e->text.s, len);
        fputs(len < e->text.len ? " ...\"" : "\"", s->to);
        return;
    }
}

static void print_promises(const struct screen *s, const struct recording *r, const struct summary_entry *e)
{
    for (size_t i = 0; i < e->summary.promise_count; i++) {
        const struct summary_promise *p = &e->summary.promises[i];
        fputs("  promised  ", s->to);
        print_clock(s->to, p->at_ms);
        print_quote(s, r, e->call_id, p->segment_id);
        fputc('\n', s->to);
    }
}

static void print_findings(const struct screen *s, const struct call_summary *from)
{
    for (size_t i = 0; i < from->item_count; i++) {
        const struct summary_item *item = &from->items[i];
        if (item->category[0] == '\0' || item->found == 0)
            continue;
        fputs("  found     ", s->to);
        print_clock(s->to, item->first_ms);
        fprintf(s->to, "  %s, %" PRIu32 " time%s, %" PRIu32 " shown\n", item->name, item->found,
                item->found == 1 ? "" : "s", item->shown);
    }
}

static void print_triggers(const struct screen *s, const struct call_summary *from)
{
    for (int t = 0; t < SUMMARY_TRIGGERS; t++) {
        if (from->triggers[t] == 0)
            continue;
        fputs("  customer  ", s->to);
        print_clock(s->to, from->trigger_first_ms[t]);
        fprintf(s->to, "  %s, %" PRIu32 " time%s", summary_trigger_name((enum summary_trigger)t), from->triggers[t],
                from->triggers[t] == 1 ? "" : "s");
        const char *lead = "; before it: ";
        for (size_t i = 0; i < from->item_count; i++)
            if (from->items[i].before[t] > 0) {
                fprintf(s->to, "%s%s", lead, from->items[i].name);
                lead = ", ";
            }
        fputc('\n', s->to);
    }
}

static void print_entry(const struct screen *s, const struct recording *r, const struct summary_entry *e)
{
    char head[WIRE_MAX_ID + 16];
    snprintf(head, sizeof head, "call %s", e->call_id);
    screen_heading(s, head);
    fprintf(s->to,
            "  %" PRIu64 " lines, %" PRIu32 " agent turns, %" PRIu64 " nudges shown, %" PRIu32 " of %" PRIu32
            " followed\n",
            e->counts.lines, e->summary.agent_turns, e->counts.shown, e->summary.followed, e->summary.asked);
    print_findings(s, &e->summary);
    print_triggers(s, &e->summary);
    print_promises(s, r, e);
}

static int print_entry_json(const struct screen *s, const struct summary_entry *e)
{
    struct buf line;
    struct json_out j;
    buf_init(&line, 0);
    json_out_begin(&j, &line);
    json_open_object(&j, NULL);
    json_text(&j, "type", "call_summary");
    json_text(&j, "call_id", e->call_id);
    record_write(&e->summary, &e->counts, &j, "summary");
    json_close_object(&j);
    int rc = json_out_end(&j, true);
    if (rc == COACH_OK)
        fputs(line.data, s->to);
    buf_clear(&line);
    return rc;
}

/* --- all calls --- */

static double share(uint64_t part, uint64_t of, double times)
{
    return of == 0 ? 0 : (double)part * times / (double)of;
}

static void print_rows(const struct screen *s, const struct summary_totals *t)
{
    fprintf(s->to, "\n%-40s %6s %6s %6s %9s %9s\n", "findings", "found", "shown", "calls", "per call", "per 100*");
    for (size_t i = 0; i < t->row_count; i++) {
        const struct summary_row *r = &t->rows[i];
        if (r->category[0] == '\0')
            continue;
        fprintf(s->to, "%s%-*s %6" PRIu64 " %6" PRIu64 " %6" PRIu64 " %9.2f %9.2f\n", r->name == NULL ? "" : "  ",
                r->name == NULL ? 40 : 38, r->name == NULL ? r->category : r->name, r->found, r->shown, r->calls,
                share(r->found, t->calls, 1), share(r->found, t->agent_turns, 100));
    }
    fputs("* turns of the agent\n", s->to);
}

/* What came most often before a trigger that has not been printed yet, or NULL. */
static const struct summary_row *next_before(const struct summary_totals *t, int trigger,
                                             const struct summary_row *last)
{
    const struct summary_row *best = NULL;
    for (const struct summary_row *r = t->rows; r != NULL && r < t->rows + t->row_count; r++) {
        bool later = last == NULL || r->before[trigger] < last->before[trigger] ||
                     (r->before[trigger] == last->before[trigger] && r > last);
        if (r->name != NULL && r->before[trigger] > 0 && later &&
            (best == NULL || r->before[trigger] > best->before[trigger]))
            best = r;
    }
    return best;
}

static void print_causes(const struct screen *s, const struct summary_totals *t)
{
    fprintf(s->to, "\n%-40s %6s %6s   in the two agent turns before\n", "customers", "times", "calls");
    for (int i = 0; i < SUMMARY_TRIGGERS; i++) {
        fprintf(s->to, "%-40s %6" PRIu64 " %6" PRIu64, summary_trigger_name((enum summary_trigger)i), t->triggers[i],
                t->trigger_calls[i]);
        const struct summary_row *r = next_before(t, i, NULL);
        for (int n = 0; r != NULL && n < MOST_BEFORE; n++, r = next_before(t, i, r))
            fprintf(s->to, "%s %s %" PRIu64 " (%.0f %%)", n == 0 ? "  " : ",", r->name, r->before[i],
                    share(r->before[i], t->triggers[i], 100));
        fputc('\n', s->to);
    }
}

static void print_held(const struct screen *s, const struct summary_totals *t)
{
    uint64_t all = 0;
    for (int i = ENGINE_SHOWN + 1; i < ENGINE_HELD_COUNT; i++)
        all += t->held[i];
    fprintf(s->to, "\nnudges: %" PRIu64 " shown, %" PRIu64 " held back", t->shown, all);
    const char *lead = " (";
    for (int i = ENGINE_SHOWN + 1; i < ENGINE_HELD_COUNT; i++)
        if (t->held[i] > 0) {
            fprintf(s->to, "%s%s %" PRIu64, lead, engine_held_name((enum engine_held)i), t->held[i]);
            lead = ", ";
        }
    fprintf(s->to, "%s, %" PRIu64 " taken back\n", all > 0 ? ")" : "", t->withdrawn);
    fprintf(s->to, "of %" PRIu64 " that ask for something to be said, %" PRIu64 " were followed within two turns\n",
            t->asked, t->followed);
    fprintf(s->to, "%" PRIu64 " promise%s heard\n", t->promises, t->promises == 1 ? "" : "s");
}

static void print_totals(const struct screen *s, const struct summary_totals *t)
{
    fprintf(s->to, "\n%" PRIu64 " call%s, %" PRIu64 " lines, %" PRIu64 " agent turns\n", t->calls,
            t->calls == 1 ? "" : "s", t->lines, t->agent_turns);
    print_rows(s, t);
    print_causes(s, t);
    print_held(s, t);
}

static int show_totals(const struct replay_values *v, const struct screen *s, struct summaries *summaries)
{
    struct summary_totals totals;
    struct buf line;
    buf_init(&line, 0);
    int rc = summaries_total(summaries, &totals);
    if (rc == COACH_OK && v->json)
        rc = summary_totals_write(&totals, &line);
    if (rc == COACH_OK && v->json)
        fputs(line.data, s->to);
    else if (rc == COACH_OK)
        print_totals(s, &totals);
    buf_clear(&line);
    return rc;
}

/* --- files --- */

static int read_calls(struct local *l, const struct replay_values *v, const struct recording *recording,
                      const struct screen *s)
{
    const struct replay_options options = {.agent_id = v->agent,
                                           .lag_ms = (int64_t)(v->lag * 1000 + 0.5),
                                           .observer = summary_hear,
                                           .observer_user = &l->summaries.ear};
    size_t first = l->summaries.count;
    int rc = replay_run(recording, l->set, &options, on_step, l);
    rc = rc == COACH_OK ? l->rc : rc;
    for (size_t i = first; i < l->summaries.count && rc == COACH_OK; i++) {
        if (v->json)
            rc = print_entry_json(s, l->summaries.entries[i]);
        else
            print_entry(s, recording, l->summaries.entries[i]);
    }
    summaries_end_file(&l->summaries);
    return rc;
}

static int read_file(struct local *l, const struct replay_values *v, const char *name, const struct screen *s)
{
    struct recording recording;
    uint64_t bad = 0;
    int code = recordings_read("replay", name, &recording, &bad);
    if (code == CLI_OK && read_calls(l, v, &recording, s) != COACH_OK)
        code = cli_fail("replay", "out of memory");
    if (code == CLI_OK && bad > 0)
        code = cli_fail("replay", "%s: %llu lines could not be read", name, (unsigned long long)bad);
    recording_clear(&recording);
    return code;
}

int replay_summaries(const struct replay_values *v, const char *const *names, size_t n, const struct ruleset *set)
{
    struct screen screen = screen_of(stdout);
    struct local l = {.set = set};
    int code = CLI_OK;
    summaries_init(&l.summaries);
    for (size_t i = 0; i < n && code == CLI_OK; i++)
        code = read_file(&l, v, names[i], &screen);
    if (code == CLI_OK && show_totals(v, &screen, &l.summaries) != COACH_OK)
        code = cli_fail("replay", "out of memory");
    summaries_clear(&l.summaries);
    return code;
}
