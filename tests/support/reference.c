#include "tests/support/reference.h"

#include <stdlib.h>
#include <string.h>

enum {
    TURN_QUIET_MS = 2000, /* 7 */
    STRETCH_MS = 500,     /* 37 */
    ANSWER_MS = 1000,     /* 39 */
    MOST_WORDS = 24,
    MOST_HEARD = REFERENCE_LINES * REFERENCE_SIGNALS,
    NO_TURN = -1
};
static const size_t NO_LINE = SIZE_MAX;

/* Something that came true, and where it stands in the call. */
struct moment {
    int signal;
    size_t pos;       /* in the stream: at this line, */
    int place;        /* behind this word of it; -1: before the line was heard */
    size_t line;      /* that it belongs to */
    int64_t at_ms;    /* when */
    int64_t began_ms; /* when what decides whether it was in time (19) began */
    int64_t decided_ms;
    bool by_time;
    size_t from;
};

struct moments {
    struct moment items[MOST_HEARD];
    size_t count;
};

/* How a turn, or a window, ends. */
struct close {
    bool happens;
    bool with_call; /* 20 */
    int64_t at_ms;
    size_t by_line;   /* of the other side, which ended the turn; NO_LINE: time or the call's end did */
    int64_t quiet_ms; /* when it would have ended without that line */
    int64_t until_ms; /* the end of the turn's last words (57) */
    size_t line;      /* that a finding belongs to (25) */
};

struct turn {
    coach_role side;
    size_t first, last;
    int64_t begins_ms, until_ms; /* from its first word to its last */
    struct close close;
};

struct history {
    const struct reference_rules *rules;
    const struct reference_call *call;
    size_t n;
    int64_t start[REFERENCE_LINES], end[REFERENCE_LINES];
    int64_t heard[REFERENCE_LINES]; /* 1, 2 */
    bool small[REFERENCE_LINES];    /* a back-channel (6) */
    int turn[REFERENCE_LINES];
    struct turn turns[REFERENCE_LINES];
    size_t turn_count;
    size_t untimed; /* the first line without times, or n (48) */
    int64_t call_end;
    struct moments said; /* all signals, in the order of the stream (14) */
};

/* --- words --- */

struct line_word {
    char text[24];
    bool begins_sentence;
};

static size_t words_of(const char *text, struct line_word *words)
{
    size_t n = 0;
    bool begins = true;
    while (*text != '\0' && n < MOST_WORDS) {
        size_t len = strcspn(text, " .?!");
        if (len > 0 && len < sizeof words->text) {
            words[n] = (struct line_word){.begins_sentence = begins};
            memcpy(words[n++].text, text, len);
            begins = false;
        }
        text += len;
        begins = begins || *text == '.' || *text == '?' || *text == '!';
        text += *text != '\0';
    }
    return n;
}

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

bool reference_is_back_channel(const char *text)
{
    static const char *const small[] = {"mm", "hmm", "okay", "right", "yeah", NULL};
    struct line_word words[MOST_WORDS];
    size_t n = words_of(text, words);
    for (size_t i = 0; i < n; i++)
        if (!is_one_of(words[i].text, small))
            return false;
    return n > 0;
}

/* Whether `two` stand side by side; with `begin` only where a sentence begins. */
static bool holds_two(const char *text, const char *const two[2], bool begin)
{
    struct line_word words[MOST_WORDS];
    size_t n = words_of(text, words);
    for (size_t i = 0; i + 1 < n; i++)
        if (strcmp(words[i].text, two[0]) == 0 && strcmp(words[i + 1].text, two[1]) == 0 &&
            (!begin || words[i].begins_sentence))
            return true;
    return false;
}

static bool is_open(const char *text)
{
    return holds_two(text, (const char *const[]){"what", "happened"}, false) ||
           holds_two(text, (const char *const[]){"why", "did"}, false);
}

static bool is_closed(const char *text)
{
    return !is_open(text) && (holds_two(text, (const char *const[]){"do", "you"}, true) ||
                              holds_two(text, (const char *const[]){"is", "it"}, true) ||
                              holds_two(text, (const char *const[]){"can", "i"}, true));
}

