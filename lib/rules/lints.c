#include "lib/rules/lints.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/rules/covering.h"
#include "lib/rules/keys.h"
#include "lib/rules/recorded.h"
#include "lib/text/words.h"

struct lint {
    const struct pack *pack;
    struct diags *problems;
    struct arena memory;
    struct words words;
    struct table lists; /* name -> struct shape *: what its items are at their shortest */
};

static void warn(struct lint *l, const char *code, const struct yaml_node *at, const char *hint, const char *what)
{
    diags_add(l->problems, DIAG_WARNING, code, &at->at, hint, "%s", what);
}

/* --- a phrase that another makes redundant --- */

enum { PAIR_STEPS = 2000, RULE_STEPS = 1000000 };

/* Whether a message quotes what a list of the phrase was met with: then it matters which phrase matched. */
static bool quotes_lists(const struct def_rule *r)
{
    struct placeholder ph;
    for (size_t i = 0; i <= r->suggest.count; i++) {
        const struct def_text *text = i == 0 ? &r->message : &r->suggest.items[i - 1];
        for (size_t at = 0; text->node != NULL && pack_placeholder(text->s, &at, &ph);)
            if (strcmp(ph.name, "said") != 0 && strcmp(ph.name, "plain") != 0)
                return true;
    }
    return false;
}

/* Whether phrase `i` is redundant beside `k`. Of two that cover each other the later one is. */
static bool is_redundant(struct lint *l, const struct def_rule *r, const struct def_phrases *says, size_t i, size_t k,
                         long *steps)
{
    struct covering c = {.lang = l->pack->lang, .lists = &l->pack->lists};
    /* a longer match may escape a not_in, and each term of a swap has plain words of its own */
    c.whole = r->not_in.count > 0 || r->swap.count > 0;
    c.steps = *steps < PAIR_STEPS ? *steps : PAIR_STEPS;
    *steps -= c.steps;
    bool redundant = covering_holds(&c, &says->items[k].tree, &says->items[i].tree);
    if (redundant && i < k)
        redundant = !covering_holds(&c, &says->items[i].tree, &says->items[k].tree);
    *steps += c.steps;
    return redundant;
}

static void check_redundant(struct lint *l, const struct def_rule *r, const struct def_phrases *says)
{
    long steps = RULE_STEPS;
    for (size_t i = 0; i < says->count && !quotes_lists(r); i++)
        for (size_t k = 0; k < says->count && steps > 0; k++) {
            if (k == i || !is_redundant(l, r, says, i, k, &steps))
                continue;
            char hint[120];
            snprintf(hint, sizeof hint, "delete it, or make the phrase on line %d narrower",
                     says->items[k].node->at.line);
            warn(l, "phrase-redundant", says->items[i].node, hint,
                 "another phrase of this rule matches wherever this one does");
            break;
        }
}

/* --- a phrase that everyday talk meets --- */

enum { NEVER = 1000, EVERYDAY_WORDS = 2 };

/* How few words a phrase can be met with, and how few when all of them are everyday words; NEVER where it cannot. */
struct shape {
    int words;
    int everyday;
};

static int shape_of(struct lint *l, const struct phrase *phrase, struct shape *ret);

static int shape_of_choices(struct lint *l, const struct phrase *choices, size_t n, struct shape *ret)
{
    *ret = (struct shape){NEVER, NEVER};
    for (size_t i = 0; i < n; i++) {
        struct shape one;
        int rc = shape_of(l, &choices[i], &one);
        if (rc != COACH_OK)
            return rc;
        ret->words = one.words < ret->words ? one.words : ret->words;
        ret->everyday = one.everyday < ret->everyday ? one.everyday : ret->everyday;
    }
    return COACH_OK;
}

/* Worked out once for each list: lists of lists would take for ever otherwise. */
static int shape_of_list(struct lint *l, const char *name, struct shape *ret)
{
    size_t len = strlen(name);
    const struct shape *known = table_get(&l->lists, name, len);
    const struct phrase_list *list = table_get(&l->pack->lists, name, len);
    if (known != NULL) {
        *ret = *known;
        return COACH_OK;
    }
    struct shape *kept = arena_alloc(&l->memory, sizeof *kept);
    if (kept == NULL)
        return COACH_ENOMEM;
    int rc = shape_of_choices(l, list->items, list->count, kept);
    *ret = *kept;
    return rc == COACH_OK ? table_set(&l->lists, name, len, kept) : rc;
}

