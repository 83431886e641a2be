#include "lib/rules/scanner.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/rules/parts.h"
#include "lib/rules/regex.h"
#include "lib/rules/regexwords.h"

enum { CURSORS = 32 };

struct scanner {
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_match_context *regex_context;
    pcre2_jit_stack *stack;
    uint32_t *word_stamps; /* per word id: the line it was last seen in */
    size_t word_cap;
    uint32_t *phrase_stamps; /* per phrase: the line it was last brought up in */
    size_t phrase_cap;
    uint32_t stamp;    /* of the current line */
    uint32_t *present; /* word ids of the line */
    size_t present_count, present_cap;
    uint32_t *candidates;
    size_t candidate_count, candidate_cap;
    struct hit *hits;
    size_t hit_count, hit_cap;
    uint64_t limit_hits;
    const struct rule *limited[SCANNER_LIMITED];
    size_t limited_count;
    const uint64_t *out_keys; /* of rules that are left out */
    size_t out_count;
    uint64_t left_out;
    int rc;
};

static pcre2_match_context *new_context(uint32_t match_limit, pcre2_jit_stack *stack)
{
    pcre2_match_context *c = pcre2_match_context_create(NULL);
    if (c == NULL)
        return NULL;
    pcre2_set_match_limit(c, match_limit);
    pcre2_set_heap_limit(c, REGEX_HEAP_LIMIT_KIB);
    pcre2_jit_stack_assign(c, NULL, stack);
    return c;
}

struct scanner *scanner_new(void)
{
    struct scanner *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->match = pcre2_match_data_create(PARTS_MAX_GROUPS, NULL);
    s->stack = pcre2_jit_stack_create(32 * 1024, REGEX_JIT_STACK, NULL);
    s->context = new_context(SCANNER_MATCH_LIMIT, s->stack);
    s->regex_context = new_context(REGEX_MATCH_LIMIT, s->stack);
    if (s->match == NULL || s->context == NULL || s->regex_context == NULL || s->stack == NULL) {
        scanner_free(s);
        return NULL;
    }
    return s;
}

void scanner_free(struct scanner *s)
{
    if (s == NULL)
        return;
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->context);
    pcre2_match_context_free(s->regex_context);
    pcre2_jit_stack_free(s->stack);
    free(s->word_stamps);
    free(s->phrase_stamps);
    free(s->present);
    free(s->candidates);
    free(s->hits);
    free(s);
}

/* --- one phrase on one line --- */

struct match {
    size_t from, to; /* bytes of the line */
};

/* --- a regular expression: the line without its outer spaces, and only so much of it --- */

/* The bytes of the line that regular expressions see: its first words, whole ones. */
static size_t regex_line(const struct words *w)
{
    size_t n = w->line.len - 2;
    if (n <= REGEX_MAX_LINE)
        return n;
    const char *space = memrchr(w->line.data + 1, ' ', REGEX_MAX_LINE + 1);
    return space == NULL ? 0 : (size_t)(space - w->line.data) - 1;
}

/* A match may begin and end within words: what is quoted are whole ones. Between two words it stands for the next. */
static void widen(const struct words *w, struct match *m)
{
    const char *line = w->line.data;
    while (line[m->from] == ' ' && m->from + 1 < w->line.len)
        m->from++;
    while (line[m->from - 1] != ' ')
        m->from--;
    while (m->to > m->from && line[m->to - 1] == ' ')
        m->to--;
    if (m->to <= m->from)
        m->to = m->from + 1;
    while (line[m->to] != ' ')
        m->to++;
}

static void note_limited(struct scanner *s, const struct rule *rule)
{
    for (size_t i = 0; i < s->limited_count; i++)
        if (s->limited[i] == rule)
            return;
    if (s->limited_count < SCANNER_LIMITED)
        s->limited[s->limited_count++] = rule;
}

static int match_regex(struct scanner *s, const struct part_phrase *p, const struct words *w, size_t start)
{
    size_t len = regex_line(w), at = start == 0 ? 0 : start - 1;
    uint32_t options = PCRE2_NO_UTF_CHECK | (len < w->line.len - 2 ? PCRE2_NOTEOL : 0);
    if (at > len)
        return PCRE2_ERROR_NOMATCH;
    return pcre2_match(p->code, (PCRE2_SPTR)w->line.data + 1, len, at, options, s->match, s->regex_context);
}

