/* The scan of a line against the same rules without their prefilter. */
#ifndef COACH_TESTS_FUZZ_COMPARE_H
#define COACH_TESTS_FUZZ_COMPARE_H

#include "tests/fuzz/fuzz.h"

#include "lib/rules/conversation.h"
#include "lib/rules/scanner.h"

static char compare_context[100]; /* where the rules come from, for the message of a difference */

#define SAME(rule, w, what)                                                                                            \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s: rule %s on '%s': does not hold: %s\n", compare_context, (rule)->id, (w)->line.data,   \
                    #what);                                                                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

FUZZ bool compare_hears(const struct rule *rule, coach_role role)
{
    if (rule->mode == RULE_DISABLED)
        return false;
    return rule->speaker == RULE_EITHER || (rule->speaker == RULE_AGENT) == (role == COACH_ROLE_AGENT);
}

/* Steps over the hits of one rule, having compared them with those of trying each of its phrases. */
FUZZ size_t compare_rule(struct scanner *s, const struct ruleset *set, const struct words *w, const struct rule *rule,
                         coach_role role, const struct hit *hits, size_t n)
{
    size_t have = 0;
    struct hit want = {0};
    while (have < n && hits[have].rule == rule)
        have++;
    enum scanner_verdict verdict = scanner_rule(s, set, rule, w, &want);
    if (!rule->is_swap) {
        SAME(rule, w, have == (compare_hears(rule, role) && verdict == SCANNER_HIT));
        if (have == 1) {
            SAME(rule, w, hits[0].phrase == want.phrase);
            SAME(rule, w, hits[0].span.from == want.span.from && hits[0].span.to == want.span.to);
            SAME(rule, w, memcmp(hits[0].captures, want.captures, sizeof want.captures) == 0);
        }
    } else if (compare_hears(rule, role) && scanner_part_count(set, rule, SCANNER_PART_NOT_IN) == 0) {
        size_t terms = 0; /* one hit for each term, in order */
        for (size_t k = 0; k < scanner_part_count(set, rule, SCANNER_SAYS); k++)
            if (scanner_part_matches(s, set, rule, SCANNER_SAYS, k, w) && verdict == SCANNER_HIT) {
                SAME(rule, w, terms < have && hits[terms].phrase == (int)k + 1);
                terms++;
            }
        SAME(rule, w, terms == have);
    }
    return have;
}

/* Compares for both speakers; `len` is that of the text which the words came from. Returns the hits. */
FUZZ size_t compare_line(struct scanner *s, const struct ruleset *set, const struct words *w, size_t len)
{
    const coach_role roles[] = {COACH_ROLE_AGENT, COACH_ROLE_CUSTOMER};
    size_t all = 0;
    for (size_t r = 0; r < 2; r++) {
        const struct hit *hits;
        size_t n, at = 0;
        HOLDS(scanner_scan(s, set, w, roles[r], 0, &hits, &n) == COACH_OK);
        for (size_t i = 0; i < n; i++)
            HOLDS(hits[i].span.from < hits[i].span.to && hits[i].span.to <= len);
        for (size_t i = 0; i < ruleset_count(set); i++)
            at += compare_rule(s, set, w, ruleset_rule(set, i), roles[r], n == 0 ? hits : hits + at, n - at);
        for (size_t i = 0; i < ruleset_signal_count(set); i++)
            at += compare_rule(s, set, w, ruleset_signal(set, i), roles[r], n == 0 ? hits : hits + at, n - at);
        HOLDS(at == n);
        all += n;
    }
    return all;
}

#endif
