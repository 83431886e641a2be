#include "lib/wire/canonical.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/wire/problem.h"
#include "lib/wire/roles.h"

static struct wire_text text_of(const json_t *v)
{
    return (struct wire_text){json_string_value(v), json_string_length(v)};
}

static int read_text(struct canonical *m, const char *name, const json_t *v, struct wire_text *ret)
{
    if (!json_is_string(v))
        return problem_tell(m->handler, WIRE_BAD_FIELD, "%s: expected a string", name);
    *ret = text_of(v);
    return COACH_OK;
}

static int read_id(struct canonical *m, const char *name, const json_t *v, struct wire_text *ret)
{
    int rc = read_text(m, name, v, ret);
    return rc == COACH_OK ? problem_check_id(m->handler, name, ret) : rc;
}

/* A string, or a whole number written out into `digits`. */
static int read_label(struct canonical *m, const char *name, const json_t *v, char digits[24], struct wire_text *ret)
{
    if (json_is_integer(v)) {
        int n = snprintf(digits, 24, "%lld", (long long)json_integer_value(v));
        *ret = (struct wire_text){digits, (size_t)n};
        return COACH_OK;
    }
    if (!json_is_string(v))
        return problem_tell(m->handler, WIRE_BAD_FIELD, "%s: expected a string or a whole number", name);
    return read_id(m, name, v, ret);
}

static int read_bool(struct canonical *m, const char *name, const json_t *v, bool *ret)
{
    if (!json_is_boolean(v))
        return problem_tell(m->handler, WIRE_BAD_FIELD, "%s: expected true or false", name);
    *ret = json_boolean_value(v);
    return COACH_OK;
}

/* Milliseconds and counters; a fraction is dropped, a number out of range refused. */
static int read_number(struct canonical *m, const char *name, const json_t *v, int64_t min, int64_t max, int64_t *ret)
{
    if (json_is_real(v) && json_real_value(v) >= (double)min && json_real_value(v) <= (double)max) {
        *ret = (int64_t)json_real_value(v);
        return COACH_OK;
    }
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return problem_tell(m->handler, WIRE_BAD_FIELD, "%s: expected a number from %lld to %lld", name, (long long)min,
                            (long long)max);
    *ret = json_integer_value(v);
    return COACH_OK;
}

/* 0..1; a value out of range is dropped, not clamped: some recognisers send 297.0. */
static int read_share(struct canonical *m, const char *name, const json_t *v, double *ret)
{
    if (!json_is_number(v))
        return problem_tell(m->handler, WIRE_BAD_FIELD, "%s: expected a number", name);
    double value = json_number_value(v);
    if (value >= 0 && value <= 1)
        *ret = value;
    return COACH_OK;
}

bool canonical_has(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    return v != NULL && !json_is_null(v);
}

int canonical_role(const struct wire_handler *handler, const char *name, const json_t *v, coach_role *ret)
{
    if (json_is_string(v) && role_named(json_string_value(v), json_string_length(v), ret))
        return COACH_OK;
    return problem_tell(handler, WIRE_BAD_FIELD, "%s: expected agent, customer, system or unknown", name);
}

static int read_state(struct canonical *m, const char *name, const json_t *v, enum wire_state *ret)
{
    if (json_is_string(v) && wire_state_read(json_string_value(v), ret))
        return COACH_OK;
    return problem_tell(m->handler, WIRE_BAD_FIELD, "%s: expected talking, hold or lookup", name);
}

/* --- the fields --- */

enum field {
    F_CALL_ID,
    F_AGENT_ID,
    F_QUEUE,
    F_LANGUAGE,
    F_TEXT,
    F_SEGMENT_ID,
    F_CHANNEL,
    F_SPEAKER,
    F_TS,
    F_REASON,
    F_RULE,
    F_STATE,
    F_ROLE,
    F_IS_FINAL,
    F_APPEND,
    F_END_OF_TURN,
    F_ACK,
    F_START_MS,
    F_END_MS,
    F_RECV_MS,
    F_SEQ,
    F_STABLE_LEN,
    F_CONFIDENCE,
    F_STABILITY,
    F_HANDLED /* read elsewhere */
};

static const struct {
    const char *name;
    enum field field;
} fields[] = {
    {"type", F_HANDLED},
    {"call_id", F_CALL_ID},
    {"contact_id", F_CALL_ID},
    {"conversation_id", F_CALL_ID},
    {"call_sid", F_CALL_ID},
    {"CallSid", F_CALL_ID},
    {"agent_id", F_AGENT_ID},
    {"queue", F_QUEUE},
    {"language", F_LANGUAGE},
    {"text", F_TEXT},
    {"segment_id", F_SEGMENT_ID},
    {"channel", F_CHANNEL},
    {"speaker", F_SPEAKER},
    {"ts", F_TS},
    {"reason", F_REASON},
    {"rule", F_RULE},
    {"state", F_STATE},
    {"role", F_ROLE},
    {"is_final", F_IS_FINAL},
    {"append", F_APPEND},
    {"end_of_turn", F_END_OF_TURN},
    {"ack", F_ACK},
    {"start_ms", F_START_MS},
    {"end_ms", F_END_MS},
    {"recv_ms", F_RECV_MS},
    {"seq", F_SEQ},
    {"stable_len", F_STABLE_LEN},
    {"confidence", F_CONFIDENCE},
    {"stability", F_STABILITY},
    {"format", F_HANDLED},
    {"channels", F_HANDLED},
};

