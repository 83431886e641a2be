#include "daemon/coachd/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/coachd/complaints.h"
#include "lib/wire/json.h"
#include "lib/wire/reader.h"

struct writer {
    struct ingest *in;
    struct writer *next, *prev;
    struct conn *conn;
    struct wire_reader *reader;
    struct ingest_binding binding;
    struct complaints complaints;
    uint64_t unknown_fields; /* counted so far */
    uint64_t problems;       /* of the current line */
    int64_t taken_seq;       /* highest that took effect or was refused; -1: none */
    int64_t acked_seq;
};

_Static_assert((int)WIRE_CODES <= (int)COMPLAINT_KINDS, "a kind of complaint for each code");

void ingest_init(struct ingest *in, struct conn_loop *loop, const struct conn_limits *limits,
                 const struct ingest_handler *handler, struct counters *counters)
{
    *in = (struct ingest){.loop = loop, .limits = *limits, .handler = *handler, .counters = counters};
}

static int64_t now_of(const struct ingest *in)
{
    return (int64_t)uv_now(in->loop->loop);
}

/* ---- what goes back ---- */

/* A writer that does not read gets fewer error lines and is never made to wait. */
static void send_out(struct writer *w, struct buf *out)
{
    if (out->len > 0)
        (void)conn_send(w->conn, out->data, out->len);
    buf_clear(out);
}

static void on_problem(void *user, const struct wire_problem *p)
{
    struct writer *w = user;
    struct ingest *in = w->in;
    struct buf out;
    buf_init(&out, 0);
    w->problems++;
    in->counters->lines_bad[p->code]++;
    const char *code = wire_code_name(p->code);
    uint64_t line = conn_line_number(w->conn);
    if (complaints_add(&w->complaints, p->code, code, line, p->message, now_of(in), &out)) {
        in->counters->error_lines++;
        if (log_allow(&in->log_limit, now_of(in)))
            log_info("ingest connection=%" PRIu64 " line=%" PRIu64 " refused code=%s: %s", conn_id(w->conn), line, code,
                     p->message);
    }
    send_out(w, &out);
}

static void send_ack(struct writer *w)
{
    if (!wire_reader_acks(w->reader) || w->taken_seq <= w->acked_seq)
        return;
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "ack");
    json_int(&j, "seq", w->taken_seq);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK && conn_send(w->conn, out.data, out.len) == COACH_OK)
        w->acked_seq = w->taken_seq;
    buf_clear(&out);
}

/* ---- what comes in ---- */

static int on_event(void *user, const struct wire_event *event)
{
    struct writer *w = user;
    w->binding.call_id = wire_reader_call(w->reader);
    int rc = w->in->handler.event(w->in->handler.user, &w->binding, event);
    if (rc == COACH_ELIMIT) {
        struct wire_problem p = {.code = WIRE_LIMIT_CALLS};
        snprintf(p.message, sizeof p.message, "too many calls are live; this line was dropped");
        on_problem(w, &p);
    }
    return rc;
}

static void on_line(void *user, const char *line, size_t len)
{
    struct writer *w = user;
    struct ingest *in = w->in;
    w->problems = 0;
    if (line == NULL) {
        struct wire_problem p = {.code = WIRE_TOO_LONG};
        snprintf(p.message, sizeof p.message, "the line is longer than %zu bytes and was passed over",
                 in->limits.max_line);
        on_problem(w, &p);
        return;
    }
    struct wire_handler handler = {.event = on_event, .problem = on_problem, .user = w};
    int rc = wire_reader_line(w->reader, line, len, &handler);
    if (rc == COACH_ENOMEM)
        in->counters->lines_no_memory++;
    else
        w->taken_seq = wire_reader_seq(w->reader);
    if (rc != COACH_ENOMEM && w->problems == 0)
        in->counters->lines_ok++;
    uint64_t unknown = wire_reader_unknown_fields(w->reader);
    in->counters->unknown_fields += unknown - w->unknown_fields;
    w->unknown_fields = unknown;
}

/* Acks are made when nothing else waits to be written: a writer that does not read them costs no memory, and one
 * that reads late gets the last one only. */
static void on_batch(void *user)
{
    struct writer *w = user;
    if (conn_queued(w->conn) == 0)
        send_ack(w);
}

static void on_finished(void *user)
{
    struct writer *w = user;
    send_ack(w);
    conn_end(w->conn, "the writer hung up");
}

static void on_closed(void *user, const char *why)
{
    struct writer *w = user;
    struct ingest *in = w->in;
    *(w->prev != NULL ? &w->prev->next : &in->writers) = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    in->count--;
    w->binding.call_id = wire_reader_call(w->reader);
    in->handler.ended(in->handler.user, &w->binding);
    log_debug("ingest connection=%" PRIu64 " closed: %s", conn_id(w->conn), why);
    complaints_clear(&w->complaints);
    wire_reader_free(w->reader);
    free(w);
}

static const struct conn_handler handler = {
    .line = on_line, .batch = on_batch, .drained = on_batch, .finished = on_finished, .closed = on_closed};

void ingest_accept(struct ingest *in, int fd)
{
    coach_error err;
    struct writer *w = calloc(1, sizeof *w);
    struct wire_reader *reader = wire_reader_new(NULL, "");
    if (w == NULL || reader == NULL) {
        coach_fail_nomem(&err);
        close(fd);
    } else {
        *w = (struct writer){.in = in, .reader = reader, .taken_seq = -1, .acked_seq = -1};
        if (conn_open(in->loop, fd, &handler, w, &in->limits, &w->conn, &err) == COACH_OK) {
            w->next = in->writers;
            if (w->next != NULL)
                w->next->prev = w;
            in->writers = w;
            in->count++;
            return;
        }
    }
    if (log_allow(&in->log_limit, now_of(in)))
        log_warning("ingest: a connection was dropped: %s", err.text);
    wire_reader_free(reader);
    free(w);
}

void ingest_tick(struct ingest *in)
{
    for (struct writer *w = in->writers; w != NULL; w = w->next) {
        if (w->complaints.waiting == 0)
            continue;
        struct buf out;
        buf_init(&out, 0);
        complaints_tell_rest(&w->complaints, now_of(in), &out);
        send_out(w, &out);
    }
}

bool ingest_is_dry(const struct ingest *in)
{
    for (const struct writer *w = in->writers; w != NULL; w = w->next)
        if (!conn_is_dry(w->conn))
            return false;
    return true;
}

void ingest_end(struct ingest *in)
{
    for (struct writer *w = in->writers; w != NULL; w = w->next) {
        send_ack(w);
        conn_end(w->conn, "the daemon is stopping");
    }
}
