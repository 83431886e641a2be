/* Sound from a file or standard input in pieces, no faster than it would be spoken: raw samples, signed 16 bit, little
 * end first, one channel. */
#ifndef COACH_CLI_AUDIO_H
#define COACH_CLI_AUDIO_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum { AUDIO_PIECE = 8000 };

struct audio {
    int fd; /* -1: none, or at its end */
    int64_t rate;
    bool fast; /* not held to the time it would take to speak it */
    int64_t began_ms;
    uint64_t handed; /* bytes */
    char piece[AUDIO_PIECE];
    size_t len; /* of the piece, an odd byte left over included */
};

/* `name` is a file, or "-". Returns 0 or COACH_EINVAL with a text that names it. */
int audio_open(struct audio *a, const char *name, int64_t rate, bool fast, coach_error *err);
void audio_close(struct audio *a);

/* Milliseconds until the next piece is due, 0 when it is. */
int audio_wait(const struct audio *a, int64_t now_ms);
/* What to wait for. */
struct pollfd audio_poll(const struct audio *a, bool may_read);
/* Reads a piece: `*len` bytes at the result, whole samples, until the next call; NULL at the end, fd then is -1. */
const char *audio_read(struct audio *a, size_t *len);

#endif
