#include "lib/rules/override.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"

/* An override's own keys, before it is known what they are about. */
struct written {
    struct def_text rule, signal, list, because;
    struct def_number written_for;
};

/* What the verbs hold can be read once it is known what they are about. */
static int put_off(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    (void)memory;
    (void)value;
    (void)member;
    (void)problems;
    return COACH_OK;
}

#define AT(member) offsetof(struct written, member)

static const struct key written_keys[] = {
    {.name = "rule", .kind = KEY_TEXT, .offset = AT(rule), .help = "the pack's rule that is changed"},
    {.name = "signal", .kind = KEY_TEXT, .offset = AT(signal), .help = "the pack's signal that is changed"},
    {.name = "list", .kind = KEY_TEXT, .offset = AT(list), .help = "the pack's list that is changed"},
    {.name = "because", .kind = KEY_TEXT, .offset = AT(because), .help = "who wanted it, and why"},
    {.name = "written_for",
     .kind = KEY_COUNT,
     .offset = AT(written_for),
     .min = 1,
     .max = 1000000,
     .help = "the rule's revision that this was written for"},
    {.name = "set", .kind = KEY_OTHER, .read = put_off, .help = "fields with another value"},
    {.name = "add", .kind = KEY_OTHER, .read = put_off, .help = "items that are added, by field"},
    {.name = "remove", .kind = KEY_OTHER, .read = put_off, .help = "items that are taken out, by field"},
};
enum { WRITTEN_KEYS = sizeof written_keys / sizeof *written_keys };

static const struct key list_keys[] = {
    {.name = "phrases", .kind = KEY_PHRASES, .offset = offsetof(struct def_list, items), .help = "the list's phrases"},
};

const struct key *override_keys_of(enum override_kind kind, size_t *n)
{
    if (kind == OVERRIDE_RULE)
        return keys_of_rule(n);
    if (kind == OVERRIDE_SIGNAL)
        return keys_of_signal(n);
    *n = 1;
    return list_keys;
}

bool override_is_items(const struct key *key)
{
    return key->kind == KEY_TEXTS || key->kind == KEY_PHRASES || key->kind == KEY_SWAP;
}

size_t override_value_size(const struct key *key)
{
    switch (key->kind) {
    case KEY_TEXTS:
        return sizeof(struct def_texts);
    case KEY_PHRASES:
    case KEY_SWAP:
        return sizeof(struct def_phrases);
    case KEY_OTHER: /* of a rule and of a signal: its condition */
        return sizeof(struct def_when);
    case KEY_SHARE:
        return sizeof(struct def_real);
    case KEY_TEXT:
    case KEY_NAME:
        return sizeof(struct def_text);
    default:
        return sizeof(struct def_number);
    }
}

const struct yaml_node *override_node(const void *value)
{
    return *(const struct yaml_node *const *)value;
}

const char *override_kind_name(enum override_kind kind)
{
    static const char *const names[] = {"nothing", "rule", "signal", "list"};
    return names[kind];
}

const char *override_verb_name(enum override_verb verb)
{
    static const char *const names[] = {"set", "add", "remove"};
    return names[verb];
}

/* --- one field --- */

/* What stays the pack's own: its name, and what follows from it. */
static bool is_fixed(const char *name)
{
    static const char *const fixed[] = {"id", "rev", "language", "replaces"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fixed[i], name) == 0)
            return true;
    return false;
}

static bool can_change(const struct def_override *o, enum override_verb verb, const struct key *key,
                       const struct yaml_node *name, struct diags *problems)
{
    if (is_fixed(key->name)) {
        keys_refuse(problems, name, "override-fixed",
                    o->kind == OVERRIDE_RULE ? "write a rule of your own, and set 'mode: disabled' for this one"
                                             : "write a signal of your own",
                    "'%s' is the pack's and cannot be changed", key->name);
        return false;
    }
    if (override_is_items(key) == (verb != OVERRIDE_SET))
        return true;
    if (verb == OVERRIDE_SET)
        keys_refuse(problems, name, "override-verb", "write it under 'add:' or 'remove:', so that the pack's stay",
                    "'%s' is a list of items: a site adds some or removes some", key->name);
    else
        keys_refuse(problems, name, "override-verb", "write it under 'set:'", "'%s' has one value", key->name);
    return false;
}

/* Reads the value of one field; nothing is kept of one that holds no value. */
static int read_change(struct def_override *o, enum override_verb verb, const struct key *key,
                       const struct yaml_node *name, struct yaml_node *value, struct arena *memory,
                       struct diags *problems)
{
    struct def_change *c = &o->changes[o->change_count];
    struct key one = *key;
    one.offset = 0;
    if (verb == OVERRIDE_REMOVE && one.kind == KEY_SWAP)
        one.kind = KEY_PHRASES;      /* the terms alone say what is taken out */
    struct yaml_node called = *name; /* a list's phrases stand under the verb itself */
    called.text = one.name;
    struct yaml_pair pair = {&called, value};
    struct yaml_node map = {.kind = YAML_MAP, .at = name->at, .pairs = &pair, .count = 1};
    *c = (struct def_change){.by = o, .verb = verb, .key = key, .node = name};
    c->value = arena_alloc(memory, override_value_size(key));
    if (c->value == NULL)
        return COACH_ENOMEM;
    int rc = keys_read(&one, 1, override_kind_name(o->kind), memory, &map, c->value, problems);
    if (override_node(c->value) != NULL)
        o->change_count++;
    return rc;
}

