#include "daemon/cli/recordings.h"

#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/input.h"

enum { MOST_TOLD = 20 };

struct bad_lines {
    const char *command, *file;
    uint64_t count;
};

static void on_bad_line(void *user, uint64_t line, const char *code, const char *message)
{
    struct bad_lines *bad = user;
    if (bad->count++ < MOST_TOLD)
        fprintf(stderr, "coach %s: %s:%llu: %s: %s\n", bad->command, bad->file, (unsigned long long)line, code,
                message);
}

int recordings_read(const char *command, const char *name, struct recording *ret, uint64_t *bad)
{
    struct buf text;
    struct bad_lines lines = {.command = command, .file = name};
    coach_error err = {0};
    *ret = (struct recording){0};
    *bad = 0;
    buf_init(&text, 0);
    if (input_read(name, &text, &err) != COACH_OK) {
        buf_clear(&text);
        return cli_fail(command, "%s", err.text);
    }
    int rc = recording_read(ret, text.len == 0 ? "" : text.data, text.len, on_bad_line, &lines);
    buf_clear(&text);
    *bad = lines.count;
    if (rc != COACH_OK)
        return cli_fail(command, "out of memory");
    return ret->count > 0 ? CLI_OK : cli_fail(command, "%s holds no event", name);
}
