#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/date.h"
#include "lib/base/diag.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/table.h"
#include "lib/base/utf8.h"
#include "tests/support/suite.h"

/* --- buf --- */

static struct buf out;

static void setup_buf(void)
{
    buf_init(&out, 0);
}

static void teardown_buf(void)
{
    buf_clear(&out);
}

START_TEST(a_buffer_grows_and_stays_ended_by_a_nul)
{
    ck_assert_int_eq(buf_adds(&out, "one "), COACH_OK);
    ck_assert_int_eq(buf_addf(&out, "%d and %s", 2, "three"), COACH_OK);
    ck_assert_int_eq(buf_add(&out, "\0x", 2), COACH_OK);
    ck_assert_uint_eq(out.len, 17);
    ck_assert_mem_eq(out.data, "one 2 and three\0x", 18);
    for (size_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(buf_addf(&out, "%zu", i % 10), COACH_OK);
        ck_assert_int_eq(out.data[out.len], '\0');
    }
    ck_assert_uint_eq(out.len, 1017);
}
END_TEST

START_TEST(a_capped_buffer_takes_its_cap_and_not_a_byte_more)
{
    buf_clear(&out);
    buf_init(&out, 70);
    char bytes[71];
    memset(bytes, 'x', sizeof bytes);
    ck_assert_int_eq(buf_add(&out, bytes, 69), COACH_OK);
    ck_assert_int_eq(buf_adds(&out, "yz"), COACH_ELIMIT);
    ck_assert_int_eq(buf_addf(&out, "%s", "yz"), COACH_ELIMIT);
    ck_assert_int_eq(buf_reserve(&out, SIZE_MAX), COACH_ELIMIT);
    ck_assert_uint_eq(out.len, 69);
    ck_assert_int_eq(out.data[69], '\0');
    ck_assert_int_eq(buf_adds(&out, "y"), COACH_OK);
    ck_assert_int_eq(buf_adds(&out, ""), COACH_OK);
    ck_assert_uint_eq(out.len, 70);
    ck_assert_uint_le(out.cap, 71);
    buf_clear(&out);
    ck_assert_int_eq(buf_add(&out, bytes, 71), COACH_ELIMIT);
}
END_TEST

START_TEST(an_uncapped_buffer_refuses_what_cannot_be_counted)
{
    ck_assert_int_eq(buf_adds(&out, "x"), COACH_OK);
    ck_assert_int_eq(buf_reserve(&out, SIZE_MAX - 1), COACH_ELIMIT);
    ck_assert_str_eq(out.data, "x");
}
END_TEST

START_TEST(dropping_and_resetting_keep_the_rest)
{
    buf_drop(&out, 0);
    buf_reset(&out);
    ck_assert_ptr_null(out.data);
    ck_assert_int_eq(buf_adds(&out, "calm down"), COACH_OK);
    buf_drop(&out, 5);
    ck_assert_str_eq(out.data, "down");
    buf_drop(&out, 4);
    ck_assert_str_eq(out.data, "");
    ck_assert_int_eq(buf_adds(&out, "x"), COACH_OK);
    char *before = out.data;
    buf_reset(&out);
    ck_assert_str_eq(out.data, "");
    ck_assert_ptr_eq(out.data, before);
}
END_TEST

/* --- arena --- */

START_TEST(an_arena_gives_zeroed_aligned_memory_of_any_size)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 5000, 16 * 1024, 16 * 1024 + 1, 100 * 1000, 3};
    struct arena a;
    arena_init(&a);
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            unsigned char *p = arena_alloc(&a, sizes[i]);
            ck_assert_ptr_nonnull(p);
            ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
            size_t zeros = 0;
            while (zeros < sizes[i] && p[zeros] == 0)
                p[zeros++] = 0xff;
            ck_assert_uint_eq(zeros, sizes[i]);
        }
    ck_assert_uint_ge(a.total, 3 * 137856);
    ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
    arena_clear(&a);
    ck_assert_uint_eq(a.total, 0);
    ck_assert_str_eq(arena_fmt(&a, "%s-%d", "a", 1), "a-1");
    ck_assert_str_eq(arena_strn(&a, "calm down", 4), "calm");
    ck_assert_str_eq(arena_str(&a, ""), "");
    arena_clear(&a);
}
END_TEST

