#include "daemon/cli/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { READ = 64 * 1024, CONNECT_SECONDS = 10 };

void tcp_init(struct tcp *t, size_t max_in, size_t max_out)
{
    *t = (struct tcp){.fd = -1};
    buf_init(&t->in, max_in);
    buf_init(&t->out, max_out);
}

static void hang_up(struct tcp *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

void tcp_close(struct tcp *t)
{
    hang_up(t);
    buf_clear(&t->in);
    buf_clear(&t->out);
}

/* A socket connected to one address, or -1 with errno. */
static int connect_to(const struct addrinfo *a)
{
    const struct timeval patience = {.tv_sec = CONNECT_SECONDS};
    const int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* bounds connect(2) */
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return fd;
    int why = errno == EINPROGRESS ? ETIMEDOUT : errno;
    close(fd);
    errno = why;
    return -1;
}

int tcp_open(struct tcp *t, const char *host, const char *port, coach_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    tcp_close(t);
    int rc = getaddrinfo(host, port, &hints, &all);
    if (rc != 0)
        return coach_fail(err, COACH_EINVAL, "cannot find %.80s: %s", host, gai_strerror(rc));
    for (const struct addrinfo *a = all; a != NULL && t->fd < 0; a = a->ai_next)
        t->fd = connect_to(a);
    int why = errno;
    freeaddrinfo(all);
    if (t->fd < 0)
        return coach_fail(err, COACH_EINVAL, "cannot connect to %.80s port %.20s: %s", host, port, strerror(why));
    fcntl(t->fd, F_SETFL, fcntl(t->fd, F_GETFL) | O_NONBLOCK);
    return COACH_OK;
}

struct pollfd tcp_poll(const struct tcp *t, bool may_read)
{
    bool room = may_read && (t->in.max == 0 || t->in.len + READ <= t->in.max);
    short events = (short)((room ? POLLIN : 0) | (t->out.len > 0 ? POLLOUT : 0));
    return (struct pollfd){.fd = events == 0 ? -1 : t->fd, .events = events};
}

static void take_in(struct tcp *t)
{
    if (buf_reserve(&t->in, READ) != COACH_OK)
        return; /* it comes when there is room */
    ssize_t n = read(t->fd, t->in.data + t->in.len, READ);
    if (n > 0) {
        t->in.len += (size_t)n;
        t->in.data[t->in.len] = '\0';
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        hang_up(t);
    }
}

static void put_out(struct tcp *t)
{
    ssize_t n = t->out.len == 0 ? 0 : send(t->fd, t->out.data, t->out.len, MSG_NOSIGNAL);
    if (n > 0)
        buf_drop(&t->out, (size_t)n);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        buf_reset(&t->out); /* what it still had to say can be read */
}

void tcp_pump(struct tcp *t, short revents)
{
    if (t->fd >= 0 && (revents & POLLOUT))
        put_out(t);
    if (t->fd >= 0 && (revents & (POLLIN | POLLHUP | POLLERR)))
        take_in(t);
}
