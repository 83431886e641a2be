/* Two bytes of settings, then a stream: its lines are the same however it is cut, each event that is read can be
 * written and read again, and problems never quote what is not UTF-8. */
#include "tests/fuzz/fuzz.h"

#include "lib/base/hash.h"
#include "lib/wire/lines.h"
#include "lib/wire/reader.h"
#include "tests/fuzz/events.h"

struct seen {
    struct wire_reader *reader; /* NULL: lines are only counted */
    struct hash_fields lines;
    size_t events, problems, max;
};

static int on_event(void *user, const struct wire_event *e)
{
    struct seen *seen = user;
    seen->events++;
    events_check(e);
    return COACH_OK;
}

static void on_problem(void *user, const struct wire_problem *problem)
{
    struct seen *seen = user;
    seen->problems++;
    events_check_problem(problem);
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
    HOLDS(feed(&seen, data, size, size == 0 ? 1 : size) == cut);
    wire_reader_free(seen.reader);
    return 0;
}