static int shape_of_item(struct lint *l, const struct phrase_item *item, struct shape *ret)
{
    *ret = (struct shape){0, 0};
    switch (item->kind) {
    case PHRASE_GAP_OF:
        return COACH_OK;
    case PHRASE_START: /* a place narrows a phrase as much as a few words would */
    case PHRASE_END:
        *ret = (struct shape){EVERYDAY_WORDS, EVERYDAY_WORDS};
        return COACH_OK;
    case PHRASE_GROUP:
        return item->optional ? COACH_OK : shape_of_choices(l, item->choices, item->choice_count, ret);
    case PHRASE_LIST:
        return shape_of_list(l, item->text, ret);
    case PHRASE_ANY:
        *ret = (struct shape){1, 1};
        return COACH_OK;
    case PHRASE_WORD:
    case PHRASE_FORMS: {
        bool everyday = table_get(&l->pack->lang->common, item->text, strlen(item->text)) != NULL;
        *ret = (struct shape){1, everyday ? 1 : NEVER};
        return COACH_OK;
    }
    default:
        *ret = (struct shape){1, NEVER};
        return COACH_OK;
    }
}

static int shape_of(struct lint *l, const struct phrase *phrase, struct shape *ret)
{
    *ret = (struct shape){0, 0};
    for (size_t i = 0; i < phrase->count; i++) {
        struct shape one;
        int rc = shape_of_item(l, &phrase->items[i], &one);
        if (rc != COACH_OK)
            return rc;
        ret->words = ret->words + one.words < NEVER ? ret->words + one.words : NEVER;
        ret->everyday = ret->everyday + one.everyday < NEVER ? ret->everyday + one.everyday : NEVER;
    }
    return COACH_OK;
}

static int check_wide(struct lint *l, const struct def_phrase *phrase, bool is_term)
{
    static const char hint[] = "add the words around it that make it what it is";
    struct shape shape;
    int rc = shape_of(l, &phrase->tree, &shape);
    if (rc != COACH_OK)
        return rc;
    if (shape.everyday <= (is_term ? 1 : EVERYDAY_WORDS))
        warn(l, "phrase-everyday", phrase->node, hint,
             shape.everyday == 1 ? "one everyday word is enough to meet this phrase"
                                 : "two everyday words are enough to meet this phrase");
    else if (shape.words == 1 && !is_term)
        warn(l, "phrase-one-word", phrase->node, hint, "a single word is enough to meet this phrase");
    return COACH_OK;
}

/* --- examples given twice --- */

static int check_repeated(struct lint *l, const struct def_texts *examples)
{
    struct table seen;
    table_init(&seen, NULL);
    int rc = COACH_OK;
    for (size_t i = 0; i < examples->count && rc == COACH_OK; i++) {
        const struct def_text *e = &examples->items[i];
        rc = words_read(&l->words, l->pack->lang, e->s, strlen(e->s));
        if (rc != COACH_OK || l->words.count == 0)
            continue;
        const struct def_text *first = table_get(&seen, l->words.line.data, l->words.line.len);
        char hint[120];
        if (first == NULL) {
            rc = table_set(&seen, l->words.line.data, l->words.line.len, (void *)e);
            continue;
        }
        snprintf(hint, sizeof hint, "delete it, or change it: it is on line %d already", first->node->at.line);
        warn(l, "example-repeated", e->node, hint, "the same example is given twice");
    }
    table_clear(&seen);
    return rc;
}

/* --- keys without effect --- */

static void warn_no_effect(struct lint *l, const struct yaml_node *map, const char *key, const char *hint,
                           const char *what)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->pairs[i].key->text, key) == 0)
            diags_add(l->problems, DIAG_WARNING, "no-effect", &map->pairs[i].key->at, hint,
                      "'%s' has no effect here: %s", key, what);
}

static void check_conversation_keys(struct lint *l, const struct yaml_node *map)
{
    static const char *const idle[] = {"match", "no_match", "speaker"};
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
        warn_no_effect(l, map, idle[i],
                       i < 2 ? "show it with a call under 'tests:'" : "its signals say whose words count: delete it",
                       "a rule with 'when' has no phrases of its own");
}

static void check_quieting(struct lint *l, const struct rulefile *f, const struct def_rule *r)
{
    for (size_t i = 0; i < r->quiets.count && r->id.node != NULL; i++)
        if (strcmp(r->quiets.items[i].s, r->id.s) == 0)
            diags_add(l->problems, DIAG_WARNING, "no-effect", &r->quiets.items[i].node->at,
                      "delete it: 'cooldown' does that", "'quiets' has no effect here: it names the rule itself");
    if (r->quiets.count > 0 && pack_severity(f, r) == RULE_PRAISE)
        warn(l, "praise-quiets", r->quiets.node, "delete it, or give the rule another severity",
             "a rule that praises keeps advice quiet");
}

/* --- what nothing uses --- */

static int mark_lists(struct lint *l, const struct phrase *phrase, struct table *used)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < phrase->count && rc == COACH_OK; i++) {
        const struct phrase_item *item = &phrase->items[i];
        for (size_t k = 0; k < item->choice_count && rc == COACH_OK; k++)
            rc = mark_lists(l, &item->choices[k], used);
        if (item->kind != PHRASE_LIST || rc != COACH_OK || table_get(used, item->text, strlen(item->text)) != NULL)
            continue;
        rc = table_set(used, item->text, strlen(item->text), (void *)item);
        const struct phrase_list *list = table_get(&l->pack->lists, item->text, strlen(item->text));
        for (size_t k = 0; list != NULL && k < list->count && rc == COACH_OK; k++)
            rc = mark_lists(l, &list->items[k], used);
    }
    return rc;
}

