#include "lib/rules/origin.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"

const char *origin_name(enum origin origin)
{
    static const char *const names[] = {"built-in", "default", "pack", "site"};
    return names[origin];
}

/* --- subjects --- */

static const struct table *table_of(const struct pack *pack, enum override_kind kind)
{
    return kind == OVERRIDE_RULE ? &pack->rules : kind == OVERRIDE_SIGNAL ? &pack->signals : &pack->list_defs;
}

static const struct yaml_node *name_node(enum override_kind kind, const void *def)
{
    if (kind == OVERRIDE_RULE)
        return ((const struct def_rule *)def)->id.node;
    if (kind == OVERRIDE_SIGNAL)
        return ((const struct def_signal *)def)->id.node;
    return ((const struct def_list *)def)->node;
}

struct origin_subject origin_subject_of(const struct pack *pack, enum override_kind kind, const void *def)
{
    const struct yaml_node *name = name_node(kind, def);
    return (struct origin_subject){.kind = kind,
                                   .name = name->text,
                                   .file = pack_file_of(pack, name),
                                   .def = def,
                                   .target = site_target_of(pack, def)};
}

/* The name behind "signal:", when it begins so. */
static const char *after_kind(const char *name, enum override_kind kind)
{
    const char *word = override_kind_name(kind);
    size_t n = strlen(word);
    return strncmp(name, word, n) == 0 && name[n] == ':' ? name + n + 1 : NULL;
}

bool origin_find(const struct pack *pack, const char *name, struct origin_subject *ret)
{
    const void *def = NULL;
    enum override_kind kind = OVERRIDE_RULE;
    for (; kind <= OVERRIDE_LIST && def == NULL; kind++) {
        const char *bare = after_kind(name, kind);
        if (bare != NULL)
            name = bare;
        def = table_get(table_of(pack, kind), name, strlen(name));
        if (def != NULL || bare != NULL)
            break;
    }
    if (def == NULL)
        return false;
    *ret = origin_subject_of(pack, kind, def);
    return true;
}

const char *origin_nearest(const struct pack *pack, const char *name, struct arena *memory)
{
    enum { MOST = 1024 };
    const char **names = arena_alloc(memory, MOST * sizeof *names);
    size_t n = 0;
    for (enum override_kind kind = OVERRIDE_RULE; kind <= OVERRIDE_LIST && names != NULL; kind++) {
        const struct table *t = table_of(pack, kind);
        for (struct table_entry *e = table_next(t, NULL); e != NULL && n + 1 < MOST; e = table_next(t, e)) {
            const char *bare = table_key(e, NULL);
            names[n++] = bare;
            if ((names[n] = arena_fmt(memory, "%s:%s", override_kind_name(kind), bare)) != NULL)
                n++;
        }
    }
    return names == NULL ? NULL : diag_nearest(name, names, n);
}

/* --- values --- */

/* Fills in what is not written anywhere. */
static int fill_built_in(const struct pack *pack, const struct rulefile *f, const struct def_rule *r, const char *field,
                         struct arena *memory, struct origin_row *ret)
{
    const char *value = NULL;
    if (strcmp(field, "severity") == 0)
        value = rule_severity_name(pack_severity(f, r));
    else if (strcmp(field, "speaker") == 0)
        value = rule_speaker_name(pack_speaker(f, r));
    else if (strcmp(field, "mode") == 0)
        value = rule_mode_name(pack_mode(f, r));
    else if (strcmp(field, "rev") == 0)
        value = "1";
    else if (strcmp(field, "title") == 0 && r->category.node != NULL)
        value = pack_category_title(pack, r->category.s);
    else if (strcmp(field, "cooldown") == 0)
        value = arena_fmt(memory, "%gs", (double)pack_cooldown(f, r) / 1000);
    else if (strcmp(field, "per_call") == 0)
        value = arena_fmt(memory, "%d", pack_per_call(f, r));
    else
        return COACH_OK;
    ret->value = value;
    return value == NULL && strcmp(field, "title") != 0 ? COACH_ENOMEM : COACH_OK;
}

/* The heading that a pack or site gives to the rule's category. */
static void find_heading(const struct pack *pack, struct origin_row *ret)
{
    for (size_t i = 0; i < pack->file_count; i++)
        for (size_t k = 0; k < pack->files[i].category_count; k++) {
            const struct def_category *c = &pack->files[i].categories[k];
            if (ret->at.source != NULL || c->title != ret->value)
                continue;
            ret->at = c->node->at;
            ret->origin = pack->files[i].site.node != NULL ? ORIGIN_SITE : ORIGIN_PACK;
        }
}

