#include "lib/rules/trace.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/error.h"

enum { REPEATS = 3, FILLERS = 3, FILLER_WORDS = 8 };

/* A way to have come to a word of the line. */
struct place {
    int steps;     /* items met; -1: there is no way */
    uint32_t from; /* the word it began at */
    uint32_t base; /* the word after what was met and its fillers; in a gap this stays behind */
    int gap;       /* of the gap it stands in, or 0 */
};

/* The words that an attempt can stand before, one place for each and one for the end of the line. */
struct set {
    struct set *next; /* among the spare ones */
    size_t live;
    struct place at[];
};

/* One walk. A failed allocation makes the rest of it run on `last_resort`, and its result is thrown away. */
struct walk {
    const struct pattern_context *c;
    const char *const *captures;
    size_t ncaptures;
    const struct words *line;
    struct arena memory;
    struct set *spare, *last_resort;
    uint8_t *fillers; /* of each word: bit k when a filler of k + 1 words begins there */
    uint32_t best_from;
    bool unheard; /* what is wanted now is asked for elsewhere already */
    struct trace *ret;
    int rc;
};

/* --- sets of places --- */

static struct set *take(struct walk *w)
{
    struct set *s = w->spare;
    if (s != NULL)
        w->spare = s->next;
    else
        s = arena_alloc(&w->memory, sizeof *s + (w->line->count + 1) * sizeof *s->at);
    if (s == NULL) {
        w->rc = COACH_ENOMEM;
        s = w->last_resort;
    }
    s->live = 0;
    for (size_t i = 0; i <= w->line->count; i++)
        s->at[i].steps = -1;
    return s;
}

static void give(struct walk *w, struct set *s)
{
    if (s == w->last_resort)
        return;
    s->next = w->spare;
    w->spare = s;
}

static bool is_better(const struct place *a, const struct place *b)
{
    if (a->steps != b->steps)
        return a->steps > b->steps;
    return a->from != b->from ? a->from < b->from : a->base > b->base;
}

static void add(struct set *to, size_t at, struct place p)
{
    struct place *old = &to->at[at];
    if (!is_better(&p, old) && old->steps >= 0)
        return;
    to->live += old->steps < 0;
    *old = p;
}

static void pour(const struct walk *w, const struct set *from, struct set *to)
{
    for (size_t i = 0; from->live > 0 && i <= w->line->count; i++)
        if (from->at[i].steps >= 0)
            add(to, i, from->at[i]);
}

static struct set *copy(struct walk *w, const struct set *of)
{
    struct set *s = take(w);
    pour(w, of, s);
    return s;
}

/* --- what was wanted --- */

static bool is_known(const struct trace *t, enum phrase_kind kind, const char *text)
{
    for (size_t i = 0; i < t->wanted_count; i++)
        if (t->wanted[i].kind == kind && (text == NULL || strcmp(t->wanted[i].text, text) == 0))
            return true;
    return false;
}

/* Keeps what the furthest attempt asks for. */
static void want(struct walk *w, const struct place *p, enum phrase_kind kind, const char *text)
{
    struct trace *t = w->ret;
    struct place best = {.steps = (int)t->steps, .from = w->best_from, .base = (uint32_t)t->to};
    if (w->unheard || (t->wanted_count > 0 && is_better(&best, p)))
        return;
    if (t->wanted_count == 0 || is_better(p, &best)) {
        w->best_from = p->from;
        *t = (struct trace){.from = p->from, .to = p->base, .steps = (size_t)p->steps, .gap = p->gap};
    }
    if (is_known(t, kind, text))
        return;
    if (t->wanted_count == TRACE_MOST_WANTED)
        t->wanted_more = true;
    else
        t->wanted[t->wanted_count++] = (struct trace_wanted){kind, text};
}

/* --- words --- */

static bool is_text(const struct words *line, size_t at, const char *text)
{
    const struct word *word = &line->items[at];
    return strlen(text) == word->len && memcmp(line->line.data + word->at, text, word->len) == 0;
}

/* The word itself, or what may stand for it: "'s" for "is". */
static bool means(const struct language *lang, const struct words *line, size_t at, const char *word)
{
    size_t len = strlen(word);
    const char *const *for_it = table_get(&lang->loose, word, len);
    const char *short_form = table_get(&lang->loose_for, word, len);
    if (is_text(line, at, word) || (short_form != NULL && is_text(line, at, short_form)))
        return true;
    for (; for_it != NULL && *for_it != NULL; for_it++)
        if (is_text(line, at, *for_it))
            return true;
    return false;
}

