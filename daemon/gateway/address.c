#include "daemon/gateway/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/listener.h"

enum { BACKLOG = 4096 };

static bool is_loopback(const struct sockaddr_storage *at)
{
    if (at->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)at)->sin_addr.s_addr) >> 24 == 127;
    return at->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)at)->sin6_addr);
}

static bool read_port(const char *text, in_port_t *ret)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long port = strtoul(text, &end, 10);
    *ret = htons((uint16_t)port);
    return *end == '\0' && port <= 65535;
}

static bool read_tcp(const char *text, struct address *ret)
{
    char host[ADDRESS_TEXT];
    const char *colon = strrchr(text, ':');
    in_port_t port;
    if (colon == NULL || (size_t)(colon - text) >= sizeof host || !read_port(colon + 1, &port))
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    size_t len = strlen(host);
    struct sockaddr_in *in4 = (struct sockaddr_in *)&ret->tcp;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ret->tcp;
    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
        ret->tcp_len = sizeof *in6;
        return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1;
    }
    *in4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    ret->tcp_len = sizeof *in4;
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &in4->sin_addr) == 1;
}

int address_read(const char *text, struct address *ret, coach_error *err)
{
    *ret = (struct address){0};
    if (strchr(text, '/') != NULL) {
        ret->path = text;
        return COACH_OK;
    }
    if (!read_tcp(text, ret))
        return coach_fail(err, COACH_EINVAL,
                          "listen: '%.64s' is no address; write 127.0.0.1:8765, [::1]:8765 or the path of a socket",
                          text);
    if (!is_loopback(&ret->tcp))
        return coach_fail(err, COACH_EINVAL,
                          "listen: %.64s could be reached from other machines, in the clear; listen on 127.0.0.1 or a "
                          "Unix socket and put a TLS front such as HAProxy or nginx before it",
                          text);
    return COACH_OK;
}

int address_listen(const struct address *a, int *fd, coach_error *err)
{
    int s = socket(a->tcp.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (s < 0)
        return coach_fail(err, COACH_EINVAL, "listen: %s", strerror(errno));
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (const struct sockaddr *)&a->tcp, a->tcp_len) != 0 || listen(s, BACKLOG) != 0) {
        int why = errno;
        close(s);
        return coach_fail(err, why == EADDRINUSE ? LISTENER_BUSY : COACH_EINVAL, "listen: %s%s", strerror(why),
                          why == EADDRINUSE ? "; is another coach-gateway running?" : "");
    }
    *fd = s;
    return COACH_OK;
}

bool address_of_socket(int fd, bool *is_tcp, char ret[ADDRESS_TEXT])
{
    struct sockaddr_storage at = {0};
    socklen_t len = sizeof at;
    char host[INET6_ADDRSTRLEN];
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return false;
    *is_tcp = at.ss_family != AF_UNIX;
    snprintf(ret, ADDRESS_TEXT, "a Unix socket");
    if (!*is_tcp)
        return true;
    bool six = at.ss_family == AF_INET6;
    const void *bytes = six ? (const void *)&((struct sockaddr_in6 *)&at)->sin6_addr
                            : (const void *)&((struct sockaddr_in *)&at)->sin_addr;
    unsigned port = ntohs(six ? ((struct sockaddr_in6 *)&at)->sin6_port : ((struct sockaddr_in *)&at)->sin_port);
    if (inet_ntop(at.ss_family, bytes, host, sizeof host) == NULL)
        return false;
    snprintf(ret, ADDRESS_TEXT, six ? "[%s]:%u" : "%s:%u", host, port);
    return is_loopback(&at);
}