static int mark_phrases(struct lint *l, const struct def_phrases *const *parts, size_t n, struct table *used)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < parts[i]->count && rc == COACH_OK; k++)
            rc = mark_lists(l, &parts[i]->items[k].tree, used); /* of one that is broken nothing is known: empty */
    return rc;
}

static int mark_signals(const struct def_when *w, struct table *used)
{
    const struct def_text *name;
    int rc = COACH_OK;
    for (size_t i = 0; (name = when_signal(w, i)) != NULL && rc == COACH_OK; i++)
        rc = table_set(used, name->s, strlen(name->s), (void *)name);
    return rc;
}

/* What a pack uses counts, even where a site has changed that: the pack's signals are not the site's to delete. */
static int mark_all(struct lint *l, struct table *lists, struct table *signals)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < l->pack->file_count; i++) {
        const struct rulefile *f = &l->pack->files[i];
        for (size_t k = 0; k < f->signal_count && rc == COACH_OK; k++) {
            const struct def_signal *s = &f->signals[k];
            const struct def_phrases *parts[] = {&s->says, &s->not_in, &s->unless};
            rc = mark_phrases(l, parts, 3, lists);
            const struct site_target *t = site_target_of(l->pack, s);
            if (rc == COACH_OK)
                rc = mark_signals(&s->when, signals);
            if (rc == COACH_OK && t != NULL)
                rc = mark_signals(&((const struct def_signal *)t->before)->when, signals);
        }
        for (size_t k = 0; k < f->rule_count && rc == COACH_OK; k++) {
            const struct def_rule *r = &f->rules[k];
            const struct def_phrases *parts[] = {&r->says, &r->swap, &r->not_in, &r->unless};
            rc = mark_phrases(l, parts, 4, lists);
            const struct site_target *t = site_target_of(l->pack, r);
            if (rc == COACH_OK)
                rc = mark_signals(&r->when, signals);
            if (rc == COACH_OK && t != NULL)
                rc = mark_signals(&((const struct def_rule *)t->before)->when, signals);
        }
    }
    return rc;
}

static void report_unused(struct lint *l, const struct table *lists, const struct table *signals)
{
    for (size_t i = 0; i < l->pack->file_count; i++) {
        const struct rulefile *f = &l->pack->files[i];
        for (size_t k = 0; k < f->list_count; k++)
            if (table_get(lists, f->lists[k].name, strlen(f->lists[k].name)) == NULL)
                warn(l, "unused-list", f->lists[k].node, "delete it, or write <its_name> in a phrase",
                     "no rule and no signal uses this list");
        for (size_t k = 0; k < f->signal_count; k++)
            if (f->signals[k].id.node != NULL && recorded_of(f->signals[k].id.s) == RECORDED_NOT &&
                table_get(signals, f->signals[k].id.s, strlen(f->signals[k].id.s)) == NULL)
                warn(l, "unused-signal", f->signals[k].id.node, "delete it, or name it in a rule's 'when:'",
                     "no rule uses this signal");
    }
}

static int check_used(struct lint *l)
{
    struct table lists, signals;
    table_init(&lists, NULL);
    table_init(&signals, NULL);
    int rc = mark_all(l, &lists, &signals);
    if (rc == COACH_OK && l->problems->levels[DIAG_ERROR] == 0) /* what is broken may be what uses it */
        report_unused(l, &lists, &signals);
    table_clear(&lists);
    table_clear(&signals);
    return rc;
}

/* --- all of it --- */

static int check_rule(struct lint *l, const struct rulefile *f, const struct def_rule *r)
{
    if (r->when.node != NULL && r->node->kind == YAML_MAP)
        check_conversation_keys(l, r->node);
    check_quieting(l, f, r);
    int rc = check_repeated(l, &r->match);
    if (rc == COACH_OK)
        rc = check_repeated(l, &r->no_match);
    if (rc != COACH_OK || !pack_rule_usable(r))
        return rc;
    bool swap = r->swap.count > 0;
    const struct def_phrases *says = swap ? &r->swap : &r->says;
    check_redundant(l, r, says);
    for (size_t i = 0; i < says->count && rc == COACH_OK; i++)
        rc = check_wide(l, &says->items[i], swap);
    return rc;
}

int lints_check(const struct pack *pack, struct diags *problems)
{
    struct lint l = {.pack = pack, .problems = problems};
    arena_init(&l.memory);
    words_init(&l.words);
    table_init(&l.lists, NULL);
    int rc = check_used(&l);
    for (size_t i = 0; i < pack->file_count; i++)
        for (size_t k = 0; k < pack->files[i].rule_count && rc == COACH_OK; k++)
            rc = check_rule(&l, &pack->files[i], &pack->files[i].rules[k]);
    table_clear(&l.lists);
    words_clear(&l.words);
    arena_clear(&l.memory);
    return rc;
}
