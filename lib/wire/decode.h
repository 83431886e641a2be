/* One message of a vendor to events, as its mapping says. */
#ifndef COACH_WIRE_DECODE_H
#define COACH_WIRE_DECODE_H

#include <jansson.h>

#include "lib/base/table.h"
#include "lib/wire/mapping.h"
#include "lib/wire/reader.h"
#include "lib/wire/stream.h"

/* What an envelope says of a message, or hello of every message. */
struct decode_facts {
    struct wire_text call_id; /* `s` NULL: nothing */
    struct wire_text channel;
    coach_role role;
    bool has_role;
};

struct decode_context {
    const struct mapping *mapping;
    struct stream *stream;
    const char *prefix;           /* begins made up segment ids */
    struct decode_facts envelope; /* wins over the message */
    struct decode_facts hello;    /* stands in for what the message lacks */
    const struct table *channels; /* made by role_map: who speaks where, as hello said */
    bool any_channel;             /* an unknown channel is the role unknown, and no problem */
    const struct wire_handler *handler;
    /* Hands out an event, which lacks what only the connection knows (agent, language). Returns as wire_handler.event.
     */
    int (*emit)(void *user, struct wire_event *event);
    void *user;
};

/* Decodes one message, an object. Returns 0, COACH_ENOMEM, or what the handler returned. */
int decode_message(const struct decode_context *context, json_t *message);

/* In how many conditions a sign of the mapping is in the message: the more, the surer; 0 when none of its signs is. */
size_t decode_recognises(const struct mapping *mapping, json_t *message);

#endif
