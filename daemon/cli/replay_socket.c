#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/print.h"
#include "daemon/cli/replay.h"
#include "lib/base/table.h"
#include "lib/wire/json.h"

/* Lines on their way, calls whose end is awaited, and how long the daemon may say nothing. */
enum { WINDOW = 64, MOST_AGENTS = 60, PATIENCE_MS = 10000 };

struct through;

/* The desktop of one agent of the recording. */
struct desk {
    struct client client;
    struct through *through;
    bool welcome;
};

struct through {
    const struct replay_values *v;
    const struct screen *screen;
    struct replay_totals *totals;
    struct client ingest;
    struct desk desks[MOST_AGENTS];
    struct table by_agent; /* agent id -> struct desk * */
    size_t desk_count;
    struct table open; /* calls that began and whose call_ended has not come */
    int64_t acked;
    int64_t heard_ms; /* when the daemon last said anything */
    int code;
};

static int64_t wall_ms(void)
{
    return cli_now_ms();
}

static void fail(struct through *t, const char *what)
{
    if (t->code == CLI_OK)
        t->code = cli_fail("replay", "%s", what);
}

/* --- what comes back --- */

static void on_desk_line(void *user, const char *line, size_t len)
{
    struct desk *d = user;
    struct through *t = d->through;
    struct json_in *v;
    struct card card;
    t->heard_ms = wall_ms();
    if (json_in_read(line, len, &v, NULL) != COACH_OK)
        return;
    const char *type = json_in_text(v, "type"), *call = json_in_text(v, "call_id");
    const char *message = json_in_text(v, "message");
    if (type != NULL && strcmp(type, "welcome") == 0) {
        d->welcome = true;
    } else if (type != NULL && strcmp(type, "nudge") == 0) {
        t->totals->nudges++;
        if (t->v->json)
            fprintf(t->screen->to, "%.*s\n", (int)len, line);
        else if (card_read(v, &card))
            screen_card(t->screen, &card);
        fflush(t->screen->to);
    } else if (type != NULL && strcmp(type, "call_ended") == 0 && call != NULL) {
        table_remove(&t->open, call, strlen(call));
    } else if (type != NULL && strcmp(type, "error") == 0) {
        fail(t, message == NULL ? "the daemon refused the agent" : message);
    }
    json_in_free(v);
}

static void on_ingest_line(void *user, const char *line, size_t len)
{
    struct through *t = user;
    struct json_in *v;
    t->heard_ms = wall_ms();
    if (json_in_read(line, len, &v, NULL) != COACH_OK)
        return;
    const char *type = json_in_text(v, "type"), *message = json_in_text(v, "message");
    if (type != NULL && strcmp(type, "ack") == 0)
        t->acked = json_in_int(v, "seq", t->acked);
    else if (type != NULL && strcmp(type, "error") == 0)
        fail(t, message == NULL ? "the daemon refused a line" : message);
    json_in_free(v);
}

static void pump(struct through *t, int timeout_ms)
{
    struct client *all[MOST_AGENTS + 1];
    size_t n = 0;
    all[n++] = &t->ingest;
    for (size_t i = 0; i < t->desk_count; i++)
        all[n++] = &t->desks[i].client;
    client_pump(all, n, NULL, 0, timeout_ms);
    for (size_t i = 0; i < n; i++)
        if (all[i]->fd < 0)
            fail(t, "the daemon ended the connection");
}

/* Waits while `waiting` holds, as long as the daemon keeps saying something. */
static void wait_while(struct through *t, bool (*waiting)(const struct through *t, int64_t seq), int64_t seq)
{
    t->heard_ms = wall_ms();
    while (t->code == CLI_OK && waiting(t, seq)) {
        pump(t, 200);
        if (wall_ms() - t->heard_ms > PATIENCE_MS)
            fail(t, "the daemon does not answer");
    }
}

static bool no_room(const struct through *t, int64_t seq)
{
    return seq - t->acked > WINDOW;
}

static bool not_acked(const struct through *t, int64_t seq)
{
    return t->acked < seq;
}

static bool calls_open(const struct through *t, int64_t seq)
{
    (void)seq;
    return table_count(&t->open) > 0;
}

static bool not_welcome(const struct through *t, int64_t seq)
{
    return !t->desks[seq].welcome;
}

/* --- what goes in --- */

static void send_event(struct through *t, struct client *c, const struct wire_event *e)
{
    struct buf line;
    buf_init(&line, 0);
    if (wire_event_write(e, &line) != COACH_OK || client_send(c, line.data, line.len) != COACH_OK)
        fail(t, "out of memory");
    buf_clear(&line);
}

