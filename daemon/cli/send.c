/* coach send: lines from stdin to the ingest socket, each until it has taken effect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/utterances.h"
#include "lib/base/utf8.h"
#include "lib/wire/event.h"
#include "lib/wire/json.h"
#include "lib/wire/reader.h"

struct values {
    const char *runtime_dir;
    const char *call, *agent, *role;
    int64_t give_up_ms;
};

static const char *const roles[] = {"agent", "customer", "system", NULL};

static const struct option_spec specs[] = {
    CLI_RUNTIME_SPEC(values),
    {.name = "call",
     .letter = 'c',
     .kind = OPTION_TEXT,
     .arg = "ID",
     .offset = offsetof(struct values, call),
     .help = "call of lines that name none"},
    {.name = "agent",
     .letter = 'a',
     .kind = OPTION_TEXT,
     .arg = "ID",
     .offset = offsetof(struct values, agent),
     .help = "agent of that call"},
    {.name = "role",
     .kind = OPTION_CHOICE,
     .choices = roles,
     .offset = offsetof(struct values, role),
     .help = "take each line as plain words of this speaker"},
    {.name = "give-up",
     .kind = OPTION_DURATION,
     .arg = "TIME",
     .fallback = "0s",
     .max = 86400000,
     .offset = offsetof(struct values, give_up_ms),
     .help = "end when the daemon is away for so long; 0s: never"},
};

/* Lines sent and not yet acknowledged: bounded, so that stdin waits when the daemon does. */
enum { WINDOW = 256, BACKOFF_MS = 100, LONGEST_BACKOFF_MS = 5000, READ = 64 * 1024 };

struct sent {
    char *line; /* ready to be sent again */
    size_t len;
    uint64_t number; /* of stdin */
};

struct send {
    const struct values *v;
    struct client client;
    struct lines input;
    struct utterances open;
    struct sent window[WINDOW]; /* a ring */
    size_t first, count;
    uint64_t acked;          /* seq of the last line that took effect; seqs count from 1 */
    uint64_t reconnected_at; /* seq of the first line on this connection */
    struct buf pending;      /* stdin that waits for room in the window */
    int64_t away_since;      /* 0 while connected */
    int64_t backoff_ms;
    uint64_t refused; /* lines that the daemon or this program found wrong */
    bool ended;       /* stdin is at its end */
    int rc;
};

static void complain(struct send *s, uint64_t number, const char *code, const char *message)
{
    s->refused++;
    fprintf(stderr, "coach send: line %llu: %s: %s\n", (unsigned long long)number, code, message);
}

/* --- one line to what is sent --- */

/* A plain line as an event; `seq` makes its segment unique, so that a line sent twice counts once. */
static int plain_line(const struct send *s, const char *line, size_t len, uint64_t seq, struct buf *out)
{
    char segment[32];
    int n = snprintf(segment, sizeof segment, "send-%llu", (unsigned long long)seq);
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    e.text = (struct wire_text){line, len};
    e.segment_id = (struct wire_text){segment, (size_t)n};
    e.is_final = true;
    e.seq = (int64_t)seq;
    e.role = strcmp(s->v->role, "agent") == 0      ? COACH_ROLE_AGENT
             : strcmp(s->v->role, "customer") == 0 ? COACH_ROLE_CUSTOMER
                                                   : COACH_ROLE_SYSTEM;
    return wire_event_write(&e, out);
}

/* A JSON line with our seq, and with a segment id when a transcript has none. */
static int json_line(struct send *s, const struct json_in *v, uint64_t seq, struct buf *out)
{
    struct json_out j;
    struct buf member;
    uint64_t segment = seq;
    int rc = utterances_segment(&s->open, v, seq, &segment);
    if (rc != COACH_OK)
        return rc;
    buf_init(&member, 0);
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    for (size_t i = 0; i < json_in_count(v); i++) {
        const char *key = json_in_key(v, i);
        buf_reset(&member);
        if (strcmp(key, "seq") != 0 && json_in_write(json_in_get(v, key), &member) == COACH_OK)
            json_raw(&j, key, member.data, member.len);
    }
    if (segment != 0) {
        char id[32];
        snprintf(id, sizeof id, "send-%llu", (unsigned long long)segment);
        json_text(&j, "segment_id", id);
    }
    json_int(&j, "seq", (int64_t)seq);
    json_close_object(&j);
    buf_clear(&member);
    return json_out_end(&j, true);
}

