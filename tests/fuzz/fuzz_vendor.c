/* A byte that picks a shipped vendor format, and a stream of its messages: each event that comes of it can be written
 * and read again, problems are well formed, and after whatever came a good message is understood. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

#include "lib/wire/lines.h"
#include "tests/fuzz/events.h"

enum { MOST = 64 };

static struct formats *formats;

static char *read_file(const char *name, size_t *len)
{
    char path[512];
    snprintf(path, sizeof path, SOURCE_DIR "/rules/formats/%s", name);
    FILE *f = fopen(path, "rb");
    HOLDS(f != NULL);
    char *text = malloc(1 << 20);
    HOLDS(text != NULL);
    *len = fread(text, 1, (1 << 20) - 1, f);
    text[*len] = '\0';
    fclose(f);
    return text;
}

static void load(void)
{
    static struct source sources[MOST];
    size_t n = 0;
    struct diags problems;
    DIR *folder = opendir(SOURCE_DIR "/rules/formats");
    HOLDS(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL && n < MOST;) {
        const char *end = strrchr(entry->d_name, '.');
        if (end == NULL || strcmp(end, ".yaml") != 0)
            continue;
        sources[n].name = "format.yaml";
        sources[n].text = read_file(entry->d_name, &sources[n].len);
        n++;
    }
    closedir(folder);
    diags_init(&problems);
    HOLDS(formats_read(sources, n, &formats, &problems) == COACH_OK);
    HOLDS(problems.count == 0 && formats_count(formats) == n && n > 0);
    diags_clear(&problems);
    for (size_t i = 0; i < n; i++)
        free((char *)sources[i].text);
}

static const struct wire_handler handler = {.event = events_on_event, .problem = events_on_problem};

static int on_line(void *user, const char *line, size_t len)
{
    return line == NULL ? COACH_OK : wire_reader_line(user, line, len, &handler);
}

static struct wire_reader *reader_of(uint8_t which)
{
    char hello[200];
    size_t n = formats_count(formats);
    const char *name = which % (n + 1) == n ? "auto" : mapping_name(formats_at(formats, which % (n + 1)));
    int len = snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"call_id\":\"c\",\"format\":\"%s\"}", name);
    struct wire_reader *r = wire_reader_new(formats, "p");
    HOLDS(r != NULL);
    HOLDS(wire_reader_line(r, hello, (size_t)len, &handler) == COACH_OK);
    wire_reader_any_channel(r);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (formats == NULL)
        load();
    if (size == 0)
        return 0;
    char *bytes = fuzz_bytes(data + 1, size - 1);
    struct wire_reader *r = reader_of(data[0]);
    struct lines l;
    lines_init(&l, WIRE_MAX_LINE);
    HOLDS(lines_feed(&l, bytes, size - 1, on_line, r) == COACH_OK);
    HOLDS(lines_end(&l, on_line, r) == COACH_OK);
    HOLDS(wire_reader_end(r, &handler) == COACH_OK);
    lines_clear(&l);
    wire_reader_free(r);
    r = reader_of(data[0]);
    HOLDS(wire_reader_message(r, bytes, size - 1, &handler) == COACH_OK);
    wire_reader_free(r);
    free(bytes);
    return 0;
}
