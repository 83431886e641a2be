#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/files.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/recordings.h"
#include "daemon/cli/score.h"
#include "daemon/cli/screen.h"

enum { MOST_BYTES = 1 << 30 };

/* --- texts --- */

struct bad_lines {
    const char *file;
    uint64_t count;
};

static void on_bad_line(void *user, uint64_t line, const char *code, const char *message)
{
    struct bad_lines *bad = user;
    if (bad->count++ < 20)
        fprintf(stderr, "coach score: %s:%llu: %s: %s\n", bad->file, (unsigned long long)line, code, message);
}

static int read_text(const char *name, struct buf *out)
{
    coach_error err = {0};
    buf_init(out, 0);
    int rc = file_read(name, MOST_BYTES, out, &err);
    return rc == COACH_OK ? CLI_OK : cli_fail("score", "%s", err.text);
}

/* `file` with what follows its last slash replaced; NULL when memory is out. */
static char *beside(struct score_files *f, const char *file, const char *other)
{
    const char *slash = strrchr(file, '/');
    return arena_fmt(&f->memory, "%.*s%s", slash == NULL ? 0 : (int)(slash + 1 - file), file, other);
}

/* --- label sets and recordings --- */

/* Reads the next label set, which must be of signals, or must not. */
static int read_labels(struct score_files *f, const char *name, bool signals)
{
    struct buf text;
    struct bad_lines bad = {.file = name};
    int code = read_text(name, &text);
    if (code == CLI_OK) {
        struct labels l;
        int rc = labels_read(&l, text.data == NULL ? "" : text.data, text.len, on_bad_line, &bad);
        f->labels[f->label_count++] = l;
        if (rc != COACH_OK)
            code = cli_fail("score", "out of memory");
        else if (bad.count > 0)
            code = cli_fail("score", "%s: %llu lines are no labels", name, (unsigned long long)bad.count);
        else if (l.count == 0)
            code = cli_fail("score", "%s holds no label", name);
        else if ((l.kind == LABELS_SIGNALS) != signals)
            code = cli_fail("score", "%s holds labels of %s: give it with --%s", name,
                            signals ? "lines or calls" : "signals", signals ? "labels" : "signals");
    }
    buf_clear(&text);
    return code;
}

static int read_recording(struct score_files *f, const char *name)
{
    uint64_t bad;
    if (arena_grow(&f->memory, &f->recordings, f->recording_count, &f->recording_cap, sizeof *f->recordings) !=
        COACH_OK)
        return cli_fail("score", "out of memory");
    int code = recordings_read("score", name, &f->recordings[f->recording_count++], &bad);
    if (code == CLI_OK && bad > 0)
        code = cli_fail("score", "%s: %llu lines could not be read", name, (unsigned long long)bad);
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_recording(const char *name)
{
    static const char ending[] = ".ndjson";
    size_t len = strlen(name);
    return name[0] != '.' && len >= sizeof ending && strcmp(name + len - (sizeof ending - 1), ending) == 0;
}

/* The recordings in the folder `calls` beside a label set, when there is one. */
static int read_calls_beside(struct score_files *f, const char *labels)
{
    const char **names = NULL;
    size_t n = 0, cap = 0;
    int code = CLI_OK;
    char *path = beside(f, labels, "calls");
    DIR *dir = path == NULL ? NULL : opendir(path);
    if (dir == NULL)
        return CLI_OK;
    for (struct dirent *d; code == CLI_OK && (d = readdir(dir)) != NULL;) {
        if (!is_recording(d->d_name))
            continue;
        if (arena_grow(&f->memory, &names, n, &cap, sizeof *names) != COACH_OK ||
            (names[n] = arena_fmt(&f->memory, "%s/%s", path, d->d_name)) == NULL)
            code = cli_fail("score", "out of memory");
        else
            n++;
    }
    closedir(dir);
    if (n > 0)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n && code == CLI_OK; i++)
        code = read_recording(f, names[i]);
    return code;
}

/* --- maps and goals --- */

