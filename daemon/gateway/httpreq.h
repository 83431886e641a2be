/* One HTTP/1.1 request, from bytes: strict, bounded, without sockets. The same bytes give the same result however
 * they are cut. All that knows http-parser is behind this header. */
#ifndef COACH_GATEWAY_HTTPREQ_H
#define COACH_GATEWAY_HTTPREQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTPREQ_HEAD_MAX = 8192, HTTPREQ_TARGET_MAX = 512, HTTPREQ_HEADERS_MAX = 64 };

enum httpreq_state {
    HTTPREQ_HEAD,
    HTTPREQ_BODY,
    HTTPREQ_DONE,   /* whole, what is bound to it is below */
    HTTPREQ_REFUSED /* `status` and `why` say what to answer */
};
enum httpreq_method { HTTPREQ_GET, HTTPREQ_IS_HEAD, HTTPREQ_POST };

/* Bytes of the request's head; `s` is NULL where there is none. Not NUL-terminated. */
struct httpreq_text {
    const char *s;
    size_t len;
};

struct httpreq_header {
    uint16_t name, name_len, value, value_len; /* offsets into the head */
};

struct httpreq {
    enum httpreq_state state;
    int status;
    const char *why; /* for the peer; lives as long as the program */
    enum httpreq_method method;
    struct httpreq_text target; /* path and query as they were sent */
    struct httpreq_text path;
    struct httpreq_text query; /* without its '?' */
    bool upgrade;              /* a WebSocket handshake, in order */
    bool expects_continue;     /* the peer waits for "100 Continue" before it sends the body */
    size_t content_length;
    char *body; /* NUL-terminated; NULL when there is none */
    size_t body_len;

    size_t max_body;
    size_t head_len;
    size_t line_begin; /* of the line being scanned */
    unsigned lines;    /* before it */
    bool after_cr;
    bool in_value; /* past the colon */
    size_t header_count;
    struct httpreq_header headers[HTTPREQ_HEADERS_MAX];
    char head[HTTPREQ_HEAD_MAX];
};

void httpreq_init(struct httpreq *r, size_t max_body);
void httpreq_clear(struct httpreq *r); /* frees the body */

/* Takes bytes until the head is whole or the request refused, and no memory for a body. Returns how many it took. */
size_t httpreq_feed_head(struct httpreq *r, const char *data, size_t len);
/* Takes bytes until the request is whole or refused. Returns how many it took; what follows does not belong to the
 * request. */
size_t httpreq_feed(struct httpreq *r, const char *data, size_t len);

/* The value of a header without the blanks around it; `name` in any case. `s` is NULL when it was not sent. Of those
 * that may be repeated, the first. */
struct httpreq_text httpreq_get(const struct httpreq *r, const char *name);
/* Whether the comma lists of all headers of this name hold `token`, in any case. */
bool httpreq_lists(const struct httpreq *r, const char *name, const char *token);
/* Whether it is exactly `text`, in any case of letters. */
bool httpreq_is(struct httpreq_text t, const char *text);

#endif
