#include "daemon/cli/audio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cli/cli.h"

enum { SAMPLE = 2 };

int audio_open(struct audio *a, const char *name, int64_t rate, bool fast, coach_error *err)
{
    *a = (struct audio){.fd = -1, .rate = rate, .fast = fast};
    a->fd = strcmp(name, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(name, O_RDONLY | O_CLOEXEC);
    if (a->fd < 0)
        return coach_fail(err, COACH_EINVAL, "cannot read %.200s: %s", name, strerror(errno));
    a->began_ms = cli_now_ms();
    return COACH_OK;
}

void audio_close(struct audio *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

int audio_wait(const struct audio *a, int64_t now_ms)
{
    int64_t due = a->began_ms + (int64_t)(a->handed * 1000 / ((uint64_t)a->rate * SAMPLE));
    return a->fast || due <= now_ms ? 0 : (int)(due - now_ms);
}

struct pollfd audio_poll(const struct audio *a, bool may_read)
{
    return (struct pollfd){.fd = may_read ? a->fd : -1, .events = POLLIN};
}

const char *audio_read(struct audio *a, size_t *len)
{
    size_t odd = a->len % SAMPLE;
    if (odd > 0)
        a->piece[0] = a->piece[a->len - 1];
    ssize_t n = read(a->fd, a->piece + odd, sizeof a->piece - odd);
    if (n <= 0) {
        audio_close(a);
        return NULL;
    }
    a->len = odd + (size_t)n;
    *len = a->len - a->len % SAMPLE;
    a->handed += *len;
    return a->piece;
}
