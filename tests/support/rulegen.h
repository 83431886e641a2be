/* For tests: rule sets made from the words of real lines, by a seed, so that they are found in them now and then. */
#ifndef COACH_TESTS_RULEGEN_H
#define COACH_TESTS_RULEGEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/text/language.h"

/* Lines as they were said. */
struct rulegen_lines {
    const char **items;
    size_t count;
};

struct rulegen {
    uint64_t state;
    const struct rulegen_lines *lines;
    const struct language *lang;
    struct buf *out;
    bool failed; /* memory ran out */
};

enum { RULEGEN_WORD = 24, RULEGEN_FRAGMENT = 6 };

static uint32_t rulegen_pick(struct rulegen *g, uint32_t below)
{
    g->state = g->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(g->state >> 33) % below;
}

static void rulegen_add(struct rulegen *g, const char *text)
{
    g->failed = buf_adds(g->out, text) != 0 || g->failed;
}

/* A word that may stand in a phrase as it is. */
struct rulegen_word {
    char text[RULEGEN_WORD];
};

static bool rulegen_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The next word of a line at `*at`, which moves behind it; false at the end of the line. */
static bool rulegen_word_at(const char *line, size_t *at, struct rulegen_word *w)
{
    size_t n = 0;
    *w = (struct rulegen_word){{0}};
    for (;; ++*at) {
        char c = line[*at];
        bool inside = rulegen_is_letter(c) || (c >= '0' && c <= '9') || (c == '\'' && n > 0);
        if (inside && n + 1 < RULEGEN_WORD) {
            w->text[n++] = c;
        } else if (!inside && n > 0 && w->text[n - 1] != '\'') {
            return true;
        } else if (!inside) {
            n = 0;
            memset(w->text, 0, sizeof w->text);
        }
        if (c == '\0')
            return false;
    }
}

/* Up to `most` words in a row from somewhere; at least one. */
static size_t rulegen_fragment(struct rulegen *g, size_t most, struct rulegen_word *words)
{
    for (int tries = 0; tries < 100; tries++) {
        const char *line = g->lines->items[rulegen_pick(g, (uint32_t)g->lines->count)];
        size_t at = rulegen_pick(g, (uint32_t)strlen(line) + 1), n = 0;
        while (line[at] != '\0' && line[at] != ' ' && at > 0)
            at--;
        while (n < most && rulegen_word_at(line, &at, &words[n]))
            n++;
        if (n > 0)
            return n;
    }
    words[0] = (struct rulegen_word){"policy"};
    return 1;
}

static void rulegen_other(struct rulegen *g)
{
    struct rulegen_word w;
    rulegen_fragment(g, 1, &w);
    rulegen_add(g, w.text);
}

/* Alternatives, one of which is the word. */
static void rulegen_group(struct rulegen *g, const char *word, int depth)
{
    uint32_t here = rulegen_pick(g, 3), n = 1 + rulegen_pick(g, 3);
    rulegen_add(g, "(");
    for (uint32_t i = 0; i < n; i++) {
        rulegen_add(g, i > 0 ? " | " : "");
        if (i == here % n)
            rulegen_add(g, word);
        else if (depth < 3 && rulegen_pick(g, 4) == 0)
            rulegen_group(g, word, depth + 1);
        else
            rulegen_other(g);
        if (rulegen_pick(g, 4) == 0) {
            rulegen_add(g, " ");
            rulegen_other(g);
        }
    }
    rulegen_add(g, ")");
}

static void rulegen_spell(struct rulegen *g, const char *word)
{
    for (size_t i = 0; word[i] != '\0' && i < 5; i++)
        if (rulegen_is_letter(word[i]))
            rulegen_add(g, (char[]){word[i], ' ', '\0'});
}

/* Letters that stay one word when they are read: "cannot" does not. */
static bool rulegen_stays_whole(const struct rulegen *g, const char *word)
{
    char low[RULEGEN_WORD];
    size_t n = strlen(word);
    for (size_t i = 0; i < n; i++) {
        if (!rulegen_is_letter(word[i]))
            return false;
        low[i] = (char)(word[i] | 0x20);
    }
    return table_get(&g->lang->contractions, low, n) == NULL;
}