static int read_field(struct canonical *m, const char *name, const json_t *v, enum field field)
{
    struct wire_event *e = &m->event;
    const int64_t day = 24 * 3600 * (int64_t)1000; /* source clocks are believed within a day of the call's start */
    switch (field) {
    case F_CALL_ID:
        return read_id(m, name, v, &e->call_id);
    case F_AGENT_ID:
        return read_id(m, name, v, &e->agent_id);
    case F_QUEUE:
        return read_id(m, name, v, &e->queue);
    case F_LANGUAGE:
        return read_id(m, name, v, &e->language);
    case F_TEXT:
        return read_text(m, name, v, &e->text);
    case F_SEGMENT_ID:
        return read_label(m, name, v, m->segment, &e->segment_id);
    case F_CHANNEL:
        return read_label(m, name, v, m->channel, &e->channel);
    case F_SPEAKER:
        return read_text(m, name, v, &e->speaker);
    case F_TS:
        return read_text(m, name, v, &e->ts);
    case F_REASON:
        return read_text(m, name, v, &e->reason);
    case F_RULE:
        return e->type == WIRE_MUTE ? read_id(m, name, v, &e->rule) : COACH_OK;
    case F_STATE:
        return e->type == WIRE_STATE ? read_state(m, name, v, &e->state) : COACH_OK;
    case F_ROLE:
        return canonical_role(m->handler, name, v, &e->role);
    case F_IS_FINAL:
        return read_bool(m, name, v, &e->is_final);
    case F_APPEND:
        return read_bool(m, name, v, &e->append);
    case F_END_OF_TURN:
        return read_bool(m, name, v, &e->end_of_turn);
    case F_ACK:
        return read_bool(m, name, v, &e->ack);
    case F_START_MS:
        return read_number(m, name, v, -day, day, &e->start_ms);
    case F_END_MS:
        return read_number(m, name, v, -day, day, &e->end_ms);
    case F_RECV_MS:
        return read_number(m, name, v, 0, 8 * day, &e->recv_ms); /* no call is let live longer than seven */
    case F_SEQ:
        return read_number(m, name, v, 0, INT64_MAX / 2, &e->seq);
    case F_STABLE_LEN:
        return read_number(m, name, v, 0, WIRE_MAX_LINE, &e->stable_len);
    case F_CONFIDENCE:
        return read_share(m, name, v, &e->confidence);
    case F_STABILITY:
        return read_share(m, name, v, &e->stability);
    case F_HANDLED:
        break;
    }
    return COACH_OK;
}

static int read_fields(struct canonical *m)
{
    const char *name;
    json_t *v;
    json_object_foreach(m->object, name, v)
    {
        size_t i = 0, n = sizeof fields / sizeof *fields;
        while (i < n && strcmp(fields[i].name, name) != 0)
            i++;
        if (i == n) {
            m->unknown_fields++;
            continue;
        }
        int rc = json_is_null(v) ? COACH_OK : read_field(m, fields[i].name, v, fields[i].field);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

bool canonical_type(const json_t *object, enum wire_type *ret)
{
    static const struct {
        const char *name;
        enum wire_type type;
    } types[] = {{"transcript", WIRE_TRANSCRIPT}, {"hello", WIRE_HELLO}, {"call_start", WIRE_CALL_START},
                 {"state", WIRE_STATE},           {"mute", WIRE_MUTE},   {"call_end", WIRE_CALL_END}};
    const json_t *v = json_object_get(object, "type");
    *ret = WIRE_TRANSCRIPT;
    if (v == NULL || json_is_null(v))
        return true;
    for (size_t i = 0; i < sizeof types / sizeof *types && json_is_string(v); i++)
        if (strcmp(types[i].name, json_string_value(v)) == 0) {
            *ret = types[i].type;
            return true;
        }
    return false;
}

int canonical_read(struct canonical *m, const struct wire_handler *handler, json_t *object)
{
    *m = (struct canonical){.handler = handler, .object = object, .event = wire_event_blank(WIRE_TRANSCRIPT)};
    m->event.is_final = true;
    if (canonical_type(object, &m->event.type))
        return read_fields(m);
    if (!json_is_string(json_object_get(object, "type")))
        return problem_tell(handler, WIRE_BAD_FIELD, "type: expected a string");
    return problem_tell(handler, WIRE_UNKNOWN_TYPE,
                        "type: expected hello, call_start, transcript, state, mute or call_end");
}
