/* What a peer that means no good can make a reader of a vendor's format spend. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/base/error.h"
#include "lib/wire/reader.h"
#include "lib/wire/stream.h"
#include "tests/support/suite.h"

static const uint8_t seed[HASH_SEED] = {7};
static struct formats *formats;
static struct wire_reader *reader;
static struct buf out;

static const char listed[] =
    "mapping: listed\nabout: x\ntimes: s\nrecognise:\n  - items: any\nmessages:\n"
    "  - each: 'items[]'\n    when:\n      w: any\n    gives: transcript\n    text: w\n    call: /nowhere\n"
    "    confidence: mean c[]\n    start: from\n    duration: long\n    segment: n\n"
    "samples:\n  - message: '{\"items\": [{\"w\": \"a\", \"n\": 1}]}'\n    gives: |\n"
    "      {\"text\": \"a\", \"segment_id\": \"1\"}\n";

static int on_event(void *user, const struct wire_event *event)
{
    (void)user;
    return wire_event_write(event, &out);
}

static void on_problem(void *user, const struct wire_problem *p)
{
    (void)user;
    ck_assert_int_eq(buf_addf(&out, "!%s\n", wire_code_name(p->code)), COACH_OK);
}

static const struct wire_handler handler = {.event = on_event, .problem = on_problem};

static void feed(const char *line)
{
    ck_assert_int_eq(wire_reader_line(reader, line, strlen(line), &handler), COACH_OK);
}

static void setup(void)
{
    struct diags problems;
    struct source source = {"listed.yaml", listed, sizeof listed - 1};
    diags_init(&problems);
    buf_init(&out, 0);
    ck_assert_int_eq(formats_read(&source, 1, &formats, &problems), COACH_OK);
    ck_assert_msg(problems.count == 0, "%s", problems.count == 0 ? "" : problems.items[0].message);
    diags_clear(&problems);
    reader = wire_reader_new(formats, "p-");
    ck_assert_ptr_nonnull(reader);
    wire_reader_seed(reader, seed);
    feed("{\"type\":\"hello\",\"format\":\"listed\",\"call_id\":\"c\",\"role\":\"agent\"}");
}

static void teardown(void)
{
    wire_reader_free(reader);
    formats_unref(formats);
    buf_clear(&out);
}

static size_t count_of(const char *what)
{
    size_t n = 0;
    for (const char *p = out.data; p != NULL && (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

/* Items of a list, each of which is looked up a key for among the many of the whole message. */
static void send_grid(int keys, int items)
{
    struct buf line;
    buf_init(&line, 0);
    ck_assert_int_eq(buf_adds(&line, "{"), COACH_OK);
    for (int i = 0; i < keys; i++)
        ck_assert_int_eq(buf_addf(&line, "\"k%d\":0,", i), COACH_OK);
    ck_assert_int_eq(buf_adds(&line, "\"items\":["), COACH_OK);
    for (int i = 0; i < items; i++)
        ck_assert_int_eq(buf_addf(&line, "%s{\"w\":\"a\",\"n\":%d}", i == 0 ? "" : ",", i), COACH_OK);
    ck_assert_int_eq(buf_adds(&line, "]}"), COACH_OK);
    feed(line.data);
    buf_clear(&line);
}

START_TEST(a_message_whose_items_have_all_of_its_keys_looked_through_is_given_up)
{
    send_grid(2000, 2000);
    size_t events = count_of("\"transcript\"");
    ck_assert_uint_gt(events, 500);
    ck_assert_uint_lt(events, 1500);
    ck_assert_uint_eq(count_of("!"), 1);
    ck_assert_uint_eq(count_of("!too_long"), 1);
}
END_TEST

START_TEST(a_long_message_with_few_keys_is_taken_whole)
{
    send_grid(20, 2000);
    ck_assert_uint_eq(count_of("\"transcript\""), 2000);
    ck_assert_uint_eq(count_of("!"), 0);
}
END_TEST

START_TEST(numbers_that_are_too_large_together_are_no_lack_of_memory)
{
    feed("{\"items\":[{\"w\":\"a\",\"n\":1,\"c\":[1.5e308,1.5e308]}]}");
    ck_assert_uint_eq(count_of("\"transcript\""), 1);
    ck_assert_uint_eq(count_of("confidence"), 0);
}
END_TEST

START_TEST(a_duration_of_more_than_a_day_is_left_out)
{
    feed(
        "{\"items\":[{\"w\":\"a\",\"n\":1,\"from\":1,\"long\":2},{\"w\":\"b\",\"n\":2,\"from\":1,\"long\":90000000}]}");
    ck_assert_uint_eq(count_of("\"start_ms\":1000"), 2);
    ck_assert_uint_eq(count_of("\"end_ms\":3000"), 1);
    ck_assert_uint_eq(count_of("end_ms"), 1);
}
END_TEST

