#include "daemon/cli/delivery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "lib/wire/event.h"
#include "lib/wire/json.h"

enum { WINDOW = 256, ON_THE_WAY = 256 * 1024, BACKOFF_MS = 100, LONGEST_BACKOFF_MS = 5000 };
enum { MOST_A_MINUTE = 10, MINUTE_MS = 60000 };

struct delivery_line {
    char *line; /* ready to be sent again */
    size_t len;
    uint64_t number;
};

/* --- the lines --- */

static void take_ack(struct delivery *d, int64_t seq)
{
    while (d->count > 0 && (int64_t)d->acked < seq) {
        free(d->lines[d->first++].line);
        d->count--;
        d->handed -= d->handed > 0;
        d->acked++;
    }
    d->backoff_ms = BACKOFF_MS;
}

/* An error of line `line` of this connection, whose first line was our hello. */
static void take_error(struct delivery *d, const struct json_in *v)
{
    const char *code = json_in_text(v, "code"), *message = json_in_text(v, "message");
    uint64_t seq = d->reconnected_at + (uint64_t)json_in_int(v, "line", 2) - 2;
    uint64_t number = 0;
    if (seq > d->acked && seq <= d->acked + d->count)
        number = d->lines[d->first + (size_t)(seq - d->acked) - 1].number;
    delivery_complain(d, number, code == NULL ? "error" : code, message == NULL ? "" : message);
}

static void on_answer(void *user, const char *line, size_t len)
{
    struct delivery *d = user;
    struct json_in *v;
    if (json_in_read(line, len, &v, NULL) != COACH_OK)
        return;
    const char *type = json_in_text(v, "type");
    if (type != NULL && strcmp(type, "ack") == 0)
        take_ack(d, json_in_int(v, "seq", 0));
    else if (type != NULL && strcmp(type, "error") == 0)
        take_error(d, v);
    json_in_free(v);
}

void delivery_init(struct delivery *d, const struct delivery_settings *settings)
{
    *d = (struct delivery){.settings = *settings, .backoff_ms = BACKOFF_MS};
    client_init(&d->client, on_answer, d);
}

void delivery_clear(struct delivery *d)
{
    client_close(&d->client);
    for (size_t i = 0; i < d->count; i++)
        free(d->lines[d->first + i].line);
    free(d->lines);
    d->lines = NULL;
    d->first = d->count = d->cap = d->handed = 0;
}

uint64_t delivery_next_seq(const struct delivery *d)
{
    return d->acked + d->count + 1;
}

static int make_place(struct delivery *d)
{
    if (d->first + d->count < d->cap)
        return COACH_OK;
    if (d->first > d->cap / 2) {
        memmove(d->lines, d->lines + d->first, d->count * sizeof *d->lines);
        d->first = 0;
        return COACH_OK;
    }
    size_t cap = d->cap == 0 ? WINDOW : d->cap * 2;
    struct delivery_line *lines = realloc(d->lines, cap * sizeof *lines);
    if (lines == NULL)
        return COACH_ENOMEM;
    d->lines = lines;
    d->cap = cap;
    return COACH_OK;
}

int delivery_add(struct delivery *d, const struct buf *line, uint64_t number)
{
    if (make_place(d) != COACH_OK)
        return COACH_ENOMEM;
    char *copy = malloc(line->len);
    if (copy == NULL)
        return COACH_ENOMEM;
    memcpy(copy, line->data, line->len);
    d->lines[d->first + d->count++] = (struct delivery_line){copy, line->len, number};
    return COACH_OK;
}

bool delivery_has_room(const struct delivery *d)
{
    return d->count < WINDOW;
}

bool delivery_is_done(const struct delivery *d)
{
    return d->count == 0;
}

