#include "lib/eval/recording.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/wire/lines.h"
#include "lib/wire/reader.h"

struct clock {
    int64_t end_ms; /* of the call's last line */
};

struct reading {
    struct recording *recording;
    struct wire_reader *reader;
    struct table clocks; /* call -> struct clock * */
    struct lines lines;
    recording_problem_fn problem;
    void *user;
};

static int keep_text(struct recording *r, struct wire_text *t)
{
    if (t->s == NULL)
        return COACH_OK;
    t->s = arena_strn(&r->memory, t->s, t->len);
    return t->s == NULL ? COACH_ENOMEM : COACH_OK;
}

int64_t recording_speaking_ms(const char *text, size_t len)
{
    int64_t words = 0;
    for (size_t i = 0; i < len; i++)
        words += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
    return words * 60000 / RECORDING_PACE;
}

/* Gives a line without times the next free time of its call. One whose arrival was recorded stays as it is, so that
 * the engine makes of it what it made of it live. */
static int settle_times(struct reading *r, struct wire_event *e)
{
    struct clock *clock = table_get(&r->clocks, e->call_id.s, e->call_id.len);
    if (clock == NULL) {
        clock = arena_alloc(&r->recording->memory, sizeof *clock);
        if (clock == NULL || table_set(&r->clocks, e->call_id.s, e->call_id.len, clock) != COACH_OK)
            return COACH_ENOMEM;
    }
    if (e->type != WIRE_TRANSCRIPT)
        return COACH_OK;
    bool untimed = e->start_ms == COACH_NO_TIME && e->end_ms == COACH_NO_TIME;
    if (untimed && e->recv_ms == COACH_NO_TIME) {
        e->made_up_times = true;
        e->start_ms = clock->end_ms;
        e->end_ms = e->start_ms + recording_speaking_ms(e->text.s, e->text.len);
    }
    int64_t end = e->end_ms != COACH_NO_TIME ? e->end_ms : e->start_ms != COACH_NO_TIME ? e->start_ms : e->recv_ms;
    clock->end_ms = end > clock->end_ms ? end : clock->end_ms;
    return COACH_OK;
}

static int on_event(void *user, const struct wire_event *event)
{
    struct reading *r = user;
    struct recording *rec = r->recording;
    if (event->type == WIRE_HELLO)
        return COACH_OK;
    struct wire_event e = *event;
    struct wire_text *texts[] = {&e.call_id, &e.agent_id, &e.queue, &e.language, &e.text, &e.segment_id,
                                 &e.channel, &e.speaker,  &e.ts,    &e.reason,   &e.rule};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (keep_text(rec, texts[i]) != COACH_OK)
            return COACH_ENOMEM;
    if (settle_times(r, &e) != COACH_OK ||
        arena_grow(&rec->memory, &rec->events, rec->count, &rec->cap, sizeof *rec->events) != COACH_OK)
        return COACH_ENOMEM;
    rec->events[rec->count++] = e;
    return COACH_OK;
}

static void on_problem(void *user, const struct wire_problem *p)
{
    struct reading *r = user;
    r->problem(r->user, r->lines.number, wire_code_name(p->code), p->message);
}

static int on_line(void *user, const char *line, size_t len)
{
    struct reading *r = user;
    const struct wire_handler handler = {.event = on_event, .problem = on_problem, .user = r};
    if (line != NULL)
        return wire_reader_line(r->reader, line, len, &handler);
    struct wire_problem p = {WIRE_TOO_LONG, "the line is longer than 64 KiB"};
    on_problem(r, &p);
    return COACH_OK;
}

int recording_read(struct recording *ret, const char *text, size_t len, recording_problem_fn problem, void *user)
{
    *ret = (struct recording){0};
    arena_init(&ret->memory);
    struct reading r = {.recording = ret, .reader = wire_reader_new(NULL, ""), .problem = problem, .user = user};
    if (r.reader == NULL)
        return COACH_ENOMEM;
    table_init(&r.clocks, NULL);
    lines_init(&r.lines, WIRE_MAX_LINE);
    int rc = lines_feed(&r.lines, text, len, on_line, &r);
    if (rc == COACH_OK)
        rc = lines_end(&r.lines, on_line, &r);
    lines_clear(&r.lines);
    table_clear(&r.clocks);
    wire_reader_free(r.reader);
    return rc;
}

void recording_clear(struct recording *r)
{
    arena_clear(&r->memory);
    *r = (struct recording){0};
}

int64_t recording_arrival(const struct wire_event *e)
{
    if (e->recv_ms != COACH_NO_TIME)
        return e->recv_ms;
    return e->end_ms != COACH_NO_TIME ? e->end_ms : e->start_ms;
}
