/* What the fuzz targets share. Each tests/fuzz/fuzz_NAME.c holds one LLVMFuzzerTestOneInput and no main: driver.c is
 * main for the ordinary tests, libFuzzer for tests/fuzz/run. A target aborts where something does not hold. */
#ifndef COACH_TESTS_FUZZ_H
#define COACH_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/text/language.h"
#include "lib/text/words.h"

#define FUZZ __attribute__((unused)) static

#define HOLDS(what)                                                                                                    \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of the bytes up to the first that is not UTF-8 or is NUL, as a text of its own that ends in NUL: a byte read
 * past it is seen by the sanitizer. To be freed. */
FUZZ char *fuzz_text(const void *data, size_t size, size_t *len)
{
    size_t n = size == 0 ? 0 : utf8_valid(data, size);
    const void *nul = n == 0 ? NULL : memchr(data, 0, n);
    if (nul != NULL)
        n = (size_t)((const char *)nul - (const char *)data);
    char *text = malloc(n + 1);
    HOLDS(text != NULL);
    if (n > 0)
        memcpy(text, data, n);
    text[n] = '\0';
    *len = n;
    return text;
}

/* An exact copy of the bytes, without a NUL. To be freed. */
FUZZ char *fuzz_bytes(const void *data, size_t size)
{
    char *bytes = malloc(size == 0 ? 1 : size);
    HOLDS(bytes != NULL);
    if (size > 0)
        memcpy(bytes, data, size);
    return bytes;
}

/* The language tables of the rule targets: small, for they are read on every run. */
static const char fuzz_language[] =
    "format: 1\nlanguage: en\ncontractions:\n  cant: can not\n  can't: can not\n  gonna: going to\n"
    "endings:\n  n't: not\n  re: are\nloose:\n  s: is has us\n  d: would had\nsymbols:\n  '&': and\n"
    "sounds:\n  - music\n  - noise\nfillers:\n  - um\n  - you know\nnumbers:\n  - one\n  - two\n"
    "back_channels:\n  - okay\nirregular:\n  go: goes went gone\nforms:\n  y: ies ied\n  other: s ed ing\n"
    "common:\n  - you\n  - the\n  - is\n";

/* What every line of words keeps: one space around each word, places inside the text and never backwards. */
FUZZ void fuzz_check_words(const struct words *w, const char *text, size_t len)
{
    size_t at = 1, from = 0, to = 0;
    HOLDS((w->count == 0) == (w->line.len == 0));
    HOLDS(w->count == 0 || w->line.data[0] == ' ');
    HOLDS(utf8_valid(w->line.data == NULL ? "" : w->line.data, w->line.len) == w->line.len);
    for (size_t i = 0; i < w->count; i++) {
        const struct word *one = &w->items[i];
        HOLDS(one->at == at && one->len > 0 && at + one->len < w->line.len);
        HOLDS(memchr(w->line.data + at, ' ', one->len) == NULL);
        HOLDS(memchr(w->line.data + at, '\0', one->len) == NULL);
        for (size_t k = 0; k < one->len; k++)
            HOLDS(w->line.data[at + k] < 'A' || w->line.data[at + k] > 'Z');
        HOLDS(w->line.data[at + one->len] == ' ');
        HOLDS(words_at(w, at) == i && words_at(w, at + 1) == i + 1);
        HOLDS(one->from < one->to && one->to <= len);
        HOLDS(one->from >= from && one->to >= to); /* not apart: "can't" and one half are two words of one place */
        HOLDS(utf8_valid(text + one->from, one->to - one->from) == one->to - one->from);
        from = one->from;
        to = one->to;
        at += one->len + 1;
    }
    HOLDS(w->count == 0 || at == w->line.len);
    for (size_t i = 0; w->line.data != NULL && i < WORDS_PAD; i++)
        HOLDS(w->line.data[w->line.len + i] == '\0');
}

/* What every list of problems keeps: a place inside its file, and a text that can be printed. */
FUZZ void fuzz_check_problems(const struct diags *problems)
{
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < problems->count; i++) {
        const struct diag *d = &problems->items[i];
        HOLDS(d->code != NULL && d->code[0] != '\0' && d->message != NULL && d->message[0] != '\0');
        HOLDS(d->at.line >= 0 && d->at.column >= 0 && d->at.width >= 0);
        HOLDS(utf8_valid(d->message, strlen(d->message)) == strlen(d->message));
        HOLDS(d->hint == NULL || utf8_valid(d->hint, strlen(d->hint)) == strlen(d->hint));
        if (d->at.line > 0) {
            HOLDS(d->at.source != NULL && d->at.column > 0);
            size_t lines = 1;
            for (size_t k = 0; k < d->at.source->len; k++)
                lines += d->at.source->text[k] == '\n';
            HOLDS((size_t)d->at.line <= lines);
        }
        buf_reset(&out);
        HOLDS(diag_print(d, i % 2 == 0, &out) == COACH_OK);
        HOLDS(out.len > 0);
    }
    buf_clear(&out);
}

#endif