START_TEST(an_arena_array_keeps_its_items_as_it_grows)
{
    struct arena a;
    arena_init(&a);
    int *items = NULL;
    size_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(arena_grow(&a, &items, (size_t)i, &cap, sizeof *items), COACH_OK);
        ck_assert_uint_gt(cap, (size_t)i);
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(items[i], i);
    arena_clear(&a);
}
END_TEST

/* --- errors --- */

START_TEST(context_is_put_before_what_a_lower_level_wrote)
{
    coach_error err = {0};
    ck_assert_int_eq(coach_fail(&err, COACH_EINVAL, "line %d", 3), COACH_EINVAL);
    ck_assert_int_eq(coach_fail_within(&err, "file %s", "a"), COACH_EINVAL);
    ck_assert_str_eq(err.text, "file a: line 3");
    ck_assert_int_eq(coach_fail_nomem(&err), COACH_ENOMEM);
    ck_assert_int_eq(coach_fail(NULL, COACH_EUTF8, "x"), COACH_EUTF8);
    ck_assert_int_eq(coach_fail_nomem(NULL), COACH_ENOMEM);
}
END_TEST

START_TEST(a_text_too_long_for_an_error_is_cut_between_characters)
{
    coach_error err = {0};
    char text[600] = "";
    memset(text, 'x', (size_t)_i);
    while (strlen(text) + 4 < sizeof text)
        strcat(text, "€");
    coach_fail(&err, COACH_EINVAL, "%s", text);
    size_t len = strlen(err.text);
    ck_assert_uint_eq(utf8_valid(err.text, len), len);
    ck_assert_uint_gt(len, sizeof err.text - 4);
    coach_fail_within(&err, "%s", text);
    len = strlen(err.text);
    ck_assert_uint_eq(utf8_valid(err.text, len), len);
    ck_assert_uint_gt(len, sizeof err.text - 4);
}
END_TEST

/* --- hash: the vectors of the paper, key 00..0f, input 00, 01 ... --- */

static const uint64_t vectors[] = {0x726fdb47dd0e0e31u, 0x74f839c593dc67fdu, 0x0d6c8009d9a94f5au, 0x85676696d7fb7e2du};

START_TEST(siphash_gives_the_reference_vectors)
{
    uint8_t key[HASH_SEED], input[16];
    for (uint8_t i = 0; i < 16; i++)
        key[i] = input[i] = i;
    for (size_t n = 0; n < sizeof vectors / sizeof *vectors; n++)
        ck_assert_msg(hash_bytes(key, input, n) == vectors[n], "%zu bytes", n);
    ck_assert(hash_bytes(key, input, 15) == 0xa129ca6149be45e5u); /* the worked example of the paper */
}
END_TEST

START_TEST(hashed_fields_are_told_apart_and_never_change)
{
    struct hash_fields a, b;
    char hex[17];
    hash_fields_init(&a);
    hash_fields_add(&a, "ab", 2);
    hash_fields_add(&a, "c", 1);
    hash_fields_init(&b);
    hash_fields_add(&b, "a", 1);
    hash_fields_add(&b, "bc", 2);
    ck_assert(a.value != b.value);
    hash_hex(a.value, hex);
    ck_assert_str_eq(hex, "3d2d17d69add8c1e");
    hash_hex(0xab, hex);
    ck_assert_str_eq(hex, "00000000000000ab");
}
END_TEST

/* --- table --- */

static struct table table;

static void setup_table(void)
{
    uint8_t seed[HASH_SEED];
    for (uint8_t i = 0; i < HASH_SEED; i++)
        seed[i] = (uint8_t)(i * 7 + 1);
    table_init(&table, seed);
}

static void teardown_table(void)
{
    table_clear(&table);
    ck_assert_uint_eq(table_count(&table), 0);
}

static size_t key_of(size_t i, char key[24])
{
    return (size_t)sprintf(key, "call-%zu", i);
}

