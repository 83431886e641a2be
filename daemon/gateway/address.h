/* Where the gateway listens: a loopback address or a Unix socket, nothing that others could reach in the clear. */
#ifndef COACH_GATEWAY_ADDRESS_H
#define COACH_GATEWAY_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "lib/base/error.h"

struct address {
    const char *path; /* of a Unix socket, living in the text that was read; else NULL */
    struct sockaddr_storage tcp;
    socklen_t tcp_len;
};

enum { ADDRESS_TEXT = 64 };

/* Reads "127.0.0.1:8765", "[::1]:8765", "localhost:8765" or a path with a '/'. Returns 0, or COACH_EINVAL with what to
 * write instead. */
int address_read(const char *text, struct address *ret, coach_error *err);
/* A socket that listens on the TCP address. Returns 0 and the descriptor; LISTENER_BUSY (listener.h) when it is in use;
 * COACH_EINVAL. */
int address_listen(const struct address *a, int *fd, coach_error *err);
/* Whether the listening socket `fd` is one that address_read would take; writes "127.0.0.1:8765" or "a Unix socket". */
bool address_of_socket(int fd, bool *is_tcp, char ret[ADDRESS_TEXT]);

#endif
