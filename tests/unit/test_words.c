#include "lib/text/words.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/rules/languagefile.h"
#include "tests/support/suite.h"

static struct buf table_text;
static struct source source = {.name = "en.yaml"};
static struct language lang;
static struct words words;

static void setup(void) /* once for all tests: the table that is shipped */
{
    buf_init(&table_text, 0);
    FILE *f = fopen(SOURCE_DIR "/rules/languages/en.yaml", "rb");
    ck_assert_ptr_nonnull(f);
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        ck_assert_int_eq(buf_add(&table_text, part, n), COACH_OK);
    fclose(f);
    source.text = table_text.data;
    source.len = table_text.len;
    struct diags problems;
    diags_init(&problems);
    language_init(&lang);
    ck_assert_int_eq(languagefile_read(&source, &lang, &problems), COACH_OK);
    ck_assert_msg(problems.count == 0, "%s", problems.count > 0 ? problems.items[0].message : "");
    diags_clear(&problems);
    words_init(&words);
}

static void teardown(void)
{
    words_clear(&words);
    language_clear(&lang);
    buf_clear(&table_text);
}

static const struct {
    const char *text;
    const char *line; /* without the spaces at both ends */
} lines[] = {
    {"", ""},
    {"   \t\r\n ", ""},
    {"?!... -- ,", ""},
    {"You need to CALM down.", "you need to calm down"},
    {" is— ", "is"},
    {"self-service, re-send", "self service re send"},
    {"hello\nthere\tyou", "hello there you"},

    /* contractions */
    {"you're", "you are"},
    {"You’re", "you are"},
    {"you‘re youʼre you＇re you´re", "you are you are you are you are"},
    {"youre", "you are"},
    {"can't cannot cant can’t CAN'T", "can not can not can not can not can not"},
    {"couldn't've", "could not have"},
    {"won't shan't don't isn't", "will not shall not do not is not"},
    {"i'm i've i'll", "i am i have i will"},
    {"y'all'd've", "you all 'd have"},
    {"gonna gotta", "going to got to"},
    {"were well ill its lets", "were well ill its lets"},

    /* 's and 'd stay, for they mean more than one thing */
    {"that's", "that 's"},
    {"she'd've", "she 'd have"},
    {"Sam's let's he'd", "sam 's let 's he 'd"},

    /* other apostrophes */
    {"o'clock rock'n'roll O'Brien", "o clock rocknroll obrien"},
    {"'quoted' the dogs' tails", "quoted the dogs tails"},
    {"''s ' 's", "s s"},
    {"you''re", "you re"},
    {"x'm'm'm'm'm'm", "xmmm am am am"},

    /* nothing that was said is dropped here: fillers and stutters are the phrases' business */
    {"um you know, I I I mean", "um you know i i i mean"},
    {"we we can't", "we we can not"},

    /* symbols */
    {"AT&T 5% sam@home a+b", "at and t 5 percent sam at home a plus b"},
    {"a/b_c;d", "a b c d"},

    /* masks and redactions */
    {"you **** liar", "you # liar"},
    {"f*** off", "# off"},
    {"f***ing f**k", "# #"},
    {"my card is ####, ####1234", "my card is # #"},
    {"a * b # c", "a b c"},
    {"I am [NAME] of [PERSON_NAME] [PII-1] [PHONE NUMBER]", "i am # of # # #"},
    {"my[NAME]too", "my # too"},
    {"[] [ ] [12]", ""},
    {"[not closed", "not closed"},
    {"[NAME_NAME_NAME_NAME_NAME_NAME_NAME_NAME_NAME_NAME]", "name name name name name name name name name name"},

    /* sounds and asides */
    {"[BLANK_AUDIO] [Music] [Silence] hello", "hello"},
    {"so (soft music) yes (really) <unk> <b>", "so yes really b"},
    {"[speaks to someone else] hello", "hello"},
    {"[unk] [laughs] well (LAUGHTER)", "well"},

    /* numbers */
    {"1,200 and 3.50", "1200 and 3.50"},
    {"$1,234,567.89", "1234567.89"},
    {"1, 2. 3", "1 2 3"},
    {"version 1.2.3.", "version 1.2.3"},
    {"8:30 a.m.", "8 30 a m"},
    {"24/7", "24 7"},

    /* beyond ASCII */
    {"ÉCOUTEZ Straße", "e\xcc\x81"
                       "coutez strasse"},
    {"e\xcc\x81", "e\xcc\x81"},
    {"\xc3\xa9", "e\xcc\x81"},
    {"Ｃａｌｍ　ｄｏｗｎ！", "calm down"},
    {"１，２００", "1 200"},
    {"ﬁne", "fine"},
    {"calm…down", "calm down"},
    {"“calm” «down»", "calm down"},
    {"so\xc2\xad"
     "ft zero\xe2\x80\x8bwidth \xe2\x80\xae"
     "turned",
     "soft zerowidth turned"},
    {"no\xc2\xa0"
     "break",
     "no break"},
    {"😀 calm😀down 👩‍👩‍👧", "calm down"},
    {"❤️ love ❤️", "love"},
    {"\xcc\x81 a", "a"},
    {"a\xef\xb8\x8f"
     "b",
     "ab"},
    {"спокойно 安静", "спокои\xcc\x86но 安静"},
};

