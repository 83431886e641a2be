/* For tests: conversational rules and calls written in a line each, for the reference evaluator and for the engine.
 *
 *     rule     "after: alpha; without: beta; within: same turn; cooldown: 60s; per_call: 3"
 *     signals  "alpha customer | pair: zip zap | often = count: alpha; at_least: 2; within: 20s"
 *     call     "a 0-2 alpha; c 3-4.5@7 beta; s @9 gamma; hold 10-20; end 30"
 *
 * A signal that is not declared says its own name, whoever speaks. Limits that a rule does not name hide nothing. A
 * line is a speaker (agent, customer, system), its times in seconds, and when it arrives where that is not its end; one
 * without times has only that. */
#ifndef COACH_TESTS_CALLSCRIPT_H
#define COACH_TESTS_CALLSCRIPT_H

#include "lib/base/buf.h"
#include "lib/engine/engine.h"
#include "tests/support/reference.h"

enum { CALLSCRIPT_TEXT = 200 };

struct callscript_rules {
    struct reference_rules meaning;
    char texts[REFERENCE_RULES][CALLSCRIPT_TEXT]; /* as they were written */
    struct buf signals_file, rules_file;          /* both as a rule file has them */
};

void callscript_init(struct callscript_rules *r);
void callscript_clear(struct callscript_rules *r);
/* What is written wrongly ends the program: the mistake is in the test itself. */
void callscript_signals(struct callscript_rules *r, const char *text);
void callscript_rule(struct callscript_rules *r, const char *text);
/* The rule set that the engine runs, in which rule 0 is r0. Ends the program with all problems when it is refused. */
struct ruleset *callscript_compile(const struct callscript_rules *r);

void callscript_call(struct reference_call *call, const char *text);
/* Adds the call as a text that callscript_call reads. */
void callscript_write(const struct reference_call *call, struct buf *out);

/* How the engine is given a call. What it finds must not depend on it. */
struct callscript_manner {
    bool sleepy;   /* time passes with events only, never between them */
    bool restless; /* the engine is woken when there is nothing to do as well */
    bool interims; /* interim results come before each final */
    engine_observer observer;
};

/* Fills `ret` with what stands at the end of the call: the findings that count and were not taken back. Returns false
 * when one of them was given twice. */
bool callscript_engine(struct engine *e, const struct ruleset *set, const struct reference_call *call,
                       const struct callscript_manner *manner, struct reference_findings *ret);

/* Whether both hold the same pairs of a rule and a line. */
bool callscript_same(const struct reference_findings *a, const struct reference_findings *b);

#endif
