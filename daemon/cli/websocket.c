#include "daemon/cli/websocket.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "daemon/cli/sha1.h"

enum { MOST_IN = 512 * 1024, MOST_OUT = 512 * 1024, MOST_ANSWER = 16 * 1024, MOST_CONTROL = 125 };
enum { OP_MORE = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

void websocket_init(struct websocket *w, size_t max_message)
{
    *w = (struct websocket){.state = WEBSOCKET_CLOSED};
    tcp_init(&w->tcp, MOST_IN, MOST_OUT);
    buf_init(&w->message, max_message);
}

void websocket_clear(struct websocket *w)
{
    tcp_close(&w->tcp);
    buf_clear(&w->message);
}

/* --- the handshake --- */

struct url {
    char host[256], port[8], authority[300];
    const char *path;
};

static int read_url(const char *url, struct url *ret, coach_error *err)
{
    if (strncasecmp(url, "wss://", 6) == 0)
        return coach_fail(err, COACH_EINVAL,
                          "%.200s: only plain ws:// is spoken here; put a TLS client before it, for example 'socat "
                          "TCP-LISTEN:2700,bind=127.0.0.1,fork OPENSSL:HOST:443', and connect to ws://127.0.0.1:2700",
                          url);
    if (strncasecmp(url, "ws://", 5) != 0)
        return coach_fail(err, COACH_EINVAL, "%.200s: write it as ws://HOST:PORT/PATH", url);
    const char *begin = url + 5, *end = begin + strcspn(begin, "/?#"), *port = end;
    const char *host = begin, *host_end = memchr(begin, ':', (size_t)(end - begin));
    if (*begin == '[') {
        host = begin + 1;
        host_end = memchr(host, ']', (size_t)(end - host));
        if (host_end != NULL && host_end + 1 < end && host_end[1] == ':')
            port = host_end + 2;
    } else if (host_end != NULL) {
        port = host_end + 1;
    } else {
        host_end = end;
    }
    size_t host_len = host_end == NULL ? 0 : (size_t)(host_end - host), port_len = (size_t)(end - port);
    if (host_len == 0 || host_len >= sizeof ret->host || port_len >= sizeof ret->port || strpbrk(url, " \r\n") != NULL)
        return coach_fail(err, COACH_EINVAL, "%.200s: write it as ws://HOST:PORT/PATH", url);
    snprintf(ret->host, sizeof ret->host, "%.*s", (int)host_len, host);
    snprintf(ret->port, sizeof ret->port, "%.*s", port_len == 0 ? 2 : (int)port_len, port_len == 0 ? "80" : port);
    snprintf(ret->authority, sizeof ret->authority, "%.*s", (int)(end - begin), begin);
    ret->path = end;
    return COACH_OK;
}

int websocket_check(const char *url, coach_error *err)
{
    struct url parts;
    return read_url(url, &parts, err);
}

/* As text, with its NUL. */
static void base64(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t three =
            (uint32_t)data[i] << 16 | (i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) | (i + 2 < len ? data[i + 2] : 0);
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = i + 1 < len ? digits[three >> 6 & 63] : '=';
        *out++ = i + 2 < len ? digits[three & 63] : '=';
    }
    *out = '\0';
}

static int fill_random(void *out, size_t len, coach_error *err)
{
    return getrandom(out, len, 0) == (ssize_t)len ? COACH_OK : coach_fail(err, COACH_EINVAL, "no random numbers");
}

