#include "daemon/base/conn.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/wire/lines.h"

enum {
    AGES_MS = 1000,
    KEPT_BYTES = 4096 /* of an empty output buffer; a larger one is given back */
};

const char conn_not_reading[] = "did not read what it was sent";

struct conn {
    uv_pipe_t pipe;
    uv_write_t write;
    struct conn_loop *owner;
    struct conn *next, *prev; /* of all */
    struct conn *next_suspended;
    struct conn *next_dirty;
    const struct conn_handler *handler;
    void *user;
    struct conn_limits limits;
    uint64_t id;
    const char *why;

    struct lines lines;
    struct buf rest; /* bytes that were read and not handed out when the share of a turn was used up */
    uint64_t turn;   /* the turn that the two figures below belong to */
    size_t turn_lines;
    size_t turn_bytes;
    uint64_t part_after; /* lines handed out before the one whose end has not come */
    uint64_t part_since_ms;

    struct buf out;     /* gathered, not yet given to libuv */
    struct buf sending; /* libuv has it until the write's callback */
    size_t sent;        /* of `sending`, before libuv got the rest */
    size_t waiting;     /* what waited when the peer last read something */
    uint64_t waiting_since_ms;
    uint64_t ending_since_ms;

    bool in_part;
    bool writing;
    bool in_suspended;
    bool in_dirty;
    bool paused;
    bool reading;
    bool at_eof;
    bool deaf; /* the peer takes nothing more */
    bool ending;
    bool closing;
};

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);

/* ---- lists ---- */

static void mark_dirty(struct conn *c)
{
    if (c->in_dirty)
        return;
    c->in_dirty = true;
    c->next_dirty = c->owner->dirty;
    c->owner->dirty = c;
}

static void unlink_from(struct conn **list, struct conn *c, size_t next_offset)
{
    for (struct conn **p = list; *p != NULL; p = (struct conn **)((char *)*p + next_offset))
        if (*p == c) {
            *p = *(struct conn **)((char *)c + next_offset);
            return;
        }
}

static void leave_lists(struct conn *c)
{
    struct conn_loop *cl = c->owner;
    if (c->in_dirty)
        unlink_from(&cl->dirty, c, offsetof(struct conn, next_dirty));
    if (c->in_suspended)
        unlink_from(&cl->suspended, c, offsetof(struct conn, next_suspended));
    c->in_dirty = false;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        cl->all = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    cl->count--;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct conn *c = handle->data;
    *buf = uv_buf_init(c->owner->buffer, sizeof c->owner->buffer);
}

static void set_reading(struct conn *c)
{
    bool wanted = !c->closing && !c->ending && !c->paused && !c->in_suspended && !c->at_eof && c->rest.len == 0;
    if (wanted && !c->reading && uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0)
        conn_close(c, "cannot be read");
    else if (!wanted && c->reading && !c->closing)
        uv_read_stop((uv_stream_t *)&c->pipe);
    c->reading = wanted;
}

static void on_again(uv_idle_t *idle);

static void suspend(struct conn *c)
{
    if (c->in_suspended)
        return;
    c->in_suspended = true;
    c->next_suspended = c->owner->suspended;
    c->owner->suspended = c;
    uv_idle_start(&c->owner->again, on_again);
}

static int on_line(void *user, const char *line, size_t len)
{
    struct conn *c = user;
    c->handler->line(c->user, line, len);
    return 0;
}

/* A line that was begun is timed from its first byte, however many pieces follow. */
static void note_partial(struct conn *c)
{
    bool partial = c->lines.part.len > 0 || c->lines.skipping;
    if (partial && (!c->in_part || c->part_after != c->lines.number)) {
        c->part_after = c->lines.number;
        c->part_since_ms = uv_now(c->owner->loop);
    }
    c->in_part = partial;
}

static void begin_share(struct conn *c)
{
    if (c->turn == c->owner->turn)
        return;
    c->turn = c->owner->turn;
    c->turn_lines = c->turn_bytes = 0;
}

/* Hands out lines until the share of this turn is used up or the owner has heard enough. Returns how many bytes
 * that took; all of them when there is no more to hand out to anyone. */
