#include "daemon/cli/input.h"

#include <string.h>
#include <unistd.h>

#include "daemon/base/files.h"
#include "daemon/cli/cli.h"
#include "lib/wire/json.h"
#include "lib/wire/roles.h"

enum { MOST_BYTES = 1 << 30, READ = 64 * 1024 };

static int read_stdin(struct buf *out, coach_error *err)
{
    for (;;) {
        if (buf_reserve(out, READ) != COACH_OK)
            return coach_fail_nomem(err);
        ssize_t n = read(STDIN_FILENO, out->data + out->len, READ);
        if (n <= 0)
            return COACH_OK;
        out->len += (size_t)n;
    }
}

int input_read(const char *name, struct buf *out, coach_error *err)
{
    return strcmp(name, "-") == 0 ? read_stdin(out, err) : file_read(name, MOST_BYTES, out, err);
}

bool input_channels_are_good(const char *command, const struct option_list *channels)
{
    for (size_t i = 0; i < channels->count; i++) {
        const char *equals = strrchr(channels->items[i], '=');
        coach_role role;
        if (equals != NULL && equals != channels->items[i] && role_named(equals + 1, strlen(equals + 1), &role))
            continue;
        cli_fail(command, "--channel %.80s: write it as CHANNEL=ROLE, for example 0=customer", channels->items[i]);
        return false;
    }
    return true;
}

int input_hello(const char *format, const char *call, const char *agent, const char *role,
                const struct option_list *channels, bool ack, struct buf *out)
{
    struct json_out j;
    char name[200];
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "hello");
    json_text(&j, "format", format);
    json_text(&j, "call_id", call);
    json_text(&j, "agent_id", agent);
    json_text(&j, "role", role);
    if (channels->count > 0) {
        json_open_object(&j, "channels");
        for (size_t i = 0; i < channels->count; i++) {
            const char *equals = strrchr(channels->items[i], '=');
            size_t len = (size_t)(equals - channels->items[i]);
            len = len < sizeof name ? len : sizeof name - 1;
            memcpy(name, channels->items[i], len);
            name[len] = '\0';
            json_text(&j, name, equals + 1);
        }
        json_close_object(&j);
    }
    if (ack)
        json_bool(&j, "ack", true);
    json_close_object(&j);
    return json_out_end(&j, true);
}
