#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/wire/depth.h"
#include "lib/wire/event.h"
#include "lib/wire/json.h"
#include "lib/wire/lines.h"
#include "lib/wire/nudge.h"
#include "lib/wire/reader.h"
#include "tests/support/suite.h"

static struct buf out;

static void setup_out(void)
{
    buf_init(&out, 0);
}

static void teardown_out(void)
{
    buf_clear(&out);
}

/* --- lines --- */

/* Each line as "<number:text>", one that was too long as "<number!>". */
static int note_line(void *user, const char *line, size_t len)
{
    struct lines *l = user;
    if (line == NULL)
        return buf_addf(&out, "<%" PRIu64 "!>", l->number);
    return buf_addf(&out, "<%" PRIu64 ":%.*s>", l->number, (int)len, line);
}

static const struct {
    const char *bytes;
    const char *lines; /* of at most 8 bytes */
} framings[] = {
    {"", ""},
    {"one\ntwo\n", "<1:one><2:two>"},
    {"one\n\n\ntwo", "<1:one><2:><3:><4:two>"},
    {"one\r\ntwo\r\n", "<1:one\r><2:two\r>"},
    {"12345678\n1\n", "<1:12345678><2:1>"},
    {"123456789\n1\n", "<1!><2:1>"},
    {"12345678901234567890123456\n123456789\nx\n", "<1!><2!><3:x>"},
    {"123456789", "<1!>"},
    {"12345678", "<1:12345678>"},
    {"é€😀\n", "<1!>"},
};

START_TEST(lines_are_the_same_wherever_the_bytes_are_cut)
{
    const char *bytes = framings[_i].bytes;
    size_t len = strlen(bytes);
    for (size_t first = 0; first <= len; first++)
        for (size_t second = first; second <= len; second++) {
            struct lines l;
            lines_init(&l, 8);
            ck_assert_int_eq(lines_feed(&l, bytes, first, note_line, &l), COACH_OK);
            ck_assert_int_eq(lines_feed(&l, bytes + first, second - first, note_line, &l), COACH_OK);
            ck_assert_int_eq(lines_feed(&l, bytes + second, len - second, note_line, &l), COACH_OK);
            ck_assert_int_eq(lines_end(&l, note_line, &l), COACH_OK);
            ck_assert_str_eq(out.data == NULL ? "" : out.data, framings[_i].lines);
            buf_reset(&out);
            lines_clear(&l);
        }
}
END_TEST

START_TEST(lines_come_out_byte_by_byte_too)
{
    struct lines l;
    lines_init(&l, 8);
    for (const char *p = framings[_i].bytes; *p != '\0'; p++)
        ck_assert_int_eq(lines_feed(&l, p, 1, note_line, &l), COACH_OK);
    ck_assert_int_eq(lines_end(&l, note_line, &l), COACH_OK);
    ck_assert_str_eq(out.data == NULL ? "" : out.data, framings[_i].lines);
    lines_clear(&l);
}
END_TEST

START_TEST(a_line_without_end_takes_no_more_memory_than_the_limit)
{
    struct lines l;
    lines_init(&l, 1000);
    for (int i = 0; i < 100000; i++) {
        int rc = lines_feed(&l, "xxxxxxx", 7, note_line, &l);
        suite_assert(rc == COACH_OK && l.part.cap <= 1001, "%d, room for %zu", rc, l.part.cap);
    }
    ck_assert_str_eq(out.data, "<1!>");
    ck_assert_int_eq(lines_feed(&l, "\nnext\n", 6, note_line, &l), COACH_OK);
    ck_assert_str_eq(out.data, "<1!><2:next>");
    lines_clear(&l);
}
END_TEST

static int stop_at_two(void *user, const char *line, size_t len)
{
    int *count = user;
    (void)line;
    (void)len;
    return ++*count == 2 ? 42 : 0;
}

START_TEST(what_the_callback_returns_ends_the_feed)
{
    struct lines l;
    int count = 0;
    lines_init(&l, 8);
    ck_assert_int_eq(lines_feed(&l, "1", 1, stop_at_two, &count), 0);
    ck_assert_int_eq(lines_feed(&l, "1\n2\n3\n", 6, stop_at_two, &count), 42);
    ck_assert_int_eq(count, 2);
    lines_clear(&l);
}
END_TEST

/* --- the reader --- */

static struct wire_reader *reader;
static struct buf events;   /* each event as the line that writes it again */
static struct buf troubles; /* each problem as "code: message\n" */
static int verdict;         /* what the event handler returns */
static struct wire_event last;

static int note_event(void *user, const struct wire_event *event)
{
    (void)user;
    last = *event;
    ck_assert_int_eq(wire_event_write(event, &events), COACH_OK);
    return verdict;
}

static void note_problem(void *user, const struct wire_problem *problem)
{
    (void)user;
    ck_assert_int_eq(buf_addf(&troubles, "%s: %s\n", wire_code_name(problem->code), problem->message), COACH_OK);
}

static const struct wire_handler handler = {.event = note_event, .problem = note_problem};

static void setup_reader(void)
{
    reader = wire_reader_new(NULL, "");
    ck_assert_ptr_nonnull(reader);
    buf_init(&events, 0);
    buf_init(&troubles, 0);
    buf_adds(&events, "");
    buf_adds(&troubles, "");
    verdict = 0;
}

static void teardown_reader(void)
{
    wire_reader_free(reader);
    buf_clear(&events);
    buf_clear(&troubles);
}

