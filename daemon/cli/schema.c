/* coach schema: what editors need to know of rule files and practice scenarios. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "lib/eval/ruleschema.h"

static bool kind_of(const char *const *words, size_t nwords, enum ruleschema_kind *ret)
{
    static const char *const names[] = {[RULESCHEMA_RULES] = "rules", [RULESCHEMA_PRACTICE] = "practice"};
    *ret = RULESCHEMA_RULES;
    for (size_t i = 0; nwords == 1 && i < sizeof names / sizeof *names; i++)
        if (strcmp(words[0], names[i]) == 0) {
            *ret = (enum ruleschema_kind)i;
            return true;
        }
    return nwords == 0;
}

static int run(const void *values, const char *const *words, size_t nwords)
{
    struct buf out;
    enum ruleschema_kind kind;
    (void)values;
    if (!kind_of(words, nwords, &kind))
        return cli_fail("schema", "what is '%s'? There is a schema of 'rules' and one of 'practice'",
                        words[nwords > 1 ? 1 : 0]);
    buf_init(&out, 0);
    int rc = ruleschema_write(kind, &out);
    if (rc == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
    if (rc == COACH_OK)
        return CLI_OK;
    return cli_fail("schema", rc == COACH_ENOMEM ? "out of memory" : "a key of these files has no shape here");
}

const struct command command_schema = {
    .name = "schema",
    .usage = "[rules | practice]",
    .summary = "print the schema of rule files or of practice scenarios, for editors",
    .about = "Prints a JSON Schema (draft 7) of rule files, or of the scenarios of coach practice, made from the "
             "tables that the\n"
             "loader itself reads by. An editor with YAML support then completes keys, shows what they mean and marks "
             "wrong\n"
             "ones while you type. The files are rules-1.schema.json and practice-1.schema.json in rules/schema; name "
             "one in\n"
             "the first line of a file:\n\n"
             "  # yaml-language-server: $schema=../schema/rules-1.schema.json\n\n"
             "exit codes: 0 it was printed, 2 it could not be",
    .examples = "  coach schema > rules-1.schema.json\n  coach schema practice > practice-1.schema.json\n",
    .specs = NULL,
    .nspecs = 0,
    .values_size = 1, /* it has no options */
    .run = run,
};
