/* The examples of every rule, proved with the engine's own matching. */
#ifndef COACH_RULES_EXAMPLES_H
#define COACH_RULES_EXAMPLES_H

#include "lib/rules/pack.h"

enum examples_need { EXAMPLES_COMPULSORY, EXAMPLES_ADVISED };

/* Adds an error for each match that does not fire and each no_match that does; for each phrase that no match hits,
 * each exception that no no_match needs, each no_match that proves nothing and each list of examples that is missing
 * an error, or a warning where they are only advised; and a warning for each match that also sets off another rule of
 * the same category. Returns 0 or COACH_ENOMEM. */
int examples_prove(const struct pack *pack, const struct ruleset *set, enum examples_need need, struct diags *problems);

#endif
