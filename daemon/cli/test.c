/* coach test: do the calls of the rule files give what they should? */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/screen.h"
#include "lib/eval/calltest.h"
#include "lib/rules/compile.h"

enum { PATIENCE_MS = 2000 };

struct values {
    const char *languages;
    const char *filter;
    bool json;
};

static const struct option_spec specs[] = {
    {.name = "filter",
     .letter = 'f',
     .kind = OPTION_TEXT,
     .arg = "TEXT",
     .offset = offsetof(struct values, filter),
     .help = "only calls with this in their name"},
    CLI_JSON_SPEC(values, "one JSON object, for editors and CI"),
    {.name = "languages",
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .offset = offsetof(struct values, languages),
     .help = "folder of the language tables"},
};

struct testing {
    const struct values *v;
    struct loaded_trees all;
    struct ruleset *packs;  /* what the packs' tests run on; the caller's */
    struct screen progress; /* on stderr */
    int64_t began_ms;
    struct json_out *json; /* NULL: for people */
    size_t calls, failed, notes, examples;
};

/* --- one test, for people --- */

static void place(const struct screenplay *play, size_t at, size_t len)
{
    struct mark m = screenplay_mark(play, at, len);
    printf("%s:%d:%d: ", m.source->name, m.line, m.column);
}

/* What is wrong, with its place. */
static void print_item(const struct screenplay *play, const struct calltest_item *item)
{
    const struct screenplay_line *line = &play->lines[item->line];
    if (item->kind == CALLTEST_AS_LISTED)
        return;
    if (item->listed != NULL)
        place(play, item->listed->at, item->listed->len);
    else
        place(play, line->at, line->len);
    if (item->kind == CALLTEST_MISSING)
        printf("%s%s%s%s was not found here", item->rule,
               item->held == NULL ? "" : " (held: ", item->held == NULL ? "" : item->held,
               item->held == NULL ? "" : ")");
    else if (item->kind == CALLTEST_UNLISTED)
        printf("%s was found and is not listed", item->rule);
    else
        printf("note: %s is quiet here only because of its %s", item->rule,
               item->held != NULL && strcmp(item->held, "per_call") == 0 ? "per_call" : "cool-down");
    if (item->why != NULL)
        printf(" (%s)", item->why);
    if (item->elsewhere != NULL) {
        const struct screenplay_line *other = &play->lines[item->elsewhere->line];
        printf("; it was found under '%.*s'", (int)other->len, play->call.s + other->at);
    }
    putchar('\n');
}

static void print_arrow(const struct screen *s, const struct calltest_item *item)
{
    static const struct {
        char sign;
        const char *color;
    } looks[] = {{' ', ""}, {'-', "\033[31m"}, {'+', "\033[32m"}};
    if (item->kind == CALLTEST_HELD)
        return;
    const char *color = s->color ? looks[item->kind].color : "";
    printf("  %s%c     => %s%s%s%s%s\n", color, looks[item->kind].sign, item->rule,
           item->held == NULL ? "" : " (held: ", item->held == NULL ? "" : item->held, item->held == NULL ? "" : ")",
           *color == '\0' ? "" : "\033[0m");
}

/* The call as it is written, with '-' before what is missing and '+' before what is too much. */
static void print_call(const struct screenplay *play, const struct calltest *t)
{
    struct screen s = screen_of(stdout);
    size_t item = 0;
    for (size_t i = 0; i < play->line_count; i++) {
        const struct screenplay_line *line = &play->lines[i];
        printf("    %.*s\n", (int)line->len, play->call.s + line->at);
        for (; item < t->item_count && t->items[item].line == i; item++)
            print_arrow(&s, &t->items[item]);
    }
}

static void print_test(const struct screenplay *play, const struct calltest *t)
{
    if (t->failures > 0)
        printf("FAILED  %s\n", play->name.s);
    for (size_t i = 0; i < t->item_count; i++)
        print_item(play, &t->items[i]);
    if (t->failures > 0)
        print_call(play, t);
}

/* --- one test, for programs --- */

