#include "lib/rules/pack.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/rules/conditions.h"
#include "lib/rules/keys.h"
#include "lib/rules/languagefile.h"
#include "lib/rules/screenplay.h"

enum { MESSAGE_ROOM = 140 };

/* The categories of the advice that ships, with the heading of their cards. */
static const struct {
    const char *name, *title;
} shipped[] = {
    {"dismissive", "Acknowledge first"},
    {"defensive", "Own the next step"},
    {"jargon", "Plain words"},
    {"clarity", "Keep it short"},
    {"empathy", "Name the feeling"},
    {"listening", "Let them finish"},
    {"policy", "Give the reason"},
    {"language", "Say what you can do"},
    {"options", "Offer a way forward"},
    {"followup", "Say what happens next"},
    {"escalation", "Bring in help"},
    {"tone", "Ease the tone"},
    {"praise", "Well done"},
};
enum { SHIPPED = sizeof shipped / sizeof *shipped };

const char *pack_category_title(const struct pack *pack, const char *category)
{
    for (size_t i = 0; i < pack->file_count; i++)
        for (size_t k = 0; k < pack->files[i].category_count; k++)
            if (strcmp(pack->files[i].categories[k].name, category) == 0)
                return pack->files[i].categories[k].title;
    for (size_t i = 0; i < SHIPPED; i++)
        if (strcmp(shipped[i].name, category) == 0)
            return shipped[i].title;
    return NULL;
}

const struct rulefile *pack_file_of(const struct pack *pack, const struct yaml_node *node)
{
    size_t i = 0;
    while (pack->files[i].doc.source != node->at.source)
        i++;
    return &pack->files[i];
}

/* --- values with their defaults --- */

static int64_t number_of(const struct def_number *own, const struct def_number *file, int64_t otherwise)
{
    return own->node != NULL ? own->value : file->node != NULL ? file->value : otherwise;
}

enum rule_severity pack_severity(const struct rulefile *f, const struct def_rule *r)
{
    return (enum rule_severity)number_of(&r->severity, &f->defaults.severity, RULE_HINT);
}

enum rule_speaker pack_speaker(const struct rulefile *f, const struct def_rule *r)
{
    return (enum rule_speaker)number_of(&r->speaker, &f->defaults.speaker, RULE_AGENT);
}

enum rule_mode pack_mode(const struct rulefile *f, const struct def_rule *r)
{
    return (enum rule_mode)number_of(&r->mode, &f->defaults.mode, RULE_LIVE);
}

int64_t pack_cooldown(const struct rulefile *f, const struct def_rule *r)
{
    return number_of(&r->cooldown, &f->defaults.cooldown, 60 * 1000);
}

int pack_per_call(const struct rulefile *f, const struct def_rule *r)
{
    return (int)number_of(&r->per_call, &f->defaults.per_call, 3);
}

double pack_min_confidence(const struct rulefile *f, const struct def_rule *r)
{
    return r->min_confidence.node != NULL ? r->min_confidence.value : f->defaults.min_confidence.value;
}

enum rule_speaker pack_signal_speaker(const struct rulefile *f, const struct def_signal *s)
{
    return (enum rule_speaker)number_of(&s->speaker, &f->defaults.speaker, RULE_AGENT);
}

bool pack_final_only(const struct rulefile *f, const struct def_rule *r)
{
    return number_of(&r->final_only, &f->defaults.final_only, 0) != 0;
}

/* --- the language --- */

static int read_language(struct pack *p, const struct source *languages, size_t n)
{
    const char *code = NULL;
    struct mark top = {p->file_count > 0 ? p->files[0].doc.source : NULL, 0, 0, 0};
    for (size_t i = 0; i < p->file_count; i++) {
        const struct def_text *own = &p->files[i].language;
        if (own->node == NULL)
            continue;
        if (code == NULL)
            code = own->s;
        else if (strcmp(code, own->s) != 0)
            keys_refuse(p->problems, own->node, "language", "run another coachd for it, with rules of its own",
                        "this file is for '%.20s', the others are for '%.20s'", own->s, code);
    }
    if (code == NULL)
        code = "en";
    for (size_t i = 0; i < n; i++) {
        int rc = languagefile_read(&languages[i], p->lang, p->problems);
        if (rc != COACH_OK)
            return rc;
        if (p->lang->code != NULL && strcmp(p->lang->code, code) == 0)
            return COACH_OK;
        language_clear(p->lang);
        language_init(p->lang);
    }
    diags_add(p->problems, DIAG_ERROR, "language", &top, "language tables are the files in rules/languages",
              "there is no language table for '%.20s'", code);
    return COACH_OK;
}

