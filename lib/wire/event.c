#include "lib/wire/event.h"

#include <stdio.h>
#include <string.h>

#include "lib/wire/json.h"

struct wire_event wire_event_blank(enum wire_type type)
{
    return (struct wire_event){.type = type,
                               .start_ms = COACH_NO_TIME,
                               .end_ms = COACH_NO_TIME,
                               .recv_ms = COACH_NO_TIME,
                               .seq = -1,
                               .stable_len = -1,
                               .confidence = -1,
                               .stability = -1};
}

const char *wire_role_name(coach_role role)
{
    static const char *const names[] = {"unknown", "agent", "customer", "system"};
    return names[role];
}

static const char *const state_names[] = {"talking", "hold", "lookup"};

const char *wire_state_name(enum wire_state state)
{
    return state_names[state];
}

bool wire_state_read(const char *name, enum wire_state *ret)
{
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++)
        if (strcmp(state_names[i], name) == 0) {
            *ret = (enum wire_state)i;
            return true;
        }
    return false;
}

static void put_text(struct json_out *j, const char *key, const struct wire_text *t)
{
    json_textn(j, key, t->s, t->len);
}

static void put_time(struct json_out *j, const char *key, int64_t ms)
{
    if (ms != COACH_NO_TIME)
        json_int(j, key, ms);
}

/* 0..1, or nothing when absent; as exact as what is decided by it: 0.7996 must not come back as 0.8. */
static void put_share(struct json_out *j, const char *key, double value)
{
    char digits[32];
    uint64_t billionths = value < 0 ? 0 : (uint64_t)(value * 1e9 + 0.5);
    if (value < 0)
        return;
    if (billionths % 1000000 == 0) {
        json_decimal(j, key, value);
        return;
    }
    int n = snprintf(digits, sizeof digits, "%llu.%09llu", (unsigned long long)(billionths / 1000000000),
                     (unsigned long long)(billionths % 1000000000));
    json_raw(j, key, digits, (size_t)n);
}

static void put_transcript(struct json_out *j, const struct wire_event *e)
{
    json_text(j, "role", wire_role_name(e->role));
    put_text(j, "channel", &e->channel);
    put_text(j, "segment_id", &e->segment_id);
    json_bool(j, "is_final", e->is_final);
    if (e->append)
        json_bool(j, "append", true);
    put_text(j, "text", &e->text);
    put_time(j, "start_ms", e->start_ms);
    put_time(j, "end_ms", e->end_ms);
    put_share(j, "confidence", e->confidence);
    put_share(j, "stability", e->stability);
    if (e->stable_len >= 0)
        json_int(j, "stable_len", e->stable_len);
    if (e->end_of_turn)
        json_bool(j, "end_of_turn", true);
    put_text(j, "speaker", &e->speaker);
}

int wire_event_write(const struct wire_event *e, struct buf *out)
{
    static const char *const types[] = {"hello", "call_start", "transcript", "state", "mute", "call_end"};
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", types[e->type]);
    put_text(&j, "call_id", &e->call_id);
    put_text(&j, "agent_id", &e->agent_id);
    put_text(&j, "queue", &e->queue);
    put_text(&j, "language", &e->language);
    if (e->type == WIRE_HELLO && e->ack)
        json_bool(&j, "ack", true);
    if (e->type == WIRE_TRANSCRIPT)
        put_transcript(&j, e);
    if (e->type == WIRE_STATE)
        json_text(&j, "state", wire_state_name(e->state));
    if (e->type == WIRE_MUTE)
        put_text(&j, "rule", &e->rule);
    put_text(&j, "ts", &e->ts);
    put_time(&j, "recv_ms", e->recv_ms);
    put_text(&j, "reason", &e->reason);
    if (e->seq >= 0)
        json_int(&j, "seq", e->seq);
    json_close_object(&j);
    return json_out_end(&j, true);
}