/* --- either --- */

/* The first match of a phrase at or after `start`; false when there is none or it cost too much. */
static bool find(struct scanner *s, const struct ruleset *set, const struct part_phrase *p, const struct words *w,
                 size_t start, struct match *m)
{
    int rc = p->is_regex ? match_regex(s, p, w, start)
                         : pcre2_match(p->code, (PCRE2_SPTR)w->line.data, w->line.len, start, PCRE2_NO_UTF_CHECK,
                                       s->match, s->context);
    if (rc < 0) {
        s->limit_hits += rc != PCRE2_ERROR_NOMATCH;
        if (rc != PCRE2_ERROR_NOMATCH && p->is_regex)
            note_limited(s, &set->rules[p->rule].rule);
        return false;
    }
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s->match);
    m->from = at[0] + p->is_regex;
    m->to = at[1] + p->is_regex;
    if (m->to <= m->from)
        return false;
    if (p->is_regex)
        widen(w, m);
    return true;
}

/* The beginning of the word after the one at `at`. */
static size_t next_word(const struct words *w, size_t at)
{
    size_t i = words_at(w, at + 1);
    return i < w->count ? w->items[i].at : w->line.len;
}

/* Where the search for each exception goes on, for the ascending matches of one phrase: what ended too early to hold
 * one of them holds none of the later ones either, save those within it, and these share its fate. Without it a line of
 * nothing but exceptions takes time in its square. */
struct cursors {
    size_t at[CURSORS]; /* of the first exceptions; further ones begin at the front each time */
};

static bool contained(struct scanner *s, const struct ruleset *set, const struct part_phrase *exception,
                      const struct words *w, const struct match *m, size_t *cursor)
{
    struct match outer;
    while (*cursor <= m->from) {
        bool found = find(s, set, exception, w, *cursor, &outer);
        *cursor = found ? outer.from : w->line.len;
        if (!found || outer.from > m->from)
            return false;
        if (outer.to >= m->to)
            return true;
        *cursor = next_word(w, outer.from);
    }
    return false;
}

static bool is_excepted(struct scanner *s, const struct ruleset *set, const struct part_rule *r, const struct words *w,
                        const struct match *m, struct cursors *cursors)
{
    for (uint32_t i = 0; i < r->not_in.count; i++) {
        size_t front = 0;
        if (contained(s, set, &set->phrases[r->not_in.first + i], w, m, i < CURSORS ? &cursors->at[i] : &front))
            return true;
    }
    return false;
}

static struct scanner_span span_of(const struct words *w, size_t from, size_t to)
{
    size_t first = words_at(w, from), last = words_at(w, to);
    if (first >= last)
        return (struct scanner_span){0, 0};
    return (struct scanner_span){w->items[first].from, w->items[last - 1].to};
}

/* What the last match captured under the name "c<i>". */
static struct scanner_span capture_of(struct scanner *s, const struct part_phrase *p, const struct words *w, size_t i)
{
    char name[] = {'c', (char)('0' + i), '\0'};
    PCRE2_SPTR first, last;
    int size = pcre2_substring_nametable_scan(p->code, (PCRE2_SPTR)name, &first, &last);
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s->match);
    uint32_t pairs = pcre2_get_ovector_count(s->match);
    for (; size > 0 && first <= last; first += size) {
        uint32_t group = (uint32_t)first[0] << 8 | first[1];
        if (group < pairs && at[2 * group] != PCRE2_UNSET && at[2 * group] < at[2 * group + 1])
            return span_of(w, at[2 * group], at[2 * group + 1]);
    }
    return (struct scanner_span){0, 0};
}

/* Whether the phrase matches from there within the words before `seam` alone: then it was heard in them, and goes on.
 */
static bool was_heard(struct scanner *s, const struct ruleset *set, const struct part_phrase *p, const struct words *w,
                      size_t seam, const struct match *m)
{
    struct words before = *w;
    struct match earlier;
    size_t i = 0;
    while (i < w->count && w->items[i].to <= seam)
        i++;
    before.line.len = i < w->count ? w->items[i].at : w->line.len;
    return find(s, set, p, &before, m->from, &earlier) && earlier.from == m->from;
}

