/* Mapping files and what a reader makes of a vendor's messages with them. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/wire/formats.h"
#include "lib/wire/mapping.h"
#include "lib/wire/reader.h"
#include "tests/support/suite.h"

/* --- reading files --- */

#define HEAD     "mapping: words\nabout: x\n"
#define SAMPLES  "samples:\n  - message: |\n      {\"m\": \"hi\"}\n    gives: |\n      {\"text\": \"hi\"}\n"
#define MESSAGES "messages:\n  - gives: transcript\n    text: m\n"

static struct diags problems;
static struct formats *formats;

static void setup(void)
{
    diags_init(&problems);
    formats = NULL;
}

static void teardown(void)
{
    formats_unref(formats);
    diags_clear(&problems);
}

static void read_files(const char *const *texts, size_t n)
{
    static struct source sources[4];
    for (size_t i = 0; i < n; i++)
        sources[i] = (struct source){.name = "f.yaml", .text = texts[i], .len = strlen(texts[i])};
    ck_assert_int_eq(formats_read(sources, n, &formats, &problems), COACH_OK);
}

static const char *first_problem(void)
{
    static char text[500];
    if (problems.count == 0)
        return "";
    const struct diag *d = &problems.items[0];
    snprintf(text, sizeof text, "%d %s %s", d->at.line, d->code, d->message);
    return text;
}

START_TEST(a_small_file_is_a_format)
{
    const char *text = HEAD MESSAGES SAMPLES;
    read_files(&text, 1);
    ck_assert_str_eq(first_problem(), "");
    ck_assert_uint_eq(formats_count(formats), 1);
    ck_assert_str_eq(mapping_name(formats_find(formats, "words")), "words");
    ck_assert_str_eq(mapping_about(formats_at(formats, 0)), "x");
    ck_assert_ptr_null(formats_find(formats, "word"));
}
END_TEST

