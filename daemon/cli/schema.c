/* coach schema: what editors need to know of rule files. */
#include <stdio.h>

#include "daemon/cli/cli.h"
#include "lib/eval/ruleschema.h"

static int run(const void *values, const char *const *words, size_t nwords)
{
    struct buf out;
    (void)values;
    if (nwords > 0)
        return cli_fail("schema", "what is '%s'? It takes no words: coach schema > rules-1.schema.json", words[0]);
    buf_init(&out, 0);
    int rc = ruleschema_write(&out);
    if (rc == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
    if (rc == COACH_OK)
        return CLI_OK;
    return cli_fail("schema", rc == COACH_ENOMEM ? "out of memory" : "a key of rule files has no shape here");
}

const struct command command_schema = {
    .name = "schema",
    .usage = "",
    .summary = "print the schema of rule files, for editors",
    .about = "Prints a JSON Schema (draft 7) of rule files, made from the tables that the loader itself reads by. An "
             "editor with\n"
             "YAML support then completes keys, shows what they mean and marks wrong ones while you type. Its file is\n"
             "rules/schema/rules-1.schema.json; name it in the first line of a rule file:\n\n"
             "  # yaml-language-server: $schema=../schema/rules-1.schema.json\n\n"
             "exit codes: 0 it was printed, 2 it could not be",
    .examples = "  coach schema > rules-1.schema.json\n",
    .specs = NULL,
    .nspecs = 0,
    .values_size = 1, /* it has no options */
    .run = run,
};
