/* Fails the n-th allocation for n = 1, 2, 3 ... until there are no more: no crash, no leak, nothing but the code that
 * the header documents. Each subject runs twice, with that one allocation failing and with all from there on.
 * malloc and its kin below stand before those of libc, for the libraries under lib/ too; a sanitizer and
 * valgrind bring their own, so there the program is skipped. */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/text/words.h"
#include "lib/wire/json.h"
#include "lib/wire/lines.h"
#include "lib/wire/nudge.h"
#include "lib/wire/reader.h"
#include "lib/yaml/yaml.h"
#include "tests/support/suite.h"

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) ||                 \
    HAS_FEATURE(memory_sanitizer) || HAS_FEATURE(thread_sanitizer)

int main(void)
{
    puts("skipped: a sanitizer has its own malloc");
    return 77;
}

#else

/* --- the allocator --- */

static volatile long fail_at; /* which allocation fails; 0: none */
static bool fail_after;       /* and all after it */
static volatile long calls;   /* since it was set */
static volatile long live;    /* blocks given out and not taken back */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static bool fails(void)
{
    if (fail_at == 0)
        return false;
    calls++;
    return fail_after ? calls >= fail_at : calls == fail_at;
}

static void *counted(void *p)
{
    live += p != NULL;
    return p;
}

#define SHOWN __attribute__((visibility("default"), used, noinline)) /* else valgrind cannot put its own there */

SHOWN void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size));
}

SHOWN void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(n, size));
}

SHOWN void *realloc(void *p, size_t size)
{
    if (fails())
        return NULL;
    return p == NULL ? counted(__libc_realloc(p, size)) : __libc_realloc(p, size);
}

SHOWN void free(void *p)
{
    live -= p != NULL;
    __libc_free(p);
}

/* --- the subjects: each returns what the call under test returned --- */

static const char *broken; /* Check's own asserts allocate: what does not hold is kept here until memory is back */

#define HOLDS(what)                                                                                                    \
    do {                                                                                                               \
        if (!(what))                                                                                                   \
            broken = #what;                                                                                            \
    } while (0)
#define SAME(a, b) HOLDS((a) == (b))

static int set_many_keys(void)
{
    enum { MANY = 400 }; /* the table grows its buckets several times */
    struct table t;
    int rc = COACH_OK;
    char key[32];
    table_init(&t, NULL);
    size_t n = 0;
    for (; n < MANY && rc == COACH_OK; n++)
        rc = table_set(&t, key, (size_t)sprintf(key, "call-%zu", n), &t);
    size_t kept = rc == COACH_OK ? n : n - 1;
    SAME(table_count(&t), kept);
    size_t walked = 0;
    for (struct table_entry *at = table_next(&t, NULL); at != NULL; at = table_next(&t, at))
        walked++;
    SAME(walked, kept);
    for (size_t i = 0; i < n; i++)
        SAME(table_get(&t, key, (size_t)sprintf(key, "call-%zu", i)) != NULL, i < kept);
    table_clear(&t);
    return rc;
}

static int read_yaml_text(const char *text)
{
    struct source source = {"a.yaml", text, strlen(text)};
    struct yaml_doc doc;
    struct diags problems;
    diags_init(&problems);
    int rc = yaml_read(&source, &doc, &problems);
    if (problems.out_of_memory) {
        HOLDS(!diags_clean(&problems));
        rc = COACH_ENOMEM;
    }
    yaml_doc_clear(&doc);
    diags_clear(&problems);
    return rc;
}

static int read_a_good_file(void)
{
    static char text[4000] = "format: 1\nrules:\n";
    if (strlen(text) < 100)
        for (int i = 0; i < 30; i++)
            sprintf(
                text + strlen(text),
                "  - id: rule-%d\n    says:\n      - calm down\n      - 'it''s'\n    message: |\n      a\n      b\n",
                i);
    return read_yaml_text(text);
}

static int read_a_bad_file(void)
{
    return read_yaml_text("a: &x !t b\nc: [d, {e: f}]\n<<: e\na: f\nx: 1 #2\ny: *x\nz: 'you're\n");
}

static const char *const contractions[][2] = {{"can't", "can not"}, {"gonna", "going to"}};

