/* Every allocation of a build, a step and a replay fails once: each must end in COACH_ENOMEM, leave nothing behind and
 * change nothing, or do without. The allocator of the whole program is replaced, so this is a program of its own. */
#include <check.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/coach.h"
#include "lib/engine/engine.h"
#include "lib/eval/callrecord.h"
#include "lib/eval/calltest.h"
#include "lib/eval/practice.h"
#include "lib/eval/record.h"
#include "lib/eval/replay.h"
#include "lib/eval/ruleschema.h"
#include "lib/eval/summaries.h"
#include "lib/rules/anatomy.h"
#include "lib/rules/compile.h"
#include "lib/rules/origin.h"
#include "lib/rules/parts.h"
#include "lib/rules/sample.h"
#include "lib/rules/trace.h"
#include "tests/support/suite.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif

static volatile long countdown = -1; /* allocations left until one fails; below 0: none does */
static volatile long living;         /* blocks */
static volatile bool counting;       /* volatile: a compiler takes it that malloc reads none of ours */

static bool fails(void)
{
    if (countdown < 0)
        return false;
    countdown = countdown - 1;
    return countdown < 0;
}

#ifndef SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

/* noinline: valgrind puts its own in the place of the functions, not of copies of them */
__attribute__((visibility("default"), noinline)) void *malloc(size_t size)
{
    if (fails())
        return NULL;
    living = living + counting;
    return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
    if (fails())
        return NULL;
    living = living + counting;
    return __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t size)
{
    if (fails())
        return NULL;
    living = living + (counting && p == NULL);
    return __libc_realloc(p, size);
}

__attribute__((visibility("default"), noinline)) void free(void *p)
{
    living = living - (counting && p != NULL);
    __libc_free(p);
}
#endif

/* PCRE2 10.42's JIT compiler reads through a NULL of its own when memory runs out inside it, which nobody outside can
 * prevent: its allocations are left alone. */
typedef int jit_fn(pcre2_code *code, uint32_t options);
__attribute__((visibility("default"))) int pcre2_jit_compile(pcre2_code *code, uint32_t options)
{
    long left = countdown;
    jit_fn *real;
    countdown = -1;
    void *found = dlsym(RTLD_NEXT, "pcre2_jit_compile_8");
    memcpy(&real, &found, sizeof real);
    int rc = real(code, options);
    countdown = left;
    return rc;
}

static const char language[] = "format: 1\nlanguage: en\ncontractions:\n  cant: can not\nendings:\n  re: are\nloose:\n"
                               "  s: is has\nfillers:\n  - um\n  - you know\nnumbers:\n  - one\n  - two\n"
                               "irregular:\n  go: went gone\nforms:\n  other: s ing\ncommon:\n  - you\n"
                               "questions:\n  closed:\n    - do you\n  open:\n    - what is\n  leads:\n    - so\n";
static const char rules[] =
    "format: 1\npack: test\nlists:\n  reason:\n    - policy\n    - the (rules | terms)\n  idle:\n    - x\n"
    "  whose:\n    - <reason> team\nrules:\n"
    "  - id: a\n    category: tone\n    message: about {reason}\n    says:\n      - ~go ...2 <reason>\n      - calm "
    "down\n"
    "    not_in:\n      - calm down period\n    unless:\n      - sorry\n    match:\n      - went against policy\n"
    "      - calm down\n    no_match:\n      - a calm down period\n      - sorry, calm down\n"
    "  - id: b\n    category: jargon\n    message: say {plain}\n    severity: critical\n    swap:\n      GDS: the "
    "system\n"
    "    suggest: it is {plain}\n    match:\n      - the GDS is down\n      - the GDS is down\n    no_match:\n"
    "      - g d\n"
    "  - id: c\n    category: tone\n    message: m\n    says:\n      - (hush | quiet) now\n      - hush now\n"
    "      - see <reason> here\n    match:\n      - hush now\n      - see the terms here\n    no_match:\n      - now\n"
    "    quiets: c\n"
    "  - id: d\n    category: tone\n    message: m\n    regex: '\\bcase (?:id|number) [0-9]{1,5}'\n"
    "    match:\n      - case id 5\n    no_match:\n      - case five\n"
    "  - id: e\n    category: tone\n    message: m\n    says:\n      - ask <whose>\n    match:\n      - ask policy "
    "team\n"
    "    no_match:\n      - ask a team\n"
    "  - id: f\n    category: tone\n    message: m\n    when:\n      sequence:\n        - cross\n        - twice\n"
    "      within: 2 turns or 20s\n      cancel: soft\n"
    "  - id: g\n    category: tone\n    message: m\n    when:\n      questions: closed\n      at_least: 4\n"
    "signals:\n  - id: cross\n    speaker: customer\n    says:\n      - i am cross\n    not_in:\n      - i am cross "
    "eyed\n"
    "  - id: twice\n    when:\n      count: cross\n      at_least: 2\n      within: 60s\n"
    "  - id: soft\n    says:\n      - never mind\n"
    "tests:\n  - name: one\n    call: |\n      00:00 agent: calm down\n        => a\n        => b\n"
    "      00:04 agent is on hold\n      00:05 agent: calm down\n        => a\n";
