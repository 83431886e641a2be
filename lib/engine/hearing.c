#include "lib/engine/hearing.h"

#include <stdlib.h>
#include <string.h>

#include "lib/engine/conversation.h"
#include "lib/engine/turns.h"
#include "lib/text/backchannel.h"

enum { MOST_SIGNALS = CONVERSATION_SIGNALS * 2 / 3, MOST_CONFIRMED = 64 };
static const double stable_enough = 0.8;

static const char *side_name(const struct wire_event *e)
{
    return e->channel.s != NULL ? e->channel.s : wire_role_name(e->role);
}

uint64_t hearing_side(const struct wire_event *e)
{
    const char *side = side_name(e);
    return call_hash(side, strlen(side), "", 0);
}

uint64_t hearing_segment(const struct wire_event *e)
{
    const char *side = side_name(e);
    return call_hash(side, strlen(side), e->segment_id.s, e->segment_id.len);
}

struct call_open *hearing_unnamed(struct call *c, uint64_t side)
{
    for (size_t i = 0; i < CALL_OPEN; i++)
        if (c->open[i].id != 0 && c->open[i].unnamed && c->open[i].side == side)
            return &c->open[i];
    return NULL;
}

struct call_open *hearing_open(struct call *c, uint64_t segment)
{
    for (size_t i = 0; i < CALL_OPEN; i++)
        if (c->open[i].id == segment)
            return &c->open[i];
    return NULL;
}

/* --- the text, and what is in it --- */

/* What was scanned. */
struct heard {
    struct wire_text own;  /* the segment's own text */
    struct wire_text text; /* with the end of the turn before it */
    size_t seam;           /* bytes of `text` before its own */
    const struct words *own_words;
    const struct hit *hits;
    size_t count;
    uint64_t left_out; /* rules in quarantine that might have matched */
    bool turn_read;    /* e->turn_words holds the whole turn */
};

static bool fits(struct step *s, int rc)
{
    if (rc != COACH_OK && s->rc == COACH_OK)
        s->rc = COACH_ENOMEM;
    return s->rc == COACH_OK;
}

/* Notes which rules gave up on the line that was scanned. */
static void watch_limits(struct engine *e, int64_t arrival_ms)
{
    size_t count;
    const struct rule *const *limited = scanner_limited(e->scanner, &count);
    for (size_t i = 0; i < count; i++)
        if (quarantine_hit(&e->quarantine, limited[i], arrival_ms))
            scanner_leave_out(e->scanner, e->quarantine.keys, e->quarantine.count);
}

/* The segment's own text; what is appended goes behind what was heard of it before. */
static bool own_text(struct step *s, const struct hearing *h, const struct call_open *open, struct wire_text *own)
{
    *own = h->event->text;
    if (!h->event->append || open == NULL || open->text.len == 0)
        return true;
    char *joined = arena_alloc(&s->e->texts, open->text.len + own->len + 1);
    if (joined == NULL)
        return fits(s, COACH_ENOMEM);
    memcpy(joined, open->text.data, open->text.len);
    memcpy(joined + open->text.len, own->s, own->len);
    *own = (struct wire_text){joined, open->text.len + own->len};
    return true;
}

/* Puts the end of the turn so far before the text, so that phrases match across. */
static bool join(struct step *s, const struct hearing *h, struct heard *heard)
{
    struct engine *e = s->e;
    const struct wire_text before = turns_seam(s->c, h->event->role, h->start_ms);
    heard->text = heard->own;
    heard->seam = before.len;
    heard->own_words = &e->words;
    if (before.len == 0)
        return true;
    buf_reset(&e->text);
    if (!fits(s, buf_add(&e->text, before.s, before.len)) || !fits(s, buf_add(&e->text, heard->own.s, heard->own.len)))
        return false;
    heard->text = (struct wire_text){e->text.data, e->text.len};
    heard->own_words = &e->own_words;
    return fits(s, words_read(&e->own_words, ruleset_language(s->set), heard->own.s, heard->own.len));
}

static void scan(struct step *s, const struct hearing *h, const struct call_open *open, struct heard *heard)
{
    struct engine *e = s->e;
    const uint64_t before = scanner_left_out(e->scanner);
    *heard = (struct heard){0};
    if (!own_text(s, h, open, &heard->own) || !join(s, h, heard) ||
        !fits(s, words_read(&e->words, ruleset_language(s->set), heard->text.s, heard->text.len)) ||
        !fits(s, scanner_scan(e->scanner, s->set, &e->words, h->event->role, heard->seam, &heard->hits, &heard->count)))
        return;
    watch_limits(e, h->arrival_ms);
    heard->left_out = scanner_left_out(e->scanner) - before;
}

