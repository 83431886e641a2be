#include "lib/wire/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/base/utf8.h"
#include "lib/wire/depth.h"
#include "lib/wire/parse.h"

enum { MAX_CHANNELS = 64 };

struct wire_reader {
    char call_id[WIRE_MAX_ID + 1]; /* "" until a hello bound it */
    char agent_id[WIRE_MAX_ID + 1];
    char language[WIRE_MAX_ID + 1];
    struct table channels; /* channel -> (void *)(uintptr_t)coach_role */
    bool acks;
    int64_t seq;
    uint64_t unknown_fields;
};

const char *wire_code_name(enum wire_code code)
{
    static const char *const names[WIRE_CODES] = {"bad_json",         "bad_utf8",   "too_long",     "too_deep",
                                                  "missing_field",    "bad_field",  "unknown_type", "unknown_format",
                                                  "unmapped_channel", "limit_calls"};
    return names[code];
}

struct wire_reader *wire_reader_new(struct formats *formats, const char *prefix)
{
    struct wire_reader *r = calloc(1, sizeof *r);
    (void)formats;
    (void)prefix;
    if (r == NULL)
        return NULL;
    r->seq = -1;
    table_init(&r->channels, NULL); /* at most MAX_CHANNELS keys: nothing to flood */
    return r;
}

void wire_reader_free(struct wire_reader *r)
{
    if (r == NULL)
        return;
    table_clear(&r->channels);
    free(r);
}

const char *wire_reader_call(const struct wire_reader *r)
{
    return r->call_id[0] == '\0' ? NULL : r->call_id;
}

bool wire_reader_acks(const struct wire_reader *r)
{
    return r->acks;
}

int64_t wire_reader_seq(const struct wire_reader *r)
{
    return r->seq;
}

uint64_t wire_reader_unknown_fields(const struct wire_reader *r)
{
    return r->unknown_fields;
}

/* --- one message --- */

/* BAD: a problem was reported and the message is dropped. */
enum { BAD = 1 };

struct message {
    struct wire_reader *reader;
    const struct wire_handler *handler;
    json_t *object;
    struct wire_event event;
    char channel[24]; /* a channel given as a number */
    char segment[24];
};

static int complain(const struct wire_handler *handler, enum wire_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int complain(const struct wire_handler *handler, enum wire_code code, const char *fmt, ...)
{
    struct wire_problem p = {.code = code};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p.message, sizeof p.message, fmt, ap);
    va_end(ap);
    handler->problem(handler->user, &p);
    return BAD;
}

static struct wire_text text_of(const json_t *v)
{
    return (struct wire_text){json_string_value(v), json_string_length(v)};
}

static int read_text(struct message *m, const char *name, const json_t *v, struct wire_text *ret)
{
    if (!json_is_string(v))
        return complain(m->handler, WIRE_BAD_FIELD, "%s: expected a string", name);
    *ret = text_of(v);
    return COACH_OK;
}

/* Ids: 1 to 128 bytes without control characters; they become keys, log fields and file names. */
static int check_id(struct message *m, const char *name, const struct wire_text *id)
{
    if (id->len == 0 || id->len > WIRE_MAX_ID)
        return complain(m->handler, WIRE_BAD_FIELD, "%s: expected 1 to %d bytes, found %zu", name, WIRE_MAX_ID,
                        id->len);
    for (size_t i = 0; i < id->len; i++) {
        unsigned char c = (unsigned char)id->s[i], next = i + 1 < id->len ? (unsigned char)id->s[i + 1] : 0;
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0))
            return complain(m->handler, WIRE_BAD_FIELD, "%s: a control character at byte %zu", name, i + 1);
    }
    return COACH_OK;
}

static int read_id(struct message *m, const char *name, const json_t *v, struct wire_text *ret)
{
    int rc = read_text(m, name, v, ret);
    return rc == COACH_OK ? check_id(m, name, ret) : rc;
}

/* A string, or a whole number written out into `digits`. */
static int read_label(struct message *m, const char *name, const json_t *v, char digits[24], struct wire_text *ret)
{
    if (json_is_integer(v)) {
        int n = snprintf(digits, 24, "%lld", (long long)json_integer_value(v));
        *ret = (struct wire_text){digits, (size_t)n};
        return COACH_OK;
    }
    if (!json_is_string(v))
        return complain(m->handler, WIRE_BAD_FIELD, "%s: expected a string or a whole number", name);
    return read_id(m, name, v, ret);
}

