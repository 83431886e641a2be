/* What a regular expression costs at its worst: it is run over lines built from itself, its repeated parts pumped up
 * to the longest line it will see, with and without an end that fails, under the JIT and the limits of a live call. */
#ifndef COACH_RULES_REGEXPUMP_H
#define COACH_RULES_REGEXPUMP_H

#include "lib/rules/compile.h"
#include "lib/rules/regex.h"

enum { REGEXPUMP_MOST_NS = 5 * 1000 * 1000 }; /* of one match */

enum regexpump_verdict {
    REGEXPUMP_FINE,
    REGEXPUMP_LIMIT,  /* a line reached the match limit */
    REGEXPUMP_GROWTH, /* twice the line takes clearly more than twice the work */
    REGEXPUMP_SLOW    /* a line took longer than REGEXPUMP_MOST_NS */
};

struct regexpump_result {
    enum regexpump_verdict verdict;
    const struct regex_node *repeat; /* whose pumping showed it; NULL: the pattern as a whole */
    size_t line;                     /* bytes of the line that showed it */
    uint64_t ns;                     /* of the costliest match, 0 without a clock */
    unsigned lines;                  /* that were tried */
};

/* Runs `r`, whose `code` is set. `clock` may have no function: work is then only counted. Returns 0 or COACH_ENOMEM. */
int regexpump(const struct regex *r, const struct rules_clock *clock, struct regexpump_result *ret);

#endif