static int open_source(struct score_source *s, const char *path)
{
    int code = read_text(path, &s->text);
    s->source = (struct source){path, s->text.data == NULL ? "" : s->text.data, s->text.len};
    return code;
}

/* Prints the problems of a file that was read with `rc`. */
static int verdict(int rc, struct diags *problems)
{
    struct screen s = screen_of(stderr);
    struct buf out;
    int code = rc != COACH_OK ? cli_fail("score", "out of memory") : diags_clean(problems) ? CLI_OK : CLI_UNUSABLE;
    buf_init(&out, 0);
    for (size_t i = 0; i < problems->count; i++)
        diag_print(&problems->items[i], s.color, &out);
    if (out.data != NULL)
        fputs(out.data, stderr);
    buf_clear(&out);
    diags_clear(problems);
    return code;
}

/* The map of label set `i`: the one that was named, else the one beside the set, else none. */
static int read_map(struct score_files *f, size_t i, const char *labels, const char *named)
{
    const char *file = strrchr(labels, '/') == NULL ? labels : strrchr(labels, '/') + 1;
    const char *dot = strrchr(file, '.');
    char *own = arena_fmt(&f->memory, "%.*s.map.yaml", dot == NULL ? (int)strlen(file) : (int)(dot - file), file);
    const char *path = named != NULL || own == NULL ? named : beside(f, labels, own);
    if (path == NULL || (named == NULL && access(path, F_OK) != 0))
        return CLI_OK;
    int code = open_source(&f->map_sources[i], path);
    if (code != CLI_OK)
        return code;
    struct diags problems;
    diags_init(&problems);
    return verdict(labelmap_read(&f->maps[i], &f->map_sources[i].source, &problems), &problems);
}

static int read_reach(struct score_files *f, const char *path)
{
    int code = open_source(&f->reach_source, path);
    if (code != CLI_OK)
        return code;
    struct diags problems;
    diags_init(&problems);
    return verdict(reach_read(&f->reach, &f->reach_source.source, &problems), &problems);
}

/* --- all of it --- */

static int read_sets(struct score_files *f, const struct score_values *v)
{
    int code = CLI_OK;
    for (size_t i = 0; i < v->labels.count && code == CLI_OK; i++) {
        code = read_labels(f, v->labels.items[i], false);
        if (code == CLI_OK)
            code = read_map(f, i, v->labels.items[i], v->map);
        if (code == CLI_OK && f->labels[i].kind == LABELS_CALLS)
            code = read_calls_beside(f, v->labels.items[i]);
    }
    for (size_t i = 0; i < v->signals.count && code == CLI_OK; i++)
        code = read_labels(f, v->signals.items[i], true);
    return code;
}

int score_files_read(struct score_files *f, const struct score_values *v, const char *const *words, size_t nwords)
{
    size_t n = v->labels.count + v->signals.count + 1;
    *f = (struct score_files){0};
    arena_init(&f->memory);
    f->labels = arena_alloc(&f->memory, n * sizeof *f->labels);
    f->maps = arena_alloc(&f->memory, n * sizeof *f->maps);
    f->map_sources = arena_alloc(&f->memory, n * sizeof *f->map_sources);
    int code =
        f->labels == NULL || f->maps == NULL || f->map_sources == NULL ? cli_fail("score", "out of memory") : CLI_OK;
    for (size_t i = 0; i < nwords && code == CLI_OK; i++)
        code = read_recording(f, words[i]);
    f->named = f->recording_count;
    if (code == CLI_OK)
        code = read_sets(f, v);
    return code == CLI_OK && v->reach != NULL ? read_reach(f, v->reach) : code;
}

void score_files_clear(struct score_files *f)
{
    for (size_t i = 0; i < f->recording_count; i++)
        recording_clear(&f->recordings[i]);
    for (size_t i = 0; i < f->label_count; i++) {
        labels_clear(&f->labels[i]);
        labelmap_clear(&f->maps[i]);
        buf_clear(&f->map_sources[i].text);
    }
    reach_clear(&f->reach);
    buf_clear(&f->reach_source.text);
    arena_clear(&f->memory);
}