/* --- names --- */

static int declare(struct pack *p, struct table *names, const struct yaml_node *at, const char *name, void *value,
                   const char *what, const struct yaml_node *(*place)(const void *))
{
    const void *first = table_get(names, name, strlen(name));
    if (first == NULL)
        return table_set(names, name, strlen(name), value);
    char hint[200];
    const struct yaml_node *other = place(first);
    if (site_file_of(p, at) != NULL && site_file_of(p, other) == NULL) {
        site_refuse_taken(p, at, name, what, other);
        return COACH_OK;
    }
    snprintf(hint, sizeof hint, "it is also at %.120s:%d; give one of them another name", other->at.source->name,
             other->at.line);
    keys_refuse(p->problems, at, "duplicate-name", hint, "there are two %ss called '%.64s'", what, name);
    return COACH_OK;
}

static const struct yaml_node *list_place(const void *def)
{
    return ((const struct def_list *)def)->node;
}

static const struct yaml_node *signal_place(const void *def)
{
    return ((const struct def_signal *)def)->id.node;
}

static const struct yaml_node *rule_place(const void *def)
{
    return ((const struct def_rule *)def)->id.node;
}

/* The names of the packs, or those of the sites. */
static int declare_all(struct pack *p, bool sites)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < p->file_count; i++) {
        struct rulefile *f = &p->files[i];
        if ((f->site.node != NULL) != sites)
            continue;
        for (size_t k = 0; k < f->list_count && rc == COACH_OK; k++)
            rc = declare(p, &p->list_defs, f->lists[k].node, f->lists[k].name, &f->lists[k], "list", list_place);
        for (size_t k = 0; k < f->signal_count && rc == COACH_OK; k++)
            if (f->signals[k].id.node != NULL)
                rc = declare(p, &p->signals, f->signals[k].id.node, f->signals[k].id.s, &f->signals[k], "signal",
                             signal_place);
        for (size_t k = 0; k < f->rule_count && rc == COACH_OK; k++)
            if (f->rules[k].id.node != NULL)
                rc = declare(p, &p->rules, f->rules[k].id.node, f->rules[k].id.s, &f->rules[k], "rule", rule_place);
    }
    return rc;
}

/* --- phrases --- */

/* Names in a phrase that no list has. Returns whether all are known. */
static bool check_names(struct pack *p, const struct yaml_node *node, const struct phrase *phrase)
{
    bool fine = true;
    for (size_t i = 0; i < phrase->count; i++) {
        const struct phrase_item *item = &phrase->items[i];
        for (size_t k = 0; k < item->choice_count; k++)
            fine = check_names(p, node, &item->choices[k]) && fine;
        if (item->kind != PHRASE_LIST || table_get(&p->list_defs, item->text, strlen(item->text)) != NULL)
            continue;
        const char *names[64];
        size_t n = 0;
        for (struct table_entry *e = table_next(&p->list_defs, NULL); e != NULL && n < 64;
             e = table_next(&p->list_defs, e))
            names[n++] = table_key(e, NULL);
        const char *near = diag_nearest(item->text, names, n);
        char hint[120];
        snprintf(hint, sizeof hint, "did you mean <%s>?", near == NULL ? "" : near);
        struct mark m = yaml_mark_at(node, item->at, (int)item->len);
        diags_add(p->problems, DIAG_ERROR, "unknown-list", &m,
                  near == NULL ? "lists are declared under 'lists:' at the top of a file" : hint,
                  "there is no list called '%s'", item->text);
        fine = false;
    }
    return fine;
}

static int parse_phrases(struct pack *p, struct def_phrases *phrases)
{
    for (size_t i = 0; i < phrases->count; i++) {
        struct def_phrase *d = &phrases->items[i];
        int rc = phrase_parse(d->node, p->lang, &p->memory, &d->tree, p->problems);
        if (rc == COACH_ENOMEM)
            return rc;
        d->usable = rc == COACH_OK && check_names(p, d->node, &d->tree);
    }
    return COACH_OK;
}

