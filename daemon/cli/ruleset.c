#include "daemon/cli/ruleset.h"

#include <stdio.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/screen.h"
#include "lib/rules/compile.h"

void loaded_print_errors(const struct loaded *l)
{
    const struct diags *problems = &l->problems;
    struct screen s = screen_of(stderr);
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].level == DIAG_ERROR)
            diag_print(&problems->items[i], s.color, &out);
    if (out.data != NULL)
        fputs(out.data, stderr);
    buf_clear(&out);
}

int loaded_read(struct loaded *l, const char *command, const struct option_list *rules, const char *languages)
{
    coach_error err = {0};
    l->set = NULL;
    rulefiles_init(&l->files);
    diags_init(&l->problems);
    int rc =
        rulefiles_compile(rules->items, rules->count, languages, COACH_DATADIR, &l->files, &l->set, &l->problems, &err);
    if (rc == COACH_OK)
        return CLI_OK;
    loaded_print_errors(l);
    return cli_fail(command, "%s", err.text);
}

void loaded_clear(struct loaded *l)
{
    ruleset_unref(l->set);
    diags_clear(&l->problems);
    rulefiles_clear(&l->files);
}

/* As loaded_read, but a rule may still be without its examples: it is being written. */
static int read_draft(struct loaded *l, const char *command, const struct option_list *rules, const char *languages)
{
    static const struct rules_options draft = {.draft = true};
    struct rulefiles *f = &l->files;
    coach_error err = {0};
    l->set = NULL;
    rulefiles_init(f);
    diags_init(&l->problems);
    int rc = rulefiles_load(f, rules->items, rules->count, languages, COACH_DATADIR, &l->problems, &err);
    if (rc != COACH_OK)
        return cli_fail(command, "%s", err.text);
    rc = rules_compile(f->rules, f->nrules, f->languages, f->nlanguages, &draft, &l->set, &l->problems);
    if (rc == COACH_OK && diags_clean(&l->problems))
        return CLI_OK;
    loaded_print_errors(l);
    size_t errors = l->problems.levels[DIAG_ERROR];
    return rc == COACH_ENOMEM ? cli_fail(command, "out of memory")
                              : cli_fail(command, "%zu error%s in the rule files", errors, errors == 1 ? "" : "s");
}

int loaded_read_trees(struct loaded_trees *l, const char *command, const struct option_list *rules,
                      const char *languages)
{
    *l = (struct loaded_trees){0};
    int code = read_draft(&l->loaded, command, rules, languages);
    const struct rulefiles *f = &l->loaded.files;
    if (anatomy_read(&l->anatomy, f->rules, code == CLI_OK ? f->nrules : 0, f->languages,
                     code == CLI_OK ? f->nlanguages : 0) != COACH_OK)
        return cli_fail(command, "out of memory");
    return code;
}

void loaded_clear_trees(struct loaded_trees *l)
{
    anatomy_clear(&l->anatomy);
    loaded_clear(&l->loaded);
}

int loaded_named(const struct loaded_trees *l, const char *command, const char *id, const struct rule **ret)
{
    *ret = ruleset_find(l->loaded.set, id);
    if (*ret != NULL)
        return CLI_OK;
    const char *near = anatomy_nearest(&l->anatomy, id);
    char shown[80];
    size_t n = 0;
    for (const char *p = id; *p != '\0' && n + 1 < sizeof shown; p++)
        shown[n++] = (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p;
    shown[n] = '\0';
    return cli_fail(command, "there is no rule called '%s'%s%s%s", shown, near == NULL ? "" : "; did you mean '",
                    near == NULL ? "" : near, near == NULL ? "" : "'?");
}

int loaded_find(const struct loaded_trees *l, const char *command, const char *id, const struct rule **ret)
{
    int code = loaded_named(l, command, id, ret);
    if (code != CLI_OK)
        return code;
    const struct def_rule *def = anatomy_rule(&l->anatomy, id);
    if (def->when.node != NULL)
        return cli_fail(command,
                        "'%s' watches the conversation (when), not one line; try one of its signals' phrases, or "
                        "'coach explain --call FILE %s'",
                        id, id);
    if (def->says.count + def->swap.count == 0)
        return cli_fail(command, "'%s' is a regular expression and has no phrases to take apart; use coach try", id);
    return CLI_OK;
}

int loaded_read_formats(struct loaded_formats *l, const char *command, const struct option_list *paths)
{
    coach_error err = {0};
    struct rulefiles *f = &l->loaded.files;
    struct diags *problems = &l->loaded.problems;
    *l = (struct loaded_formats){0};
    rulefiles_init(f);
    diags_init(problems);
    int rc = rulefiles_load_formats(f, paths->items, paths->count, COACH_DATADIR, problems, &err);
    if (rc != COACH_OK)
        return cli_fail(command, "%s", err.text);
    if (formats_read(f->formats, f->nformats, &l->formats, problems) != COACH_OK)
        return cli_fail(command, "out of memory");
    if (diags_clean(problems))
        return CLI_OK;
    loaded_print_errors(&l->loaded);
    return cli_fail(command, "the mapping files have errors");
}

void loaded_clear_formats(struct loaded_formats *l)
{
    formats_unref(l->formats);
    loaded_clear(&l->loaded);
}
