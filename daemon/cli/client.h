/* Clients of the daemon's sockets, several in one loop of poll(2). */
#ifndef COACH_CLI_CLIENT_H
#define COACH_CLI_CLIENT_H

#include <poll.h>
#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"
#include "lib/wire/lines.h"

enum { CLIENT_MAX_QUEUE = 4 * 1024 * 1024, CLIENT_OTHERS = 4 };

struct client {
    int fd; /* -1: not connected */
    struct lines lines;
    struct buf out; /* what the socket has not taken yet */
    bool closing;   /* half closed once all is sent */
    bool shut;
    void (*on_line)(void *user, const char *line, size_t len);
    void *user;
};

void client_init(struct client *c, void (*on_line)(void *user, const char *line, size_t len), void *user);
/* Connects to `socket` in the runtime directory. Returns 0, or COACH_EINVAL with a text that names the socket and what
 * to do. */
int client_open(struct client *c, const char *runtime_dir, const char *socket, coach_error *err);
void client_close(struct client *c);

/* Queues bytes. Returns 0, COACH_ENOMEM, or COACH_ELIMIT when too much waits already. */
int client_send(struct client *c, const char *data, size_t len);
/* Ends our side once everything queued is sent. */
void client_finish(struct client *c);

/* Waits up to `timeout_ms` (-1: for ever) until something can be read or sent on one of the clients, and does it, or
 * until one of `nothers` (at most CLIENT_OTHERS) others is ready: their `revents` are set as poll(2) does. A client
 * whose peer is gone has fd -1 afterwards. */
void client_pump(struct client *const *clients, size_t n, struct pollfd *others, size_t nothers, int timeout_ms);

#endif