/* "after: a, without: b, within: 20s" */
static const char *condition_text(const struct yaml_node *map, struct arena *memory)
{
    const char *text = "";
    for (size_t i = 0; map->kind == YAML_MAP && i < map->count && text != NULL; i++) {
        const struct yaml_node *value = map->pairs[i].value;
        text = arena_fmt(memory, "%s%s%s: %s", text, i > 0 ? ", " : "", map->pairs[i].key->text,
                         value->kind == YAML_SCALAR ? value->text : "");
        for (size_t k = 0; value->kind == YAML_LIST && k < value->count && text != NULL; k++)
            text = arena_fmt(memory, "%s%s%s", text, k > 0 ? " then " : "",
                             value->items[k]->kind == YAML_SCALAR ? value->items[k]->text : "");
    }
    return text;
}

/* The change that set a key, of the override that did. */
static const struct def_change *setter(const struct origin_subject *s, const struct key *key)
{
    size_t n;
    return s->target == NULL ? NULL : s->target->set_by[key - override_keys_of(s->kind, &n)];
}

/* Whether a key that a file may set for all its rules does nothing in this rule or signal, which has a condition. */
static bool is_idle(enum override_kind kind, const void *def, const struct key *key)
{
    static const char *const idle[] = {"speaker", "final_only", "min_confidence"};
    bool found = false;
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
        found = found || strcmp(key->name, idle[i]) == 0;
    return found && ((kind == OVERRIDE_RULE && ((const struct def_rule *)def)->when.node != NULL) ||
                     (kind == OVERRIDE_SIGNAL && ((const struct def_signal *)def)->when.node != NULL));
}

/* What the file of a rule or signal sets for all of them. */
static const struct yaml_node *default_node(const struct origin_subject *s, const struct key *key)
{
    if (s->kind == OVERRIDE_RULE)
        return override_node((const char *)&s->file->defaults + key->offset);
    bool speaker = s->kind == OVERRIDE_SIGNAL && strcmp(key->name, "speaker") == 0;
    return speaker ? s->file->defaults.speaker.node : NULL;
}

int origin_value(const struct pack *pack, const struct origin_subject *s, const struct key *key, bool before,
                 struct arena *memory, struct origin_row *ret)
{
    const void *def = before && s->target != NULL ? s->target->before : s->def;
    const struct yaml_node *own = override_node((const char *)def + key->offset), *node = own;
    *ret = (struct origin_row){.field = key->name, .origin = ORIGIN_BUILT_IN};
    if (node == NULL && !is_idle(s->kind, def, key))
        node = default_node(s, key);
    if (node == NULL && is_idle(s->kind, def, key))
        return COACH_OK;
    if (node == NULL && s->kind == OVERRIDE_SIGNAL && strcmp(key->name, "speaker") == 0)
        ret->value = rule_speaker_name(pack_signal_speaker(s->file, def));
    if (node == NULL) {
        int rc = s->kind == OVERRIDE_RULE ? fill_built_in(pack, s->file, def, key->name, memory, ret) : COACH_OK;
        if (rc == COACH_OK && ret->value != NULL && strcmp(key->name, "title") == 0)
            find_heading(pack, ret);
        return rc;
    }
    ret->at = node->at;
    ret->origin = own == NULL ? ORIGIN_DEFAULT : site_file_of(pack, node) != NULL ? ORIGIN_SITE : ORIGIN_PACK;
    ret->change = before || own == NULL ? NULL : setter(s, key);
    ret->value = node->kind == YAML_SCALAR ? node->text : condition_text(node, memory);
    return ret->value == NULL ? COACH_ENOMEM : COACH_OK;
}

/* --- rows --- */

static int add_row(struct arena *memory, struct origin_rows *rows, const struct origin_row *row)
{
    int rc = arena_grow(memory, &rows->items, rows->count, &rows->cap, sizeof *rows->items);
    if (rc == COACH_OK)
        rows->items[rows->count++] = *row;
    return rc;
}

