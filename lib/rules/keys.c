#include "lib/rules/keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

void keys_refuse(struct diags *problems, const struct yaml_node *at, const char *code, const char *hint,
                 const char *fmt, ...)
{
    char what[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    diags_add(problems, DIAG_ERROR, code, &at->at, hint, "%s", what);
}

bool keys_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}};
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    double value = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0 && value * units[i].ms <= 24.0 * 3600 * 1000) {
            *ms = (int64_t)(value * units[i].ms + 0.5);
            return true;
        }
    return false;
}

/* What was meant by a mapping where a text belongs: "- try: calm down". */
static void refuse_kind(struct diags *problems, const struct yaml_node *node, const char *name, const char *expected)
{
    const char *hint = NULL;
    char text[200];
    if (node->kind == YAML_MAP && strcmp(expected, "a text") == 0) {
        snprintf(text, sizeof text, "the text contains ': '; write it without the colon, or as a block: '%s: |'", name);
        hint = text;
    } else if (node->kind != YAML_LIST && strcmp(expected, "a list") == 0) {
        hint = "put each item on a line of its own that begins with '- '";
    }
    keys_refuse(problems, node, "wrong-kind", hint, "%s: expected %s, found %s", name, expected,
                node->kind == YAML_SCALAR && node->len == 0 ? "nothing" : yaml_kind_name(node->kind));
}

static bool is_text(struct diags *problems, const struct yaml_node *node, const char *name)
{
    if (node->kind == YAML_SCALAR && node->len > 0)
        return true;
    refuse_kind(problems, node, name, "a text");
    return false;
}

static int read_texts(struct arena *memory, const struct yaml_node *node, const char *name, struct def_texts *ret,
                      struct diags *problems)
{
    ret->node = node;
    size_t n = node->kind == YAML_LIST ? node->count : 1;
    ret->items = arena_alloc(memory, (n + 1) * sizeof *ret->items);
    if (ret->items == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct yaml_node *item = node->kind == YAML_LIST ? node->items[i] : node;
        if (is_text(problems, item, name))
            ret->items[ret->count++] = (struct def_text){item, item->text};
    }
    return COACH_OK;
}

static int read_phrases(struct arena *memory, const struct yaml_node *node, const char *name, struct def_phrases *ret,
                        struct diags *problems)
{
    ret->node = node;
    if (node->kind != YAML_LIST) {
        keys_refuse(problems, node, "wrong-kind", "put each phrase on a line of its own that begins with '- '",
                    "%s: expected a list of phrases", name);
        return COACH_OK;
    }
    ret->items = arena_alloc(memory, (node->count + 1) * sizeof *ret->items);
    if (ret->items == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < node->count; i++)
        if (is_text(problems, node->items[i], "this phrase"))
            ret->items[ret->count++] = (struct def_phrase){.node = node->items[i]};
    return COACH_OK;
}

static int read_swap(struct arena *memory, const struct yaml_node *node, const char *name, struct def_phrases *ret,
                     struct diags *problems)
{
    ret->node = node;
    if (node->kind != YAML_MAP) {
        keys_refuse(problems, node, "wrong-kind", "write each term on a line of its own as 'term: plain words'",
                    "%s: expected terms with their plain words", name);
        return COACH_OK;
    }
    ret->items = arena_alloc(memory, (node->count + 1) * sizeof *ret->items);
    if (ret->items == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < node->count; i++)
        if (is_text(problems, node->pairs[i].value, node->pairs[i].key->text))
            ret->items[ret->count++] =
                (struct def_phrase){.node = node->pairs[i].key, .plain = node->pairs[i].value->text};
    return COACH_OK;
}

static void read_count(const struct key *k, const struct yaml_node *node, struct def_number *ret,
                       struct diags *problems)
{
    char *end;
    long long value = strtoll(node->text, &end, 10);
    if (*end != '\0' || value < k->min || value > k->max) {
        keys_refuse(problems, node, "bad-value", NULL, "%s: '%.40s' is not a whole number from %lld to %lld", k->name,
                    node->text, (long long)k->min, (long long)k->max);
        return;
    }
    *ret = (struct def_number){node, value};
}

static void read_duration(const struct key *k, const struct yaml_node *node, struct def_number *ret,
                          struct diags *problems)
{
    int64_t ms;
    if (!keys_duration(node->text, &ms))
        keys_refuse(problems, node, "bad-value", "write a number and its unit: 500ms, 20s, 1.5m, 2h",
                    "%s: '%.40s' is not a time", k->name, node->text);
    else if (ms < k->min || ms > k->max)
        keys_refuse(problems, node, "bad-value", NULL, "%s: a time from %.3gs to %.6gs is possible here", k->name,
                    (double)k->min / 1000, (double)k->max / 1000);
    else
        *ret = (struct def_number){node, ms};
}

