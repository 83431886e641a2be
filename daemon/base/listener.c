#include "daemon/base/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"

enum {
    BACKLOG = 4096,        /* the kernel cuts it to net.core.somaxconn */
    ACCEPTS_PER_TURN = 64, /* so that a storm of callers does not keep others from being read */
    PAUSE_MS = 100
};

int listener_lock(const char *dir, int *fd, coach_error *err)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/coachd.lock", dir);
    if (n < 0 || (size_t)n >= sizeof path)
        return coach_fail(err, COACH_EINVAL, "%.100s...: the path is too long", dir);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return coach_fail(err, COACH_EINVAL, "%s: %s", path, strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        int why = errno;
        close(lock);
        if (why == EWOULDBLOCK)
            return coach_fail(err, LISTENER_BUSY, "another coachd is running in %s", dir);
        return coach_fail(err, COACH_EINVAL, "%s: %s", path, strerror(why));
    }
    *fd = lock;
    return COACH_OK;
}

/* ---- binding ---- */

static int make_address(const char *path, struct sockaddr_un *at, coach_error *err)
{
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof at->sun_path)
        return coach_fail(err, COACH_EINVAL,
                          "%s: a socket's path may have at most %zu bytes, this one has %zu; use a shorter "
                          "--runtime-dir",
                          path, sizeof at->sun_path - 1, len);
    memcpy(at->sun_path, path, len + 1);
    return COACH_OK;
}

/* Whether somebody answers at `at`: 0 or the errno of connecting. */
static int probe(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int rc = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

static int remove_stale(const struct sockaddr_un *at, coach_error *err)
{
    struct stat st;
    const char *path = at->sun_path;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? COACH_OK : coach_fail(err, COACH_EINVAL, "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return coach_fail(err, COACH_EINVAL, "%s: is there and is no socket; move it away", path);
    int why = probe(at);
    if (why == 0 || why == EAGAIN) /* EAGAIN: its queue of callers is full */
        return coach_fail(err, LISTENER_BUSY, "%s: another process serves this socket", path);
    if (why != ECONNREFUSED)
        return coach_fail(err, COACH_EINVAL, "%s: cannot tell whether it is in use: %s", path, strerror(why));
    if (unlink(path) != 0 && errno != ENOENT)
        return coach_fail(err, COACH_EINVAL, "%s: a stale socket that cannot be removed: %s", path, strerror(errno));
    return COACH_OK;
}

/* A group that is missing is usual on a developer's machine: the mode then stands for the owner's group. */
static void give_to_group(const char *path, const char *group)
{
    if (group == NULL || *group == '\0')
        return;
    struct group *g = getgrnam(group); /* before the loop runs: waiting is no harm here */
    if (g == NULL)
        log_info("%s: there is no group %s, the socket stays in its owner's", path, group);
    else if (lchown(path, (uid_t)-1, g->gr_gid) != 0)
        log_warning("%s: cannot be given to the group %s: %s", path, group, strerror(errno));
}

static int bind_path(int fd, const struct sockaddr_un *at, const struct listener_spec *spec, coach_error *err)
{
    /* narrow first: the file is made with this mode and only then given away and opened up */
    if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)at, sizeof *at) != 0)
        return coach_fail(err, COACH_EINVAL, "%s: %s", spec->path, strerror(errno));
    give_to_group(spec->path, spec->group);
    if (chmod(spec->path, spec->mode) != 0 || listen(fd, BACKLOG) != 0) {
        int why = errno;
        unlink(spec->path);
        return coach_fail(err, COACH_EINVAL, "%s: %s", spec->path, strerror(why));
    }
    return COACH_OK;
}

static int make_socket(struct listener *l, const struct listener_spec *spec, coach_error *err)
{
    struct sockaddr_un at;
    int rc = make_address(spec->path, &at, err);
    if (rc == COACH_OK)
        rc = remove_stale(&at, err);
    if (rc != COACH_OK)
        return rc;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return coach_fail(err, COACH_EINVAL, "%s: %s", spec->path, strerror(errno));
    rc = bind_path(fd, &at, spec, err);
    if (rc != COACH_OK) {
        close(fd);
        return rc;
    }
    l->fd = fd;
    memcpy(l->path, at.sun_path, sizeof l->path);
    return COACH_OK;
}

/* ---- accepting ---- */

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    if (l->reserve < 0)
        l->reserve = open_reserve();
    uv_poll_start(&l->poll, UV_READABLE, on_ready);
}

/* No descriptor is left: one caller is let in on the reserve and hung up on, so that it knows; the others wait in
 * the kernel's queue until the pause is over. */
static void turn_away(struct listener *l, int why)
{
    l->turned_away++;
    log_warning("%s: a caller was turned away: %s", l->path, strerror(why));
    if (l->reserve >= 0) {
        close(l->reserve);
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
        l->reserve = open_reserve();
    }
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->pause, on_pause_over, PAUSE_MS, 0);
}

/* Accepts one caller. Returns whether there may be another. */
static bool accept_one(struct listener *l)
{
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        l->on_accept(l->user, fd);
        return true;
    }
    if (errno == ECONNABORTED || errno == EINTR)
        return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        turn_away(l, errno);
    return false;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    (void)events;
    if (status != 0) {
        turn_away(l, -status);
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_TURN && !l->closing && accept_one(l); i++)
        ;
}

void listener_accept_waiting(struct listener *l)
{
    for (int i = 0; i < BACKLOG && !l->closing && accept_one(l); i++)
        ;
}

/* ---- life ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    if (--l->open_handles > 0)
        return;
    close(l->fd);
    if (l->reserve >= 0)
        close(l->reserve);
    if (l->on_closed != NULL)
        l->on_closed(l->user);
}

int listener_open(struct listener *l, uv_loop_t *loop, const struct listener_spec *spec,
                  void (*on_accept)(void *user, int fd), void *user, coach_error *err)
{
    *l = (struct listener){.fd = spec->fd, .reserve = -1, .on_accept = on_accept, .user = user};
    int rc = spec->fd >= 0 ? COACH_OK : make_socket(l, spec, err);
    if (rc != COACH_OK)
        return rc;
    rc = uv_poll_init(loop, &l->poll, l->fd); /* sets O_NONBLOCK */
    if (rc != 0) {
        if (spec->fd < 0) {
            unlink(l->path);
            close(l->fd);
        }
        return coach_fail(err, COACH_EINVAL, "%s: %s", spec->path, uv_strerror(rc));
    }
    uv_timer_init(loop, &l->pause);
    l->open_handles = 2;
    l->poll.data = l->pause.data = l;
    l->reserve = open_reserve();
    uv_poll_start(&l->poll, UV_READABLE, on_ready);
    return COACH_OK;
}

void listener_close(struct listener *l, void (*on_closed)(void *user))
{
    if (l->closing)
        return;
    l->closing = true;
    l->on_closed = on_closed;
    if (l->path[0] != '\0')
        unlink(l->path);
    uv_close((uv_handle_t *)&l->poll, on_handle_closed);
    uv_close((uv_handle_t *)&l->pause, on_handle_closed);
}