static int feed_bytes(const char *line, size_t len)
{
    char *exact = malloc(len + (len == 0)); /* without a NUL: nothing past the end is looked at */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, line, len);
    int rc = wire_reader_line(reader, exact, len, &handler);
    free(exact);
    return rc;
}

static int feed(const char *line)
{
    return feed_bytes(line, strlen(line));
}

#define CALM "{\"call_id\":\"c\",\"role\":\"agent\",\"text\":\"calm\"}"
#define READ "{\"type\":\"transcript\",\"call_id\":\"c\",\"role\":\"agent\",\"is_final\":true,\"text\":\"calm\"}\n"

static const struct {
    const char *line;
    int events;
} shapes[] = {
    {"", 0},
    {" \t\r", 0},
    {"\xef\xbb\xbf", 0},
    {"data:", 0},
    {CALM, 1},
    {CALM "\r", 1},
    {"  " CALM "  ", 1},
    {"\xef\xbb\xbf" CALM, 1},
    {"data: " CALM, 1},
    {"data:" CALM "\r", 1},
    {"\xef\xbb\xbf"
     "data:   " CALM,
     1},
    {CALM CALM, 2},
    {CALM " , " CALM "\t" CALM, 3},
    {"[" CALM "," CALM "]", 2},
    {"[]", 0},
    {"{\"type\":\"hello\",\"call_id\":\"é€😀\"}" CALM, -1},
    {"[" CALM "] [" CALM "]" CALM, 3},
};

START_TEST(a_line_is_read_in_every_shape_that_writers_send)
{
    ck_assert_int_eq(feed(shapes[_i].line), COACH_OK);
    ck_assert_str_eq(troubles.data, "");
    struct buf wanted;
    buf_init(&wanted, 0);
    buf_adds(&wanted, "");
    if (shapes[_i].events < 0) /* what several bytes a character take is counted in bytes */
        buf_adds(&wanted, "{\"type\":\"hello\",\"call_id\":\"é€😀\"}\n" READ);
    for (int i = 0; i < shapes[_i].events; i++)
        buf_adds(&wanted, READ);
    ck_assert_str_eq(events.data, wanted.data);
    buf_clear(&wanted);
}
END_TEST

#define SECRET     "4111 1111 1111 1111"
#define LINE(rest) "{\"call_id\":\"c\",\"role\":\"agent\",\"text\":\"" SECRET "\"" rest "}"
#define X16        "xxxxxxxxxxxxxxxx"
#define X128       X16 X16 X16 X16 X16 X16 X16 X16

