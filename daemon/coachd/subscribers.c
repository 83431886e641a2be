#include "daemon/coachd/subscribers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/base/complaints.h"
#include "daemon/coachd/outline.h"
#include "daemon/coachd/users.h"
#include "lib/wire/event.h"
#include "lib/wire/json.h"

enum {
    CONN_HOLDS = 16 * 1024, /* bytes handed to the connection at a time; the rest stays where it can be dropped */
    CONN_QUEUE = 2 * OUTQUEUE_BYTES,
    KERNEL_BYTES = 32 * 1024 /* asked of the kernel: what lies there can no longer be dropped when it is late */
};

struct agent {
    struct subscriber *first;                   /* connections */
    struct outline *recent[SUBSCRIBERS_RECENT]; /* nudges, oldest first */
    size_t nrecent;
    char id[WIRE_MAX_ID + 1];
};

struct subscriber {
    struct subscribers *owner;
    struct subscriber *next, *prev; /* of all */
    struct subscriber *next_of_agent;
    struct agent *agent; /* NULL until welcome */
    struct conn *conn;   /* NULL once closed */
    struct complaints complaints;
    struct outqueue queue;
    int64_t since_ms;
    bool asking; /* a worker is looking up the name of its user; it is freed after that */
    bool ending;
    char wanted[WIRE_MAX_ID + 1]; /* the agent id of its hello; "" for none */
    char resume[NUDGE_ID + 1];    /* the last nudge it saw; "" for none */
    bool resumes;
};

enum kind {
    BAD_JSON,
    BAD_UTF8,
    TOO_LONG,
    MISSING_FIELD,
    BAD_FIELD,
    UNKNOWN_TYPE,
    HELLO_FIRST,
    REFUSED,
    NOT_YOURS,
    BUSY
};
static const char *const kind_names[] = {"bad_json",     "bad_utf8",    "too_long",  "missing_field", "bad_field",
                                         "unknown_type", "hello_first", "forbidden", "not_your_call", "try_later"};
_Static_assert(sizeof kind_names / sizeof *kind_names <= COMPLAINT_KINDS, "a kind of complaint for each");

static int64_t now_of(const struct subscribers *s)
{
    return (int64_t)uv_now(s->loop->loop);
}

/* ---- what goes out ---- */

static void count_loss(struct subscribers *s, const struct outqueue_loss *loss)
{
    s->counters->expired += loss->expired;
    s->counters->overflowed += loss->overflowed;
}

/* The one place where a line leaves for a client. */
static void send_line(struct subscriber *sub, const struct outline *o)
{
    struct counters *counters = sub->owner->counters;
    if (o->is_nudge && (sub->agent == NULL || strcmp(sub->agent->id, o->agent_id) != 0)) {
        counters->misdirected++;
        log_error("agent connection=%" PRIu64 " was about to get a nudge for another agent; it was not sent",
                  conn_id(sub->conn));
        return;
    }
    if (conn_send(sub->conn, o->text, o->len) == COACH_OK && o->is_nudge)
        counters->delivered++;
}

/* Hands lines over to the connection, in order, until `most` bytes wait there. */
static void pump(struct subscriber *sub, size_t most)
{
    struct outqueue_loss loss = {0};
    struct outline *o;
    while (sub->conn != NULL && conn_queued(sub->conn) < most &&
           (o = outqueue_take(&sub->queue, now_of(sub->owner), &loss)) != NULL) {
        send_line(sub, o);
        outline_unref(o);
    }
    count_loss(sub->owner, &loss);
}

static void enqueue(struct subscriber *sub, struct outline *o)
{
    struct outqueue_loss loss = {0};
    if (sub->conn == NULL || sub->ending)
        return;
    bool added = outqueue_add(&sub->queue, o, now_of(sub->owner), &loss);
    count_loss(sub->owner, &loss);
    if (!added && o->is_nudge) {
        sub->owner->counters->overflowed++;
    } else if (!added) {
        sub->owner->counters->agents_slow++;
        sub->ending = true;
        conn_close(sub->conn, "too far behind");
        return;
    }
    pump(sub, CONN_HOLDS);
}

