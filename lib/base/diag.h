/* Problems found in files that people wrote: each with its place, what is wrong and what to type instead.
 * A reader adds all it finds and goes on, so that one run shows them all. */
#ifndef COACH_BASE_DIAG_H
#define COACH_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"

/* A file in memory; `name` is what messages call it. Outlives every mark into it. */
struct source {
    const char *name;
    const char *text;
    size_t len;
};

/* A place in a source: line and column count from 1, the column and the width in characters. A line of
 * 0 means the file as a whole. */
struct mark {
    const struct source *source;
    int line;
    int column;
    int width;
};

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag {
    enum diag_level level;
    const char *code; /* stable, lower-case words joined by '-' */
    struct mark at;
    const char *message;
    const char *hint; /* NULL where the message says it all */
};

struct diags {
    struct arena memory; /* holds the texts */
    struct diag *items;
    size_t count;
    size_t cap;
    size_t levels[3];   /* how many of each level */
    bool out_of_memory; /* a problem could not be kept; the file must not be used */
};

void diags_init(struct diags *d);
void diags_clear(struct diags *d);

/* Adds one problem; `hint` is copied and may be NULL. Problems past 1,000 are counted and not kept. */
void diags_add(struct diags *d, enum diag_level level, const char *code, const struct mark *at, const char *hint,
               const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Orders them by the file's name, line and column; those of one place stay in the order they came. */
void diags_sort(struct diags *d);

/* Whether the next problem would only be counted: no need to look for its place. */
bool diags_full(const struct diags *d);

/* No error, and every problem could be kept. */
bool diags_clean(const struct diags *d);

const char *diag_level_name(enum diag_level level);

/* Adds the text that people read: place, message, the line of the file, a caret under it, the hint.
 * `color` adds terminal colours. Returns 0 or an error of buf_add. */
int diag_print(const struct diag *d, bool color, struct buf *out);

/* Of `n` known words, the one that `word` was most likely meant to be, or NULL. */
const char *diag_nearest(const char *word, const char *const *known, size_t n);

#endif