static const char wrong[] =
    "format: 1\npack: test\nruls: x\nlists:\n  a:\n    - <b>\n  b:\n    - <a>\nrules:\n  - id: a\n"
    "    category: tune\n    message: '{x}'\n    says:\n      - calm down?\n"
    "  - id: b\n    category: tone\n    message: m\n    regex: '(?:a|aa){1,60}b'\n"
    "  - id: c\n    category: tone\n    message: m\n    final_only: true\n    when:\n      at: ring\n      without: "
    "rong\n"
    "signals:\n  - id: ring\n    when:\n      count: ring\n      at_least: 2\n      within: 60s\n";

static const char site[] =
    "format: 1\nsite: leeds\noverrides:\n  - rule: a\n    because: x\n    written_for: 2\n    set:\n      cooldown: "
    "9s\n"
    "    add:\n      not_in:\n        - calm down please\n      tags: pilot\n    remove:\n      unless:\n        - "
    "sorry\n"
    "      no_match: sorry, calm down\n  - list: reason\n    because: y\n    add:\n      - terms\n"
    "rules:\n  - id: leeds-c\n    category: tone\n    message: m\n    says:\n      - whatever\n";

static const struct source files[] = {
    {"b.yaml", wrong, sizeof wrong - 1}, {"a.yaml", rules, sizeof rules - 1}, {"site.yaml", site, sizeof site - 1}};
/* What is built: runs of these files. */
static const struct {
    size_t first, count;
} builds[] = {{1, 1}, {1, 2}, {0, 1}};
enum { GOOD_BUILDS = 2, BUILDS = sizeof builds / sizeof *builds };
static const struct source languages[] = {{"en.yaml", language, sizeof language - 1}};

static const struct rules_options draft = {.draft = true};

static struct ruleset *built(size_t which)
{
    struct ruleset *set = NULL;
    struct diags problems;
    diags_init(&problems);
    ck_assert_int_eq(
        rules_compile(&files[builds[which].first], builds[which].count, languages, 1, &draft, &set, &problems),
        COACH_OK);
    diags_clear(&problems);
    return set;
}

enum { MOST = 100000 };

