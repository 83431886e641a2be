#include "daemon/gateway/httpreq.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/suite.h"

#define HOST "Host: a\r\n"
#define WS   "GET /ws HTTP/1.1\r\n" HOST
#define KEY  "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"
#define UP   "Upgrade: websocket\r\n"
#define CONN "Connection: Upgrade\r\n"

enum { MAX_BODY = 64, MORE = 0, OK = 200, UPGRADE = 101 };

struct row {
    const char *bytes;
    size_t len; /* 0: up to the NUL */
    int expected;
};

static const struct row rows[] = {
    /* legal */
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 0, OK},
    {"HEAD /healthz HTTP/1.1\r\n" HOST "\r\n", 0, OK},
    {"GET /a?b=%20c HTTP/1.1\r\n" HOST "\r\n", 0, OK},
    {"GET / HTTP/1.1\r\nhOsT:a\r\n\r\n", 0, OK},
    {"GET / HTTP/1.1\r\nHost:   a:8080 \t \r\n\r\n", 0, OK},
    {"GET / HTTP/1.1\r\n" HOST "X-Empty:\r\n\r\n", 0, OK},
    {"GET / HTTP/1.1\r\n" HOST "X-Tab: a\tb\r\n\r\n", 0, OK},
    {"GET / HTTP/1.1\r\n" HOST "X-Text: caf\xc3\xa9\r\n\r\n", 0, OK},
    {"GET / HTTP/1.1\r\n" HOST "!#$%&'*+-.^_`|~9: x\r\n\r\n", 0, OK},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0, OK},
    {"GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n", 0, OK},
    {"GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n", 0, OK},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 0, OK},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcdef", 0, OK},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0, OK},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\nab", 0, OK},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n\0", 48, OK},
    /* not whole yet */
    {"", 0, MORE},
    {"G", 0, MORE},
    {"GET / HTTP/1.1\r\n" HOST, 0, MORE},
    {"GET / HTTP/1.1\r\n" HOST "\r", 0, MORE},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab", 0, MORE},
    /* lines */
    {"GET / HTTP/1.1\n" HOST "\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "\n", 0, 400},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 0, 400},
    {"\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "\tfolded\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 30, 400},
    {"G\0T", 3, 400},
    {"\x16\x03\x01\x02", 0, 400},
    /* the request line */
    {"GET  / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET /  HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET / HTTP/1.1 \r\n" HOST "\r\n", 0, 400},
    {" GET / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET\t/ HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET /\r\n" HOST "\r\n", 0, 400},
    {"GET\r\n" HOST "\r\n", 0, 400},
    {"GET / HTTP/1.1x\r\n" HOST "\r\n", 0, 400},
    {"GET / http/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET / HTTP/11\r\n" HOST "\r\n", 0, 400},
    {"GET / HTTP/1.0\r\n" HOST "\r\n", 0, 505},
    {"GET / HTTP/1.9\r\n" HOST "\r\n", 0, 505},
    {"GET / HTTP/2.0\r\n" HOST "\r\n", 0, 505},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 505},
    {"get / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GE(T / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"PUT / HTTP/1.1\r\n" HOST "\r\n", 0, 405},
    {"DELETE / HTTP/1.1\r\n" HOST "\r\n", 0, 405},
    {"OPTIONS / HTTP/1.1\r\n" HOST "\r\n", 0, 405},
    {"TRACE / HTTP/1.1\r\n" HOST "\r\n", 0, 405},
    {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 0, 405},
    {"BREW / HTTP/1.1\r\n" HOST "\r\n", 0, 405},
    {"GET * HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET http://a.example/ HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET a HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET /%61 HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET /a#b HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    /* headers */
    {"GET / HTTP/1.1\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "X Y: 1\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "X\x80: a\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "X: \x01\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "Origin: http://a.example\r\nOrigin: http://b.example\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nauthorization: b\r\n\r\n", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\nExpect: more\r\n\r\n", 0, 417},
    /* bodies */
    {"POST / HTTP/1.1\r\n" HOST "\r\n", 0, 411},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 411},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na", 0, 400},
    {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 0, 411},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1 2\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\na", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 65\r\n\r\n", 0, 413},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n\r\n", 0, 400},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 9007199254740993\r\n\r\n", 0, 413},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na", 0, 400},
    {"HEAD / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na", 0, 400},
    /* WebSocket */
    {WS UP CONN KEY V13 "\r\n", 0, UPGRADE},
    {WS "Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n" KEY V13 "\r\n", 0, UPGRADE},
    {WS UP "Connection: keep-alive\r\nConnection: Upgrade\r\n" KEY V13 "\r\n\x81", 0, UPGRADE},
    {WS "Upgrade: h2c\r\n" CONN KEY V13 "\r\n", 0, 400},
    {WS "Upgrade: websocket, h2c\r\n" CONN KEY V13 "\r\n", 0, 400},
    {WS UP UP CONN KEY V13 "\r\n", 0, 400},
    {WS UP KEY V13 "\r\n", 0, 400},
    {WS UP "Connection: upgraded\r\n" KEY V13 "\r\n", 0, 400},
    {WS UP CONN V13 "\r\n", 0, 400},
    {WS UP CONN KEY KEY V13 "\r\n", 0, 400},
    {WS UP CONN "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw=\r\n" V13 "\r\n", 0, 400},
    {WS UP CONN "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODx==\r\n" V13 "\r\n", 0, 400},
    {WS UP CONN "Sec-WebSocket-Key: AAEC_wQFBgcICQoLDA0ODw==\r\n" V13 "\r\n", 0, 400},
    {WS UP CONN "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODwAA\r\n" V13 "\r\n", 0, 400},
    {WS UP CONN KEY "\r\n", 0, 426},
    {WS UP CONN KEY "Sec-WebSocket-Version: 8\r\n\r\n", 0, 426},
    {WS UP CONN KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n", 0, 426},
    {WS UP CONN KEY V13 "Content-Length: 1\r\n\r\na", 0, 400},
    {"POST /ws HTTP/1.1\r\n" HOST UP CONN KEY V13 "Content-Length: 0\r\n\r\n", 0, 400},
};

