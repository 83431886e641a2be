#include "daemon/gateway/upstream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/wire/json.h"
#include "lib/wire/reader.h"

enum {
    ANSWER_MAX = 4096, /* bytes of a line from coachd */
    SHARE = 64 * 1024, /* bytes that wait in the connection, the others wait in the window */
    NOT_READING_MS = 30 * 1000,
    AWAY_EVERY_MS = 60 * 1000,
    FIRST_BACKOFF_MS = 100,
    LONGEST_BACKOFF_MS = 2000
};

static int64_t now_of(const struct upstream *u)
{
    return (int64_t)uv_now(u->conns->loop);
}

/* ---- to coachd ---- */

/* Gives the connection as many whole lines as it may hold. */
static void feed(struct upstream *u)
{
    size_t queued;
    while (u->conn != NULL && u->sent < u->window.len && (queued = conn_queued(u->conn)) < SHARE) {
        size_t n = u->window.len - u->sent;
        if (n > SHARE)
            n = SHARE;
        if (conn_send(u->conn, u->window.data + u->sent, n) != COACH_OK)
            return; /* memory is out: tried again when something was acknowledged */
        u->sent += n;
    }
}

int upstream_add(struct upstream *u, const struct wire_event *event)
{
    struct wire_event own = *event;
    size_t before = u->window.len;
    own.seq = (int64_t)u->next_seq;
    int rc = naming_give(u->naming, &own);
    if (rc == COACH_OK)
        rc = wire_event_write(&own, &u->window);
    if (rc == COACH_OK && u->window.len - before > WIRE_MAX_LINE + 1) {
        u->window.data[u->window.len = before] = '\0';
        rc = COACH_ELIMIT;
    }
    if (rc != COACH_OK)
        return rc;
    naming_took(u->naming, &own);
    u->next_seq++;
    u->counters->events++;
    feed(u);
    return COACH_OK;
}

bool upstream_has_room(struct upstream *u)
{
    bool room = u->window.len < u->max;
    u->full = u->full || !room;
    return room;
}

bool upstream_is_empty(const struct upstream *u)
{
    return u->window.len == 0;
}

/* ---- who waits ---- */

static uint64_t acked(const struct upstream *u)
{
    return u->first_seq - 1;
}

void upstream_forget(struct upstream *u, struct upstream_wait *w)
{
    if (w->seq == 0)
        return;
    *(w->prev != NULL ? &w->prev->next : &u->waits) = w->next;
    *(w->next != NULL ? &w->next->prev : &u->last_wait) = w->prev;
    w->seq = 0;
}

void upstream_wait(struct upstream *u, struct upstream_wait *w)
{
    uint64_t seq = u->next_seq - 1;
    if (seq <= acked(u)) {
        w->done(w->user);
        return;
    }
    w->seq = seq;
    w->next = NULL;
    w->prev = u->last_wait;
    *(u->last_wait != NULL ? &u->last_wait->next : &u->waits) = w;
    u->last_wait = w;
}

static void tell_waiting(struct upstream *u)
{
    struct upstream_wait *w;
    while ((w = u->waits) != NULL && w->seq <= acked(u)) {
        upstream_forget(u, w);
        w->done(w->user);
    }
}

/* ---- from coachd ---- */

/* Drops the lines up to `seq` from the window. */
static void take_ack(struct upstream *u, uint64_t seq)
{
    if (u->window.len == 0)
        return;
    const char *p = u->window.data, *end = p + u->sent;
    while (u->first_seq <= seq && p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (nl == NULL)
            break;
        p = nl + 1;
        u->first_seq++;
    }
    size_t n = (size_t)(p - u->window.data);
    buf_drop(&u->window, n);
    u->sent -= n;
    if (u->window.len == 0)
        buf_clear(&u->window);
    tell_waiting(u);
    if (u->full && u->window.len < u->max / 2) {
        u->full = false;
        u->on_room(u->user);
    }
    feed(u);
}

/* An event of theirs was not used. */
static void note_refused(struct upstream *u, uint64_t seq, const char *code, const char *message)
{
    for (struct upstream_wait *w = u->waits; w != NULL; w = w->next)
        if (w->first <= seq && seq <= w->seq) {
            w->refused++;
            snprintf(w->code, sizeof w->code, "%s", code);
            snprintf(w->why, sizeof w->why, "%s", message);
        }
}

