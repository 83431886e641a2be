/* coach status: how is the daemon? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/screen.h"

struct values {
    const char *runtime_dir;
    bool json;
    bool calls;
    bool connections;
};

static const struct option_spec specs[] = {
    CLI_RUNTIME_SPEC(values),
    {.name = "calls",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, calls),
     .help = "the live calls, the oldest first, in place of the daemon"},
    {.name = "connections",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, connections),
     .help = "the writers' connections, those with most errors and then lines first"},
    CLI_JSON_SPEC(values, "the daemon's reply as it is"),
};

/* A value as people read it: one line each, members of an object below it. */
static void print_value(const struct screen *s, const char *key, const struct json_in *v, int depth)
{
    struct buf text;
    printf("%*s%-*s", depth * 2, "", 22 - depth * 2, key);
    if (json_in_is_object(v)) {
        printf("%s\n", json_in_count(v) == 0 ? " none" : "");
        for (size_t i = 0; i < json_in_count(v); i++)
            print_value(s, json_in_key(v, i), json_in_get(v, json_in_key(v, i)), depth + 1);
        return;
    }
    buf_init(&text, 0);
    const char *plain = json_in_string(v);
    if (plain == NULL && json_in_write(v, &text) == COACH_OK)
        plain = text.data;
    printf(" ");
    if (plain != NULL)
        screen_text(s, plain, strlen(plain));
    printf("\n");
    buf_clear(&text);
}

/* ---- what to know beside the figures ---- */

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void print_notes(const struct json_in *v)
{
    const struct json_in *calls = json_in_get(v, "calls"), *recording = json_in_get(v, "recording");
    int64_t blind = json_in_int(calls, "blind", 0), untimed = json_in_int(calls, "without_times", 0);
    int64_t differ = json_in_int(calls, "clocks_differ", 0), skew = json_in_int(calls, "largest_skew_ms", 0);
    int64_t rules = json_in_int(json_in_get(v, "rules"), "need_times", 0);
    int64_t given_up = json_in_int(recording, "given_up", 0);
    if (blind > 0)
        printf("note: coaching cannot see %" PRId64 " live call%s; coach status --calls says why\n", blind,
               plural(blind));
    if (untimed > 0)
        printf("note: the lines of %" PRId64 " live call%s come without times: the %" PRId64
               " rule%s about interruptions, silence, monologues or pace %s left out there\n",
               untimed, plural(untimed), rules, plural(rules), rules == 1 ? "is" : "are");
    if (differ > 0)
        printf("note: in %" PRId64 " live call%s the clocks of the agent's and the customer's side seem to differ, by "
               "%" PRId64 ".%" PRId64 " s at most: rules about interruptions take that much off, and may stay silent\n",
               differ, plural(differ), skew / 1000, skew % 1000 / 100);
    if (given_up > 0)
        printf("note: %" PRId64 " call%s could not be recorded whole; the log says why\n", given_up, plural(given_up));
}

/* ---- the calls ---- */

/* "47s", "12m", "3h". */
static void age_text(char out[32], int64_t ms)
{
    int64_t s = ms / 1000;
    if (s < 100)
        snprintf(out, 32, "%" PRId64 "s", s);
    else if (s < 100 * 60)
        snprintf(out, 32, "%" PRId64 "m", s / 60);
    else
        snprintf(out, 32, "%" PRId64 "h", s / 3600);
}

/* What is unusual about a call: "blind: no lines for 20 s; held: gap 2, shadow 1". */
static void print_remarks(const struct screen *s, const struct json_in *c)
{
    const struct json_in *held = json_in_get(c, "held");
    const char *blind = json_in_text(c, "blind"), *between = "";
    int64_t skew = json_in_int(c, "skew_ms", 0);
    if (blind != NULL) {
        printf("blind: ");
        screen_text(s, blind, strlen(blind));
        between = "; ";
    }
    if (skew != 0) {
        printf("%sclocks differ by %" PRId64 " ms", between, skew);
        between = "; ";
    }
    if (json_in_bool(c, "without_times", false)) {
        printf("%slines without times", between);
        between = "; ";
    }
    if (json_in_bool(c, "recorded", false)) {
        printf("%srecorded", between);
        between = "; ";
    }
    for (size_t i = 0; i < json_in_count(held); i++)
        printf("%s%s %" PRId64,
               i > 0                ? ", "
               : between[0] != '\0' ? "; held: "
                                    : "held: ",
               json_in_key(held, i), json_in_int(held, json_in_key(held, i), 0));
    printf("\n");
}

/* A text from outside in a column of its own. */
static void print_column(const struct screen *s, const char *text, int width)
{
    size_t len = text == NULL ? 1 : strlen(text);
    screen_text(s, text == NULL ? "-" : text, len);
    printf("%*s", (int)len < width ? width - (int)len + 1 : 1, "");
}

static void print_calls(const struct screen *s, const struct json_in *v)
{
    const struct json_in *calls = json_in_get(v, "calls");
    printf("%-24s %-16s %4s %6s %7s %-7s %5s %9s %6s  %s\n", "call", "agent", "age", "lines", "interim", "state",
           "shown", "withdrawn", "bytes", "remarks");
    for (size_t i = 0; i < json_in_count(calls); i++) {
        const struct json_in *c = json_in_at(calls, i);
        const char *state = json_in_text(c, "state");
        char age[32];
        age_text(age, json_in_int(c, "age_ms", 0));
        print_column(s, json_in_text(c, "call_id"), 24);
        print_column(s, json_in_text(c, "agent_id"), 16);
        printf("%4s %6" PRId64 " %7" PRId64 " %-7s %5" PRId64 " %9" PRId64 " %6" PRId64 "  ", age,
               json_in_int(c, "lines", 0), json_in_int(c, "interim", 0), state == NULL ? "-" : state,
               json_in_int(c, "shown", 0), json_in_int(c, "withdrawn", 0), json_in_int(c, "memory", 0));
        print_remarks(s, c);
    }
    int64_t more = json_in_int(v, "live", 0) - (int64_t)json_in_count(calls);
    if (more > 0)
        printf("and %" PRId64 " more\n", more);
}

