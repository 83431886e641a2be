/* Memory that is given out piece by piece and freed all at once. */
#ifndef COACH_BASE_ARENA_H
#define COACH_BASE_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *head;
    size_t used;  /* of the head block */
    size_t total; /* bytes asked of the system, for limits and figures */
};

void arena_init(struct arena *a);
void arena_clear(struct arena *a); /* frees everything given out */

/* Zeroed memory aligned for any type, or NULL when memory is out. Lives until arena_clear. */
void *arena_alloc(struct arena *a, size_t size);
/* A NUL-terminated copy of `len` bytes, or NULL. */
char *arena_strn(struct arena *a, const char *text, size_t len);
char *arena_str(struct arena *a, const char *text);
/* The formatted text, or NULL. */
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Grows the arena array `*items` of `*cap` elements of `size` bytes so that it holds `count + 1`;
 * the old block stays in the arena. Returns 0 or COACH_ENOMEM. */
int arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size);

#endif
