/* Conditions (`when:`) among the rest of a pack: what they name, and what stands beside them. */
#ifndef COACH_RULES_CONDITIONS_H
#define COACH_RULES_CONDITIONS_H

#include "lib/rules/pack.h"

/* Checks the conditions of all rules and signals as the sites have left them: signals that nobody declared, keys that
 * do nothing beside a condition, signals that wait for themselves. Fills `pack->order`: each signal after those that
 * its condition names, else as they were declared. Returns 0 or COACH_ENOMEM. */
int conditions_check(struct pack *pack);

#endif
