#include "lib/eval/score.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/eval/heard.h"

enum { NO_ROW = UINT32_MAX, NEAR_TURNS = 2 };

const char *score_kind_name(enum score_kind kind)
{
    static const char *const names[] = {
        [SCORE_LINES] = "lines",    [SCORE_EXAMPLES] = "examples",        [SCORE_FINDINGS] = "findings",
        [SCORE_NUDGES] = "nudges",  [SCORE_FREE] = "unlabelled_findings", [SCORE_FREE_NUDGES] = "unlabelled_nudges",
        [SCORE_SIGNALS] = "signals"};
    return names[kind];
}

void score_init(struct score *s, const struct ruleset *set, char half)
{
    *s = (struct score){.set = set, .half = half};
    arena_init(&s->memory);
}

void score_clear(struct score *s)
{
    arena_clear(&s->memory);
    *s = (struct score){0};
}

/* --- rows and marks --- */

/* The row of a name, added where it is new; `same` as the map has it. */
static int row_of(struct score *s, struct score_table *t, const struct labelmap *map, const char *name, uint32_t *ret)
{
    for (size_t i = 0; i < t->row_count; i++)
        if (strcmp(t->rows[i].name, name) == 0) {
            *ret = (uint32_t)i;
            return COACH_OK;
        }
    const char *kept = arena_str(&s->memory, name);
    if (kept == NULL || arena_grow(&s->memory, &t->rows, t->row_count, &t->row_cap, sizeof *t->rows) != COACH_OK)
        return COACH_ENOMEM;
    *ret = (uint32_t)t->row_count;
    struct score_row *row = &t->rows[t->row_count++];
    *row = (struct score_row){.name = kept, .same = *ret};
    for (uint32_t i = 0; i < *ret && row->same == *ret; i++)
        if (map != NULL && labelmap_same(map, t->rows[i].name, name))
            row->same = i;
    return COACH_OK;
}

static int keep(struct score *s, const char **text)
{
    if (*text == NULL)
        return COACH_OK;
    *text = arena_str(&s->memory, *text);
    return *text == NULL ? COACH_ENOMEM : COACH_OK;
}

static int add_mark(struct score *s, struct score_table *t, struct score_mark m)
{
    if (keep(s, &m.id) != COACH_OK || keep(s, &m.segment_id) != COACH_OK || keep(s, &m.rule) != COACH_OK ||
        keep(s, &m.text) != COACH_OK || keep(s, &m.note) != COACH_OK ||
        arena_grow(&s->memory, &t->marks, t->mark_count, &t->mark_cap, sizeof *t->marks) != COACH_OK)
        return COACH_ENOMEM;
    t->marks[t->mark_count++] = m;
    return COACH_OK;
}

static void count_one(struct score_counts *c, enum score_outcome outcome, uint32_t late)
{
    c->tally.hits += outcome == SCORE_HIT;
    c->tally.wrong += outcome == SCORE_WRONG;
    c->tally.missed += outcome == SCORE_MISSED;
    c->neither += outcome == SCORE_NEITHER;
    c->unsure += outcome == SCORE_UNSURE;
    c->late_turns += outcome == SCORE_HIT ? late : 0;
}

/* Whether another mark of the item tells more for the same rules: two labels that the same rules mean are hit, missed
 * or wrong together, and a hit for one is no disagreement about the other. */
static bool is_told(const struct score_table *t, size_t at, const bool *rows)
{
    const struct score_mark *m = &t->marks[at];
    size_t first = at;
    while (first > 0 && t->marks[first - 1].item == m->item)
        first--;
    for (size_t i = first; i < t->mark_count && t->marks[i].item == m->item; i++) {
        const struct score_mark *other = &t->marks[i];
        bool as_much = other->outcome < m->outcome || (other->outcome == m->outcome && i < at);
        if (i != at && as_much && (rows == NULL || rows[other->row]) &&
            t->rows[other->row].same == t->rows[m->row].same)
            return true;
    }
    return false;
}

struct score_counts score_count(const struct score_table *t, const bool *rows)
{
    struct score_counts c = {0};
    for (size_t i = 0; i < t->mark_count; i++)
        if ((rows == NULL || rows[t->marks[i].row]) && !is_told(t, i, rows))
            count_one(&c, t->marks[i].outcome, t->marks[i].late_turns);
    return c;
}

