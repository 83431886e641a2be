/* The parts that read what vendors send: values under paths, times, frames, forms, headers, columns. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/ascii.h"
#include "lib/wire/frames.h"
#include "lib/wire/times.h"
#include "lib/wire/unpack.h"
#include "lib/wire/value.h"
#include "tests/support/suite.h"

static json_t *json_of(const char *text)
{
    json_error_t why;
    json_t *v = json_loads(text, JSON_DECODE_ANY, &why);
    ck_assert_msg(v != NULL, "%s: %s", text, why.text);
    return v;
}

/* --- values --- */

static const struct {
    const char *message, *value;
    const char *text; /* NULL: nothing is there */
} looked_up[] = {
    {"{\"a\": \"x\"}", "a", "x"},
    {"{\"IsPartial\": true}", "is_partial", "true"},
    {"{\"masked_i_t_n\": \"x\"}", "MaskedITN", "x"},
    {"{\"detail-type\": \"x\"}", "detailtype", "x"},
    {"{\"ab\": 1}", "a", NULL},
    {"{\"a\": 1}", "ab", NULL},
    {"{\"a\": 7}", "a", "7"},
    {"{\"a\": 0.25}", "a", "0.25"},
    {"{\"a\": null}", "a", NULL},
    {"{\"a\": \"\"}", "a", NULL},
    {"{\"a\": []}", "a", NULL},
    {"{\"a\": {}}", "a", NULL},
    {"{\"a\": false}", "a", "false"},
    {"{\"a\": {\"b\": [{\"c\": \"x\"}, {\"c\": \"y\"}]}}", "a.b.1.c", "y"},
    {"{\"a\": [\"x\", \"y\"]}", "a.-1", "y"},
    {"{\"a\": [\"x\", \"y\"]}", "a.2", NULL},
    {"{\"a\": [\"x\", \"y\"]}", "a.-3", NULL},
    {"{\"a\": {\"0\": \"x\"}}", "a.0", "x"},
    {"{\"a\": \"x\"}", "a.b", NULL},
    {"{\"a\": \"{\\\"b\\\": [1, {\\\"c\\\": \\\"x\\\"}]}\"}", "a.b.1.c", "x"},
    {"{\"a\": \" [\\\"x\\\"]\"}", "a.0", "x"},
    {"{\"a\": \"[\\\"x\\\"\"}", "a.0", NULL},
    {"{\"a\": [{\"w\": \"i\"}, {\"w\": \"\"}, {\"w\": \"am\"}, {}]}", "join a[].w", "i am"},
    {"{\"a\": [{\"w\": 0.5}, {\"w\": \"1\"}, {\"w\": \"x\"}]}", "mean a[].w", "0.75"},
    {"{\"a\": [{}]}", "mean a[].w", NULL},
    {"{\"a\": [{}, {\"w\": 1}, {\"w\": 2}]}", "first a[].w", "1"},
    {"{\"a\": [{\"w\": 1}, {\"w\": 2}, {}]}", "last a[].w", "2"},
    {"{\"a\": {\"w\": 3}}", "first a[].w", "3"},
    {"{\"a\": [{\"b\": [\"x\", \"y\"]}, {\"b\": [\"z\"]}]}", "join a[].b[]", "x y z"},
    {"{\"a\": \"[{\\\"w\\\": \\\"x\\\"}]\"}", "join a[].w", "x"},
    {"{\"a\": 1, \"b\": \"y\"}", "{a}:{b}", "1:y"},
    {"{\"a\": 1}", "{a}:{b}", NULL},
    {"{\"a\": 1}", "<{a}>", "<1>"},
    {"{\"x\": \"<r n='1'><input mode=\\\"speech\\\">yes &amp; no</input></r>\"}", "element input of x", "yes & no"},
    {"{\"x\": \"<inputs>no</inputs><input>yes</input>\"}", "element input of x", "yes"},
    {"{\"x\": \"<input/>\"}", "element input of x", NULL},
    {"{\"x\": \"<input>yes\"}", "element input of x", "yes"},
    {"{\"x\": 1}", "element input of x", NULL},
    {"{\"x\": \"yes & no\"}", "element input of x", "yes & no"},
    {"{\"a\": 7}", "a in ticks", "7"},
    {"[{\"w\": \"i\"}, {\"w\": \"am\"}]", "join [].w", "i am"},
    {"{\"w\": \"i\"}", "join [].w", "i"},
};