static bool is_form(const struct language *lang, const struct words *line, size_t at, const char *base)
{
    char forms[LANGUAGE_MAX_FORMS][LANGUAGE_MAX_WORD];
    size_t n = language_forms_of(lang, base, forms);
    for (size_t i = 0; i < n; i++)
        if (means(lang, line, at, forms[i]))
            return true;
    return false;
}

static bool meets(const struct walk *w, const struct phrase_item *item, size_t at)
{
    const struct word *word = &w->line->items[at];
    const char *text = w->line->line.data + word->at;
    const struct language *lang = w->c->lang;
    switch (item->kind) {
    case PHRASE_PREFIX:
        return word->len >= strlen(item->text) && memcmp(text, item->text, strlen(item->text)) == 0;
    case PHRASE_FORMS:
        return is_form(lang, w->line, at, item->text);
    case PHRASE_NUMBER:
        return (*text >= '0' && *text <= '9') || table_get(&lang->numbers, text, word->len) != NULL;
    case PHRASE_ANY:
        return true;
    case PHRASE_SPELLED: /* one letter is only itself */
        return item->text[1] == '\0' ? is_text(w->line, at, item->text) : means(lang, w->line, at, item->text);
    default:
        return means(lang, w->line, at, item->text);
    }
}

/* One word that the item meets; `first` is false for its repetitions, which nobody has to say. */
static void walk_word(struct walk *w, const struct phrase_item *item, bool first, const struct set *in, struct set *out)
{
    for (size_t i = 0; in->live > 0 && i <= w->line->count; i++) {
        const struct place *p = &in->at[i];
        if (p->steps < 0)
            continue;
        if (i < w->line->count && meets(w, item, i))
            add(out, i + 1, (struct place){p->steps + first, p->from, (uint32_t)i + 1, 0});
        else if (first)
            want(w, p, item->kind, item->text);
    }
}

/* --- fillers and gaps --- */

static void find_fillers(struct walk *w)
{
    const struct language *lang = w->c->lang;
    const struct words *line = w->line;
    for (size_t i = 0; i < line->count; i++)
        for (size_t k = 0; k < lang->filler_count; k++) {
            size_t at = line->items[i].at, len = strlen(lang->fillers[k]);
            if (at + len >= line->line.len || memcmp(line->line.data + at, lang->fillers[k], len) != 0 ||
                line->line.data[at + len] != ' ')
                continue;
            size_t words = words_at(line, at + len + 1) - i;
            if (words <= FILLER_WORDS)
                w->fillers[i] |= (uint8_t)(1u << (words - 1));
        }
}

static void walk_one_filler(const struct walk *w, const struct set *in, struct set *out)
{
    for (size_t i = 0; i < w->line->count; i++)
        for (size_t k = 0; in->at[i].steps >= 0 && k < FILLER_WORDS; k++) {
            struct place p = in->at[i];
            if ((w->fillers[i] >> k & 1) == 0)
                continue;
            if (p.base == i)
                p.base = (uint32_t)(i + k + 1);
            add(out, i + k + 1, p);
        }
}

/* Up to three fillers, or none. */
static void walk_fillers(struct walk *w, const struct set *in, struct set *out)
{
    struct set *now = copy(w, in);
    pour(w, in, out);
    for (size_t i = 0; i < FILLERS && now->live > 0; i++) {
        struct set *next = take(w);
        walk_one_filler(w, now, next);
        pour(w, next, out);
        give(w, now);
        now = next;
    }
    give(w, now);
}

static bool is_masked(const struct words *line, size_t at)
{
    return memchr(line->line.data + line->items[at].at, '#', line->items[at].len) != NULL;
}

static void walk_gap(struct walk *w, int words, const struct set *in, struct set *out)
{
    struct set *now = copy(w, in);
    for (size_t i = 0; i <= w->line->count; i++)
        now->at[i].gap = words;
    pour(w, now, out);
    for (int k = 0; k < words && now->live > 0; k++) {
        struct set *passed = take(w), *next = take(w);
        for (size_t i = 0; i < w->line->count; i++)
            if (now->at[i].steps >= 0 && !is_masked(w->line, i))
                add(passed, i + 1, now->at[i]);
        walk_fillers(w, passed, next);
        pour(w, next, out);
        give(w, passed);
        give(w, now);
        now = next;
    }
    give(w, now);
}

/* --- items: what pattern.c writes, walked --- */

static void walk_repeated(struct walk *w, const struct phrase_item *item, size_t most, bool fillers_after,
                          const struct set *in, struct set *out);

static const char alphabet[26][2] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
                                     "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z"};

