/* Fails each allocation of what takes too many of them to begin anew for each: at an allocation the process forks, the
 * child has that one fail, or that and all after it, and ends the work; the parent goes on. No crash, no leak, and the
 * documented code.
 *
 *     test_forked            every 40th allocation of the long subjects, every 127th of the longest, for CTest
 *     test_forked all        every one
 *
 * A sanitizer and valgrind bring an allocator of their own, so there the program is skipped. */
#include <dirent.h>
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/eval/replay.h"
#include "lib/rules/parts.h"
#include "tests/support/ruletest.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif

#ifdef SANITIZED
int main(void)
{
    puts("skipped: the sanitizer has an allocator of its own");
    return 77;
}
#else

/* --- the allocator --- */

enum { OK, LEAKED, WRONG_CODE, CRASHED };

static volatile bool counting;  /* volatile: a compiler takes it that malloc reads none of ours */
static volatile long number;    /* of the allocation, from 0 */
static volatile long living;    /* blocks */
static volatile bool is_child;  /* something failed here already */
static volatile bool fail_rest; /* of a child: all from then on */
static long every = 1;          /* fork at each so manieth */
static long first;              /* and at this one first */
static long forks, without;     /* children, and those that did without the memory */
static long failed_at = -1;     /* the first allocation whose failure was not borne */
static int failed_how;

static void judge(long at, int status)
{
    forks++;
    without += WIFEXITED(status) && WEXITSTATUS(status) == 100;
    int how = !WIFEXITED(status) ? CRASHED : WEXITSTATUS(status) == 100 ? OK : WEXITSTATUS(status);
    if (how == OK || failed_at >= 0)
        return;
    failed_at = at;
    failed_how = how;
}

/* Forks for each of the two ways to fail; true in a child, whose allocation must fail. */
static bool fork_here(long at)
{
    for (int rest = 0; rest < 2; rest++) {
        pid_t child = fork();
        if (child == 0) {
            is_child = true;
            fail_rest = rest == 1;
            return true;
        }
        int status = -1;
        if (child < 0 || waitpid(child, &status, 0) != child)
            status = SIGABRT;
        judge(at, status);
    }
    return false;
}

/* When jansson 2.14 cannot grow the bytes of a string it drops one, says nothing, and may then run past their end;
 * nobody outside can prevent that. It grows them to powers of two: such blocks are left alone. */
static volatile bool in_jansson;
static bool is_spared(size_t size)
{
    return in_jansson && size >= 32 && (size & (size - 1)) == 0;
}

