#include "lib/engine/conversation.h"

#include <string.h>

#include "lib/engine/turns.h"
#include "lib/text/questions.h"

enum {
    WAIT_KNOWING_MS = 1000,   /* for a line that is on its way, from a source with interim results */
    WAIT_UNKNOWING_MS = 3000, /* from one without: somebody may be speaking */
    WAIT_SPEAKING_MS = 4000,  /* for somebody who was speaking when a time ran out */
    STRETCH_MS = 500,         /* lines less than this apart are one stretch of speech (37) */
    MOST_BACKOFF = 8
};

static struct call_node *node_of(const struct call *c, uint32_t index)
{
    return &CALL_ITEMS(c, ARRAY_NODES, struct call_node)[index];
}

static struct place *places_of(const struct call *c, const struct call_node *n)
{
    return &CALL_ITEMS(c, ARRAY_PLACES, struct place)[n->slot];
}

static struct call_signal *signal_of(const struct call *c, int number)
{
    return &CALL_ITEMS(c, ARRAY_SIGNALS, struct call_signal)[number];
}

static const struct rule *rule_of(const struct step *s, const struct when_node *n)
{
    return n->of_signal ? ruleset_signal(s->set, n->owner) : ruleset_rule(s->set, n->owner);
}

static void trace(const struct step *s, enum engine_moment moment, const struct when_node *n, int signal, int64_t at_ms,
                  int64_t value, const char *segment)
{
    if (s->e->observer == NULL)
        return;
    const struct engine_trace t = {moment, n, signal, at_ms, value, segment};
    s->e->observer(s->e->observer_user, &t);
}

/* --- windows --- */

/* Whether a line is inside a window that opened at `first` (15 to 19). */
static bool is_inside(const struct call *c, const struct when_window *w, const struct place *first,
                      const struct place *now)
{
    uint32_t agent_turns = now->agent_turn - first->agent_turn;
    if (w->same_turn && now->turn != first->turn)
        return false;
    if (w->turns > 0 && now->turn - first->turn > (uint32_t)w->turns)
        return false;
    if (w->agent_turns > 0 && (agent_turns > (uint32_t)w->agent_turns ||
                               (agent_turns == (uint32_t)w->agent_turns && now->turn != c->side_turn[0])))
        return false;
    return w->time_ms == 0 || now->start_ms <= first->end_ms + w->time_ms;
}

/* Whether what was heard at `then` is inside a window that looks back from `now` (36). */
static bool is_within(const struct when_window *w, const struct place *then, const struct place *now)
{
    if (w->same_turn && now->turn != then->turn)
        return false;
    if (w->turns > 0 && now->turn - then->turn > (uint32_t)w->turns)
        return false;
    if (w->agent_turns > 0 && now->agent_turn - then->agent_turn > (uint32_t)w->agent_turns)
        return false;
    return w->time_ms == 0 || now->end_ms - then->end_ms <= w->time_ms;
}

static bool closes(const struct when_window *w, const struct place *opened, const struct call_turn *turn)
{
    if (w->same_turn && turn->index >= opened->turn)
        return true;
    if (w->turns > 0 && turn->index >= opened->turn + (uint32_t)w->turns)
        return true;
    return w->agent_turns > 0 && turn->role == COACH_ROLE_AGENT &&
           turn->agent_index >= opened->agent_turn + (uint32_t)w->agent_turns;
}

/* --- coming true --- */

/* What a finding of a condition is about. */
struct verdict {
    const char *segment;
    int64_t at_ms;
    int64_t due_ms; /* from when its card grows stale */
    struct place place;
    struct place opened; /* where its window opened */
    bool undoable;
};

/* The signals of a line, in the order in which they were said; those with conditions of their own join them. */
struct line_signals {
    struct conversation_signal items[CONVERSATION_SIGNALS];
    size_t count;
    size_t at; /* the one that is being heard */
};

static void feed(struct step *s, int number, const struct place *place, const char *segment);

/* A signal with a condition joins those of its line, behind the one that made it true. */
static void join_line(struct line_signals *l, int number)
{
    if (l->count == CONVERSATION_SIGNALS)
        return;
    size_t at = l->at < l->count ? l->at + 1 : l->count;
    memmove(&l->items[at + 1], &l->items[at], (l->count - at) * sizeof l->items[0]);
    l->items[at] = (struct conversation_signal){.number = number};
    l->count++;
}

