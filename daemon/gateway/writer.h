/* One writer of transcripts: a reader of its format, bound by its hello, whose events go to coachd. */
#ifndef COACH_GATEWAY_WRITER_H
#define COACH_GATEWAY_WRITER_H

#include "daemon/gateway/upstream.h"
#include "lib/wire/reader.h"

enum { TAKEN_PROBLEMS = 4 };

/* What became of one message. */
struct taken {
    unsigned accepted; /* events handed to coachd */
    unsigned ignored;  /* parts that hold no event */
    unsigned refused;  /* problems, of which the first few are kept */
    struct wire_problem problems[TAKEN_PROBLEMS];
};

struct writer;
/* `formats` may be NULL; a reference is kept. `prefix` begins made-up segment ids; `seed` is random. Returns 0 and sets
 * `*ret`; COACH_EINVAL when the hello line is refused, `why` then saying for what; COACH_ENOMEM. Free with writer_free.
 */
int writer_new(struct formats *formats, const char *prefix, const uint8_t seed[HASH_SEED], const char *hello,
               struct upstream *upstream, struct writer **ret, struct taken *why);
void writer_free(struct writer *s); /* NULL is fine */

/* Reads one whole message. Returns 0 or COACH_ENOMEM: the rest of the message is then lost. */
int writer_take(struct writer *s, const char *data, size_t len, struct taken *ret);
/* The call that its hello bound, or NULL; whether that has begun and not ended, as far as this writer knows. */
const char *writer_call(const struct writer *s);
bool writer_is_live(const struct writer *s);
/* Ends that call. Returns as above. */
int writer_end(struct writer *s, const char *reason);

#endif
