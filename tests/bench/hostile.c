/* What files and lines made to cost time cost: each is refused, and the CPU it took is printed. The goal is 50 ms each
 * in an optimised build without sanitizers; the program fails where one takes over 20 s, whatever the build.
 *
 *     hostile */
#include <time.h>

#include "lib/rules/compile.h"
#include "lib/wire/reader.h"
#include "tests/fuzz/fuzz.h"

enum { KB200 = 200 * 1000, LONG_PHRASE = 8000, MIB = 1024 * 1024, GOAL_MS = 50, TOO_LONG_MS = 20000 };

#define HEAD "format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n"

/* Files of one piece, again and again. */
static const struct {
    const char *name;
    const char *head;
    const char *piece;
    size_t size; /* of the pieces together */
} files[] = {
    {"'['", "", "[", KB200},
    {"'{'", "", "{", KB200},
    {"'{a: '", "", "{a: ", KB200},
    {"'[{a: '", "", "[{a: ", KB200},
    {"'- '", "", "- ", KB200},
    {"'? '", "", "? ", KB200},
    {"'- ? '", "", "- ? ", KB200},
    {"'&a '", "a: ", "&a ", KB200},
    {"'!'", "a: ", "!", KB200},
    {"a colon after a colon", "", "a: ", KB200},
    {"single quotes", "a: ", "'", KB200},
    {"double quotes", "a: ", "\"", KB200},
    {"escapes", "a: \"", "\\u00e9", KB200},
    {"1 MiB of one line: a key", "", "a", MIB - 64},
    {"1 MiB of one line: a value", "a: ", "b", MIB - 64},
    {"1 MiB of one line: a list", "a: [", "b,", MIB - 64},
    {"1 MiB of spaces", "a:", " ", MIB - 64},
    {"1 MiB of tabs", "", "\t\n", MIB - 64},
    {"1 MiB of empty lines", "", "\n", MIB - 64},
    {"1 MiB of carriage returns", "", "\r", MIB - 64},
    {"1 MiB of bytes that are not UTF-8", "", "\xff", MIB - 64},
    {"1 MiB of one key", "", "a:\n", MIB - 64},
    {"1 MiB of hashes", "", "- a #b\n", MIB - 64},
    {"a phrase of '('", HEAD "      - ", "(", LONG_PHRASE},
    {"a phrase of '(a | '", HEAD "      - ", "(a | ", LONG_PHRASE},
    {"a phrase of words", HEAD "      - ", "a ", LONG_PHRASE},
    {"a phrase of gaps", HEAD "      - ", "a ... ", LONG_PHRASE},
    {"a phrase of '<'", HEAD "      - ", "<", LONG_PHRASE},
    {"a phrase of '~'", HEAD "      - ", "~", LONG_PHRASE},
    {"a phrase of apostrophes", HEAD "      - a", "'a", KB200},
    {"a phrase of question marks", HEAD "      - a", "?", LONG_PHRASE},
    {"empty rules", "format: 1\npack: test\nrules:\n", "  - id: a\n", KB200},
    {"bad phrases", HEAD, "      - a?\n", KB200},
};

/* Each list twice in the next: what is written out doubles with each. */
static void add_doubling_lists(struct buf *out)
{
    HOLDS(buf_adds(out, "format: 1\npack: test\nlists:\n  l0:\n    - a b c\n") == COACH_OK);
    for (int i = 1; i < 200; i++)
        HOLDS(buf_addf(out, "  l%d:\n    - <l%d> x <l%d>\n    - <l%d>\n", i, i - 1, i - 1, i - 1) == COACH_OK);
    HOLDS(buf_adds(out, "rules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - <l199>\n") ==
          COACH_OK);
}

/* A map in a map, each on a line of its own and further in. */
static void add_nested_maps(struct buf *out)
{
    for (int depth = 0; out->len < KB200; depth++)
        HOLDS(buf_addf(out, "%*sa:\n", depth, "") == COACH_OK);
}