START_TEST(a_value_is_found_by_its_path)
{
    struct arena memory;
    struct value_choice choice;
    struct lookup l = {0};
    coach_error err = {0};
    arena_init(&memory);
    json_t *message = json_of(looked_up[_i].message);
    ck_assert_msg(value_choice_read(looked_up[_i].value, &choice, &memory, &err) == COACH_OK, "%s", err.text);
    const struct value value = {&choice, 1};
    const struct scope scope = {message, NULL};
    struct wire_text text = value_kept_text(value_get(&value, &scope, &l), &l);
    if (looked_up[_i].text == NULL)
        ck_assert_msg(text.s == NULL, "%s", text.s);
    else
        ck_assert_pstr_eq(text.s, looked_up[_i].text);
    lookup_clear(&l);
    json_decref(message);
    arena_clear(&memory);
}
END_TEST

START_TEST(of_several_choices_the_first_that_is_there_counts)
{
    struct arena memory;
    struct value_choice choices[2];
    struct lookup l = {0};
    arena_init(&memory);
    ck_assert_int_eq(value_choice_read("a", &choices[0], &memory, NULL), COACH_OK);
    ck_assert_int_eq(value_choice_read("b", &choices[1], &memory, NULL), COACH_OK);
    const struct value value = {choices, 2};
    json_t *both = json_of("{\"a\": \"x\", \"b\": \"y\"}"), *empty = json_of("{\"a\": \"\", \"b\": \"y\"}");
    const struct scope first = {both, NULL}, second = {empty, NULL};
    ck_assert_str_eq(json_string_value(value_get(&value, &first, &l)), "x");
    ck_assert_str_eq(json_string_value(value_get(&value, &second, &l)), "y");
    lookup_clear(&l);
    json_decref(both);
    json_decref(empty);
    arena_clear(&memory);
}
END_TEST

START_TEST(a_string_that_begins_like_json_and_is_none_is_told)
{
    struct arena memory;
    struct path path;
    struct lookup l = {0};
    arena_init(&memory);
    ck_assert_int_eq(path_read("data.text", &path, &memory, NULL), COACH_OK);
    json_t *message = json_of("{\"Data\": \"{\\\"text\\\": \\\"hel\"}");
    const struct scope scope = {message, NULL};
    ck_assert_ptr_null(path_get(&path, &scope, &l));
    ck_assert_pstr_eq(l.bad_inside, "data");
    lookup_clear(&l);
    json_decref(message);
    arena_clear(&memory);
}
END_TEST

static const struct {
    const char *value, *why;
} unreadable[] = {
    {"a..b", "a key is missing"},         {"", "a key is missing"},
    {"a b", "cannot stand in a path"},    {"a[].b", "say what to take"},
    {"join a.b", "say which list"},       {"{a", "without its other half"},
    {"a}", "without its other half"},     {"{a[]}", "a list cannot stand in braces"},
    {"element input", "write it as"},     {"a.b.c.d.e.f.g.h.i.j.k.l.m", "a path may have 12 keys"},
    {"a in years", "a time is in s, ms"},
};

START_TEST(a_value_that_cannot_be_read_says_why)
{
    struct arena memory;
    struct value_choice choice;
    coach_error err = {0};
    arena_init(&memory);
    ck_assert_int_eq(value_choice_read(unreadable[_i].value, &choice, &memory, &err), COACH_ESYNTAX);
    ck_assert_msg(strstr(err.text, unreadable[_i].why) != NULL, "%s", err.text);
    arena_clear(&memory);
}
END_TEST