/* Each is wrong at one place. */
static const struct {
    const char *text, *problem;
} wrong[] = {
    {"", "0 mapping-missing-key the file is empty"},
    {"- a\n", "1 mapping-kind a mapping file: expected keys and values, found a list"},
    {"about: x\n" MESSAGES SAMPLES, "1 mapping-missing-key 'mapping' is missing"},
    {"mapping: words\n" MESSAGES SAMPLES, "1 mapping-missing-key 'about' is missing"},
    {HEAD SAMPLES, "1 mapping-missing-key 'messages' is missing"},
    {HEAD MESSAGES, "1 mapping-missing-key 'samples' is missing"},
    {"mapping: Words!\nabout: x\n" MESSAGES SAMPLES, "1 mapping-name mapping: expected lower-case"},
    {"mapping: auto\nabout: x\n" MESSAGES SAMPLES, "1 mapping-name mapping: 'auto' is taken"},
    {HEAD "tims: s\n" MESSAGES SAMPLES, "3 mapping-unknown-key a mapping file: there is no key 'tims' here"},
    {HEAD "times: hours\n" MESSAGES SAMPLES, "3 mapping-word times: expected one of ms, s, us, ticks"},
    {HEAD "clock: wall\n" MESSAGES SAMPLES, "3 mapping-word clock:"},
    {HEAD "framing: packets\n" MESSAGES SAMPLES, "3 mapping-word framing:"},
    {HEAD "confidence_of: much\n" MESSAGES SAMPLES, "3 mapping-number confidence_of: expected a number above 0"},
    {HEAD "utterances: many\n" MESSAGES SAMPLES, "3 mapping-word utterances:"},
    {HEAD "utterances: named\n" MESSAGES SAMPLES, "3 mapping-missing-key utterances: named: no message has"},
    {HEAD "framing: columns\n" MESSAGES SAMPLES, "1 mapping-missing-key 'framing: columns' and 'columns' go together"},
    {HEAD "columns:\n  - a\n" MESSAGES SAMPLES, "1 mapping-missing-key 'framing: columns' and 'columns' go together"},
    {HEAD "roles:\n  IVR: robot\n" MESSAGES SAMPLES, "4 mapping-word roles: expected one of unknown, agent"},
    {HEAD "unwrap:\n  - a b\n" MESSAGES SAMPLES, "4 mapping-path unwrap: ' ' cannot stand in a path"},
    {HEAD "every:\n  txet: a\n" MESSAGES SAMPLES, "4 mapping-unknown-key every: there is no key 'txet' here"},
    {HEAD "messages:\n  - gives: transcript\n    text: m in ms\n" SAMPLES,
     "5 mapping-path text: only start, end and duration are in a unit"},
    {HEAD "unwrap: a\n" MESSAGES SAMPLES, "3 mapping-kind unwrap: expected a list"},
    {HEAD "recognise:\n  - only:\n      - a.b\n" MESSAGES SAMPLES, "5 mapping-path only: expected keys, not paths"},
    {HEAD "messages:\n  - text: m\n" SAMPLES, "4 mapping-missing-key a message needs 'gives'"},
    {HEAD "messages:\n  - gives: words\n" SAMPLES, "4 mapping-word gives: expected one of transcript"},
    {HEAD "messages:\n  - gives: nothing\n" SAMPLES, "4 mapping-missing-key gives: nothing needs a 'because'"},
    {HEAD "messages:\n  - gives: transcript\n" SAMPLES, "4 mapping-missing-key a transcript needs 'text'"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    txet: m\n" SAMPLES,
     "6 mapping-unknown-key messages: there is no key 'txet' here"},
    {HEAD "messages:\n  - gives: transcript\n    text: a..b\n" SAMPLES, "5 mapping-path text: a key is missing"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    each: items\n" SAMPLES,
     "6 mapping-path each: say which list: put [] behind its key"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    join: channel\n" SAMPLES,
     "6 mapping-missing-key join: needs 'each'"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    append: yes\n" SAMPLES,
     "6 mapping-word append: expected one of always"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    stable:\n      while: s\n" SAMPLES,
     "7 mapping-missing-key stable: 'items' is missing"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    stable:\n      items: a[]\n      while: s\n" SAMPLES,
     "7 mapping-missing-key stable: 'text' is missing"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    stable:\n      items: a[]\n      text: t\n" SAMPLES,
     "7 mapping-missing-key stable: 'while' is missing"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    stable:\n      items: a\n      text: t\n      while: "
          "s\n" SAMPLES,
     "7 mapping-path items: say which list"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    end: e\n    duration: d\n" SAMPLES,
     "6 mapping-word end: take either 'end' or 'duration'"},
    {HEAD "messages:\n  - gives: transcript\n    text: m\n    when:\n      a[].b: 1\n" SAMPLES,
     "7 mapping-path when: a condition cannot look into every item"},
    {HEAD "messages:\n  - gives: call_start\n    channels: c\n" SAMPLES,
     "5 mapping-kind channels: expected keys and values"},
    {HEAD MESSAGES "samples:\n", "6 mapping-sample samples: expected a list"},
    {HEAD MESSAGES "samples:\n  - gives: nothing\n", "7 mapping-sample a sample needs 'message'"},
    {HEAD MESSAGES "samples:\n  - message: '{}'\n", "7 mapping-sample a sample needs 'gives'"},
    {HEAD MESSAGES "samples:\n  - message: '{}'\n    gives: nothing\n    wants: x\n",
     "9 mapping-sample a sample has 'message'"},
    {HEAD MESSAGES "samples:\n  - message: |\n      {\"m\": \"hi\"}\n    gives: nothing\n",
     "9 mapping-sample the sample gives 1 events"},
    {HEAD MESSAGES "samples:\n  - message: |\n      {\"m\": \"hi\"}\n    gives: |\n      {\"text\": \"ho\"}\n",
     "10 mapping-sample the sample gives another text"},
    {HEAD MESSAGES
     "samples:\n  - message: |\n      {\"m\": \"hi\"}\n    gives: |\n      {\"text\": \"hi\", \"role\": null}\n",
     "10 mapping-sample the sample gives another role"},
    {HEAD MESSAGES "samples:\n  - message: |\n      {\"m\": \"hi\"}\n    gives: |\n      {}\n      {}\n",
     "9 mapping-sample the sample gives 1 events, here are 2"},
    {HEAD MESSAGES "samples:\n  - message: |\n      {\"m\": \"hi\"}\n    gives: |\n      hi\n",
     "10 mapping-sample gives: expected the fields of an event"},
    {HEAD MESSAGES "samples:\n  - message: |\n      {\"m\n    gives: nothing\n",
     "7 mapping-sample the sample gives a problem: bad_json"},
    {HEAD MESSAGES "samples:\n  - message: |\n      {\"m\": \"hi\"}\n    problem: bad_json\n    gives: |\n      {}\n",
     "9 mapping-sample the sample gives no problem"},
    {HEAD MESSAGES "samples:\n  - message: |\n      {\"m\n    problem: bad_field\n",
     "9 mapping-sample the sample gives another problem"},
};

START_TEST(a_wrong_file_is_left_out_and_its_place_is_told)
{
    read_files(&wrong[_i].text, 1);
    ck_assert_msg(strncmp(first_problem(), wrong[_i].problem, strlen(wrong[_i].problem)) == 0, "%s", first_problem());
    ck_assert_uint_eq(formats_count(formats), 0);
}
END_TEST

START_TEST(a_site_s_file_of_the_same_name_counts_and_a_wrong_one_does_not)
{
    const char *shipped = HEAD MESSAGES SAMPLES, *site = "mapping: words\nabout: ours\n" MESSAGES SAMPLES,
               *bad = "mapping: words\nabout: bad\n" MESSAGES "samples:\n  - message: '{}'\n    gives: |\n      {}\n",
               *other = "mapping: aaa\nabout: other\n" MESSAGES SAMPLES;
    read_files((const char *const[]){shipped, site, other, bad}, 4);
    ck_assert_uint_eq(problems.levels[DIAG_ERROR] > 0, 1);
    ck_assert_uint_eq(formats_count(formats), 2);
    ck_assert_str_eq(mapping_name(formats_at(formats, 0)), "aaa");
    ck_assert_str_eq(mapping_about(formats_at(formats, 1)), "ours");
}
END_TEST

