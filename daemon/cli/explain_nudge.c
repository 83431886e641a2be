/* coach explain --nudge: what a daemon knows of a nudge that it sent. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/explain.h"
#include "daemon/cli/screen.h"
#include "lib/base/error.h"
#include "lib/wire/json.h"

static int write_request(const char *nudge, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "command", "explain");
    json_text(&j, "nudge_id", nudge);
    json_close_object(&j);
    return json_out_end(&j, true);
}

static void put(const struct screen *s, const char *name, const char *text)
{
    if (text == NULL)
        return;
    printf("  %-12s", name);
    screen_text(s, text, strlen(text));
    printf("\n");
}

static void put_time(const struct json_in *v, const char *name, const char *key)
{
    int64_t ms = json_in_int(v, key, -1);
    if (json_in_get(v, key) != NULL)
        printf("  %-12s%.1f s\n", name, (double)ms / 1000);
}

static void put_moments(const struct screen *s, const struct json_in *moments)
{
    for (size_t i = 0; i < json_in_count(moments); i++) {
        const struct json_in *m = json_in_at(moments, i);
        const char *name = json_in_text(m, "moment"), *signal = json_in_text(m, "signal");
        printf("  %10.1f s  ", (double)json_in_int(m, "at_ms", 0) / 1000);
        screen_text(s, name == NULL ? "" : name, name == NULL ? 0 : strlen(name));
        if (signal != NULL) {
            printf(" ");
            screen_text(s, signal, strlen(signal));
        }
        if (json_in_get(m, "value") != NULL)
            printf(": %lld", (long long)json_in_int(m, "value", 0));
        printf("\n");
    }
}

static void show(const struct json_in *v)
{
    struct screen s = screen_of(stdout);
    const char *rule = json_in_text(v, "rule"), *held = json_in_text(v, "held");
    const char *withdrawn = json_in_text(v, "withdrawn");
    char heading[200], said[80];
    snprintf(heading, sizeof heading, "%.80s (rev %lld): %s%s%s", rule == NULL ? "" : rule,
             (long long)json_in_int(v, "rev", 0), held == NULL ? "shown" : "held back: ", held == NULL ? "" : held,
             json_in_bool(v, "interim", false) ? ", decided by an interim result" : "");
    screen_heading(&s, heading);
    put(&s, "taken back", withdrawn);
    snprintf(said, sizeof said, "phrase %lld", (long long)json_in_int(v, "phrase", 0));
    put(&s, "because of", json_in_get(v, "phrase") != NULL ? said : json_in_text(v, "condition"));
    put(&s, "call", json_in_text(v, "call_id"));
    put(&s, "segment", json_in_text(v, "segment_id"));
    put_time(v, "about", "at_ms");
    put_time(v, "words ended", "end_ms");
    put_time(v, "decided", "decided_ms");
    put_time(v, held == NULL ? "shown" : "held", "out_ms");
    put(&s, "rules", json_in_text(v, "rules_hash"));
    put_moments(&s, json_in_get(v, "moments"));
}

int explain_nudge(const struct explain_values *v)
{
    struct buf request, reply;
    struct json_in *answer;
    buf_init(&request, 0);
    buf_init(&reply, 0);
    int code = write_request(v->nudge, &request) == COACH_OK ? CLI_OK : cli_fail("explain", "out of memory");
    if (code == CLI_OK)
        code = ask_daemon("explain", v->runtime_dir, &request, &reply, &answer);
    if (code == CLI_OK) {
        if (v->json)
            printf("%s\n", reply.data);
        else
            show(answer);
        json_in_free(answer);
    }
    buf_clear(&request);
    buf_clear(&reply);
    return code;
}
