#include "daemon/cli/ruleset.h"

#include <stdio.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/screen.h"

static void print_errors(const struct diags *problems)
{
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
    print_errors(&l->problems);
    return cli_fail(command, "%s", err.text);
}

void loaded_clear(struct loaded *l)
{
    ruleset_unref(l->set);
    diags_clear(&l->problems);
    rulefiles_clear(&l->files);
}