static void json_item(struct json_out *j, const struct screenplay *play, const struct calltest_item *item)
{
    static const char *const kinds[] = {"as listed", "missing", "unlisted", "held"};
    const struct screenplay_line *line = &play->lines[item->line];
    const struct mark m = item->listed != NULL ? screenplay_mark(play, item->listed->at, item->listed->len)
                                               : screenplay_mark(play, line->at, line->len);
    json_open_object(j, NULL);
    json_text(j, "kind", kinds[item->kind]);
    json_text(j, "rule", item->rule);
    json_text(j, "held", item->held);
    json_int(j, "line", m.line);
    json_int(j, "column", m.column);
    json_textn(j, "under", play->call.s + line->at, line->len);
    json_text(j, "why", item->why);
    if (item->elsewhere != NULL)
        json_textn(j, "found_under", play->call.s + play->lines[item->elsewhere->line].at,
                   play->lines[item->elsewhere->line].len);
    json_close_object(j);
}

static void json_test(struct json_out *j, const struct screenplay *play, const struct calltest *t)
{
    json_open_object(j, NULL);
    json_text(j, "name", play->name.s);
    json_text(j, "file", play->node->at.source->name);
    json_int(j, "line", play->node->at.line);
    json_bool(j, "passed", t->failures == 0);
    json_open_array(j, "findings");
    for (size_t i = 0; i < t->item_count; i++)
        json_item(j, play, &t->items[i]);
    json_close_array(j);
    json_close_object(j);
}

/* --- all tests --- */

static void show_progress(struct testing *t)
{
    if (t->progress.terminal && cli_now_ms() - t->began_ms > PATIENCE_MS)
        fprintf(stderr, "\r%zu calls, %zu failed ", t->calls, t->failed);
}

static void end_progress(const struct testing *t)
{
    if (t->progress.terminal && cli_now_ms() - t->began_ms > PATIENCE_MS)
        fputs("\r\033[K", stderr);
}

static int run_test(struct testing *t, const struct screenplay *play, const struct ruleset *set)
{
    struct calltest result;
    int rc = calltest_run(play, set, &result);
    if (rc == COACH_OK) {
        t->calls++;
        t->failed += result.failures > 0;
        t->notes += result.notes;
        if (t->json != NULL)
            json_test(t->json, play, &result);
        else if (result.failures + result.notes > 0)
            end_progress(t), print_test(play, &result);
        show_progress(t);
    }
    calltest_clear(&result);
    return rc;
}

/* The tests of the packs' files, or those of the sites'. */
static int run_tests(struct testing *t, bool sites)
{
    const struct pack *pack = &t->all.anatomy.pack;
    int rc = COACH_OK;
    for (size_t i = 0; i < pack->file_count; i++) {
        const struct rulefile *f = &pack->files[i];
        if ((f->site.node != NULL) != sites)
            continue;
        for (size_t k = 0; k < f->test_count && rc == COACH_OK; k++)
            if (t->v->filter == NULL || strcasestr(f->tests[k].name.s, t->v->filter) != NULL)
                rc = run_test(t, &f->tests[k], sites ? t->all.loaded.set : t->packs);
    }
    return rc;
}

static void count_examples(struct testing *t)
{
    const struct pack *pack = &t->all.anatomy.pack;
    for (size_t i = 0; i < pack->file_count; i++)
        for (size_t k = 0; k < pack->files[i].rule_count; k++)
            t->examples += pack->files[i].rules[k].match.count + pack->files[i].rules[k].no_match.count;
}

static void print_summary(const struct testing *t)
{
    size_t rules = ruleset_count(t->all.loaded.set);
    printf("%zu rule%s, %zu call%s, %zu example%s", rules, rules == 1 ? "" : "s", t->calls, t->calls == 1 ? "" : "s",
           t->examples, t->examples == 1 ? "" : "s");
    if (t->failed > 0)
        printf(", %zu failed", t->failed);
    if (t->notes > 0)
        printf(", %zu note%s", t->notes, t->notes == 1 ? "" : "s");
    putchar('\n');
}

static int run_for_people(struct testing *t)
{
    int rc = run_tests(t, false);
    if (rc == COACH_OK)
        rc = run_tests(t, true);
    end_progress(t);
    if (rc == COACH_OK)
        print_summary(t);
    return rc;
}

