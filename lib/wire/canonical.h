/* One object in coachd's own format to an event, field by field. What a connection binds is not looked at here. */
#ifndef COACH_WIRE_CANONICAL_H
#define COACH_WIRE_CANONICAL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/wire/reader.h"

struct canonical {
    const struct wire_handler *handler;
    json_t *object;
    struct wire_event event; /* its texts live as long as the object, and as this struct stays where it is */
    char channel[24];        /* a channel given as a number */
    char segment[24];
    uint64_t unknown_fields;
};

/* The type that the object names, transcript where it names none; false when it is none of ours. */
bool canonical_type(const json_t *object, enum wire_type *ret);
/* Fills the event. Returns 0 or PROBLEM_TOLD. */
int canonical_read(struct canonical *m, const struct wire_handler *handler, json_t *object);
/* Whether the member is there and not null. */
bool canonical_has(const json_t *object, const char *name);
/* A role's name as a value. Returns 0 or PROBLEM_TOLD. */
int canonical_role(const struct wire_handler *handler, const char *name, const json_t *v, coach_role *ret);

#endif
