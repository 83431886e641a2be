#include "daemon/gateway/httpreq.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>

/* Debian builds http-parser lenient, whatever its header says. So a head is looked over byte by byte before the
 * parser sees it, and the parser sees it whole. */

enum { REQUEST_LINE_MAX = HTTPREQ_TARGET_MAX + 32 };

/* Headers that say one thing: a second one is an attempt to have two programs read two things. */
static const char *const single[] = {
    "host",   "content-length", "content-type",      "content-encoding",      "authorization",     "origin",
    "expect", "upgrade",        "sec-websocket-key", "sec-websocket-version", "x-twilio-signature"};

void httpreq_init(struct httpreq *r, size_t max_body)
{
    memset(r, 0, offsetof(struct httpreq, headers));
    r->max_body = max_body;
}

void httpreq_clear(struct httpreq *r)
{
    free(r->body);
    r->body = NULL;
}

static int refuse(struct httpreq *r, int status, const char *why)
{
    r->state = HTTPREQ_REFUSED;
    r->status = status;
    r->why = why;
    return -1;
}

/* ---- looking up ---- */

bool httpreq_is(struct httpreq_text t, const char *text)
{
    return t.s != NULL && t.len == strlen(text) && strncasecmp(t.s, text, t.len) == 0;
}

static struct httpreq_text name_of(const struct httpreq *r, size_t i)
{
    return (struct httpreq_text){r->head + r->headers[i].name, r->headers[i].name_len};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct httpreq_text trim(const char *s, size_t len)
{
    while (len > 0 && is_blank(*s)) {
        s++;
        len--;
    }
    while (len > 0 && is_blank(s[len - 1]))
        len--;
    return (struct httpreq_text){s, len};
}

static struct httpreq_text value_of(const struct httpreq *r, size_t i)
{
    return trim(r->head + r->headers[i].value, r->headers[i].value_len);
}

static size_t count_of(const struct httpreq *r, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < r->header_count; i++)
        n += httpreq_is(name_of(r, i), name);
    return n;
}

struct httpreq_text httpreq_get(const struct httpreq *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (httpreq_is(name_of(r, i), name))
            return value_of(r, i);
    return (struct httpreq_text){0};
}

static bool list_holds(struct httpreq_text list, const char *token)
{
    const char *p = list.s, *end = list.s + list.len;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma == NULL ? end : comma;
        if (httpreq_is(trim(p, (size_t)(stop - p)), token))
            return true;
        p = stop + 1;
    }
    return false;
}

bool httpreq_lists(const struct httpreq *r, const char *name, const char *token)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (httpreq_is(name_of(r, i), name) && list_holds(value_of(r, i), token))
            return true;
    return false;
}

/* ---- the look before parsing ---- */

static bool is_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* The byte after a CR. Returns 1 at the end of the head. */
static int scan_line_end(struct httpreq *r, unsigned char c)
{
    if (c != '\n')
        return refuse(r, 400, "a CR that no LF follows");
    bool empty = r->head_len - r->line_begin == 2;
    if (empty && r->lines == 0)
        return refuse(r, 400, "an empty line before the request");
    r->lines++;
    r->line_begin = r->head_len;
    r->after_cr = r->in_value = false;
    return empty;
}

static int scan_header(struct httpreq *r, unsigned char c, size_t column)
{
    if (r->in_value)
        return (c >= 32 && c != 127) || c == '\t' ? 0 : refuse(r, 400, "a control character in a header");
    if (c == ':' && column > 0) {
        r->in_value = true;
        return 0;
    }
    return is_token_char(c) ? 0 : refuse(r, 400, "a header name that is none");
}

/* Looks at the byte that was added last. Returns 0, 1 at the end of the head, -1 when the request is refused. */
static int scan(struct httpreq *r, unsigned char c)
{
    size_t column = r->head_len - 1 - r->line_begin;
    if (r->after_cr)
        return scan_line_end(r, c);
    if (c == '\r' && (r->lines == 0 || r->in_value || column == 0)) {
        r->after_cr = true;
        return 0;
    }
    if (r->lines > 0)
        return scan_header(r, c, column);
    if (c < 32 || c > 126)
        return refuse(r, 400, "a byte in the request line that may not be there");
    if (column >= REQUEST_LINE_MAX)
        return refuse(r, 414, "the request line is too long");
    return 0;
}

/* ---- the request line ---- */

