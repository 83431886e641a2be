#include "lib/text/words.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"

enum {
    TOKEN_MAX = 128, /* bytes of one word; the rest of a longer one is left out */
    ASIDE_MAX = 48   /* bytes between the brackets of an aside */
};

/* What the reading of one text shares. */
struct reading {
    struct words *w;
    const struct language *lang;
    const char *text;
    size_t len;
    char token[TOKEN_MAX]; /* the word being read, folded */
    size_t token_len;
    size_t from, to;  /* its bytes in the text; empty token: no meaning */
    size_t to_before; /* `to` before an apostrophe at its end */
    bool full;
    int rc;
};

void words_init(struct words *w)
{
    *w = (struct words){0};
    buf_init(&w->line, 0);
}

void words_clear(struct words *w)
{
    buf_clear(&w->line);
    free(w->items);
    words_init(w);
}

static void add_word(struct reading *r, const char *word, size_t len)
{
    struct words *w = r->w;
    if (r->rc != COACH_OK || len == 0)
        return;
    if (w->count == w->cap) {
        size_t cap = w->cap == 0 ? 64 : w->cap * 2;
        struct word *items = realloc(w->items, cap * sizeof *items);
        if (items == NULL) {
            r->rc = COACH_ENOMEM;
            return;
        }
        w->items = items;
        w->cap = cap;
    }
    r->rc = buf_reserve(&w->line, len + 2 + WORDS_PAD);
    if (r->rc != COACH_OK)
        return;
    if (w->line.len == 0)
        w->line.data[w->line.len++] = ' ';
    w->items[w->count++] = (struct word){(uint32_t)w->line.len, (uint32_t)len, (uint32_t)r->from, (uint32_t)r->to};
    memcpy(w->line.data + w->line.len, word, len);
    w->line.len += len;
    w->line.data[w->line.len++] = ' ';
}

/* Adds words joined by single spaces. */
static void add_words(struct reading *r, const char *words)
{
    for (;;) {
        size_t n = strcspn(words, " ");
        add_word(r, words, n);
        if (words[n] == '\0')
            return;
        words += n + 1;
    }
}

/* Adds a token that holds an apostrophe: "you're" is you, are; "that's" is that, 's. */
static void add_contracted(struct reading *r, const char *token, size_t len, int depth)
{
    const char *words = table_get(&r->lang->contractions, token, len);
    if (words != NULL) {
        add_words(r, words);
        return;
    }
    const char *apostrophe = memrchr(token, '\'', len);
    if (apostrophe == NULL) {
        add_word(r, token, len);
        return;
    }
    const char *end = token + len;
    size_t ending = (size_t)(end - apostrophe) - 1;
    const char *whole = NULL;
    bool deep = depth == 3;                                       /* nobody says that; what is left becomes one word */
    if (!deep && apostrophe > token + 1 && apostrophe[-1] == 'n') /* "n't": the n belongs to the ending */
        whole = table_get(&r->lang->endings, apostrophe - 1, ending + 2);
    if (whole != NULL) {
        add_contracted(r, token, (size_t)(apostrophe - 1 - token), depth + 1);
        add_words(r, whole);
        return;
    }
    if (!deep)
        whole = table_get(&r->lang->endings, apostrophe + 1, ending);
    if (whole != NULL || (!deep && table_get(&r->lang->loose, apostrophe, ending + 1) != NULL)) {
        add_contracted(r, token, (size_t)(apostrophe - token), depth + 1);
        if (whole != NULL)
            add_words(r, whole);
        else
            add_word(r, apostrophe, ending + 1);
        return;
    }
    char joined[TOKEN_MAX]; /* o'clock: not a contraction that anyone knows */
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if (token[i] != '\'')
            joined[n++] = token[i];
    add_word(r, joined, n);
}

static void end_token(struct reading *r)
{
    size_t len = r->token_len;
    if (len == 0)
        return;
    if (r->token[len - 1] == '\'') { /* held back in case a letter followed */
        len--;
        r->to = r->to_before;
    }
    add_contracted(r, r->token, len, 0);
    r->token_len = 0;
}

static void grow_token(struct reading *r, const char *bytes, size_t n, size_t from, size_t to)
{
    if (r->token_len == 0) {
        r->from = from;
        r->full = false;
    }
    r->full = r->full || r->token_len + n > TOKEN_MAX; /* no later, narrower character may fill the gap */
    if (!r->full) {
        memcpy(r->token + r->token_len, bytes, n);
        r->token_len += n;
    }
    r->to = to;
}

static void add_mask(struct reading *r, size_t from, size_t to)
{
    r->token_len = 0;
    r->from = from;
    r->to = to;
    add_word(r, WORDS_MASK, 1);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z');
}

/* Whether a word between brackets names a sound: "[noise]", "(soft music)". */
static bool names_sound(const struct reading *r, const char *p, size_t len)
{
    char word[ASIDE_MAX];
    size_t n = 0;
    for (size_t i = 0; i <= len; i++) {
        char c = i < len ? p[i] : ' ';
        c = is_upper(c) ? (char)(c | 0x20) : c;
        if ((c >= 'a' && c <= 'z') || c == '_') {
            word[n++] = c;
        } else {
            if (n > 0 && table_get(&r->lang->sounds, word, n) != NULL)
                return true;
            n = 0;
        }
    }
    return false;
}

/* "[NAME]", "[PERSON_NAME]", "[PII-1]": what a recogniser writes for what it took out. */
static bool names_redaction(const char *p, size_t len)
{
    bool letter = false;
    for (size_t i = 0; i < len; i++) {
        if (!is_upper(p[i]) && !is_digit(p[i]) && p[i] != '_' && p[i] != '-' && p[i] != ' ')
            return false;
        letter = letter || is_upper(p[i]);
    }
    return letter;
}