struct score_counts score_count_row(const struct score_table *t, size_t row)
{
    struct score_counts c = {0};
    for (size_t i = 0; i < t->mark_count; i++)
        if (t->marks[i].row == row)
            count_one(&c, t->marks[i].outcome, t->marks[i].late_turns);
    return c;
}

double score_per_100_turns(const struct score_table *t, uint64_t n)
{
    return t->agent_turns == 0 ? 0 : 100.0 * (double)n / (double)t->agent_turns;
}

/* --- lines --- */

static struct wire_text text_of(const char *s)
{
    return (struct wire_text){s, strlen(s)};
}

static int64_t speaking_ms(const char *text)
{
    int64_t words = 1;
    for (; *text != '\0'; text++)
        words += *text == ' ';
    return words * 60000 / RECORDING_PACE;
}

static struct wire_event said_by(coach_role role, const char *segment, const char *text, int64_t start_ms)
{
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    e.call_id = text_of("line");
    e.segment_id = text_of(segment);
    e.text = text_of(text);
    e.role = role;
    e.is_final = true;
    e.made_up_times = true;
    e.start_ms = start_ms;
    e.end_ms = start_ms + speaking_ms(text);
    return e;
}

/* A call of the customer's words and the line. */
static int hear_line(struct score *s, const struct label_line *line, struct heard *ret)
{
    struct wire_event events[2];
    size_t n = 0;
    if (line->prev_customer[0] != '\0')
        events[n++] = said_by(COACH_ROLE_CUSTOMER, "before", line->prev_customer, 0);
    events[n] = said_by(line->role, "line", line->text, n == 0 ? 0 : events[0].end_ms);
    return heard_run(ret, events, n + 1, s->set, false);
}

/* The first finding of the line that means the label; with `unexplained` none that means a label the line truly has. */
static const struct heard_finding *found_for(const struct heard *h, const struct labelmap *map, const char *label,
                                             const struct label_names *unexplained)
{
    for (size_t i = 0; i < h->finding_count; i++) {
        const struct heard_finding *f = &h->findings[i];
        bool explained = false;
        for (size_t k = 0; unexplained != NULL && k < unexplained->count; k++)
            explained = explained || labelmap_means(map, unexplained->items[k], f->rule);
        if (strcmp(f->segment_id, "line") == 0 && labelmap_means(map, label, f->rule) && !explained)
            return f;
    }
    return NULL;
}

static bool touches_any(const struct labelmap *map, const char *label, const struct label_names *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        if (labelmap_touch(map, label, labels->items[i]))
            return true;
    return false;
}

/* What became of one label of a line; false when there is nothing to tell. */
static bool judge_label(const struct heard *h, const struct labelmap *map, const struct label_line *line,
                        const char *label, struct score_mark *m)
{
    const struct heard_finding *f = found_for(h, map, label, NULL);
    bool is_true = label_names_have(&line->labels, label);
    if (line->all_unsure || label_names_have(&line->unsure, label)) {
        m->outcome = SCORE_UNSURE;
    } else if (is_true) {
        m->outcome = f != NULL ? SCORE_HIT : SCORE_MISSED;
    } else if (f != NULL) {
        const struct heard_finding *odd = found_for(h, map, label, &line->labels);
        m->outcome = odd == NULL || touches_any(map, label, &line->labels) ? SCORE_NEITHER : SCORE_WRONG;
        f = odd != NULL ? odd : f;
    }
    m->rule = f == NULL ? NULL : f->rule->id;
    return f != NULL || m->outcome == SCORE_MISSED;
}

static int score_line(struct score *s, struct score_table *t, const struct label_line *line, const struct labelmap *map)
{
    struct heard h;
    int rc = hear_line(s, line, &h);
    for (size_t i = 0; i < t->row_count && rc == COACH_OK; i++) {
        struct score_mark m = {
            .row = (uint32_t)i, .item = (uint32_t)t->items, .id = line->id, .text = line->text, .note = line->note};
        bool judged = line->judged.count == 0 || label_names_have(&line->judged, t->rows[i].name);
        if (judged && judge_label(&h, map, line, t->rows[i].name, &m))
            rc = add_mark(s, t, m);
    }
    t->items++;
    heard_clear(&h);
    return rc;
}

