/* Proves that the prefilter changes nothing: rule sets of 50 to 5,000 phrases, made by a seed from the words of real
 * lines, run over those lines through the scanner and again by trying every phrase. All that is found must be the
 * same: rule, phrase, words, lists.
 *
 *     differential [--pairs N] [--seed N]
 *
 * N pairs of a phrase and a line are tried at least, 1,000,000 unless said otherwise, spread over the four sizes.
 * The lines are the bundled calls, and those of ../shared/samples/calls where they lie beside the tree. */
#include <glob.h>
#include <time.h>

#include "lib/base/error.h"
#include "lib/eval/recording.h"
#include "lib/rules/compile.h"
#include "tests/fuzz/compare.h"
#include "tests/fuzz/english.h"
#include "tests/support/rulegen.h"

enum { FILE_PHRASES = 1000, MOST_FILES = 5 };

static struct rulegen_lines lines;
static size_t line_cap;

static void stop(const char *what, const char *of)
{
    fprintf(stderr, "differential: %s: %s\n", what, of);
    exit(2);
}

/* --- the lines --- */

static void add_line(const struct wire_text *text)
{
    if (text->s == NULL || text->len == 0)
        return;
    if (lines.count == line_cap) {
        line_cap = line_cap == 0 ? 1024 : line_cap * 2;
        lines.items = realloc(lines.items, line_cap * sizeof *lines.items);
    }
    char *copy = lines.items == NULL ? NULL : strdup(text->s);
    if (copy == NULL)
        stop("out of memory", "lines");
    lines.items[lines.count++] = copy;
}

static void on_problem(void *user, uint64_t number, const char *code, const char *message)
{
    (void)number, (void)code, (void)message;
    ++*(size_t *)user;
}

/* The whole of a file; one that ends in .gz is unpacked. */
static void read_whole(const char *path, struct buf *out)
{
    char command[1024], piece[16 * 1024];
    size_t len = strlen(path), n;
    snprintf(command, sizeof command, "%s '%s'", len > 3 && strcmp(path + len - 3, ".gz") == 0 ? "gzip -dc" : "cat",
             path);
    FILE *f = popen(command, "r");
    if (f == NULL)
        stop("cannot read", path);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        if (buf_add(out, piece, n) != COACH_OK)
            stop("out of memory", path);
    if (pclose(f) != 0)
        stop("cannot read", path);
}

static void read_calls(const char *pattern)
{
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct buf text;
        struct recording calls;
        size_t problems = 0;
        buf_init(&text, 0);
        read_whole(found.gl_pathv[i], &text);
        if (recording_read(&calls, text.data, text.len, on_problem, &problems) != COACH_OK || problems > 0)
            stop("is no recording", found.gl_pathv[i]);
        for (size_t k = 0; k < calls.count; k++)
            add_line(&calls.events[k].text);
        recording_clear(&calls);
        buf_clear(&text);
    }
    globfree(&found);
}

/* --- a rule set --- */

static void print_problems(const struct diags *problems)
{
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].level == DIAG_ERROR)
            (void)diag_print(&problems->items[i], false, &out);
    fprintf(stderr, "%s", out.data == NULL ? "" : out.data);
    buf_clear(&out);
}

/* A set of `phrases` phrases, which keeps nothing of the texts it was made of. */
static struct ruleset *make_set(struct rulegen *g, uint32_t phrases, const struct source *language)
{
    struct buf texts[MOST_FILES];
    struct source files[MOST_FILES];
    const struct rules_options draft = {.draft = true};
    struct ruleset *set = NULL;
    struct diags problems;
    uint32_t rule = 0;
    size_t n = 0;
    for (; phrases > 0; n++) {
        uint32_t some = phrases < FILE_PHRASES ? phrases : FILE_PHRASES;
        buf_init(&texts[n], 0);
        g->out = &texts[n];
        if (rulegen_file(g, some, n == 0, &rule) != 0)
            stop("out of memory", "rules");
        files[n] = (struct source){"made.yaml", texts[n].data, texts[n].len};
        phrases -= some;
    }
    diags_init(&problems);
    if (rules_compile(files, n, language, 1, &draft, &set, &problems) != COACH_OK) {
        print_problems(&problems);
        stop("the rules that were made", "do not compile");
    }
    diags_clear(&problems);
    for (size_t i = 0; i < n; i++)
        buf_clear(&texts[i]);
    return set;
}

