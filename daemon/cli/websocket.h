/* A WebSocket client (RFC 6455), as much as listening to a recogniser needs: messages in, text and audio out; pings
 * are answered. Plain TCP only. */
#ifndef COACH_CLI_WEBSOCKET_H
#define COACH_CLI_WEBSOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/cli/tcp.h"

enum websocket_state { WEBSOCKET_GREETING, WEBSOCKET_OPEN, WEBSOCKET_CLOSED };

struct websocket {
    struct tcp tcp;
    enum websocket_state state;
    char key[25];       /* what the server's answer must fit */
    struct buf message; /* as far as it has come */
    bool in_message, is_text, too_long;
    uint64_t messages; /* of text, so far */
};

/* `text` is NULL for a message over the limit. Returns 0, or anything else to stop. */
typedef int (*websocket_fn)(void *user, const char *text, size_t len);

void websocket_init(struct websocket *w, size_t max_message);
void websocket_clear(struct websocket *w);

/* Whether `url` is one that websocket_open takes; if not, the text says what to write instead. */
int websocket_check(const char *url, coach_error *err);
/* Connects and asks for the upgrade; the server's answer is read by websocket_take. Returns 0, or COACH_EINVAL with a
 * text that names the place; COACH_ENOMEM. */
int websocket_open(struct websocket *w, const char *url, coach_error *err);
/* Goes through what has come: text messages are handed out, pings and a close answered. Returns 0; COACH_EINVAL with a
 * text when the server does not speak the protocol; COACH_ENOMEM; or what the callback returned. */
int websocket_take(struct websocket *w, websocket_fn fn, void *user, coach_error *err);
/* Queues a message. Returns 0, COACH_ENOMEM, or COACH_ELIMIT when too much waits already. */
int websocket_send(struct websocket *w, bool text, const void *data, size_t len);
/* Queues our close. */
int websocket_finish(struct websocket *w);

#endif