static void open_desk(struct through *t, const struct wire_text *agent)
{
    coach_error err = {0};
    if (table_get(&t->by_agent, agent->s, agent->len) != NULL)
        return;
    if (t->desk_count == MOST_AGENTS) {
        fail(t, "a recording with more than 60 agents: replay it without --socket, or in parts");
        return;
    }
    struct desk *d = &t->desks[t->desk_count];
    d->through = t;
    client_init(&d->client, on_desk_line, d);
    if (client_open(&d->client, t->v->runtime_dir, "agent.sock", &err) != COACH_OK) {
        fail(t, err.text);
        return;
    }
    t->desk_count++;
    struct wire_event hello = {.type = WIRE_HELLO,
                               .agent_id = *agent,
                               .start_ms = COACH_NO_TIME,
                               .end_ms = COACH_NO_TIME,
                               .recv_ms = COACH_NO_TIME,
                               .seq = -1};
    send_event(t, &d->client, &hello);
    if (table_set(&t->by_agent, agent->s, agent->len, d) != COACH_OK)
        fail(t, "out of memory");
    wait_while(t, not_welcome, (int64_t)t->desk_count - 1);
}

static void wait_for_time(struct through *t, int64_t began, int64_t at_ms)
{
    int64_t due = began + (int64_t)((double)at_ms / t->v->speed);
    for (int64_t left; t->code == CLI_OK && (left = due - wall_ms()) > 0;)
        pump(t, (int)(left < 1000 ? left : 1000));
}

/* Sends one event, its call's agent made known first. */
static void play_event(struct through *t, const struct wire_event *event, int64_t seq)
{
    struct wire_event e = *event;
    bool begins = e.type != WIRE_CALL_END && table_get(&t->open, e.call_id.s, e.call_id.len) == NULL;
    if (begins && e.agent_id.s == NULL)
        e.agent_id = (struct wire_text){t->v->agent, strlen(t->v->agent)};
    if (e.agent_id.s != NULL)
        open_desk(t, &e.agent_id);
    if (begins && table_set(&t->open, e.call_id.s, e.call_id.len, t) != COACH_OK)
        fail(t, "out of memory");
    e.seq = seq;
    send_event(t, &t->ingest, &e);
}

/* Ends the calls that the recording leaves open. */
static int64_t end_calls(struct through *t, int64_t seq)
{
    for (const struct table_entry *e = table_next(&t->open, NULL); e != NULL; e = table_next(&t->open, e)) {
        struct wire_event end = {.type = WIRE_CALL_END,
                                 .start_ms = COACH_NO_TIME,
                                 .end_ms = COACH_NO_TIME,
                                 .recv_ms = COACH_NO_TIME,
                                 .seq = ++seq};
        end.call_id.s = table_key(e, &end.call_id.len);
        send_event(t, &t->ingest, &end);
        wait_while(t, no_room, seq);
    }
    return seq;
}

static void play(struct through *t, const struct recording *recording)
{
    struct wire_event hello = {.type = WIRE_HELLO,
                               .ack = true,
                               .start_ms = COACH_NO_TIME,
                               .end_ms = COACH_NO_TIME,
                               .recv_ms = COACH_NO_TIME,
                               .seq = -1};
    int64_t seq = 0, began = wall_ms();
    send_event(t, &t->ingest, &hello);
    for (size_t i = 0; i < recording->count && t->code == CLI_OK; i++) {
        const struct wire_event *e = &recording->events[i];
        int64_t at = recording_arrival(e);
        if (t->v->speed > 0 && at != COACH_NO_TIME)
            wait_for_time(t, began, at);
        if (!t->v->json)
            print_event(t->screen, e);
        t->totals->lines += e->type == WIRE_TRANSCRIPT && e->is_final;
        play_event(t, e, ++seq);
        wait_while(t, t->v->json ? no_room : not_acked, seq);
        if (!t->v->json)
            pump(t, 0);
    }
    if (t->code == CLI_OK)
        seq = end_calls(t, seq);
    if (t->code == CLI_OK)
        wait_while(t, not_acked, seq);
    if (t->code == CLI_OK)
        wait_while(t, calls_open, 0);
}

int replay_through_socket(const struct replay_values *v, const struct recording *recording, const struct screen *screen,
                          struct replay_totals *totals)
{
    coach_error err = {0};
    struct through *t = calloc(1, sizeof *t);
    if (t == NULL)
        return cli_fail("replay", "out of memory");
    t->v = v;
    t->screen = screen;
    t->totals = totals;
    table_init(&t->by_agent, NULL);
    table_init(&t->open, NULL);
    client_init(&t->ingest, on_ingest_line, t);
    if (client_open(&t->ingest, v->runtime_dir, "ingest.sock", &err) != COACH_OK)
        fail(t, err.text);
    else
        play(t, recording);
    client_close(&t->ingest);
    for (size_t i = 0; i < t->desk_count; i++)
        client_close(&t->desks[i].client);
    table_clear(&t->by_agent);
    table_clear(&t->open);
    int code = t->code;
    free(t);
    return code;
}