/* Sends a line of ours that is no nudge and drops the caller's buffer. */
static void send_text(struct subscriber *sub, struct buf *text)
{
    struct outline *o = text->len == 0 ? NULL : outline_new(NULL, NULL, text->data, text->len);
    if (o != NULL)
        enqueue(sub, o);
    outline_unref(o);
    buf_clear(text);
}

static void complain(struct subscriber *sub, enum kind kind, const char *message)
{
    struct buf out;
    buf_init(&out, 0);
    if (complaints_add(&sub->complaints, kind, kind_names[kind], conn_line_number(sub->conn), message,
                       now_of(sub->owner), &out))
        sub->owner->counters->agent_errors++;
    send_text(sub, &out);
}

static void end(struct subscriber *sub, const char *why)
{
    pump(sub, CONN_QUEUE); /* the last chance of what waits */
    sub->ending = true;
    conn_end(sub->conn, why);
}

/* Error and close: for a hello that is refused. */
static void refuse(struct subscriber *sub, enum kind kind, const char *message)
{
    struct subscribers *s = sub->owner;
    s->counters->agents_refused++;
    if (log_allow(&s->log_limit, now_of(s)))
        log_notice("agent connection=%" PRIu64 " refused: %s", conn_id(sub->conn), message);
    complain(sub, kind, message);
    if (sub->conn != NULL)
        end(sub, "refused");
}

/* ---- agents ---- */

static struct agent *agent_find(const struct subscribers *s, const char *id)
{
    return table_get(&s->agents, id, strlen(id));
}

static struct agent *agent_get(struct subscribers *s, const char *id)
{
    struct agent *a = agent_find(s, id);
    size_t len = strlen(id);
    if (a != NULL)
        return a;
    if (len > WIRE_MAX_ID || table_count(&s->agents) >= SUBSCRIBERS_AGENTS || (a = calloc(1, sizeof *a)) == NULL)
        return NULL;
    memcpy(a->id, id, len + 1);
    if (table_set(&s->agents, id, len, a) == COACH_OK)
        return a;
    free(a);
    return NULL;
}

static void drop_recent(struct agent *a, size_t i)
{
    outline_unref(a->recent[i]);
    a->nrecent--;
    memmove(&a->recent[i], &a->recent[i + 1], (a->nrecent - i) * sizeof(struct outline *));
}

static void keep_recent(struct agent *a, struct outline *o)
{
    if (a->nrecent == SUBSCRIBERS_RECENT)
        drop_recent(a, 0);
    a->recent[a->nrecent++] = outline_ref(o);
}

static void agent_free(struct agent *a)
{
    while (a->nrecent > 0)
        drop_recent(a, a->nrecent - 1);
    free(a);
}

static void agent_forget_late(struct agent *a, int64_t now_ms)
{
    for (size_t i = 0; i < a->nrecent;) {
        if (a->recent[i]->deadline_ms > now_ms)
            i++;
        else
            drop_recent(a, i);
    }
}

static void join(struct subscriber *sub, struct agent *a)
{
    sub->agent = a;
    sub->next_of_agent = a->first;
    a->first = sub;
}

static void leave(struct subscriber *sub)
{
    if (sub->agent == NULL)
        return;
    struct subscriber **p = &sub->agent->first;
    while (*p != sub)
        p = &(*p)->next_of_agent;
    *p = sub->next_of_agent;
    sub->agent = NULL;
}

/* ---- hello ---- */

/* What the client has not seen: all after the one it names, or all when that one is no longer known; and which of
 * those before were taken back. */
static void send_again(struct subscriber *sub)
{
    struct agent *a = sub->agent;
    size_t from = 0;
    for (size_t i = 0; i < a->nrecent; i++)
        if (strcmp(a->recent[i]->nudge_id, sub->resume) == 0)
            from = i + 1;
    for (size_t i = 0; i < a->nrecent; i++)
        if (i < from ? a->recent[i]->withdraws : !a->recent[i]->seen)
            enqueue(sub, a->recent[i]); /* one past its deadline is dropped on the way out */
}

static void send_welcome(struct subscriber *sub)
{
    struct subscribers *s = sub->owner;
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "welcome");
    json_text(&j, "agent_id", sub->agent->id);
    json_text(&j, "version", COACH_VERSION);
    json_text(&j, "rules_hash", s->handler.rules_hash(s->handler.user));
    json_close_object(&j);
    (void)json_out_end(&j, true);
    send_text(sub, &out);
}