/* The change that added an item. */
static const struct def_change *adder(const struct origin_subject *s, const struct key *key,
                                      const struct yaml_node *item)
{
    for (size_t i = 0; s->target != NULL && i < s->target->change_count; i++) {
        const struct def_change *c = s->target->changes[i];
        for (size_t k = 0; c->key == key && c->verb == OVERRIDE_ADD && k < site_item_count(key, c->value); k++)
            if (site_item(key, c->value, k) == item)
                return c;
    }
    return NULL;
}

static int add_items(const struct pack *pack, const struct origin_subject *s, const struct key *key,
                     struct arena *memory, struct origin_rows *ret)
{
    const void *member = (const char *)s->def + key->offset;
    bool own = override_node(member) != NULL;
    if (!own && s->kind == OVERRIDE_RULE)
        member = (const char *)&s->file->defaults + key->offset;
    int rc = COACH_OK;
    for (size_t i = 0; i < site_item_count(key, member) && rc == COACH_OK; i++) {
        const struct yaml_node *node = site_item(key, member, i);
        bool site = site_file_of(pack, node) != NULL;
        rc = add_row(memory, ret,
                     &(struct origin_row){
                         .field = key->name,
                         .value = node->text,
                         .plain = key->kind == KEY_SWAP ? ((const struct def_phrases *)member)->items[i].plain : NULL,
                         .is_item = true,
                         .origin = site  ? ORIGIN_SITE
                                   : own ? ORIGIN_PACK
                                         : ORIGIN_DEFAULT,
                         .at = node->at,
                         .change = site ? adder(s, key, node) : NULL,
                     });
    }
    return rc;
}

/* The parts of a condition, each a row: "when.after". */
static int add_condition(const struct pack *pack, const struct origin_subject *s, const struct key *key,
                         struct arena *memory, struct origin_rows *ret)
{
    const struct yaml_node *map = override_node((const char *)s->def + key->offset);
    int rc = COACH_OK;
    for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count && rc == COACH_OK; i++) {
        const struct yaml_node *value = map->pairs[i].value;
        bool list = value->kind == YAML_LIST;
        struct origin_row row = {.field = arena_fmt(memory, "%s.%s", key->name, map->pairs[i].key->text),
                                 .is_item = list,
                                 .origin = site_file_of(pack, value) != NULL ? ORIGIN_SITE : ORIGIN_PACK,
                                 .change = setter(s, key)};
        rc = row.field == NULL ? COACH_ENOMEM : COACH_OK;
        for (size_t k = 0; k < (list ? value->count : 1) && rc == COACH_OK; k++) {
            const struct yaml_node *node = list ? value->items[k] : value;
            row.value = node->kind == YAML_SCALAR ? node->text : "";
            row.at = node->at;
            rc = add_row(memory, ret, &row);
        }
    }
    return rc;
}

static int add_key(const struct pack *pack, const struct origin_subject *s, const struct key *key, struct arena *memory,
                   struct origin_rows *ret)
{
    struct origin_row row;
    if (override_is_items(key))
        return add_items(pack, s, key, memory, ret);
    if (key->kind == KEY_OTHER)
        return add_condition(pack, s, key, memory, ret);
    int rc = origin_value(pack, s, key, false, memory, &row);
    return rc == COACH_OK && row.value != NULL ? add_row(memory, ret, &row) : rc;
}

int origin_rows(const struct pack *pack, const struct origin_subject *s, struct arena *memory, struct origin_rows *ret)
{
    static const char *const order[] = {
        "id",     "rev",     "category", "about",    "severity",   "mode",           "speaker",
        "title",  "message", "suggest",  "says",     "swap",       "regex",          "when",
        "not_in", "unless",  "cooldown", "per_call", "final_only", "min_confidence", "quiets"};
    enum { ORDERED = sizeof order / sizeof *order };
    size_t n;
    const struct key *keys = override_keys_of(s->kind, &n);
    bool shown[KEYS_MOST] = {0};
    int rc = COACH_OK;
    *ret = (struct origin_rows){0};
    for (size_t i = 0; i < ORDERED; i++)
        for (size_t k = 0; k < n && rc == COACH_OK; k++)
            if (strcmp(keys[k].name, order[i]) == 0) {
                shown[k] = true;
                rc = add_key(pack, s, &keys[k], memory, ret);
            }
    for (size_t k = 0; k < n && rc == COACH_OK; k++) /* the rest as the table has them */
        if (!shown[k])
            rc = add_key(pack, s, &keys[k], memory, ret);
    return rc;
}