static void read_choice(const struct key *k, const struct yaml_node *node, struct def_number *ret,
                        struct diags *problems)
{
    char all[200] = "";
    size_t n = 0, used = 0;
    for (; k->choices[n] != NULL; n++) {
        if (strcmp(k->choices[n], node->text) == 0) {
            *ret = (struct def_number){node, (int64_t)n};
            return;
        }
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", n > 0 ? ", " : "", k->choices[n]);
    }
    const char *near = diag_nearest(node->text, k->choices, n);
    char hint[120];
    snprintf(hint, sizeof hint, "did you mean '%s'?", near == NULL ? "" : near);
    keys_refuse(problems, node, "bad-value", near == NULL ? NULL : hint, "%s: '%.40s' is none of: %s", k->name,
                node->text, all);
}

static void read_yes_no(const struct key *k, const struct yaml_node *node, struct def_number *ret,
                        struct diags *problems)
{
    bool yes = strcmp(node->text, "true") == 0 || strcmp(node->text, "yes") == 0;
    bool no = strcmp(node->text, "false") == 0 || strcmp(node->text, "no") == 0;
    if (yes || no)
        *ret = (struct def_number){node, yes};
    else
        keys_refuse(problems, node, "bad-value", "write true or false", "%s: '%.40s' is neither true nor false",
                    k->name, node->text);
}

static void read_share(const struct key *k, const struct yaml_node *node, struct def_real *ret, struct diags *problems)
{
    char *end;
    double value = strtod(node->text, &end);
    if (*end == '\0' && value >= 0 && value <= 1)
        *ret = (struct def_real){node, value};
    else
        keys_refuse(problems, node, "bad-value", NULL, "%s: '%.40s' is not a number from 0 to 1", k->name, node->text);
}

static void read_name(const struct key *k, const struct yaml_node *node, struct def_text *ret, struct diags *problems)
{
    for (const char *p = node->text; *p != '\0'; p++) {
        bool fine = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';
        if (!fine || (p == node->text && *p == '-')) {
            struct mark m = yaml_mark_at(node, (size_t)(p - node->text), 1);
            diags_add(problems, DIAG_ERROR, "bad-name", &m, "use small letters, digits and '-': dismissive-calm-down",
                      "%s: this character cannot be part of a name", k->name);
            return;
        }
    }
    if (node->len > 64)
        keys_refuse(problems, node, "bad-name", NULL, "%s: a name has at most 64 characters", k->name);
    else
        *ret = (struct def_text){node, node->text};
}

static int read_value(const struct key *k, struct arena *memory, const struct yaml_node *node, void *member,
                      struct diags *problems)
{
    switch (k->kind) {
    case KEY_TEXTS:
        return read_texts(memory, node, k->name, member, problems);
    case KEY_PHRASES:
        return read_phrases(memory, node, k->name, member, problems);
    case KEY_SWAP:
        return read_swap(memory, node, k->name, member, problems);
    case KEY_OTHER:
        return k->read(memory, node, member, problems);
    default:
        break;
    }
    if (!is_text(problems, node, k->name))
        return COACH_OK;
    switch (k->kind) {
    case KEY_NAME:
        read_name(k, node, member, problems);
        break;
    case KEY_COUNT:
        read_count(k, node, member, problems);
        break;
    case KEY_DURATION:
        read_duration(k, node, member, problems);
        break;
    case KEY_CHOICE:
        read_choice(k, node, member, problems);
        break;
    case KEY_YES_NO:
        read_yes_no(k, node, member, problems);
        break;
    case KEY_SHARE:
        read_share(k, node, member, problems);
        break;
    default:
        *(struct def_text *)member = (struct def_text){node, node->text};
    }
    return COACH_OK;
}

void keys_refuse_unknown(const struct key *keys, size_t n, const char *what, const struct yaml_node *key,
                         struct diags *problems)
{
    const char *names[64];
    size_t count = n < 64 ? n : 64;
    for (size_t i = 0; i < count; i++)
        names[i] = keys[i].name;
    const char *near = diag_nearest(key->text, names, count);
    char hint[120];
    snprintf(hint, sizeof hint, "did you mean '%s'?", near == NULL ? "" : near);
    keys_refuse(problems, key, "unknown-key", near == NULL ? NULL : hint, "%s has no key '%.40s'", what, key->text);
}

int keys_read(const struct key *keys, size_t n, const char *what, struct arena *memory, const struct yaml_node *map,
              void *target, struct diags *problems)
{
    if (map->kind != YAML_MAP) {
        keys_refuse(problems, map, "wrong-kind", "write one 'key: value' on each line", "%s: expected keys with values",
                    what);
        return COACH_OK;
    }
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->pairs[i].key;
        size_t k = 0;
        while (k < n && strcmp(keys[k].name, key->text) != 0)
            k++;
        if (k == n) {
            keys_refuse_unknown(keys, n, what, key, problems);
            continue;
        }
        int rc = read_value(&keys[k], memory, map->pairs[i].value, (char *)target + keys[k].offset, problems);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}