/* --- reading messages --- */

static struct buf out;
static struct wire_reader *reader;

/* Events as canonical lines without their call, problems as !code, what was ignored as ~why. */
static int note_event(void *user, const struct wire_event *event)
{
    struct wire_event e = *event;
    (void)user;
    if (e.type == WIRE_HELLO)
        return COACH_OK;
    if (e.call_id.s != NULL && strcmp(e.call_id.s, "c") == 0)
        e.call_id = (struct wire_text){0};
    return wire_event_write(&e, &out);
}

static void note_problem(void *user, const struct wire_problem *problem)
{
    (void)user;
    buf_addf(&out, "!%s\n", wire_code_name(problem->code));
}

static void note_ignored(void *user, const char *why)
{
    (void)user;
    buf_addf(&out, "~%s\n", why);
}

static const struct wire_handler handler = {note_event, note_problem, note_ignored, NULL};

static const char named[] =
    "mapping: named\nabout: x\ntimes: s\nrecognise:\n  - words: any\n"
    "messages:\n"
    "  - when:\n      kind: start\n    gives: call_start\n    call: id\n    agent: who\n    channels:\n      "
    "left: labels.left\n"
    "  - when:\n      kind: stop\n    gives: call_end\n    reason: why\n"
    "  - when:\n      kind: pause\n    gives: finish\n    channel: ch\n"
    "  - when:\n      kind: drop\n    gives: clear\n"
    "  - when:\n      words: any\n    gives: transcript\n    text: words\n    segment: seg\n    final: last\n"
    "    channel: ch\n    role: who\n    start: from\n    end: to\n    confidence: sure\n    stability: steady\n"
    "samples:\n  - message: '{\"words\": \"a\", \"last\": true}'\n    gives: |\n      {\"text\": \"a\"}\n";

static const char open_one[] =
    "mapping: open\nabout: x\ntimes: ticks\nclock: epoch\nutterances: one_at_a_time\n"
    "confidence_of: 100\nroles:\n  bot: system\nrecognise:\n  - say: any\n    only:\n      - say\n      - id\n"
    "messages:\n"
    "  - gives: transcript\n    text: say\n    segment: id\n    final: done\n    role: who\n    start: t\n    "
    "duration: d\n    confidence: c\n"
    "samples:\n  - message: '{\"say\": \"a\"}'\n    gives: |\n      {\"text\": \"a\"}\n";

static const char joined[] =
    "mapping: joined\nabout: x\nutterances: one_at_a_time\nrecognise:\n  - results: any\n"
    "messages:\n"
    "  - each: results[]\n    join: channel\n    gives: transcript\n    text: t\n    final: f\n    channel: ch\n"
    "    stability: s\n    stable:\n      while: s\n      at_least: 0.8\n"
    "samples:\n  - message: '{\"results\": []}'\n    gives: nothing\n";

static const char appended[] =
    "mapping: appended\nabout: x\nunwrap:\n  - outer\n  - inner\n"
    "messages:\n"
    "  - each: parts[]\n    when:\n      piece: any\n    gives: transcript\n    text: piece\n    append: always\n    "
    "final: never\n"
    "    segment: of\n    role: ../who\n"
    "  - each: parts[]\n    when:\n      whole: any\n    gives: transcript\n    text: whole\n    segment: of\n    "
    "role: /who\n"
    "    stable:\n      items: words[]\n      text: w\n      while: ok\n    final: done\n"
    "  - each: parts[]\n    when:\n      noise: any\n    gives: nothing\n    because: noise\n"
    "samples:\n  - message: '{\"parts\": []}'\n    gives: nothing\n";

static const char lines[] =
    "mapping: lines\nabout: x\nframing: columns\ntimes: ms\ncolumns:\n  - from#\n  - text\n"
    "messages:\n  - gives: transcript\n    text: text\n    start: from\n"
    "samples:\n  - message: 7 hello there\n    gives: |\n      {\"text\": \"hello there\", \"start_ms\": 7}\n";

/* What entries share, what stands around a message, times in a unit of their own, what comes late or again. */
static const char shared[] =
    "mapping: shared\nabout: x\ntimes: s\nutterances: one_at_a_time\nunwrap:\n  - body\n"
    "recognise:\n  - ../who: any\n    say: \"\"\n"
    "every:\n  role:\n    - ../who\n    - ../../who\n  call: ../../call\n"
    "messages:\n"
    "  - each: '[]'\n    when:\n      say: any\n    gives: transcript\n    text: say\n    final: done\n"
    "    order: n\n    start: from\n    end: to in ms\n"
    "  - each: '[]'\n    when:\n      say: \"\"\n    gives: nothing\n    because: silence\n    call: say\n"
    "samples:\n  - message: '{\"say\": \"\"}'\n    gives: nothing\n";

