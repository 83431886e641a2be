#include "lib/yaml/yaml.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "tests/support/suite.h"

static struct source source;
static struct yaml_doc doc;
static struct diags problems;
static char *made; /* a text too long to write down */

static void setup(void)
{
    diags_init(&problems);
    made = NULL;
}

static void teardown(void)
{
    yaml_doc_clear(&doc);
    diags_clear(&problems);
    free(made);
}

static int read_bytes(const char *text, size_t len)
{
    source = (struct source){"a.yaml", text, len};
    return yaml_read(&source, &doc, &problems);
}

static int read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

/* `n` times `piece`. */
static const char *repeat(const char *piece, size_t n)
{
    size_t len = strlen(piece);
    made = malloc(n * len + 1);
    ck_assert_ptr_nonnull(made);
    for (size_t i = 0; i < n; i++)
        memcpy(made + i * len, piece, len);
    made[n * len] = '\0';
    return made;
}

static const char *text_of(const char *key)
{
    const struct yaml_node *node = yaml_get(doc.root, key);
    ck_assert_msg(node != NULL && node->kind == YAML_SCALAR, "no text '%s'", key);
    return node->text;
}

START_TEST(scalars_are_the_text_that_was_typed)
{
    ck_assert_int_eq(read_text("a: on\nb: 24\nc: null\nd: 0x1F\ne:\nf: it's fine\ng: 12:30\nh: '#1'\n"), COACH_OK);
    ck_assert(diags_clean(&problems));
    ck_assert_str_eq(text_of("a"), "on");
    ck_assert_str_eq(text_of("b"), "24");
    ck_assert_str_eq(text_of("c"), "null");
    ck_assert_str_eq(text_of("d"), "0x1F");
    ck_assert_str_eq(text_of("e"), "");
    ck_assert_str_eq(text_of("f"), "it's fine");
    ck_assert_str_eq(text_of("g"), "12:30");
    ck_assert_str_eq(text_of("h"), "#1");
    ck_assert_ptr_null(yaml_get(doc.root, "i"));
    ck_assert_ptr_null(yaml_get(yaml_get(doc.root, "a"), "a"));
}
END_TEST

