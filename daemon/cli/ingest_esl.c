/* coach ingest-esl: what FreeSWITCH's modules recognise, from its event socket to the ingest socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/files.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/esl.h"
#include "daemon/cli/input.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/tcp.h"
#include "daemon/cli/vendor.h"

struct values {
    const char *runtime_dir, *host, *port, *password_file, *format, *agent, *role;
    struct option_list formats, channels, events;
    int64_t give_up_ms;
};

static const char *const roles[] = {"agent", "customer", "system", NULL};

static const struct option_spec specs[] = {
    CLI_RUNTIME_SPEC(values),
    {.name = "host",
     .kind = OPTION_TEXT,
     .arg = "HOST",
     .fallback = "127.0.0.1",
     .offset = offsetof(struct values, host),
     .help = "where FreeSWITCH is"},
    {.name = "port",
     .kind = OPTION_TEXT,
     .arg = "PORT",
     .fallback = "8021",
     .offset = offsetof(struct values, port),
     .help = "of its event socket"},
    {.name = "password-file",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct values, password_file),
     .help = "first line: the password of the event socket (default: $COACH_ESL_PASSWORD)"},
    {.name = "event",
     .kind = OPTION_LIST,
     .arg = "NAME",
     .offset = offsetof(struct values, events),
     .help = "event to ask for, a subclass of CUSTOM where it has a colon; may be repeated (default: the end of "
             "calls, and what the modules for speech say)"},
    {.name = "format",
     .letter = 'f',
     .kind = OPTION_TEXT,
     .arg = "NAME",
     .fallback = "freeswitch",
     .offset = offsetof(struct values, format),
     .help = "the mapping that reads the events"},
    CLI_FORMATS_SPEC(values),
    {.name = "agent",
     .letter = 'a',
     .kind = OPTION_TEXT,
     .arg = "ID",
     .offset = offsetof(struct values, agent),
     .help = "agent of the calls, where events do not say it"},
    {.name = "role",
     .kind = OPTION_CHOICE,
     .choices = roles,
     .offset = offsetof(struct values, role),
     .help = "who speaks, where events do not say it"},
    CLI_CHANNELS_SPEC(values),
    {.name = "give-up",
     .kind = OPTION_DURATION,
     .arg = "TIME",
     .fallback = "0s",
     .max = 86400000,
     .offset = offsetof(struct values, give_up_ms),
     .help = "end when the daemon or FreeSWITCH is away for so long; 0s: never"},
};

enum { BACKOFF_MS = 100, LONGEST_BACKOFF_MS = 5000, MOST_IN = 512 * 1024, MOST_OUT = 64 * 1024, MOST_PASSWORD = 256 };

/* In the order of the protocol: events of their own first, for all that follows CUSTOM are its subclasses. */
static const char *const usual_events[] = {"DETECTED_SPEECH",
                                           "CHANNEL_HANGUP_COMPLETE",
                                           "google_transcribe::transcription",
                                           "aws_transcribe::transcription",
                                           "azure_transcribe::transcription",
                                           "deepgram_transcribe::transcription"};
enum { USUAL_EVENTS = sizeof usual_events / sizeof *usual_events };

enum stage { GREETING, LOGIN, SUBSCRIBING, LISTENING };

struct relay {
    const struct values *v;
    char password[MOST_PASSWORD];
    struct delivery delivery;
    struct vendor vendor;
    struct tcp tcp;
    struct esl esl;
    bool there; /* a connection whose last bytes were not taken yet */
    enum stage stage;
    uint64_t events;
    int64_t away_since; /* 0 while FreeSWITCH answers */
    int64_t retry_at, backoff_ms;
    bool refused; /* the password is wrong: no use in trying again */
    int rc;
};

/* --- the password --- */

/* Copies it, up to the end of its line. Returns CLI_OK or CLI_UNUSABLE, having said why. */
static int take_password(struct relay *r, const char *text, const char *from)
{
    size_t len = strcspn(text, "\r\n");
    if (len == 0 || len >= sizeof r->password)
        return cli_fail("ingest-esl", "%s: a password of 1 to %zu bytes was expected", from, sizeof r->password - 1);
    memcpy(r->password, text, len);
    r->password[len] = '\0';
    return CLI_OK;
}

