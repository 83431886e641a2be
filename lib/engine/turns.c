#include "lib/engine/turns.h"

#include <stdlib.h>
#include <string.h>

enum { ENOUGH_ANSWERS = 3, SLOW_MS = 1000 };

bool turns_goes_on(const struct call *c, coach_role role, int64_t start_ms)
{
    return c->turn.index > 0 && c->turn.role == role && start_ms - c->turn.end_ms <= CALL_TURN_GAP_MS;
}

struct wire_text turns_seam(const struct call *c, coach_role role, int64_t start_ms)
{
    if (!turns_goes_on(c, role, start_ms))
        return (struct wire_text){"", 0};
    const char *text = c->turn_text;
    size_t len = c->turn_text_len;
    if (len > CALL_SEAM) {
        const char *space = memchr(text + len - CALL_SEAM, ' ', CALL_SEAM);
        size_t skip = space == NULL ? len : (size_t)(space + 1 - text);
        text += skip;
        len -= skip;
    }
    return (struct wire_text){text, len};
}

/* Adds to what the turn said; of more than fits its end is kept, from a space on. */
static void add_text(struct call *c, const struct wire_text *text)
{
    const char *from = text->s;
    size_t len = text->len;
    if (len + 1 > CALL_TURN_TEXT) {
        const char *space = memchr(from + len + 1 - CALL_TURN_TEXT, ' ', CALL_TURN_TEXT - 1);
        from = space == NULL ? from + len : space + 1;
        len = (size_t)(text->s + text->len - from);
        c->turn_text_len = 0;
    }
    if (c->turn_text_len + len + 1 > CALL_TURN_TEXT) {
        size_t over = c->turn_text_len + len + 1 - CALL_TURN_TEXT;
        const char *space = memchr(c->turn_text + over - 1, ' ', c->turn_text_len - over + 1);
        size_t drop = space == NULL ? c->turn_text_len : (size_t)(space + 1 - c->turn_text);
        c->turn_text_len -= (uint32_t)drop;
        memmove(c->turn_text, c->turn_text + drop, c->turn_text_len);
    }
    memcpy(c->turn_text + c->turn_text_len, from, len);
    c->turn_text_len += (uint32_t)len;
    c->turn_text[c->turn_text_len++] = ' ';
    c->turn_text[c->turn_text_len] = '\0';
}

static void note_answer(struct call *c, coach_role role, int64_t gap_ms)
{
    int side = call_side(role);
    int64_t most = INT32_MAX;
    c->answers[side][c->answer_count[side]++ % CALL_ANSWERS] = (int32_t)(gap_ms > most    ? most
                                                                         : gap_ms < -most ? -most
                                                                                          : gap_ms);
}

static void begin_turn(struct call *c, const struct turns_line *line)
{
    const struct wire_event *e = line->event;
    int side = call_side(e->role);
    if (c->turn.index > 0 && c->turn.role != e->role && line->timed)
        note_answer(c, e->role, line->start_ms - c->turn.end_ms);
    c->turns++;
    c->agent_turns += e->role == COACH_ROLE_AGENT;
    c->side_turn[side] = c->turns;
    c->turn = (struct call_turn){.role = e->role,
                                 .index = c->turns,
                                 .agent_index = c->agent_turns,
                                 .start_ms = line->start_ms,
                                 .end_ms = line->end_ms};
    call_keep_id(c->turn.segment, &e->segment_id);
    c->turn_text_len = 0;
}

bool turns_ends_latest(const struct call *c, const struct turns_line *line)
{
    return c->turn.open && !line->quiet && !turns_goes_on(c, line->event->role, line->start_ms);
}

struct call_line *turns_add(struct call *c, const struct turns_line *line)
{
    const struct wire_event *e = line->event;
    bool goes_on = turns_goes_on(c, e->role, line->start_ms), begins = !goes_on && !line->quiet;
    if (begins)
        begin_turn(c, line);
    if (begins || goes_on) {
        c->turn.open = true;
        c->turn.end_ms = line->end_ms > c->turn.end_ms ? line->end_ms : c->turn.end_ms;
        c->turn.start_ms = line->start_ms < c->turn.start_ms ? line->start_ms : c->turn.start_ms;
        add_text(c, &e->text);
    }
    c->side_lines[call_side(e->role)]++;
    struct call_line *l = call_add_line(c);
    *l = (struct call_line){.place = {.start_ms = line->start_ms,
                                      .end_ms = line->end_ms,
                                      .turn = c->turns,
                                      .agent_turn = c->agent_turns,
                                      .line = ++c->line_count,
                                      .in_turn = begins || goes_on},
                            .role = e->role,
                            .quiet = line->quiet,
                            .timed = line->timed};
    call_keep_id(l->segment, &e->segment_id);
    return l;
}

const struct call_line *turns_line(const struct call *c, uint32_t number)
{
    const struct call_line *l = number == 0 || number > c->line_count ? NULL : call_line(c, c->line_count - number);
    return l != NULL && l->place.line == number ? l : NULL;
}

const struct call_line *turns_before(const struct call *c, int64_t at_ms)
{
    const struct call_line *best = NULL, *l;
    for (uint32_t i = 0; (l = call_line(c, i)) != NULL; i++)
        if (l->place.end_ms <= at_ms && (best == NULL || l->place.end_ms > best->place.end_ms))
            best = l;
    return best;
}

static int by_size(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

int64_t turns_slowness(const struct call *c, int side)
{
    int32_t sorted[CALL_ANSWERS];
    uint32_t n = c->answer_count[side] < CALL_ANSWERS ? c->answer_count[side] : CALL_ANSWERS;
    if (n < ENOUGH_ANSWERS)
        return 0;
    memcpy(sorted, c->answers[side], n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    return sorted[n / 4] >= SLOW_MS ? sorted[n / 4] : 0;
}

int64_t call_skew(const struct call *c)
{
    int64_t agent = turns_slowness(c, 0), customer = turns_slowness(c, 1);
    return agent > customer ? agent : customer;
}
