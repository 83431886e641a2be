#include "lib/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_clear(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

int buf_reserve(struct buf *b, size_t more)
{
    if (more > SIZE_MAX / 2 - b->len || (b->max != 0 && more > b->max - b->len))
        return COACH_ELIMIT;
    size_t want = b->len + more + 1;
    if (want <= b->cap)
        return COACH_OK;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < want)
        cap *= 2;
    if (b->max != 0 && cap > b->max)
        cap = b->max + 1; /* what is over could never be used */
    char *data = realloc(b->data, cap);
    if (data == NULL)
        return COACH_ENOMEM;
    if (b->data == NULL)
        data[0] = '\0';
    b->data = data;
    b->cap = cap;
    return COACH_OK;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    int rc = buf_reserve(b, len);
    if (rc != COACH_OK)
        return rc;
    if (len != 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return COACH_OK;
}

int buf_adds(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return COACH_EINVAL;
    int rc = buf_reserve(b, (size_t)n);
    if (rc != COACH_OK)
        return rc;
    va_start(ap, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return COACH_OK;
}

void buf_drop(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
    b->data[b->len] = '\0';
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    if (b->data != NULL)
        b->data[0] = '\0';
}
