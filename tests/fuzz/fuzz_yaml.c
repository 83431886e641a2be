/* Any bytes as a YAML file: every node and every problem knows its place. */
#include "tests/fuzz/fuzz.h"

#include "lib/yaml/yaml.h"

static void check_scalar(const struct yaml_node *n)
{
    HOLDS(n->text != NULL && n->text[n->len] == '\0' && strlen(n->text) == n->len);
    HOLDS(utf8_valid(n->text, n->len) == n->len);
    const size_t offsets[] = {0, 1, n->len / 2, n->len, n->len + 7};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        struct mark m = yaml_mark_at(n, offsets[i], 1);
        HOLDS(m.line >= n->at.line && m.column >= 1 && m.width >= 1);
    }
}

static void check_node(const struct yaml_node *n, const struct source *source, int depth)
{
    HOLDS(n != NULL && depth <= YAML_MAX_DEPTH + 1);
    HOLDS(n->from <= n->to && n->to <= source->len);
    HOLDS(n->at.source == source && n->at.line >= 1 && n->at.column >= 1);
    if (n->kind == YAML_SCALAR)
        check_scalar(n);
    for (size_t i = 0; n->kind == YAML_LIST && i < n->count; i++)
        check_node(n->items[i], source, depth + 1);
    for (size_t i = 0; n->kind == YAML_MAP && i < n->count; i++) {
        HOLDS(n->pairs[i].key->kind == YAML_SCALAR);
        check_node(n->pairs[i].key, source, depth + 1);
        check_node(n->pairs[i].value, source, depth + 1);
        if (i < 50)
            HOLDS(yaml_get(n, n->pairs[i].key->text) == n->pairs[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_bytes(data, size);
    struct source source = {"a.yaml", text, size};
    struct yaml_doc doc;
    struct diags problems;
    diags_init(&problems);
    int rc = yaml_read(&source, &doc, &problems);
    HOLDS(rc == COACH_OK || (rc == COACH_ESYNTAX && !diags_clean(&problems)));
    HOLDS(!problems.out_of_memory);
    if (rc == COACH_OK && doc.root != NULL)
        check_node(doc.root, &source, 1);
    fuzz_check_problems(&problems);
    yaml_doc_clear(&doc);
    diags_clear(&problems);
    free(text);
    return 0;
}
