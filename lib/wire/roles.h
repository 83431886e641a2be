/* Who speaks: by a word for it, or by the channel. */
#ifndef COACH_WIRE_ROLES_H
#define COACH_WIRE_ROLES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/table.h"
#include "lib/wire/event.h"

/* "agent", "CALLER", "end_user" ...; returns false when the word is no role. */
bool role_named(const char *word, size_t len, coach_role *ret);
/* A map of channels, made by role_map: the role of one; returns false when it is not there. */
bool role_of_channel(const struct table *map, const struct wire_text *channel, coach_role *ret);
/* Adds a channel. Returns 0 or COACH_ENOMEM. */
int role_map(struct table *map, const char *channel, coach_role role);

#endif
