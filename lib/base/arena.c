#include "lib/base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

enum { BLOCK = 16 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

void arena_clear(struct arena *a)
{
    while (a->head != NULL) {
        struct arena_block *b = a->head;
        a->head = b->next;
        free(b);
    }
    arena_init(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + align - 1) / align * align;
    if (a->head == NULL || a->head->size - a->used < size) {
        size_t want = size > BLOCK ? size : BLOCK;
        struct arena_block *b = malloc(sizeof *b + want);
        if (b == NULL)
            return NULL;
        b->next = a->head;
        b->size = want;
        a->head = b;
        a->used = 0;
        a->total += sizeof *b + want;
    }
    void *p = a->head->data + a->used;
    a->used += size;
    memset(p, 0, size);
    return p;
}

char *arena_strn(struct arena *a, const char *text, size_t len)
{
    char *s = arena_alloc(a, len + 1);
    if (s != NULL && len != 0)
        memcpy(s, text, len);
    return s;
}

char *arena_str(struct arena *a, const char *text)
{
    return arena_strn(a, text, strlen(text));
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (s == NULL)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}

int arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return COACH_OK;
    size_t more = *cap == 0 ? 4 : *cap * 2;
    void *grown = arena_alloc(a, more * size);
    if (grown == NULL)
        return COACH_ENOMEM;
    void *old;
    memcpy(&old, items, sizeof old); /* `items` points at a pointer of any type */
    if (count != 0)
        memcpy(grown, old, count * size);
    memcpy(items, &grown, sizeof grown);
    *cap = more;
    return COACH_OK;
}
