#include "lib/eval/reach.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

static const char *const measures[] = {[REACH_PRECISION] = "precision",
                                       [REACH_RECALL] = "recall",
                                       [REACH_F1] = "f1",
                                       [REACH_PER_100_TURNS] = "wrong_per_100_agent_turns",
                                       [REACH_IN_CLEAN_CALLS] = "wrong_in_clean_calls"};
enum { MEASURES = sizeof measures / sizeof *measures, MOST_ROWS = 1024 };

struct reading {
    struct reach *r;
    struct diags *problems;
};

static void report(struct reading *r, const char *code, const struct yaml_node *at, const char *hint, const char *what)
{
    diags_add(r->problems, DIAG_ERROR, code, &at->at, hint, "%s", what);
}

/* --- one goal --- */

static void read_measure(struct reading *r, const struct yaml_node *v, struct reach_goal *g)
{
    for (size_t i = 0; i < MEASURES; i++)
        if (v->kind == YAML_SCALAR && strcmp(v->text, measures[i]) == 0) {
            g->measure = (enum reach_measure)i;
            return;
        }
    report(r, "bad-value", v, "one of precision, recall, f1, wrong_per_100_agent_turns, wrong_in_clean_calls",
           "no such measure");
}

static void read_table(struct reading *r, const struct yaml_node *v, struct reach_goal *g)
{
    for (enum score_kind kind = 0; kind < SCORE_KINDS; kind++)
        if (v->kind == YAML_SCALAR && strcmp(v->text, score_kind_name(kind)) == 0) {
            g->in = kind;
            return;
        }
    report(r, "bad-value", v,
           "one of lines, examples, findings, nudges, unlabelled_findings, unlabelled_nudges, signals",
           "no such table");
}

static void read_threshold(struct reading *r, const struct yaml_node *v, struct reach_goal *g)
{
    char *end = NULL;
    if (v->kind == YAML_SCALAR)
        g->threshold = strtod(v->text, &end);
    if (end == NULL || end == v->text || *end != '\0')
        report(r, "bad-value", v, "write a number such as 0.92", "this is no number");
}

static int read_rows(struct reading *r, const struct yaml_node *v, struct reach_goal *g)
{
    size_t n = v->kind == YAML_LIST ? v->count : 1;
    g->of.items = arena_alloc(&r->r->memory, n * sizeof *g->of.items);
    if (g->of.items == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct yaml_node *item = v->kind == YAML_LIST ? v->items[i] : v;
        if (item->kind == YAML_SCALAR)
            g->of.items[g->of.count++] = item->text;
        else
            report(r, "wrong-kind", item, NULL, "here stands the name of a row, or a list of them");
    }
    return COACH_OK;
}

static int read_key(struct reading *r, const struct yaml_pair *p, struct reach_goal *g)
{
    const char *key = p->key->text;
    if (strcmp(key, "measure") == 0)
        read_measure(r, p->value, g);
    else if (strcmp(key, "in") == 0)
        read_table(r, p->value, g);
    else if (strcmp(key, "of") == 0)
        return read_rows(r, p->value, g);
    else if (strcmp(key, "at_least") == 0 || strcmp(key, "at_most") == 0)
        read_threshold(r, p->value, g);
    else
        report(r, "unknown-key", p->key, "a goal has measure, in, of, and at_least or at_most", "no such key");
    return COACH_OK;
}

/* "precision of dismissive, blame in lines" */
static const char *name_of(struct reading *r, const struct reach_goal *g)
{
    struct buf b;
    buf_init(&b, 0);
    int rc = buf_addf(&b, "%s%s", measures[g->measure], g->of.count > 0 ? " of " : "");
    for (size_t i = 0; i < g->of.count && rc == COACH_OK; i++)
        rc = buf_addf(&b, "%s%s", i > 0 ? ", " : "", g->of.items[i]);
    if (rc == COACH_OK)
        rc = buf_addf(&b, " in %s", score_kind_name(g->in));
    const char *name = rc == COACH_OK ? arena_str(&r->r->memory, b.data) : NULL;
    buf_clear(&b);
    return name;
}

