#include "daemon/gateway/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "lib/base/error.h"

enum { LINGER_MS = 1000, GOODBYE_MS = 2000, PINGS_MISSED = 2 };

enum state {
    READING,   /* the request */
    HELD,      /* until its owner knows the answer */
    ANSWERING, /* writing */
    WEBSOCKET,
    LINGERING, /* all was said; reading to the end, for a reset would eat the answer */
    CLOSED
};

struct client {
    struct clients *owner;
    struct client *next, *prev;
    uv_poll_t poll;
    int fd;
    int events; /* polled for */
    enum state state;
    int64_t deadline_ms;
    size_t unproven;         /* counted for its body */
    struct httpreq *request; /* NULL before the first byte, and once answered */
    struct buf out;
    size_t sent;
    struct buf rest; /* read past the handshake */
    struct ws *ws;
    int64_t heard_ms;
    int pings; /* since then */
    bool paused;
    bool told_continue;
    bool said_goodbye; /* this side ended the WebSocket */
    bool told_gone;
    void *data;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static int64_t now_of(const struct clients *cs)
{
    return (int64_t)uv_now(cs->loop);
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;
    close(c->fd);
    buf_clear(&c->out);
    buf_clear(&c->rest);
    if (c->request != NULL)
        httpreq_clear(c->request);
    free(c->request);
    ws_free(c->ws);
    free(c);
}

static void prove(struct client *c)
{
    c->owner->unproven -= c->unproven;
    c->unproven = 0;
}

static void tell_gone(struct client *c)
{
    if (c->told_gone)
        return;
    c->told_gone = true;
    c->owner->websockets -= c->ws != NULL;
    c->owner->handler.gone(c->owner->handler.user, c, !c->said_goodbye);
}

static void drop(struct client *c)
{
    if (c->state == CLOSED)
        return;
    tell_gone(c);
    prove(c);
    c->state = CLOSED;
    *(c->prev != NULL ? &c->prev->next : &c->owner->all) = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->owner->count--;
    uv_close((uv_handle_t *)&c->poll, on_closed);
}

/* Polls for what its state needs. */
static void set_events(struct client *c)
{
    int events = 0;
    switch (c->state) {
    case READING:
    case LINGERING:
        events = UV_READABLE;
        break;
    case ANSWERING:
        events = UV_WRITABLE;
        break;
    case WEBSOCKET:
        events = (ws_wants_read(c->ws) && !c->paused && c->out.len == c->sent ? UV_READABLE : 0) |
                 (ws_wants_write(c->ws) || c->sent < c->out.len ? UV_WRITABLE : 0);
        break;
    case HELD:
    case CLOSED:
        break;
    }
    if (c->state == CLOSED || events == c->events)
        return;
    c->events = events;
    int rc = events == 0 ? uv_poll_stop(&c->poll) : uv_poll_start(&c->poll, events, on_poll);
    if (rc != 0)
        drop(c);
}

static void linger(struct client *c)
{
    tell_gone(c);
    if (c->state == CLOSED)
        return;
    c->state = LINGERING;
    c->deadline_ms = now_of(c->owner) + LINGER_MS;
    shutdown(c->fd, SHUT_WR);
}

/* ---- the socket ---- */

/* As ws_handler has it. */
static ssize_t read_some(struct client *c, void *to, size_t len)
{
    ssize_t n = recv(c->fd, to, len, 0);
    if (n > 0)
        return n;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

static ssize_t write_some(struct client *c, const void *from, size_t len, bool more)
{
    ssize_t n = send(c->fd, from, len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

/* Writes what waits of the answer or handshake. Returns false when the peer has gone. */
static bool flush(struct client *c)
{
    while (c->sent < c->out.len) {
        ssize_t n = write_some(c, c->out.data + c->sent, c->out.len - c->sent, false);
        if (n < 0)
            return false;
        if (n == 0)
            return true;
        c->sent += (size_t)n;
    }
    return true;
}

/* ---- answers ---- */

const struct httpreq *client_request(const struct client *c)
{
    return c->request;
}

static void free_request(struct client *c)
{
    prove(c);
    httpreq_clear(c->request);
    free(c->request);
    c->request = NULL;
}

static void write_answer(struct client *c)
{
    c->state = ANSWERING;
    if (!flush(c))
        drop(c);
    else if (c->sent == c->out.len)
        linger(c);
    set_events(c);
}

void client_answer(struct client *c, const struct answer *a)
{
    struct answer own = *a;
    if (c->state != READING && c->state != HELD)
        return;
    own.bodiless = c->request->state == HTTPREQ_DONE && c->request->method == HTTPREQ_IS_HEAD;
    free_request(c);
    c->owner->answers[a->status / 100]++;
    c->deadline_ms = now_of(c->owner) + GOODBYE_MS;
    if (answer_write(&own, &c->out) != COACH_OK)
        drop(c);
    else
        write_answer(c);
}

void client_refuse(struct client *c, int status, const char *code, const char *message)
{
    struct buf body;
    buf_init(&body, 0);
    if (answer_error_body(code, message, &body) == COACH_OK)
        client_answer(
            c, &(struct answer){.status = status, .type = "application/json", .body = body.data, .len = body.len});
    else
        drop(c);
    buf_clear(&body);
}

void client_hold(struct client *c)
{
    c->state = HELD;
    set_events(c);
}

/* ---- requests ---- */

/* Some peers wait for this before they send a body; one that does not read it does no harm. */
static void tell_continue(struct client *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (c->told_continue || c->request->state != HTTPREQ_BODY || !c->request->expects_continue)
        return;
    c->told_continue = true;
    if (c->request->body_len == 0)
        (void)write_some(c, text, sizeof text - 1, false);
}

/* Whether the body is to be read, its head being whole. */
static bool wants_body(struct client *c)
{
    struct clients *cs = c->owner;
    bool proven = cs->handler.head(cs->handler.user, c);
    if (c->state != READING)
        return false;
    if (proven)
        return true;
    c->unproven = c->request->content_length;
    cs->unproven += c->unproven;
    if (cs->unproven <= CLIENTS_UNPROVEN_MAX)
        return true;
    client_refuse(c, 503, "try_later", "too many bodies wait for their signature to be checked");
    return false;
}

static void take_bytes(struct client *c, const char *data, size_t len)
{
    if (c->request == NULL) {
        c->request = malloc(sizeof *c->request);
        if (c->request == NULL) {
            drop(c);
            return;
        }
        httpreq_init(c->request, c->owner->limits.max_message);
    }
    size_t n = 0;
    if (c->request->state == HTTPREQ_HEAD) {
        n = httpreq_feed_head(c->request, data, len);
        if (c->request->state == HTTPREQ_BODY && !wants_body(c))
            return;
    }
    n += httpreq_feed(c->request, data + n, len - n);
    tell_continue(c);
    if (c->request->state < HTTPREQ_DONE)
        return;
    if (c->request->upgrade && buf_add(&c->rest, data + n, len - n) != COACH_OK)
        drop(c);
    else
        c->owner->handler.request(c->owner->handler.user, c);
}

static void read_request(struct client *c)
{
    ssize_t n = read_some(c, c->owner->buffer, sizeof c->owner->buffer);
    if (n < 0)
        drop(c);
    else if (n > 0)
        take_bytes(c, c->owner->buffer, (size_t)n);
}

static void read_away(struct client *c)
{
    if (read_some(c, c->owner->buffer, sizeof c->owner->buffer) < 0)
        drop(c);
}

/* ---- WebSockets ---- */

static ssize_t on_ws_read(void *user, void *to, size_t len)
{
    struct client *c = user;
    if (c->paused)
        return 0;
    if (c->rest.len == 0) {
        ssize_t got = read_some(c, to, len);
        if (got > 0) {
            c->heard_ms = now_of(c->owner);
            c->pings = 0;
        }
        return got;
    }
    size_t n = c->rest.len < len ? c->rest.len : len;
    memcpy(to, c->rest.data, n);
    buf_drop(&c->rest, n);
    if (c->rest.len == 0)
        buf_clear(&c->rest);
    return (ssize_t)n;
}

static ssize_t on_ws_write(void *user, const void *from, size_t len, bool more)
{
    struct client *c = user;
    return c->sent < c->out.len ? 0 : write_some(c, from, len, more); /* the handshake goes first */
}

static void on_ws_message(void *user, const char *text, size_t len)
{
    struct client *c = user;
    c->owner->handler.message(c->owner->handler.user, c, text, len);
}

static void serve_websocket(struct client *c)
{
    if (!flush(c)) {
        drop(c);
        return;
    }
    if (c->out.len > 0 && c->sent == c->out.len) {
        buf_clear(&c->out);
        c->sent = 0;
    }
    bool alive = ws_read(c->ws) && ws_write(c->ws);
    if (!alive)
        linger(c);
    else if (ws_is_closing(c->ws) && c->deadline_ms == 0)
        c->deadline_ms = now_of(c->owner) + GOODBYE_MS;
    set_events(c);
}

void client_upgrade(struct client *c)
{
    struct ws_handler handler = {.read = on_ws_read, .write = on_ws_write, .message = on_ws_message, .user = c};
    struct httpreq_text key = httpreq_get(c->request, "sec-websocket-key");
    int rc = answer_upgrade(key.s, key.len, &c->out);
    if (rc == COACH_OK)
        c->ws = ws_new(&handler, c->owner->limits.max_message);
    if (rc != COACH_OK || c->ws == NULL) {
        drop(c);
        return;
    }
    free_request(c);
    c->owner->answers[1]++;
    c->owner->websockets++;
    c->state = WEBSOCKET;
    c->deadline_ms = 0;
    c->heard_ms = now_of(c->owner);
    serve_websocket(c);
}

void client_send(struct client *c, const char *text, size_t len)
{
    if (c->state == WEBSOCKET)
        (void)ws_send(c->ws, text, len); /* written when the message that caused it was read */
}

void client_close(struct client *c, enum ws_code code, const char *reason)
{
    if (c->state != WEBSOCKET || ws_is_closing(c->ws))
        return;
    c->said_goodbye = true;
    c->deadline_ms = now_of(c->owner) + GOODBYE_MS;
    ws_close(c->ws, code, reason);
    set_events(c);
}

void client_pause(struct client *c)
{
    c->paused = true;
    set_events(c);
}

bool client_is_websocket(const struct client *c)
{
    return c->state == WEBSOCKET;
}

void client_set_data(struct client *c, void *data)
{
    c->data = data;
}

void *client_data(const struct client *c)
{
    return c->data;
}

/* ---- the loop ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct client *c = poll->data;
    (void)events;
    if (status != 0) {
        drop(c);
        return;
    }
    if (c->state == READING)
        read_request(c);
    else if (c->state == ANSWERING)
        write_answer(c);
    else if (c->state == WEBSOCKET)
        serve_websocket(c);
    else if (c->state == LINGERING)
        read_away(c);
    set_events(c);
}

static void expire(struct client *c)
{
    bool held = c->state == HELD;
    c->owner->timeouts += c->state == READING || c->state == ANSWERING || held;
    if (held) {
        c->owner->handler.late(c->owner->handler.user, c);
    } else {
        drop(c);
    }
}

static void tick_websocket(struct client *c, int64_t now)
{
    int64_t silent = now - c->heard_ms;
    c->owner->handler.tick(c->owner->handler.user, c);
    if (c->state != WEBSOCKET || ws_is_closing(c->ws))
        return;
    if (c->paused) {
        c->heard_ms = now; /* it is we who do not read */
    } else if (silent >= (c->pings + 1) * c->owner->limits.ping_ms) {
        if (c->pings == PINGS_MISSED) {
            c->owner->timeouts++;
            drop(c);
            return;
        }
        c->pings++;
        (void)ws_ping(c->ws);
    }
    set_events(c);
}

void clients_tick(struct clients *cs)
{
    int64_t now = now_of(cs);
    struct client *next;
    for (struct client *c = cs->all; c != NULL; c = next) {
        next = c->next;
        if (c->deadline_ms > 0 && now >= c->deadline_ms)
            expire(c);
        else if (c->state == WEBSOCKET)
            tick_websocket(c, now);
    }
}

void clients_resume(struct clients *cs)
{
    struct client *next;
    for (struct client *c = cs->all; c != NULL; c = next) {
        next = c->next;
        if (!c->paused)
            continue;
        c->paused = false;
        if (c->rest.len > 0) /* no poll would tell of these */
            serve_websocket(c);
        else
            set_events(c);
    }
}

void clients_stop(struct clients *cs)
{
    struct client *next;
    for (struct client *c = cs->all; c != NULL; c = next) {
        next = c->next;
        if (c->state == WEBSOCKET)
            client_close(c, WS_GOING_AWAY, "the gateway is stopping");
        else if (c->state == READING)
            drop(c);
    }
}

void clients_drop(struct clients *cs)
{
    while (cs->all != NULL) {
        cs->all->said_goodbye = true;
        drop(cs->all);
    }
}

void clients_init(struct clients *cs, uv_loop_t *loop, const struct clients_handler *handler,
                  const struct clients_limits *limits)
{
    memset(cs, 0, offsetof(struct clients, buffer));
    cs->loop = loop;
    cs->handler = *handler;
    cs->limits = *limits;
}

void clients_accept(struct clients *cs, int fd)
{
    int on = 1;
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL || uv_poll_init(cs->loop, &c->poll, fd) != 0) {
        free(c);
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails on a Unix socket, which needs none */
    c->owner = cs;
    c->fd = fd;
    c->poll.data = c;
    c->deadline_ms = now_of(cs) + cs->limits.request_ms;
    buf_init(&c->out, 0);
    buf_init(&c->rest, 0);
    c->next = cs->all;
    if (cs->all != NULL)
        cs->all->prev = c;
    cs->all = c;
    cs->count++;
    set_events(c);
}
