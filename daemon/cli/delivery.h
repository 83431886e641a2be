/* Lines to the ingest socket, each until the daemon has said that it took effect: what `coach send` and the relays
 * share. While the daemon is away it is tried again, ever more slowly, and what was not acknowledged is sent again. */
#ifndef COACH_CLI_DELIVERY_H
#define COACH_CLI_DELIVERY_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/cli/client.h"
#include "lib/base/buf.h"

/* What says where lines go and how; texts are kept, not copied. */
struct delivery_settings {
    const char *command; /* for what is said on stderr: "coach COMMAND: ..." */
    const char *unit;    /* what is counted there: "line", "message" */
    const char *runtime_dir;
    const char *call, *agent; /* bound by hello; may be NULL */
    int64_t give_up_ms;       /* 0: never */
    bool sparing;             /* says ten problems a minute at most: for what runs for months */
};

struct delivery_line;
struct delivery {
    struct delivery_settings settings;
    struct client client;
    struct delivery_line *lines; /* those not acknowledged: `count` from `first` */
    size_t first, count, cap;
    size_t handed;           /* of these, given to the connection */
    uint64_t acked;          /* seq of the last line that took effect; seqs count from 1 */
    uint64_t reconnected_at; /* seq of the first line on this connection */
    int64_t away_since;      /* 0 while connected */
    int64_t retry_at, backoff_ms;
    uint64_t refused; /* lines that the daemon or this program found wrong */
    int64_t minute_began;
    uint64_t said, unsaid; /* in this minute; since the last that was said */
};

void delivery_init(struct delivery *d, const struct delivery_settings *settings);
void delivery_clear(struct delivery *d);

/* The seq that the next line must carry. */
uint64_t delivery_next_seq(const struct delivery *d);
/* Takes a line with its newline; `number` is the place in the input that problems will name. Returns 0 or
 * COACH_ENOMEM. */
int delivery_add(struct delivery *d, const struct buf *line, uint64_t number);
/* Whether more input should be read: bounded, so that the input waits when the daemon does. */
bool delivery_has_room(const struct delivery *d);
/* Everything has taken effect. */
bool delivery_is_done(const struct delivery *d);

/* Says on stderr what is wrong with the input at `number`, and counts it; no number is said for 0. */
void delivery_complain(struct delivery *d, uint64_t number, const char *code, const char *message);

/* Connects if need be, sends and takes answers, and waits up to `timeout_ms` (-1: for ever) for that and for
 * `nothers` others. Returns false when it is time to give up, having said so. */
bool delivery_pump(struct delivery *d, struct pollfd *others, size_t nothers, int timeout_ms);

#endif