START_TEST(a_build_that_runs_out_of_memory_says_so_and_leaves_nothing)
{
    struct ruleset *good = built(_i < GOOD_BUILDS ? (size_t)_i : 0);
    long failed = 0;
    bool reached = true;
    for (long n = 0; reached && n < MOST; n++) {
        struct ruleset *set = NULL;
        struct diags problems;
        living = 0;
        counting = true;
        diags_init(&problems);
        countdown = n;
        int rc = rules_compile(&files[builds[_i].first], builds[_i].count, languages, 1, &draft, &set, &problems);
        reached = countdown < 0;
        countdown = -1;
        if (rc == COACH_OK) { /* it could do without */
            ck_assert_int_lt(_i, GOOD_BUILDS);
            ck_assert_str_eq(ruleset_hash(set), ruleset_hash(good));
            ck_assert_uint_eq(ruleset_count(set), ruleset_count(good));
        } else {
            ck_assert_ptr_null(set);
            ck_assert_msg(rc == COACH_ENOMEM || (_i >= GOOD_BUILDS && rc == COACH_ERULES), "%ld: %d", n, rc);
        }
        failed += rc == COACH_ENOMEM;
        ruleset_unref(set);
        diags_clear(&problems);
        counting = false;
        ck_assert_msg(living == 0, "allocation %ld: %ld blocks left", n, living);
    }
    ck_assert_int_gt(failed, 50);
    ck_assert(!reached);
    ruleset_unref(good);
}
END_TEST

START_TEST(the_origins_of_a_rule_may_run_out_of_memory_anywhere)
{
    struct pack pack;
    struct language lang;
    struct diags problems;
    struct origin_subject subject;
    bool reached = true;
    language_init(&lang);
    diags_init(&problems);
    ck_assert_int_eq(pack_read(&pack, &files[1], 2, languages, 1, &lang, &problems), COACH_OK);
    ck_assert(origin_find(&pack, "a", &subject));
    for (long n = 0; reached && n < MOST; n++) {
        struct origin_rows rows;
        struct arena memory;
        living = 0;
        counting = true;
        arena_init(&memory);
        countdown = n;
        int rc = origin_rows(&pack, &subject, &memory, &rows);
        reached = countdown < 0;
        countdown = -1;
        arena_clear(&memory);
        counting = false;
        ck_assert_int_eq(rc, reached ? COACH_ENOMEM : COACH_OK);
        ck_assert_int_eq(living, 0);
    }
    pack_clear(&pack);
    language_clear(&lang);
    diags_clear(&problems);
}
END_TEST

static const struct {
    coach_role role;
    const char *text;
} talk[] = {
    {COACH_ROLE_AGENT, "we went there um against the rules"},
    {COACH_ROLE_CUSTOMER, "what is the P N R"},
    {COACH_ROLE_AGENT, "it is in the GDS, calm down"},
    {COACH_ROLE_CUSTOMER, "you and your GDS"},
    {COACH_ROLE_AGENT, "the GDS is down, that went against all the rules"},
    {COACH_ROLE_AGENT, "one"},
    {COACH_ROLE_AGENT, "two"},
    {COACH_ROLE_AGENT, "three"},
};
enum { TALK = sizeof talk / sizeof *talk };

/* Adds what a talk found to `out`. With `fail`, every step is first tried with each of its allocations failing. */
static long play(const struct ruleset *set, bool fail, struct buf *out)
{
    struct engine *e = engine_new();
    struct call *c = call_new("c", 1);
    struct engine_results results;
    long failures = 0;
    ck_assert(e != NULL && c != NULL);
    for (size_t i = 0; i < TALK; i++) {
        struct wire_event line = {.type = WIRE_TRANSCRIPT,
                                  .text = {talk[i].text, strlen(talk[i].text)},
                                  .role = talk[i].role,
                                  .is_final = true,
                                  .start_ms = COACH_NO_TIME,
                                  .end_ms = COACH_NO_TIME,
                                  .recv_ms = COACH_NO_TIME,
                                  .confidence = -1};
        int rc = COACH_ENOMEM;
        for (long n = 0; fail && rc == COACH_ENOMEM && n < MOST; n++) {
            engine_free(e); /* an engine that has grown allocates no more */
            e = engine_new();
            struct call_counts before = *call_counts(c);
            countdown = n;
            rc = engine_step(e, set, c, &line, (int64_t)(1000 + n + i * 70000), &results);
            countdown = -1;
            ck_assert(rc == COACH_OK || rc == COACH_ENOMEM);
            if (rc == COACH_ENOMEM) {
                failures++;
                ck_assert_uint_eq(results.count, 0);
                ck_assert_int_eq(memcmp(&before, call_counts(c), sizeof before), 0);
            }
        }
        if (!fail)
            rc = engine_step(e, set, c, &line, (int64_t)(1000 + i * 70000), &results);
        ck_assert_int_eq(rc, COACH_OK);
        const struct finding *found = results.findings;
        for (size_t k = 0; k < results.count; k++) {
            ck_assert_int_eq(buf_addf(out, "%zu %s %s %s %s\n", i, found[k].nudge.nudge_id, found[k].nudge.rule,
                                      found[k].nudge.message, found[k].nudge.held == NULL ? "" : found[k].nudge.held),
                             COACH_OK);
        }
    }
    call_free(c);
    engine_free(e);
    return failures;
}