START_TEST(a_table_finds_replaces_and_removes_keys)
{
    int one, two;
    ck_assert_ptr_null(table_get(&table, "a", 1));
    ck_assert_ptr_null(table_remove(&table, "a", 1));
    ck_assert_int_eq(table_set(&table, "a", 1, &one), COACH_OK);
    ck_assert_int_eq(table_set(&table, "a\0b", 3, &two), COACH_OK);
    ck_assert_int_eq(table_set(&table, "", 0, &two), COACH_OK);
    ck_assert_ptr_eq(table_get(&table, "a", 1), &one);
    ck_assert_ptr_eq(table_get(&table, "a\0b", 3), &two);
    ck_assert_ptr_eq(table_get(&table, "", 0), &two);
    ck_assert_ptr_null(table_get(&table, "a\0c", 3));
    ck_assert_int_eq(table_set(&table, "a", 1, &two), COACH_OK);
    ck_assert_uint_eq(table_count(&table), 3);
    ck_assert_ptr_eq(table_remove(&table, "a", 1), &two);
    ck_assert_ptr_null(table_get(&table, "a", 1));
    ck_assert_uint_eq(table_count(&table), 2);
}
END_TEST

START_TEST(a_table_copies_its_keys)
{
    char key[] = "calm";
    ck_assert_int_eq(table_set(&table, key, 4, &table), COACH_OK);
    key[0] = 'b';
    ck_assert_ptr_nonnull(table_get(&table, "calm", 4));
    size_t len;
    ck_assert_str_eq(table_key(table_next(&table, NULL), &len), "calm");
    ck_assert_uint_eq(len, 4);
}
END_TEST

START_TEST(a_walk_goes_in_order_of_insertion)
{
    enum { MANY = 5000 };
    char key[24];
    for (size_t i = 0; i < MANY; i++)
        ck_assert_int_eq(table_set(&table, key, key_of(i, key), (void *)(uintptr_t)(i + 1)), COACH_OK);
    ck_assert_uint_eq(table_count(&table), MANY);
    size_t i = 0;
    for (struct table_entry *at = table_next(&table, NULL); at != NULL; at = table_next(&table, at), i++) {
        size_t len = key_of(i, key);
        ck_assert_str_eq(table_key(at, NULL), key);
        ck_assert_ptr_eq(table_value(at), (void *)(uintptr_t)(i + 1));
        ck_assert_ptr_eq(table_get(&table, key, len), table_value(at));
    }
    ck_assert_uint_eq(i, MANY);
}
END_TEST

START_TEST(the_current_entry_may_be_removed_while_walking) /* _i: every one, the odd ones, the last ones */
{
    enum { MANY = 300 };
    char key[24];
    for (size_t i = 0; i < MANY; i++)
        ck_assert_int_eq(table_set(&table, key, key_of(i, key), (void *)(uintptr_t)(i + 1)), COACH_OK);
    size_t seen = 0, removed = 0;
    for (struct table_entry *at = table_next(&table, NULL), *next; at != NULL; at = next, seen++) {
        next = table_next(&table, at);
        if (_i == 0 || (_i == 1 && seen % 2 == 1) || (_i == 2 && seen >= MANY - 10)) {
            size_t len;
            const char *k = table_key(at, &len);
            ck_assert_ptr_eq(table_remove(&table, k, len), (void *)(uintptr_t)(seen + 1));
            removed++;
        }
    }
    ck_assert_uint_eq(seen, MANY);
    ck_assert_uint_eq(table_count(&table), MANY - removed);
    ck_assert_int_eq(table_set(&table, "new", 3, &table), COACH_OK);
    ck_assert_ptr_eq(table_get(&table, "new", 3), &table);
}
END_TEST

/* --- utf8 --- */

