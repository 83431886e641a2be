#include "lib/base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

enum { KEPT = 1000, LINE_SHOWN = 160 };

void diags_init(struct diags *d)
{
    *d = (struct diags){0};
    arena_init(&d->memory);
}

void diags_clear(struct diags *d)
{
    arena_clear(&d->memory);
    diags_init(d);
}

void diags_add(struct diags *d, enum diag_level level, const char *code, const struct mark *at, const char *hint,
               const char *fmt, ...)
{
    d->levels[level]++;
    if (d->count >= KEPT)
        return;
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *message = arena_str(&d->memory, text);
    char *kept_hint = hint == NULL ? NULL : arena_str(&d->memory, hint);
    if (message == NULL || (hint != NULL && kept_hint == NULL) ||
        arena_grow(&d->memory, &d->items, d->count, &d->cap, sizeof *d->items) != COACH_OK) {
        d->out_of_memory = true;
        return;
    }
    d->items[d->count++] = (struct diag){level, code, *at, message, kept_hint};
}

static int by_place(const void *a, const void *b)
{
    const struct diag *x = a, *y = b;
    const char *xn = x->at.source == NULL ? "" : x->at.source->name;
    const char *yn = y->at.source == NULL ? "" : y->at.source->name;
    int names = strcmp(xn, yn);
    if (names != 0)
        return names;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.column != y->at.column)
        return x->at.column < y->at.column ? -1 : 1;
    return x->message < y->message ? -1 : x->message > y->message;
}

void diags_sort(struct diags *d)
{
    if (d->count > 1)
        qsort(d->items, d->count, sizeof *d->items, by_place);
}

bool diags_clean(const struct diags *d)
{
    return d->levels[DIAG_ERROR] == 0 && !d->out_of_memory;
}

const char *diag_level_name(enum diag_level level)
{
    static const char *const names[] = {"error", "warning", "note"};
    return names[level];
}

/* The line `number` of a source, without its end. */
static const char *line_of(const struct source *s, int number, size_t *len)
{
    const char *p = s->text, *end = s->text + s->len;
    for (int n = 1; n < number && p < end; n++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        p = nl == NULL ? end : nl + 1;
    }
    const char *nl = p == end ? NULL : memchr(p, '\n', (size_t)(end - p));
    *len = (size_t)((nl == NULL ? end : nl) - p);
    if (*len > 0 && p[*len - 1] == '\r')
        (*len)--;
    return p;
}

/* Adds `n` characters from `text`, control characters as spaces, so that the caret below stays in step. */
static int add_visible(struct buf *out, const char *text, size_t len)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < len && rc == COACH_OK; i++) {
        unsigned char c = (unsigned char)text[i];
        rc = buf_add(out, c < 0x20 || c == 0x7f ? " " : text + i, 1);
    }
    return rc;
}

static int print_caret(const struct diag *d, bool color, struct buf *out)
{
    size_t len;
    const char *line = line_of(d->at.source, d->at.line, &len);
    if (len > LINE_SHOWN)
        len = LINE_SHOWN;
    while (len > 0 && len == LINE_SHOWN && ((unsigned char)line[len] & 0xc0) == 0x80)
        len--;
    int rc = buf_addf(out, "%6d | ", d->at.line);
    if (rc == COACH_OK)
        rc = add_visible(out, line, len);
    if (rc != COACH_OK || d->at.column > LINE_SHOWN)
        return rc == COACH_OK ? buf_adds(out, "\n") : rc;
    rc = buf_addf(out, "\n       | %*s%s^", d->at.column - 1, "", color ? "\033[32m" : "");
    for (int i = 1; i < d->at.width && d->at.column + i <= LINE_SHOWN && rc == COACH_OK; i++)
        rc = buf_adds(out, "~");
    return rc == COACH_OK ? buf_addf(out, "%s\n", color ? "\033[0m" : "") : rc;
}

int diag_print(const struct diag *d, bool color, struct buf *out)
{
    static const char *const paint[] = {"\033[1;31m", "\033[1;33m", "\033[1;36m"};
    int rc = COACH_OK;
    if (d->at.source != NULL)
        rc = d->at.line > 0 ? buf_addf(out, "%s:%d:%d: ", d->at.source->name, d->at.line, d->at.column)
                            : buf_addf(out, "%s: ", d->at.source->name);
    if (rc == COACH_OK)
        rc = buf_addf(out, "%s%s:%s %s [%s]\n", color ? paint[d->level] : "", diag_level_name(d->level),
                      color ? "\033[0m" : "", d->message, d->code);
    if (rc == COACH_OK && d->at.source != NULL && d->at.line > 0)
        rc = print_caret(d, color, out);
    if (rc == COACH_OK && d->hint != NULL)
        rc = buf_addf(out, "       = %s\n", d->hint);
    return rc;
}

/* Levenshtein with swaps of neighbours, of words up to 63 bytes; longer ones are never near. */
static size_t distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    size_t la = strlen(a), lb = strlen(b);
    if (la >= MOST || lb >= MOST)
        return MOST;
    size_t rows[3][MOST];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= lb; j++)
        above[j] = j;
    for (size_t i = 1; i <= la; i++) {
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[lb];
}

const char *diag_nearest(const char *word, const char *const *known, size_t n)
{
    size_t len = strlen(word);
    size_t best = len <= 3 ? 2 : len <= 6 ? 3 : 4; /* one slip in a short word, three in a long one */
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, known[i]);
        if (d < best) {
            best = d;
            found = known[i];
        }
    }
    return found;
}
