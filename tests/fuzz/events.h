/* What holds of every event that a reader hands out: its texts are UTF-8, and written as a line it is read as itself.
 */
#ifndef COACH_TESTS_FUZZ_EVENTS_H
#define COACH_TESTS_FUZZ_EVENTS_H

#include "lib/base/buf.h"
#include "lib/wire/reader.h"
#include "tests/fuzz/fuzz.h"

FUZZ void events_check_text(const struct wire_text *t)
{
    HOLDS(t->s != NULL || t->len == 0);
    HOLDS(t->s == NULL || (t->s[t->len] == '\0' && utf8_valid(t->s, t->len) == t->len));
}

FUZZ int events_again(void *user, const struct wire_event *e)
{
    const struct wire_text **text = user;
    if (e->type == WIRE_TRANSCRIPT)
        HOLDS(e->text.len == (*text)->len && memcmp(e->text.s, (*text)->s, e->text.len) == 0);
    *text = NULL;
    return COACH_OK;
}

FUZZ void events_refused(void *user, const struct wire_problem *problem)
{
    fprintf(stderr, "a line of our own was refused: %s\n", problem->message);
    HOLDS(user == NULL);
}

FUZZ void events_check(const struct wire_event *e)
{
    const struct wire_text *texts[] = {&e->call_id, &e->agent_id, &e->queue, &e->language, &e->text, &e->segment_id,
                                       &e->channel, &e->speaker,  &e->ts,    &e->reason,   &e->rule};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        events_check_text(texts[i]);
    HOLDS(e->type == WIRE_HELLO || e->call_id.s != NULL);
    HOLDS(e->type != WIRE_TRANSCRIPT || e->text.s != NULL);
    HOLDS(e->type != WIRE_MUTE || e->rule.s != NULL);
    struct buf line;
    buf_init(&line, 0);
    HOLDS(wire_event_write(e, &line) == COACH_OK);
    HOLDS(line.len > 0 && line.data[line.len - 1] == '\n');
    HOLDS(memchr(line.data, '\n', line.len - 1) == NULL);
    const struct wire_text *text = &e->text;
    struct wire_reader *r = wire_reader_new(NULL, "");
    HOLDS(r != NULL);
    const struct wire_handler handler = {.event = events_again, .problem = events_refused, .user = &text};
    HOLDS(wire_reader_line(r, line.data, line.len - 1, &handler) == COACH_OK);
    HOLDS(text == NULL); /* it came out again */
    wire_reader_free(r);
    buf_clear(&line);
}

FUZZ void events_check_problem(const struct wire_problem *problem)
{
    size_t len = strnlen(problem->message, sizeof problem->message);
    HOLDS(wire_code_name(problem->code) != NULL);
    HOLDS(len > 0 && len < sizeof problem->message && utf8_valid(problem->message, len) == len);
}

/* A handler that checks and forgets. */
FUZZ int events_on_event(void *user, const struct wire_event *e)
{
    (void)user;
    events_check(e);
    return COACH_OK;
}

FUZZ void events_on_problem(void *user, const struct wire_problem *problem)
{
    (void)user;
    events_check_problem(problem);
}

#endif
