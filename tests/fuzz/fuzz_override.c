/* Any bytes as a site's file beside a small pack: the two are merged and built, or each problem has a place; what was
 * merged runs. */
#include "tests/fuzz/fuzz.h"

#include "lib/rules/compile.h"
#include "tests/fuzz/compare.h"

static const char pack[] =
    "format: 1\npack: base\nlists:\n  polite:\n    - please\n    - kindly\nsignals:\n  - id: upset\n    speaker: "
    "customer\n"
    "    says:\n      - this is ridiculous\nrules:\n  - id: calm\n    category: tone\n    rev: 2\n    message: not "
    "{said}\n"
    "    says:\n      - (<polite>)? calm down\n      - settle down\n    not_in:\n      - things calm down\n    "
    "unless:\n"
    "      - sorry\n    suggest: breathe\n    tags: a\n    match:\n      - please calm down\n      - settle down\n    "
    "no_match:\n"
    "      - things calm down\n      - sorry, settle down\n  - id: terms\n    category: jargon\n    message: say "
    "{plain}\n"
    "    swap:\n      GDS: the system\n    match:\n      - the GDS is down\n    no_match:\n      - g d\n  - id: "
    "number\n"
    "    category: jargon\n    message: m\n    regex: '\\bcase \\d{1,5}'\n    match:\n      - case 5\n    no_match:\n"
    "      - case five\n  - id: late\n    category: tone\n    message: m\n    when:\n      at: upset\n      without: "
    "upset\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char line[] = "please calm down, the GDS has case 7 and things calm down";
    char *text = fuzz_bytes(data, size);
    const struct source files[] = {{"pack.yaml", pack, sizeof pack - 1}, {"site.yaml", text, size}};
    const struct source language = {"en.yaml", fuzz_language, sizeof fuzz_language - 1};
    const struct rules_options draft = {.draft = true};
    struct ruleset *set = NULL;
    struct diags problems;
    diags_init(&problems);
    int rc = rules_compile(files, 2, &language, 1, &draft, &set, &problems);
    HOLDS(rc == COACH_OK || rc == COACH_ERULES);
    HOLDS((rc == COACH_OK) == diags_clean(&problems) && (rc == COACH_OK) == (set != NULL));
    fuzz_check_problems(&problems);
    if (set != NULL) {
        struct scanner *s = scanner_new();
        struct words w;
        words_init(&w);
        HOLDS(s != NULL && words_read(&w, ruleset_language(set), line, sizeof line - 1) == COACH_OK);
        compare_line(s, set, &w, sizeof line - 1);
        words_clear(&w);
        scanner_free(s);
    }
    ruleset_unref(set);
    diags_clear(&problems);
    free(text);
    return 0;
}
