/* One connection on a stream: bytes in to lines, lines out gathered and written once per turn of the loop.
 *
 * Glossary. A *turn* is one round of the event loop. A connection is *suspended* when it used up its share of a
 * turn: it is read again in the next one. It is *paused* when its owner does not want lines for now. *Ending* is
 * closing as soon as everything was written; *closing* is final, and from then on no callback but `closed` comes. */
#ifndef COACH_DAEMON_CONN_H
#define COACH_DAEMON_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <uv.h>

#include "lib/base/error.h"

enum {
    CONN_READ = 64 * 1024,            /* the read buffer that all connections of a loop share */
    CONN_LINES_PER_TURN = 256,        /* of one connection, then the others have their go */
    CONN_BYTES_PER_TURN = 256 * 1024, /* likewise */
    CONN_END_MS = 5000                /* how long an ending connection may take to read what it was sent */
};

/* The reason given when a peer reads nothing for too long. */
extern const char conn_not_reading[];

struct conn;

/* What the connections of one loop share. It must not move while open. */
struct conn_loop {
    uv_loop_t *loop;
    uv_prepare_t before_wait; /* flushes what timers and the like wrote */
    uv_check_t after_io;      /* flushes what reading wrote, and begins the next turn */
    uv_idle_t again;          /* runs while connections are suspended, so that the loop does not wait */
    uv_timer_t ages;          /* once a second: lines never finished, output never read */
    int open_handles;
    uint64_t turn;
    uint64_t last_id;
    struct conn *all;
    struct conn *suspended;
    struct conn *dirty; /* have output to flush */
    size_t count;
    void (*on_closed)(void *user);
    void *user;
    char buffer[CONN_READ];
};

struct conn_handler {
    /* A line without its newline, valid until it returns; NULL for one over the limit, which was passed over. */
    void (*line)(void *user, const char *line, size_t len);
    /* After all lines of one read; may be NULL. */
    void (*batch)(void *user);
    /* Everything that was sent has left for the kernel; may be NULL. */
    void (*drained)(void *user);
    /* The peer has said all it will say; its last line was handed out. What is left is to answer and end. */
    void (*finished)(void *user);
    /* The last call: `why` is the reason given to conn_close or conn_end. `user` may be freed here. */
    void (*closed)(void *user, const char *why);
};

struct conn_limits {
    size_t max_line;         /* bytes */
    size_t max_queue;        /* bytes of output that may wait here; conn_send refuses what is over */
    int64_t line_timeout_ms; /* a line that was begun must end within this; 0 for never */
    int64_t read_timeout_ms; /* the peer must read something of what waits within this; 0 for never */
    bool hear_out;           /* a peer that takes nothing more is still read up to its end */
};

/* Cannot fail. */
void conn_loop_open(struct conn_loop *cl, uv_loop_t *loop);
/* Only when no connection is left; `on_closed` is called from the loop when `cl` may be freed. */
void conn_loop_close(struct conn_loop *cl, void (*on_closed)(void *user), void *user);

/* Takes over the connected stream socket `fd` and reads from it. `handler` and `user` must live until `closed`.
 * Returns 0 and sets `*ret`; COACH_ENOMEM or COACH_EINTERNAL, `fd` then being closed. */
int conn_open(struct conn_loop *cl, int fd, const struct conn_handler *handler, void *user,
              const struct conn_limits *limits, struct conn **ret, coach_error *err);

/* Closes without more ado; may be called by anyone and twice, the first reason counts. `why` is a text that lives
 * as long as the program. */
void conn_close(struct conn *c, const char *why);
/* Reads no more, and closes when everything was written or CONN_END_MS has passed. */
void conn_end(struct conn *c, const char *why);

/* Adds bytes to what is written at the end of this turn. Returns 0; COACH_ELIMIT when more than max_queue would
 * wait, COACH_ENOMEM: nothing was then added. Without effect on a closing connection, and on one whose peer has
 * gone and left something to be read. */
int conn_send(struct conn *c, const void *data, size_t len);
/* Bytes that wait here, not those that the kernel has taken. */
size_t conn_queued(const struct conn *c);

/* No lines until conn_resume; what the peer sends waits in the kernel, and then with the peer. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

/* Nothing was sent by the peer that has not been handed out, as far as the kernel knows. */
bool conn_is_dry(const struct conn *c);

uint64_t conn_id(const struct conn *c);          /* for logs: counts from 1 in each loop */
uint64_t conn_line_number(const struct conn *c); /* of the line being handed out, from 1 */
/* Who connected. Returns 0 or COACH_EINVAL. */
int conn_peer(const struct conn *c, struct ucred *ret);

#endif
