/* coach check: are the rule files right? */
#include <stdio.h>

#include "daemon/base/rulefiles.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/screen.h"
#include "lib/eval/scenario.h"
#include "lib/rules/codes.h"
#include "lib/rules/conversation.h"
#include "lib/wire/formats.h"
#include "lib/wire/json.h"

struct values {
    const char *languages;
    bool json, strict, list_codes;
};

static const struct option_spec specs[] = {
    CLI_JSON_SPEC(values, "one JSON object, for editors and CI"),
    {.name = "strict",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, strict),
     .help = "warnings count as findings"},
    {.name = "list-codes",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, list_codes),
     .help = "explain every problem code, and check nothing"},
    {.name = "languages",
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .offset = offsetof(struct values, languages),
     .help = "folder of the language tables"},
};

static void print_json(const struct diags *problems, const struct rulefiles *files, const struct ruleset *set)
{
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_int(&j, "files", (int64_t)(files->nrules + files->nscenarios + files->nformats));
    json_int(&j, "scenarios", (int64_t)files->nscenarios);
    json_int(&j, "formats", (int64_t)files->nformats);
    json_int(&j, "rules", set == NULL ? 0 : (int64_t)ruleset_count(set));
    json_int(&j, "signals", set == NULL ? 0 : (int64_t)ruleset_signal_count(set));
    json_text(&j, "rules_hash", set == NULL ? NULL : ruleset_hash(set));
    json_int(&j, "errors", (int64_t)problems->levels[DIAG_ERROR]);
    json_int(&j, "warnings", (int64_t)problems->levels[DIAG_WARNING]);
    json_int(&j, "notes", (int64_t)problems->levels[DIAG_NOTE]);
    json_open_array(&j, "problems");
    for (size_t i = 0; i < problems->count; i++) {
        const struct diag *d = &problems->items[i];
        json_open_object(&j, NULL);
        json_text(&j, "level", diag_level_name(d->level));
        json_text(&j, "code", d->code);
        json_text(&j, "file", d->at.source == NULL ? NULL : d->at.source->name);
        json_int(&j, "line", d->at.line);
        json_int(&j, "column", d->at.column);
        json_text(&j, "message", d->message);
        json_text(&j, "hint", d->hint);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
}

static void count(struct buf *out, size_t n, const char *what)
{
    buf_addf(out, "%s%zu %s%s", out->len > 0 ? ", " : "", n, what, n == 1 ? "" : "s");
}

static void print_text(const struct diags *problems, const struct rulefiles *files, const struct ruleset *set)
{
    struct screen s = screen_of(stdout);
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < problems->count; i++)
        diag_print(&problems->items[i], s.color, &out);
    if (out.data != NULL)
        fputs(out.data, stdout);
    buf_reset(&out);
    count(&out, files->nrules + files->nscenarios + files->nformats, "file");
    if (files->nscenarios > 0)
        count(&out, files->nscenarios, "practice scenario");
    if (files->nformats > 0)
        count(&out, files->nformats, "vendor format");
    if (set != NULL) {
        count(&out, ruleset_count(set), "rule");
        if (ruleset_signal_count(set) > 0)
            count(&out, ruleset_signal_count(set), "signal");
        count(&out, ruleset_phrases(set), "phrase");
    }
    count(&out, problems->levels[DIAG_ERROR], "error");
    count(&out, problems->levels[DIAG_WARNING], "warning");
    count(&out, problems->levels[DIAG_NOTE], "note");
    printf("%s\n", out.data);
    buf_clear(&out);
}

static void list_codes_json(const struct code *codes, size_t n)
{
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_open_array(&j, "codes");
    for (size_t i = 0; i < n; i++) {
        json_open_object(&j, NULL);
        json_text(&j, "code", codes[i].name);
        json_text(&j, "level", diag_level_name(codes[i].level));
        json_text(&j, "means", codes[i].means);
        json_text(&j, "do", codes[i].todo);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
}

static int list_codes(bool json)
{
    size_t n;
    const struct code *codes = codes_all(&n);
    if (json)
        list_codes_json(codes, n);
    for (size_t i = 0; i < n && !json; i++)
        printf("%-20s %-8s %s\n%-30s%s\n", codes[i].name, diag_level_name(codes[i].level), codes[i].means, "",
               codes[i].todo);
    return CLI_OK;
}

/* Practice scenarios, whose names are of the rules beside them, and mapping files with their samples. */
static int check_others(const struct rulefiles *files, const struct ruleset *set, struct diags *problems)
{
    struct formats *formats = NULL;
    int rc = formats_read(files->formats, files->nformats, &formats, problems);
    formats_unref(formats);
    for (size_t i = 0; i < files->nscenarios && rc == COACH_OK; i++) {
        struct scenario scenario;
        rc = scenario_read(&files->scenarios[i], set, &scenario, problems);
        scenario_clear(&scenario);
    }
    codes_fill_hints(problems);
    diags_sort(problems);
    return rc;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct rulefiles files;
    struct diags problems;
    struct ruleset *set = NULL;
    coach_error err = {0};
    if (v->list_codes)
        return list_codes(v->json);
    rulefiles_init(&files);
    diags_init(&problems);
    int rc = rulefiles_compile(words, nwords, v->languages, COACH_DATADIR, &files, &set, &problems, &err);
    int code;
    if ((rc == COACH_OK || rc == COACH_ERULES) && check_others(&files, set, &problems) != COACH_OK)
        rc = coach_fail_nomem(&err);
    if (rc != COACH_OK && rc != COACH_ERULES) {
        code = cli_fail("check", "%s", err.text);
    } else {
        if (v->json)
            print_json(&problems, &files, set);
        else
            print_text(&problems, &files, set);
        bool found = !diags_clean(&problems) || (v->strict && problems.levels[DIAG_WARNING] > 0);
        code = found ? CLI_FOUND : CLI_OK;
    }
    ruleset_unref(set);
    diags_clear(&problems);
    rulefiles_clear(&files);
    return code;
}

const struct command command_check = {
    .name = "check",
    .usage = "[PATH ...]",
    .summary = "find mistakes in rule files, each with its place and what to type instead",
    .about =
        "Reads rule files, or all *.yaml below a folder, and reports every mistake in one run: what is wrong, where,\n"
        "and what to type instead. The examples of each rule (match, no_match) are proved with the engine's own\n"
        "matching. Regular expressions are run over lines built to be hard for them, and refused where one could hold\n"
        "up a call. Practice scenarios are checked against the rules that are given, or the shipped pack; of vendor "
        "formats\n"
        "(mapping files) each sample is decoded. Without a path the shipped pack is checked.\n\n"
        "exit codes: 0 no error, 1 errors (with --strict also warnings), 2 nothing could be read",
    .examples = "  coach check rules/core-en\n"
                "  coach check rules/core-en sites/leeds.yaml\n"
                "  coach check my-rules.yaml my-scenario.yaml\n"
                "  coach check --json my-rules.yaml\n"
                "  coach check rules/formats\n"
                "  coach check --list-codes\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
