#include "lib/wire/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/wire/binding.h"
#include "lib/wire/decode.h"
#include "lib/wire/depth.h"
#include "lib/wire/frames.h"
#include "lib/wire/parse.h"
#include "lib/wire/problem.h"
#include "lib/wire/roles.h"
#include "lib/wire/unpack.h"

struct wire_reader {
    struct formats *formats;
    char prefix[33];
    uint8_t seed[HASH_SEED];
    struct binding binding;
    bool any_channel;
    struct frames frames;
    struct stream *stream; /* NULL until a vendor's message came */
    int64_t seq;
    uint64_t unknown_fields;
};

struct wire_reader *wire_reader_new(struct formats *formats, const char *prefix)
{
    struct wire_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->formats = formats_ref(formats);
    r->seq = -1;
    snprintf(r->prefix, sizeof r->prefix, "%s", prefix);
    binding_init(&r->binding);
    frames_init(&r->frames, WIRE_MAX_LINE);
    return r;
}

void wire_reader_free(struct wire_reader *r)
{
    if (r == NULL)
        return;
    if (r->stream != NULL)
        stream_clear(r->stream);
    free(r->stream);
    frames_clear(&r->frames);
    binding_clear(&r->binding);
    formats_unref(r->formats);
    free(r);
}

void wire_reader_seed(struct wire_reader *r, const uint8_t seed[HASH_SEED])
{
    memcpy(r->seed, seed, sizeof r->seed);
}

void wire_reader_any_channel(struct wire_reader *r)
{
    r->any_channel = true;
}

const char *wire_reader_format(const struct wire_reader *r)
{
    const struct binding *b = &r->binding;
    return b->format == BOUND_MAPPING ? mapping_name(b->mapping) : b->format == BOUND_AUTO ? "auto" : "coachd";
}

const char *wire_reader_call(const struct wire_reader *r)
{
    return r->binding.call_id[0] == '\0' ? NULL : r->binding.call_id;
}

bool wire_reader_acks(const struct wire_reader *r)
{
    return r->binding.acks;
}

int64_t wire_reader_seq(const struct wire_reader *r)
{
    return r->seq;
}

uint64_t wire_reader_unknown_fields(const struct wire_reader *r)
{
    return r->unknown_fields;
}

/* One message, or line, at work. */
struct input {
    struct wire_reader *reader;
    const struct wire_handler *handler;
    struct wire_text envelope_agent;
    size_t objects; /* so far */
};

/* --- coachd's own messages --- */

static int find_role(struct input *in, const struct canonical *m, struct wire_event *e)
{
    const struct binding *b = &in->reader->binding;
    if (canonical_has(m->object, "role"))
        return COACH_OK;
    if (e->channel.s != NULL && role_of_channel(&b->channels, &e->channel, &e->role))
        return COACH_OK;
    e->role = b->role;
    if (b->has_role || (e->channel.s != NULL && in->reader->any_channel))
        return COACH_OK;
    if (e->channel.s == NULL)
        return problem_tell(in->handler, WIRE_MISSING_FIELD,
                            "role: a line needs a role, or a channel that hello has mapped");
    return problem_tell(in->handler, WIRE_UNMAPPED_CHANNEL,
                        "channel: say in hello who speaks on it: \"channels\":{\"0\":\"customer\"}");
}

/* What a message of its type cannot do without. */
static int check_complete(struct input *in, const struct canonical *m, struct wire_event *e)
{
    if (e->call_id.s == NULL)
        return problem_tell(in->handler, WIRE_MISSING_FIELD,
                            "call_id: each line names its call, or a hello does for all");
    if (e->type == WIRE_STATE && !canonical_has(m->object, "state"))
        return problem_tell(in->handler, WIRE_MISSING_FIELD, "state: talking, hold or lookup");
    if (e->type == WIRE_MUTE && e->rule.s == NULL)
        return problem_tell(in->handler, WIRE_MISSING_FIELD, "rule: which one to mute, by its id");
    if (e->type != WIRE_TRANSCRIPT)
        return COACH_OK;
    if (e->text.s == NULL)
        return problem_tell(in->handler, WIRE_MISSING_FIELD, "text: a transcript needs one, \"\" is fine");
    return find_role(in, m, e);
}

