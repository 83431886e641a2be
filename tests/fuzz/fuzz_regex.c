/* The first line as a regular expression, the rest as what is said: what the guard takes is compiled and matched within
 * the limits, and never matches a line without the words that it requires. */
#include "tests/fuzz/fuzz.h"

#include "lib/rules/languagefile.h"
#include "lib/rules/regexwords.h"

/* A rule file's scalar that holds the pattern, as a block. */
static char *as_block(const char *pattern, size_t len, size_t *size)
{
    static const char head[] = "regex: |\n  ";
    char *text = malloc(sizeof head + len + 1);
    HOLDS(text != NULL);
    memcpy(text, head, sizeof head - 1);
    memcpy(text + sizeof head - 1, pattern, len);
    text[sizeof head - 1 + len] = '\n';
    *size = sizeof head + len;
    return text;
}

static bool holds_word(const struct words *w, const struct required_set *set)
{
    for (size_t i = 0; i < w->count; i++) {
        const char *word = w->line.data + w->items[i].at, *run;
        size_t at = 0, n;
        for (size_t k = 0; k < set->count; k++)
            if (strlen(set->words[k].text) == w->items[i].len && memcmp(set->words[k].text, word, w->items[i].len) == 0)
                return true;
        while ((n = regexwords_run(word, w->items[i].len, &at, &run)) > 0)
            for (size_t k = 0; k < set->count; k++)
                if (strlen(set->words[k].text) == n && memcmp(set->words[k].text, run, n) == 0)
                    return true;
    }
    return false;
}

static void match(const struct regex *r, const struct language *lang, const char *text, size_t len)
{
    struct arena memory;
    struct required_set set;
    struct words w;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(r->code, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    HOLDS(data != NULL && context != NULL);
    arena_init(&memory);
    words_init(&w);
    pcre2_set_match_limit(context, 1000);
    HOLDS(regexwords(r, lang, &memory, &set) == COACH_OK);
    HOLDS(words_read(&w, lang, text, len < 400 ? utf8_cut(text, len, len) : utf8_cut(text, len, 400)) == COACH_OK);
    if (w.count > 0) {
        int rc =
            pcre2_match(r->code, (PCRE2_SPTR)w.line.data + 1, w.line.len - 2, 0, PCRE2_NO_UTF_CHECK, data, context);
        HOLDS(rc < 0 || set.count == 0 || holds_word(&w, &set));
    }
    words_clear(&w);
    arena_clear(&memory);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len, n, block_size;
    char *text = fuzz_text(data, size, &len);
    const char *end = memchr(text, '\n', len);
    n = end == NULL ? len : (size_t)(end - text);
    char *block = as_block(text, n, &block_size);
    const struct source file = {"a.yaml", block, block_size},
                        table = {"en.yaml", fuzz_language, sizeof fuzz_language - 1};
    struct yaml_doc doc;
    struct diags problems;
    struct language lang;
    diags_init(&problems);
    language_init(&lang);
    HOLDS(languagefile_read(&table, &lang, &problems) == COACH_OK && problems.count == 0);
    const struct yaml_node *scalar = yaml_read(&file, &doc, &problems) == COACH_OK ? yaml_get(doc.root, "regex") : NULL;
    if (scalar != NULL && problems.count == 0 && scalar->kind == YAML_SCALAR) {
        struct regex r = {0};
        HOLDS(regex_read(scalar, &doc.memory, &r, &problems) == COACH_OK);
        HOLDS((r.code != NULL) == (problems.levels[DIAG_ERROR] == 0));
        if (r.code != NULL)
            match(&r, &lang, text + n, len - n);
        pcre2_code_free(r.code);
    }
    fuzz_check_problems(&problems);
    language_clear(&lang);
    diags_clear(&problems);
    yaml_doc_clear(&doc);
    free(block);
    free(text);
    return 0;
}