START_TEST(a_step_that_ran_out_of_memory_did_not_happen)
{
    struct ruleset *set = built(0);
    struct buf plain, tried;
    buf_init(&plain, 0);
    buf_init(&tried, 0);
    play(set, false, &plain);
    ck_assert_int_gt(play(set, true, &tried), 30);
    ck_assert_str_eq(plain.data, tried.data);
    ck_assert_ptr_nonnull(strstr(plain.data, "say the system"));
    buf_clear(&plain);
    buf_clear(&tried);
    ruleset_unref(set);
}
END_TEST

static void ignore_problem(void *user, uint64_t line, const char *code, const char *message)
{
    (void)user, (void)line, (void)code, (void)message;
}

static void count_findings(void *user, const struct call *call, const struct wire_event *event,
                           const struct engine_results *results)
{
    (void)call, (void)event;
    *(size_t *)user += results->count;
}

START_TEST(a_recording_and_its_replay_may_run_out_of_memory_anywhere)
{
    static const char text[] = "{\"type\":\"call_start\",\"call_id\":\"c\",\"agent_id\":\"sam\"}\n"
                               "{\"call_id\":\"c\",\"role\":\"agent\",\"text\":\"calm down\"}\nnonsense\n"
                               "{\"call_id\":\"d\",\"role\":\"agent\",\"text\":\"the GDS\"}\n"
                               "{\"type\":\"call_end\",\"call_id\":\"c\"}\n";
    struct ruleset *set = built(0);
    long failed = 0;
    bool reached = true;
    for (long n = 0; reached && n < MOST; n++) {
        struct recording r;
        size_t findings = 0;
        living = 0;
        counting = true;
        countdown = n;
        int rc = recording_read(&r, text, sizeof text - 1, ignore_problem, NULL);
        if (rc == COACH_OK)
            rc = replay_run(&r, set, &(struct replay_options){.agent_id = "nobody"}, count_findings, &findings);
        reached = countdown < 0;
        countdown = -1;
        recording_clear(&r);
        counting = false;
        ck_assert(rc == COACH_OK || rc == COACH_ENOMEM);
        ck_assert(rc != COACH_OK || reached || findings == 2);
        ck_assert_msg(living == 0, "allocation %ld: %ld blocks left", n, living);
        failed += rc == COACH_ENOMEM;
    }
    ck_assert_int_gt(failed, 20);
    ruleset_unref(set);
}
END_TEST

START_TEST(the_public_functions_may_run_out_of_memory_anywhere)
{
    const coach_file rule_files[] = {{"a.yaml", rules, sizeof rules - 1}};
    const coach_file language_files[] = {{"en.yaml", language, sizeof language - 1}};
    const coach_event event = {.role = COACH_ROLE_AGENT,
                               .text = "calm down",
                               .text_len = 9,
                               .start_ms = COACH_NO_TIME,
                               .end_ms = COACH_NO_TIME};
    bool reached = true;
    for (long n = 0; reached && n < MOST; n++) {
        coach_rules *set = NULL;
        living = 0;
        counting = true;
        countdown = n;
        int rc = coach_rules_build(rule_files, 1, language_files, 1, &set, NULL, NULL);
        coach_call *call = rc == COACH_OK ? coach_call_new("c", "sam") : NULL;
        if (call != NULL)
            rc = coach_call_step(call, set, &event, 0, NULL, NULL);
        reached = countdown < 0;
        countdown = -1;
        ck_assert(rc == COACH_OK || rc == COACH_ENOMEM);
        coach_call_free(call);
        coach_rules_unref(set);
        counting = false;
        ck_assert_msg(living == 0, "allocation %ld: %ld blocks left", n, living);
    }
}
END_TEST

