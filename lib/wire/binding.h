/* What the hello of a connection binds for all that follows. */
#ifndef COACH_WIRE_BINDING_H
#define COACH_WIRE_BINDING_H

#include <stdbool.h>

#include "lib/base/table.h"
#include "lib/wire/canonical.h"
#include "lib/wire/formats.h"

enum binding_format { BOUND_COACHD, BOUND_AUTO, BOUND_MAPPING };

struct binding {
    char call_id[WIRE_MAX_ID + 1]; /* "" until a hello bound it */
    char agent_id[WIRE_MAX_ID + 1];
    char language[WIRE_MAX_ID + 1];
    coach_role role;
    bool has_role;
    struct table channels; /* made by role_map */
    bool acks;
    enum binding_format format;
    const struct mapping *mapping; /* of BOUND_MAPPING */
};

void binding_init(struct binding *b);
void binding_clear(struct binding *b);

/* Binds what a hello says; a bad one binds nothing. Returns 0, PROBLEM_TOLD, or COACH_ENOMEM. */
int binding_take(struct binding *b, const struct canonical *hello, const struct formats *formats);
/* What a format's name means; false when there is none of it. */
bool binding_find_format(const struct formats *formats, const char *name, enum binding_format *ret,
                         const struct mapping **mapping);

/* Fills in what the event of a call lacks and the connection knows. */
void binding_complete(const struct binding *b, struct wire_event *e);

#endif