/* One word in one of the ways that a phrase may ask for it. Something of it must be said. */
static void rulegen_item(struct rulegen *g, const struct rulegen_word *w)
{
    char start[RULEGEN_WORD + 2];
    size_t len = strlen(w->text);
    bool number = w->text[0] >= '0' && w->text[0] <= '9';
    switch (rulegen_pick(g, 16)) {
    case 0:
    case 1:
    case 2:
        rulegen_group(g, w->text, 0);
        break;
    case 3:
        rulegen_add(g, "(");
        rulegen_other(g);
        rulegen_add(g, ")? ");
        rulegen_add(g, w->text);
        break;
    case 4:
        rulegen_add(g, rulegen_stays_whole(g, w->text) ? "~" : "");
        rulegen_add(g, w->text);
        break;
    case 5:
        memcpy(start, w->text, len + 1);
        if (len > 3)
            start[3 + rulegen_pick(g, (uint32_t)len - 3)] = '\0';
        rulegen_add(g, len > 3 && rulegen_stays_whole(g, start) ? start : w->text);
        rulegen_add(g, len > 3 && rulegen_stays_whole(g, start) ? "*" : "");
        break;
    case 6:
        rulegen_add(g, number ? "<number>" : "<word>");
        break;
    case 7:
        rulegen_add(g, rulegen_pick(g, 2) ? "<reason>" : "<why:whom>");
        break;
    case 8:
        if (len <= 4 && rulegen_stays_whole(g, w->text))
            rulegen_spell(g, w->text);
        else
            rulegen_add(g, w->text);
        break;
    default:
        rulegen_add(g, w->text);
    }
    rulegen_add(g, " ");
}

/* A phrase out of a few words of some line. */
static void rulegen_phrase(struct rulegen *g)
{
    struct rulegen_word words[RULEGEN_FRAGMENT];
    static const char *const gaps[] = {"... ", "...1 ", "...5 ", "...15 "};
    size_t n = rulegen_fragment(g, 1 + rulegen_pick(g, RULEGEN_FRAGMENT), words);
    rulegen_add(g, rulegen_pick(g, 24) == 0 ? "<start> " : "");
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && i + 1 < n && rulegen_pick(g, 6) == 0) /* a gap in the place of a word */
            rulegen_add(g, gaps[rulegen_pick(g, 4)]);
        else
            rulegen_item(g, &words[i]);
        if (i > 0 && i + 1 < n && g->out->len > 4 && strstr(g->out->data + g->out->len - 6, "...") != NULL)
            rulegen_item(g, &words[++i]); /* never two in a row */
    }
    rulegen_add(g, rulegen_pick(g, 24) == 0 ? "<end>" : rulegen_pick(g, 24) == 0 ? "(please | <end>)" : "");
}

static void rulegen_phrases(struct rulegen *g, const char *key, uint32_t n)
{
    rulegen_add(g, key);
    while (n-- > 0) {
        rulegen_add(g, "      - ");
        rulegen_phrase(g);
        rulegen_add(g, "\n");
    }
}

/* Terms of a swap rule: each is reported for itself. */
static void rulegen_swap(struct rulegen *g, uint32_t n, uint32_t *made)
{
    rulegen_add(g, "    swap:\n");
    for (uint32_t i = 0; i < n; i++) {
        struct rulegen_word words[3];
        size_t count = rulegen_fragment(g, 1 + rulegen_pick(g, 3), words);
        char number[16];
        snprintf(number, sizeof number, "q%u", ++*made); /* unlike any other: keys are unique */
        rulegen_add(g, "      ");
        for (size_t k = 0; k < count; k++) {
            rulegen_add(g, words[k].text);
            rulegen_add(g, " ");
        }
        rulegen_add(g, "(");
        rulegen_add(g, number);
        rulegen_add(g, ")?: plain\n");
    }
}

/* Adds a file of rules with `phrases` phrases, about half of them alone in their rule, so that none hides behind
 * another; `*rule` numbers rules across files. The first file brings the lists. Returns 0 or an error of buf_add. */
static int rulegen_file(struct rulegen *g, uint32_t phrases, bool first, uint32_t *rule)
{
    static const char *const speakers[] = {"either", "either", "agent", "customer"};
    char head[160];
    rulegen_add(g, "format: 1\npack: test\n");
    if (first) {
        rulegen_add(g, "lists:\n  reason:\n    - policy\n    - the (rules | ~charge)\n  whom:\n    - <reason> us\n"
                       "    - <number>\n    - ");
        rulegen_other(g);
        rulegen_add(g, "\n");
    }
    rulegen_add(g, "rules:\n");
    while (phrases > 0 && !g->failed) {
        uint32_t n = rulegen_pick(g, 2) ? 1 : 1 + rulegen_pick(g, 6);
        n = n < phrases ? n : phrases;
        bool swap = rulegen_pick(g, 8) == 0;
        snprintf(head, sizeof head, "  - id: r%u\n    category: tone\n    message: %s\n    speaker: %s\n", ++*rule,
                 !swap && rulegen_pick(g, 3) == 0 ? "m {said}" : "m", speakers[rulegen_pick(g, 4)]);
        rulegen_add(g, head);
        if (swap)
            rulegen_swap(g, n, rule);
        else
            rulegen_phrases(g, "    says:\n", n);
        if (!swap && rulegen_pick(g, 6) == 0)
            rulegen_phrases(g, rulegen_pick(g, 2) ? "    not_in:\n" : "    unless:\n", 1 + rulegen_pick(g, 2));
        phrases -= n;
    }
    return g->failed ? -1 : 0;
}

#endif