static const struct {
    const char *line;
    const char *says; /* how the problem begins */
} refusals[] = {
    {"nonsense", "bad_json: "},
    {"{", "bad_json: "},
    {"null", "bad_json: "},
    {"\"" SECRET "\"", "bad_json: "},
    {"42", "bad_json: "},
    {LINE(",}"), "bad_json: "},
    {LINE(",\"seq\":1,\"seq\":2"), "bad_json: duplicate object key"},
    {LINE(",\"seq\":1e999"), "bad_json: real number overflow"},
    {LINE(",\"seq\":99999999999999999999"), "bad_json: too big integer"},
    {LINE(",\"seq\":NaN"), "bad_json: invalid token"},
    {LINE(",\"seq\":01"), "bad_json: "},
    {LINE(",\"reason\":\"a\\u0000b\""), "bad_json: \\u0000 is not allowed"},
    {LINE(",\"reason\":\"\\ud800\""), "bad_json: invalid Unicode"},
    {LINE(",\"reason\":\"a\nb\""), "bad_json: unexpected newline"},
    {"{\"call_id\":\"c\",\"text\":\"" SECRET, "bad_json: "},
    {"{\"call_id\":\"c\",\"text\":\"" SECRET "\\x\"}", "bad_json: invalid escape at byte "},
    {"[" LINE("") ",3]", "bad_json: expected an array of objects"},
    {"[[" LINE("") "]]", "bad_json: expected an array of objects"},
    {"{\"text\":\"caf\xe9\"}", "bad_utf8: not UTF-8 at byte 13"},
    {"data: \xff", "bad_utf8: not UTF-8 at byte 7"},
    {"[[[[[[[[[[[[[[[[[", "too_deep: nested deeper than 16"},
    {"{\"role\":\"agent\",\"text\":\"" SECRET "\"}", "missing_field: call_id"},
    {"{\"type\":\"call_end\"}", "missing_field: call_id"},
    {"{\"call_id\":\"c\",\"role\":\"agent\"}", "missing_field: text"},
    {"{\"call_id\":\"c\",\"role\":\"agent\",\"text\":null}", "missing_field: text"},
    {"{\"call_id\":\"c\",\"text\":\"" SECRET "\"}", "missing_field: role"},
    {"{\"call_id\":\"c\",\"text\":\"" SECRET "\",\"channel\":\"0\"}", "unmapped_channel: channel"},
    {"{\"call_id\":\"c\",\"text\":\"" SECRET "\",\"channel\":0}", "unmapped_channel: channel"},
    {LINE(",\"type\":\"" SECRET "\""), "unknown_type: type: expected hello"},
    {LINE(",\"type\":7"), "bad_field: type"},
    {"{\"type\":\"hello\",\"format\":\"" SECRET "\"}", "unknown_format: format"},
    {"{\"type\":\"hello\",\"format\":1}", "bad_field: format"},
    {"{\"type\":\"hello\",\"channels\":[\"agent\"]}", "bad_field: channels"},
    {"{\"type\":\"hello\",\"channels\":{\"0\":\"" SECRET "\"}}", "bad_field: channels: expected agent"},
    {"{\"type\":\"hello\",\"ack\":\"yes\"}", "bad_field: ack"},
    {"{\"call_id\":\"\"}", "bad_field: call_id: expected 1 to 128 bytes, found 0"},
    {"{\"call_id\":\"" X128 "x\"}", "bad_field: call_id: expected 1 to 128 bytes, found 129"},
    {"{\"call_id\":\"a\\nb\"}", "bad_field: call_id: a control character at byte 2"},
    {"{\"call_id\":\"a\\u007f\"}", "bad_field: call_id: a control character at byte 2"},
    {"{\"call_id\":\"\\u0085\"}", "bad_field: call_id: a control character at byte 1"},
    {"{\"call_id\":17}", "bad_field: call_id: expected a string"},
    {LINE(",\"agent_id\":\"\""), "bad_field: agent_id"},
    {LINE(",\"segment_id\":\"" X128 "x\""), "bad_field: segment_id"},
    {LINE(",\"segment_id\":1.5"), "bad_field: segment_id: expected a string or a whole number"},
    {LINE(",\"channel\":{}"), "bad_field: channel"},
    {LINE(",\"language\":[]"), "bad_field: language"},
    {LINE(",\"queue\":false"), "bad_field: queue"},
    {LINE(",\"speaker\":1"), "bad_field: speaker"},
    {LINE(",\"ts\":1"), "bad_field: ts"},
    {LINE(",\"reason\":1"), "bad_field: reason"},
    {"{\"call_id\":\"c\",\"role\":\"agent\",\"text\":7}", "bad_field: text: expected a string"},
    {"{\"call_id\":\"c\",\"text\":\"x\",\"role\":\"" SECRET "\"}", "bad_field: role: expected agent"},
    {"{\"call_id\":\"c\",\"text\":\"x\",\"role\":\"human_agentxxxxxxxxxxxx\"}", "bad_field: role: expected agent"},
    {LINE(",\"is_final\":1"), "bad_field: is_final"},
    {LINE(",\"append\":\"no\""), "bad_field: append"},
    {LINE(",\"end_of_turn\":0"), "bad_field: end_of_turn"},
    {LINE(",\"start_ms\":\"12\""), "bad_field: start_ms"},
    {LINE(",\"start_ms\":86400001"), "bad_field: start_ms: expected a number from -86400000 to 86400000"},
    {LINE(",\"end_ms\":-86400001"), "bad_field: end_ms"},
    {LINE(",\"end_ms\":1e300"), "bad_field: end_ms"},
    {LINE(",\"recv_ms\":-1"), "bad_field: recv_ms"},
    {LINE(",\"seq\":-1"), "bad_field: seq"},
    {LINE(",\"seq\":9223372036854775807"), "bad_field: seq"},
    {LINE(",\"stable_len\":65537"), "bad_field: stable_len"},
    {LINE(",\"confidence\":\"high\""), "bad_field: confidence"},
    {LINE(",\"stability\":true"), "bad_field: stability"},
    {"{\"type\":\"state\",\"call_id\":\"c\"}", "missing_field: state: talking, hold or lookup"},
    {"{\"type\":\"state\",\"call_id\":\"c\",\"state\":null}", "missing_field: state"},
    {"{\"type\":\"state\",\"call_id\":\"c\",\"state\":\"" SECRET "\"}", "bad_field: state: expected talking"},
    {"{\"type\":\"state\",\"call_id\":\"c\",\"state\":1}", "bad_field: state"},
    {"{\"type\":\"state\",\"state\":\"hold\"}", "missing_field: call_id"},
    {"{\"type\":\"mute\",\"call_id\":\"c\"}", "missing_field: rule"},
    {"{\"type\":\"mute\",\"call_id\":\"c\",\"rule\":\"\"}", "bad_field: rule"},
};

START_TEST(a_bad_line_is_refused_by_field_and_never_quoted)
{
    ck_assert_int_eq(feed(refusals[_i].line), COACH_OK);
    ck_assert_msg(strncmp(troubles.data, refusals[_i].says, strlen(refusals[_i].says)) == 0, "%s", troubles.data);
    ck_assert_msg(strstr(troubles.data, "4111") == NULL, "%s", troubles.data);
    ck_assert_ptr_eq(strchr(troubles.data, '\n'), troubles.data + troubles.len - 1);
    buf_reset(&events);
    buf_reset(&troubles);
    ck_assert_int_eq(feed(CALM), COACH_OK); /* and the connection goes on as if it had not been there */
    ck_assert_str_eq(events.data, READ);
    ck_assert_str_eq(troubles.data, "");
}
END_TEST

START_TEST(every_code_has_its_name_and_the_reader_its_test)
{
    for (int code = 0; code < WIRE_CODES; code++) {
        bool tested = code == WIRE_TOO_LONG || code == WIRE_LIMIT_CALLS; /* said by whoever counts those */
        const char *name = wire_code_name((enum wire_code)code);
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
            tested = tested || strncmp(refusals[i].says, name, strlen(name)) == 0;
        ck_assert_msg(tested, "%s", name);
    }
}
END_TEST

START_TEST(a_nul_byte_is_refused_wherever_it_stands)
{
    static const char line[] = "{\"call_id\":\"c\0d\"}", between[] = "{}\0{}";
    ck_assert_int_eq(feed_bytes(line, sizeof line - 1), COACH_OK);
    ck_assert_int_eq(strncmp(troubles.data, "bad_json: ", 10), 0);
    buf_reset(&troubles);
    ck_assert_int_eq(feed_bytes(between, sizeof between - 1), COACH_OK);
    ck_assert_ptr_nonnull(strstr(troubles.data, "bad_json: "));
    ck_assert_int_eq(feed_bytes("\0", 1), COACH_OK);
    ck_assert_str_eq(events.data, "");
}
END_TEST

