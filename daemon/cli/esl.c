#include "daemon/cli/esl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/error.h"

/* Past the blank line that ends the head; NULL when it has not come. */
static const char *end_of_head(const struct buf *in)
{
    for (const char *p = in->data, *end = in->data + in->len; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (newline == NULL)
            return NULL;
        if (newline == p || (newline == p + 1 && *p == '\r'))
            return newline + 1;
        p = newline + 1;
    }
    return NULL;
}

/* Where the value of a header begins, or NULL. */
static const char *header(const char *head, const char *end, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = head; p < end;) {
        if ((size_t)(end - p) > n && strncasecmp(p, name, n) == 0 && p[n] == ':') {
            p += n + 1;
            return p + strspn(p, " \t");
        }
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        p = newline == NULL ? end : newline + 1;
    }
    return NULL;
}

static bool is(const char *value, const char *expected)
{
    return value != NULL && strncasecmp(value, expected, strlen(expected)) == 0;
}

static enum esl_kind kind_of(const char *type)
{
    return is(type, "auth/request")                                         ? ESL_ASKS_PASSWORD
           : is(type, "command/reply")                                      ? ESL_REPLY
           : is(type, "text/event-")                                        ? ESL_EVENT
           : is(type, "text/disconnect") || is(type, "text/rude-rejection") ? ESL_GOODBYE
                                                                            : ESL_OTHER;
}

/* Drops blank lines between blocks, and what is left of a body that is passed over. */
static void drop_lead(struct esl *e, struct buf *in)
{
    size_t n = e->skip < in->len ? e->skip : in->len;
    e->skip -= n;
    while (e->skip == 0 && n < in->len && (in->data[n] == '\n' || in->data[n] == '\r'))
        n++;
    buf_drop(in, n);
}

/* Hands out the block at the beginning of `in`, if it is whole; `*used` are its bytes. */
static int take_block(struct esl *e, const struct buf *in, size_t *used, esl_fn fn, void *user)
{
    const char *body = end_of_head(in);
    *used = 0;
    if (body == NULL)
        return in->len > ESL_MOST_HEAD ? COACH_ESYNTAX : COACH_OK;
    const char *length = header(in->data, body, "Content-Length"), *reply = header(in->data, body, "Reply-Text");
    const char *type = header(in->data, body, "Content-Type");
    if (type == NULL)
        return COACH_ESYNTAX;
    unsigned long len = length == NULL ? 0 : strtoul(length, NULL, 10);
    size_t head = (size_t)(body - in->data), here = in->len - head;
    struct esl_block block = {.kind = kind_of(type), .accepted = is(reply, "+OK"), .body = body, .len = len};
    if (len > ESL_MOST_BODY) {
        block.too_long = true;
        block.body = NULL;
        block.len = 0;
        e->skip = len - (len < here ? len : here);
        *used = head + (len < here ? len : here);
    } else if (here < len) {
        return COACH_OK;
    } else {
        *used = head + len;
    }
    return fn(user, &block);
}

int esl_take(struct esl *e, struct buf *in, esl_fn fn, void *user)
{
    int rc = COACH_OK;
    for (size_t used = 1; rc == COACH_OK && used > 0;) {
        drop_lead(e, in);
        if (in->len == 0)
            break;
        rc = take_block(e, in, &used, fn, user);
        buf_drop(in, used);
    }
    return rc;
}
