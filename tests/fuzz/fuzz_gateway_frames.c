/* Any bytes as WebSocket frames: the same messages whole and in pieces, all of them UTF-8, and an end that is final.
 * When the end comes may differ: wslay sees a goodbye whose reason is not UTF-8 only when it has it in one piece. */
#include "daemon/gateway/ws.h"
#include "tests/fuzz/fuzz.h"

#include "lib/base/buf.h"
#include "lib/base/utf8.h"

enum { MAX_MESSAGE = 512 };

struct peer {
    const uint8_t *data;
    size_t len, at, step;
    struct buf messages;
};

static ssize_t on_read(void *user, void *to, size_t len)
{
    struct peer *p = user;
    size_t n = p->len - p->at;
    n = n < len ? n : len;
    n = n < p->step ? n : p->step;
    memcpy(to, p->data + p->at, n);
    p->at += n;
    return (ssize_t)n;
}

static ssize_t on_write(void *user, const void *from, size_t len, bool more)
{
    (void)user;
    (void)from;
    (void)more;
    return (ssize_t)len;
}

static void on_message(void *user, const char *text, size_t len)
{
    struct peer *p = user;
    HOLDS(len <= MAX_MESSAGE && utf8_valid(text, len) == len);
    HOLDS(buf_add(&p->messages, text, len) == COACH_OK && buf_add(&p->messages, "", 1) == COACH_OK);
}

static void run(struct peer *p, const uint8_t *data, size_t size, size_t step)
{
    struct ws_handler handler = {.read = on_read, .write = on_write, .message = on_message, .user = p};
    *p = (struct peer){.data = data, .len = size, .step = step};
    buf_init(&p->messages, 0);
    struct ws *w = ws_new(&handler, MAX_MESSAGE);
    HOLDS(w != NULL);
    bool alive = true;
    while (alive && p->at < size)
        alive = ws_read(w);
    HOLDS(alive != ws_is_closing(w));
    if (!alive)
        HOLDS(!ws_wants_read(w) && !ws_wants_write(w) && !ws_send(w, "x", 1) && !ws_read(w));
    ws_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peer whole, parts;
    run(&whole, data, size, SIZE_MAX);
    for (size_t step = 1; step <= 5; step += 2) {
        run(&parts, data, size, step);
        HOLDS(parts.messages.len == whole.messages.len);
        HOLDS(whole.messages.len == 0 || memcmp(parts.messages.data, whole.messages.data, whole.messages.len) == 0);
        buf_clear(&parts.messages);
    }
    buf_clear(&whole.messages);
    return 0;
}
