#include "daemon/coachd/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/complaints.h"
#include "lib/wire/json.h"
#include "lib/wire/reader.h"

struct writer {
    struct ingest *in;
    struct writer *next, *prev;
    struct conn *conn;
    struct wire_reader *reader;
    struct ingest_binding binding;
    struct complaints complaints;
    struct linestats stats;
    struct format_total *total; /* of its format */
    int64_t opened_ms, heard_ms;
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
    if (getrandom(in->seed, sizeof in->seed, 0) != (ssize_t)sizeof in->seed)
        log_warning("the system gave no random numbers");
}

static int64_t now_of(const struct ingest *in)
{
    return (int64_t)uv_now(in->loop->loop);
}

/* ---- what is counted ---- */

static struct format_total *total_of(struct ingest *in, const char *format)
{
    struct format_total **at = &in->totals;
    while (*at != NULL && strcmp((*at)->format, format) != 0)
        at = &(*at)->next;
    if (*at == NULL && (*at = calloc(1, sizeof **at + strlen(format) + 1)) != NULL)
        strcpy((*at)->format, format);
    return *at;
}

/* A hello or the line itself may have told the format. Without memory the old one goes on counting. */
static void note_format(struct writer *w)
{
    const char *format = wire_reader_format(w->reader);
    if (strcmp(format, w->total->format) == 0)
        return;
    struct format_total *total = total_of(w->in, format);
    w->total = total == NULL ? w->total : total;
    if (log_allow(&w->in->log_limit, now_of(w->in)))
        log_info("ingest connection=%" PRIu64 " format=%s", conn_id(w->conn), format);
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void count_line(struct writer *w, bool no_memory)
{
    struct ingest *in = w->in;
    bool ok = !no_memory && w->problems == 0;
    struct linecounts *own = &w->stats.counts, *all = &w->total->counts;
    w->heard_ms = now_of(in);
    own->lines++, all->lines++;
    own->ok += ok, all->ok += ok;
    own->no_memory += no_memory, all->no_memory += no_memory;
    in->counters->lines_ok += ok;
    in->counters->lines_no_memory += no_memory;
    uint64_t unknown = wire_reader_unknown_fields(w->reader);
    in->counters->unknown_fields += unknown - w->unknown_fields;
    w->unknown_fields = unknown;
}

/* ---- what goes back ---- */

/* A writer that does not read gets fewer error lines and is never made to wait. */
static void send_out(struct writer *w, struct buf *out)
{
    if (out->len > 0)
        (void)conn_send(w->conn, out->data, out->len);
    buf_clear(out);
}

static void count_problem(struct writer *w, enum wire_code code)
{
    note_format(w);
    w->problems++;
    w->stats.counts.errors[code]++;
    w->total->counts.errors[code]++;
    w->in->counters->lines_bad[code]++;
}

static void on_problem(void *user, const struct wire_problem *p)
{
    struct writer *w = user;
    struct ingest *in = w->in;
    struct buf out;
    buf_init(&out, 0);
    count_problem(w, p->code);
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

/* A writer that waits for the ack of a line is told that it was refused, and of each. */
static void refuse_event(struct writer *w, const struct wire_event *event, const struct wire_problem *p)
{
    struct buf out;
    struct json_out j;
    if (!wire_reader_acks(w->reader) || event->seq < 0) {
        on_problem(w, p);
        return;
    }
    count_problem(w, p->code);
    w->in->counters->error_lines++;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "error");
    json_int(&j, "line", (int64_t)conn_line_number(w->conn));
    json_int(&j, "seq", event->seq);
    json_text(&j, "code", wire_code_name(p->code));
    json_text(&j, "message", p->message);
    json_int(&j, "dropped", 0);
    json_close_object(&j);
    (void)json_out_end(&j, true);
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
        refuse_event(w, event, &p);
    } else if (rc == COACH_OK) {
        note_format(w);
        linestats_event(&w->stats, event, now_of(w->in), wall_ms());
        linecounts_event(&w->total->counts, event);
    }
    return rc;
}

static void on_ignored(void *user, const char *why)
{
    struct writer *w = user;
    (void)why;
    note_format(w);
    w->stats.counts.ignored++;
    w->total->counts.ignored++;
}

