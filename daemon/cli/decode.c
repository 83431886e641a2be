/* coach decode: what a vendor's messages become. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/rulefiles.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/input.h"
#include "daemon/cli/ruleset.h"
#include "lib/wire/json.h"
#include "lib/wire/lines.h"
#include "lib/wire/reader.h"

struct values {
    const char *format, *call, *agent, *role;
    struct option_list formats, channels;
    bool list, quiet;
};

static const char *const roles[] = {"agent", "customer", "system", NULL};

static const struct option_spec specs[] = {
    {.name = "format",
     .letter = 'f',
     .kind = OPTION_TEXT,
     .arg = "NAME",
     .fallback = "auto",
     .offset = offsetof(struct values, format),
     .help = "the vendor's format, or auto to have it recognised"},
    CLI_FORMATS_SPEC(values),
    {.name = "list",
     .letter = 'l',
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, list),
     .help = "list the formats there are, and decode nothing"},
    {.name = "call",
     .letter = 'c',
     .kind = OPTION_TEXT,
     .arg = "ID",
     .fallback = "call",
     .offset = offsetof(struct values, call),
     .help = "call of messages that name none"},
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
     .help = "who speaks, where messages do not say it"},
    CLI_CHANNELS_SPEC(values),
    {.name = "quiet",
     .letter = 'q',
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, quiet),
     .help = "do not tell what was ignored"},
};

enum { MOST_TOLD = 50 }; /* lines about one file */

/* One file being decoded. */
struct decoding {
    const struct values *v;
    const char *file;
    struct wire_reader *reader;
    struct lines lines;
    uint64_t problems, ignored;
    bool saying_hello;
    struct buf out;
};

static int on_event(void *user, const struct wire_event *event)
{
    struct decoding *d = user;
    if (event->type == WIRE_HELLO)
        return COACH_OK;
    buf_reset(&d->out);
    int rc = wire_event_write(event, &d->out);
    if (rc == COACH_OK)
        fputs(d->out.data, stdout);
    return rc;
}

static void tell(const struct decoding *d, const char *what, const char *text)
{
    fflush(stdout);
    if (d->problems + d->ignored <= MOST_TOLD)
        fprintf(stderr, "%s:%" PRIu64 ": %s: %s\n", d->file, d->lines.number, what, text);
}

static void on_problem(void *user, const struct wire_problem *problem)
{
    struct decoding *d = user;
    d->problems++;
    if (d->saying_hello)
        fprintf(stderr, "coach decode: %s\n", problem->message);
    else
        tell(d, wire_code_name(problem->code), problem->message);
}

static void on_ignored(void *user, const char *why)
{
    struct decoding *d = user;
    if (d->v->quiet)
        return;
    d->ignored++;
    tell(d, "ignored", why);
}

static int on_line(void *user, const char *line, size_t len)
{
    struct decoding *d = user;
    const struct wire_handler handler = {on_event, on_problem, on_ignored, d};
    const struct wire_problem too_long = {WIRE_TOO_LONG, "the line is longer than 64 KiB and was passed over"};
    if (line != NULL)
        return wire_reader_line(d->reader, line, len, &handler);
    on_problem(d, &too_long);
    return COACH_OK;
}

static int say_hello(struct decoding *d)
{
    const struct wire_handler handler = {on_event, on_problem, on_ignored, d};
    struct buf line;
    buf_init(&line, 0);
    int rc = input_hello(d->v->format, d->v->call, d->v->agent, d->v->role, &d->v->channels, false, &line);
    d->saying_hello = true;
    if (rc == COACH_OK)
        rc = wire_reader_line(d->reader, line.data, line.len, &handler);
    d->saying_hello = false;
    buf_clear(&line);
    return rc;
}

static int decode_file(struct decoding *d, struct formats *formats)
{
    const struct wire_handler handler = {on_event, on_problem, on_ignored, d};
    struct buf text;
    coach_error err = {0};
    buf_init(&text, 0);
    int rc = input_read(d->file, &text, &err);
    if (rc != COACH_OK) {
        buf_clear(&text);
        return cli_fail("decode", "%s", err.text);
    }
    d->reader = wire_reader_new(formats, "");
    rc = d->reader == NULL ? COACH_ENOMEM : say_hello(d);
    if (rc == COACH_OK && d->problems == 0) {
        wire_reader_any_channel(d->reader);
        rc = lines_feed(&d->lines, text.data == NULL ? "" : text.data, text.len, on_line, d);
        if (rc == COACH_OK)
            rc = lines_end(&d->lines, on_line, d);
        if (rc == COACH_OK)
            rc = wire_reader_end(d->reader, &handler);
        if (d->problems + d->ignored > MOST_TOLD)
            fprintf(stderr, "%s: and so on: %" PRIu64 " problems, %" PRIu64 " ignored\n", d->file, d->problems,
                    d->ignored);
        if (strcmp(d->v->format, "auto") == 0 && !d->v->quiet)
            fprintf(stderr, "%s: read as %s\n", d->file, wire_reader_format(d->reader));
    } else if (rc == COACH_OK) {
        rc = COACH_EINVAL; /* it has been said */
    }
    wire_reader_free(d->reader);
    buf_clear(&text);
    return rc == COACH_ENOMEM ? cli_fail("decode", "out of memory") : rc == COACH_OK ? CLI_OK : CLI_UNUSABLE;
}

static int decode_all(const struct values *v, struct formats *formats, const char *const *words, size_t nwords)
{
    static const char *const standard_input[] = {"-"};
    uint64_t problems = 0;
    int code = CLI_OK;
    if (nwords == 0) {
        words = standard_input;
        nwords = 1;
    }
    for (size_t i = 0; i < nwords && code == CLI_OK; i++) {
        struct decoding d = {.v = v, .file = words[i]};
        lines_init(&d.lines, WIRE_MAX_LINE);
        buf_init(&d.out, 0);
        code = decode_file(&d, formats);
        problems += d.problems;
        lines_clear(&d.lines);
        buf_clear(&d.out);
    }
    return code == CLI_OK && problems > 0 ? CLI_FOUND : code;
}

static int list_formats(const struct formats *formats)
{
    for (size_t i = 0; i < formats_count(formats); i++)
        printf("%-32s %s\n", mapping_name(formats_at(formats, i)), mapping_about(formats_at(formats, i)));
    return CLI_OK;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct loaded_formats l;
    if (!input_channels_are_good("decode", &v->channels))
        return CLI_UNUSABLE;
    int code = loaded_read_formats(&l, "decode", &v->formats);
    if (code == CLI_OK)
        code = v->list ? list_formats(l.formats) : decode_all(v, l.formats, words, nwords);
    loaded_clear_formats(&l);
    return code;
}

const struct command command_decode = {
    .name = "decode",
    .usage = "[FILE ...]",
    .summary = "what a vendor's messages become",
    .about =
        "Reads messages of a recogniser or a telephone system, as they come (JSON, forms, headers, columns), and "
        "prints the\n"
        "events that coachd makes of them; on stderr, what was ignored and why, and what could not be used. Without "
        "a file\n"
        "it reads standard input. Channels that nobody maps are shown with the role unknown; the daemon refuses "
        "them.\n\n"
        "exit codes: 0 all was understood, 1 some message could not be used, 2 nothing could be read",
    .examples = "  coach decode --list\n"
                "  coach decode --format deepgram --channel 0=customer --channel 1=agent captured.ndjson\n"
                "  coach decode captured.ndjson                 which format is this?\n"
                "  coach decode --formats my-formats --format my-vendor captured.json\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