/* A row for each label of the map, in its order, and for those that only the set has. */
static int name_labels(struct score *s, struct score_table *t, const struct labels *labels, const struct labelmap *map)
{
    uint32_t row;
    int rc = COACH_OK;
    for (size_t i = 0; i < map->count && rc == COACH_OK; i++)
        rc = row_of(s, t, map, map->items[i].label, &row);
    for (size_t i = 0; i < labels->count && rc == COACH_OK; i++)
        for (size_t k = 0; k < labels->lines[i].labels.count && rc == COACH_OK; k++)
            if (strcmp(labels->lines[i].labels.items[k], "none") != 0)
                rc = row_of(s, t, map, labels->lines[i].labels.items[k], &row);
    return rc;
}

int score_lines(struct score *s, enum score_kind kind, const struct labels *labels, const struct labelmap *map)
{
    struct score_table *t = &s->tables[kind];
    int rc = name_labels(s, t, labels, map);
    for (size_t i = 0; i < labels->count && rc == COACH_OK; i++)
        if (labels_in_half(labels->lines[i].id, s->half))
            rc = score_line(s, t, &labels->lines[i], map);
    return rc;
}

/* --- calls --- */

/* The events of each call of a recording, calls in the order in which they begin. */
struct split {
    struct arena memory;
    struct table by_id; /* id -> struct part * */
};
struct part {
    const char *call_id;
    struct wire_event *events;
    size_t count, cap;
};

static int split_read(struct split *ret, const struct recording *r)
{
    *ret = (struct split){0};
    arena_init(&ret->memory);
    table_init(&ret->by_id, NULL);
    for (size_t i = 0; i < r->count; i++) {
        const struct wire_event *e = &r->events[i];
        struct part *p = table_get(&ret->by_id, e->call_id.s, e->call_id.len);
        if (p == NULL) {
            p = arena_alloc(&ret->memory, sizeof *p);
            if (p == NULL || table_set(&ret->by_id, e->call_id.s, e->call_id.len, p) != COACH_OK)
                return COACH_ENOMEM;
            p->call_id = e->call_id.s;
        }
        if (arena_grow(&ret->memory, &p->events, p->count, &p->cap, sizeof *p->events) != COACH_OK)
            return COACH_ENOMEM;
        p->events[p->count++] = *e;
    }
    return COACH_OK;
}

static void split_clear(struct split *s)
{
    table_clear(&s->by_id);
    arena_clear(&s->memory);
}

/* A call that is being scored in one of the tables. */
struct judging {
    struct score *s;
    struct score_table *t;
    const struct labelmap *map;
    const struct label_call *label;
    struct heard h;
    uint32_t *hit_of;   /* finding -> expected, or NO_ROW */
    uint32_t *found_by; /* expected -> finding, or NO_ROW */
    bool *tried;        /* findings seen in one search */
};

/* Whether a finding stands in the turn of the segment, or after its line. */
static bool is_at_or_after(const struct judging *j, const struct heard_finding *f, const char *segment_id)
{
    if (segment_id == NULL || f->line == HEARD_NOWHERE)
        return true;
    uint32_t from = heard_find(&j->h, segment_id);
    return from == HEARD_NOWHERE || f->line >= heard_turn_begin(&j->h, from);
}

static bool fits(const struct judging *j, const struct label_finding *e, const struct heard_finding *f)
{
    return labelmap_means(j->map, e->name, f->rule) && is_at_or_after(j, f, e->segment_id) &&
           f->decided_ms <= e->latest_ms;
}

static bool is_counted(const struct heard_finding *f, bool nudges)
{
    return !nudges || f->shown;
}

/* Finds `e` a finding of its own, moving those of others where they have a choice. */
static bool match(struct judging *j, uint32_t e, bool nudges)
{
    for (uint32_t f = 0; f < j->h.finding_count; f++) {
        if (j->tried[f] || !is_counted(&j->h.findings[f], nudges) ||
            !fits(j, &j->label->expected[e], &j->h.findings[f]))
            continue;
        j->tried[f] = true;
        if (j->hit_of[f] == NO_ROW || match(j, j->hit_of[f], nudges)) {
            j->hit_of[f] = e;
            j->found_by[e] = f;
            return true;
        }
    }
    return false;
}

static int match_all(struct judging *j, bool nudges)
{
    size_t nf = j->h.finding_count, ne = j->label->expected_count;
    j->hit_of = arena_alloc(&j->h.memory, (nf + 1) * sizeof *j->hit_of);
    j->found_by = arena_alloc(&j->h.memory, (ne + 1) * sizeof *j->found_by);
    j->tried = arena_alloc(&j->h.memory, nf + 1);
    if (j->hit_of == NULL || j->found_by == NULL || j->tried == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < nf; i++)
        j->hit_of[i] = NO_ROW;
    for (uint32_t e = 0; e < ne; e++) {
        memset(j->tried, 0, nf + 1);
        if (!match(j, e, nudges))
            j->found_by[e] = NO_ROW;
    }
    return COACH_OK;
}

