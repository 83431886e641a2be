/* One rule on one line, taken apart: what explain shows. */
#ifndef COACH_CLI_VERDICT_H
#define COACH_CLI_VERDICT_H

#include "lib/rules/anatomy.h"
#include "lib/rules/trace.h"

/* How one phrase did. */
struct verdict_phrase {
    const struct def_phrase *def;
    struct trace trace;
    bool lacks;                /* the prefilter passes it over... */
    struct required_set set;   /* ...for want of one of these */
    bool matches;              /* the compiled pattern does */
    struct scanner_span said;  /* words of the line */
    size_t excepted_by;        /* from 1, the not_in that every match lies in; 0: none */
    struct scanner_span outer; /* words of that exception */
};

/* An `unless` that holds on the line. */
struct verdict_unless {
    size_t number; /* from 1 */
    struct scanner_span said;
};

struct verdict {
    const struct rule *rule;
    const struct def_rule *def;
    enum scanner_verdict outcome; /* whoever speaks, and whatever its mode */
    struct hit hit;               /* when it is SCANNER_HIT */
    bool heard;                   /* the rule listens to who speaks */
    bool fires;                   /* all things considered */
    struct verdict_phrase *phrases;
    size_t phrase_count;
    struct verdict_unless *unless;
    size_t unless_count;
};

/* Runs the rule over the words. COACH_ROLE_UNKNOWN: whoever it listens to. What it fills lives with `a`. Returns 0 or
 * COACH_ENOMEM. */
int verdict_reach(struct anatomy *a, const struct ruleset *set, const struct rule *rule, const struct words *words,
                  coach_role role, struct verdict *ret);

#endif
