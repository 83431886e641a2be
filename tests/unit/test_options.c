#include "daemon/base/options.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/suite.h"

struct values {
    bool help;
    bool loud;
    int64_t count;
    int64_t size;
    int64_t wait_ms;
    double share;
    const char *name;
    const char *level;
    struct option_list rules;
};

static const char *const levels[] = {"error", "info", "debug", NULL};

#define AT(member) .offset = offsetof(struct values, member)
static const struct option_spec specs[] = {
    {.name = "help", .letter = 'h', .kind = OPTION_BOOL, .help = "Shows this", .flags = OPTION_FLAG_ONLY, AT(help)},
    {.name = "loud", .letter = 'l', .kind = OPTION_BOOL, .fallback = "yes", .help = "Speaks up", AT(loud)},
    {.name = "max-calls", .kind = OPTION_INT, .fallback = "20", .min = 1, .max = 100, .help = "Calls", AT(count)},
    {.name = "max-line", .kind = OPTION_SIZE, .fallback = "64KiB", .help = "Bytes of a line", AT(size)},
    {.name = "wait",
     .letter = 'w',
     .kind = OPTION_DURATION,
     .fallback = "30m",
     .min = 500,
     .max = 86400000,
     .help = "Until a call is idle",
     AT(wait_ms)},
    {.name = "share", .kind = OPTION_REAL, .fallback = "0.5", .max = 1, .help = "A share", AT(share)},
    {.name = "name", .letter = 'n', .kind = OPTION_TEXT, .arg = "NAME", .help = "A name", AT(name)},
    {.name = "log-level", .kind = OPTION_CHOICE, .choices = levels, .fallback = "info", .help = "One of", AT(level)},
    {.name = "rules", .letter = 'r', .kind = OPTION_LIST, .arg = "PATH", .help = "Rules", AT(rules)},
};
enum { NSPECS = sizeof specs / sizeof *specs };

static struct values v;
static struct options o;
static coach_error err;

static void setup(void)
{
    err = (coach_error){0};
    ck_assert_int_eq(options_init(&o, specs, NSPECS, &v, &err), COACH_OK);
}

static void teardown(void)
{
    options_clear(&o);
}

static int flags(const char *const *words)
{
    int argc = 0;
    while (words[argc] != NULL)
        argc++;
    return options_read_flags(&o, argc, (char *const *)words, &err);
}
#define FLAGS(...) flags((const char *const[]){"program", __VA_ARGS__, NULL})

static int file(const char *text)
{
    return options_read_file(&o, "a.yaml", text, strlen(text), &err);
}

static int environment(const char *const *set)
{
    return options_read_environment(&o, "T_", (char *const *)set, &err);
}

static const char *origin(const char *name)
{
    for (size_t i = 0; i < NSPECS; i++)
        if (strcmp(specs[i].name, name) == 0)
            return o.origins[i];
    return NULL;
}

START_TEST(an_option_nobody_gives_has_its_default)
{
    ck_assert(!v.help && v.loud);
    ck_assert_int_eq(v.count, 20);
    ck_assert_int_eq(v.size, 65536);
    ck_assert_int_eq(v.wait_ms, 1800000);
    ck_assert_double_eq(v.share, 0.5);
    ck_assert_ptr_null(v.name);
    ck_assert_str_eq(v.level, "info");
    ck_assert_uint_eq(v.rules.count, 0);
    ck_assert_str_eq(origin("wait"), "default");
}
END_TEST

START_TEST(flags_take_values_in_every_usual_form)
{
    ck_assert_int_eq(
        FLAGS("--max-calls=7", "--wait", "2h", "-nsam", "-h", "--no-loud", "one", "--share", "1", "--", "--two"),
        COACH_OK);
    ck_assert_int_eq(v.count, 7);
    ck_assert_int_eq(v.wait_ms, 7200000);
    ck_assert_str_eq(v.name, "sam");
    ck_assert(v.help && !v.loud);
    ck_assert_double_eq(v.share, 1);
    ck_assert_uint_eq(o.nwords, 2);
    ck_assert_str_eq(o.words[0], "one");
    ck_assert_str_eq(o.words[1], "--two");
    ck_assert_str_eq(origin("wait"), "flag");
}
END_TEST

START_TEST(letters_join_and_the_last_one_takes_the_rest)
{
    ck_assert_int_eq(FLAGS("-hlw5s", "-r", "a", "-rb", "-"), COACH_OK);
    ck_assert(v.help && v.loud);
    ck_assert_int_eq(v.wait_ms, 5000);
    ck_assert_uint_eq(v.rules.count, 2);
    ck_assert_str_eq(v.rules.items[1], "b");
    ck_assert_str_eq(o.words[0], "-");
}
END_TEST