static void hear_condition(struct step *s, const struct when_node *n, const struct verdict *v)
{
    const int number = (int)n->owner;
    signal_of(s->c, number)->last = v->place;
    trace(s, ENGINE_HEARD, NULL, number, v->at_ms, 0, v->segment);
    if (s->line != NULL)
        join_line(s->line, number);
    else
        feed(s, number, &v->place, v->segment);
}

static void fire(struct step *s, const struct when_node *n, const struct verdict *v)
{
    const struct rule *rule = rule_of(s, n);
    trace(s, ENGINE_FIRED, n, WHEN_NONE, v->at_ms, 0, v->segment);
    if (n->of_signal) {
        hear_condition(s, n, v);
        return;
    }
    if (rule->mode == RULE_DISABLED)
        return;
    const struct candidate found = {.rule = rule,
                                    .node = n,
                                    .segment_id = {v->segment, strlen(v->segment)},
                                    .at_ms = v->at_ms,
                                    .end_ms = v->place.end_ms,
                                    .timed_ms = v->at_ms,
                                    .due_ms = v->due_ms,
                                    .undoable = v->undoable,
                                    .opened = v->opened};
    cards_add(s, &found);
}

/* At a line, which is what it is about. */
static void fire_at(struct step *s, const struct when_node *n, const struct place *place, const char *segment)
{
    const struct verdict v = {.segment = segment, .at_ms = place->end_ms, .due_ms = s->c->now_ms, .place = *place};
    fire(s, n, &v);
}

/* Where the call stands, for what no line brings about. */
static struct place here(const struct call *c, int64_t at_ms)
{
    return (struct place){
        .start_ms = at_ms, .end_ms = at_ms, .turn = c->turns, .agent_turn = c->agent_turns, .line = c->line_count};
}

/* --- after, without, within --- */

/* The line that a finding belongs to (25). */
static const char *about(const struct call *c, const struct when_node *n, const struct place *opened, int64_t close_ms,
                         const struct call_turn *turn)
{
    const struct call_line *line = NULL;
    if (n->window.same_turn)
        line = turns_line(c, opened->line);
    else if (turn == NULL && !(closes(&n->window, opened, &c->turn) && c->turn.start_ms <= close_ms))
        line = turns_before(c, close_ms);
    return line != NULL ? line->segment : turn != NULL ? turn->segment : c->turn.segment;
}

static void close_window(struct step *s, const struct when_node *n, struct call_node *state, int64_t close_ms,
                         const struct call_turn *turn)
{
    const struct place opened = places_of(s->c, state)[0];
    const char *segment = about(s->c, n, &opened, close_ms, turn);
    state->open = false;
    state->fired = true;
    trace(s, ENGINE_CLOSED, n, WHEN_NONE, close_ms, 0, segment);
    const struct verdict v = {.segment = segment,
                              .at_ms = close_ms,
                              .due_ms = close_ms + (turn == NULL ? 0 : CALL_TURN_GAP_MS),
                              .place = here(s->c, close_ms),
                              .opened = opened,
                              .undoable = true};
    fire(s, n, &v);
}

/* B in a window that closed already, since its line began in time (19): what came of that is taken back. */
static void undo_windows(struct step *s, const struct when_node *n, const struct place *b, const char *segment)
{
    for (uint32_t i = s->c->standing_count; i-- > 0 && s->rc == COACH_OK;) {
        const struct call_standing *t = &s->c->standing[i];
        if (t->node != n->key || !is_inside(s->c, &n->window, &t->opened, b))
            continue;
        trace(s, ENGINE_TOOK_BACK, n, n->without, b->end_ms, 0, segment);
        attention_undo(s, i);
    }
}

static void hear_b(struct step *s, const struct when_node *n, struct call_node *state, const struct place *b,
                   const char *segment)
{
    if (state->open)
        trace(s, ENGINE_CANCELLED, n, n->without, b->end_ms, 0, segment);
    undo_windows(s, n, b, segment);
    if (state->open || is_inside(s->c, &n->window, &places_of(s->c, state)[0], b))
        state->fired = false;
    state->open = false;
}