static const char blocks[] =
    "mapping: blocks\nabout: x\nframing: headers\nrecognise:\n  - Path: any\n"
    "messages:\n  - gives: transcript\n    text: body.t\n"
    "samples:\n  - message: |\n      Path: x\n\n      {\"t\": \"a\"}\n    gives: |\n      {\"text\": \"a\"}\n";

static void setup_reader(void)
{
    setup();
    buf_init(&out, 0);
    struct source sources[] = {
        {"named.yaml", named, sizeof named - 1},    {"open.yaml", open_one, sizeof open_one - 1},
        {"joined.yaml", joined, sizeof joined - 1}, {"appended.yaml", appended, sizeof appended - 1},
        {"lines.yaml", lines, sizeof lines - 1},    {"blocks.yaml", blocks, sizeof blocks - 1},
        {"shared.yaml", shared, sizeof shared - 1}};
    ck_assert_int_eq(formats_read(sources, sizeof sources / sizeof *sources, &formats, &problems), COACH_OK);
    ck_assert_msg(problems.count == 0, "%s", first_problem());
    reader = wire_reader_new(formats, "p-");
    ck_assert_ptr_nonnull(reader);
}

static void teardown_reader(void)
{
    wire_reader_free(reader);
    buf_clear(&out);
    teardown();
}

static void feed(const char *text)
{
    for (const char *p = text, *stop; *p != '\0'; p = stop + (*stop == '\n')) {
        stop = p + strcspn(p, "\n");
        ck_assert_int_eq(wire_reader_line(reader, p, (size_t)(stop - p), &handler), COACH_OK);
    }
}

static const char *given(void)
{
    return out.data == NULL ? "" : out.data;
}

#define T(role, rest) "{\"type\":\"transcript\",\"role\":\"" role "\"," rest "}\n"