/* Whether an `unless` stands earlier in the turn than the scan could see. */
static bool is_silenced(struct step *s, const struct hearing *h, struct heard *heard, const struct rule *rule)
{
    struct engine *e = s->e;
    const struct call *c = s->c;
    size_t parts = scanner_part_count(s->set, rule, SCANNER_PART_UNLESS);
    if (parts == 0 || heard->seam == 0 || heard->seam == c->turn_text_len ||
        !turns_goes_on(c, h->event->role, h->start_ms))
        return false;
    if (!heard->turn_read &&
        !fits(s, words_read(&e->turn_words, ruleset_language(s->set), c->turn_text, c->turn_text_len)))
        return false;
    heard->turn_read = true;
    for (size_t i = 0; i < parts; i++)
        if (scanner_part_matches(e->scanner, s->set, rule, SCANNER_PART_UNLESS, i, &e->turn_words))
            return true;
    return false;
}

/* --- findings --- */

static uint64_t term_of(const struct hit *hit)
{
    return hit->rule->key ^ (uint64_t)hit->phrase * 0x9e3779b97f4a7c15u;
}

/* Whether a hit becomes a finding. */
static bool counts(struct step *s, const struct hearing *h, struct heard *heard, const struct hit *hit)
{
    const struct engine *e = s->e;
    const struct rule *r = hit->rule;
    const double confidence = h->event->confidence;
    if (r->is_signal || hit->by_customer || (r->is_swap && call_has_term(s->c, term_of(hit))))
        return false;
    if (r->min_confidence > 0 && confidence >= 0 && confidence < r->min_confidence)
        return false;
    if (e->candidate_count > 0 && e->candidates[e->candidate_count - 1].rule == r)
        return false; /* of a swap rule the first term speaks */
    return !is_silenced(s, h, heard, r);
}

static void add(struct step *s, const struct hearing *h, const struct heard *heard, const struct hit *hit, bool interim)
{
    const struct wire_event *e = h->event;
    const int64_t begin = e->start_ms != COACH_NO_TIME ? e->start_ms : s->c->now_ms;
    const struct candidate found = {.rule = hit->rule,
                                    .hit = hit,
                                    .text = heard->text,
                                    .seam = heard->seam,
                                    .segment_id = e->segment_id,
                                    .at_ms = begin,
                                    .end_ms = e->end_ms,
                                    .timed_ms = begin,
                                    .due_ms = s->c->now_ms,
                                    .segment = h->segment,
                                    .interim = interim};
    cards_add(s, &found);
}

/* Findings of a final, but for those that an interim result of it made before; and what it did not confirm is taken
 * back. */
static void find(struct step *s, const struct hearing *h, struct heard *heard)
{
    uint64_t confirmed[MOST_CONFIRMED];
    size_t n = 0;
    for (size_t i = 0; i < heard->count && s->rc == COACH_OK; i++) {
        const struct hit *hit = &heard->hits[i];
        if (!counts(s, h, heard, hit))
            continue;
        if (!attention_stands(s->c, h->segment, hit->rule->key))
            add(s, h, heard, hit, h->forced);
        else if (n < MOST_CONFIRMED)
            confirmed[n++] = hit->rule->key;
    }
    if (!h->forced)
        attention_revise(s, h->segment, confirmed, n);
}

static void keep_terms(struct step *s, const struct heard *heard)
{
    for (size_t i = 0; i < heard->count && s->rc == COACH_OK; i++)
        if (heard->hits[i].by_customer && fits(s, call_reserve(s->c, ARRAY_TERMS, 1, CALL_TERMS)))
            call_add_term(s->c, term_of(&heard->hits[i]));
}

/* --- the line in the conversation --- */