START_TEST(no_bytes_are_taken_for_a_lack_of_memory)
{
    static const char *const pieces[] = {"{", "}", "[",         "]",       "\"",   "\"a\"", ":",    ",",
                                         "1", "-", "e",         ".",       "\\",   "\\u00", "true", "nul",
                                         " ", "é", "\"text\":", "{\"a\":", "\x01", "\t"};
    uint32_t random = 1;
    char line[200];
    for (int round = 0; round < 20000; round++) {
        size_t len = 0;
        for (int i = 0; i < 8; i++) {
            random = random * 1664525u + 1013904223u;
            const char *piece = pieces[(random >> 16) % (sizeof pieces / sizeof *pieces)];
            memcpy(line + len, piece, strlen(piece));
            len += strlen(piece);
        }
        if (feed_bytes(line, len) != COACH_OK)
            ck_abort_msg("%.*s", (int)len, line);
        buf_reset(&troubles);
    }
}
END_TEST

START_TEST(values_before_a_bad_one_are_read)
{
    ck_assert_int_eq(feed(CALM " x"), COACH_OK);
    ck_assert_str_eq(events.data, READ);
    ck_assert_int_eq(strncmp(troubles.data, "bad_json: ", 10), 0);
}
END_TEST

START_TEST(a_place_in_an_error_is_the_byte_of_the_line)
{
    ck_assert_int_eq(feed("data: " CALM " {\"a\":\"\\q\"}"), COACH_OK);
    const char *at = strstr(troubles.data, "at byte ");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(atoi(at + 8), (int)strlen("data: " CALM " {\"a\":\"\\q"));
}
END_TEST

START_TEST(brackets_side_by_side_do_not_nest)
{
    static const char wide[] = "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],{}]", closing[] = "]]}{}";
    ck_assert_uint_eq(depth_of(wide, sizeof wide - 1), 2);
    ck_assert_uint_eq(depth_of(closing, sizeof closing - 1), 1);
    ck_assert_uint_eq(depth_of("\"[[\\", 5), 0);
}
END_TEST

/* _i levels of brackets in all */
START_TEST(nesting_is_read_down_to_sixteen)
{
    char line[200] = "{\"call_id\":\"c\",\"role\":\"agent\",\"text\":\"[[[[\\\"[[[[[[[[[[[[[[[\",\"x\":";
    for (int i = 1; i < _i; i++)
        strcat(line, "[");
    for (int i = 1; i < _i; i++)
        strcat(line, "]");
    strcat(line, "}");
    ck_assert_uint_eq(depth_of(line, strlen(line)), (size_t)_i);
    ck_assert_int_eq(feed(line), COACH_OK);
    ck_assert_str_eq(troubles.data, _i <= 16 ? "" : "too_deep: nested deeper than 16\n");
}
END_TEST

static const struct {
    const char *number;
    int64_t start_ms;
} numbers[] = {
    {"1500", 1500}, {"1500.9", 1500},        {"1.5e3", 1500},        {"-1500.9", -1500},
    {"-0.5", 0},    {"null", COACH_NO_TIME}, {"86400000", 86400000}, {"-86400000.0", -86400000},
};

START_TEST(numbers_may_come_as_reals)
{
    char line[200];
    snprintf(line, sizeof line, LINE(",\"start_ms\":%s"), numbers[_i].number);
    ck_assert_int_eq(feed(line), COACH_OK);
    ck_assert_str_eq(troubles.data, "");
    ck_assert(last.start_ms == numbers[_i].start_ms);
}
END_TEST

START_TEST(a_share_out_of_range_is_left_out)
{
    ck_assert_int_eq(feed(LINE(",\"confidence\":297.0,\"stability\":1")), COACH_OK);
    ck_assert_str_eq(troubles.data, "");
    ck_assert_double_eq(last.confidence, -1);
    ck_assert_double_eq(last.stability, 1);
}
END_TEST

START_TEST(an_id_of_the_full_length_is_taken)
{
    ck_assert_int_eq(
        feed("{\"call_id\":\"" X128 "\",\"role\":\"agent\",\"text\":\"\",\"segment_id\":-7,\"channel\":12}"), COACH_OK);
    ck_assert_str_eq(troubles.data, "");
    ck_assert_uint_eq(last.call_id.len, 128);
    ck_assert_ptr_nonnull(strstr(events.data, "\"channel\":\"12\",\"segment_id\":\"-7\""));
}
END_TEST

static const struct {
    const char *word;
    const char *role;
} roles[] = {
    {"agent", "agent"},       {"AGENT", "agent"},     {"Internal", "agent"},    {"human_agent", "agent"},
    {"customer", "customer"}, {"caller", "customer"}, {"external", "customer"}, {"END_USER", "customer"},
    {"inbound", "customer"},  {"system", "system"},   {"unknown", "unknown"},
};

START_TEST(roles_are_known_by_the_words_that_vendors_use)
{
    char line[200], wanted[40];
    snprintf(line, sizeof line, "{\"conversation_id\":\"c\",\"role\":\"%s\",\"text\":\"\"}", roles[_i].word);
    snprintf(wanted, sizeof wanted, "\"role\":\"%s\"", roles[_i].role);
    ck_assert_int_eq(feed(line), COACH_OK);
    ck_assert_ptr_nonnull(strstr(events.data, wanted));
}
END_TEST