static int read_bool(struct message *m, const char *name, const json_t *v, bool *ret)
{
    if (!json_is_boolean(v))
        return complain(m->handler, WIRE_BAD_FIELD, "%s: expected true or false", name);
    *ret = json_boolean_value(v);
    return COACH_OK;
}

/* Milliseconds and counters; a fraction is dropped, a number out of range refused. */
static int read_number(struct message *m, const char *name, const json_t *v, int64_t min, int64_t max, int64_t *ret)
{
    if (json_is_real(v) && json_real_value(v) >= (double)min && json_real_value(v) <= (double)max) {
        *ret = (int64_t)json_real_value(v);
        return COACH_OK;
    }
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return complain(m->handler, WIRE_BAD_FIELD, "%s: expected a number from %lld to %lld", name, (long long)min,
                        (long long)max);
    *ret = json_integer_value(v);
    return COACH_OK;
}

/* 0..1; a value out of range is dropped, not clamped: some recognisers send 297.0. */
static int read_share(struct message *m, const char *name, const json_t *v, double *ret)
{
    if (!json_is_number(v))
        return complain(m->handler, WIRE_BAD_FIELD, "%s: expected a number", name);
    double value = json_number_value(v);
    if (value >= 0 && value <= 1)
        *ret = value;
    return COACH_OK;
}

static bool role_of(const char *word, coach_role *ret)
{
    static const struct {
        const char *word;
        coach_role role;
    } words[] = {{"agent", COACH_ROLE_AGENT},       {"customer", COACH_ROLE_CUSTOMER}, {"caller", COACH_ROLE_CUSTOMER},
                 {"external", COACH_ROLE_CUSTOMER}, {"end_user", COACH_ROLE_CUSTOMER}, {"inbound", COACH_ROLE_CUSTOMER},
                 {"internal", COACH_ROLE_AGENT},    {"human_agent", COACH_ROLE_AGENT}, {"system", COACH_ROLE_SYSTEM},
                 {"unknown", COACH_ROLE_UNKNOWN}};
    char low[16];
    size_t n = 0;
    for (; word[n] != '\0' && n < sizeof low - 1; n++)
        low[n] = word[n] >= 'A' && word[n] <= 'Z' ? (char)(word[n] | 0x20) : word[n];
    low[n] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, low) == 0) {
            *ret = words[i].role;
            return true;
        }
    return false;
}

static int read_role(struct message *m, const char *name, const json_t *v, coach_role *ret)
{
    if (json_is_string(v) && role_of(json_string_value(v), ret))
        return COACH_OK;
    return complain(m->handler, WIRE_BAD_FIELD, "%s: expected agent, customer, system or unknown", name);
}