/* Paths of the items of a list see outwards, list by list. */
static int note_item(void *user, const struct scope *item)
{
    struct arena memory;
    struct path name, outer, whole;
    struct lookup l = {0};
    struct buf *out = user;
    arena_init(&memory);
    ck_assert_int_eq(path_read("m", &name, &memory, NULL), COACH_OK);
    ck_assert_int_eq(path_read("../k", &outer, &memory, NULL), COACH_OK);
    ck_assert_int_eq(path_read("/all", &whole, &memory, NULL), COACH_OK);
    buf_addf(out, "%s%s%s ", json_string_value(path_get(&whole, item, &l)),
             json_string_value(path_get(&outer, item, &l)), json_string_value(path_get(&name, item, &l)));
    arena_clear(&memory);
    return 0;
}

START_TEST(the_items_of_nested_lists_see_what_is_around_them)
{
    struct arena memory;
    struct path each;
    struct lookup l = {0};
    struct buf out;
    buf_init(&out, 0);
    arena_init(&memory);
    ck_assert_int_eq(path_read("a[].deep.b[].in", &each, &memory, NULL), COACH_OK);
    json_t *message =
        json_of("{\"all\": \"z\", \"a\": [{\"k\": \"1\", \"deep\": {\"b\": [{\"in\": {\"m\": \"p\"}}, {}, "
                "{\"in\": {\"m\": \"q\"}}]}}, {\"k\": \"2\", \"deep\": {\"b\": {\"in\": {\"m\": \"r\"}}}}]}");
    const struct scope scope = {message, NULL};
    ck_assert_int_eq(path_each(&each, &scope, &l, note_item, &out), 0);
    ck_assert_str_eq(out.data, "z1p z1q z2r ");
    json_decref(message);
    arena_clear(&memory);
    buf_clear(&out);
}
END_TEST

