/* A listening Unix socket: bound by hand, so that its mode is exact and a path that is too long is an error, with
 * an accept loop that neither spins nor starves others when descriptors run out. */
#ifndef COACH_DAEMON_LISTENER_H
#define COACH_DAEMON_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include <uv.h>

#include "lib/base/error.h"

/* Beside the codes of COACH_: another process serves here. */
enum { LISTENER_BUSY = -100 };

struct listener_spec {
    const char *path;
    mode_t mode;
    const char *group; /* gets the socket file if it exists and this process may give it; or NULL */
    int fd;            /* a listening socket that was handed over and is used instead of the path; or -1 */
};

struct listener {
    uv_poll_t poll;
    uv_timer_t pause; /* no accepting for a while, after descriptors ran out */
    int open_handles;
    int fd;
    int reserve; /* given up for a moment to turn a caller away when no other descriptor is left; or -1 */
    bool closing;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* removed on close; "" for one handed over */
    uint64_t turned_away;
    void (*on_accept)(void *user, int fd); /* `fd` is the owner's to close */
    void (*on_closed)(void *user);
    void *user;
};

/* Holds the right to serve in `dir` until `*fd` is closed, by a lock on the file "coachd.lock" in it, which stays.
 * Returns 0; LISTENER_BUSY when another process holds it; COACH_EINVAL when the file cannot be made. */
int listener_lock(const char *dir, int *fd, coach_error *err);

/* Binds and listens, or takes `spec->fd`, and accepts on `loop` from now on. A socket file left by a process that
 * is gone is replaced, known by a refused connect; anything else at the path is left alone. Returns 0;
 * LISTENER_BUSY when a process serves there; COACH_EINVAL with what to do. On error nothing is left behind, `l`
 * is not to be closed, and `spec->fd` is still the caller's. */
int listener_open(struct listener *l, uv_loop_t *loop, const struct listener_spec *spec,
                  void (*on_accept)(void *user, int fd), void *user, coach_error *err);

/* Accepts at once what waits, for the last time before closing. */
void listener_accept_waiting(struct listener *l);

/* Stops and removes the socket file it made; `on_closed` is called from the loop when `l` may be freed. */
void listener_close(struct listener *l, void (*on_closed)(void *user));

#endif
