/* Any bytes as an HTTP request: the same outcome whole and in pieces, and never one that could be read as two. */
#include "daemon/gateway/httpreq.h"
#include "tests/fuzz/fuzz.h"

#include "daemon/gateway/binding.h"
#include "daemon/gateway/form.h"

enum { MAX_BODY = 256 };

static size_t feed(struct httpreq *r, const char *bytes, size_t len, size_t step)
{
    size_t used = 0;
    httpreq_init(r, MAX_BODY);
    for (size_t i = 0; i < len && r->state < HTTPREQ_DONE; i += step) {
        size_t n = len - i < step ? len - i : step;
        size_t took = httpreq_feed(r, bytes + i, n);
        HOLDS(took <= n && (took == n || r->state >= HTTPREQ_DONE));
        used += took;
    }
    return used;
}

static void check_whole(const struct httpreq *r)
{
    struct httpreq_text host = httpreq_get(r, "host");
    HOLDS(host.len > 0 && httpreq_get(r, "transfer-encoding").s == NULL);
    HOLDS(r->target.len > 0 && r->target.len <= HTTPREQ_TARGET_MAX && r->target.s[0] == '/');
    HOLDS(r->path.len + r->query.len + (r->query.s != NULL) == r->target.len);
    HOLDS(memchr(r->path.s, '%', r->path.len) == NULL && memchr(r->head, '\0', r->head_len) == NULL);
    HOLDS(r->body_len == r->content_length && r->body_len <= MAX_BODY);
    HOLDS((r->body != NULL) == (r->body_len > 0) && (r->method == HTTPREQ_POST || r->body == NULL));
    HOLDS(!r->upgrade || (r->method == HTTPREQ_GET && httpreq_get(r, "sec-websocket-key").len == 24));
    HOLDS(r->header_count <= HTTPREQ_HEADERS_MAX);
}

/* What the query and the body become. */
static void use(const struct httpreq *r)
{
    struct option_list none = {0};
    struct buf hello;
    struct arena memory;
    struct form form;
    coach_error err;
    buf_init(&hello, 0);
    arena_init(&memory);
    int rc = binding_hello("coachd", r->query, &none, &hello, &err);
    HOLDS(rc == COACH_OK || (rc == COACH_EINVAL && hello.len == 0));
    HOLDS(rc != COACH_OK || memchr(hello.data, '\n', hello.len) == NULL);
    rc = form_read(r->body == NULL ? "" : r->body, r->body_len, &memory, &form);
    HOLDS(rc == COACH_OK || rc == COACH_ESYNTAX || rc == COACH_EUTF8);
    arena_clear(&memory);
    buf_clear(&hello);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct httpreq whole, parts;
    char *text = fuzz_bytes(data, size);
    size_t used = feed(&whole, text, size, size + 1);
    for (size_t step = 1; step <= 7; step += 3) {
        HOLDS(feed(&parts, text, size, step) == used);
        HOLDS(parts.state == whole.state && parts.status == whole.status && parts.body_len == whole.body_len);
        httpreq_clear(&parts);
    }
    HOLDS((whole.state == HTTPREQ_REFUSED) == (whole.status != 0));
    if (whole.state == HTTPREQ_DONE) {
        check_whole(&whole);
        use(&whole);
    }
    httpreq_clear(&whole);
    free(text);
    return 0;
}