/* --- turns --- */

static bool speaks(coach_role role)
{
    return role == COACH_ROLE_AGENT || role == COACH_ROLE_CUSTOMER; /* 10 */
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void read_lines(struct history *h)
{
    int64_t clock = INT64_MIN;
    h->n = h->untimed = h->call->count;
    for (size_t i = 0; i < h->n; i++) {
        const struct reference_line *line = &h->call->lines[i];
        bool untimed = line->start_ms == COACH_NO_TIME;
        h->start[i] = untimed ? line->arrival_ms : line->start_ms;
        h->end[i] = untimed ? line->arrival_ms : line->end_ms;
        h->heard[i] = clock = later(clock, h->end[i]);
        h->small[i] = reference_is_back_channel(line->text);
        h->turn[i] = NO_TURN;
        if (untimed && h->untimed == h->n)
            h->untimed = i;
    }
    h->call_end = h->call->end_ms != COACH_NO_TIME ? h->call->end_ms : h->n > 0 ? clock : 0;
}

/* A line that began within the 2 seconds goes on with the turn, whatever arrived meanwhile (9), unless the other side
 * said more than a back-channel. A back-channel goes on with one's own turn, and is no turn otherwise (8). */
static void take_turns(struct history *h)
{
    for (size_t i = 0; i < h->n; i++) {
        coach_role role = h->call->lines[i].role;
        struct turn *t = h->turn_count > 0 ? &h->turns[h->turn_count - 1] : NULL;
        bool goes_on = t != NULL && t->side == role && h->start[i] <= t->until_ms + TURN_QUIET_MS;
        if (!speaks(role) || (h->small[i] && !goes_on))
            continue;
        if (!goes_on) {
            t = &h->turns[h->turn_count++];
            *t = (struct turn){role, i, i, h->start[i], h->end[i], {0}};
        }
        t->last = i;
        t->begins_ms = t->begins_ms < h->start[i] ? t->begins_ms : h->start[i];
        t->until_ms = later(t->until_ms, h->end[i]);
        h->turn[i] = (int)(t - h->turns);
    }
}

static void end_turns(struct history *h)
{
    for (size_t k = 0; k < h->turn_count; k++) {
        struct turn *t = &h->turns[k];
        int64_t quiet = t->until_ms + TURN_QUIET_MS;
        size_t j = t->last + 1;
        while (j < h->n && (!speaks(h->call->lines[j].role) || h->call->lines[j].role == t->side || h->small[j]))
            j++;
        t->close = (struct close){true, false, quiet, NO_LINE, quiet, t->until_ms, t->first};
        if (j < h->n && h->start[j] <= quiet) { /* 7 */
            t->close.at_ms = h->start[j];
            t->close.by_line = j;
        } else if (quiet > h->call_end) { /* 20 */
            t->close.at_ms = h->call_end;
            t->close.with_call = true;
        }
    }
}

/* --- moments --- */

static bool is_before(const struct moment *a, const struct moment *b)
{
    return a->pos < b->pos || (a->pos == b->pos && a->place < b->place);
}

/* Puts it behind all that are not after it. */
static void add_moment(struct moments *all, struct moment m)
{
    size_t at = all->count++;
    while (at > 0 && is_before(&m, &all->items[at - 1]))
        at--;
    memmove(&all->items[at + 1], &all->items[at], (all->count - 1 - at) * sizeof m);
    all->items[at] = m;
}

static struct moment moment_of(int signal, size_t pos, int place, size_t line, int64_t at_ms, int64_t began_ms,
                               int64_t decided_ms)
{
    return (struct moment){.signal = signal,
                           .pos = pos,
                           .place = place,
                           .line = line,
                           .at_ms = at_ms,
                           .began_ms = began_ms,
                           .decided_ms = decided_ms};
}

static struct moment at_line(const struct history *h, size_t line, int place, int signal)
{
    return moment_of(signal, line, place, line, h->heard[line], h->start[line], h->heard[line]);
}

/* The line in which clock time `ms` falls: the first one heard after it. */
static size_t pos_of_time(const struct history *h, int64_t ms)
{
    size_t i = 0;
    while (i < h->n && h->heard[i] <= ms)
        i++;
    return i;
}

/* --- signals --- */

static bool says(enum rule_speaker speaker, coach_role role)
{
    return speaks(role) && (speaker == RULE_EITHER || (speaker == RULE_AGENT) == (role == COACH_ROLE_AGENT));
}

/* Words that may always be dropped between two words of a phrase. */
static bool is_filler(const char *word)
{
    return is_one_of(word, (const char *const[]){"um", "mm", "hmm", NULL});
}

/* The word of line `i` with which the phrase ends, begun in an earlier line of the turn or not (12); -1: nowhere. */
static int phrase_end(const struct history *h, const char *phrase, size_t i)
{
    struct line_word wanted[MOST_WORDS], words[MOST_WORDS];
    size_t want = words_of(phrase, wanted), met = 0;
    for (size_t k = 0; k <= i; k++) {
        if (k < i && (h->turn[k] == NO_TURN || h->turn[k] != h->turn[i]))
            continue;
        size_t n = words_of(h->call->lines[k].text, words);
        for (size_t w = 0; w < n; w++) {
            if (strcmp(words[w].text, wanted[met].text) == 0)
                met++;
            else if (met == 0 || (strcmp(words[w].text, wanted[met - 1].text) != 0 && !is_filler(words[w].text)))
                met = strcmp(words[w].text, wanted[0].text) == 0;
            if (met == want && k == i)
                return (int)w;
            if (met == want)
                met = 0;
        }
    }
    return -1;
}

static void hear_phrase(struct history *h, int signal)
{
    const struct reference_signal *s = &h->rules->signals[signal];
    for (size_t i = 0; i < h->n; i++) {
        int place = says(s->speaker, h->call->lines[i].role) ? phrase_end(h, s->phrase, i) : -1;
        if (place >= 0)
            add_moment(&h->said, at_line(h, i, place, signal));
    }
}

/* --- windows --- */

/* The turn in which the window opened, from where it goes until that ends. */
static struct close close_of_turn(const struct history *h, const struct moment *open)
{
    struct close never = {0};
    if (open->line >= h->n || h->turn[open->line] == NO_TURN)
        return never;
    struct close c = h->turns[h->turn[open->line]].close;
    c.line = open->line;
    return c;
}

static bool begins_after(const struct turn *t, const struct moment *m)
{
    return t->first > m->pos || (t->first == m->pos && m->place < 0);
}

/* 16 */
static struct close close_of_turns(const struct history *h, const struct moment *open, int wanted, bool agents)
{
    int begun = 0;
    for (size_t k = 0; k < h->turn_count; k++) {
        const struct turn *t = &h->turns[k];
        if (begins_after(t, open) && (!agents || t->side == COACH_ROLE_AGENT) && ++begun == wanted)
            return t->close;
    }
    return (struct close){0};
}

/* 17; the finding belongs to the last line that had ended by then (25) */
static struct close close_of_time(const struct history *h, const struct moment *open, int64_t time_ms)
{
    struct close c = {true,      false, open->at_ms + time_ms, NO_LINE, open->at_ms + time_ms, open->at_ms + time_ms,
                      open->line};
    for (size_t i = 0; i < h->n; i++)
        if (speaks(h->call->lines[i].role) && h->end[i] <= c.at_ms && h->end[i] >= h->end[c.line])
            c.line = i;
    c.happens = c.at_ms <= h->call_end; /* 20 */
    return c;
}

enum { PARTS = 4 };

/* The parts of a window that are set; returns how many. */
static size_t close_parts(const struct history *h, const struct when_window *w, const struct moment *open,
                          struct close parts[PARTS])
{
    size_t n = 0;
    if (w->same_turn)
        parts[n++] = close_of_turn(h, open);
    if (w->turns > 0)
        parts[n++] = close_of_turns(h, open, w->turns, false);
    if (w->agent_turns > 0)
        parts[n++] = close_of_turns(h, open, w->agent_turns, true);
    if (w->time_ms > 0)
        parts[n++] = close_of_time(h, open, w->time_ms);
    return n;
}

/* 18, and 25: when time closes it first, a finding belongs to the turn that was about to, if that has begun. */
static struct close close_of(const struct history *h, const struct when_window *w, const struct moment *open)
{
    struct close parts[PARTS], first = {0};
    size_t n = close_parts(h, w, open, parts);
    for (size_t i = 0; i < n; i++)
        if (parts[i].happens && (!first.happens || parts[i].at_ms < first.at_ms))
            first = parts[i];
    if (n > 1 && parts[0].happens && h->start[parts[0].line] <= first.at_ms)
        first.line = parts[0].line;
    return first;
}

/* How many turns began after `open`, up to `m`; of the agent's, or of either side. */
static int turns_begun(const struct history *h, const struct moment *open, const struct moment *m, bool agents)
{
    int n = 0;
    for (size_t k = 0; k < h->turn_count; k++)
        n += begins_after(&h->turns[k], open) && !begins_after(&h->turns[k], m) &&
             (!agents || h->turns[k].side == COACH_ROLE_AGENT);
    return n;
}

/* Whether the latest turn that has begun by then is the agent's. */
static bool agent_has_turn(const struct history *h, const struct moment *m)
{
    bool agents = false;
    for (size_t k = 0; k < h->turn_count && !begins_after(&h->turns[k], m); k++)
        agents = h->turns[k].side == COACH_ROLE_AGENT;
    return agents;
}

/* 15 to 19 */
static bool is_inside(const struct history *h, const struct when_window *w, const struct moment *open,
                      const struct moment *m)
{
    int agents = turns_begun(h, open, m, true);
    if (w->same_turn && turns_begun(h, open, m, false) > 0)
        return false;
    if (w->turns > 0 && turns_begun(h, open, m, false) > w->turns)
        return false;
    if (w->agent_turns > 0 && (agents > w->agent_turns || (agents == w->agent_turns && !agent_has_turn(h, m))))
        return false;
    return w->time_ms == 0 || m->began_ms <= open->at_ms + w->time_ms;
}

/* --- the verbs --- */

/* 21 */
static bool is_excused(const struct history *h, const struct when_node *node, const struct moment *a)
{
    for (size_t i = 0; i < h->said.count; i++) {
        const struct moment *b = &h->said.items[i];
        if (b->signal == node->without && (b->pos == a->pos || (is_before(b, a) && turns_begun(h, b, a, false) == 0)))
            return true;
    }
    return false;
}

/* The B that closes the window (22), or NULL. */
static const struct moment *closing_b(const struct history *h, const struct when_node *node, const struct moment *a)
{
    for (size_t i = 0; i < h->said.count; i++) {
        const struct moment *b = &h->said.items[i];
        if (b->signal == node->without && is_before(a, b) && is_inside(h, &node->window, a, b))
            return b;
    }
    return NULL;
}

static void find_after(const struct history *h, const struct when_node *node, struct moments *ret)
{
    const struct moment *open = NULL, *b = NULL;
    for (size_t i = 0; i < h->said.count; i++) {
        const struct moment *a = &h->said.items[i];
        if (a->signal != node->opens || is_excused(h, node, a) ||
            (node->window.same_turn && h->turn[a->line] == NO_TURN)) /* 15 */
            continue;
        if (open != NULL && (b == NULL || is_before(a, b)) && is_inside(h, &node->window, open, a))
            continue; /* 23 */
        open = a;
        b = closing_b(h, node, a);
        struct close c = close_of(h, &node->window, a);
        if (b != NULL || !c.happens)
            continue;
        struct moment m = moment_of(0, pos_of_time(h, c.at_ms), -1, c.line, c.at_ms, c.at_ms, c.until_ms);
        m.by_time = node->window.time_ms > 0;
        m.from = a->line;
        if (c.by_line != NO_LINE)
            m.pos = c.by_line;
        add_moment(ret, m);
    }
}

static bool is_behind(const struct history *h, const struct when_window *w, const struct moment *m,
                      const struct moment *now)
{
    return (!w->same_turn || turns_begun(h, m, now, false) == 0) &&
           (w->turns == 0 || turns_begun(h, m, now, false) <= w->turns) &&
           (w->agent_turns == 0 || turns_begun(h, m, now, true) <= w->agent_turns) &&
           (w->time_ms == 0 || now->at_ms - m->at_ms <= w->time_ms);
}

/* The number of lines heard by then, the one it is in among them. */
static size_t line_by(const struct moment *m)
{
    return m->place < 0 ? m->pos : m->pos + 1;
}

/* When signal `since` was last heard, up to `now`: in one line order does not matter. */
static const struct moment *last_heard(const struct history *h, int since, const struct moment *now)
{
    const struct moment *last = NULL;
    for (size_t i = 0; i < h->said.count; i++)
        if (h->said.items[i].signal == since && line_by(&h->said.items[i]) <= line_by(now))
            last = &h->said.items[i];
    return last;
}

static bool in_line(const struct moment *a, const struct moment *b)
{
    return a->pos == b->pos && a->place >= 0 && b->place >= 0;
}

/* 26 to 28 */
static bool lacks(const struct history *h, const struct when_node *node, const struct moment *now)
{
    const struct moment *since = node->since == WHEN_NONE ? NULL : last_heard(h, node->since, now);
    if (node->since != WHEN_NONE && since == NULL)
        return false;
    for (size_t i = 0; i < h->said.count; i++) {
        const struct moment *b = &h->said.items[i];
        bool looked_at = in_line(b, now) || (is_before(b, now) && (since == NULL || line_by(b) >= line_by(since)) &&
                                             is_behind(h, &node->window, b, now));
        if (b->signal == node->without && looked_at)
            return false;
    }
    return true;
}

/* The last line that somebody said, or NO_LINE. */
static size_t last_line(const struct history *h)
{
    size_t i = h->n;
    while (i > 0 && !speaks(h->call->lines[i - 1].role))
        i--;
    return i == 0 ? NO_LINE : i - 1;
}

static void find_at(const struct history *h, const struct when_node *node, struct moments *ret)
{
    for (size_t i = 0; i < h->said.count; i++) {
        const struct moment *a = &h->said.items[i];
        if (a->signal == node->opens && lacks(h, node, a))
            add_moment(ret, *a);
    }
    if (node->opens != WHEN_NONE || last_line(h) == NO_LINE)
        return;
    struct moment end = moment_of(0, h->n, -1, last_line(h), h->call_end, h->call_end, h->call_end); /* 29 */
    if (lacks(h, node, &end))
        add_moment(ret, end);
}

/* Whether some choice of moments from `first` on, the last of them `x`, makes up the sequence (30, 32). */
static bool makes_sequence(const struct history *h, const struct when_node *node, size_t first, size_t x)
{
    const struct moment *m = h->said.items;
    for (size_t open = first; open < x; open++) {
        if (m[open].signal != node->sequence[0] || !is_inside(h, &node->window, &m[open], &m[x]))
            continue;
        int met = 1;
        for (size_t i = open + 1; i < x && met < node->sequence_count - 1; i++)
            met += m[i].signal == node->sequence[met] && is_inside(h, &node->window, &m[open], &m[i]);
        if (met == node->sequence_count - 1)
            return true;
    }
    return false;
}

static bool heard_in_line(const struct history *h, int signal, size_t pos)
{
    for (size_t i = 0; i < h->said.count; i++)
        if (h->said.items[i].signal == signal && h->said.items[i].pos == pos)
            return true;
    return false;
}

static void find_sequence(const struct history *h, const struct when_node *node, struct moments *ret)
{
    size_t first = 0;
    for (size_t i = 0; i < h->said.count; i++) {
        const struct moment *m = &h->said.items[i];
        if (node->cancel != WHEN_NONE && m->signal == node->cancel)
            first = i + 1; /* 31 */
        if (m->signal != node->sequence[node->sequence_count - 1] || !makes_sequence(h, node, first, i))
            continue;
        if (node->cancel == WHEN_NONE || !heard_in_line(h, node->cancel, m->pos))
            add_moment(ret, *m);
        first = i + 1; /* 33 */
    }
}

/* The Nth of `all` inside a window that opens at the first of these N; without a window, anywhere (34, 38, 47). What
 * `breaks` makes it begin anew. */
static void find_nth(const struct history *h, const struct when_node *node, const struct moments *all,
                     bool (*breaks)(const char *text), struct moments *ret)
{
    size_t first = 0;
    for (size_t x = 0; x < all->count; x++) {
        for (size_t i = x == 0 ? 0 : all->items[x - 1].pos; breaks != NULL && i < all->items[x].pos; i++)
            if (h->call->lines[i].role == COACH_ROLE_AGENT && breaks(h->call->lines[i].text))
                first = x;
        if (x + 1 < first + (size_t)node->at_least)
            continue;
        size_t open = x + 1 - (size_t)node->at_least;
        bool inside = true;
        for (size_t i = open + 1; i <= x; i++)
            inside = inside && is_inside(h, &node->window, &all->items[open], &all->items[i]);
        if (!inside)
            continue;
        add_moment(ret, all->items[x]);
        first = x + 1; /* 35 */
    }
}

static void find_count(const struct history *h, const struct when_node *node, struct moments *ret)
{
    struct moments all;
    all.count = 0;
    for (size_t i = 0; i < h->said.count; i++)
        if (h->said.items[i].signal == node->opens)
            all.items[all.count++] = h->said.items[i];
    find_nth(h, node, &all, NULL, ret);
}

static void find_questions(const struct history *h, const struct when_node *node, struct moments *ret)
{
    struct moments all;
    all.count = 0;
    for (size_t i = 0; i < h->n; i++)
        if (h->call->lines[i].role == COACH_ROLE_AGENT && is_closed(h->call->lines[i].text))
            all.items[all.count++] = at_line(h, i, 0, 0);
    find_nth(h, node, &all, is_open, ret);
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* What an answer of this side takes at least, where none of those up to line `now` came within a second; else 0 (39).
 */
static int64_t slowness(const struct history *h, coach_role side, size_t now)
{
    int64_t took[REFERENCE_LINES];
    size_t n = 0;
    for (size_t k = 1; k < h->turn_count && h->turns[k].first <= now; k++)
        if (h->turns[k].side == side && h->turns[k - 1].side != side)
            took[n++] = h->start[h->turns[k].first] - h->turns[k - 1].until_ms;
    qsort(took, n, sizeof *took, compare_times);
    return n >= 3 && took[n / 4] >= ANSWER_MS ? took[n / 4] : 0;
}

static coach_role other_side(coach_role role)
{
    return role == COACH_ROLE_AGENT ? COACH_ROLE_CUSTOMER : COACH_ROLE_AGENT;
}

/* How long line `i` goes on beside the stretch of speech of the other side that it begins in, told by the lines up to
 * `now` (37). */
static int64_t talks_over(const struct history *h, size_t i, size_t now)
{
    coach_role other = other_side(h->call->lines[i].role);
    int64_t most = 0;
    for (size_t p = 0; p <= now; p++) {
        if (h->call->lines[p].role != other || h->small[p] || h->start[p] >= h->start[i])
            continue;
        int64_t until = h->end[p];
        for (size_t k = 0; k <= now; k++)
            if (h->call->lines[k].role == other && !h->small[k] && h->start[k] - until < STRETCH_MS &&
                h->end[k] > until) {
                until = h->end[k];
                k = SIZE_MAX; /* from the first line again */
            }
        if (until > h->start[i])
            most = later(most, (until < h->end[i] ? until : h->end[i]) - h->start[i]);
    }
    return most;
}

/* It is judged when it comes, and whenever a line comes that was spoken beside it. */
static bool is_beside(const struct history *h, size_t i, size_t now)
{
    return now == i || (!h->small[now] && speaks(h->call->lines[now].role) && h->start[now] < h->end[i] &&
                        h->end[now] > h->start[i]);
}

static void find_overlap(const struct history *h, const struct when_node *node, struct moments *ret)
{
    struct moments all;
    all.count = 0;
    for (size_t i = 0; i < h->n; i++) {
        size_t now = i;
        if (h->call->lines[i].role != node->over || h->small[i])
            continue;
        while (now < h->n && (!is_beside(h, i, now) ||
                              talks_over(h, i, now) - slowness(h, other_side(node->over), now) < node->longer_ms))
            now++;
        if (now == h->n)
            continue;
        all.items[all.count++] = at_line(h, i, 0, 0);
    }
    find_nth(h, node, &all, NULL, ret);
}

/* When a silence that began at `from_ms` has lasted `wanted_ms`: it begins anew when the agent is back (41). */
static int64_t silent_for(const struct history *h, int64_t from_ms, int64_t wanted_ms)
{
    for (size_t i = 0; i < h->call->away_count; i++)
        if (h->call->away[i].to_ms > from_ms && h->call->away[i].from_ms <= from_ms + wanted_ms)
            return silent_for(h, h->call->away[i].to_ms, wanted_ms);
    return from_ms + wanted_ms;
}

/* When nobody spoke any more after the words of line `i`, until when: INT64_MIN where somebody still spoke, or another
 * line ended with it and arrived later. */
static int64_t silent_until(const struct history *h, size_t i)
{
    int64_t until = h->call_end + 1; /* what is over at the end is over by then */
    for (size_t k = 0; k < h->n; k++) {
        if (k != i && h->start[k] <= h->end[i] && (h->end[k] > h->end[i] || (h->end[k] == h->end[i] && k > i)))
            return INT64_MIN;
        if (k != i && h->start[k] > h->end[i] && h->start[k] < until)
            until = h->start[k];
    }
    return until;
}

/* Whether B was heard in the latest turn before the silence after line `i`, or in the one before that (41). */
static bool was_announced(const struct history *h, const struct when_node *node, size_t i)
{
    const struct moment silence = {.pos = i, .place = MOST_WORDS};
    for (size_t k = 0; k < h->said.count; k++) {
        const struct moment *b = &h->said.items[k];
        if (b->signal == node->without && b->pos <= i && turns_begun(h, b, &silence, false) <= 1)
            return true;
    }
    return false;
}

static void find_silence(const struct history *h, const struct when_node *node, struct moments *ret)
{
    size_t order[REFERENCE_LINES];
    int64_t wanted = node->longer_ms;
    size_t words = NO_LINE;
    for (size_t i = 0; i < h->n; i++) {
        size_t at = i;
        for (; at > 0 && h->end[order[at - 1]] > h->end[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t k = 0; k < h->n; k++) {
        size_t i = order[k];
        words = speaks(h->call->lines[i].role) ? i : words;
        if (words == NO_LINE)
            continue; /* 43 */
        int64_t until = silent_until(h, i), at = silent_for(h, h->end[i], wanted);
        if (until == INT64_MIN || at >= until || (node->without != WHEN_NONE && was_announced(h, node, i)))
            continue;
        struct moment m = moment_of(0, pos_of_time(h, at), -1, words, at, at, at);
        m.by_time = h->call->lines[words].arrival_ms > h->end[words]; /* it may have come when this was decided */
        add_moment(ret, m);
        wanted = wanted * 2 < node->longer_ms * 8 ? wanted * 2 : node->longer_ms * 8; /* 42 */
    }
}

static void find_monologue(const struct history *h, const struct when_node *node, struct moments *ret)
{
    for (size_t k = 0; k < h->turn_count; k++) {
        int64_t begins = INT64_MAX, until = INT64_MIN;
        for (size_t i = 0; i < h->n && h->turns[k].side == node->over; i++) {
            if (h->turn[i] != (int)k)
                continue;
            begins = begins < h->start[i] ? begins : h->start[i];
            until = later(until, h->end[i]);
            if (until - begins < node->longer_ms)
                continue;
            add_moment(ret, at_line(h, i, MOST_WORDS, 0));
            break;
        }
    }
}

static void find_pace(const struct history *h, const struct when_node *node, struct moments *ret)
{
    struct line_word unused[MOST_WORDS];
    bool fast = false;
    int turn = NO_TURN;
    for (size_t i = 0; i < h->n; i++) {
        int64_t words = 0, spoken = 0;
        if (h->turn[i] == NO_TURN || h->call->lines[i].role != COACH_ROLE_AGENT)
            continue;
        fast = fast && h->turn[i] == turn;
        turn = h->turn[i];
        for (size_t k = i + 1; k-- > 0 && spoken < node->longer_ms;)
            if (h->turn[k] == turn) {
                words += (int64_t)words_of(h->call->lines[k].text, unused);
                spoken += h->end[k] - h->start[k];
            }
        if (spoken < node->longer_ms)
            continue;
        int64_t much = words * 60000, limit = node->words_a_minute * spoken;
        if (much > limit && !fast)
            add_moment(ret, at_line(h, i, MOST_WORDS, 0));
        fast = much > limit || (fast && much == limit);
    }
}

static void find(const struct history *h, const struct when_node *node, struct moments *ret)
{
    ret->count = 0;
    switch (node->verb) {
    case WHEN_AFTER:
        find_after(h, node, ret);
        return;
    case WHEN_AT:
        find_at(h, node, ret);
        return;
    case WHEN_SEQUENCE:
        find_sequence(h, node, ret);
        return;
    case WHEN_COUNT:
        find_count(h, node, ret);
        return;
    case WHEN_QUESTIONS:
        find_questions(h, node, ret);
        return;
    case WHEN_OVERLAP:
        find_overlap(h, node, ret);
        break;
    case WHEN_SILENCE:
        find_silence(h, node, ret);
        break;
    case WHEN_MONOLOGUE:
        find_monologue(h, node, ret);
        break;
    case WHEN_PACE:
        find_pace(h, node, ret);
        break;
    }
    size_t kept = 0;
    for (size_t i = 0; i < ret->count; i++) /* 48 */
        if (h->untimed == h->n || ret->items[i].pos < h->untimed || ret->items[i].decided_ms < h->heard[h->untimed])
            ret->items[kept++] = ret->items[i];
    ret->count = kept;
}

/* --- a rule's own limits --- */

/* 55, 57: the moments in the order in which they were decided, those that count. */
static void add_findings(const struct reference_rules *rules, size_t rule, const struct moments *found,
                         struct reference_findings *ret)
{
    const struct reference_rule *r = &rules->rules[rule];
    size_t first = ret->count;
    bool done[MOST_HEARD] = {false};
    for (size_t round = 0; round < found->count; round++) {
        size_t next = found->count;
        for (size_t i = 0; i < found->count; i++)
            if (!done[i] && (next == found->count || found->items[i].decided_ms < found->items[next].decided_ms))
                next = i;
        const struct moment *m = &found->items[next];
        bool counts = ret->count - first < (size_t)r->per_call;
        for (size_t i = first; i < ret->count; i++)
            counts = counts && (ret->items[i].line != m->line || ret->items[i].from != m->from) &&
                     m->decided_ms - ret->items[i].decided_ms >= r->cooldown_ms;
        if (counts)
            ret->items[ret->count++] = (struct reference_finding){rule, m->line, m->decided_ms, m->by_time, m->from};
        done[next] = true;
    }
}

void reference_run(const struct reference_rules *rules, const struct reference_call *call,
                   struct reference_findings *ret)
{
    static struct history h; /* too large for the stack of a test */
    static struct moments found;
    h.rules = rules;
    h.call = call;
    h.turn_count = h.said.count = ret->count = 0;
    read_lines(&h);
    take_turns(&h);
    end_turns(&h);
    for (size_t s = 0; s < rules->signal_count; s++) {
        if (!rules->signals[s].has_when) {
            hear_phrase(&h, (int)s);
            continue;
        }
        find(&h, &rules->signals[s].when, &found); /* 13 */
        for (size_t i = 0; i < found.count; i++) {
            found.items[i].signal = (int)s;
            add_moment(&h.said, found.items[i]);
        }
    }
    for (size_t r = 0; r < rules->rule_count; r++) {
        find(&h, &rules->rules[r].when, &found);
        add_findings(rules, r, &found, ret);
    }
}