/* ---- the connections ---- */

/* "320/1250" after the line's own clock, "+320/+1250" beyond the quickest line, "-" when no line had a time. */
static void lag_text(char out[48], const struct json_in *lag)
{
    const char *basis = json_in_text(lag, "basis");
    const char *format = basis != NULL && strcmp(basis, "ts") == 0 ? "%" PRId64 "/%" PRId64 : "+%" PRId64 "/+%" PRId64;
    if (basis == NULL)
        snprintf(out, 48, "-");
    else
        snprintf(out, 48, format, json_in_int(lag, "p50_ms", 0), json_in_int(lag, "max_ms", 0));
}

static void skew_text(char out[32], const struct json_in *lag)
{
    if (json_in_get(lag, "skew_ms") == NULL)
        snprintf(out, 32, "-");
    else
        snprintf(out, 32, "%" PRId64, json_in_int(lag, "skew_ms", 0));
}

/* "bad_json 12, too_long 1; ignored 4". */
static void print_faults(const struct json_in *c)
{
    const struct json_in *errors = json_in_get(c, "errors");
    const char *between = "";
    for (size_t i = 0; i < json_in_count(errors); i++) {
        printf("%s%s %" PRId64, between, json_in_key(errors, i), json_in_int(errors, json_in_key(errors, i), 0));
        between = ", ";
    }
    if (json_in_int(c, "ignored", 0) > 0)
        printf("%signored %" PRId64, between[0] == '\0' ? "" : "; ", json_in_int(c, "ignored", 0));
    printf("\n");
}

static void print_connection(const struct screen *s, const struct json_in *c)
{
    const struct json_in *lag = json_in_get(c, "lag");
    char age[32], lag_column[48], skew[32];
    age_text(age, json_in_int(c, "age_ms", 0));
    lag_text(lag_column, lag);
    skew_text(skew, lag);
    printf("%6" PRId64 " ", json_in_int(c, "connection", 0));
    print_column(s, json_in_text(c, "format"), 16);
    print_column(s, json_in_text(c, "call_id"), 24);
    printf("%4s %8" PRId64 " %8" PRId64 " %8" PRId64 " %8" PRId64 " %13s %6s  ", age, json_in_int(c, "lines", 0),
           json_in_int(c, "events", 0), json_in_int(c, "interim", 0), json_in_int(c, "final", 0), lag_column, skew);
    print_faults(c);
}

static void print_connections(const struct screen *s, const struct json_in *v)
{
    const struct json_in *connections = json_in_get(v, "connections");
    printf("%6s %-16s %-24s %4s %8s %8s %8s %8s %13s %6s  %s\n", "number", "format", "call", "age", "lines", "events",
           "interim", "final", "lag", "skew", "errors");
    for (size_t i = 0; i < json_in_count(connections); i++)
        print_connection(s, json_in_at(connections, i));
    if (json_in_int(v, "left_out", 0) > 0)
        printf("and %" PRId64 " more\n", json_in_int(v, "left_out", 0));
    if (json_in_count(connections) > 0)
        printf(
            "lag: of the last 100 finals, half came no later than / the latest, in ms after the ts of the line; with "
            "+\n"
            "beyond the quickest line, where lines carry no ts. skew: how much later the customer's quickest line came "
            "than\nthe agent's.\n");
}

/* ---- the reply ---- */

static void show(const struct json_in *v, const struct values *values)
{
    struct screen s = screen_of(stdout);
    if (values->calls) {
        print_calls(&s, v);
        return;
    }
    if (values->connections) {
        print_connections(&s, v);
        return;
    }
    for (size_t i = 0; i < json_in_count(v); i++)
        if (strcmp(json_in_key(v, i), "type") != 0)
            print_value(&s, json_in_key(v, i), json_in_get(v, json_in_key(v, i)), 0);
    print_notes(v);
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    const char *command = v->calls         ? "{\"command\":\"calls\"}\n"
                          : v->connections ? "{\"command\":\"connections\"}\n"
                                           : "{\"command\":\"status\"}\n";
    struct buf request, reply;
    struct json_in *status;
    if (nwords > 0)
        return cli_fail("status", "what is '%s'? This command takes no words", words[0]);
    if (v->calls && v->connections)
        return cli_fail("status", "--calls or --connections, one at a time");
    buf_init(&request, 0);
    buf_init(&reply, 0);
    int code = buf_adds(&request, command) == COACH_OK ? CLI_OK : cli_fail("status", "out of memory");
    if (code == CLI_OK)
        code = ask_daemon("status", v->runtime_dir, &request, &reply, &status);
    if (code == CLI_OK) {
        if (v->json)
            printf("%s\n", reply.data);
        else
            show(status, v);
        json_in_free(status);
    }
    buf_clear(&request);
    buf_clear(&reply);
    return code;
}

const struct command command_status = {
    .name = "status",
    .usage = "",
    .summary = "how is the daemon: rules, calls, lines, nudges",
    .about = "Asks a running coachd what it holds and has done. No text of any call is part of the answer. "
             "--connections shows\n"
             "for each writer what it sends, in which format, what is wrong with it, and how late it comes.\n\n"
             "exit codes: 0 it answered, 2 it did not",
    .examples = "  coach status\n"
                "  coach status --calls\n"
                "  coach status --connections\n"
                "  coach status --runtime-dir /tmp/coachd --json\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
