/* Lines to messages, where a message may run over several lines. */
#ifndef COACH_WIRE_FRAMES_H
#define COACH_WIRE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/wire/mapping.h"

enum frame_problem { FRAME_WHOLE, FRAME_BROKEN, FRAME_TOO_LONG, FRAME_UNFINISHED };

struct frames {
    struct buf part; /* a message whose end has not come */
    size_t max;      /* bytes of a message */
    size_t depth;    /* of brackets, in JSON that has begun */
    bool in_string, escaped;
    uint64_t lists;   /* which of the open brackets are lists, the innermost in the lowest bit */
    bool lost;        /* what came last was broken: until a value begins nothing is told again */
    char last;        /* the last character that is no blank, outside strings */
    bool in_body;     /* of headers */
    size_t body_left; /* bytes of it to come; 0: it is one JSON value */
};

/* `text` is NULL when there is a problem; else it lives until the callback returns. Returns 0, or anything else to
 * stop. */
typedef int (*frames_fn)(void *user, enum frame_problem problem, const char *text, size_t len);

void frames_init(struct frames *f, size_t max);
void frames_clear(struct frames *f);

/* Takes one line, without its newline; `framing` is FRAMING_VALUES or FRAMING_HEADERS. What cannot be part of a message
 * is a problem, and the next line begins anew. Returns 0, COACH_ENOMEM, or what the callback returned. */
int frames_line(struct frames *f, enum framing framing, const char *line, size_t len, frames_fn fn, void *user);
/* No more comes: what was begun is a problem. */
int frames_end(struct frames *f, frames_fn fn, void *user);

#endif
