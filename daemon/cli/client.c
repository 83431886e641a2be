#include "daemon/cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST_CLIENTS = 64, MAX_LINE = 1024 * 1024 };

void client_init(struct client *c, void (*on_line)(void *user, const char *line, size_t len), void *user)
{
    *c = (struct client){.fd = -1, .on_line = on_line, .user = user};
    lines_init(&c->lines, MAX_LINE);
    buf_init(&c->out, CLIENT_MAX_QUEUE);
}

int client_open(struct client *c, const char *runtime_dir, const char *socket_name, coach_error *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int n = snprintf(addr.sun_path, sizeof addr.sun_path, "%s/%s", runtime_dir, socket_name);
    if (n < 0 || (size_t)n >= sizeof addr.sun_path)
        return coach_fail(err, COACH_EINVAL, "%s/%s: the path of a socket has at most %zu bytes", runtime_dir,
                          socket_name, sizeof addr.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return coach_fail(err, COACH_EINVAL, "cannot make a socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        int why = errno;
        close(fd);
        return coach_fail(err, COACH_EINVAL, "cannot connect to %s: %s; is coachd running there? (--runtime-dir)",
                          addr.sun_path, strerror(why));
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    lines_clear(&c->lines);
    c->lines.number = 0;
    buf_reset(&c->out);
    c->fd = fd;
    c->closing = c->shut = false;
    return COACH_OK;
}

static void drop(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    lines_clear(&c->lines);
}

void client_close(struct client *c)
{
    drop(c);
    buf_clear(&c->out);
}

int client_send(struct client *c, const char *data, size_t len)
{
    return buf_add(&c->out, data, len);
}

void client_finish(struct client *c)
{
    c->closing = true;
}

static int on_line(void *user, const char *line, size_t len)
{
    struct client *c = user;
    if (line != NULL)
        c->on_line(c->user, line, len);
    return COACH_OK;
}

static void take_in(struct client *c)
{
    char bytes[64 * 1024];
    ssize_t n = read(c->fd, bytes, sizeof bytes);
    if (n > 0)
        lines_feed(&c->lines, bytes, (size_t)n, on_line, c);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        drop(c);
}

static void put_out(struct client *c)
{
    if (c->out.len > 0) {
        ssize_t n = write(c->fd, c->out.data, c->out.len);
        if (n > 0)
            buf_drop(&c->out, (size_t)n);
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            drop(c);
    }
    if (c->fd >= 0 && c->out.len == 0 && c->closing && !c->shut) {
        shutdown(c->fd, SHUT_WR);
        c->shut = true;
    }
}

static bool wants_out(const struct client *c)
{
    return c->out.len > 0 || (c->closing && !c->shut);
}

void client_pump(struct client *const *clients, size_t n, struct pollfd *others, size_t nothers, int timeout_ms)
{
    struct pollfd fds[MOST_CLIENTS + CLIENT_OTHERS];
    if (n > MOST_CLIENTS)
        n = MOST_CLIENTS;
    for (size_t i = 0; i < n; i++)
        fds[i] =
            (struct pollfd){.fd = clients[i]->fd, .events = (short)(POLLIN | (wants_out(clients[i]) ? POLLOUT : 0))};
    for (size_t i = 0; i < nothers; i++)
        fds[n + i] = others[i];
    bool ready = poll(fds, (nfds_t)(n + nothers), timeout_ms) > 0;
    for (size_t i = 0; i < nothers; i++)
        others[i].revents = ready ? fds[n + i].revents : 0;
    for (size_t i = 0; ready && i < n; i++) {
        if (clients[i]->fd < 0)
            continue;
        if (fds[i].revents & POLLOUT)
            put_out(clients[i]);
        if (clients[i]->fd >= 0 && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
            take_in(clients[i]);
    }
}
