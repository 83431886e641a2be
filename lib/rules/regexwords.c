#include "lib/rules/regexwords.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/error.h"

/* The texts that a part of a pattern can match, written with the letters of words, EDGE for whatever ends a word, and
 * ANYTHING for texts that are not known. More texts than fit are ANYTHING. */
enum { MOST_TEXTS = 24, TEXT_ROOM = 96, MOST_CHARACTERS = 4 };
#define EDGE     ' '
#define ANYTHING '*'

struct texts {
    char items[MOST_TEXTS][TEXT_ROOM];
    size_t count;
};

static bool is_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static void set_one(struct texts *t, char c)
{
    t->count = 1;
    t->items[0][0] = c;
    t->items[0][c == '\0' ? 0 : 1] = '\0';
}

/* Adds a text; too many of them are as good as none. */
static void add(struct texts *t, const char *text)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->items[i], text) == 0)
            return;
    if (t->count == MOST_TEXTS)
        set_one(t, ANYTHING);
    else
        memcpy(t->items[t->count++], text, strlen(text) + 1);
}

/* `a` followed by `b`; too long a text ends in ANYTHING, which is always true of it. */
static void join(char out[TEXT_ROOM], const char *a, const char *b)
{
    size_t n = strlen(a);
    memcpy(out, a, n + 1);
    for (; *b != '\0'; b++) {
        bool again = n > 0 && out[n - 1] == *b && (*b == EDGE || *b == ANYTHING);
        if (again)
            continue;
        if (n + 2 == TEXT_ROOM) {
            out[n - 1] = ANYTHING;
            return;
        }
        out[n++] = *b;
        out[n] = '\0';
    }
}

/* What an arena holds while one pattern is read: the sets are too large for a stack that recursion shares. */
struct reader {
    const char *pattern;
    struct arena *memory;
    bool out_of_memory;
};

static struct texts *new_texts(struct reader *r)
{
    struct texts *t = arena_alloc(r->memory, sizeof *t);
    r->out_of_memory = r->out_of_memory || t == NULL;
    return t;
}

static bool read_node(struct reader *r, const struct regex_node *n, struct texts *ret);

/* Each of `left` followed by each of `right`, into `left`; where that is too many, by ANYTHING. */
static void append(struct texts *left, const struct texts *right, struct texts *room)
{
    char text[TEXT_ROOM];
    bool fits = left->count * right->count <= MOST_TEXTS;
    room->count = 0;
    for (size_t i = 0; i < left->count; i++)
        for (size_t k = 0; k < (fits ? right->count : 1); k++) {
            join(text, left->items[i], fits ? right->items[k] : "*");
            add(room, text);
        }
    *left = *room;
}

static bool read_sequence(struct reader *r, const struct regex_node *n, struct texts *ret)
{
    struct texts *one = new_texts(r), *room = new_texts(r);
    set_one(ret, '\0');
    if (one == NULL || room == NULL)
        return false;
    for (const struct regex_node *c = n->first; c != NULL; c = c->next) {
        if (!read_node(r, c, one))
            return false;
        append(ret, one, room);
    }
    return true;
}

static bool read_choice(struct reader *r, const struct regex_node *n, struct texts *ret)
{
    struct texts *one = new_texts(r);
    if (one == NULL)
        return false;
    ret->count = 0;
    for (const struct regex_node *c = n->first; c != NULL; c = c->next) {
        if (!read_node(r, c, one))
            return false;
        for (size_t i = 0; i < one->count; i++)
            add(ret, one->items[i]);
        if (ret->count == 1 && ret->items[0][0] == ANYTHING && ret->items[0][1] == '\0')
            return true;
    }
    return true;
}

/* Said several times: what is known is how it begins, and that an edge ends it if each time does. */
static void repeat_texts(struct texts *t)
{
    bool edges = true, only_edges = true;
    char text[TEXT_ROOM];
    for (size_t i = 0; i < t->count; i++) {
        size_t n = strlen(t->items[i]);
        edges = edges && n > 0 && t->items[i][n - 1] == EDGE;
        only_edges = only_edges && strcmp(t->items[i], " ") == 0;
    }
    for (size_t i = 0; i < t->count && !only_edges; i++) {
        join(text, t->items[i], edges ? "* " : "*");
        memcpy(t->items[i], text, sizeof text);
    }
}

static bool read_repeat(struct reader *r, const struct regex_node *n, struct texts *ret)
{
    set_one(ret, '\0');
    if (n->max == 0)
        return true;
    if (!read_node(r, n->first, ret))
        return false;
    if (n->max != 1 && n->min == 0)
        set_one(ret, ANYTHING);
    else if (n->max != 1)
        repeat_texts(ret);
    else if (n->min == 0)
        add(ret, "");
    return true;
}

/* Whether a set holds no more than the ASCII characters that it was asked about: "[sz]", not "[^a]" or "\\d". */
static bool is_plain(const struct reader *r, const struct regex_node *n)
{
    for (size_t i = n->at; i < n->to; i++)
        if ((unsigned char)r->pattern[i] >= 128 || r->pattern[i] == '\\' || r->pattern[i] == '^' ||
            r->pattern[i] == ':')
            return false;
    return true;
}

