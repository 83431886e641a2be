/* Any bytes as a mapping file: it is read or each of its problems has a place, and a format that was read takes its own
 * text as messages. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/compare.h"
#include "tests/fuzz/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wire_handler handler = {.event = events_on_event, .problem = events_on_problem};
    char *text = fuzz_bytes(data, size);
    const struct source file = {"a.yaml", text, size};
    struct formats *formats = NULL;
    struct diags problems;
    diags_init(&problems);
    HOLDS(formats_read(&file, 1, &formats, &problems) == COACH_OK);
    HOLDS((formats_count(formats) == 1) == (problems.levels[DIAG_ERROR] == 0));
    fuzz_check_problems(&problems);
    if (formats_count(formats) == 1) {
        char hello[200];
        struct wire_reader *r = wire_reader_new(formats, "");
        int n =
            snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"call_id\":\"c\",\"format\":\"%s\",\"role\":\"agent\"}",
                     mapping_name(formats_at(formats, 0)));
        HOLDS(r != NULL && wire_reader_line(r, hello, (size_t)n, &handler) == COACH_OK);
        HOLDS(wire_reader_message(r, text, size, &handler) == COACH_OK);
        wire_reader_free(r);
    }
    formats_unref(formats);
    diags_clear(&problems);
    free(text);
    return 0;
}