static void hear_after(struct step *s, const struct when_node *n, int number, const struct place *place,
                       const char *segment)
{
    struct call_node *state = node_of(s->c, n->index);
    const struct place *b = &signal_of(s->c, n->without)->last;
    if (number == n->without) {
        hear_b(s, n, state, place, segment);
        return;
    }
    bool is_open = state->open || (state->fired && is_inside(s->c, &n->window, &places_of(s->c, state)[0], place));
    if (is_open || (b->line != 0 && b->turn == place->turn) || (n->window.same_turn && !place->in_turn))
        return;
    state->open = true;
    state->fired = false;
    state->count = 1;
    places_of(s->c, state)[0] = *place;
    trace(s, ENGINE_OPENED, n, number, place->end_ms, 0, segment);
}

/* --- at, without, since --- */

static bool was_heard(const struct step *s, const struct when_node *n, const struct place *now)
{
    const struct place *b = &signal_of(s->c, n->without)->last;
    if (n->since != WHEN_NONE && b->line < signal_of(s->c, n->since)->last.line)
        return false;
    return b->line != 0 && is_within(&n->window, b, now);
}

static void look_back(struct step *s, const struct when_node *n, const struct place *now, const char *segment)
{
    if (n->since != WHEN_NONE && signal_of(s->c, n->since)->last.line == 0)
        return; /* 28 */
    if (was_heard(s, n, now))
        trace(s, ENGINE_CANCELLED, n, n->without, now->end_ms, 0, segment);
    else
        fire_at(s, n, now, segment);
}

/* --- sequence, count --- */

static void forget(struct step *s, const struct when_node *n)
{
    struct call_node *state = node_of(s->c, n->index);
    memset(places_of(s->c, state), 0, state->slots * sizeof(struct place));
    state->count = 0;
}

/* places[k]: where the newest window opened in which the first k + 1 signals were heard. */
static void hear_sequence(struct step *s, const struct when_node *n, int number, const struct place *place,
                          const char *segment)
{
    struct place *places = places_of(s->c, node_of(s->c, n->index));
    if (number == n->cancel) {
        trace(s, ENGINE_CANCELLED, n, number, place->end_ms, 0, segment);
        forget(s, n);
        return;
    }
    for (int k = n->sequence_count - 1; k >= 0; k--) {
        if (n->sequence[k] != number)
            continue;
        if (k > 0 && places[k - 1].line == 0)
            continue;
        if (k > 0 && !is_inside(s->c, &n->window, &places[k - 1], place)) {
            trace(s, ENGINE_EXPIRED, n, number, place->end_ms, k, segment);
            continue;
        }
        places[k] = k == 0 ? *place : places[k - 1];
        trace(s, k == 0 ? ENGINE_OPENED : ENGINE_ADVANCED, n, number, place->end_ms, k + 1, segment);
        if (k < n->sequence_count - 1)
            continue;
        bool called_off = n->cancel != WHEN_NONE && signal_of(s->c, n->cancel)->last.line == place->line;
        forget(s, n);
        if (called_off)
            trace(s, ENGINE_CANCELLED, n, n->cancel, place->end_ms, 0, segment);
        else
            fire_at(s, n, place, segment);
        return;
    }
}

/* One more of what is counted: of count, overlap and questions. */
static void count_one(struct step *s, const struct when_node *n, int number, const struct place *place,
                      const char *segment)
{
    struct call_node *state = node_of(s->c, n->index);
    struct place *places = places_of(s->c, state);
    if (state->count == state->slots) {
        memmove(&places[0], &places[1], (state->slots - 1) * sizeof *places);
        state->count--;
    }
    places[state->count++] = *place;
    trace(s, state->count == 1 ? ENGINE_OPENED : ENGINE_ADVANCED, n, number, place->end_ms, state->count, segment);
    if (state->count < state->slots)
        return;
    bool inside = true;
    for (uint32_t i = 1; i < state->count; i++)
        inside = inside && is_inside(s->c, &n->window, &places[0], &places[i]);
    if (!inside) {
        trace(s, ENGINE_EXPIRED, n, number, place->end_ms, state->count, segment);
        return;
    }
    forget(s, n);
    fire_at(s, n, place, segment);
}

/* --- signals --- */

static void hear(struct step *s, const struct when_node *n, int number, const struct place *place, const char *segment)
{
    switch (n->verb) {
    case WHEN_AFTER:
        if (number == n->opens || number == n->without)
            hear_after(s, n, number, place, segment);
        break;
    case WHEN_AT:
        if (number == n->opens)
            look_back(s, n, place, segment);
        break;
    case WHEN_SEQUENCE:
        hear_sequence(s, n, number, place, segment);
        break;
    case WHEN_COUNT:
        if (number == n->opens)
            count_one(s, n, number, place, segment);
        break;
    default: /* silence looks at its signal when it fires */
        break;
    }
}