/* Letter by letter, each up to three times but the last, with fillers between. */
static void walk_letters(struct walk *w, const char *letters, const struct set *in, struct set *out)
{
    struct set *now = copy(w, in);
    bool unheard = w->unheard;
    w->unheard = true; /* the word as a whole is wanted before its first letter */
    for (const char *p = letters; *p >= 'a' && *p <= 'z' && now->live > 0; p++) {      /* phrases spell nothing else */
        struct phrase_item one = {.kind = PHRASE_SPELLED, .text = alphabet[*p - 'a']}; /* it outlives the walk */
        struct set *next = take(w);
        if (p[1] == '\0')
            walk_word(w, &one, true, now, out);
        else
            walk_repeated(w, &one, REPEATS, true, now, next);
        give(w, now);
        now = next;
        w->unheard = unheard;
    }
    w->unheard = unheard;
    give(w, now);
}

static void walk_atom(struct walk *w, const struct phrase_item *item, bool first, const struct set *in, struct set *out)
{
    walk_word(w, item, first, in, out);
    if (item->kind != PHRASE_SPELLED || item->text[1] == '\0')
        return;
    bool unheard = w->unheard;
    w->unheard = unheard || !first;
    walk_letters(w, item->text, in, out);
    w->unheard = unheard;
}

/* The word up to `most` times, fillers between, and after the last too when asked for. */
static void walk_repeated(struct walk *w, const struct phrase_item *item, size_t most, bool fillers_after,
                          const struct set *in, struct set *out)
{
    struct set *now = copy(w, in);
    for (size_t i = 0; i < most && now->live > 0; i++) {
        struct set *before = take(w), *met = take(w), *after = take(w);
        if (i > 0 && !fillers_after)
            walk_fillers(w, now, before);
        else
            pour(w, now, before);
        walk_atom(w, item, i == 0, before, met);
        if (fillers_after)
            walk_fillers(w, met, after);
        else
            pour(w, met, after);
        pour(w, after, out);
        give(w, before);
        give(w, met);
        give(w, now);
        now = after;
    }
    give(w, now);
}

static void walk_sequence(struct walk *w, const struct phrase *p, bool fillers_after, const struct set *in,
                          struct set *out);

static void walk_choices(struct walk *w, const struct phrase *choices, size_t n, bool fillers_after,
                         const struct set *in, struct set *out)
{
    for (size_t i = 0; i < n; i++)
        walk_sequence(w, &choices[i], fillers_after, in, out);
}

static bool is_captured(const struct walk *w, const struct phrase_item *item)
{
    for (size_t i = 0; i < w->ncaptures; i++)
        if (strcmp(w->captures[i], item->capture) == 0)
            return true;
    return false;
}

static void walk_list(struct walk *w, const struct phrase_item *item, bool fillers_after, const struct set *in,
                      struct set *out)
{
    const struct phrase_list *list = table_get(w->c->lists, item->text, strlen(item->text));
    if (list == NULL)
        return;
    if (!fillers_after || !is_captured(w, item)) {
        walk_choices(w, list->items, list->count, fillers_after, in, out);
        return;
    }
    struct set *met = take(w); /* fillers stay out of what is quoted */
    walk_choices(w, list->items, list->count, false, in, met);
    walk_fillers(w, met, out);
    give(w, met);
}

/* <start> and <end>: a place, not a word. */
static void walk_edge(struct walk *w, const struct phrase_item *item, const struct set *in, struct set *out)
{
    size_t edge = item->kind == PHRASE_START ? 0 : w->line->count;
    for (size_t i = 0; i <= w->line->count; i++) {
        struct place p = in->at[i];
        if (p.steps < 0)
            continue;
        if (i != edge) {
            want(w, &p, item->kind, NULL);
            continue;
        }
        p.steps++;
        add(out, i, p);
    }
}

static void walk_item(struct walk *w, const struct phrase_item *item, bool fillers_after, const struct set *in,
                      struct set *out)
{
    switch (item->kind) {
    case PHRASE_GAP_OF:
        walk_gap(w, item->gap, in, out);
        return;
    case PHRASE_END:
        walk_edge(w, item, in, out);
        return;
    case PHRASE_LIST:
        walk_list(w, item, fillers_after, in, out);
        return;
    case PHRASE_GROUP:
        walk_choices(w, item->choices, item->choice_count, fillers_after, in, out);
        if (item->optional)
            pour(w, in, out);
        return;
    case PHRASE_START:
    case PHRASE_ANY:
        break;
    default:
        walk_repeated(w, item, item->kind == PHRASE_NUMBER ? PATTERN_NUMBER_RUN : REPEATS, fillers_after, in, out);
        return;
    }
    struct set *met = take(w);
    if (item->kind == PHRASE_START)
        walk_edge(w, item, in, met);
    else
        walk_word(w, item, true, in, met);
    if (fillers_after)
        walk_fillers(w, met, out);
    else
        pour(w, met, out);
    give(w, met);
}