static void note_seq(struct wire_reader *r, const json_t *object)
{
    const json_t *seq = json_object_get(object, "seq");
    if (json_is_integer(seq) && json_integer_value(seq) > r->seq)
        r->seq = json_integer_value(seq);
}

static int take_canonical(struct input *in, json_t *object)
{
    struct wire_reader *r = in->reader;
    struct canonical m;
    note_seq(r, object);
    int rc = canonical_read(&m, in->handler, object);
    r->unknown_fields += m.unknown_fields;
    if (rc == COACH_OK && m.event.type == WIRE_HELLO) {
        rc = binding_take(&r->binding, &m, r->formats);
    } else if (rc == COACH_OK) {
        binding_complete(&r->binding, &m.event);
        rc = check_complete(in, &m, &m.event);
    }
    return rc == COACH_OK ? in->handler->event(in->handler->user, &m.event) : rc;
}

/* --- a vendor's messages --- */

static int emit(void *user, struct wire_event *e)
{
    struct input *in = user;
    if (in->envelope_agent.s != NULL)
        e->agent_id = in->envelope_agent;
    binding_complete(&in->reader->binding, e);
    return in->handler->event(in->handler->user, e);
}

static int open_stream(struct wire_reader *r)
{
    if (r->stream != NULL)
        return COACH_OK;
    r->stream = malloc(sizeof *r->stream);
    if (r->stream == NULL)
        return COACH_ENOMEM;
    stream_init(r->stream, r->seed);
    return COACH_OK;
}

static int decode_with(struct input *in, const struct mapping *mapping, const struct decode_facts *envelope,
                       json_t *message)
{
    struct wire_reader *r = in->reader;
    int rc = open_stream(r);
    if (rc != COACH_OK)
        return rc;
    struct decode_context context = {.mapping = mapping,
                                     .stream = r->stream,
                                     .prefix = r->prefix,
                                     .channels = &r->binding.channels,
                                     .any_channel = r->any_channel,
                                     .handler = in->handler,
                                     .emit = emit,
                                     .user = in};
    if (envelope != NULL)
        context.envelope = *envelope;
    if (r->binding.call_id[0] != '\0')
        context.hello.call_id = (struct wire_text){r->binding.call_id, strlen(r->binding.call_id)};
    context.hello.role = r->binding.role;
    context.hello.has_role = r->binding.has_role;
    return decode_message(&context, message);
}

/* --- a format that is to be recognised --- */

static bool looks_canonical(const json_t *object)
{
    enum wire_type type;
    if (!canonical_type(object, &type))
        return false;
    return canonical_has(object, "type") ||
           (canonical_has(object, "text") && (canonical_has(object, "role") || canonical_has(object, "channel")));
}

/* The format that knows the message best, from here on that of the connection. */
static int recognise(struct input *in, json_t *message)
{
    struct wire_reader *r = in->reader;
    size_t best = 0;
    if (looks_canonical(message)) {
        r->binding.format = BOUND_COACHD;
        return COACH_OK;
    }
    for (size_t i = 0; i < formats_count(r->formats); i++) {
        const struct mapping *m = formats_at(r->formats, i);
        size_t found = decode_recognises(m, message);
        if (found <= best)
            continue;
        best = found;
        r->binding.format = BOUND_MAPPING;
        r->binding.mapping = m;
    }
    return best > 0 ? COACH_OK
                    : problem_tell(in->handler, WIRE_UNKNOWN_FORMAT,
                                   "auto: no format knows such a message; name one in hello");
}

/* --- which of these it is --- */

static int take_object(struct input *in, json_t *object);

/* {"call_id": ..., "role": ..., "payload": ...}: what is known of the message stands around it. */
static bool is_envelope(const json_t *object)
{
    static const char *const facts[] = {"call_id", "agent_id", "role", "channel", "format", "seq"};
    if (!canonical_has(object, "payload") || canonical_has(object, "text"))
        return false;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (canonical_has(object, facts[i]))
            return true;
    return false;
}

