/* For unit tests: rule sets built from texts in the test, with the shipped English table. Examples are left out where
 * the test is not about them. */
#ifndef COACH_TESTS_RULETEST_H
#define COACH_TESTS_RULETEST_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/rules/compile.h"
#include "lib/rules/scanner.h"
#include "lib/text/words.h"
#include "tests/support/suite.h"

#define RULETEST __attribute__((unused)) static

/* The bytes of a file followed by a NUL, to be freed; NULL when it is not there. */
RULETEST char *ruletest_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    rewind(f);
    char *text = calloc(1, (size_t)size + 1);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, f), (size_t)size);
    fclose(f);
    *len = (size_t)size;
    return text;
}

enum { RULETEST_FILES = 32 };

/* A build with all that its problems point into. */
struct ruletest {
    struct source files[RULETEST_FILES];
    struct source language;
    char *language_text;
    struct ruleset *set; /* NULL when it was refused */
    struct diags problems;
    struct scanner *scanner;
    struct words words;
    int rc;
};

RULETEST void ruletest_build_files(struct ruletest *t, const struct source *files, size_t n)
{
    *t = (struct ruletest){0};
    ck_assert_uint_le(n, RULETEST_FILES);
    memcpy(t->files, files, n * sizeof *files);
    t->language = (struct source){.name = "en.yaml"};
    t->language_text = ruletest_read(SOURCE_DIR "/rules/languages/en.yaml", &t->language.len);
    ck_assert_ptr_nonnull(t->language_text);
    t->language.text = t->language_text;
    diags_init(&t->problems);
    words_init(&t->words);
    t->scanner = scanner_new();
    const struct rules_options draft = {.draft = true};
    t->rc = rules_compile(t->files, n, &t->language, 1, &draft, &t->set, &t->problems);
}

RULETEST void ruletest_build(struct ruletest *t, const char *text)
{
    ruletest_build_files(t, &(struct source){"a.yaml", text, strlen(text)}, 1);
}

RULETEST void ruletest_clear(struct ruletest *t)
{
    ruleset_unref(t->set);
    diags_clear(&t->problems);
    words_clear(&t->words);
    scanner_free(t->scanner);
    free(t->language_text);
    *t = (struct ruletest){0};
}

/* The problems as "file:line:column code: message (hint)", a line each and errors first, for the messages of failing
 * tests. Check keeps a few kilobytes of them. */
RULETEST const char *ruletest_problems(const struct ruletest *t)
{
    static char text[3 * 1024];
    size_t n = 0;
    text[0] = '\0';
    for (enum diag_level level = DIAG_ERROR; level <= DIAG_NOTE; level++)
        for (size_t i = 0; i < t->problems.count && n < sizeof text / 2; i++) {
            const struct diag *d = &t->problems.items[i];
            if (d->level == level)
                n += (size_t)snprintf(text + n, sizeof text - n, "%s:%d:%d %s: %s (%s)\n",
                                      d->at.source == NULL ? "" : d->at.source->name, d->at.line, d->at.column, d->code,
                                      d->message, d->hint == NULL ? "" : d->hint);
        }
    return text;
}

/* Builds what must be free of errors. */
RULETEST void ruletest_good(struct ruletest *t, const char *text)
{
    ruletest_build(t, text);
    ck_assert_msg(t->rc == COACH_OK, "%s\n%.1000s", ruletest_problems(t), text);
}

/* The first problem of a code, or NULL. */
RULETEST const struct diag *ruletest_find(const struct ruletest *t, const char *code)
{
    for (size_t i = 0; i < t->problems.count; i++)
        if (strcmp(t->problems.items[i].code, code) == 0)
            return &t->problems.items[i];
    return NULL;
}

RULETEST void ruletest_hear(struct ruletest *t, const char *line)
{
    ck_assert_int_eq(words_read(&t->words, ruleset_language(t->set), line, strlen(line)), COACH_OK);
}

/* What a line sets off, through the prefilter. */
RULETEST size_t ruletest_scan(struct ruletest *t, const char *line, coach_role role, const struct hit **hits)
{
    size_t n;
    ruletest_hear(t, line);
    ck_assert_int_eq(scanner_scan(t->scanner, t->set, &t->words, role, 0, hits, &n), COACH_OK);
    return n;
}

#define RULETEST_ROWS(rows) ((int)(sizeof(rows) / sizeof *(rows)))

#endif