START_TEST(unknown_fields_are_counted_and_nothing_else)
{
    ck_assert_int_eq(feed(LINE(",\"x\":{\"y\":[1]},\"z\":null")), COACH_OK);
    ck_assert_int_eq(feed(CALM), COACH_OK);
    ck_assert_str_eq(troubles.data, "");
    ck_assert(wire_reader_unknown_fields(reader) == 2);
}
END_TEST

START_TEST(what_hello_binds_later_lines_may_leave_out)
{
    ck_assert_ptr_null(wire_reader_call(reader));
    ck_assert(!wire_reader_acks(reader));
    ck_assert_int_eq(feed("{\"type\":\"hello\",\"format\":\"coachd\",\"call_id\":\"c-1\",\"agent_id\":\"sam\","
                          "\"language\":\"en\",\"channels\":{\"0\":\"customer\",\"1\":\"agent\",\"2\":\"unknown\"},"
                          "\"ack\":true}"),
                     COACH_OK);
    ck_assert_str_eq(wire_reader_call(reader), "c-1");
    ck_assert(wire_reader_acks(reader));
    buf_reset(&events);
    ck_assert_int_eq(
        feed("{\"channel\":1,\"text\":\"a\"} {\"channel\":\"0\",\"text\":\"b\"} {\"channel\":2,\"text\":\"c\"}"
             "{\"channel\":0,\"role\":\"agent\",\"text\":\"d\",\"language\":\"de\",\"agent_id\":\"kim\"}"
             "{\"type\":\"call_end\"}"),
        COACH_OK);
    ck_assert_str_eq(troubles.data, "");
    ck_assert_str_eq(events.data,
                     "{\"type\":\"transcript\",\"call_id\":\"c-1\",\"agent_id\":\"sam\",\"language\":\"en\","
                     "\"role\":\"agent\",\"channel\":\"1\",\"is_final\":true,\"text\":\"a\"}\n"
                     "{\"type\":\"transcript\",\"call_id\":\"c-1\",\"agent_id\":\"sam\",\"language\":\"en\","
                     "\"role\":\"customer\",\"channel\":\"0\",\"is_final\":true,\"text\":\"b\"}\n"
                     "{\"type\":\"transcript\",\"call_id\":\"c-1\",\"agent_id\":\"sam\",\"language\":\"en\","
                     "\"role\":\"unknown\",\"channel\":\"2\",\"is_final\":true,\"text\":\"c\"}\n"
                     "{\"type\":\"transcript\",\"call_id\":\"c-1\",\"agent_id\":\"kim\",\"language\":\"de\","
                     "\"role\":\"agent\",\"channel\":\"0\",\"is_final\":true,\"text\":\"d\"}\n"
                     "{\"type\":\"call_end\",\"call_id\":\"c-1\",\"agent_id\":\"sam\",\"language\":\"en\"}\n");
    ck_assert_int_eq(feed("{\"channel\":3,\"text\":\"e\"}"), COACH_OK);
    ck_assert_int_eq(strncmp(troubles.data, "unmapped_channel: ", 18), 0);
}
END_TEST

START_TEST(the_bound_agent_belongs_to_the_bound_call)
{
    ck_assert_int_eq(feed("{\"type\":\"hello\",\"call_id\":\"c-1\",\"agent_id\":\"sam\"}"), COACH_OK);
    ck_assert_int_eq(feed("{\"call_id\":\"c-2\",\"role\":\"agent\",\"text\":\"\"}"), COACH_OK);
    ck_assert_ptr_null(last.agent_id.s);
    ck_assert_int_eq(feed("{\"call_id\":\"c-1\",\"role\":\"agent\",\"text\":\"\"}"), COACH_OK);
    ck_assert_str_eq(last.agent_id.s, "sam");
}
END_TEST

START_TEST(a_language_tag_of_any_length_is_bound)
{
    ck_assert_int_eq(feed("{\"type\":\"hello\",\"language\":\"en-Latn-GB-oxendict-x-the-longest-of-all\"}"), COACH_OK);
    ck_assert_int_eq(feed(CALM), COACH_OK);
    ck_assert_str_eq(last.language.s, "en-Latn-GB-oxendict-x-the-longest-of-all");
}
END_TEST

static const char *const bad_hellos[] = {
    "{\"type\":\"hello\",\"call_id\":\"c-2\",\"ack\":false,\"channels\":{\"0\":\"agent\",\"1\":\"nobody\"}}",
    "{\"type\":\"hello\",\"call_id\":\"c-2\",\"format\":\"vosk\"}",
    "{\"type\":\"hello\",\"call_id\":\"c-2\",\"agent_id\":7}",
    "{\"type\":\"hello\",\"call_id\":\"\"}",
};

START_TEST(a_bad_hello_binds_nothing)
{
    ck_assert_int_eq(feed("{\"type\":\"hello\",\"call_id\":\"c-1\",\"channels\":{\"0\":\"customer\"},\"ack\":true}"),
                     COACH_OK);
    buf_reset(&events);
    ck_assert_int_eq(feed(bad_hellos[_i]), COACH_OK);
    ck_assert_str_eq(events.data, "");
    ck_assert_str_eq(wire_reader_call(reader), "c-1");
    ck_assert(wire_reader_acks(reader));
    ck_assert_int_eq(feed("{\"channel\":0,\"text\":\"\"}"), COACH_OK);
    ck_assert_int_eq(last.role, COACH_ROLE_CUSTOMER);
}
END_TEST