static bool is_acceptable(const struct judging *j, const struct heard_finding *f)
{
    for (size_t i = 0; i < j->label->also_ok_count; i++) {
        const struct label_finding *ok = &j->label->also_ok[i];
        uint32_t at = ok->segment_id == NULL ? HEARD_NOWHERE : heard_find(&j->h, ok->segment_id);
        bool near = at == HEARD_NOWHERE || f->line == HEARD_NOWHERE ||
                    j->h.lines[f->line].turn <= j->h.lines[at].turn + NEAR_TURNS;
        if (labelmap_means(j->map, ok->name, f->rule) && is_at_or_after(j, f, ok->segment_id) && near)
            return true;
    }
    return false;
}

/* Turns that began between the segment and the last line that had been heard when the finding was decided. */
static uint32_t lateness(const struct judging *j, const char *segment_id, const struct heard_finding *f)
{
    uint32_t from = segment_id == NULL ? HEARD_NOWHERE : heard_find(&j->h, segment_id);
    if (from == HEARD_NOWHERE || f->after == 0)
        return 0;
    uint32_t then = j->h.lines[f->after - 1].turn, due = j->h.lines[from].turn;
    return then > due ? then - due : 0;
}

static const char *words_at(const struct judging *j, const char *segment_id)
{
    uint32_t line = segment_id == NULL ? HEARD_NOWHERE : heard_find(&j->h, segment_id);
    return line == HEARD_NOWHERE ? "" : j->h.lines[line].event->text.s;
}

/* Why something expected is missing, where a finding of its name came all the same. */
static const char *nearly(struct judging *j, const struct label_finding *e, bool nudges)
{
    const char *why = NULL;
    for (size_t i = 0; i < j->h.finding_count; i++) {
        const struct heard_finding *f = &j->h.findings[i];
        if (!labelmap_means(j->map, e->name, f->rule) || j->hit_of[i] != NO_ROW)
            continue;
        if (nudges && !f->shown)
            why = "found, and not shown";
        else if (!is_at_or_after(j, f, e->segment_id))
            why = why == NULL ? "found too early" : why;
        else
            why = arena_fmt(&j->h.memory, "found %lld ms too late", (long long)(f->decided_ms - e->latest_ms));
    }
    return why;
}

static int mark_expected(struct judging *j, bool nudges)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < j->label->expected_count && rc == COACH_OK; i++) {
        const struct label_finding *e = &j->label->expected[i];
        const struct heard_finding *f = j->found_by[i] == NO_ROW ? NULL : &j->h.findings[j->found_by[i]];
        struct score_mark m = {.outcome = f != NULL ? SCORE_HIT : SCORE_MISSED,
                               .item = (uint32_t)j->t->mark_count,
                               .id = j->label->call_id,
                               .segment_id = e->segment_id,
                               .text = words_at(j, e->segment_id)};
        if (f == NULL) {
            m.note = nearly(j, e, nudges);
        } else {
            m.rule = f->rule->id;
            m.late_turns = lateness(j, e->segment_id, f);
        }
        rc = row_of(j->s, j->t, j->map, e->name, &m.row);
        if (rc == COACH_OK)
            rc = add_mark(j->s, j->t, m);
    }
    return rc;
}

/* The row of a finding that was not expected: that of a name it goes by, the narrowest first; else one of its own. */
static int row_of_rule(struct judging *j, const struct rule *rule, uint32_t *ret)
{
    for (uint32_t i = 0; i < j->t->row_count; i++)
        if (strcmp(j->t->rows[i].name, rule->id) == 0) {
            *ret = i;
            return COACH_OK;
        }
    for (uint32_t i = 0; i < j->t->row_count; i++)
        if (labelmap_means(j->map, j->t->rows[i].name, rule)) {
            *ret = i;
            return COACH_OK;
        }
    return row_of(j->s, j->t, j->map, rule->id, ret);
}

/* Whether it is what was expected, and another finding was it before. */
static bool would_fit(const struct judging *j, const struct heard_finding *f)
{
    for (size_t i = 0; i < j->label->expected_count; i++)
        if (fits(j, &j->label->expected[i], f))
            return true;
    return false;
}

