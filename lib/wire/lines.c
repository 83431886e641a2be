#include "lib/wire/lines.h"

#include <string.h>

#include "lib/base/error.h"

void lines_init(struct lines *l, size_t max)
{
    *l = (struct lines){.max = max};
    buf_init(&l->part, max);
}

void lines_clear(struct lines *l)
{
    buf_clear(&l->part);
    l->skipping = false;
}

static int hand_out(struct lines *l, const char *line, size_t len, lines_fn fn, void *user)
{
    l->number++;
    return fn(user, line, len);
}

/* A line over the limit: reported where it begins to be too long, the rest passed over. */
static int too_long(struct lines *l, bool ended, lines_fn fn, void *user)
{
    buf_clear(&l->part);
    l->skipping = !ended;
    return hand_out(l, NULL, 0, fn, user);
}

static int keep_part(struct lines *l, const char *data, size_t len, lines_fn fn, void *user)
{
    if (l->skipping)
        return COACH_OK;
    int rc = buf_add(&l->part, data, len);
    if (rc == COACH_ELIMIT)
        return too_long(l, false, fn, user);
    if (rc != COACH_OK) { /* pass over the rest of the line, so that no part of it is taken for another */
        buf_clear(&l->part);
        l->skipping = true;
    }
    return rc;
}

static int end_line(struct lines *l, const char *data, size_t len, lines_fn fn, void *user)
{
    if (l->skipping) {
        l->skipping = false;
        return COACH_OK;
    }
    if (l->part.len == 0)
        return len > l->max ? too_long(l, true, fn, user) : hand_out(l, data, len, fn, user);
    int rc = buf_add(&l->part, data, len);
    if (rc == COACH_ELIMIT)
        return too_long(l, true, fn, user);
    if (rc == COACH_OK)
        rc = hand_out(l, l->part.data, l->part.len, fn, user);
    buf_reset(&l->part);
    return rc;
}

int lines_feed(struct lines *l, const char *data, size_t len, lines_fn fn, void *user)
{
    const char *end = data + len;
    while (data < end) {
        const char *nl = memchr(data, '\n', (size_t)(end - data));
        int rc = nl == NULL ? keep_part(l, data, (size_t)(end - data), fn, user)
                            : end_line(l, data, (size_t)(nl - data), fn, user);
        if (rc != COACH_OK || nl == NULL)
            return rc;
        data = nl + 1;
    }
    return COACH_OK;
}

int lines_end(struct lines *l, lines_fn fn, void *user)
{
    int rc = l->part.len > 0 ? hand_out(l, l->part.data, l->part.len, fn, user) : COACH_OK;
    lines_clear(l);
    return rc;
}