static const struct {
    const char *format, *lines, *events;
} decoded[] = {
    {"named",
     "{\"words\": \"one\", \"seg\": 5, \"who\": \"CALLER\", \"from\": \"1.5\", \"to\": 2, \"sure\": \"0.5\", "
     "\"steady\": 0.25}\n"
     "{\"words\": \"one two\", \"seg\": \"5\", \"who\": \"agent\", \"last\": \"true\"}\n",
     T("customer", "\"segment_id\":\"5\",\"is_final\":false,\"text\":\"one\",\"start_ms\":1500,\"end_ms\":2000,"
                   "\"confidence\":0.500,\"stability\":0.250")
         T("agent", "\"segment_id\":\"5\",\"is_final\":true,\"text\":\"one two\"")},
    {"named", "{\"words\": \"a\", \"seg\": 1, \"ch\": 0, \"last\": 1}\n", "!unmapped_channel\n"},
    {"named", "{\"words\": \"a\", \"seg\": 1, \"last\": 1}\n", "!missing_field\n"},
    {"named", "{\"words\": \"a\", \"seg\": 1, \"who\": \"parrot\", \"last\": 1}\n", "!bad_field\n"},
    {"named", "{\"words\": \"a\", \"who\": \"agent\", \"seg\": \"\\u0001\", \"last\": 1}\n", "!bad_field\n"},
    {"named", "{\"type\":\"hello\",\"role\":\"customer\"}\n{\"words\": \"a\", \"seg\": 1, \"last\": 1}\n",
     T("customer", "\"segment_id\":\"1\",\"is_final\":true,\"text\":\"a\"")},
    {"named",
     "{\"type\":\"hello\",\"channels\":{\"0\":\"agent\"}}\n{\"words\": \"a\", \"seg\": 1, \"ch\": 0, \"last\": 1}\n",
     T("agent", "\"channel\":\"0\",\"segment_id\":\"1\",\"is_final\":true,\"text\":\"a\"")},
    /* who speaks on a channel, as the vendor says at the beginning */
    {"named",
     "{\"kind\": \"start\", \"labels\": {\"left\": \"customer\"}, \"who\": \"sam\"}\n{\"words\": \"a\", \"seg\": 1, "
     "\"ch\": "
     "\"left\", \"last\": 1}\n{\"kind\": \"STOP\", \"why\": \"bye\"}\n{\"words\": \"a\", \"seg\": 1, \"ch\": \"left\", "
     "\"last\": 1}\n",
     "{\"type\":\"call_start\",\"agent_id\":\"sam\"}\n" T("customer",
                                                          "\"channel\":\"left\",\"segment_id\":\"1\",\"is_final\":true,"
                                                          "\"text\":\"a\"") "{\"type\":\"call_end\","
                                                                            "\"reason\":\"bye\"}\n!unmapped_"
                                                                            "channel\n"},
    /* what is open ends with its words, or without */
    {"named",
     "{\"words\": \"a\", \"seg\": 1, \"who\": \"agent\"}\n{\"kind\": \"drop\"}\n{\"kind\": \"drop\"}\n{\"words\": "
     "\"b\", \"seg\": 2, "
     "\"who\": \"agent\", \"ch\": \"x\"}\n{\"kind\": \"pause\", \"ch\": \"y\"}\n",
     T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"") T(
         "agent", "\"segment_id\":\"1\",\"is_final\":true,\"text\":\"\",\"end_of_turn\":true")
         T("agent", "\"channel\":\"x\",\"segment_id\":\"2\",\"is_final\":false,\"text\":\"b\"") "!unmapped_channel\n"},
    {"named",
     "{\"type\":\"hello\",\"channels\":{\"x\":\"agent\"}}\n{\"words\": \"b\", \"seg\": 2, \"ch\": \"x\"}\n{\"kind\": "
     "\"pause\", "
     "\"ch\": \"x\"}\n{\"kind\": \"pause\", \"ch\": \"x\"}\n",
     T("agent", "\"channel\":\"x\",\"segment_id\":\"2\",\"is_final\":false,\"text\":\"b\"")
         T("agent", "\"channel\":\"x\",\"segment_id\":\"2\",\"is_final\":true,\"text\":\"b\",\"end_of_turn\":true")},
    {"named", "{\"kind\": \"news\"}\n", "!unknown_type\n"},
    {"named", "{\"kind\": \"\n{\"words\": \"a\", \"seg\": 1, \"who\": \"agent\"}\n",
     "!bad_json\n" T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"")},
    {"named", "words=hi+there&seg=7&who=agent&last=true\n",
     T("agent", "\"segment_id\":\"7\",\"is_final\":true,\"text\":\"hi there\"")},
    {"named", "[{\"words\": \"a\", \"seg\": 1, \"who\": \"agent\"}, 5]\n",
     T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"") "!bad_json\n"},
    {"named", "{\"words\": \"a\", \"seg\": 1, \"who\": \"agent\", \"from\": 90000, \"to\": \"soon\"}\n",
     "~a time more than a day away from the call's beginning\n~a time that is none\n" T(
         "agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"")},
    /* one at a time: a final closes what is open, and late or repeated results are told by the vendor's id */
    {"open",
     "{\"say\": \"a\", \"id\": \"x\", \"who\": \"bot\", \"t\": 50000, \"d\": 10000, \"c\": 50}\n{\"say\": \"a b\", "
     "\"id\": \"y\", "
     "\"who\": \"bot\", \"done\": 1, \"t\": 60000, \"c\": 101}\n{\"say\": \"a\", \"id\": \"x\", \"who\": "
     "\"bot\"}\n{\"say\": \"a b\", "
     "\"id\": \"y\", \"done\": true, \"who\": \"bot\"}\n{\"say\": \"c\", \"id\": \"z\", \"done\": true, \"who\": "
     "\"bot\"}\n",
     T("system",
       "\"segment_id\":\"p-u1\",\"is_final\":false,\"text\":\"a\",\"start_ms\":0,\"end_ms\":1,\"confidence\":0.500")
         T("system",
           "\"segment_id\":\"p-u1\",\"is_final\":true,\"text\":\"a b\",\"start_ms\":1") "~an interim result after its "
                                                                                        "final\n~a final that was "
                                                                                        "there before\n" T(
                                                                                            "system",
                                                                                            "\"segment_id\":\"p-u2\","
                                                                                            "\"is_final\":true,"
                                                                                            "\"text\":\"c\"")},
    {"open",
     "{\"say\": \"\", \"who\": \"agent\", \"done\": 1}\n{\"say\": \"a\", \"who\": \"agent\"}\n{\"say\": \"b\", "
     "\"who\": "
     "\"customer\"}\n{\"who\": \"agent\", \"done\": 1}\n{\"say\": \"c\", \"who\": \"agent\", \"done\": 1}\n",
     "~no words\n" T("agent", "\"segment_id\":\"p-u1\",\"is_final\":false,\"text\":\"a\"")
         T("customer", "\"segment_id\":\"p-u2\",\"is_final\":false,\"text\":\"b\"")
             T("agent", "\"segment_id\":\"p-u1\",\"is_final\":true,\"text\":\"\"")
                 T("agent", "\"segment_id\":\"p-u3\",\"is_final\":true,\"text\":\"c\"")},
    /* the items of a channel are one utterance, and a final item ends it */
    {"joined",
     "{\"type\":\"hello\",\"channels\":{\"0\":\"agent\",\"1\":\"customer\"}}\n{\"results\": [{\"t\": \" to be\", "
     "\"s\": 0.9, \"ch\": "
     "0}, {\"t\": \"hm\", \"ch\": 1, \"s\": 0.1}, {\"t\": \" or not\", \"s\": 0.01, \"ch\": 0}]}\n{\"results\": "
     "[{\"t\": \" to be or "
     "not\", \"f\": true, \"ch\": 0}, {\"t\": \" that\", \"ch\": 0, \"s\": 0.9}]}\n{\"results\": []}\n",
     T("agent",
       "\"channel\":\"0\",\"segment_id\":\"p-u1\",\"is_final\":false,\"text\":\"to be or not\",\"stability\":0.900,"
       "\"stable_len\":5")
         T("customer",
           "\"channel\":\"1\",\"segment_id\":\"p-u2\",\"is_final\":false,\"text\":\"hm\",\"stability\":0.100,"
           "\"stable_len\":0")
             T("agent", "\"channel\":\"0\",\"segment_id\":\"p-u1\",\"is_final\":true,\"text\":\"to be or not\"")
                 T("agent",
                   "\"channel\":\"0\",\"segment_id\":\"p-u3\",\"is_final\":false,\"text\":\"that\",\"stability\":0.900,"
                   "\"stable_len\":4")},
    /* lists, wrappers, appending */
    {"appended",
     "{\"outer\": {\"inner\": {\"who\": \"agent\", \"parts\": [{\"piece\": \"a b\", \"of\": \"s\"}, {\"noise\": 1}, "
     "{\"piece\": "
     "\"c\", \"of\": \"s\"}, {\"odd\": 1}, {\"whole\": \"a b c\", \"of\": \"s\", \"done\": true}]}}}\n",
     T("agent", "\"segment_id\":\"s\",\"is_final\":false,\"append\":true,\"text\":\"a b\"") "~noise\n" T(
         "agent",
         "\"segment_id\":\"s\",\"is_final\":false,\"append\":true,\"text\":\"c\"") "~no entry speaks for an item of "
                                                                                   "its "
                                                                                   "list\n" T("agent",
                                                                                              "\"segment_id\":\"s\","
                                                                                              "\"is_final\":true,"
                                                                                              "\"text\":\"a b c\"")},
    {"appended",
     "{\"who\": \"agent\", \"parts\": [{\"whole\": \"my name is bo\", \"of\": 1, \"words\": [{\"w\": \"my\", \"ok\": "
     "true}, {\"w\": "
     "\"name\", \"ok\": \"true\"}, {\"w\": \"is\", \"ok\": false}, {\"w\": \"bo\", \"ok\": true}]}]}\n",
     T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"my name is bo\",\"stable_len\":7")},
    {"lines", "{\"type\":\"hello\",\"role\":\"agent\"}\n12 hello there\nhello\n\n13 bye\n",
     T("agent", "\"segment_id\":\"p-u1\",\"is_final\":true,\"text\":\"hello there\",\"start_ms\":12") "!bad_field\n" T(
         "agent", "\"segment_id\":\"p-u2\",\"is_final\":true,\"text\":\"bye\",\"start_ms\":13")},
    {"shared",
     "{\"who\": \"agent\", \"call\": \"7\", \"body\": \"[{\\\"say\\\": \\\"a\\\", \\\"n\\\": 1, \\\"from\\\": 1, "
     "\\\"to\\\": 1500}, {\\\"say\\\": "
     "\\\"a b\\\", \\\"n\\\": 3}]\"}\n"
     "{\"who\": \"agent\", \"call\": 7, \"body\": {\"say\": \"a c\", \"n\": 2}}\n"
     "{\"who\": \"agent\", \"call\": 7, \"body\": {\"say\": \"a b c\", \"n\": 2, \"done\": 1}}\n"
     "{\"who\": \"agent\", \"call\": 7, \"body\": [{\"say\": \"\"}, {\"noise\": 1}]}\n"
     "{\"who\": \"agent\", \"call\": 7, \"body\": {\"noise\": 1}}\n"
     "{\"who\": \"agent\", \"call\": 7, \"body\": \"{\"}\n",
     "{\"type\":\"transcript\",\"call_id\":\"7\",\"role\":\"agent\",\"segment_id\":\"p-u1\",\"is_final\":false,"
     "\"text\":\"a\","
     "\"start_ms\":1000,\"end_ms\":1500}\n"
     "{\"type\":\"transcript\",\"call_id\":\"7\",\"role\":\"agent\",\"segment_id\":\"p-u1\",\"is_final\":false,"
     "\"text\":\"a b\"}\n"
     "~an interim result that comes late\n"
     "{\"type\":\"transcript\",\"call_id\":\"7\",\"role\":\"agent\",\"segment_id\":\"p-u1\",\"is_final\":true,\"text\":"
     "\"a b c\"}\n"
     "~silence\n!unknown_type\n!bad_json\n"},
    {"named",
     "{\"words\": \"a\", \"seg\": 1, \"who\": \"agent\", \"last\": 1, \"sure\": 0}\n{\"words\": \"a\", \"seg\": 1, "
     "\"who\": "
     "\"agent\", \"last\": 1}\n{\"words\": \"b\", \"seg\": 1, \"who\": \"agent\", \"last\": 1}\n",
     T("agent", "\"segment_id\":\"1\",\"is_final\":true,\"text\":\"a\"") "~a final that was there before\n" T(
         "agent", "\"segment_id\":\"1\",\"is_final\":true,\"text\":\"b\"")},
    /* where the connection, or the envelope, is the speaker, a channel that all speakers share tells nothing */
    {"named",
     "{\"type\":\"hello\",\"role\":\"customer\",\"channels\":{\"1\":\"agent\"}}\n{\"words\": \"a\", \"seg\": 1, "
     "\"ch\": 0}\n"
     "{\"words\": \"b\", \"seg\": 1, \"ch\": 1}\n{\"kind\": \"pause\", \"ch\": 0}\n"
     "{\"role\": \"agent\", \"payload\": {\"words\": \"c\", \"seg\": 1, \"ch\": 0, \"last\": 1}}\n",
     T("customer", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"")
         T("agent", "\"channel\":\"1\",\"segment_id\":\"1\",\"is_final\":false,\"text\":\"b\"")
             T("customer", "\"segment_id\":\"1\",\"is_final\":true,\"text\":\"a\",\"end_of_turn\":true")
                 T("agent", "\"segment_id\":\"1\",\"is_final\":true,\"text\":\"c\"")},
    {"auto", "{\"type\":\"hello\",\"role\":\"agent\"}\n{\"who\": 1, \"call\": 7, \"body\": {\"say\": \"\"}}\n",
     "~silence\n"},
    {"blocks",
     "{\"type\":\"hello\",\"role\":\"agent\"}\nPath: x\n\n{\"t\":\n\"a\"}\nnonsense\nPath: x\n\n{\"t\": \"b\"}\n",
     T("agent", "\"segment_id\":\"p-u1\",\"is_final\":true,\"text\":\"a\"") "!bad_json\n" T(
         "agent", "\"segment_id\":\"p-u2\",\"is_final\":true,\"text\":\"b\"")},
    /* coachd's own lines about the call may stand between */
    {"named",
     "{\"type\":\"call_start\",\"agent_id\":\"sam\"}\n{\"words\": \"a\", \"seg\": 1, \"who\": "
     "\"agent\"}\n{\"type\":\"call_"
     "end\"}\n",
     "{\"type\":\"call_start\",\"agent_id\":\"sam\"}\n" T(
         "agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"") "{"
                                                                            "\"type"
                                                                            "\":"
                                                                            "\"call"
                                                                            "_end\"}"
                                                                            "\n"},
    /* envelopes */
    {"coachd",
     "{\"call_id\": \"e\", \"agent_id\": \"kim\", \"role\": \"customer\", \"format\": \"named\", \"payload\": "
     "{\"words\": \"a\", \"seg\": "
     "1, \"who\": \"agent\"}}\n",
     "{\"type\":\"transcript\",\"call_id\":\"e\",\"agent_id\":\"kim\",\"role\":\"customer\",\"segment_id\":\"1\",\"is_"
     "final\":false,"
     "\"text\":\"a\"}\n"},
    {"coachd", "{\"role\": \"customer\", \"payload\": {\"words\": \"a\"}}\n", "!missing_field\n"},
    {"coachd", "{\"role\": \"customer\", \"format\": \"nameless\", \"payload\": {\"words\": \"a\"}}\n",
     "!unknown_format\n"},
    {"named", "{\"role\": \"customer\", \"payload\": 5}\n", "!bad_field\n"},
    {"named", "{\"role\": \"agent\", \"payload\": \"words=hi&seg=1\"}\n",
     T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"hi\"")},
    /* a format that is to be recognised */
    {"auto", "{\"type\":\"call_start\"}\n{\"say\": \"a\", \"id\": 1, \"who\": 1}\n{\"say\": \"a\", \"id\": 1}\n",
     "{\"type\":\"call_start\"}\n!unknown_format\n!missing_field\n"},
    {"auto", "{\"words\": \"a\", \"seg\": 1, \"who\": \"agent\"}\n{\"results\": []}\n",
     T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"") "!unknown_type\n"},
    {"auto", "{\"text\": \"a\", \"role\": \"agent\"}\n", T("agent", "\"is_final\":true,\"text\":\"a\"")},
    {"auto", "{\"type\":\"hello\",\"role\":\"agent\"}\nPath: x\n\n{\"t\": \"a\"}\n",
     T("agent", "\"segment_id\":\"p-u1\",\"is_final\":true,\"text\":\"a\"")},
    {"auto", "{\"type\":\"hello\",\"role\":\"agent\"}\n5 so it is\n",
     T("agent", "\"segment_id\":\"p-u1\",\"is_final\":true,\"text\":\"so it is\",\"start_ms\":5")},
    {"auto", "words=hi&seg=1&who=agent\n", T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"hi\"")},
};