static int read_goal(struct reading *r, const struct yaml_node *v, struct reach_goal *g)
{
    bool floor, ceiling;
    int rc = COACH_OK;
    if (v->kind != YAML_MAP) {
        report(r, "wrong-kind", v, "write '- measure: precision' and below it 'in:' and 'at_least:'",
               "this is no goal");
        return COACH_OK;
    }
    for (size_t i = 0; i < v->count && rc == COACH_OK; i++)
        rc = read_key(r, &v->pairs[i], g);
    floor = yaml_get(v, "at_least") != NULL;
    ceiling = yaml_get(v, "at_most") != NULL;
    if (yaml_get(v, "measure") == NULL || yaml_get(v, "in") == NULL || floor == ceiling)
        report(r, "missing-key", v, "a goal has measure, in, and either at_least or at_most", "this goal is not whole");
    g->at_most = ceiling;
    g->name = rc == COACH_OK ? name_of(r, g) : NULL;
    return g->name == NULL ? COACH_ENOMEM : COACH_OK;
}

/* --- the file --- */

int reach_read(struct reach *ret, const struct source *source, struct diags *problems)
{
    struct reading r = {ret, problems};
    *ret = (struct reach){0};
    int rc = yaml_read(source, &ret->doc, problems);
    if (rc != COACH_OK)
        return rc == COACH_ENOMEM ? rc : COACH_OK;
    const struct yaml_node *list = ret->doc.root == NULL ? NULL : yaml_get(ret->doc.root, "reach");
    if (list == NULL || list->kind != YAML_LIST) {
        diags_add(problems, DIAG_ERROR, "missing-key", &(struct mark){.source = source},
                  "begin with 'reach:' and below it a list of goals", "this file has no list 'reach'");
        return COACH_OK;
    }
    ret->goals = arena_alloc(&ret->memory, (list->count + 1) * sizeof *ret->goals);
    if (ret->goals == NULL)
        return COACH_ENOMEM;
    for (; ret->count < list->count && rc == COACH_OK; ret->count++)
        rc = read_goal(&r, list->items[ret->count], &ret->goals[ret->count]);
    return rc;
}

void reach_clear(struct reach *r)
{
    yaml_doc_clear(&r->doc);
    arena_clear(&r->memory);
    *r = (struct reach){0};
}

/* --- figures --- */

/* The rows that a goal names; false when the table lacks one of them. */
static bool rows_of(const struct reach_goal *g, const struct score_table *t, bool rows[MOST_ROWS])
{
    memset(rows, 0, MOST_ROWS * sizeof *rows);
    for (size_t i = 0; i < g->of.count; i++) {
        size_t row = 0;
        while (row < t->row_count && strcmp(t->rows[row].name, g->of.items[i]) != 0)
            row++;
        if (row == t->row_count || row >= MOST_ROWS)
            return false;
        rows[row] = true;
    }
    return true;
}

bool reach_figure(const struct reach_goal *goal, const struct score *s, double *ret)
{
    const struct score_table *t = &s->tables[goal->in];
    bool rows[MOST_ROWS];
    if (t->items == 0 || t->row_count > MOST_ROWS || !rows_of(goal, t, rows))
        return false;
    struct score_counts c = score_count(t, goal->of.count == 0 ? NULL : rows);
    struct share share = {0};
    switch (goal->measure) {
    case REACH_PRECISION:
        share = tally_precision(&c.tally);
        break;
    case REACH_RECALL:
        share = tally_recall(&c.tally);
        break;
    case REACH_F1:
        share = tally_f1(&c.tally);
        break;
    case REACH_PER_100_TURNS:
        share = (struct share){.known = t->agent_turns > 0, .value = score_per_100_turns(t, c.tally.wrong)};
        break;
    case REACH_IN_CLEAN_CALLS:
        share = (struct share){.known = t->clean_calls > 0, .value = (double)t->wrong_in_clean};
        break;
    }
    *ret = share.value;
    return share.known;
}

bool reach_is_met(const struct reach_goal *goal, double figure)
{
    return goal->at_most ? figure <= goal->threshold : figure >= goal->threshold;
}
