/* What is allowed in rule files and most likely not meant: found without matching anything. */
#ifndef COACH_RULES_LINTS_H
#define COACH_RULES_LINTS_H

#include "lib/rules/pack.h"

/* Adds a warning for each phrase that another of its rule makes redundant or that everyday talk would meet, each list
 * and signal that nothing uses, each key without effect, each example given twice. Only what is certain is said.
 * Returns 0 or COACH_ENOMEM. */
int lints_check(const struct pack *pack, struct diags *problems);

#endif
