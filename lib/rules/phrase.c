#include "lib/rules/phrase.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/text/words.h"

struct parse {
    const struct yaml_node *scalar;
    const char *text;
    size_t len;
    size_t at;
    const struct language *lang;
    struct arena *memory;
    struct diags *problems;
    struct words words;
    size_t items; /* of the whole phrase */
    int rc;
};

static int refuse(struct parse *p, size_t at, size_t len, const char *code, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

static int refuse(struct parse *p, size_t at, size_t len, const char *code, const char *hint, const char *fmt, ...)
{
    char what[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    struct mark m = yaml_mark_at(p->scalar, at, (int)utf8_count(p->text + at, len));
    diags_add(p->problems, DIAG_ERROR, code, &m, hint, "%s", what);
    p->rc = COACH_ESYNTAX;
    return COACH_ESYNTAX;
}

static int add_item(struct parse *p, struct phrase *to, size_t *cap, const struct phrase_item *item)
{
    if (++p->items > PHRASE_MAX_ITEMS)
        return refuse(p, item->at, item->len, "phrase-too-long", "split it into several phrases",
                      "a phrase has at most %d items", PHRASE_MAX_ITEMS);
    if (arena_grow(p->memory, &to->items, to->count, cap, sizeof *to->items) != COACH_OK)
        return COACH_ENOMEM;
    to->items[to->count++] = *item;
    return COACH_OK;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* At "..." or an ellipsis: its length, or 0. */
static size_t dots(const struct parse *p, size_t at)
{
    size_t n = 0;
    while (at + n < p->len && p->text[at + n] == '.')
        n++;
    if (n >= 2)
        return n;
    return p->len - at >= 3 && memcmp(p->text + at, "\xe2\x80\xa6", 3) == 0 ? 3 : 0;
}

static bool ends_chunk(const struct parse *p, size_t at)
{
    char c = p->text[at];
    return is_space(c) || c == '(' || c == ')' || c == '|' || c == '?' || c == '<' || c == '>' || c == '*' ||
           c == '~' || dots(p, at) > 0;
}

/* "RMA", "sms": written joined, said letter by letter. */
static bool looks_spelled(const char *chunk, size_t len)
{
    bool upper = true, vowel = false;
    if (len < 2 || len > 6)
        return false;
    for (size_t i = 0; i < len; i++) {
        char low = (char)(chunk[i] | 0x20);
        if (low < 'a' || low > 'z')
            return false;
        upper = upper && chunk[i] < 'a';
        vowel = vowel || strchr("aeiouy", low) != NULL;
    }
    return upper || !vowel;
}

/* Single letters in a row become one spelled item. */
static int merge_spelled(struct parse *p, struct phrase *to)
{
    for (size_t i = 0; i + 1 < to->count; i++) {
        size_t n = 0;
        while (i + n < to->count && to->items[i + n].kind == PHRASE_WORD && to->items[i + n].text[1] == '\0' &&
               to->items[i + n].text[0] >= 'a' && to->items[i + n].text[0] <= 'z')
            n++;
        if (n < 2)
            continue;
        char *joined = arena_alloc(p->memory, n + 1);
        if (joined == NULL)
            return COACH_ENOMEM;
        for (size_t k = 0; k < n; k++)
            joined[k] = to->items[i + k].text[0];
        struct phrase_item *first = &to->items[i];
        first->kind = PHRASE_SPELLED;
        first->len = to->items[i + n - 1].at + to->items[i + n - 1].len - first->at;
        first->text = joined;
        memmove(first + 1, first + n, (to->count - i - n) * sizeof *first);
        to->count -= n - 1;
    }
    return COACH_OK;
}

/* What a chunk of plain text holds that the language does not have. */
static int check_chunk(struct parse *p, size_t at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = p->text[at + i];
        if (strchr("[]{}#&!@%\"`^$+=\\/_", c) == NULL)
            continue;
        const char *hint =
            c == '[' || c == ']'   ? "alternatives and optional words go into round brackets: (just)? calm down"
            : c == '{' || c == '}' ? "placeholders belong into messages; a list is written <name>"
            : c == '!'             ? "there is no 'not' in a phrase; list the exception under not_in or unless"
            : c == '\\' || c == '^' || c == '$' || c == '+' ? "this is a phrase; a regular expression goes under regex:"
                                                            : "leave it out, or write it as the word that is said";
        return refuse(p, at + i, 1, "phrase-character", hint, "'%c' has no meaning in a phrase", c);
    }
    return COACH_OK;
}

static int parse_prefix(struct parse *p, size_t at, size_t len, struct phrase *to, size_t *cap)
{
    p->at++; /* the star */
    if (p->words.count != 1 || strchr(p->words.line.data, '\'') != NULL)
        return refuse(p, at, len + 1, "prefix", "put the star right after the letters: escalat*",
                      "a star follows the beginning of one word");
    const char *word = p->words.line.data + p->words.items[0].at;
    size_t word_len = p->words.items[0].len;
    if (utf8_count(word, word_len) < PHRASE_MIN_PREFIX)
        return refuse(p, at, len + 1, "prefix", "write more letters, or the words themselves: (car | cars)",
                      "at least %d letters stand before a star", PHRASE_MIN_PREFIX);
    if (p->at < p->len && !ends_chunk(p, p->at))
        return refuse(p, p->at - 1, 1, "prefix", "the star stands for any ending",
                      "nothing may follow a star in the same word");
    struct phrase_item item = {.kind = PHRASE_PREFIX, .at = at, .len = len + 1};
    item.text = arena_strn(p->memory, word, word_len);
    return item.text == NULL ? COACH_ENOMEM : add_item(p, to, cap, &item);
}

/* "'s" or "n't" by itself: in speech it is part of the word before it, so nothing that is said could match. */
static bool is_lone_ending(const struct parse *p, size_t at, size_t len)
{
    char word[16];
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < sizeof word; i++) {
        bool curly = len - i >= 3 && memcmp(p->text + at + i, "\xe2\x80\x99", 3) == 0;
        char c = p->text[at + i];
        word[n++] = (char)(curly ? '\'' : c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        i += curly ? 2 : 0;
    }
    while (n > 0 && strchr(",.;:!", word[n - 1]) != NULL)
        n--;
    if (n < 2)
        return false;
    return word[0] == '\''
               ? table_get(&p->lang->loose, word, n) != NULL || table_get(&p->lang->endings, word + 1, n - 1) != NULL
               : memchr(word, '\'', n) != NULL && table_get(&p->lang->endings, word, n) != NULL;
}

/* Plain text up to the next sign: one or more words. */
static int parse_chunk(struct parse *p, struct phrase *to, size_t *cap)
{
    size_t at = p->at;
    while (p->at < p->len && !ends_chunk(p, p->at))
        p->at++;
    size_t len = p->at - at;
    int rc = check_chunk(p, at, len);
    if (rc == COACH_OK && is_lone_ending(p, at, len))
        rc = refuse(
            p, at, len, "lone-apostrophe",
            "write it as one word with the word before it: bank's, don't; 'would' is found as 'd, 'is' as 's anyway",
            "'%.*s' by itself is never heard", (int)len, p->text + at);
    if (rc != COACH_OK)
        return rc;
    rc = words_read(&p->words, p->lang, p->text + at, len);
    if (rc != COACH_OK)
        return rc;
    if (p->at < p->len && p->text[p->at] == '*')
        return parse_prefix(p, at, len, to, cap);
    bool spelled = p->words.count == 1 && looks_spelled(p->text + at, len);
    for (size_t i = 0; i < p->words.count && rc == COACH_OK; i++) {
        const struct word *w = &p->words.items[i];
        struct phrase_item item = {.kind = spelled ? PHRASE_SPELLED : PHRASE_WORD, .at = at, .len = len};
        item.text = arena_strn(p->memory, p->words.line.data + w->at, w->len);
        rc = item.text == NULL ? COACH_ENOMEM : add_item(p, to, cap, &item);
    }
    return rc;
}

static int parse_forms(struct parse *p, struct phrase *to, size_t *cap)
{
    size_t at = p->at++;
    size_t from = p->at;
    while (p->at < p->len && !ends_chunk(p, p->at))
        p->at++;
    int rc = check_chunk(p, from, p->at - from);
    if (rc != COACH_OK)
        return rc;
    rc = words_read(&p->words, p->lang, p->text + from, p->at - from);
    if (rc != COACH_OK)
        return rc;
    if (p->words.count != 1)
        return refuse(p, at, p->at - at, "word-forms", "write the plain form of one word: ~escalate",
                      "'~' stands right before one word");
    struct phrase_item item = {.kind = PHRASE_FORMS, .at = at, .len = p->at - at};
    item.text = arena_strn(p->memory, p->words.line.data + p->words.items[0].at, p->words.items[0].len);
    return item.text == NULL ? COACH_ENOMEM : add_item(p, to, cap, &item);
}

static int parse_gap(struct parse *p, size_t dot_len, struct phrase *to, size_t *cap)
{
    struct phrase_item item = {.kind = PHRASE_GAP_OF, .gap = PHRASE_GAP, .at = p->at};
    p->at += dot_len;
    if (dot_len == 2)
        return refuse(p, item.at, 2, "gap", "write three: calm ... down", "a gap is three dots");
    size_t digits = p->at;
    int n = 0;
    while (p->at < p->len && p->text[p->at] >= '0' && p->text[p->at] <= '9' && p->at - digits < 4)
        n = n * 10 + (p->text[p->at++] - '0');
    if (p->at > digits)
        item.gap = n;
    item.len = p->at - item.at;
    if (item.gap < 1 || item.gap > PHRASE_MAX_GAP)
        return refuse(p, item.at, item.len, "gap", "write ...1 to ...15", "a gap lets 1 to %d words pass",
                      PHRASE_MAX_GAP);
    if (to->count > 0 && to->items[to->count - 1].kind == PHRASE_GAP_OF)
        return refuse(p, item.at, item.len, "gap", "write one gap with the sum of both", "two gaps in a row");
    return add_item(p, to, cap, &item);
}

static bool is_name(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (i > 0 && ((s[i] >= '0' && s[i] <= '9') || s[i] == '_' || s[i] == '-'))))
            return false;
    return len > 0 && len <= 32;
}

