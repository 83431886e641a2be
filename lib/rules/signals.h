/* Which signals the conditions of other signals wait for. */
#ifndef COACH_RULES_SIGNALS_H
#define COACH_RULES_SIGNALS_H

#include "lib/rules/pack.h"

/* Fills `pack->order`: each signal after those that its condition names, else as they were declared. One that waits for
 * itself, by way of others too, is a problem. Returns 0 or COACH_ENOMEM. */
int signals_order(struct pack *pack);

#endif
