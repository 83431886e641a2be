#include "daemon/gateway/answer.h"

#include <string.h>

#include <openssl/evp.h>

#include "lib/base/error.h"
#include "lib/wire/json.h"

static const struct {
    int status;
    const char *reason;
    const char *code;
} statuses[] = {{200, "OK", "ok"},
                {400, "Bad Request", "bad_request"},
                {401, "Unauthorized", "unauthorized"},
                {403, "Forbidden", "forbidden"},
                {404, "Not Found", "not_found"},
                {405, "Method Not Allowed", "method_not_allowed"},
                {408, "Request Timeout", "timeout"},
                {411, "Length Required", "length_required"},
                {413, "Content Too Large", "too_long"},
                {414, "URI Too Long", "too_long"},
                {415, "Unsupported Media Type", "unsupported_type"},
                {417, "Expectation Failed", "expectation_failed"},
                {421, "Misdirected Request", "wrong_host"},
                {426, "Upgrade Required", "upgrade_required"},
                {431, "Request Header Fields Too Large", "too_long"},
                {500, "Internal Server Error", "failed"},
                {503, "Service Unavailable", "try_later"},
                {505, "HTTP Version Not Supported", "http_version"}};

enum { NSTATUSES = sizeof statuses / sizeof *statuses, FAILED = 15 };

static size_t find(int status)
{
    for (size_t i = 0; i < NSTATUSES; i++)
        if (statuses[i].status == status)
            return i;
    return FAILED;
}

const char *answer_code(int status)
{
    return statuses[find(status)].code;
}

/* What a client must send to be served next time. */
static const char *wanted(int status)
{
    switch (status) {
    case 401:
        return "WWW-Authenticate: Bearer, Basic realm=\"coachd\"\r\n";
    case 405:
        return "Allow: GET, HEAD, POST\r\n";
    case 426:
        return "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    case 503:
        return "Retry-After: 2\r\n";
    default:
        return "";
    }
}

int answer_write(const struct answer *a, struct buf *out)
{
    size_t before = out->len;
    int rc = buf_addf(out,
                      "HTTP/1.1 %d %s\r\n"
                      "Content-Type: %s\r\n"
                      "Content-Length: %zu\r\n"
                      "Connection: close\r\n"
                      "Cache-Control: no-store\r\n"
                      "X-Content-Type-Options: nosniff\r\n"
                      "Content-Security-Policy: default-src 'none'\r\n"
                      "%s%s\r\n",
                      a->status, statuses[find(a->status)].reason, a->type, a->len, wanted(a->status),
                      a->headers == NULL ? "" : a->headers);
    if (rc == COACH_OK && !a->bodiless)
        rc = buf_add(out, a->body, a->len);
    if (rc != COACH_OK)
        out->len = before;
    return rc;
}

int answer_error_body(const char *code, const char *message, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "error");
    json_text(&j, "code", code);
    json_text(&j, "message", message);
    json_close_object(&j);
    return json_out_end(&j, true);
}

int answer_upgrade(const char *key, size_t len, struct buf *out)
{
    static const char constant[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
    char text[24 + sizeof constant];
    unsigned char digest[EVP_MAX_MD_SIZE], accept[EVP_MAX_MD_SIZE * 2];
    if (len != 24)
        return COACH_EINTERNAL;
    memcpy(text, key, len);
    memcpy(text + len, constant, sizeof constant);
    unsigned n = 0;
    if (EVP_Digest(text, strlen(text), digest, &n, EVP_sha1(), NULL) != 1)
        return COACH_EINTERNAL;
    EVP_EncodeBlock(accept, digest, (int)n);
    return buf_addf(out,
                    "HTTP/1.1 101 Switching Protocols\r\n"
                    "Upgrade: websocket\r\n"
                    "Connection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: %s\r\n"
                    "\r\n",
                    (const char *)accept);
}