static const struct {
    const char *text;
    size_t len;
    size_t valid;
} utf8_rows[] = {
    {"", 0, 0},
    {"calm", 4, 4},
    {"a\0b", 3, 3},
    {"caf\xc3\xa9", 5, 5},
    {"\xc2\x80", 2, 2},
    {"\xdf\xbf", 2, 2},
    {"\xe0\xa0\x80", 3, 3},
    {"\xed\x9f\xbf", 3, 3},
    {"\xee\x80\x80", 3, 3},
    {"\xef\xbf\xbf", 3, 3},
    {"\xf0\x90\x80\x80", 4, 4},
    {"\xf4\x8f\xbf\xbf", 4, 4},
    {"\xf0\x9f\x98\x80 and more than eight", 24, 24},
    {"\x80", 1, 0},
    {"ab\xbf", 3, 2},
    {"\xc0\x80", 2, 0},         /* overlong NUL */
    {"\xc1\xbf", 2, 0},         /* overlong DEL */
    {"\xe0\x80\xaf", 3, 0},     /* overlong / */
    {"\xe0\x9f\xbf", 3, 0},     /* overlong U+07FF */
    {"\xf0\x80\x80\xaf", 4, 0}, /* overlong / */
    {"\xf0\x8f\xbf\xbf", 4, 0}, /* overlong U+FFFF */
    {"\xed\xa0\x80", 3, 0},     /* surrogates, the first and the last */
    {"\xed\xbf\xbf", 3, 0},
    {"\xf4\x90\x80\x80", 4, 0}, /* U+110000 */
    {"\xf5\x80\x80\x80", 4, 0},
    {"\xfe", 1, 0},
    {"\xff", 1, 0},
    {"\xc3", 1, 0},
    {"\xe2\x82", 2, 0},
    {"\xf0\x9f\x98", 3, 0},
    {"\xc3(", 2, 0},
    {"\xe2\x82(", 3, 0},
    {"\xe2(\xac", 3, 0},
    {"\xf0\x9f\x98(", 4, 0},
    {"12345678\xff", 9, 8}, /* around the steps of eight */
    {"1234567\xff", 8, 7},
    {"123456789012345\xc3\xa9\xff", 18, 17},
};

START_TEST(utf8_is_valid_up_to_the_first_byte_that_is_not)
{
    char *exact = malloc(utf8_rows[_i].len + (utf8_rows[_i].len == 0)); /* nothing past the end is looked at */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, utf8_rows[_i].text, utf8_rows[_i].len);
    ck_assert_uint_eq(utf8_valid(exact, utf8_rows[_i].len), utf8_rows[_i].valid);
    uint32_t cp;
    size_t first = utf8_first(exact, utf8_rows[_i].len, &cp);
    ck_assert_int_eq(first > 0, utf8_rows[_i].valid > 0);
    free(exact);
}
END_TEST

START_TEST(characters_are_decoded_counted_and_never_cut)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const uint32_t points[] = {'a', 0xe9, 0x20ac, 0x1f600};
    size_t at = 0, n = 0;
    for (uint32_t cp; text[at] != '\0'; n++) {
        at += utf8_next(text + at, &cp);
        ck_assert_uint_eq(cp, points[n]);
    }
    ck_assert_uint_eq(n, 4);
    ck_assert_uint_eq(utf8_count(text, sizeof text - 1), 4);
    ck_assert_uint_eq(utf8_next(text + 6, NULL), 4);
    static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t most = 0; most <= 10; most++) {
        ck_assert_uint_eq(utf8_cut(text, 10, most), cuts[most]);
        ck_assert_uint_eq(utf8_whole(text, most), cuts[most]);
    }
    ck_assert_uint_eq(utf8_cut(text, 10, 99), 10);
    ck_assert_uint_eq(utf8_whole("\x80\x80\x80\x80\x80", 5), 5); /* no text at all: left alone */
}
END_TEST

/* --- diag --- */

static struct diags problems;

static void setup_diags(void)
{
    diags_init(&problems);
    buf_init(&out, 0);
}

static void teardown_diags(void)
{
    diags_clear(&problems);
    buf_clear(&out);
}

