/* coach status: how is the daemon? */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/screen.h"

struct values {
    const char *runtime_dir;
    bool json;
};

static const struct option_spec specs[] = {
    CLI_RUNTIME_SPEC(values),
    CLI_JSON_SPEC(values, "the daemon's reply as it is"),
};

enum { PATIENCE_MS = 5000 };

static void keep_line(void *user, const char *line, size_t len)
{
    struct buf *reply = user;
    if (reply->len == 0)
        buf_add(reply, line, len);
}

/* A value as people read it: one line each, members of an object below it. */
static void print_value(const struct screen *s, const char *key, const struct json_in *v, int depth)
{
    struct buf text;
    printf("%*s%-*s", depth * 2, "", 22 - depth * 2, key);
    if (json_in_is_object(v)) {
        printf("%s\n", json_in_count(v) == 0 ? " none" : "");
        for (size_t i = 0; i < json_in_count(v); i++)
            print_value(s, json_in_key(v, i), json_in_get(v, json_in_key(v, i)), depth + 1);
        return;
    }
    buf_init(&text, 0);
    const char *plain = json_in_string(v);
    if (plain == NULL && json_in_write(v, &text) == COACH_OK)
        plain = text.data;
    printf(" ");
    if (plain != NULL)
        screen_text(s, plain, strlen(plain));
    printf("\n");
    buf_clear(&text);
}

static int show(const struct buf *reply, bool json)
{
    struct screen s = screen_of(stdout);
    struct json_in *v;
    coach_error err;
    if (json_in_read(reply->data, reply->len, &v, &err) != COACH_OK)
        return cli_fail("status", "the daemon's reply cannot be read: %s", err.text);
    const char *type = json_in_text(v, "type");
    int code = CLI_OK;
    if (type != NULL && strcmp(type, "error") == 0) {
        const char *message = json_in_text(v, "message");
        code = cli_fail("status", "%s", message == NULL ? "the daemon refused" : message);
    } else if (json) {
        printf("%s\n", reply->data);
    } else {
        for (size_t i = 0; i < json_in_count(v); i++)
            if (strcmp(json_in_key(v, i), "type") != 0)
                print_value(&s, json_in_key(v, i), json_in_get(v, json_in_key(v, i)), 0);
    }
    json_in_free(v);
    return code;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    static const char request[] = "{\"command\":\"status\"}\n";
    const struct values *v = given;
    struct buf reply;
    struct client c;
    struct client *const all[] = {&c};
    coach_error err;
    if (nwords > 0)
        return cli_fail("status", "what is '%s'? This command takes no words", words[0]);
    buf_init(&reply, 0);
    client_init(&c, keep_line, &reply);
    int code = CLI_OK;
    if (client_open(&c, v->runtime_dir, "control.sock", &err) != COACH_OK)
        code = cli_fail("status", "%s", err.text);
    else if (client_send(&c, request, sizeof request - 1) != COACH_OK)
        code = cli_fail("status", "out of memory");
    int64_t until = cli_now_ms() + PATIENCE_MS;
    while (code == CLI_OK && reply.len == 0 && c.fd >= 0 && cli_now_ms() < until)
        client_pump(all, 1, -1, NULL, 200);
    if (code == CLI_OK)
        code = reply.len > 0 ? show(&reply, v->json) : cli_fail("status", "the daemon did not answer");
    client_close(&c);
    buf_clear(&reply);
    return code;
}

const struct command command_status = {
    .name = "status",
    .usage = "",
    .summary = "how is the daemon: rules, calls, lines, nudges",
    .about = "Asks a running coachd what it holds and has done. No text of any call is part of the answer.\n\n"
             "exit codes: 0 it answered, 2 it did not",
    .examples = "  coach status\n"
                "  coach status --runtime-dir /tmp/coachd --json\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