START_TEST(text_becomes_the_words_that_were_said)
{
    char wanted[200];
    const char *said = lines[_i].line;
    snprintf(wanted, sizeof wanted, said[0] == '\0' ? "%s" : " %s ", said);
    ck_assert_int_eq(words_read(&words, &lang, lines[_i].text, strlen(lines[_i].text)), COACH_OK);
    ck_assert_str_eq(words.line.data, wanted);
    ck_assert_uint_eq(words.line.len, strlen(wanted));
    ck_assert_uint_eq(utf8_valid(words.line.data, words.line.len), words.line.len);
}
END_TEST

static void check_shape(size_t text_len)
{
    size_t at = 1;
    for (size_t i = 0; i < words.count; i++) {
        const struct word *w = &words.items[i];
        suite_assert(w->at == at && w->len > 0, "word %zu: %zu bytes at %zu", i, (size_t)w->len, (size_t)w->at);
        suite_assert(words.line.data[w->at - 1] == ' ' && words.line.data[w->at + w->len] == ' ' &&
                         memchr(words.line.data + w->at, ' ', w->len) == NULL,
                     "word %zu of '%s'", i, words.line.data);
        suite_assert(w->from < w->to && w->to <= text_len, "word %zu is from %zu to %zu", i, (size_t)w->from,
                     (size_t)w->to);
        suite_assert(i == 0 || w->from >= words.items[i - 1].from, "word %zu is before the one before", i);
        at += w->len + 1;
    }
    ck_assert_uint_eq(words.line.len, words.count == 0 ? 0 : at);
    for (size_t i = 0; i < WORDS_PAD; i++)
        suite_assert(words.line.data[words.line.len + i] == 0, "byte %zu of the padding", i);
}

START_TEST(words_line_and_padding_agree)
{
    ck_assert_int_eq(words_read(&words, &lang, lines[_i].text, strlen(lines[_i].text)), COACH_OK);
    check_shape(strlen(lines[_i].text));
}
END_TEST

static const struct {
    const char *text;
    const char *said[8]; /* what each word's bytes are in the text */
} quotes[] = {
    {"You need", {"You", "need"}},
    {"  calm,  down.", {"calm", "down"}},
    {"say you're wrong", {"say", "you're", "you're", "wrong"}},
    {"say you’re wrong", {"say", "you’re", "you’re", "wrong"}},
    {"that's it", {"that's", "that's", "it"}},
    {"the dogs' tails", {"the", "dogs", "tails"}},
    {"the dogs’ tails", {"the", "dogs", "tails"}},
    {"pay 1,200 or 3.50.", {"pay", "1,200", "or", "3.50"}},
    {"é €5 ok", {"é", "5", "ok"}},
    {"über😀Straße", {"über", "Straße"}},
    {"Ｃａｌｍ　ｄｏｗｎ", {"Ｃａｌｍ", "ｄｏｗｎ"}},
    {"½ cup", {"½", "½", "cup"}},
    {"you f***ing **** [NAME]!", {"you", "f***ing", "****", "[NAME]"}},
    {"[Music] A&B", {"A", "&", "B"}},
    {"so\xc2\xad"
     "ft \xe2\x80\x8bx",
     {"so\xc2\xad"
      "ft",
      "x"}},
    {"❤️ a", {"a"}},
    {"gonna", {"gonna", "gonna"}},
};