static const struct {
    const char *text;
    int line, column, width;
    const char *hint;
    const char *shown;
} shown_rows[] = {
    {"a: b\nsays: clam\n", 2, 7, 4, "did you mean 'calm'?",
     "a.yaml:2:7: error: unknown 'x' [unknown]\n     2 | says: clam\n       |       ^~~~\n"
     "       = did you mean 'calm'?\n"},
    {"é€: b\n", 1, 5, 1, NULL, "a.yaml:1:5: error: unknown 'x' [unknown]\n     1 | é€: b\n       |     ^\n"},
    {"a", 1, 1, 9, NULL, "a.yaml:1:1: error: unknown 'x' [unknown]\n     1 | a\n       | ^\n"},
    {"a: b\r\n", 1, 5, 1, NULL, "a.yaml:1:5: error: unknown 'x' [unknown]\n     1 | a: b\n       |     ^\n"},
    {"a\tb\x1b[2J\xc2\x9b\xe2\x80\xae\xff z", 1, 13, 1, NULL,
     "a.yaml:1:13: error: unknown 'x' [unknown]\n     1 | a b [2J  ? z\n       |             ^\n"},
    {"\xef\xbb\xbf"
     "a: b",
     1, 1, 1, NULL, "a.yaml:1:1: error: unknown 'x' [unknown]\n     1 | a: b\n       | ^\n"},
    {"a: b\n", 9, 1, 1, NULL, "a.yaml:9:1: error: unknown 'x' [unknown]\n     9 | \n       | ^\n"},
    {"a: b\n", 0, 0, 0, "split it", "a.yaml: error: unknown 'x' [unknown]\n       = split it\n"},
    {"", 1, 1, 1, NULL, "a.yaml:1:1: error: unknown 'x' [unknown]\n     1 | \n       | ^\n"},
};

START_TEST(a_problem_is_shown_under_its_line_with_a_caret)
{
    struct source source = {"a.yaml", shown_rows[_i].text, strlen(shown_rows[_i].text)};
    struct mark at = {&source, shown_rows[_i].line, shown_rows[_i].column, shown_rows[_i].width};
    diags_add(&problems, DIAG_ERROR, "unknown", &at, shown_rows[_i].hint, "unknown '%s'", "x");
    ck_assert_int_eq(diag_print(&problems.items[0], false, &out), COACH_OK);
    ck_assert_str_eq(out.data, shown_rows[_i].shown);
}
END_TEST

START_TEST(a_problem_of_no_file_is_shown_without_a_place)
{
    struct mark nowhere = {0};
    diags_add(&problems, DIAG_WARNING, "nothing", &nowhere, NULL, "no rules");
    ck_assert_int_eq(diag_print(&problems.items[0], true, &out), COACH_OK);
    ck_assert_str_eq(out.data, "\033[1;33mwarning:\033[0m no rules [nothing]\n");
    ck_assert(diags_clean(&problems));
}
END_TEST

START_TEST(a_long_line_is_cut_between_characters_and_the_caret_stays_below_it) /* _i: column, in euro signs */
{
    char *line = malloc(3 * 100); /* 300 bytes without a NUL: nothing past them is looked at */
    ck_assert_ptr_nonnull(line);
    for (size_t i = 0; i < 100; i++)
        memcpy(line + 3 * i, "€", 3);
    struct source source = {"a.yaml", line, _i == 160 ? 159 : 300};
    struct mark at = {&source, 1, _i, 50};
    diags_add(&problems, DIAG_ERROR, "x", &at, NULL, "y");
    ck_assert_int_eq(diag_print(&problems.items[0], false, &out), COACH_OK);
    ck_assert_uint_eq(utf8_valid(out.data, out.len), out.len);
    const char *caret = strchr(out.data, '^');
    ck_assert_int_eq(caret != NULL, _i <= 54);
    if (caret != NULL)
        ck_assert_uint_eq(strspn(caret + 1, "~"), _i == 54 ? 0 : _i == 50 ? 3 : 49);
    free(line);
}
END_TEST

START_TEST(a_line_of_just_the_length_shown_is_not_read_past_its_end)
{
    char *line = malloc(160);
    ck_assert_ptr_nonnull(line);
    memset(line, 'x', 160);
    struct source source = {"a.yaml", line, 160};
    struct mark at = {&source, 1, 160, 1};
    diags_add(&problems, DIAG_ERROR, "x", &at, NULL, "y");
    ck_assert_int_eq(diag_print(&problems.items[0], false, &out), COACH_OK);
    ck_assert_ptr_nonnull(strchr(out.data, '^'));
    free(line);
}
END_TEST

START_TEST(problems_past_a_thousand_are_counted_and_not_kept)
{
    struct mark nowhere = {0};
    for (int i = 0; i < 1200; i++)
        diags_add(&problems, i % 2 == 0 ? DIAG_ERROR : DIAG_NOTE, "x", &nowhere, NULL, "%d", i);
    ck_assert_uint_eq(problems.count, 1000);
    ck_assert_uint_eq(problems.levels[DIAG_ERROR], 600);
    ck_assert_uint_eq(problems.levels[DIAG_NOTE], 600);
    ck_assert(diags_full(&problems) && !diags_clean(&problems));
    ck_assert_str_eq(problems.items[999].message, "999");
}
END_TEST