/* Tells the conditions that listen to a signal, while time passes. */
static void feed(struct step *s, int number, const struct place *place, const char *segment)
{
    size_t count;
    const uint32_t *listeners = ruleset_listeners(s->set, (size_t)number, &count);
    for (size_t i = 0; i < count && s->rc == COACH_OK; i++)
        hear(s, ruleset_node(s->set, listeners[i]), number, place, segment);
    attention_said(s, number);
}

/* --- overlap --- */

/* Until when the other side went on speaking that spoke when the line began; INT64_MIN when it did not. */
static int64_t stretch_end(const struct call *c, const struct call_line *line)
{
    int64_t end = INT64_MIN;
    bool more = true;
    while (more) {
        const struct call_line *other;
        more = false;
        for (uint32_t i = 0; (other = call_line(c, i)) != NULL; i++) {
            const struct place *p = &other->place;
            if (other->role == line->role || other->quiet || !other->timed || p->end_ms <= end)
                continue;
            bool at_begin = p->start_ms < line->place.start_ms && p->end_ms + STRETCH_MS > line->place.start_ms;
            bool goes_on = end != INT64_MIN && p->start_ms < end + STRETCH_MS;
            more = more || at_begin || goes_on;
            end = at_begin || goes_on ? p->end_ms : end;
        }
    }
    return end;
}

/* How long the line ran beside the other side's speech that it interrupted. */
static int64_t overlap_of(const struct step *s, const struct when_node *n, const struct call_line *line)
{
    int64_t end = stretch_end(s->c, line);
    if (end == INT64_MIN)
        return 0;
    int64_t seems = (end < line->place.end_ms ? end : line->place.end_ms) - line->place.start_ms;
    int64_t slowness = turns_slowness(s->c, 1 - call_side(line->role));
    if (seems >= n->longer_ms && seems - slowness < n->longer_ms)
        trace(s, ENGINE_STOOD_DOWN, n, WHEN_NONE, line->place.end_ms, slowness, line->segment);
    return seems - slowness;
}

/* Whether the line that came says more about the other one: it is that, or was spoken beside it. */
static bool tells_of(const struct call_line *came, const struct call_line *other)
{
    return came == other || (came->place.start_ms < other->place.end_ms && came->place.end_ms > other->place.start_ms);
}

static void find_overlaps(struct step *s, const struct when_node *n, const struct call_line *came, uint32_t bit)
{
    struct call_line *line;
    for (uint32_t i = s->c->arrays[ARRAY_LINES].count; i-- > 0 && s->rc == COACH_OK;) {
        line = call_line(s->c, i);
        if (line->role != n->over || line->quiet || !line->timed || (line->overlaps & bit) != 0 ||
            !tells_of(came, line))
            continue;
        int64_t ms = overlap_of(s, n, line);
        if (ms < n->longer_ms)
            continue;
        line->overlaps |= bit;
        trace(s, ENGINE_MEASURED, n, WHEN_NONE, line->place.end_ms, ms, line->segment);
        count_one(s, n, WHEN_NONE, &line->place, line->segment);
    }
}

/* --- monologue, pace, questions --- */

static void find_monologue(struct step *s, const struct when_node *n, const struct call_line *line)
{
    struct call_node *state = node_of(s->c, n->index);
    const struct call_turn *turn = &s->c->turn;
    int64_t ms = turn->end_ms - turn->start_ms;
    struct place *noted = &places_of(s->c, state)[0];
    if (turn->role != n->over || line->place.turn != turn->index || ms < n->longer_ms || noted->turn == turn->index)
        return;
    *noted = line->place;
    trace(s, ENGINE_MEASURED, n, WHEN_NONE, line->place.end_ms, ms, line->segment);
    fire_at(s, n, &line->place, line->segment);
}

