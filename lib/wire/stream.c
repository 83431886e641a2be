#include "lib/wire/stream.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

void stream_init(struct stream *s, const uint8_t *seed)
{
    *s = (struct stream){0};
    table_init(&s->calls, seed);
}

static void free_call(struct stream_call *c)
{
    for (size_t i = 0; c != NULL && i < c->nsides; i++) {
        buf_clear(&c->sides[i]->segment);
        buf_clear(&c->sides[i]->text);
        free(c->sides[i]->name);
        free(c->sides[i]);
    }
    free(c);
}

void stream_clear(struct stream *s)
{
    for (const struct table_entry *at = table_next(&s->calls, NULL); at != NULL; at = table_next(&s->calls, at))
        free_call(table_value(at));
    table_clear(&s->calls);
}

void stream_forget(struct stream *s, const char *id, size_t len)
{
    struct stream_call *c = table_remove(&s->calls, id, len);
    if (c == NULL)
        return;
    s->bytes -= c->bytes;
    if (s->last == c)
        s->last = NULL;
    free_call(c);
}

static size_t size_of(const struct stream_call *c)
{
    size_t bytes = sizeof *c;
    for (size_t i = 0; i < c->nsides; i++) {
        const struct stream_side *side = c->sides[i];
        bytes += sizeof *side + strlen(side->name) + 1 + side->segment.cap + side->text.cap;
    }
    return bytes;
}

static void count_last(struct stream *s)
{
    if (s->last == NULL)
        return;
    size_t bytes = size_of(s->last);
    s->bytes += bytes - s->last->bytes;
    s->last->bytes = bytes;
}

/* Forgets the oldest calls but `kept`, until there is room for one more. */
static void make_room(struct stream *s, const struct stream_call *kept)
{
    const struct table_entry *at = table_next(&s->calls, NULL), *next;
    for (; at != NULL && (table_count(&s->calls) > STREAM_CALLS || s->bytes > STREAM_MAX_BYTES); at = next) {
        size_t len;
        const char *id = table_key(at, &len);
        next = table_next(&s->calls, at);
        if (table_value(at) != kept)
            stream_forget(s, id, len);
    }
}

struct stream_call *stream_call(struct stream *s, const char *id, size_t len)
{
    struct stream_call *c = table_get(&s->calls, id, len);
    if (c != NULL && c == s->last)
        return c;
    count_last(s);
    if (c == NULL) {
        c = calloc(1, sizeof *c);
        if (c == NULL || table_set(&s->calls, id, len, c) != COACH_OK) {
            free(c);
            return NULL;
        }
    }
    s->last = c;
    make_room(s, c);
    return c;
}

struct stream_side *stream_side(struct stream_call *c, const char *name, size_t len, bool *full)
{
    *full = false;
    for (size_t i = 0; i < c->nsides; i++)
        if (strlen(c->sides[i]->name) == len && memcmp(c->sides[i]->name, name, len) == 0)
            return c->sides[i];
    *full = c->nsides == STREAM_SIDES;
    struct stream_side *side = *full ? NULL : calloc(1, sizeof *side);
    if (side == NULL || (side->name = strndup(name, len)) == NULL) {
        free(side);
        return NULL;
    }
    buf_init(&side->segment, 0);
    buf_init(&side->text, STREAM_MAX_TEXT);
    c->sides[c->nsides++] = side;
    return side;
}

bool stream_was_closed(const struct stream_side *side, uint64_t vendor_id)
{
    for (unsigned i = 0; i < STREAM_CLOSED && i < side->nclosed; i++)
        if (side->closed[i] == vendor_id)
            return true;
    return false;
}

static void remember(struct stream_side *side, uint64_t vendor_id)
{
    if (vendor_id != 0 && !stream_was_closed(side, vendor_id))
        side->closed[side->nclosed++ % STREAM_CLOSED] = vendor_id;
}

void stream_rename(struct stream_side *side, uint64_t vendor_id)
{
    if (side->vendor_id != vendor_id)
        remember(side, side->vendor_id);
    side->vendor_id = vendor_id;
}

void stream_close(struct stream_side *side, uint64_t vendor_id)
{
    remember(side, side->open ? side->vendor_id : 0);
    remember(side, vendor_id);
    side->open = false;
    side->vendor_id = 0;
    buf_reset(&side->text);
}
