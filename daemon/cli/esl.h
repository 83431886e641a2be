/* FreeSWITCH's event socket: blocks of "Name: value" lines, a blank line, and a body of Content-Length bytes. */
#ifndef COACH_CLI_ESL_H
#define COACH_CLI_ESL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

enum { ESL_MOST_BODY = 256 * 1024, ESL_MOST_HEAD = 16 * 1024 };

enum esl_kind {
    ESL_ASKS_PASSWORD, /* auth/request */
    ESL_REPLY,         /* command/reply */
    ESL_EVENT,         /* text/event-json or text/event-plain: the body is the event */
    ESL_GOODBYE,       /* text/disconnect-notice, text/rude-rejection */
    ESL_OTHER
};

struct esl_block {
    enum esl_kind kind;
    bool accepted; /* of a reply: it begins with +OK */
    bool too_long; /* its body was over ESL_MOST_BODY, and passed over */
    const char *body;
    size_t len;
};

/* The blocks of one connection; all zero at its beginning. */
struct esl {
    size_t skip; /* bytes of a body that is passed over */
};

/* Returns 0; anything else to stop. The block lives until it returns. */
typedef int (*esl_fn)(void *user, const struct esl_block *block);

/* Hands out the whole blocks at the beginning of `in` and drops them from it. Returns 0, what the callback returned, or
 * COACH_ESYNTAX when this is no event socket. */
int esl_take(struct esl *e, struct buf *in, esl_fn fn, void *user);

#endif