static void welcome(struct subscriber *sub, const char *agent_id)
{
    struct agent *a = agent_get(sub->owner, agent_id);
    if (a == NULL) {
        refuse(sub, BUSY, "too many agents are connected");
        return;
    }
    join(sub, a);
    log_info("agent connection=%" PRIu64 " agent=%s connected", conn_id(sub->conn), a->id);
    send_welcome(sub);
    if (sub->resumes)
        send_again(sub);
}

static void subscriber_free(struct subscriber *sub)
{
    outqueue_clear(&sub->queue);
    complaints_clear(&sub->complaints);
    free(sub);
}

static void on_user_name(void *user, const char *name)
{
    struct subscriber *sub = user;
    sub->asking = false;
    if (sub->conn == NULL) { /* it went while we asked */
        subscriber_free(sub);
        return;
    }
    if (sub->ending)
        return;
    conn_resume(sub->conn);
    if (name == NULL || strlen(name) > WIRE_MAX_ID)
        refuse(sub, REFUSED, "your user has no name here");
    else if (sub->wanted[0] != '\0' && strcmp(sub->wanted, name) != 0)
        refuse(sub, REFUSED, "a user may only be the agent of its own name");
    else
        welcome(sub, name);
}

static bool good_id(const char *id)
{
    size_t len = strlen(id);
    if (len < 1 || len > WIRE_MAX_ID)
        return false;
    for (const unsigned char *p = (const unsigned char *)id; *p != '\0'; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)) /* as the reader of events has it */
            return false;
    return true;
}

static void ask_user_name(struct subscriber *sub, uid_t uid)
{
    coach_error err;
    if (users_ask(sub->owner->loop->loop, uid, on_user_name, sub, &err) != COACH_OK) {
        refuse(sub, BUSY, "out of memory");
        return;
    }
    sub->asking = true;
    conn_pause(sub->conn);
}

static void on_hello(struct subscriber *sub, const struct json_in *message)
{
    struct ucred peer;
    const char *id = json_in_text(message, "agent_id");
    const char *resume = json_in_text(message, "resume");
    if (sub->agent != NULL) {
        complain(sub, BAD_FIELD, "type: a second hello on one connection");
        return;
    }
    if (id != NULL && !good_id(id)) {
        refuse(sub, BAD_FIELD, "agent_id: takes 1 to 128 bytes without control characters");
        return;
    }
    if (id != NULL)
        memcpy(sub->wanted, id, strlen(id) + 1);
    sub->resumes = resume != NULL;
    if (resume != NULL && strlen(resume) <= NUDGE_ID)
        memcpy(sub->resume, resume, strlen(resume) + 1);
    if (conn_peer(sub->conn, &peer) != COACH_OK)
        refuse(sub, REFUSED, "who you are cannot be told");
    else if (!sub->owner->options.allow_own_uid || peer.uid != geteuid())
        ask_user_name(sub, peer.uid);
    else if (id != NULL)
        welcome(sub, id);
    else
        refuse(sub, MISSING_FIELD, "agent_id: is missing");
}

/* ---- what clients say ---- */

static void on_ping(struct subscriber *sub, const struct json_in *message)
{
    static const char pong[] = "{\"type\":\"pong\"}\n";
    struct outline *o = outline_new(NULL, NULL, pong, sizeof pong - 1);
    (void)message;
    if (o != NULL)
        enqueue(sub, o);
    outline_unref(o);
}

static void on_mute(struct subscriber *sub, const struct json_in *message)
{
    struct subscribers *s = sub->owner;
    const char *rule = json_in_text(message, "rule");
    const char *call = json_in_text(message, "call_id");
    coach_error err = {0};
    if (rule == NULL || call == NULL) {
        complain(sub, MISSING_FIELD, rule == NULL ? "rule: is missing" : "call_id: is missing");
        return;
    }
    if (!good_id(rule)) {
        complain(sub, BAD_FIELD, "rule: takes 1 to 128 bytes without control characters");
        return;
    }
    int rc = s->handler.mute(s->handler.user, sub->agent->id, call, rule, &err);
    if (rc == COACH_OK)
        s->counters->mutes++;
    else
        complain(sub, rc == COACH_EINVAL ? NOT_YOURS : BUSY, err.text);
}

