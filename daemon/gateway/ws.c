#include "daemon/gateway/ws.h"

#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

struct ws {
    wslay_event_context_ptr wslay;
    struct ws_handler handler;
    size_t left; /* of this turn */
    bool closing;
    bool peer_closed;
};

/* ---- what wslay asks for ---- */

static ssize_t pass_on(struct ws *w, ssize_t n)
{
    if (n > 0)
        return n;
    wslay_event_set_error(w->wslay, n == 0 ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *to, size_t len, int flags, void *user)
{
    struct ws *w = user;
    (void)ctx;
    (void)flags;
    if (len > w->left)
        len = w->left;
    ssize_t n = len == 0 ? 0 : w->handler.read(w->handler.user, to, len);
    if (n > 0)
        w->left -= (size_t)n;
    return pass_on(w, n);
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *from, size_t len, int flags, void *user)
{
    struct ws *w = user;
    (void)ctx;
    return pass_on(w, w->handler.write(w->handler.user, from, len, (flags & WSLAY_MSG_MORE) != 0));
}

static void on_msg(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
    struct ws *w = user;
    (void)ctx;
    if (arg->opcode == WSLAY_CONNECTION_CLOSE) {
        w->peer_closed = !w->closing;
        w->closing = true;
    } else if (arg->opcode == WSLAY_BINARY_FRAME) {
        ws_close(w, WS_UNSUPPORTED, "text messages only");
    } else if (arg->opcode == WSLAY_TEXT_FRAME && !w->closing) {
        w->handler.message(w->handler.user, (const char *)arg->msg, arg->msg_length);
    }
}

/* ---- life ---- */

struct ws *ws_new(const struct ws_handler *handler, size_t max_message)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv, .send_callback = on_send, .on_msg_recv_callback = on_msg};
    struct ws *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->handler = *handler;
    if (wslay_event_context_server_init(&w->wslay, &callbacks, w) != 0) {
        free(w);
        return NULL;
    }
    wslay_event_config_set_max_recv_msg_length(w->wslay, max_message);
    return w;
}

void ws_free(struct ws *w)
{
    if (w == NULL)
        return;
    wslay_event_context_free(w->wslay);
    free(w);
}

bool ws_read(struct ws *w)
{
    w->left = WS_TURN;
    if (ws_wants_read(w))
        (void)wslay_event_recv(w->wslay); /* on an error too a goodbye is queued, and nothing more is read */
    if (!wslay_event_get_read_enabled(w->wslay))
        w->closing = true;
    return ws_write(w);
}

bool ws_write(struct ws *w)
{
    if (wslay_event_want_write(w->wslay) && wslay_event_send(w->wslay) != 0)
        return false;
    return wslay_event_want_write(w->wslay) || wslay_event_want_read(w->wslay);
}

bool ws_wants_read(const struct ws *w)
{
    return wslay_event_want_read(w->wslay) && !wslay_event_want_write(w->wslay);
}

bool ws_wants_write(const struct ws *w)
{
    return wslay_event_want_write(w->wslay);
}

/* ---- what is said ---- */

/* wslay copies and queues without bound. */
static bool queue(struct ws *w, uint8_t opcode, const char *text, size_t len)
{
    if (w->closing || wslay_event_get_queued_msg_length(w->wslay) + len > WS_QUEUE_MAX ||
        wslay_event_get_queued_msg_count(w->wslay) >= WS_QUEUE_MAX / 64)
        return false;
    struct wslay_event_msg msg = {.opcode = opcode, .msg = (const uint8_t *)text, .msg_length = len};
    return wslay_event_queue_msg(w->wslay, &msg) == 0;
}

bool ws_send(struct ws *w, const char *text, size_t len)
{
    return queue(w, WSLAY_TEXT_FRAME, text, len);
}

bool ws_ping(struct ws *w)
{
    return queue(w, WSLAY_PING, "", 0);
}

void ws_close(struct ws *w, enum ws_code code, const char *reason)
{
    if (w->closing)
        return;
    w->closing = true;
    wslay_event_shutdown_read(w->wslay);
    (void)wslay_event_queue_close(w->wslay, code, (const uint8_t *)reason, strlen(reason));
}

bool ws_is_closing(const struct ws *w)
{
    return w->closing;
}

bool ws_peer_closed(const struct ws *w)
{
    return w->peer_closed;
}