static int read_state(struct message *m, const char *name, const json_t *v, enum wire_state *ret)
{
    if (json_is_string(v) && wire_state_read(json_string_value(v), ret))
        return COACH_OK;
    return complain(m->handler, WIRE_BAD_FIELD, "%s: expected talking, hold or lookup", name);
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

static int read_field(struct message *m, const char *name, const json_t *v, enum field field)
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
        return read_role(m, name, v, &e->role);
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

static int read_fields(struct message *m)
{
    const char *name;
    json_t *v;
    json_object_foreach(m->object, name, v)
    {
        size_t i = 0, n = sizeof fields / sizeof *fields;
        while (i < n && strcmp(fields[i].name, name) != 0)
            i++;
        if (i == n) {
            m->reader->unknown_fields++;
            continue;
        }
        int rc = json_is_null(v) ? COACH_OK : read_field(m, fields[i].name, v, fields[i].field);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

static int read_type(struct message *m)
{
    static const struct {
        const char *name;
        enum wire_type type;
    } types[] = {{"transcript", WIRE_TRANSCRIPT}, {"hello", WIRE_HELLO}, {"call_start", WIRE_CALL_START},
                 {"state", WIRE_STATE},           {"mute", WIRE_MUTE},   {"call_end", WIRE_CALL_END}};
    const json_t *v = json_object_get(m->object, "type");
    m->event.type = WIRE_TRANSCRIPT;
    if (v == NULL || json_is_null(v))
        return COACH_OK;
    if (!json_is_string(v))
        return complain(m->handler, WIRE_BAD_FIELD, "type: expected a string");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, json_string_value(v)) == 0) {
            m->event.type = types[i].type;
            return COACH_OK;
        }
    return complain(m->handler, WIRE_UNKNOWN_TYPE,
                    "type: expected hello, call_start, transcript, state, mute or call_end");
}

/* --- hello --- */

static int read_channels(struct message *m, struct table *map)
{
    json_t *channels = json_object_get(m->object, "channels");
    const char *name;
    json_t *v;
    if (channels == NULL || json_is_null(channels))
        return COACH_OK;
    if (!json_is_object(channels) || json_object_size(channels) > MAX_CHANNELS)
        return complain(m->handler, WIRE_BAD_FIELD,
                        "channels: expected an object of at most %d channels and their roles", MAX_CHANNELS);
    json_object_foreach(channels, name, v)
    {
        coach_role role;
        if (read_role(m, "channels", v, &role) != COACH_OK)
            return BAD;
        if (table_set(map, name, strlen(name), (void *)(uintptr_t)role) != COACH_OK)
            return COACH_ENOMEM;
    }
    return COACH_OK;
}

static int check_format(struct message *m)
{
    const json_t *v = json_object_get(m->object, "format");
    if (v == NULL || json_is_null(v))
        return COACH_OK;
    if (!json_is_string(v))
        return complain(m->handler, WIRE_BAD_FIELD, "format: expected a string");
    if (strcmp(json_string_value(v), "coachd") != 0)
        return complain(m->handler, WIRE_UNKNOWN_FORMAT, "format: this version reads coachd");
    return COACH_OK;
}

static void bind_text(char *to, size_t size, const struct wire_text *from)
{
    if (from->s == NULL || from->len >= size)
        return;
    memcpy(to, from->s, from->len + 1);
}

/* Binds what a hello says; a bad one binds nothing. */
static int take_hello(struct message *m)
{
    struct wire_reader *r = m->reader;
    struct table channels;
    table_init(&channels, NULL);
    int rc = check_format(m);
    if (rc == COACH_OK)
        rc = read_channels(m, &channels);
    if (rc != COACH_OK) {
        table_clear(&channels);
        return rc;
    }
    bind_text(r->call_id, sizeof r->call_id, &m->event.call_id);
    bind_text(r->agent_id, sizeof r->agent_id, &m->event.agent_id);
    bind_text(r->language, sizeof r->language, &m->event.language);
    r->acks = m->event.ack;
    if (table_count(&channels) > 0) {
        table_clear(&r->channels);
        r->channels = channels;
    } else {
        table_clear(&channels);
    }
    return m->handler->event(m->handler->user, &m->event);
}

/* --- what belongs to a call --- */

static void use_bound(struct wire_text *field, const char *bound)
{
    if (field->s == NULL && bound[0] != '\0')
        *field = (struct wire_text){bound, strlen(bound)};
}

static bool has(const struct message *m, const char *name)
{
    const json_t *v = json_object_get(m->object, name);
    return v != NULL && !json_is_null(v);
}

static int find_role(struct message *m)
{
    struct wire_event *e = &m->event;
    if (has(m, "role"))
        return COACH_OK;
    if (e->channel.s == NULL)
        return complain(m->handler, WIRE_MISSING_FIELD,
                        "role: a line needs a role, or a channel that hello has mapped");
    const struct table_entry *at = NULL;
    size_t len;
    while ((at = table_next(&m->reader->channels, at)) != NULL) {
        const char *key = table_key(at, &len);
        if (len == e->channel.len && memcmp(key, e->channel.s, len) == 0) {
            e->role = (coach_role)(uintptr_t)table_value(at);
            return COACH_OK;
        }
    }
    return complain(m->handler, WIRE_UNMAPPED_CHANNEL,
                    "channel: say in hello who speaks on it: \"channels\":{\"0\":\"customer\"}");
}

/* What a message of its type cannot do without. */
static int check_complete(struct message *m)
{
    const struct wire_event *e = &m->event;
    if (e->type == WIRE_STATE && !has(m, "state"))
        return complain(m->handler, WIRE_MISSING_FIELD, "state: talking, hold or lookup");
    if (e->type == WIRE_MUTE && e->rule.s == NULL)
        return complain(m->handler, WIRE_MISSING_FIELD, "rule: which one to mute, by its id");
    if (e->type != WIRE_TRANSCRIPT)
        return COACH_OK;
    if (e->text.s == NULL)
        return complain(m->handler, WIRE_MISSING_FIELD, "text: a transcript needs one, \"\" is fine");
    return find_role(m);
}

static int take_call_message(struct message *m)
{
    struct wire_event *e = &m->event;
    use_bound(&e->call_id, m->reader->call_id);
    use_bound(&e->language, m->reader->language);
    if (e->call_id.s == NULL)
        return complain(m->handler, WIRE_MISSING_FIELD, "call_id: each line names its call, or a hello does for all");
    if (e->call_id.len == strlen(m->reader->call_id) && strcmp(e->call_id.s, m->reader->call_id) == 0)
        use_bound(&e->agent_id, m->reader->agent_id);
    else if (m->reader->call_id[0] == '\0')
        use_bound(&e->agent_id, m->reader->agent_id);
    int rc = check_complete(m);
    return rc == COACH_OK ? m->handler->event(m->handler->user, e) : rc;
}

static int take_object(struct wire_reader *r, json_t *object, const struct wire_handler *handler)
{
    struct message m = {.reader = r, .handler = handler, .object = object};
    m.event = wire_event_blank(WIRE_TRANSCRIPT);
    m.event.is_final = true;
    const json_t *seq = json_object_get(object, "seq");
    if (json_is_integer(seq) && json_integer_value(seq) > r->seq)
        r->seq = json_integer_value(seq);
    int rc = read_type(&m);
    if (rc == COACH_OK)
        rc = read_fields(&m);
    if (rc == COACH_OK)
        rc = m.event.type == WIRE_HELLO ? take_hello(&m) : take_call_message(&m);
    return rc == BAD ? COACH_OK : rc;
}

static int take_value(struct wire_reader *r, json_t *v, const struct wire_handler *handler)
{
    if (json_is_object(v))
        return take_object(r, v, handler);
    if (!json_is_array(v))
        return complain(handler, WIRE_BAD_JSON, "expected an object") == BAD ? COACH_OK : COACH_EINTERNAL;
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *item = json_array_get(v, i);
        int rc = json_is_object(item) ? take_object(r, item, handler)
                                      : (complain(handler, WIRE_BAD_JSON, "expected an array of objects"), COACH_OK);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

/* --- one line --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Past a BOM, blanks and the "data: " of a piped event stream. */
static const char *skip_lead(const char *p, const char *end)
{
    if (end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3;
    while (p < end && is_blank(*p))
        p++;
    if (end - p >= 5 && memcmp(p, "data:", 5) == 0)
        for (p += 5; p < end && is_blank(*p);)
            p++;
    return p;
}

static void complain_json(const struct wire_handler *handler, const json_error_t *why, size_t before)
{
    /* jansson quotes what it found; that would be the text of a transcript */
    const char *text = why->text, *near = strstr(text, " near '");
    int len = near != NULL ? (int)(near - text) : (int)strlen(text);
    size_t byte = before + (why->position > 0 ? (size_t)why->position : 1);
    complain(handler, WIRE_BAD_JSON, "%.*s at byte %zu", len, text, byte);
}

int wire_reader_line(struct wire_reader *r, const char *line, size_t len, const struct wire_handler *handler)
{
    const char *end = line + len, *p = skip_lead(line, end);
    if (p == end)
        return COACH_OK;
    size_t good = utf8_valid(p, (size_t)(end - p));
    if (good < (size_t)(end - p)) {
        complain(handler, WIRE_BAD_UTF8, "not UTF-8 at byte %zu", (size_t)(p - line) + good + 1);
        return COACH_OK;
    }
    if (depth_of(p, (size_t)(end - p)) > DEPTH_MAX) {
        complain(handler, WIRE_TOO_DEEP, "nested deeper than %d", DEPTH_MAX);
        return COACH_OK;
    }
    while (p < end) { /* one value, or several in a row */
        json_error_t why;
        json_t *v = NULL;
        int rc = parse_json(p, (size_t)(end - p), JSON_DISABLE_EOF_CHECK, &v, &why);
        if (rc == COACH_ENOMEM)
            return rc;
        if (rc != COACH_OK) {
            complain_json(handler, &why, (size_t)(p - line));
            return COACH_OK;
        }
        rc = take_value(r, v, handler);
        json_decref(v);
        if (rc != COACH_OK)
            return rc;
        p += why.position; /* what the value took */
        while (p < end && (is_blank(*p) || *p == ','))
            p++;
    }
    return COACH_OK;
}

int wire_reader_message(struct wire_reader *r, const char *data, size_t len, const struct wire_handler *handler)
{
    return wire_reader_line(r, data, len, handler);
}

int wire_reader_end(struct wire_reader *r, const struct wire_handler *handler)
{
    (void)r;
    (void)handler;
    return COACH_OK;
}

const char *wire_reader_format(const struct wire_reader *r)
{
    (void)r;
    return "coachd";
}
