/* SHA-1, for the handshake of a WebSocket, which asks for it; it protects nothing. */
#ifndef COACH_CLI_SHA1_H
#define COACH_CLI_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_MOST = 119, SHA1_BYTES = 20 };

/* Of at most SHA1_MOST bytes. */
void sha1(const void *data, size_t len, uint8_t digest[SHA1_BYTES]);

#endif