static const struct {
    const char *flag;
    const char *says;
} bad_flags[] = {
    {"--max-cals=3", "unknown option '--max-cals'; did you mean '--max-calls'?"},
    {"--max-calls=0", "--max-calls 0: must be 1 to 100"},
    {"--max-calls=101", "must be 1 to 100"},
    {"--max-calls=99999999999999999999", "must be 1 to 100"},
    {"--max-calls=7x", "takes a whole number"},
    {"--max-calls=", "takes a whole number"},
    {"--max-calls= 7", "takes a whole number"},
    {"--max-calls", "--max-calls needs a value: --max-calls N"},
    {"--name", "--name needs a value: --name NAME"},
    {"--wait=10", "takes a duration such as 500ms, 10s, 5m or 2h"},
    {"--wait=499ms", "must be 500ms to 24h"},
    {"--wait=9223372036854775807h", "must be 500ms to 24h"},
    {"--max-line=9223372036854775807GiB", "is too large"},
    {"--max-line=64kb", "takes a size such as 64KiB or 1MiB"},
    {"--share=1.5", "must be 0 to 1"},
    {"--share=nan", "takes a number such as 0.5"},
    {"--share=half", "takes a number such as 0.5"},
    {"--loud=maybe", "--loud maybe: takes yes or no"},
    {"--log-level=loud", "takes one of error, info, debug"},
    {"--no-max-calls", "unknown option '--no-max-calls'"},
    {"--no-loud=yes", "unknown option '--no-loud'"},
    {"-x", "unknown option '-x'"},
    {"-hx", "unknown option '-x'"},
};

START_TEST(a_wrong_flag_is_refused_by_name_and_says_what_it_takes)
{
    ck_assert_int_eq(FLAGS(bad_flags[_i].flag), COACH_EINVAL);
    ck_assert_msg(strstr(err.text, bad_flags[_i].says) != NULL, "%s", err.text);
}
END_TEST

START_TEST(a_file_sets_values_and_remembers_the_line)
{
    ck_assert_int_eq(file("# calls\nmax_calls: 9\nmax_line: 1MiB\nwait: 90s\nloud: off\nlog_level: debug\nshare: 0.25\n"
                          "name: \"a b\"\nrules:\n  - one\n  - two\n"),
                     COACH_OK);
    ck_assert_int_eq(v.count, 9);
    ck_assert_int_eq(v.size, 1048576);
    ck_assert_int_eq(v.wait_ms, 90000);
    ck_assert(!v.loud);
    ck_assert_str_eq(v.level, "debug");
    ck_assert_double_eq(v.share, 0.25);
    ck_assert_str_eq(v.name, "a b");
    ck_assert_uint_eq(v.rules.count, 2);
    ck_assert_str_eq(v.rules.items[0], "one");
    ck_assert_str_eq(origin("max-calls"), "a.yaml:2");
    ck_assert_str_eq(origin("rules"), "a.yaml:9");
}
END_TEST

static const struct {
    const char *text;
    const char *says;
} bad_files[] = {
    {"max_cals: 3\n", "a.yaml:1:1: unknown setting 'max_cals'; did you mean 'max_calls'?"},
    {"max-calls: 3\n", "unknown setting 'max-calls'; did you mean 'max_calls'?"},
    {"help: yes\n", "unknown setting 'help'"},
    {"name: x\nmax_calls: 0\n", "a.yaml:2:12: max_calls: must be 1 to 100"},
    {"max_calls:\n  - 3\n", "max_calls: takes a single value, not a list"},
    {"rules:\n  a: b\n", "rules: takes a single value"},
    {"- a\n", "a.yaml:1:1: must be settings of the form 'name: value'"},
    {"name: 'x\n", "a.yaml:1:"},
    {"name: a\nname: b\n", "a.yaml:2:1: "},
};

START_TEST(a_wrong_setting_is_refused_with_its_line)
{
    ck_assert_int_eq(file(bad_files[_i].text), COACH_EINVAL);
    ck_assert_msg(strstr(err.text, bad_files[_i].says) != NULL, "%s", err.text);
}
END_TEST

START_TEST(an_empty_file_sets_nothing)
{
    ck_assert_int_eq(file("# nothing\n"), COACH_OK);
    ck_assert_int_eq(v.count, 20);
}
END_TEST

START_TEST(the_environment_sets_values_and_joins_lists_by_colons)
{
    const char *set[] = {"OTHER=1", "T_MAX_CALLS=11", "T_RULES=one::two", "T_HELP=yes", "T_MAX_CALLS_MORE=1", NULL};
    ck_assert_int_eq(environment(set), COACH_OK);
    ck_assert_int_eq(v.count, 11);
    ck_assert_uint_eq(v.rules.count, 2);
    ck_assert_str_eq(v.rules.items[1], "two");
    ck_assert(!v.help);
    ck_assert_str_eq(origin("max-calls"), "environment");
}
END_TEST