static int check_target(struct httpreq *r)
{
    struct httpreq_text t = r->target;
    if (t.len > HTTPREQ_TARGET_MAX)
        return refuse(r, 414, "the path is longer than 512 bytes");
    if (t.len == 0 || t.s[0] != '/')
        return refuse(r, 400, "the target is no path");
    if (memchr(t.s, '#', t.len) != NULL)
        return refuse(r, 400, "the target holds a '#'");
    const char *mark = memchr(t.s, '?', t.len);
    r->path = (struct httpreq_text){t.s, mark == NULL ? t.len : (size_t)(mark - t.s)};
    if (mark != NULL)
        r->query = (struct httpreq_text){mark + 1, t.len - r->path.len - 1};
    if (memchr(r->path.s, '%', r->path.len) != NULL)
        return refuse(r, 400, "the path holds a '%'");
    return 0;
}

static int check_version(struct httpreq *r, struct httpreq_text version)
{
    if (version.len != 8 || memcmp(version.s, "HTTP/", 5) != 0 || version.s[5] < '0' || version.s[5] > '9' ||
        version.s[6] != '.' || version.s[7] < '0' || version.s[7] > '9')
        return refuse(r, 400, "the request line is not 'METHOD /path HTTP/1.1'");
    return memcmp(version.s + 5, "1.1", 3) == 0 ? 0 : refuse(r, 505, "only HTTP/1.1 is spoken here");
}

static int check_method(struct httpreq *r, struct httpreq_text method)
{
    static const char *const names[] = {"GET", "HEAD", "POST"};
    for (size_t i = 0; i < method.len; i++)
        if (method.s[i] < 'A' || method.s[i] > 'Z')
            return refuse(r, 400, "the method is none");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (method.len == strlen(names[i]) && memcmp(method.s, names[i], method.len) == 0) {
            r->method = (enum httpreq_method)i;
            return 0;
        }
    return method.len == 0 ? refuse(r, 400, "there is no method") : refuse(r, 405, "GET, HEAD and POST are served");
}

static int check_request_line(struct httpreq *r)
{
    const char *s = r->head, *end = memchr(s, '\r', r->head_len);
    const char *first = memchr(s, ' ', (size_t)(end - s));
    const char *second = first == NULL ? NULL : memchr(first + 1, ' ', (size_t)(end - first - 1));
    if (second == NULL)
        return refuse(r, 400, "the request line is not 'METHOD /path HTTP/1.1'");
    r->target = (struct httpreq_text){first + 1, (size_t)(second - first - 1)};
    if (check_version(r, (struct httpreq_text){second + 1, (size_t)(end - second - 1)}) != 0 ||
        check_method(r, (struct httpreq_text){s, (size_t)(first - s)}) != 0)
        return -1;
    return check_target(r);
}

/* ---- the parser ---- */

static int on_field(http_parser *p, const char *at, size_t len)
{
    struct httpreq *r = p->data;
    if (r->header_count == HTTPREQ_HEADERS_MAX)
        return refuse(r, 431, "more than 64 headers");
    r->headers[r->header_count++] =
        (struct httpreq_header){.name = (uint16_t)(at - r->head), .name_len = (uint16_t)len};
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
    struct httpreq *r = p->data;
    struct httpreq_header *h = &r->headers[r->header_count - 1];
    h->value = (uint16_t)(at - r->head);
    h->value_len = (uint16_t)len;
    return 0;
}

static int on_headers_complete(http_parser *p)
{
    http_parser_pause(p, 1); /* bodies are counted out here */
    return 0;
}

/* Parses the whole head. The parser must come to the same end of it as the scan. */
static int parse(struct httpreq *r, uint64_t *content_length)
{
    static const http_parser_settings settings = {
        .on_header_field = on_field, .on_header_value = on_value, .on_headers_complete = on_headers_complete};
    http_parser p;
    http_parser_init(&p, HTTP_REQUEST);
    p.data = r;
    size_t n = http_parser_execute(&p, &settings, r->head, r->head_len);
    if (r->state == HTTPREQ_REFUSED)
        return -1;
    if (HTTP_PARSER_ERRNO(&p) != HPE_PAUSED || n + 1 < r->head_len)
        return refuse(r, 400, "the head does not parse");
    *content_length = p.content_length;
    return 0;
}

/* ---- what the headers say ---- */

