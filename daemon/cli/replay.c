/* coach replay: a recorded call, coached again. */
#include "daemon/cli/replay.h"

#include <stdio.h>
#include <time.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/print.h"
#include "daemon/cli/recordings.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/timing.h"
#include "lib/eval/replay.h"

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(replay_values),
    CLI_JSON_SPEC(replay_values, "nudges as wire lines and nothing else"),
    {.name = "held",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct replay_values, held),
     .help = "show findings that were held back too, with the reason; with --json what was taken back as well"},
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
    {.name = "lag",
     .kind = OPTION_REAL,
     .arg = "SECONDS",
     .fallback = "0",
     .max = 3600,
     .offset = offsetof(struct replay_values, lag),
     .help = "every line arrives that much later than recorded"},
    {.name = "timing",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct replay_values, timing),
     .help = "then print what interim results gained and how late cards were, over all files"},
    {.name = "summary",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct replay_values, summary),
     .help = "in place of the conversation the record of each call, and the figures of all together"},
    {.name = "socket",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct replay_values, socket),
     .help = "through a running coachd, not in this process"},
    CLI_RUNTIME_SPEC(replay_values),
};

/* --- in this process --- */

struct local {
    const struct replay_values *v;
    const struct screen *screen;
    struct replay_totals *totals;
    struct timing *timing; /* NULL: not asked for */
    int64_t began_ms;      /* of this process's clock, when speed matters */
    int rc;
};

static int64_t lag_ms(const struct replay_values *v)
{
    return (int64_t)(v->lag * 1000 + 0.5);
}