/* A rule taken apart: its trees, its way over a line, a sentence of it. */
static int take_apart(struct buf *out)
{
    static const char said[] = "went um against all policy";
    struct anatomy a;
    struct words line;
    struct sampler sampler;
    struct trace trace = {0};
    struct required_set set;
    bool lacks = true;
    words_init(&line);
    int rc = anatomy_read(&a, files, 1, languages, 1);
    if (rc == COACH_OK)
        rc = words_read(&line, &a.language, said, sizeof said - 1);
    const struct def_rule *rule = rc == COACH_OK ? anatomy_rule(&a, "a") : NULL;
    const char *const captures[] = {"reason"};
    if (rc == COACH_OK)
        rc = trace_phrase(&a.context, &rule->says.items[0].tree, captures, 1, &line, &trace);
    if (rc == COACH_OK)
        rc = trace_lacks(&a.context, &rule->says.items[0].tree, &line, &lacks, &set);
    if (rc == COACH_OK) {
        rc = trace.matches && !lacks ? COACH_OK : COACH_EINVAL;
        sampler_init(&sampler, &a.context, 1);
    }
    if (rc == COACH_OK)
        rc = sampler_learn(&sampler, said);
    if (rc == COACH_OK)
        rc = sample_phrase(&sampler, &rule->says.items[0].tree, out);
    words_clear(&line);
    anatomy_clear(&a);
    return rc;
}

static struct ruleset *tested; /* what calls are tested with */

/* A call test that fails in two ways, and the recording of a call as a test. */
static int test_calls(struct buf *out)
{
    static const char text[] = "{\"call_id\":\"c\",\"role\":\"agent\",\"text\":\"calm down\",\"segment_id\":\"a\"}\n";
    struct anatomy a;
    struct calltest result = {0};
    struct recording r = {0};
    int rc = anatomy_read(&a, &files[1], 1, languages, 1);
    if (rc == COACH_OK)
        rc = calltest_run(&a.pack.files[0].tests[0], tested, &result);
    if (rc == COACH_OK)
        rc = result.failures == 2 ? COACH_OK : COACH_EINVAL;
    if (rc == COACH_OK)
        rc = recording_read(&r, text, sizeof text - 1, ignore_problem, NULL);
    if (rc == COACH_OK)
        rc = callrecord_write(&r, "c", tested, out);
    recording_clear(&r);
    calltest_clear(&result);
    anatomy_clear(&a);
    return rc;
}

static int print_schemas(struct buf *out)
{
    int rc = ruleschema_write(RULESCHEMA_RULES, out);
    return rc == COACH_OK ? ruleschema_write(RULESCHEMA_PRACTICE, out) : rc;
}

/* A scenario is read and played to its end, and its record written. */
static int practise(struct buf *out)
{
    static const char text[] = "format: 1\nscenario: a\ntitle: A\nwants: calm\nmood: 2\nturns: 3\nopening: hello\n"
                               "reactions:\n  - when:\n      mood_above: 1\n    mood: +8\n    says:\n      - fine\n"
                               "otherwise:\n  says:\n    - no\nendings:\n  calm: a\n  angry: b\n  over: c\n";
    static const struct source source = {"scenario", text, sizeof text - 1};
    struct scenario scenario = {0};
    struct practice p = {0};
    struct diags problems;
    struct json_out j;
    diags_init(&problems);
    int rc = scenario_read(&source, tested, &scenario, &problems);
    if (rc == COACH_OK && !diags_clean(&problems))
        rc = problems.out_of_memory ? COACH_ENOMEM : COACH_EINVAL;
    if (rc == COACH_OK)
        rc = practice_begin(&p, &scenario, tested);
    if (rc == COACH_OK)
        rc = practice_say(&p, "calm down", 500);
    if (rc == COACH_OK && (p.end != PRACTICE_CALM || p.card_count != 1 || practice_score(&p).mood != 50))
        rc = COACH_EINVAL;
    if (rc == COACH_OK) {
        json_out_begin(&j, out);
        record_write(&p.summary, call_counts(p.call), &j, NULL);
        rc = json_out_end(&j, true);
    }
    practice_clear(&p);
    scenario_clear(&scenario);
    diags_clear(&problems);
    return rc;
}