/* The payload: JSON, or a form in a string. Free with json_decref. */
static int read_payload(struct input *in, json_t *payload, json_t **ret)
{
    coach_error err = {0};
    if (json_is_object(payload)) {
        *ret = json_incref(payload);
        return COACH_OK;
    }
    if (!json_is_string(payload) || !unpack_is_form(json_string_value(payload), json_string_length(payload)))
        return problem_tell(in->handler, WIRE_BAD_FIELD, "payload: expected an object, or a form in a string");
    int rc = unpack_form(json_string_value(payload), json_string_length(payload), ret, &err);
    return rc == COACH_OK || rc == COACH_ENOMEM ? rc
                                                : problem_tell(in->handler, WIRE_BAD_FIELD, "payload: %s", err.text);
}

static int take_envelope(struct input *in, json_t *object)
{
    struct wire_reader *r = in->reader;
    const json_t *format = json_object_get(object, "format");
    enum binding_format kind = r->binding.format;
    const struct mapping *mapping = r->binding.mapping;
    struct canonical m;
    json_t *payload = NULL;
    note_seq(r, object);
    if (format != NULL &&
        (!json_is_string(format) || !binding_find_format(r->formats, json_string_value(format), &kind, &mapping)))
        return problem_tell(in->handler, WIRE_UNKNOWN_FORMAT,
                            "format: there is none of that name; 'coach decode --list' shows those there are");
    int rc = canonical_read(&m, in->handler, object);
    if (rc == COACH_OK)
        rc = read_payload(in, json_object_get(object, "payload"), &payload);
    if (rc == COACH_OK && kind == BOUND_AUTO) {
        rc = recognise(in, payload);
        mapping = r->binding.mapping;
    }
    if (rc == COACH_OK && (kind == BOUND_COACHD || mapping == NULL))
        rc = problem_tell(in->handler, WIRE_MISSING_FIELD,
                          "format: an envelope needs a vendor's format, in itself or in hello");
    if (rc == COACH_OK) {
        const struct decode_facts facts = {.call_id = m.event.call_id,
                                           .channel = m.event.channel,
                                           .role = m.event.role,
                                           .has_role = canonical_has(object, "role")};
        in->envelope_agent = m.event.agent_id;
        rc = decode_with(in, mapping, &facts, payload);
        in->envelope_agent = (struct wire_text){0};
    }
    json_decref(payload);
    return rc;
}

/* Lines about the connection and the call may stand between a vendor's messages. */
static bool is_about_the_call(const json_t *object)
{
    enum wire_type type;
    return json_object_get(object, "type") != NULL && canonical_type(object, &type) && type != WIRE_TRANSCRIPT;
}

static int take_object(struct input *in, json_t *object)
{
    const struct binding *b = &in->reader->binding;
    if (is_about_the_call(object))
        return take_canonical(in, object);
    if (is_envelope(object))
        return take_envelope(in, object);
    if (b->format == BOUND_AUTO) {
        int rc = recognise(in, object);
        if (rc != COACH_OK)
            return rc;
    }
    return b->format == BOUND_COACHD ? take_canonical(in, object) : decode_with(in, b->mapping, NULL, object);
}

/* A problem that was told ends the object and nothing else. */
static int take_and_go_on(struct input *in, json_t *object)
{
    if (++in->objects > WIRE_MAX_OBJECTS) {
        if (in->objects == WIRE_MAX_OBJECTS + 1)
            (void)problem_tell(in->handler, WIRE_TOO_LONG, "more than %d objects in a line; the rest was passed over",
                               WIRE_MAX_OBJECTS);
        return COACH_OK;
    }
    int rc = take_object(in, object);
    return rc == PROBLEM_TOLD ? COACH_OK : rc;
}

