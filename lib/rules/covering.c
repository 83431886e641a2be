#include "lib/rules/covering.h"

#include <string.h>

#include "lib/rules/pattern.h"

/* What is still to be said: the items of a phrase from `at` on, then what followed the bracket that it stands in. */
struct rest {
    const struct phrase *phrase;
    size_t at;
    const struct rest *then;
};

/* The choices that a bracket or a list stands for. */
struct choices {
    const struct phrase *items;
    size_t count;
    bool optional;
};

static struct rest settled(struct rest r)
{
    while (r.at == r.phrase->count && r.then != NULL)
        r = *r.then;
    return r;
}

static const struct phrase_item *first_of(const struct rest *r)
{
    return r->at < r->phrase->count ? &r->phrase->items[r->at] : NULL;
}

static struct rest after(const struct rest *r)
{
    return (struct rest){r->phrase, r->at + 1, r->then};
}

static bool opens(const struct covering *c, const struct phrase_item *item, struct choices *ret)
{
    if (item->kind == PHRASE_GROUP) {
        *ret = (struct choices){item->choices, item->choice_count, item->optional};
        return true;
    }
    const struct phrase_list *list =
        item->kind == PHRASE_LIST ? table_get(c->lists, item->text, strlen(item->text)) : NULL;
    if (list == NULL)
        return false;
    *ret = (struct choices){list->items, list->count, false};
    return true;
}

static bool same_phrase(const struct phrase *a, const struct phrase *b);

static bool same_item(const struct phrase_item *a, const struct phrase_item *b)
{
    bool named = a->text != NULL && b->text != NULL;
    if (a->kind != b->kind || a->gap != b->gap || a->optional != b->optional || a->choice_count != b->choice_count ||
        (named ? strcmp(a->text, b->text) != 0 : a->text != b->text))
        return false;
    for (size_t i = 0; i < a->choice_count; i++)
        if (!same_phrase(&a->choices[i], &b->choices[i]))
            return false;
    return true;
}

static bool same_phrase(const struct phrase *a, const struct phrase *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_item(&a->items[i], &b->items[i]))
            return false;
    return true;
}

static bool is_form(const struct covering *c, const char *base, const char *word)
{
    char forms[LANGUAGE_MAX_FORMS][LANGUAGE_MAX_WORD];
    size_t n = language_forms_of(c->lang, base, forms);
    for (size_t i = 0; i < n; i++)
        if (strcmp(forms[i], word) == 0)
            return true;
    return false;
}

/* Whether a word of the one is always a word of the other. */
static bool covers_word(const struct covering *c, const struct phrase_item *wide, const struct phrase_item *narrow)
{
    if (wide->kind == PHRASE_GAP_OF && narrow->kind == PHRASE_GAP_OF)
        return wide->gap >= narrow->gap;
    if (same_item(wide, narrow))
        return true;
    bool word = narrow->kind == PHRASE_WORD;
    switch (wide->kind) {
    case PHRASE_PREFIX: /* a word that may be heard as 'd or 's need not begin so */
        return (word || narrow->kind == PHRASE_PREFIX) && strncmp(narrow->text, wide->text, strlen(wide->text)) == 0 &&
               table_get(&c->lang->loose_for, narrow->text, strlen(narrow->text)) == NULL;
    case PHRASE_FORMS:
        return word && is_form(c, wide->text, narrow->text);
    case PHRASE_NUMBER:
        return word && table_get(&c->lang->numbers, narrow->text, strlen(narrow->text)) != NULL;
    default:
        return false;
    }
}

static bool covers(struct covering *c, struct rest wide, struct rest narrow);

/* Every choice of the narrow one must be covered. */
static bool covers_each(struct covering *c, const struct rest *wide, const struct choices *choices,
                        const struct rest *then)
{
    for (size_t i = 0; i < choices->count; i++)
        if (!covers(c, *wide, (struct rest){&choices->items[i], 0, then}))
            return false;
    return !choices->optional || covers(c, *wide, *then);
}

/* Some choice of the wide one must cover it. */
static bool some_covers(struct covering *c, const struct choices *choices, const struct rest *then,
                        const struct rest *narrow)
{
    for (size_t i = 0; i < choices->count; i++)
        if (covers(c, (struct rest){&choices->items[i], 0, then}, *narrow))
            return true;
    return choices->optional && covers(c, *then, *narrow);
}

static bool covers(struct covering *c, struct rest wide, struct rest narrow)
{
    if (c->steps <= 0)
        return false;
    c->steps--;
    wide = settled(wide);
    narrow = settled(narrow);
    const struct phrase_item *w = first_of(&wide), *n = first_of(&narrow);
    if (w == NULL && (n == NULL || !c->whole))
        return true;
    struct rest after_wide = after(&wide), after_narrow = after(&narrow);
    if (w != NULL && n != NULL && same_item(w, n) && covers(c, after_wide, after_narrow))
        return true;
    struct choices choices;
    if (n != NULL && opens(c, n, &choices))
        return covers_each(c, &wide, &choices, &after_narrow);
    if (w != NULL && opens(c, w, &choices))
        return some_covers(c, &choices, &after_wide, &narrow);
    return w != NULL && n != NULL && covers_word(c, w, n) && covers(c, after_wide, after_narrow);
}

bool covering_holds(struct covering *c, const struct phrase *wide, const struct phrase *narrow)
{
    for (size_t from = 0; from < narrow->count && (from == 0 || !c->whole); from++)
        if (covers(c, (struct rest){wide, 0, NULL}, (struct rest){narrow, from, NULL}))
            return true;
    return false;
}