static const struct {
    const char *name;
    enum phrase_kind kind;
} built_in[] = {{"number", PHRASE_NUMBER}, {"word", PHRASE_ANY}, {"start", PHRASE_START}, {"end", PHRASE_END}};
enum { BUILT_IN = sizeof built_in / sizeof *built_in };

bool phrase_can_name_list(const char *name)
{
    for (size_t i = 0; i < BUILT_IN; i++)
        if (strcmp(built_in[i].name, name) == 0)
            return false;
    return is_name(name, strlen(name));
}

static int parse_list(struct parse *p, struct phrase *to, size_t *cap)
{
    size_t at = p->at;
    const char *inside = p->text + at + 1;
    const char *close = memchr(inside, '>', p->len - at - 1);
    if (close == NULL)
        return refuse(p, at, 1, "list-name", "close it: <reason>", "'<' without '>'");
    size_t len = (size_t)(close - inside);
    p->at = at + len + 2;
    struct phrase_item item = {.kind = PHRASE_LIST, .at = at, .len = len + 2};
    for (size_t i = 0; i < BUILT_IN; i++)
        if (strlen(built_in[i].name) == len && memcmp(built_in[i].name, inside, len) == 0) {
            item.kind = built_in[i].kind;
            return add_item(p, to, cap, &item);
        }
    const char *colon = memchr(inside, ':', len);
    const char *name = colon == NULL ? inside : colon + 1;
    size_t name_len = (size_t)(close - name), capture_len = colon == NULL ? len : (size_t)(colon - inside);
    if (!is_name(name, name_len) || !is_name(inside, capture_len))
        return refuse(p, at, len + 2, "list-name", "a name has small letters, digits, '_' and '-': <reason>",
                      "this is not the name of a list");
    item.text = arena_strn(p->memory, name, name_len);
    item.capture = arena_strn(p->memory, inside, capture_len);
    return item.text == NULL || item.capture == NULL ? COACH_ENOMEM : add_item(p, to, cap, &item);
}