static int make_line(struct send *s, const char *line, size_t len, uint64_t seq, struct buf *out)
{
    struct json_in *v;
    coach_error err = {0};
    if (s->v->role != NULL && utf8_valid(line, len) < len) {
        complain(s, s->input.number, "bad_utf8", "not UTF-8");
        return COACH_OK;
    }
    if (s->v->role != NULL)
        return plain_line(s, line, len, seq, out);
    int rc = json_in_read(line, len, &v, &err);
    if (rc == COACH_ENOMEM)
        return rc;
    if (rc != COACH_OK) {
        complain(s, s->input.number, rc == COACH_EUTF8 ? "bad_utf8" : "bad_json", err.text);
        return COACH_OK;
    }
    if (json_in_is_object(v))
        rc = json_line(s, v, seq, out);
    else
        complain(s, s->input.number, "bad_json", "expected an object on each line");
    json_in_free(v);
    return rc;
}

static bool is_blank(const char *line, size_t len)
{
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\r' || line[len - 1] == '\t'))
        len--;
    return len == 0;
}

static int on_input(void *user, const char *line, size_t len)
{
    struct send *s = user;
    struct buf out;
    if (line == NULL) {
        complain(s, s->input.number, "too_long", "the line is longer than 64 KiB");
        return COACH_OK;
    }
    if (is_blank(line, len))
        return COACH_OK;
    buf_init(&out, 0);
    uint64_t seq = s->acked + s->count + 1;
    int rc = make_line(s, line, len, seq, &out);
    if (rc != COACH_OK || out.len == 0) {
        buf_clear(&out);
        return rc;
    }
    s->window[(s->first + s->count++) % WINDOW] = (struct sent){out.data, out.len, s->input.number};
    return s->client.fd >= 0 ? client_send(&s->client, out.data, out.len) : COACH_OK;
}

/* --- the daemon's answers --- */

static void take_ack(struct send *s, int64_t seq)
{
    while (s->count > 0 && (int64_t)s->acked < seq) {
        free(s->window[s->first].line);
        s->first = (s->first + 1) % WINDOW;
        s->count--;
        s->acked++;
    }
}

/* An error of line `line` of this connection, whose first line was our hello. */
static void take_error(struct send *s, const struct json_in *v)
{
    const char *code = json_in_text(v, "code"), *message = json_in_text(v, "message");
    uint64_t seq = s->reconnected_at + (uint64_t)json_in_int(v, "line", 2) - 2;
    uint64_t number = 0;
    if (seq > s->acked && seq <= s->acked + s->count)
        number = s->window[(s->first + (size_t)(seq - s->acked) - 1) % WINDOW].number;
    complain(s, number, code == NULL ? "error" : code, message == NULL ? "" : message);
}

static void on_answer(void *user, const char *line, size_t len)
{
    struct send *s = user;
    struct json_in *v;
    if (json_in_read(line, len, &v, NULL) != COACH_OK)
        return;
    const char *type = json_in_text(v, "type");
    if (type != NULL && strcmp(type, "ack") == 0)
        take_ack(s, json_in_int(v, "seq", 0));
    else if (type != NULL && strcmp(type, "error") == 0)
        take_error(s, v);
    json_in_free(v);
}

/* --- the connection --- */

static int say_hello(struct send *s)
{
    struct buf line;
    struct wire_event hello = wire_event_blank(WIRE_HELLO);
    hello.ack = true;
    if (s->v->call != NULL)
        hello.call_id = (struct wire_text){s->v->call, strlen(s->v->call)};
    if (s->v->agent != NULL)
        hello.agent_id = (struct wire_text){s->v->agent, strlen(s->v->agent)};
    buf_init(&line, 0);
    int rc = wire_event_write(&hello, &line);
    if (rc == COACH_OK)
        rc = client_send(&s->client, line.data, line.len);
    buf_clear(&line);
    return rc;
}

/* Connects and sends again what was not acknowledged. */
static int connect_again(struct send *s, coach_error *err)
{
    int rc = client_open(&s->client, s->v->runtime_dir, "ingest.sock", err);
    if (rc != COACH_OK)
        return rc;
    s->reconnected_at = s->acked + 1;
    rc = say_hello(s);
    for (size_t i = 0; i < s->count && rc == COACH_OK; i++) {
        const struct sent *line = &s->window[(s->first + i) % WINDOW];
        rc = client_send(&s->client, line->line, line->len);
    }
    return rc;
}