int websocket_open(struct websocket *w, const char *url, coach_error *err)
{
    struct url u;
    uint8_t nonce[16];
    int rc = read_url(url, &u, err);
    if (rc == COACH_OK)
        rc = fill_random(nonce, sizeof nonce, err);
    if (rc == COACH_OK)
        rc = tcp_open(&w->tcp, u.host, u.port, err);
    if (rc != COACH_OK)
        return rc;
    base64(nonce, sizeof nonce, w->key);
    buf_reset(&w->message);
    w->state = WEBSOCKET_GREETING;
    w->in_message = false;
    return buf_addf(&w->tcp.out,
                    "GET %s%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                    *u.path == '/' ? "" : "/", u.path, u.authority, w->key);
}

/* The value of a header of the answer, in `value`; false when it has none. */
static bool header(const char *answer, const char *name, char *value, size_t size)
{
    for (const char *line = strstr(answer, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        const char *p = line + 2;
        if (strncasecmp(p, name, strlen(name)) != 0 || p[strlen(name)] != ':')
            continue;
        p += strlen(name) + 1;
        p += strspn(p, " \t");
        snprintf(value, size, "%.*s", (int)strcspn(p, " \t\r\n"), p);
        return true;
    }
    return false;
}

static bool fits_our_key(const struct websocket *w, const char *accept)
{
    char both[64], expected[32];
    uint8_t digest[SHA1_BYTES];
    int n = snprintf(both, sizeof both, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", w->key);
    sha1(both, (size_t)n, digest);
    base64(digest, sizeof digest, expected);
    return strcmp(accept, expected) == 0;
}

/* Reads the server's answer once it is whole. */
static int take_answer(struct websocket *w, coach_error *err)
{
    char upgrade[32] = "", accept[64] = "";
    char *answer = w->tcp.in.data, *end = w->tcp.in.len == 0 ? NULL : strstr(answer, "\r\n\r\n");
    if (end == NULL && (w->tcp.in.len > MOST_ANSWER || w->tcp.fd < 0))
        return coach_fail(err, COACH_EINVAL, "the server does not answer as a WebSocket does");
    if (end == NULL)
        return COACH_OK;
    end[2] = '\0';
    if (strncmp(answer, "HTTP/1.1 101", 12) != 0)
        return coach_fail(err, COACH_EINVAL, "the server refused: %.*s", (int)strcspn(answer, "\r\n"), answer);
    (void)header(answer, "Upgrade", upgrade, sizeof upgrade);
    (void)header(answer, "Sec-WebSocket-Accept", accept, sizeof accept);
    if (strcasecmp(upgrade, "websocket") != 0 || !fits_our_key(w, accept))
        return coach_fail(err, COACH_EINVAL, "the server's handshake is not that of a WebSocket");
    buf_drop(&w->tcp.in, (size_t)(end + 4 - answer));
    w->state = WEBSOCKET_OPEN;
    return COACH_OK;
}

/* --- frames out --- */

static int send_frame(struct websocket *w, int op, const void *data, size_t len)
{
    const uint8_t *from = data;
    uint8_t head[14] = {(uint8_t)(0x80 | op)};
    size_t n = 2;
    if (len <= MOST_CONTROL) {
        head[1] = (uint8_t)(0x80 | len);
    } else {
        size_t bytes = len < 65536 ? 2 : 8;
        head[1] = 0x80 | (len < 65536 ? 126 : 127);
        for (size_t i = 0; i < bytes; i++)
            head[n++] = (uint8_t)((uint64_t)len >> (8 * (bytes - 1 - i)));
    }
    uint8_t *mask = head + n;
    int rc = fill_random(mask, 4, NULL);
    if (rc == COACH_OK)
        rc = buf_reserve(&w->tcp.out, n + 4 + len);
    if (rc != COACH_OK)
        return rc;
    (void)buf_add(&w->tcp.out, head, n + 4);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = from[i] ^ mask[i % 4];
        (void)buf_add(&w->tcp.out, &byte, 1);
    }
    return COACH_OK;
}

int websocket_send(struct websocket *w, bool text, const void *data, size_t len)
{
    return send_frame(w, text ? OP_TEXT : OP_BINARY, data, len);
}

int websocket_finish(struct websocket *w)
{
    return send_frame(w, OP_CLOSE, "\x03\xe8", 2); /* 1000: all is well */
}

/* --- frames in --- */

struct frame {
    int op;
    bool fin;
    size_t head, len; /* of its header, of its payload */
};

/* Returns 0 with `head` 0 when more must come; COACH_EINVAL. */
static int read_frame(const struct buf *in, struct frame *f, coach_error *err)
{
    const uint8_t *p = (const uint8_t *)in->data;
    *f = (struct frame){0};
    if (in->len < 2)
        return COACH_OK;
    size_t bytes = (p[1] & 127) == 126 ? 2 : (p[1] & 127) == 127 ? 8 : 0;
    uint64_t len = p[1] & 127;
    f->op = p[0] & 15;
    f->fin = (p[0] & 0x80) != 0;
    if ((p[0] & 0x70) != 0 || (p[1] & 0x80) != 0)
        return coach_fail(err, COACH_EINVAL, "the server sends frames with bits that nobody agreed on");
    if (f->op >= OP_CLOSE && (bytes > 0 || !f->fin))
        return coach_fail(err, COACH_EINVAL, "the server sends a control frame that is too long");
    if (in->len < 2 + bytes)
        return COACH_OK;
    for (size_t i = 0; i < bytes; i++)
        len = (i == 0 ? 0 : len << 8) | p[2 + i];
    if (len > MOST_IN / 2)
        return coach_fail(err, COACH_EINVAL, "the server sends a frame of %llu bytes", (unsigned long long)len);
    f->len = (size_t)len;
    f->head = in->len < 2 + bytes + len ? 0 : 2 + bytes;
    return COACH_OK;
}

static int end_message(struct websocket *w, websocket_fn fn, void *user)
{
    int rc = COACH_OK;
    if (w->is_text) {
        w->messages++;
        rc = fn(user, w->too_long ? NULL : w->message.len == 0 ? "" : w->message.data, w->message.len);
    }
    w->in_message = false;
    buf_reset(&w->message);
    return rc;
}

static int take_data(struct websocket *w, const struct frame *f, const char *payload, websocket_fn fn, void *user,
                     coach_error *err)
{
    if (f->op == OP_MORE ? !w->in_message : w->in_message)
        return coach_fail(err, COACH_EINVAL, "the server mixes up the frames of a message");
    if (f->op != OP_MORE) {
        w->in_message = true;
        w->is_text = f->op == OP_TEXT;
        w->too_long = false;
    }
    int rc = w->too_long || !w->is_text ? COACH_OK : buf_add(&w->message, payload, f->len);
    w->too_long |= rc == COACH_ELIMIT;
    if (rc == COACH_ENOMEM)
        return rc;
    return f->fin ? end_message(w, fn, user) : COACH_OK;
}

static int take_frame(struct websocket *w, const struct frame *f, const char *payload, websocket_fn fn, void *user,
                      coach_error *err)
{
    switch (f->op) {
    case OP_MORE:
    case OP_TEXT:
    case OP_BINARY:
        return take_data(w, f, payload, fn, user, err);
    case OP_PING:
        return send_frame(w, OP_PONG, payload, f->len) == COACH_ENOMEM ? COACH_ENOMEM : COACH_OK;
    case OP_PONG:
        return COACH_OK;
    case OP_CLOSE:
        w->state = WEBSOCKET_CLOSED;
        return send_frame(w, OP_CLOSE, payload, f->len < 2 ? 0 : 2) == COACH_ENOMEM ? COACH_ENOMEM : COACH_OK;
    default:
        return coach_fail(err, COACH_EINVAL, "the server sends frames of kind %d", f->op);
    }
}

int websocket_take(struct websocket *w, websocket_fn fn, void *user, coach_error *err)
{
    struct frame f = {.head = 1};
    int rc = w->state == WEBSOCKET_GREETING ? take_answer(w, err) : COACH_OK;
    size_t used = 0;
    while (rc == COACH_OK && w->state == WEBSOCKET_OPEN && f.head > 0) {
        const struct buf rest = {.data = w->tcp.in.data + used, .len = w->tcp.in.len - used};
        rc = read_frame(&rest, &f, err);
        if (rc != COACH_OK || f.head == 0)
            break;
        rc = take_frame(w, &f, rest.data + f.head, fn, user, err);
        used += f.head + f.len;
    }
    buf_drop(&w->tcp.in, used);
    return rc;
}
