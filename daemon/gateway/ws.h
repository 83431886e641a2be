/* One WebSocket after its handshake: bytes to text messages and back, by RFC 6455. It knows no socket; bytes come and
 * go through its handler. All that knows wslay is behind this header. */
#ifndef COACH_GATEWAY_WS_H
#define COACH_GATEWAY_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    WS_QUEUE_MAX = 64 * 1024, /* bytes that may wait for a peer that does not read */
    WS_TURN = 16 * 1024       /* bytes read in one go, then others have theirs */
};

enum ws_code {
    WS_GOING_AWAY = 1001,
    WS_UNSUPPORTED = 1003,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_FAILED = 1011,
    WS_TRY_LATER = 1013
};

struct ws_handler {
    /* Reads up to `len` bytes. Returns how many; 0 when there are none now, -1 when there will be no more. */
    ssize_t (*read)(void *user, void *to, size_t len);
    /* Writes some of the bytes; `more` says that others follow at once. Returns as above. */
    ssize_t (*write)(void *user, const void *from, size_t len, bool more);
    /* A whole text message, UTF-8, valid until it returns. */
    void (*message)(void *user, const char *text, size_t len);
    void *user;
};

struct ws;
/* `max_message` in bytes: a longer one ends the connection with 1009. The handler is copied. NULL when memory is out.
 */
struct ws *ws_new(const struct ws_handler *handler, size_t max_message);
void ws_free(struct ws *w); /* NULL is fine */

/* Reads what there is, up to WS_TURN bytes, and hands out its messages; writes what waits. Returns false when the
 * connection is over: both sides have said goodbye, or one has gone. */
bool ws_read(struct ws *w);
bool ws_write(struct ws *w);
/* Whether it would read, or write, more. It does not read while the peer leaves something unread. */
bool ws_wants_read(const struct ws *w);
bool ws_wants_write(const struct ws *w);

/* Each returns false when it cannot be queued: too much waits, the connection is ending, or memory is out. */
bool ws_send(struct ws *w, const char *text, size_t len);
bool ws_ping(struct ws *w);
/* Says goodbye and hears no more messages. `reason` is at most 120 bytes. */
void ws_close(struct ws *w, enum ws_code code, const char *reason);
/* Whether goodbye was said, by whichever side; and whether the peer was the first. */
bool ws_is_closing(const struct ws *w);
bool ws_peer_closed(const struct ws *w);

#endif
