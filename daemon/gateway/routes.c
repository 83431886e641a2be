#include "daemon/gateway/routes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "daemon/base/complaints.h"
#include "daemon/gateway/binding.h"
#include "lib/wire/json.h"

/* What is kept of a client between its request and its end. */
struct session {
    struct routes *routes;
    struct client *client;
    struct access_grant grant; /* of a request whose head told enough, else without a subject */
    struct writer *writer;     /* of a WebSocket */
    struct upstream_wait wait; /* of a webhook */
    struct taken taken;
    struct complaints complaints;
    uint64_t messages;
    int64_t expires; /* seconds since 1970; 0: never */
};

static int64_t now_of(const struct routes *rs)
{
    return (int64_t)uv_now(rs->clients->loop);
}

static void answer_text(struct client *c, int status, const char *type, const char *body, size_t len)
{
    client_answer(c, &(struct answer){.status = status, .type = type, .body = body, .len = len});
}

static void refuse(struct routes *rs, struct client *c, int status, const char *why)
{
    if (log_allow(&rs->refusals, now_of(rs)))
        log_info("a request was refused with %d: %s", status, why);
    client_refuse(c, status, answer_code(status), why);
}

static void refuse_no_memory(struct routes *rs, struct client *c)
{
    refuse(rs, c, 503, "out of memory");
}

/* ---- what operators ask ---- */

static void serve_health(struct routes *rs, struct client *c)
{
    (void)rs;
    answer_text(c, 200, "text/plain", "ok\n", 3);
}

static void serve_readiness(struct routes *rs, struct client *c)
{
    if (upstream_is_connected(rs->upstream))
        answer_text(c, 200, "text/plain", "ok\n", 3);
    else
        client_refuse(c, 503, "try_later", "coachd is away");
}

