/* The two small protocols of service managers: readiness and the watchdog (sd_notify), and sockets that were
 * opened before the program began (socket activation). No library, and nothing happens without a manager. */
#ifndef COACH_DAEMON_NOTIFY_H
#define COACH_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/error.h"

struct notify {
    int fd; /* -1: nobody listens */
    struct sockaddr_un to;
    socklen_t to_len;
    int64_t watchdog_ms; /* how often to call notify_watchdog: half of what the manager allows; 0: never */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Cannot fail: without a usable socket the calls below do
 * nothing. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

/* `status` is one line for people, or NULL. None of them waits. */
void notify_ready(const struct notify *n, const char *status);
void notify_reloading(const struct notify *n);
void notify_stopping(const struct notify *n);
void notify_watchdog(const struct notify *n);

/* A listening socket that was handed over. */
struct activated {
    char name[32];
    int fd;
};
enum { ACTIVATED_MAX = 8 };

/* Takes over the descriptors of LISTEN_FDS when LISTEN_PID is this process, sets close-on-exec on them and
 * removes the variables. Names come from LISTEN_FDNAMES. Fills `out`, sets `*count`; the caller closes them.
 * Returns 0, or COACH_EINVAL when there are too many or one of them is no listening Unix stream socket, or a TCP
 * socket where `tcp` allows that. */
int notify_take_sockets(struct activated out[ACTIVATED_MAX], size_t *count, bool tcp, coach_error *err);

#endif
