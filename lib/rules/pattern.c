#include "lib/rules/pattern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/text/words.h"

/* --- the pattern ---
 *
 * Fillers are a subroutine, "(?&f)": written out at every word they would make patterns a hundred times larger.
 * The line is " w1 w2 w3 ", so each word takes its space with it. A word may be said up to three times in a
 * row, and up to three fillers may stand after it: "(?:calm F){1,3}". The last word of a phrase takes no
 * fillers after it, which keeps them out of what is quoted: "calm (?:F calm ){0,2}". */

struct writer {
    const struct pattern_context *c;
    const char *const *captures;
    size_t ncaptures;
    struct buf *out;
    int rc;
};

static void put(struct writer *w, const char *text)
{
    if (w->rc == COACH_OK)
        w->rc = buf_adds(w->out, text);
}

static void put_literal(struct writer *w, const char *word, size_t len)
{
    for (size_t i = 0; i < len && w->rc == COACH_OK; i++) {
        unsigned char c = (unsigned char)word[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80 || c == '\'' || c == ' ';
        if (!plain)
            put(w, "\\");
        if (w->rc == COACH_OK)
            w->rc = buf_add(w->out, word + i, 1);
    }
}

static void put_fillers(struct writer *w)
{
    if (w->c->fillers[0] != '\0')
        put(w, "(?&f)");
}

/* A word and what may stand for it: "is" is heard as "'s" too. */
static void put_word(struct writer *w, const char *word)
{
    size_t len = strlen(word);
    const char *const *for_it = table_get(&w->c->lang->loose, word, len); /* "'s" written in a phrase */
    const char *short_form = table_get(&w->c->lang->loose_for, word, len);
    if (for_it == NULL && short_form == NULL) {
        put_literal(w, word, len);
        return;
    }
    put(w, "(?:");
    put_literal(w, word, len);
    for (; for_it != NULL && *for_it != NULL; for_it++) {
        put(w, "|");
        put_literal(w, *for_it, strlen(*for_it));
    }
    if (short_form != NULL) {
        put(w, "|");
        put_literal(w, short_form, strlen(short_form));
    }
    put(w, ")");
}

static void put_forms(struct writer *w, const char *base)
{
    char forms[LANGUAGE_MAX_FORMS][LANGUAGE_MAX_WORD];
    size_t n = language_forms_of(w->c->lang, base, forms);
    put(w, "(?:");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            put(w, "|");
        put_word(w, forms[i]);
    }
    put(w, ")");
}

static void put_spelled(struct writer *w, const char *letters)
{
    put(w, "(?:");
    put_word(w, letters);
    put(w, "|");
    for (const char *p = letters; *p != '\0'; p++) {
        bool more = p[1] != '\0';
        put(w, more ? "(?:" : "");
        put_literal(w, p, 1);
        put(w, more ? " " : "");
        if (more)
            put_fillers(w);
        put(w, more ? "){1,3}" : "");
    }
    put(w, ")");
}

static void put_number(struct writer *w)
{
    put(w, "(?:[0-9][^ ]*");
    for (const struct table_entry *e = table_next(&w->c->lang->numbers, NULL); e != NULL;
         e = table_next(&w->c->lang->numbers, e)) {
        size_t len;
        const char *word = table_key(e, &len);
        put(w, "|");
        put_literal(w, word, len);
    }
    put(w, ")");
}

static void put_sequence(struct writer *w, const struct phrase *p, bool fillers_after);

static void put_choices(struct writer *w, const struct phrase *choices, size_t n, bool fillers_after)
{
    for (size_t i = 0; i < n && w->rc == COACH_OK; i++) {
        if (i > 0)
            put(w, "|");
        put_sequence(w, &choices[i], fillers_after);
    }
}

/* The word of an item, without its space; false when the item is not a word. */
static bool put_atom(struct writer *w, const struct phrase_item *item)
{
    switch (item->kind) {
    case PHRASE_WORD:
        put_word(w, item->text);
        return true;
    case PHRASE_PREFIX:
        put_literal(w, item->text, strlen(item->text));
        put(w, "[^ ]*");
        return true;
    case PHRASE_FORMS:
        put_forms(w, item->text);
        return true;
    case PHRASE_SPELLED:
        put_spelled(w, item->text);
        return true;
    case PHRASE_NUMBER:
        put_number(w);
        return true;
    default:
        return false;
    }
}

static void put_repeated(struct writer *w, const struct phrase_item *item, bool fillers_after)
{
    bool number = item->kind == PHRASE_NUMBER;
    put(w, "(?:");
    put_atom(w, item);
    put(w, " ");
    if (fillers_after) {
        put_fillers(w);
        put(w, number ? "){1,8}" : "){1,3}");
        return;
    }
    put(w, ")(?:");
    put_fillers(w);
    put_atom(w, item);
    put(w, number ? " ){0,7}" : " ){0,2}");
}

