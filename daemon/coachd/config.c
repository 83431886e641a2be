#include "daemon/coachd/config.h"

#include "daemon/base/log.h"
#include "daemon/base/settings.h"
#include "lib/wire/reader.h"

#define AT(member) .offset = offsetof(struct config, member)
#define SECOND     INT64_C(1000)
#define HOUR       (3600 * SECOND)

static const struct option_spec specs[] = {
    {.name = "runtime-dir",
     .letter = 'd',
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .fallback = "/run/coachd",
     .help = "Where the sockets are; made if it is missing",
     AT(runtime_dir)},
    {.name = "rules",
     .letter = 'r',
     .kind = OPTION_LIST,
     .arg = "PATH",
     .help = "Rule file or folder, packs first, then the site's; may be repeated (default: the shipped pack)",
     AT(rules)},
    {.name = "languages",
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .help = "Language tables (default: the shipped ones)",
     AT(languages)},
    {.name = "formats",
     .kind = OPTION_LIST,
     .arg = "PATH",
     .help = "Mapping file or folder of vendor formats; may be repeated (default: the shipped ones)",
     AT(formats)},
    {.name = "ingest-format",
     .kind = OPTION_TEXT,
     .arg = "NAME",
     .fallback = "coachd",
     .help = "What writers send who say nothing else in a hello: coachd, a vendor's format, or auto to recognise it",
     AT(ingest_format)},
    {.name = "ingest-channels",
     .kind = OPTION_LIST,
     .arg = "CHANNEL=ROLE",
     .help = "Who speaks on a channel, '0=customer', where no hello says it; may be repeated (default: unknown)",
     AT(ingest_channels)},
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
    {.name = "idle-timeout",
     .kind = OPTION_DURATION,
     .fallback = "30m",
     .min = SECOND,
     .max = 24 * HOUR,
     .help = "A call ends when no line came for this long",
     AT(idle_timeout_ms)},
    {.name = "max-call-age",
     .kind = OPTION_DURATION,
     .fallback = "24h",
     .min = SECOND,
     .max = 168 * HOUR,
     .help = "A call ends when it is this old",
     AT(max_call_age_ms)},
    {.name = "max-calls",
     .kind = OPTION_INT,
     .fallback = "20000",
     .min = 1,
     .max = 1000000,
     .help = "Calls that may be live at once",
     AT(max_calls)},
    {.name = "max-connections",
     .kind = OPTION_INT,
     .fallback = "32768",
     .min = 1,
     .max = 1000000,
     .help = "Connections that may be open at once",
     AT(max_connections)},
    {.name = "max-line",
     .kind = OPTION_SIZE,
     .fallback = "64KiB",
     .min = 1024,
     .max = WIRE_MAX_LINE,
     .help = "Bytes of a line from a writer",
     AT(max_line)},
    {.name = "line-timeout",
     .kind = OPTION_DURATION,
     .fallback = "30s",
     .min = SECOND,
     .max = HOUR,
     .help = "A writer that takes longer to finish a line is hung up on",
     AT(line_timeout_ms)},
    {.name = "hello-timeout",
     .kind = OPTION_DURATION,
     .fallback = "10s",
     .min = SECOND,
     .max = HOUR,
     .help = "A desktop that takes longer to say hello is hung up on",
     AT(hello_timeout_ms)},
    {.name = "read-timeout",
     .kind = OPTION_DURATION,
     .fallback = "30s",
     .min = SECOND,
     .max = HOUR,
     .help = "A desktop that reads nothing for this long is hung up on",
     AT(read_timeout_ms)},
    {.name = "drain-timeout",
     .kind = OPTION_DURATION,
     .fallback = "5s",
     .min = 0,
     .max = 300 * SECOND,
     .help = "How long stopping may wait for desktops to read",
     AT(drain_timeout_ms)},
    {.name = "ingest-group",
     .kind = OPTION_TEXT,
     .arg = "GROUP",
     .fallback = "coachd-ingest",
     .help = "Who may write to ingest.sock",
     AT(ingest_group)},
    {.name = "agent-group",
     .kind = OPTION_TEXT,
     .arg = "GROUP",
     .fallback = "coachd-agents",
     .help = "Who may connect to agent.sock",
     AT(agent_group)},
    {.name = "allow-own-uid",
     .kind = OPTION_BOOL,
     .fallback = "yes",
     .help = "A client run by the daemon's own user may be any agent",
     AT(allow_own_uid)},
    {.name = "record-dir",
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .help = "Where calls are recorded, every word of them, to be replayed; made if it is missing (default: nowhere)",
     AT(record_dir)},
    {.name = "record-queues",
     .kind = OPTION_LIST,
     .arg = "QUEUE",
     .help = "Queue whose calls are recorded, '*' for every call; may be repeated (default: none)",
     AT(record_queues)},
    {.name = "record-days",
     .kind = OPTION_INT,
     .arg = "N",
     .fallback = "7",
     .min = 1,
     .max = 3650,
     .help = "Recordings are deleted when they are this many days old",
     AT(record_days)},
    {.name = "check-config",
     .kind = OPTION_BOOL,
     .flags = OPTION_FLAG_ONLY,
     .help = "Read settings and rules, print the settings in effect, and exit: 0, or 78 with what is wrong",
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
    const struct settings s = {.program = "coachd",
                               .environment = "COACHD_",
                               .specs = specs,
                               .nspecs = NSPECS,
                               .file = &c->file,
                               .help = &c->help,
                               .version = &c->version};
    int rc = settings_read(&s, c, o, argc, argv, environment, in_file, err);
    if (rc == COACH_OK && *in_file && c->record_queues.count > 0 && c->record_dir == NULL)
        rc = coach_fail(err, COACH_EINVAL, "record_queues: where should they be recorded? Say record_dir too");
    return rc;
}

int config_help(struct buf *out)
{
    static const char before[] =
        "Usage: coachd [OPTION]...\n"
        "\n"
        "Listens to the transcripts of calls and tells each agent, while the call goes on, what would help.\n"
        "Runs in the foreground; says on standard error when it is ready.\n"
        "\n";
    static const char after[] =
        "\n"
        "Each option may also stand in the file or, as COACHD_MAX_CALLS and so on, in the environment; flags come\n"
        "first, then the environment, then the file.\n"
        "\n"
        "Examples:\n"
        "  coachd --runtime-dir /tmp/coachd --rules rules/core-en   try it from a source tree\n"
        "  coachd --config /etc/coachd/coachd.yaml --check-config   is this configuration right?\n"
        "  coachd --rules /usr/share/coachd/rules/core-en --rules /etc/coachd/rules.d\n"
        "                                                           the shipped pack, then the site's own rules\n"
        "\n"
        "Exit status: 0 stopped, 64 usage, 71 the system refused, 75 another one is running, 78 configuration or\n"
        "rules.\n";
    int rc = buf_adds(out, before);
    if (rc == COACH_OK)
        rc = options_help(specs, NSPECS, out);
    return rc == COACH_OK ? buf_adds(out, after) : rc;
}
