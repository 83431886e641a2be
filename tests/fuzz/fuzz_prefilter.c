/* Phrases, one a line, then an empty line and what is said: the scan finds what trying every phrase finds. */
#include "tests/fuzz/fuzz.h"

#include "lib/rules/compile.h"
#include "lib/rules/phrase.h"
#include "tests/fuzz/compare.h"
#include "tests/fuzz/english.h"

enum { MOST = 12 };

static const char head[] = "format: 1\npack: test\nlists:\n  reason:\n    - policy\n    - the (rules | terms)\n"
                           "  whom:\n    - you\n    - <reason> us\n    - <number>\n"
                           "  system_name:\n    - GDS\n    - (rules | policy) tool\nrules:\n";

static bool knows_lists(const struct phrase *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct phrase_item *item = &p->items[i];
        for (size_t k = 0; k < item->choice_count; k++)
            if (!knows_lists(&item->choices[k]))
                return false;
        if (item->kind == PHRASE_LIST && strcmp(item->text, "reason") != 0 && strcmp(item->text, "whom") != 0 &&
            strcmp(item->text, "system_name") != 0)
            return false;
    }
    return true;
}

static bool is_phrase(const char *text, size_t len)
{
    struct source source = {"a.yaml", text, len};
    struct yaml_node scalar = {.kind = YAML_SCALAR, .at = {&source, 1, 1, 1}, .to = len, .text = text, .len = len};
    struct arena memory;
    struct diags problems;
    struct phrase tree;
    arena_init(&memory);
    diags_init(&problems);
    int rc = phrase_parse(&scalar, english(), &memory, &tree, &problems);
    HOLDS(rc == COACH_OK || rc == COACH_ESYNTAX);
    bool usable = rc == COACH_OK && knows_lists(&tree);
    diags_clear(&problems);
    arena_clear(&memory);
    return usable;
}

/* A rule of one phrase, now and then a second and an exception for the one before. */
static void add_rule(struct buf *file, const char *text, size_t len, size_t number)
{
    const char *key = number % 5 == 3 ? "    not_in:\n" : number % 7 == 6 ? "    unless:\n" : NULL;
    int rc = COACH_OK;
    if (key == NULL || number == 0)
        rc = buf_addf(file, "  - id: r%zu\n    category: tone\n    message: m %s\n    speaker: %s\n    says:\n", number,
                      memmem(text, len, "<reason>", 8) != NULL ? "{reason}" : "{said}",
                      number % 3 == 0 ? "customer" : "either");
    else
        rc = buf_adds(file, key);
    HOLDS(rc == COACH_OK && buf_addf(file, "      - |\n        %.*s\n", (int)len, text) == COACH_OK);
}

/* The phrases before the empty line; returns where what is said begins. */
static const char *add_rules(struct buf *file, const char *p)
{
    for (size_t number = 0; *p != '\0' && *p != '\n';) {
        p += strspn(p, " ");
        size_t len = strcspn(p, "\n");
        char *one = strndup(p, len);
        HOLDS(one != NULL);
        if (number < MOST && len > 0 && is_phrase(one, len))
            add_rule(file, one, len, number++);
        free(one);
        p += len;
        p += *p == '\n';
    }
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len;
    char *text = fuzz_text(data, size, &len);
    const struct rules_options draft = {.draft = true};
    struct ruleset *set = NULL;
    struct diags problems;
    struct buf file;
    diags_init(&problems);
    buf_init(&file, 0);
    HOLDS(buf_adds(&file, head) == COACH_OK);
    const char *line = add_rules(&file, text);
    const struct source rules = {"a.yaml", file.data, file.len},
                        language = {"en.yaml", fuzz_language, sizeof fuzz_language - 1};
    int rc = rules_compile(&rules, 1, &language, 1, &draft, &set, &problems);
    HOLDS(rc == COACH_OK || rc == COACH_ERULES); /* a phrase too large, say */
    if (rc == COACH_OK) {
        struct scanner *s = scanner_new();
        struct words w;
        words_init(&w);
        HOLDS(s != NULL && words_read(&w, ruleset_language(set), line, strlen(line)) == COACH_OK);
        compare_line(s, set, &w, strlen(line));
        words_clear(&w);
        scanner_free(s);
    }
    ruleset_unref(set);
    diags_clear(&problems);
    buf_clear(&file);
    free(text);
    return 0;
}