static int check_host(struct httpreq *r)
{
    struct httpreq_text host = httpreq_get(r, "host");
    if (host.s == NULL || host.len == 0)
        return refuse(r, 400, "there is no Host header");
    for (size_t i = 0; i < host.len; i++)
        if (host.s[i] == '/' || host.s[i] == '@' || host.s[i] == ',' || host.s[i] <= ' ' || host.s[i] > 126)
            return refuse(r, 400, "the Host header is no host");
    return 0;
}

static int check_body(struct httpreq *r, uint64_t content_length)
{
    bool given = count_of(r, "content-length") > 0;
    if (count_of(r, "transfer-encoding") > 0)
        return refuse(r, 411, "a body is sent with Content-Length, not with Transfer-Encoding");
    if (r->method != HTTPREQ_POST)
        return given && content_length > 0 ? refuse(r, 400, "a GET with a body") : 0;
    if (!given)
        return refuse(r, 411, "a POST needs Content-Length");
    if (content_length > r->max_body)
        return refuse(r, 413, "the body is too long");
    r->content_length = (size_t)content_length;
    return 0;
}

static int check_expect(struct httpreq *r)
{
    struct httpreq_text expect = httpreq_get(r, "expect");
    if (expect.s != NULL && !httpreq_is(expect, "100-continue"))
        return refuse(r, 417, "this expectation cannot be met");
    r->expects_continue = expect.s != NULL && r->content_length > 0;
    return 0;
}

/* Base64 of 16 bytes: 22 characters, of which the last has four bits to spare, and two '='. */
static bool is_websocket_key(struct httpreq_text key)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (key.s == NULL || key.len != 24 || memcmp(key.s + 22, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < 22; i++)
        if (memchr(letters, key.s[i], 64) == NULL)
            return false;
    return memchr("AQgw", key.s[21], 4) != NULL;
}

static int check_upgrade(struct httpreq *r)
{
    struct httpreq_text upgrade = httpreq_get(r, "upgrade");
    if (upgrade.s == NULL)
        return 0;
    if (!httpreq_is(upgrade, "websocket"))
        return refuse(r, 400, "the only Upgrade is to websocket");
    if (r->method != HTTPREQ_GET || !httpreq_lists(r, "connection", "upgrade"))
        return refuse(r, 400, "a WebSocket begins with GET and 'Connection: Upgrade'");
    if (!httpreq_is(httpreq_get(r, "sec-websocket-version"), "13"))
        return refuse(r, 426, "the version of WebSocket is 13");
    if (!is_websocket_key(httpreq_get(r, "sec-websocket-key")))
        return refuse(r, 400, "Sec-WebSocket-Key is not 16 bytes in base64");
    r->upgrade = true;
    return 0;
}

static int check_single(struct httpreq *r)
{
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (count_of(r, single[i]) > 1)
            return refuse(r, 400, "a header that may stand once stands twice");
    return 0;
}

static void take_head(struct httpreq *r)
{
    uint64_t content_length = 0;
    if (check_request_line(r) != 0 || parse(r, &content_length) != 0 || check_single(r) != 0 || check_host(r) != 0 ||
        check_body(r, content_length) != 0 || check_expect(r) != 0 || check_upgrade(r) != 0)
        return;
    r->state = r->content_length > 0 ? HTTPREQ_BODY : HTTPREQ_DONE;
}

/* ---- bytes ---- */

size_t httpreq_feed_head(struct httpreq *r, const char *data, size_t len)
{
    size_t i = 0;
    while (i < len && r->state == HTTPREQ_HEAD) {
        if (r->head_len == HTTPREQ_HEAD_MAX) {
            refuse(r, 431, "the head is longer than 8 KiB");
            break;
        }
        r->head[r->head_len++] = data[i];
        if (scan(r, (unsigned char)data[i++]) == 1)
            take_head(r);
    }
    return i;
}

static size_t feed_body(struct httpreq *r, const char *data, size_t len)
{
    size_t n = r->content_length - r->body_len;
    if (n > len)
        n = len;
    if (r->body == NULL && (r->body = malloc(r->content_length + 1)) == NULL) {
        refuse(r, 503, "out of memory");
        return 0;
    }
    memcpy(r->body + r->body_len, data, n);
    r->body_len += n;
    if (r->body_len == r->content_length) {
        r->body[r->body_len] = '\0';
        r->state = HTTPREQ_DONE;
    }
    return n;
}

size_t httpreq_feed(struct httpreq *r, const char *data, size_t len)
{
    size_t n = httpreq_feed_head(r, data, len);
    if (r->state == HTTPREQ_BODY && n < len)
        n += feed_body(r, data + n, len - n);
    return n;
}
