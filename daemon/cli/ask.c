#include "daemon/cli/ask.h"

#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"

enum { PATIENCE_MS = 5000 };

static void keep_line(void *user, const char *line, size_t len)
{
    struct buf *reply = user;
    if (reply->len == 0)
        buf_add(reply, line, len);
}

static int read_reply(const char *command, const struct buf *reply, struct json_in **ret)
{
    coach_error err;
    if (json_in_read(reply->data, reply->len, ret, &err) != COACH_OK)
        return cli_fail(command, "the daemon's reply cannot be read: %s", err.text);
    const char *type = json_in_text(*ret, "type"), *message = json_in_text(*ret, "message");
    if (type == NULL || strcmp(type, "error") != 0)
        return CLI_OK;
    int code = cli_fail(command, "%s", message == NULL ? "the daemon refused" : message);
    json_in_free(*ret);
    return code;
}

int ask_daemon(const char *command, const char *runtime_dir, const struct buf *request, struct buf *reply,
               struct json_in **ret)
{
    struct client c;
    struct client *const all[] = {&c};
    coach_error err;
    int code = CLI_OK;
    client_init(&c, keep_line, reply);
    if (client_open(&c, runtime_dir, "control.sock", &err) != COACH_OK)
        code = cli_fail(command, "%s", err.text);
    else if (client_send(&c, request->data, request->len) != COACH_OK)
        code = cli_fail(command, "out of memory");
    int64_t until = cli_now_ms() + PATIENCE_MS;
    while (code == CLI_OK && reply->len == 0 && c.fd >= 0 && cli_now_ms() < until)
        client_pump(all, 1, NULL, 0, 200);
    client_close(&c);
    if (code != CLI_OK)
        return code;
    return reply->len > 0 ? read_reply(command, reply, ret) : cli_fail(command, "the daemon did not answer");
}
