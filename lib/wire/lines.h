/* Bytes to lines. A line that came whole is handed out in place; only a cut one is copied. A line over the
 * limit is passed over up to its newline, in constant memory, and reported once. */
#ifndef COACH_WIRE_LINES_H
#define COACH_WIRE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct lines {
    struct buf part; /* a line whose newline has not come */
    size_t max;      /* bytes of a line, without its newline */
    uint64_t number; /* lines handed out so far: inside the callback that of the current line, from 1 */
    bool skipping;
};

/* `line` is NULL for a line that was too long. Returns 0, or anything else to stop. */
typedef int (*lines_fn)(void *user, const char *line, size_t len);

void lines_init(struct lines *l, size_t max);
void lines_clear(struct lines *l);
/* Hands out each line that ends in `data`. Returns 0, COACH_ENOMEM, or what the callback returned; what was
 * not handed out by then is lost. */
int lines_feed(struct lines *l, const char *data, size_t len, lines_fn fn, void *user);
/* At the end of the stream: the last line, if its newline is missing. */
int lines_end(struct lines *l, lines_fn fn, void *user);

#endif