START_TEST(a_later_hello_brings_its_own_channels)
{
    ck_assert_int_eq(feed("{\"type\":\"hello\",\"call_id\":\"c\",\"channels\":{\"0\":\"customer\",\"1\":\"agent\"}}"),
                     COACH_OK);
    ck_assert_int_eq(feed("{\"type\":\"hello\",\"channels\":{\"0\":\"agent\"}}"), COACH_OK);
    ck_assert_int_eq(feed("{\"channel\":0,\"text\":\"\"}"), COACH_OK);
    ck_assert_int_eq(last.role, COACH_ROLE_AGENT);
    ck_assert_str_eq(wire_reader_call(reader), "c");
    ck_assert_int_eq(feed("{\"channel\":1,\"text\":\"\"}"), COACH_OK);
    ck_assert_int_eq(strncmp(troubles.data, "unmapped_channel: ", 18), 0);
}
END_TEST

START_TEST(a_channel_map_has_a_limit)
{
    char line[2000] = "{\"type\":\"hello\",\"channels\":{";
    for (int i = 0; i < _i; i++)
        sprintf(line + strlen(line), "%s\"%d\":\"agent\"", i == 0 ? "" : ",", i);
    strcat(line, "}}");
    ck_assert_int_eq(feed(line), COACH_OK);
    ck_assert_int_eq(strncmp(troubles.data, "bad_field: channels: ", 21) == 0, _i > 64);
}
END_TEST

START_TEST(what_the_handler_returns_ends_the_line)
{
    verdict = COACH_ELIMIT;
    ck_assert_int_eq(feed("[" CALM "," CALM "]" CALM), COACH_ELIMIT);
    ck_assert_str_eq(events.data, READ);
}
END_TEST

#define SHARES                                                                                                         \
    "{\"type\":\"transcript\",\"call_id\":\"c\",\"role\":\"agent\",\"is_final\":false,\"text\":\"\","                  \
    "\"confidence\":0.799600000,\"stability\":0.000000001}\n"

START_TEST(an_event_that_was_written_is_read_as_it_was)
{
    static const char *const full =
        "{\"type\":\"transcript\",\"call_id\":\"c\",\"agent_id\":\"sam\",\"queue\":\"billing\",\"language\":\"en\","
        "\"role\":\"customer\",\"channel\":\"0\",\"segment_id\":\"s 1\",\"is_final\":false,\"append\":true,"
        "\"text\":\"\\\"é\\\\\\n\\u0001\\u007f😀/"
        "\",\"start_ms\":-5,\"end_ms\":10,\"confidence\":0.125,\"stability\":1.000,"
        "\"stable_len\":3,\"end_of_turn\":true,\"speaker\":\"\",\"ts\":\"t\",\"recv_ms\":0,\"reason\":\"r\",\"seq\":0}"
        "\n";
    static const char *const others[] = {
        "{\"type\":\"hello\",\"call_id\":\"c\",\"ack\":true,\"seq\":4611686018427387903}\n",
        "{\"type\":\"call_start\",\"call_id\":\"c\",\"queue\":\"q\"}\n",
        "{\"type\":\"call_end\",\"call_id\":\"c\",\"reason\":\"\"}\n",
        "{\"type\":\"state\",\"call_id\":\"c\",\"state\":\"talking\",\"recv_ms\":604800000}\n",
        "{\"type\":\"state\",\"call_id\":\"c\",\"state\":\"hold\"}\n",
        "{\"type\":\"state\",\"call_id\":\"c\",\"state\":\"lookup\"}\n",
        "{\"type\":\"mute\",\"call_id\":\"c\",\"rule\":\"tone-x\"}\n",
        SHARES,
    };
    const char *line = _i == 0 ? full : others[_i - 1];
    ck_assert_int_eq(feed(line), COACH_OK);
    ck_assert_str_eq(troubles.data, "");
    ck_assert_str_eq(events.data, line);
    ck_assert(wire_reader_unknown_fields(reader) == 0);
}
END_TEST

/* --- JSON --- */

START_TEST(a_state_or_a_rule_beside_the_text_of_a_line_means_nothing)
{
    ck_assert_int_eq(feed(LINE(",\"state\":\"open\",\"rule\":7")), COACH_OK);
    ck_assert_str_eq(troubles.data, "");
    ck_assert_int_eq(last.type, WIRE_TRANSCRIPT);
}
END_TEST

START_TEST(any_text_that_is_written_is_read_back)
{
    char text[300];
    size_t len = 0;
    for (int c = 1; c < 0x80; c++)
        text[len++] = (char)c;
    strcpy(text + len, "é€😀\xc2\x80\xe2\x80\xa8");
    struct json_out j;
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, text, text);
    json_text(&j, "absent", NULL);
    json_open_array(&j, "list");
    json_text(&j, NULL, NULL);
    json_int(&j, NULL, INT64_MIN);
    json_open_object(&j, NULL);
    json_close_object(&j);
    json_bool(&j, NULL, true);
    json_raw(&j, NULL, "[1]", 3);
    json_close_array(&j);
    json_close_object(&j);
    ck_assert_int_eq(json_out_end(&j, true), COACH_OK);
    struct json_in *in = NULL;
    coach_error err;
    ck_assert_msg(json_in_read(out.data, out.len, &in, &err) == COACH_OK, "%s", err.text);
    ck_assert_str_eq(json_in_text(in, text), text);
    ck_assert_uint_eq(json_in_count(in), 2);
    ck_assert_str_eq(json_in_key(in, 1), "list");
    ck_assert_ptr_null(json_in_key(in, 2));
    buf_reset(&out);
    ck_assert_int_eq(json_in_write(json_in_get(in, "list"), &out), COACH_OK);
    ck_assert_str_eq(out.data, "[-9223372036854775808,{},true,[1]]");
    const struct json_in *list = json_in_get(in, "list");
    ck_assert(json_in_is_object(in) && !json_in_is_object(list) && json_in_is_object(json_in_at(list, 1)));
    ck_assert_ptr_null(json_in_at(list, 4));
    ck_assert_ptr_null(json_in_get(list, "x"));
    ck_assert_ptr_null(json_in_string(list));
    ck_assert_int_eq(json_in_int(in, "list", 7), 7);
    ck_assert(json_in_bool(in, "absent", true));
    json_in_free(in);
}
END_TEST