static void find_pace(struct step *s, const struct when_node *n, const struct call_line *line)
{
    const struct call *c = s->c;
    struct call_node *state = node_of(c, n->index);
    int64_t ms = 0, words = 0;
    for (uint32_t i = 0; i < CALL_PACES && i < c->pace_count && ms < n->longer_ms; i++) {
        const struct call_pace *p = &c->paces[(c->pace_count - 1 - i) % CALL_PACES];
        if (p->turn != line->place.turn)
            break;
        ms += p->ms;
        words += p->words;
    }
    if (ms < n->longer_ms)
        return;
    bool above = words * 60000 > (int64_t)n->words_a_minute * ms;
    bool was = state->fired && state->turn == line->place.turn;
    bool stays = was && words * 60000 == (int64_t)n->words_a_minute * ms;
    trace(s, ENGINE_MEASURED, n, WHEN_NONE, line->place.end_ms, words * 60000 / ms, line->segment);
    state->fired = above || stays;
    state->turn = line->place.turn;
    if (above && !was)
        fire_at(s, n, &line->place, line->segment);
}

/* Words as they were said: a contraction is one. */
static uint32_t spoken_words(const struct words *w)
{
    uint32_t n = 0;
    for (size_t i = 0; i < w->count; i++)
        n += i == 0 || w->items[i].from != w->items[i - 1].from;
    return n;
}

static void note_pace(struct call *c, const struct call_line *line, const struct words *own)
{
    int64_t ms = line->place.end_ms - line->place.start_ms;
    if (line->role != COACH_ROLE_AGENT || !line->place.in_turn || ms <= 0)
        return;
    c->paces[c->pace_count++ % CALL_PACES] =
        (struct call_pace){(int32_t)(ms > 86400000 ? 86400000 : ms), (int32_t)spoken_words(own), line->place.turn};
}

static void ask(struct step *s, const struct when_node *n, const struct call_line *line, enum question_kind kind)
{
    if (kind == QUESTION_OPEN) {
        if (node_of(s->c, n->index)->count > 0)
            trace(s, ENGINE_CANCELLED, n, WHEN_NONE, line->place.end_ms, 0, line->segment);
        forget(s, n);
    } else if (kind == QUESTION_CLOSED) {
        count_one(s, n, WHEN_NONE, &line->place, line->segment);
    }
}

/* --- a line --- */

static bool needs_times(enum when_verb verb)
{
    return verb == WHEN_OVERLAP || verb == WHEN_SILENCE || verb == WHEN_MONOLOGUE || verb == WHEN_PACE;
}

/* Which bit of a line says that an overlap condition counted it. */
static uint32_t overlap_bit(const struct ruleset *set, const struct when_node *n)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < n->index; i++)
        before += ruleset_node(set, i)->verb == WHEN_OVERLAP;
    return before < CALL_OVERLAPS ? 1u << before : 0;
}

static void measure(struct step *s, const struct when_node *n, const struct call_line *line, const struct words *own)
{
    if (s->c->untimed && needs_times(n->verb)) {
        trace(s, ENGINE_SKIPPED, n, WHEN_NONE, line->place.end_ms, 0, line->segment);
        return;
    }
    if (n->verb == WHEN_OVERLAP && line->timed && !line->quiet)
        find_overlaps(s, n, line, overlap_bit(s->set, n));
    else if (n->verb == WHEN_MONOLOGUE && line->role == n->over)
        find_monologue(s, n, line);
    else if (n->verb == WHEN_PACE && line->role == COACH_ROLE_AGENT && line->place.in_turn)
        find_pace(s, n, line);
    else if (n->verb == WHEN_QUESTIONS && line->role == COACH_ROLE_AGENT)
        ask(s, n, line, questions_kind(own, ruleset_language(s->set)));
}

static void record(struct step *s, const struct call_line *line, const struct conversation_signal *signals,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        signal_of(s->c, signals[i].number)->last = line->place;
        trace(s, ENGINE_HEARD, NULL, signals[i].number, line->place.end_ms, 0, line->segment);
    }
}

/* Tells every condition of all signals of the line. A condition comes after those whose signals it listens to, so that
 * what these made of the line is among its signals. `own` is NULL for a line that was measured before. */
static void tell_line(struct step *s, const struct call_line *line, const struct conversation_signal *signals,
                      size_t count, const struct words *own)
{
    struct line_signals all = {.count = count};
    memcpy(all.items, signals, count * sizeof *signals);
    s->line = &all;
    for (uint32_t i = 0; i < s->c->arrays[ARRAY_NODES].count && s->rc == COACH_OK; i++) {
        const struct when_node *n = ruleset_node(s->set, i);
        for (all.at = 0; all.at < all.count && s->rc == COACH_OK; all.at++)
            hear(s, n, all.items[all.at].number, &line->place, line->segment);
        if (own != NULL)
            measure(s, n, line, own);
    }
    s->line = NULL;
    for (size_t i = 0; i < all.count && s->rc == COACH_OK; i++)
        attention_said(s, all.items[i].number);
}