/* At an opening bracket: bytes to step over, or 0 when it is ordinary punctuation. */
static size_t step_aside(struct reading *r, size_t at)
{
    char open = r->text[at], close = open == '[' ? ']' : open == '(' ? ')' : '>';
    size_t left = r->len - at - 1;
    const char *inside = r->text + at + 1;
    const char *end = memchr(inside, close, left < ASIDE_MAX ? left : ASIDE_MAX);
    if (end == NULL)
        return 0;
    size_t len = (size_t)(end - inside);
    bool sound = names_sound(r, inside, len);
    if (!sound && open != '[')
        return 0;
    end_token(r);
    if (!sound && names_redaction(inside, len))
        add_mask(r, at, at + len + 2);
    return len + 2;
}

/* At '*' or '#': "****", "####" and "f***" are words that were masked. Bytes to step over, or 0. */
static size_t step_mask(struct reading *r, size_t at)
{
    size_t n = 0;
    while (at + n < r->len && r->text[at + n] == r->text[at])
        n++;
    if (n < 2)
        return 0;
    while (at + n < r->len && (is_letter(r->text[at + n]) || is_digit(r->text[at + n])))
        n++; /* the end of a word that was masked in part is no word of its own */
    size_t from = r->token_len > 0 ? r->from : at;
    add_mask(r, from, at + n);
    return n;
}

/* Punctuation of ASCII at `at`; returns the bytes it takes. */
static size_t step_punctuation(struct reading *r, size_t at)
{
    char c = r->text[at];
    bool digit_before = r->token_len > 0 && is_digit(r->token[r->token_len - 1]);
    bool digit_after = at + 1 < r->len && is_digit(r->text[at + 1]);
    size_t n = 0;
    if (c == '[' || c == '(' || c == '<')
        n = step_aside(r, at);
    else if (c == '*' || c == '#')
        n = step_mask(r, at);
    if (n > 0)
        return n;
    if (c == '.' && digit_before && digit_after) { /* 3.50 is one word */
        grow_token(r, ".", 1, at, at + 1);
        return 1;
    }
    if (c == ',' && digit_before && digit_after) /* 1,200 is 1200 */
        return 1;
    end_token(r);
    const char *symbol = table_get(&r->lang->symbols, &c, 1);
    if (symbol != NULL) {
        r->from = at;
        r->to = at + 1;
        add_words(r, symbol);
    }
    return 1;
}

static bool is_apostrophe(uint32_t cp)
{
    return cp == 0x2019 || cp == 0x2018 || cp == 0x02bc || cp == 0xff07 || cp == 0x00b4;
}

static void step_apostrophe(struct reading *r, size_t at, size_t n)
{
    if (r->token_len == 0)
        return;
    if (r->token[r->token_len - 1] == '\'') {
        end_token(r);
        return;
    }
    r->to_before = r->to;
    grow_token(r, "'", 1, at, at + n);
}

/* A character beyond ASCII, folded and taken apart by compatibility (NFKD: text and phrases alike, so the order
 * of composition never matters). */
static size_t step_wide(struct reading *r, size_t at)
{
    uint32_t cp;
    size_t n = utf8_next(r->text + at, &cp);
    if (is_apostrophe(cp)) {
        step_apostrophe(r, at, n);
        return n;
    }
    utf8proc_int32_t parts[24];
    int last = 0;
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)cp, parts, 24,
                                UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, &last);
    for (utf8proc_ssize_t i = 0; i < count && i < 24; i++) {
        utf8proc_category_t category = utf8proc_category(parts[i]);
        bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
        bool in_word = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
        if (mark && r->token_len == 0) /* of an emoji, say: a mark alone is no word */
            continue;
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t len = utf8proc_encode_char(parts[i], bytes);
        if (in_word && len > 0)
            grow_token(r, (const char *)bytes, (size_t)len, at, at + n);
        else if (category != UTF8PROC_CATEGORY_CF) /* soft hyphens and joiners are not there */
            end_token(r);
    }
    return n;
}

static void read_text(struct reading *r)
{
    for (size_t at = 0; at < r->len && r->rc == COACH_OK;) {
        char c = r->text[at];
        if ((c >= 'a' && c <= 'z') || is_digit(c)) {
            grow_token(r, &c, 1, at, at + 1);
            at++;
        } else if (is_upper(c)) {
            c = (char)(c | 0x20);
            grow_token(r, &c, 1, at, at + 1);
            at++;
        } else if (c == ' ') {
            end_token(r);
            at++;
        } else if (c == '\'') {
            step_apostrophe(r, at++, 1);
        } else if ((unsigned char)c >= 0x80) {
            at += step_wide(r, at);
        } else {
            at += step_punctuation(r, at);
        }
    }
    end_token(r);
}

int words_read(struct words *w, const struct language *lang, const char *text, size_t len)
{
    buf_reset(&w->line);
    w->count = 0;
    w->truncated = len > WORDS_MAX_TEXT;
    struct reading r = {.w = w, .lang = lang, .text = text, .len = utf8_cut(text, len, WORDS_MAX_TEXT)};
    read_text(&r);
    if (r.rc == COACH_OK)
        r.rc = buf_reserve(&w->line, WORDS_PAD);
    if (r.rc != COACH_OK) {
        buf_reset(&w->line);
        w->count = 0;
        return COACH_ENOMEM;
    }
    memset(w->line.data + w->line.len, 0, WORDS_PAD);
    return COACH_OK;
}

size_t words_at(const struct words *w, size_t at)
{
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (w->items[mid].at < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
