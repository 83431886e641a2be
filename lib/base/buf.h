/* Growable bytes with a cap. The data is always followed by a NUL that `len` does not count. */
#ifndef COACH_BASE_BUF_H
#define COACH_BASE_BUF_H

#include <stddef.h>

struct buf {
    char *data; /* NULL until the first byte */
    size_t len;
    size_t cap;
    size_t max; /* bytes it may hold; 0 for no limit */
};

void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b); /* frees the memory; the cap stays and the buffer may be used again */

/* Each returns 0, COACH_ENOMEM, or COACH_ELIMIT where the cap would be passed; on error nothing changed. */
int buf_reserve(struct buf *b, size_t more);
int buf_add(struct buf *b, const void *data, size_t len);
int buf_adds(struct buf *b, const char *text);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Removes the first `n` bytes. */
void buf_drop(struct buf *b, size_t n);
/* Empties it and keeps the memory. */
void buf_reset(struct buf *b);

#endif