struct summing {
    struct summaries summaries;
    int rc;
};

static void sum_up(void *user, const struct call *call, const struct wire_event *event,
                   const struct engine_results *results)
{
    struct summing *s = user;
    int rc = summaries_add(&s->summaries, tested, call, event, results);
    s->rc = s->rc == COACH_OK ? rc : s->rc;
}

/* The records of two calls, and both together. */
static int summarise(struct buf *out)
{
    static const char text[] = "{\"call_id\":\"c\",\"role\":\"agent\",\"text\":\"calm down\"}\n"
                               "{\"call_id\":\"d\",\"role\":\"agent\",\"text\":\"calm down\"}\n";
    struct recording r;
    struct summing s = {0};
    struct summary_totals totals;
    summaries_init(&s.summaries);
    const struct replay_options options = {
        .agent_id = "sam", .observer = summary_hear, .observer_user = &s.summaries.ear};
    int rc = recording_read(&r, text, sizeof text - 1, ignore_problem, NULL);
    if (rc == COACH_OK)
        rc = replay_run(&r, tested, &options, sum_up, &s);
    rc = rc == COACH_OK ? s.rc : rc;
    if (rc == COACH_OK)
        rc = summaries_total(&s.summaries, &totals);
    if (rc == COACH_OK)
        rc = totals.calls == 2 && totals.shown == 2 ? summary_totals_write(&totals, out) : COACH_EINVAL;
    summaries_clear(&s.summaries);
    recording_clear(&r);
    return rc;
}

START_TEST(the_tools_may_run_out_of_memory_anywhere)
{
    int (*const tools[])(struct buf * out) = {take_apart, print_schemas, test_calls, practise, summarise};
    long failed = 0;
    bool reached = true;
    tested = built(0);
    for (long n = 0; reached && n < MOST; n++) {
        struct buf out;
        living = 0;
        counting = true;
        buf_init(&out, 0);
        countdown = n;
        int rc = tools[_i](&out);
        reached = countdown < 0;
        countdown = -1;
        buf_clear(&out);
        counting = false;
        ck_assert_msg(rc == (reached ? COACH_ENOMEM : COACH_OK), "allocation %ld: %d", n, rc);
        ck_assert_msg(living == 0, "allocation %ld: %ld blocks left", n, living);
        failed += rc == COACH_ENOMEM;
    }
    ruleset_unref(tested);
    ck_assert(!reached);
    ck_assert_int_gt(failed, 3);
}
END_TEST

int main(void)
{
#ifdef SANITIZED
    (void)fails;
    puts("skipped: the sanitizer has an allocator of its own");
    return 77;
#endif
    counting = true;
    void *volatile probe = malloc(1);
    counting = false;
    free(probe);
    if (living != 1) {
        puts("skipped: something else, such as valgrind, stands before this malloc");
        return 77;
    }
    Suite *s = suite_create("allocation");
    TCase *t = tcase_create("allocation");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, a_build_that_runs_out_of_memory_says_so_and_leaves_nothing, 0, BUILDS);
    tcase_add_test(t, the_origins_of_a_rule_may_run_out_of_memory_anywhere);
    tcase_add_test(t, a_step_that_ran_out_of_memory_did_not_happen);
    tcase_add_test(t, a_recording_and_its_replay_may_run_out_of_memory_anywhere);
    tcase_add_test(t, the_public_functions_may_run_out_of_memory_anywhere);
    tcase_add_loop_test(t, the_tools_may_run_out_of_memory_anywhere, 0, 5);
    suite_add_tcase(s, t);
    return suite_run(s);
}
