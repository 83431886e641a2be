/* Conditions of a pack to those of a rule set (conversation.h). */
#ifndef COACH_RULES_NODES_H
#define COACH_RULES_NODES_H

#include "lib/rules/pack.h"
#include "lib/rules/parts.h"

/* Adds the conditions of a pack without errors to its set, which has all rules and signals already: whoever listens to
 * a signal is noted with it, and what a condition means goes into the key of its owner. Returns 0 or COACH_ENOMEM. */
int nodes_build(const struct pack *pack, struct ruleset *set);

#endif