static int mark_others(struct judging *j, bool nudges)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < j->h.finding_count && rc == COACH_OK; i++) {
        const struct heard_finding *f = &j->h.findings[i];
        if (!is_counted(f, nudges) || j->hit_of[i] != NO_ROW)
            continue;
        struct score_mark m = {.outcome = is_acceptable(j, f) ? SCORE_NEITHER : SCORE_WRONG,
                               .item = (uint32_t)j->t->mark_count,
                               .id = j->label->call_id,
                               .segment_id = f->segment_id,
                               .rule = f->rule->id,
                               .text = words_at(j, f->segment_id),
                               .note = f->said[0] == '\0' ? NULL : f->said};
        if (m.outcome == SCORE_WRONG && would_fit(j, f))
            m.note = "again";
        rc = row_of_rule(j, f->rule, &m.row);
        if (rc == COACH_OK)
            rc = add_mark(j->s, j->t, m);
        if (m.outcome == SCORE_WRONG && j->label->expected_count == 0)
            j->t->wrong_in_clean++;
    }
    return rc;
}

static int judge_call(struct score *s, enum score_kind kind, const struct labelmap *map, const struct label_call *label,
                      const struct part *part, bool nudges)
{
    struct judging j = {.s = s, .t = &s->tables[kind], .map = map, .label = label};
    int rc = heard_run(&j.h, part->events, part->count, s->set, nudges);
    if (rc == COACH_OK)
        rc = match_all(&j, nudges);
    if (rc == COACH_OK)
        rc = mark_expected(&j, nudges);
    if (rc == COACH_OK)
        rc = mark_others(&j, nudges);
    j.t->items++;
    j.t->agent_turns += j.h.agent_turns;
    j.t->clean_calls += label->expected_count == 0;
    heard_clear(&j.h);
    return rc;
}

/* Rows for all names of the set first, so that they stand in its order and every finding falls into the right one. */
static int name_rows(struct score *s, const struct labels *labels, const struct labelmap *map)
{
    int rc = COACH_OK;
    uint32_t row;
    for (enum score_kind kind = SCORE_FINDINGS; kind <= SCORE_NUDGES; kind++)
        for (size_t i = 0; i < labels->count && rc == COACH_OK; i++) {
            const struct label_call *c = &labels->calls[i];
            for (size_t k = 0; k < c->expected_count && rc == COACH_OK; k++)
                rc = row_of(s, &s->tables[kind], map, c->expected[k].name, &row);
            for (size_t k = 0; k < c->also_ok_count && rc == COACH_OK; k++)
                rc = row_of(s, &s->tables[kind], map, c->also_ok[k].name, &row);
        }
    return rc;
}

static const struct part *part_of(const struct split *splits, size_t n, const char *call_id)
{
    for (size_t i = 0; i < n; i++) {
        const struct part *p = table_get(&splits[i].by_id, call_id, strlen(call_id));
        if (p != NULL)
            return p;
    }
    return NULL;
}

/* The recordings taken apart; `splits` has room for them. */
static int split_all(struct split *splits, const struct recording *recordings, size_t n, size_t *read)
{
    int rc = COACH_OK;
    while (*read < n && rc == COACH_OK) {
        rc = split_read(&splits[*read], &recordings[*read]);
        (*read)++;
    }
    return rc;
}

static int judge_labelled(struct score *s, const struct labels *labels, const struct labelmap *map,
                          const struct split *splits, size_t n)
{
    int rc = name_rows(s, labels, map);
    for (size_t i = 0; i < labels->count && rc == COACH_OK; i++) {
        const struct label_call *label = &labels->calls[i];
        if (!labels_in_half(label->call_id, s->half))
            continue;
        const struct part *part = part_of(splits, n, label->call_id);
        if (part == NULL) {
            s->tables[SCORE_FINDINGS].not_there++;
            continue;
        }
        rc = judge_call(s, SCORE_FINDINGS, map, label, part, false);
        if (rc == COACH_OK)
            rc = judge_call(s, SCORE_NUDGES, map, label, part, true);
    }
    return rc;
}

/* --- signals --- */

static bool is_heard(const struct score *s, const struct heard *h, const char *signal, const char *segment_id)
{
    for (size_t i = 0; i < h->signal_count; i++)
        if (strcmp(h->signals[i].segment_id, segment_id) == 0 &&
            strcmp(ruleset_signal(s->set, (size_t)h->signals[i].signal)->id, signal) == 0)
            return true;
    return false;
}