static void bind_format(const char *format)
{
    char hello[100];
    snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"call_id\":\"c\",\"format\":\"%s\"}", format);
    feed(hello);
    ck_assert_str_eq(given(), "");
    ck_assert_str_eq(wire_reader_format(reader), format);
}

START_TEST(messages_become_the_events_that_the_file_says)
{
    bind_format(decoded[_i].format);
    feed(decoded[_i].lines);
    ck_assert_int_eq(wire_reader_end(reader, &handler), COACH_OK);
    ck_assert_str_eq(given(), decoded[_i].events);
}
END_TEST

START_TEST(what_was_recognised_stays)
{
    bind_format("auto");
    feed("{\"results\": [{\"t\": \"a\", \"ch\": 0}]}");
    ck_assert_str_eq(wire_reader_format(reader), "joined");
}
END_TEST

START_TEST(a_format_that_there_is_none_of_binds_nothing)
{
    feed("{\"type\":\"hello\",\"call_id\":\"c\",\"format\":\"nameless\"}");
    ck_assert_str_eq(given(), "!unknown_format\n");
    ck_assert_ptr_null(wire_reader_call(reader));
    ck_assert_str_eq(wire_reader_format(reader), "coachd");
}
END_TEST

START_TEST(a_reader_without_formats_knows_its_own_only)
{
    struct wire_reader *plain = wire_reader_new(NULL, "");
    static const char hello[] = "{\"type\":\"hello\",\"format\":\"auto\"}";
    ck_assert_int_eq(wire_reader_line(plain, hello, sizeof hello - 1, &handler), COACH_OK);
    ck_assert_str_eq(given(), "!unknown_format\n");
    wire_reader_free(plain);
}
END_TEST