/* --- one verb --- */

static const struct yaml_pair *pair_of(const struct yaml_node *map, const char *name)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->pairs[i].key->text, name) == 0)
            return &map->pairs[i];
    return NULL;
}

static int read_list_verb(struct def_override *o, enum override_verb verb, const struct yaml_pair *pair,
                          struct arena *memory, struct diags *problems)
{
    if (verb == OVERRIDE_SET) {
        keys_refuse(problems, pair->key, "override-verb",
                    "write its phrases below 'add:' and 'remove:', each after '- '", "a list has nothing to set");
        return COACH_OK;
    }
    return read_change(o, verb, &list_keys[0], pair->key, pair->value, memory, problems);
}

static int read_verb(struct def_override *o, enum override_verb verb, const struct yaml_pair *pair,
                     struct arena *memory, struct diags *problems)
{
    if (o->kind == OVERRIDE_LIST)
        return read_list_verb(o, verb, pair, memory, problems);
    const struct yaml_node *value = pair->value;
    if (value->kind != YAML_MAP) {
        keys_refuse(problems, value, "wrong-kind",
                    verb == OVERRIDE_SET ? "name the field and its value on a line of their own: 'cooldown: 120s'"
                                         : "name the field on a line of its own: 'not_in:', and the items below it",
                    "%s: expected fields of a %s", override_verb_name(verb), override_kind_name(o->kind));
        return COACH_OK;
    }
    size_t n;
    const struct key *keys = override_keys_of(o->kind, &n);
    int rc = COACH_OK;
    for (size_t i = 0; i < value->count && rc == COACH_OK; i++) {
        const struct yaml_node *name = value->pairs[i].key;
        size_t k = 0;
        while (k < n && strcmp(keys[k].name, name->text) != 0)
            k++;
        if (k == n)
            keys_refuse_unknown(keys, n, o->kind == OVERRIDE_RULE ? "a rule" : "a signal", name, problems);
        else if (can_change(o, verb, &keys[k], name, problems))
            rc = read_change(o, verb, &keys[k], name, value->pairs[i].value, memory, problems);
    }
    return rc;
}

/* --- one override --- */

static void find_target(struct def_override *o, const struct written *w, struct diags *problems)
{
    const struct def_text *targets[] = {&w->rule, &w->signal, &w->list};
    size_t found = 0;
    for (size_t i = 0; i < 3; i++) {
        if (yaml_get(o->node, override_kind_name((enum override_kind)(i + 1))) == NULL)
            continue;
        found++;
        o->kind = (enum override_kind)(i + 1);
        o->target = *targets[i];
    }
    if (found == 1)
        return;
    o->kind = OVERRIDE_NONE;
    keys_refuse(problems, o->node, "override-one-target",
                found == 0 ? "add a line 'rule: its-id', 'signal: its-id' or 'list: its-name'"
                           : "begin another override with '- ' for each",
                found == 0 ? "this override does not say what it changes"
                           : "an override changes one rule, one signal or one list");
}

static int read_verbs(struct def_override *o, struct arena *memory, struct diags *problems)
{
    const struct yaml_pair *pairs[3];
    size_t most = 1;
    bool any = false;
    for (int v = OVERRIDE_SET; v <= OVERRIDE_REMOVE; v++) {
        pairs[v] = pair_of(o->node, override_verb_name((enum override_verb)v));
        most += pairs[v] == NULL ? 0 : pairs[v]->value->count + 1;
        any = any || pairs[v] != NULL;
    }
    if (!any)
        keys_refuse(problems, o->node, "override-empty", "add 'set:', 'add:' or 'remove:' and the fields below it",
                    "this override changes nothing");
    o->changes = arena_alloc(memory, most * sizeof *o->changes);
    int rc = o->changes == NULL ? COACH_ENOMEM : COACH_OK;
    for (int v = OVERRIDE_SET; v <= OVERRIDE_REMOVE && rc == COACH_OK; v++)
        if (pairs[v] != NULL && o->kind != OVERRIDE_NONE)
            rc = read_verb(o, (enum override_verb)v, pairs[v], memory, problems);
    return rc;
}

static int read_override(struct def_override *o, struct arena *memory, struct diags *problems)
{
    struct written w = {0};
    int rc = keys_read(written_keys, WRITTEN_KEYS, "an override", memory, o->node, &w, problems);
    if (rc != COACH_OK || o->node->kind != YAML_MAP)
        return rc;
    o->because = w.because;
    o->written_for = w.written_for;
    find_target(o, &w, problems);
    if (pair_of(o->node, "because") == NULL)
        keys_refuse(problems, o->node, "missing-key", "add a line 'because: ...' that says who wanted it, and why",
                    "this override has no 'because'");
    return read_verbs(o, memory, problems);
}

int override_read_all(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct rulefile *f = member;
    f->overrides_node = value;
    if (value->kind != YAML_LIST) {
        keys_refuse(problems, value, "wrong-kind", "begin each with '- ' on a line of its own: '- rule: the-id'",
                    "overrides: expected a list");
        return COACH_OK;
    }
    f->overrides = arena_alloc(memory, (value->count + 1) * sizeof *f->overrides);
    if (f->overrides == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < value->count; i++) {
        struct def_override *o = &f->overrides[f->override_count++];
        *o = (struct def_override){.file = f, .node = value->items[i]};
        int rc = read_override(o, memory, problems);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}