static int parse_sequence(struct parse *p, int depth, struct phrase *to);

/* Whether nothing at all is asked for: "(please)? (now)?". A place, as <end>, is something. */
static bool asks_nothing(const struct phrase *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->items[i].optional)
            return false;
    return true;
}

static int parse_group(struct parse *p, int depth, struct phrase *to, size_t *cap)
{
    struct phrase_item item = {.kind = PHRASE_GROUP, .at = p->at};
    size_t choices = 0;
    if (depth >= PHRASE_MAX_DEPTH)
        return refuse(p, p->at, 1, "phrase-depth", "make a list of the inner part and write <its_name>",
                      "brackets nested deeper than %d", PHRASE_MAX_DEPTH);
    do {
        p->at++; /* the bracket or the bar */
        struct phrase choice = {0};
        size_t from = p->at;
        int rc = parse_sequence(p, depth + 1, &choice);
        if (rc != COACH_OK)
            return rc;
        if (choice.count == 0)
            return refuse(p, from > 0 ? from - 1 : 0, 1, "empty-alternative",
                          "write a word on each side of '|'; for a part that may be missing write (word)?",
                          "nothing stands between the signs here");
        if (arena_grow(p->memory, &item.choices, item.choice_count, &choices, sizeof *item.choices) != COACH_OK)
            return COACH_ENOMEM;
        item.choices[item.choice_count++] = choice;
    } while (p->at < p->len && p->text[p->at] == '|');
    if (p->at >= p->len)
        return refuse(p, item.at, 1, "bracket", "close it with ')'", "'(' without ')'");
    p->at++;
    if (p->at < p->len && p->text[p->at] == '?') {
        item.optional = true;
        p->at++;
    }
    item.len = p->at - item.at;
    for (size_t i = 0; i < item.choice_count; i++)
        if (asks_nothing(&item.choices[i]))
            item.optional = true; /* ((a)? | b): may be missing, like ( | )? */
    return add_item(p, to, cap, &item);
}