static int parse_all(struct pack *p)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < p->file_count; i++) {
        struct rulefile *f = &p->files[i];
        for (size_t k = 0; k < f->list_count && rc == COACH_OK; k++)
            rc = parse_phrases(p, &f->lists[k].items);
        for (size_t k = 0; k < f->signal_count && rc == COACH_OK; k++) {
            struct def_phrases *parts[] = {&f->signals[k].says, &f->signals[k].not_in, &f->signals[k].unless};
            for (size_t j = 0; j < 3 && rc == COACH_OK; j++)
                rc = parse_phrases(p, parts[j]);
        }
        for (size_t k = 0; k < f->rule_count && rc == COACH_OK; k++) {
            struct def_rule *r = &f->rules[k];
            struct def_phrases *parts[] = {&r->says, &r->swap, &r->not_in, &r->unless};
            for (size_t j = 0; j < 4 && rc == COACH_OK; j++)
                rc = parse_phrases(p, parts[j]);
        }
    }
    return rc;
}

/* --- lists --- */

/* What is known of a list: how deep its lists of lists go (1: none), or one of these. */
enum { LIST_BROKEN = -2, LIST_OPEN = -1, LIST_UNSEEN = 0, LIST_MAX_DEPTH = 8 };

static int visit_list(struct pack *p, const struct def_list *def, struct table *state, int depth);

/* The depth of the deepest list that a phrase names, 0 for none; LIST_BROKEN when one cannot be used. */
static int visit_phrase(struct pack *p, const struct yaml_node *node, const struct phrase *phrase, struct table *state,
                        int depth)
{
    int deepest = 0;
    bool broken = false;
    for (size_t i = 0; i < phrase->count; i++) {
        const struct phrase_item *item = &phrase->items[i];
        for (size_t k = 0; k < item->choice_count; k++) {
            int inner = visit_phrase(p, node, &item->choices[k], state, depth);
            broken = broken || inner < 0;
            deepest = inner > deepest ? inner : deepest;
        }
        if (item->kind != PHRASE_LIST)
            continue;
        struct mark m = yaml_mark_at(node, item->at, (int)item->len);
        if (depth == LIST_MAX_DEPTH) {
            diags_add(p->problems, DIAG_ERROR, "list-depth", &m, "write the words out here",
                      "lists of lists go at most %d deep", LIST_MAX_DEPTH);
            return LIST_BROKEN;
        }
        const struct def_list *def = table_get(&p->list_defs, item->text, strlen(item->text));
        int inner = visit_list(p, def, state, depth + 1);
        if (inner == LIST_OPEN)
            diags_add(p->problems, DIAG_ERROR, "list-cycle", &m, "write the words out here",
                      "the list '%s' contains itself", item->text);
        broken = broken || inner < 0;
        deepest = inner > deepest ? inner : deepest;
    }
    return broken ? LIST_BROKEN : deepest;
}

/* `depth`: lists on the way here, this one counted, so that no chain of them is followed for ever. */
static int visit_list(struct pack *p, const struct def_list *def, struct table *state, int depth)
{
    size_t len = strlen(def->name);
    int now = (int)(intptr_t)table_get(state, def->name, len);
    if (now != LIST_UNSEEN)
        return now;
    if (table_set(state, def->name, len, (void *)(intptr_t)LIST_OPEN) != COACH_OK) {
        p->problems->out_of_memory = true;
        return LIST_BROKEN;
    }
    int deepest = 0;
    bool broken = def->items.count == 0;
    for (size_t i = 0; i < def->items.count; i++) {
        const struct def_phrase *item = &def->items.items[i];
        int inner = item->usable ? visit_phrase(p, item->node, &item->tree, state, depth) : LIST_BROKEN;
        broken = broken || inner < 0;
        deepest = inner > deepest ? inner : deepest;
    }
    if (!broken && deepest >= LIST_MAX_DEPTH) { /* each part was seen before, and shallow by itself */
        diags_add(p->problems, DIAG_ERROR, "list-depth", &def->node->at, "write the words of the lists out here",
                  "lists of lists go at most %d deep", LIST_MAX_DEPTH);
        broken = true;
    }
    int known = broken ? LIST_BROKEN : deepest + 1;
    (void)table_set(state, def->name, len, (void *)(intptr_t)known); /* it is there: nothing is allocated */
    return known;
}