static struct wire_handler reading(struct writer *w)
{
    return (struct wire_handler){.event = on_event, .problem = on_problem, .ignored = on_ignored, .user = w};
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
        count_line(w, false);
        return;
    }
    struct wire_handler handler = reading(w);
    int rc = wire_reader_line(w->reader, line, len, &handler);
    if (rc != COACH_ENOMEM)
        w->taken_seq = wire_reader_seq(w->reader);
    note_format(w);
    count_line(w, rc == COACH_ENOMEM);
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
    struct wire_handler handler = reading(w);
    if (wire_reader_end(w->reader, &handler) != COACH_ENOMEM)
        w->taken_seq = wire_reader_seq(w->reader);
    send_ack(w);
    conn_end(w->conn, "the writer hung up");
}

static void free_writer(struct writer *w)
{
    if (w == NULL)
        return;
    complaints_clear(&w->complaints);
    linestats_clear(&w->stats);
    wire_reader_free(w->reader);
    free(w);
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
    free_writer(w);
}

static const struct conn_handler handler = {
    .line = on_line, .batch = on_batch, .drained = on_batch, .finished = on_finished, .closed = on_closed};

static int nothing_happens(void *user, const struct wire_event *event)
{
    (void)user, (void)event;
    return COACH_OK;
}

static void no_problem(void *user, const struct wire_problem *p)
{
    (void)user, (void)p; /* the line was tried when the defaults were made */
}

static struct wire_reader *new_reader(const struct ingest *in)
{
    const struct ingest_defaults *d = &in->defaults;
    static const struct wire_handler quiet = {.event = nothing_happens, .problem = no_problem};
    char prefix[33]; /* a call may go on on another connection, of this daemon or of the one before it */
    snprintf(prefix, sizeof prefix, "%" PRIx64 "-%" PRIx64 "-", (uint64_t)wall_ms() / 1000, in->accepted);
    struct wire_reader *reader = wire_reader_new(d->formats, prefix);
    if (reader != NULL)
        wire_reader_seed(reader, in->seed);
    if (reader != NULL && d->hello.len > 0 &&
        wire_reader_line(reader, d->hello.data, d->hello.len, &quiet) != COACH_OK) {
        wire_reader_free(reader);
        return NULL;
    }
    return reader;
}

static struct writer *new_writer(struct ingest *in)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    in->accepted++;
    *w = (struct writer){.in = in, .reader = new_reader(in), .taken_seq = -1, .acked_seq = -1};
    w->opened_ms = w->heard_ms = now_of(in);
    w->total = w->reader == NULL ? NULL : total_of(in, wire_reader_format(w->reader));
    if (w->total != NULL)
        return w;
    free_writer(w);
    return NULL;
}

void ingest_accept(struct ingest *in, int fd)
{
    coach_error err;
    struct writer *w = new_writer(in);
    if (w == NULL) {
        coach_fail_nomem(&err);
        close(fd);
    } else if (conn_open(in->loop, fd, &handler, w, &in->limits, &w->conn, &err) == COACH_OK) {
        w->next = in->writers;
        if (w->next != NULL)
            w->next->prev = w;
        in->writers = w;
        in->count++;
        return;
    }
    if (log_allow(&in->log_limit, now_of(in)))
        log_warning("ingest: a connection was dropped: %s", err.text);
    free_writer(w);
}

void ingest_defaults_clear(struct ingest_defaults *d)
{
    formats_unref(d->formats);
    buf_clear(&d->hello);
}

void ingest_set_defaults(struct ingest *in, struct ingest_defaults *defaults)
{
    ingest_defaults_clear(&in->defaults);
    in->defaults = *defaults;
    *defaults = (struct ingest_defaults){0};
}

void ingest_clear(struct ingest *in)
{
    ingest_defaults_clear(&in->defaults);
    for (struct format_total *t = in->totals, *next; t != NULL; t = next) {
        next = t->next;
        free(t);
    }
    in->totals = NULL;
}

const struct writer *ingest_next(const struct ingest *in, const struct writer *w)
{
    return w == NULL ? in->writers : w->next;
}

const struct linestats *ingest_stats(const struct writer *w)
{
    return &w->stats;
}

struct ingest_view ingest_look(const struct writer *w)
{
    struct ucred peer = {0};
    if (conn_peer(w->conn, &peer) != COACH_OK)
        peer = (struct ucred){0};
    return (struct ingest_view){.id = conn_id(w->conn),
                                .pid = peer.pid,
                                .uid = peer.uid,
                                .format = wire_reader_format(w->reader),
                                .call_id = wire_reader_call(w->reader),
                                .opened_ms = w->opened_ms,
                                .heard_ms = w->heard_ms,
                                .unknown_fields = w->unknown_fields,
                                .stats = &w->stats};
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
