/* coach send: lines from stdin to the ingest socket, each until it has taken effect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/delivery.h"
#include "daemon/cli/input.h"
#include "daemon/cli/relay.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/utterances.h"
#include "daemon/cli/vendor.h"
#include "lib/base/utf8.h"
#include "lib/wire/event.h"
#include "lib/wire/json.h"
#include "lib/wire/reader.h"

struct values {
    const char *runtime_dir;
    const char *call, *agent, *role, *format;
    struct option_list formats, channels;
    struct relay_settings relay;
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
     .help = "take each line as plain words of this speaker; with --format: who speaks, where messages do not say it"},
    {.name = "format",
     .letter = 'f',
     .kind = OPTION_TEXT,
     .arg = "NAME",
     .offset = offsetof(struct values, format),
     .help = "the lines are messages of this vendor format, or auto to have it recognised"},
    CLI_FORMATS_SPEC(values),
    CLI_CHANNELS_SPEC(values),
    {.name = "connect",
     .kind = OPTION_TEXT,
     .arg = "URL",
     .offset = offsetof(struct values, relay.url),
     .help = "read the messages of the WebSocket server at ws://HOST:PORT/PATH instead of standard input"},
    {.name = "audio",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct values, relay.audio),
     .help = "with --connect: what the server is to hear, raw 16-bit samples of one speaker; - is standard input"},
    {.name = "rate",
     .kind = OPTION_INT,
     .arg = "HZ",
     .fallback = "16000",
     .min = 1000,
     .max = 192000,
     .offset = offsetof(struct values, relay.rate),
     .help = "samples a second of --audio"},
    {.name = "fast",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, relay.fast),
     .help = "send --audio as fast as the server takes it, not as it would be spoken"},
    {.name = "give-up",
     .kind = OPTION_DURATION,
     .arg = "TIME",
     .fallback = "0s",
     .max = 86400000,
     .offset = offsetof(struct values, give_up_ms),
     .help = "end when the daemon is away for so long; 0s: never"},
};

enum { READ = 64 * 1024 };

/* Lines from standard input. */
struct send {
    const struct values *v;
    struct delivery delivery;
    struct vendor vendor; /* with --format */
    struct lines input;
    struct utterances open;
    struct buf pending; /* stdin that waits for room */
    bool ended;         /* stdin is at its end */
    bool finished;      /* and its last line was taken */
    int rc;
};

static void complain(struct send *s, const char *code, const char *message)
{
    delivery_complain(&s->delivery, s->input.number, code, message);
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
        complain(s, "bad_utf8", "not UTF-8");
        return COACH_OK;
    }
    if (s->v->role != NULL)
        return plain_line(s, line, len, seq, out);
    int rc = json_in_read(line, len, &v, &err);
    if (rc == COACH_ENOMEM)
        return rc;
    if (rc != COACH_OK) {
        complain(s, rc == COACH_EUTF8 ? "bad_utf8" : "bad_json", err.text);
        return COACH_OK;
    }
    if (json_in_is_object(v))
        rc = json_line(s, v, seq, out);
    else
        complain(s, "bad_json", "expected an object on each line");
    json_in_free(v);
    return rc;
}

static bool is_blank(const char *line, size_t len)
{
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\r' || line[len - 1] == '\t'))
        len--;
    return len == 0;
}

static int send_line(struct send *s, const char *line, size_t len)
{
    struct buf out;
    buf_init(&out, 0);
    int rc = make_line(s, line, len, delivery_next_seq(&s->delivery), &out);
    if (rc == COACH_OK && out.len > 0)
        rc = delivery_add(&s->delivery, &out, s->input.number);
    buf_clear(&out);
    return rc;
}

static int on_input(void *user, const char *line, size_t len)
{
    struct send *s = user;
    if (line == NULL) {
        complain(s, "too_long", "the line is longer than 64 KiB");
        return COACH_OK;
    }
    if (s->v->format != NULL)
        return vendor_line(&s->vendor, line, len, s->input.number);
    return is_blank(line, len) ? COACH_OK : send_line(s, line, len);
}

/* --- the loop --- */

