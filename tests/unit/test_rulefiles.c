#include "daemon/base/rulefiles.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/support/suite.h"

static char folder[] = "/tmp/rulefiles-XXXXXX";
static struct rulefiles files;
static struct diags problems;
static coach_error err;

static const char *at(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void put_folder(const char *name)
{
    ck_assert_int_eq(mkdir(at(name), 0755), 0);
}

static void setup(void)
{
    strcpy(strrchr(folder, '-') + 1, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put_folder("lang");
    put("lang/en.yaml", "x: y\n");
    rulefiles_init(&files);
    diags_init(&problems);
    err = (coach_error){0};
}

static void teardown(void)
{
    diags_clear(&problems);
    rulefiles_clear(&files);
    char command[PATH_MAX];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static int load(const char *const *names, size_t n)
{
    char paths[4][PATH_MAX], languages[PATH_MAX];
    const char *given[4];
    for (size_t i = 0; i < n; i++) {
        snprintf(paths[i], sizeof paths[i], "%s", at(names[i]));
        given[i] = paths[i];
    }
    snprintf(languages, sizeof languages, "%s", at("lang"));
    return rulefiles_load(&files, given, n, languages, "/nowhere", &problems, &err);
}
#define LOAD(...) load((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* The names that were read, without the folder's own, joined by blanks. */
static const char *names(void)
{
    static char all[4096];
    all[0] = '\0';
    for (size_t i = 0; i < files.nrules; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i == 0 ? "" : " ",
                 files.rules[i].name + strlen(folder) + 1);
    return all;
}

START_TEST(folders_are_read_in_order_of_bytes_and_paths_in_order_given)
{
    put_folder("b");
    put_folder("b/sub");
    put("b/z.yaml", "1");
    put("b/B.yaml", "2");
    put("b/a.yaml", "3");
    put("b/sub/c.yaml", "4");
    put("b/notes.txt", "no");
    put("b/.hidden.yaml", "no");
    put("single", "5");
    ck_assert_int_eq(LOAD("single", "b"), COACH_OK);
    ck_assert_str_eq(names(), "single b/B.yaml b/a.yaml b/sub/c.yaml b/z.yaml");
    ck_assert_uint_eq(files.rules[0].len, 1);
    ck_assert_str_eq(files.rules[0].text, "5");
    ck_assert_uint_eq(files.nlanguages, 1);
    ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(folders_that_hold_no_rules_are_passed_over_unless_named)
{
    put_folder("r");
    put("r/a.yaml", "1");
    put_folder("r/languages");
    put("r/languages/en.yaml", "2");
    put_folder("r/schema");
    put("r/schema/s.yaml", "3");
    ck_assert_int_eq(LOAD("r", "r/schema"), COACH_OK);
    ck_assert_str_eq(names(), "r/a.yaml r/schema/s.yaml");
}
END_TEST

START_TEST(a_loop_of_links_is_told_and_ended)
{
    put_folder("r");
    put_folder("r/sub");
    put("r/sub/a.yaml", "1");
    ck_assert_int_eq(symlink("..", at("r/sub/up")), 0);
    ck_assert_int_eq(symlink("self.yaml", at("r/self.yaml")), 0);
    ck_assert_int_eq(LOAD("r"), COACH_OK);
    ck_assert_str_eq(names(), "r/sub/a.yaml");
    ck_assert_uint_eq(problems.count, 2);
    ck_assert_str_eq(problems.items[0].code, "unreadable-file");
    ck_assert_str_eq(problems.items[1].code, "folder-loop");
}
END_TEST

START_TEST(what_cannot_be_read_is_told_and_the_rest_is_read)
{
    static char big[2 * 1024 * 1024 + 2];
    memset(big, 'x', sizeof big - 1);
    put_folder("r");
    put("r/a.yaml", "1");
    put("r/big.yaml", big);
    ck_assert_int_eq(mkfifo(at("r/fifo.yaml"), 0644), 0);
    put("r/other.yml", "2");
    ck_assert_int_eq(symlink("nowhere", at("r/gone.yaml")), 0);
    ck_assert_int_eq(LOAD("r"), COACH_OK);
    ck_assert_str_eq(names(), "r/a.yaml");
    ck_assert_uint_eq(problems.count, 4);
    ck_assert_ptr_nonnull(strstr(problems.items[0].message, "is longer than"));
    ck_assert_str_eq(problems.items[1].message, "is not a regular file");
    ck_assert_str_eq(problems.items[2].message, "No such file or directory");
    ck_assert_str_eq(problems.items[3].code, "file-ignored");
    ck_assert_uint_eq(problems.levels[DIAG_WARNING], 1);
}
END_TEST

START_TEST(a_path_that_was_named_must_be_there_and_hold_rules)
{
    put_folder("empty");
    ck_assert_int_eq(LOAD("missing"), COACH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "/missing: No such file or directory"));
    ck_assert_int_eq(LOAD("empty"), COACH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "/empty: no file named *.yaml in this folder"));
}
END_TEST

START_TEST(without_paths_the_installed_pack_is_meant)
{
    put_folder("rules");
    put_folder("rules/core-en");
    put("rules/core-en/a.yaml", "1");
    put_folder("rules/languages");
    put("rules/languages/en.yaml", "2");
    ck_assert_int_eq(rulefiles_load(&files, NULL, 0, NULL, folder, &problems, &err), COACH_OK);
    ck_assert_uint_ge(files.nrules, 1);
    ck_assert_uint_ge(files.nlanguages, 1);
}
END_TEST

START_TEST(mapping_files_are_read_like_rules_and_stand_apart_from_them)
{
    put_folder("rules");
    put_folder("rules/formats");
    put_folder("rules/formats/more");
    put("rules/formats/b.yaml", "1");
    put("rules/formats/more/a.yaml", "scenario: no matter here\n");
    put("one.yaml", "3");
    char rules[PATH_MAX], one[PATH_MAX], missing[PATH_MAX];
    snprintf(rules, sizeof rules, "%s", at("rules/formats"));
    snprintf(one, sizeof one, "%s", at("one.yaml"));
    snprintf(missing, sizeof missing, "%s", at("missing"));
    const char *paths[] = {one, rules}, *gone[] = {one, missing};
    ck_assert_int_eq(rulefiles_load_formats(&files, paths, 2, "/nowhere", &problems, NULL), COACH_OK);
    ck_assert_uint_eq(files.nformats, 3);
    ck_assert_str_eq(files.formats[0].name, one);
    ck_assert_ptr_nonnull(strstr(files.formats[1].name, "/formats/b.yaml"));
    ck_assert_ptr_nonnull(strstr(files.formats[2].name, "/formats/more/a.yaml"));
    ck_assert_uint_eq(files.nrules + files.nscenarios + problems.count, 0);
    ck_assert_int_eq(rulefiles_load_formats(&files, gone, 2, "/nowhere", &problems, &err), COACH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "/missing: No such file or directory"));
}
END_TEST

START_TEST(an_error_in_a_file_is_an_error_of_the_set)
{
    struct ruleset *set = NULL;
    char path[PATH_MAX];
    put("bad.yaml", "format: 1\nrules: nothing\n");
    snprintf(path, sizeof path, "%s", at("bad.yaml"));
    const char *paths[] = {path};
    ck_assert_int_eq(
        rulefiles_compile(paths, 1, SOURCE_DIR "/rules/languages", "/nowhere", &files, &set, &problems, &err),
        COACH_ERULES);
    ck_assert_ptr_null(set);
    ck_assert_uint_ge(problems.levels[DIAG_ERROR], 1);
    ck_assert_ptr_nonnull(strstr(err.text, "in the rule files"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rulefiles");
    TCase *t = tcase_create("rulefiles");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, folders_are_read_in_order_of_bytes_and_paths_in_order_given);
    tcase_add_test(t, folders_that_hold_no_rules_are_passed_over_unless_named);
    tcase_add_test(t, a_loop_of_links_is_told_and_ended);
    tcase_add_test(t, what_cannot_be_read_is_told_and_the_rest_is_read);
    tcase_add_test(t, a_path_that_was_named_must_be_there_and_hold_rules);
    tcase_add_test(t, without_paths_the_installed_pack_is_meant);
    tcase_add_test(t, mapping_files_are_read_like_rules_and_stand_apart_from_them);
    tcase_add_test(t, an_error_in_a_file_is_an_error_of_the_set);
    suite_add_tcase(s, t);
    return suite_run(s);
}
