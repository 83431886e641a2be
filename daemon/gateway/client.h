/* One connection from the network: its socket, its deadlines, its one request and answer, or its WebSocket. What a
 * request means is its owner's business. */
#ifndef COACH_GATEWAY_CLIENT_H
#define COACH_GATEWAY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "daemon/gateway/answer.h"
#include "daemon/gateway/httpreq.h"
#include "daemon/gateway/ws.h"

struct client;

struct clients_handler {
    /* The head of a request with a body is whole: it may be answered before the body is read. Returns whether its
     * sender showed who it is; the bodies of those that did not are read only while they are few. */
    bool (*head)(void *user, struct client *c);
    /* A request is whole or refused (`state` says which). It must be answered, upgraded or held. */
    void (*request)(void *user, struct client *c);
    /* A held request was not answered in time; answer it now. */
    void (*late)(void *user, struct client *c);
    /* A text message of a WebSocket. */
    void (*message)(void *user, struct client *c, const char *text, size_t len);
    /* Twice a second, of a WebSocket. */
    void (*tick)(void *user, struct client *c);
    /* The request is answered or the WebSocket over: what the owner keeps of it can go. `left`: the peer ended it, not
     * this side. Comes once for each client, answered or not. */
    void (*gone)(void *user, struct client *c, bool left);
    void *user;
};

enum { CLIENTS_UNPROVEN_MAX = 4 * 1024 * 1024 };

struct clients_limits {
    size_t max_message;
    int64_t request_ms;
    int64_t ping_ms;
};

/* All of one loop. It must not move while open. */
struct clients {
    uv_loop_t *loop;
    struct clients_handler handler;
    struct clients_limits limits;
    struct client *all;
    size_t count;
    size_t websockets;
    size_t unproven; /* bytes of bodies whose senders have yet to show who they are */
    uint64_t timeouts;
    uint64_t answers[6]; /* by the first digit of their status */
    char buffer[16 * 1024];
};

void clients_init(struct clients *cs, uv_loop_t *loop, const struct clients_handler *handler,
                  const struct clients_limits *limits);
/* Takes over the connected socket `fd`. */
void clients_accept(struct clients *cs, int fd);
/* Twice a second: deadlines, pings. */
void clients_tick(struct clients *cs);
/* Says goodbye to WebSockets, hangs up on requests that are not whole; others may still be answered. */
void clients_stop(struct clients *cs);
/* Hangs up on everyone. The last of them is freed by the loop. */
void clients_drop(struct clients *cs);
/* Reads WebSockets again that were paused. */
void clients_resume(struct clients *cs);

/* Until it is answered or upgraded. */
const struct httpreq *client_request(const struct client *c);
/* What the owner keeps of it. */
void client_set_data(struct client *c, void *data);
void *client_data(const struct client *c);

/* What becomes of a request: answered, ... */
void client_answer(struct client *c, const struct answer *a);
/* ... with {"type":"error",...}, ... */
void client_refuse(struct client *c, int status, const char *code, const char *message);
/* ... answered later, ... */
void client_hold(struct client *c);
/* ... or made a WebSocket. */
void client_upgrade(struct client *c);

/* Of a WebSocket. A message that does not fit what may wait is dropped. */
void client_send(struct client *c, const char *text, size_t len);
void client_close(struct client *c, enum ws_code code, const char *reason);
/* No messages until clients_resume; what the peer sends waits with the kernel and then with the peer. */
void client_pause(struct client *c);
bool client_is_websocket(const struct client *c);

#endif