static int keep_list(struct pack *p, const struct def_list *def)
{
    struct phrase_list *list = arena_alloc(&p->memory, sizeof *list);
    struct phrase *items = arena_alloc(&p->memory, def->items.count * sizeof *items);
    if (list == NULL || items == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < def->items.count; i++)
        items[i] = def->items.items[i].tree;
    *list = (struct phrase_list){.name = def->name, .items = items, .count = def->items.count};
    return table_set(&p->lists, def->name, strlen(def->name), list);
}

/* Finds cycles, and keeps the lists that can be used. */
static int resolve_lists(struct pack *p)
{
    struct table state;
    table_init(&state, NULL);
    int rc = COACH_OK;
    for (struct table_entry *e = table_next(&p->list_defs, NULL); e != NULL && rc == COACH_OK;
         e = table_next(&p->list_defs, e)) {
        const struct def_list *def = table_value(e);
        if (def->items.node != NULL && def->items.node->kind == YAML_LIST && def->items.node->count == 0)
            keys_refuse(p->problems, def->node, "empty-list", NULL, "there is no phrase in this list");
        if (visit_list(p, def, &state, 1) > 0)
            rc = keep_list(p, def);
        if (p->problems->out_of_memory) /* a list left out for that would be missing in those that name it */
            rc = COACH_ENOMEM;
    }
    table_clear(&state);
    return rc;
}

static bool lists_usable(const struct pack *p, const struct phrase *phrase)
{
    for (size_t i = 0; i < phrase->count; i++) {
        const struct phrase_item *item = &phrase->items[i];
        for (size_t k = 0; k < item->choice_count; k++)
            if (!lists_usable(p, &item->choices[k]))
                return false;
        if (item->kind == PHRASE_LIST && table_get(&p->lists, item->text, strlen(item->text)) == NULL)
            return false;
    }
    return true;
}

static void settle_phrases(const struct pack *p, struct def_phrases *phrases)
{
    for (size_t i = 0; i < phrases->count; i++)
        phrases->items[i].usable = phrases->items[i].usable && lists_usable(p, &phrases->items[i].tree);
}

static void settle_usable(struct pack *p)
{
    for (size_t i = 0; i < p->file_count; i++) {
        struct rulefile *f = &p->files[i];
        for (size_t k = 0; k < f->rule_count; k++) {
            struct def_phrases *parts[] = {&f->rules[k].says, &f->rules[k].swap, &f->rules[k].not_in,
                                           &f->rules[k].unless};
            for (size_t j = 0; j < 4; j++)
                settle_phrases(p, parts[j]);
        }
        for (size_t k = 0; k < f->signal_count; k++) {
            struct def_phrases *parts[] = {&f->signals[k].says, &f->signals[k].not_in, &f->signals[k].unless};
            for (size_t j = 0; j < 3; j++)
                settle_phrases(p, parts[j]);
        }
    }
}

static bool all_usable(const struct def_phrases *phrases)
{
    for (size_t i = 0; i < phrases->count; i++)
        if (!phrases->items[i].usable)
            return false;
    return true;
}

bool pack_rule_usable(const struct def_rule *r)
{
    return r->id.node != NULL && r->category.node != NULL && r->message.node != NULL &&
           (r->says.count > 0) + (r->swap.count > 0) + (r->regex.node != NULL) + (r->when.node != NULL) == 1 &&
           all_usable(&r->says) && all_usable(&r->swap) && all_usable(&r->not_in) && all_usable(&r->unless);
}

bool pack_signal_usable(const struct def_signal *s)
{
    return (s->says.count > 0) + (s->when.node != NULL) == 1 && all_usable(&s->says) && all_usable(&s->not_in) &&
           all_usable(&s->unless);
}

/* --- what rules refer to --- */