static int take_value(struct input *in, json_t *v)
{
    if (json_is_object(v))
        return take_and_go_on(in, v);
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *item = json_array_get(v, i);
        int rc = COACH_OK;
        if (json_is_object(item))
            rc = take_and_go_on(in, item);
        else
            (void)problem_tell(in->handler, WIRE_BAD_JSON, "expected an array of objects");
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

/* --- text to values --- */

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

static void complain_json(struct input *in, const json_error_t *why, size_t before)
{
    /* jansson quotes what it found; that would be the text of a transcript */
    const char *text = why->text, *near = strstr(text, " near '");
    int len = near != NULL ? (int)(near - text) : (int)strlen(text);
    size_t byte = before + (why->position > 0 ? (size_t)why->position : 1);
    (void)problem_tell(in->handler, WIRE_BAD_JSON, "%.*s at byte %zu", len, text, byte);
}

/* One JSON value, or several in a row. */
static int take_json(struct input *in, const char *line, size_t len)
{
    const char *end = line + len, *p = skip_lead(line, end);
    size_t good = utf8_valid(p, (size_t)(end - p));
    if (good < (size_t)(end - p)) {
        (void)problem_tell(in->handler, WIRE_BAD_UTF8, "not UTF-8 at byte %zu", (size_t)(p - line) + good + 1);
        return COACH_OK;
    }
    if (depth_of(p, (size_t)(end - p)) > DEPTH_MAX) {
        (void)problem_tell(in->handler, WIRE_TOO_DEEP, "nested deeper than %d", DEPTH_MAX);
        return COACH_OK;
    }
    while (p < end) {
        json_error_t why;
        json_t *v = NULL;
        int rc = parse_json(p, (size_t)(end - p), JSON_DISABLE_EOF_CHECK, &v, &why);
        if (rc == COACH_ENOMEM)
            return rc;
        if (rc != COACH_OK) {
            complain_json(in, &why, (size_t)(p - line));
            return COACH_OK;
        }
        rc = take_value(in, v);
        json_decref(v);
        if (rc != COACH_OK)
            return rc;
        p += why.position; /* what the value took */
        while (p < end && (is_blank(*p) || *p == ','))
            p++;
    }
    return COACH_OK;
}

/* Takes what an unpack_ function gave, or tells what it complained of. */
static int take_unpacked(struct input *in, int rc, json_t *object, const coach_error *err)
{
    if (rc == COACH_ENOMEM)
        return rc;
    if (rc != COACH_OK) {
        (void)problem_tell(in->handler, rc == COACH_EUTF8 ? WIRE_BAD_UTF8 : WIRE_BAD_FIELD, "%s", err->text);
        return COACH_OK;
    }
    rc = take_and_go_on(in, object);
    json_decref(object);
    return rc;
}

static int take_form(struct input *in, const char *text, size_t len)
{
    coach_error err = {0};
    json_t *object = NULL;
    int rc = unpack_form(text, len, &object, &err);
    return take_unpacked(in, rc, object, &err);
}

static int take_headers(struct input *in, const char *text, size_t len)
{
    coach_error err = {0};
    json_t *object = NULL;
    int rc = unpack_headers(text, len, &object, &err);
    return take_unpacked(in, rc, object, &err);
}

static int take_columns(struct input *in, const struct mapping *m, const char *line, size_t len)
{
    coach_error err = {0};
    json_t *object = NULL;
    if (utf8_valid(line, len) < len || memchr(line, '\0', len) != NULL) {
        (void)problem_tell(in->handler, WIRE_BAD_UTF8, "not UTF-8, or a NUL");
        return COACH_OK;
    }
    int rc = unpack_columns(m, line, len, &object, &err);
    return take_unpacked(in, rc, object, &err);
}

/* The format whose columns the line has, of several the one with most, when the format is to be recognised. */
static const struct mapping *with_such_columns(const struct wire_reader *r, const char *line, size_t len)
{
    const struct mapping *best = NULL;
    for (size_t i = 0; i < formats_count(r->formats); i++) {
        const struct mapping *m = formats_at(r->formats, i);
        json_t *object = NULL;
        if (m->framing != FRAMING_COLUMNS || utf8_valid(line, len) < len || memchr(line, '\0', len) != NULL)
            continue;
        bool has = unpack_columns(m, line, len, &object, NULL) == COACH_OK;
        json_decref(object);
        if (has && (best == NULL || m->ncolumns > best->ncolumns))
            best = m;
    }
    return best;
}

static enum framing framing_of(const struct wire_reader *r, const char *p, size_t len)
{
    const struct binding *b = &r->binding;
    if (b->format == BOUND_COACHD)
        return FRAMING_LINES;
    if (b->format == BOUND_MAPPING)
        return b->mapping->framing;
    if (r->frames.in_body || (r->frames.part.len > 0 && r->frames.depth == 0))
        return FRAMING_HEADERS;
    if (r->frames.part.len > 0 || *p == '{' || *p == '[')
        return FRAMING_VALUES;
    return unpack_is_form(p, len)                 ? FRAMING_LINES
           : unpack_is_header(p, len)             ? FRAMING_HEADERS
           : with_such_columns(r, p, len) != NULL ? FRAMING_COLUMNS
                                                  : FRAMING_LINES;
}

static int on_frame(void *user, enum frame_problem problem, const char *text, size_t len)
{
    static const char *const what[] = {[FRAME_BROKEN] = "the message cannot go on like this; passed over",
                                       [FRAME_TOO_LONG] = "the message is longer than 64 KiB and was passed over",
                                       [FRAME_UNFINISHED] = "the message is unfinished"};
    struct input *in = user;
    if (problem != FRAME_WHOLE) {
        (void)problem_tell(in->handler, problem == FRAME_TOO_LONG ? WIRE_TOO_LONG : WIRE_BAD_JSON, "%s", what[problem]);
        return COACH_OK;
    }
    const char *p = skip_lead(text, text + len);
    size_t left = (size_t)(text + len - p);
    if (left == 0)
        return COACH_OK;
    return *p == '{' || *p == '[' || *p == ',' ? take_json(in, text, len) : take_headers(in, p, left);
}

static int take_column_line(struct input *in, const char *p, size_t len)
{
    struct binding *b = &in->reader->binding;
    if (*p == '{')
        return take_json(in, p, len);
    if (b->format == BOUND_AUTO) {
        b->mapping = with_such_columns(in->reader, p, len);
        b->format = BOUND_MAPPING;
    }
    return take_columns(in, b->mapping, p, len);
}

int wire_reader_line(struct wire_reader *r, const char *line, size_t len, const struct wire_handler *handler)
{
    struct input in = {.reader = r, .handler = handler};
    const char *end = line + len, *p = skip_lead(line, end);
    if (p == end && r->frames.part.len == 0)
        return COACH_OK;
    enum framing framing = framing_of(r, p, (size_t)(end - p));
    if (framing == FRAMING_VALUES && r->frames.part.len == 0 && unpack_is_form(p, (size_t)(end - p)))
        return take_form(&in, p, (size_t)(end - p));
    if (framing == FRAMING_VALUES || framing == FRAMING_HEADERS)
        return frames_line(&r->frames, framing, line, len, on_frame, &in);
    if (framing == FRAMING_COLUMNS)
        return take_column_line(&in, p, (size_t)(end - p));
    if (r->binding.format != BOUND_COACHD && unpack_is_form(p, (size_t)(end - p)))
        return take_form(&in, p, (size_t)(end - p));
    return take_json(&in, line, len);
}

int wire_reader_message(struct wire_reader *r, const char *data, size_t len, const struct wire_handler *handler)
{
    struct input in = {.reader = r, .handler = handler};
    if (len == 0) /* and perhaps no `data` */
        return COACH_OK;
    const char *end = data + len, *p = skip_lead(data, end);
    size_t left = (size_t)(end - p);
    if (left == 0)
        return COACH_OK;
    if (*p == '{' || *p == '[' || r->binding.format == BOUND_COACHD)
        return take_json(&in, data, len);
    if (unpack_is_form(p, left))
        return take_form(&in, p, left);
    if (framing_of(r, p, left) == FRAMING_HEADERS)
        return take_headers(&in, p, left);
    int rc = COACH_OK;
    for (const char *stop; p < end && rc == COACH_OK; p = stop + (stop < end)) {
        stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop == NULL ? end : stop;
        rc = wire_reader_line(r, p, (size_t)(stop - p), handler);
    }
    return rc == COACH_OK ? wire_reader_end(r, handler) : rc;
}

int wire_reader_end(struct wire_reader *r, const struct wire_handler *handler)
{
    struct input in = {.reader = r, .handler = handler};
    return frames_end(&r->frames, on_frame, &in);
}
