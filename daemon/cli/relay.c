#include "daemon/cli/relay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/audio.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/websocket.h"
#include "lib/wire/reader.h"

enum { BACKOFF_MS = 100, LONGEST_BACKOFF_MS = 5000, ON_THE_WAY = 64 * 1024, LINGER_MS = 5000 };

/* How a server is told about the sound before it and after it, where it hears on the same connection. */
struct manners {
    const char *format;
    const char *first; /* with the rate put in; NULL: it is in the URL */
    const char *last;
};
static const struct manners known[] = {
    {"vosk", "{\"config\":{\"sample_rate\":%" PRId64 "}}", "{\"eof\":1}"},
    {"deepgram", NULL, "{\"type\":\"CloseStream\"}"},
};

struct relay {
    const struct relay_settings *settings;
    const struct manners *manners; /* with sound */
    struct delivery delivery;
    struct vendor vendor;
    struct websocket socket;
    struct audio audio;
    bool greeted;         /* the server has heard `first` */
    int64_t last_word_ms; /* when the server said something, or heard the end of the sound */
    bool over;            /* nothing more comes from the server */
    int rc;
    coach_error err;
};

static const struct manners *manners_of(const char *format)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].format, format) == 0)
            return &known[i];
    return NULL;
}

bool relay_settings_are_good(const struct relay_settings *settings, const char *format)
{
    coach_error err = {0};
    if (websocket_check(settings->url, &err) != COACH_OK)
        cli_fail("send", "%s", err.text);
    else if (settings->audio != NULL && manners_of(format) == NULL)
        cli_fail("send",
                 "--audio: sound can be sent to servers that speak as vosk or deepgram do, not %s; its own client "
                 "sends it",
                 format);
    else
        return true;
    return false;
}

static int on_message(void *user, const char *text, size_t len)
{
    struct relay *r = user;
    r->last_word_ms = cli_now_ms();
    if (text != NULL)
        return vendor_message(&r->vendor, text, len, r->socket.messages);
    delivery_complain(&r->delivery, r->socket.messages, "too_long", "the message is longer than 64 KiB");
    return COACH_OK;
}

/* Tries until the server is there. Returns false when it is time to give up, having said so. */
static bool connect_first(struct relay *r)
{
    int64_t began = cli_now_ms(), backoff = BACKOFF_MS, give_up = r->delivery.settings.give_up_ms;
    bool said = false;
    while (websocket_open(&r->socket, r->settings->url, &r->err) != COACH_OK) {
        if (!said)
            cli_fail("send", "%s; trying again", r->err.text);
        said = true;
        if (give_up > 0 && cli_now_ms() - began >= give_up) {
            cli_fail("send", "gave up");
            return false;
        }
        (void)poll(NULL, 0, (int)backoff);
        backoff = backoff * 2 > LONGEST_BACKOFF_MS ? LONGEST_BACKOFF_MS : backoff * 2;
    }
    return true;
}

/* --- the sound --- */

static void greet(struct relay *r)
{
    char first[100];
    r->greeted = true;
    r->audio.began_ms = cli_now_ms();
    if (r->manners == NULL || r->manners->first == NULL)
        return;
    int n = snprintf(first, sizeof first, r->manners->first, r->settings->rate);
    r->rc = websocket_send(&r->socket, true, first, (size_t)n);
}

static bool may_hear(const struct relay *r)
{
    return r->greeted && r->socket.state == WEBSOCKET_OPEN && r->audio.fd >= 0 && r->socket.tcp.out.len < ON_THE_WAY &&
           audio_wait(&r->audio, cli_now_ms()) == 0;
}

static void send_piece(struct relay *r)
{
    size_t len;
    const char *piece = audio_read(&r->audio, &len);
    r->last_word_ms = cli_now_ms();
    if (piece == NULL)
        r->rc = websocket_send(&r->socket, true, r->manners->last, strlen(r->manners->last));
    else if (len > 0)
        r->rc = websocket_send(&r->socket, false, piece, len);
}

