#include "daemon/gateway/config.h"

#include "daemon/base/log.h"
#include "daemon/base/settings.h"
#include "daemon/gateway/tokens.h"
#include "lib/wire/reader.h"

#define AT(member) .offset = offsetof(struct config, member)
#define SECOND     INT64_C(1000)

static const struct option_spec specs[] = {
    {.name = "listen",
     .letter = 'l',
     .kind = OPTION_TEXT,
     .arg = "ADDRESS",
     .fallback = "127.0.0.1:8765",
     .help = "A loopback address and port, or the path of a Unix socket",
     AT(listen)},
    {.name = "listen-group",
     .kind = OPTION_TEXT,
     .arg = "GROUP",
     .help = "Who may connect to that Unix socket, such as the group of a TLS proxy (default: the user's own)",
     AT(listen_group)},
    {.name = "runtime-dir",
     .letter = 'd',
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .fallback = "/run/coachd",
     .help = "Where the sockets of coachd are",
     AT(runtime_dir)},
    {.name = "config",
     .letter = 'c',
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .flags = OPTION_FLAG_ONLY,
     .help = "Settings, one 'name: value' per line, named like these flags with _ for -",
     AT(file)},
    {.name = "log-level",
     .kind = OPTION_CHOICE,
     .arg = "LEVEL",
     .choices = log_level_names,
     .fallback = "info",
     .help = "How much is logged",
     AT(log_level)},
    {.name = "hosts",
     .kind = OPTION_LIST,
     .arg = "NAME",
     .help = "A host name that requests may be for; may be repeated (default: localhost, 127.0.0.1, [::1])",
     AT(hosts)},
    {.name = "origins",
     .kind = OPTION_LIST,
     .arg = "ORIGIN",
     .help = "A web page's origin that browsers may send from, https://desk.example; may be repeated (default: none)",
     AT(origins)},
    {.name = "token-keys",
     .kind = OPTION_TEXT,
     .arg = "PATH",
     .help = "File or folder of the keys that signed the tokens of writers",
     AT(token_keys)},
    {.name = "token-algorithm",
     .kind = OPTION_CHOICE,
     .arg = "NAME",
     .choices = token_algorithms,
     .fallback = "HS256",
     .help = "The one algorithm that a token may be signed with",
     AT(token_algorithm)},
    {.name = "basic-users",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .help = "Users of HTTP Basic, for webhooks: lines of name:sha256:HEX",
     AT(basic_users)},
    {.name = "twilio-secret",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .help = "Twilio's auth token; requests that it signed are let in",
     AT(twilio_secret)},
    {.name = "public-url",
     .kind = OPTION_TEXT,
     .arg = "URL",
     .help = "How Twilio calls this gateway, https://coach.example: part of what it signs",
     AT(public_url)},
    {.name = "formats",
     .kind = OPTION_LIST,
     .arg = "PATH",
     .help = "Mapping file or folder of vendor formats; may be repeated (default: the shipped ones)",
     AT(formats)},
    {.name = "channels",
     .kind = OPTION_LIST,
     .arg = "FORMAT/CHANNEL=ROLE",
     .help = "Who speaks on a channel of a format, twilio/inbound_track=customer; may be repeated",
     AT(channels)},
    {.name = "max-connections",
     .kind = OPTION_INT,
     .fallback = "4096",
     .min = 1,
     .max = 1000000,
     .help = "Connections that may be open at once",
     AT(max_connections)},
    {.name = "max-message",
     .kind = OPTION_SIZE,
     .fallback = "64KiB",
     .min = 1024,
     .max = WIRE_MAX_LINE,
     .help = "Bytes of a request's body, or of a WebSocket message",
     AT(max_message)},
    {.name = "request-timeout",
     .kind = OPTION_DURATION,
     .fallback = "10s",
     .min = SECOND,
     .max = 300 * SECOND,
     .help = "A request must be sent and answered within this",
     AT(request_timeout_ms)},
    {.name = "ping-interval",
     .kind = OPTION_DURATION,
     .fallback = "20s",
     .min = SECOND,
     .max = 300 * SECOND,
     .help = "A silent WebSocket is pinged so often, and closed when two in a row are not answered",
     AT(ping_interval_ms)},
    {.name = "queue",
     .kind = OPTION_SIZE,
     .fallback = "1MiB",
     .min = 64 * 1024,
     .max = 1024 * 1024 * 1024,
     .help = "Bytes of events that may wait for coachd, then writers are made to wait",
     AT(queue)},
    {.name = "away-timeout",
     .kind = OPTION_DURATION,
     .fallback = "10s",
     .min = SECOND,
     .max = 300 * SECOND,
     .help = "WebSockets are closed when coachd is away for longer",
     AT(away_timeout_ms)},
    {.name = "drain-timeout",
     .kind = OPTION_DURATION,
     .fallback = "2s",
     .min = 0,
     .max = 300 * SECOND,
     .help = "How long stopping may wait for others",
     AT(drain_timeout_ms)},
    {.name = "allow-anonymous",
     .kind = OPTION_BOOL,
     .fallback = "no",
     .help = "Let in writers without token or password, to try things on one machine",
     AT(allow_anonymous)},
    {.name = "check-config",
     .kind = OPTION_BOOL,
     .flags = OPTION_FLAG_ONLY,
     .help = "Read settings and keys, print the settings in effect, and exit: 0, or 78 with what is wrong",
     AT(check_config)},
    {.name = "version",
     .letter = 'V',
     .kind = OPTION_BOOL,
     .flags = OPTION_FLAG_ONLY,
     .help = "Print the version",
     AT(version)},
    {.name = "help", .letter = 'h', .kind = OPTION_BOOL, .flags = OPTION_FLAG_ONLY, .help = "Print this", AT(help)},
};
enum { NSPECS = sizeof specs / sizeof *specs };