static void on_line(void *user, const char *line, size_t len)
{
    struct upstream *u = user;
    struct json_in *v;
    if (line == NULL || json_in_read(line, len, &v, NULL) != COACH_OK)
        return;
    const char *type = json_in_text(v, "type");
    int64_t seq = json_in_int(v, "seq", -1);
    if (type != NULL && strcmp(type, "ack") == 0 && seq > 0) {
        take_ack(u, (uint64_t)seq);
    } else if (type != NULL && strcmp(type, "error") == 0) {
        const char *code = json_in_text(v, "code"), *message = json_in_text(v, "message");
        u->counters->upstream_errors++;
        if (code != NULL && message != NULL && seq > 0)
            note_refused(u, (uint64_t)seq, code, message);
        if (log_allow(&u->errors, now_of(u)))
            log_warning("coachd refused an event: %s: %s", code == NULL ? "error" : code,
                        message == NULL ? "" : message);
    }
    json_in_free(v);
}

static void on_drained(void *user)
{
    feed(user);
}

static void on_finished(void *user)
{
    struct upstream *u = user;
    conn_close(u->conn, "it hung up");
}

static void retry_later(struct upstream *u);

static void on_closed(void *user, const char *why)
{
    struct upstream *u = user;
    u->conn = NULL;
    if (u->closing)
        return;
    u->away_since_ms = now_of(u);
    if (now_of(u) - u->begun_ms >= LONGEST_BACKOFF_MS) /* not one that hangs up on whoever calls */
        u->backoff_ms = FIRST_BACKOFF_MS;
    if (log_allow(&u->losses, now_of(u)))
        log_warning("coachd: the connection was lost: %s; %" PRIu64 " events are kept and sent again", why,
                    u->next_seq - u->first_seq);
    retry_later(u);
}

static const struct conn_handler handler = {
    .line = on_line, .drained = on_drained, .finished = on_finished, .closed = on_closed};

/* ---- connecting ---- */

static int connect_to(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(at.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static void begin(struct upstream *u)
{
    static const char hello[] = "{\"type\":\"hello\",\"format\":\"coachd\",\"ack\":true}\n";
    u->begun_ms = now_of(u);
    u->away_since_ms = u->away_told_ms = 0;
    u->counters->upstream_connects++;
    if (u->sent > 0)
        u->counters->upstream_resent += u->next_seq - u->first_seq;
    u->sent = 0;
    (void)conn_send(u->conn, hello, sizeof hello - 1);
    log_notice("coachd: connected, %" PRIu64 " events waiting", u->next_seq - u->first_seq);
    feed(u);
}

/* Once, and then once a minute. */
static void note_away(struct upstream *u, const char *why)
{
    if (u->away_told_ms > 0 && now_of(u) - u->away_told_ms < AWAY_EVERY_MS)
        return;
    u->away_told_ms = now_of(u);
    log_warning("coachd is away: %s: %s; trying again until it is back", u->path, why);
}

static void try_connect(struct upstream *u)
{
    const struct conn_limits limits = {
        .max_line = ANSWER_MAX, .max_queue = 4 * SHARE, .read_timeout_ms = NOT_READING_MS};
    coach_error err = {0};
    int fd = connect_to(u->path);
    if (fd < 0) {
        note_away(u, strerror(errno));
        retry_later(u);
    } else if (conn_open(u->conns, fd, &handler, u, &limits, &u->conn, &err) != COACH_OK) {
        note_away(u, err.text);
        retry_later(u);
    } else {
        begin(u);
    }
}

static void on_retry(uv_timer_t *timer)
{
    try_connect(timer->data);
}

static void retry_later(struct upstream *u)
{
    uv_timer_start(&u->retry, on_retry, (uint64_t)u->backoff_ms, 0);
    u->backoff_ms = u->backoff_ms * 2 > LONGEST_BACKOFF_MS ? LONGEST_BACKOFF_MS : u->backoff_ms * 2;
}

/* ---- life ---- */

void upstream_open(struct upstream *u, struct conn_loop *conns, const char *path, size_t max, struct counters *counters,
                   struct naming *naming, void (*on_room)(void *user), void *user)
{
    *u = (struct upstream){.conns = conns,
                           .counters = counters,
                           .naming = naming,
                           .path = path,
                           .max = max,
                           .first_seq = 1,
                           .next_seq = 1,
                           .backoff_ms = FIRST_BACKOFF_MS,
                           .on_room = on_room,
                           .user = user};
    buf_init(&u->window, 0);
    uv_timer_init(conns->loop, &u->retry);
    u->retry.data = u;
    u->away_since_ms = now_of(u);
    try_connect(u);
}

void upstream_close(struct upstream *u)
{
    if (u->closing)
        return;
    u->closing = true;
    u->waits = u->last_wait = NULL;
    if (u->conn != NULL)
        conn_close(u->conn, "the gateway is stopping");
    uv_close((uv_handle_t *)&u->retry, NULL);
}

void upstream_clear(struct upstream *u)
{
    buf_clear(&u->window);
}

bool upstream_is_connected(const struct upstream *u)
{
    return u->conn != NULL;
}

int64_t upstream_away_ms(const struct upstream *u)
{
    return u->conn != NULL ? 0 : now_of(u) - u->away_since_ms;
}