void conversation_line(struct step *s, const struct call_line *line, const struct conversation_signal *signals,
                       size_t count, const struct words *own)
{
    record(s, line, signals, count);
    note_pace(s->c, line, own);
    tell_line(s, line, signals, count, own);
}

void conversation_revised(struct step *s, const struct call_line *line, const struct conversation_signal *signals,
                          size_t count)
{
    struct conversation_signal fresh[CONVERSATION_SIGNALS];
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (signal_of(s->c, signals[i].number)->last.line < line->place.line)
            fresh[n++] = signals[i];
    record(s, line, fresh, n);
    tell_line(s, line, fresh, n, NULL);
}

void conversation_turn_ended(struct step *s, const struct call_turn *turn)
{
    for (uint32_t i = 0; i < s->c->arrays[ARRAY_NODES].count && s->rc == COACH_OK; i++) {
        const struct when_node *n = ruleset_node(s->set, i);
        struct call_node *state = node_of(s->c, i);
        if (n->verb == WHEN_AFTER && state->open && closes(&n->window, &places_of(s->c, state)[0], turn))
            close_window(s, n, state, turn->end_ms, turn);
    }
}

void conversation_ended(struct step *s)
{
    const struct call_line *last = call_line(s->c, 0);
    const struct place end = here(s->c, s->c->now_ms);
    for (uint32_t i = 0; i < s->c->arrays[ARRAY_NODES].count && s->rc == COACH_OK; i++) {
        const struct when_node *n = ruleset_node(s->set, i);
        struct call_node *state = node_of(s->c, i);
        if (n->verb == WHEN_AT && n->opens == WHEN_NONE && last != NULL)
            look_back(s, n, &end, last->segment);
        else if (n->verb == WHEN_AFTER && state->open)
            trace(s, ENGINE_DROPPED, n, WHEN_NONE, s->c->now_ms, 0, NULL);
    }
}

/* --- silence --- */

static int64_t silence_due(const struct call *c, const struct when_node *n, const struct call_node *state)
{
    const struct place *noted = &places_of(c, state)[0];
    if (c->untimed || c->speech_ms == COACH_NO_TIME || (state->count > 0 && noted->start_ms == c->speech_ms))
        return INT64_MAX;
    const int64_t wanted = n->longer_ms * (state->backoff > 1 ? state->backoff : 1);
    const int64_t due = c->speech_ms + wanted;
    if (due < c->away_ms || (c->activity == CALL_TALKING && c->back_ms <= c->speech_ms))
        return due;
    return c->activity == CALL_TALKING ? c->back_ms + wanted : INT64_MAX;
}

static bool is_excused(const struct call *c, const struct when_node *n)
{
    if (n->without == WHEN_NONE)
        return false;
    const struct place *b = &signal_of(c, n->without)->last;
    return b->line != 0 && b->turn + 1 >= c->turns;
}

static void decide_silence(struct step *s, const struct when_node *n, struct call_node *state, int64_t due_ms)
{
    const struct call_line *last = turns_before(s->c, INT64_MAX);
    struct place *noted = &places_of(s->c, state)[0];
    *noted = (struct place){.start_ms = s->c->speech_ms, .end_ms = due_ms, .turn = state->backoff};
    state->count = 1;
    state->fired = false;
    if (last == NULL)
        return;
    if (is_excused(s->c, n)) {
        trace(s, ENGINE_STOOD_DOWN, n, n->without, due_ms, 0, last->segment);
        return;
    }
    state->fired = true;
    state->backoff = state->backoff == 0 ? 2 : state->backoff < MOST_BACKOFF ? state->backoff * 2 : MOST_BACKOFF;
    trace(s, ENGINE_MEASURED, n, WHEN_NONE, due_ms, due_ms - s->c->speech_ms, last->segment);
    const struct verdict v = {.segment = last->segment,
                              .at_ms = due_ms,
                              .due_ms = s->c->now_ms,
                              .place = here(s->c, due_ms),
                              .opened = *noted,
                              .undoable = true};
    fire(s, n, &v);
}