static const struct {
    double value;
    const char *written;
} decimals[] = {
    {0, "0.000"},      {1, "1.000"},          {0.1, "0.100"},
    {0.9996, "1.000"}, {0.0004, "0.000"},     {-0.0004, "0.000"},
    {-1.25, "-1.250"}, {-0.005, "-0.005"},    {1e14, "100000000000000.000"},
    {1e15, "0.000"},   {1e308 * 10, "0.000"}, {123.4567, "123.457"},
};

START_TEST(a_decimal_has_three_places_and_a_point)
{
    struct json_out j;
    json_out_begin(&j, &out);
    json_decimal(&j, NULL, decimals[_i].value);
    ck_assert_int_eq(json_out_end(&j, false), COACH_OK);
    ck_assert_str_eq(out.data, decimals[_i].written);
}
END_TEST

START_TEST(a_value_that_does_not_fit_leaves_nothing_behind)
{
    for (size_t max = 5; max < 5 + 30; max++) {
        struct buf small;
        buf_init(&small, max);
        ck_assert_int_eq(buf_adds(&small, "kept "), COACH_OK);
        struct json_out j;
        json_out_begin(&j, &small);
        json_open_object(&j, NULL);
        json_text(&j, "a \"key\"", "a \\ value");
        json_close_object(&j);
        ck_assert_int_eq(json_out_end(&j, true), max < 5 + 27 ? COACH_ELIMIT : COACH_OK);
        ck_assert_uint_eq(small.len, strlen(small.data));
        ck_assert_str_eq(small.data, max < 5 + 27 ? "kept " : "kept {\"a \\\"key\\\"\":\"a \\\\ value\"}\n");
        buf_clear(&small);
    }
}
END_TEST

START_TEST(a_value_that_cannot_be_copied_out_leaves_nothing_behind)
{
    struct json_in *in = NULL;
    ck_assert_int_eq(json_in_read("{\"a\":[1,2,3]}", 13, &in, NULL), COACH_OK);
    struct buf small;
    buf_init(&small, 8);
    ck_assert_int_eq(buf_adds(&small, "kept"), COACH_OK);
    ck_assert_int_eq(json_in_write(in, &small), COACH_ELIMIT);
    ck_assert_str_eq(small.data, "kept");
    buf_clear(&small);
    json_in_free(in);
}
END_TEST