static size_t hand_out_share(struct conn *c, const char *data, size_t len)
{
    size_t at = 0;
    while (at < len && c->turn_lines < CONN_LINES_PER_TURN && !c->paused) {
        const char *nl = memchr(data + at, '\n', len - at);
        size_t n = nl == NULL ? len - at : (size_t)(nl + 1 - (data + at));
        c->turn_lines += nl != NULL;
        if (lines_feed(&c->lines, data + at, n, on_line, c) != COACH_OK)
            conn_close(c, "out of memory");
        if (c->closing || c->ending)
            return len;
        at += n;
    }
    return at;
}

static size_t hand_out(struct conn *c, const char *data, size_t len)
{
    begin_share(c);
    size_t n = hand_out_share(c, data, len);
    c->turn_bytes += n;
    if (c->closing || c->ending)
        return n;
    if (c->handler->batch != NULL)
        c->handler->batch(c->user);
    if (!c->closing)
        note_partial(c);
    return n;
}

static bool used_up(const struct conn *c)
{
    return c->turn_lines >= CONN_LINES_PER_TURN || c->turn_bytes >= CONN_BYTES_PER_TURN;
}

static void take(struct conn *c, const char *data, size_t len)
{
    size_t n = hand_out(c, data, len);
    if (c->closing || c->ending)
        return;
    if (n < len && buf_add(&c->rest, data + n, len - n) != COACH_OK) {
        conn_close(c, "out of memory");
        return;
    }
    if (!c->paused && (n < len || used_up(c)))
        suspend(c);
    set_reading(c);
}

static void at_end(struct conn *c)
{
    c->at_eof = true;
    set_reading(c);
    c->in_part = false;
    if (lines_end(&c->lines, on_line, c) != COACH_OK)
        conn_close(c, "out of memory");
    if (!c->closing && !c->ending)
        c->handler->finished(c->user);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct conn *c = stream->data;
    if (nread > 0)
        take(c, buf->base, (size_t)nread);
    else if (nread == UV_EOF || nread == UV_ECONNRESET) /* reset: it left without reading all we wrote */
        at_end(c);
    else if (nread < 0)
        conn_close(c, "reading failed");
}

/* One more share for a connection that had used up its last one. */
static void go_on(struct conn *c)
{
    if (c->closing || c->ending || c->paused) /* conn_resume comes back here */
        return;
    size_t n = c->rest.len == 0 ? 0 : hand_out(c, c->rest.data, c->rest.len);
    if (c->closing || c->ending)
        return;
    buf_drop(&c->rest, n);
    if (c->rest.len == 0)
        buf_clear(&c->rest);
    else if (!c->paused)
        suspend(c);
    set_reading(c);
}

static void on_again(uv_idle_t *idle)
{
    struct conn_loop *cl = idle->data;
    struct conn *waiting = cl->suspended, *c;
    cl->suspended = NULL; /* those that are suspended anew gather here, for the next turn */
    while ((c = waiting) != NULL) {
        waiting = c->next_suspended;
        c->in_suspended = false;
        go_on(c); /* may close any connection: none is freed before this turn ends */
    }
    if (cl->suspended == NULL)
        uv_idle_stop(&cl->again);
}

/* ---- writing ---- */

size_t conn_queued(const struct conn *c)
{
    return c->out.len + (c->writing ? uv_stream_get_write_queue_size((const uv_stream_t *)&c->pipe) : 0);
}

int conn_send(struct conn *c, const void *data, size_t len)
{
    if (c->closing || c->deaf)
        return COACH_OK;
    if (conn_queued(c) + len > c->limits.max_queue)
        return COACH_ELIMIT;
    int rc = buf_add(&c->out, data, len);
    if (rc == COACH_OK)
        mark_dirty(c);
    return rc;
}

static void give_back(struct buf *b)
{
    if (b->cap > KEPT_BYTES)
        buf_clear(b);
    else
        buf_reset(b);
}

static void after_written(struct conn *c)
{
    c->waiting = 0;
    if (c->ending)
        conn_close(c, c->why);
    else if (c->handler->drained != NULL)
        c->handler->drained(c->user);
}