static void serve_metrics(struct routes *rs, struct client *c)
{
    struct gauges gauges = {.connections = rs->clients->count,
                            .websockets = rs->clients->websockets,
                            .queue_bytes = rs->upstream->window.len,
                            .no_descriptors = *rs->no_descriptors,
                            .upstream = upstream_is_connected(rs->upstream)};
    struct buf out;
    buf_init(&out, 0);
    rs->counters->timeouts = rs->clients->timeouts;
    memcpy(rs->counters->answers, rs->clients->answers, sizeof rs->counters->answers);
    if (counters_write(rs->counters, &gauges, &out) == COACH_OK)
        answer_text(c, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", out.data, out.len);
    else
        refuse_no_memory(rs, c);
    buf_clear(&out);
}

/* ---- sessions ---- */

/* The client's session, made when it has none. NULL when memory is out. */
static struct session *session_of(struct routes *rs, struct client *c)
{
    struct session *s = client_data(c);
    if (s == NULL && (s = calloc(1, sizeof *s)) != NULL) {
        s->routes = rs;
        s->client = c;
        client_set_data(c, s);
    }
    return s;
}

static void on_gone(void *user, struct client *c, bool left)
{
    struct routes *rs = user;
    struct session *s = client_data(c);
    if (s == NULL)
        return;
    client_set_data(c, NULL);
    upstream_forget(rs->upstream, &s->wait);
    bool last = s->writer != NULL && writers_leave(rs->writers, s->writer);
    if (last && left && writer_end(s->writer, "disconnect") != COACH_OK)
        log_warning("a call whose writer has gone was not ended: out of memory");
    writer_free(s->writer);
    complaints_clear(&s->complaints);
    free(s);
}

/* A hello that was refused, or memory that was out. */
static void refuse_writer(struct routes *rs, struct client *c, int rc, const struct taken *why)
{
    if (rc != COACH_EINVAL) {
        refuse_no_memory(rs, c);
        return;
    }
    const struct wire_problem *p = &why->problems[0];
    client_refuse(c, p->code == WIRE_UNKNOWN_FORMAT ? 404 : 400, wire_code_name(p->code), p->message);
}

/* ---- webhooks ---- */

static int write_taken(const struct taken *t, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_int(&j, "accepted", t->accepted);
    if (t->ignored > 0)
        json_int(&j, "ignored", t->ignored);
    if (t->refused > 0) {
        json_int(&j, "refused", t->refused);
        json_open_array(&j, "problems");
        for (unsigned i = 0; i < t->refused && i < TAKEN_PROBLEMS; i++) {
            json_open_object(&j, NULL);
            json_text(&j, "code", wire_code_name(t->problems[i].code));
            json_text(&j, "message", t->problems[i].message);
            json_close_object(&j);
        }
        json_close_array(&j);
    }
    json_close_object(&j);
    return json_out_end(&j, true);
}

static void answer_taken(struct routes *rs, struct client *c, const struct taken *t)
{
    struct buf out;
    buf_init(&out, 0);
    if (t->accepted == 0 && t->refused > 0)
        client_refuse(c, 400, wire_code_name(t->problems[0].code), t->problems[0].message);
    else if (write_taken(t, &out) == COACH_OK)
        answer_text(c, 200, "application/json", out.data, out.len);
    else
        refuse_no_memory(rs, c);
    buf_clear(&out);
}

static enum wire_code code_named(const char *name)
{
    enum wire_code code = 0;
    while (code < WIRE_CODES && strcmp(wire_code_name(code), name) != 0)
        code++;
    return code < WIRE_CODES ? code : WIRE_LIMIT_CALLS;
}

/* coachd did not use all of the events of a webhook. */
static void take_back_refused(struct session *s)
{
    struct taken *t = &s->taken;
    unsigned n = s->wait.refused < t->accepted ? s->wait.refused : t->accepted;
    struct wire_problem p = {.code = code_named(s->wait.code)};
    snprintf(p.message, sizeof p.message, "%s", s->wait.why);
    t->accepted -= n;
    for (; n > 0; n--, t->refused++)
        if (t->refused < TAKEN_PROBLEMS)
            t->problems[t->refused] = p;
}

/* coachd has taken the events of a webhook. */
static void on_effect(void *user)
{
    struct session *s = user;
    struct routes *rs = s->routes;
    take_back_refused(s);
    if (s->wait.refused > 0 && s->taken.accepted == 0) {
        rs->counters->turned_away++;
        refuse(rs, s->client, 503, s->wait.why);
    } else {
        answer_taken(rs, s->client, &s->taken);
    }
}

static void on_late(void *user, struct client *c)
{
    struct routes *rs = user;
    rs->counters->turned_away++;
    refuse(rs, c, 503, "coachd did not answer in time; what was sent may still take effect");
}

/* Reads the body. A coachd line says all there is to know, and a hello among them is for its own request only. */
static int take_body(struct routes *rs, const struct access_grant *grant, const char *format, const char *hello,
                     const struct httpreq *r, struct taken *ret, bool *refused)
{
    struct writer *w = NULL;
    bool alone = strcmp(format, "coachd") == 0;
    int rc =
        alone ? writers_make(rs->writers, hello, &w, ret) : writers_find(rs->writers, grant->subject, hello, &w, ret);
    *refused = rc != COACH_OK;
    if (rc == COACH_OK)
        rc = writer_take(w, r->body == NULL ? "" : r->body, r->body_len, ret);
    if (alone)
        writer_free(w);
    return rc;
}

static void serve_post(struct routes *rs, struct client *c, const struct access_grant *grant, const char *format,
                       const char *hello)
{
    struct session *s = session_of(rs, c);
    bool refused = false;
    if (s == NULL) {
        refuse_no_memory(rs, c);
        return;
    }
    rs->counters->posts++;
    s->wait.first = rs->upstream->next_seq;
    int rc = take_body(rs, grant, format, hello, client_request(c), &s->taken, &refused);
    if (rc != COACH_OK) {
        refuse_writer(rs, c, refused ? rc : COACH_ENOMEM, &s->taken);
    } else if (s->taken.accepted == 0) {
        answer_taken(rs, c, &s->taken);
    } else {
        client_hold(c);
        s->wait.done = on_effect;
        s->wait.user = s;
        upstream_wait(rs->upstream, &s->wait);
    }
}

/* ---- WebSockets ---- */

static void serve_upgrade(struct routes *rs, struct client *c, const struct access_grant *grant, const char *hello)
{
    struct taken why;
    struct session *s = session_of(rs, c);
    if (s == NULL) {
        refuse_no_memory(rs, c);
        return;
    }
    s->expires = grant->expires;
    int rc = writers_make(rs->writers, hello, &s->writer, &why);
    if (rc == COACH_OK && (rc = writers_join(rs->writers, s->writer)) != COACH_OK) {
        writer_free(s->writer);
        s->writer = NULL;
    }
    if (rc != COACH_OK) {
        refuse_writer(rs, c, rc, &why);
        return;
    }
    rs->counters->websockets++;
    client_upgrade(c);
}

static void send_out(struct client *c, struct buf *out)
{
    for (char *p = out->data; p != NULL && *p != '\0';) { /* each line is a message */
        char *nl = strchr(p, '\n');
        client_send(c, p, nl == NULL ? strlen(p) : (size_t)(nl - p));
        p = nl == NULL ? NULL : nl + 1;
    }
    buf_clear(out);
}

static void tell_problems(struct session *s)
{
    struct buf out;
    buf_init(&out, 0);
    for (unsigned i = 0; i < s->taken.refused && i < TAKEN_PROBLEMS; i++) {
        const struct wire_problem *p = &s->taken.problems[i];
        complaints_add(&s->complaints, p->code, wire_code_name(p->code), s->messages, p->message, now_of(s->routes),
                       &out);
    }
    send_out(s->client, &out);
}

static void on_message(void *user, struct client *c, const char *text, size_t len)
{
    struct routes *rs = user;
    struct session *s = client_data(c);
    s->messages++;
    rs->counters->messages++;
    int rc = writer_take(s->writer, text, len, &s->taken);
    tell_problems(s);
    if (rc != COACH_OK)
        client_close(c, WS_FAILED, "out of memory"); /* the session may be gone with it */
    else if (!upstream_has_room(rs->upstream))
        client_pause(c);
}

static void on_tick(void *user, struct client *c)
{
    struct routes *rs = user;
    struct session *s = client_data(c);
    struct buf out;
    buf_init(&out, 0);
    if (s->complaints.waiting > 0)
        complaints_tell_rest(&s->complaints, now_of(rs), &out);
    send_out(c, &out);
    if (s->expires > 0 && s->expires <= (int64_t)time(NULL)) {
        client_close(c, WS_POLICY, "the token has expired");
    } else if (upstream_away_ms(rs->upstream) >= rs->config->away_timeout_ms) {
        rs->counters->turned_away++;
        client_close(c, WS_TRY_LATER, "coachd is away");
    }
}

/* ---- which path ---- */

/* The format a path names: 1 to 32 of a-z, 0-9, '-' and '_'. */
static bool format_of(struct httpreq_text path, char ret[BINDING_FORMAT_MAX + 1])
{
    static const char prefix[] = "/v1/ingest/", letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t n = strlen(prefix), len = path.len > n ? path.len - n : 0;
    if (len == 0 || len > BINDING_FORMAT_MAX || memcmp(path.s, prefix, n) != 0)
        return false;
    memcpy(ret, path.s + n, len);
    ret[len] = '\0';
    return strspn(ret, letters) == len;
}

static bool is_type(struct httpreq_text type, const char *name)
{
    size_t n = strlen(name);
    return type.len >= n && strncasecmp(type.s, name, n) == 0 &&
           (type.len == n || type.s[n] == ';' || type.s[n] == ' ' || type.s[n] == '\t');
}

/* The reader knows what its format looks like; this keeps out files and what is packed. */
static bool is_readable(const struct httpreq *r)
{
    static const char *const types[] = {"application/json", "application/x-www-form-urlencoded", "application/x-ndjson",
                                        "text/plain"};
    struct httpreq_text type = httpreq_get(r, "content-type");
    if (httpreq_get(r, "content-encoding").s != NULL)
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (is_type(type, types[i]))
            return true;
    return type.s == NULL || (type.len > 5 && memmem(type.s, type.len, "+json", 5) != NULL);
}

/* Whether coachd can take something now; if not the client is told. */
static bool has_way(struct routes *rs, struct client *c)
{
    bool post = client_request(c)->method == HTTPREQ_POST;
    const char *why = NULL;
    if (post ? !upstream_is_connected(rs->upstream) : upstream_away_ms(rs->upstream) >= rs->config->away_timeout_ms)
        why = "coachd is away";
    else if (!upstream_has_room(rs->upstream))
        why = "too much waits for coachd";
    if (why == NULL)
        return true;
    rs->counters->turned_away++;
    refuse(rs, c, 503, why);
    return false;
}

static void serve_writer(struct routes *rs, struct client *c, const struct access_grant *grant, const char *format)
{
    const struct httpreq *r = client_request(c);
    struct buf hello;
    coach_error err = {0};
    buf_init(&hello, 0);
    int rc = binding_hello(format, r->query, &rs->config->channels, &hello, &err);
    if (rc == COACH_EINVAL)
        refuse(rs, c, 400, err.text);
    else if (rc != COACH_OK)
        refuse_no_memory(rs, c);
    else if (r->upgrade)
        serve_upgrade(rs, c, grant, hello.data);
    else
        serve_post(rs, c, grant, format, hello.data);
    buf_clear(&hello);
}

/* Whether the request may write, `grant` saying what it showed; if not the client is told. */
static bool may_write(struct routes *rs, struct client *c, struct access_grant *grant)
{
    const struct session *s = client_data(c);
    if (s != NULL && s->grant.subject[0] != '\0') {
        *grant = s->grant;
        return true;
    }
    int status = access_check_writer(rs->access, client_request(c), (int64_t)time(NULL), grant);
    rs->counters->access[grant->outcome]++;
    if (status != 0)
        refuse(rs, c, status, grant->why);
    return status == 0;
}

static void serve_ingest(struct routes *rs, struct client *c, const char *format)
{
    const struct httpreq *r = client_request(c);
    struct access_grant grant;
    if (!may_write(rs, c, &grant))
        return;
    if (r->method == HTTPREQ_IS_HEAD)
        refuse(rs, c, 405, "POST a message, or GET a WebSocket");
    else if (r->method == HTTPREQ_GET && !r->upgrade)
        refuse(rs, c, 426, "a GET here begins a WebSocket; single messages are sent with POST");
    else if (r->method == HTTPREQ_POST && !is_readable(r))
        refuse(rs, c, 415, "a message is JSON or a form, and not packed");
    else if (has_way(rs, c))
        serve_writer(rs, c, &grant, format);
}

static void serve_path(struct routes *rs, struct client *c)
{
    static const struct {
        const char *path;
        void (*serve)(struct routes *rs, struct client *c);
    } pages[] = {{"/healthz", serve_health}, {"/readyz", serve_readiness}, {"/metrics", serve_metrics}};
    const struct httpreq *r = client_request(c);
    char format[BINDING_FORMAT_MAX + 1];
    if (format_of(r->path, format)) {
        serve_ingest(rs, c, format);
        return;
    }
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (r->path.len == strlen(pages[i].path) && memcmp(r->path.s, pages[i].path, r->path.len) == 0) {
            if (r->method == HTTPREQ_POST || r->upgrade)
                refuse(rs, c, 405, "this is for GET");
            else
                pages[i].serve(rs, c);
            return;
        }
    refuse(rs, c, 404, "there is /v1/ingest/FORMAT, /healthz, /readyz and /metrics");
}

static bool is_for_here(struct routes *rs, struct client *c)
{
    struct access_grant grant;
    if (access_check_site(rs->access, client_request(c), &grant) == 0)
        return true;
    rs->counters->access[grant.outcome]++;
    refuse(rs, c, grant.status, grant.why);
    return false;
}

/* Before a body is read: who sends it, and whether there is use for it. */
static bool on_head(void *user, struct client *c)
{
    struct routes *rs = user;
    const struct httpreq *r = client_request(c);
    struct access_grant grant;
    struct session *s;
    char format[BINDING_FORMAT_MAX + 1];
    if (!is_for_here(rs, c))
        return false;
    if (!format_of(r->path, format)) {
        serve_path(rs, c); /* nothing else takes a body */
        return false;
    }
    if (access_needs_body(rs->access, r))
        return false;
    if (!may_write(rs, c, &grant) || !has_way(rs, c))
        return false;
    if ((s = session_of(rs, c)) == NULL)
        refuse_no_memory(rs, c);
    else
        s->grant = grant;
    return s != NULL;
}

static void on_request(void *user, struct client *c)
{
    struct routes *rs = user;
    const struct httpreq *r = client_request(c);
    if (r->state == HTTPREQ_REFUSED)
        refuse(rs, c, r->status, r->why);
    else if (is_for_here(rs, c))
        serve_path(rs, c);
}

const struct clients_handler routes_handler = {
    .head = on_head, .request = on_request, .late = on_late, .message = on_message, .tick = on_tick, .gone = on_gone};
