/* The shipped English table, read once. */
#ifndef COACH_TESTS_FUZZ_ENGLISH_H
#define COACH_TESTS_FUZZ_ENGLISH_H

#include "tests/fuzz/fuzz.h"

#include "lib/rules/languagefile.h"

FUZZ const struct language *english(void)
{
    static struct language lang;
    static char text[128 * 1024];
    if (lang.code != NULL)
        return &lang;
    FILE *f = fopen(SOURCE_DIR "/rules/languages/en.yaml", "rb");
    HOLDS(f != NULL);
    struct source source = {"en.yaml", text, fread(text, 1, sizeof text, f)};
    fclose(f);
    struct diags problems;
    diags_init(&problems);
    language_init(&lang);
    HOLDS(languagefile_read(&source, &lang, &problems) == COACH_OK && diags_clean(&problems));
    diags_clear(&problems);
    HOLDS(lang.code != NULL);
    return &lang;
}

#endif
