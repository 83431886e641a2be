#include "lib/eval/practice.h"

#include <string.h>

enum { MOOD_POINTS = 50, WORDING_POINTS = 30, WORKED_POINTS = 20, POINTS_EACH = 10 };

static int cost_of(enum rule_severity severity)
{
    static const int cost[] = {[RULE_CRITICAL] = 15, [RULE_IMPORTANT] = 10, [RULE_HINT] = 4, [RULE_PRAISE] = 0};
    return cost[severity];
}

static int mood_points(const struct practice *p)
{
    int64_t from = p->scenario->angry_at.value, to = p->scenario->calm_at.value;
    int64_t at = p->mood < from ? from : p->mood > to ? to : p->mood;
    return (int)((at - from) * MOOD_POINTS / (to - from));
}

static void count_finding(struct practice_score *s, const struct practice_finding *f, int *cost)
{
    int *const counts[] = {&s->critical, &s->important, &s->hint, &s->praise};
    (*counts[f->rule->severity])++;
    *cost += f->followed ? cost_of(f->rule->severity) / 2 : cost_of(f->rule->severity);
}

struct practice_score practice_score(const struct practice *p)
{
    struct practice_score s = {
        .mood = mood_points(p), .asked = (int)p->summary.asked, .followed = (int)p->summary.followed};
    int cost = 0;
    for (size_t i = 0; i < p->finding_count; i++)
        if (p->findings[i].counts)
            count_finding(&s, &p->findings[i], &cost);
    for (size_t i = 0; i < p->scenario->reaction_count; i++) {
        s.wanted += p->scenario->reactions[i].mood.value > 0;
        s.given += p->scenario->reactions[i].mood.value > 0 && p->played[i] > 0;
    }
    s.wording = p->agent_lines == 0 || cost > WORDING_POINTS ? 0 : WORDING_POINTS - cost;
    s.worked = s.given * POINTS_EACH < WORKED_POINTS ? s.given * POINTS_EACH : WORKED_POINTS;
    s.total = s.mood + s.wording + s.worked;
    return s;
}

/* --- three points --- */

struct points {
    struct practice_point *items;
    size_t count;
};

static void add(struct points *to, const struct practice_point *point)
{
    if (to->count < PRACTICE_POINTS)
        to->items[to->count++] = *point;
}

/* The customer's answer to an agent's line, or NULL. */
static const struct practice_line *answer_to(const struct practice *p, size_t line)
{
    return line + 1 < p->line_count ? &p->lines[line + 1] : NULL;
}

/* The agent's line at or before one. */
static size_t agent_line(const struct practice *p, size_t line)
{
    size_t at = line;
    while (at > 0 && p->lines[at].role != COACH_ROLE_AGENT)
        at--;
    return at > 0 ? at : line;
}

static bool has_rule(const struct points *to, const char *rule)
{
    for (size_t i = 0; i < to->count; i++)
        if (strcmp(to->items[i].rule, rule) == 0)
            return true;
    return false;
}

static void add_slips(const struct practice *p, enum rule_severity severity, struct points *to)
{
    for (size_t i = 0; i < p->finding_count; i++) {
        const struct practice_finding *f = &p->findings[i];
        if (!f->counts || f->rule->severity != severity || has_rule(to, f->rule->id))
            continue;
        size_t line = agent_line(p, f->line);
        const struct practice_line *answer = answer_to(p, line);
        const struct practice_point point = {.kind = PRACTICE_SLIP,
                                             .line = line,
                                             .what = f->nudge.title,
                                             .say =
                                                 f->nudge.suggest[0] != NULL ? f->nudge.suggest[0] : f->nudge.message,
                                             .rule = f->rule->id,
                                             .change = answer == NULL ? 0 : answer->change};
        add(to, &point);
    }
}

/* The next line of the agent, from `from` on, that helped nothing; 0 when there is none. */
static size_t idle_line(const struct practice *p, size_t from)
{
    for (size_t i = from; i + 1 < p->line_count; i++)
        if (p->lines[i].role == COACH_ROLE_AGENT && p->lines[i + 1].change <= 0)
            return i;
    return 0;
}

static void add_missed(const struct practice *p, struct points *to)
{
    const struct scenario *s = p->scenario;
    size_t line = idle_line(p, 0);
    for (size_t i = 0; i < s->reaction_count && line > 0; i++) {
        const struct scenario_reaction *r = &s->reactions[i];
        if (r->mood.value <= 0 || r->hint.s == NULL || p->played[i] > 0)
            continue;
        const struct practice_point point = {
            .kind = PRACTICE_MISSED, .line = line, .say = r->hint.s, .change = p->lines[line + 1].change};
        add(to, &point);
        line = idle_line(p, line + 1);
    }
}

static void add_worked(const struct practice *p, struct points *to)
{
    for (size_t i = 0; i + 1 < p->line_count; i++) {
        const struct practice_point point = {.kind = PRACTICE_WORKED, .line = i, .change = p->lines[i + 1].change};
        if (p->lines[i].role == COACH_ROLE_AGENT && point.change > 0)
            add(to, &point);
    }
}

size_t practice_debrief(const struct practice *p, struct practice_point ret[PRACTICE_POINTS])
{
    struct points to = {ret, 0};
    for (int severity = RULE_CRITICAL; severity < RULE_PRAISE; severity++)
        add_slips(p, (enum rule_severity)severity, &to);
    if (p->end != PRACTICE_CALM)
        add_missed(p, &to);
    add_worked(p, &to);
    return to.count;
}
