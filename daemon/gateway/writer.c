#include "daemon/gateway/writer.h"

#include <stdlib.h>
#include <string.h>

struct writer {
    struct wire_reader *reader;
    struct upstream *upstream;
    struct taken *taken; /* of the message being read */
    bool live;           /* the call that was bound has begun and not ended */
};

static void on_problem(void *user, const struct wire_problem *problem)
{
    struct writer *s = user;
    s->upstream->counters->problems[problem->code]++;
    if (s->taken->refused < TAKEN_PROBLEMS)
        s->taken->problems[s->taken->refused] = *problem;
    s->taken->refused++;
}

static int on_event(void *user, const struct wire_event *event)
{
    struct writer *s = user;
    if (event->type == WIRE_HELLO) /* has done its work */
        return COACH_OK;
    const char *call = wire_reader_call(s->reader);
    int rc = upstream_add(s->upstream, event);
    if (rc == COACH_ELIMIT) {
        static const struct wire_problem problem = {WIRE_TOO_LONG,
                                                    "with what is known of the call, the line is too long"};
        on_problem(s, &problem);
        return COACH_OK;
    }
    if (rc != COACH_OK)
        return rc;
    s->taken->accepted++;
    if (call != NULL && strcmp(event->call_id.s, call) == 0)
        s->live = event->type != WIRE_CALL_END;
    return COACH_OK;
}

static void on_ignored(void *user, const char *why)
{
    struct writer *s = user;
    (void)why;
    s->taken->ignored++;
    s->upstream->counters->ignored++;
}

static int take(struct writer *s, int (*read)(struct wire_reader *, const char *, size_t, const struct wire_handler *),
                const char *data, size_t len, struct taken *ret)
{
    const struct wire_handler handler = {.event = on_event, .problem = on_problem, .ignored = on_ignored, .user = s};
    *ret = (struct taken){0};
    s->taken = ret;
    int rc = read(s->reader, data, len, &handler);
    s->taken = NULL;
    return rc;
}

int writer_new(struct formats *formats, const char *prefix, const uint8_t seed[HASH_SEED], const char *hello,
               struct upstream *upstream, struct writer **ret, struct taken *why)
{
    struct writer *s = calloc(1, sizeof *s);
    *why = (struct taken){0};
    if (s == NULL)
        return COACH_ENOMEM;
    s->upstream = upstream;
    s->reader = wire_reader_new(formats, prefix);
    if (s->reader != NULL)
        wire_reader_seed(s->reader, seed);
    int rc = s->reader == NULL ? COACH_ENOMEM : take(s, wire_reader_line, hello, strlen(hello), why);
    if (rc == COACH_OK && why->refused > 0)
        rc = COACH_EINVAL;
    if (rc != COACH_OK) {
        writer_free(s);
        return rc;
    }
    *ret = s;
    return COACH_OK;
}

void writer_free(struct writer *s)
{
    if (s == NULL)
        return;
    wire_reader_free(s->reader);
    free(s);
}

int writer_take(struct writer *s, const char *data, size_t len, struct taken *ret)
{
    return take(s, wire_reader_message, data, len, ret);
}

const char *writer_call(const struct writer *s)
{
    return wire_reader_call(s->reader);
}

bool writer_is_live(const struct writer *s)
{
    return s->live;
}

int writer_end(struct writer *s, const char *reason)
{
    const char *call = writer_call(s);
    struct wire_event end = wire_event_blank(WIRE_CALL_END);
    end.call_id = (struct wire_text){call, strlen(call)};
    end.reason = (struct wire_text){reason, strlen(reason)};
    s->live = false;
    return upstream_add(s->upstream, &end);
}