static int by_place(const void *a, const void *b)
{
    const struct conversation_signal *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static size_t signals_of(struct step *s, const struct hearing *h, struct heard *heard,
                         struct conversation_signal signals[MOST_SIGNALS])
{
    size_t n = 0;
    for (size_t i = 0; i < heard->count && n < MOST_SIGNALS; i++) {
        const struct hit *hit = &heard->hits[i];
        if (hit->rule->is_signal && !hit->by_customer && !is_silenced(s, h, heard, hit->rule))
            signals[n++] =
                (struct conversation_signal){(int)(hit->rule->index - ruleset_count(s->set)), hit->span.from};
    }
    if (n > 1)
        qsort(signals, n, sizeof *signals, by_place);
    return n;
}

static void speak(struct step *s, const struct hearing *h, const struct heard *heard,
                  const struct conversation_signal *signals, size_t count)
{
    const struct language *lang = ruleset_language(s->set);
    const struct call_turn prior = s->c->turn;
    struct wire_event own = *h->event;
    own.text = heard->own;
    const struct turns_line line = {&own, h->start_ms, h->end_ms, h->timed, backchannel_is(heard->own_words, lang)};
    if (turns_ends_latest(s->c, &line)) {
        s->c->turn.open = false;
        conversation_turn_ended(s, &prior);
    }
    struct call_line *added = turns_add(s->c, &line);
    call_find_segment(s->c, h->segment)->line = added->place.line;
    conversation_line(s, added, signals, count, heard->own_words);
}

static void note_speech(struct step *s, const struct hearing *h)
{
    struct call *c = s->c;
    conversation_spoke(s, h->start_ms, h->end_ms);
    int64_t lasted = h->end_ms - h->start_ms < CALL_LONG_MS ? h->end_ms - h->start_ms : CALL_LONG_MS;
    c->longest_ms = lasted > c->longest_ms ? lasted : c->longest_ms;
    c->speech_ms = c->speech_ms == COACH_NO_TIME || h->end_ms > c->speech_ms ? h->end_ms : c->speech_ms;
}

static void converse(struct step *s, const struct hearing *h, struct heard *heard, const struct call_segment *before)
{
    struct conversation_signal signals[MOST_SIGNALS];
    if (s->rc != COACH_OK || heard->own_words->count == 0)
        return;
    note_speech(s, h);
    if (call_side(h->event->role) < 0)
        return;
    size_t n = signals_of(s, h, heard, signals);
    const struct call_line *line = before == NULL ? NULL : turns_line(s->c, before->line);
    if (before == NULL)
        speak(s, h, heard, signals, n);
    else if (line != NULL)
        conversation_revised(s, line, signals, n);
}

/* --- finals --- */

void hearing_final(struct step *s, const struct hearing *h)
{
    struct call *c = s->c;
    struct call_open *open = hearing_open(c, h->segment);
    struct call_segment *segment = call_find_segment(c, h->segment);
    struct call_segment known = {0};
    struct heard heard;
    scan(s, h, open, &heard);
    if (s->rc != COACH_OK)
        return;
    uint64_t text = call_hash(heard.own.s, heard.own.len, "", 0);
    if (segment != NULL && segment->text == text) {
        c->counts.repeats++;
        return;
    }
    const bool is_new = segment == NULL;
    if (is_new)
        segment = call_add_segment(c, h->segment, text);
    segment->text = text;
    known = *segment;
    c->counts.lines++;
    c->counts.held[ENGINE_QUARANTINED] += heard.left_out;
    find(s, h, &heard);
    keep_terms(s, &heard);
    converse(s, h, &heard, is_new ? NULL : &known);
    if (open != NULL)
        open->id = 0;
    attention_settle(s);
    if (open != NULL && s->rc == COACH_OK)
        buf_reset(&open->text);
}

void hearing_close(struct step *s, struct call_open *open)
{
    char *text = arena_strn(&s->e->texts, open->text.len == 0 ? "" : open->text.data, open->text.len);
    char *segment = arena_str(&s->e->texts, open->segment);
    if (text == NULL || segment == NULL) {
        s->rc = COACH_ENOMEM;
        return;
    }
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    e.text = (struct wire_text){text, open->text.len};
    e.segment_id = (struct wire_text){segment, strlen(segment)};
    e.role = open->role;
    e.is_final = true;
    e.start_ms = open->timed ? open->start_ms : COACH_NO_TIME;
    e.end_ms = open->timed ? open->end_ms : COACH_NO_TIME;
    const struct hearing h = {.event = &e,
                              .segment = open->id,
                              .start_ms = open->start_ms,
                              .end_ms = open->end_ms,
                              .timed = open->timed,
                              .forced = true,
                              .arrival_ms = s->arrival_ms};
    hearing_final(s, &h);
}

/* --- interim results --- */

/* A match, known again in the next interim result. */
static uint64_t match_key(const struct heard *heard, const struct hit *hit)
{
    return call_hash(hit->rule->id, strlen(hit->rule->id), heard->text.s + hit->span.from,
                     hit->span.to - hit->span.from);
}

static bool word_follows(const struct words *w, size_t to)
{
    return w->count > 0 && w->items[w->count - 1].from >= to;
}

/* 49 */
static bool is_settled(const struct step *s, const struct hearing *h, const struct call_open *open,
                       const struct heard *heard, const struct hit *hit)
{
    const struct wire_event *e = h->event;
    size_t own_to = hit->span.to - heard->seam;
    if (!e->append && e->stable_len >= 0 && own_to <= (size_t)e->stable_len)
        return true;
    return e->stability >= stable_enough || call_holds(open->matches, open->match_count, match_key(heard, hit)) ||
           word_follows(&s->e->words, hit->span.to);
}

static bool quotes(const struct rule *r)
{
    return strchr(r->message, '{') != NULL || (r->suggest[0] != NULL && strchr(r->suggest[0], '{') != NULL) ||
           (r->suggest[1] != NULL && strchr(r->suggest[1], '{') != NULL);
}

static void find_early(struct step *s, const struct hearing *h, const struct call_open *open, struct heard *heard)
{
    const bool customer = h->event->role != COACH_ROLE_AGENT;
    for (size_t i = 0; i < heard->count && s->rc == COACH_OK; i++) {
        const struct hit *hit = &heard->hits[i];
        const struct rule *r = hit->rule;
        if (!r->final_only && !(customer && quotes(r)) && counts(s, h, heard, hit) &&
            !attention_stands(s->c, h->segment, r->key) && is_settled(s, h, open, heard, hit))
            add(s, h, heard, hit, true);
    }
}

static void keep_matches(struct call_open *open, const struct heard *heard)
{
    open->match_count = 0;
    for (size_t i = 0; i < heard->count && open->match_count < CALL_OPEN_MATCHES; i++)
        if (!heard->hits[i].rule->is_signal)
            open->matches[open->match_count++] = match_key(heard, &heard->hits[i]);
}

/* A free place for a segment: where there is none, that of the one that was still for longest, which is final now. */
static struct call_open *place_for(struct step *s)
{
    struct call *c = s->c;
    struct call_open *stillest = &c->open[0];
    for (size_t i = 0; i < CALL_OPEN; i++) {
        if (c->open[i].id == 0)
            return &c->open[i];
        stillest = c->open[i].heard_ms < stillest->heard_ms ? &c->open[i] : stillest;
    }
    hearing_close(s, stillest);
    return stillest;
}

/* Whether it says nothing that was not known: older than the one before, or the same once more. */
static bool is_stale(const struct call_open *open, const struct wire_event *e)
{
    if (e->seq >= 0 && open->seq >= 0 && e->seq <= open->seq)
        return true;
    if (e->end_ms != COACH_NO_TIME && open->timed && e->end_ms < open->end_ms)
        return true;
    return !e->append && e->end_ms == open->end_ms && e->text.len == open->text.len &&
           memcmp(e->text.s, open->text.len == 0 ? "" : open->text.data, e->text.len) == 0;
}

/* Keeps the text, which comes last of all that can fail. */
static bool keep_open(struct step *s, const struct hearing *h, const struct heard *heard, struct call_open *open)
{
    size_t len = heard->own.len < CALL_OPEN_TEXT ? heard->own.len : CALL_OPEN_TEXT;
    size_t more = len > open->text.len ? len - open->text.len : 0;
    if (!fits(s, buf_reserve(&open->text, more)))
        return false;
    buf_reset(&open->text);
    fits(s, buf_add(&open->text, heard->own.s, len));
    keep_matches(open, heard);
    open->end_ms = h->end_ms;
    open->heard_ms = s->c->now_ms;
    open->seq = h->event->seq;
    return true;
}

void hearing_interim(struct step *s, const struct hearing *h)
{
    struct call *c = s->c;
    struct call_open *open = hearing_open(c, h->segment);
    struct heard heard;
    if (call_find_segment(c, h->segment) != NULL || (open != NULL && is_stale(open, h->event))) {
        c->counts.late++;
        return;
    }
    if (open == NULL)
        open = place_for(s);
    if (s->rc != COACH_OK)
        return;
    if (open->id == 0) {
        struct buf text = open->text;
        *open = (struct call_open){.id = h->segment,
                                   .side = hearing_side(h->event),
                                   .unnamed = h->unnamed,
                                   .role = h->event->role,
                                   .timed = h->timed,
                                   .text = text,
                                   .start_ms = h->start_ms,
                                   .seq = -1};
        call_keep_id(open->segment, &h->event->segment_id);
    }
    c->counts.interim++;
    c->saw_interims = true;
    scan(s, h, open, &heard);
    if (s->rc == COACH_OK)
        find_early(s, h, open, &heard);
    attention_settle(s);
    if (s->rc == COACH_OK && keep_open(s, h, &heard, open) && heard.own_words->count == 0) {
        open->id = 0; /* an empty result takes it back */
        buf_reset(&open->text);
    }
}
