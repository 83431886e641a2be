/* The tokenizer: live text, phrases and examples all become the same normalised words, each knowing the
 * bytes of the original it came from, so that a nudge can quote what was really said. */
#ifndef COACH_TEXT_WORDS_H
#define COACH_TEXT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/text/language.h"

enum {
    WORDS_MAX_TEXT = 8 * 1024, /* bytes of a text that are read; the rest is left out and said so */
    WORDS_PAD = 16             /* zero bytes after the line: PCRE2's JIT may read past a tight subject */
};

/* A word that stands for something masked or redacted ("****", "[NAME]"): no phrase word equals it. */
#define WORDS_MASK "#"

struct word {
    uint32_t at;   /* byte of the line where it begins */
    uint32_t len;  /* bytes in the line, without the space that follows */
    uint32_t from; /* half open range of bytes in the original text */
    uint32_t to;
};

/* Lives as long as its owner wants and is used for one text after another; nothing is allocated once it
 * has grown to the longest text. */
struct words {
    struct buf line; /* " w1 w2 w3 ", or "" where the text holds no word; WORDS_PAD zero bytes follow */
    struct word *items;
    size_t count;
    size_t cap;
    bool truncated; /* the text was longer than WORDS_MAX_TEXT */
};

void words_init(struct words *w);
void words_clear(struct words *w);

/* Reads `text`, which must be valid UTF-8, replacing what `w` held. Returns 0 or COACH_ENOMEM, `w` then empty. */
int words_read(struct words *w, const struct language *lang, const char *text, size_t len);

/* Index of the word at or after byte `at` of the line; `count` when there is none. */
size_t words_at(const struct words *w, size_t at);

#endif