static void add_ring_of_lists(struct buf *out)
{
    HOLDS(buf_adds(out, "format: 1\npack: test\nlists:\n") == COACH_OK);
    for (int i = 0; i < 5000; i++)
        HOLDS(buf_addf(out, "  l%d:\n    - <l%d>\n", i, (i + 1) % 5000) == COACH_OK);
}

static void add_duplicate_rules(struct buf *out)
{
    HOLDS(buf_adds(out, "format: 1\npack: test\nrules:\n") == COACH_OK);
    for (int i = 0; out->len < KB200 * 4; i++)
        HOLDS(buf_addf(out, "  - id: a\n    category: tone\n    message: m\n    says:\n      - w%d\n", i) == COACH_OK);
}

static const struct {
    const char *name;
    void (*add)(struct buf *out);
} made[] = {
    {"nested block maps", add_nested_maps},
    {"lists that double", add_doubling_lists},
    {"a ring of 5,000 lists", add_ring_of_lists},
    {"one rule again and again", add_duplicate_rules},
};

static int worst_ms, over;

static void print_cost(const char *name, size_t size, size_t problems, const char *code, clock_t begin)
{
    double ms = (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC;
    printf("%-36s %8zu bytes %6zu problems, %-18s %8.1f ms of CPU%s\n", name, size, problems, code, ms,
           ms > GOAL_MS ? ", over the goal" : "");
    over += ms > GOAL_MS;
    worst_ms = ms > worst_ms ? (int)ms : worst_ms;
}

static void load(const char *name, const struct buf *text)
{
    const struct source file = {"a.yaml", text->data, text->len},
                        language = {"en.yaml", fuzz_language, sizeof fuzz_language - 1};
    struct ruleset *set = NULL;
    struct diags problems;
    diags_init(&problems);
    clock_t begin = clock();
    int rc = rules_compile(&file, 1, &language, 1, NULL, &set, &problems);
    HOLDS(rc == COACH_ERULES && problems.levels[DIAG_ERROR] > 0);
    print_cost(name, text->len, problems.levels[DIAG_ERROR], problems.items[0].code, begin);
    diags_clear(&problems);
}

static size_t wire_problems;
static const char *wire_problem;

static int on_event(void *user, const struct wire_event *event)
{
    (void)user, (void)event;
    return COACH_OK;
}

static void on_problem(void *user, const struct wire_problem *problem)
{
    (void)user;
    wire_problems++;
    wire_problem = wire_code_name(problem->code);
}

/* A line of the ingest socket, as long as one may be. */
static void hear(const char *name, const char *piece)
{
    static char line[WIRE_MAX_LINE];
    const struct wire_handler handler = {.event = on_event, .problem = on_problem, .user = NULL};
    struct wire_reader *r = wire_reader_new(NULL, "");
    size_t n = strlen(piece);
    HOLDS(r != NULL);
    for (size_t i = 0; i < sizeof line; i++)
        line[i] = piece[i % n];
    wire_problems = 0;
    clock_t begin = clock();
    HOLDS(wire_reader_line(r, line, sizeof line, &handler) == COACH_OK);
    HOLDS(wire_problems > 0);
    print_cost(name, sizeof line, wire_problems, wire_problem, begin);
    wire_reader_free(r);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct buf text;
        buf_init(&text, 0);
        HOLDS(buf_adds(&text, files[i].head) == COACH_OK);
        while (text.len < files[i].size)
            HOLDS(buf_adds(&text, files[i].piece) == COACH_OK);
        load(files[i].name, &text);
        buf_clear(&text);
    }
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        struct buf text;
        buf_init(&text, 0);
        made[i].add(&text);
        load(made[i].name, &text);
        buf_clear(&text);
    }
    hear("a line of '['", "[");
    hear("a line of '{\"a\":'", "{\"a\":");
    hear("a line of '{}'", "{}");
    hear("a line of quotes", "\"");
    hear("a line of numbers", "1 ");
    printf("the worst took %d ms of CPU; %d of them over the goal of %d ms\n", worst_ms, over, GOAL_MS);
    if (worst_ms > TOO_LONG_MS) {
        fprintf(stderr, "over %d ms\n", TOO_LONG_MS);
        return 1;
    }
    return 0;
}
