/* Call tests: a screenplay through the engine, and what it gave beside what stands under its lines. */
#ifndef COACH_EVAL_CALLTEST_H
#define COACH_EVAL_CALLTEST_H

#include "lib/engine/engine.h"
#include "lib/rules/screenplay.h"

/* A finding of the run, with the line of the screenplay that it belongs to. */
struct calltest_finding {
    size_t line;
    const struct rule *rule; /* lives with the rule set */
    enum engine_held held;
    char nudge_id[NUDGE_ID + 1];
    bool taken_back;
    bool listed; /* it stands under its line */
};

enum calltest_kind {
    CALLTEST_AS_LISTED,
    CALLTEST_MISSING,  /* listed and not found */
    CALLTEST_UNLISTED, /* found and not listed */
    CALLTEST_HELD      /* not listed, and only the rule's cool-down or its count kept it away: a note, no failure */
};

/* One finding as the result shows it, under its line. */
struct calltest_item {
    enum calltest_kind kind;
    size_t line;
    const char *rule;
    const char *held;                         /* the reason that is listed or was found; NULL where it is shown */
    const struct screenplay_finding *listed;  /* NULL where it is not */
    const struct calltest_finding *elsewhere; /* of a missing one: the same rule under another line, or NULL */
    const char *why;                          /* of a missing one: "held: cooldown", "taken back"; or NULL */
};

struct calltest {
    struct arena memory;
    struct calltest_finding *findings; /* as they came */
    size_t finding_count, finding_cap;
    struct calltest_item *items; /* by line; within one, what is listed comes first */
    size_t item_count, item_cap;
    size_t failures; /* missing or unlisted ones: none, and the test has passed */
    size_t notes;
};

/* Runs `play`, which must be free of problems, through `set`. Returns 0 or COACH_ENOMEM; `ret` is always safe to
 * clear. Rules and held reasons in it live with `set` and `play`. */
int calltest_run(const struct screenplay *play, const struct ruleset *set, struct calltest *ret);
/* The same, without judging: findings alone. */
int calltest_find(const struct screenplay *play, const struct ruleset *set, struct calltest *ret);
void calltest_clear(struct calltest *t);

/* Whether a finding counts in a test that is about findings before the call's attention. */
bool calltest_counts(const struct calltest_finding *f);

#endif