/* A gap needs a word that must be there on each side of it. */
static int check_gaps(struct parse *p, const struct phrase *s, int depth)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].kind != PHRASE_GAP_OF)
            continue;
        struct phrase before = {s->items, i}, after = {s->items + i + 1, s->count - i - 1};
        if (!phrase_has_compulsory(&before) || !phrase_has_compulsory(&after))
            return refuse(p, s->items[i].at, s->items[i].len, "gap-at-end",
                          depth > 0 ? "write the gap outside the brackets, or write the words around it out"
                                    : "leave it out: what comes before and after a phrase never matters",
                          "a gap stands between two words that must be there");
    }
    return COACH_OK;
}

/* At a '?' that follows no bracket; most often it is glued to a word. */
static int refuse_question(struct parse *p, const struct phrase *to)
{
    const struct phrase_item *last = to->count > 0 ? &to->items[to->count - 1] : NULL;
    bool glued = last != NULL && last->kind != PHRASE_GROUP && last->at + last->len == p->at;
    char hint[120];
    snprintf(hint, sizeof hint, "for a word that may be missing write (%.*s)?; leave question marks out",
             glued ? (int)(last->len < 40 ? last->len : 40) : 4, glued ? p->text + last->at : "word");
    return refuse(p, p->at, 1, "question-mark", hint, glued ? "'?' follows a bracket only" : "'?' cannot stand here");
}

static int parse_sequence(struct parse *p, int depth, struct phrase *to)
{
    size_t cap = 0;
    int rc = COACH_OK;
    while (rc == COACH_OK && p->at < p->len) {
        char c = p->text[p->at];
        size_t n = dots(p, p->at);
        if (is_space(c)) {
            p->at++;
        } else if (n > 0) {
            rc = parse_gap(p, n, to, &cap);
        } else if (c == '(') {
            rc = parse_group(p, depth, to, &cap);
        } else if (c == '<') {
            rc = parse_list(p, to, &cap);
        } else if (c == '~') {
            rc = parse_forms(p, to, &cap);
        } else if (c == ')' || c == '|') {
            if (depth > 0)
                break;
            rc = refuse(p, p->at, 1, "bracket", "put the alternatives into brackets: (calm | settle) down",
                        c == ')' ? "')' without '('" : "'|' stands inside brackets only");
        } else if (c == '?') {
            rc = refuse_question(p, to);
        } else if (c == '*' || c == '>') {
            rc =
                refuse(p, p->at, 1, "phrase-character",
                       c == '*' ? "a star ends a word of at least three letters: escalat*" : "a list is written <name>",
                       "'%c' cannot stand here", c);
        } else {
            rc = parse_chunk(p, to, &cap);
        }
    }
    if (rc == COACH_OK)
        rc = check_gaps(p, to, depth);
    return rc == COACH_OK ? merge_spelled(p, to) : rc;
}

/* Whether some word of an item must be said; a place in the turn is no word. */
static bool must_be_said(const struct phrase_item *item)
{
    if (item->kind != PHRASE_GROUP)
        return item->kind != PHRASE_GAP_OF && item->kind != PHRASE_START && item->kind != PHRASE_END;
    for (size_t i = 0; i < item->choice_count; i++)
        if (!phrase_has_compulsory(&item->choices[i]))
            return false;
    return !item->optional;
}

bool phrase_has_compulsory(const struct phrase *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (must_be_said(&p->items[i]))
            return true;
    return false;
}

int phrase_parse(const struct yaml_node *scalar, const struct language *lang, struct arena *memory, struct phrase *ret,
                 struct diags *problems)
{
    struct parse p = {.scalar = scalar,
                      .text = scalar->text,
                      .len = scalar->len,
                      .lang = lang,
                      .memory = memory,
                      .problems = problems};
    struct phrase phrase = {0};
    words_init(&p.words);
    int rc = p.len <= WORDS_MAX_TEXT ? parse_sequence(&p, 0, &phrase)
                                     : refuse(&p, 0, 1, "phrase-too-long", "split it into several phrases",
                                              "a phrase has at most %d bytes", WORDS_MAX_TEXT);
    if (rc == COACH_OK && !phrase_has_compulsory(&phrase))
        rc = refuse(&p, 0, p.len, "phrase-empty", "write at least one word that must be said",
                    phrase.count == 0 ? "there is no word in this phrase"
                                      : "everything in this phrase may be missing: it would match any line");
    words_clear(&p.words);
    if (rc == COACH_OK)
        *ret = phrase;
    return rc;
}