int config_read(struct config *c, struct options *o, int argc, char *const *argv, char *const *environment,
                bool *in_file, coach_error *err)
{
    const struct settings s = {.program = "coach-gateway",
                               .environment = "COACH_GATEWAY_",
                               .specs = specs,
                               .nspecs = NSPECS,
                               .file = &c->file,
                               .help = &c->help,
                               .version = &c->version};
    return settings_read(&s, c, o, argc, argv, environment, in_file, err);
}

int config_help(struct buf *out)
{
    static const char before[] =
        "Usage: coach-gateway [OPTION]...\n"
        "\n"
        "Takes transcripts from recognisers and telephony over the network, by POST and by WebSocket, and hands them\n"
        "to coachd. Listens on this machine only; put a TLS front before it to be reached from others.\n"
        "\n";
    static const char after[] =
        "\n"
        "Each option may also stand in the file or, as COACH_GATEWAY_QUEUE and so on, in the environment; flags come\n"
        "first, then the environment, then the file.\n"
        "\n"
        "What it serves:\n"
        "  POST /v1/ingest/FORMAT      JSON or a form of one vendor, answered when it has taken effect\n"
        "  GET  /v1/ingest/FORMAT      WebSocket: each text message is one of the vendor's\n"
        "  GET  /healthz /readyz /metrics\n"
        "FORMAT is coachd, or a vendor's. A query binds what the vendor does not say:\n"
        "  ?call_id=c1&agent_id=sam&channels=0:customer,1:agent&language=en\n"
        "\n"
        "Examples:\n"
        "  coach-gateway --runtime-dir /tmp/coachd --allow-anonymous      try it from a source tree\n"
        "  coach-gateway --config /etc/coachd/coach-gateway.yaml --check-config\n"
        "                                                                 is this configuration right?\n"
        "  curl -H 'Content-Type: application/json' http://127.0.0.1:8765/v1/ingest/coachd \\\n"
        "    -d '{\"call_id\":\"c1\",\"agent_id\":\"sam\",\"role\":\"agent\",\"text\":\"you need to calm down\"}'\n"
        "\n"
        "Exit status: 0 stopped, 64 usage, 71 the system refused, 75 the address is in use, 78 configuration or "
        "keys.\n";
    int rc = buf_adds(out, before);
    if (rc == COACH_OK)
        rc = options_help(specs, NSPECS, out);
    return rc == COACH_OK ? buf_adds(out, after) : rc;
}
