#include "lib/rules/regexparse.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"

struct parser {
    const char *text;
    size_t len;
    size_t at;
    int depth;
    struct arena *memory;
    struct regex_fault *fault;
    bool out_of_memory;
};

static const char says_hint[] = "leave it out, or write the rule with phrases under 'says:'";
static const char twice_hint[] = "write the words out again at this place";

static bool failed(const struct parser *p)
{
    return p->fault->code != NULL || p->out_of_memory;
}

/* The first fault counts: what comes after it is read wrongly. */
static void refuse_part(struct parser *p, const char *code, size_t at, size_t len, const char *what, const char *hint)
{
    if (!failed(p))
        *p->fault = (struct regex_fault){.code = code, .at = at, .len = len, .what = what, .hint = hint};
}

static void refuse_syntax(struct parser *p, size_t at, size_t len, const char *what, const char *hint)
{
    refuse_part(p, "regex-syntax", at, len, what, hint);
    p->fault->syntax = true;
}

static struct regex_node *node(struct parser *p, enum regex_kind kind, size_t at)
{
    struct regex_node *n = arena_alloc(p->memory, sizeof *n);
    if (n == NULL)
        p->out_of_memory = true;
    else
        *n = (struct regex_node){.kind = kind, .at = at, .to = p->at};
    return n;
}

static bool starts(const struct parser *p, size_t at, const char *with)
{
    size_t n = strlen(with);
    return p->len - at >= n && memcmp(p->text + at, with, n) == 0;
}