static void wait_until(const struct local *l, int64_t at_ms)
{
    int64_t left = l->began_ms + (int64_t)((double)at_ms / l->v->speed) - cli_now_ms();
    if (left <= 0)
        return;
    fflush(l->screen->to);
    struct timespec t = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void show_finding(const struct local *l, const struct finding *f)
{
    bool shown = f->held == ENGINE_SHOWN;
    l->totals->nudges += shown;
    l->totals->held += !shown;
    if (!shown && !l->v->held)
        return;
    if (l->v->json)
        print_finding_json(l->screen, f);
    else
        print_finding(l->screen, f);
}

static void show_withdrawal(const struct local *l, const struct withdrawal *w)
{
    l->totals->withdrawn++;
    if (l->v->json && l->v->held)
        print_withdrawal_json(l->screen, w);
    else if (!l->v->json && (w->shown || l->v->held))
        print_withdrawal(l->screen, w);
}

static void on_step(void *user, const struct call *call, const struct wire_event *e,
                    const struct engine_results *results)
{
    struct local *l = user;
    int64_t at = e == NULL ? COACH_NO_TIME : recording_arrival(e);
    (void)call;
    if (at != COACH_NO_TIME)
        at += lag_ms(l->v);
    if (l->v->speed > 0 && at != COACH_NO_TIME)
        wait_until(l, at);
    if (e != NULL && !l->v->json)
        print_event(l->screen, e);
    l->totals->lines += e != NULL && e->type == WIRE_TRANSCRIPT && e->is_final;
    for (size_t i = 0; i < results->count; i++)
        show_finding(l, &results->findings[i]);
    for (size_t i = 0; i < results->withdrawn_count; i++)
        show_withdrawal(l, &results->withdrawn[i]);
    if (results->sight_changed && !l->v->json)
        print_sight(l->screen, results->sight);
    if (l->timing != NULL && l->rc == COACH_OK)
        l->rc = timing_add(l->timing, e, at, results);
}

/* --- files --- */

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

static int play_here(const struct replay_values *v, const struct recording *recording, const struct ruleset *set,
                     const struct screen *screen, struct replay_totals *totals, struct timing *timing)
{
    struct local l = {.v = v, .screen = screen, .totals = totals, .timing = timing, .began_ms = cli_now_ms()};
    const struct replay_options options = {.agent_id = v->agent, .lag_ms = lag_ms(v)};
    int rc = replay_run(recording, set, &options, on_step, &l);
    if (rc == COACH_OK)
        rc = l.rc;
    if (rc == COACH_OK && timing != NULL)
        rc = timing_end(timing);
    return rc == COACH_OK ? CLI_OK : cli_fail("replay", "out of memory");
}

static int play(const struct replay_values *v, const struct recording *recording, const struct ruleset *set,
                const struct screen *screen, struct replay_totals *totals, struct timing *timing)
{
    totals->calls += count_calls(recording);
    return v->socket ? replay_through_socket(v, recording, screen, totals)
                     : play_here(v, recording, set, screen, totals, timing);
}

static int play_file(const struct replay_values *v, const char *name, const struct ruleset *set,
                     const struct screen *screen, struct replay_totals *totals, struct timing *timing)
{
    struct recording recording;
    uint64_t bad = 0;
    int code = recordings_read("replay", name, &recording, &bad);
    if (code == CLI_OK)
        code = play(v, &recording, set, screen, totals, timing);
    if (code == CLI_OK && bad > 0)
        code = cli_fail("replay", "%s: %llu lines could not be read", name, (unsigned long long)bad);
    recording_clear(&recording);
    return code;
}

static void print_totals(const struct screen *s, const struct replay_values *v, const struct replay_totals *t)
{
    fprintf(s->to, "\n%llu call%s, %llu lines, %llu nudge%s", (unsigned long long)t->calls, t->calls == 1 ? "" : "s",
            (unsigned long long)t->lines, (unsigned long long)t->nudges, t->nudges == 1 ? "" : "s");
    if (!v->socket)
        fprintf(s->to, ", %llu held back", (unsigned long long)t->held);
    if (t->withdrawn > 0)
        fprintf(s->to, ", %llu taken back", (unsigned long long)t->withdrawn);
    fputc('\n', s->to);
}

static int show_timing(const struct replay_values *v, const struct screen *s, struct timing *timing)
{
    struct timing_figures figures;
    struct buf line;
    buf_init(&line, 0);
    int rc = timing_figures(timing, &figures);
    if (rc == COACH_OK && v->json)
        rc = timing_write(&figures, &line);
    if (rc == COACH_OK && v->json)
        fputs(line.data, s->to);
    else if (rc == COACH_OK)
        print_timing(s, &figures);
    buf_clear(&line);
    return rc == COACH_OK ? CLI_OK : cli_fail("replay", "out of memory");
}

/* What goes together and what does not. */
static int check_values(const struct replay_values *v, size_t files)
{
    if (files == 0)
        return cli_fail("replay", "which recording? For example: coach replay call.ndjson");
    if (v->socket && v->held)
        return cli_fail("replay", "a daemon never sends what it held back: --held goes without --socket");
    if (v->socket && v->rules.count > 0)
        return cli_fail("replay", "a running daemon has its own rules: --rules goes without --socket");
    if (v->socket && (v->timing || v->lag > 0))
        return cli_fail("replay", "--timing and --lag are of the replay in this process: they go without --socket");
    if (v->summary && (v->socket || v->timing || v->held || v->speed > 0))
        return cli_fail("replay", "--summary shows records and no conversation: it goes without --socket, --timing, "
                                  "--held and --speed");
    return CLI_OK;
}

static int play_files(const struct replay_values *v, const char *const *names, size_t n, const struct ruleset *set,
                      struct timing *timing)
{
    struct screen screen = screen_of(stdout);
    struct replay_totals totals = {0};
    int code = CLI_OK;
    for (size_t i = 0; i < n && code == CLI_OK; i++)
        code = play_file(v, names[i], set, &screen, &totals, timing);
    if (code == CLI_OK && !v->json)
        print_totals(&screen, v, &totals);
    return code == CLI_OK && timing != NULL ? show_timing(v, &screen, timing) : code;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct replay_values *v = given;
    struct loaded rules;
    int code = check_values(v, nwords);
    if (code != CLI_OK)
        return code;
    if (v->socket)
        return play_files(v, words, nwords, NULL, NULL);
    struct timing *timing = v->timing ? timing_new() : NULL;
    code = loaded_read(&rules, "replay", &v->rules, v->languages);
    if (code == CLI_OK && v->timing && timing == NULL)
        code = cli_fail("replay", "out of memory");
    if (code == CLI_OK)
        code = v->summary ? replay_summaries(v, words, nwords, rules.set)
                          : play_files(v, words, nwords, rules.set, timing);
    loaded_clear(&rules);
    timing_free(timing);
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
        "With --timing and --json the last line is one JSON object of \"type\":\"timing\". Its members: findings "
        "(that\n"
        "count, each rule's own limits considered), shown, held (reason: how many), by_interim (findings decided by "
        "an\n"
        "interim result), lead_ms (of those that stood: from the decision to the arrival of the final), withdrawn\n"
        "(findings, cards, stood_ms: how long a card stood, rules: how many of each), late_ms (of cards of phrase "
        "rules:\n"
        "from the end of the words to the card) and its two parts recogniser_ms (until the words arrived) and own_ms,\n"
        "too_late (cards later than 5 s after the words), noticed_ms (of cards of conversational rules: from when it "
        "was\n"
        "noticed to the card). What ends in _ms has count, p50, p90 and p99.\n\n"
        "exit codes: 0 replayed, 2 a file or the rules could not be read, or the daemon was not there",
    .examples = "  coach replay tests/cases/broadband.ndjson\n"
                "  coach replay --json --held tests/cases/*.ndjson\n"
                "  coach replay --summary calls/*.ndjson\n"
                "  coach replay --rules my-rules.yaml --speed 4 call.ndjson\n"
                "  coach replay --timing --lag 1.5 tests/cases/*.ndjson\n"
                "  coach replay --socket --runtime-dir /tmp/coachd --speed 1 call.ndjson\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct replay_values),
    .run = run,
};