/* Phrases that are compared, without exceptions. */
static size_t phrases_of(const struct ruleset *set)
{
    size_t n = 0;
    for (size_t i = 0; i < ruleset_count(set); i++)
        n += scanner_part_count(set, ruleset_rule(set, i), SCANNER_SAYS);
    return n;
}

/* --- one size --- */

struct tally {
    uint64_t pairs, hits, lines, sets, limit_hits;
};

static void compare_set(struct rulegen *g, const struct ruleset *set, uint64_t pairs, struct tally *t)
{
    struct scanner *s = scanner_new();
    struct words w;
    size_t phrases = phrases_of(set), first = rulegen_pick(g, (uint32_t)lines.count);
    uint64_t begin = t->pairs;
    words_init(&w);
    if (s == NULL)
        stop("out of memory", "scanner");
    for (size_t i = 0; i < lines.count && t->pairs - begin < pairs; i++) {
        const char *line = lines.items[(first + i) % lines.count];
        if (words_read(&w, ruleset_language(set), line, strlen(line)) != COACH_OK)
            stop("out of memory", "words");
        t->hits += compare_line(s, set, &w, strlen(line));
        t->pairs += phrases;
        t->lines++;
    }
    t->sets++;
    t->limit_hits += scanner_limit_hits(s);
    words_clear(&w);
    scanner_free(s);
}

/* Sets of one size, each over as many lines as it takes, at least two sets. */
static void compare_size(uint64_t seed, uint32_t phrases, uint64_t pairs, const struct source *language,
                         struct tally *all)
{
    struct tally t = {0};
    clock_t begin = clock();
    for (uint64_t number = 0; t.pairs < pairs; number++) {
        struct rulegen g = {.state = seed * 1000003 + phrases * 7919 + number, .lines = &lines, .lang = english()};
        snprintf(compare_context, sizeof compare_context, "seed %llu, set %llu of %u phrases", (unsigned long long)seed,
                 (unsigned long long)number, phrases);
        struct ruleset *set = make_set(&g, phrases, language);
        compare_set(&g, set, pairs / 2 + 1, &t);
        ruleset_unref(set);
    }
    printf("%5u phrases: %9llu pairs, %6llu lines, %4llu sets, %7llu hits, %6.1f s of CPU\n", phrases,
           (unsigned long long)t.pairs, (unsigned long long)t.lines, (unsigned long long)t.sets,
           (unsigned long long)t.hits, (double)(clock() - begin) / CLOCKS_PER_SEC);
    fflush(stdout);
    if (t.hits == 0)
        stop("nothing was found", "the rules and the lines never met");
    all->pairs += t.pairs;
    all->hits += t.hits;
    all->limit_hits += t.limit_hits;
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {50, 200, 1000, 5000};
    uint64_t pairs = option(argc, argv, "--pairs", 1000000), seed = option(argc, argv, "--seed", 1);
    struct tally all = {0};
    struct buf english;
    if (argc % 2 == 0 || pairs == 0)
        stop("usage", "differential [--pairs N] [--seed N]");
    buf_init(&english, 0);
    read_whole(SOURCE_DIR "/rules/languages/en.yaml", &english);
    const struct source language = {"en.yaml", english.data, english.len};
    read_calls(SOURCE_DIR "/tests/cases/*.ndjson");
    size_t bundled = lines.count;
    read_calls(SOURCE_DIR "/../shared/samples/calls/*.ndjson");
    read_calls(SOURCE_DIR "/../shared/samples/calls/*.ndjson.gz");
    if (bundled == 0)
        stop("no lines", SOURCE_DIR "/tests/cases");
    printf("%zu lines, %zu of them bundled; seed %llu\n", lines.count, bundled, (unsigned long long)seed);
    clock_t begin = clock();
    for (size_t i = 0; i < 4; i++)
        compare_size(seed, sizes[i], pairs / 4 + 1, &language, &all);
    printf("no difference over %llu pairs of a phrase and a line (%llu hits, %llu given up at the match limit), "
           "%.1f s of CPU\n",
           (unsigned long long)all.pairs, (unsigned long long)all.hits, (unsigned long long)all.limit_hits,
           (double)(clock() - begin) / CLOCKS_PER_SEC);
    for (size_t i = 0; i < lines.count; i++)
        free((char *)lines.items[i]);
    free(lines.items);
    buf_clear(&english);
    return 0;
}