START_TEST(booleans_and_numbers_may_be_strings)
{
    static const struct {
        const char *json;
        int boolean;   /* -1: none */
        double number; /* -1: none */
    } cases[] = {{"true", 1, -1},          {"\"True\"", 1, -1},   {"\"false\"", 0, -1}, {"1", 1, 1},
                 {"\"0\"", 0, 0},          {"\"maybe\"", -1, -1}, {"0.5", -1, 0.5},     {"\"27.42\"", -1, 27.42},
                 {"\"1e2\"", -1, 100},     {"\"1.\"", -1, 1},     {"\".\"", -1, -1},    {"\"5x\"", -1, -1},
                 {"\"2.5e-1\"", -1, 0.25}, {"[]", -1, -1},        {"null", -1, -1},     {"\"1e999\"", -1, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *v = json_of(cases[i].json);
        bool yes = false;
        double number = 0;
        ck_assert_msg(value_bool(v, &yes) == (cases[i].boolean >= 0), "%s", cases[i].json);
        ck_assert_msg(cases[i].boolean < 0 || yes == cases[i].boolean, "%s", cases[i].json);
        ck_assert_msg(value_number(v, &number) == (cases[i].number >= 0), "%s", cases[i].json);
        ck_assert_msg(cases[i].number < 0 || (number > cases[i].number - 1e-9 && number < cases[i].number + 1e-9), "%s",
                      cases[i].json);
        json_decref(v);
    }
}
END_TEST

/* --- times --- */

static const struct {
    const char *json;
    double unit;
    int64_t ms; /* -1: it is none */
} times[] = {
    {"1.77", 1000, 1770},
    {"\"27.42\"", 1000, 27420},
    {"14400000", 0.0001, 1440},
    {"250", 1, 250},
    {"\"1.770s\"", 1000, 1770},
    {"\"3s\"", 1, 3000},
    {"\"PT1.5S\"", 1, 1500},
    {"\"PT1H2M3S\"", 1, 3723000},
    {"\"PT2M\"", 1, 120000},
    {"{\"seconds\": \"3\", \"nanos\": 200000000}", 1000, 3200},
    {"{\"seconds\": 4}", 1000, 4000},
    {"\"1970-01-01T00:00:01Z\"", 1, 1000},
    {"\"2026-03-19T22:04:48.128Z\"", 1, 1773957888128},
    {"\"2026-03-19T23:04:48.128+01:00\"", 1, 1773957888128},
    {"\"2024-02-29T00:00:00Z\"", 1, 1709164800000},
    {"\"2026-13-19T22:04:48Z\"", 1, -1},
    {"\"2026-03-19T22:04:48\"", 1, -1},
    {"\"2026-03-19\"", 1, -1},
    {"\"PT\"", 1, -1},
    {"\"PT3S1M\"", 1, -1},
    {"\"P1D\"", 1, -1},
    {"\"soon\"", 1, -1},
    {"{\"nanos\": 1}", 1, -1},
    {"1e300", 1000, -1},
    {"null", 1, -1},
    {"true", 1, -1},
};

START_TEST(a_time_is_read_however_it_is_written)
{
    json_t *v = json_of(times[_i].json);
    int64_t ms = -1;
    ck_assert_int_eq(times_read(v, times[_i].unit, &ms), times[_i].ms >= 0);
    ck_assert_int_eq(ms, times[_i].ms);
    json_decref(v);
}
END_TEST

/* --- frames --- */

static struct buf seen;

static int note_frame(void *user, enum frame_problem problem, const char *text, size_t len)
{
    static const char *const names[] = {"", "broken", "too long", "unfinished"};
    (void)user;
    if (problem != FRAME_WHOLE)
        return buf_addf(&seen, "<%s>", names[problem]);
    buf_adds(&seen, "<");
    for (size_t i = 0; i < len; i++)
        buf_addf(&seen, "%c", text[i] == '\n' ? '|' : text[i] == '\r' ? '~' : text[i]);
    return buf_adds(&seen, ">");
}

static const struct {
    enum framing framing;
    const char *lines, *frames; /* of at most 60 bytes */
} frames[] = {
    {FRAMING_VALUES, "{\"a\": 1}\n", "<{\"a\": 1}>"},
    {FRAMING_VALUES, "{\n\"a\": 1\n}\n{\"b\":\n2}\n", "<{|\"a\": 1|}|><{\"b\":|2}|>"},
    {FRAMING_VALUES, "{\"a\": 1} {\"b\": 2}\n", "<{\"a\": 1} {\"b\": 2}>"},
    {FRAMING_VALUES, "\xef\xbb\xbf{\"a\":\n1}\n", "<{\"a\":|1}|>"},
    {FRAMING_VALUES, "data: {\"a\":\n1}\n", "< {\"a\":|1}|>"},
    {FRAMING_VALUES, "{\"a\": \"}\\\"{\",\n\"b\": []}\n", "<{\"a\": \"}\\\"{\",|\"b\": []}|>"},
    {FRAMING_VALUES, "hello\n{\"a\": 1}\n", "<broken><{\"a\": 1}>"},
    {FRAMING_VALUES, "{\"a\": 1\n{\"b\": 2}\n", "<broken><{\"b\": 2}>"},
    {FRAMING_VALUES, "{\"a\": 1,\n{\"b\": 2}\n", "<broken><{\"b\": 2}>"},
    {FRAMING_VALUES, "hello\n}\n\"you\"\n [\n{}]\nhello\n", "<broken>< [|{}]|><broken>"},
    {FRAMING_VALUES, "{\"a\": \"x\n{\"b\": 2}\n", "<broken><{\"b\": 2}>"},
    {FRAMING_VALUES, "{\n\"a\": {\n\"b\": 2}\n}\n", "<{|\"a\": {|\"b\": 2}|}|>"},
    {FRAMING_VALUES, "[\n{\"a\": 1},\n{\"b\": 2}\n]\n", "<[|{\"a\": 1},|{\"b\": 2}|]|>"},
    {FRAMING_VALUES, "{\n\"a\": 1\n", "<unfinished>"},
    {FRAMING_VALUES,
     "{\"a\": \"0123456789012345678901234567890123456789\",\n\"b\": \"0123456789012345678\"}\n{\"c\": 1}\n",
     "<too long><{\"c\": 1}>"},
    {FRAMING_VALUES, "}\n{\"a\": 1}\n", "<broken><{\"a\": 1}>"},
    {FRAMING_VALUES, "\n\n{\"a\": 1}\n", "<><><{\"a\": 1}>"},
    {FRAMING_HEADERS, "Path: x\nType: y\n\n{\n\"a\": 1}\nPath: z\n\n{}\n",
     "<Path: x|Type: y||{|\"a\": 1}|><Path: z||{}|>"},
    {FRAMING_HEADERS, "Content-Length: 5\n\nab\ncdType: y\n\n", "<Content-Length: 5||ab|cd><Type: y||>"},
    {FRAMING_HEADERS, "Content-length: 4\r\n\r\nab\r\nNext: y\n\n", "<Content-length: 4~|~|ab~|><Next: y||>"},
    {FRAMING_HEADERS, "Content-Length: 22\n\nContent-Length: 3\n\nabc\nA: x\n\n",
     "<Content-Length: 22||Content-Length: 3||abc><A: x||>"},
    {FRAMING_HEADERS, "Content-Length: 19\n\nContent-Length: 3\n\nabc\nA: x\n\n",
     "<Content-Length: 19||Content-Length: 3||abc><A: x||>"},
    {FRAMING_HEADERS, "Content-Length: 20\n\nContent-Length: 3\n\nabc\nA: x\n\n",
     "<Content-Length: 20||Content-Length: 3||abc><A: x||>"},
    {FRAMING_HEADERS, "Content-Length: 20\n\nContent-Length: 4\n\na\nbc\nA: x\n\n",
     "<Content-Length: 20||Content-Length: 4||a|bc><A: x||>"},
    {FRAMING_HEADERS, "Content-Length: 20\n\nContent-Length: 99\n\n{\"a\": 1}\n", "<too long><{\"a\": 1}>"},
    {FRAMING_HEADERS, "A: x\n\nB: y\n\n", "<A: x||><B: y||>"},
    {FRAMING_HEADERS, "A: x\n\n\nB: y\n\n", "<A: x|||><B: y||>"},
    {FRAMING_HEADERS, "{\"a\": 1}\nA: x\n\n{}\n", "<{\"a\": 1}><A: x||{}|>"},
    {FRAMING_HEADERS, "{\n\"a\": 1}\nA: x\n\n{}\n", "<{|\"a\": 1}|><A: x||{}|>"},
    {FRAMING_HEADERS, "what is this\nA: x\n\n{}\n", "<broken><A: x||{}|>"},
    {FRAMING_HEADERS, "A: x\nB: y\n", "<unfinished>"},
    {FRAMING_HEADERS, "Content-Length: 3\n\nabc", "<Content-Length: 3||abc>"},
    {FRAMING_HEADERS, "Content-Length: 9\n\nabc", "<unfinished>"},
    {FRAMING_HEADERS, "Content-Length: 999\n\n{\"a\": 1}\n", "<too long><{\"a\": 1}>"},
};

START_TEST(messages_are_put_together_from_lines)
{
    struct frames f;
    frames_init(&f, 60);
    buf_init(&seen, 0);
    const char *p = frames[_i].lines;
    while (*p != '\0') {
        size_t len = strcspn(p, "\n");
        ck_assert_int_eq(frames_line(&f, frames[_i].framing, p, len, note_frame, NULL), COACH_OK);
        p += len + (p[len] == '\n');
    }
    ck_assert_int_eq(frames_end(&f, note_frame, NULL), COACH_OK);
    ck_assert_str_eq(seen.data, frames[_i].frames);
    frames_clear(&f);
    buf_clear(&seen);
}
END_TEST

/* --- forms, headers, columns --- */

static char *dump(json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(v);
    return text;
}

static const struct {
    const char *form, *object;
} forms[] = {
    {"a=1&b=two", "{\"a\":\"1\",\"b\":\"two\"}"},
    {"a=x+y%20z&b=%7B%22c%22%3A1%7D", "{\"a\":\"x y z\",\"b\":\"{\\\"c\\\":1}\"}"},
    {"a=1&a=2", "{\"a\":\"1\"}"},
    {"a&b=", "{\"a\":\"\",\"b\":\"\"}"},
    {"a=100%&b=%zz", "{\"a\":\"100%\",\"b\":\"%zz\"}"},
    {"=x&&a=1\r\n", "{\"a\":\"1\"}"},
    {"a=b=c", "{\"a\":\"b=c\"}"},
};

START_TEST(a_form_is_an_object_of_strings)
{
    json_t *v = NULL;
    coach_error err = {0};
    ck_assert(unpack_is_form(forms[_i].form, strlen(forms[_i].form)) || *forms[_i].form == '=' ||
              forms[_i].form[1] == '&');
    ck_assert_int_eq(unpack_form(forms[_i].form, strlen(forms[_i].form), &v, &err), COACH_OK);
    char *text = dump(v);
    ck_assert_str_eq(text, forms[_i].object);
    free(text);
}
END_TEST

START_TEST(a_form_with_what_is_no_text_is_refused)
{
    json_t *v = NULL;
    coach_error err = {0};
    ck_assert_int_eq(unpack_form("a=1&b=%ff", 9, &v, &err), COACH_EUTF8);
    ck_assert_str_eq(err.text, "field 2 is not UTF-8");
    ck_assert_int_eq(unpack_form("a=%00", 5, &v, &err), COACH_ESYNTAX);
    char many[4 * 300 + 1] = "";
    for (int i = 0; i < 300; i++)
        sprintf(many + strlen(many), "&%c%c=", 'a' + i / 26, 'a' + i % 26);
    ck_assert_int_eq(unpack_form(many, strlen(many), &v, &err), COACH_ESYNTAX);
}
END_TEST

static const struct {
    const char *text, *object;
} headers[] = {
    {"Path: speech\r\nX-Id: 7\r\n\r\n{\"a\": 1}\r\n",
     "{\"Path\":\"speech\",\"X-Id\":\"7\",\"body\":\"{\\\"a\\\": 1}\"}"},
    {"A: x\n\n", "{\"A\":\"x\"}"},
    {"A:x:y", "{\"A\":\"x:y\"}"},
    {"Content-Type: text/event-plain\n\nName: CUSTOM\nWhen: 9%3A30\nContent-Length: 3\n\nabc",
     "{\"Content-Type\":\"text/"
     "event-plain\",\"body\":{\"Content-Length\":\"3\",\"Name\":\"CUSTOM\",\"When\":\"9:30\",\"body\":"
     "\"abc\"}}"},
};

START_TEST(headers_and_a_body_are_an_object)
{
    json_t *v = NULL;
    coach_error err = {0};
    ck_assert_int_eq(unpack_headers(headers[_i].text, strlen(headers[_i].text), &v, &err), COACH_OK);
    char *text = dump(v);
    ck_assert_str_eq(text, headers[_i].object);
    free(text);
}
END_TEST

START_TEST(a_header_without_a_name_is_refused)
{
    json_t *v = NULL;
    coach_error err = {0};
    ck_assert_int_eq(unpack_headers("A: x\n: y\n\n", 10, &v, &err), COACH_ESYNTAX);
    ck_assert_str_eq(err.text, "header 2 has no name");
    ck_assert_int_eq(unpack_headers("A: x\nbare\n\n", 11, &v, &err), COACH_ESYNTAX);
    ck_assert_int_eq(unpack_headers("A: x\n\n\xff", 7, &v, &err), COACH_EUTF8);
    ck_assert_int_eq(unpack_headers("A: x\n\na\0b", 9, &v, &err), COACH_ESYNTAX);
    ck_assert_str_eq(err.text, "the body has a NUL");
}
END_TEST

START_TEST(a_line_is_divided_into_columns)
{
    struct column columns[] = {{"from", true}, {"to", true}, {"text", false}};
    const struct mapping m = {.columns = columns, .ncolumns = 3};
    json_t *v = NULL;
    coach_error err = {0};
    ck_assert_int_eq(unpack_columns(&m, " 0  1720 so it was \r", 20, &v, &err), COACH_OK);
    char *text = dump(v);
    ck_assert_str_eq(text, "{\"from\":\"0\",\"text\":\"so it was\",\"to\":\"1720\"}");
    free(text);
    ck_assert_int_eq(unpack_columns(&m, "0 so it was", 11, &v, &err), COACH_ESYNTAX);
    ck_assert_str_eq(err.text, "column 2 (to) is no number");
    ck_assert_int_eq(unpack_columns(&m, "1.2.3 4 x", 9, &v, &err), COACH_ESYNTAX);
    columns[0].kind = COLUMN_DECIMAL;
    ck_assert_int_eq(unpack_columns(&m, "1.5 4 x", 7, &v, &err), COACH_OK);
    json_decref(v);
    ck_assert_int_eq(unpack_columns(&m, "15 4 x", 6, &v, &err), COACH_ESYNTAX);
    ck_assert_str_eq(err.text, "column 1 (from) is no number with a point");
}
END_TEST

START_TEST(letters_are_compared_without_their_case)
{
    ck_assert(ascii_same("Caller", 6, "CALLER") && !ascii_same("Calle", 5, "CALLER") && !ascii_same("[", 1, "{"));
    ck_assert(ascii_begins("Content-Length: 5", 17, "content-length:") && !ascii_begins("Con", 3, "content"));
    ck_assert_int_eq(ascii_lower('Z'), 'z');
    ck_assert_int_eq(ascii_lower('['), '[');
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *s = suite_create("vendor");
    TCase *values = tcase_create("values"), *texts = tcase_create("texts");
    tcase_add_loop_test(values, a_value_is_found_by_its_path, 0, ROWS(looked_up));
    tcase_add_test(values, of_several_choices_the_first_that_is_there_counts);
    tcase_add_test(values, a_string_that_begins_like_json_and_is_none_is_told);
    tcase_add_loop_test(values, a_value_that_cannot_be_read_says_why, 0, ROWS(unreadable));
    tcase_add_test(values, the_items_of_nested_lists_see_what_is_around_them);
    tcase_add_test(values, booleans_and_numbers_may_be_strings);
    tcase_add_loop_test(values, a_time_is_read_however_it_is_written, 0, ROWS(times));
    tcase_add_loop_test(texts, messages_are_put_together_from_lines, 0, ROWS(frames));
    tcase_add_loop_test(texts, a_form_is_an_object_of_strings, 0, ROWS(forms));
    tcase_add_test(texts, a_form_with_what_is_no_text_is_refused);
    tcase_add_loop_test(texts, headers_and_a_body_are_an_object, 0, ROWS(headers));
    tcase_add_test(texts, a_header_without_a_name_is_refused);
    tcase_add_test(texts, a_line_is_divided_into_columns);
    tcase_add_test(texts, letters_are_compared_without_their_case);
    suite_add_tcase(s, values);
    suite_add_tcase(s, texts);
    return suite_run(s);
}
