/* The writers behind webhooks. The requests of one call come on connections of their own, so what one of them taught a
 * reader is kept for the next: per format, sender and binding. */
#ifndef COACH_GATEWAY_WRITERS_H
#define COACH_GATEWAY_WRITERS_H

#include "daemon/gateway/writer.h"
#include "lib/base/table.h"

struct writers {
    struct table table; /* the one used last is the last */
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

#endif