static const struct {
    const char *format, *message, *events;
} whole[] = {
    {"named", "{\n\"words\": \"a\",\n\"seg\": 1, \"who\": \"agent\"}\n",
     T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"")},
    {"named", "words=a&seg=1&who=agent", T("agent", "\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"")},
    {"blocks", "Path: x\r\n\r\n{\"t\": \"a\"}", "!missing_field\n"},
    {"lines", "1 a\n2 b", "!missing_field\n!missing_field\n"},
    {"named", "{\n\"words\": ", "!bad_json\n"},
    {"named", "", ""},
    {"blocks", "nonsense", "!bad_field\n"},
};

START_TEST(a_message_that_comes_whole_is_read_whole)
{
    bind_format(whole[_i].format);
    ck_assert_int_eq(wire_reader_message(reader, whole[_i].message, strlen(whole[_i].message), &handler), COACH_OK);
    ck_assert_str_eq(given(), whole[_i].events);
}
END_TEST

START_TEST(channels_that_nobody_maps_may_be_taken)
{
    bind_format("named");
    wire_reader_any_channel(reader);
    feed("{\"words\": \"a\", \"seg\": 1, \"ch\": "
         "4}\n{\"type\":\"hello\",\"format\":\"coachd\"}\n{\"text\":\"b\",\"channel\":5}\n");
    ck_assert_str_eq(given(), T("unknown", "\"channel\":\"4\",\"segment_id\":\"1\",\"is_final\":false,\"text\":\"a\"")
                                  T("unknown", "\"channel\":\"5\",\"is_final\":true,\"text\":\"b\""));
}
END_TEST

START_TEST(what_a_stream_is_remembered_for_is_bounded)
{
    char line[200];
    bind_format("named");
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof line, "{\"words\": \"a\", \"seg\": 1, \"who\": \"agent\", \"ch\": %d}", i);
        feed(line);
    }
    const char *told = strstr(given(), "!bad_field\n");
    ck_assert_ptr_nonnull(told);
    ck_assert_uint_eq(strlen(told), 24 * strlen("!bad_field\n"));
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *s = suite_create("formats");
    TCase *files = tcase_create("files"), *messages = tcase_create("messages");
    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_test(files, a_small_file_is_a_format);
    tcase_add_loop_test(files, a_wrong_file_is_left_out_and_its_place_is_told, 0, ROWS(wrong));
    tcase_add_test(files, a_site_s_file_of_the_same_name_counts_and_a_wrong_one_does_not);
    tcase_add_checked_fixture(messages, setup_reader, teardown_reader);
    tcase_add_loop_test(messages, messages_become_the_events_that_the_file_says, 0, ROWS(decoded));
    tcase_add_test(messages, what_was_recognised_stays);
    tcase_add_test(messages, a_format_that_there_is_none_of_binds_nothing);
    tcase_add_test(messages, a_reader_without_formats_knows_its_own_only);
    tcase_add_loop_test(messages, a_message_that_comes_whole_is_read_whole, 0, ROWS(whole));
    tcase_add_test(messages, channels_that_nobody_maps_may_be_taken);
    tcase_add_test(messages, what_a_stream_is_remembered_for_is_bounded);
    suite_add_tcase(s, files);
    suite_add_tcase(s, messages);
    return suite_run(s);
}
