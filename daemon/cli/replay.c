/* coach replay: a recorded call, coached again. */
#include "daemon/cli/replay.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/files.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/print.h"
#include "daemon/cli/ruleset.h"
#include "lib/eval/replay.h"

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(replay_values),
    CLI_JSON_SPEC(replay_values, "nudges as wire lines and nothing else"),
    {.name = "held",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct replay_values, held),
     .help = "show findings that were held back too, with the reason"},
    {.name = "agent",
     .letter = 'a',
     .kind = OPTION_TEXT,
     .arg = "ID",
     .fallback = "replay",
     .offset = offsetof(struct replay_values, agent),
     .help = "agent of calls that name none"},
    {.name = "speed",
     .kind = OPTION_REAL,
     .arg = "X",
     .fallback = "0",
     .max = 1000,
     .offset = offsetof(struct replay_values, speed),
     .help = "times the pace it was spoken; 0: at once"},
    {.name = "socket",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct replay_values, socket),
     .help = "through a running coachd, not in this process"},
    CLI_RUNTIME_SPEC(replay_values),
};

enum { MOST_BYTES = 1 << 30 };

/* --- in this process --- */

struct local {
    const struct replay_values *v;
    const struct screen *screen;
    struct replay_totals *totals;
    int64_t began_ms; /* of this process's clock, when speed matters */
};