static void put_list(struct writer *w, const struct phrase_item *item, bool fillers_after)
{
    const struct phrase_list *list = table_get(w->c->lists, item->text, strlen(item->text));
    size_t group = 0;
    while (group < w->ncaptures && strcmp(w->captures[group], item->capture) != 0)
        group++;
    bool captured = group < w->ncaptures;
    if (list == NULL) {
        w->rc = COACH_EINVAL;
        return;
    }
    if (captured && w->rc == COACH_OK)
        w->rc = buf_addf(w->out, "(?<c%zu>", group);
    else
        put(w, "(?:");
    put_choices(w, list->items, list->count, fillers_after && !captured);
    put(w, ")");
    if (fillers_after && captured)
        put_fillers(w);
}

static void put_item(struct writer *w, const struct phrase_item *item, bool fillers_after)
{
    switch (item->kind) {
    case PHRASE_GAP_OF:
        put(w, "(?:[^ #]+ ");
        put_fillers(w);
        if (w->rc == COACH_OK)
            w->rc = buf_addf(w->out, "){0,%d}?", item->gap);
        return;
    case PHRASE_START:
        put(w, "(?<=^ )");
        break;
    case PHRASE_END:
        put(w, "$");
        return;
    case PHRASE_ANY:
        put(w, "[^ ]+ ");
        break;
    case PHRASE_LIST:
        put_list(w, item, fillers_after);
        return;
    case PHRASE_GROUP:
        put(w, "(?:");
        put_choices(w, item->choices, item->choice_count, fillers_after);
        put(w, item->optional ? ")?" : ")");
        return;
    default:
        put_repeated(w, item, fillers_after);
        return;
    }
    if (fillers_after)
        put_fillers(w);
}

static bool may_be_missing(const struct phrase_item *item)
{
    return item->kind == PHRASE_GROUP && item->optional;
}

static void put_sequence(struct writer *w, const struct phrase *p, bool fillers_after)
{
    size_t last = p->count; /* index of the last item that must be there */
    while (last > 0 && may_be_missing(&p->items[last - 1]))
        last--;
    for (size_t i = 0; i < p->count && w->rc == COACH_OK; i++) {
        bool before_last = i + 1 < last || fillers_after;
        if (i < last || fillers_after) {
            put_item(w, &p->items[i], before_last);
            continue;
        }
        put(w, "(?:"); /* an optional part after the end: it brings the fillers before it */
        put_fillers(w);
        put(w, "(?:");
        put_choices(w, p->items[i].choices, p->items[i].choice_count, false);
        put(w, "))?");
    }
}

const char *pattern_fillers(const struct language *lang, struct arena *memory)
{
    struct buf out;
    buf_init(&out, PATTERN_MAX);
    struct pattern_context c = {.lang = lang};
    struct writer w = {.c = &c, .out = &out};
    put(&w, lang->filler_count > 0 ? "(?(DEFINE)(?<f>(?:(?:" : "");
    for (size_t i = 0; i < lang->filler_count; i++) {
        if (i > 0)
            put(&w, "|");
        put_literal(&w, lang->fillers[i], strlen(lang->fillers[i]));
    }
    put(&w, lang->filler_count > 0 ? ") ){0,3}))" : "");
    char *ret = w.rc == COACH_OK ? arena_strn(memory, out.data, out.len) : NULL;
    buf_clear(&out);
    return ret;
}

int pattern_write(const struct pattern_context *c, const struct phrase *p, const char *const *captures,
                  size_t ncaptures, struct buf *out)
{
    struct writer w = {.c = c, .captures = captures, .ncaptures = ncaptures, .out = out};
    put(&w, c->fillers);
    put(&w, "(?<= )");
    put_sequence(&w, p, false);
    return w.rc;
}

/* --- the required words --- */

struct gather {
    const struct pattern_context *c;
    struct required_word words[PATTERN_MAX_SET];
    size_t count;
    bool overflow;
};

static void gather_add(struct gather *g, const char *text, bool prefix)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->words[i].prefix == prefix && strcmp(g->words[i].text, text) == 0)
            return;
    if (g->count == PATTERN_MAX_SET) {
        g->overflow = true;
        return;
    }
    g->words[g->count++] = (struct required_word){text, prefix};
}

static void gather_word(struct gather *g, const char *word)
{
    const char *const *for_it = table_get(&g->c->lang->loose, word, strlen(word));
    const char *short_form = table_get(&g->c->lang->loose_for, word, strlen(word));
    gather_add(g, word, false);
    for (; for_it != NULL && *for_it != NULL; for_it++)
        gather_add(g, *for_it, false);
    if (short_form != NULL)
        gather_add(g, short_form, false);
}

