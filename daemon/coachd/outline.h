/* One line on its way to agents: made once, shared by the queues and the ring that hold it. */
#ifndef COACH_COACHD_OUTLINE_H
#define COACH_COACHD_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire/nudge.h"

struct outline {
    unsigned refs;
    bool is_nudge;
    bool withdraws;      /* the nudge of this id, which it took the place of */
    bool seen;           /* the agent's client said so */
    int rank;            /* of a nudge: lower matters more */
    int64_t deadline_ms; /* on the loop's clock: of no use after it; INT64_MAX for never */
    char nudge_id[NUDGE_ID + 1];
    const char *agent_id; /* who alone may get it; NULL where no agent is bound yet */
    const char *call_id;  /* or NULL */
    const char *text;     /* with its newline */
    size_t len;
};

/* A line with one reference and copies of all texts, or NULL when memory is out. `agent_id` and `call_id` may be
 * NULL. */
struct outline *outline_new(const char *agent_id, const char *call_id, const char *text, size_t len);
struct outline *outline_ref(struct outline *o);
void outline_unref(struct outline *o); /* NULL is fine */

/* A bounded queue of lines, oldest first. */
enum { OUTQUEUE_LINES = 64, OUTQUEUE_BYTES = 64 * 1024 };
struct outqueue {
    struct outline *items[OUTQUEUE_LINES];
    size_t count;
    size_t bytes;
};

/* What adding a line to a full queue had to give up. */
struct outqueue_loss {
    unsigned expired;
    unsigned overflowed;
};

void outqueue_clear(struct outqueue *q);
/* Adds a reference to `o`. Where there is no room nudges make way: first those past their deadline, then, for a
 * nudge at least as important, the least important and oldest. Returns false when there is still no room; the
 * line is then not in the queue. `*loss` is added to. */
bool outqueue_add(struct outqueue *q, struct outline *o, int64_t now_ms, struct outqueue_loss *loss);
/* Takes the oldest line out; the reference is the caller's. NULL when empty. Nudges past their deadline are
 * dropped on the way and counted in `*loss`. */
struct outline *outqueue_take(struct outqueue *q, int64_t now_ms, struct outqueue_loss *loss);
/* Drops a nudge that is still in the queue. Returns whether it was. */
bool outqueue_withdraw(struct outqueue *q, const char *nudge_id);
/* Drops the nudges of a call. Returns how many. */
unsigned outqueue_forget_call(struct outqueue *q, const char *call_id);

#endif
