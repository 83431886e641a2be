#include "daemon/cli/verdict.h"

#include "lib/base/error.h"

struct reach {
    struct anatomy *a;
    const struct ruleset *set;
    const struct words *words;
    struct scanner *scanner;
    struct verdict *v;
    const char *captures[SCANNER_CAPTURES];
    size_t ncaptures;
};

/* The not_in that the match lies in, from 1; 0 when none does. */
static size_t exception_of(const struct reach *r, const struct scanner_span *m, struct scanner_span *outer)
{
    size_t n = scanner_part_count(r->set, r->v->rule, SCANNER_PART_NOT_IN);
    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at <= m->from; at = outer->from + 1) {
            if (!scanner_part_find(r->scanner, r->set, r->v->rule, SCANNER_PART_NOT_IN, i, r->words, at, outer) ||
                outer->from > m->from)
                break;
            if (outer->to >= m->to)
                return i + 1;
        }
    return 0;
}

/* The first match that counts; when none does, the first of all with its exception. */
static void find_match(const struct reach *r, size_t i, struct verdict_phrase *p)
{
    struct scanner_span m, outer = {0, 0};
    for (size_t at = 0; scanner_part_find(r->scanner, r->set, r->v->rule, SCANNER_SAYS, i, r->words, at, &m);
         at = m.from + 1) {
        size_t by = exception_of(r, &m, &outer);
        if (p->matches && by > 0)
            continue;
        p->matches = true;
        p->said = m;
        p->excepted_by = by;
        p->outer = outer;
        if (by == 0)
            return;
    }
}

static int reach_phrases(struct reach *r)
{
    struct verdict *v = r->v;
    const struct def_phrases *says = anatomy_part(v->def, SCANNER_SAYS);
    v->phrases = arena_alloc(&r->a->memory, (says->count + 1) * sizeof *v->phrases);
    if (v->phrases == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < says->count; i++) {
        struct verdict_phrase *p = &v->phrases[v->phrase_count++];
        p->def = &says->items[i];
        find_match(r, i, p);
        int rc = trace_phrase(&r->a->context, &p->def->tree, r->captures, r->ncaptures, r->words, &p->trace);
        if (rc == COACH_OK)
            rc = trace_lacks(&r->a->context, &p->def->tree, r->words, &p->lacks, &p->set);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

static int reach_unless(struct reach *r)
{
    struct verdict *v = r->v;
    size_t n = scanner_part_count(r->set, v->rule, SCANNER_PART_UNLESS);
    v->unless = arena_alloc(&r->a->memory, (n + 1) * sizeof *v->unless);
    if (v->unless == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        struct verdict_unless u = {.number = i + 1};
        if (scanner_part_find(r->scanner, r->set, v->rule, SCANNER_PART_UNLESS, i, r->words, 0, &u.said))
            v->unless[v->unless_count++] = u;
    }
    return COACH_OK;
}

static bool listens(const struct rule *rule, coach_role role)
{
    return role == COACH_ROLE_UNKNOWN || rule->speaker == RULE_EITHER ||
           (rule->speaker == RULE_AGENT) == (role == COACH_ROLE_AGENT);
}

int verdict_reach(struct anatomy *a, const struct ruleset *set, const struct rule *rule, const struct words *words,
                  coach_role role, struct verdict *ret)
{
    struct reach r = {.a = a, .set = set, .words = words, .scanner = scanner_new(), .v = ret};
    if (r.scanner == NULL)
        return COACH_ENOMEM;
    *ret = (struct verdict){.rule = rule, .def = anatomy_rule(a, rule->id), .heard = listens(rule, role)};
    while (r.ncaptures < SCANNER_CAPTURES &&
           (r.captures[r.ncaptures] = scanner_capture_name(set, rule, r.ncaptures)) != NULL)
        r.ncaptures++;
    ret->outcome = scanner_rule(r.scanner, set, rule, words, &ret->hit);
    ret->fires = ret->outcome == SCANNER_HIT && ret->heard && rule->mode != RULE_DISABLED;
    int rc = reach_phrases(&r);
    if (rc == COACH_OK)
        rc = reach_unless(&r);
    scanner_free(r.scanner);
    return rc;
}