/* Each of them costs more than its bytes, most of all where the format is to be recognised. */
START_TEST(a_line_of_very_many_objects_is_taken_in_part)
{
    struct buf line;
    buf_init(&line, 0);
    for (int i = 0; i < 2 * WIRE_MAX_OBJECTS; i++)
        ck_assert_int_eq(buf_adds(&line, i % 2 == 0 ? "{}" : "[{},{}]"), COACH_OK);
    feed(line.data);
    ck_assert_uint_eq(count_of("!unknown_type"), WIRE_MAX_OBJECTS);
    ck_assert_uint_eq(count_of("!too_long"), 1);
    buf_clear(&line);
}
END_TEST

START_TEST(an_empty_message_needs_no_bytes)
{
    size_t before = out.len;
    ck_assert_int_eq(wire_reader_message(reader, NULL, 0, &handler), COACH_OK);
    ck_assert_uint_eq(out.len, before);
}
END_TEST

/* Fills the texts of all sides of a call. */
static void fill(struct stream *s, const char *id)
{
    static char text[STREAM_MAX_TEXT];
    struct stream_call *c = stream_call(s, id, strlen(id));
    char name[16];
    bool full;
    ck_assert_ptr_nonnull(c);
    for (int i = 0; i < STREAM_SIDES; i++) {
        snprintf(name, sizeof name, "%d", i);
        struct stream_side *side = stream_side(c, name, strlen(name), &full);
        ck_assert_ptr_nonnull(side);
        buf_reset(&side->text);
        ck_assert_int_eq(buf_add(&side->text, text, sizeof text), COACH_OK);
    }
}

static size_t bytes_of(const struct stream *s)
{
    size_t bytes = 0;
    for (const struct table_entry *at = table_next(&s->calls, NULL); at != NULL; at = table_next(&s->calls, at)) {
        const struct stream_call *c = table_value(at);
        for (size_t i = 0; i < c->nsides; i++)
            bytes += c->sides[i]->text.cap;
    }
    return bytes;
}

START_TEST(calls_with_long_utterances_are_kept_in_bounded_memory)
{
    struct stream s;
    char id[16];
    stream_init(&s, seed);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 600; i++) {
            snprintf(id, sizeof id, "c%d", i);
            fill(&s, id);
            ck_assert_uint_le(bytes_of(&s), (size_t)STREAM_MAX_BYTES + STREAM_SIDES * (STREAM_MAX_TEXT + 1));
        }
    ck_assert_uint_gt(table_count(&s.calls), 100);
    ck_assert_ptr_nonnull(table_get(&s.calls, "c599", 4));
    ck_assert_ptr_null(table_get(&s.calls, "c0", 2));
    stream_clear(&s);
}
END_TEST

START_TEST(calls_that_are_forgotten_make_room)
{
    struct stream s;
    stream_init(&s, seed);
    stream_call(&s, "first", 5);
    for (int i = 0; i < 1000; i++) {
        fill(&s, "second");
        stream_call(&s, "third", 5);
        stream_forget(&s, "third", 5);
        stream_forget(&s, "second", 6);
    }
    ck_assert_ptr_nonnull(table_get(&s.calls, "first", 5));
    ck_assert_uint_eq(s.bytes, sizeof(struct stream_call));
    stream_clear(&s);
}
END_TEST

START_TEST(calls_are_looked_up_by_the_seed_of_the_reader)
{
    struct stream s;
    static const uint8_t none[HASH_SEED];
    stream_init(&s, seed);
    ck_assert_mem_eq(s.calls.seed, seed, sizeof seed);
    ck_assert_mem_ne(s.calls.seed, none, sizeof none);
    stream_clear(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vendor_limits");
    TCase *messages = tcase_create("messages"), *streams = tcase_create("streams");
    tcase_add_checked_fixture(messages, setup, teardown);
    tcase_add_test(messages, a_message_whose_items_have_all_of_its_keys_looked_through_is_given_up);
    tcase_add_test(messages, a_long_message_with_few_keys_is_taken_whole);
    tcase_add_test(messages, numbers_that_are_too_large_together_are_no_lack_of_memory);
    tcase_add_test(messages, a_duration_of_more_than_a_day_is_left_out);
    tcase_add_test(messages, a_line_of_very_many_objects_is_taken_in_part);
    tcase_add_test(messages, an_empty_message_needs_no_bytes);
    tcase_add_test(streams, calls_with_long_utterances_are_kept_in_bounded_memory);
    tcase_add_test(streams, calls_that_are_forgotten_make_room);
    tcase_add_test(streams, calls_are_looked_up_by_the_seed_of_the_reader);
    suite_add_tcase(s, messages);
    suite_add_tcase(s, streams);
    return suite_run(s);
}
