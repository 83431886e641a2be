#include "lib/rules/languagefile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/rules/keys.h"

/* What each member of the file becomes. */
struct reading {
    struct language *lang;
    struct diags *problems;
};

static bool pairs_of(const struct yaml_node *node, const char *name, struct diags *problems)
{
    if (node == NULL)
        return false;
    if (node->kind == YAML_MAP) {
        for (size_t i = 0; i < node->count; i++)
            if (node->pairs[i].value->kind != YAML_SCALAR) {
                keys_refuse(problems, node->pairs[i].value, "wrong-kind", NULL, "%s: expected a text", name);
                return false;
            }
        return true;
    }
    keys_refuse(problems, node, "wrong-kind", NULL, "%s: expected one 'key: value' on each line", name);
    return false;
}

static bool items_of(const struct yaml_node *node, const char *name, struct diags *problems)
{
    if (node == NULL)
        return false;
    bool fine = node->kind == YAML_LIST;
    for (size_t i = 0; fine && i < node->count; i++)
        fine = node->items[i]->kind == YAML_SCALAR && node->items[i]->len > 0;
    if (!fine)
        keys_refuse(problems, node, "wrong-kind", NULL, "%s: expected a list of words, each after '- '", name);
    return fine;
}

static int read_map(struct reading *r, const struct yaml_node *node, const char *name, struct table *to)
{
    if (!pairs_of(node, name, r->problems))
        return COACH_OK;
    for (size_t i = 0; i < node->count; i++) {
        char *value = arena_str(&r->lang->memory, node->pairs[i].value->text);
        if (value == NULL || table_set(to, node->pairs[i].key->text, node->pairs[i].key->len, value) != COACH_OK)
            return COACH_ENOMEM;
    }
    return COACH_OK;
}

/* Marks each word with its place in the list, from 1. */
static int read_set(struct reading *r, const struct yaml_node *node, const char *name, struct table *to)
{
    if (!items_of(node, name, r->problems))
        return COACH_OK;
    for (size_t i = 0; i < node->count; i++)
        if (table_set(to, node->items[i]->text, node->items[i]->len, (void *)(uintptr_t)(i + 1)) != COACH_OK)
            return COACH_ENOMEM;
    return COACH_OK;
}

static int by_length(const void *a, const void *b)
{
    size_t x = strlen(*(const char *const *)a), y = strlen(*(const char *const *)b);
    return x < y ? 1 : x > y ? -1 : strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_phrases(struct reading *r, const struct yaml_node *node, const char *name, const char *const **to,
                        size_t *count)
{
    if (!items_of(node, name, r->problems))
        return COACH_OK;
    const char **items = arena_alloc(&r->lang->memory, (node->count + 1) * sizeof *items);
    if (items == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < node->count; i++)
        if ((items[i] = arena_str(&r->lang->memory, node->items[i]->text)) == NULL)
            return COACH_ENOMEM;
    qsort(items, node->count, sizeof *items, by_length);
    *to = items;
    *count = node->count;
    return COACH_OK;
}

/* "a b c" to a NULL-ended array of its words. */
static const char **split(struct arena *memory, const char *text, size_t *count)
{
    size_t n = 1;
    for (const char *p = text; *p != '\0'; p++)
        n += *p == ' ';
    const char **words = arena_alloc(memory, (n + 1) * sizeof *words);
    if (words == NULL)
        return NULL;
    *count = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (len > 0 && (words[(*count)++] = arena_strn(memory, text, len)) == NULL)
            return NULL;
        text += len;
        text += *text == ' ';
    }
    return words;
}

static int read_irregular(struct reading *r, const struct yaml_node *node)
{
    if (!pairs_of(node, "irregular", r->problems))
        return COACH_OK;
    for (size_t i = 0; i < node->count; i++) {
        size_t n;
        const char **forms = split(&r->lang->memory, node->pairs[i].value->text, &n);
        const struct yaml_node *key = node->pairs[i].key;
        if (forms == NULL || table_set(&r->lang->irregular, key->text, key->len, forms) != COACH_OK)
            return COACH_ENOMEM;
    }
    return COACH_OK;
}

/* "s: is has us": a lone 's may be any of these, and each of them may be heard as 's. */
static int read_loose(struct reading *r, const struct yaml_node *node)
{
    if (!pairs_of(node, "loose", r->problems))
        return COACH_OK;
    for (size_t i = 0; i < node->count; i++) {
        size_t n;
        const char *short_form = arena_fmt(&r->lang->memory, "'%s", node->pairs[i].key->text);
        const char **words = split(&r->lang->memory, node->pairs[i].value->text, &n);
        if (short_form == NULL || words == NULL ||
            table_set(&r->lang->loose, short_form, strlen(short_form), words) != COACH_OK)
            return COACH_ENOMEM;
        for (; *words != NULL; words++)
            if (table_set(&r->lang->loose_for, *words, strlen(*words), (void *)short_form) != COACH_OK)
                return COACH_ENOMEM;
    }
    return COACH_OK;
}

static int longest_first(const void *a, const void *b)
{
    const struct language_forms *x = a, *y = b;
    size_t lx = strlen(x->ending), ly = strlen(y->ending);
    return lx < ly ? 1 : lx > ly ? -1 : strcmp(x->ending, y->ending);
}

