/* The writers behind webhooks. The requests of one call come on connections of their own, so what one of them taught a
 * reader is kept for the next: per format, sender and binding. */
#ifndef COACH_GATEWAY_WRITERS_H
#define COACH_GATEWAY_WRITERS_H

#include "daemon/gateway/writer.h"
#include "lib/base/table.h"

struct writers {
    struct table table; /* the one used last is the last */
    struct table calls; /* call id -> struct call_use: calls that connections were bound to */
    uint8_t seed[HASH_SEED];
    struct formats *formats;
    struct upstream *upstream;
    uint64_t made;   /* prefixes differ */
    uint32_t launch; /* likewise between two gateways */
};

/* `formats` may be NULL; a reference is kept. */
void writers_init(struct writers *s, struct formats *formats, struct upstream *upstream);
void writers_clear(struct writers *s);

/* A writer for one sender: used by one connection, or by each request of `subject` in turn with writers_find. Returns
 * as writer_new. */
int writers_make(struct writers *s, const char *hello, struct writer **ret, struct taken *why);
/* The writer that takes the next request of `subject` bound by `hello`, made when there is none. It lives until the
 * loop goes on. Returns as writer_new. */
int writers_find(struct writers *s, const char *subject, const char *hello, struct writer **ret, struct taken *why);

/* A connection that is bound to a call has come, or gone. A call may have several, one for each side: of the last one
 * writers_leave returns true, if the call has begun and not ended, and it is to be ended. writers_join returns 0 or
 * COACH_ENOMEM. */
int writers_join(struct writers *s, const struct writer *w);
bool writers_leave(struct writers *s, const struct writer *w);

#endif
