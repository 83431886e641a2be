#include "lib/eval/labelmap.h"

#include <string.h>

#include "lib/base/error.h"

static const struct labelmap_entry *find(const struct labelmap *m, const char *label)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->items[i].label, label) == 0)
            return &m->items[i];
    return NULL;
}

static struct labelmap_entry *entry_of(struct labelmap *m, const char *label, size_t *cap)
{
    struct labelmap_entry *e = (struct labelmap_entry *)find(m, label);
    if (e != NULL)
        return e;
    if (arena_grow(&m->memory, &m->items, m->count, cap, sizeof *m->items) != COACH_OK)
        return NULL;
    e = &m->items[m->count++];
    e->label = label;
    return e;
}

/* A name, or a list of names. */
static int read_names(struct labelmap *m, const struct yaml_node *v, struct label_names *ret, struct diags *problems)
{
    size_t n = v->kind == YAML_LIST ? v->count : 1;
    ret->items = arena_alloc(&m->memory, (n + 1) * sizeof *ret->items);
    if (ret->items == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct yaml_node *item = v->kind == YAML_LIST ? v->items[i] : v;
        if (item->kind == YAML_SCALAR)
            ret->items[ret->count++] = item->text;
        else
            diags_add(problems, DIAG_ERROR, "wrong-kind", &item->at, NULL, "here stands a name, or a list of names");
    }
    return COACH_OK;
}

/* The mapping below `key`, of labels to names. */
static int read_part(struct labelmap *m, const char *key, bool neighbours, size_t *cap, struct diags *problems)
{
    const struct yaml_node *part = yaml_get(m->doc.root, key);
    if (part == NULL)
        return COACH_OK;
    if (part->kind != YAML_MAP) {
        diags_add(problems, DIAG_ERROR, "wrong-kind", &part->at, "write 'label: rules' on each line below it",
                  "'%s' is a mapping of labels", key);
        return COACH_OK;
    }
    for (size_t i = 0; i < part->count; i++) {
        struct labelmap_entry *e = entry_of(m, part->pairs[i].key->text, cap);
        if (e == NULL ||
            read_names(m, part->pairs[i].value, neighbours ? &e->neighbours : &e->patterns, problems) != COACH_OK)
            return COACH_ENOMEM;
    }
    return COACH_OK;
}

int labelmap_read(struct labelmap *ret, const struct source *source, struct diags *problems)
{
    size_t cap = 0;
    *ret = (struct labelmap){0};
    int rc = yaml_read(source, &ret->doc, problems);
    if (rc == COACH_ENOMEM)
        return rc;
    const struct yaml_node *root = ret->doc.root;
    if (rc != COACH_OK || root == NULL || root->kind != YAML_MAP || yaml_get(root, "labels") == NULL) {
        if (rc == COACH_OK)
            diags_add(problems, DIAG_ERROR, "missing-key", root == NULL ? &(struct mark){.source = source} : &root->at,
                      "add 'labels:' and below it a line 'label: rules' for each", "this map has no 'labels'");
        return COACH_OK;
    }
    for (size_t i = 0; i < root->count; i++) {
        const struct yaml_node *key = root->pairs[i].key;
        if (strcmp(key->text, "labels") != 0 && strcmp(key->text, "neighbours") != 0)
            diags_add(problems, DIAG_ERROR, "unknown-key", &key->at, "a map has 'labels' and 'neighbours'",
                      "a map has no key '%s'", key->text);
    }
    rc = read_part(ret, "labels", false, &cap, problems);
    return rc == COACH_OK ? read_part(ret, "neighbours", true, &cap, problems) : rc;
}

void labelmap_clear(struct labelmap *m)
{
    yaml_doc_clear(&m->doc);
    arena_clear(&m->memory);
    *m = (struct labelmap){0};
}

static bool pattern_means(const char *pattern, const struct rule *rule)
{
    size_t n = strlen(pattern);
    if (n > 0 && pattern[n - 1] == '*')
        return strncmp(pattern, rule->id, n - 1) == 0;
    return strcmp(pattern, rule->id) == 0 || strcmp(pattern, rule->category) == 0;
}

bool labelmap_means(const struct labelmap *m, const char *label, const struct rule *rule)
{
    const struct labelmap_entry *e = find(m, label);
    if (e == NULL || e->patterns.items == NULL)
        return pattern_means(label, rule);
    for (size_t i = 0; i < e->patterns.count; i++)
        if (pattern_means(e->patterns.items[i], rule))
            return true;
    return false;
}

bool labelmap_same(const struct labelmap *m, const char *a, const char *b)
{
    const struct labelmap_entry *of_a = find(m, a), *of_b = find(m, b);
    if (strcmp(a, b) == 0)
        return true;
    if (of_a == NULL || of_b == NULL || of_a->patterns.count != of_b->patterns.count || of_a->patterns.count == 0)
        return false;
    for (size_t i = 0; i < of_a->patterns.count; i++)
        if (!label_names_have(&of_b->patterns, of_a->patterns.items[i]))
            return false;
    return true;
}

static bool names_touch(const struct labelmap *m, const char *a, const char *b)
{
    const struct labelmap_entry *of_a = find(m, a), *of_b = find(m, b);
    return (of_a != NULL && label_names_have(&of_a->neighbours, b)) ||
           (of_b != NULL && label_names_have(&of_b->neighbours, a));
}

bool labelmap_touch(const struct labelmap *m, const char *a, const char *b)
{
    if (names_touch(m, a, b))
        return true;
    for (size_t i = 0; i < m->count; i++)
        if (labelmap_same(m, a, m->items[i].label) && names_touch(m, m->items[i].label, b))
            return true;
    return false;
}