static const struct {
    const char *src;
    const char *code;
    int line;
    int column;
    const char *says; /* in the message or the hint */
} traps[] = {
    {"says:\n  - &a calm\n", "anchor", 2, 5, "anchors"},
    {"a: *b\n", "alias", 1, 4, "begins with '*'"},
    {"x: &b c\na: *b\n", "alias", 2, 4, "begins with '*'"},
    {"says:\n  - !no calm\n", "tag", 2, 5, "'!'"},
    {"says: !!str calm\n", "tag", 1, 7, "'!'"},
    {"a: b\n<<: c\n", "merge-key", 2, 1, "write the keys out"},
    {"a: b\n---\nc: d\n", "documents", 2, 1, "file of its own"},
    {"a: b\n...\n", "document-end", 2, 1, "a gap '...'"},
    {"says:\n- calm\n...\n- down\n", "document-end", 3, 1, "a gap '...'"},
    {"%YAML 1.1\n---\na: b\n", "directive", 1, 1, "'%'"},
    {"- ? you\n", "question-key", 1, 5, "delete the '? '"},
    {"- - you\n", "nested-list", 1, 3, "one '- ' only"},
    {"- [a]\n", "flow", 1, 3, "message: |"},
    {"message: {said} is hard\n", "flow", 1, 10, "message: |"},
    {"a:\tb\n", "tab", 1, 3, "two for each level"},
    {"a: b # \t\n", "tab", 1, 8, "spaces"},
    {"a: b\n\tc\n", "tab", 2, 1, "spaces"},
    {"a: \x01\n", "control-character", 1, 4, "delete it"},
    {"a: \xc2\x9b\n", "control-character", 1, 4, "delete it"},
    {"a: b\xef\xbf\xbf\n", "control-character", 1, 5, "delete it"},
    {"a: b\n\xef\xbb\xbf"
     "c: d\n",
     "control-character", 2, 1, "byte order mark"},
    {"a: é\xe2\x80\xae"
     "b\n",
     "bidi-control", 1, 5, "makes text look other than it is"},
    {"a: b\xe2\x80\xa8"
     "c\n",
     "line-separator", 1, 5, "ordinary line end"},
    {"a: b\rc: d\n", "line-separator", 1, 5, "carriage return"},
    {"a: b\n\xff\n", "utf8", 2, 1, "save the file as UTF-8"},
    {"a: é\xc3(\n", "utf8", 1, 5, "save the file as UTF-8"},
    {"- see ticket #5\n", "hash", 1, 14, "a space after the hash"},
    {"a: #5 is out\n", "hash", 1, 4, "would be lost"},
    {"- 'calm'#down\n", "hash", 1, 9, "would be lost"},
    {"a: \"b\\0c\"\n", "nul", 1, 4, "delete the escape"},
    {"a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, "first given on line 1"},
    {"- id: a\n  says: b\n  id: c\n", "duplicate-key", 3, 3, "did you forget '- ' before id?"},
    {"? [a, b]\n: c\n", "nested-key", 1, 3, "one word followed by ':'"},
    {"says:\n  - 'you're wrong'\n", "quote", 2, 9, "remove the quotes, they are not needed"},
    {"says: 'you're wrong'\n", "quote", 1, 11, "remove the quotes"},
    {"- 'tis fine\n- calm\n", "quote", 1, 3, "does not end on its line"},
    {"- \"calm\" down\n", "quote", 1, 8, "remove the quotes"},
    {"message: careful: hot\n", "colon-in-text", 1, 17, "a second ': '"},
    {"a: %b\n", "first-character", 1, 4, "use a block"},
    {"a: @b\n", "first-character", 1, 4, "use a block"},
    {"a: `b`\n", "first-character", 1, 4, "use a block"},
    {"a: b\n c: d\n", "colon-in-text", 2, 3, ""},
    {"a:\n  b: c\n d: e\n", "indentation", 3, 2, "same column"},
    {"a: b\nc\n", "indentation", 2, 1, "a key ends in ':'"},
    {"a: b\n- c\n", "indentation", 2, 1, "same column"},
};

START_TEST(every_trap_is_refused_where_it_is)
{
    int rc = read_text(traps[_i].src);
    ck_assert(rc == COACH_OK || rc == COACH_ESYNTAX);
    ck_assert(!diags_clean(&problems));
    struct diag *d = &problems.items[0];
    for (size_t i = 1; i < problems.count && strcmp(d->code, traps[_i].code) != 0; i++)
        d = &problems.items[i];
    struct buf shown;
    buf_init(&shown, 0);
    ck_assert_int_eq(diag_print(d, false, &shown), COACH_OK);
    ck_assert_msg(strcmp(d->code, traps[_i].code) == 0, "%s", shown.data);
    ck_assert_msg(d->at.line == traps[_i].line && d->at.column == traps[_i].column, "%s", shown.data);
    ck_assert_msg(strstr(shown.data, traps[_i].says) != NULL, "%s", shown.data);
    buf_clear(&shown);
}
END_TEST

static const char *const fine[] = {
    "",
    "# nothing\n",
    "---\na: b\n",
    "a: b # note\n",
    "a: b #\n",
    "a: b ## note\n",
    "#note\na: b\n  #note\n",
    "a: b#c\n",
    "a: |\n  see ticket #5: {said} [a] 'b\n",
    "a: what? me\n",
    "a: really?\nb: c\n",
    "a: 'it''s'\n",
    "a: |\n  b\n#note\nc: d\n",
    "a: -b\n",
    "a: you ... calm\n",
    "a:\n  - ~escalate\n",
    "a: (calm | settle)? down\n",
    "a: <reason>\n",
    "a: “calm”\n",
};

START_TEST(ordinary_text_is_accepted)
{
    ck_assert_int_eq(read_text(fine[_i]), COACH_OK);
    ck_assert_msg(problems.count == 0, "%s", problems.items[0].message);
}
END_TEST

START_TEST(a_bom_and_crlf_change_neither_values_nor_places)
{
    ck_assert_int_eq(read_text("\xef\xbb\xbf"
                               "a: é\r\nb: |\r\n  one\r\n  two\r\nc:\r\n  - x #1\r\n"),
                     COACH_OK);
    ck_assert_str_eq(text_of("a"), "é");
    ck_assert_str_eq(text_of("b"), "one\ntwo\n");
    ck_assert_int_eq(doc.root->at.column, 1);
    struct mark m = yaml_mark_at(yaml_get(doc.root, "b"), 5, 1);
    ck_assert_int_eq(m.line, 4);
    ck_assert_int_eq(m.column, 4);
    m = yaml_mark_at(yaml_get(doc.root, "a"), 2, 1);
    ck_assert_int_eq(m.column, 5);
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_str_eq(problems.items[0].code, "hash");
    ck_assert_int_eq(problems.items[0].at.line, 6);
    ck_assert_int_eq(problems.items[0].at.column, 7);
}
END_TEST

/* '@' marks the character that is looked for; it stands in the source and in the value. */
static const struct {
    const char *what;
    const char *src;
    int line;
    int column;
} places[] = {
    {"plain", "k: calm @down\n", 1, 9},
    {"plain after wide characters", "k: “é” @down\n", 1, 8},
    {"plain over two lines", "k: calm\n   do@wn\n", 2, 6},
    {"plain over a blank line", "k: calm\n\n\n  d@own\n", 4, 4},
    {"single quoted", "k: 'ca@lm'\n", 1, 7},
    {"single quoted after a quote", "k: 'it''s c@alm'\n", 1, 12},
    {"single quoted over two lines", "k: 'calm  \n    do@wn'\n", 2, 7},
    {"double quoted", "k: \"ca@lm\"\n", 1, 7},
    {"double quoted after short escapes", "k: \"a\\n\\t\\\"@b\"\n", 1, 12},
    {"double quoted after long escapes", "k: \"\\x41\\u00e9\\u20ac\\U0001f600@b\"\n", 1, 31},
    {"double quoted after named escapes", "k: \"\\N\\_\\L\\P@b\"\n", 1, 13},
    {"double quoted over an escaped line end", "k: \"calm \\\n   do@wn\"\n", 2, 6},
    {"literal", "k: |\n  calm\n  d@own\n", 3, 4},
    {"literal with a comment and a blank line", "k: | # note\n\n  calm\n\n  d@own\n", 5, 4},
    {"literal with deeper lines", "k: |\n  calm\n    d@own\n", 3, 6},
    {"literal with its indentation given", "k: |1\n   calm\n  d@own\n", 3, 4},
    {"literal stripped", "k: |-\n  calm @down\n", 2, 8},
    {"folded", "k: >\n  calm\n  d@own\n", 3, 4},
    {"folded over blank lines", "k: >\n  calm\n\n\n  now\n  d@own\n", 6, 4},
    {"folded with deeper lines", "k: >\n  calm\n    now\n\n  d@own\n", 5, 4},
    {"folded after blank lines", "k: >\n\n\n  calm\n  d@own\n", 5, 4},
};

START_TEST(a_byte_of_a_value_leads_back_to_its_character_in_the_file)
{
    const char *src = places[_i].src;
    char clean[200], *at = clean; /* '@' as the text of a value, 'Z', is not special to YAML */
    for (const char *p = src; *p != '\0'; p++)
        *at++ = *p == '@' ? 'Z' : *p;
    *at = '\0';
    ck_assert_int_eq(read_text(clean), COACH_OK);
    const struct yaml_node *node = yaml_get(doc.root, "k");
    const char *found = strchr(node->text, 'Z');
    ck_assert_msg(found != NULL, "%s: %s", places[_i].what, node->text);
    struct mark m = yaml_mark_at(node, (size_t)(found - node->text), 3);
    ck_assert_msg(m.line == places[_i].line && m.column == places[_i].column, "%s: %d:%d", places[_i].what, m.line,
                  m.column);
    ck_assert_int_eq(m.width, 3);
}
END_TEST

START_TEST(a_byte_past_the_value_stays_at_its_end)
{
    char text[300];
    int lines = 0;
    for (const char *p = places[_i].src; *p != '\0'; p++)
        lines += *p == '\n';
    snprintf(text, sizeof text, "%sz: 1\ny: 2\nx: 3\n", places[_i].src);
    ck_assert_int_eq(read_text(text), COACH_OK);
    const struct yaml_node *node = yaml_get(doc.root, "k");
    struct mark m = yaml_mark_at(node, node->len + 1000, 0);
    ck_assert_int_ge(m.line, lines);
    ck_assert_int_le(m.line, lines + 1);
    ck_assert_int_eq(m.width, 1);
}
END_TEST

START_TEST(a_nul_byte_is_refused_where_it_is)
{
    ck_assert_int_eq(read_bytes("a: b\nc\0: d\n", 11), COACH_ESYNTAX);
    ck_assert_str_eq(problems.items[0].code, "nul");
    ck_assert_int_eq(problems.items[0].at.line, 2);
    ck_assert_int_eq(problems.items[0].at.column, 2);
}
END_TEST

START_TEST(nodes_know_their_bytes_and_places)
{
    ck_assert_int_eq(read_text("é: 'a b'\nlist:\n  - one\n  - two\n"), COACH_OK);
    const struct yaml_node *quoted = doc.root->pairs[0].value, *list = doc.root->pairs[1].value;
    ck_assert_int_eq(quoted->style, YAML_SINGLE_QUOTED);
    ck_assert_int_eq(quoted->at.column, 4);
    ck_assert_int_eq(quoted->at.width, 5);
    ck_assert_uint_eq(quoted->from, 4);
    ck_assert_uint_eq(quoted->to, 9);
    ck_assert_int_eq(list->kind, YAML_LIST);
    ck_assert_uint_eq(list->count, 2);
    ck_assert_int_eq(list->items[1]->at.line, 4);
    ck_assert_int_eq(list->items[1]->at.column, 5);
}
END_TEST

START_TEST(all_problems_of_a_file_are_found_in_one_run)
{
    ck_assert_int_eq(read_text("a: !t b\nc: [d]\n<<: e\na: f\nx: 1 #2\n"), COACH_OK);
    ck_assert_uint_eq(problems.count, 5);
    ck_assert_uint_eq(doc.root->count, 3);
    ck_assert_str_eq(text_of("a"), "b");
}
END_TEST

START_TEST(nesting_is_read_down_to_the_limit)
{
    char text[600] = "";
    size_t at = 0;
    for (int depth = 1; depth <= YAML_MAX_DEPTH + _i; depth++) /* the last of them is the text */
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", depth < YAML_MAX_DEPTH + _i ? "- " : "x\n");
    ck_assert_int_eq(read_text(text), _i == 0 ? COACH_OK : COACH_ESYNTAX);
    const struct diag *last = &problems.items[problems.count - 1];
    ck_assert_str_eq(last->code, _i == 0 ? "nested-list" : "depth");
}
END_TEST

static const struct {
    const char *piece;
    size_t times;
    const char *code; /* of one of the problems, or NULL */
} floods[] = {
    {"[", 200 * 1000, "depth"},       {"{a: ", 100 * 1000, "depth"},      {"- ", 100 * 1000, "depth"},
    {"? ", 100 * 1000, "depth"},      {"\t\n", 500 * 1000, "tab"},        {"\r", 1000 * 1000, "line-separator"},
    {"- a #b\n", 140 * 1000, "hash"}, {"- &a b\n", 140 * 1000, "anchor"}, {"a: b\n", 200 * 1000, "duplicate-key"},
    {"'", 1000 * 1000 + 1, "quote"},
};

START_TEST(a_hostile_file_costs_no_more_than_its_size)
{
    read_text(repeat(floods[_i].piece, floods[_i].times));
    ck_assert(!diags_clean(&problems));
    ck_assert_uint_le(problems.count, 1000);
    bool found = false;
    for (size_t i = 0; i < problems.count; i++)
        found = found || strcmp(problems.items[i].code, floods[_i].code) == 0;
    ck_assert_msg(found, "%s", problems.items[0].code);
}
END_TEST

START_TEST(a_long_line_of_many_values_is_walked_once)
{
    made = malloc(YAML_MAX_BYTES);
    ck_assert_ptr_nonnull(made);
    size_t len = 0;
    made[len++] = '[';
    while (len < YAML_MAX_BYTES - 4) {
        made[len++] = 'a';
        made[len++] = ',';
    }
    made[len++] = ']';
    ck_assert_int_eq(read_bytes(made, len), COACH_OK);
    ck_assert_uint_eq(doc.root->count, (len - 1) / 2);
    ck_assert_uint_eq(doc.root->items[doc.root->count - 1]->from, len - 3);
}
END_TEST

START_TEST(a_map_of_many_keys_is_read_once_each)
{
    made = malloc(YAML_MAX_BYTES);
    ck_assert_ptr_nonnull(made);
    size_t len = 0, n = 0;
    for (; len < YAML_MAX_BYTES - 20; n++)
        len += (size_t)sprintf(made + len, "%zx:\n", n);
    ck_assert_int_eq(read_bytes(made, len), COACH_OK);
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_uint_eq(doc.root->count, n);
}
END_TEST

START_TEST(a_file_over_the_limit_is_refused_as_a_whole)
{
    read_bytes(repeat("#", YAML_MAX_BYTES + 1), YAML_MAX_BYTES + 1);
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_str_eq(problems.items[0].code, "file-too-long");
    ck_assert_int_eq(problems.items[0].at.line, 0);
    yaml_doc_clear(&doc);
    diags_clear(&problems);
    ck_assert_int_eq(read_bytes(made, YAML_MAX_BYTES), COACH_OK);
    ck_assert(diags_clean(&problems));
    ck_assert_ptr_null(doc.root);
}
END_TEST

START_TEST(a_source_needs_no_nul_at_its_end)
{
    static const char text[] = "a: |\n  calm";
    char *exact = malloc(sizeof text - 1); /* what is read past it, the sanitizer and valgrind see */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, text, sizeof text - 1);
    made = exact;
    ck_assert_int_eq(read_bytes(exact, sizeof text - 1), COACH_OK);
    struct mark m = yaml_mark_at(yaml_get(doc.root, "a"), 100, 1);
    ck_assert_int_eq(m.line, 2);
    ck_assert_int_eq(m.column, 7);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof *(table))