/* The letters of words in a set, up to MOST_CHARACTERS of them; returns how many there are. */
static size_t letters_of(const struct regex_node *n, char letters[MOST_CHARACTERS], bool *others)
{
    size_t count = 0;
    for (unsigned char c = 0; c < 128; c++) {
        if ((n->members[c / 32] >> c % 32 & 1) == 0)
            continue;
        if (!is_word(c))
            *others = *others || c < 'A' || c > 'Z'; /* of letters both cases are there */
        else if (count++ < MOST_CHARACTERS)
            letters[count - 1] = (char)c;
    }
    return count;
}

static void read_set(const struct reader *r, const struct regex_node *n, struct texts *ret)
{
    char letters[MOST_CHARACTERS];
    bool others = !is_plain(r, n);
    size_t count = letters_of(n, letters, &others);
    if (count == 0 || count > MOST_CHARACTERS) {
        set_one(ret, count == 0 ? EDGE : ANYTHING);
        return;
    }
    ret->count = 0;
    for (size_t i = 0; i < count; i++)
        add(ret, (char[]){letters[i], '\0'});
    if (others)
        add(ret, " ");
}

static void read_char(uint32_t code, struct texts *ret)
{
    if (code >= 'A' && code <= 'Z')
        code |= 0x20;
    /* beyond ASCII: some fold to letters of ASCII */
    set_one(ret, code >= 128 ? ANYTHING : is_word((unsigned char)code) ? (char)code : EDGE);
}

static bool read_node(struct reader *r, const struct regex_node *n, struct texts *ret)
{
    switch (n->kind) {
    case REGEX_CHAR:
        read_char(n->code, ret);
        return true;
    case REGEX_SET:
        read_set(r, n, ret);
        return true;
    case REGEX_EDGE:
        set_one(ret, EDGE);
        return true;
    case REGEX_INSIDE:
    case REGEX_LOOK:
        set_one(ret, '\0');
        return true;
    case REGEX_SEQUENCE:
        return read_sequence(r, n, ret);
    case REGEX_CHOICE:
        return read_choice(r, n, ret);
    default:
        return read_repeat(r, n, ret);
    }
}

/* --- the words of the texts --- */

static double cost_of(const struct language *lang, const char *word, size_t len)
{
    uintptr_t rank = (uintptr_t)table_get(&lang->common, word, len);
    return (rank > 0 ? 2000.0 / (double)(rank + 10) : 0) + 1.0 / (double)len;
}

/* The rarest word of a text that stands between edges; its length, or 0. */
static size_t best_word(const struct language *lang, const char *text, const char **word)
{
    size_t best = 0;
    double least = 0;
    for (size_t i = 0, n; text[i] != '\0'; i += n) {
        n = 1;
        if (!is_word((unsigned char)text[i]))
            continue;
        while (is_word((unsigned char)text[i + n]))
            n++;
        if (i == 0 || text[i - 1] != EDGE || text[i + n] != EDGE)
            continue;
        double cost = cost_of(lang, text + i, n);
        if (best == 0 || cost < least) {
            best = n;
            least = cost;
            *word = text + i;
        }
    }
    return best;
}

static bool is_among(const struct required_word *words, size_t count, const char *word, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i].text) == len && memcmp(words[i].text, word, len) == 0)
            return true;
    return false;
}

static int keep_words(const struct texts *t, const struct language *lang, struct arena *memory,
                      struct required_set *set)
{
    struct required_word *words = arena_alloc(memory, (t->count + 1) * sizeof *words);
    if (words == NULL)
        return COACH_ENOMEM;
    double cost = 0;
    size_t count = 0;
    for (size_t i = 0; i < t->count; i++) {
        const char *word = NULL;
        size_t len = best_word(lang, t->items[i], &word);
        if (len == 0)
            return COACH_OK;
        if (is_among(words, count, word, len))
            continue;
        words[count].text = arena_strn(memory, word, len);
        if (words[count++].text == NULL)
            return COACH_ENOMEM;
        cost += cost_of(lang, word, len);
    }
    *set = (struct required_set){.words = words, .count = count, .cost = cost};
    return COACH_OK;
}

int regexwords(const struct regex *r, const struct language *lang, struct arena *memory, struct required_set *set)
{
    struct arena scratch;
    arena_init(&scratch);
    struct reader reader = {.pattern = r->text, .memory = &scratch};
    struct texts *texts = new_texts(&reader);
    *set = (struct required_set){0};
    int rc = texts == NULL || !read_node(&reader, r->root, texts) ? COACH_ENOMEM : COACH_OK;
    if (rc == COACH_OK)
        rc = keep_words(texts, lang, memory, set);
    arena_clear(&scratch);
    return rc;
}

size_t regexwords_run(const char *word, size_t len, size_t *at, const char **run)
{
    size_t i = *at;
    while (i < len && !is_word((unsigned char)word[i]))
        i++;
    size_t from = i;
    while (i < len && is_word((unsigned char)word[i]))
        i++;
    *run = word + from;
    *at = i;
    return i - from;
}