static char look(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->len ? p->text[p->at + ahead] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct regex_node *parse_choice(struct parser *p);

/* --- escapes --- */

static struct regex_node *literal(struct parser *p, size_t at, uint32_t code)
{
    struct regex_node *n = node(p, REGEX_CHAR, at);
    if (n != NULL)
        n->code = code;
    return n;
}

/* "\p{..}", "\x{..}", "\o{..}": steps behind the brace; false when it is never closed. */
static bool skip_braces(struct parser *p)
{
    const char *close = memchr(p->text + p->at, '}', p->len - p->at);
    if (close == NULL)
        return false;
    p->at = (size_t)(close - p->text) + 1;
    return true;
}

/* A character by its number: \x41, \x{e9}, \o{101}, \012. `p->at` is behind the letter. */
static struct regex_node *parse_number(struct parser *p, size_t from, char kind)
{
    size_t digits = p->at;
    if (look(p, 0) == '{' && kind != '0') {
        digits++;
        if (!skip_braces(p)) {
            refuse_syntax(p, from, 2, "the bracket { is never closed", "add a } behind the number");
            return NULL;
        }
    } else {
        for (int i = 0; i < 2 && (kind == 'x' ? strchr("0123456789abcdefABCDEF", look(p, 0)) != NULL && look(p, 0) != 0
                                              : look(p, 0) >= '0' && look(p, 0) <= '7');
             i++)
            p->at++;
    }
    char number[16] = "";
    size_t n = p->at - digits;
    memcpy(number, p->text + digits, n < sizeof number ? n : sizeof number - 1);
    return literal(p, from, (uint32_t)strtoul(number, NULL, kind == 'x' ? 16 : 8));
}

/* "\g" and "\k" name a group again, or call it. */
static void refuse_group_name(struct parser *p, size_t from)
{
    char c = look(p, 2);
    if (look(p, 1) == 'g' && (c == '<' || c == '\''))
        refuse_part(p, "regex-recursion", from, 2, "a regular expression may not call a part of itself", twice_hint);
    else
        refuse_part(p, "regex-backreference", from, 2,
                    "a regular expression may not refer back to what a group matched", twice_hint);
}

/* "\Q...\E": every character as it is. */
static struct regex_node *parse_quoted(struct parser *p)
{
    size_t from = p->at;
    struct regex_node *sequence = node(p, REGEX_SEQUENCE, from);
    p->at += 2;
    if (sequence == NULL)
        return NULL;
    struct regex_node **end = &sequence->first;
    while (p->at < p->len && !starts(p, p->at, "\\E") && !failed(p)) {
        uint32_t code;
        size_t at = p->at;
        p->at += utf8_next(p->text + p->at, &code);
        if ((*end = literal(p, at, code)) != NULL)
            end = &(*end)->next;
    }
    if (starts(p, p->at, "\\E"))
        p->at += 2;
    sequence->to = p->at;
    return sequence;
}

static struct regex_node *parse_property(struct parser *p, size_t from)
{
    p->at += 2;
    if (look(p, 0) == '{') {
        if (!skip_braces(p))
            refuse_syntax(p, from, 2, "the bracket { is never closed", "add a } behind the name");
    } else if (p->at < p->len) {
        p->at++;
    }
    return node(p, REGEX_SET, from);
}

static struct regex_node *parse_escape(struct parser *p)
{
    static const char plain_names[] = "tnrfae", plain_codes[] = "\t\n\r\f\a\x1b";
    size_t from = p->at;
    char c = look(p, 1);
    if (c == '\0') {
        refuse_syntax(p, from, 1, "there is nothing behind the \\", "remove it");
        return NULL;
    }
    if (c == 'Q')
        return parse_quoted(p);
    if (c == 'p' || c == 'P')
        return parse_property(p, from);
    if (c >= '1' && c <= '9') {
        refuse_part(p, "regex-backreference", from, 2,
                    "a regular expression may not refer back to what a group matched", twice_hint);
        return NULL;
    }
    if (c == 'g' || c == 'k') {
        refuse_group_name(p, from);
        return NULL;
    }
    if (c == 'C') {
        refuse_part(p, "regex-byte", from, 2, "\\C would cut letters into pieces",
                    "write a dot: one character of any kind");
        return NULL;
    }
    if (c == 'N' && look(p, 2) == '{') {
        refuse_part(p, "regex-construct", from, 3, "this escape cannot be used here", "write the character itself");
        return NULL;
    }
    p->at += 2;
    if (c == 'x' || c == 'o' || c == '0')
        return parse_number(p, from, c);
    if (strchr("dDwWsShHvVNR", c) != NULL)
        return node(p, REGEX_SET, from);
    if (strchr("bAzZ", c) != NULL)
        return node(p, REGEX_EDGE, from);
    if (c == 'B')
        return node(p, REGEX_INSIDE, from);
    const char *plain = strchr(plain_names, c);
    if (plain != NULL)
        return literal(p, from, (unsigned char)plain_codes[plain - plain_names]);
    if (!is_letter(c)) {
        uint32_t code;
        p->at = from + 1;
        p->at += utf8_next(p->text + p->at, &code);
        return literal(p, from, code);
    }
    refuse_part(p, "regex-construct", from, 2, "this escape cannot be used here", says_hint);
    return NULL;
}

/* --- sets --- */

/* Steps over "[...]"; what it holds PCRE2 says. */
static struct regex_node *parse_set(struct parser *p)
{
    size_t from = p->at++;
    if (look(p, 0) == '^')
        p->at++;
    if (look(p, 0) == ']')
        p->at++;
    while (p->at < p->len && p->text[p->at] != ']') {
        size_t step = 1;
        if (starts(p, p->at, "\\Q")) {
            const char *end = memmem(p->text + p->at, p->len - p->at, "\\E", 2);
            step = end == NULL ? p->len - p->at : (size_t)(end - p->text) + 2 - p->at;
        } else if (look(p, 0) == '\\') {
            step = 2;
        } else if (starts(p, p->at, "[:")) {
            const char *end = memmem(p->text + p->at, p->len - p->at, ":]", 2);
            size_t name = 2;
            while (is_letter(look(p, name)) || (name == 2 && look(p, name) == '^'))
                name++;
            step = end != NULL && p->text + p->at + name == end ? name + 2 : 1;
        }
        p->at = p->at + step < p->len ? p->at + step : p->len;
    }
    if (p->at == p->len) {
        refuse_syntax(p, from, 1, "the bracket [ is never closed", "add a ] behind its last character");
        return NULL;
    }
    p->at++;
    return node(p, REGEX_SET, from);
}

/* --- groups --- */

static void refuse_group(struct parser *p, size_t from)
{
    char c = look(p, 2), d = look(p, 3);
    if (c == 'R' || c == '&' || c == '+' || is_digit(c) || (c == '-' && is_digit(d)) || (c == 'P' && d == '>'))
        refuse_part(p, "regex-recursion", from, 3, "a regular expression may not call itself or a part of itself",
                    twice_hint);
    else if (c == 'P' && d == '=')
        refuse_part(p, "regex-backreference", from, 4,
                    "a regular expression may not refer back to what a group matched", twice_hint);
    else if (c == '(')
        refuse_part(p, "regex-conditional", from, 3, "a regular expression may not ask what another part matched",
                    "write both cases as alternatives: (?:this|that)");
    else if (c == 'C')
        refuse_part(p, "regex-callout", from, 3, "callouts cannot be used here", says_hint);
    else
        refuse_part(p, "regex-construct", from, 3, "this kind of group cannot be used here",
                    "a plain group is written (?: ... )");
}

/* "(?i)" and "(?s:"; the letters that change nothing about how the rest is read. Steps behind them. */
static bool skip_flags(struct parser *p)
{
    size_t at = p->at + 2;
    while (at < p->len && (p->text[at] == 'i' || p->text[at] == 's' || p->text[at] == 'm' || p->text[at] == '-'))
        at++;
    if (at == p->at + 2 || at == p->len || (p->text[at] != ')' && p->text[at] != ':'))
        return false;
    p->at = at;
    return true;
}

static bool skip_name(struct parser *p, char close)
{
    const char *end = memchr(p->text + p->at, close, p->len - p->at);
    if (end == NULL)
        return false;
    p->at = (size_t)(end - p->text) + 1;
    return true;
}

/* What "(" opens, `p->at` then behind its beginning; false where it may not be. */
static bool open_group(struct parser *p, bool *looks, bool *empty)
{
    size_t from = p->at;
    static const char *const plain[] = {"(?:", "(?>", "(?|"};
    static const char *const looking[] = {"(?=", "(?!", "(?<=", "(?<!"};
    if (look(p, 1) == '*') {
        refuse_part(p, "regex-verb", from, 2, "words in (* ) that steer the matching cannot be used here", says_hint);
        return false;
    }
    if (look(p, 1) != '?') {
        p->at++;
        return true;
    }
    for (size_t i = 0; i < 3; i++)
        if (starts(p, from, plain[i])) {
            p->at += 3;
            return true;
        }
    for (size_t i = 0; i < 4; i++)
        if (starts(p, from, looking[i])) {
            p->at += strlen(looking[i]);
            *looks = true;
            return true;
        }
    if (look(p, 2) == '#') {
        *empty = skip_name(p, ')');
        if (!*empty)
            refuse_syntax(p, from, 3, "this comment is never closed", "add a ) at its end");
        return *empty;
    }
    size_t name = look(p, 2) == 'P' ? 1 : 0;
    if (look(p, 2 + name) == '<' || (name == 0 && look(p, 2) == '\'')) {
        char close = look(p, 2 + name) == '<' ? '>' : '\'';
        p->at += 3 + name;
        if (skip_name(p, close))
            return true;
    } else if (skip_flags(p)) {
        *empty = p->text[p->at++] == ')';
        return true;
    }
    p->at = from;
    refuse_group(p, from);
    return false;
}

static struct regex_node *parse_group(struct parser *p)
{
    size_t from = p->at;
    bool looks = false, empty = false;
    if (!open_group(p, &looks, &empty))
        return NULL;
    if (empty)
        return node(p, REGEX_SEQUENCE, from);
    if (++p->depth > REGEX_MAX_DEPTH) {
        refuse_part(p, "regex-construct", from, 1, "there are too many groups within groups here",
                    "make two rules of it, or take out brackets that change nothing");
        return NULL;
    }
    struct regex_node *inner = parse_choice(p);
    p->depth--;
    if (failed(p))
        return NULL;
    if (look(p, 0) != ')' || p->at == p->len) {
        refuse_syntax(p, from, 1, "the bracket ( is never closed", "add a ) where the group ends");
        return NULL;
    }
    p->at++;
    if (looks) {
        struct regex_node *n = node(p, REGEX_LOOK, from);
        if (n != NULL)
            n->first = inner;
        return n;
    }
    inner->at = from;
    inner->to = p->at;
    return inner;
}

/* --- repeats --- */

/* The count of "{2,5}", "{2,}", "{2}"; false where the brace is an ordinary character. */
static bool parse_counts(struct parser *p, int *min, int *max)
{
    size_t at = p->at + 1;
    long counts[2] = {0, REGEX_ENDLESS};
    size_t digits = at;
    for (counts[0] = 0; at < p->len && is_digit(p->text[at]) && at < digits + 6; at++)
        counts[0] = counts[0] * 10 + (p->text[at] - '0');
    if (at == digits)
        return false;
    if (at < p->len && p->text[at] == ',') {
        digits = ++at;
        for (long value = 0; at < p->len && is_digit(p->text[at]) && at < digits + 6; at++)
            counts[1] = value = value * 10 + (p->text[at] - '0');
    } else {
        counts[1] = counts[0];
    }
    if (at == p->len || p->text[at] != '}')
        return false;
    *min = (int)counts[0];
    *max = (int)counts[1];
    p->at = at + 1;
    return true;
}

static bool parse_quantifier(struct parser *p, int *min, int *max)
{
    char c = look(p, 0);
    *max = REGEX_ENDLESS;
    if (c == '*' || c == '+' || c == '?') {
        *min = c == '+';
        *max = c == '?' ? 1 : REGEX_ENDLESS;
        p->at++;
    } else if (c != '{' || !parse_counts(p, min, max)) {
        return false;
    }
    if (look(p, 0) == '+' || look(p, 0) == '?')
        p->at++;
    return true;
}

static bool repeats_endlessly(const struct regex_node *n)
{
    if (n->kind == REGEX_REPEAT && n->max == REGEX_ENDLESS)
        return true;
    for (const struct regex_node *c = n->first; c != NULL; c = c->next)
        if (repeats_endlessly(c))
            return true;
    return false;
}

static struct regex_node *parse_repeat(struct parser *p, struct regex_node *item)
{
    size_t at = p->at;
    int min, max;
    while (!failed(p) && parse_quantifier(p, &min, &max)) {
        /* behind a comment or \Q..\E PCRE2 repeats something else than what stands there */
        if (item->kind == REGEX_EDGE || item->kind == REGEX_INSIDE || item->kind == REGEX_SEQUENCE) {
            refuse_part(p, "regex-construct", at, p->at - at, "there is nothing here that could be said again",
                        "remove the sign that repeats it");
            return NULL;
        }
        if (max == REGEX_ENDLESS && repeats_endlessly(item)) {
            refuse_part(p, "regex-nested-repeat", at, p->at - at,
                        "an endless repeat around another one can hold up a call for seconds",
                        "count one of them: {1,10} in place of + or *");
            return NULL;
        }
        struct regex_node *n = node(p, REGEX_REPEAT, item->at);
        if (n == NULL)
            return NULL;
        n->first = item;
        n->min = min;
        n->max = max;
        item = n;
        at = p->at;
    }
    return item;
}

/* --- the whole --- */

static struct regex_node *parse_item(struct parser *p)
{
    size_t from = p->at;
    uint32_t code;
    switch (p->text[p->at]) {
    case '\\':
        return parse_escape(p);
    case '[':
        return parse_set(p);
    case '(':
        return parse_group(p);
    case '.':
        p->at++;
        return node(p, REGEX_SET, from);
    case '^':
    case '$':
        p->at++;
        return node(p, REGEX_EDGE, from);
    case '*':
    case '+':
    case '?':
        refuse_syntax(p, from, 1, "there is nothing here that could be said again",
                      "remove this sign, or write \\ "
                      "before it");
        return NULL;
    default:
        p->at += utf8_next(p->text + p->at, &code);
        return literal(p, from, code);
    }
}

static struct regex_node *parse_sequence(struct parser *p)
{
    struct regex_node *sequence = node(p, REGEX_SEQUENCE, p->at);
    if (sequence == NULL)
        return NULL;
    struct regex_node **end = &sequence->first;
    while (p->at < p->len && p->text[p->at] != '|' && p->text[p->at] != ')' && !failed(p)) {
        struct regex_node *item = parse_item(p);
        if (item != NULL)
            item = parse_repeat(p, item);
        if (item == NULL)
            return NULL;
        *end = item;
        end = &item->next;
    }
    sequence->to = p->at;
    return failed(p) ? NULL : sequence;
}

static struct regex_node *parse_choice(struct parser *p)
{
    struct regex_node *choice = node(p, REGEX_CHOICE, p->at);
    if (choice == NULL)
        return NULL;
    struct regex_node **end = &choice->first;
    for (;;) {
        struct regex_node *one = parse_sequence(p);
        if (one == NULL)
            return NULL;
        *end = one;
        end = &one->next;
        if (p->at == p->len || p->text[p->at] != '|')
            break;
        p->at++;
    }
    choice->to = p->at;
    return choice;
}

int regexparse(const char *text, size_t len, struct arena *memory, struct regex_node **ret, struct regex_fault *fault)
{
    struct parser p = {.text = text, .len = len, .memory = memory, .fault = fault};
    *fault = (struct regex_fault){0};
    *ret = parse_choice(&p);
    if (!failed(&p) && p.at < len)
        refuse_syntax(&p, p.at, 1, "there is no ( for this )", "remove it, or write \\ before it");
    if (failed(&p))
        *ret = NULL;
    return p.out_of_memory ? COACH_ENOMEM : COACH_OK;
}