static void on_state(struct subscriber *sub, const struct json_in *message)
{
    struct subscribers *s = sub->owner;
    const char *name = json_in_text(message, "state");
    enum wire_state state;
    if (name != NULL && wire_state_read(name, &state))
        s->handler.state(s->handler.user, sub->agent->id, state);
    else
        complain(sub, name == NULL ? MISSING_FIELD : BAD_FIELD, "state: takes talking, hold or lookup");
}

/* The id of a nudge that the client speaks of, or NULL after complaining. */
static const char *nudge_named(struct subscriber *sub, const struct json_in *message)
{
    const char *id = json_in_text(message, "nudge_id");
    if (id == NULL)
        complain(sub, MISSING_FIELD, "nudge_id: is missing");
    return id;
}

static void on_shown(struct subscriber *sub, const struct json_in *message)
{
    const char *id = nudge_named(sub, message);
    if (id == NULL)
        return;
    sub->owner->counters->shown++;
    for (size_t i = 0; i < sub->agent->nrecent; i++)
        if (strcmp(sub->agent->recent[i]->nudge_id, id) == 0)
            sub->agent->recent[i]->seen = true;
}

static void on_feedback(struct subscriber *sub, const struct json_in *message)
{
    const char *verdict = json_in_text(message, "verdict");
    if (nudge_named(sub, message) == NULL)
        return;
    for (int i = 0; verdict != NULL && i < VERDICTS; i++)
        if (strcmp(verdict, verdict_name((enum verdict)i)) == 0) {
            sub->owner->counters->feedback[i]++;
            return;
        }
    complain(sub, verdict == NULL ? MISSING_FIELD : BAD_FIELD, "verdict: takes helpful, not_helpful or wrong");
}

static const struct {
    const char *type;
    void (*run)(struct subscriber *sub, const struct json_in *message);
} messages[] = {
    {"ping", on_ping}, {"mute", on_mute}, {"state", on_state}, {"shown", on_shown}, {"feedback", on_feedback}};

static void on_message(struct subscriber *sub, const struct json_in *message)
{
    const char *type = json_in_text(message, "type");
    if (!json_in_is_object(message) || type == NULL) {
        complain(sub, MISSING_FIELD, "type: is missing");
    } else if (strcmp(type, "hello") == 0) {
        on_hello(sub, message);
    } else if (sub->agent == NULL) {
        refuse(sub, HELLO_FIRST, "the first message must be a hello");
    } else {
        for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
            if (strcmp(messages[i].type, type) == 0) {
                messages[i].run(sub, message);
                return;
            }
        complain(sub, UNKNOWN_TYPE, "type: takes hello, ping, mute, state, shown or feedback");
    }
}

static void on_line(void *user, const char *line, size_t len)
{
    struct subscriber *sub = user;
    struct json_in *message = NULL;
    coach_error err = {0};
    if (line == NULL) {
        complain(sub, TOO_LONG, "a message may have at most 4096 bytes");
        return;
    }
    while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
        len--;
    if (len == 0)
        return;
    int rc = json_in_read(line, len, &message, &err);
    if (rc == COACH_OK)
        on_message(sub, message);
    else
        complain(sub, rc == COACH_EUTF8 ? BAD_UTF8 : rc == COACH_ENOMEM ? BUSY : BAD_JSON, err.text);
    json_in_free(message);
}

static void on_drained(void *user)
{
    pump(user, CONN_HOLDS);
}

static void on_finished(void *user)
{
    struct subscriber *sub = user;
    end(sub, "the client hung up");
}

static void on_closed(void *user, const char *why)
{
    struct subscriber *sub = user;
    struct subscribers *s = sub->owner;
    if (sub->agent != NULL)
        log_info("agent connection=%" PRIu64 " agent=%s closed: %s", conn_id(sub->conn), sub->agent->id, why);
    else
        log_debug("agent connection=%" PRIu64 " closed: %s", conn_id(sub->conn), why);
    s->counters->agents_slow += why == conn_not_reading;
    sub->conn = NULL;
    leave(sub);
    *(sub->prev != NULL ? &sub->prev->next : &s->all) = sub->next;
    if (sub->next != NULL)
        sub->next->prev = sub->prev;
    s->count--;
    if (!sub->asking)
        subscriber_free(sub);
}

