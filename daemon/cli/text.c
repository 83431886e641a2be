#include "daemon/cli/text.h"

#include "daemon/cli/cli.h"
#include "lib/base/utf8.h"

int text_join(const char *command, const char *const *words, size_t nwords, struct buf *ret)
{
    int rc = buf_adds(ret, "");
    for (size_t i = 0; i < nwords && rc == COACH_OK; i++)
        rc = buf_addf(ret, "%s%s", i > 0 ? " " : "", words[i]);
    if (rc != COACH_OK)
        return cli_fail(command, "out of memory");
    if (ret->len > 0 && utf8_valid(ret->data, ret->len) < ret->len)
        return cli_fail(command, "the text is not UTF-8");
    return CLI_OK;
}