static int read_forms(struct reading *r, const struct yaml_node *node)
{
    if (!pairs_of(node, "forms", r->problems))
        return COACH_OK;
    struct language_forms *forms = arena_alloc(&r->lang->memory, (node->count + 1) * sizeof *forms);
    if (forms == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < node->count; i++) {
        const char *ending = node->pairs[i].key->text;
        forms[i].ending = arena_str(&r->lang->memory, strcmp(ending, "other") == 0 ? "" : ending);
        forms[i].adds = split(&r->lang->memory, node->pairs[i].value->text, &forms[i].count);
        if (forms[i].ending == NULL || forms[i].adds == NULL)
            return COACH_ENOMEM;
    }
    qsort(forms, node->count, sizeof *forms, longest_first);
    r->lang->forms = forms;
    r->lang->form_count = node->count;
    return COACH_OK;
}

static int read_questions(struct reading *r, const struct yaml_node *node)
{
    struct language *l = r->lang;
    const struct {
        const char *name;
        const char *const **items;
        size_t *count;
    } parts[] = {{"closed", &l->closed_questions, &l->closed_question_count},
                 {"open", &l->open_questions, &l->open_question_count},
                 {"leads", &l->question_leads, &l->question_lead_count}};
    enum { PARTS = sizeof parts / sizeof *parts };
    if (node != NULL && node->kind != YAML_MAP)
        keys_refuse(r->problems, node, "wrong-kind", NULL, "questions: expected 'closed:', 'open:' and 'leads:'");
    if (node == NULL || node->kind != YAML_MAP)
        return COACH_OK;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = node->pairs[i].key;
        size_t k = 0;
        while (k < PARTS && strcmp(parts[k].name, key->text) != 0)
            k++;
        if (k == PARTS)
            keys_refuse(r->problems, key, "unknown-key", NULL, "'questions' has no key '%.40s'", key->text);
        else if (read_phrases(r, node->pairs[i].value, parts[k].name, parts[k].items, parts[k].count) != COACH_OK)
            return COACH_ENOMEM;
    }
    return COACH_OK;
}

static int read_tables(struct reading *r, const struct yaml_node *root)
{
    struct language *l = r->lang;
    int rc = read_map(r, yaml_get(root, "contractions"), "contractions", &l->contractions);
    if (rc == COACH_OK)
        rc = read_map(r, yaml_get(root, "endings"), "endings", &l->endings);
    if (rc == COACH_OK)
        rc = read_map(r, yaml_get(root, "symbols"), "symbols", &l->symbols);
    if (rc == COACH_OK)
        rc = read_loose(r, yaml_get(root, "loose"));
    if (rc == COACH_OK)
        rc = read_irregular(r, yaml_get(root, "irregular"));
    if (rc == COACH_OK)
        rc = read_forms(r, yaml_get(root, "forms"));
    if (rc == COACH_OK)
        rc = read_set(r, yaml_get(root, "sounds"), "sounds", &l->sounds);
    if (rc == COACH_OK)
        rc = read_set(r, yaml_get(root, "numbers"), "numbers", &l->numbers);
    if (rc == COACH_OK)
        rc = read_set(r, yaml_get(root, "common"), "common", &l->common);
    if (rc == COACH_OK)
        rc = read_phrases(r, yaml_get(root, "fillers"), "fillers", &l->fillers, &l->filler_count);
    if (rc == COACH_OK)
        rc = read_phrases(r, yaml_get(root, "back_channels"), "back_channels", &l->back_channels,
                          &l->back_channel_count);
    if (rc == COACH_OK)
        rc = read_questions(r, yaml_get(root, "questions"));
    return rc;
}

static void check_keys(const struct yaml_node *root, struct diags *problems)
{
    static const char *const known[] = {"format",  "language", "contractions",  "endings",  "loose",
                                        "symbols", "sounds",   "irregular",     "forms",    "numbers",
                                        "common",  "fillers",  "back_channels", "questions"};
    enum { KNOWN = sizeof known / sizeof *known };
    for (size_t i = 0; i < root->count; i++) {
        size_t k = 0;
        while (k < KNOWN && strcmp(known[k], root->pairs[i].key->text) != 0)
            k++;
        if (k == KNOWN)
            keys_refuse(problems, root->pairs[i].key, "unknown-key", NULL, "a language table has no key '%.40s'",
                        root->pairs[i].key->text);
    }
}

int languagefile_read(const struct source *source, struct language *ret, struct diags *problems)
{
    struct yaml_doc doc;
    int rc = yaml_read(source, &doc, problems);
    struct mark top = {source, 1, 1, 1};
    struct reading r = {ret, problems};
    if (rc == COACH_OK && (doc.root == NULL || doc.root->kind != YAML_MAP)) {
        diags_add(problems, DIAG_ERROR, "wrong-kind", &top, NULL, "this is not a language table");
    } else if (rc == COACH_OK) {
        const struct yaml_node *code = yaml_get(doc.root, "language"), *format = yaml_get(doc.root, "format");
        check_keys(doc.root, problems);
        if (format == NULL || format->kind != YAML_SCALAR || strcmp(format->text, "1") != 0)
            diags_add(problems, DIAG_ERROR, "format", &top, "write 'format: 1'", "this table is not in format 1");
        if (code == NULL || code->kind != YAML_SCALAR || code->len == 0)
            diags_add(problems, DIAG_ERROR, "missing-key", &top, "write 'language: en'",
                      "this table does not name its language");
        else if ((ret->code = arena_str(&ret->memory, code->text)) == NULL)
            rc = COACH_ENOMEM;
        if (rc == COACH_OK)
            rc = read_tables(&r, doc.root);
    }
    yaml_doc_clear(&doc);
    return rc == COACH_ESYNTAX ? COACH_OK : rc;
}