/* Feeds lines that were read, as far as the window has room. */
static void feed(struct send *s)
{
    size_t used = 0;
    while (used < s->pending.len && delivery_has_room(&s->delivery) && s->rc == COACH_OK) {
        const char *from = s->pending.data + used;
        const char *nl = memchr(from, '\n', s->pending.len - used);
        size_t n = nl == NULL ? s->pending.len - used : (size_t)(nl - from) + 1;
        s->rc = lines_feed(&s->input, from, n, on_input, s);
        used += n;
    }
    buf_drop(&s->pending, used);
    if (!s->ended || s->finished || s->pending.len > 0 || !delivery_has_room(&s->delivery) || s->rc != COACH_OK)
        return;
    s->finished = true;
    s->rc = lines_end(&s->input, on_input, s);
    if (s->rc == COACH_OK && s->v->format != NULL)
        s->rc = vendor_end(&s->vendor);
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

static void send_all(struct send *s)
{
    while (s->rc == COACH_OK) {
        feed(s);
        if (s->rc != COACH_OK || (s->finished && delivery_is_done(&s->delivery)))
            break;
        bool room = !s->ended && s->pending.len == 0 && delivery_has_room(&s->delivery);
        struct pollfd input = {.fd = room ? STDIN_FILENO : -1, .events = POLLIN};
        if (!delivery_pump(&s->delivery, &input, 1, 1000))
            s->rc = COACH_EINVAL; /* it has been said */
        else if (input.revents != 0)
            read_input(s);
    }
}

static struct vendor_facts facts_of(const struct values *v)
{
    return (struct vendor_facts){v->format, v->call, v->agent, v->role, &v->channels};
}

static int open_vendor(struct send *s, struct formats *formats)
{
    const struct vendor_facts facts = facts_of(s->v);
    return vendor_open(&s->vendor, &s->delivery, formats, &facts);
}

static int send_input(const struct values *v, const struct delivery_settings *settings, struct formats *formats)
{
    struct send s = {.v = v};
    delivery_init(&s.delivery, settings);
    lines_init(&s.input, WIRE_MAX_LINE);
    buf_init(&s.pending, 0);
    utterances_init(&s.open);
    if (v->format != NULL)
        s.rc = open_vendor(&s, formats);
    send_all(&s);
    if (s.rc == COACH_ENOMEM)
        cli_fail("send", "out of memory");
    int code = s.rc != COACH_OK ? CLI_UNUSABLE : s.delivery.refused > 0 ? CLI_FOUND : CLI_OK;
    vendor_close(&s.vendor);
    delivery_clear(&s.delivery);
    lines_clear(&s.input);
    buf_clear(&s.pending);
    utterances_clear(&s.open);
    return code;
}

static bool settings_are_good(const struct values *v)
{
    if (!input_channels_are_good("send", &v->channels))
        return false;
    if (v->format == NULL && v->role != NULL && v->call == NULL)
        cli_fail("send", "plain words need their call: say --call ID beside --role");
    else if (v->format == NULL && (v->channels.count > 0 || v->formats.count > 0))
        cli_fail("send", "--channel and --formats are of a vendor's messages: say --format NAME beside them");
    else if (v->relay.url == NULL && v->relay.audio != NULL)
        cli_fail("send", "--audio: say where it is to be heard, with --connect URL");
    else if (v->relay.url != NULL && v->format == NULL)
        cli_fail("send", "--connect: say what the server speaks, with --format NAME");
    else
        return v->relay.url == NULL || relay_settings_are_good(&v->relay, v->format);
    return false;
}

static int relay(const struct values *v, struct delivery_settings settings, struct formats *formats)
{
    const struct vendor_facts facts = facts_of(v);
    settings.unit = "message";
    return relay_run(&v->relay, &settings, &facts, formats);
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    const struct delivery_settings settings = {.command = "send",
                                               .unit = "line",
                                               .runtime_dir = v->runtime_dir,
                                               .call = v->call,
                                               .agent = v->agent,
                                               .give_up_ms = v->give_up_ms};
    struct loaded_formats l = {0};
    if (nwords > 0)
        return cli_fail("send", "what is '%s'? Lines come from standard input", words[0]);
    if (!settings_are_good(v))
        return CLI_UNUSABLE;
    if (v->format == NULL)
        return send_input(v, &settings, NULL);
    int code = loaded_read_formats(&l, "send", &v->formats);
    if (code == CLI_OK)
        code = v->relay.url != NULL ? relay(v, settings, l.formats) : send_input(v, &settings, l.formats);
    loaded_clear_formats(&l);
    return code;
}

const struct command command_send = {
    .name = "send",
    .usage = "< LINES",
    .summary = "lines from stdin to the daemon",
    .about =
        "Sends canonical events, one JSON object a line, with --role plain words, or with --format a vendor's own\n"
        "messages, to a running coachd, and waits until each has taken effect. While the daemon is away it tries\n"
        "again, ever more slowly, and stdin waits: what was not acknowledged is sent once more and counts once.\n"
        "With --connect the messages are those of a recogniser's WebSocket server, until it closes; most servers say\n"
        "them to nobody but who sends the sound, which --audio does.\n"
        "'coach decode --list' shows the formats, 'coach decode --format NAME' what one makes of messages.\n\n"
        "exit codes: 0 all taken, 1 some line was refused (said on stderr), 2 gave up or could not begin",
    .examples =
        "  coach send < tests/cases/broadband.ndjson\n"
        "  echo 'you need to calm down' | coach send --call c1 --agent sam --role agent\n"
        "  my-recogniser | coach send --call c1 --agent sam --give-up 60s\n"
        "  my-recogniser | coach send --format deepgram --call c1 --channel 0=customer --channel 1=agent\n"
        "  arecord -t raw -f S16_LE -r 16000 | coach send --connect ws://127.0.0.1:2700 --format vosk --audio - \\\n"
        "    --call c1 --agent sam --role agent\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
