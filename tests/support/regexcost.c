/* What regular expressions cost, for test_redos.py: reads lines {"pattern": .., "attack": ..} and answers each with
 * {"code", "message", "check_ns", "live_ns", "raw_ns"}: the error that refused it as a regex: rule ("" for none), the
 * CPU time of building it, and, where it was taken, of matching its attack as it is heard and as it was written, each
 * the least of several runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/rules/compile.h"
#include "lib/rules/regex.h"
#include "lib/rules/scanner.h"
#include "lib/wire/json.h"

enum { RUNS = 7 };

static uint64_t cpu_ns(void *user)
{
    struct timespec now;
    (void)user;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int read_file(const char *path, struct buf *out)
{
    char piece[4096];
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return COACH_EINVAL;
    for (size_t n = fread(piece, 1, sizeof piece, f); n > 0; n = fread(piece, 1, sizeof piece, f))
        if (buf_add(out, piece, n) != COACH_OK)
            break;
    fclose(f);
    return COACH_OK;
}

static int write_rule(struct buf *out, const char *pattern)
{
    buf_reset(out);
    int rc =
        buf_adds(out, "format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    regex: '");
    for (; *pattern != '\0' && rc == COACH_OK; pattern++)
        rc = buf_add(out, *pattern == '\'' ? "''" : pattern, *pattern == '\'' ? 2 : 1);
    return rc == COACH_OK ? buf_adds(out, "'\n") : rc;
}

static uint64_t least_of(struct scanner *s, const struct ruleset *set, const struct words *w)
{
    uint64_t least = UINT64_MAX;
    struct hit hit;
    for (int i = 0; i < RUNS; i++) {
        uint64_t begin = cpu_ns(NULL);
        (void)scanner_rule(s, set, ruleset_rule(set, 0), w, &hit);
        uint64_t ns = cpu_ns(NULL) - begin;
        least = ns < least ? ns : least;
    }
    return least;
}

/* The attack as one word of a line, whatever characters it holds. */
static int read_raw(struct words *w, const char *attack)
{
    size_t n = utf8_cut(attack, strlen(attack), REGEX_MAX_LINE);
    buf_reset(&w->line);
    if (buf_reserve(&w->line, n + 2 + WORDS_PAD) != COACH_OK || w->count == 0)
        return COACH_ENOMEM;
    (void)buf_adds(&w->line, " ");
    (void)buf_add(&w->line, attack, n);
    (void)buf_adds(&w->line, " ");
    memset(w->line.data + w->line.len, 0, WORDS_PAD);
    w->items[0] = (struct word){1, (uint32_t)n, 0, (uint32_t)n};
    w->count = 1;
    return COACH_OK;
}

static void measure(struct json_out *j, const struct ruleset *set, const char *attack)
{
    struct words w;
    struct scanner *s = scanner_new();
    words_init(&w);
    if (s != NULL && words_read(&w, ruleset_language(set), attack, strlen(attack)) == COACH_OK)
        json_int(j, "live_ns", (int64_t)least_of(s, set, &w));
    if (s != NULL && words_read(&w, ruleset_language(set), "a", 1) == COACH_OK && read_raw(&w, attack) == COACH_OK)
        json_int(j, "raw_ns", (int64_t)least_of(s, set, &w));
    words_clear(&w);
    scanner_free(s);
}

static int answer(const struct source *language, const char *pattern, const char *attack)
{
    const struct rules_options options = {.clock = {cpu_ns, NULL}, .draft = true};
    struct buf rule, out;
    struct json_out j;
    struct diags problems;
    struct ruleset *set = NULL;
    buf_init(&rule, 0);
    buf_init(&out, 0);
    diags_init(&problems);
    int rc = write_rule(&rule, pattern);
    const struct source file = {"a.yaml", rule.data, rule.len};
    uint64_t begin = cpu_ns(NULL);
    if (rc == COACH_OK)
        rc = rules_compile(&file, 1, language, 1, &options, &set, &problems);
    uint64_t took = cpu_ns(NULL) - begin;
    const char *code = "", *message = "";
    for (size_t i = 0; i < problems.count && *code == '\0'; i++)
        if (problems.items[i].level == DIAG_ERROR) {
            code = problems.items[i].code;
            message = problems.items[i].message;
        }
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "code", code);
    json_text(&j, "message", message);
    json_int(&j, "check_ns", (int64_t)took);
    if (set != NULL)
        measure(&j, set, attack);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(out.data, stdout);
    ruleset_unref(set);
    diags_clear(&problems);
    buf_clear(&rule);
    buf_clear(&out);
    return rc == COACH_ERULES ? COACH_OK : rc;
}

int main(int argc, char **argv)
{
    struct buf language;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int rc = COACH_OK;
    buf_init(&language, 0);
    if (argc != 2 || read_file(argv[1], &language) != COACH_OK) {
        fputs("usage: regexcost LANGUAGE-TABLE < LINES\n", stderr);
        return EXIT_FAILURE;
    }
    const struct source table = {argv[1], language.data, language.len};
    while (rc == COACH_OK && (n = getline(&line, &cap, stdin)) > 0) {
        struct json_in *v;
        coach_error err;
        rc = json_in_read(line, (size_t)n, &v, &err);
        if (rc != COACH_OK)
            break;
        rc = answer(&table, json_in_text(v, "pattern"), json_in_text(v, "attack"));
        json_in_free(v);
        fflush(stdout);
    }
    free(line);
    buf_clear(&language);
    return rc == COACH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
