/* What a vendor's stream must be remembered for: which utterance is open on each channel of each call, who speaks
 * where, when wall-clock times began. Bounded in calls and in bytes: the call that came first is forgotten first. */
#ifndef COACH_WIRE_STREAM_H
#define COACH_WIRE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/table.h"
#include "lib/coach.h"

enum { STREAM_CALLS = 20000, STREAM_SIDES = 16, STREAM_CLOSED = 16, STREAM_MAX_TEXT = 16 * 1024 };
enum { STREAM_MAX_BYTES = 64 * 1024 * 1024 }; /* of all calls; room for STREAM_CALLS with short utterances */

/* One channel, or one role where there are none, of a call. */
struct stream_side {
    char *name;
    coach_role role; /* as the vendor named it, when `named` */
    bool named;
    bool open;                      /* an utterance is: */
    struct buf segment;             /* its id */
    struct buf text;                /* its words so far */
    uint64_t vendor_id;             /* hash of the vendor's id for it; 0: it has none */
    uint64_t closed[STREAM_CLOSED]; /* vendor ids of the last finals, a ring */
    unsigned nclosed;
    coach_role said_as; /* of the last result */
    bool ordered;       /* its results have numbers: */
    double order;       /* the highest so far */
};

struct stream_call {
    struct stream_side *sides[STREAM_SIDES];
    size_t nsides;
    uint64_t utterances; /* ids made up so far */
    bool began;
    int64_t origin_ms; /* wall clock of its 0, once it began */
    size_t bytes;      /* that it was counted with */
};

struct stream {
    struct table calls;       /* call id -> struct stream_call */
    struct stream_call *last; /* asked for: it may have grown since it was counted; NULL: gone */
    size_t bytes;             /* of all calls, as they were counted */
};

/* `seed` as table_init has it: peers choose the ids of calls. */
void stream_init(struct stream *s, const uint8_t *seed);
void stream_clear(struct stream *s);

/* The call, made if it is new; NULL when memory is out. */
struct stream_call *stream_call(struct stream *s, const char *id, size_t len);
void stream_forget(struct stream *s, const char *id, size_t len);
/* The side of that name, made if it is new; NULL when memory is out or the call has STREAM_SIDES (`*full`). */
struct stream_side *stream_side(struct stream_call *c, const char *name, size_t len, bool *full);

/* Whether a final with that vendor id (not 0) was among the last. */
bool stream_was_closed(const struct stream_side *side, uint64_t vendor_id);
/* The open utterance is now known to the vendor by that id (0: none); an earlier one counts as closed. */
void stream_rename(struct stream_side *side, uint64_t vendor_id);
/* The open utterance ends; both its vendor's id and that of its final are remembered. */
void stream_close(struct stream_side *side, uint64_t vendor_id);

#endif
