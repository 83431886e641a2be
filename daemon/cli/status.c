/* coach status: how is the daemon? */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/screen.h"

struct values {
    const char *runtime_dir;
    bool json;
};

static const struct option_spec specs[] = {
    CLI_RUNTIME_SPEC(values),
    CLI_JSON_SPEC(values, "the daemon's reply as it is"),
};

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

static void show(const struct json_in *v)
{
    struct screen s = screen_of(stdout);
    for (size_t i = 0; i < json_in_count(v); i++)
        if (strcmp(json_in_key(v, i), "type") != 0)
            print_value(&s, json_in_key(v, i), json_in_get(v, json_in_key(v, i)), 0);
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct buf request, reply;
    struct json_in *status;
    if (nwords > 0)
        return cli_fail("status", "what is '%s'? This command takes no words", words[0]);
    buf_init(&request, 0);
    buf_init(&reply, 0);
    int code =
        buf_adds(&request, "{\"command\":\"status\"}\n") == COACH_OK ? CLI_OK : cli_fail("status", "out of memory");
    if (code == CLI_OK)
        code = ask_daemon("status", v->runtime_dir, &request, &reply, &status);
    if (code == CLI_OK) {
        if (v->json)
            printf("%s\n", reply.data);
        else
            show(status);
        json_in_free(status);
    }
    buf_clear(&request);
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