/* The first match of a phrase that ends behind `seam` and that no not_in holds. Sets `*excepted` when one was passed
 * over for that. */
static bool find_free(struct scanner *s, const struct ruleset *set, const struct part_rule *r,
                      const struct part_phrase *p, const struct words *w, size_t seam, struct hit *hit, bool *excepted)
{
    struct match m;
    struct cursors cursors = {{0}};
    for (size_t start = 0; start < w->line.len && find(s, set, p, w, start, &m); start = next_word(w, m.from)) {
        *hit = (struct hit){.rule = &r->rule, .phrase = p->number, .plain = p->plain};
        hit->span = span_of(w, m.from, m.to);
        if (seam > 0 && (hit->span.to <= seam || (hit->span.from < seam && was_heard(s, set, p, w, seam, &m))))
            continue;
        if (seam > 0 && r->capture_count > 0)
            (void)find(s, set, p, w, m.from, &m); /* its captures were overwritten */
        for (size_t i = 0; i < r->capture_count; i++)
            hit->captures[i] = capture_of(s, p, w, i);
        if (!is_excepted(s, set, r, w, &m, &cursors))
            return true;
        *excepted = true;
    }
    return false;
}

static bool is_silenced(struct scanner *s, const struct ruleset *set, const struct part_rule *r, const struct words *w)
{
    struct match m;
    for (uint32_t i = 0; i < r->unless.count; i++)
        if (find(s, set, &set->phrases[r->unless.first + i], w, 0, &m))
            return true;
    return false;
}

/* --- the prefilter --- */

static int grow_stamps(uint32_t **stamps, size_t *cap, size_t want)
{
    if (want <= *cap)
        return COACH_OK;
    uint32_t *grown = calloc(want, sizeof *grown);
    if (grown == NULL)
        return COACH_ENOMEM;
    free(*stamps); /* old stamps are of lines gone by */
    *stamps = grown;
    *cap = want;
    return COACH_OK;
}

static int push(uint32_t **items, size_t *count, size_t *cap, uint32_t value)
{
    if (*count == *cap) {
        size_t more = *cap == 0 ? 64 : *cap * 2;
        uint32_t *grown = realloc(*items, more * sizeof *grown);
        if (grown == NULL)
            return COACH_ENOMEM;
        *items = grown;
        *cap = more;
    }
    (*items)[(*count)++] = value;
    return COACH_OK;
}

static void on_word(void *user, uint32_t id)
{
    struct scanner *s = user;
    if (s->word_stamps[id] == s->stamp)
        return;
    s->word_stamps[id] = s->stamp;
    int rc = push(&s->present, &s->present_count, &s->present_cap, id);
    if (rc != COACH_OK)
        s->rc = rc;
}

