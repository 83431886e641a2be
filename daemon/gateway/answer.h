/* HTTP answers as bytes. Each is the last thing said on its connection. */
#ifndef COACH_GATEWAY_ANSWER_H
#define COACH_GATEWAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

struct answer {
    int status;
    const char *type;    /* of the body */
    const char *headers; /* more of them, each ended by CR LF; or NULL */
    const char *body;
    size_t len;
    bool bodiless; /* to a HEAD: the length is told, the body is not */
};

/* Adds the whole answer. Returns 0 or an error of buf_add. */
int answer_write(const struct answer *a, struct buf *out);

/* Adds {"type":"error","code":...,"message":...} and a newline. Returns 0 or an error of buf_add. */
int answer_error_body(const char *code, const char *message, struct buf *out);

/* Adds the answer that switches to WebSocket for the peer's `key`. Returns 0, COACH_EINTERNAL or an error of buf_add.
 */
int answer_upgrade(const char *key, size_t len, struct buf *out);

/* "not_found" for 404: what a status is called in the body of an error. */
const char *answer_code(int status);

#endif
