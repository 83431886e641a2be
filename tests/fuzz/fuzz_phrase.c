/* The first line as a phrase, the rest as what is said: a phrase that parses can be written, compiles, matches whole
 * words only, and never a line without the words that it requires. */
#include "tests/fuzz/fuzz.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/rules/pattern.h"
#include "lib/rules/phrase.h"
#include "lib/rules/scanner.h"
#include "tests/fuzz/english.h"

static void check_tree(const struct phrase *p, size_t len, size_t *items)
{
    HOLDS(p->count > 0);
    for (size_t i = 0; i < p->count; i++) {
        const struct phrase_item *item = &p->items[i];
        HOLDS(++*items <= PHRASE_MAX_ITEMS);
        HOLDS(item->at <= len && item->len <= len - item->at);
        HOLDS(item->kind != PHRASE_GAP_OF || (item->gap >= 1 && item->gap <= PHRASE_MAX_GAP));
        for (size_t k = 0; k < item->choice_count; k++)
            check_tree(&item->choices[k], len, items);
    }
}

/* A name in a phrase is a list of one phrase, "policy". */
static void name_lists(const struct phrase *p, struct table *lists, struct phrase_list *one)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct phrase_item *item = &p->items[i];
        if (item->kind == PHRASE_LIST)
            HOLDS(table_set(lists, item->text, strlen(item->text), one) == COACH_OK);
        for (size_t k = 0; k < item->choice_count; k++)
            name_lists(&item->choices[k], lists, one);
    }
}

static bool is_met(const struct required_set *set, const struct words *w)
{
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < set->count; k++) {
            const char *text = set->words[k].text;
            size_t len = strlen(text);
            bool whole = set->words[k].prefix ? w->items[i].len >= len : w->items[i].len == len;
            if (whole && memcmp(w->line.data + w->items[i].at, text, len) == 0)
                return true;
        }
    return false;
}

/* Runs the pattern over the line, as the scanner does. */
static void match(const pcre2_code *code, const struct words *w, const struct required_set *sets, size_t nsets)
{
    pcre2_match_data *found = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    HOLDS(found != NULL && context != NULL);
    pcre2_set_match_limit(context, SCANNER_MATCH_LIMIT);
    int rc = pcre2_match(code, (PCRE2_SPTR)w->line.data, w->line.len, 0, PCRE2_NO_UTF_CHECK, found, context);
    HOLDS(rc > 0 || rc == PCRE2_ERROR_NOMATCH || rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_JIT_STACKLIMIT);
    if (rc > 0) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(found);
        HOLDS(at[0] < at[1] && at[1] <= w->line.len);
        HOLDS(w->line.data[at[0] - 1] == ' ' && w->line.data[at[1] - 1] == ' ');
        for (size_t i = 0; i < nsets; i++)
            HOLDS(is_met(&sets[i], w));
    }
    pcre2_match_data_free(found);
    pcre2_match_context_free(context);
}

static void compile_and_match(struct arena *memory, const struct phrase *tree, const struct words *w)
{
    struct phrase_item word = {.kind = PHRASE_WORD, .text = "policy"};
    struct phrase policy = {&word, 1};
    struct phrase_list list = {.name = "any", .items = &policy, .count = 1};
    struct required_set sets[PATTERN_MAX_SETS];
    struct table lists;
    struct buf pattern;
    table_init(&lists, NULL);
    name_lists(tree, &lists, &list);
    buf_init(&pattern, PATTERN_MAX);
    struct pattern_context c = {.lang = english(), .lists = &lists, .memory = memory};
    c.fillers = pattern_fillers(c.lang, memory);
    HOLDS(c.fillers != NULL);
    int rc = pattern_write(&c, tree, NULL, 0, &pattern);
    HOLDS(rc == COACH_OK || rc == COACH_ELIMIT);
    size_t nsets = 0;
    HOLDS(pattern_requires(&c, tree, sets, &nsets) == COACH_OK && nsets <= PATTERN_MAX_SETS);
    if (rc == COACH_OK) {
        int error;
        PCRE2_SIZE at;
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len, PCRE2_DOLLAR_ENDONLY | PCRE2_DUPNAMES,
                                         &error, &at, NULL);
        HOLDS(code != NULL || error == PCRE2_ERROR_PATTERN_TOO_LARGE);
        if (code != NULL) {
            (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
            if (w->count > 0)
                match(code, w, sets, nsets);
        }
        pcre2_code_free(code);
    }
    buf_clear(&pattern);
    table_clear(&lists);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len, rest;
    const uint8_t *nl = size == 0 ? NULL : memchr(data, '\n', size);
    size_t cut = nl == NULL ? size : (size_t)(nl - data);
    char *text = fuzz_text(data, cut, &len);
    char *line = fuzz_text(data + cut, size - cut, &rest);
    struct source source = {"a.yaml", text, len};
    struct yaml_node scalar = {.kind = YAML_SCALAR, .at = {&source, 1, 1, 1}, .to = len, .text = text, .len = len};
    struct arena memory;
    struct diags problems;
    struct phrase tree = {0};
    struct words w;
    arena_init(&memory);
    diags_init(&problems);
    words_init(&w);
    HOLDS(words_read(&w, english(), line, rest) == COACH_OK);
    int rc = phrase_parse(&scalar, english(), &memory, &tree, &problems);
    HOLDS(rc == COACH_OK || rc == COACH_ESYNTAX);
    HOLDS((rc == COACH_OK) == diags_clean(&problems));
    fuzz_check_problems(&problems);
    if (rc == COACH_OK) {
        size_t items = 0;
        check_tree(&tree, len, &items);
        HOLDS(phrase_has_compulsory(&tree));
        compile_and_match(&memory, &tree, &w);
    }
    words_clear(&w);
    diags_clear(&problems);
    arena_clear(&memory);
    free(line);
    free(text);
    return 0;
}