static enum score_outcome outcome_of(bool heard, bool is_true, bool unsure)
{
    return unsure ? SCORE_UNSURE : !heard ? SCORE_MISSED : is_true ? SCORE_HIT : SCORE_WRONG;
}

static int mark_signals(struct score *s, const struct label_signals *label, const struct heard *h, uint32_t line)
{
    struct score_table *t = &s->tables[SCORE_SIGNALS];
    int rc = COACH_OK;
    for (size_t i = 0; i < label->judged.count && rc == COACH_OK; i++) {
        const char *signal = label->judged.items[i];
        bool heard = is_heard(s, h, signal, label->segment_id), is_true = label_names_have(&label->present, signal);
        bool unsure = label_names_have(&label->unsure, signal);
        if (!heard && (!is_true || unsure))
            continue;
        struct score_mark m = {.outcome = outcome_of(heard, is_true, unsure),
                               .item = (uint32_t)t->items,
                               .id = label->call_id,
                               .segment_id = label->segment_id,
                               .text = h->lines[line].event->text.s};
        rc = row_of(s, t, NULL, signal, &m.row);
        if (rc == COACH_OK)
            rc = add_mark(s, t, m);
    }
    t->items++;
    return rc;
}

/* Rows of one call mostly stand together, so that it is heard once. */
static int judge_signals(struct score *s, const struct labels *labels, const struct split *splits, size_t n)
{
    struct heard h = {0};
    const struct part *heard = NULL;
    int rc = COACH_OK;
    for (size_t i = 0; i < labels->count && rc == COACH_OK; i++) {
        const struct label_signals *label = &labels->signals[i];
        const struct part *part = part_of(splits, n, label->call_id);
        if (!labels_in_half(label->call_id, s->half))
            continue;
        if (part != heard && part != NULL) {
            heard_clear(&h);
            rc = heard_run(&h, part->events, part->count, s->set, false);
            heard = part;
        }
        uint32_t line = part == NULL ? HEARD_NOWHERE : heard_find(&h, label->segment_id);
        if (line == HEARD_NOWHERE)
            s->tables[SCORE_SIGNALS].not_there++;
        else if (rc == COACH_OK)
            rc = mark_signals(s, label, &h, line);
    }
    heard_clear(&h);
    return rc;
}

/* --- label sets with recordings --- */

static int score_recorded(struct score *s, const struct labels *labels, const struct labelmap *map,
                          const struct recording *recordings, size_t n)
{
    struct arena memory;
    arena_init(&memory);
    struct split *splits = arena_alloc(&memory, (n + 1) * sizeof *splits);
    size_t read = 0;
    int rc = splits == NULL ? COACH_ENOMEM : split_all(splits, recordings, n, &read);
    if (rc == COACH_OK)
        rc = labels->kind == LABELS_CALLS ? judge_labelled(s, labels, map, splits, n)
                                          : judge_signals(s, labels, splits, n);
    while (read > 0)
        split_clear(&splits[--read]);
    arena_clear(&memory);
    return rc;
}

int score_calls(struct score *s, const struct labels *labels, const struct labelmap *map,
                const struct recording *recordings, size_t n)
{
    return score_recorded(s, labels, map, recordings, n);
}

int score_signals(struct score *s, const struct labels *labels, const struct recording *recordings, size_t n)
{
    return score_recorded(s, labels, NULL, recordings, n);
}

/* --- calls without labels --- */

static bool is_labelled(const struct labels *labels, size_t n, const char *call_id)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; labels[i].kind == LABELS_CALLS && k < labels[i].count; k++)
            if (strcmp(labels[i].calls[k].call_id, call_id) == 0)
                return true;
    return false;
}

int score_free(struct score *s, const struct labels *labels, size_t nlabels, const struct recording *recording)
{
    static const struct labelmap no_map;
    struct split split;
    int rc = split_read(&split, recording);
    for (const struct table_entry *e = NULL; rc == COACH_OK && (e = table_next(&split.by_id, e)) != NULL;) {
        const struct part *part = table_value(e);
        const struct label_call nothing = {.call_id = part->call_id};
        if (is_labelled(labels, nlabels, part->call_id) || !labels_in_half(part->call_id, s->half))
            continue;
        rc = judge_call(s, SCORE_FREE, &no_map, &nothing, part, false);
        if (rc == COACH_OK)
            rc = judge_call(s, SCORE_FREE_NUDGES, &no_map, &nothing, part, true);
    }
    split_clear(&split);
    return rc;
}