static int read_words(void)
{
    static struct language lang; /* made before memory runs short, as in the daemon */
    static bool ready;
    if (!ready) {
        long at = fail_at;
        fail_at = 0;
        language_init(&lang);
        for (size_t i = 0; i < 2; i++)
            SAME(table_set(&lang.contractions, contractions[i][0], strlen(contractions[i][0]),
                           (void *)contractions[i][1]),
                 COACH_OK);
        fail_at = at;
    }
    static char text[4000];
    for (size_t i = 0; i + 12 < sizeof text && !ready; i += 12)
        memcpy(text + i, "can't gonna ", 12);
    ready = true;
    struct words w;
    words_init(&w);
    int rc = words_read(&w, &lang, text, strlen(text));
    if (rc != COACH_OK) {
        SAME(w.count, 0);
        SAME(w.line.len, 0);
        if (!fail_after)
            SAME(words_read(&w, &lang, text, strlen(text)), COACH_OK);
    }
    words_clear(&w);
    return rc;
}

static size_t events, problems_seen;
static struct buf written;

static int on_event(void *user, const struct wire_event *event)
{
    (void)user;
    events++;
    return wire_event_write(event, &written);
}

static void on_problem(void *user, const struct wire_problem *problem)
{
    (void)user;
    (void)problem;
    problems_seen++;
}

/* Strings are short: when it cannot grow the bytes of one over 15, jansson 2.14 drops a byte and says nothing. */
static int read_lines_of_a_call(void)
{
    static const char *const lines[] = {
        "{\"type\":\"hello\",\"call_id\":\"c\",\"channels\":{\"0\":\"agent\",\"1\":\"customer\"},\"ack\":true}",
        "{\"channel\":0,\"text\":\"calm down\"}{\"channel\":1,\"text\":\"no\",\"x\":[{\"y\":1.5},null,true]}",
        "[{\"type\":\"call_end\",\"reason\":\"hangup\"}]",
    };
    static const struct wire_handler handler = {.event = on_event, .problem = on_problem};
    struct wire_reader *r = wire_reader_new(NULL, "");
    int rc = r == NULL ? COACH_ENOMEM : COACH_OK;
    buf_init(&written, 0);
    events = problems_seen = 0;
    for (size_t i = 0; i < 3 && rc == COACH_OK; i++)
        rc = wire_reader_line(r, lines[i], strlen(lines[i]), &handler);
    if (rc == COACH_OK && problems_seen == 0)
        SAME(events, 4);
    wire_reader_free(r);
    buf_clear(&written);
    return rc;
}

static int on_line(void *user, const char *line, size_t len)
{
    (void)user;
    HOLDS(line != NULL);
    HOLDS(len == 8 && memcmp(line, "one line", 8) == 0);
    return 0;
}

static int cut_lines(void)
{
    struct lines l;
    lines_init(&l, 100);
    int first = COACH_OK;
    static const char *const parts[] = {"one ", "line\none", " line\none l", "ine\none line\no", "ne line"};
    for (size_t i = 0; i < 5; i++) { /* goes on after a failure: no piece may be taken for a line */
        int rc = lines_feed(&l, parts[i], strlen(parts[i]), on_line, NULL);
        first = first == COACH_OK ? rc : first;
    }
    int rc = lines_end(&l, on_line, NULL);
    lines_clear(&l);
    return first == COACH_OK ? rc : first;
}

static int write_a_nudge(void)
{
    struct nudge n = {.call_id = "c", .rule = "r", .message = "a message that is longer than the first block of bytes"};
    struct buf out;
    buf_init(&out, 0);
    int rc = buf_adds(&out, "kept");
    if (rc == COACH_OK)
        rc = nudge_write(&n, NULL, &out);
    if (rc != COACH_OK && out.data != NULL)
        HOLDS(strcmp(out.data, "kept") == 0);
    buf_clear(&out);
    return rc;
}

static int copy_json(void)
{
    struct json_in *in = NULL;
    struct buf out;
    buf_init(&out, 0);
    int rc = json_in_read("{\"a\":[1,2.5,\"b\",{}]}", 20, &in, NULL);
    SAME(in != NULL, rc == COACH_OK);
    if (rc == COACH_OK) {
        rc = json_in_write(in, &out);
        json_in_free(in);
        if (rc != COACH_OK)
            SAME(out.len, 0);
    }
    buf_clear(&out);
    return rc;
}

