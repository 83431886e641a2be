/* coach watch: an agent's nudges in a terminal. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/screen.h"

struct values {
    const char *runtime_dir;
    const char *agent;
    int64_t count, duration_ms;
    bool json;
};

static const struct option_spec specs[] = {
    CLI_RUNTIME_SPEC(values),
    {.name = "agent",
     .letter = 'a',
     .kind = OPTION_TEXT,
     .arg = "ID",
     .offset = offsetof(struct values, agent),
     .help = "whose nudges"},
    {.name = "count",
     .letter = 'n',
     .kind = OPTION_INT,
     .arg = "N",
     .max = 1000000,
     .offset = offsetof(struct values, count),
     .help = "end after N nudges"},
    {.name = "for",
     .kind = OPTION_DURATION,
     .arg = "TIME",
     .max = 86400000,
     .offset = offsetof(struct values, duration_ms),
     .help = "end after this time"},
    CLI_JSON_SPEC(values, "the lines of the wire, as they are"),
};

enum { BACKOFF_MS = 250, LONGEST_BACKOFF_MS = 8000, KEPT = 16 };

/* A nudge that was shown, to say later which one was taken back. */
struct kept {
    char id[64];
    char title[128];
};

struct watch {
    const struct values *v;
    struct screen screen;
    struct client client;
    int64_t seen;
    char last[64]; /* id of the last nudge, to resume after it */
    struct kept kept[KEPT];
    int64_t backoff_ms; /* before the next try; a welcome makes it short again */
    bool told;          /* that the daemon is away */
    bool refused;
};

static void on_nudge(struct watch *w, const struct json_in *v)
{
    struct card card;
    const char *id = json_in_text(v, "nudge_id");
    if (id != NULL)
        snprintf(w->last, sizeof w->last, "%s", id);
    struct kept *kept = &w->kept[w->seen++ % KEPT];
    if (w->v->json || !card_read(v, &card))
        return;
    snprintf(kept->id, sizeof kept->id, "%s", id == NULL ? "" : id);
    snprintf(kept->title, sizeof kept->title, "%s", card.title);
    if (w->screen.terminal)
        screen_card(&w->screen, &card);
    else
        screen_card_line(&w->screen, &card);
}

/* "taken back: Acknowledge first (what was said turned out to be different)"; one that was never shown is passed over.
 */
static void on_withdrawn(struct watch *w, const struct json_in *v)
{
    const char *id = json_in_text(v, "nudge_id"), *reason = json_in_text(v, "reason");
    bool said = reason != NULL && strcmp(reason, "said_already") == 0;
    for (size_t i = 0; id != NULL && i < KEPT; i++) {
        const char *title = w->kept[i].title;
        if (strcmp(w->kept[i].id, id) != 0)
            continue;
        printf("%staken back: ", w->screen.terminal ? "        " : "");
        screen_text(&w->screen, title, strlen(title));
        printf(" (%s)\n", said ? "it was said already" : "what was said turned out to be different");
        return;
    }
}

/* `why` is NULL when the coach is back. */
static void on_sight(struct watch *w, const struct json_in *v, const char *why)
{
    const char *call = json_in_text(v, "call_id");
    printf("%s", why == NULL ? "the coach is back on call " : "the coach is blind on call ");
    if (call != NULL)
        screen_text(&w->screen, call, strlen(call));
    if (why != NULL) {
        printf(": ");
        screen_text(&w->screen, why, strlen(why));
    }
    printf("\n");
}