static int read_password(struct relay *r)
{
    const char *given = getenv("COACH_ESL_PASSWORD"), *file = r->v->password_file;
    struct stat st;
    struct buf text;
    coach_error err = {0};
    if (file == NULL && given == NULL)
        return cli_fail("ingest-esl", "say where the password of the event socket is: --password-file FILE, or "
                                      "COACH_ESL_PASSWORD in the environment");
    if (file == NULL)
        return take_password(r, given, "COACH_ESL_PASSWORD");
    if (stat(file, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
        return cli_fail("ingest-esl", "%s: holds a password and every user may read it; say: chmod o= %s", file, file);
    buf_init(&text, 0);
    int code = file_read(file, MOST_PASSWORD, &text, &err) == COACH_OK
                   ? take_password(r, text.data == NULL ? "" : text.data, file)
                   : cli_fail("ingest-esl", "%s", err.text);
    if (text.data != NULL)
        explicit_bzero(text.data, text.len);
    buf_clear(&text);
    return code;
}

/* --- the conversation with FreeSWITCH --- */

static int subscribe(struct relay *r)
{
    const char *const *names = r->v->events.count > 0 ? r->v->events.items : usual_events;
    size_t n = r->v->events.count > 0 ? r->v->events.count : USUAL_EVENTS;
    bool custom = false;
    int rc = buf_adds(&r->tcp.out, "event json");
    for (size_t i = 0; i < n && rc == COACH_OK; i++)
        if (strchr(names[i], ':') == NULL)
            rc = buf_addf(&r->tcp.out, " %s", names[i]);
    for (size_t i = 0; i < n && rc == COACH_OK; i++)
        if (strchr(names[i], ':') != NULL) {
            rc = buf_addf(&r->tcp.out, "%s %s", custom ? "" : " CUSTOM", names[i]);
            custom = true;
        }
    return rc == COACH_OK ? buf_adds(&r->tcp.out, "\n\n") : rc;
}

static int take_reply(struct relay *r, const struct esl_block *block)
{
    if (r->stage == LOGIN && !block->accepted) {
        r->refused = true;
        return COACH_EINVAL;
    }
    if (r->stage == LOGIN) {
        r->stage = SUBSCRIBING;
        return subscribe(r);
    }
    if (r->stage == SUBSCRIBING && !block->accepted) {
        cli_fail("ingest-esl", "FreeSWITCH knows no event of the names that it was asked for (--event)");
        r->refused = true;
        return COACH_EINVAL;
    }
    r->stage = LISTENING;
    r->away_since = 0;
    r->backoff_ms = BACKOFF_MS;
    return COACH_OK;
}

static int take_event(struct relay *r, const struct esl_block *block)
{
    r->events++;
    if (!block->too_long)
        return vendor_message(&r->vendor, block->body, block->len, r->events);
    delivery_complain(&r->delivery, r->events, "too_long", "the event is longer than 256 KiB and was passed over");
    return COACH_OK;
}

static int on_block(void *user, const struct esl_block *block)
{
    struct relay *r = user;
    switch (block->kind) {
    case ESL_ASKS_PASSWORD:
        r->stage = LOGIN;
        return buf_addf(&r->tcp.out, "auth %s\n\n", r->password);
    case ESL_REPLY:
        return take_reply(r, block);
    case ESL_EVENT:
        return take_event(r, block);
    case ESL_GOODBYE:
        return COACH_EINVAL;
    case ESL_OTHER:
        break;
    }
    return COACH_OK;
}

/* --- the loop --- */

/* FreeSWITCH is not there, or is no more: another try later. */
static void be_away(struct relay *r, const char *why)
{
    int64_t now = cli_now_ms();
    tcp_close(&r->tcp);
    r->there = false;
    r->retry_at = now + r->backoff_ms;
    r->backoff_ms = r->backoff_ms * 2 > LONGEST_BACKOFF_MS ? LONGEST_BACKOFF_MS : r->backoff_ms * 2;
    if (r->away_since != 0)
        return;
    r->away_since = now;
    cli_fail("ingest-esl", "%s; trying again", why);
}

static void stay_connected(struct relay *r)
{
    coach_error err = {0};
    if (r->there || cli_now_ms() < r->retry_at)
        return;
    r->stage = GREETING;
    r->esl = (struct esl){0};
    r->there = tcp_open(&r->tcp, r->v->host, r->v->port, &err) == COACH_OK;
    if (!r->there)
        be_away(r, err.text);
}

/* Takes what came. */
static void listen_to_switch(struct relay *r)
{
    int rc = esl_take(&r->esl, &r->tcp.in, on_block, r);
    if (r->refused)
        r->rc = COACH_EINVAL;
    else if (rc == COACH_ESYNTAX)
        be_away(r, "this is no event socket of FreeSWITCH (--host, --port)");
    else if (rc == COACH_EINVAL || (rc == COACH_OK && r->tcp.fd < 0))
        be_away(r, "FreeSWITCH ended the connection");
    else
        r->rc = rc;
}

static bool gave_up(const struct relay *r)
{
    int64_t patience = r->v->give_up_ms;
    return patience > 0 && r->away_since != 0 && cli_now_ms() - r->away_since >= patience;
}

static int patience(const struct relay *r)
{
    int64_t left = r->there ? 1000 : r->retry_at - cli_now_ms();
    return left < 0 ? 0 : left > 1000 ? 1000 : (int)left;
}

static void relay_all(struct relay *r)
{
    while (r->rc == COACH_OK && !gave_up(r)) {
        stay_connected(r);
        struct pollfd other = tcp_poll(&r->tcp, delivery_has_room(&r->delivery));
        if (!delivery_pump(&r->delivery, &other, 1, patience(r))) {
            r->rc = COACH_EINVAL; /* it has been said */
            return;
        }
        tcp_pump(&r->tcp, other.revents);
        if (r->there && delivery_has_room(&r->delivery))
            listen_to_switch(r);
    }
    if (r->refused && r->stage == LOGIN)
        cli_fail("ingest-esl", "FreeSWITCH does not take the password");
    else if (r->rc == COACH_ENOMEM || r->rc == COACH_ELIMIT)
        cli_fail("ingest-esl", "out of memory");
    else if (r->rc == COACH_OK)
        cli_fail("ingest-esl", "gave up; FreeSWITCH is away");
}

static int relay_with(struct relay *r, struct formats *formats)
{
    const struct values *v = r->v;
    const struct delivery_settings settings = {.command = "ingest-esl",
                                               .unit = "event",
                                               .runtime_dir = v->runtime_dir,
                                               .give_up_ms = v->give_up_ms,
                                               .sparing = true};
    const struct vendor_facts facts = {
        .format = v->format, .agent = v->agent, .role = v->role, .channels = &v->channels};
    delivery_init(&r->delivery, &settings);
    tcp_init(&r->tcp, MOST_IN, MOST_OUT);
    r->rc = vendor_open(&r->vendor, &r->delivery, formats, &facts);
    relay_all(r);
    tcp_close(&r->tcp);
    vendor_close(&r->vendor);
    delivery_clear(&r->delivery);
    return CLI_UNUSABLE;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct relay r = {.v = v, .backoff_ms = BACKOFF_MS};
    struct loaded_formats l;
    if (nwords > 0)
        return cli_fail("ingest-esl", "what is '%s'? It takes options only", words[0]);
    if (!input_channels_are_good("ingest-esl", &v->channels))
        return CLI_UNUSABLE;
    if (read_password(&r) != CLI_OK)
        return CLI_UNUSABLE;
    int code = loaded_read_formats(&l, "ingest-esl", &v->formats);
    if (code == CLI_OK)
        code = relay_with(&r, l.formats);
    loaded_clear_formats(&l);
    explicit_bzero(r.password, sizeof r.password);
    return code;
}

const struct command command_ingest_esl = {
    .name = "ingest-esl",
    .usage = "",
    .summary = "what FreeSWITCH recognises, to the daemon",
    .about = "Asks FreeSWITCH's event socket for what its modules recognise (mod_google_transcribe and its like,\n"
             "detect_speech) and for the end of calls, and hands it to a running coachd. Runs until it is stopped;\n"
             "when FreeSWITCH or the daemon is away it tries again, ever more slowly, and keeps little meanwhile.\n"
             "The password is never taken from the command line, where other users could see it.\n\n"
             "exit codes: 2 gave up, or could not begin",
    .examples = "  coach ingest-esl --password-file /etc/coachd/esl-password --channel inbound=customer\n"
                "  coach ingest-esl --password-file p --event DETECTED_SPEECH --event my_module::transcription\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
