#include "daemon/cli/recordings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/files.h"
#include "daemon/cli/cli.h"

enum { MOST_BYTES = 1 << 30, MOST_TOLD = 20 };

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

static int read_stdin(struct buf *out)
{
    for (;;) {
        if (buf_reserve(out, 64 * 1024) != COACH_OK)
            return COACH_ENOMEM;
        ssize_t n = read(STDIN_FILENO, out->data + out->len, 64 * 1024);
        if (n <= 0)
            return COACH_OK;
        out->len += (size_t)n;
    }
}

static int read_bytes(const char *name, struct buf *out, coach_error *err)
{
    return strcmp(name, "-") == 0 ? read_stdin(out) : file_read(name, MOST_BYTES, out, err);
}

int recordings_read(const char *command, const char *name, struct recording *ret, uint64_t *bad)
{
    struct buf text;
    struct bad_lines lines = {.command = command, .file = name};
    coach_error err = {0};
    *ret = (struct recording){0};
    *bad = 0;
    buf_init(&text, 0);
    if (read_bytes(name, &text, &err) != COACH_OK) {
        buf_clear(&text);
        return cli_fail(command, "%s", err.code == COACH_OK ? "out of memory" : err.text);
    }
    int rc = recording_read(ret, text.len == 0 ? "" : text.data, text.len, on_bad_line, &lines);
    buf_clear(&text);
    *bad = lines.count;
    if (rc != COACH_OK)
        return cli_fail(command, "out of memory");
    return ret->count > 0 ? CLI_OK : cli_fail(command, "%s holds no event", name);
}
