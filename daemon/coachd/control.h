/* The control socket: one request line, one reply line, then the connection ends. */
#ifndef COACH_COACHD_CONTROL_H
#define COACH_COACHD_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/conn.h"
#include "lib/base/buf.h"
#include "lib/base/error.h"
#include "lib/wire/json.h"

struct control_command {
    const char *name;
    /* Adds the reply, a JSON line, to `out`; or sets `*ticket`, and control_answer replies later. Returns 0, or an
     * error whose text becomes the reply. */
    int (*run)(void *user, const struct json_in *request, struct buf *out, uint64_t *ticket, coach_error *err);
};

struct control_client;
struct control {
    struct conn_loop *loop;
    const struct control_command *commands; /* ends with a NULL name */
    void *user;
    struct control_client *clients;
};

void control_init(struct control *c, struct conn_loop *loop, const struct control_command *commands, void *user);
/* Takes over a connection's descriptor. */
void control_accept(struct control *c, int fd);
/* Replies to all that wait for `ticket` or an earlier one. */
void control_answer(struct control *c, uint64_t ticket, const char *line, size_t len);
/* Ends all connections when what was said is written. */
void control_end(struct control *c);

#endif