START_TEST(each_word_leads_back_to_the_bytes_that_were_sent)
{
    const char *text = quotes[_i].text;
    ck_assert_int_eq(words_read(&words, &lang, text, strlen(text)), COACH_OK);
    size_t n = 0;
    for (; n < 8 && quotes[_i].said[n] != NULL; n++) {
        ck_assert_uint_lt(n, words.count);
        const struct word *w = &words.items[n];
        char said[64];
        snprintf(said, sizeof said, "%.*s", (int)(w->to - w->from), text + w->from);
        ck_assert_str_eq(said, quotes[_i].said[n]);
    }
    ck_assert_uint_eq(words.count, n);
}
END_TEST

START_TEST(a_long_text_is_read_up_to_a_whole_character)
{
    char text[WORDS_MAX_TEXT + 100];
    memset(text, 'a', sizeof text);
    for (size_t i = 9; i < sizeof text; i += 10)
        text[i] = ' ';
    memcpy(text + WORDS_MAX_TEXT - 4, " €€ x", 8); /* the second sign lies across the limit */
    ck_assert_int_eq(words_read(&words, &lang, text, sizeof text), COACH_OK);
    ck_assert(words.truncated);
    check_shape(WORDS_MAX_TEXT);
    memcpy(text + WORDS_MAX_TEXT - 4, " éé", 5);
    ck_assert_int_eq(words_read(&words, &lang, text, sizeof text), COACH_OK);
    ck_assert(words.truncated);
    ck_assert_uint_eq(words.items[words.count - 1].to, WORDS_MAX_TEXT - 1);
    ck_assert_uint_eq(words.items[words.count - 1].from, WORDS_MAX_TEXT - 3);
    check_shape(WORDS_MAX_TEXT);
    memset(text, 'b', sizeof text);
    text[WORDS_MAX_TEXT - 2] = ' ';
    ck_assert_int_eq(words_read(&words, &lang, text, WORDS_MAX_TEXT), COACH_OK);
    ck_assert(!words.truncated);
    ck_assert_uint_eq(words.count, 2);
}
END_TEST

START_TEST(a_very_long_word_is_cut_and_keeps_its_bytes)
{
    char text[400];
    memset(text, 'a', 127);
    memcpy(text + 127, "éa", 3); /* é comes apart: its e still fits, its accent and what follows does not */
    memset(text + 130, 'b', 200);
    ck_assert_int_eq(words_read(&words, &lang, text, 330), COACH_OK);
    ck_assert_uint_eq(words.count, 1);
    ck_assert_uint_eq(words.items[0].len, 128);
    ck_assert_int_eq(words.line.data[128], 'e');
    ck_assert_uint_eq(words.items[0].to, 330);
    memset(text, 'a', 127);
    memcpy(text + 127, "中a", 4); /* does not fit, and the a after it may not take its place */
    ck_assert_int_eq(words_read(&words, &lang, text, 131), COACH_OK);
    ck_assert_uint_eq(words.items[0].len, 127);
    ck_assert_uint_eq(words.items[0].to, 131);
}
END_TEST

START_TEST(any_bytes_of_valid_text_give_a_well_formed_line)
{
    static const char *const pieces[] = {"a",
                                         "N",
                                         "'",
                                         "’",
                                         "*",
                                         "#",
                                         "[",
                                         "]",
                                         "(",
                                         ")",
                                         "<",
                                         ">",
                                         "1",
                                         ",",
                                         ".",
                                         " ",
                                         "n",
                                         "s",
                                         "t",
                                         "é",
                                         "😀",
                                         "\xcc\x81",
                                         "\xef\xb8\x8f",
                                         "ﷺ",
                                         "\x7f",
                                         "&"};
    uint32_t random = (uint32_t)_i * 2654435761u + 1;
    char text[600];
    for (int round = 0; round < 500; round++) {
        size_t len = 0;
        for (int i = 0; i < 30; i++) {
            random = random * 1664525u + 1013904223u;
            const char *piece = pieces[(random >> 16) % (sizeof pieces / sizeof *pieces)];
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
        }
        ck_assert_int_eq(words_read(&words, &lang, text, len), COACH_OK);
        check_shape(len);
    }
}
END_TEST