/* Writing failed: the peer has gone, or listens no more. What it said before may still wait to be read. */
static void go_deaf(struct conn *c)
{
    c->deaf = true;
    buf_clear(&c->out);
    if (!c->limits.hear_out || c->ending || c->at_eof || c->paused)
        conn_close(c, "the peer has gone");
}

static void on_written(uv_write_t *req, int status)
{
    struct conn *c = req->data;
    c->writing = false;
    give_back(&c->sending);
    if (c->closing)
        return;
    if (status != 0)
        go_deaf(c);
    else if (c->out.len > 0)
        mark_dirty(c);
    else
        after_written(c);
}

/* Leaves the rest to libuv, which takes it along when the peer has read some. */
static void write_rest(struct conn *c, size_t sent)
{
    struct buf empty = c->sending;
    c->sending = c->out;
    c->out = empty;
    uv_buf_t b = uv_buf_init(c->sending.data + sent, (unsigned)(c->sending.len - sent));
    c->write.data = c;
    if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &b, 1, on_written) != 0) {
        go_deaf(c);
        return;
    }
    c->writing = true;
    c->waiting = b.len;
    c->waiting_since_ms = uv_now(c->owner->loop);
}

static void flush(struct conn *c)
{
    if (c->writing || c->closing)
        return;
    size_t sent = 0;
    if (c->out.len > 0) {
        uv_buf_t b = uv_buf_init(c->out.data, (unsigned)c->out.len);
        int n = uv_try_write((uv_stream_t *)&c->pipe, &b, 1);
        if (n < 0 && n != UV_EAGAIN) {
            go_deaf(c);
            return;
        }
        sent = n < 0 ? 0 : (size_t)n;
    }
    if (sent < c->out.len) {
        write_rest(c, sent);
        return;
    }
    give_back(&c->out);
    after_written(c);
}

static void flush_all(struct conn_loop *cl)
{
    struct conn *c;
    /* a callback may send more: that connection is then at the head again and has its turn here */
    while ((c = cl->dirty) != NULL) {
        cl->dirty = c->next_dirty;
        c->in_dirty = false;
        flush(c);
    }
}

/* ---- the loop ---- */

static void on_before_wait(uv_prepare_t *prepare)
{
    flush_all(prepare->data);
}

static void on_after_io(uv_check_t *check)
{
    struct conn_loop *cl = check->data;
    flush_all(cl);
    cl->turn++;
}

static bool overdue(uint64_t since_ms, int64_t limit_ms, uint64_t now_ms)
{
    return limit_ms > 0 && now_ms > since_ms && now_ms - since_ms > (uint64_t)limit_ms;
}

static void check_age(struct conn *c, uint64_t now_ms)
{
    size_t waiting = c->writing ? uv_stream_get_write_queue_size((const uv_stream_t *)&c->pipe) : 0;
    if (waiting != c->waiting) {
        c->waiting = waiting;
        c->waiting_since_ms = now_ms;
    }
    if (c->paused)
        c->part_since_ms = now_ms; /* it is we who do not read */
    if (c->ending && overdue(c->ending_since_ms, CONN_END_MS, now_ms))
        conn_close(c, c->why);
    else if (waiting > 0 && overdue(c->waiting_since_ms, c->limits.read_timeout_ms, now_ms))
        conn_close(c, conn_not_reading);
    else if (c->in_part && overdue(c->part_since_ms, c->limits.line_timeout_ms, now_ms))
        conn_close(c, "did not finish a line");
}

static void on_ages(uv_timer_t *timer)
{
    struct conn_loop *cl = timer->data;
    struct conn *next;
    for (struct conn *c = cl->all; c != NULL; c = next) {
        next = c->next;
        check_age(c, uv_now(cl->loop));
    }
}

void conn_loop_open(struct conn_loop *cl, uv_loop_t *loop)
{
    *cl = (struct conn_loop){.loop = loop, .turn = 1};
    uv_timer_init(loop, &cl->ages);
    uv_prepare_init(loop, &cl->before_wait);
    uv_check_init(loop, &cl->after_io);
    uv_idle_init(loop, &cl->again);
    cl->open_handles = 4;
    cl->before_wait.data = cl->after_io.data = cl->again.data = cl->ages.data = cl;
    uv_prepare_start(&cl->before_wait, on_before_wait);
    uv_check_start(&cl->after_io, on_after_io);
    uv_timer_start(&cl->ages, on_ages, AGES_MS, AGES_MS);
}