/* An optional part after the last word that must be there brings the fillers before it. */
static void walk_tail(struct walk *w, const struct phrase_item *item, const struct set *in, struct set *out)
{
    struct set *filled = take(w);
    walk_fillers(w, in, filled);
    walk_choices(w, item->choices, item->choice_count, false, filled, out);
    pour(w, in, out);
    give(w, filled);
}

static void walk_sequence(struct walk *w, const struct phrase *p, bool fillers_after, const struct set *in,
                          struct set *out)
{
    size_t last = p->count;
    while (last > 0 && p->items[last - 1].kind == PHRASE_GROUP && p->items[last - 1].optional)
        last--;
    struct set *now = copy(w, in);
    for (size_t i = 0; i < p->count && now->live > 0 && w->rc == COACH_OK; i++) {
        struct set *next = take(w);
        if (i < last || fillers_after)
            walk_item(w, &p->items[i], i + 1 < last || fillers_after, now, next);
        else
            walk_tail(w, &p->items[i], now, next);
        give(w, now);
        now = next;
    }
    pour(w, now, out);
    give(w, now);
}

/* --- the line --- */

/* Of the ways to the end of the phrase, the one that began first and met most. */
static void keep_match(const struct walk *w, const struct set *out)
{
    const struct place *best = NULL;
    for (size_t i = 0; i <= w->line->count; i++) {
        const struct place *p = &out->at[i];
        if (p->steps < 0 ||
            (best != NULL && (p->from > best->from || (p->from == best->from && p->steps < best->steps))))
            continue;
        best = p;
        *w->ret = (struct trace){.matches = true, .from = p->from, .to = i, .steps = (size_t)p->steps};
    }
}

static void walk_line(struct walk *w, const struct phrase *p)
{
    struct set *in = take(w), *out = take(w);
    for (size_t i = 0; i < w->line->count; i++)
        add(in, i, (struct place){0, (uint32_t)i, (uint32_t)i, 0});
    walk_sequence(w, p, false, in, out);
    if (out->live > 0)
        keep_match(w, out);
}

int trace_phrase(const struct pattern_context *c, const struct phrase *p, const char *const *captures, size_t ncaptures,
                 const struct words *line, struct trace *ret)
{
    struct trace found = {0};
    struct walk w = {.c = c, .captures = captures, .ncaptures = ncaptures, .line = line, .ret = &found};
    arena_init(&w.memory);
    w.last_resort = arena_alloc(&w.memory, sizeof *w.last_resort + (line->count + 1) * sizeof *w.last_resort->at);
    w.fillers = arena_alloc(&w.memory, line->count + 1);
    if (w.last_resort == NULL || w.fillers == NULL) {
        w.rc = COACH_ENOMEM;
    } else {
        find_fillers(&w);
        walk_line(&w, p);
    }
    arena_clear(&w.memory);
    if (w.rc == COACH_OK)
        *ret = found;
    return w.rc;
}

/* --- the prefilter --- */

static bool has_some(const struct words *line, const struct required_set *set)
{
    for (size_t i = 0; i < line->count; i++) {
        const char *text = line->line.data + line->items[i].at;
        for (size_t k = 0; k < set->count; k++) {
            size_t len = strlen(set->words[k].text);
            bool fits = set->words[k].prefix ? line->items[i].len >= len : line->items[i].len == len;
            if (fits && memcmp(text, set->words[k].text, len) == 0)
                return true;
        }
    }
    return false;
}

int trace_lacks(const struct pattern_context *c, const struct phrase *p, const struct words *line, bool *lacks,
                struct required_set *ret)
{
    struct required_set sets[PATTERN_MAX_SETS];
    size_t n;
    int rc = pattern_requires(c, p, sets, &n);
    *lacks = false;
    for (size_t i = 0; rc == COACH_OK && i < n && !*lacks; i++) {
        *lacks = !has_some(line, &sets[i]);
        *ret = sets[i];
    }
    return rc;
}

int trace_write_wanted(const struct trace_wanted *w, struct buf *out)
{
    switch (w->kind) {
    case PHRASE_PREFIX:
        return buf_addf(out, "%s*", w->text);
    case PHRASE_FORMS:
        return buf_addf(out, "~%s", w->text);
    case PHRASE_NUMBER:
        return buf_adds(out, "<number>");
    case PHRASE_ANY:
        return buf_adds(out, "<word>");
    case PHRASE_START:
        return buf_adds(out, "<start>");
    case PHRASE_END:
        return buf_adds(out, "<end>");
    default:
        return buf_adds(out, w->text);
    }
}
