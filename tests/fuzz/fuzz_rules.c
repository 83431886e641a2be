/* Any bytes as a rule file: it is built or each of its problems has a place; a set that was built runs over the file's
 * own text and finds the same as trying every phrase. */
#include "tests/fuzz/fuzz.h"

#include "lib/rules/compile.h"
#include "tests/fuzz/compare.h"

static void run(const struct ruleset *set, const char *text, size_t size)
{
    struct words w;
    struct scanner *s = scanner_new();
    size_t len;
    char *line = fuzz_text(text, size < 1000 ? size : 1000, &len);
    HOLDS(s != NULL);
    words_init(&w);
    HOLDS(words_read(&w, ruleset_language(set), line, len) == COACH_OK);
    compare_line(s, set, &w, len);
    words_clear(&w);
    scanner_free(s);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_bytes(data, size);
    const struct source file = {"a.yaml", text, size}, language = {"en.yaml", fuzz_language, sizeof fuzz_language - 1};
    const struct rules_options draft = {.draft = size % 4 != 0}; /* most get as far as running */
    struct ruleset *set = NULL;
    struct diags problems;
    diags_init(&problems);
    int rc = rules_compile(&file, 1, &language, 1, &draft, &set, &problems);
    HOLDS(rc == COACH_OK || rc == COACH_ERULES);
    HOLDS((rc == COACH_OK) == diags_clean(&problems) && (rc == COACH_OK) == (set != NULL));
    fuzz_check_problems(&problems);
    if (set != NULL)
        run(set, text, size);
    ruleset_unref(set);
    diags_clear(&problems);
    free(text);
    return 0;
}