bool pack_placeholder(const char *message, size_t *at, struct placeholder *ret)
{
    const char *open = strchr(message + *at, '{');
    if (open == NULL)
        return false;
    size_t len = 0;
    const char *p = open + 1;
    while ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-')
        p++;
    len = (size_t)(p - open) - 1;
    *ret = (struct placeholder){.at = (size_t)(open - message)};
    bool closed = *p == '}' && len > 0 && len < sizeof ret->name;
    if (closed)
        memcpy(ret->name, open + 1, len);
    ret->len = (size_t)(p - open) + (*p == '}');
    *at = ret->at + ret->len;
    return true;
}

static bool phrase_names(const struct phrase *phrase, const char *capture)
{
    for (size_t i = 0; i < phrase->count; i++) {
        const struct phrase_item *item = &phrase->items[i];
        if (item->kind == PHRASE_LIST && strcmp(item->capture, capture) == 0)
            return true;
        for (size_t k = 0; k < item->choice_count; k++)
            if (phrase_names(&item->choices[k], capture))
                return true;
    }
    return false;
}

static bool some_phrase_names(const struct def_rule *r, const char *capture)
{
    const struct def_phrases *parts[] = {&r->says, &r->swap};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < parts[i]->count; k++)
            if (phrase_names(&parts[i]->items[k].tree, capture))
                return true;
    return false;
}

static void check_placeholders(struct pack *p, const struct rulefile *f, const struct def_rule *r,
                               const struct def_text *text)
{
    struct placeholder ph;
    if (!all_usable(&r->says) || !all_usable(&r->swap))
        return; /* its phrases are reported; what they name is not known */
    for (size_t at = 0; text->node != NULL && pack_placeholder(text->s, &at, &ph);) {
        struct mark m = yaml_mark_at(text->node, ph.at, (int)ph.len);
        bool said = strcmp(ph.name, "said") == 0, plain = strcmp(ph.name, "plain") == 0;
        if (said && pack_speaker(f, r) != RULE_AGENT)
            diags_add(p->problems, DIAG_WARNING, "quotes-customer", &m,
                      "say it without quoting: a customer may have read out a card number",
                      "this message quotes the customer's own words");
        if (said    ? r->when.node == NULL
            : plain ? r->swap.count > 0
                    : ph.name[0] != '\0' && some_phrase_names(r, ph.name))
            continue;
        diags_add(p->problems, DIAG_ERROR, "placeholder", &m,
                  plain ? "only a swap rule has plain words"
                        : "possible here: {said}, {plain} in a swap rule, and {name} for a list <name> in its phrases",
                  "nothing can be filled in here");
    }
}

static void check_message(struct pack *p, const struct rulefile *f, const struct def_rule *r)
{
    check_placeholders(p, f, r, &r->message);
    for (size_t i = 0; i < r->suggest.count; i++)
        check_placeholders(p, f, r, &r->suggest.items[i]);
    if (r->message.node == NULL)
        return;
    size_t chars = utf8_count(r->message.s, strlen(r->message.s));
    if (chars > MESSAGE_ROOM)
        diags_add(p->problems, DIAG_WARNING, "message-length", &r->message.node->at,
                  "an agent on a call reads a dozen words; keep the one that helps",
                  "the message has %zu characters, cards have room for %d", chars, MESSAGE_ROOM);
}

static void check_category(struct pack *p, const struct def_rule *r)
{
    if (r->category.node == NULL || pack_category_title(p, r->category.s) != NULL)
        return;
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < SHIPPED; i++)
        names[n++] = shipped[i].name;
    for (size_t i = 0; i < p->file_count; i++)
        for (size_t k = 0; k < p->files[i].category_count && n < 64; k++)
            names[n++] = p->files[i].categories[k].name;
    const char *near = diag_nearest(r->category.s, names, n);
    char hint[160];
    snprintf(hint, sizeof hint,
             near == NULL ? "declare it: 'categories:' with '%.40s: heading of its cards'" : "did you mean '%.40s'?",
             near == NULL ? r->category.s : near);
    keys_refuse(p->problems, r->category.node, "unknown-category", hint, "there is no category called '%.64s'",
                r->category.s);
}

static const char *nearest_rule(const struct pack *p, const char *id)
{
    const char *names[1024];
    size_t n = 0;
    for (struct table_entry *e = table_next(&p->rules, NULL); e != NULL && n < 1024; e = table_next(&p->rules, e))
        names[n++] = table_key(e, NULL);
    return diag_nearest(id, names, n);
}