static int run_for_programs(struct testing *t)
{
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    t->json = &j;
    json_open_object(&j, NULL);
    json_open_array(&j, "tests");
    int rc = run_tests(t, false);
    if (rc == COACH_OK)
        rc = run_tests(t, true);
    json_close_array(&j);
    json_int(&j, "rules", (int64_t)ruleset_count(t->all.loaded.set));
    json_int(&j, "calls", (int64_t)t->calls);
    json_int(&j, "examples", (int64_t)t->examples);
    json_int(&j, "failed", (int64_t)t->failed);
    json_int(&j, "notes", (int64_t)t->notes);
    json_close_object(&j);
    int written = json_out_end(&j, true);
    if (rc == COACH_OK && written == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
    return rc != COACH_OK ? rc : written;
}

static int run_all(struct testing *t)
{
    count_examples(t);
    int rc = t->v->json ? run_for_programs(t) : run_for_people(t);
    if (rc != COACH_OK)
        return cli_fail("test", "out of memory");
    if (t->calls > 0)
        return t->failed > 0 ? CLI_FOUND : CLI_OK;
    if (t->v->filter != NULL)
        cli_fail("test", "no call has '%s' in its name: nothing was tested", t->v->filter);
    else
        cli_fail("test", "there is no call under 'tests:' in these files: nothing was tested");
    return CLI_FOUND;
}

/* The set of the packs' files alone, where there are sites too. Returns an exit code. */
static int build_packs(struct testing *t)
{
    const struct pack *pack = &t->all.anatomy.pack;
    const struct rulefiles *files = &t->all.loaded.files;
    struct rulefiles packs = *files;
    size_t tests = 0;
    packs.nrules = 0;
    packs.rules = arena_alloc(&t->all.anatomy.memory, (files->nrules + 1) * sizeof *packs.rules);
    if (packs.rules == NULL)
        return cli_fail("test", "out of memory");
    for (size_t i = 0; i < files->nrules; i++)
        if (pack->files[i].site.node == NULL) {
            packs.rules[packs.nrules++] = files->rules[i];
            tests += pack->files[i].test_count;
        }
    if (packs.nrules == files->nrules || tests == 0) {
        t->packs = ruleset_ref(t->all.loaded.set);
        return CLI_OK;
    }
    int rc = rulefiles_build(&packs, &t->packs, &t->all.loaded.problems);
    return rc == COACH_OK       ? CLI_OK
           : rc == COACH_ENOMEM ? cli_fail("test", "out of memory")
                                : cli_fail("test", "the packs alone hold errors; 'coach check' names them");
}

static int read_trees(struct testing *t)
{
    const struct rulefiles *f = &t->all.loaded.files;
    return anatomy_read(&t->all.anatomy, f->rules, f->nrules, f->languages, f->nlanguages) == COACH_OK
               ? CLI_OK
               : cli_fail("test", "out of memory");
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct testing t = {.v = v, .progress = screen_of(stderr), .began_ms = cli_now_ms()};
    const struct option_list paths = {(const char **)words, nwords};
    int code = loaded_read(&t.all.loaded, "test", &paths, v->languages);
    if (code == CLI_OK) {
        code = read_trees(&t);
        if (code == CLI_OK)
            code = build_packs(&t);
        if (code == CLI_OK)
            code = run_all(&t);
        anatomy_clear(&t.all.anatomy);
    }
    ruleset_unref(t.packs);
    loaded_clear(&t.all.loaded);
    return code;
}

const struct command command_test = {
    .name = "test",
    .usage = "[PATH ...]",
    .summary = "do the calls under 'tests:' give what they should?",
    .about =
        "Runs the call tests of rule files, or of all *.yaml below a folder: each call is played through the engine, "
        "and "
        "what it\n"
        "finds must be what stands under its lines as '=> rule', no more and no less. A failure is shown inside the "
        "call: '-' was\n"
        "expected and did not come, '+' came and was not expected. Tests of a pack run on the packs alone, those of a "
        "site with\n"
        "all that was named. The examples of each rule are proved too. Without a path the shipped pack is tested.\n\n"
        "exit codes: 0 all passed, 1 a test failed or none was run, 2 the rules could not be read or hold errors",
    .examples = "  coach test my-rules.yaml\n"
                "  coach test rules/core-en sites/leeds.yaml\n"
                "  coach test --filter \"upset customer\" my-rules.yaml\n"
                "  coach test --json my-rules.yaml\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