static const struct conn_handler handler = {
    .line = on_line, .drained = on_drained, .finished = on_finished, .closed = on_closed};

/* ---- for the server ---- */

int subscribers_init(struct subscribers *s, struct conn_loop *loop, const struct subscribers_options *options,
                     const struct subscribers_handler *h, struct counters *counters, coach_error *err)
{
    uint8_t seed[HASH_SEED];
    *s = (struct subscribers){.loop = loop, .options = *options, .handler = *h, .counters = counters};
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return coach_fail(err, COACH_EINTERNAL, "getrandom: no seed for the table of agents");
    table_init(&s->agents, seed);
    return COACH_OK;
}

void subscribers_clear(struct subscribers *s)
{
    for (struct table_entry *e = table_next(&s->agents, NULL); e != NULL; e = table_next(&s->agents, e))
        agent_free(table_value(e));
    table_clear(&s->agents);
}

void subscribers_accept(struct subscribers *s, int fd)
{
    coach_error err;
    int bytes = KERNEL_BYTES;
    struct conn_limits limits = {.max_line = SUBSCRIBERS_LINE,
                                 .max_queue = CONN_QUEUE,
                                 .line_timeout_ms = s->options.hello_timeout_ms,
                                 .read_timeout_ms = s->options.read_timeout_ms};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    struct subscriber *sub = calloc(1, sizeof *sub);
    if (sub == NULL) {
        close(fd);
        return;
    }
    sub->owner = s;
    sub->since_ms = now_of(s);
    if (conn_open(s->loop, fd, &handler, sub, &limits, &sub->conn, &err) != COACH_OK) {
        if (log_allow(&s->log_limit, now_of(s)))
            log_warning("agent: a connection was dropped: %s", err.text);
        free(sub);
        return;
    }
    sub->next = s->all;
    if (sub->next != NULL)
        sub->next->prev = sub;
    s->all = sub;
    s->count++;
}

static struct outline *outline_of(const struct subscribers *s, const struct nudge *n, int rank,
                                  const struct nudge_clocks *clocks)
{
    struct buf text;
    buf_init(&text, 0);
    struct outline *o =
        nudge_write(n, clocks, &text) != COACH_OK ? NULL : outline_new(n->agent_id, n->call_id, text.data, text.len);
    buf_clear(&text);
    if (o == NULL)
        return NULL;
    o->is_nudge = true;
    o->rank = rank;
    o->deadline_ms = now_of(s) + n->ttl_ms;
    memcpy(o->nudge_id, n->nudge_id, sizeof o->nudge_id);
    return o;
}

int subscribers_nudge(struct subscribers *s, const struct nudge *n, int rank, const struct nudge_clocks *clocks)
{
    struct agent *a = agent_get(s, n->agent_id);
    struct outline *o = a == NULL ? NULL : outline_of(s, n, rank, clocks);
    if (o == NULL)
        return COACH_ENOMEM;
    keep_recent(a, o);
    for (struct subscriber *sub = a->first; sub != NULL; sub = sub->next_of_agent)
        enqueue(sub, o);
    outline_unref(o);
    return COACH_OK;
}

static struct outline *withdrawal_of(const char *agent_id, const char *nudge_id, const char *reason)
{
    struct buf text;
    struct json_out j;
    buf_init(&text, 0);
    json_out_begin(&j, &text);
    json_open_object(&j, NULL);
    json_text(&j, "type", "withdrawn");
    json_text(&j, "nudge_id", nudge_id);
    json_text(&j, "reason", reason);
    json_close_object(&j);
    struct outline *o = json_out_end(&j, true) != COACH_OK ? NULL : outline_new(agent_id, NULL, text.data, text.len);
    buf_clear(&text);
    if (o != NULL) {
        o->withdraws = true;
        snprintf(o->nudge_id, sizeof o->nudge_id, "%s", nudge_id);
    }
    return o;
}

