#include "daemon/base/program.h"

#include <sys/resource.h>

int program_print(FILE *to, struct buf *text)
{
    bool ok = text->len == 0 || fwrite(text->data, 1, text->len, to) == text->len;
    ok = fflush(to) == 0 && ok;
    buf_clear(text);
    return ok ? EX_OK : EX_IOERR;
}

int program_refuse(const char *program, bool in_file, const coach_error *err)
{
    fprintf(stderr, "%s: %s\n", program, err->text);
    if (!in_file)
        fprintf(stderr, "Try '%s --help'.\n", program);
    return err->code == COACH_ENOMEM ? EX_OSERR : in_file ? EX_CONFIG : EX_USAGE;
}

void program_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}
