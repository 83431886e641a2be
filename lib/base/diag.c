#include "lib/base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"

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
    if (diags_full(d))
        return;
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof text)
        text[utf8_whole(text, sizeof text - 1)] = '\0';
    char *message = arena_str(&d->memory, text);
    char *kept_hint = hint == NULL ? NULL : arena_str(&d->memory, hint);
    if (message == NULL || (hint != NULL && kept_hint == NULL) ||
        arena_grow(&d->memory, &d->items, d->count, &d->cap, sizeof *d->items) != COACH_OK) {
        d->out_of_memory = true;
        return;
    }
    d->items[d->count++] = (struct diag){level, code, *at, message, kept_hint};
}

static int by_place(const struct diag *x, const struct diag *y)
{
    const char *xn = x->at.source == NULL ? "" : x->at.source->name;
    const char *yn = y->at.source == NULL ? "" : y->at.source->name;
    int names = strcmp(xn, yn);
    if (names != 0)
        return names;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    return x->at.column < y->at.column ? -1 : x->at.column > y->at.column;
}

void diags_sort(struct diags *d)
{
    for (size_t i = 1; i < d->count; i++) { /* by insertion: stable, mostly in order already, at most 1,000 */
        struct diag item = d->items[i];
        size_t k = i;
        for (; k > 0 && by_place(&d->items[k - 1], &item) > 0; k--)
            d->items[k] = d->items[k - 1];
        d->items[k] = item;
    }
}

bool diags_full(const struct diags *d)
{
    return d->count >= KEPT;
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
    if (s->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3;
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

/* What a terminal would obey, or that would turn or hide the text around it. */
static bool is_unseen(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
           (cp >= 0x2060 && cp <= 0x206f) || cp == 0x061c || cp == 0xfeff;
}

/* Adds `text` with each unseen character as a space and each byte that is not UTF-8 as '?', so that the caret
 * below stays in step. */
static int add_visible(struct buf *out, const char *text, size_t len)
{
    int rc = COACH_OK;
    for (size_t i = 0, n; i < len && rc == COACH_OK; i += n) {
        uint32_t cp = 0;
        n = utf8_first(text + i, len - i, &cp);
        if (n == 0)
            rc = buf_add(out, "?", n = 1);
        else
            rc = is_unseen(cp) ? buf_add(out, " ", 1) : buf_add(out, text + i, n);
    }
    return rc;
}

static int print_caret(const struct diag *d, bool color, struct buf *out)
{
    size_t len;
    const char *line = line_of(d->at.source, d->at.line, &len);
    len = utf8_cut(line, len, LINE_SHOWN);
    int shown = (int)utf8_count(line, len);
    int rc = buf_addf(out, "%6d | ", d->at.line);
    if (rc == COACH_OK)
        rc = add_visible(out, line, len);
    if (rc != COACH_OK || d->at.column > shown + 1)
        return rc == COACH_OK ? buf_adds(out, "\n") : rc;
    rc = buf_addf(out, "\n       | %*s%s^", d->at.column - 1, "", color ? "\033[32m" : "");
    for (int i = 1; i < d->at.width && d->at.column + i <= shown && rc == COACH_OK; i++)
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