/* Returns false when it is time to give up. */
static bool stay_connected(struct send *s)
{
    coach_error err = {0};
    if (s->client.fd >= 0)
        return true;
    if (connect_again(s, &err) == COACH_OK) {
        s->away_since = 0;
        s->backoff_ms = BACKOFF_MS;
        return true;
    }
    int64_t now = cli_now_ms();
    if (s->away_since == 0) {
        s->away_since = now;
        cli_fail("send", "%s; trying again", err.text);
    }
    if (s->v->give_up_ms > 0 && now - s->away_since >= s->v->give_up_ms) {
        cli_fail("send", "gave up; %zu lines were not taken", s->count);
        return false;
    }
    client_pump(NULL, 0, -1, NULL, (int)s->backoff_ms);
    s->backoff_ms = s->backoff_ms * 2 > LONGEST_BACKOFF_MS ? LONGEST_BACKOFF_MS : s->backoff_ms * 2;
    return true;
}

/* Feeds lines that were read, as far as the window has room. */
static void feed(struct send *s)
{
    size_t used = 0;
    while (used < s->pending.len && s->count < WINDOW && s->rc == COACH_OK) {
        const char *from = s->pending.data + used;
        const char *nl = memchr(from, '\n', s->pending.len - used);
        size_t n = nl == NULL ? s->pending.len - used : (size_t)(nl - from) + 1;
        s->rc = lines_feed(&s->input, from, n, on_input, s);
        used += n;
    }
    buf_drop(&s->pending, used);
    if (s->ended && s->pending.len == 0 && s->count < WINDOW && s->rc == COACH_OK)
        s->rc = lines_end(&s->input, on_input, s);
}

static void read_input(struct send *s)
{
    if (buf_reserve(&s->pending, READ) != COACH_OK) {
        s->rc = COACH_ENOMEM;
        return;
    }
    ssize_t n = read(STDIN_FILENO, s->pending.data + s->pending.len, READ);
    if (n <= 0)
        s->ended = true;
    else
        s->pending.len += (size_t)n;
}

static int send_all(struct send *s)
{
    struct client *const all[] = {&s->client};
    while (s->rc == COACH_OK) {
        if (!stay_connected(s))
            return CLI_UNUSABLE;
        feed(s);
        if (s->ended && s->pending.len == 0 && s->input.part.len == 0 && s->count == 0 && s->client.out.len == 0)
            break;
        if (s->client.fd < 0)
            continue;
        bool ready = false, room = !s->ended && s->pending.len == 0 && s->count < WINDOW;
        client_pump(all, 1, room ? STDIN_FILENO : -1, &ready, 1000);
        if (ready)
            read_input(s);
    }
    if (s->rc != COACH_OK)
        return cli_fail("send", "out of memory");
    return s->refused > 0 ? CLI_FOUND : CLI_OK;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    if (nwords > 0)
        return cli_fail("send", "what is '%s'? Lines come from standard input", words[0]);
    if (v->role != NULL && v->call == NULL)
        return cli_fail("send", "plain words need their call: say --call ID beside --role");
    struct send *s = calloc(1, sizeof *s);
    if (s == NULL)
        return cli_fail("send", "out of memory");
    s->v = v;
    s->backoff_ms = BACKOFF_MS;
    client_init(&s->client, on_answer, s);
    lines_init(&s->input, WIRE_MAX_LINE);
    utterances_init(&s->open);
    buf_init(&s->pending, 0);
    int code = send_all(s);
    client_close(&s->client);
    lines_clear(&s->input);
    utterances_clear(&s->open);
    buf_clear(&s->pending);
    for (size_t i = 0; i < s->count; i++)
        free(s->window[(s->first + i) % WINDOW].line);
    free(s);
    return code;
}

const struct command command_send = {
    .name = "send",
    .usage = "< LINES",
    .summary = "lines from stdin to the daemon",
    .about = "Sends canonical events, one JSON object a line, or with --role plain words, to a running coachd, and "
             "waits until\n"
             "each has taken effect. While the daemon is away it tries again, ever more slowly, and stdin waits: what "
             "was not\n"
             "acknowledged is sent once more and counts once.\n\n"
             "exit codes: 0 all taken, 1 some line was refused (said on stderr), 2 gave up or could not begin",
    .examples = "  coach send < tests/cases/broadband.ndjson\n"
                "  echo 'you need to calm down' | coach send --call c1 --agent sam --role agent\n"
                "  my-recogniser | coach send --call c1 --agent sam --give-up 60s\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
