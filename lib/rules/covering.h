/* Whether one phrase matches wherever another does: decided from their trees, and only where that is certain. */
#ifndef COACH_RULES_COVERING_H
#define COACH_RULES_COVERING_H

#include <stdbool.h>

#include "lib/base/table.h"
#include "lib/rules/phrase.h"

struct covering {
    const struct language *lang;
    const struct table *lists; /* name -> struct phrase_list *, without cycles */
    bool whole;                /* the same words from end to end, not just some of them */
    long steps;                /* that may still be taken; at 0 every answer is "not certain" */
};

/* Whether each line in which `narrow` matches is one in which `wide` does; false when that is not certain. */
bool covering_holds(struct covering *c, const struct phrase *wide, const struct phrase *narrow);

#endif
