/* The examples of every rule, proved with the engine's own matching. */
#ifndef COACH_RULES_EXAMPLES_H
#define COACH_RULES_EXAMPLES_H

#include "lib/rules/pack.h"

/* Adds an error for each match that does not fire and each no_match that does, a warning for each phrase that no match
 * hits, each exception that no no_match needs, and each no_match that proves nothing. Returns 0 or COACH_ENOMEM. */
int examples_prove(const struct pack *pack, const struct ruleset *set, struct diags *problems);

#endif