static void on_line(void *user, const char *line, size_t len)
{
    struct watch *w = user;
    struct json_in *v;
    if (json_in_read(line, len, &v, NULL) != COACH_OK)
        return;
    const char *type = json_in_text(v, "type"), *message = json_in_text(v, "message");
    if (w->v->json) {
        fwrite(line, 1, len, stdout);
        fputc('\n', stdout);
    }
    if (type != NULL && strcmp(type, "nudge") == 0) {
        on_nudge(w, v);
    } else if (type != NULL && strcmp(type, "error") == 0) {
        cli_fail("watch", "%s", message == NULL ? "refused" : message);
        w->refused = true;
    } else if (type != NULL && strcmp(type, "welcome") == 0) {
        w->backoff_ms = BACKOFF_MS;
        w->told = false;
        if (!w->v->json && w->screen.terminal)
            printf("watching for %s; Ctrl-C ends it\n", w->v->agent);
    }
    if (type != NULL && !w->v->json) {
        const char *reason = json_in_text(v, "reason");
        if (strcmp(type, "withdrawn") == 0)
            on_withdrawn(w, v);
        else if (strcmp(type, "coach_blind") == 0 && reason != NULL)
            on_sight(w, v, reason);
        else if (strcmp(type, "coach_back") == 0)
            on_sight(w, v, NULL);
    }
    json_in_free(v);
    fflush(stdout);
}

static int say_hello(struct watch *w)
{
    struct buf line;
    struct json_out j;
    buf_init(&line, 0);
    json_out_begin(&j, &line);
    json_open_object(&j, NULL);
    json_text(&j, "type", "hello");
    json_text(&j, "agent_id", w->v->agent);
    json_text(&j, "resume", w->last[0] == '\0' ? NULL : w->last);
    json_close_object(&j);
    int rc = json_out_end(&j, true);
    if (rc == COACH_OK)
        rc = client_send(&w->client, line.data, line.len);
    buf_clear(&line);
    return rc;
}

static bool is_done(const struct watch *w, int64_t until)
{
    return w->refused || (w->v->count > 0 && w->seen >= w->v->count) || (until > 0 && cli_now_ms() >= until);
}

/* How long to wait for the next thing, with `pause_ms` as the longest. */
static int patience(int64_t until, int64_t pause_ms)
{
    int64_t left = until > 0 ? until - cli_now_ms() : pause_ms;
    return (int)(left < 0 ? 0 : left < pause_ms ? left : pause_ms);
}

static void watch_on(struct watch *w)
{
    struct client *const all[] = {&w->client};
    int64_t until = w->v->duration_ms > 0 ? cli_now_ms() + w->v->duration_ms : 0;
    bool first = true;
    while (!is_done(w, until)) {
        coach_error err = {0};
        if (w->client.fd >= 0) {
            client_pump(all, 1, NULL, 0, patience(until, 1000));
            continue;
        }
        if (!first) {
            client_pump(all, 0, NULL, 0, patience(until, w->backoff_ms));
            w->backoff_ms = w->backoff_ms * 2 > LONGEST_BACKOFF_MS ? LONGEST_BACKOFF_MS : w->backoff_ms * 2;
        }
        first = false;
        if (client_open(&w->client, w->v->runtime_dir, "agent.sock", &err) == COACH_OK && say_hello(w) == COACH_OK)
            continue;
        if (!w->told)
            cli_fail("watch", "%s; trying again", err.text);
        w->told = true;
    }
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    if (nwords > 0)
        return cli_fail("watch", "what is '%s'? Whose nudges it shows is said with --agent", words[0]);
    if (v->agent == NULL)
        return cli_fail("watch", "whose nudges? Say --agent ID");
    struct watch w = {.v = v, .screen = screen_of(stdout), .backoff_ms = BACKOFF_MS};
    client_init(&w.client, on_line, &w);
    watch_on(&w);
    client_close(&w.client);
    if (w.refused)
        return CLI_UNUSABLE;
    return v->count > 0 && w.seen < v->count ? CLI_FOUND : CLI_OK;
}

const struct command command_watch = {
    .name = "watch",
    .usage = "--agent ID",
    .summary = "show an agent's nudges as they come",
    .about = "Subscribes to a running coachd as one agent: cards on a terminal, a line for each nudge into a pipe, the "
             "wire's\n"
             "own lines with --json. When the daemon goes away it waits and comes back to where it was.\n\n"
             "exit codes: 0 it ended as asked, 1 the time was up before --count was reached, 2 the daemon refused",
    .examples = "  coach watch --agent sam\n"
                "  coach watch --agent sam --json --count 1 --for 30s\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