/* A mapping file with its sample, then a stream in that format. */
static int read_a_vendor(void)
{
    static const char mapping[] =
        "mapping: v\nabout: x\nunwrap:\n  - o\nrecognise:\n  - items: any\nroles:\n  bot: system\n"
        "messages:\n  - each: items[]\n    join: channel\n    gives: transcript\n    text: join w[].t\n    final: f\n"
        "    channel: ch\n    role: who\n    segment: \"{ch}-{start_ms}\"\n    start: s\n    stable:\n      while: f\n"
        "  - when:\n      end: any\n    gives: finish\n"
        "samples:\n  - message: |\n      {\"items\": [{\"w\": [{\"t\": \"a\"}], \"f\": true}]}\n"
        "    gives: |\n      {\"text\": \"a\"}\n";
    static const char *const lines[] = {
        "{\"type\":\"hello\",\"call_id\":\"c\",\"format\":\"auto\",\"channels\":{\"0\":\"agent\"}}",
        "{\"o\":{\"items\":[{\"w\":[{\"t\":\"b\"},{\"t\":\"c\"}],\"ch\":0,\"s\":7},{\"w\":[],\"who\":\"bot\"}]}}",
        "{\"end\":1}",
        "end=1&x=%7B",
        "{\"role\":\"agent\",\"payload\":\"end=1\"}",
    };
    static const struct wire_handler handler = {.event = on_event, .problem = on_problem};
    const struct source source = {"v.yaml", mapping, sizeof mapping - 1};
    struct formats *formats = NULL;
    struct diags problems;
    diags_init(&problems);
    events = problems_seen = 0;
    buf_init(&written, 0);
    int rc = formats_read(&source, 1, &formats, &problems);
    HOLDS(rc != COACH_OK || problems.count == 0);
    struct wire_reader *r = rc == COACH_OK ? wire_reader_new(formats, "") : NULL;
    if (rc == COACH_OK && r == NULL)
        rc = COACH_ENOMEM;
    for (size_t i = 0; i < sizeof lines / sizeof *lines && rc == COACH_OK; i++)
        rc = wire_reader_line(r, lines[i], strlen(lines[i]), &handler);
    if (rc == COACH_OK)
        SAME(events, 3);
    wire_reader_free(r);
    formats_unref(formats);
    diags_clear(&problems);
    buf_clear(&written);
    return rc;
}

static int print_a_problem(void)
{
    struct source source = {"a.yaml", "a: b\n", 5};
    struct mark at = {&source, 1, 4, 1};
    struct diags problems;
    struct buf out;
    diags_init(&problems);
    buf_init(&out, 0);
    diags_add(&problems, DIAG_ERROR, "x", &at, "a hint", "a message");
    int rc = problems.out_of_memory ? COACH_ENOMEM : diag_print(&problems.items[0], true, &out);
    HOLDS(!diags_clean(&problems));
    buf_clear(&out);
    diags_clear(&problems);
    return rc;
}

static const struct {
    const char *name;
    int (*run)(void);
    long least; /* allocations that there are at least */
    int final;  /* what it returns with memory enough */
} subjects[] = {
    {"table_set", set_many_keys, 400, COACH_OK},
    {"yaml_read of a good file", read_a_good_file, 500, COACH_OK},
    {"yaml_read of a bad file", read_a_bad_file, 20, COACH_ESYNTAX},
    {"words_read", read_words, 4, COACH_OK},
    {"wire_reader_line", read_lines_of_a_call, 30, COACH_OK},
    {"formats_read and a vendor's lines", read_a_vendor, 200, COACH_OK},
    {"lines_feed", cut_lines, 1, COACH_OK},
    {"nudge_write", write_a_nudge, 2, COACH_OK},
    {"json_in_read and json_in_write", copy_json, 10, COACH_OK},
    {"diags_add and diag_print", print_a_problem, 2, COACH_OK},
};

START_TEST(any_allocation_may_fail)
{
    const char *name = subjects[_i / 2].name;
    subjects[_i / 2].run(); /* what is made once is made */
    for (long n = 1;; n++) {
        ck_assert_int_lt(n, 100000);
        long before = live;
        calls = 0;
        fail_after = _i % 2 == 1;
        fail_at = n;
        int rc = subjects[_i / 2].run();
        fail_at = 0;
        long leaked = live - before;
        ck_assert_msg(broken == NULL, "%s: not %s when allocation %ld failed", name, broken, n);
        ck_assert_msg(leaked == 0, "%s: %ld blocks leaked when allocation %ld failed", name, leaked, n);
        if (calls < n) {
            ck_assert_msg(rc == subjects[_i / 2].final, "%s: returned %d", name, rc);
            ck_assert_int_gt(n, subjects[_i / 2].least);
            return;
        }
        ck_assert_msg(rc == COACH_ENOMEM, "%s: returned %d when allocation %ld failed", name, rc, n);
    }
}
END_TEST

int main(void)
{
    fail_at = LONG_MAX;
    void *volatile probe = malloc(1);
    free(probe);
    fail_at = 0;
    if (calls == 0) {
        puts("skipped: something else, such as valgrind, stands before this malloc");
        return 77;
    }
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("memory");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, any_allocation_may_fail, 0, 2 * (int)(sizeof subjects / sizeof *subjects));
    suite_add_tcase(s, t);
    return suite_run(s);
}

#endif
