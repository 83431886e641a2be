#include "daemon/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_kind(int fd, const char *path, size_t max, coach_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return coach_fail(err, COACH_EINVAL, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return coach_fail(err, COACH_EINVAL, "%s: is a folder, not a file", path);
    if (!S_ISREG(st.st_mode))
        return coach_fail(err, COACH_EINVAL, "%s: is not a regular file", path);
    if ((uintmax_t)st.st_size > max)
        return coach_fail(err, COACH_ELIMIT, "%s: is longer than %zu bytes", path, max);
    return COACH_OK;
}

static int read_all(int fd, const char *path, size_t max, struct buf *out, coach_error *err)
{
    size_t before = out->len;
    char piece[16 * 1024];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n == 0)
            return COACH_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return coach_fail(err, COACH_EINVAL, "%s: %s", path, strerror(errno));
        if (out->len - before + (size_t)n > max) /* it grew since it was opened */
            return coach_fail(err, COACH_ELIMIT, "%s: is longer than %zu bytes", path, max);
        int rc = buf_add(out, piece, (size_t)n);
        if (rc != COACH_OK)
            return coach_fail(err, rc, "%s: out of memory", path);
    }
}

int file_read(const char *path, size_t max, struct buf *out, coach_error *err)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its writer */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return coach_fail(err, COACH_EINVAL, "%s: %s", path, strerror(errno));
    size_t before = out->len;
    int rc = check_kind(fd, path, max, err);
    if (rc == COACH_OK)
        rc = read_all(fd, path, max, out, err);
    close(fd);
    if (rc != COACH_OK && out->data != NULL) {
        out->len = before;
        out->data[before] = '\0';
    }
    return rc;
}