int main(void)
{
    Suite *s = suite_create("yaml");
    TCase *t = tcase_create("yaml");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, scalars_are_the_text_that_was_typed);
    tcase_add_loop_test(t, every_trap_is_refused_where_it_is, 0, ROWS(traps));
    tcase_add_loop_test(t, ordinary_text_is_accepted, 0, ROWS(fine));
    tcase_add_test(t, a_bom_and_crlf_change_neither_values_nor_places);
    tcase_add_loop_test(t, a_byte_of_a_value_leads_back_to_its_character_in_the_file, 0, ROWS(places));
    tcase_add_loop_test(t, a_byte_past_the_value_stays_at_its_end, 0, ROWS(places));
    tcase_add_test(t, a_nul_byte_is_refused_where_it_is);
    tcase_add_test(t, nodes_know_their_bytes_and_places);
    tcase_add_test(t, all_problems_of_a_file_are_found_in_one_run);
    tcase_add_loop_test(t, nesting_is_read_down_to_the_limit, 0, 2);
    tcase_add_test(t, a_source_needs_no_nul_at_its_end);
    suite_add_tcase(s, t);
    TCase *large = suite_large(s);
    tcase_add_checked_fixture(large, setup, teardown);
    tcase_add_loop_test(large, a_hostile_file_costs_no_more_than_its_size, 0, ROWS(floods));
    tcase_add_test(large, a_long_line_of_many_values_is_walked_once);
    tcase_add_test(large, a_map_of_many_keys_is_read_once_each);
    tcase_add_test(large, a_file_over_the_limit_is_refused_as_a_whole);
    return suite_run(s);
}
