/* One connection to another machine, for a loop of poll(2): bytes in, bytes out, both bounded. */
#ifndef COACH_CLI_TCP_H
#define COACH_CLI_TCP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"

struct tcp {
    int fd; /* -1: not connected */
    struct buf in, out;
};

void tcp_init(struct tcp *t, size_t max_in, size_t max_out);
/* Connects; a host that does not answer is given up after ten seconds. Returns 0, or COACH_EINVAL with a text that
 * names host and port. */
int tcp_open(struct tcp *t, const char *host, const char *port, coach_error *err);
/* Ends it and frees what it holds; it may be opened again. */
void tcp_close(struct tcp *t);

/* What to wait for: reading when `may_read` and there is room, writing when something waits. */
struct pollfd tcp_poll(const struct tcp *t, bool may_read);
/* Reads and writes what `revents` allow. When the peer has gone, fd is -1 afterwards, and `in` has what came. */
void tcp_pump(struct tcp *t, short revents);

#endif