static int outcome(const struct httpreq *r)
{
    if (r->state == HTTPREQ_REFUSED)
        return r->status;
    return r->state != HTTPREQ_DONE ? MORE : r->upgrade ? UPGRADE : OK;
}

static int feed(struct httpreq *r, const char *bytes, size_t len, size_t step, size_t *used)
{
    httpreq_init(r, MAX_BODY);
    *used = 0;
    for (size_t i = 0; i < len && r->state < HTTPREQ_DONE; i += step) {
        size_t n = i + step > len ? len - i : step;
        *used += httpreq_feed(r, bytes + i, n);
    }
    return outcome(r);
}

START_TEST(a_request_gets_its_one_status_whole_and_byte_by_byte)
{
    struct httpreq *r = malloc(sizeof *r);
    const struct row *row = &rows[_i];
    size_t len = row->len > 0 ? row->len : strlen(row->bytes), whole, bytes;
    ck_assert_msg(feed(r, row->bytes, len, len + 1, &whole) == row->expected, "%s: %d, expected %d (%s)", row->bytes,
                  outcome(r), row->expected, r->why == NULL ? "" : r->why);
    httpreq_clear(r);
    ck_assert_int_eq(feed(r, row->bytes, len, 1, &bytes), row->expected);
    ck_assert_uint_eq(whole, bytes);
    if (r->state == HTTPREQ_REFUSED)
        ck_assert_ptr_nonnull(r->why);
    httpreq_clear(r);
    free(r);
}
END_TEST

/* A request of `unit` repeated `n` times between two texts. */
static int outcome_of(const char *before, const char *unit, size_t n, const char *after)
{
    struct httpreq *r = malloc(sizeof *r);
    size_t len = strlen(before) + n * strlen(unit) + strlen(after), used;
    char *text = malloc(len + 1);
    strcpy(text, before);
    for (size_t i = 0; i < n; i++)
        strcat(text, unit);
    strcat(text, after);
    int whole = feed(r, text, len, len, &used);
    httpreq_clear(r);
    ck_assert_int_eq(feed(r, text, len, 1, &used), whole);
    httpreq_clear(r);
    free(text);
    free(r);
    return whole;
}

START_TEST(lengths_end_where_they_are_said_to_end)
{
    const char *get = "GET / HTTP/1.1\r\n" HOST;
    ck_assert_int_eq(outcome_of("GET /", "a", 511, " HTTP/1.1\r\n" HOST "\r\n"), OK);
    ck_assert_int_eq(outcome_of("GET /", "a", 512, " HTTP/1.1\r\n" HOST "\r\n"), 414);
    ck_assert_int_eq(outcome_of("GET /", "a", 9000, ""), 414);
    ck_assert_int_eq(outcome_of(get, "X: 1\r\n", 63, "\r\n"), OK);
    ck_assert_int_eq(outcome_of(get, "X: 1\r\n", 64, "\r\n"), 431);
    ck_assert_int_eq(outcome_of("GET / HTTP/1.1\r\n" HOST "X: ", "a", 8192 - 32, "\r\n\r\n"), OK);
    ck_assert_int_eq(outcome_of("GET / HTTP/1.1\r\n" HOST "X: ", "a", 8192 - 31, "\r\n\r\n"), 431);
    ck_assert_int_eq(outcome_of(get, "X: 1\r\n", 5000, ""), 431);
    ck_assert_int_eq(outcome_of("POST / HTTP/1.1\r\n" HOST "Content-Length: 64\r\n\r\n", "a", 64, ""), OK);
}
END_TEST

START_TEST(the_parts_of_a_request_are_told)
{
    struct httpreq *r = malloc(sizeof *r);
    size_t used;
    const char *text = "POST /v1/ingest/x?call_id=7 HTTP/1.1\r\nHost: a\r\nContent-Type:  text/plain \r\n"
                       "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello and more";
    ck_assert_int_eq(feed(r, text, strlen(text), strlen(text), &used), OK);
    ck_assert_uint_eq(used, strlen(text) - strlen(" and more"));
    ck_assert_int_eq(r->method, HTTPREQ_POST);
    ck_assert(httpreq_is(r->path, "/v1/ingest/x"));
    ck_assert(httpreq_is(r->query, "call_id=7"));
    ck_assert(httpreq_is(r->target, "/v1/ingest/x?call_id=7"));
    ck_assert(httpreq_is(httpreq_get(r, "content-type"), "text/plain"));
    ck_assert_ptr_null(httpreq_get(r, "origin").s);
    ck_assert_str_eq(r->body, "hello");
    ck_assert(r->expects_continue);
    httpreq_clear(r);
    free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gateway_request");
    TCase *t = tcase_create("request");
    tcase_add_loop_test(t, a_request_gets_its_one_status_whole_and_byte_by_byte, 0, sizeof rows / sizeof *rows);
    tcase_add_test(t, lengths_end_where_they_are_said_to_end);
    tcase_add_test(t, the_parts_of_a_request_are_told);
    suite_add_tcase(s, t);
    return suite_run(s);
}