START_TEST(a_wrong_variable_is_refused_by_name)
{
    const char *set[] = {"T_WAIT=never", NULL};
    ck_assert_int_eq(environment(set), COACH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "T_WAIT=never: takes a duration"));
}
END_TEST

START_TEST(flags_beat_the_environment_which_beats_the_file_in_any_order)
{
    const char *set[] = {"T_MAX_CALLS=2", "T_NAME=e", "T_RULES=e", NULL};
    const char *text = "max_calls: 1\nname: f\nlog_level: debug\nrules:\n  - f\n";
    if (_i % 2 == 0)
        ck_assert_int_eq(file(text), COACH_OK);
    if (_i / 2 == 0)
        ck_assert_int_eq(environment(set), COACH_OK);
    ck_assert_int_eq(FLAGS("--max-calls=3", "--rules", "g", "--rules", "h"), COACH_OK);
    if (_i / 2 == 1)
        ck_assert_int_eq(environment(set), COACH_OK);
    if (_i % 2 == 1)
        ck_assert_int_eq(file(text), COACH_OK);
    ck_assert_int_eq(v.count, 3);
    ck_assert_str_eq(v.name, "e");
    ck_assert_str_eq(v.level, "debug");
    ck_assert_uint_eq(v.rules.count, 2);
    ck_assert_str_eq(v.rules.items[0], "g");
}
END_TEST

START_TEST(help_names_every_option_and_its_default)
{
    struct buf out;
    buf_init(&out, 0);
    ck_assert_int_eq(options_help(specs, NSPECS, &out), 0);
    ck_assert_ptr_nonnull(strstr(out.data, "  -h, --help "));
    ck_assert_ptr_nonnull(strstr(out.data, "  -l, --[no-]loud "));
    ck_assert_ptr_nonnull(strstr(out.data, "--wait DURATION"));
    ck_assert_ptr_nonnull(strstr(out.data, "(default: 30m)"));
    ck_assert_ptr_nonnull(strstr(out.data, "One of: error, info, debug (default: info)"));
    buf_clear(&out);
}
END_TEST

START_TEST(what_dump_writes_reads_back_as_the_same_values)
{
    ck_assert_int_eq(
        FLAGS("--name", "a \"b\" \\ #c", "--wait=90s", "--rules", "x y", "--rules=-z", "--max-line=65537", "--no-loud"),
        COACH_OK);
    struct buf first;
    buf_init(&first, 0);
    ck_assert_int_eq(options_dump(&o, &first), 0);
    ck_assert_ptr_nonnull(strstr(first.data, "# flag\n"));
    options_clear(&o);
    setup();
    ck_assert_msg(file(first.data) == COACH_OK, "%s\n%s", err.text, first.data);
    ck_assert_str_eq(v.name, "a \"b\" \\ #c");
    ck_assert_int_eq(v.wait_ms, 90000);
    ck_assert_int_eq(v.size, 65537);
    ck_assert_uint_eq(v.rules.count, 2);
    ck_assert_str_eq(v.rules.items[0], "x y");
    ck_assert_str_eq(v.rules.items[1], "-z");
    ck_assert(!v.loud);
    buf_clear(&first);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("options");
    TCase *t = tcase_create("options");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, an_option_nobody_gives_has_its_default);
    tcase_add_test(t, flags_take_values_in_every_usual_form);
    tcase_add_test(t, letters_join_and_the_last_one_takes_the_rest);
    tcase_add_loop_test(t, a_wrong_flag_is_refused_by_name_and_says_what_it_takes, 0,
                        sizeof bad_flags / sizeof *bad_flags);
    tcase_add_test(t, a_file_sets_values_and_remembers_the_line);
    tcase_add_loop_test(t, a_wrong_setting_is_refused_with_its_line, 0, sizeof bad_files / sizeof *bad_files);
    tcase_add_test(t, an_empty_file_sets_nothing);
    tcase_add_test(t, the_environment_sets_values_and_joins_lists_by_colons);
    tcase_add_test(t, a_wrong_variable_is_refused_by_name);
    tcase_add_loop_test(t, flags_beat_the_environment_which_beats_the_file_in_any_order, 0, 4);
    tcase_add_test(t, help_names_every_option_and_its_default);
    tcase_add_test(t, what_dump_writes_reads_back_as_the_same_values);
    suite_add_tcase(s, t);
    return suite_run(s);
}