static bool passes(const struct scanner *s, const struct part_phrase *p)
{
    for (size_t k = 0; k < 2; k++) {
        const struct part_filter *f = &p->also[k];
        uint32_t i = 0;
        while (i < f->count && s->word_stamps[f->ids[i]] != s->stamp)
            i++;
        if (f->count > 0 && i == f->count)
            return false;
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Marks a word, and what other signs set off in it ("3.50"), which regular expressions may ask for. */
static void find_word(struct scanner *s, const struct ruleset *set, const char *word, size_t len)
{
    const char *run;
    size_t at = 0;
    vocabulary_find(&set->words, word, len, on_word, s);
    for (size_t n = regexwords_run(word, len, &at, &run); n > 0 && n < len; n = regexwords_run(word, len, &at, &run))
        vocabulary_find(&set->words, run, n, on_word, s);
}

/* Marks the words of the line that phrases ask for. */
static int find_present(struct scanner *s, const struct ruleset *set, const struct words *w)
{
    int rc = grow_stamps(&s->word_stamps, &s->word_cap, set->words.count);
    if (rc == COACH_OK)
        rc = grow_stamps(&s->phrase_stamps, &s->phrase_cap, set->phrase_count);
    if (rc != COACH_OK)
        return rc;
    if (++s->stamp == 0) { /* after four billion lines the stamps begin anew */
        memset(s->word_stamps, 0, s->word_cap * sizeof *s->word_stamps);
        memset(s->phrase_stamps, 0, s->phrase_cap * sizeof *s->phrase_stamps);
        s->stamp = 1;
    }
    s->present_count = s->candidate_count = 0;
    s->rc = COACH_OK;
    for (size_t i = 0; i < w->count; i++)
        find_word(s, set, w->line.data + w->items[i].at, w->items[i].len);
    return s->rc;
}

/* The phrases whose compulsory words are all in the line, in the order of the set. */
static int find_candidates(struct scanner *s, const struct ruleset *set, const struct words *w)
{
    int rc = find_present(s, set, w);
    if (rc != COACH_OK)
        return rc;
    for (size_t i = 0; i < s->present_count && s->rc == COACH_OK; i++) {
        const struct part_range *range = &set->brings[s->present[i]];
        for (uint32_t k = 0; k < range->count && s->rc == COACH_OK; k++) {
            uint32_t number = set->brought[range->first + k];
            if (s->phrase_stamps[number] == s->stamp || !passes(s, &set->phrases[number]))
                continue;
            s->phrase_stamps[number] = s->stamp;
            s->rc = push(&s->candidates, &s->candidate_count, &s->candidate_cap, number);
        }
    }
    for (size_t i = 0; i < set->always_count && s->rc == COACH_OK; i++)
        s->rc = push(&s->candidates, &s->candidate_count, &s->candidate_cap, set->always[i]);
    if (s->candidate_count > 1)
        qsort(s->candidates, s->candidate_count, sizeof *s->candidates, by_number);
    return s->rc;
}

/* --- the scan --- */

static bool speaks(const struct rule *rule, coach_role role)
{
    switch (rule->speaker) {
    case RULE_AGENT:
        return role == COACH_ROLE_AGENT;
    case RULE_CUSTOMER:
        return role == COACH_ROLE_CUSTOMER;
    default:
        return role == COACH_ROLE_AGENT || role == COACH_ROLE_CUSTOMER;
    }
}

static bool is_left_out(struct scanner *s, const struct rule *rule)
{
    for (size_t i = 0; i < s->out_count; i++)
        if (s->out_keys[i] == rule->key) {
            s->left_out++;
            return true;
        }
    return false;
}

static int keep_hit(struct scanner *s, const struct hit *hit)
{
    struct hit *last = s->hit_count > 0 ? &s->hits[s->hit_count - 1] : NULL;
    if (last != NULL && last->rule == hit->rule && !hit->rule->is_swap) { /* the earliest speaks for the rule */
        if (hit->span.from < last->span.from)
            *last = *hit;
        return COACH_OK;
    }
    if (s->hit_count == s->hit_cap) {
        size_t cap = s->hit_cap == 0 ? 16 : s->hit_cap * 2;
        struct hit *hits = realloc(s->hits, cap * sizeof *hits);
        if (hits == NULL)
            return COACH_ENOMEM;
        s->hits = hits;
        s->hit_cap = cap;
    }
    s->hits[s->hit_count++] = *hit;
    return COACH_OK;
}

int scanner_scan(struct scanner *s, const struct ruleset *set, const struct words *words, coach_role role, size_t seam,
                 const struct hit **hits, size_t *count)
{
    s->hit_count = s->limited_count = 0;
    int rc = words->count == 0 ? COACH_OK : find_candidates(s, set, words);
    size_t candidates = words->count == 0 ? 0 : s->candidate_count;
    for (size_t i = 0; i < candidates && rc == COACH_OK; i++) {
        const struct part_phrase *p = &set->phrases[s->candidates[i]];
        const struct part_rule *r = &set->rules[p->rule];
        bool by_customer = r->rule.is_swap && role == COACH_ROLE_CUSTOMER && r->rule.speaker == RULE_AGENT;
        bool excepted = false;
        struct hit hit;
        if (r->rule.mode == RULE_DISABLED || (!by_customer && !speaks(&r->rule, role)) || is_left_out(s, &r->rule))
            continue;
        if (!find_free(s, set, r, p, words, seam, &hit, &excepted))
            continue;
        hit.by_customer = by_customer;
        if (by_customer || !is_silenced(s, set, r, words))
            rc = keep_hit(s, &hit);
    }
    *hits = s->hits;
    *count = rc == COACH_OK ? s->hit_count : 0;
    return rc;
}

/* --- one rule, for the checker and the tools --- */

static const struct part_rule *part_of(const struct ruleset *set, const struct rule *rule)
{
    return &set->rules[rule->index];
}

static struct part_range range_of(const struct part_rule *r, enum scanner_part part)
{
    return part == SCANNER_SAYS ? r->says : part == SCANNER_PART_NOT_IN ? r->not_in : r->unless;
}

enum scanner_verdict scanner_rule(struct scanner *s, const struct ruleset *set, const struct rule *rule,
                                  const struct words *words, struct hit *hit)
{
    const struct part_rule *r = part_of(set, rule);
    bool found = false, excepted = false;
    for (uint32_t i = 0; i < r->says.count && words->count > 0; i++) {
        struct hit one;
        if (!find_free(s, set, r, &set->phrases[r->says.first + i], words, 0, &one, &excepted))
            continue;
        if (!found || one.span.from < hit->span.from)
            *hit = one;
        found = true;
    }
    if (!found)
        return excepted ? SCANNER_NOT_IN : SCANNER_NO_PHRASE;
    return is_silenced(s, set, r, words) ? SCANNER_UNLESS : SCANNER_HIT;
}

size_t scanner_part_count(const struct ruleset *set, const struct rule *rule, enum scanner_part part)
{
    return range_of(part_of(set, rule), part).count;
}

bool scanner_part_matches(struct scanner *s, const struct ruleset *set, const struct rule *rule, enum scanner_part part,
                          size_t index, const struct words *words)
{
    struct part_range range = range_of(part_of(set, rule), part);
    struct match m;
    return index < range.count && words->count > 0 && find(s, set, &set->phrases[range.first + index], words, 0, &m);
}

bool scanner_part_find(struct scanner *s, const struct ruleset *set, const struct rule *rule, enum scanner_part part,
                       size_t index, const struct words *words, size_t first, struct scanner_span *range)
{
    struct part_range parts = range_of(part_of(set, rule), part);
    struct match m;
    if (index >= parts.count || first >= words->count ||
        !find(s, set, &set->phrases[parts.first + index], words, words->items[first].at, &m))
        return false;
    *range = (struct scanner_span){words_at(words, m.from), words_at(words, m.to)};
    return true;
}

static bool asks_for_some(const struct scanner *s, const struct part_filter *f)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (s->word_stamps[f->ids[i]] == s->stamp)
            return true;
    return false;
}

static bool belongs(const struct part_range *range, uint32_t number)
{
    return number - range->first < range->count;
}

int scanner_is_near(struct scanner *s, const struct ruleset *set, const struct rule *rule, const struct words *words,
                    bool *near)
{
    const struct part_rule *r = part_of(set, rule);
    int rc = find_present(s, set, words);
    bool found = false;
    if (rc != COACH_OK)
        return rc;
    for (size_t i = 0; i < set->always_count && !found; i++)
        found = belongs(&r->says, set->always[i]);
    for (size_t i = 0; i < s->present_count && !found; i++) {
        const struct part_range *range = &set->brings[s->present[i]];
        for (uint32_t k = 0; k < range->count && !found; k++)
            found = belongs(&r->says, set->brought[range->first + k]);
    }
    for (uint32_t i = 0; i < r->says.count && !found; i++) {
        const struct part_phrase *p = &set->phrases[r->says.first + i];
        found = asks_for_some(s, &p->also[0]) || asks_for_some(s, &p->also[1]);
    }
    *near = found;
    return COACH_OK;
}

const char *scanner_capture_name(const struct ruleset *set, const struct rule *rule, size_t i)
{
    const struct part_rule *r = part_of(set, rule);
    return i < r->capture_count ? r->captures[i] : NULL;
}

uint64_t scanner_limit_hits(const struct scanner *s)
{
    return s->limit_hits;
}

const struct rule *const *scanner_limited(const struct scanner *s, size_t *count)
{
    *count = s->limited_count;
    return s->limited;
}

void scanner_leave_out(struct scanner *s, const uint64_t *keys, size_t count)
{
    s->out_keys = keys;
    s->out_count = count;
}

uint64_t scanner_left_out(const struct scanner *s)
{
    return s->left_out;
}
