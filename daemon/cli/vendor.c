#include "daemon/cli/vendor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cli/input.h"
#include "lib/wire/json.h"

/* Fills `id` when a transcript comes without one: coachd's own lines may. */
static int make_segment(struct vendor *v, const struct wire_event *e, char *id, size_t size)
{
    struct buf line;
    struct json_in *read = NULL;
    uint64_t segment = 0;
    buf_init(&line, 0);
    int rc = wire_event_write(e, &line);
    if (rc == COACH_OK)
        rc = json_in_read(line.data, line.len, &read, NULL);
    if (rc == COACH_OK)
        rc = utterances_segment(&v->open, read, delivery_next_seq(v->to), &segment);
    if (rc == COACH_OK && segment != 0)
        snprintf(id, size, "send-%" PRIu64, segment);
    json_in_free(read);
    buf_clear(&line);
    return rc;
}

static int on_event(void *user, const struct wire_event *given)
{
    struct vendor *v = user;
    struct wire_event e = *given;
    struct buf line;
    char id[32] = "";
    int rc = COACH_OK;
    if (e.type == WIRE_HELLO)
        return COACH_OK;
    if (e.segment_id.s == NULL)
        rc = make_segment(v, &e, id, sizeof id);
    if (*id != '\0')
        e.segment_id = (struct wire_text){id, strlen(id)};
    e.seq = (int64_t)delivery_next_seq(v->to);
    buf_init(&line, 0);
    if (rc == COACH_OK)
        rc = wire_event_write(&e, &line);
    if (rc == COACH_OK)
        rc = delivery_add(v->to, &line, v->number);
    buf_clear(&line);
    return rc;
}

static void on_problem(void *user, const struct wire_problem *problem)
{
    struct vendor *v = user;
    delivery_complain(v->to, v->number, wire_code_name(problem->code), problem->message);
}

static struct wire_handler handler_of(struct vendor *v)
{
    return (struct wire_handler){.event = on_event, .problem = on_problem, .user = v};
}

/* No two readers have the same: not in this run, not in two of them. */
static void make_prefix(char *prefix, size_t size)
{
    static unsigned readers;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(prefix, size, "%" PRIx64 ".%x.%x.", (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000,
             (unsigned)getpid(), readers++);
}

static int say_hello(struct vendor *v, const struct vendor_facts *facts)
{
    const struct wire_handler handler = handler_of(v);
    const struct option_list none = {0};
    uint64_t refused = v->to->refused;
    struct buf line;
    buf_init(&line, 0);
    int rc = input_hello(facts->format, facts->call, facts->agent, facts->role,
                         facts->channels == NULL ? &none : facts->channels, false, &line);
    if (rc == COACH_OK)
        rc = wire_reader_line(v->reader, line.data, line.len, &handler);
    buf_clear(&line);
    return rc == COACH_OK && v->to->refused > refused ? COACH_EINVAL : rc;
}

int vendor_open(struct vendor *v, struct delivery *to, struct formats *formats, const struct vendor_facts *facts)
{
    char prefix[33];
    make_prefix(prefix, sizeof prefix);
    *v = (struct vendor){.to = to};
    utterances_init(&v->open);
    v->reader = wire_reader_new(formats, prefix);
    return v->reader == NULL ? COACH_ENOMEM : say_hello(v, facts);
}

void vendor_close(struct vendor *v)
{
    wire_reader_free(v->reader);
    v->reader = NULL;
    utterances_clear(&v->open);
}

int vendor_line(struct vendor *v, const char *line, size_t len, uint64_t number)
{
    const struct wire_handler handler = handler_of(v);
    v->number = number;
    return wire_reader_line(v->reader, line, len, &handler);
}

int vendor_message(struct vendor *v, const char *data, size_t len, uint64_t number)
{
    const struct wire_handler handler = handler_of(v);
    v->number = number;
    return wire_reader_message(v->reader, data, len, &handler);
}

int vendor_end(struct vendor *v)
{
    const struct wire_handler handler = handler_of(v);
    return wire_reader_end(v->reader, &handler);
}
