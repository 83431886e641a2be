/* The regular expression of a rule, with everything that is asked of it: what it may say, what it costs, and the words
 * that bring it up. */
#ifndef COACH_RULES_REGEXRULE_H
#define COACH_RULES_REGEXRULE_H

#include "lib/rules/compile.h"
#include "lib/rules/pattern.h"
#include "lib/rules/regex.h"

struct regexrule {
    struct regex regex;           /* its `code` is NULL when it may not be used; a problem was then added */
    struct required_set requires; /* count 0: it runs on every line, and a warning was added */
};

/* Reads the scalar of a regex rule; trees and words go into `memory`. Returns 0, COACH_ENOMEM. `ret->regex.code` is the
 * caller's to free. */
int regexrule_read(const struct yaml_node *scalar, const struct language *lang, const struct rules_clock *clock,
                   struct arena *memory, struct regexrule *ret, struct diags *problems);

#endif