static void on_loop_handle_closed(uv_handle_t *handle)
{
    struct conn_loop *cl = handle->data;
    if (--cl->open_handles == 0 && cl->on_closed != NULL)
        cl->on_closed(cl->user);
}

void conn_loop_close(struct conn_loop *cl, void (*on_closed)(void *user), void *user)
{
    cl->on_closed = on_closed;
    cl->user = user;
    uv_close((uv_handle_t *)&cl->before_wait, on_loop_handle_closed);
    uv_close((uv_handle_t *)&cl->after_io, on_loop_handle_closed);
    uv_close((uv_handle_t *)&cl->again, on_loop_handle_closed);
    uv_close((uv_handle_t *)&cl->ages, on_loop_handle_closed);
}

/* ---- life ---- */

static void conn_free(struct conn *c)
{
    lines_clear(&c->lines);
    buf_clear(&c->rest);
    buf_clear(&c->out);
    buf_clear(&c->sending);
    free(c);
}

static void on_failed_closed(uv_handle_t *handle)
{
    conn_free(handle->data);
}

int conn_open(struct conn_loop *cl, int fd, const struct conn_handler *handler, void *user,
              const struct conn_limits *limits, struct conn **ret, coach_error *err)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return coach_fail_nomem(err);
    }
    c->owner = cl;
    c->handler = handler;
    c->user = user;
    c->limits = *limits;
    lines_init(&c->lines, limits->max_line);
    buf_init(&c->rest, 0);
    buf_init(&c->out, 0);
    buf_init(&c->sending, 0);
    uv_pipe_init(cl->loop, &c->pipe, 0);
    c->pipe.data = c;
    int rc = uv_pipe_open(&c->pipe, fd);
    if (rc != 0) {
        close(fd);
        uv_close((uv_handle_t *)&c->pipe, on_failed_closed);
        return coach_fail(err, COACH_EINTERNAL, "a connection: %s", uv_strerror(rc));
    }
    c->id = ++cl->last_id;
    c->next = cl->all;
    if (cl->all != NULL)
        cl->all->prev = c;
    cl->all = c;
    cl->count++;
    *ret = c;
    set_reading(c);
    return COACH_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    c->handler->closed(c->user, c->why);
    conn_free(c);
}

void conn_close(struct conn *c, const char *why)
{
    if (c->closing) /* reading, writing and timers may all ask */
        return;
    c->closing = true;
    if (!c->ending)
        c->why = why;
    leave_lists(c);
    uv_close((uv_handle_t *)&c->pipe, on_closed);
}

void conn_end(struct conn *c, const char *why)
{
    if (c->closing || c->ending)
        return;
    c->ending = true;
    c->why = why;
    c->ending_since_ms = uv_now(c->owner->loop);
    set_reading(c);
    mark_dirty(c); /* the flush closes it when nothing is left to write */
}

void conn_pause(struct conn *c)
{
    c->paused = true;
    set_reading(c);
}

void conn_resume(struct conn *c)
{
    c->paused = false;
    if (c->rest.len > 0 && !c->closing && !c->ending)
        suspend(c);
    set_reading(c);
}

bool conn_is_dry(const struct conn *c)
{
    int fd, unread = 0;
    if (c->closing || c->ending || c->at_eof)
        return true;
    if (c->rest.len > 0 || uv_fileno((const uv_handle_t *)&c->pipe, &fd) != 0)
        return false;
    return ioctl(fd, FIONREAD, &unread) != 0 || unread == 0;
}

uint64_t conn_id(const struct conn *c)
{
    return c->id;
}

uint64_t conn_line_number(const struct conn *c)
{
    return c->lines.number;
}

int conn_peer(const struct conn *c, struct ucred *ret)
{
    int fd;
    socklen_t len = sizeof *ret;
    if (uv_fileno((const uv_handle_t *)&c->pipe, &fd) != 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len) != 0 ||
        len != sizeof *ret)
        return COACH_EINVAL;
    return COACH_OK;
}
