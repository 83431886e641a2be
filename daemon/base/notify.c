#include "daemon/base/notify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

/* The non-negative number in a variable, or -1. */
static int64_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    if (text == NULL || *text < '0' || *text > '9')
        return -1;
    char *end;
    long long n = strtoll(text, &end, 10);
    return *end == '\0' ? n : -1;
}

static int64_t watchdog_interval(void)
{
    int64_t usec = number_of("WATCHDOG_USEC");
    int64_t pid = number_of("WATCHDOG_PID");
    if (usec <= 0 || (pid >= 0 && pid != getpid()))
        return 0;
    return usec / 2000 > 0 ? usec / 2000 : 1;
}

void notify_open(struct notify *n)
{
    *n = (struct notify){.fd = -1};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path == NULL ? 0 : strlen(path);
    if (len < 2 || len >= sizeof n->to.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    n->to.sun_family = AF_UNIX;
    memcpy(n->to.sun_path, path, len);
    if (path[0] == '@') /* the abstract name space begins with a NUL and has no end mark */
        n->to.sun_path[0] = '\0';
    n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '/'));
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (n->fd >= 0)
        n->watchdog_ms = watchdog_interval();
}

void notify_close(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

static void send_state(const struct notify *n, const char *text)
{
    /* a manager that does not read must not stop the program; what is lost here is told again by the next */
    if (n->fd >= 0)
        (void)sendto(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&n->to,
                     n->to_len);
}

void notify_ready(const struct notify *n, const char *status)
{
    char text[512];
    snprintf(text, sizeof text, "READY=1\n%s%s\n", status == NULL ? "" : "STATUS=", status == NULL ? "" : status);
    send_state(n, text);
}

void notify_reloading(const struct notify *n)
{
    struct timespec now;
    char text[128];
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t usec = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Reading rules\n", usec);
    send_state(n, text);
}

void notify_stopping(const struct notify *n)
{
    send_state(n, "STOPPING=1\nSTATUS=Finishing what was sent\n");
}

void notify_watchdog(const struct notify *n)
{
    send_state(n, "WATCHDOG=1\n");
}

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

static int check_socket(int fd, const char *name, bool tcp, coach_error *err)
{
    int domain = option_of(fd, SO_DOMAIN);
    bool known = domain == AF_UNIX || (tcp && (domain == AF_INET || domain == AF_INET6));
    if (!known || option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) != 1)
        return coach_fail(err, COACH_EINVAL,
                          "the descriptor %d ('%s') given by socket activation is no listening %sstream socket; "
                          "check ListenStream= and Accept=no",
                          fd, name, tcp ? "" : "Unix ");
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return coach_fail(err, COACH_EINVAL, "the descriptor %d ('%s') cannot be kept", fd, name);
    return COACH_OK;
}

/* Copies the next name of a list joined by ':' and moves past it. */
static void next_name(const char **names, char out[32])
{
    size_t n = strcspn(*names, ":");
    snprintf(out, 32, "%.*s", (int)(n < 31 ? n : 31), *names);
    *names += n + ((*names)[n] == ':');
}

int notify_take_sockets(struct activated out[ACTIVATED_MAX], size_t *count, bool tcp, coach_error *err)
{
    *count = 0;
    if (number_of("LISTEN_PID") != getpid())
        return COACH_OK;
    int64_t n = number_of("LISTEN_FDS");
    if (n > ACTIVATED_MAX)
        return coach_fail(err, COACH_EINVAL, "socket activation gives %" PRId64 " descriptors, at most %d are used", n,
                          ACTIVATED_MAX);
    const char *names = getenv("LISTEN_FDNAMES");
    const char *rest = names == NULL ? "" : names;
    int rc = COACH_OK;
    for (int i = 0; i < n && rc == COACH_OK; i++) {
        next_name(&rest, out[i].name);
        out[i].fd = FIRST_FD + i;
        rc = check_socket(out[i].fd, out[i].name, tcp, err);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (rc == COACH_OK && n > 0)
        *count = (size_t)n;
    return rc;
}