START_TEST(a_reading_replaces_the_one_before)
{
    ck_assert_int_eq(words_read(&words, &lang, "calm down now", 13), COACH_OK);
    const char *memory = words.line.data;
    ck_assert_int_eq(words_read(&words, &lang, "no", 2), COACH_OK);
    ck_assert_str_eq(words.line.data, " no ");
    ck_assert_uint_eq(words.count, 1);
    ck_assert_ptr_eq(words.line.data, memory);
    check_shape(2);
    ck_assert_int_eq(words_read(&words, &lang, NULL, 0), COACH_OK);
    ck_assert_uint_eq(words.count, 0);
    check_shape(0);
}
END_TEST

START_TEST(a_byte_of_the_line_leads_to_its_word)
{
    ck_assert_int_eq(words_at(&words, 0), 0);
    ck_assert_int_eq(words_read(&words, &lang, "you need to", 11), COACH_OK);
    static const size_t at[] = {0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        ck_assert_uint_eq(words_at(&words, i), at[i]);
}
END_TEST

/* --- word forms --- */

static const struct {
    const char *base;
    const char *forms; /* joined by spaces */
} form_rows[] = {
    {"calm", "calm calms calmed calming"},
    {"escalate", "escalate escalates escalated escalating"},
    {"agree", "agree agrees agreed agreeing"},
    {"try", "try tries tried trying"},
    {"delay", "delay delays delayed delaying"},
    {"wish", "wish wishes wished wishing"},
    {"be", "be am is are was were been being"},
    {"stop", "stop stops stopped stopping"},
    {"a", "a as aed aing"},
    {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcd",
     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcd "
     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcds "
     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcded "
     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcding"},
    {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcde",
     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcde"},
};

START_TEST(a_word_has_the_forms_of_the_table)
{
    char forms[LANGUAGE_MAX_FORMS][LANGUAGE_MAX_WORD], joined[LANGUAGE_MAX_FORMS * LANGUAGE_MAX_WORD] = "";
    size_t n = language_forms_of(&lang, form_rows[_i].base, forms);
    for (size_t i = 0; i < n; i++) {
        strcat(joined, i == 0 ? "" : " ");
        strcat(joined, forms[i]);
    }
    ck_assert_str_eq(joined, form_rows[_i].forms);
}
END_TEST

#define ROWS(rows) (int)(sizeof(rows) / sizeof *(rows))

int main(void)
{
    Suite *s = suite_create("words");
    TCase *t = tcase_create("words");
    tcase_add_unchecked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, text_becomes_the_words_that_were_said, 0, ROWS(lines));
    tcase_add_loop_test(t, words_line_and_padding_agree, 0, ROWS(lines));
    tcase_add_loop_test(t, each_word_leads_back_to_the_bytes_that_were_sent, 0, ROWS(quotes));
    tcase_add_test(t, a_long_text_is_read_up_to_a_whole_character);
    tcase_add_test(t, a_very_long_word_is_cut_and_keeps_its_bytes);
    tcase_add_loop_test(t, any_bytes_of_valid_text_give_a_well_formed_line, 0, 1);
    tcase_add_test(t, a_reading_replaces_the_one_before);
    tcase_add_test(t, a_byte_of_the_line_leads_to_its_word);
    tcase_add_loop_test(t, a_word_has_the_forms_of_the_table, 0, ROWS(form_rows));
    suite_add_tcase(s, t);
    TCase *large = suite_large(s);
    tcase_add_unchecked_fixture(large, setup, teardown);
    tcase_add_loop_test(large, any_bytes_of_valid_text_give_a_well_formed_line, 1, 8);
    return suite_run(s);
}
