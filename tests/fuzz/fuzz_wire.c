/* Two bytes of settings, then a stream: its lines are the same however it is cut, each event that is read can be
 * written and read again, and problems never quote what is not UTF-8. */
#include "tests/fuzz/fuzz.h"

#include "lib/base/hash.h"
#include "lib/wire/lines.h"
#include "lib/wire/reader.h"

struct seen {
    struct wire_reader *reader; /* NULL: lines are only counted */
    struct hash_fields lines;
    size_t events, problems, max;
    struct buf again; /* the last event, as a line */
    const struct wire_text *text;
};

static void check_text(const struct wire_text *t)
{
    HOLDS(t->s != NULL || t->len == 0);
    HOLDS(t->s == NULL || (t->s[t->len] == '\0' && utf8_valid(t->s, t->len) == t->len));
}

static int on_event_again(void *user, const struct wire_event *e)
{
    struct seen *seen = user;
    seen->events++;
    if (e->type == WIRE_TRANSCRIPT)
        HOLDS(e->text.len == seen->text->len && memcmp(e->text.s, seen->text->s, e->text.len) == 0);
    return COACH_OK;
}

static void on_problem_again(void *user, const struct wire_problem *problem)
{
    fprintf(stderr, "a line of our own was refused: %s\n", problem->message);
    HOLDS(user == NULL);
}

static int on_event(void *user, const struct wire_event *e)
{
    struct seen *seen = user;
    const struct wire_text *texts[] = {&e->call_id, &e->agent_id, &e->queue, &e->language, &e->text, &e->segment_id,
                                       &e->channel, &e->speaker,  &e->ts,    &e->reason,   &e->rule};
    seen->events++;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(texts[i]);
    HOLDS(e->type == WIRE_HELLO || e->call_id.s != NULL);
    HOLDS(e->type != WIRE_TRANSCRIPT || e->text.s != NULL);
    HOLDS(e->type != WIRE_MUTE || e->rule.s != NULL);
    buf_reset(&seen->again);
    HOLDS(wire_event_write(e, &seen->again) == COACH_OK);
    HOLDS(seen->again.len > 0 && seen->again.data[seen->again.len - 1] == '\n');
    HOLDS(memchr(seen->again.data, '\n', seen->again.len - 1) == NULL);
    struct seen once = {.text = &e->text};
    struct wire_reader *r = wire_reader_new(NULL, "");
    HOLDS(r != NULL);
    const struct wire_handler handler = {.event = on_event_again, .problem = on_problem_again, .user = &once};
    HOLDS(wire_reader_line(r, seen->again.data, seen->again.len - 1, &handler) == COACH_OK);
    HOLDS(once.events == 1);
    wire_reader_free(r);
    return COACH_OK;
}

static void on_problem(void *user, const struct wire_problem *problem)
{
    struct seen *seen = user;
    size_t len = strnlen(problem->message, sizeof problem->message);
    seen->problems++;
    HOLDS(wire_code_name(problem->code) != NULL);
    HOLDS(len > 0 && len < sizeof problem->message && utf8_valid(problem->message, len) == len);
}

static int on_line(void *user, const char *line, size_t len)
{
    struct seen *seen = user;
    const struct wire_handler handler = {.event = on_event, .problem = on_problem, .user = seen};
    hash_fields_add(&seen->lines, line == NULL ? "too long" : line, line == NULL ? 8 : len);
    if (line == NULL)
        return COACH_OK;
    HOLDS(len <= seen->max && memchr(line, '\n', len) == NULL);
    return seen->reader == NULL ? COACH_OK : wire_reader_line(seen->reader, line, len, &handler);
}

/* The lines of a stream that comes in pieces of `piece` bytes, each a copy of its own. */
static uint64_t feed(struct seen *seen, const uint8_t *data, size_t size, size_t piece)
{
    struct lines l;
    lines_init(&l, seen->max);
    hash_fields_init(&seen->lines);
    for (size_t at = 0; at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        char *copy = fuzz_bytes(data + at, n);
        HOLDS(lines_feed(&l, copy, n, on_line, seen) == COACH_OK);
        free(copy);
    }
    HOLDS(lines_end(&l, on_line, seen) == COACH_OK);
    lines_clear(&l);
    return seen->lines.value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t piece = 1 + data[0] % 64;
    struct seen seen = {.max = data[1] < 128 ? WIRE_MAX_LINE : data[1]};
    data += 2;
    size -= 2;
    uint64_t cut = feed(&seen, data, size, piece);
    seen.reader = wire_reader_new(NULL, "");
    HOLDS(seen.reader != NULL);
    buf_init(&seen.again, 0);
    HOLDS(feed(&seen, data, size, size == 0 ? 1 : size) == cut);
    buf_clear(&seen.again);
    wire_reader_free(seen.reader);
    return 0;
}