/* After the end of the sound the server closes; one that falls silent instead is not waited for. */
static void end_what_lingers(struct relay *r)
{
    if (r->manners != NULL && r->audio.fd < 0 && r->socket.state == WEBSOCKET_OPEN && !r->over &&
        cli_now_ms() - r->last_word_ms > LINGER_MS) {
        (void)websocket_finish(&r->socket);
        tcp_pump(&r->socket.tcp, POLLOUT);
        tcp_close(&r->socket.tcp);
        r->socket.state = WEBSOCKET_CLOSED;
    }
}

/* --- the loop --- */

static int patience(const struct relay *r)
{
    bool hears = r->greeted && r->audio.fd >= 0 && r->socket.tcp.out.len < ON_THE_WAY;
    int wait = hears ? audio_wait(&r->audio, cli_now_ms()) : 1000;
    return wait > 0 && wait < 1000 ? wait : 1000;
}

/* Takes what the server said, and notices that it has gone. */
static void listen_to_server(struct relay *r)
{
    if (r->socket.state != WEBSOCKET_CLOSED && delivery_has_room(&r->delivery))
        r->rc = websocket_take(&r->socket, on_message, r, &r->err);
    if (r->rc == COACH_EINVAL) {
        delivery_complain(&r->delivery, 0, "connection", r->err.text);
        r->rc = COACH_OK;
        r->socket.state = WEBSOCKET_CLOSED;
        tcp_close(&r->socket.tcp);
    }
    bool gone = r->socket.tcp.fd < 0 && delivery_has_room(&r->delivery);
    if (gone && r->socket.state != WEBSOCKET_CLOSED)
        delivery_complain(&r->delivery, 0, "connection", "the server went away in the middle");
    if (gone || (r->socket.state == WEBSOCKET_CLOSED && r->socket.tcp.out.len == 0)) {
        r->over = true;
        tcp_close(&r->socket.tcp);
        r->rc = vendor_end(&r->vendor);
    } else if (r->socket.state == WEBSOCKET_OPEN && !r->greeted) {
        greet(r);
    }
}

static void relay_all(struct relay *r)
{
    while (r->rc == COACH_OK && !(r->over && delivery_is_done(&r->delivery))) {
        struct pollfd others[] = {tcp_poll(&r->socket.tcp, delivery_has_room(&r->delivery)),
                                  audio_poll(&r->audio, may_hear(r))};
        if (!delivery_pump(&r->delivery, others, 2, patience(r))) {
            r->rc = COACH_EINVAL; /* it has been said */
            return;
        }
        tcp_pump(&r->socket.tcp, others[0].revents);
        if (others[1].revents != 0)
            send_piece(r);
        end_what_lingers(r);
        if (r->rc == COACH_OK && !r->over)
            listen_to_server(r);
    }
}

static int begin(struct relay *r, const struct vendor_facts *facts, struct formats *formats)
{
    int rc = vendor_open(&r->vendor, &r->delivery, formats, facts);
    if (rc == COACH_OK && r->settings->audio != NULL) {
        r->manners = manners_of(facts->format);
        rc = audio_open(&r->audio, r->settings->audio, r->settings->rate, r->settings->fast, &r->err);
        if (rc != COACH_OK)
            cli_fail("send", "%s", r->err.text);
    }
    if (rc == COACH_OK && !connect_first(r))
        rc = COACH_EINVAL;
    return rc;
}

int relay_run(const struct relay_settings *settings, const struct delivery_settings *delivery,
              const struct vendor_facts *facts, struct formats *formats)
{
    struct relay r = {.settings = settings, .audio = {.fd = -1}};
    delivery_init(&r.delivery, delivery);
    websocket_init(&r.socket, WIRE_MAX_LINE);
    r.rc = begin(&r, facts, formats);
    relay_all(&r);
    if (r.rc == COACH_ENOMEM || r.rc == COACH_ELIMIT)
        cli_fail("send", "out of memory");
    int code = r.rc != COACH_OK ? CLI_UNUSABLE : r.delivery.refused > 0 ? CLI_FOUND : CLI_OK;
    audio_close(&r.audio);
    websocket_clear(&r.socket);
    vendor_close(&r.vendor);
    delivery_clear(&r.delivery);
    return code;
}