static bool fails(size_t size)
{
    if (!counting || is_spared(size))
        return false;
    if (is_child)
        return fail_rest;
    long at = number;
    number = number + 1;
    return at % every == first && fork_here(at);
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

#define SHOWN __attribute__((visibility("default"), noinline)) /* else valgrind cannot put its own there */

SHOWN void *malloc(size_t size)
{
    if (fails(size))
        return NULL;
    living = living + counting;
    return __libc_malloc(size);
}

SHOWN void *calloc(size_t n, size_t size)
{
    if (fails(n * size))
        return NULL;
    living = living + counting;
    return __libc_calloc(n, size);
}

SHOWN void *realloc(void *p, size_t size)
{
    if (fails(size))
        return NULL;
    living = living + (counting && p == NULL);
    return __libc_realloc(p, size);
}

SHOWN void free(void *p)
{
    living = living - (counting && p != NULL);
    __libc_free(p);
}

/* PCRE2 10.42's JIT compiler reads through a NULL of its own when memory runs out inside it, which nobody outside can
 * prevent: its allocations are left alone. */
typedef int jit_fn(pcre2_code *code, uint32_t options);
SHOWN int pcre2_jit_compile(pcre2_code *code, uint32_t options)
{
    bool rest = fail_rest, child = is_child;
    jit_fn *real;
    is_child = true; /* no fork, no failure */
    fail_rest = false;
    void *found = dlsym(RTLD_NEXT, "pcre2_jit_compile_8");
    memcpy(&real, &found, sizeof real);
    int rc = real(code, options);
    is_child = child;
    fail_rest = rest;
    return rc;
}

typedef json_t *load_fn(const char *text, size_t len, size_t flags, json_error_t *why);
SHOWN json_t *json_loadb(const char *text, size_t len, size_t flags, json_error_t *why)
{
    load_fn *real;
    void *found = dlsym(RTLD_NEXT, "json_loadb");
    memcpy(&real, &found, sizeof real);
    in_jansson = true;
    json_t *v = real(text, len, flags, why);
    in_jansson = false;
    return v;
}

/* --- the subjects --- */

static struct source files[RULETEST_FILES], language, broken[200];
static size_t file_count, broken_count;
static char *calls;
static size_t calls_len;
static struct ruleset *set; /* of the shipped pack */

static int build(const struct source *from, size_t n)
{
    struct ruleset *made = NULL;
    struct diags problems;
    diags_init(&problems);
    int rc = rules_compile(from, n, &language, 1, NULL, &made, &problems);
    bool right = (rc == COACH_OK) == (made != NULL) && (rc != COACH_OK || diags_clean(&problems));
    ruleset_unref(made);
    diags_clear(&problems);
    return right ? rc : COACH_EINTERNAL;
}

static int build_the_pack(void)
{
    return build(files, file_count);
}

static size_t which; /* of the broken files */
static int build_a_broken_file(void)
{
    return build(&broken[which], 1);
}

static void on_problem(void *user, uint64_t line, const char *code, const char *message)
{
    (void)user, (void)line, (void)code, (void)message;
}

static void on_findings(void *user, const struct call *call, const struct wire_event *event,
                        const struct engine_results *results)
{
    (void)call, (void)event;
    *(size_t *)user += results->count;
}

static int replay_the_calls(void)
{
    struct recording r;
    size_t findings = 0;
    int rc = recording_read(&r, calls, calls_len, on_problem, NULL);
    if (rc == COACH_OK)
        rc = replay_run(&r, set, &(struct replay_options){.agent_id = "sam"}, on_findings, &findings);
    recording_clear(&r);
    return rc != COACH_OK || findings > 5 ? rc : COACH_EINTERNAL;
}

static int mute_rules(void)
{
    char name[16];
    struct call *c = call_new("c", 1);
    int rc = c == NULL ? COACH_ENOMEM : call_set_agent(c, "sam", 3);
    for (int i = 0; i < 60 && rc == COACH_OK; i++) {
        snprintf(name, sizeof name, "rule-%d", i);
        rc = call_mute(c, name);
    }
    call_free(c);
    return rc;
}

/* Runs the subject, whose code is `want` when memory lasts. A child ends here. */
static void run(const char *name, int (*subject)(void), int want, long stride)
{
    (void)subject(); /* what is made once is made */
    number = living = forks = without = 0;
    failed_at = -1;
    every = stride;
    first = stride / 2;
    counting = true;
    int rc = subject();
    counting = false;
    if (is_child)
        _exit(living != 0 ? LEAKED : rc == COACH_ENOMEM ? OK : rc == want ? 100 : WRONG_CODE);
    static const char *const how[] = {"", "leaked", "returned another code", "crashed"};
    ck_assert_msg(failed_at < 0, "%s: %s when allocation %ld failed", name, how[failed_how], failed_at);
    ck_assert_int_eq(rc, want);
    ck_assert_int_eq(living, 0);
    ck_assert_int_gt(forks, 0);
    if (want == COACH_OK) {
        printf("%s: %ld allocations, %ld failures tried, %ld done without\n", name, number, forks, without);
        fflush(stdout);
    }
}

/* --- the tests --- */

static long stride = 40, long_stride = 127;

START_TEST(a_build_of_the_shipped_pack_bears_each_failure)
{
    run("building the pack", build_the_pack, COACH_OK, long_stride);
    ck_assert_int_gt(number, 10000);
}
END_TEST

START_TEST(a_build_of_broken_files_bears_each_failure)
{
    ck_assert_uint_gt(broken_count, 20);
    for (which = 0; which < broken_count; which++)
        run(broken[which].name, build_a_broken_file, COACH_ERULES, stride * 4 + 1);
}
END_TEST

START_TEST(recorded_calls_and_their_replay_bear_each_failure)
{
    run("replaying the calls", replay_the_calls, COACH_OK, stride);
    ck_assert_int_gt(number, 500);
}
END_TEST

START_TEST(muting_bears_each_failure)
{
    run("muting rules", mute_rules, COACH_OK, 1);
}
END_TEST

/* Reads the files of a folder whose names hold `part`. */
static void read_folder(const char *folder, const char *part, struct source *to, size_t most, size_t *n)
{
    char path[512];
    DIR *dir = opendir(folder);
    ck_assert_msg(dir != NULL, "%s", folder);
    for (struct dirent *e = readdir(dir); e != NULL && *n < most; e = readdir(dir)) {
        if (strstr(e->d_name, part) == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        struct source *s = &to[(*n)++];
        s->name = strdup(e->d_name);
        s->text = ruletest_read(path, &s->len);
    }
    closedir(dir);
}

static void read_calls(void)
{
    struct source of[16];
    size_t n = 0;
    read_folder(SOURCE_DIR "/tests/cases", ".ndjson", of, 16, &n);
    for (size_t i = 0; i < n; i++) {
        calls = realloc(calls, calls_len + of[i].len + 1);
        memcpy(calls + calls_len, of[i].text, of[i].len);
        calls_len += of[i].len;
        free((char *)of[i].name);
        free((char *)of[i].text);
    }
}

static void prepare(void)
{
    struct diags problems;
    language.name = "en.yaml";
    language.text = ruletest_read(SOURCE_DIR "/rules/languages/en.yaml", &language.len);
    read_folder(SOURCE_DIR "/rules/core-en", ".yaml", files, RULETEST_FILES, &file_count);
    read_folder(SOURCE_DIR "/tests/fuzz/corpus/rules", "error-", broken, 200, &broken_count);
    read_calls();
    diags_init(&problems);
    ck_assert_int_eq(rules_compile(files, file_count, &language, 1, NULL, &set, &problems), COACH_OK);
    diags_clear(&problems);
}

int main(int argc, char **argv)
{
    is_child = true; /* no fork: only to see whether this malloc is the one that is called */
    counting = true;
    void *volatile probe = malloc(1);
    counting = is_child = false;
    free(probe);
    if (living != 1) {
        puts("skipped: something else, such as valgrind, stands before this malloc");
        return 77;
    }
    if (argc > 1 && strcmp(argv[1], "all") == 0)
        stride = long_stride = 1;
    Suite *s = suite_create("forked");
    TCase *t = tcase_create("forked");
    tcase_set_timeout(t, 500);
    tcase_add_unchecked_fixture(t, prepare, NULL);
    tcase_add_test(t, a_build_of_the_shipped_pack_bears_each_failure);
    tcase_add_test(t, a_build_of_broken_files_bears_each_failure);
    tcase_add_test(t, recorded_calls_and_their_replay_bear_each_failure);
    tcase_add_test(t, muting_bears_each_failure);
    suite_add_tcase(s, t);
    return suite_run(s);
}
#endif