int subscribers_withdraw(struct subscribers *s, const char *agent_id, const char *nudge_id, const char *reason)
{
    struct agent *a = agent_find(s, agent_id);
    if (a == NULL) /* its time is over */
        return COACH_OK;
    struct outline *o = withdrawal_of(a->id, nudge_id, reason);
    for (size_t i = 0; i < a->nrecent; i++)
        if (a->recent[i]->is_nudge && strcmp(a->recent[i]->nudge_id, nudge_id) == 0) {
            if (o == NULL) {
                drop_recent(a, i);
                break;
            }
            o->deadline_ms = a->recent[i]->deadline_ms;
            outline_unref(a->recent[i]);
            a->recent[i] = outline_ref(o);
        }
    for (struct subscriber *sub = a->first; sub != NULL; sub = sub->next_of_agent)
        if (!outqueue_withdraw(&sub->queue, nudge_id) && o != NULL)
            enqueue(sub, o);
    outline_unref(o);
    return o == NULL ? COACH_ENOMEM : COACH_OK;
}

static void tell_call(struct subscribers *s, const char *agent_id, const char *call_id, const char *type,
                      const char *reason, const struct buf *summary)
{
    struct agent *a = agent_find(s, agent_id);
    if (a == NULL || a->first == NULL)
        return;
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "type", type);
    json_text(&j, "call_id", call_id);
    json_text(&j, "reason", reason);
    if (summary != NULL)
        json_raw(&j, "summary", summary->data, summary->len);
    json_close_object(&j);
    struct outline *o = json_out_end(&j, true) != COACH_OK ? NULL : outline_new(a->id, call_id, out.data, out.len);
    for (struct subscriber *sub = a->first; o != NULL && sub != NULL; sub = sub->next_of_agent)
        enqueue(sub, o);
    outline_unref(o);
    buf_clear(&out);
}

void subscribers_call_started(struct subscribers *s, const char *agent_id, const char *call_id)
{
    tell_call(s, agent_id, call_id, "call_started", NULL, NULL);
}

void subscribers_call_ended(struct subscribers *s, const char *agent_id, const char *call_id, enum call_end why,
                            const struct buf *summary)
{
    tell_call(s, agent_id, call_id, "call_ended", call_end_name(why), summary);
}

void subscribers_sight(struct subscribers *s, const char *agent_id, const char *call_id, const char *why)
{
    tell_call(s, agent_id, call_id, why != NULL ? "coach_blind" : "coach_back", why, NULL);
}

void subscribers_forget_call(struct subscribers *s, const char *agent_id, const char *call_id)
{
    struct agent *a = agent_find(s, agent_id);
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->nrecent;) {
        if (a->recent[i]->is_nudge && strcmp(a->recent[i]->call_id, call_id) == 0)
            drop_recent(a, i);
        else
            i++;
    }
    for (struct subscriber *sub = a->first; sub != NULL; sub = sub->next_of_agent)
        s->counters->overflowed += outqueue_forget_call(&sub->queue, call_id);
}

static void forget_idle_agents(struct subscribers *s)
{
    struct table_entry *next;
    for (struct table_entry *e = table_next(&s->agents, NULL); e != NULL; e = next) {
        struct agent *a = table_value(e);
        next = table_next(&s->agents, e);
        agent_forget_late(a, now_of(s));
        if (a->first != NULL || a->nrecent > 0)
            continue;
        table_remove(&s->agents, a->id, strlen(a->id));
        agent_free(a);
    }
}

void subscribers_tick(struct subscribers *s)
{
    for (struct subscriber *sub = s->all; sub != NULL; sub = sub->next) {
        if (sub->ending)
            continue;
        if (sub->complaints.waiting > 0) {
            struct buf out;
            buf_init(&out, 0);
            complaints_tell_rest(&sub->complaints, now_of(s), &out);
            send_text(sub, &out);
        }
        if (sub->agent == NULL && !sub->asking && now_of(s) - sub->since_ms > s->options.hello_timeout_ms)
            refuse(sub, HELLO_FIRST, "no hello came in time");
    }
    forget_idle_agents(s);
}

void subscribers_end(struct subscribers *s)
{
    for (struct subscriber *sub = s->all; sub != NULL; sub = sub->next)
        if (!sub->ending)
            end(sub, "the daemon is stopping");
}

size_t subscribers_agents(const struct subscribers *s)
{
    size_t n = 0;
    for (struct table_entry *e = table_next(&s->agents, NULL); e != NULL; e = table_next(&s->agents, e))
        n += ((const struct agent *)table_value(e))->first != NULL;
    return n;
}
