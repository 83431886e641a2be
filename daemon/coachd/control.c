#include "daemon/coachd/control.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "lib/base/diag.h"

enum {
    REQUEST_BYTES = 4 * 1024,
    REPLY_BYTES = 32 * 1024 * 1024, /* "calls" of a full daemon is about 4 MiB */
    REQUEST_MS = 10 * 1000,
    REPLY_MS = 30 * 1000,
    COMMANDS_MAX = 32
};

struct control_client {
    struct control *owner;
    struct control_client *next, *prev;
    struct conn *conn;
    uint64_t ticket; /* what it waits for; 0: nothing */
};

void control_init(struct control *c, struct conn_loop *loop, const struct control_command *commands, void *user)
{
    *c = (struct control){.loop = loop, .commands = commands, .user = user};
}

static void reply(struct control_client *client, const char *line, size_t len)
{
    client->ticket = 0;
    if (conn_send(client->conn, line, len) != COACH_OK)
        log_warning("control: a reply of %zu bytes could not be sent", len);
    conn_end(client->conn, "answered");
}

static void reply_error(struct control_client *client, const char *code, const char *message)
{
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "error");
    json_text(&j, "code", code);
    json_text(&j, "message", message);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        reply(client, out.data, out.len);
    else
        conn_close(client->conn, "out of memory");
    buf_clear(&out);
}

static void reply_unknown(struct control_client *client, const char *name)
{
    const struct control_command *commands = client->owner->commands;
    const char *known[COMMANDS_MAX];
    size_t n = 0;
    struct buf text;
    buf_init(&text, 0);
    int rc = buf_addf(&text, "unknown command '%.64s'; known are", name);
    for (; commands[n].name != NULL && n < COMMANDS_MAX; n++) {
        known[n] = commands[n].name;
        if (rc == COACH_OK)
            rc = buf_addf(&text, "%s %s", n == 0 ? "" : ",", known[n]);
    }
    const char *meant = diag_nearest(name, known, n);
    if (rc == COACH_OK && meant != NULL)
        rc = buf_addf(&text, "; did you mean '%s'?", meant);
    reply_error(client, "unknown_command", rc == COACH_OK ? text.data : "unknown command");
    buf_clear(&text);
}

static const char *code_of(int rc)
{
    return rc == COACH_EINVAL ? "bad_field" : rc == COACH_ENOMEM ? "no_memory" : "failed";
}

static void run(struct control_client *client, const struct control_command *command, const struct json_in *request)
{
    struct buf out;
    coach_error err = {0};
    uint64_t ticket = 0;
    buf_init(&out, 0);
    int rc = command->run(client->owner->user, request, &out, &ticket, &err);
    if (rc != COACH_OK)
        reply_error(client, code_of(rc), err.text);
    else if (ticket != 0)
        client->ticket = ticket;
    else
        reply(client, out.data, out.len);
    buf_clear(&out);
}

static void dispatch(struct control_client *client, const struct json_in *request)
{
    const char *name = json_in_text(request, "command");
    if (name == NULL) {
        reply_error(client, "missing_field", "the request must be an object with a text 'command'");
        return;
    }
    for (const struct control_command *c = client->owner->commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0) {
            run(client, c, request);
            return;
        }
    reply_unknown(client, name);
}

static void on_line(void *user, const char *line, size_t len)
{
    struct control_client *client = user;
    struct json_in *request = NULL;
    coach_error err = {0};
    if (client->ticket != 0)
        return; /* one request per connection: the reply to it is on its way */
    if (line == NULL) {
        reply_error(client, "too_long", "a request may have at most 4096 bytes");
        return;
    }
    if (json_in_read(line, len, &request, &err) == COACH_OK)
        dispatch(client, request);
    else
        reply_error(client, "bad_json", err.text);
    json_in_free(request);
}

static void on_finished(void *user)
{
    struct control_client *client = user;
    if (client->ticket == 0) /* one that waits may have closed its side for writing only */
        conn_end(client->conn, "no request");
}

static void on_closed(void *user, const char *why)
{
    struct control_client *client = user;
    (void)why;
    *(client->prev != NULL ? &client->prev->next : &client->owner->clients) = client->next;
    if (client->next != NULL)
        client->next->prev = client->prev;
    free(client);
}

static const struct conn_handler handler = {.line = on_line, .finished = on_finished, .closed = on_closed};

void control_accept(struct control *c, int fd)
{
    static const struct conn_limits limits = {.max_line = REQUEST_BYTES,
                                              .max_queue = REPLY_BYTES,
                                              .line_timeout_ms = REQUEST_MS,
                                              .read_timeout_ms = REPLY_MS};
    coach_error err;
    struct control_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        close(fd);
        return;
    }
    client->owner = c;
    if (conn_open(c->loop, fd, &handler, client, &limits, &client->conn, &err) != COACH_OK) {
        log_warning("control: a connection was dropped: %s", err.text);
        free(client);
        return;
    }
    client->next = c->clients;
    if (client->next != NULL)
        client->next->prev = client;
    c->clients = client;
}

void control_answer(struct control *c, uint64_t ticket, const char *line, size_t len)
{
    for (struct control_client *client = c->clients; client != NULL; client = client->next)
        if (client->ticket != 0 && client->ticket <= ticket)
            reply(client, line, len);
}

void control_end(struct control *c)
{
    for (struct control_client *client = c->clients; client != NULL; client = client->next)
        conn_end(client->conn, "the daemon is stopping");
}