static const struct {
    const char *text;
    int rc;
    const char *says;
} bad_json[] = {
    {"", COACH_ESYNTAX, ""},
    {"x", COACH_ESYNTAX, "at byte 1"},
    {"{} {}", COACH_ESYNTAX, ""},
    {"{\"a\":1,\"a\":2}", COACH_ESYNTAX, "duplicate object key"},
    {"{\"a\":\"\\u0000\"}", COACH_ESYNTAX, "not allowed"},
    {"{\"a\":\"\xff\"}", COACH_EUTF8, "at byte 7"},
    {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", COACH_ELIMIT, "deeper than 16"},
};

START_TEST(a_bad_value_is_refused_with_its_byte)
{
    struct json_in *in = NULL;
    coach_error err = {0};
    ck_assert_int_eq(json_in_read(bad_json[_i].text, strlen(bad_json[_i].text), &in, &err), bad_json[_i].rc);
    ck_assert_ptr_null(in);
    ck_assert_msg(strstr(err.text, bad_json[_i].says) != NULL, "%s", err.text);
}
END_TEST

/* --- nudges --- */

static struct nudge a_nudge(void)
{
    return (struct nudge){.nudge_id = "5f0c000000000001",
                          .call_id = "c-1842",
                          .agent_id = "sam",
                          .rule = "dismissive-calm-down",
                          .rev = 3,
                          .phrase = 1,
                          .rules_hash = "9b1f000000000000",
                          .category = "dismissive",
                          .severity = "important",
                          .title = "Acknowledge first",
                          .message = "Being told to \"calm down\" angers people.",
                          .suggest = {"I can hear how frustrating this is."},
                          .said = "you need to calm down",
                          .segment_id = "s13",
                          .span = {0, 21},
                          .at_ms = 31020,
                          .end_ms = 32200,
                          .ttl_ms = 9000};
}

#define GOLDEN                                                                                                         \
    "\"nudge_id\":\"5f0c000000000001\",\"call_id\":\"c-1842\",\"agent_id\":\"sam\",\"rule\":\"dismissive-calm-down\"," \
    "\"rev\":3,\"phrase\":1,\"rules_hash\":\"9b1f000000000000\",\"category\":\"dismissive\","                          \
    "\"severity\":\"important\",\"title\":\"Acknowledge first\","                                                      \
    "\"message\":\"Being told to \\\"calm down\\\" angers people.\","                                                  \
    "\"suggest\":[\"I can hear how frustrating this is.\"],\"said\":\"you need to calm down\",\"segment_id\":\"s13\"," \
    "\"span\":[0,21],\"at_ms\":31020,\"ttl_ms\":9000"

START_TEST(a_nudge_is_one_line_that_never_changes)
{
    struct nudge n = a_nudge();
    struct nudge_clocks clocks = {.ts = "2026-03-19T22:05:20.310Z", .received = "r", .sent = "s"};
    ck_assert_int_eq(nudge_write(&n, &clocks, &out), COACH_OK);
    ck_assert_str_eq(out.data, "{\"type\":\"nudge\"," GOLDEN ",\"ts\":\"2026-03-19T22:05:20.310Z\","
                               "\"timing\":{\"end_ms\":32200,\"received\":\"r\",\"sent\":\"s\"}}\n");
}
END_TEST

START_TEST(a_replayed_finding_has_its_reason_and_no_clocks)
{
    struct nudge n = a_nudge();
    n.held = "budget";
    ck_assert_int_eq(nudge_write(&n, NULL, &out), COACH_OK);
    ck_assert_str_eq(out.data, "{\"type\":\"finding\",\"held\":\"budget\"," GOLDEN "}\n");
    n.agent_id = n.segment_id = n.suggest[0] = NULL;
    n.end_ms = COACH_NO_TIME;
    struct nudge_clocks none = {0};
    buf_reset(&out);
    ck_assert_int_eq(nudge_write(&n, &none, &out), COACH_OK);
    ck_assert_ptr_null(strstr(out.data, "agent_id"));
    ck_assert_ptr_nonnull(strstr(out.data, "\"suggest\":[],\"said\":"));
    ck_assert_ptr_nonnull(strstr(out.data, "\"ttl_ms\":9000,\"timing\":{}}\n"));
}
END_TEST

#define ROWS(rows) (int)(sizeof(rows) / sizeof *(rows))

static TCase *add_case(Suite *s, const char *name, SFun setup, SFun teardown)
{
    TCase *t = tcase_create(name);
    tcase_add_checked_fixture(t, setup, teardown);
    suite_add_tcase(s, t);
    return t;
}

static void add_reader_tests(TCase *t)
{
    tcase_add_loop_test(t, a_line_is_read_in_every_shape_that_writers_send, 0, ROWS(shapes));
    tcase_add_loop_test(t, a_bad_line_is_refused_by_field_and_never_quoted, 0, ROWS(refusals));
    tcase_add_test(t, every_code_has_its_name_and_the_reader_its_test);
    tcase_add_test(t, a_nul_byte_is_refused_wherever_it_stands);
    tcase_add_test(t, no_bytes_are_taken_for_a_lack_of_memory);
    tcase_add_test(t, values_before_a_bad_one_are_read);
    tcase_add_test(t, a_place_in_an_error_is_the_byte_of_the_line);
    tcase_add_test(t, brackets_side_by_side_do_not_nest);
    tcase_add_loop_test(t, nesting_is_read_down_to_sixteen, 15, 18);
    tcase_add_loop_test(t, numbers_may_come_as_reals, 0, ROWS(numbers));
    tcase_add_test(t, a_share_out_of_range_is_left_out);
    tcase_add_test(t, an_id_of_the_full_length_is_taken);
    tcase_add_loop_test(t, roles_are_known_by_the_words_that_vendors_use, 0, ROWS(roles));
    tcase_add_test(t, unknown_fields_are_counted_and_nothing_else);
    tcase_add_test(t, what_hello_binds_later_lines_may_leave_out);
    tcase_add_test(t, the_bound_agent_belongs_to_the_bound_call);
    tcase_add_test(t, a_language_tag_of_any_length_is_bound);
    tcase_add_loop_test(t, a_bad_hello_binds_nothing, 0, ROWS(bad_hellos));
    tcase_add_test(t, a_later_hello_brings_its_own_channels);
    tcase_add_loop_test(t, a_channel_map_has_a_limit, 64, 66);
    tcase_add_test(t, what_the_handler_returns_ends_the_line);
    tcase_add_loop_test(t, an_event_that_was_written_is_read_as_it_was, 0, 9);
    tcase_add_test(t, a_state_or_a_rule_beside_the_text_of_a_line_means_nothing);
}

int main(void)
{
    Suite *s = suite_create("wire");
    TCase *t = add_case(s, "lines", setup_out, teardown_out);
    tcase_add_loop_test(t, lines_are_the_same_wherever_the_bytes_are_cut, 0, ROWS(framings));
    tcase_add_loop_test(t, lines_come_out_byte_by_byte_too, 0, ROWS(framings));
    tcase_add_test(t, a_line_without_end_takes_no_more_memory_than_the_limit);
    tcase_add_test(t, what_the_callback_returns_ends_the_feed);
    add_reader_tests(add_case(s, "reader", setup_reader, teardown_reader));
    t = add_case(s, "json", setup_out, teardown_out);
    tcase_add_test(t, any_text_that_is_written_is_read_back);
    tcase_add_loop_test(t, a_decimal_has_three_places_and_a_point, 0, ROWS(decimals));
    tcase_add_test(t, a_value_that_does_not_fit_leaves_nothing_behind);
    tcase_add_test(t, a_value_that_cannot_be_copied_out_leaves_nothing_behind);
    tcase_add_loop_test(t, a_bad_value_is_refused_with_its_byte, 0, ROWS(bad_json));
    t = add_case(s, "nudge", setup_out, teardown_out);
    tcase_add_test(t, a_nudge_is_one_line_that_never_changes);
    tcase_add_test(t, a_replayed_finding_has_its_reason_and_no_clocks);
    return suite_run(s);
}