static double cost_of(const struct language *lang, const struct required_set *set)
{
    double cost = 0;
    for (size_t i = 0; i < set->count; i++) {
        uintptr_t rank = (uintptr_t)table_get(&lang->common, set->words[i].text, strlen(set->words[i].text));
        cost += set->words[i].prefix ? 2 : 1;
        if (rank > 0)
            cost += 2000.0 / (double)(rank + 10); /* Zipf: the use of a word falls with its rank */
    }
    return cost;
}

/* A copy of what was gathered, in the arena; count 0 where the item cannot be used. */
static int gather_done(struct gather *g, struct required_set *set)
{
    *set = (struct required_set){0};
    if (g->overflow || g->count == 0)
        return COACH_OK;
    struct required_word *words = arena_alloc(g->c->memory, g->count * sizeof *words);
    if (words == NULL)
        return COACH_ENOMEM;
    memcpy(words, g->words, g->count * sizeof *words);
    *set = (struct required_set){.words = words, .count = g->count};
    set->cost = cost_of(g->c->lang, set);
    return COACH_OK;
}

static int best_of(const struct pattern_context *c, const struct phrase *p, struct required_set *best);

/* The union of the best set of each choice: one of them must be met. None when a choice has none. */
static int union_of(const struct pattern_context *c, const struct phrase *choices, size_t n, struct required_set *set)
{
    struct gather g = {.c = c};
    for (size_t i = 0; i < n; i++) {
        struct required_set one;
        int rc = best_of(c, &choices[i], &one);
        if (rc != COACH_OK)
            return rc;
        g.overflow = g.overflow || one.count == 0;
        for (size_t k = 0; k < one.count; k++)
            gather_add(&g, one.words[k].text, one.words[k].prefix);
    }
    return gather_done(&g, set);
}

static int set_of_word(const struct pattern_context *c, const struct phrase_item *item, struct required_set *set)
{
    struct gather g = {.c = c};
    char forms[LANGUAGE_MAX_FORMS][LANGUAGE_MAX_WORD];
    if (item->kind == PHRASE_FORMS) {
        size_t n = language_forms_of(c->lang, item->text, forms);
        for (size_t i = 0; i < n; i++) {
            const char *form = arena_str(c->memory, forms[i]);
            if (form == NULL)
                return COACH_ENOMEM;
            gather_word(&g, form);
        }
    } else if (item->kind == PHRASE_SPELLED) {
        const char *letter = arena_strn(c->memory, item->text, 1);
        if (letter == NULL)
            return COACH_ENOMEM;
        gather_word(&g, item->text);
        gather_add(&g, letter, false);
    } else if (item->kind == PHRASE_PREFIX) {
        gather_add(&g, item->text, true);
    } else {
        gather_word(&g, item->text);
    }
    return gather_done(&g, set);
}

static int set_of(const struct pattern_context *c, const struct phrase_item *item, struct required_set *set)
{
    *set = (struct required_set){0};
    switch (item->kind) {
    case PHRASE_WORD:
    case PHRASE_PREFIX:
    case PHRASE_FORMS:
    case PHRASE_SPELLED:
        return set_of_word(c, item, set);
    case PHRASE_GROUP:
        return item->optional ? COACH_OK : union_of(c, item->choices, item->choice_count, set);
    case PHRASE_LIST: {
        struct phrase_list *list = table_get(c->lists, item->text, strlen(item->text));
        if (list == NULL)
            return COACH_OK;
        int rc = list->known ? COACH_OK : union_of(c, list->items, list->count, &list->requires);
        list->known = rc == COACH_OK;
        *set = list->requires;
        return rc;
    }
    default:
        return COACH_OK;
    }
}

static int best_of(const struct pattern_context *c, const struct phrase *p, struct required_set *best)
{
    *best = (struct required_set){0};
    for (size_t i = 0; i < p->count; i++) {
        struct required_set set;
        int rc = set_of(c, &p->items[i], &set);
        if (rc != COACH_OK)
            return rc;
        if (set.count > 0 && (best->count == 0 || set.cost < best->cost))
            *best = set;
    }
    return COACH_OK;
}

int pattern_requires(const struct pattern_context *c, const struct phrase *p, struct required_set *sets, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct required_set set;
        int rc = set_of(c, &p->items[i], &set);
        if (rc != COACH_OK)
            return rc;
        if (set.count == 0)
            continue;
        size_t at = *n; /* insertion into the few cheapest */
        while (at > 0 && sets[at - 1].cost > set.cost)
            at--;
        if (at == PATTERN_MAX_SETS)
            continue;
        size_t kept = *n < PATTERN_MAX_SETS ? *n : PATTERN_MAX_SETS - 1;
        memmove(sets + at + 1, sets + at, (kept - at) * sizeof *sets);
        sets[at] = set;
        *n = kept + 1;
    }
    return COACH_OK;
}