static void wait_until(const struct local *l, int64_t at_ms)
{
    int64_t left = l->began_ms + (int64_t)((double)at_ms / l->v->speed) - cli_now_ms();
    if (left <= 0)
        return;
    fflush(l->screen->to);
    struct timespec t = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void on_step(void *user, const struct call *call, const struct wire_event *e,
                    const struct engine_results *results)
{
    struct local *l = user;
    const struct finding *findings = results->findings;
    int64_t at = e == NULL ? COACH_NO_TIME : recording_arrival(e);
    (void)call;
    if (l->v->speed > 0 && at != COACH_NO_TIME)
        wait_until(l, at);
    if (e != NULL && !l->v->json)
        print_event(l->screen, e);
    l->totals->lines += e != NULL && e->type == WIRE_TRANSCRIPT && e->is_final;
    for (size_t i = 0; i < results->count; i++) {
        bool shown = findings[i].held == ENGINE_SHOWN;
        l->totals->nudges += shown;
        l->totals->held += !shown;
        if (!shown && !l->v->held)
            continue;
        if (l->v->json)
            print_finding_json(l->screen, &findings[i]);
        else
            print_finding(l->screen, &findings[i]);
    }
}

/* --- files --- */

struct bad_lines {
    const char *file;
    uint64_t count;
};

static void on_bad_line(void *user, uint64_t line, const char *code, const char *message)
{
    struct bad_lines *bad = user;
    if (bad->count++ < 20)
        fprintf(stderr, "coach replay: %s:%llu: %s: %s\n", bad->file, (unsigned long long)line, code, message);
}

static int read_stdin(struct buf *out)
{
    for (;;) {
        if (buf_reserve(out, 64 * 1024) != COACH_OK)
            return COACH_ENOMEM;
        ssize_t n = read(STDIN_FILENO, out->data + out->len, 64 * 1024);
        if (n <= 0)
            return COACH_OK;
        out->len += (size_t)n;
    }
}

static int read_file(const char *name, struct buf *out, coach_error *err)
{
    return strcmp(name, "-") == 0 ? read_stdin(out) : file_read(name, MOST_BYTES, out, err);
}

static uint64_t count_calls(const struct recording *r)
{
    struct table seen;
    table_init(&seen, NULL);
    for (size_t i = 0; i < r->count; i++)
        table_set(&seen, r->events[i].call_id.s, r->events[i].call_id.len, r->events);
    uint64_t n = table_count(&seen);
    table_clear(&seen);
    return n;
}

static int play(const struct replay_values *v, const struct recording *recording, const struct ruleset *set,
                const struct screen *screen, struct replay_totals *totals)
{
    totals->calls += count_calls(recording);
    if (v->socket)
        return replay_through_socket(v, recording, screen, totals);
    struct local l = {.v = v, .screen = screen, .totals = totals, .began_ms = cli_now_ms()};
    const struct replay_options options = {.agent_id = v->agent};
    if (replay_run(recording, set, &options, on_step, &l) != COACH_OK)
        return cli_fail("replay", "out of memory");
    return CLI_OK;
}

static int play_file(const struct replay_values *v, const char *name, const struct ruleset *set,
                     const struct screen *screen, struct replay_totals *totals)
{
    struct buf text;
    struct recording recording;
    struct bad_lines bad = {.file = name};
    coach_error err = {0};
    buf_init(&text, 0);
    if (read_file(name, &text, &err) != COACH_OK) {
        buf_clear(&text);
        return cli_fail("replay", "%s", err.code == COACH_OK ? "out of memory" : err.text);
    }
    int rc = recording_read(&recording, text.len == 0 ? "" : text.data, text.len, on_bad_line, &bad);
    buf_clear(&text);
    int code = rc == COACH_OK ? CLI_OK : cli_fail("replay", "out of memory");
    if (code == CLI_OK && recording.count == 0)
        code = cli_fail("replay", "%s holds no event", name);
    if (code == CLI_OK)
        code = play(v, &recording, set, screen, totals);
    if (code == CLI_OK && bad.count > 0)
        code = cli_fail("replay", "%s: %llu lines could not be read", name, (unsigned long long)bad.count);
    recording_clear(&recording);
    return code;
}

static void print_totals(const struct screen *s, const struct replay_values *v, const struct replay_totals *t)
{
    fprintf(s->to, "\n%llu call%s, %llu lines, %llu nudge%s", (unsigned long long)t->calls, t->calls == 1 ? "" : "s",
            (unsigned long long)t->lines, (unsigned long long)t->nudges, t->nudges == 1 ? "" : "s");
    if (!v->socket)
        fprintf(s->to, ", %llu held back", (unsigned long long)t->held);
    fputc('\n', s->to);
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct replay_values *v = given;
    struct screen screen = screen_of(stdout);
    struct replay_totals totals = {0};
    struct loaded rules;
    if (nwords == 0)
        return cli_fail("replay", "which recording? For example: coach replay call.ndjson");
    if (v->socket && v->held)
        return cli_fail("replay", "a daemon never sends what it held back: --held goes without --socket");
    if (v->socket && v->rules.count > 0)
        return cli_fail("replay", "a running daemon has its own rules: --rules goes without --socket");
    int code = CLI_OK;
    if (!v->socket)
        code = loaded_read(&rules, "replay", &v->rules, v->languages);
    for (size_t i = 0; i < nwords && code == CLI_OK; i++) {
        int one = play_file(v, words[i], v->socket ? NULL : rules.set, &screen, &totals);
        code = one != CLI_OK ? one : code;
    }
    if (!v->socket)
        loaded_clear(&rules);
    if (code == CLI_OK && !v->json)
        print_totals(&screen, v, &totals);
    return code;
}

const struct command command_replay = {
    .name = "replay",
    .usage = "FILE ...",
    .summary = "a recorded call, coached again",
    .about =
        "Runs recorded canonical events (one JSON object a line; '-' is standard input) through the engine, and shows "
        "the\n"
        "conversation with each nudge where an agent would have seen it. The same recording gives the same output on "
        "every\n"
        "run. With --socket the recording is played into a running coachd, and the nudges are what its desktops get.\n"
        "Lines without times are taken as spoken one after the other at 150 words a minute.\n\n"
        "exit codes: 0 replayed, 2 a file or the rules could not be read, or the daemon was not there",
    .examples = "  coach replay tests/cases/broadband.ndjson\n"
                "  coach replay --json --held tests/cases/*.ndjson\n"
                "  coach replay --rules my-rules.yaml --speed 4 call.ndjson\n"
                "  coach replay --socket --runtime-dir /tmp/coachd --speed 1 call.ndjson\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct replay_values),
    .run = run,
};