START_TEST(a_long_message_is_cut_between_characters)
{
    char text[600] = "";
    memset(text, 'x', (size_t)_i);
    while (strlen(text) + 4 < sizeof text)
        strcat(text, "€");
    struct mark nowhere = {0};
    diags_add(&problems, DIAG_ERROR, "x", &nowhere, NULL, "%s", text);
    size_t len = strlen(problems.items[0].message);
    ck_assert_uint_eq(utf8_valid(problems.items[0].message, len), len);
    ck_assert_uint_gt(len, 390);
}
END_TEST

START_TEST(sorted_problems_stand_by_file_line_and_column_and_ties_as_they_came)
{
    static const struct source a = {"a.yaml", "", 0}, b = {"b.yaml", "", 0};
    static const struct {
        const struct source *source;
        int line, column;
    } rows[] = {{&b, 1, 1}, {&a, 2, 5}, {&a, 2, 5}, {&a, 2, 1}, {NULL, 0, 0}, {&a, 0, 0}, {&a, 2, 5}, {&a, 1, 9}};
    char filler[300];
    memset(filler, 'x', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    for (int i = 0; i < 8; i++) {
        struct mark at = {rows[i].source, rows[i].line, rows[i].column, 1};
        diags_add(&problems, DIAG_ERROR, "x", &at, filler, "%d", i);
    }
    diags_sort(&problems);
    char order[9] = "";
    for (size_t i = 0; i < 8; i++)
        strcat(order, problems.items[i].message);
    ck_assert_str_eq(order, "45731260");
}
END_TEST

static const struct {
    const char *word;
    const char *nearest;
} near_rows[] = {
    {"mesage", "message"},
    {"messsage", "message"},
    {"mesasge", "message"}, /* neighbours swapped count as one slip */
    {"msg", NULL},
    {"Id", "id"},
    {"di", "id"},
    {"xy", NULL},
    {"says", "says"},
    {"sasy", "says"},
    {"cooldwn", "cooldown"},
    {"", NULL},
    {"a word that is longer than any that the distance is ever computed for", NULL},
};

START_TEST(the_nearest_known_word_is_found_unless_it_is_far)
{
    static const char *const known[] = {
        "message",  "id",      "says",
        "cooldown", "speaker", "a known word that is longer than any that the distance is computed for"};
    const char *found = diag_nearest(near_rows[_i].word, known, 6);
    if (near_rows[_i].nearest == NULL)
        ck_assert_ptr_null(found);
    else
        ck_assert_str_eq(found, near_rows[_i].nearest);
}
END_TEST

#define ROWS(rows) (int)(sizeof(rows) / sizeof *(rows))

static TCase *add_case(Suite *s, const char *name, SFun setup, SFun teardown)
{
    TCase *t = tcase_create(name);
    if (setup != NULL)
        tcase_add_checked_fixture(t, setup, teardown);
    suite_add_tcase(s, t);
    return t;
}

/* --- date --- */

START_TEST(dates_are_read_to_milliseconds)
{
    static const struct {
        const char *text;
        int64_t ms;
    } dates[] = {{"1970-01-01T00:00:00Z", 0},
                 {"2026-03-19T22:04:48.128Z", INT64_C(1773957888128)},
                 {"2026-03-20T00:04:48.1289999+02:00", INT64_C(1773957888128)},
                 {"2026-03-19t16:34:48.1-05:30", INT64_C(1773957888100)},
                 {"2024-02-29 12:00:00z", INT64_C(1709208000000)},
                 {"2000-03-01T00:00:00Z", INT64_C(951868800000)},
                 {"1969-12-31T23:59:59.5Z", -500},
                 {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
                 {"0001-01-01T00:00:00Z", INT64_C(-62135596800000)},
                 {"9999-12-31T23:59:59Z", INT64_C(253402300799000)}};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        int64_t ms = 1;
        ck_assert_msg(date_read(dates[i].text, strlen(dates[i].text), &ms), "%s", dates[i].text);
        ck_assert_msg(ms == dates[i].ms, "%s: %lld", dates[i].text, (long long)ms);
    }
}
END_TEST

START_TEST(what_is_no_date_is_refused)
{
    static const char *const wrong[] = {"",
                                        "2026",
                                        "2026-03-19",
                                        "2026-03-19T22:04:48",
                                        "2026-13-19T22:04:48Z",
                                        "2026-00-19T22:04:48Z",
                                        "2026-02-29T22:04:48Z",
                                        "2100-02-29T22:04:48Z",
                                        "2026-03-00T22:04:48Z",
                                        "2026-03-19T24:04:48Z",
                                        "2026-03-19T22:60:48Z",
                                        "2026-03-19T22:04:61Z",
                                        "2026-03-19T22:04:48.Z",
                                        "2026-03-19T22:04:48+0200",
                                        "2026-03-19T22:04:48+24:00",
                                        "2026-03-19T22:04:48Z ",
                                        "+026-03-19T22:04:48Z",
                                        "1773957888128"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t ms = 1;
        ck_assert_msg(!date_read(wrong[i], strlen(wrong[i]), &ms) && ms == 1, "%s", wrong[i]);
    }
    ck_assert(!date_read("2026-03-19T22:04:48Z", 19, &(int64_t){0}));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base");
    TCase *t = add_case(s, "buf", setup_buf, teardown_buf);
    tcase_add_test(t, a_buffer_grows_and_stays_ended_by_a_nul);
    tcase_add_test(t, a_capped_buffer_takes_its_cap_and_not_a_byte_more);
    tcase_add_test(t, an_uncapped_buffer_refuses_what_cannot_be_counted);
    tcase_add_test(t, dropping_and_resetting_keep_the_rest);
    t = add_case(s, "arena", NULL, NULL);
    tcase_add_test(t, an_arena_gives_zeroed_aligned_memory_of_any_size);
    tcase_add_test(t, an_arena_array_keeps_its_items_as_it_grows);
    t = add_case(s, "error", NULL, NULL);
    tcase_add_test(t, context_is_put_before_what_a_lower_level_wrote);
    tcase_add_loop_test(t, a_text_too_long_for_an_error_is_cut_between_characters, 0, 3);
    t = add_case(s, "hash", NULL, NULL);
    tcase_add_test(t, siphash_gives_the_reference_vectors);
    tcase_add_test(t, hashed_fields_are_told_apart_and_never_change);
    tcase_add_test(t, dates_are_read_to_milliseconds);
    tcase_add_test(t, what_is_no_date_is_refused);
    t = add_case(s, "table", setup_table, teardown_table);
    tcase_add_test(t, a_table_finds_replaces_and_removes_keys);
    tcase_add_test(t, a_table_copies_its_keys);
    tcase_add_test(t, a_walk_goes_in_order_of_insertion);
    tcase_add_loop_test(t, the_current_entry_may_be_removed_while_walking, 0, 3);
    t = add_case(s, "utf8", NULL, NULL);
    tcase_add_loop_test(t, utf8_is_valid_up_to_the_first_byte_that_is_not, 0, ROWS(utf8_rows));
    tcase_add_test(t, characters_are_decoded_counted_and_never_cut);
    t = add_case(s, "diag", setup_diags, teardown_diags);
    tcase_add_loop_test(t, a_problem_is_shown_under_its_line_with_a_caret, 0, ROWS(shown_rows));
    tcase_add_test(t, a_problem_of_no_file_is_shown_without_a_place);
    static const int columns[] = {1, 50, 54, 55, 160};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        tcase_add_loop_test(t, a_long_line_is_cut_between_characters_and_the_caret_stays_below_it, columns[i],
                            columns[i] + 1);
    tcase_add_test(t, a_line_of_just_the_length_shown_is_not_read_past_its_end);
    tcase_add_test(t, problems_past_a_thousand_are_counted_and_not_kept);
    tcase_add_loop_test(t, a_long_message_is_cut_between_characters, 0, 3);
    tcase_add_test(t, sorted_problems_stand_by_file_line_and_column_and_ties_as_they_came);
    tcase_add_loop_test(t, the_nearest_known_word_is_found_unless_it_is_far, 0, ROWS(near_rows));
    return suite_run(s);
}