static bool spoke_in(const struct place *silence, int64_t start_ms, int64_t end_ms)
{
    return start_ms <= silence->end_ms && end_ms > silence->start_ms;
}

/* What came of a silence in which somebody spoke after all. */
static void undo_silences(struct step *s, const struct when_node *n, struct call_node *state, int64_t start_ms,
                          int64_t end_ms)
{
    const struct place *noted = &places_of(s->c, state)[0];
    if (state->fired && spoke_in(noted, start_ms, end_ms)) {
        state->fired = false;
        state->backoff = noted->turn;
    }
    for (uint32_t i = s->c->standing_count; i-- > 0 && s->rc == COACH_OK;) {
        const struct call_standing t = s->c->standing[i];
        if (t.node != n->key || !spoke_in(&t.opened, start_ms, end_ms))
            continue;
        trace(s, ENGINE_TOOK_BACK, n, WHEN_NONE, start_ms, 0, NULL);
        state->backoff = t.opened.turn;
        attention_undo(s, i);
    }
}

void conversation_spoke(struct step *s, int64_t start_ms, int64_t end_ms)
{
    for (uint32_t i = 0; i < s->c->arrays[ARRAY_NODES].count && s->rc == COACH_OK; i++) {
        const struct when_node *n = ruleset_node(s->set, i);
        if (n->verb == WHEN_SILENCE)
            undo_silences(s, n, node_of(s->c, i), start_ms, end_ms);
    }
}

/* --- time --- */

int64_t conversation_ripe(const struct call *c, unsigned sides, int64_t due_ms)
{
    for (size_t i = 0; i < CALL_OPEN; i++) {
        int side = c->open[i].id == 0 ? -1 : call_side(c->open[i].role);
        bool counts = side >= 0 ? (sides & 1u << side) != 0 : c->open[i].id != 0 && sides == 3;
        if (counts && c->open[i].start_ms <= due_ms)
            return INT64_MAX;
    }
    return due_ms + (c->saw_interims ? WAIT_KNOWING_MS : WAIT_UNKNOWING_MS);
}

static unsigned sides_of(const struct rule *signal)
{
    return signal->is_conversation || signal->speaker == RULE_EITHER ? 3 : signal->speaker == RULE_AGENT ? 1 : 2;
}

static struct timer timer_of(const struct call *c, const struct ruleset *set, uint32_t index)
{
    const struct when_node *n = ruleset_node(set, index);
    const struct call_node *state = node_of(c, index);
    struct timer t = {INT64_MAX, INT64_MAX, index};
    if (n->verb == WHEN_AFTER && state->open && n->window.time_ms > 0) {
        t.due_ms = places_of(c, state)[0].end_ms + n->window.time_ms;
        t.ripe_ms = conversation_ripe(c, sides_of(ruleset_signal(set, (size_t)n->without)), t.due_ms);
        t.ripe_ms = t.ripe_ms == INT64_MAX ? t.due_ms + WAIT_SPEAKING_MS : t.ripe_ms;
    } else if (n->verb == WHEN_SILENCE) {
        t.due_ms = silence_due(c, n, state);
        t.ripe_ms = t.due_ms == INT64_MAX ? INT64_MAX : conversation_ripe(c, 3, t.due_ms);
        if (t.ripe_ms != INT64_MAX && !c->saw_interims && t.due_ms + c->longest_ms > t.ripe_ms)
            t.ripe_ms = t.due_ms + c->longest_ms; /* a long line comes all at once, when it ends */
    }
    return t;
}

bool conversation_next(const struct call *c, const struct ruleset *set, int64_t evidence_ms, struct timer *ret)
{
    struct timer best = {INT64_MAX, INT64_MAX, 0};
    for (uint32_t i = 0; i < c->arrays[ARRAY_NODES].count; i++) {
        struct timer t = timer_of(c, set, i);
        if (t.due_ms < evidence_ms)
            t.ripe_ms = t.due_ms;
        if (t.ripe_ms < best.ripe_ms)
            best = t;
    }
    *ret = best;
    return best.ripe_ms != INT64_MAX;
}

void conversation_decide(struct step *s, const struct timer *t)
{
    const struct when_node *n = ruleset_node(s->set, t->node);
    struct call_node *state = node_of(s->c, t->node);
    if (n->verb == WHEN_AFTER)
        close_window(s, n, state, t->due_ms, NULL);
    else
        decide_silence(s, n, state, t->due_ms);
}