/* Whether this problem is to be said. */
static bool is_said(struct delivery *d)
{
    int64_t now = cli_now_ms();
    if (now - d->minute_began >= MINUTE_MS) {
        d->minute_began = now;
        d->said = 0;
    }
    if (d->settings.sparing && d->said >= MOST_A_MINUTE) {
        d->unsaid++;
        return false;
    }
    d->said++;
    return true;
}

void delivery_complain(struct delivery *d, uint64_t number, const char *code, const char *message)
{
    d->refused++;
    if (!is_said(d))
        return;
    fprintf(stderr, "coach %s: ", d->settings.command);
    if (number != 0)
        fprintf(stderr, "%s %" PRIu64 ": ", d->settings.unit, number);
    fprintf(stderr, "%s: %s", code, message);
    if (d->unsaid > 0)
        fprintf(stderr, " (%" PRIu64 " problems before it were not said)", d->unsaid);
    fputc('\n', stderr);
    d->unsaid = 0;
}

/* --- the connection --- */

static struct wire_text text(const char *s)
{
    return s == NULL ? (struct wire_text){0} : (struct wire_text){s, strlen(s)};
}

static int say_hello(struct delivery *d)
{
    struct buf line;
    struct wire_event hello = wire_event_blank(WIRE_HELLO);
    hello.ack = true;
    hello.call_id = text(d->settings.call);
    hello.agent_id = text(d->settings.agent);
    buf_init(&line, 0);
    int rc = wire_event_write(&hello, &line);
    if (rc == COACH_OK)
        rc = client_send(&d->client, line.data, line.len);
    buf_clear(&line);
    return rc;
}

static int open_connection(struct delivery *d, coach_error *err)
{
    int rc = client_open(&d->client, d->settings.runtime_dir, "ingest.sock", err);
    if (rc != COACH_OK)
        return rc;
    d->reconnected_at = d->acked + 1;
    d->handed = 0;
    return say_hello(d);
}

static void wait_longer(struct delivery *d)
{
    d->retry_at = cli_now_ms() + d->backoff_ms;
    d->backoff_ms = d->backoff_ms * 2 > LONGEST_BACKOFF_MS ? LONGEST_BACKOFF_MS : d->backoff_ms * 2;
}

/* Connects when it is time to. Returns false when it is time to give up. */
static bool stay_connected(struct delivery *d)
{
    coach_error err = {0};
    int64_t now = cli_now_ms();
    if (d->client.fd >= 0 || now < d->retry_at)
        return true;
    if (open_connection(d, &err) == COACH_OK) {
        d->away_since = 0;
        return true;
    }
    client_close(&d->client);
    if (d->away_since == 0) {
        d->away_since = now;
        cli_fail(d->settings.command, "%s; trying again", err.text);
    }
    if (d->settings.give_up_ms > 0 && now - d->away_since >= d->settings.give_up_ms) {
        cli_fail(d->settings.command, "gave up; %zu lines were not taken", d->count);
        return false;
    }
    wait_longer(d);
    return true;
}

/* Gives lines to the connection as fast as it takes them. */
static void hand_over(struct delivery *d)
{
    while (d->client.fd >= 0 && d->handed < d->count && d->client.out.len < ON_THE_WAY) {
        const struct delivery_line *l = &d->lines[d->first + d->handed];
        if (client_send(&d->client, l->line, l->len) != COACH_OK)
            return; /* it is tried again when there is room */
        d->handed++;
    }
}

bool delivery_pump(struct delivery *d, struct pollfd *others, size_t nothers, int timeout_ms)
{
    struct client *const all[] = {&d->client};
    if (!stay_connected(d))
        return false;
    hand_over(d);
    bool connected = d->client.fd >= 0;
    int64_t patience = d->retry_at - cli_now_ms();
    if (!connected && (timeout_ms < 0 || patience < timeout_ms))
        timeout_ms = patience < 0 ? 0 : (int)patience;
    client_pump(all, 1, others, nothers, timeout_ms);
    if (connected && d->client.fd < 0)
        wait_longer(d);
    return true;
}