static void check_quiets(struct pack *p, const struct def_rule *r)
{
    for (size_t i = 0; i < r->quiets.count; i++)
        if (table_get(&p->rules, r->quiets.items[i].s, strlen(r->quiets.items[i].s)) == NULL)
            keys_refuse(p->problems, r->quiets.items[i].node, "unknown-rule", NULL, "there is no rule called '%.64s'",
                        r->quiets.items[i].s);
}

/* The rules that the tests of a file name; those of a pack run without any site. */
static void check_tests(struct pack *p, const struct rulefile *f)
{
    for (size_t i = 0; i < f->test_count; i++)
        for (size_t k = 0; k < f->tests[i].finding_count && !diags_full(p->problems); k++) {
            const struct screenplay_finding *found = &f->tests[i].findings[k];
            const struct def_rule *rule = table_get(&p->rules, found->rule, found->len);
            bool sites = rule != NULL && site_file_of(p, rule->id.node) != NULL;
            if (rule != NULL && (!sites || f->site.node != NULL))
                continue;
            struct mark m = screenplay_mark(&f->tests[i], found->at, found->len);
            const char *near = rule != NULL ? NULL : nearest_rule(p, found->rule);
            char hint[120];
            snprintf(hint, sizeof hint, "did you mean '%s'?", near == NULL ? "" : near);
            diags_add(p->problems, DIAG_ERROR, "unknown-rule", &m,
                      near != NULL ? hint
                      : sites      ? "move the test to the site's file: a pack is tested without sites"
                                   : NULL,
                      "there is no rule called '%.64s'%s", found->rule, sites ? " in the packs" : "");
        }
}

static void check_references(struct pack *p)
{
    size_t rules = 0;
    for (size_t i = 0; i < p->file_count; i++) {
        const struct rulefile *f = &p->files[i];
        rules += f->rule_count;
        check_tests(p, f);
        for (size_t k = 0; k < f->rule_count; k++) {
            check_category(p, &f->rules[k]);
            rulefile_check_card(&f->rules[k], p->problems);
            check_message(p, f, &f->rules[k]);
            check_quiets(p, &f->rules[k]);
        }
    }
    struct mark whole = {p->file_count > 0 ? p->files[0].doc.source : NULL, 0, 0, 0};
    if (rules == 0 && p->problems->levels[DIAG_ERROR] == 0) /* else it follows from what was said */
        diags_add(p->problems, DIAG_ERROR, "no-rules", &whole, NULL, "there is no rule in these files");
}

int pack_read(struct pack *p, const struct source *files, size_t nfiles, const struct source *languages,
              size_t nlanguages, struct language *lang, struct diags *problems)
{
    *p = (struct pack){.lang = lang, .problems = problems};
    arena_init(&p->memory);
    table_init(&p->lists, NULL);
    table_init(&p->list_defs, NULL);
    table_init(&p->signals, NULL);
    table_init(&p->rules, NULL);
    table_init(&p->site.targets, NULL);
    p->files = arena_alloc(&p->memory, (nfiles + 1) * sizeof *p->files);
    if (p->files == NULL)
        return COACH_ENOMEM;
    int rc = COACH_OK;
    for (size_t i = 0; i < nfiles && rc == COACH_OK; i++) {
        p->file_count = i + 1;
        rc = rulefile_read(&files[i], &p->files[i], problems);
    }
    if (rc == COACH_OK)
        rc = read_language(p, languages, nlanguages);
    if (rc == COACH_OK)
        rc = declare_all(p, false); /* first, whatever the order of files: a site cannot take their names */
    if (rc == COACH_OK)
        rc = declare_all(p, true);
    if (rc == COACH_OK)
        rc = site_merge(p);
    if (rc == COACH_OK)
        rc = parse_all(p);
    if (rc == COACH_OK)
        rc = resolve_lists(p);
    if (rc != COACH_OK)
        return rc;
    settle_usable(p);
    check_references(p);
    return conditions_check(p);
}

void pack_clear(struct pack *p)
{
    for (size_t i = 0; i < p->file_count; i++)
        rulefile_clear(&p->files[i]);
    table_clear(&p->lists);
    table_clear(&p->list_defs);
    table_clear(&p->signals);
    table_clear(&p->rules);
    site_clear(&p->site);
    arena_clear(&p->memory);
}
